"""What can be wrong where steps take inputs from others, or rehearse; found before anything is spent. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fcc import _yaml
from fcc.agents._faults import Faults, Path
from fcc.agents._flow_checks import common_scope
from fcc.agents.chain import Chain, Step
from fcc.agents.order import reach
from fcc.agents.scope import MAPPING, Scope, Type, schema_scope
from fcc.providers.schema import referred

FindScenario = Callable[[str], Mapping[str, Any]]
"""Looks a scenario up by its name: what its file says, as JSON."""


def check_composed(faults: Faults, chain: Chain, find: FindScenario | None) -> dict[str, Mapping[str, Any]]:
    """Note every problem of `inputs_from` and `rehearse`.

    Returns:
        The scenarios that are named, by name.
    """
    needs = {name: step.needs for name, step in chain.steps.items()}
    scenarios: dict[str, Mapping[str, Any]] = {}
    for name, step in chain.steps.items():
        if step.inputs_from is not None:
            _check_source(faults, chain, name, step.inputs_from, reach(needs, name))
        if step.rehearse is not None:
            _check_rehearsal(faults, chain, name, step, reach(needs, name))
            for index, scenario in enumerate(step.rehearse.scenarios):
                at: Path = ("steps", name, "rehearse", "scenarios", index)
                if find is None:
                    faults.add(at, f"the scenario {scenario!r} can't be looked up here")
                elif (found := faults.look_up(at, find, scenario)) is not None:
                    scenarios[scenario] = found
    return scenarios


def _check_source(faults: Faults, chain: Chain, name: str, source: str, before: list[str]) -> None:
    at: Path = ("steps", name, "inputs_from")
    what = f"`inputs_from` names {source!r}, which"
    giver = chain.steps.get(source)
    if giver is None:
        faults.add(at, f"{what} is no step{_yaml.suggestion(source, list(chain.steps))}")
    elif source not in before:
        faults.add(at, f"{what} {name!r} does not need, however far back; add it to `needs`")
    elif giver.output is None:
        faults.add(at, f"{what} has no `output` with a schema: there are no data to take")
    elif giver.foreach is not None:
        faults.add(at, f"{what} runs for each of a list: its data are several")
    else:
        _check_handed(faults, chain, name, source, giver.output.json_schema)


def _check_handed(faults: Faults, chain: Chain, name: str, source: str, schema: Mapping[str, Any]) -> None:
    """Note what of a schema can't be what the inputs of the same names must be."""
    at: Path = ("steps", name, "inputs_from")
    properties, chosen = _properties(schema), chain.steps[name].takes
    for index, key in enumerate(chosen):
        if key not in chain.inputs:
            near = _yaml.suggestion(key, list(chain.inputs))
            faults.add(("steps", name, "takes", index), f"the chain has no input {key!r}{near}")
    taken = [key for key in properties if key in (chosen or chain.inputs) and key in chain.inputs]
    if not taken:
        said = (
            f"has the properties {', '.join(properties)}"
            if properties
            else "is no object's, with `properties`"
        )
        faults.add(
            at, f"no input is taken from {source!r}: its schema {said}; name some as the chain's inputs"
        )
    types = common_scope(chain)["inputs"]
    for key in taken:
        given, wanted = schema_scope(properties[key], schema), _part(types, key)
        if chain.inputs[key].type == "run":
            faults.add(at, f"the input {key!r} is a run, which can't be taken from the data of {source!r}")
        elif not _leaf(given) & _leaf(wanted):
            kind = chain.inputs[key].type
            faults.add(
                at, f"the input {key!r} is of the type `{kind}`, and the schema of {source!r} says otherwise"
            )
    _check_foreach(faults, name, chain.steps[name], source, taken)


def _check_foreach(faults: Faults, name: str, step: Step, source: str, taken: list[str]) -> None:
    if not isinstance(step.foreach, str):
        return
    from fcc.agents.expression import ExpressionError, parse

    try:
        used = {path[1] for path in parse(step.foreach).names() if path[0] == "inputs" and len(path) > 1}
    except ExpressionError:
        return  # which is noted elsewhere
    for key in sorted(used & set(taken)):
        said = f"`foreach` is unfolded before anything runs, and {source!r} gives {key!r} only then"
        faults.add(("steps", name, "foreach"), f"{said}; write the list there, or take another input")


def _properties(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The properties of a schema that is an object's; none of any other."""
    part: Any = schema
    for _ in range(20):
        if not isinstance(part, Mapping) or not isinstance(part.get("$ref"), str):
            break
        part = referred(schema, part["$ref"])
    if not isinstance(part, Mapping) or part.get("type") != "object":
        return {}
    found = part.get("properties")
    return found if isinstance(found, Mapping) else {}


def _part(scope: Type | Scope, key: str) -> Type | Scope:
    return scope[key] if isinstance(scope, Mapping) else scope


def _leaf(scope: Type | Scope) -> Type:
    return scope if isinstance(scope, frozenset) else MAPPING


def _check_rehearsal(faults: Faults, chain: Chain, name: str, step: Step, before: list[str]) -> None:
    spec = step.rehearse
    if spec is None:
        return
    at: Path = ("steps", name, "rehearse")
    if spec.run is not None and (spec.run not in chain.inputs or chain.inputs[spec.run].type != "run"):
        runs = [key for key, given in chain.inputs.items() if given.type == "run"]
        near = _yaml.suggestion(spec.run, runs)
        faults.add((*at, "run"), f"the chain has no input {spec.run!r} of `type: run`{near}")
    if spec.run is None and not any(chain.steps[other].persona is not None for other in before):
        faults.add(at, "there are no files to rehearse: name steps under `needs`, or a `run`")
    if spec.alert is not None and spec.alert not in chain.events:
        near = _yaml.suggestion(spec.alert, list(chain.events))
        faults.add((*at, "alert"), f"the chain has no event {spec.alert!r} under `events`{near}")
