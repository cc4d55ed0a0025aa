"""What a person is shown who is to decide at a gate. Pure."""

from __future__ import annotations

from fcc.redaction import printable
from fcc.reports._layout import Paint, plain, wrapped
from fcc.simulation import GateQuestion, StepRecord

_MOST_FINDINGS = 5


def gate_report(question: GateQuestion, paint: Paint = plain) -> str:
    """The question, and what the decision rests on: each output with its score and findings."""
    asked = question.question or f"May the run go on past {question.gate}?"
    lines = [paint(f"Approval needed: {question.gate}", "bold"), *wrapped(asked, "  "), ""]
    width = max((len(step.name) for step in question.steps), default=0)
    for step in question.steps:
        lines += _step(step, width)
    lines.append(f"  Evidence  {question.evidence[:12]}")
    return "\n".join(lines)


def _step(step: StepRecord, width: int) -> list[str]:
    score = f"{step.score:.2f}" if step.score is not None else "   –"
    said = step.status if step.gate is None else f"gate {step.gate.decision}"
    size = f", {len(step.output):,} characters, {len(step.artifacts)} files" if step.output else ""
    lines = [
        f"  {step.name:<{width}}  {step.persona or ('rehearsal' if step.rehearsal else 'gate'):<5}  {score}  {said}{size}"
    ]
    for finding in step.findings[:_MOST_FINDINGS]:
        lines += wrapped(f"{finding.severity}: {finding.message} [{finding.rule}]", "    ")
    more = len(step.findings) - _MOST_FINDINGS
    lines += [f"    and {more} more findings"] if more > 0 else []
    if step.output:
        first = next((line for line in step.output.splitlines() if line.strip()), "")
        lines.append(f"    {printable(first)[:74]}")
    return lines
