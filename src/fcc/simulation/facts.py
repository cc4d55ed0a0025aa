"""What expressions can ask about steps that have run. Pure; the types stand in `fcc.agents._flow_checks`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fcc.agents import Unit
from fcc.simulation.record import StepRecord
from fcc.simulation.tiers import by_tier
from fcc.simulation.verdict import Finding


def judged(score: float | None, findings: Iterable[Finding]) -> dict[str, Any]:
    """`score`, `errors`, `warnings`, `rules`, and how many rules of each tier are broken, of one output."""
    known = tuple(findings)
    return {
        "score": score,
        "errors": sum(finding.severity == "error" for finding in known),
        "warnings": sum(finding.severity == "warning" for finding in known),
        "rules": sorted({finding.rule for finding in known}),
        **by_tier(known),
    }


def of_steps(steps: Sequence[StepRecord]) -> dict[str, Any]:
    """The same of several, together: the lowest score, which is null where one is missing, and all findings."""
    counted = [step for step in steps if step.counts]
    scores = [step.score for step in counted]
    known = [score for score in scores if score is not None]
    lowest = min(known) if known and len(known) == len(scores) else None
    return judged(lowest, [finding for step in steps for finding in step.findings])


def outputs(units: Mapping[str, Unit], done: Mapping[str, StepRecord], environment: str) -> dict[str, Any]:
    """What `outputs.…` holds for a step in an environment: each step that has run, by name."""
    of_step: dict[str, list[StepRecord]] = {}
    for name, record in done.items():
        unit = units[name]
        if unit.environment in {"", environment} and unit.step:
            of_step.setdefault(unit.step, []).append(record)
    return {name: _output(records) for name, records in of_step.items()}


def _output(records: list[StepRecord]) -> dict[str, Any]:
    text = "\n\n".join(record.output for record in records if record.output)
    statuses = {record.status for record in records}
    status = next(iter(statuses)) if len(statuses) == 1 else "mixed"
    data = [record.data for record in records]
    return {
        **of_steps(records),
        "status": status,
        "text": text,
        "characters": len(text),
        "data": data[0] if len(data) == 1 else data,
    }
