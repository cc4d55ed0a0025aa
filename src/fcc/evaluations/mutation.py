"""Mutation testing of gates: defects are seeded on purpose, to see which of them anything notices. Pure.

The defects were chosen, not drawn, so that the share which is caught says nothing about defects in general: what is
given is counts, and each result.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from fcc.errors import ConfigError
from fcc.simulation import Finding, RunRecord
from fcc.simulation.verdict import Decision

if TYPE_CHECKING:
    from fcc.providers.deterministic.defects import Defect

Outcome = Literal["caught", "seen", "missed", "not applied"]
"""`caught`: an error, or a verdict that does not approve, that the clean run does not have. `seen`: a warning or advice
only. `not applied`: the run's outputs are those of the clean run, so that there was nothing to catch."""


@dataclass(frozen=True, slots=True)
class MutationResult:
    """What became of one seeded defect."""

    defect: str
    category: str
    step: str
    """The step of the built-in chain whose reply it spoils."""
    what: str
    """What was wrong, in one sentence."""
    outcome: Outcome
    caught_by: tuple[str, ...]
    """The rules whose findings the clean run does not have, of the highest severity there is; the error codes of steps
    that no model answered; `score` where only the score fell. Each once, sorted."""
    verdict: Decision
    """The decision on the run with the defect."""
    note: str = ""
    """Why it was not caught, where that is known."""


class CategoryCount(NamedTuple):
    """How the defects of one category fared."""

    category: str
    caught: int
    seen: int
    missed: int
    not_applied: int


@dataclass(frozen=True, slots=True)
class MutationTable:
    """Every seeded defect, and what the gates say of a run without any."""

    results: tuple[MutationResult, ...]
    false_alarms: tuple[Finding, ...]
    """The errors and warnings on the clean run."""
    clean_decision: Decision

    @property
    def categories(self) -> tuple[CategoryCount, ...]:
        """The counts by category, in alphabetical order."""
        counts = Counter((result.category, result.outcome) for result in self.results)
        return tuple(
            CategoryCount(
                name,
                counts[name, "caught"],
                counts[name, "seen"],
                counts[name, "missed"],
                counts[name, "not applied"],
            )
            for name in sorted({result.category for result in self.results})
        )

    def of(self, *outcomes: Outcome) -> tuple[MutationResult, ...]:
        """The results with one of these outcomes."""
        return tuple(result for result in self.results if result.outcome in outcomes)


def mutate(
    defects: Iterable[Defect],
    run_cell: Callable[[str], RunRecord],
    evaluate: Callable[[RunRecord], Iterable[Finding]],
) -> MutationTable:
    """Which of the defects are noticed.

    `run_cell` runs the chain with the defect of an id seeded, and with none for ""; that run comes first. `evaluate`
    gives every finding on a record. A `ConfigError` from a cell with a defect means that it does not apply.

    Raises:
        FccError: whatever `run_cell` and `evaluate` raise, but for that.
    """
    record = run_cell("")
    clean = _Cell(record, tuple(evaluate(record)))
    alarms = tuple(finding for finding in clean.findings if finding.severity != "advice")
    results = tuple(_result(defect, clean, run_cell, evaluate) for defect in defects)
    return MutationTable(results, alarms, clean.decision)


class _Cell(NamedTuple):
    record: RunRecord
    findings: tuple[Finding, ...]

    @property
    def decision(self) -> Decision:
        return self.record.verdict.decision if self.record.verdict is not None else "NO VERDICT"

    @property
    def came_to(self) -> dict[str, tuple[str, str]]:
        """What became of each step, and its output."""
        return {step.name: (step.status, step.output) for step in self.record.steps}


def _result(
    defect: Defect,
    clean: _Cell,
    run_cell: Callable[[str], RunRecord],
    evaluate: Callable[[RunRecord], Iterable[Finding]],
) -> MutationResult:
    try:
        record = run_cell(defect.id)
    except ConfigError as refused:
        return MutationResult(
            defect.id,
            defect.category,
            defect.step,
            defect.what,
            "not applied",
            (),
            clean.decision,
            refused.message,
        )
    cell = _Cell(record, tuple(evaluate(record)))
    outcome, by = _noticed(cell, clean)
    note = "" if outcome == "caught" else defect.note
    if outcome == "not applied":
        note = "no step of this run delivers what it spoils"
    return MutationResult(
        defect.id, defect.category, defect.step, defect.what, outcome, by, cell.decision, note
    )


def _noticed(cell: _Cell, clean: _Cell) -> tuple[Outcome, tuple[str, ...]]:
    if cell.came_to == clean.came_to:
        return "not applied", ()
    new = _new(cell.findings, clean.findings)
    errors = _rules(finding for finding in new if finding.severity == "error")
    if errors:
        return "caught", errors
    below = _rules(finding for finding in new if finding.severity == "warning") or _rules(new)
    if cell.decision not in {"APPROVED", clean.decision}:
        failed = {step.error.code for step in cell.record.steps if step.unanswered and step.error is not None}
        return "caught", tuple(sorted(failed)) or below or ("score",)
    return ("seen", below) if below else ("missed", ())


def _new(found: Iterable[Finding], known: Iterable[Finding]) -> list[Finding]:
    """The findings of a rule on a file that are more than it had before; line and wording of one may have changed."""
    left = Counter(map(_key, known))
    new = []
    for finding in found:
        if left[_key(finding)] > 0:
            left[_key(finding)] -= 1
        else:
            new.append(finding)
    return new


def _key(finding: Finding) -> tuple[str, str]:
    return finding.rule, finding.file


def _rules(findings: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(sorted({finding.rule for finding in findings}))
