"""What notices seeded defects, as text in at most 80 columns. Pure."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fcc.redaction import printable
from fcc.reports._layout import WIDTH, Paint, plain, wrapped
from fcc.simulation.verdict import said

if TYPE_CHECKING:
    from fcc.evaluations.mutation import MutationResult, MutationTable

_COLOUR = {"caught": "green", "seen": "yellow", "missed": "red", "not applied": "dim"}
_LONGEST = 30


def mutation_report(table: MutationTable, paint: Paint = plain) -> str:
    """Each defect with what noticed it, the counts by class, and what the gates say of a clean run."""
    width = min(_LONGEST, max((len(result.defect) for result in table.results), default=0))
    lines: list[str] = []
    for count in table.categories:
        lines += [paint(count.category, "bold")]
        lines += [
            line
            for result in table.results
            if result.category == count.category
            for line in _result(result, width, paint)
        ]
        lines.append("")
    lines += _clean(table, paint)
    lines += [f"{len(table.results)} seeded defects: {_counts(table)}"]
    return "\n".join(lines)


def mutation_json(table: MutationTable) -> dict[str, Any]:
    """The same as plain values."""
    return {
        "clean_decision": table.clean_decision,
        "false_alarms": [asdict(finding) for finding in table.false_alarms],
        "defects": [asdict(result) for result in table.results],
        "classes": [count._asdict() for count in table.categories],
    }


def _result(result: MutationResult, width: int, paint: Paint) -> list[str]:
    status = paint(f"{result.outcome:<11}", _COLOUR[result.outcome])
    by = ", ".join(result.caught_by)
    head = f"  {result.defect:<{width}}  {result.step:<14}  "
    room = WIDTH - len(head) - 13
    first = by if len(by) <= room else f"{by[: room - 1]}…"
    lines = [f"{head}{status}  {printable(first)}".rstrip()]
    if result.outcome != "caught":
        lines += wrapped(result.note or result.what, "      ")
    return lines


def _clean(table: MutationTable, paint: Paint) -> list[str]:
    alarms = table.false_alarms
    head = f"Without a defect: {table.clean_decision}"
    if not alarms:
        return [f"{head}, no false alarm"]
    lines = [paint(f"{head}, {len(alarms)} false alarm{'' if len(alarms) == 1 else 's'}", "yellow")]
    return lines + [line for finding in alarms for line in wrapped(said(finding), "  ", "  ")]


def _counts(table: MutationTable) -> str:
    names = {
        "caught": "caught",
        "seen": "seen (a warning only)",
        "missed": "missed",
        "not applied": "not applied",
    }
    counts = {name: len(table.of(name)) for name in ("caught", "seen", "missed", "not applied")}
    return ", ".join(f"{count} {names[name]}" for name, count in counts.items() if count or name == "caught")
