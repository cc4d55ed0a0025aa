"""What broken rules of constitutions come to in a run: findings by tier, halted steps, lower scores. Pure.

`fcc.evaluations.constitutions` finds what is broken; here is only what follows from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from fcc.agents import Unit
from fcc.simulation.record import HALTED, StepRecord
from fcc.simulation.verdict import Finding

HARD_STOP: Final = "hard-stop-"
MANDATORY: Final = "mandatory-"
PREFERRED: Final = "preferred-"
"""With what the rule of a finding begins that says that a rule of a constitution is broken, by its tier."""
TIERS: Final = (HARD_STOP, MANDATORY, PREFERRED)

PREFERRED_COSTS: Final = 0.05
"""What each preferred rule that is broken takes from the score of its step. It is our own choice: eleven of them bring
a text that scores 1 under the 0.5 that approval asks for by default."""


class Halt(NamedTuple):
    """Why something rests on a broken hard stop."""

    step: str
    """The step in whose findings it is."""
    rule: str
    """The finding's rule."""

    def __str__(self) -> str:
        return f"{self.step} broke a hard stop ({self.rule})"


def broken(findings: Iterable[Finding], tier: str) -> list[Finding]:
    """The findings that say that a rule of that tier is broken, without those that are waived."""
    return [finding for finding in findings if finding.rule.startswith(tier) and finding.severity != "advice"]


def by_tier(findings: Iterable[Finding]) -> dict[str, int]:
    """How many findings of each tier there are, by the names that expressions know: `hard_stops` and so on."""
    known = tuple(findings)
    tiers = {"hard_stops": HARD_STOP, "mandatory": MANDATORY, "preferred": PREFERRED}
    return {name: len(broken(known, tier)) for name, tier in tiers.items()}


def lowered(score: float | None, step: str, findings: Iterable[Finding]) -> float | None:
    """A step's score less what its broken preferred rules cost, each once, and not under 0."""
    if score is None:
        return None
    rules = {item.rule for item in broken(findings, PREFERRED) if is_of(step, item.file)}
    return max(0.0, score - PREFERRED_COSTS * len(rules)) if rules else score


def is_of(step: str, file: str) -> bool:
    """Whether a file of a run, or an output, is that step's."""
    return file == f"outputs/{step}.md" or file.startswith(f"artifacts/{step}/")


def halt_of(step: StepRecord) -> Halt | None:
    """The first hard stop that a step has broken; None where it has not."""
    found = broken(step.findings, HARD_STOP)
    return Halt(step.name, found[0].rule) if found else None


def halts(units: Mapping[str, Unit], done: Mapping[str, StepRecord], unit: Unit) -> Halt | None:
    """The first broken hard stop that a unit rests on, also by way of what was skipped; None where it rests on none."""
    names, seen = list(unit.needs), set[str]()
    while names:
        name = names.pop(0)
        if name in seen:
            continue
        seen.add(name)
        if (halt := halt_of(done[name])) is not None:
            return halt
        if done[name].status == "skipped":
            names += units[name].needs
    return None


def was_halted(step: StepRecord) -> bool:
    """Whether a step was not run, since it rests on a broken hard stop."""
    return step.status == "skipped" and step.error is not None and step.error.code == HALTED


def not_run(steps: Iterable[StepRecord]) -> list[str]:
    """What was not run since a hard stop was broken, in words: one sentence for each reason."""
    by_reason: dict[str, list[str]] = {}
    for step in steps:
        if was_halted(step) and step.error is not None:
            by_reason.setdefault(step.error.message, []).append(step.name)
    return [f"{', '.join(names)} not run: {reason}" for reason, names in by_reason.items()]
