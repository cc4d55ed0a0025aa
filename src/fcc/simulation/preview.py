"""Looks ahead: which steps of a run would ask a model, why, and what that may take. Pure; asks nobody."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fcc.agents import Plan, Unit, unfold
from fcc.providers.base import Provider
from fcc.simulation.caller import Known
from fcc.simulation.causes import NEW, Cause, Question, causes, question_of
from fcc.simulation.prompting import Ask, Backend, World, first_ask
from fcc.simulation.record import CallRecord, ErrorRecord, RunRecord, StepRecord
from fcc.simulation.resolved import resolve
from fcc.simulation.runner import RunOrder

Action = Literal["ask", "keep", "skip", "gate"]

CHARACTERS_PER_TOKEN = 4
"""A rule of thumb; no tokenizer is asked."""


@dataclass(frozen=True, slots=True)
class StepPreview:
    """What a run would do at one step."""

    name: str
    persona: str
    action: Action
    causes: tuple[Cause, ...] = ()
    """Why a model is asked."""
    note: str = ""
    """Why it is skipped; or what it still depends on."""
    backend: str = ""
    input_tokens: int | None = None
    """About so many."""
    output_tokens: int | None = None
    """As many as the last time; None where that is not known."""
    cost: float | None = None
    """US dollars; None where tokens or price are not known."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run would do, step by step, and what the whole may take."""

    chain: str
    against: tuple[str, ...]
    """The runs whose replies are used again."""
    steps: tuple[StepPreview, ...]

    @property
    def asked(self) -> list[StepPreview]:
        """The steps that ask a model."""
        return [step for step in self.steps if step.action == "ask"]

    def total(self, name: Literal["input_tokens", "output_tokens", "cost"]) -> Any:
        """The sum over the steps that ask; None as soon as one of them is not known."""
        values = [getattr(step, name) for step in self.asked]
        return None if None in values else sum(values)


def preview(
    plan: Plan, order: RunOrder, backends: Mapping[str, Sequence[Backend]], before: Sequence[RunRecord]
) -> Preview:
    """What a run would do.

    Args:
        plan: the plan.
        order: inputs, events and known replies.
        backends: what answers for each step.
        before: the records of the runs that are used again, and of this one where it goes on.
    """
    units = {unit.name: unit for unit in unfold(plan, order.inputs)}
    world = World(plan, units, order.inputs, order.documents, order.redact or str)
    walker = _Walker(world, order.known, backends, before)
    steps = tuple(walker.step(unit) for unit in units.values())
    return Preview(plan.chain.name, tuple(record.id for record in before), steps)


def preview_finished(record: RunRecord) -> Preview:
    """What resuming a run would do that has come to its end: nothing."""
    steps = tuple(StepPreview(step.name, step.persona, "keep") for step in record.steps)
    return Preview(str(record.chain["name"]), (record.id,), steps)


