"""LiteLLM's exceptions as ours.

LiteLLM picks its classes by words in the error's text and fills in a status where there was none: a 503
whose body says `invalid_request_error` arrives as a BadRequestError, a refused connection as a 500. So the
HTTP response is looked for along the chain of causes, its status decides, and LiteLLM's class is only asked
where no response is found: no connection, an answer that can't be read, an error in the middle of a stream.
Nothing here imports LiteLLM: classes are told by their names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Protocol

from fcc.errors import (
    AuthenticationError,
    BadRequestError,
    ContentPolicyError,
    ContextLengthError,
    FccError,
    ModelNotFoundError,
    PermissionDeniedError,
    ProviderError,
    RateLimitError,
    UnavailableError,
)
from fcc.redaction import redact

_LONGEST_DETAIL = 240
NO_KEY_NEEDED = "`--model deterministic` needs no key."

_TRANSPORT = frozenset({"TransportError", "ClientError", "ConnectionError", "gaierror"})
_TIMEOUT = frozenset({"Timeout", "TimeoutError", "TimeoutException"})
_INVENTED_STATUS = frozenset(
    {"InternalServerError", "APIError", "APIConnectionError", "Timeout", "UnsupportedParamsError"}
)
_JUNK = re.compile(r"'choices'|invalid response|json response|to valid response", re.IGNORECASE)
_CONTEXT = re.compile(
    r"context_length_exceeded|exceed_context_size|maximum context length|context window|exceeds the context"
)
_POLICY = re.compile(r"content_policy_violation|content_filter|ResponsibleAIPolicyViolation")
_QUOTA = re.compile(r"insufficient_quota|exceeded your current quota|credit balance", re.IGNORECASE)
_NO_KEY = re.compile(r"missing[\w ]* (?:api key|credentials)|missing credentials", re.IGNORECASE)
_BAD_KEY = re.compile(r"API_KEY_INVALID|API key not valid")
_RETRY_DELAY = re.compile(r'"retryDelay": *"([\d.]+)s"')
_PREFIX = re.compile(r"^(?:\w+Exception )?(?:litellm\.)?(?:\w+(?:Error|Exception|Timeout))(?::| -) *")
_OLLAMAS_ERROR = re.compile(r"\{'error': (['\"])(.*)\1\}")
"""How LiteLLM quotes an error that Ollama sends in the middle of a stream."""


@dataclass(frozen=True, slots=True)
class Call:
    """Which call failed, as far as a message may say."""

    model: str
    host: str = ""
    """The server's name, without port; "" where it is the model's own default."""
    timeout: float = 0.0
    key_variable: str = ""
    """The environment variable that the key comes from, or should."""
    secrets: tuple[str, ...] = ()
    """Values that no message may hold."""

    @property
    def where(self) -> str:
        """The model and where it was asked."""
        return f"{self.model} at {self.host}" if self.host else self.model


@dataclass(frozen=True, slots=True)
class _Facts:
    """What LiteLLM's exception and its causes tell."""

    kind: str
    """The exception's own class."""
    names: frozenset[str]
    """The same with its base classes."""
    all_names: frozenset[str]
    """The same for the whole chain of causes."""
    status: int | None
    text: str
    """The body that the server sent, or else what the exception says."""
    detail: str
    """One readable line of it, free of secrets."""
    retry_after: float | None
    junk: str
    """Why the answer can't be read; "" where that is not what is wrong."""
    begun: bool
    """Whether the answer broke off after its beginning had come."""

    @property
    def number(self) -> str:
        """The status, to be put behind what happened."""
        return f" ({self.status})" if self.status else ""


class _Response(Protocol):
    """As much of an `httpx.Response` as is read here."""

    status_code: int
    text: str
    headers: Mapping[str, str]


def map_error(error: Exception, call: Call, handled: BaseException | None = None) -> FccError:
    """Our error for whatever a LiteLLM call raised; one of ours somewhere among its causes is returned itself.

    `handled` is the exception that was being handled when the call was made, if any: Python puts it at the
    end of the chain of causes, though it is none.
    """
    chain = (*_chain(getattr(error, "original_exception", None), handled), *_chain(error, handled))
    for link in chain:
        if isinstance(link, FccError):
            return link
    facts = _facts(chain, call.secrets)
    if facts.status is None:
        return _without_status(facts, call)
    return _with_status(facts.status, facts, call)


def not_retryable(error: ProviderError) -> ProviderError:
    """The same error, of a class that is worth another try, marked as not worth it."""
    error.retryable = False
    return error


