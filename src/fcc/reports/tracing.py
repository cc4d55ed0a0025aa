"""Which step covers what was asked for, and what hand-offs lose, as text in at most 80 columns. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fcc.redaction import printable
from fcc.reports._layout import WIDTH, Paint, plain, wrapped

if TYPE_CHECKING:
    from fcc.evaluations.handoffs import HandoffComparison, StrategyResult
    from fcc.evaluations.tracing import Matrix, TraceCell, TracedRequirement

_SIGN = {"covered": "yes", "not covered": "no", "lost": "lost", "not run": "–"}
_COLOUR = {"covered": "green", "not covered": "yellow", "lost": "red", "not run": "dim"}
_ITEM_AT_LEAST = 24


def matrix_report(matrix: Matrix, paint: Paint = plain) -> str:
    """A row for each requirement, a column for each later step; below, what is covered nowhere, and where it got lost."""
    if not matrix.rows:
        return "Nothing was asked for in a form that can be traced: write lists, or give ids (US-1)."
    widths = [max(len(step), 4) for step in matrix.steps]
    ids = max(len(row.id) for row in matrix.rows)
    room = max(_ITEM_AT_LEAST, WIDTH - ids - sum(widths) - 2 * (len(widths) + 1))
    head = "  ".join(f"{step:<{width}}" for step, width in zip(matrix.steps, widths, strict=True))
    lines = [f"Asked for in {paint(matrix.source, 'bold')}", "", f"{'':<{ids + 2 + room}}  {head}".rstrip()]
    for row, cells in zip(matrix.rows, matrix.cells, strict=True):
        signs = "  ".join(_sign(cell, width, paint) for cell, width in zip(cells, widths, strict=True))
        lines.append(f"{row.id:<{ids}}  {_cut(row.text, room):<{room}}  {signs}".rstrip())
    return "\n".join([*lines, "", *_lost(matrix), _summary(matrix)])


def matrix_json(matrix: Matrix) -> dict[str, Any]:
    """The same as plain values."""
    return {
        "source": matrix.source,
        "steps": list(matrix.steps),
        "requirements": [
            {**asdict(row), "cells": [_cell_json(cell) for cell in cells]}
            for row, cells in zip(matrix.rows, matrix.cells, strict=True)
        ],
    }


def _cell_json(cell: TraceCell) -> dict[str, Any]:
    return {
        "step": cell.step,
        "status": cell.status,
        "place": cell.place._asdict() if cell.place is not None else None,
        "lost_at": list(cell.lost_at) if cell.lost_at is not None else None,
        "seen": cell.seen,
    }


def _sign(cell: TraceCell, width: int, paint: Paint) -> str:
    said = _SIGN[cell.status]
    return paint(said, _COLOUR[cell.status]) + " " * (width - len(said))


def _cut(text: str, room: int) -> str:
    said = printable(" ".join(text.split()))
    return said if len(said) <= room else f"{said[: room - 1]}…"


def _lost(matrix: Matrix) -> list[str]:
    """Where hand-offs dropped what the next step then did not cover."""
    dropped: dict[tuple[str, str], list[str]] = {}
    for cell in matrix.lost:
        if cell.lost_at is not None:
            names = dropped.setdefault(cell.lost_at, [])
            names += [cell.requirement] if cell.requirement not in names else []
    return [
        line
        for (source, target), names in dropped.items()
        for line in wrapped(f"lost from {source} to {target}: {', '.join(names)}", "", "  ")
    ]


def _summary(matrix: Matrix) -> str:
    def named(rows: Sequence[TracedRequirement]) -> str:
        return ", ".join(row.id for row in rows)

    covered = len(matrix.rows) - len(matrix.uncovered)
    text = f"{covered} of {len(matrix.rows)} are covered by a later step"
    return "\n".join(wrapped(f"{text}; not: {named(matrix.uncovered)}" if matrix.uncovered else text, ""))


def handoffs_text(found: Sequence[HandoffComparison], paint: Paint = plain) -> str:
    """For each hand-off, what each way to cut keeps of what was asked for and stated."""
    if not found:
        return "This run handed nothing on."
    lines: list[str] = []
    for comparison in found:
        title = f"{comparison.source} to {comparison.target}"
        lines.append(f"{paint(title, 'bold')}: {comparison.budget:,} of {comparison.total:,} characters")
        lines += [_strategy(result, paint) for result in comparison.strategies]
        lines += _gained(comparison)
        lines.append("")
    return "\n".join(
        [*lines, "Tokens are estimated. What the next step would have needed is not known here."]
    )


def _strategy(result: StrategyResult, paint: Paint) -> str:
    total = len(result.kept) + len(result.lost)
    marks = [mark for mark, holds in (("used", result.used), ("best", result.best)) if holds]
    code = "cuts a code block" if result.cuts_code else ""
    kept = f"{len(result.kept):>3} of {total} kept"
    said = ", ".join(filter(None, (*marks, code)))
    line = f"  {result.strategy:<14}{result.tokens:>6,} tokens  {kept:<15}  {said}".rstrip()
    return paint(line, "green") if result.best else line


def _gained(comparison: HandoffComparison) -> list[str]:
    """What the best way keeps that the one used does not."""
    used = comparison.used
    if used is None or used.best:
        return []
    names = [item.name for item in comparison.best.kept if item in used.lost]
    return (
        wrapped(f"{comparison.best.strategy} would have kept {', '.join(names)}", "    ", "  ")
        if names
        else []
    )


def handoffs_json(found: Sequence[HandoffComparison]) -> list[dict[str, Any]]:
    """The same as plain values."""
    return [
        {
            **asdict(comparison),
            "strategies": [{**asdict(result), "recall": result.recall} for result in comparison.strategies],
        }
        for comparison in found
    ]
