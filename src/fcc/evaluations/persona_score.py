"""Whether a persona's card helps a model: the same tasks with the card and without it, paired. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from fcc.evaluations.statistics import Direction, Effect, PairedDifference, paired_difference

if TYPE_CHECKING:
    from fcc.personas import Persona
    from fcc.prompts import PromptTemplate
    from fcc.simulation import Assessor, Delivery

Measure = Literal["score", "errors", "broken rules"]

MEASURES: Final[dict[Measure, Direction]] = {"score": "higher", "errors": "lower", "broken rules": "lower"}
"""What is measured of an answer, and which way is better."""

FEWEST = 6
"""The fewest items that can be told apart at 95 %, whatever they come to."""

BARE = "You are an assistant."


class Measured(NamedTuple):
    """What was measured of one answer."""

    score: float | None
    """From 0 to 1; None where it could not be measured."""
    errors: int | None
    """Findings that are errors, those of the constitution left out."""
    broken: int | None
    """Rules of the persona's constitution that code holds and the answer breaks; None where one could not be tried."""

    def of(self, measure: Measure) -> float | None:
        """The figure of one measure."""
        return {"score": self.score, "errors": self.errors, "broken rules": self.broken}[measure]


class ItemAnswers(NamedTuple):
    """The answers to one item, in both ways; several tasks or repeats of it count as one."""

    item: str
    with_card: tuple[Measured, ...]
    without: tuple[Measured, ...]


class CardEffect(NamedTuple):
    """What the card does to one measure, over the items that were measured in both ways."""

    measure: Measure
    without: float | None
    """The mean over the items; None without items."""
    with_card: float | None
    difference: PairedDifference
    """With the card less without it."""

    @property
    def effect(self) -> Effect:
        """Whether it helps."""
        return self.difference.effect(MEASURES[self.measure])


@dataclass(frozen=True, slots=True)
class ModelScore:
    """What the card does to one model."""

    model: str
    effects: tuple[CardEffect, ...]
    calls: int = 0
    cost: float | None = None
    """US dollars; None where a price is not known."""
    failed: tuple[str, ...] = ()
    """The calls that were not answered, each with why; their items may be missing."""


@dataclass(frozen=True, slots=True)
class PersonaScore:
    """What the card does to each model."""

    persona: str
    items: tuple[str, ...]
    models: tuple[ModelScore, ...]
    notes: tuple[str, ...] = ()
    """What could not be made an item, and what else a reader should know."""


def card_effects(answers: Sequence[ItemAnswers]) -> tuple[CardEffect, ...]:
    """What the card does to each measure, item by item."""
    return tuple(_effect(measure, answers) for measure in MEASURES)


def _effect(measure: Measure, answers: Sequence[ItemAnswers]) -> CardEffect:
    pairs = [
        (without, with_card)
        for item in answers
        if (without := _mean([one.of(measure) for one in item.without])) is not None
        and (with_card := _mean([one.of(measure) for one in item.with_card])) is not None
    ]
    return CardEffect(
        measure,
        _mean([without for without, _ in pairs]),
        _mean([with_card for _, with_card in pairs]),
        paired_difference([with_card - without for without, with_card in pairs]),
    )


def _mean(values: Sequence[float | None]) -> float | None:
    """The mean; None where there is none, or one of the values is missing."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None


def bare_prompt(template: PromptTemplate, persona: Persona) -> str:
    """The system prompt without the card: one sentence, and what the template says to every persona.

    What it says to everyone, such as how files are marked in an answer, is no merit of the card's. It is found by
    rendering the template with a card of nobody's: what both end with, from the line of a heading on.
    """
    ours = template.render(persona=persona).splitlines()
    nobody = template.render(persona=_nobody(persona)).splitlines()
    same = 0
    while same < min(len(ours), len(nobody)) and ours[-1 - same] == nobody[-1 - same]:
        same += 1
    tail = ours[len(ours) - same :]
    first = next((number for number, line in enumerate(tail) if line.startswith("#")), len(tail))
    return "\n".join([BARE, *(["", *tail[first:]] if first < len(tail) else [])])


def _nobody(persona: Persona) -> Persona:
    from fcc.personas.persona import Persona, Riscear

    words = "-"
    card = Riscear(
        role=words,
        inputs=(),
        style=words,
        constraints=(),
        expected_output=(),
        archetype=words,
        responsibilities=(words,),
    )
    return Persona(id=f"{persona.id[:60]}-no", name=words, fcc_phase=words, role_title=words, riscear=card)


def measure(delivery: Delivery, persona: Persona, assessor: Assessor, *, misfit: bool = False) -> Measured:
    """What can be said of one answer by itself; `misfit` says that it should fit a JSON Schema, and does not.

    `assessor` must judge by no constitution: the persona's rules are counted apart, for answers without its card, too.
    """
    from fcc.evaluations.constitutions import broken_rules

    found = assessor.assess(delivery)
    findings = (*found.findings, *assessor.agree([delivery], {}))
    broken = broken_rules(persona.constitution, delivery, findings)
    errors = sum(finding.severity == "error" for finding in findings) + misfit
    rules = len({finding.rule for finding in broken.findings})
    return Measured(found.score, errors, None if broken.failed else rules)
