"""Stands at the gates of one run: asks policies, people and what people have said before."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from fcc._sync import in_thread
from fcc.agents import Unit
from fcc.errors import ConfigError
from fcc.messaging import EventType
from fcc.simulation import gates
from fcc.simulation.calls import Publish
from fcc.simulation.gates import Approver, Gate, GateQuestion
from fcc.simulation.prompting import World
from fcc.simulation.record import Approval, GateRecord, StepRecord, StepStatus

_STATUS: dict[str, StepStatus] = {"open": "completed", "closed": "closed", "waiting": "waiting"}
"""What a gate's decision makes of its step."""


class Gatekeeper:
    """Decides at each gate of a run."""

    def __init__(
        self,
        gate: Gate | None,
        approver: Approver | None,
        approvals: Iterable[Approval],
        publish: Publish,
        now: Callable[[], str],
        *,
        waits: bool,
    ) -> None:
        self.approvals = list(approvals)
        """What people have said, and what they say while the run goes on."""
        self._gate = gate
        self._approver = approver
        self._publish = publish
        self._now = now
        self._waits = waits

    async def decide(self, world: World, unit: Unit) -> StepRecord:
        """The record of a gate: open, closed, or waiting for a person who is not there.

        Raises:
            ConfigError: nothing was given that decides.
        """
        if self._gate is None:
            raise ConfigError(
                f"the chain has a gate, {unit.name!r}, and nothing was given that decides",
                hint="Give the runner a gate, such as fcc.collaboration.PolicyGate().",
            )
        question = gates.question_at(world, unit)
        ruling = self._gate.rule(question)
        if ruling.outcome != "ask":
            decided = gates.by_policy(question, ruling, self._now())
        else:
            approval = self._standing(question) or await self._ask(question)
            decided = gates.by_person(question, approval) if approval else gates.undecided(question, ruling)
        self._tell(unit, decided)
        now = self._now()
        return StepRecord(
            unit.name,
            "",
            _STATUS[decided.decision],
            now,
            now,
            gate=decided,
            step=unit.step,
            environment=unit.environment,
        )

    def _standing(self, question: GateQuestion) -> Approval | None:
        """What has been said on this very evidence; what was said on other evidence lapses."""
        approval, lapsed = gates.standing(self.approvals, question)
        for old in lapsed:
            self._publish(
                EventType.APPROVAL_LAPSED, gate=old.gate, by=old.by, at=old.at, evidence=old.evidence
            )
            self.approvals.remove(old)
        return approval

    async def _ask(self, question: GateQuestion) -> Approval | None:
        approver = self._approver
        if approver is None:
            return None
        answer = await in_thread(lambda: approver.ask(question)) if self._waits else approver.ask(question)
        if answer is None:
            return None
        approval = Approval(
            question.gate,
            answer.approved,
            answer.by,
            self._now(),
            question.evidence,
            answer.reason,
            answer.via,
        )
        self.approvals.append(approval)
        self._publish(EventType.APPROVAL_GIVEN, gate=question.gate, approved=answer.approved, by=answer.by)
        return approval

    def _tell(self, unit: Unit, decided: GateRecord) -> None:
        if decided.decision == "waiting":
            self._publish(
                EventType.APPROVAL_REQUESTED,
                gate=unit.name,
                question=decided.question,
                evidence=decided.evidence,
            )
            return
        self._publish(
            EventType.COLLABORATION_GATE_DECIDED,
            gate=unit.name,
            decision=decided.decision,
            ready=decided.decision == "open",
            by=decided.by,
            reason=decided.reason,
            evidence=decided.evidence,
        )
