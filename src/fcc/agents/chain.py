"""The chain file: inputs, steps, and the policy by which the result is judged."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, JsonValue, model_validator

from fcc import _yaml
from fcc.agents.flow import (
    FROZEN,
    Approve,
    ChainEvent,
    Environment,
    GatePolicy,
    InputName,
    Limits,
    Name,
    OutputRule,
    ReadinessPolicy,
    RunLimits,
    StepName,
    Until,
)
from fcc.agents.handoff import DEFAULT_CHARACTERS
from fcc.errors import ConfigError
from fcc.workspace import not_found, show_path

InputType = Literal["string", "integer", "number", "boolean", "list", "mapping", "run"]

_PYTHON_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "list": list,
    "mapping": dict,
    "run": dict,
}


_ARTICLE: dict[str, str] = {kind: "an" if kind == "integer" else "a" for kind in _PYTHON_TYPES}


_DEEPEST = 100
"""How deep a value may nest that a run is given."""

_LONGEST_SHOWN = 120
"""How many characters of a value a message shows."""


def is_json(value: Any) -> bool:
    """Whether a value can stand in a record: JSON in UTF-8, without NaN, nested at most 100 deep."""
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError):
        return False
    return _depth(value) <= _DEEPEST


def _short(value: Any) -> str:
    """A value as a message shows it: who wrote it may have written much."""
    shown = repr(value)
    return shown if len(shown) <= _LONGEST_SHOWN else f"{shown[: _LONGEST_SHOWN - 1]}…"


def _depth(value: Any) -> int:
    depth, layer = 0, [value]
    while layer and depth <= _DEEPEST:
        depth += 1
        layer = [
            inner
            for outer in layer
            if isinstance(outer, dict | list | tuple)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return depth


class ChainInput(BaseModel):
    """One value that a run of the chain is given."""

    model_config = FROZEN

    type: InputType = "string"
    description: str = ""
    default: JsonValue = Field(default=None, description="Without one, the input must be given.")
    choices: tuple[JsonValue, ...] = Field(
        default=(), description="The only values that are allowed; empty for any."
    )
    chain: Name | None = Field(
        default=None,
        description="Of an input of the type `run`: the chain whose run it is. Its newest completed run is the default.",
    )

    @model_validator(mode="after")
    def _default_fits(self) -> ChainInput:
        if self.type == "run" and (self.default is not None or self.choices):
            raise ValueError("a run has no `default` and no `choices`; with `chain`, its newest run is taken")
        if self.type != "run" and self.chain is not None:
            raise ValueError("only an input of `type: run` has a `chain`")
        if self.default is not None:
            self.check("default", self.default)
        return self

    def check(self, name: str, value: Any) -> None:
        """Nothing, if the value fits.

        Raises:
            ValueError: it is of another type, or none of the choices.
        """
        if self.type == "run":
            self._check_run(name, value)
            return
        fits = isinstance(value, _PYTHON_TYPES[self.type])
        if isinstance(value, bool) and self.type != "boolean":
            fits = False
        if not fits:
            raise ValueError(f"{name} must be {_ARTICLE[self.type]} {self.type}, not {_short(value)}")
        if not is_json(value):
            raise ValueError(f"{name} holds something that is no JSON value in UTF-8: {_short(value)}")
        if self.choices and value not in self.choices:
            raise ValueError(
                f"{name} must be one of {', '.join(map(str, self.choices))}, not {_short(value)}"
            )

    def _check_run(self, name: str, value: Any) -> None:
        if not is_json(value) or not _is_run(value):
            raise ValueError(f"{name} must be a run: its id, `last`, or its folder")
        if self.chain is not None and value["chain"] != self.chain:
            raise ValueError(
                f"{name} must be a run of {self.chain!r}, and {value['id']} is one of {value['chain']!r}"
            )


RUN_PARTS: dict[str, str] = {
    "id": "string",
    "chain": "string",
    "decision": "string",
    "started": "string",
    "inputs": "mapping",
    "outputs": "mapping",
    "files": "list",
}
"""What an earlier run is as an input, each part with its type."""

_FILE_PARTS = ("step", "path", "kind", "text")


def _is_run(value: Any) -> bool:
    """Whether a value has the parts of an earlier run, each of its type."""
    if not isinstance(value, dict) or not RUN_PARTS.keys() <= value.keys():
        return False
    if any(not isinstance(value[part], _PYTHON_TYPES[kind]) for part, kind in RUN_PARTS.items()):
        return False
    texts = list(value["outputs"].values())
    for file in value["files"]:
        texts += [file.get(part) for part in _FILE_PARTS] if isinstance(file, dict) else [None]
    return all(isinstance(text, str) for text in texts)


class HandoffRule(BaseModel):
    """How the outputs that a step needs are cut before it sees them."""

    model_config = FROZEN

    characters: int = Field(
        default=DEFAULT_CHARACTERS,
        ge=1,
        le=1_000_000,
        description="How many characters of each output are handed on.",
    )


class Rehearse(BaseModel):
    """What runs files through the simulated cluster; no model is asked."""

    model_config = FROZEN

    scenarios: tuple[Name, ...] = Field(
        min_length=1, description="What goes wrong: scenarios in `evaluations/`, by name."
    )
    run: InputName | None = Field(
        default=None,
        description="The input of the type `run` whose files are taken; without it, those of the steps that it needs.",
    )
    alert: StepName | None = Field(
        default=None, description="The event whose document is given to the rollback script."
    )


class Include(BaseModel):
    """A chain whose steps run as part of this one."""

    model_config = FROZEN

    chain: Name = Field(description="The chain, by name.")
    needs: tuple[StepName, ...] = Field(
        default=(),
        description="What its first steps need: steps of this chain, or of others that it includes.",
    )
    inputs_from: StepName | None = Field(
        default=None, description="The step whose JSON goes over the inputs of all its steps."
    )


class Step(BaseModel):
    """One agent's turn; with `gate` or `approve`, a gate that what needs it must pass; or a rehearsal."""

    model_config = FROZEN

    persona: Name | None = Field(default=None, description="The id of the persona that speaks.")
    prompt: Name | None = Field(default=None, description="The template of the task, by name.")
    task: str | None = Field(default=None, description="The template of the task, written here instead.")
    needs: tuple[StepName, ...] = Field(
        default=(), description="The steps whose outputs are handed to this one, and the gates before it."
    )
    handoff: HandoffRule = Field(default=HandoffRule(), description="How the outputs it needs are cut.")
    model: str | None = Field(default=None, description="The model that answers; without it, the run's.")
    fallback: tuple[str, ...] = Field(
        default=(), description="The models that are asked instead, in order, where that one does not answer."
    )
    produces: tuple[str, ...] = Field(default=(), description="What the output is to hold, for readers.")
    inputs_from: StepName | None = Field(
        default=None,
        description="A step that it needs, whose JSON `output` goes over the inputs of the same names for this step.",
    )
    takes: tuple[InputName, ...] = Field(
        default=(),
        description="Which inputs are taken with `inputs_from`; without names, all that are there.",
    )
    when: str | None = Field(
        default=None,
        description="The step runs only where this holds, such as `outputs.pipeline.score < 0.8`.",
    )
    on: StepName | None = Field(
        default=None, description="The event that starts the step; without it, it is passed over."
    )
    foreach: str | tuple[JsonValue, ...] | None = Field(
        default=None,
        description="The step runs once for each `item` of a list: `inputs.regions`, or the list itself.",
    )
    until: Until | None = Field(
        default=None, description="Asks again, with what was found, until a condition holds or so many times."
    )
    output: OutputRule | None = Field(
        default=None, description="What form the answer must have; without it, any text will do."
    )
    once: bool = Field(default=False, description="Runs once, and not in each of the chain's environments.")
    limits: Limits | None = Field(
        default=None, description="What this step may take; where that is reached, the run stops."
    )
    gate: Name | GatePolicy | None = Field(
        default=None, description="Makes this a gate: the policy by which it opens, on what it needs."
    )
    approve: Approve | None = Field(
        default=None,
        description="Makes this a gate that a person opens; with `gate`, after its policy has allowed.",
    )
    rehearse: Rehearse | None = Field(
        default=None, description="Runs files through the simulated cluster; asks no model."
    )

    @property
    def is_gate(self) -> bool:
        """Whether this is a gate and no agent's turn."""
        return self.gate is not None or self.approve is not None

    @model_validator(mode="after")
    def _one_task(self) -> Step:
        if len(set(self.needs)) < len(self.needs):
            raise ValueError("`needs` names a step twice")
        if self.takes and self.inputs_from is None:
            raise ValueError("`takes` says what is taken with `inputs_from`, which is not given")
        if self.is_gate or self.rehearse is not None:
            noun, own = ("a gate", _GATE_KEYS) if self.is_gate else ("a rehearsal", {"rehearse"})
            foreign = self.model_fields_set - own - _COMMON_KEYS
            if foreign:
                raise ValueError(f"{noun} asks no model and has no `{min(foreign)}`; make it two steps")
            return self
        if isinstance(self.foreach, tuple) and not is_json(self.foreach):
            raise ValueError("`foreach` lists something that is no JSON value in UTF-8")
        if self.persona is None:
            raise ValueError(
                "give a `persona`, or make it a gate (`gate`, `approve`) or a rehearsal (`rehearse`)"
            )
        if (self.prompt is None) == (self.task is None):
            raise ValueError("give either `prompt` (a template's name) or `task` (the text itself)")
        return self


