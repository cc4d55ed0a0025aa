"""What a step's model is asked: hand-offs, the rendered task, the request and its fingerprints. Pure.

The runner asks by it, `verify` renders it again, and `--plan` looks ahead with it, so that the three can't differ.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from fcc.agents import Handoff, Plan, PlannedStep, Unit, hand_off
from fcc.agents.agent import system_prompt
from fcc.agents.plan import has_evidence
from fcc.prompts import PromptTemplate
from fcc.providers.base import Message, ModelRequest, Provider, ResponseFormat, Sampling
from fcc.providers.keys import call_key, fingerprint
from fcc.redaction import unchanged
from fcc.simulation import facts
from fcc.simulation.artifacts import Artifact
from fcc.simulation.material import Document, earlier_run, evidence_of
from fcc.simulation.record import ErrorRecord
from fcc.simulation.resolved import plan_fingerprints
from fcc.simulation.verdict import Finding
from fcc.simulation.world import World


class Backend(NamedTuple):
    """What answers for a step."""

    provider: Provider
    model: str = ""
    """The model's name; "" leaves it to the provider."""
    sampling: Sampling = Sampling()


class Candidate(NamedTuple):
    """A request as one backend would be sent it, with its key."""

    backend: Backend
    request: ModelRequest
    key: str


