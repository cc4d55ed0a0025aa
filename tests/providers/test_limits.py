"""Pacing: a provider is asked no faster than it may, by all runs of a process together."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from fcc.providers import FunctionProvider, Message, ModelReply, ModelRequest, Usage
from fcc.providers.limits import LimitedProvider

_NAMES = itertools.count()


def request(length: int = 40) -> ModelRequest:
    return ModelRequest((Message("user", "x" * length),))


class Clock:
    """Stands for the loop's clock: sleeping moves it on, and takes no time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "time", lambda _loop: self.now)
        select = asyncio.selector_events.BaseSelectorEventLoop._run_once

        def run_once(loop: asyncio.BaseEventLoop) -> None:
            if not loop._ready and loop._scheduled:
                self.now = max(self.now, loop._scheduled[0]._when)
            select(loop)

        monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "_run_once", run_once)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def limited(times: list[float], clock: Clock, usage: Usage = Usage(), **limits: float) -> LimitedProvider:  # noqa: B008 - frozen
    async def answer(_request: ModelRequest) -> ModelReply:
        times.append(clock.now)
        return ModelReply("t", "m", "live", usage)

    return LimitedProvider(FunctionProvider(answer, model=f"m{next(_NAMES)}"), **limits)


def ask(provider: LimitedProvider, count: int, length: int = 40) -> None:
    async def all_of_them() -> None:
        await asyncio.gather(*(provider.complete(request(length)) for _ in range(count)))

    asyncio.run(all_of_them())


def test_requests_a_minute_are_held(clock: Clock) -> None:
    """A minute's worth at once, and then one for each share of a minute."""
    times: list[float] = []
    ask(limited(times, clock, requests_per_minute=6), 12)
    assert times[:6] == [0.0] * 6
    assert 59 <= times[-1] <= 61
    assert all(after - before >= 9.9 for before, after in itertools.pairwise(times[5:]))


def test_tokens_a_minute_are_held(clock: Clock) -> None:
    """Counted before the call by the length of the messages, four characters a token."""
    times: list[float] = []
    ask(limited(times, clock, tokens_per_minute=100), 10, length=80)
    assert times[4] == 0.0
    assert times[5] >= 11
    assert 59 <= times[-1] <= 61


def test_tokens_of_the_reply_are_held_against_the_next(clock: Clock) -> None:
    """What a reply took beyond the estimate must be waited for."""
    times: list[float] = []
    provider = limited(times, clock, Usage(10, 90), tokens_per_minute=100)

    async def one_by_one() -> None:
        for _ in range(3):
            await provider.complete(request(40))

    asyncio.run(one_by_one())
    assert times[1] >= 5
    assert times[2] - times[1] >= 55


def test_a_call_larger_than_a_minutes_worth_goes_when_all_is_free(clock: Clock) -> None:
    """It would else wait for ever."""
    times: list[float] = []
    ask(limited(times, clock, tokens_per_minute=10), 2, length=4000)
    assert len(times) == 2


def test_calls_at_once_are_held() -> None:
    """Never more under way than may be."""
    running, most = [], []

    async def slow(_request: ModelRequest) -> str:
        running.append(1)
        most.append(len(running))
        await asyncio.sleep(0.01)
        running.pop()
        return "t"

    ask(LimitedProvider(FunctionProvider(slow, model="at-once"), concurrency=3), 10)
    assert max(most) == 3


def test_providers_of_one_backend_share_their_limits(clock: Clock) -> None:
    """Two runs with the same profile are held together; another backend has limits of its own."""
    times: list[float] = []
    one = limited(times, clock, requests_per_minute=2)
    same = LimitedProvider(one.inner, requests_per_minute=2)
    other = limited(times, clock, requests_per_minute=2)
    assert one.identity == same.identity == one.inner.identity

    async def all_of_them() -> None:
        await asyncio.gather(*(provider.complete(request()) for provider in (one, one, same, other)))

    asyncio.run(all_of_them())
    assert sorted(times)[:3] == [0.0] * 3
    assert max(times) >= 29


def test_closing_reaches_the_provider_inside() -> None:
    """Connections are closed, where there are some."""
    closed = []

    class Inner:
        identity = "x"

        async def aclose(self) -> None:
            closed.append(True)

    asyncio.run(LimitedProvider(Inner()).aclose())
    asyncio.run(LimitedProvider(FunctionProvider(lambda _: "t")).aclose())
    assert closed == [True]
