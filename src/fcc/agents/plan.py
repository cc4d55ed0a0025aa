"""The plan: a chain whose every name has been looked up, checked before anything is spent. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from fcc import _yaml
from fcc.agents._composed_checks import FindScenario, check_composed
from fcc.agents._faults import Faults
from fcc.agents._flow_checks import check_flow
from fcc.agents.chain import Chain, Step
from fcc.agents.flow import GatePolicy, Policy, ReadinessPolicy
from fcc.agents.including import FindChain, expand
from fcc.agents.order import order_steps, reach
from fcc.errors import ConfigError, InvalidFileError, NotFoundError, TemplateError
from fcc.personas import Persona
from fcc.prompts import PromptTemplate


class PlannedStep(NamedTuple):
    """An agent's step with everything that it names."""

    name: str
    step: Step
    persona: Persona
    template: PromptTemplate
    """The template of the task."""
    refine: PromptTemplate | None = None
    """The template by which it is asked again, where it has an `until`."""
    structured: PromptTemplate | None = None
    """The template by which the form of the answer is asked for, where it has an `output`."""


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A chain whose every name has been looked up, its steps in an order in which they can run."""

    chain: Chain
    policy: ReadinessPolicy
    system: PromptTemplate
    """The template of every step's system prompt."""
    steps: tuple[PlannedStep, ...]
    """The agents' steps."""
    order: tuple[str, ...] = ()
    """Every step, gates too, each after its needs."""
    policies: Mapping[str, Policy] = field(default_factory=dict)
    """The policies that gates and environments name."""
    scenarios: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The scenarios that rehearsals name, as JSON."""

    @property
    def has_gates(self) -> bool:
        """Whether a run of it comes to a gate."""
        return bool(self.chain.environments) or any(step.is_gate for step in self.chain.steps.values())

    def readiness_of(self, environment: str) -> ReadinessPolicy:
        """The policy by which an environment is ready; "" for the steps outside of any."""
        own = self.chain.environments[environment].readiness if environment else None
        named = self.policies.get(own) if isinstance(own, str) else own
        return named if isinstance(named, ReadinessPolicy) else self.policy

    def gate_policy(self, gate: str | GatePolicy | None) -> Policy | None:
        """A gate's policy, whether named or written in place."""
        return self.policies[gate] if isinstance(gate, str) else gate


def make_plan(
    chain: Chain,
    *,
    persona: Callable[[str], Persona],
    prompt: Callable[[str], PromptTemplate],
    policy: Callable[[str], Policy],
    included: FindChain | None = None,
    scenario: FindScenario | None = None,
    document: _yaml.Document | None = None,
) -> Plan:
    """The plan of a chain, with the steps of those that it includes; the other functions look a name up or raise NotFoundError.

    Raises:
        InvalidFileError: a name that nothing has, a need that is no step, a cycle, a variable that the chain does
            not provide, an expression that can't hold; every problem at once, with its place where `document` (the
            chain's file) is given.
    """
    document = document or _yaml.Document(f"<chain {chain.name}>", None)
    chain, document = expand(chain, document, included or _nowhere)
    faults = Faults(chain, document)
    order = _order(chain, faults)
    planned: list[PlannedStep] = []
    for name in order:
        step = chain.steps[name]
        if step.persona is None:
            continue
        found = faults.look_up(("steps", name, "persona"), persona, step.persona)
        template = _task(faults, name, step, prompt)
        refine = _refine(faults, chain, name, step, prompt)
        if found is not None and template is not None:
            path = ("steps", name, "prompt" if step.prompt else "task")
            _check_variables(faults, chain, template, path, _provided(chain, step))
            structured = _structured(faults, chain, name, step, prompt)
            planned.append(PlannedStep(name, step, found, template, refine, structured))
    policies = check_flow(faults, chain, policy)
    scenarios = check_composed(faults, chain, scenario)
    rules = _readiness(faults, chain, policy)
    system = faults.look_up((), prompt, "system")
    if faults.found or rules is None or system is None:
        raise InvalidFileError(
            list(dict.fromkeys(faults.found)),
            hint=f"See what there is: {faults.hint}" if faults.hint and len(faults.found) == 1 else "",
        )
    return Plan(chain, rules, system, tuple(planned), tuple(order), policies, scenarios)


def _nowhere(name: str) -> tuple[Chain, _yaml.Document]:
    raise NotFoundError(f"the chain {name!r} can't be looked up here")


def _readiness(faults: Faults, chain: Chain, policy: Callable[[str], Policy]) -> ReadinessPolicy | None:
    named = chain.readiness
    found = faults.look_up(("readiness",), policy, named) if isinstance(named, str) else named
    if isinstance(found, GatePolicy):
        faults.add(("readiness",), f"the policy {named!r} has a gate's rules and says nothing of readiness")
        return None
    return found


def _order(chain: Chain, faults: Faults) -> list[str]:
    for name, step in chain.steps.items():
        for index, need in enumerate(step.needs):
            if need not in chain.steps:
                near = _yaml.suggestion(need, [other for other in chain.steps if other != name])
                faults.add(
                    ("steps", name, "needs", index), f"step {name!r} needs {need!r}, which is no step{near}"
                )
    order, circle = order_steps({name: step.needs for name, step in chain.steps.items()})
    if circle:
        faults.add(
            ("steps", circle[0], "needs"), f"steps need one another in a circle: {_circle(chain, circle)}"
        )
    return [*order, *circle]


