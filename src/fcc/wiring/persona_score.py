"""Whether a persona's card helps: models are asked the same with the card and without it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

from fcc._sync import run_sync
from fcc.errors import CassetteError, ConfigError, FccError
from fcc.evaluations.persona_score import (
    ItemAnswers,
    Measured,
    ModelScore,
    PersonaScore,
    bare_prompt,
    card_effects,
    measure,
)
from fcc.personas import Persona
from fcc.providers.base import Message, ModelReply, ModelRequest
from fcc.providers.wrapper import innermost
from fcc.simulation import Assessor, Backend, Delivery, extract_artifacts
from fcc.simulation.preview import CHARACTERS_PER_TOKEN
from fcc.wiring.backends import DETERMINISTIC, Backends, Model, is_stand_in
from fcc.wiring.catalog import Catalog
from fcc.wiring.persona_tasks import Task, Tasks, tasks_of

_AT_ONCE = 8
"""Calls at once, at most, as in a run."""

_OF_THE_STAND_IN = (
    "The stand-in answers by the task and hardly by the card: what a card does to it says nothing of models. "
    "It is asked once, since it would say the same again."
)

N = TypeVar("N", int, float)

CARD, BARE = "card", "bare"


@dataclass(frozen=True)
class ScoreRequest:
    """Which card is tried, on what, with which models."""

    persona: str
    models: tuple[Model, ...] = (DETERMINISTIC,)
    chain: str | None = None
    """Only the steps of this chain; without it, and without `files`, those of every chain that is known."""
    step: str | None = None
    files: tuple[Path, ...] = ()
    """Tasks of one's own: a text each; of a YAML file, each text of its list."""
    repeat: int = 1
    """How often a model is asked each task in each way; the stand-in once, since it would say the same."""


class PlannedCalls(NamedTuple):
    """What one model would be asked, and what that may take."""

    model: str
    calls: int
    input_tokens: int
    """About so many."""
    output_tokens: int | None
    """As many as the stand-in's answers, or as the model may give; None where neither is known."""
    cost: float | None
    """US dollars; None where tokens or price are not known."""


class ScorePlan(NamedTuple):
    """What `score_persona` would ask."""

    persona: str
    items: tuple[str, ...]
    models: tuple[PlannedCalls, ...]
    notes: tuple[str, ...]


class _Call(NamedTuple):
    task: Task
    way: str
    """`card` or `bare`."""
    request: ModelRequest


class _Prepared:
    """Everything that is needed to ask; nothing has been asked yet."""

    def __init__(self, request: ScoreRequest, catalog: Catalog) -> None:
        self.persona: Persona = catalog.personas.get(request.persona)
        found: Tasks = tasks_of(catalog, request.persona, request.chain, request.step, request.files)
        self.tasks, self.notes = found
        self.items = tuple(dict.fromkeys(task.item for task in self.tasks))
        models = dict.fromkeys(request.models)
        if any(isinstance(model, str) and is_stand_in(model) for model in models):
            self.notes += (_OF_THE_STAND_IN,)
        if not models:
            raise ConfigError("no model is named", hint="Name one, such as `deterministic`.")
        asked: dict[str, tuple[Model, ...]] = {str(n): (model,) for n, model in enumerate(models)}
        self.backends = Backends(asked, lambda: catalog)
        self.repeats = {
            key: 1 if isinstance(model, str) and is_stand_in(model) else request.repeat
            for key, (model,) in asked.items()
        }
        template = catalog.prompts.get("system")
        self._systems = {
            CARD: template.render(persona=self.persona),
            BARE: bare_prompt(template, self.persona),
        }

    def name(self, key: str) -> str:
        """What a model is called."""
        return self.backends.asked[key][0] or self.backends.identities[key]

    def backend(self, key: str) -> Backend:
        """What answers for a model."""
        return self.backends.by_step[key][0]

    def calls(self, key: str) -> list[_Call]:
        """Every call to one model."""
        backend = self.backend(key)
        return [
            _Call(
                task,
                way,
                ModelRequest(
                    (Message("system", system), *task.messages),
                    backend.model,
                    backend.sampling,
                    f"{way}/{number}/0/0/{sample}",
                    task.form,
                ),
            )
            for number, task in enumerate(self.tasks)
            for way, system in self._systems.items()
            for sample in range(self.repeats[key])
        ]


