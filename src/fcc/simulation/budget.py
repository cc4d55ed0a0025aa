"""What a run has spent, and whether it may go on. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fcc.agents.flow import Limits
from fcc.errors import BudgetError
from fcc.providers.base import ModelReply


@dataclass
class Budget:
    """What the calls of a run, or of one step, have taken, held against its limits.

    A limit is checked before a call: the one that crosses it has been made. Its price is known only afterwards, and a
    limit on cost or tokens that can't be held, since a backend does not tell them, stops the run, too.
    """

    limits: Limits
    what: str = "the run"
    calls: int = 0
    tokens: int = 0
    cost: float = 0.0
    unknown_tokens: str = ""
    """A model that did not say how many tokens it took."""
    unknown_cost: str = ""
    """A model whose price is not known."""

    def take_over(self, replies: Iterable[ModelReply]) -> None:
        """Count what an earlier part of the run was answered."""
        paid = [reply for reply in replies if reply.origin != "ledger"]
        for reply in paid:
            self.add(reply)
        self.calls = len(paid)

    def begin(self) -> None:
        """Count a call that is about to be made.

        Raises:
            BudgetError: a limit is reached; the call must not be made.
        """
        self._check_calls()
        self._check_tokens()
        self._check_cost()
        self.calls += 1

    def add(self, reply: ModelReply) -> None:
        """Count what a reply has cost."""
        used = (reply.usage.input_tokens, reply.usage.output_tokens)
        if None in used:
            self.unknown_tokens = reply.model
        self.tokens += sum(count for count in used if count is not None)
        if reply.cost is None:
            self.unknown_cost = reply.model
        else:
            self.cost += reply.cost

    def _check_calls(self) -> None:
        limit = self.limits.max_calls
        if limit is not None and self.calls >= limit:
            calls = "call" if self.calls == 1 else "calls"
            raise self._reached(
                f"{self.what} has made {self.calls} model {calls} of at most {limit}", "max-calls"
            )

    def _check_tokens(self) -> None:
        limit = self.limits.max_tokens
        if limit is None:
            return
        if self.unknown_tokens:
            what = f"{self.unknown_tokens} does not say how many tokens it takes, so that max-tokens can't be held"
            raise BudgetError(what, hint="Limit calls or time instead: --max-calls, --timeout.")
        if self.tokens >= limit:
            raise self._reached(
                f"{self.what} has taken {self.tokens:,} tokens of at most {limit:,}", "max-tokens"
            )

    def _check_cost(self) -> None:
        limit = self.limits.max_cost
        if limit is None:
            return
        if self.unknown_cost:
            what = f"the price of {self.unknown_cost} is not known, so that max-cost can't be held"
            raise BudgetError(what, hint="Give a `price` in a profile, or limit tokens: --max-tokens.")
        if self.cost >= limit:
            raise self._reached(
                f"{self.what} has cost ${dollars(self.cost)} of at most ${dollars(limit)}", "max-cost"
            )

    def _reached(self, what: str, option: str) -> BudgetError:
        if self.what == "the run":
            return BudgetError(what, hint=f"Go on with a higher limit: fcc-agents resume RUN --{option} N")
        return BudgetError(what, hint=_OF_A_STEP)


_OF_A_STEP = "Raise that step's `limits` in the chain, and: fcc-agents run CHAIN --reuse RUN"


def out_of_time(seconds: float, step: str = "") -> BudgetError:
    """The error for a run, or one of its steps, that has taken as long as it may."""
    what = f"{f'step {step}' if step else 'the run'} has taken the {seconds:g} seconds that it may"
    return BudgetError(
        what, hint=_OF_A_STEP if step else "Go on where it stopped: fcc-agents resume RUN --timeout SECONDS"
    )


def dollars(amount: float) -> str:
    """An amount to the hundredth of a cent, or to two digits where it is less than a cent."""
    return f"{amount:.4f}" if amount >= 0.01 or not amount else f"{amount:.2g}"  # noqa: PLR2004 - a cent
