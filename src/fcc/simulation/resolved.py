"""A plan as a record keeps it, and back: `resume` and `verify` read no file but the record. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from fcc.agents import Chain, GatePolicy, Plan, PlannedStep, Policy, ReadinessPolicy, make_plan
from fcc.errors import NotFoundError
from fcc.personas import Persona
from fcc.prompts import PromptTemplate
from fcc.providers.keys import fingerprint
from fcc.redaction import redact_json
from fcc.simulation.record import RunRecord

PARTS = ("chain", "personas", "prompts", "policy", "policies", "scenarios")
"""The fields of a record that hold its plan."""


@lru_cache(maxsize=64)
def resolve(plan: Plan) -> dict[str, Any]:
    """The part of a record that is the same for every run of a plan."""
    templates = [plan.system, *(planned.template for planned in plan.steps if planned.step.prompt)]
    templates += [planned.refine for planned in plan.steps if planned.refine is not None]
    templates += [planned.structured for planned in plan.steps if planned.structured is not None]
    personas = {planned.persona.id: planned.persona for planned in plan.steps}
    return {
        "chain": plan.chain.model_dump(mode="json", exclude_defaults=True),
        "personas": {id_: _card(persona) for id_, persona in personas.items()},
        "prompts": {
            template.name: {"version": template.version, "text": template.text} for template in templates
        },
        "policy": plan.policy.model_dump(mode="json"),
        "policies": {
            name: policy.model_dump(mode="json", exclude_defaults=True)
            for name, policy in plan.policies.items()
        },
        "scenarios": dict(plan.scenarios),
    }


def _card(persona: Persona) -> dict[str, Any]:
    """A card as records hold it: without its rules' examples, which prove a rule and are no part of a run."""
    card = persona.model_dump(mode="json", exclude_defaults=True)
    for tier in card.get("doc_context", {}).get("constitution", {}).values():
        for rule in tier:
            if isinstance(rule, dict):
                rule.pop("examples", None)
    return card


@lru_cache(maxsize=64)
def plan_fingerprints(plan: Plan) -> dict[str, dict[str, str]]:
    """The fingerprints of each step's persona and templates, by the step's name."""
    resolved = resolve(plan)
    system = resolved["prompts"][plan.system.name]["text"]
    personas = {id_: fingerprint(card) for id_, card in resolved["personas"].items()}
    return {
        planned.name: {
            "persona": personas[planned.persona.id],
            "template": fingerprint([system, *_texts(planned)]),
        }
        for planned in plan.steps
    }


def _texts(planned: PlannedStep) -> list[str]:
    form = planned.structured
    return [planned.template.text, *([form.text] if form is not None else [])]


def plan_of(record: RunRecord) -> Plan:
    """The plan that a record was made by, from the record alone.

    Raises:
        InvalidFileError: the record's chain can't be planned with what the record holds.
    """
    return plan_from({part: getattr(record, part) for part in PARTS})


def without_secrets(plan: Plan, redact: Callable[[str], str]) -> Plan:
    """The plan without the secrets that stand in it: they go to no model, no name of a file, and no record."""
    resolved = resolve(plan)
    cleared = redact_json(resolved, redact)
    return plan if cleared == resolved else plan_from(cleared)


def plan_from(parts: Mapping[str, Any]) -> Plan:
    """The plan that `resolve` has taken apart."""
    chain = Chain.model_validate(parts["chain"])
    named = chain.readiness if isinstance(chain.readiness, str) else None

    def persona(id_: str) -> Persona:
        return Persona.model_validate(_held(parts["personas"], "persona", id_))

    def prompt(name: str) -> PromptTemplate:
        held = _held(parts["prompts"], "prompt", name)
        return PromptTemplate(name, held["text"], held["version"])

    def policy(name: str) -> Policy:
        if name in parts["policies"]:
            held = parts["policies"][name]
            return (GatePolicy if "rules" in held else ReadinessPolicy).model_validate(held)
        if name == named:
            return ReadinessPolicy.model_validate(parts["policy"])
        raise NotFoundError(f"the record holds no policy {name!r}")

    def scenario(name: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = _held(parts["scenarios"], "scenario", name)
        return found

    return make_plan(chain, persona=persona, prompt=prompt, policy=policy, scenario=scenario)


def _held(part: Mapping[str, Any], noun: str, name: str) -> Any:
    if name not in part:
        raise NotFoundError(f"the record holds no {noun} {name!r}")
    return part[name]


def differences(record: RunRecord, resolved: Mapping[str, Any], **others: Any) -> list[str]:
    """The parts in which a record is of another run than one of this plan, inputs and models: by name."""
    from pydantic_core import to_jsonable_python

    wanted = {**{part: resolved[part] for part in PARTS}, **others}
    plain = to_jsonable_python(wanted)
    return [name for name, value in plain.items() if to_jsonable_python(getattr(record, name)) != value]
