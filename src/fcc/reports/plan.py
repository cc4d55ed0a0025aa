"""What a run would do, as text, in at most 80 columns. Pure."""

from __future__ import annotations

from fcc.reports._layout import Paint, plain, wrapped
from fcc.simulation.preview import Preview, StepPreview

_WORD = {"ask": "ask", "keep": "keep", "skip": "skip", "gate": "gate", "rehearse": "run"}
_COLOUR = {"ask": "yellow", "keep": "green", "skip": "dim", "gate": "bold", "rehearse": "bold"}


def plan_report(preview: Preview, paint: Paint = plain) -> str:
    """Each step with what would happen and why, and what the whole may take."""
    against = f", with the replies of {' and '.join(preview.against)}" if preview.against else ""
    lines = [f"{paint(preview.chain, 'bold')}  plan{against}", ""]
    widths = (
        max(len(step.name) for step in preview.steps) if preview.steps else 0,
        max(len(step.persona) for step in preview.steps) if preview.steps else 0,
    )
    for step in preview.steps:
        lines += _step(step, widths, paint)
    return "\n".join([*lines, "", *wrapped(_total(preview), "")])


def _step(step: StepPreview, widths: tuple[int, int], paint: Paint) -> list[str]:
    word = paint(f"{_WORD[step.action]:<4}", _COLOUR[step.action])
    head = f"  {step.name:<{widths[0]}}  {step.persona:<{widths[1]}}  {word}"
    lines = [f"{head}  {_tokens(step)}".rstrip()]
    above = list(dict.fromkeys(cause.name for cause in step.causes if cause.kind == "upstream"))
    parts = [cause.text for cause in step.causes if cause.kind != "upstream"]
    parts += [f"upstream {' and '.join(above)} {'change' if len(above) > 1 else 'changes'}"] if above else []
    why = "; ".join(parts + ([step.note] if step.note else []))
    return lines + wrapped(why, "    ")


def _tokens(step: StepPreview) -> str:
    if step.action != "ask":
        return ""
    out = f"{step.output_tokens:,}" if step.output_tokens is not None else "?"
    sent = f"about {step.input_tokens:,}" if step.input_tokens is not None else "?"
    return f"{sent} tokens in, {out} out{_dollars(step.cost)}"


def _dollars(cost: float | None) -> str:
    return ", cost unknown" if cost is None else f", ${cost:.4f}"


def _total(preview: Preview) -> str:
    asked, steps = len(preview.asked), len(preview.steps)
    if not asked:
        return f"0 of {steps} steps would ask a model."
    total, received = preview.total("input_tokens"), preview.total("output_tokens")
    sent = f"about {total:,} tokens in" if total is not None else "tokens in unknown"
    out = f"{received:,} out" if received is not None else "out unknown"
    at_most = (
        "at most " if any(step.note or step.causes[0].kind == "upstream" for step in preview.asked) else ""
    )
    cost = _dollars(preview.total("cost"))
    return f"{at_most}{asked} of {steps} steps would ask a model: {sent}, {out}{cost}.".capitalize()
