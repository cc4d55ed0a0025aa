"""Asks models for a run: what is paid for comes from the ledger, the rest within the limits, with fallbacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from fcc.errors import ProviderError
from fcc.messaging import EventType
from fcc.providers.base import ModelReply, Tell
from fcc.simulation.budget import Budget
from fcc.simulation.calls import Pieces, Publish, ask_model
from fcc.simulation.prompting import Ask, Candidate
from fcc.simulation.record import CallRecord, ErrorRecord
from fcc.simulation.world import World

if TYPE_CHECKING:
    from fcc.simulation.ledger import Ledger  # SQLite is for runs that pay


class Known(NamedTuple):
    """Replies that need not be paid for."""

    own: Mapping[str, ModelReply] = {}
    """By this very run, before it was interrupted; by key."""
    others: Mapping[str, tuple[str, ModelReply]] = {}
    """By runs that this one was told to reuse; by key, with the run."""

    def find(self, candidates: Sequence[Candidate]) -> tuple[Candidate, ModelReply, str] | None:
        """The first candidate that has been answered, its reply, and the other run that paid for it."""
        if not self.own and not self.others:
            return None
        for candidate in candidates:
            if candidate.key in self.own:
                return candidate, self.own[candidate.key], ""
        for candidate in candidates:
            if candidate.key in self.others:
                run, reply = self.others[candidate.key]
                return candidate, replace(reply, origin="ledger"), run
        return None


def ledger_name(run_id: str, started: str) -> str:
    """What a run is called in the ledger: an id that is used again, after its folder was deleted, is another run."""
    return f"{run_id}@{started}"


@dataclass(frozen=True)
class Caller:
    """Makes the calls of one run."""

    run: str
    """What the run is called in the ledger."""
    world: World
    publish: Publish
    budget: Budget
    known: Known = field(default_factory=Known)
    ledger: Ledger | None = None
    scope: frozenset[str] = field(default_factory=frozenset)
    """The runs whose replies this one can see, itself included."""
    stream: bool = False
    """Whether replies are told while they come."""

    async def call(
        self, ask: Ask, candidates: Sequence[Candidate], limits: Budget | None
    ) -> tuple[CallRecord, ...]:
        """The calls that one question took: the last has the reply, or the error of the last model.

        Raises:
            BudgetError: a limit is reached.
            StorageError: a reply could not be kept.
        """
        found = self.known.find(candidates)
        if found is not None:
            candidate, reply, run = found
            self._tell_reused(candidate, run)
            if limits is not None and not run:
                limits.calls += 1
                limits.add(reply)
            return (self._record(ask, candidate, reply, run),)
        calls: list[CallRecord] = []
        for candidate in candidates:
            self.budget.begin()
            if limits is not None:
                limits.begin()
            try:
                reply, run = await self._ask(candidate)
            except ProviderError as error:
                calls.append(self._record(ask, candidate, None, failure=ErrorRecord.of(error)))
                continue
            if run:
                self._tell_reused(candidate, run)
            else:
                self.budget.add(reply)
                if limits is not None:
                    limits.add(reply)
            calls.append(self._record(ask, candidate, reply, run))
            break
        return tuple(calls)

    async def _ask(self, candidate: Candidate) -> tuple[ModelReply, str]:
        """The reply, and the other run that paid for it where one was asking the same just now."""

        async def ask() -> ModelReply:
            return await ask_model(
                candidate.backend.provider,
                candidate.request,
                self.publish,
                lambda reply: self._keep(candidate, reply),
                self._tell(candidate) if self.stream else None,
            )

        if self.ledger is None:
            return await ask(), ""
        reply, run = await self.ledger.once(candidate.key, self.run, self.scope, ask)
        if run == self.run:
            return reply, ""
        reply = replace(reply, origin="ledger")
        await self._store(candidate, reply)  # or this run, gone on with, would not find it
        return reply, run.partition("@")[0]

    def _tell(self, candidate: Candidate) -> Tell:
        def tell(text: str | None) -> None:
            self.publish(
                EventType.MODEL_CALL_TEXT,
                call=candidate.request.call_id,
                text=text or "",
                begins_anew=text is None,
            )

        return Pieces(tell, self.world.redact)

    async def _keep(self, candidate: Candidate, reply: ModelReply) -> ModelReply:
        text = self.world.redact(reply.text)
        if text != reply.text:
            reply = replace(reply, text=text)
        await self._store(candidate, reply)
        return reply

    async def _store(self, candidate: Candidate, reply: ModelReply) -> None:
        if self.ledger is not None and reply.origin != "deterministic":
            await self.ledger.put(self.run, candidate.key, candidate.request.call_id, reply)

    def _tell_reused(self, candidate: Candidate, run: str) -> None:
        self.publish(
            EventType.MODEL_CALL_REUSED,
            call=candidate.request.call_id,
            backend=candidate.backend.provider.identity,
            run=run or self.run.partition("@")[0],
        )

    def _record(
        self,
        ask: Ask,
        candidate: Candidate,
        reply: ModelReply | None,
        run: str = "",
        failure: ErrorRecord | None = None,
    ) -> CallRecord:
        fingerprints: dict[str, Any] = ask.fingerprints
        return CallRecord(
            id=candidate.request.call_id,
            key=candidate.key,
            backend=candidate.backend.provider.identity,
            fingerprints=fingerprints,
            request=candidate.request,
            reply=reply,
            error=failure,
            reused_from=run,
        )
