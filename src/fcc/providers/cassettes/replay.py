"""Providers that answer from a cassette."""

from __future__ import annotations

from dataclasses import replace

from fcc.providers.base import ModelReply, ModelRequest, Provider, ask
from fcc.providers.cassettes.deck import Deck


class ReplayProvider:
    """Answers what a cassette holds, and nothing else.

    `identity` is that of the backend that was recorded: a replayed call has the same key. With `wire`, the provider
    that speaks to the recorded HTTP, the reply goes through it; without, it is read from the metadata.
    """

    def __init__(self, deck: Deck, identity: str, wire: Provider | None = None) -> None:
        self._deck = deck
        self._identity = identity
        self._wire = wire

    @property
    def identity(self) -> str:
        """That of the backend that was recorded."""
        return self._identity

    async def complete(self, request: ModelRequest) -> ModelReply:
        """The recorded reply, of origin `recorded`, with the latency, tokens and cost of then.

        Raises:
            CassetteMissError: there is none for this request.
        """
        request = self._deck.named(request)
        call = self._deck.find(request, self._identity)
        if call is None:
            raise self._deck.miss(request, self._identity)
        then = call.answer()
        if self._wire is None:
            return then
        tell = _nobody if call.streamed else None
        reply = await ask(self._wire, request, tell)
        return replace(reply, origin="recorded", latency=then.latency, attempts=then.attempts)


def _nobody(_piece: str | None) -> None:
    """Nobody listens: the recording is read as the stream that it was."""
