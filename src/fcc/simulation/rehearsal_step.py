"""A step that rehearses: what is rehearsed, and the record of how it went."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fcc.agents import Unit
from fcc.errors import ConfigError
from fcc.messaging import EventType
from fcc.providers.keys import fingerprint
from fcc.simulation.calls import Publish
from fcc.simulation.delivery import before
from fcc.simulation.record import StepRecord
from fcc.simulation.rehearsing import RehearsalFile, RehearsalRequest, Rehearsed, Rehearser
from fcc.simulation.turn import tell_end
from fcc.simulation.world import World


def request_of(world: World, unit: Unit) -> RehearsalRequest:
    """What a unit rehearses: the files of an earlier run, with its inputs; else those of the steps that it needs.

    Raises:
        InputsError: the inputs that it takes from a step don't fit.
    """
    spec = unit.rehearse
    if spec is None:
        raise AssertionError("only a rehearsal is rehearsed")
    inputs = world.inputs_of(unit)
    own = {name: value for name, value in inputs.items() if world.plan.chain.inputs[name].type != "run"}
    scenarios = {name: world.plan.scenarios[name] for name in spec.scenarios}
    alert = world.documents.get(spec.alert) if spec.alert is not None else None
    if spec.run is not None:
        run = inputs[spec.run]
        files = [_file(file) for file in run["files"]]
        return RehearsalRequest(files, scenarios, alert, {**own, **run["inputs"]})
    files = [
        RehearsalFile(artifact.path, artifact.kind, artifact.content, step.name)
        for step in before(world.units, world.done, unit)
        for artifact in step.artifacts
    ]
    return RehearsalRequest(files, scenarios, alert, own)


def _file(held: Mapping[str, Any]) -> RehearsalFile:
    return RehearsalFile(held["path"], held["kind"], held["text"], held["step"])


@dataclass(frozen=True)
class Rehearsals:
    """Rehearses for one run."""

    world: World
    rehearser: Rehearser | None
    publish: Publish
    now: Callable[[], str]
    apart: bool = False
    """Whether it goes on in a thread of its own, so that nothing waits for it."""

    async def take(self, unit: Unit) -> StepRecord:
        """The record of a rehearsal; that of an earlier part of the run is made again, and comes to the same.

        Raises:
            ConfigError: nothing was given that rehearses.
            InputsError: the inputs that it takes from a step don't fit.
        """
        if self.rehearser is None:
            raise ConfigError(
                f"the chain rehearses at {unit.name!r}, and nothing was given that does",
                hint="Give the runner a rehearser.",
            )
        started, request = self.now(), request_of(self.world, unit)
        self.publish(EventType.STEP_STARTED, step=unit.name, persona="")
        if self.apart:
            import asyncio

            came = await asyncio.to_thread(self.rehearser.rehearse, request)
        else:
            came = self.rehearser.rehearse(request)
        record = rehearsal_record(unit, came, started, self.now())
        tell_end(self.publish, record)
        return record


def rehearsal_record(unit: Unit, came: Rehearsed, started: str, finished: str) -> StepRecord:
    """The record of a unit that has rehearsed."""
    return StepRecord(
        unit.name,
        "",
        "completed",
        started,
        finished,
        output=came.output,
        findings=came.findings,
        score=came.score,
        step=unit.step,
        environment=unit.environment,
        data=dict(came.data),
        unchecked=came.unchecked,
        rehearsal=True,
    )


def differing_parts(step: StepRecord, came: Rehearsed) -> list[str]:
    """In what a recorded rehearsal differs from what comes of it now; by name."""
    parts: dict[str, tuple[Any, Any]] = {
        "output": (step.output, came.output),
        "data": (fingerprint(step.data), fingerprint(dict(came.data))),
        "findings": (step.findings, came.findings),
        "score": (step.score, came.score),
        "unchecked": (step.unchecked, came.unchecked),
    }
    return [name for name, (then, now) in parts.items() if then != now]
