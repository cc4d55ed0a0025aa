"""Personas, their examples and what their cards do, as text."""

from __future__ import annotations

from typing import Any

import pytest

from fcc.evaluations.persona_score import ItemAnswers, Measured, ModelScore, PersonaScore, card_effects
from fcc.personas import Constitution, Persona, Rule
from fcc.reports.persona import coverage, coverage_text, held_by, persona_card, unclassified
from fcc.reports.persona_score import plan_lines, score_json, score_report

EXAMPLES = {"pass": ["a"], "fail": ["b", "c"]}
TRIED = "examples: 1 must pass, 2 must fail"


def card(id_: str = "QA", **more: Any) -> Persona:
    riscear = {"role": "r " * 80, "style": "s", "archetype": "a"}
    lists = ("inputs", "constraints", "expected_output", "responsibilities")
    data = {"id": id_, "name": "Tester", "fcc_phase": "Critique", "role_title": "Tester"}
    return Persona.model_validate(data | {"riscear": riscear | {name: ["x"] for name in lists}} | more)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("Plain", ""),
        ({"judged": "Is it so?", "id": "j"}, "asked of a judge: Is it so?"),
        ({"words": "Nobody knows."}, "why: Nobody knows."),
        ({"findings": ["secret-*", "x"]}, f"findings of secret-*, x; {TRIED}"),
        ({"check": {"forbids": "a"}}, f"`a` must stand nowhere in files and text; {TRIED}"),
        (
            {"check": {"requires": "a", "kinds": ["yaml", "json"], "files": "k8s/*"}},
            f"`a` must stand in yaml and json files named k8s/*; {TRIED}",
        ),
        ({"check": {"at": "a.b"}}, f"`a.b` must be there in files and text; {TRIED}"),
        (
            {"check": {"schema": {"type": "object"}, "kinds": ["yaml"]}, "findings": ["x"]},
            f"each document must fit a schema in yaml files; findings of x; {TRIED}",
        ),
    ],
)
def test_what_holds_a_rule_is_said_in_words(rule: Any, said: str) -> None:
    """By a pattern, a path, a schema, findings, a judge or nothing; with how many examples there are."""
    if isinstance(rule, dict):
        enforced = "check" in rule or "findings" in rule
        rule = {"rule": "R"} | ({"id": "r", "examples": EXAMPLES} if enforced else {}) | rule
    assert held_by(Rule.model_validate(rule)) == said


def test_coverage_counts_what_code_holds() -> None:
    """By tier, of how many; a tier without rules is told from one that nothing holds."""
    rules = ["Plain", {"rule": "R", "id": "r", "findings": ["x"]}]
    constitution = Constitution.model_validate({"hard_stop": rules, "mandatory": ["Plain"]})
    assert coverage_text(coverage(constitution)) == "1/2 · 0/1 · –"
    persona = card(doc_context={"constitution": constitution})
    assert unclassified([persona, card("Q2")]) == "2 rules of QA not classified: nothing holds them."
    assert unclassified([card("Q2")]) == ""


def test_a_card_is_read_in_80_columns() -> None:
    """Long texts are wrapped, control codes taken out, and what is missing is said."""
    shown = persona_card(card(name="Bad\x1b[31m", zachman_cell="A/B"), {})
    assert max(map(len, shown.splitlines())) <= 80
    assert "\x1b" not in shown
    assert "It has no constitution" in shown
    assert "No chain that is known here uses it." in shown
    assert shown.endswith("Carried, and read by nothing\n  zachman_cell")


def test_what_a_card_does_is_shown_with_its_interval() -> None:
    """Six items that agree are told apart, with figures; calls without an answer are told, and the cost if known."""
    answers = [
        ItemAnswers(f"i{n}", (Measured(0.9, 0, 0),), (Measured(0.5 + n / 50, 3, None),)) for n in range(6)
    ]
    model = ModelScore("m\x1b", card_effects(answers), 12, 0.5, ("i0, bare: too many",))
    score = PersonaScore("QA", tuple(item.item for item in answers), (model,), ("A note.",))
    shown = score_report(score)
    assert "  score            0.55     0.90    +0.35  +0.30 to +0.40      helps (6)" in shown
    assert "  errors           3.00     0.00    -3.00  -3.00 to -3.00      helps (6)" in shown
    assert "  broken rules        –        –        –  –                   not separated (0)" in shown
    assert "12 calls, $0.5000" in shown
    assert "not answered: i0, bare: too many" in shown
    assert "A note." in shown
    assert max(map(len, shown.splitlines())) <= 80
    assert "\x1b" not in shown
    line = score_json(score)["models"][0]["measures"][0]
    assert (line["items"], line["effect"], line["up"], line["sign_test_p"]) == (6, "helps", 6, 0.03125)


def test_a_plan_says_what_is_not_known() -> None:
    """Tokens and dollars that nobody can tell are no zeros."""
    known, unknown = plan_lines([("a", 2, 1200, 300, 0.25), ("b", 1, 10, None, None)])
    assert known == "  a: 2 calls, about 1,200 tokens in, 300 out, $0.2500"
    assert unknown == "  b: 1 call, about 10 tokens in, ? out, cost unknown"
