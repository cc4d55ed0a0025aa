"""A finished run judged again by its record alone. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from fcc.agents import unfold
from fcc.simulation.delivery import Assessor, Delivery, Earlier, before, disagreements, earlier, judged
from fcc.simulation.judging import judge_run
from fcc.simulation.record import RunRecord, StepRecord
from fcc.simulation.resolved import plan_of
from fcc.simulation.structured import RULE
from fcc.simulation.world import World

OF_THE_RUN = {RULE, "reply-cut", "until-unmet"}
"""Findings that come from how a run went, and stay whoever judges its outputs."""


def reassess(record: RunRecord, assessor: Assessor) -> RunRecord:
    """The record with the scores, findings and verdict that an assessor gives its outputs now; no model is asked.

    A run that was not completed stays without a verdict.

    Raises:
        ConfigError: its chain can't be planned: the record is damaged.
    """
    plan = plan_of(record)
    units = {unit.name: unit for unit in unfold(plan, record.inputs)}
    world = World(plan, units, record.inputs, record.documents)
    done = world.done
    for step in record.steps:
        unit = units.get(step.name)
        if unit is None or unit.planned is None or step.status != "completed":
            done[step.name] = step
            continue
        inputs = world.promised_to(unit)
        fits = unit.planned.step.output is not None
        own = Delivery.of(step)._replace(fits=fits)
        beside = earlier(units, done, unit, world.inputs_in)
        done[step.name] = _again(step, own, assessor, before(units, done, unit), inputs, beside)
    steps = tuple(done.values())
    inputs_in = {name: world.promised_in(name) for name in (tuple(plan.chain.environments) or ("",))}
    findings = disagreements(assessor, units, steps, inputs_in)
    verdict = judge_run(plan, steps, findings) if record.status == "completed" else None
    return replace(record, steps=steps, findings=findings, verdict=verdict)


def _again(
    step: StepRecord,
    own: Delivery,
    assessor: Assessor,
    resting_on: Sequence[StepRecord],
    inputs: Mapping[str, Any],
    beside: Earlier | None,
) -> StepRecord:
    """The step as it is judged now; what comes from how the run went stands where the run puts it."""
    found = judged(assessor, resting_on, own, inputs, beside)
    first = tuple(finding for finding in step.findings if finding.rule == "reply-cut")
    last = tuple(finding for finding in step.findings if finding.rule in OF_THE_RUN and finding not in first)
    findings = (*first, *found.findings, *last)
    return replace(step, score=found.score, findings=findings, unchecked=found.unchecked)
