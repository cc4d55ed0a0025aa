"""What a rehearsal came to, in Markdown and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fcc.evaluations.rehearsal._outcome import Outcome
    from fcc.simulation import Finding

_LONGEST = 200


def as_data(outcomes: Sequence[Outcome], *, is_whole: bool = True) -> dict[str, Any]:
    """The outcomes for conditions and gates, times in seconds; not whole where a scenario could not be read."""
    recovered = [item.recovered_after for item in outcomes if item.recovered_after is not None]
    known = [_restored(item) for item in outcomes]
    restored = False if False in known or not known else None if None in known or not is_whole else True
    return {
        "restored": restored,
        "time_to_recover": max(recovered) if restored and recovered else None,
        "scenarios": {
            item.scenario.name: {
                "alert": item.alert or None,
                "detected_after": item.detected_after,
                "action": item.action or None,
                "commands": item.commands,
                "exit_code": item.exit_code,
                "recovered_after": item.recovered_after,
                "restored": _restored(item),
                "rehearsed": not item.unchecked,
                "came_to": sentence(item),
                "engine": item.engine or None,
                "timeline": [[round(at, 3), text] for at, text in _in_order(item)],
            }
            for item in outcomes
        },
    }


def as_markdown(outcomes: Sequence[Outcome], findings: Sequence[Finding], unchecked: Sequence[str]) -> str:
    """The report; it opens with how it ended."""
    data = as_data(outcomes, is_whole=not unchecked)
    errors = sum(item.severity == "error" for item in findings)
    lines = ["# Rehearsal", ""]
    lines.append(
        f"Restored: {'not known' if data['restored'] is None else 'yes' if data['restored'] else 'no'}"
    )
    if data["time_to_recover"] is not None:
        lines.append(f"Time to recover: {data['time_to_recover']:.0f} s at most")
    lines.append(f"Errors: {errors}")
    if unchecked:
        lines.append(f"Not rehearsed: {len(unchecked)}")
    lines += [f"- {item.scenario.name}: {sentence(item)}" for item in outcomes]
    for item in outcomes:
        lines += ["", f"## {item.scenario.name}", ""]
        if item.scenario.description:
            lines += [item.scenario.description, ""]
        if item.timeline:
            lines += ["| seconds | what happened |", "|--:|---|"]
            lines += [f"| {at:.0f} | {_cell(text)} |" for at, text in _in_order(item)]
        lines += [f"\n{note}" for note in item.notes]
    if findings:
        lines += ["", "## Findings", ""]
        lines += [f"- {_place(item)}{item.message} [{item.rule}]" for item in findings]
    if unchecked:
        lines += ["", "## Not rehearsed", "", *(f"- {reason}" for reason in unchecked)]
    lines += ["", "Played through in a simulated cluster; no script was executed and no image pulled."]
    return "\n".join(lines) + "\n"


def _restored(item: Outcome) -> bool | None:
    """Whether the service was well again; None where that is not known."""
    return None if item.unchecked else item.restored


def _in_order(item: Outcome) -> list[tuple[float, str]]:
    return sorted(item.timeline, key=lambda event: event[0])


def sentence(item: Outcome) -> str:
    """What came of a scenario, in one line."""
    if item.unchecked:
        return "not rehearsed"
    if item.findings:
        return item.findings[0].message[:120]
    if item.action == "none needed":
        return "the rollout failed by itself, and the service stayed well"
    alert = f"{item.alert} after {item.detected_after or 0:.0f} s, " if item.alert else ""
    return f"{alert}rolled back, well again after {item.recovered_after or 0:.0f} s"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")[:_LONGEST]


def _place(item: Finding) -> str:
    if not item.file:
        return ""
    return f"{item.file}:{item.line}: " if item.line else f"{item.file}: "
