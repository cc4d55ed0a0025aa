"""What every provider shares that holds a provider."""

from __future__ import annotations

from abc import ABC, abstractmethod

from fcc.providers.base import ModelReply, ModelRequest, Provider, Tell


class Wrapper(ABC):
    """A provider that holds another: the same backend, asked in another way.

    `_ask` is all that one adds: what `complete` and `stream` have in common.
    """

    def __init__(self, inner: Provider) -> None:
        self.inner = inner

    @property
    def identity(self) -> str:
        """The inner provider's: asking in another way does not make it another backend."""
        return self.inner.identity

    async def complete(self, request: ModelRequest) -> ModelReply:
        """The inner provider's reply; errors as the inner provider's."""
        return await self._ask(request, None)

    async def stream(self, request: ModelRequest, tell: Tell) -> ModelReply:
        """The same, told as it comes."""
        return await self._ask(request, tell)

    async def aclose(self) -> None:
        """Closes the inner provider's connections, where it has any."""
        close = getattr(self.inner, "aclose", None)
        if close is not None:
            await close()

    @abstractmethod
    async def _ask(self, request: ModelRequest, tell: Tell | None) -> ModelReply:
        """The reply, told as it comes where there is a `tell`."""


def innermost(provider: Provider) -> Provider:
    """The provider itself, out of its wrappers."""
    while isinstance(provider, Wrapper):
        provider = provider.inner
    return provider
