"""What other ways to cut a hand-off would have kept, on a finished run and without a model.

Every strategy gets the budget that the run's own cut had. What is counted is what survives: ids, facts (`Key: value`)
and what the first step was asked for. Whether the next step would have needed it is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from fcc.evaluations._cuts import STRATEGIES, Cut, cuts_code, tokens
from fcc.evaluations._request import in_code, materials
from fcc.evaluations.tracing import Text, TracedRequirement, numbered, traced
from fcc.simulation.record import HandoffRecord, RunRecord, StepRecord

_FACT = re.compile(r"\s*(?:[-*+]\s+)?\**([A-Za-z][\w /-]{0,40})\**:\**\s+(\S.*)$")
_MOST_FACTS = 200


@dataclass(frozen=True, slots=True)
class HandoffItem:
    """Something in an output that may get lost."""

    kind: Literal["requirement", "id", "fact"]
    name: str
    """The requirement's id, the id, or the fact's key."""
    text: str


@dataclass(frozen=True, slots=True)
class StrategyResult:
    """What one way to cut would have kept."""

    strategy: str
    """`head`, `head and tail`, `sections` or `tokens`."""
    characters: int
    tokens: int
    """Estimated: each model counts in its own way."""
    kept: tuple[HandoffItem, ...]
    lost: tuple[HandoffItem, ...]
    cuts_code: bool
    """Whether a code block is cut in the middle."""
    used: bool = False
    best: bool = False
    """Keeps the most; of those that keep as much, one that cuts no code block, then the shortest, then the one used."""

    @property
    def recall(self) -> float | None:
        """The share of items that survive, from 0 to 1; None where there are none."""
        total = len(self.kept) + len(self.lost)
        return len(self.kept) / total if total else None


@dataclass(frozen=True, slots=True)
class HandoffComparison:
    """One hand-off of a run, cut in every way."""

    source: str
    target: str
    total: int
    """Characters in the whole output."""
    budget: int
    """Characters that the run handed on, and that every strategy may keep."""
    strategies: tuple[StrategyResult, ...]

    @property
    def used(self) -> StrategyResult | None:
        """The one that the run used; None where it used another one than these."""
        return next((result for result in self.strategies if result.used), None)

    @property
    def best(self) -> StrategyResult:
        """The one that keeps the most."""
        return next(result for result in self.strategies if result.best)


def handoff_report(record: RunRecord) -> tuple[HandoffComparison, ...]:
    """Every hand-off of a run, in order, cut in every way that there is; of a source without an output, none."""
    steps = {step.name: step for step in record.steps}
    first = next((step for step in record.steps if step.gate is None and step.calls), None)
    rows = traced(first.task, first.output) if first is not None else ()
    found = []
    for step in record.steps:
        for handoff in step.handoffs:
            source = steps.get(handoff.source)
            if source is not None and source.output:
                found.append(_compare(source, step, handoff, rows))
    return tuple(found)


def _compare(
    source: StepRecord, target: StepRecord, handoff: HandoffRecord, rows: Sequence[TracedRequirement]
) -> HandoffComparison:
    output = source.output
    whole = Text(output)
    wanted = [row for row in rows if whole.speaks_of(row)]
    named = {given for row in rows for given in row.given_ids}
    wanted += [
        TracedRequirement(given, text, "output", line)
        for given, text, line in numbered(output)
        if given not in named
    ]
    asked = {row.id for row in rows}
    handed = _handed(source, target, handoff)
    cuts = {name: cut(output, handoff.kept) for name, cut in STRATEGIES.items()}
    used = next((name for name, cut in cuts.items() if cut.text == handed), "")
    facts = _facts(output)
    results = []
    for name, cut in cuts.items():
        text = Text(cut.text)
        items = [
            (HandoffItem("requirement" if row.id in asked else "id", row.id, row.text), text.speaks_of(row))
            for row in wanted
        ]
        lines = set(cut.text.split("\n"))
        items += [(fact, line in lines) for fact, line in facts]
        results.append(_result(name, output, cut, items, used=used))
    best = max(results, key=_rank)
    marked = tuple(replace(result, best=result is best) for result in results)
    return HandoffComparison(source.name, target.name, len(output), handoff.kept, marked)


def _result(
    name: str, output: str, cut: Cut, items: Sequence[tuple[HandoffItem, bool]], *, used: str
) -> StrategyResult:
    return StrategyResult(
        name,
        len(cut.text),
        tokens(cut.text),
        tuple(item for item, survives in items if survives),
        tuple(item for item, survives in items if not survives),
        cuts_code(output, cut),
        used=name == used,
    )


def _rank(result: StrategyResult) -> tuple[int, bool, int, bool]:
    return len(result.kept), not result.cuts_code, -result.characters, result.used


def _handed(source: StepRecord, target: StepRecord, handoff: HandoffRecord) -> str:
    """The text that the step was sent; where its request does not show it, the start of the output, as long."""
    sent = [text for name, text in materials(target.task) if name == source.name]
    return next((text for text in sent if len(text) == handoff.kept), source.output[: handoff.kept])


def _facts(output: str) -> list[tuple[HandoffItem, str]]:
    """The facts of an output, each key once, with the line that says it."""
    lines = output.split("\n")
    found: dict[str, tuple[HandoffItem, str]] = {}
    for line, code in zip(lines, in_code(lines), strict=True):
        match = None if code else _FACT.match(line[:500])
        if match is not None and len(found) < _MOST_FACTS:
            key = match[1].strip()
            found.setdefault(key, (HandoffItem("fact", key, match[2][:300]), line))
    return list(found.values())


__all__ = ["HandoffComparison", "HandoffItem", "StrategyResult", "handoff_report"]
