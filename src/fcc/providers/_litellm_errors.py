"""LiteLLM's exceptions as ours.

LiteLLM picks its classes by words in the error's text and fills in a status where there was none: a 503
whose body says `invalid_request_error` arrives as a BadRequestError, a refused connection as a 500. So the
HTTP response is looked for along the chain of causes, its status decides, and LiteLLM's class is only asked
where no response is found: no connection, an answer that can't be read, an error in the middle of a stream.
Nothing here imports LiteLLM: classes are told by their names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

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
from fcc.providers._litellm_facts import TRANSPORT, Facts, causes, read_facts

NO_KEY_NEEDED = "`--model deterministic` needs no key."

_TIMEOUT = frozenset({"Timeout", "TimeoutError", "TimeoutException"})
_CONTEXT = re.compile(
    r"context_length_exceeded|exceed_context_size|maximum context length|context window|exceeds the context"
)
_POLICY = re.compile(r"content_policy_violation|content_filter|ResponsibleAIPolicyViolation")
_QUOTA = re.compile(r"insufficient_quota|exceeded your current quota|credit balance", re.IGNORECASE)
_NO_KEY = re.compile(r"missing[\w ]* (?:api key|credentials)|missing credentials", re.IGNORECASE)
_BAD_KEY = re.compile(r"API_KEY_INVALID|API key not valid")


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


def map_error(error: Exception, call: Call, handled: BaseException | None = None) -> FccError:
    """Our error for whatever a LiteLLM call raised; one of ours somewhere among its causes is returned itself.

    `handled` is the exception that was being handled when the call was made, if any: Python puts it at the
    end of the chain of causes, though it is none.
    """
    chain = (*causes(getattr(error, "original_exception", None), handled), *causes(error, handled))
    for link in chain:
        if isinstance(link, FccError):
            return link
    facts = read_facts(chain, call.secrets)
    if facts.status is None:
        return _without_status(facts, call)
    return _with_status(facts.status, facts, call)


def not_retryable(error: ProviderError) -> ProviderError:
    """The same error, of a class that is worth another try, marked as not worth it."""
    error.retryable = False
    return error


def _with_status(status: int, facts: Facts, call: Call) -> ProviderError:
    if status in {400, 413, 422}:
        return _refused(facts, call)
    if status in {402, 429}:
        return _limited(facts, call)
    if status in {408, 409, 425} or status >= 500:  # noqa: PLR2004  # faults of the server
        return UnavailableError(
            _said(f"{call.where} failed ({status})", facts),
            hint="Nothing is wrong with the request: try again later, or use another model.",
            model=call.model,
            status=status,
            retry_after=facts.retry_after,
        )
    if status == 401:  # noqa: PLR2004  # unauthorized
        return _unauthorized(facts, call)
    kind, what, hint = _OTHERS.get(status, _ELSE)
    return kind(_said(f"{call.where} {what} ({status})", facts), hint=hint, model=call.model, status=status)


_MOVED = (
    BadRequestError,
    "sent the request on to another server",
    "If that server is to be trusted, give its address as `api_base`: the key is sent nowhere else.",
)
_OTHERS: dict[int, tuple[type[ProviderError], str, str]] = {
    **dict.fromkeys((301, 302, 303, 307, 308), _MOVED),
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


def _refused(facts: Facts, call: Call) -> ProviderError:
    if _BAD_KEY.search(facts.text):
        return _unauthorized(facts, call)
    if _QUOTA.search(facts.text):
        return _limited(facts, call)
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
        _said(f"{call.where} {what}{facts.number}", facts), hint=hint, model=call.model, status=facts.status
    )


def _limited(facts: Facts, call: Call) -> ProviderError:
    used_up = _QUOTA.search(facts.text) and (facts.retry_after is None or "insufficient" in facts.text)
    if facts.status == 402 or used_up:  # noqa: PLR2004  # payment required
        return not_retryable(
            RateLimitError(
                _said(f"the quota for {call.where} is used up{facts.number}", facts),
                hint="Waiting will not help: top up the account, or use another key or model.",
                model=call.model,
                status=facts.status,
            )
        )
    wait = "" if facts.retry_after is None else f"; it asks to wait {facts.retry_after:g} s"
    return RateLimitError(
        _said(f"{call.where} has had too many requests{facts.number}{wait}", facts),
        hint="Wait, run fewer steps side by side, or use another model.",
        model=call.model,
        status=facts.status,
        retry_after=facts.retry_after,
    )


def _unauthorized(facts: Facts, call: Call) -> ProviderError:
    what = "asks for a valid API key"
    hint = "Name the environment variable that holds the server's key with `api_key_env`."
    if call.key_variable:
        what = f"did not accept the key in {call.key_variable}"
        hint = f"Check that {call.key_variable} holds a valid key for this server."
    return AuthenticationError(
        _said(f"{call.where} {what}{facts.number}", facts),
        hint=f"{hint} {NO_KEY_NEEDED}",
        model=call.model,
        status=facts.status,
    )


def _without_status(facts: Facts, call: Call) -> ProviderError:
    """The error of a call that got no answer, or none that could be read."""
    if facts.all_names & _TIMEOUT:
        return timed_out(call)
    broken = facts.all_names & TRANSPORT
    if facts.begun and (broken or facts.junk):
        return broke_off(call)
    if facts.junk and not broken:
        return unreadable(call, facts.junk)
    by_class = {"AuthenticationError": _unauthorized, "RateLimitError": _limited, "BadRequestError": _refused}
    for name, make in by_class.items():
        if name in facts.names:
            return make(facts, call)
    kind: type[ProviderError] = UnavailableError
    if broken:
        what, hint = "could not be reached", "Check that the server runs, its address, and the network."
    elif "ImportError" in facts.all_names:
        kind, what = ProviderError, "needs a package that is not installed"
        hint = "Install it, or use another model."
    elif _NO_KEY.search(facts.text):
        return _unauthorized(facts, call)
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


def _said(what: str, facts: Facts) -> str:
    return f"{what}: {facts.detail}" if facts.detail else what
