"""How good a judge is, as text in at most 80 columns. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fcc.redaction import printable
from fcc.reports._layout import Paint, plain

if TYPE_CHECKING:
    from fcc.evaluations.calibration import Calibration, Measure


def calibration_report(found: Calibration, paint: Paint = plain) -> str:
    """Accuracy with its interval, the judge's biases, and whether it may decide."""
    good = found.good_enough()
    verdict = paint("MAY DECIDE", "green") if good else paint("ADVISORY", "yellow")
    lines = [
        f"{paint(printable(found.judge_model), 'bold')}  prompt {found.prompt_hash[:12]}",
        "",
        f"  comparing two answers   {_measure(found.compared)}",
        f"  scoring one answer      {_measure(found.scored)}",
        f"  position bias           {_signed(found.position_bias)}  (first place less second, 0 is best)",
        f"  orders that disagree    {_share(found.inconsistency)}",
        f"  length bias             {_signed(found.length_bias)}  (longer preferred wrongly, 0 is best)",
        f"  self-consistency        {_share(found.self_consistency)}",
    ]
    if found.gated:
        lines.append(f"  broken without asking   {found.gated} pairs")
    cost = "cost unknown" if found.cost is None else f"${found.cost:.4f}"
    lines += ["", f"{verdict}  {_why(good=good)} ({cost})"]
    return "\n".join(lines)


def _why(*, good: bool) -> str:
    if good:
        return "it is right often enough for a rubric to count what it says"
    return "it may say what it thinks, and decides nothing"


def _measure(measure: Measure) -> str:
    if measure.accuracy is None:
        return f"could not be judged ({measure.not_judged} pairs)"
    low, high = measure.interval
    tied = f", {measure.tied} tied" if measure.tied else ""
    unjudged = f", {measure.not_judged} not judged" if measure.not_judged else ""
    return f"{measure.accuracy:.0%} right ({low:.0%} to {high:.0%}; {measure.right} of {measure.n}{tied}{unjudged})"


def _signed(value: float | None) -> str:
    return "unknown" if value is None else f"{value:+.2f}"


def _share(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.0%}"
