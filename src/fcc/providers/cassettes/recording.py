"""A provider that records."""

from __future__ import annotations

from fcc.providers.base import ModelReply, ModelRequest, Provider, Tell, ask
from fcc.providers.cassettes.deck import Deck


class RecordingProvider:
    """`inner`, whose replies are recorded; what the cassette holds already is not asked again."""

    def __init__(self, inner: Provider, deck: Deck) -> None:
        self.inner = inner
        self._deck = deck

    @property
    def identity(self) -> str:
        """The inner provider's: recording does not make it another backend."""
        return self.inner.identity

    async def complete(self, request: ModelRequest) -> ModelReply:
        """The recorded reply, of origin `recorded`; else the inner provider's, which is recorded. Errors are not."""
        return await self._ask(request, None)

    async def stream(self, request: ModelRequest, tell: Tell) -> ModelReply:
        """The same, told as it comes."""
        return await self._ask(request, tell)

    async def aclose(self) -> None:
        """Closes the inner provider's connections, where it has any."""
        close = getattr(self.inner, "aclose", None)
        if close is not None:
            await close()

    async def _ask(self, request: ModelRequest, tell: Tell | None) -> ModelReply:
        request = self._deck.named(request)
        call = self._deck.find(request, self.identity)
        if call is not None:
            recorded = call.answer()
            if tell is not None:
                tell(recorded.text)
            return recorded
        with self._deck.catching() as caught:
            reply = await ask(self.inner, request, tell)
        self._deck.keep(request, self.identity, reply, caught, streamed=tell is not None)
        return reply
