"""Gates: what is asked of whoever decides, and what becomes of the answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from fcc.agents import GatePolicy, Policy, ReadinessPolicy, Unit
from fcc.agents.flow import Outcome
from fcc.agents.order import reach
from fcc.providers.keys import fingerprint
from fcc.simulation import facts
from fcc.simulation.record import Approval, GateRecord, StepRecord
from fcc.simulation.tiers import Halt, halts, not_run
from fcc.simulation.world import World


class GateQuestion(NamedTuple):
    """May the run go on here?"""

    gate: str
    steps: tuple[StepRecord, ...]
    """What the decision rests on, as it came out."""
    names: Mapping[str, Any]
    """`inputs`, `environment`, `events` and `outputs`, as expressions know them."""
    policy: Policy | None
    """By which it opens."""
    ready: ReadinessPolicy | None
    """By which the environment before it must be ready; None where there is none before."""
    approval: Policy | None
    """Decides in a person's place where it can."""
    question: str
    """What a person is asked; "" where nobody is."""
    names_of: Mapping[str, str]
    """What `policy` and `approval` are called in the chain."""
    evidence: str
    """SHA-256 of all that a decision may rest on."""
    halt: Halt | None = None
    """The broken hard stop that it rests on, at which no policy and no person may open it."""


class Ruling(NamedTuple):
    """What a policy says: open, closed, or that a person must say."""

    outcome: Outcome
    by: str = ""
    reason: str = ""


class Answer(NamedTuple):
    """What a person says."""

    approved: bool
    by: str
    reason: str = ""
    via: str = "terminal"


class Gate(Protocol):
    """Decides by policy; `collaboration` implements it."""

    def rule(self, question: GateQuestion) -> Ruling:
        """What the policies say."""
        ...


class Approver(Protocol):
    """Asks a person; the command implements it."""

    def ask(self, question: GateQuestion) -> Answer | None:
        """The person's answer; None where nobody is there, or they want to decide later."""
        ...


def question_at(world: World, unit: Unit) -> GateQuestion:
    """What a gate asks, now that what it needs has ended."""
    steps = tuple(world.done[name] for name in _rests_on(world, unit))
    common, behind = world.common(unit), _behind(world, unit)
    approve = unit.approve
    question = approve.question if approve is not None else ""
    ready = world.plan.readiness_of(unit.leaves) if unit.leaves else None
    approval = world.plan.gate_policy(approve.policy) if approve is not None else None
    rests_on: dict[str, Any] = {
        "gate": unit.name,
        "question": question,
        "names": common,
        "policies": [_plain(policy) for policy in (unit.gate, ready, approval)],
        "steps": [_evidence(step) for step in steps],
    }
    if _reads_outputs(unit.gate) or _reads_outputs(approval):
        rests_on["outputs"] = [_evidence(step) | {"data": step.data} for step in behind.values()]
    names = {**common, "outputs": facts.outputs(world.units, behind, unit.leaves or unit.environment)}
    names_of = {
        part: name
        for part, policy in (("policy", unit.gate), ("approval", approval))
        for name, known in world.plan.policies.items()
        if known is policy
    }
    return GateQuestion(
        unit.name,
        steps,
        names,
        unit.gate,
        ready,
        approval,
        question,
        names_of,
        fingerprint(rests_on),
        halts(world.units, world.done, unit),
    )


def _behind(world: World, unit: Unit) -> dict[str, StepRecord]:
    """All that a gate rests on, however far back, in the order of the plan."""
    names = set(reach({name: other.needs for name, other in world.units.items()}, unit.name))
    return {name: world.done[name] for name in world.units if name in names and name in world.done}


def _reads_outputs(policy: Policy | None) -> bool:
    """Whether a gate's rules ask for the output of one step or another."""
    if not isinstance(policy, GatePolicy):
        return False
    from fcc.agents.expression import parse

    return any(path[0] == "outputs" for rule in policy.rules for path in parse(rule.condition).names())


def _rests_on(world: World, unit: Unit) -> list[str]:
    """What a gate decides on: what it needs and, behind a gate that it needs, what that one has decided on."""
    found: dict[str, None] = {}
    for name in unit.needs:
        found[name] = None
        if world.units[name].is_gate:
            found |= dict.fromkeys(_rests_on(world, world.units[name]))
    return list(found)


def standing(approvals: Iterable[Approval], question: GateQuestion) -> tuple[Approval | None, list[Approval]]:
    """The newest approval that was given on this very evidence, and those that have lapsed."""
    of_gate = [approval for approval in approvals if approval.gate == question.gate]
    valid = [approval for approval in of_gate if approval.evidence == question.evidence]
    return (valid[-1] if valid else None), [approval for approval in of_gate if approval not in valid]


def by_policy(question: GateQuestion, ruling: Ruling, now: str) -> GateRecord:
    """A gate that a policy has decided."""
    decision = "open" if ruling.outcome == "allow" else "closed"
    return GateRecord(decision, question.evidence, ruling.by, now, ruling.reason, question.question)  # type: ignore[arg-type] # one of the two


def by_person(question: GateQuestion, approval: Approval) -> GateRecord:
    """A gate that a person has decided."""
    decision = "open" if approval.approved else "closed"
    return GateRecord(
        decision,  # type: ignore[arg-type] # one of the two
        question.evidence,
        approval.by,
        approval.at,
        approval.reason,
        question.question,
        approval.via,
    )


def undecided(question: GateQuestion, ruling: Ruling) -> GateRecord:
    """A gate at which a person must say."""
    return GateRecord("waiting", question.evidence, "", "", ruling.reason, question.question, "")


def refusals(steps: Sequence[StepRecord]) -> list[str]:
    """Why each closed gate is closed, and what was not run since a hard stop was broken, in words."""
    found = not_run(steps)
    for step in steps:
        if step.gate is not None and step.gate.decision == "closed":
            verb = "was refused by" if step.gate.via != "policy" else "is closed by"
            reason = f": {step.gate.reason}" if step.gate.reason else ""
            found.append(f"gate {step.name} {verb} {step.gate.by}{reason}")
    return found


def _plain(policy: Policy | None) -> Any:
    return policy.model_dump(mode="json") if policy is not None else None


def _evidence(step: StepRecord) -> dict[str, Any]:
    return {
        "name": step.name,
        "status": step.status,
        "output": fingerprint(step.output),
        "score": step.score,
        "findings": [
            [finding.rule, finding.severity, finding.message, finding.file, finding.line]
            for finding in step.findings
        ],
    }
