"""Whether a unit runs at all: what it needs, its event, its condition. Pure; the run and the look ahead share it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from fcc.agents import Unit
from fcc.simulation.record import HALTED, PASSED_OVER, StepRecord
from fcc.simulation.tiers import halts
from fcc.simulation.world import World

UPSTREAM = "upstream"
"""The code of a step that was skipped since what it needs gave no output."""


class Passed(NamedTuple):
    """Why a unit does not run."""

    code: str
    reason: str


def passed_over(world: World, unit: Unit) -> Passed | None:
    """Why a unit does not run, now that what it needs has ended; None where it does."""
    return by_needs(world, unit) or by_event(world, unit) or by_condition(world, unit)


def by_needs(world: World, unit: Unit) -> Passed | None:
    """Why a unit can't run, since what it needs did not, or has broken a hard stop.

    A broken hard stop halts all that rests on it; a gate decides all the same, and stays closed. What failed is missing
    evidence. A closed gate holds everything back that stands behind it. Where all that would
    hand something on was passed over, the unit is, too; but a gate decides all the same, since it must never open by
    not having been asked. A gate that its own condition or event passes over is as if it were not there.
    """
    done = world.done
    halt = None if unit.is_gate else halts(world.units, done, unit)
    if halt is not None:
        return Passed(HALTED, str(halt))
    missing = [name for name in unit.needs if done[name].status == "failed" or _is(done[name], UPSTREAM)]
    if missing:
        return Passed(UPSTREAM, f"it needs {' and '.join(missing)}, which gave no output")
    closed = [name for name in unit.needs if done[name].status == "closed" or _is(done[name], "gate")]
    if closed:
        behind = not world.units[closed[0]].is_gate
        what = (
            f"it needs {closed[0]}, which stands behind a closed gate"
            if behind
            else f"the gate {closed[0]} is closed"
        )
        return Passed("gate", what)
    if unit.is_gate:
        return None
    handing = [name for name in unit.needs if not world.units[name].is_gate]
    passed = [name for name in handing if _is(done[name], *PASSED_OVER)]
    if passed and len(passed) == len(handing):
        return Passed("condition", f"{' and '.join(passed)} did not run")
    return None


def by_event(world: World, unit: Unit) -> Passed | None:
    """That the event which starts a unit did not come."""
    step = world.plan.chain.steps.get(unit.step)
    if step is None or step.on is None or step.on in world.documents:
        return None
    return Passed("event", f"no {step.on} came")


def by_condition(world: World, unit: Unit) -> Passed | None:
    """That a unit's `when` does not hold."""
    step = world.plan.chain.steps.get(unit.step)
    if step is None or step.when is None or world.holds(step.when, unit):
        return None
    return Passed("condition", f"`{step.when}` does not hold")


def asks_for(condition: str, unit: Unit, units: Mapping[str, Unit]) -> set[str]:
    """The units on whose outputs a unit's condition hangs."""
    from fcc.agents.expression import parse

    steps = {path[1] for path in parse(condition).names() if path[0] == "outputs" and len(path) > 1}
    return {
        name
        for name, other in units.items()
        if other.step in steps and other.environment in {"", unit.environment}
    }


def _is(step: StepRecord, *codes: str) -> bool:
    return step.status == "skipped" and step.error is not None and step.error.code in codes
