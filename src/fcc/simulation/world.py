"""All that is known while a run goes on, and what follows for each of its units. Pure."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from fcc.agents import Plan, Unit
from fcc.errors import RunError
from fcc.providers.keys import fingerprint
from fcc.redaction import unchanged
from fcc.simulation import facts
from fcc.simulation.record import INVALID_INPUTS, StepRecord


class InputsError(RunError):
    """The data of a step can't be the inputs of the steps that take them from it.

    Attributes:
        source: the unit whose data they are.
    """

    code = INVALID_INPUTS

    def __init__(self, source: str, problems: list[str]) -> None:
        super().__init__(
            f"the data of {source} can't be its inputs: {'; '.join(problems)}",
            hint="Mend the schema of that step's `output`, or the type of the input.",
        )
        self.source = source


@dataclass(frozen=True)
class World:
    """All that is known while a run goes on."""

    plan: Plan
    units: Mapping[str, Unit]
    inputs: Mapping[str, Any]
    documents: Mapping[str, Any]
    redact: Callable[[str], str] = unchanged
    done: dict[str, StepRecord] = field(default_factory=dict)
    """The units that have ended, by name."""

    def holds(self, condition: str, unit: Unit) -> bool:
        """Whether a unit's `when` holds by what has ended so far."""
        from fcc.agents.expression import parse

        outputs = facts.outputs(self.units, self.done, unit.environment)
        return parse(condition).holds({**self.common(unit), "outputs": outputs})

    def common(self, unit: Unit) -> dict[str, Any]:
        """`inputs`, `environment` and `events`, as a unit knows them; errors as `inputs_of`."""
        return {"inputs": self.inputs_of(unit), "environment": unit.environment, "events": self.documents}

    def inputs_of(self, unit: Unit) -> dict[str, Any]:
        """The inputs that a unit has: the run's, over them its environment's, and over these what it takes from a step.

        Raises:
            InputsError: the data of that step are not what the inputs of their names must be.
        """
        return self.plan.chain.inputs_in(unit.environment, self.inputs) | self.handed(unit)

    def handed(self, unit: Unit) -> dict[str, Any]:
        """What a unit takes from the data of a step, by the names of inputs; errors as `inputs_of`."""
        source = self.source(unit)
        record = self.done.get(source)
        specs = self.plan.chain.inputs
        if record is None:
            return {}
        data = taken(record.data, self.plan.chain.steps[unit.step].takes or specs)
        problems = []
        for name, value in data.items():
            try:
                specs[name].check(name, value)
            except ValueError as error:
                problems.append(str(error))
        if problems:
            raise InputsError(source, problems)
        return data

    def source(self, unit: Unit) -> str:
        """The unit whose data go over a unit's inputs; "" where none do."""
        step = self.plan.chain.steps.get(unit.step)
        if step is None or step.inputs_from is None:
            return ""
        here = f"{unit.environment}.{step.inputs_from}"
        return here if here in self.units else step.inputs_from

    @cached_property
    def inputs_in(self) -> dict[str, dict[str, Any]]:
        """The inputs of each environment, in order; nothing where the chain has none."""
        chain = self.plan.chain
        return {name: chain.inputs_in(name, self.inputs) for name in chain.environments}

    def promised_to(self, unit: Unit) -> dict[str, Any]:
        """What a unit's files are held against: its inputs, and those that what it rests on took from a step."""
        if not self._hands_inputs:
            return self.inputs_of(unit)
        return self._agreed(unit.environment, self._up_to(unit.needs)) | self.handed(unit)

    def promised_in(self, environment: str) -> dict[str, Any]:
        """What the files of an environment are held against, all together."""
        return self._agreed(environment, self.done)

    def _agreed(self, environment: str, names: Container[str]) -> dict[str, Any]:
        """The inputs that hold for some units together: those on which they don't agree are left out.

        Files that were made with the run's own inputs count, too, but not those that what gave others rests on.
        """
        inputs = self.plan.chain.inputs_in(environment, self.inputs)
        if not self._hands_inputs:
            return inputs
        done = [
            unit
            for name, unit in self.units.items()
            if name in names
            and name in self.done
            and self.done[name].status == "completed"
            and unit.environment in {"", environment}
        ]
        taken_by = {unit.name: self.handed(unit) for unit in done}
        for key in {key: None for own in taken_by.values() for key in own}:
            takers = [unit for unit in done if key in taken_by[unit.name]]
            values = [taken_by[unit.name][key] for unit in takers]
            before = self._up_to({self.source(unit) for unit in takers})
            others = (unit for unit in done if unit not in takers and unit.name not in before)
            values += [inputs.get(key) for unit in others if self.done[unit.name].artifacts]
            if all(value == values[0] for value in values):
                inputs[key] = values[0]
            else:
                inputs.pop(key, None)
        return inputs

    def _up_to(self, names: Iterable[str]) -> set[str]:
        """Some units, and all that they rest on."""
        found, front = set[str](), list(names)
        while front:
            if (name := front.pop()) not in found:
                found.add(name)
                front += self.units[name].needs
        return found

    @cached_property
    def _hands_inputs(self) -> bool:
        return any(step.inputs_from is not None for step in self.plan.chain.steps.values())

    def input_fingerprints(self, unit: Unit) -> dict[str, str]:
        """The fingerprint of each input that a unit has, by name."""
        own = {name: fingerprint(value) for name, value in self.handed(unit).items()}
        return self._fingerprints[unit.environment] | own

    @cached_property
    def _fingerprints(self) -> dict[str, dict[str, str]]:
        chain = self.plan.chain
        return {
            environment: {
                name: fingerprint(value) for name, value in chain.inputs_in(environment, self.inputs).items()
            }
            for environment in ("", *chain.environments)
        }


def taken(data: Any, inputs: Iterable[str]) -> dict[str, Any]:
    """What of a step's data goes over inputs: the values of their names. The one place that says so."""
    return {name: data[name] for name in inputs if name in data} if isinstance(data, Mapping) else {}