def plan_score(request: ScoreRequest, catalog: Catalog) -> ScorePlan:
    """What would be asked, and what that may take; no model but the stand-in is asked.

    Raises:
        ConfigError: there is no such persona, model, chain or task.
    """
    prepared = _Prepared(request, catalog)
    planned = tuple(_planned(prepared, key) for key in prepared.backends.by_step)
    return ScorePlan(request.persona, prepared.items, planned, prepared.notes)


def _planned(prepared: _Prepared, key: str) -> PlannedCalls:
    backend = prepared.backend(key)
    estimate: Callable[[int, int | None], float | None] | None
    estimate = getattr(innermost(backend.provider), "estimate_cost", None)
    calls = prepared.calls(key)
    sent = 0
    received: list[int | None] = []
    costs: list[float | None] = []
    for call in calls:
        tokens = sum(len(message.content) for message in call.request.messages) // CHARACTERS_PER_TOKEN
        reply = call.task.reply_tokens or backend.sampling.max_tokens
        sent += tokens
        received.append(reply)
        costs.append(estimate(tokens, reply) if estimate is not None and reply is not None else None)
    return PlannedCalls(prepared.name(key), len(calls), sent, _sum(received), _sum(costs))


def _sum(values: Sequence[N | None]) -> N | None:
    """The sum; None as soon as one is not known."""
    known = [value for value in values if value is not None]
    return sum(known[1:], known[0]) if known and len(known) == len(values) else None


def score_persona(
    request: ScoreRequest, catalog: Catalog, tell: Callable[[str], None] = lambda _: None
) -> PersonaScore:
    """What the card does to each model's answers: score, errors, rules broken.

    `tell` is told before each model is asked.

    Raises:
        ConfigError: there is no such persona, model, chain or task; nothing was asked.
        CassetteError: a cassette is in use, and has no reply to what is asked.
    """
    from fcc.evaluations.assessor import EvidenceAssessor
    from fcc.evaluations.files import workspace_checks

    prepared = _Prepared(request, catalog)
    assessor = EvidenceAssessor(workspace_checks(catalog.workspace))

    async def every() -> list[ModelScore]:
        try:
            made = []
            for key in prepared.backends.by_step:
                tell(prepared.name(key))
                made.append(await _score(prepared, key, assessor))
            return made
        finally:
            await prepared.backends.close()

    models = tuple(run_sync(every()))
    return PersonaScore(request.persona, prepared.items, models, prepared.notes)


async def _score(prepared: _Prepared, key: str, assessor: Assessor) -> ModelScore:
    calls, backend = prepared.calls(key), prepared.backend(key)
    free = asyncio.Semaphore(_AT_ONCE)

    async def ask(call: _Call) -> ModelReply | FccError:
        async with free:
            try:
                return await backend.provider.complete(call.request)
            except CassetteError:
                raise
            except FccError as error:
                return error

    replies = await asyncio.gather(*map(ask, calls))
    measured: dict[tuple[str, str], list[Measured]] = {}
    failed: dict[str, None] = {}
    costs: list[float | None] = []
    for call, reply in zip(calls, replies, strict=True):
        here = measured.setdefault((call.task.item, call.way), [])
        if isinstance(reply, FccError):
            failed[f"{call.task.item}, {call.way}: {reply.message.splitlines()[0]}"] = None
            here.append(Measured(None, None, None))
        else:
            costs.append(reply.cost)
            here.append(_measured(prepared.persona, call.task, reply.text, assessor))
    answers = [
        ItemAnswers(item, tuple(measured[item, CARD]), tuple(measured[item, BARE])) for item in prepared.items
    ]
    return ModelScore(prepared.name(key), card_effects(answers), len(calls), _sum(costs), tuple(failed))


def _measured(persona: Persona, task: Task, text: str, assessor: Assessor) -> Measured:
    problems: Sequence[str] = ()
    schema: Mapping[str, object] | None = task.form.schema if task.form is not None else None
    if schema is not None:
        from fcc.simulation.structured import parse_output

        problems = parse_output(text, schema).problems
    fits = schema is not None and not problems
    own = Delivery(task.item, task.text, text, extract_artifacts(text), fits=fits, persona=persona.id)
    return measure(own, persona, assessor, misfit=bool(problems))
