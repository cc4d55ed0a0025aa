"""A provider that records."""

from __future__ import annotations

from fcc.providers.base import ModelReply, ModelRequest, Provider, Tell, ask
from fcc.providers.cassettes.deck import Deck
from fcc.providers.wrapper import Wrapper


class RecordingProvider(Wrapper):
    """`inner`, whose replies are recorded, and not its errors; what the cassette holds already is not asked again."""

    def __init__(self, inner: Provider, deck: Deck) -> None:
        super().__init__(inner)
        self._deck = deck

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
