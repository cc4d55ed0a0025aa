"""What can be wrong with a chain's flow, found before anything is spent. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from fcc import _yaml
from fcc.agents._faults import Faults, Path
from fcc.agents.chain import Chain, Step
from fcc.agents.flow import GatePolicy, Policy, ReadinessPolicy
from fcc.agents.order import reach
from fcc.agents.scope import (
    ANY,
    BOOLEAN,
    JUDGED,
    LIST,
    MAPPING,
    NUMBER,
    STRING,
    Scope,
    Type,
    schema_scope,
)

_INPUT: dict[str, Type | Scope] = {
    "string": STRING,
    "integer": NUMBER,
    "number": NUMBER,
    "boolean": BOOLEAN,
    "list": LIST,
    "mapping": MAPPING,
    # not `files`: an item of `foreach` would put a model's words into a prompt as they are
    "run": {
        **dict.fromkeys(("id", "chain", "decision", "started"), STRING),
        **dict.fromkeys(("inputs", "outputs"), MAPPING),
    },
}

_AGENT: dict[str, Type] = {**JUDGED, "status": STRING, "text": STRING, "characters": NUMBER}
_GATE: dict[str, Type] = {"status": STRING}

FindPolicy = Callable[[str], Policy]


def check_flow(faults: Faults, chain: Chain, find: FindPolicy) -> dict[str, Policy]:
    """Note every problem of the chain's flow.

    Returns:
        The policies that are named in it, by name.
    """
    policies = _Policies(faults, chain, find)
    needs = {name: step.needs for name, step in chain.steps.items()}
    for name, step in chain.steps.items():
        at: Path = ("steps", name)
        if step.when is not None:
            known = _outputs(chain, reach(needs, name))
            if not _asks_too_far(faults, chain, (*at, "when"), step.when, known):
                scope = {**common_scope(chain), "outputs": known}
                faults.expression((*at, "when"), step.when, scope, BOOLEAN)
        if isinstance(step.foreach, str):
            faults.expression((*at, "foreach"), step.foreach, _known_before(chain), LIST)
        if step.until is not None:
            own = {**common_scope(chain), **JUDGED, "text": STRING, "round": NUMBER}
            faults.expression((*at, "until", "condition"), step.until.condition, own, BOOLEAN)
        if step.on is not None and step.on not in chain.events:
            near = _yaml.suggestion(step.on, list(chain.events))
            faults.add((*at, "on"), f"the chain has no event {step.on!r} under `events`{near}")
        if step.gate is not None and not step.needs:
            faults.add((*at, "gate"), "a gate decides on what it needs; name steps under `needs`")
        _check_once(faults, chain, name, step)
        policies.check_gate(at, step.gate, step.approve, gate_outputs(chain, name))
    _check_environments(faults, chain, policies)
    return policies.found


def _asks_too_far(
    faults: Faults, chain: Chain, path: Path, condition: str, known: Mapping[str, Scope]
) -> bool:
    """Whether a condition asks for a step that need not have run by then, or is none; noted as a problem."""
    from fcc.agents.expression import ExpressionError, parse

    try:
        asked = {path[1] for path in parse(condition).names() if path[0] == "outputs" and len(path) > 1}
    except ExpressionError:
        return False
    far = sorted(step for step in asked if step in chain.steps and step not in known)
    for step in far:
        what = f"asks for {step!r}, which the step doesn't need and which may not have run; add it to `needs`"
        faults.add(path, f"`{path[-1]}` {what}")
    return bool(far)


def _known_before(chain: Chain) -> Scope:
    """What is known before anything has happened: no event."""
    return {name: part for name, part in common_scope(chain).items() if name != "events"}


def common_scope(chain: Chain) -> dict[str, Type | Scope]:
    """What every expression of a chain may use."""
    scope: dict[str, Type | Scope] = {
        "inputs": {name: _INPUT[spec.type] for name, spec in chain.inputs.items()}
    }
    if chain.environments:
        scope["environment"] = STRING
    if chain.events:
        scope["events"] = dict.fromkeys(chain.events, ANY)
    return scope


def gate_outputs(chain: Chain, name: str) -> dict[str, Scope]:
    """What a gate may ask of each step that it rests on, however far back: a step that is one, or an environment's."""
    needs: dict[str, Iterable[str]] = {step: spec.needs for step, spec in chain.steps.items()}
    if name in chain.environments:
        is_first = name == next(iter(chain.environments))
        needs[name] = [step for step, spec in chain.steps.items() if spec.once is is_first]
    return _outputs(chain, reach(needs, name))


