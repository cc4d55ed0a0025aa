"""A finished run judged again by its record alone. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from fcc.agents import unfold
from fcc.simulation.delivery import Assessor, Delivery, before, differing, disagreements
from fcc.simulation.judging import judge_run
from fcc.simulation.record import RunRecord, StepRecord
from fcc.simulation.resolved import plan_of
from fcc.simulation.structured import RULE

OF_THE_RUN = {RULE, "reply-cut", "until-unmet"}
"""Findings that come from how a run went, and stay whoever judges its outputs."""


def reassess(record: RunRecord, assessor: Assessor) -> RunRecord:
    """The record with the scores, findings and verdict that an assessor gives its outputs now; no model is asked.

    A run that was not completed stays without a verdict.

    Raises:
        ConfigError: its chain can't be planned: the record is damaged.
    """
    plan = plan_of(record)
    chain, units = plan.chain, {unit.name: unit for unit in unfold(plan, record.inputs)}
    done: dict[str, StepRecord] = {}
    for step in record.steps:
        unit = units.get(step.name)
        if unit is None or unit.planned is None or step.status != "completed":
            done[step.name] = step
            continue
        inputs = chain.inputs_in(unit.environment, record.inputs)
        fits = unit.planned.step.output is not None
        own = Delivery.of(step)._replace(fits=fits)
        done[step.name] = _again(step, own, assessor, before(units, done, unit), inputs)
    steps = tuple(done.values())
    inputs_in = {name: chain.inputs_in(name, record.inputs) for name in (tuple(chain.environments) or ("",))}
    findings = disagreements(assessor, units, steps, inputs_in)
    verdict = judge_run(plan, steps, findings) if record.status == "completed" else None
    return replace(record, steps=steps, findings=findings, verdict=verdict)


def _again(
    step: StepRecord,
    own: Delivery,
    assessor: Assessor,
    resting_on: Sequence[StepRecord],
    inputs: Mapping[str, Any],
) -> StepRecord:
    """The step as it is judged now; what comes from how the run went stands where the run puts it."""
    assessment = assessor.assess(own)
    first = tuple(finding for finding in step.findings if finding.rule == "reply-cut")
    last = tuple(finding for finding in step.findings if finding.rule in OF_THE_RUN and finding not in first)
    found = (*first, *assessment.findings, *differing(assessor, resting_on, own, inputs), *last)
    return replace(step, score=assessment.score, findings=found, unchecked=assessment.unchecked)
