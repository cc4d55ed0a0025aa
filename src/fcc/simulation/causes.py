"""Why a model is asked something else than before: read from the fingerprints of what was sent. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from fcc.providers.base import Sampling
from fcc.simulation.record import CallRecord, RunRecord, StepRecord
from fcc.simulation.world import taken

_LONGEST_SHOWN = 40

NEW = "new"
SAMPLING = "sampling"
"""The same question got another answer: the model's own choice of words."""


class Cause(NamedTuple):
    """One thing that differs."""

    kind: str
    """`persona`, `template`, `input`, `document`, `item`, `handoff`, `upstream`, `model`, `rehearsal`, `sampling`, `status`,
    `score`, `until` or `new`."""
    text: str
    """In words."""
    name: str = ""
    """Which input, or which step upstream."""


class Question(NamedTuple):
    """What a model was asked, or would be, and where that came from."""

    fingerprints: Mapping[str, Any]
    backend: str
    model: str
    parameters: Sampling
    persona: Mapping[str, Any]
    prompt: Mapping[str, Any]
    prompt_name: str
    """Of a template with a name; "" for a task in the chain."""
    inputs: Mapping[str, Any]
    key: str


def question_of(record: RunRecord, step: StepRecord, call: CallRecord) -> Question:
    """The question of a recorded call."""
    chain_step = record.chain["steps"].get(step.step or step.name, {})
    name = chain_step.get("prompt", "")
    return Question(
        call.fingerprints,
        call.backend,
        call.request.model,
        call.request.sampling,
        record.personas.get(step.persona, {}),
        record.prompts.get(name, {}) if name else {"text": chain_step.get("task")},
        name,
        _inputs_of(record, step),
        call.key,
    )


def _inputs_of(record: RunRecord, step: StepRecord) -> dict[str, Any]:
    """The inputs that a recorded step had."""
    environments: Mapping[str, Any] = record.chain.get("environments", {})
    own = environments.get(step.environment, {}).get("inputs", {})
    chain_step: Mapping[str, Any] = record.chain["steps"].get(step.step or step.name, {})
    source = chain_step.get("inputs_from", "")
    names = {source, f"{step.environment}.{source}"}
    data = next((other.data for other in record.steps if source and other.name in names), None)
    return {**record.inputs, **own, **taken(data, chain_step.get("takes") or record.inputs)}


def causes(before: Question, after: Question) -> list[Cause]:
    """What differs between two questions, the nearest to the user first; empty where a model is sent the same."""
    if before.key == after.key or not before.fingerprints:  # which only a run that has ended has noted
        return []
    one, other = before.fingerprints, after.fingerprints
    found: list[Cause] = []
    if one.get("persona") != other.get("persona"):
        found.append(Cause("persona", f"persona {_versions(before.persona, after.persona)}"))
    if one.get("template") != other.get("template") or before.prompt_name != after.prompt_name:
        found.append(Cause("template", _template(before, after)))
    if one.get("schema") != other.get("schema"):
        found.append(Cause("template", "another schema for the output"))
    found += _inputs(before, after)
    for kind, key in (("document", "documents"), ("item", "item")):
        if one.get(key) != other.get(key):
            found.append(Cause(kind, "another event document" if kind == "document" else "another item"))
    if one.get("handoff") != other.get("handoff"):
        text = f"hand-off of {one.get('handoff')} → {other.get('handoff')} characters"
        found.append(Cause("handoff", text))
    if before.backend != after.backend or before.model != after.model:
        found.append(Cause("model", f"model {_backend(before)} → {_backend(after)}"))
    if before.parameters != after.parameters:
        found.append(Cause("model", "sampling parameters of the model"))
    return found + _upstream(one, other)


def _inputs(before: Question, after: Question) -> list[Cause]:
    one, other = before.fingerprints.get("inputs"), after.fingerprints.get("inputs")
    if not isinstance(one, Mapping) or not isinstance(other, Mapping):
        return [] if one == other else [Cause("input", "inputs")]
    return [
        Cause("input", f"input {name}: {_shown(before.inputs, name)} → {_shown(after.inputs, name)}", name)
        for name in dict.fromkeys([*one, *other])
        if one.get(name) != other.get(name)
    ]


def _upstream(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[Cause]:
    above, below = one.get("upstream", {}), other.get("upstream", {})
    found = [
        Cause("upstream", f"upstream {name} changed", name)
        for name in dict.fromkeys([*above, *below])
        if above.get(name) != below.get(name)
    ]
    then, now = one.get("evidence", {}), other.get("evidence", {})
    return found + [
        Cause("upstream", f"evidence on {name} changed", name)
        for name in dict.fromkeys([*then, *now])
        if then.get(name) != now.get(name)
    ]


def _template(before: Question, after: Question) -> str:
    if before.prompt_name != after.prompt_name:
        return f"prompt {before.prompt_name or 'in the chain'} → {after.prompt_name or 'in the chain'}"
    if before.prompt == after.prompt:
        return "system prompt changed"
    name = f"prompt {after.prompt_name}" if after.prompt_name else "task"
    return f"{name} {_versions(before.prompt, after.prompt)}"


def _versions(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    one, other = before.get("version", 1), after.get("version", 1)
    return f"version {one} → {other}" if one != other else "changed"


def _backend(question: Question) -> str:
    return question.backend or question.model


def _shown(inputs: Mapping[str, Any], name: str) -> str:
    if name not in inputs:
        return "nothing"
    text = repr(inputs[name])
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"
