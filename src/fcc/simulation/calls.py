"""One model call, with the events that tell of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Protocol

from fcc.errors import EmptyReplyError, FccError, ProviderError
from fcc.messaging import EventType
from fcc.providers.base import ModelReply, ModelRequest, Provider, Tell, ask
from fcc.redaction import redact, unchanged

Clock = Callable[[], float]
"""Gives seconds since 1970-01-01 UTC."""


class Publish(Protocol):
    """Puts an event on a bus."""

    def __call__(self, event_type: EventType, /, **payload: Any) -> None:
        """Publish an event of that type with that payload."""
        ...


async def ask_model(
    provider: Provider,
    request: ModelRequest,
    publish: Publish,
    keep: Callable[[ModelReply], Awaitable[ModelReply]] | None = None,
    tell: Tell | None = None,
) -> ModelReply:
    """The provider's reply; the call's start and its end are published.

    Half a surrogate pair, which JSON can carry and no file can, becomes U+FFFD. With `keep` the reply is kept before
    anyone hears of it, and is what `keep` makes of it. With `tell` it is told while it comes.

    Raises:
        ProviderError: the model did not answer.
        StorageError: the reply could not be kept.
    """
    backend = provider.identity
    publish(EventType.MODEL_CALL_STARTED, call=request.call_id, backend=backend)
    try:
        reply = await _complete(provider, request, tell)
        if isinstance(tell, Pieces):
            tell.finish()
        if keep is not None:
            reply = await keep(reply)
    except FccError as error:
        publish(
            EventType.MODEL_CALL_FAILED, call=request.call_id, backend=backend, error=redact(error.message)
        )
        raise
    publish(
        EventType.MODEL_CALL_COMPLETED,
        call=request.call_id,
        backend=backend,
        model=reply.model,
        origin=reply.origin,
        input_tokens=reply.usage.input_tokens,
        output_tokens=reply.usage.output_tokens,
        cost=reply.cost,
        latency=reply.latency,
        attempts=reply.attempts,
    )
    return reply


class Pieces:
    """Tells a reply in whole words, without secrets: a secret has no white space, and may come in two pieces."""

    def __init__(self, tell: Tell, redact: Callable[[str], str]) -> None:
        self._tell = tell
        self._redact = redact
        self._held = ""

    def __call__(self, text: str | None) -> None:
        """Take the next piece; None begins anew."""
        if text is None:
            self._held = ""
            self._tell(None)
            return
        if self._redact is unchanged:
            self._tell(text)
            return
        self._held += text
        words = len(self._held) - len(self._held.split()[-1]) if self._held.strip() else 0
        if self._held[-1:].isspace():
            words = len(self._held)
        ready, self._held = self._held[:words], self._held[words:]
        if ready:
            self._tell(self._redact(ready))

    def finish(self) -> None:
        """Tell what is left."""
        if self._held:
            self._tell(self._redact(self._held))
            self._held = ""


async def _complete(provider: Provider, request: ModelRequest, tell: Tell | None) -> ModelReply:
    """The reply of a provider that may be anybody's: one with a text, or an error of ours."""
    try:
        reply = await ask(provider, request, tell)
    except FccError:
        raise
    except Exception as error:  # a provider's fault is an outage of its model, whatever it raises
        what = f"{type(provider).__name__} raised {type(error).__name__}: {error}"
        raise ProviderError(what, hint="Its own traceback is the cause of this error.") from error
    text = getattr(reply, "text", None)
    if not isinstance(text, str):
        raise ProviderError(
            f"{type(provider).__name__} gave no reply", hint="A provider returns a ModelReply."
        )
    if not text.strip():
        raise EmptyReplyError(f"{reply.model or provider.identity} answered nothing", hint="Try again.")
    return _encodable(reply)


def _encodable(reply: ModelReply) -> ModelReply:
    try:
        reply.text.encode()
    except UnicodeEncodeError:
        return replace(reply, text=reply.text.encode("utf-8", "surrogatepass").decode("utf-8", "replace"))
    return reply