def parse_retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds to wait, from a Retry-After header that holds seconds or a date; None where there is none."""
    named = {name.lower(): value for name, value in headers.items()}
    in_ms = named.get("retry-after-ms")
    value = named.get("retry-after", "").strip()
    try:
        seconds = float(in_ms) / 1000 if in_ms else float(value)
    except ValueError:
        try:
            then = parsedate_to_datetime(value)
        except ValueError:
            return None
        seconds = (then.replace(tzinfo=then.tzinfo or UTC) - (now or datetime.now(UTC))).total_seconds()
    return max(seconds, 0.0) if isfinite(seconds) else None


def one_line(text: str, secrets: Iterable[str] = ()) -> str:
    """The text on one line, without secrets, cut to a readable length."""
    line = redact(" ".join(text.split()), secrets)
    return line if len(line) <= _LONGEST_DETAIL else line[: _LONGEST_DETAIL - 1] + "…"


def _chain(error: BaseException | None, handled: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and error is not handled and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _facts(chain: tuple[BaseException, ...], secrets: tuple[str, ...]) -> _Facts:
    error = chain[0]
    names = [frozenset(cls.__name__ for cls in type(link).__mro__) for link in chain]
    all_names = frozenset().union(*names)
    responses = [response for response in map(_response, chain) if response is not None]
    said = _stripped(str(getattr(error, "message", "") or error))
    junk = ollamas = None
    if responses:
        response = next((response for response in responses if response.text), responses[0])
        status: int | None = response.status_code
        text, headers = response.text, response.headers
        detail = _body_message(text)
    else:
        ollamas = _OLLAMAS_ERROR.search(said)
        junk = "" if ollamas else _junk(chain, said)
        invented = ollamas or junk or type(error).__name__ in _INVENTED_STATUS or _TRANSPORT & all_names
        status = None if invented else _status(error)
        text, headers = said, getattr(error, "litellm_response_headers", None) or {}
        detail = ollamas[2] if ollamas else said
        if _TRANSPORT & all_names:
            detail = _stripped(str(chain[-1])) or type(chain[-1]).__name__
    delay = _RETRY_DELAY.search(text)
    return _Facts(
        kind=type(error).__name__,
        names=frozenset({"APIError"}) if ollamas else names[0],
        all_names=all_names,
        status=status,
        text=text,
        detail=one_line(detail, secrets),
        retry_after=float(delay[1]) if delay else parse_retry_after(headers),
        junk=one_line(junk or "", secrets),
        begun="ClientPayloadError" in all_names
        or any(getattr(link, "generated_content", "") for link in chain),
    )


def _junk(chain: tuple[BaseException, ...], said: str) -> str:
    """Why LiteLLM could not read an answer, by the error that it met."""
    for link in chain[1:]:
        if type(link).__name__ == "JSONDecodeError":
            return str(link)
        if isinstance(link, KeyError | TypeError):
            return f"it has no {link}" if isinstance(link, KeyError) else "it has another form"
    return said if _JUNK.search(said) else ""


def _response(link: BaseException) -> _Response | None:
    """The response that a server sent, not one that LiteLLM made up, which has neither headers nor a body."""
    response: _Response | None = getattr(link, "response", None)
    if response is None:
        return None
    try:
        return response if response.headers or response.text else None
    except Exception:  # noqa: BLE001 - something else of that name, or a body that was not read
        return None


def _status(error: BaseException) -> int | None:
    status = getattr(error, "status_code", None)
    return status if isinstance(status, int) and status >= 400 else None  # noqa: PLR2004  # where errors begin


def _body_message(body: str) -> str:
    """What an error's body says, in the shapes that servers use."""
    try:
        found = json.loads(body)
    except ValueError:
        return "an HTML page" if body.lstrip().startswith("<") else body
    for name in ("error", "message", "detail"):
        if isinstance(found, dict) and found.get(name):
            found = found[name]
    return found if isinstance(found, str) else json.dumps(found)


def _stripped(text: str) -> str:
    """LiteLLM's text without the class names that it puts in front and the traceback that it puts behind."""
    text = text.partition("Traceback (most recent call last)")[0].partition(". File an issue")[0].strip()
    while (shorter := _PREFIX.sub("", text)) != text:
        text = shorter
    return text


def _with_status(status: int, facts: _Facts, call: Call) -> ProviderError:
    if status in {400, 413, 422}:
        return _refused(status, facts, call)
    if status in {402, 429}:
        return _limited(status, facts, call)
    if status in {408, 409, 425} or status >= 500:  # noqa: PLR2004  # faults of the server
        return UnavailableError(
            _said(f"{call.where} failed ({status})", facts),
            hint="Nothing is wrong with the request: try again later, or use another model.",
            model=call.model,
            status=status,
            retry_after=facts.retry_after,
        )
    if status == 401:  # noqa: PLR2004  # unauthorized
        return _unauthorized(status, facts, call)
    kind, what, hint = _OTHERS.get(status, _ELSE)
    return kind(_said(f"{call.where} {what} ({status})", facts), hint=hint, model=call.model, status=status)


_OTHERS: dict[int, tuple[type[ProviderError], str, str]] = {
    403: (
        PermissionDeniedError,
        "may not be used with this key",
        "Ask for access to the model, or use a key or a model that you have access to.",
    ),
    404: (
        ModelNotFoundError,
        "was not found",
        "Check the model's name, and that the server's address is right (it usually ends in /v1).",
    ),
}
_ELSE = (BadRequestError, "refused the request", "Check the model's name and the server's address.")


