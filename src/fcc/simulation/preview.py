"""Looks ahead: which steps of a run would ask a model, why, and what that may take. Pure; asks nobody."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from fcc.agents import Plan, Unit, unfold
from fcc.errors import TemplateError
from fcc.providers.base import Provider
from fcc.providers.wrapper import innermost
from fcc.redaction import unchanged
from fcc.simulation.caller import Known
from fcc.simulation.causes import NEW, Cause, Question, causes, question_of
from fcc.simulation.passing import asks_for, by_condition, by_event, by_needs
from fcc.simulation.prompting import Ask, Backend, Round, accepted, evident, first_ask, next_ask
from fcc.simulation.record import CallRecord, ErrorRecord, RunRecord, StepRecord, StepStatus
from fcc.simulation.resolved import resolve
from fcc.simulation.runner import RunOrder
from fcc.simulation.tiers import HARD_STOP, halts
from fcc.simulation.turn import unfit_inputs
from fcc.simulation.world import InputsError, World

Action = Literal["ask", "keep", "skip", "gate", "rehearse"]

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
    world = World(plan, units, order.inputs, order.documents, order.redact or unchanged)
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
        self._uncertain: set[str] = set()
        """The units of which it is not known yet whether they run."""

    def step(self, unit: Unit) -> StepPreview:
        try:
            return self._step(unit)
        except InputsError as error:
            self._put(unit, unfit_inputs(error, unit))
            return StepPreview(unit.name, _persona(unit), "skip", note=error.message)

    def _step(self, unit: Unit) -> StepPreview:
        open_needs = [need for need in unit.needs if need in self._open]
        hangs_on = self._hangs_on(unit)
        passed = by_needs(self._world, unit) or by_event(self._world, unit)
        passed = passed or (None if hangs_on else by_condition(self._world, unit))
        if passed is not None:
            self._put(unit, StepRecord(unit.name, _persona(unit), "skipped", error=ErrorRecord(*passed)))
            return StepPreview(unit.name, _persona(unit), "skip", note=passed.reason)
        if hangs_on:
            self._uncertain.add(unit.name)
        if unit.planned is None:
            return self._gate(unit, open_needs) if unit.is_gate else self._rehearsal(unit, open_needs)
        try:
            ask = first_ask(self._world, unit)
        except TemplateError as error:  # by the texts that stand in for outputs which are not there yet
            self._assume(unit)
            note = "" if open_needs else f"its template fails: {error.message}"
            return StepPreview(
                unit.name, _persona(unit), "ask", (Cause(NEW, "its prompt is not known yet"),), note
            )
        candidates = [ask.to(backend) for backend in self._backends[unit.step]]
        found = None if self._depends(unit, open_needs) else self._known.find(candidates)
        if found is None:
            return self._asked(unit, ask, open_needs)
        if self._asks_again(unit, ask, found[1].text):
            self._assume(unit)
            cause = Cause("until", "asked again, until its condition holds")
            return self._asking(unit, (cause,), ask, self._last(unit))
        self._put(unit, self._recorded(unit) or _assumed(unit, found[1].text))
        return StepPreview(unit.name, _persona(unit), "keep", backend=candidates[0].backend.provider.identity)

    def _gate(self, unit: Unit, open_needs: list[str]) -> StepPreview:
        recorded = self._recorded(unit)
        halt = halts(self._world.units, self._world.done, unit)
        status: StepStatus = "closed" if halt is not None else "completed"
        self._put(unit, StepRecord(unit.name, "", status, step=unit.step, environment=unit.environment))
        if halt is not None:
            return StepPreview(unit.name, "", "gate", note=f"stays closed: {halt}")
        if open_needs:
            self._open.add(unit.name)
        if recorded is not None and not open_needs:
            return StepPreview(unit.name, "", "gate", note="stays open on the same evidence")
        parts = [f"opens when {unit.leaves} is ready"] if unit.leaves else []
        parts += ["its policy decides"] if unit.gate is not None else []
        parts += ["a person is asked"] if unit.approve is not None else []
        return StepPreview(unit.name, "", "gate", note=", then ".join(parts))

    def _rehearsal(self, unit: Unit, open_needs: list[str]) -> StepPreview:
        recorded = self._recorded(unit)
        if recorded is None or self._hands_on(open_needs) or self._world.source(unit) in self._open:
            self._assume(unit)
        else:
            self._put(unit, recorded)
        return StepPreview(unit.name, "", "rehearse", note="a rehearsal; asks no model")

    def _hangs_on(self, unit: Unit) -> bool:
        """Whether a unit's condition hangs on an output that is not there yet."""
        step = self._world.plan.chain.steps.get(unit.step)
        if step is None or step.when is None:
            return False
        if self._world.source(unit) in self._open and "inputs" in _roots(step.when):
            return True
        return bool(asks_for(step.when, unit, self._world.units) & self._open)

    def _depends(self, unit: Unit, open_needs: list[str]) -> bool:
        """Whether what a unit is asked hangs on an output that is not there."""
        shown = {name for names in evident(self._world, unit).values() for name in names}
        return self._hands_on(open_needs) or bool(self._open & (shown | {self._world.source(unit)}))

    def _hands_on(self, open_needs: list[str]) -> bool:
        """Whether one of these hands something on: a gate's word changes no prompt."""
        return any(not self._world.units[need].is_gate for need in open_needs)

    def _asks_again(self, unit: Unit, ask: Ask, text: str) -> bool:
        """Whether a step whose first answer is known would be asked on, as far as the record tells."""
        recorded = self._recorded(unit) or self._unfinished(unit)
        until = unit.planned.step.until if unit.planned is not None else None
        if until is None or recorded is None:
            return False
        while True:
            calls = [call for call in recorded.calls if call.round == ask.round and call.reply is not None]
            call = calls[-1] if calls else None
            if call is None or call.reply is None or (ask.round == 0 and not _begins_with(calls, text)):
                return True
            last = recorded.status == "completed" and call is recorded.calls[-1]
            findings = (
                tuple(f for f in recorded.findings if f.rule != "until-unmet") if last else call.findings
            )
            answer = Round(call.reply.text, recorded.score if last else call.score, findings)
            if accepted(self._world, ask, answer) or ask.round >= until.rounds:
                return False
            ask = next_ask(self._world, ask, answer)
            if self._known.find([ask.to(backend) for backend in self._backends[unit.step]]) is None:
                return True

    def _asked(self, unit: Unit, ask: Ask, open_needs: list[str]) -> StepPreview:
        backend, last = self._backends[unit.step][0], self._last(unit)
        found = self._causes(unit, ask, backend, last)
        if self._before:
            above = [need for need in open_needs if not self._world.units[need].is_gate]
            found += [Cause("upstream", f"upstream {need} changes", need) for need in above]
        self._assume(unit)
        return self._asking(
            unit, tuple(found) or (Cause(NEW, "no reply to this question is known"),), ask, last
        )

    def _asking(
        self,
        unit: Unit,
        found: tuple[Cause, ...],
        ask: Ask,
        last: tuple[RunRecord, StepRecord, CallRecord] | None,
    ) -> StepPreview:
        backend, step = self._backends[unit.step][0], self._world.plan.chain.steps[unit.step]
        sent = sum(len(message.content) for message in ask.messages) // CHARACTERS_PER_TOKEN
        reply = last[2].reply if last is not None else None
        received = reply.usage.output_tokens if reply is not None else backend.sampling.max_tokens
        notes = [f"if `{step.when}`"] if unit.name in self._uncertain else []
        notes += [f"up to {step.until.rounds + 1} calls"] if step.until is not None else []
        return StepPreview(
            unit.name,
            _persona(unit),
            "ask",
            found,
            "; ".join(notes),
            backend.provider.identity,
            sent,
            received,
            _price(backend.provider, sent, received),
        )

    def _assume(self, unit: Unit) -> None:
        """Go on as if the unit came to what it came to before, or to a text as long as any step is handed.

        A hard stop that it broke then need not be broken by an answer that is not there yet.
        """
        before = self._recorded(unit) or _assumed(unit, "x" * self._longest)
        kept = tuple(item for item in before.findings if not item.rule.startswith(HARD_STOP))
        self._put(unit, replace(before, findings=kept))
        self._open.add(unit.name)

    def _causes(
        self, unit: Unit, ask: Ask, backend: Backend, last: tuple[RunRecord, StepRecord, CallRecord] | None
    ) -> list[Cause]:
        if not self._before:
            return [Cause(NEW, "first run")]
        if last is None:
            going_on = any(record.status != "completed" for record, _ in self._before)
            return [Cause(NEW, "not finished yet" if going_on else "new step")]
        resolved = resolve(self._world.plan)
        step = self._world.plan.chain.steps[unit.step]
        name = step.prompt or ""
        after = Question(
            ask.fingerprints,
            backend.provider.identity,
            backend.model,
            backend.sampling,
            resolved["personas"].get(step.persona, {}),
            resolved["prompts"].get(name, {}) if name else {"text": step.task},
            name,
            self._world.inputs_of(unit),
            ask.to(backend).key,
        )
        record, recorded, call = last
        same = (other for other in recorded.calls if other.backend == after.backend and other.round == 0)
        return causes(question_of(record, recorded, next(same, call)), after)

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

    def _unfinished(self, unit: Unit) -> StepRecord | None:
        found = (steps.get(unit.name) for _, steps in self._before)
        return next((step for step in found if step is not None and step.calls), None)

    def _put(self, unit: Unit, record: StepRecord) -> None:
        self._world.done[unit.name] = record


def _begins_with(calls: Sequence[CallRecord], text: str) -> bool:
    return calls[0].reply is not None and calls[0].reply.text == text


def _assumed(unit: Unit, text: str) -> StepRecord:
    return StepRecord(
        unit.name, _persona(unit), "completed", output=text, step=unit.step, environment=unit.environment
    )


def _roots(condition: str) -> set[str]:
    from fcc.agents.expression import parse

    return {path[0] for path in parse(condition).names()}


def _persona(unit: Unit) -> str:
    return unit.planned.persona.id if unit.planned is not None else ""


def _price(provider: Provider, sent: int, received: int | None) -> float | None:
    """What a call may cost, where its provider can tell."""
    estimate: Callable[[int, int | None], float | None] | None
    estimate = getattr(innermost(provider), "estimate_cost", None)
    return estimate(sent, received) if estimate is not None else None
