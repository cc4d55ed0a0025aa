"""How far a run has come through its environments, and what differs between them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from fcc.evaluations._meant import ENVIRONMENT, shown
from fcc.evaluations.environments import Difference, delivered_in, environments_of, variations
from fcc.simulation import Finding, RunRecord, StepRecord
from fcc.simulation.verdict import AreaStatus

Reads = AreaStatus | Literal["NOT REACHED", "NOT JUDGED"]


@dataclass(frozen=True, slots=True)
class Stage:
    """One environment of a run."""

    name: str
    entered: str
    """What let the run in, or did not: a policy, a person, `nobody was asked`."""
    score: float | None
    """The lowest of its steps'; None where one is missing."""
    errors: int
    warnings: int
    reads: Reads


@dataclass(frozen=True, slots=True)
class Varying:
    """An input that differs between environments, and where that shows."""

    name: str
    values: tuple[str, ...]
    """In each environment that was reached, in order."""
    files: int
    """How many files differ by it, in the environment where most do."""


@dataclass(frozen=True, slots=True)
class Unlike:
    """One place in which an environment differs from the one before it."""

    file: str
    line: int
    path: str
    """Within the file; "" for a line of a text."""
    before: str
    here: str
    by: tuple[str, ...]
    """The inputs that explain it; empty where it was not meant."""


@dataclass(frozen=True, slots=True)
class Promotion:
    """The environments of a run, in order."""

    stages: tuple[Stage, ...]
    inputs: tuple[Varying, ...]
    places: tuple[Unlike, ...]
    mixed_up: int = 0
    """In how many places a value of another environment stands."""

    @property
    def not_meant(self) -> int:
        """In how many places environments differ and no input explains it."""
        return sum(not place.by for place in self.places)

    def cleared(self, clear: Callable[[str], str]) -> Promotion:
        """The same with every value and place as `clear` leaves it."""
        return Promotion(
            self.stages,
            tuple(replace(item, values=tuple(map(clear, item.values))) for item in self.inputs),
            tuple(
                replace(
                    item,
                    file=clear(item.file),
                    path=clear(item.path),
                    before=clear(item.before),
                    here=clear(item.here),
                )
                for item in self.places
            ),
            self.mixed_up,
        )


def promotion_of(record: RunRecord) -> Promotion | None:
    """The environments of a run with what they came to; None for a run without any."""
    inputs_in = environments_of(record)
    if not inputs_in:
        return None
    delivered = delivered_in(record)
    found = variations(delivered, inputs_in)
    places = [_unlike(item) for variation in found for item in variation.differences]
    names = dict.fromkeys(name for variation in found for name in variation.inputs)
    files = {name: _files([item.differences for item in found], name) for name in names}
    inputs = [
        Varying(name, tuple(shown(inputs_in[stage].get(name)) for stage in delivered), files[name])
        for name in names
    ]
    stages = tuple(_stage(record, name) for name in inputs_in)
    findings = [*record.findings, *(finding for step in record.steps for finding in step.findings)]
    mixed = sum(finding.rule == "environment-mixed-up" for finding in findings)
    return Promotion(stages, tuple(inputs), tuple(places), mixed)


def _files(differences: Sequence[Sequence[Difference]], name: str) -> int:
    return max(
        (len({item.here.file for item in found if name in (item.by or ())}) for found in differences),
        default=0,
    )


def _unlike(item: Difference) -> Unlike:
    change = item.change
    return Unlike(
        item.here.file,
        item.here.line,
        change.path,
        change.before.text if change.before is not None else "",
        change.here.text if change.here is not None else "",
        tuple(sorted(item.by or ())),
    )


def _stage(record: RunRecord, name: str) -> Stage:
    steps = [step for step in record.steps if step.environment == name and step.gate is None and step.step]
    ran = [step for step in steps if step.counts]
    gate = next((step for step in record.steps if step.environment == name and not step.step), None)
    findings = [finding for step in steps for finding in step.findings]
    between = [finding for finding in record.findings if _is_in(finding, name)]
    scores = [step.score for step in ran]
    known = [score for score in scores if score is not None]
    severities = [finding.severity for finding in [*findings, *between]]
    score = min(known) if known and len(known) == len(scores) else None
    reads = _reads(record, ran, between)
    errors, warnings = severities.count("error"), severities.count("warning")
    return Stage(name, _entered(gate, reached=bool(ran)), score, errors, warnings, reads)


def _is_in(finding: Finding, environment: str) -> bool:
    """Whether a finding between steps is about a file or an output of an environment."""
    return finding.file.startswith((f"artifacts/{environment}.", f"outputs/{environment}."))


def _reads(record: RunRecord, ran: Sequence[StepRecord], between: Sequence[Finding]) -> Reads:
    if not ran:
        return "NOT REACHED"
    if record.verdict is None:
        return "NOT JUDGED"
    names = {step.name for step in ran}
    found = {area.status for area in record.verdict.areas if area.area in names}
    if "NEEDS WORK" in found or any(finding.severity == "error" for finding in between):
        return "NEEDS WORK"
    return "NO VERDICT" if "NO VERDICT" in found else "READY"


def _entered(gate: StepRecord | None, *, reached: bool) -> str:
    if gate is None:
        return "nobody was asked" if reached else ""
    if gate.gate is None:
        return ""
    if gate.gate.decision == "waiting":
        return "waits for a person"
    return f"{'refused by ' if gate.gate.decision == 'closed' else ''}{gate.gate.by}"


__all__ = ["ENVIRONMENT", "Promotion", "Stage", "Unlike", "Varying", "promotion_of"]
