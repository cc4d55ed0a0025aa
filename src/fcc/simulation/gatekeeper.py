"""Stands at the gates of one run: asks policies, people and what people have said before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from fcc.agents import Unit
from fcc.errors import ConfigError
from fcc.messaging import EventType
from fcc.simulation import gates
from fcc.simulation.calls import Publish
from fcc.simulation.gates import Approver, Gate, GateQuestion, Ruling
from fcc.simulation.record import Approval, GateRecord, StepRecord, StepStatus
from fcc.simulation.world import World

_STATUS: dict[str, StepStatus] = {"open": "completed", "closed": "closed", "waiting": "waiting"}
"""What a gate's decision makes of its step."""


class Gatekeeper:
    """Decides at each gate of a run."""

    def __init__(
        self,
        gate: Gate | None,
        approver: Approver | None,
        approvals: Iterable[Approval],
        decided: Mapping[str, StepRecord],
        publish: Publish,
        now: Callable[[], str],
    ) -> None:
        self.approvals = list(approvals)
        """What people have said, and what they say while the run goes on."""
        self._gate = gate
        self._decided = decided
        """The gates that an earlier part of the same run has come to, by name."""
        self._approver = approver
        self._publish = publish
        self._now = now

    def decide(self, world: World, unit: Unit) -> StepRecord | None:
        """The record of a gate that policy, or what people have said before, decides; None where a person is to be asked.

        Where nobody is there to ask, the record says that the gate waits.

        Raises:
            ConfigError: nothing was given that decides.
        """
        if self._gate is None:
            raise ConfigError(
                f"the chain has a gate, {unit.name!r}, and nothing was given that decides",
                hint="Give the runner a gate, such as fcc.collaboration.PolicyGate().",
            )
        question = gates.question_at(world, unit)
        before = self._decided.get(unit.name)
        if before is not None and before.gate is not None and _stands(before.gate, question):
            self._publish(EventType.STEP_RESTORED, step=unit.name, persona="")
            return before
        ruling = self._gate.rule(question)
        if ruling.outcome != "ask":
            return self._record(unit, gates.by_policy(question, ruling, self._now()))
        approval = self._standing(question)
        if approval is not None:
            return self._record(unit, gates.by_person(question, approval))
        return None if self._approver is not None else self._record(unit, gates.undecided(question, ruling))

    def ask(self, world: World, unit: Unit) -> StepRecord:
        """The record of a gate at which a person is asked; it waits where they want to decide later."""
        question = gates.question_at(world, unit)
        answer = self._approver.ask(question) if self._approver is not None else None
        if answer is None:
            return self._record(unit, gates.undecided(question, Ruling("ask")))
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
        return self._record(unit, gates.by_person(question, approval))

    def _standing(self, question: GateQuestion) -> Approval | None:
        """What has been said on this very evidence; what was said on other evidence lapses."""
        approval, lapsed = gates.standing(self.approvals, question)
        for old in lapsed:
            self._publish(
                EventType.APPROVAL_LAPSED, gate=old.gate, by=old.by, at=old.at, evidence=old.evidence
            )
            self.approvals.remove(old)
        return approval

    def _record(self, unit: Unit, decided: GateRecord) -> StepRecord:
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


def _stands(before: GateRecord, question: GateQuestion) -> bool:
    """Whether a decision of an earlier part of the run holds: it was taken, and on this very evidence."""
    return before.decision != "waiting" and before.evidence == question.evidence