class _Walker:
    """Walks the units with the outputs of earlier runs in the place of those that are not there yet."""

    def __init__(
        self,
        world: World,
        known: Known,
        backends: Mapping[str, Sequence[Backend]],
        before: Sequence[RunRecord],
    ) -> None:
        self._world = world
        self._known = known
        self._backends = backends
        self._before = [(record, {step.name: step for step in record.steps}) for record in before]
        self._longest = max(step.handoff.characters for step in world.plan.chain.steps.values())
        """As much as any step is handed of one output."""
        self._open: set[str] = set()
        """The units whose output is not known yet."""

    def step(self, unit: Unit) -> StepPreview:
        open_needs = [need for need in unit.needs if need in self._open]
        if unit.planned is None:
            return self._gate(unit, open_needs)
        persona = unit.planned.persona.id
        skipped = self._skipped(unit, open_needs)
        if skipped:
            self._put(
                unit, StepRecord(unit.name, persona, "skipped", error=ErrorRecord("condition", skipped))
            )
            return StepPreview(unit.name, persona, "skip", note=skipped)
        ask = first_ask(self._world, unit)
        candidates = [ask.to(backend) for backend in self._backends[unit.step]]
        found = None if self._depends(open_needs) else self._known.find(candidates)
        if found is not None:
            self._put(unit, self._recorded(unit) or _assumed(unit, persona, found[1].text))
            return StepPreview(unit.name, persona, "keep", backend=candidates[0].backend.provider.identity)
        return self._asked(unit, ask, open_needs)

    def _gate(self, unit: Unit, open_needs: list[str]) -> StepPreview:
        self._put(unit, StepRecord(unit.name, "", "completed", step=unit.step, environment=unit.environment))
        if open_needs:
            self._open.add(unit.name)
        what = "asks a person" if unit.approve is not None else "decides by policy"
        return StepPreview(unit.name, "", "gate", note=what)

    def _skipped(self, unit: Unit, open_needs: list[str]) -> str:
        done = self._world.done
        if unit.needs and all(done[need].status == "skipped" for need in unit.needs):
            return f"{' and '.join(unit.needs)} would not run"
        step = self._world.plan.chain.steps[unit.step]
        if step.on is not None and step.on not in self._world.documents:
            return f"no {step.on} came"
        if step.when is None or open_needs or self._world.holds(step.when, unit):
            return ""
        return f"`{step.when}` does not hold"

    def _depends(self, open_needs: list[str]) -> bool:
        """Whether what a unit is asked hangs on an output that is not there: a gate's word changes no prompt."""
        return any(self._world.units[need].planned is not None for need in open_needs)

    def _asked(self, unit: Unit, ask: Ask, open_needs: list[str]) -> StepPreview:
        backend = self._backends[unit.step][0]
        persona = unit.planned.persona.id if unit.planned is not None else ""
        last = self._last(unit)
        found = self._causes(unit, ask, backend, last)
        if self._before:
            above = [need for need in open_needs if self._world.units[need].planned is not None]
            found += [Cause("upstream", f"upstream {need} changes", need) for need in above]
        self._put(unit, self._recorded(unit) or _assumed(unit, persona, "x" * self._longest))
        self._open.add(unit.name)
        sent = sum(len(message.content) for message in ask.request.messages) // CHARACTERS_PER_TOKEN
        reply = last[2].reply if last is not None else None
        received = reply.usage.output_tokens if reply is not None else backend.sampling.max_tokens
        when = self._world.plan.chain.steps[unit.step].when
        return StepPreview(
            unit.name,
            persona,
            "ask",
            tuple(found) or (Cause(NEW, "no reply to this question is known"),),
            f"if `{when}`" if when is not None and open_needs else "",
            backend.provider.identity,
            sent,
            received,
            _price(backend.provider, sent, received),
        )

    def _causes(
        self, unit: Unit, ask: Ask, backend: Backend, last: tuple[RunRecord, StepRecord, CallRecord] | None
    ) -> list[Cause]:
        if not self._before:
            return [Cause(NEW, "first run")]
        if last is None:
            return [Cause(NEW, "new step")]
        resolved = resolve(self._world.plan)
        step = self._world.plan.chain.steps[unit.step]
        name = step.prompt or f"{unit.step}.task"
        after = Question(
            ask.fingerprints,
            backend.provider.identity,
            backend.model,
            backend.sampling,
            resolved["personas"].get(step.persona, {}),
            resolved["prompts"].get(name, {}),
            name,
            self._world.common(unit.environment)["inputs"],
        )
        return causes(question_of(*last), after)

    def _last(self, unit: Unit) -> tuple[RunRecord, StepRecord, CallRecord] | None:
        """The newest answered call of that unit in the runs before."""
        for record, steps in self._before:
            step = steps.get(unit.name)
            calls = [call for call in step.calls if call.reply is not None] if step is not None else []
            if step is not None and calls:
                return record, step, calls[0]
        return None

    def _recorded(self, unit: Unit) -> StepRecord | None:
        found = (steps.get(unit.name) for _, steps in self._before)
        return next((step for step in found if step is not None and step.status == "completed"), None)

    def _put(self, unit: Unit, record: StepRecord) -> None:
        self._world.done[unit.name] = record


def _assumed(unit: Unit, persona: str, text: str) -> StepRecord:
    return StepRecord(
        unit.name, persona, "completed", output=text, step=unit.step, environment=unit.environment
    )


def _price(provider: Provider, sent: int, received: int | None) -> float | None:
    """What a call may cost, where its provider, or the one that it holds, can tell."""
    layer: Any = provider
    while layer is not None:
        estimate: Callable[[int, int | None], float | None] | None = getattr(layer, "estimate_cost", None)
        if estimate is not None:
            return estimate(sent, received)
        layer = getattr(layer, "inner", None)
    return None
