"""A provider that asks no faster than it may: calls at once, requests and tokens a minute."""

from __future__ import annotations

import asyncio
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fcc.providers.base import ModelReply, ModelRequest, Provider, Tell, ask
from fcc.providers.wrapper import Wrapper

if TYPE_CHECKING:
    from aiolimiter import AsyncLimiter

_CHARACTERS_PER_TOKEN = 4
"""A rule of thumb for a request that has not been counted yet."""


@dataclass(slots=True)
class _Pace:
    """How fast one backend is asked in one event loop."""

    at_once: asyncio.Semaphore | None
    requests: AsyncLimiter | None
    tokens: AsyncLimiter | None
    owed: float = 0
    """Tokens that replies took beyond what was set aside for them."""


_paces: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, _Pace]] = weakref.WeakKeyDictionary()


class LimitedProvider(Wrapper):
    """`inner`, asked no faster than its limits: all runs of one event loop share them, by the backend's identity.

    Requests and tokens run through a leaky bucket (aiolimiter): a minute's worth may go at once, then at the rate of
    the limit. Tokens are estimated before a call from the length of its messages, and what a reply took beyond that is
    held against the next.
    """

    def __init__(
        self,
        inner: Provider,
        *,
        concurrency: int | None = None,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
    ) -> None:
        super().__init__(inner)
        self.concurrency = concurrency
        self.requests_per_minute = requests_per_minute
        self.tokens_per_minute = tokens_per_minute

    async def _ask(self, request: ModelRequest, tell: Tell | None) -> ModelReply:
        pace = self._pace()
        if pace.at_once is None:
            return await self._paced(pace, request, tell)
        async with pace.at_once:
            return await self._paced(pace, request, tell)

    async def _paced(self, pace: _Pace, request: ModelRequest, tell: Tell | None) -> ModelReply:
        expected = sum(len(message.content) for message in request.messages) / _CHARACTERS_PER_TOKEN
        if pace.requests is not None:
            await pace.requests.acquire()
        if pace.tokens is not None:
            owed, pace.owed = pace.owed, 0
            await pace.tokens.acquire(min(expected + owed, pace.tokens.max_rate))
        reply = await ask(self.inner, request, tell)
        used = (reply.usage.input_tokens or 0) + (reply.usage.output_tokens or 0)
        pace.owed += max(used - expected, 0)
        return reply

    def _pace(self) -> _Pace:
        paces = _paces.setdefault(asyncio.get_running_loop(), {})
        if self.identity not in paces:
            paces[self.identity] = _Pace(
                asyncio.Semaphore(self.concurrency) if self.concurrency else None,
                _limiter(self.requests_per_minute),
                _limiter(self.tokens_per_minute),
            )
        return paces[self.identity]


def _limiter(per_minute: float | None) -> AsyncLimiter | None:
    if per_minute is None:
        return None
    from aiolimiter import AsyncLimiter

    share = max(1.0, per_minute)  # one call must fit, however slow the pace
    return AsyncLimiter(share, 60 * share / per_minute)
