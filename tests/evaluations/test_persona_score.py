"""What a card does, from measured answers."""

from __future__ import annotations

from fcc.evaluations.assessor import EvidenceAssessor
from fcc.evaluations.persona_score import BARE, ItemAnswers, Measured, bare_prompt, card_effects, measure
from fcc.personas import Persona
from fcc.prompts import PromptTemplate
from fcc.simulation import Delivery, extract_artifacts
from fcc.wiring import open_catalog


def card(*rules: dict[str, object]) -> Persona:
    return Persona.model_validate(
        {
            "id": "QA",
            "name": "Tester",
            "fcc_phase": "Critique",
            "role_title": "Tester",
            "riscear": {
                "role": "Finds faults.",
                "inputs": ["code"],
                "style": "dry",
                "constraints": ["none"],
                "expected_output": ["faults"],
                "archetype": "The sceptic",
                "responsibilities": ["say no"],
            },
            "doc_context": {"constitution": {"hard_stop": list(rules)}},
        }
    )


def answers(number: int, without: float | None, with_card: float | None) -> ItemAnswers:
    return ItemAnswers(f"i{number}", (Measured(with_card, 0, 1),), (Measured(without, 2, 1),))


def test_each_measure_has_its_own_direction() -> None:
    """A higher score helps, fewer errors help, and rules that are broken as often do nothing."""
    score, errors, broken = card_effects([answers(n, 0.5, 0.6 + n / 100) for n in range(6)])
    assert (score.measure, score.effect, score.without) == ("score", "helps", 0.5)
    assert (errors.effect, errors.difference.mean) == ("helps", -2.0)
    assert (broken.effect, broken.difference.interval) == ("not separated", (0.0, 0.0))


def test_repeats_of_an_item_count_once() -> None:
    """Ten answers to one item are one item, by their mean: no interval comes of it."""
    several = ItemAnswers("i", (Measured(0.8, 0, 0),) * 10, (Measured(0.2, 0, 0), Measured(0.4, 0, 0)) * 5)
    score = card_effects([several])[0]
    assert (score.difference.n, score.difference.interval, score.effect) == (1, None, "not separated")
    assert score.difference.mean is not None
    assert round(score.difference.mean, 9) == 0.5


def test_what_was_not_measured_is_no_zero() -> None:
    """An item without a figure on one side is left out of that measure, and of no other."""
    score, errors, _ = card_effects([answers(1, None, 0.9), answers(2, 0.5, 0.7)])
    assert (score.difference.n, errors.difference.n) == (1, 2)
    nothing = card_effects([])[0]
    assert (nothing.without, nothing.difference.mean) == (None, None)


def test_an_answer_is_measured_by_text_findings_and_rules() -> None:
    """Errors of its files, and the rules that it breaks, which are not among the errors."""
    persona = card(
        {
            "rule": "Never latest",
            "id": "no-latest",
            "check": {"forbids": ":latest"},
            "examples": {"pass": ["a"], "fail": [":latest"]},
        }
    )
    text = "Use nginx:latest.\n\n```yaml path=a.yaml\na: 1\na: 2\n```\n"
    own = Delivery("s", "Write a file.", text, extract_artifacts(text), persona="QA")
    found = measure(own, persona, EvidenceAssessor())
    assert found.broken == 1
    assert found.errors == 1
    assert measure(own, persona, EvidenceAssessor(), misfit=True).errors == 2
    assert measure(own, card(), EvidenceAssessor()).broken == 0


def test_the_bare_prompt_keeps_what_everyone_is_told() -> None:
    """How answers are to look is no merit of a card: it stands in both prompts, and nothing of the card does."""
    template = open_catalog().prompts.get("system")
    bare = bare_prompt(template, card({"rule": "Never lie"}))
    assert bare.startswith(f"{BARE}\n\n## How to answer\n- ")
    assert template.render(persona=card()).endswith(bare.removeprefix(BARE).lstrip())
    for word in ("Finds faults", "dry", "sceptic", "say no", "Never lie", "Tester"):
        assert word not in bare
    alone = PromptTemplate("system", "You are {{ persona.name }}.")
    assert bare_prompt(alone, card()) == BARE
