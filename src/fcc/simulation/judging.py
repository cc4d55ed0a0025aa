"""From what the steps of a run came to, to its verdict. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from fcc.agents import Plan
from fcc.simulation import gates
from fcc.simulation.record import StepRecord
from fcc.simulation.verdict import Evidence, Finding, Verdict, decide, said


def judge_run(plan: Plan, steps: Sequence[StepRecord], findings: Sequence[Finding] = ()) -> Verdict:
    """The verdict on what a run's steps came to, and on what does not agree between them. Pure."""
    counted = [step for step in steps if step.counts]
    evidence = [
        Evidence(
            step.name,
            step.score,
            step.findings,
            _missing(step),
            plan.readiness_of(step.environment),
        )
        for step in counted
    ]
    differing = [said(finding) for finding in findings if finding.severity == "error"]
    return decide(plan.policy, evidence, [*gates.refusals(steps), *differing])


def _missing(step: StepRecord) -> str:
    """Why a step has no score, where it has none."""
    if step.error is not None:
        return step.error.message
    return "; ".join(step.unchecked or (finding.message for finding in step.findings)) or "it was not scored"
