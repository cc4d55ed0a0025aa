"""What steps have delivered so far: what an assessor may hold an output against. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from fcc.agents import Unit
from fcc.simulation.artifacts import Artifact
from fcc.simulation.record import StepRecord
from fcc.simulation.tiers import TIERS, is_of, lowered
from fcc.simulation.verdict import Finding


class Delivery(NamedTuple):
    """One step's output with its files, and what it was asked for."""

    step: str
    """As the record names it, with environment and item."""
    task: str
    output: str
    artifacts: tuple[Artifact, ...]
    fits: bool = False
    """Whether it had to fit a JSON Schema, and does: then no score of its text says more."""
    persona: str = ""
    """By whose constitution it is judged; "" for nobody's."""

    @classmethod
    def of(cls, step: StepRecord) -> Delivery:
        """What a completed step has delivered."""
        return cls(
            step.name, step.task, step.output, step.artifacts, step.data is not None, persona=step.persona
        )


class Assessment(NamedTuple):
    """What an assessor says of one step."""

    score: float | None
    """From 0 to 1; None where something that had to be checked could not be, and `unchecked` says what."""
    findings: tuple[Finding, ...] = ()
    unchecked: tuple[str, ...] = ()
    """What could not be checked, and why."""


class Assessor(Protocol):
    """Judges outputs; `evaluations` implements it."""

    def assess(self, own: Delivery) -> Assessment:
        """The score and the findings of one output by itself."""
        ...

    def agree(self, delivered: Sequence[Delivery], inputs: Mapping[str, Any]) -> tuple[Finding, ...]:
        """What does not agree between the files of several steps, or with the inputs."""
        ...

    def vary(
        self, delivered: Mapping[str, Sequence[Delivery]], inputs_in: Mapping[str, Mapping[str, Any]]
    ) -> tuple[Finding, ...]:
        """What differs between environments, in their order, and should not; or should, and does not."""
        ...


def before(units: Mapping[str, Unit], done: Mapping[str, StepRecord], unit: Unit) -> list[StepRecord]:
    """The completed steps that a unit rests on, directly or not, in the order in which they ended.

    Those of another environment are left out, and where a step ran once for each of several items, all of them: they
    vary on purpose, and need not agree.
    """
    wanted, names = set(), list(unit.needs)
    while names:
        name = names.pop()
        if name not in wanted:
            wanted.add(name)
            names += units[name].needs
    here = (name for name in done if name in wanted and units[name].environment in {"", unit.environment})
    return single(units, (done[name] for name in here))


def single(units: Mapping[str, Unit], records: Iterable[StepRecord]) -> list[StepRecord]:
    """The completed steps among these that ran once in their environment, gates left out."""
    items: dict[tuple[str, str], int] = {}
    for unit in units.values():
        items[unit.environment, unit.step] = items.get((unit.environment, unit.step), 0) + 1
    return [
        record
        for record in records
        if record.status == "completed"
        and record.gate is None
        and not record.rehearsal
        and items[units[record.name].environment, units[record.name].step] == 1
    ]


class Earlier(NamedTuple):
    """What a step has delivered in the environments before its own."""

    environment: str
    """The step's own."""
    delivered: Mapping[str, Sequence[Delivery]]
    inputs_in: Mapping[str, Mapping[str, Any]]
    """The inputs of every environment, in order."""


def earlier(
    units: Mapping[str, Unit],
    done: Mapping[str, StepRecord],
    unit: Unit,
    inputs_in: Mapping[str, Mapping[str, Any]],
) -> Earlier | None:
    """What the step of a unit has delivered in earlier environments; None for one that is in none."""
    if not unit.environment:
        return None
    order = tuple(inputs_in)
    place = (unit.step, unit.item)
    found = {
        environment: [
            Delivery.of(done[name])
            for name, other in units.items()
            if other.environment == environment
            and (other.step, other.item) == place
            and name in done
            and done[name].status == "completed"
        ]
        for environment in order[: order.index(unit.environment)]
    }
    return Earlier(unit.environment, {name: held for name, held in found.items() if held}, inputs_in)


def judged(
    assessor: Assessor,
    resting_on: Sequence[StepRecord],
    own: Delivery,
    inputs: Mapping[str, Any],
    before: Earlier | None = None,
) -> Assessment:
    """What an assessor says of one output, by itself and next to what it rests on, but for what those steps say already.

    So with what the step has delivered in earlier environments. Preferred rules of its persona that are broken lower its
    score.
    """
    alone = assessor.assess(own)
    known = [*alone.findings, *(finding for step in resting_on for finding in step.findings)]
    differing = _new(assessor.agree([*map(Delivery.of, resting_on), own], inputs), known)
    found = (*alone.findings, *differing)
    if before is not None:
        varied = assessor.vary({**before.delivered, before.environment: [own]}, before.inputs_in)
        found += tuple(finding for finding in varied if is_of(own.step, finding.file))
    return alone._replace(score=lowered(alone.score, own.step, found), findings=found)


def _new(findings: Iterable[Finding], known: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings that are not known yet, each once; that a rule of a constitution is broken in a file is said once."""
    seen = {_once(finding) for finding in known}
    new: dict[object, Finding] = {}
    for finding in findings:
        if (key := _once(finding)) not in seen:
            new.setdefault(key, finding)
    return tuple(new.values())


def _once(finding: Finding) -> object:
    return (finding.rule, finding.file) if finding.rule.startswith(TIERS) else finding


def disagreements(
    assessor: Assessor,
    units: Mapping[str, Unit],
    records: Sequence[StepRecord],
    inputs_in: Mapping[str, Mapping[str, Any]],
) -> tuple[Finding, ...]:
    """What does not agree between the steps of a run, environment by environment and between these, and no step says yet.

    Args:
        assessor: what compares.
        units: the run's units, by name.
        records: its steps.
        inputs_in: the inputs of each environment; `""` where there are none.
    """
    known = [finding for record in records for finding in record.findings]
    found: list[Finding] = []
    for environment, inputs in inputs_in.items():
        steps = single(units, (r for r in records if r.environment in {"", environment}))
        if len(steps) > 1:
            found += assessor.agree([Delivery.of(step) for step in steps], inputs)
    if delivered := _by_environment(records, inputs_in):
        found += assessor.vary(delivered, inputs_in)
    return _new(found, known)


def _by_environment(
    records: Sequence[StepRecord], environments: Iterable[str]
) -> dict[str, tuple[Delivery, ...]]:
    """What the environments that were reached have delivered."""
    found = {
        name: tuple(
            Delivery.of(record)
            for record in records
            if record.environment == name and record.status == "completed" and record.gate is None
        )
        for name in environments
        if name
    }
    return {name: delivered for name, delivered in found.items() if delivered}


__all__ = ["Assessment", "Assessor", "Delivery", "before", "disagreements", "earlier", "judged", "single"]
