"""A persona as people read it, and how far its rules are held by code. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, get_args

from fcc._check import FileCheck
from fcc.personas.constitution import Constitution, Held, Rule, Tier
from fcc.personas.persona import Persona
from fcc.redaction import printable
from fcc.reports._layout import Paint, plain, wrapped

TIERS: Final[Mapping[Tier, str]] = {
    "hard_stop": "Hard stops: a broken one halts the run",
    "mandatory": "Mandatory: a broken one blocks, unless it is waived",
    "preferred": "Preferred: a broken one costs score",
}
HELD: Final[tuple[Held, ...]] = get_args(Held)

COVERAGE_HEAD = "held by code"
COVERAGE_SAID = "Held by code, of how many: hard stops · mandatory rules · preferred ones."

_COLOUR: Mapping[Held, str] = {
    "enforced": "green",
    "judged": "yellow",
    "only words": "dim",
    "not classified": "red",
}

Coverage = Mapping[Tier, Mapping[Held, int]]
"""How many rules of each tier are held in which way."""


def coverage(constitution: Constitution) -> Coverage:
    """How many rules of each tier are held in which way; every way is named."""
    counts = Counter((tier, rule.held) for tier, rule in constitution.rules())
    return {tier: {held: counts[tier, held] for held in HELD} for tier in TIERS}


def coverage_text(found: Coverage) -> str:
    """`3/3 · 1/2 · 0/1`: of each tier, how many of how many rules code holds; `–` where there is none."""
    shares = ((held["enforced"], sum(held.values())) for held in found.values())
    return " · ".join(f"{enforced}/{of}" if of else "–" for enforced, of in shares)


def counts_text(counts: Mapping[Held, int]) -> str:
    """`3 enforced, 1 judged`: what there is of each way, in words."""
    return ", ".join(f"{counts[held]} {held}" for held in HELD if counts.get(held)) or "no rules"


def persona_row(persona: Persona) -> tuple[str, ...]:
    """A line of a list of personas: id, name, phase, coverage."""
    return persona.id, persona.name, persona.fcc_phase, coverage_text(coverage(persona.constitution))


def unclassified(personas: Iterable[Persona]) -> str:
    """Whose rules nobody has classified, in a sentence; "" where all are."""
    counts = {
        persona.id: sum(rule.held == "not classified" for _, rule in persona.constitution.rules())
        for persona in personas
    }
    having = {name: count for name, count in counts.items() if count}
    if not having:
        return ""
    total = sum(having.values())
    return (
        f"{total} rule{'' if total == 1 else 's'} of {', '.join(having)} not classified: nothing holds them."
    )


def persona_json(persona: Persona, chains: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The card with each rule's hold, and the chains that use it, as plain values."""
    rules = [
        {"tier": tier, "id": rule.id, "rule": rule.rule, "held": rule.held, "by": held_by(rule)}
        for tier, rule in persona.constitution.rules()
    ]
    return {
        "persona": persona.model_dump(mode="json", exclude_defaults=True),
        "rules": rules,
        "coverage": coverage(persona.constitution),
        "chains": {name: list(steps) for name, steps in chains.items()},
    }


def persona_card(persona: Persona, chains: Mapping[str, Sequence[str]], paint: Paint = plain) -> str:
    """The card, each rule with how it is held and by what, and the chains that use it; at most 80 columns."""
    card = persona.riscear
    facts = (persona.role_title, f"phase {persona.fcc_phase}", persona.category, f"version {persona.version}")
    lines = [paint(printable(f"{persona.id}  {persona.name}"), "bold"), printable(" · ".join(facts))]
    given = [f"{item.name}: {item.description}" for item in persona.deliverables]
    others = [f"{item.target} ({item.direction}): {item.interaction}" for item in persona.collaboration]
    parts: list[tuple[str, str | Iterable[str]]] = [
        ("Role", card.role),
        ("Style", card.style),
        ("Archetype", card.archetype),
        ("Inputs", card.inputs),
        ("Expected output", card.expected_output),
        ("Responsibilities", card.responsibilities),
        ("Constraints", card.constraints),
        ("Skills", card.role_skills),
        ("Deliverables", given),
        ("Works with", others),
    ]
    for title, body in parts:
        lines += _part(title, body, paint)
    lines += _constitution(persona.constitution, paint)
    used = [f"{name}: {', '.join(steps)}" for name, steps in chains.items()]
    lines += _part("Used by", used or "No chain that is known here uses it.", paint)
    if persona.unmapped:
        lines += _part("Carried, and read by nothing", ", ".join(persona.unmapped), paint)
    return "\n".join(lines)


def _part(title: str, body: str | Iterable[str], paint: Paint) -> list[str]:
    said = wrapped(body, "  ") if isinstance(body, str) else [line for item in body for line in _item(item)]
    return ["", paint(title, "bold"), *said] if said else []


def _item(text: str) -> list[str]:
    first, *rest = wrapped(text, "    ") or ["    "]
    return [f"  - {first[4:]}", *rest]


def _constitution(constitution: Constitution, paint: Paint) -> list[str]:
    found, lines = coverage(constitution), []
    for tier, title in TIERS.items():
        rules = [rule for of, rule in constitution.rules() if of == tier]
        if rules:
            lines += ["", paint(title, "bold"), f"  {counts_text(found[tier])}"]
            lines += [line for rule in rules for line in _rule(rule, paint)]
    return lines or ["", "It has no constitution: nothing says what it must not do."]


def _rule(rule: Rule, paint: Paint) -> list[str]:
    name = f" {rule.id}" if rule.id else ""
    head = f"    {paint(rule.held, _COLOUR[rule.held])}{name}"
    return [*_item(rule.rule), head, *wrapped(held_by(rule), "      ")]


def held_by(rule: Rule) -> str:
    """What holds a rule, in words; "" where nobody has said."""
    if rule.held == "judged":
        return f"asked of a judge: {rule.judged}"
    if rule.held == "only words":
        return f"why: {rule.words}"
    by = [_by_check(rule.check)] if rule.check is not None else []
    by += [f"findings of {', '.join(rule.findings)}"] if rule.findings else []
    if by:
        passing, failing = len(rule.examples.passing), len(rule.examples.failing)
        by.append(f"examples: {passing} must pass, {failing} must fail")
    return "; ".join(by)


def _by_check(check: FileCheck) -> str:
    kinds = f"{' and '.join(check.kinds)} files" if check.kinds else "files and text"
    where = f"{kinds} named {check.files}" if check.files else kinds
    if check.forbids is not None:
        return f"`{check.forbids}` must stand nowhere in {where}"
    if check.requires is not None:
        return f"`{check.requires}` must stand in {where}"
    what = f"`{check.at}`" if check.at else "each document"
    if check.json_schema is None:
        return f"{what} must be there in {where}"
    return f"{what} must fit a schema in {where}"
