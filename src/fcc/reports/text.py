"""A run as text, in at most 80 columns. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from fcc.redaction import printable
from fcc.reports._content import other_reasons
from fcc.reports._layout import WIDTH, Paint, plain, wrapped
from fcc.simulation import Finding, RunRecord, StepRecord
from fcc.simulation.record import CallRecord

_COLOUR = {
    "APPROVED": "green",
    "READY": "green",
    "NEEDS WORK": "yellow",
    "NO VERDICT": "yellow",
    "BLOCKED": "red",
    "FAILED": "red",
    "SKIPPED": "dim",
    "OPEN": "green",
    "CLOSED": "red",
    "WAITING": "yellow",
    "STOPPED": "yellow",
}


def run_report(
    record: RunRecord, folder: str = "", paint: Paint = plain, name: str = "", again: str | None = ""
) -> str:
    """The steps of a run with their scores, the decision with its reasons, and where the outputs lie.

    `name` is how the run is named on the command line, for what can be done next; `again` the command that asks for
    what is missing: "" for `resume`, None for nothing of it.
    """
    lines = [f"{paint(str(record.chain['name']), 'bold')}  run {record.id}"]
    lines += [f"replayed from {printable(record.cassette)}", ""] if record.cassette else [""]
    widths = (
        max(len(step.name) for step in record.steps) if record.steps else 4,
        max(len(_who(step)) for step in record.steps) if record.steps else 4,
    )
    for step in record.steps:
        lines += _step_lines(record, step, widths, paint)
    if record.findings:
        lines += ["", "  between steps", *_found(record.findings, paint)]
    if record.chain.get("environments"):
        lines += _environments(record, paint)
    lines += ["", *_end_lines(record, paint, name or record.id, again), *_open(record, name or record.id)]
    if folder:
        lines += [
            "",
            *([f"Outputs  {folder}/outputs"] if record.outputs else []),
            f"Record   {folder}/run.json",
        ]
    return "\n".join(lines)


def _environments(record: RunRecord, paint: Paint) -> list[str]:
    from fcc.evaluations.promotion import promotion_of  # most runs have none
    from fcc.reports.environments import environments_lines

    promotion = promotion_of(record)
    return ["", *environments_lines(promotion, paint)] if promotion is not None else []


def _findings(record: RunRecord) -> list[Finding]:
    return [finding for step in record.steps for finding in step.findings] + list(record.findings)


def _errors(record: RunRecord) -> list[str]:
    """How many errors each step has; they are told there."""
    told = [(step.name, step.findings) for step in record.steps] + [("between steps", record.findings)]
    counts = [(name, sum(finding.severity == "error" for finding in found)) for name, found in told]
    return [f"{name}: {count} error{'' if count == 1 else 's'}" for name, count in counts if count]


def _open(record: RunRecord, name: str) -> list[str]:
    """Which kinds of files could not be checked, and how much advice there is; `evaluate` tells the rest."""
    unchecked = {reason.partition(": ")[0]: None for step in record.steps for reason in step.unchecked}
    advice = sum(finding.severity == "advice" for finding in _findings(record))
    parts = [f"{advice} piece{'' if advice == 1 else 's'} of advice"] if advice else []
    parts += [f"not checked: {', '.join(unchecked)}"] if unchecked else []
    return wrapped(f"{'; '.join(parts)}; see fcc-agents evaluate {name} --all", "  ") if parts else []


def _who(step: StepRecord) -> str:
    return step.persona or ("rehearsal" if step.rehearsal else "gate")


def _step_lines(record: RunRecord, step: StepRecord, widths: tuple[int, int], paint: Paint) -> list[str]:
    score = f"{step.score:.2f}" if step.score is not None else "   –"
    status = _status(record, step)
    painted = paint(status, _COLOUR.get(status, "dim"))
    made = _yield(step)
    tail = f"{' ' * max(12 - len(status), 2)}{made}" if made else ""
    lines = [f"  {step.name:<{widths[0]}}  {_who(step):<{widths[1]}}  {score}  {painted}{tail}"]
    if step.error is not None:
        lines += wrapped(step.error.message, "    ")
        lines += wrapped(step.error.hint, "    ")
    if step.gate is not None:
        lines += wrapped(_decided(step), "    ")
    lines += wrapped(_answered(step), "    ")
    return lines + _found(step.findings, paint)


def _found(findings: Sequence[Finding], paint: Paint) -> list[str]:
    """What is to be mended; advice is only counted."""
    told = [finding for finding in findings if finding.severity != "advice"]
    if not told:
        return []
    from fcc.reports.evaluation import findings_lines  # most runs have nothing to tell

    return findings_lines(told, paint)


def _decided(step: StepRecord) -> str:
    gate = step.gate
    if gate is None:
        return ""
    if gate.decision == "waiting":
        return f"{gate.question} ({gate.reason})" if gate.reason else gate.question
    reason = f": {gate.reason}" if gate.reason else ""
    return f"by {gate.by}{reason}" if gate.by else ""


def _answered(step: StepRecord) -> str:
    """Which model answered, where one was asked; how often, and what was taken from another run."""
    calls = [call for call in step.calls if call.reply is not None]
    if not calls or all(call.reply is not None and call.reply.origin == "deterministic" for call in calls):
        return f"asked {len(calls)} times" if len(calls) > 1 else ""
    parts = [f"answered by {step.model}"]
    failed = list(dict.fromkeys(call.backend for call in step.calls if call.reply is None))
    parts += [f"after {' and '.join(failed)} did not"] if failed else []
    parts += [f"asked {len(calls)} times"] if len(calls) > 1 else []
    reused = list(dict.fromkeys(call.reused_from for call in calls if call.reused_from))
    parts += [f"taken from run {', '.join(reused)}"] if reused else []
    return ", ".join(parts)


def _status(record: RunRecord, step: StepRecord) -> str:
    if step.gate is not None:
        return step.gate.decision.upper()
    if step.status != "completed":
        return step.status.upper()
    if record.verdict is None:
        return "DONE"
    return next((area.status for area in record.verdict.areas if area.area == step.name), "DONE")


def _yield(step: StepRecord) -> str:
    if step.status != "completed" or step.gate is not None:
        return ""
    count = len(step.artifacts)
    files = f", {count} file{'' if count == 1 else 's'}" if count else ""
    length = len(step.output)
    return f"{length:,} character{'' if length == 1 else 's'}{files}"


def _end_lines(record: RunRecord, paint: Paint, name: str, again: str | None) -> list[str]:
    if record.status == "waiting":
        return _waiting_lines(record, paint, name)
    if record.status in {"stopped", "failed"} and record.error is not None:
        lines = [
            f"{paint(record.status.upper(), 'yellow')}{_spent(record)}",
            *wrapped(record.error.message, "  "),
        ]
        return lines + wrapped(
            record.error.hint.replace(" RUN", f" {name}").replace(" CHAIN", f" {record.chain['name']}"), "  "
        )
    if record.verdict is None:
        again = "" if record.status == "completed" else f" Go on: fcc-agents resume {name}"
        return [f"Not judged; the run is {record.status}.{again}"]
    verdict = record.verdict
    overall = f"  overall {verdict.overall:.2f}" if verdict.overall is not None else ""
    lines = [f"{paint(verdict.decision, _COLOUR[verdict.decision])}{overall}{_spent(record)}"]
    for reason in [*_errors(record), *other_reasons(verdict.reasons, _findings(record))]:
        lines += wrapped(reason, "  ")
    if any(step.unanswered for step in record.steps) and again is not None and not record.cassette:
        lines += wrapped(f"Ask again for what is missing: {again or f'fcc-agents resume {name}'}", "  ")
    return lines


def _waiting_lines(record: RunRecord, paint: Paint, name: str) -> list[str]:
    lines = []
    for step in record.waiting:
        given = [approval for approval in record.approvals if approval.gate == step.name]
        if given and step.gate is not None and given[-1].evidence == step.gate.evidence:
            said = "approved" if given[-1].approved else "rejected"
            lines.append(f"{step.name}: {said} by {printable(given[-1].by)}")
            continue
        lines += [
            f"{paint('WAITING', 'yellow')} for a person at {step.name}{_spent(record)}",
            f"  fcc-agents approve {name} {step.name} --as NAME",
            f'  fcc-agents approve {name} {step.name} --as NAME --reject --reason "…"',
        ]
    return [*lines, f"Then go on: fcc-agents resume {name}"]


def _spent(record: RunRecord) -> str:
    paid = [call for call in record.calls if call.origin not in {"", "deterministic", "ledger", "recorded"}]
    recorded = [call for call in record.calls if call.origin == "recorded"]
    reused = sum(bool(call.reused_from) for call in record.calls)
    again = f"{reused} {'reply' if reused == 1 else 'replies'} reused" if reused else ""
    then = f"as recorded: {_taken(recorded)}" if recorded else ""
    parts = [part for part in (_taken(paid) if paid else "", again, then) if part]
    return f"  ({'; '.join(parts)})" if parts else ""


def _taken(calls: list[CallRecord]) -> str:
    """Tokens and cost of calls; unknown as soon as one of them is."""
    replies = [call.reply for call in calls if call.reply is not None]
    counts = [count for reply in replies for count in (reply.usage.input_tokens, reply.usage.output_tokens)]
    known = [count for count in counts if count is not None]
    tokens = f"{sum(known):,} tokens" if len(known) == len(counts) else "tokens not reported"
    costs = [reply.cost for reply in replies if reply.cost is not None]
    cost = f"${sum(costs):.4f}" if len(costs) == len(replies) else "cost unknown"
    return f"{tokens}, {cost}"


__all__ = ["WIDTH", "run_report"]