class Round(NamedTuple):
    """One answer, and what was found of it."""

    output: str = ""
    score: float | None = None
    findings: tuple[Finding, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    data: Any = None
    """The JSON value that it is, where the step has a schema."""
    error: ErrorRecord | None = None
    """Why there is none that can be used."""
    unchecked: tuple[str, ...] = ()
    """What of the artifacts could not be checked, and why."""


class Ask(NamedTuple):
    """One question to a model, whichever answers it."""

    unit: Unit
    task: str
    round: int
    handoffs: tuple[Handoff, ...]
    fingerprints: dict[str, Any]

    messages: tuple[Message, ...]
    call: int = 0
    """Which call of the round this is: 1 where the answer did not fit its schema."""

    @property
    def call_id(self) -> str:
        """Where in the run the question stands: `step/item/round/call/sample`."""
        return f"{self.unit.place}/{self.round}/{self.call}/0"

    @property
    def schema(self) -> dict[str, Any] | None:
        """The JSON Schema that the answer must fit; None where any text will do."""
        rule = _planned(self.unit).step.output
        return rule.json_schema if rule is not None else None

    def to(self, backend: Backend) -> Candidate:
        """The question as a backend is sent it."""
        form = ResponseFormat(self.schema, self.unit.step) if self.schema is not None else None
        request = ModelRequest(self.messages, backend.model, backend.sampling, self.call_id, form)
        return Candidate(backend, request, call_key(request, backend.provider.identity))


def first_ask(world: World, unit: Unit) -> Ask:
    """The question of a unit's first round.

    Raises:
        TemplateError: the template fails on these values.
    """
    handoffs = hand_offs(world, unit)
    task = _planned(unit).template.render(**_variables(world, unit, handoffs))
    return Ask(unit, task, 0, handoffs, _fingerprints(world, unit, handoffs), _messages(world, unit, task))


def next_ask(world: World, before: Ask, answer: Round) -> Ask:
    """The question of the round after: the task, the answer, and what was found wrong with it."""
    planned, number = _planned(before.unit), before.round + 1
    if planned.refine is None or planned.step.until is None:
        raise AssertionError("only a step with `until` is asked again")
    text = planned.refine.render(
        inputs=_shown_inputs(world, before.unit, planned.refine),
        condition=planned.step.until.condition,
        findings=answer.findings,
        round=number,
        rounds=planned.step.until.rounds,
        score=answer.score,
    )
    then = (Message("assistant", answer.output), Message("user", text))
    prints = before.fingerprints | {"previous": fingerprint(answer.output), "refine": fingerprint(text)}
    messages = _messages(world, before.unit, before.task, *then)
    return before._replace(round=number, fingerprints=prints, messages=messages, call=0)


def repair_ask(world: World, before: Ask, answer: str, problems: Sequence[str]) -> Ask:
    """The question once more, with the answer that does not fit the schema, and why."""
    text = _form(_planned(before.unit), problems)
    then = (Message("assistant", answer), Message("user", text))
    prints = before.fingerprints | {"answer": fingerprint(answer), "repair": fingerprint(text)}
    messages = (*before.messages, *_redacted(world, then))
    return before._replace(call=before.call + 1, fingerprints=prints, messages=messages)


def _form(planned: PlannedStep, problems: Sequence[str] = ()) -> str:
    """What is said of the form that the answer must have; "" where any will do."""
    if planned.structured is None or planned.step.output is None:
        return ""
    schema = json.dumps(planned.step.output.json_schema, indent=2, ensure_ascii=False)
    return planned.structured.render(schema=schema, problems=list(problems))


def accepted(world: World, ask: Ask, answer: Round) -> bool:
    """Whether a step's `until` holds for an answer; true for a step without one."""
    until = _planned(ask.unit).step.until
    if until is None:
        return True
    from fcc.agents.expression import parse

    names = {
        **world.common(ask.unit),
        **facts.judged(answer.score, answer.findings),
        "text": answer.output,
        "round": ask.round,
    }
    return parse(until.condition).holds(names)


def hand_offs(world: World, unit: Unit) -> tuple[Handoff, ...]:
    """The outputs that a unit is given, each cut as its step says; what was passed over gives none."""
    characters = _planned(unit).step.handoff.characters
    return tuple(
        hand_off(need, world.done[need].output, characters)
        for need in unit.needs
        if not world.units[need].is_gate and world.done[need].status == "completed"
    )


def _variables(world: World, unit: Unit, handoffs: Sequence[Handoff]) -> dict[str, Any]:
    planned, chain = _planned(unit), world.plan.chain
    handed: dict[str, list[str]] = {need: [] for need in planned.step.needs}
    for handoff in handoffs:
        handed[world.units[handoff.source].step].append(handoff.fenced)
    values: dict[str, Any] = {
        "inputs": _shown_inputs(world, unit, planned.template),
        "handoff": {name: "\n\n".join(it) for name, it in handed.items()},
        "evidence": _evidence(world, unit),
    }
    if planned.step.foreach is not None:
        values["item"] = unit.value
    if chain.environments:
        values["environment"] = unit.environment
    if chain.events:
        values["events"] = {name: _document(world.documents.get(name)) for name in chain.events}
    return values


def _shown_inputs(world: World, unit: Unit, template: PromptTemplate) -> dict[str, Any]:
    """The inputs as a template is given them: of an earlier run, what a model wrote is fenced."""
    inputs, chain = world.inputs_of(unit), world.plan.chain
    characters = chain.steps[unit.step].handoff.characters
    for name in _used(template, "inputs", tuple(chain.inputs)):
        if chain.inputs[name].type == "run":
            inputs[name] = earlier_run(inputs[name], characters)
    return inputs


def _evidence(world: World, unit: Unit) -> dict[str, str]:
    """What is known of the steps whose evidence a unit's task shows."""
    return {
        step: evidence_of([world.done[name] for name in names if name in world.done], step)
        for step, names in evident(world, unit).items()
    }


def evident(world: World, unit: Unit) -> dict[str, list[str]]:
    """The steps whose evidence a unit's task shows, each with its units."""
    steps = _used(_planned(unit).template, "evidence", _evident(world.plan, unit.step))
    here = {"", unit.environment}
    return {
        step: [
            name for name, other in world.units.items() if other.step == step and other.environment in here
        ]
        for step in steps
    }


@lru_cache(maxsize=4096)
def _evident(plan: Plan, step: str) -> tuple[str, ...]:
    return tuple(has_evidence(plan.chain, plan.chain.steps[step]))


def _document(document: Any) -> Any:
    return Document(document) if isinstance(document, Mapping) else document


def _fingerprints(world: World, unit: Unit, handoffs: Sequence[Handoff]) -> dict[str, Any]:
    planned, prints = _planned(unit), world.input_fingerprints(unit)
    found: dict[str, Any] = {
        **plan_fingerprints(world.plan)[planned.name],
        "inputs": {
            name: prints[name] for name in _used(planned.template, "inputs", tuple(world.plan.chain.inputs))
        },
        "upstream": {handoff.source: fingerprint(world.done[handoff.source].output) for handoff in handoffs},
        "handoff": planned.step.handoff.characters,
    }
    if planned.step.foreach is not None:
        found["item"] = fingerprint(unit.value)
    if planned.step.output is not None:
        found["schema"] = fingerprint(planned.step.output.json_schema)
    if world.documents:
        found["documents"] = fingerprint(world.documents)
    if evidence := _evidence(world, unit):
        found["evidence"] = {step: fingerprint(text) for step, text in evidence.items()}
    return found


@lru_cache(maxsize=4096)
def _used(template: PromptTemplate, root: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """Which of some names a template uses as parts of a variable."""
    used = {use.variable for use in template.uses}
    return tuple(name for name in names if root in used or f"{root}.{name}" in used)


def _messages(world: World, unit: Unit, task: str, *then: Message) -> tuple[Message, ...]:
    """What is sent, without secrets: one that a card, a template or an input holds goes to no model."""
    system = system_prompt(world.plan.system, _planned(unit).persona)
    form = _form(_planned(unit))
    asked = f"{task.rstrip()}\n\n{form}" if form else task
    return _redacted(world, (Message("system", system), Message("user", asked), *then))


def _redacted(world: World, messages: tuple[Message, ...]) -> tuple[Message, ...]:
    if world.redact is unchanged:
        return messages
    return tuple(Message(message.role, world.redact(message.content)) for message in messages)


def _planned(unit: Unit) -> PlannedStep:
    if unit.planned is None:
        raise AssertionError("a gate asks no model")
    return unit.planned
