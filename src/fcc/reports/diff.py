"""Two runs side by side, as text. Pure."""

from __future__ import annotations

from fcc.redaction import printable
from fcc.reports._layout import Paint, plain, wrapped
from fcc.simulation.diff import RunDiff, StepDiff

_MOST_LINES = 60


def diff_report(diff: RunDiff, step: str | None = None, paint: Paint = plain) -> str:
    """Where two runs diverged, why, the difference in the text of that step (or of `step`), and how far it spread."""
    lines = [paint(f"{diff.before} → {diff.after}", "bold"), ""]
    width = max((len(item.name) for item in diff.steps), default=0)
    for item in diff.steps:
        word = paint("same", "green") if item.same else paint("differs", "yellow")
        lines.append(f"  {item.name:<{width}}  {word}")
        lines += wrapped("; ".join(cause.text for cause in item.causes), "    ")
    one, other = diff.verdicts
    lines += ["", f"Verdict: {one}" if one == other else f"Verdict: {one} → {other}"]
    first = diff.first
    if first is None:
        lines.append("The runs came to the same.")
    else:
        also = [name for name in diff.origins if name != first.name]
        spread = f", and spread to {', '.join(diff.spread)}" if diff.spread else ", and spread no further"
        more = f"; on their own account: {', '.join(also)}" if also else ""
        lines += wrapped(f"Diverged at {first.name}{spread}{more}.", "")
    shown = first if step is None else next(item for item in diff.steps if item.name == step)
    return "\n".join([*lines, *(_text(shown, paint) if shown is not None else [])])


def _text(step: StepDiff, paint: Paint) -> list[str]:
    if not step.text:
        return []
    lines = ["", *(_painted(line, paint) for line in step.text[:_MOST_LINES])]
    left = len(step.text) - _MOST_LINES
    return [*lines, f"… {left} more lines; all of them with --json"] if left > 0 else lines


def _painted(line: str, paint: Paint) -> str:
    colour = {"+": "green", "-": "red", "@": "dim"}.get(line[:1], "")
    return paint(printable(line), colour) if colour else printable(line)