_GATE_KEYS = {"gate", "approve"}
_COMMON_KEYS = {"needs", "inputs_from", "takes", "when", "on", "once"}


class Chain(BaseModel):
    """A file of steps, each an agent, that hand truncated outputs on."""

    model_config = FROZEN

    name: Name = Field(description="The chain's name, and its file's.")
    version: int = Field(default=1, ge=1, description="Raise it when a change should be seen.")
    description: str = ""
    inputs: dict[InputName, ChainInput] = Field(
        default_factory=dict, description="What a run is given, by name."
    )
    include: tuple[Include, ...] = Field(
        default=(), description="Chains whose steps run as part of this one, before its own."
    )
    steps: dict[StepName, Step] = Field(
        default_factory=dict, description="Agents' turns, gates and rehearsals, by name."
    )
    model: str | None = Field(default=None, description="The model of every step that names none.")
    fallback: tuple[str, ...] = Field(
        default=(),
        description="The models that are asked instead, for every step that names none of its own.",
    )
    events: dict[StepName, ChainEvent] = Field(
        default_factory=dict, description="What may happen outside and start a branch, by name."
    )
    environments: dict[StepName, Environment] = Field(
        default_factory=dict, description="The stages of a promotion, in order."
    )
    limits: RunLimits = Field(default=RunLimits(), description="What a run may take.")
    readiness: Name | ReadinessPolicy = Field(
        default="readiness",
        description="The policy by which the result is judged: its name, or the policy itself.",
    )

    @model_validator(mode="after")
    def _has_steps(self) -> Chain:
        if not self.steps and not self.include:
            raise ValueError("`steps` is missing; a chain has steps, or includes chains that have some")
        return self

    @classmethod
    def from_file(cls, path: Path) -> Chain:
        """The chain in a YAML file; errors as `fcc._yaml.read` and `fcc._yaml.build`."""
        return _yaml.build(cls, _yaml.read(path, show_path(path)))

    def resolve_inputs(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The value of every input: the given one, else the default.

        Raises:
            ConfigError: an input is unknown, missing, or of the wrong type; all at once.
        """
        for name in given:
            if name not in self.inputs:
                raise not_found(f"input of {self.name}", name, list(self.inputs), hint=self._input_hint())
        faults: list[str] = []
        values: dict[str, Any] = {}
        for name, spec in self.inputs.items():
            value = given.get(name, spec.default)
            if value is None:
                faults.append(f"input {name!r} has no default and was not given")
                continue
            try:
                spec.check(f"input {name!r}", value)
            except ValueError as error:
                faults.append(str(error))
            values[name] = value
        if faults:
            raise ConfigError("\n".join(faults), hint=self._input_hint())
        return values

    def inputs_in(self, environment: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """The inputs as they are in one environment; "" for outside of any."""
        own = self.environments[environment].inputs if environment else {}
        return {**values, **own}

    def _input_hint(self) -> str:
        return f"Give inputs with --set name=value or --inputs file; see fcc-agents show {self.name}"
