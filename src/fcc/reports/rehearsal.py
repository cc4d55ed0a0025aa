"""A rehearsal as text, in at most 80 columns. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fcc.redaction import printable
from fcc.reports._layout import Paint, plain, wrapped
from fcc.reports.evaluation import findings_lines
from fcc.simulation.rehearsing import Rehearsed


def rehearsal_report(
    subject: str,
    came: Rehearsed,
    failed: Sequence[str] = (),
    paint: Paint = plain,
    *,
    everything: bool = False,
) -> str:
    """What came of each scenario, what was found, and in the last line whether it holds.

    The timeline of a scenario is shown where it is the only one or did not hold; with `everything`, of each.
    """
    scenarios: Mapping[str, Any] = came.data["scenarios"]
    width = max((len(name) for name in scenarios), default=0)
    lines = [f"{paint('Rehearsal', 'bold')} of {printable(subject)}", ""]
    for name, item in scenarios.items():
        lines += _scenario(name, item, width, paint)
        if everything or len(scenarios) == 1 or not item["restored"]:
            lines += [*_timeline(item["timeline"]), ""]
    if came.findings:
        lines += [*([""] if lines[-1] else []), *findings_lines(came.findings, paint, "  ")]
    missing = [*came.unchecked, *failed]
    if missing:
        lines += [*([""] if lines[-1] else []), "  Not rehearsed as delivered"]
        lines += [line for reason in missing for line in wrapped(reason, "    ", "  ")]
    lines += [*([""] if lines[-1] else []), _end(came, paint)]
    return "\n".join(lines)


def _scenario(name: str, item: Mapping[str, Any], width: int, paint: Paint) -> list[str]:
    word, colour = ("restored", "green") if item["restored"] else ("fails   ", "red")
    if not item["rehearsed"]:
        word, colour = "unknown ", "yellow"
    head = f"  {name:<{width}}  {word}  "
    said = wrapped(str(item["came_to"]), " " * len(head))
    first = said[0].lstrip() if said else ""
    return [f"  {name:<{width}}  {paint(word, colour)}  {first}", *said[1:]]


def _timeline(events: Sequence[Sequence[Any]]) -> list[str]:
    lines = []
    for at, text in events:
        lead = f"    {at:>6.0f} s  "
        said = wrapped(str(text), " " * len(lead))
        lines += [lead + said[0].lstrip(), *said[1:]] if said else []
    return lines


def _end(came: Rehearsed, paint: Paint) -> str:
    errors = sum(item.severity == "error" for item in came.findings)
    if errors:
        return f"{paint('DOES NOT HOLD', 'red')}  {errors} {'error' if errors == 1 else 'errors'}"
    if came.score is None:
        return f"{paint('NO VERDICT', 'yellow')}  not everything could be rehearsed"
    slowest = came.data["time_to_recover"]
    return f"{paint('HOLDS', 'green')}  the service is well again after {slowest or 0:.0f} s at most"