def _outputs(chain: Chain, names: Iterable[str]) -> dict[str, Scope]:
    return {name: _scope_of(chain.steps[name]) for name in names}


def _scope_of(step: Step) -> Scope:
    """What may be asked of a step: `data` only where it has a schema."""
    if step.is_gate:
        return _GATE
    if step.rehearse is not None:
        return {**_AGENT, "data": ANY}
    if step.output is None:
        return _AGENT
    schema = step.output.json_schema
    return {**_AGENT, "data": schema_scope(schema, schema)}


def _check_once(faults: Faults, chain: Chain, name: str, step: Step) -> None:
    if not step.once:
        return
    if not chain.environments:
        faults.add(("steps", name, "once"), "`once` means something only in a chain with `environments`")
    for index, need in enumerate(step.needs):
        if need in chain.steps and not chain.steps[need].once:
            what = f"step {name!r} runs once and can't need {need!r}, which runs in each environment"
            faults.add(("steps", name, "needs", index), what)


def _check_environments(faults: Faults, chain: Chain, policies: _Policies) -> None:
    for name, environment in chain.environments.items():
        at: Path = ("environments", name)
        if name in chain.steps:
            faults.add(at, f"{name!r} is the name of a step, too; an environment needs one of its own")
        for key, value in environment.inputs.items():
            if key not in chain.inputs:
                near = _yaml.suggestion(key, list(chain.inputs))
                faults.add((*at, "inputs", key), f"the chain has no input {key!r}{near}")
                continue
            try:
                chain.inputs[key].check(f"input {key!r}", value)
            except ValueError as error:
                faults.add((*at, "inputs", key), str(error))
        if isinstance(environment.readiness, str):
            policies.look_up((*at, "readiness"), environment.readiness, ReadinessPolicy)
        policies.check_gate(at, environment.gate, environment.approve, gate_outputs(chain, name))


class _Policies:
    """The policies that a chain names, each looked up once and its conditions checked."""

    def __init__(self, faults: Faults, chain: Chain, find: FindPolicy) -> None:
        self._faults = faults
        self._chain = chain
        self._find = find
        self._scope: Scope = {**common_scope(chain), **JUDGED, "environment": STRING}
        self.found: dict[str, Policy] = {}

    def look_up(
        self,
        path: Path,
        name: str,
        kind: type[Policy] | None = None,
        outputs: Mapping[str, Scope] | None = None,
    ) -> None:
        policy = self.found.get(name) or self._faults.look_up(path, self._find, name)
        if policy is None:
            return
        self.found[name] = policy
        if kind is not None and not isinstance(policy, kind):
            rules = "has gate rules" if isinstance(policy, GatePolicy) else "has none of a gate's rules"
            self._faults.add(path, f"the policy {name!r} {rules} and can't be used here")
        self._check_rules(path, policy, outputs or {})

    def check_gate(self, at: Path, gate: object, approve: object, outputs: Mapping[str, Scope]) -> None:
        """Note what is wrong with a gate that rests on steps with these outputs."""
        if isinstance(gate, str):
            self.look_up((*at, "gate"), gate, outputs=outputs)
        elif isinstance(gate, GatePolicy):
            self._check_rules((*at, "gate"), gate, outputs)
        policy = getattr(approve, "policy", None)
        if isinstance(policy, str):
            self.look_up((*at, "approve", "policy"), policy, GatePolicy, outputs)
        elif isinstance(policy, GatePolicy):
            self._check_rules((*at, "approve", "policy"), policy, outputs)

    def _check_rules(self, path: Path, policy: Policy, outputs: Mapping[str, Scope]) -> None:
        for index, rule in enumerate(policy.rules if isinstance(policy, GatePolicy) else ()):
            place: Path = (*path, "rules", index, rule.outcome)
            if not _asks_too_far(self._faults, self._chain, place, rule.condition, outputs):
                scope = {**self._scope, "outputs": outputs}
                self._faults.expression(place, rule.condition, scope, BOOLEAN)
