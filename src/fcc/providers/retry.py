"""A provider that asks again when asking again may help."""

from __future__ import annotations

import asyncio
import copy
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fcc.errors import ConfigError, EmptyReplyError, ProviderError
from fcc.providers.base import ModelReply, ModelRequest, Provider, Tell, ask
from fcc.providers.wrapper import Wrapper

if TYPE_CHECKING:
    from tenacity import RetryCallState

_FIRST_WAIT = 0.5
"""Seconds; doubled for each further attempt."""
_LONGEST_WAIT = 8.0
_JITTER = 0.5
"""Up to so many seconds are added at random, so that parallel steps do not come back all at once."""


class RetryingProvider(Wrapper):
    """`inner`, asked again after an error that is `retryable`.

    At most `attempts` times a call, with jittered exponential waits or the wait that the server asked for
    (`retry_after`), whichever is longer. `budget` is in seconds and bounds the retrying: no attempt starts
    later than that after the call began, and a wait that would end later is not begun. It does not cut an
    attempt short, since one answer of a slow local model may well take longer: what bounds an attempt is
    the inner provider's own timeout. An empty reply is asked for once more only. A reply's `attempts` count every time
    that it was asked for; the last error is raised, and says how often was asked where that was more than once, or where
    the wait that the server asks for does not fit the budget.

    `sleep` and `clock` are for tests.
    """

    def __init__(
        self,
        inner: Provider,
        *,
        attempts: int = 4,
        budget: float = 20.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if attempts < 1 or budget < 0:
            raise ConfigError(
                f"a call cannot be made {attempts} times within {budget:g} s of retrying",
                hint="Give at least 1 attempt and a budget of 0 seconds or more.",
            )
        super().__init__(inner)
        self.attempts = attempts
        self.budget = budget
        self._sleep = sleep
        self._clock = clock

    async def stream(self, request: ModelRequest, tell: Tell) -> ModelReply:
        """The same, told as it comes; where an attempt broke off, the reply begins anew: `tell(None)`."""
        return await self._ask(request, _Anew(tell))

    async def _ask(self, request: ModelRequest, tell: Tell | None) -> ModelReply:
        started = self._clock()
        try:
            return await ask(self.inner, request, tell)
        except ProviderError as error:
            if not error.retryable or self.attempts == 1:
                raise
            failed = error
        return await self._again(request, failed, started, tell)

    async def _again(
        self, request: ModelRequest, failed: ProviderError, started: float, tell: Tell | None
    ) -> ModelReply:
        """The reply to a later attempt; `failed` is how the first one ended."""
        # Here and not at the top of the file: a call that succeeds at once never pays for this import.
        from tenacity import AsyncRetrying

        policy = _Policy(self.attempts, self.budget, started, self._clock)
        outcome: list[ProviderError] = [failed]

        async def attempt() -> ModelReply:
            if outcome:
                raise outcome.pop()
            if isinstance(tell, _Anew):
                tell.begin_anew()
            return await ask(self.inner, request, tell)

        retrying = AsyncRetrying(
            sleep=self._sleep, retry=policy.worth_it, wait=policy.wait, stop=policy.stop, reraise=True
        )
        try:
            reply: ModelReply = await retrying(attempt)
        except ProviderError as error:
            raise policy.final(error).with_traceback(error.__traceback__) from error.__cause__
        return replace(reply, attempts=reply.attempts + policy.made)


@dataclass(slots=True)
class _Anew:
    """Tells pieces, and that the reply begins anew where some were told before."""

    tell: Tell
    told: bool = False

    def __call__(self, piece: str | None) -> None:
        self.told = piece is not None
        self.tell(piece)

    def begin_anew(self) -> None:
        if self.told:
            self(None)


@dataclass(slots=True)
class _Policy:
    """Whether one call is tried again, when, and what is said at the end."""

    attempts: int
    budget: float
    started: float
    clock: Callable[[], float]
    made: int = 0
    """Attempts that failed so far."""
    empty: int = 0
    why: str = ""

    def worth_it(self, state: RetryCallState) -> bool:
        error = _error_of(state)
        self.made += error is not None
        if isinstance(error, EmptyReplyError):
            self.empty += 1
            return error.retryable and self.empty == 1
        return isinstance(error, ProviderError) and error.retryable

    def wait(self, state: RetryCallState) -> float:
        from tenacity import wait_exponential, wait_random

        backoff = wait_exponential(multiplier=_FIRST_WAIT, max=_LONGEST_WAIT)(state)
        return max(backoff + wait_random(0, _JITTER)(state), _asked_to_wait(_error_of(state)))

    def stop(self, state: RetryCallState) -> bool:
        if state.attempt_number >= self.attempts:
            return True
        left = max(self.budget - (self.clock() - self.started), 0.0)
        asked = _asked_to_wait(_error_of(state))
        if asked > left:
            self.why = f"the server asks to wait {asked:g} s, and {left:.1f} s are left for retrying"
        elif state.upcoming_sleep > left:
            self.why = f"the {self.budget:g} s for retrying are used up"
        return bool(self.why)

    def final(self, error: ProviderError) -> ProviderError:
        """The error as it is raised: of the same class, and saying how often was asked and for how long."""
        if self.made == 1 and not self.why:
            return error
        times = "once" if self.made == 1 else f"{self.made} times"
        spent = f"asked {times} in {self.clock() - self.started:.1f} s"
        # A copy, since a test double may well raise one and the same exception every time.
        final = copy.copy(error)
        final.message = f"{error.message} ({'; '.join(filter(None, (spent, self.why)))})"
        final.args = (final.message,)
        return final


def _error_of(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome is not None else None


def _asked_to_wait(error: BaseException | None) -> float:
    return (error.retry_after or 0.0) if isinstance(error, ProviderError) else 0.0