def _circle(chain: Chain, stuck: list[str]) -> str:
    """One circle among steps of which each needs another: `a → b → a`."""
    walked = [stuck[0]]
    while walked[-1] not in walked[:-1]:
        walked.append(next(need for need in chain.steps[walked[-1]].needs if need in stuck))
    return " → ".join(walked[walked.index(walked[-1]) :])


def _task(
    faults: Faults, name: str, step: Step, prompt: Callable[[str], PromptTemplate]
) -> PromptTemplate | None:
    if step.prompt is not None:
        return faults.look_up(("steps", name, "prompt"), prompt, step.prompt)
    try:
        return PromptTemplate(
            f"{name}.task", step.task or "", file=f"{faults.file_of(name)}[steps.{name}.task]"
        )
    except TemplateError as error:
        for problem in error.problems:
            faults.add(("steps", name, "task"), f"line {problem.line} of the task: {problem.message}")
    return None


def _refine(
    faults: Faults, chain: Chain, name: str, step: Step, prompt: Callable[[str], PromptTemplate]
) -> PromptTemplate | None:
    if step.until is None:
        return None
    path = ("steps", name, "until", "prompt")
    template = faults.look_up(path, prompt, step.until.prompt)
    if template is not None:
        provided = {"inputs": dict.fromkeys(chain.inputs), **dict.fromkeys(REFINE_VARIABLES)}
        _check_variables(faults, chain, template, path, provided)
    return template


def _structured(
    faults: Faults, chain: Chain, name: str, step: Step, prompt: Callable[[str], PromptTemplate]
) -> PromptTemplate | None:
    if step.output is None:
        return None
    path = ("steps", name, "output")
    template = faults.look_up(path, prompt, "structured")
    if template is not None:
        _check_variables(faults, chain, template, path, dict.fromkeys(("schema", "problems")))
    return template


REFINE_VARIABLES = ("condition", "findings", "round", "rounds", "score")
"""What a template is given by which a step is asked again, beside `inputs.…`."""

Provided = Mapping[str, Mapping[str, None] | None]
"""The variables that a template is given; of those that have parts, which."""


def _provided(chain: Chain, step: Step) -> Provided:
    handed = [need for need in step.needs if need in chain.steps and not chain.steps[need].is_gate]
    provided: dict[str, Mapping[str, None] | None] = {
        "inputs": dict.fromkeys(chain.inputs),
        "handoff": dict.fromkeys(handed),
        "evidence": dict.fromkeys(has_evidence(chain, step)),
    }
    if step.foreach is not None:
        provided["item"] = None
    if chain.environments:
        provided["environment"] = None
    if chain.events:
        provided["events"] = dict.fromkeys(chain.events)
    return provided


def has_evidence(chain: Chain, step: Step) -> list[str]:
    """The steps whose evidence a step's template may show: those that it needs, however far back, but for gates."""
    needs = {name: other.needs for name, other in chain.steps.items()} | {"": step.needs}
    return [name for name in reach(needs, "") if not chain.steps[name].is_gate]


def _check_variables(
    faults: Faults,
    chain: Chain,
    template: PromptTemplate,
    path: tuple[str, ...],
    provided: Provided,
) -> None:
    for use in template.uses:
        root, _, attribute = use.variable.partition(".")
        if root in provided:
            parts = provided[root]
            if parts is None or not attribute or attribute in parts:
                continue
        place = (
            f"{template.file}:{use.line + template.first_line - 1}" if template.file else f"line {use.line}"
        )
        faults.add(
            path, f"the prompt uses `{use.variable}` ({place}), {_why(root, attribute, provided, chain)}"
        )


def _why(root: str, attribute: str, provided: Provided, chain: Chain) -> str:
    if root in provided and root in {"inputs", "events"}:
        noun = {"inputs": "input", "events": "event"}[root]
        return f"but the chain has no {noun} {attribute!r}{_yaml.suggestion(attribute, list(provided[root] or ()))}"
    if root in {"handoff", "evidence"} and attribute in chain.steps:
        if chain.steps[attribute].is_gate:
            return f"but {attribute!r} is a gate and hands nothing on"
        return f"but the step doesn't need {attribute!r}; add it to `needs`"
    if root in {"handoff", "evidence"}:
        return f"but {attribute!r} is no step{_yaml.suggestion(attribute, list(chain.steps))}"
    given = " and ".join(f"`{name}{'.…' if parts is not None else ''}`" for name, parts in provided.items())
    return f"but a task is given only {given}"


def check_name(chain: Chain, document: _yaml.Document, file_name: str) -> None:
    """Nothing, if a chain bears the name of its file, by which it is found.

    Raises:
        InvalidFileError: it doesn't.
    """
    if chain.name != file_name:
        message = f"the chain calls itself {chain.name!r}, but its file is named {file_name!r}"
        raise InvalidFileError([document.problem(("name",), message)], hint="Make the two the same.")


def split_models(texts: Iterable[str], chain: Chain) -> dict[str, str]:
    """The model of each step that is named, and under `*` that of the rest, from `model` and `step=model` texts.

    Raises:
        ConfigError: a text names no step, or no model.
    """
    models: dict[str, str] = {}
    for text in texts:
        step, _, model = text.partition("=") if "=" in text else ("*", "=", text)
        if not model:
            raise ConfigError(f"--model {text!r} names no model", hint="Write --model step=model.")
        if step not in chain.steps and step != "*":
            near = _yaml.suggestion(step, list(chain.steps))
            raise NotFoundError(f"--model {text!r}: {chain.name} has no step {step!r}{near}")
        models[step] = model
    return models
