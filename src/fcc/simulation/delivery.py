"""What steps have delivered so far: what an assessor may hold an output against. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from fcc.agents import Unit
from fcc.simulation.artifacts import Artifact
from fcc.simulation.record import StepRecord
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

    @classmethod
    def of(cls, step: StepRecord) -> Delivery:
        """What a completed step has delivered."""
        return cls(step.name, step.task, step.output, step.artifacts, fits=step.data is not None)


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


def before(units: Mapping[str, Unit], done: Mapping[str, StepRecord], unit: Unit) -> list[StepRecord]:
    """The completed steps that a unit rests on, directly or not, in the order in which they ended.

    Where a step ran once for each of several items, none of them: they vary on purpose, and need not agree.
    """
    wanted, names = set(), list(unit.needs)
    while names:
        name = names.pop()
        if name not in wanted:
            wanted.add(name)
            names += units[name].needs
    return single(units, (record for name, record in done.items() if name in wanted))


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
        and items[units[record.name].environment, units[record.name].step] == 1
    ]


def differing(
    assessor: Assessor, resting_on: Sequence[StepRecord], own: Delivery, inputs: Mapping[str, Any]
) -> tuple[Finding, ...]:
    """What a step's files do not agree on with those that it rests on, and none of those steps says already."""
    known = {finding for step in resting_on for finding in step.findings}
    found = assessor.agree([*map(Delivery.of, resting_on), own], inputs)
    return tuple(finding for finding in found if finding not in known)


def disagreements(
    assessor: Assessor,
    units: Mapping[str, Unit],
    records: Sequence[StepRecord],
    inputs_in: Mapping[str, Mapping[str, Any]],
) -> tuple[Finding, ...]:
    """What does not agree between the steps of a run, environment by environment, and no step's findings say yet.

    Args:
        assessor: what compares.
        units: the run's units, by name.
        records: its steps.
        inputs_in: the inputs of each environment; `""` where there are none.
    """
    known = {finding for record in records for finding in record.findings}
    found: dict[Finding, None] = {}
    for environment, inputs in inputs_in.items():
        steps = single(units, (r for r in records if r.environment in {"", environment}))
        if len(steps) > 1:
            found |= dict.fromkeys(assessor.agree([Delivery.of(step) for step in steps], inputs))
    return tuple(finding for finding in found if finding not in known)


__all__ = ["Assessment", "Assessor", "Delivery", "before", "differing", "disagreements", "single"]