def _refused(status: int | None, facts: _Facts, call: Call) -> ProviderError:
    if _BAD_KEY.search(facts.text):
        return _unauthorized(status, facts, call)
    if _QUOTA.search(facts.text):
        return _limited(status, facts, call)
    kind: type[ProviderError] = BadRequestError
    what, hint = "refused the request", "Mend what the message names: asking again will not help."
    if "ContextWindowExceededError" in facts.names or _CONTEXT.search(facts.text):
        kind, what = ContextLengthError, "takes a shorter prompt than this"
        hint = "Hand on less of the earlier outputs, shorten the inputs, or use a model that takes more."
    elif "ContentPolicyViolationError" in facts.names or _POLICY.search(facts.text):
        kind, what = ContentPolicyError, "refused the prompt by its content policy"
        hint = "Reword the prompt or the inputs, or use another model."
    elif '"invalid_model"' in facts.text:
        kind, what, hint = _OTHERS[404]
    elif "UnsupportedParamsError" in facts.names:
        hint = "Leave out the sampling parameter that the message names, or use a model that takes it."
    elif "LLM Provider NOT provided" in facts.text:
        return BadRequestError(
            f"{call.model} does not say whose model it is",
            hint=f"Put the provider in front: `openai/{call.model}` for OpenAI or any server that speaks like it, "
            "`anthropic/…`, `gemini/…`, `ollama/…`.",
            model=call.model,
        )
    return kind(
        _said(f"{call.where} {what}{facts.number}", facts), hint=hint, model=call.model, status=status
    )


def _limited(status: int | None, facts: _Facts, call: Call) -> ProviderError:
    used_up = _QUOTA.search(facts.text) and facts.retry_after is None
    if status == 402 or used_up:  # noqa: PLR2004  # payment required
        return not_retryable(
            RateLimitError(
                _said(f"the quota for {call.where} is used up{facts.number}", facts),
                hint="Waiting will not help: top up the account, or use another key or model.",
                model=call.model,
                status=status,
            )
        )
    wait = "" if facts.retry_after is None else f"; it asks to wait {facts.retry_after:g} s"
    return RateLimitError(
        _said(f"{call.where} has had too many requests{facts.number}{wait}", facts),
        hint="Wait, run fewer steps side by side, or use another model.",
        model=call.model,
        status=status,
        retry_after=facts.retry_after,
    )


def _unauthorized(status: int | None, facts: _Facts, call: Call) -> ProviderError:
    what = "asks for a valid API key"
    hint = "Name the environment variable that holds the server's key with `api_key_env`."
    if call.key_variable:
        what = f"did not accept the key in {call.key_variable}"
        hint = f"Check that {call.key_variable} holds a valid key for this server."
    return AuthenticationError(
        _said(f"{call.where} {what}{facts.number}", facts),
        hint=f"{hint} {NO_KEY_NEEDED}",
        model=call.model,
        status=status,
    )


def _without_status(facts: _Facts, call: Call) -> ProviderError:
    """The error of a call that got no answer, or none that could be read."""
    if facts.all_names & _TIMEOUT:
        return timed_out(call)
    broken = facts.all_names & _TRANSPORT
    if facts.begun and (broken or facts.junk):
        return broke_off(call)
    if facts.junk and not broken:
        return unreadable(call, facts.junk)
    by_class = {"AuthenticationError": _unauthorized, "RateLimitError": _limited, "BadRequestError": _refused}
    for name, make in by_class.items():
        if name in facts.names:
            return make(None, facts, call)
    kind: type[ProviderError] = UnavailableError
    if broken:
        what, hint = "could not be reached", "Check that the server runs, its address, and the network."
    elif "ImportError" in facts.all_names:
        kind, what = ProviderError, "needs a package that is not installed"
        hint = "Install it, or use another model."
    elif _NO_KEY.search(facts.text):
        return _unauthorized(None, facts, call)
    elif "APIError" in facts.names:
        what, hint = "failed", "Try again later, or use another model."
    else:
        kind, what = ProviderError, f"could not be called ({facts.kind})"
        hint = "This looks like a fault in the client library: try another version of it, or another model."
    return kind(_said(f"{call.where} {what}", facts), hint=hint, model=call.model)


def timed_out(call: Call) -> UnavailableError:
    """The error for no answer in time."""
    return UnavailableError(
        f"{call.where} did not answer within {call.timeout:g} s",
        hint="Allow more time with `timeout`, ask for fewer tokens, or use a faster model.",
        model=call.model,
    )


def broke_off(call: Call) -> UnavailableError:
    """The error for an answer of which only the beginning came."""
    return UnavailableError(
        f"{call.where} broke off in the middle of its answer",
        hint="Try again; if it keeps happening, look at the server and at what stands in between.",
        model=call.model,
    )


def unreadable(call: Call, detail: str) -> ProviderError:
    """The error for an answer that is no chat completion; asking the same address again would bring the same."""
    error = UnavailableError(
        f"{call.where} answered, but not with a chat completion: {detail}",
        hint="Check that the address is that of a server for chat completions (it usually ends in /v1).",
        model=call.model,
    )
    return not_retryable(error)


def _said(what: str, facts: _Facts) -> str:
    return f"{what}: {facts.detail}" if facts.detail else what
