"""What LiteLLM's exception and its causes tell: status, body, headers, and whether there was an answer at all.

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

from fcc.redaction import redact

_LONGEST_DETAIL = 240
TRANSPORT = frozenset({"TransportError", "ClientError", "ConnectionError", "gaierror"})
_INVENTED_STATUS = frozenset(
    {"InternalServerError", "APIError", "APIConnectionError", "Timeout", "UnsupportedParamsError"}
)
_JUNK = re.compile(
    r"'choices'|invalid response|json response|to valid response|string response", re.IGNORECASE
)
_RETRY_DELAY = re.compile(r'"retryDelay": *"([\d.]+)s"')
_PREFIX = re.compile(r"^(?:\w+Exception )?(?:litellm\.)?(?:\w+(?:Error|Exception|Timeout))(?::| -) *")
_OLLAMAS_ERROR = re.compile(r"\{'error': (['\"])(.*)\1\}")
"""How LiteLLM quotes an error that Ollama sends in the middle of a stream."""


@dataclass(frozen=True, slots=True)
class Facts:
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


def causes(error: BaseException | None, handled: BaseException | None) -> Iterator[BaseException]:
    """An error and what caused it, down to what was being handled before."""
    seen: set[int] = set()
    while error is not None and error is not handled and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def read_facts(chain: tuple[BaseException, ...], secrets: tuple[str, ...]) -> Facts:
    """What an error and its causes tell, without those secrets."""
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
        invented = ollamas or junk or type(error).__name__ in _INVENTED_STATUS or TRANSPORT & all_names
        status = None if invented else _status(error)
        text, headers = said, getattr(error, "litellm_response_headers", None) or {}
        detail = ollamas[2] if ollamas else said
        if TRANSPORT & all_names:
            detail = _stripped(str(chain[-1])) or type(chain[-1]).__name__
    delay = _RETRY_DELAY.search(text)
    return Facts(
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
        if isinstance(link, KeyError):
            return f"it has no {link}"
        if isinstance(link, TypeError | AttributeError) or type(link).__name__ == "ValidationError":
            return "it has another form"
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
