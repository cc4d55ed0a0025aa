"""Units of work: a plan's steps, unfolded into one for each environment and each item. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from fcc.agents.chain import Chain, Rehearse, Step
from fcc.agents.flow import Approve, Policy
from fcc.agents.order import order_steps
from fcc.agents.plan import Plan, PlannedStep
from fcc.errors import ConfigError

NO_ITEM = "0"
"""Stands for the item in a call's place in the run where a step has no `foreach`."""

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_MOST_UNITS = 10_000


class Unit(NamedTuple):
    """One thing that a run does: an agent's turn, a gate, or a rehearsal."""

    name: str
    """The step's, with the environment before and the item behind where there is one: `dev.review.eu`."""
    step: str
    """The step's name in the chain; "" for the gate before an environment."""
    needs: tuple[str, ...]
    """The units that must have finished before."""
    planned: PlannedStep | None
    """An agent's turn; None for a gate and for a rehearsal."""
    environment: str = ""
    item: str = NO_ITEM
    """Names the item by what it is, so that another order of the list asks nothing again."""
    value: Any = None
    """The item itself."""
    gate: Policy | None = None
    approve: Approve | None = None
    leaves: str = ""
    """For a gate before an environment: the one before it, which must be ready."""
    rehearse: Rehearse | None = None
    """What is rehearsed, where this is a rehearsal."""

    @property
    def is_gate(self) -> bool:
        """Whether this only lets the run on, and hands nothing on."""
        return self.planned is None and self.rehearse is None

    @property
    def place(self) -> str:
        """Step and item as a call id begins with them; the environment is a part of the step's."""
        step = f"{self.environment}.{self.step}" if self.environment else self.step
        return f"{step}/{self.item}"


def unfold(plan: Plan, inputs: Mapping[str, Any]) -> tuple[Unit, ...]:
    """Every unit of a run with these inputs, each after its needs.

    A step with `foreach` becomes one unit for each item; in a chain with environments each step that is not `once`
    becomes one for each of them, and a gate before every environment lets the run in when the one before is ready.

    Raises:
        ConfigError: there would be more than 10,000 units.
    """
    if not plan.chain.environments and all(planned.step.foreach is None for planned in plan.steps):
        return _plain_units(plan)
    units = _Unfolder(plan, inputs).unfold()
    if len(units) > _MOST_UNITS:
        what = f"the chain comes to {len(units):,} units of work, and a run has at most {_MOST_UNITS:,}"
        raise ConfigError(what, hint="Give `foreach` a shorter list.")
    return units


@lru_cache(maxsize=64)
def _plain_units(plan: Plan) -> tuple[Unit, ...]:
    """The units of a plan that hang on no input: one for each step."""
    return _Unfolder(plan, {}).unfold()


class _Unfolder:
    def __init__(self, plan: Plan, inputs: Mapping[str, Any]) -> None:
        self._plan = plan
        self._chain: Chain = plan.chain
        self._inputs = inputs
        self._planned = {planned.name: planned for planned in plan.steps}
        self._made: dict[str, Unit] = {}
        self._of: dict[tuple[str, str], tuple[str, ...]] = {}
        """The units of a step in an environment."""

    def unfold(self) -> tuple[Unit, ...]:
        chain = self._chain
        if not chain.environments:
            for name in self._plan.order:
                self._add_step(name, "", ())
            return tuple(self._made.values())
        for name in self._plan.order:
            if chain.steps[name].once:
                self._add_step(name, "", ())
        before = ""
        for environment in chain.environments:
            entry = self._add_entry(environment, before)
            for name in self._plan.order:
                if not chain.steps[name].once:
                    self._add_step(name, environment, entry)
            before = environment
        order, _ = order_steps({unit.name: unit.needs for unit in self._made.values()})
        return tuple(self._made[name] for name in order)

    def _add_entry(self, environment: str, before: str) -> tuple[str, ...]:
        """The gate before an environment, if it has one: the first needs one only where it asks for one."""
        spec = self._chain.environments[environment]
        if not before and spec.gate is None and spec.approve is None:
            return ()
        needs = tuple(unit.name for unit in self._made.values() if unit.environment == before)
        gate = self._plan.gate_policy(spec.gate)
        self._made[environment] = Unit(
            environment, "", needs, None, environment, gate=gate, approve=spec.approve, leaves=before
        )
        return (environment,)

    def _add_step(self, name: str, environment: str, entry: tuple[str, ...]) -> None:
        step = self._chain.steps[name]
        needs = entry + tuple(unit for need in step.needs for unit in self._units_of(need, environment))
        prefix = f"{environment}.{name}" if environment else name
        if step.is_gate:
            gate = self._plan.gate_policy(step.gate)
            made = [Unit(prefix, name, needs, None, environment, gate=gate, approve=step.approve)]
        elif step.rehearse is not None:
            made = [Unit(prefix, name, needs, None, environment, rehearse=step.rehearse)]
        elif step.foreach is None:
            made = [Unit(prefix, name, needs, self._planned[name], environment)]
        else:
            made = [
                Unit(f"{prefix}.{label}", name, needs, self._planned[name], environment, label, value)
                for label, value in _labelled(self._items(name, step, environment))
            ]
        self._of[name, environment] = tuple(unit.name for unit in made)
        self._made |= {unit.name: unit for unit in made}

    def _units_of(self, step: str, environment: str) -> tuple[str, ...]:
        return self._of.get((step, environment)) or self._of.get((step, ""), ())

    def _items(self, name: str, step: Step, environment: str) -> list[Any]:
        if not isinstance(step.foreach, str):
            return list(step.foreach or ())
        from fcc.agents.expression import parse

        values = {"inputs": self._chain.inputs_in(environment, self._inputs), "environment": environment}
        found = parse(step.foreach).evaluate(values)
        if not isinstance(found, list):
            raise ConfigError(
                f"step {name!r} runs for each of `{step.foreach}`, which is no list here: {found!r}"
            )
        return found


def _labelled(items: list[Any]) -> list[tuple[str, Any]]:
    """Each item with a name made from what it is: itself where it is a plain word, else the start of its hash."""
    found: dict[str, Any] = {}
    for item in items:
        label = str(item) if _is_plain(item) else _digest(item)
        number, unique = 1, label
        while unique in found:
            number += 1
            unique = f"{label}~{number}"
        found[unique] = item
    return list(found.items())


def _is_plain(item: Any) -> bool:
    """Whether an item's own text can name it: a word, or an integer, which no text can be mistaken for."""
    if isinstance(item, str):
        return _PLAIN.fullmatch(item) is not None and not item.isdigit()
    return isinstance(item, int) and not isinstance(item, bool) and _PLAIN.fullmatch(str(item)) is not None


def _digest(item: Any) -> str:
    canonical = json.dumps(item, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:10]
