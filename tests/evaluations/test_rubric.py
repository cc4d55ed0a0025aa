"""Rubrics: how they are read, what criteria come to, and what is decided."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fcc
from fcc.errors import InvalidFileError
from fcc.evaluations.evaluation import Coverage, CriterionResult
from fcc.evaluations.rubric import (
    JudgedCriterion,
    Rubric,
    RubricEvidence,
    apply_rubric,
    decide_rubric,
    rubric_score,
)
from fcc.simulation import Finding

TEXT = """description: A rubric.
criteria:
  - name: files
    weight: 3
    evidence: findings
    rules: [kubernetes-*]
    levels: [bad, middling, good]
  - name: asked for
    evidence: coverage
    levels: {0: little, 0.5: half, 1: all}
  - name: text
    evidence: text
    areas: [pipeline]
  - name: use
    evidence: judge
    question: Is it of use?
policy:
  pass_at: 0.7
  required: [files]
"""


@pytest.fixture
def rubric(tmp_path: Path) -> Rubric:
    return read(tmp_path, TEXT)


def read(folder: Path, text: str) -> Rubric:
    path = folder / "rubric.yaml"
    path.write_text(text)
    return Rubric.from_file(path)


def finding(rule: str, severity: str = "error") -> Finding:
    return Finding(rule, severity, "it is wrong", "a.yaml", 3)


def by_name(results: tuple[CriterionResult, ...]) -> dict[str, CriterionResult]:
    return {result.name: result for result in results}


def item(area: str, *, met: bool) -> Coverage:
    return Coverage("R1", "a dashboard", met=met, area=area)


FULL = RubricEvidence(
    findings={"pipeline": (), "": ()},
    text_scores={"pipeline": 0.8, "other": None},
    coverage=(item("pipeline", met=True), item("pipeline", met=False)),
    judged={"use": JudgedCriterion(1.0, "it is", calibrated=True)},
)


def test_each_criterion_comes_to_a_value_words_and_a_reason(rubric: Rubric) -> None:
    """Findings, coverage, text and judge each give a value in [0, 1]."""
    found = by_name(apply_rubric(rubric, FULL))
    assert {name: result.value for name, result in found.items()} == {
        "files": 1.0,
        "asked for": 0.5,
        "text": 0.8,
        "use": 1.0,
    }
    assert (found["files"].level, found["asked for"].level, found["text"].level) == ("good", "half", "")
    assert found["asked for"].reason == "1 of 2 items; not found: a dashboard"


@pytest.mark.parametrize(
    ("findings", "value"),
    [
        ([], 1.0),
        ([finding("kubernetes-x", "advice")], 1.0),
        ([finding("kubernetes-x", "warning")], 0.9),
        ([finding("kubernetes-x", "warning")] * 9, 0.5),
        ([finding("kubernetes-x"), finding("kubernetes-x", "warning")], 0.0),
        ([finding("dockerfile-x")], 1.0),
    ],
)
def test_findings_become_a_value(rubric: Rubric, findings: list[Finding], value: float) -> None:
    """An error is 0, a warning costs 0.1 down to 0.5, advice and other rules cost nothing."""
    results = apply_rubric(rubric, replace(FULL, findings={"pipeline": findings}))
    assert by_name(results)["files"].value == pytest.approx(value)


def test_what_was_not_there_has_no_value(rubric: Rubric) -> None:
    """Missing evidence is never a zero."""
    results = apply_rubric(rubric, RubricEvidence())
    assert [result.value for result in results] == [None] * 4
    assert rubric_score(results) is None
    assert all(result.reason for result in results)


def test_a_missing_part_leaves_a_criterion_unjudged(tmp_path: Path) -> None:
    """A mean is not taken over what happens to be there."""
    everywhere = read(tmp_path, "criteria:\n  - {name: text, evidence: text}\n")
    (result,) = apply_rubric(everywhere, FULL)
    assert result.value is None
    assert "other" in result.reason
    narrow = read(tmp_path, "criteria:\n  - {name: f, evidence: findings, areas: [release]}\n")
    assert apply_rubric(narrow, FULL)[0].value is None


def test_the_mean_is_weighted(rubric: Rubric) -> None:
    """Weights count against each other, over what could be judged."""
    results = apply_rubric(rubric, FULL)
    assert rubric_score(results) == pytest.approx((3 * 1 + 0.5 + 0.8 + 1) / 6)
    assert decide_rubric(rubric, results, ())[0] == "APPROVED"
    poor = apply_rubric(rubric, replace(FULL, coverage=(item("pipeline", met=False),), judged={}))
    assert rubric_score(poor) == pytest.approx((3 + 0 + 0.8) / 5)


def test_a_low_mean_blocks(rubric: Rubric) -> None:
    """Under `pass_at` it is blocked, and the lowest criterion is named."""
    strict = rubric.model_copy(update={"policy": rubric.policy.model_copy(update={"pass_at": 0.95})})
    decision, reasons = decide_rubric(strict, apply_rubric(strict, FULL), ())
    assert decision == "BLOCKED"
    assert "asked for (0.50)" in reasons[0]


def test_an_error_blocks_whatever_the_judge_says(rubric: Rubric) -> None:
    """A finding of the policy's severity blocks, in or out of any criterion's scope."""
    results = apply_rubric(rubric, FULL)
    decision, reasons = decide_rubric(rubric, results, [finding("dockerfile-x")])
    assert decision == "BLOCKED"
    assert reasons == ("a.yaml:3: it is wrong [dockerfile-x]",)
    assert decide_rubric(rubric, results, [finding("dockerfile-x", "warning")])[0] == "APPROVED"


def test_block_on_can_be_stricter_and_not_looser(tmp_path: Path, rubric: Rubric) -> None:
    """Warnings can be made to block; errors can't be made not to."""
    strict = read(tmp_path, TEXT + "  block_on: warning\n")
    for severity in ("warning", "error"):
        decision, _ = decide_rubric(strict, apply_rubric(strict, FULL), [finding("x", severity)])
        assert decision == "BLOCKED"
    with pytest.raises(InvalidFileError, match="block_on"):
        read(tmp_path, TEXT + "  block_on: never\n")


def test_a_required_criterion_that_is_missing_is_no_verdict(rubric: Rubric) -> None:
    """Neither a pass nor a fail, whatever the rest comes to; unless an error was found."""
    results = apply_rubric(rubric, replace(FULL, findings={}))
    decision, reasons = decide_rubric(rubric, results, ())
    assert decision == "NO VERDICT"
    assert reasons == ("files is required and could not be judged: nothing was checked",)
    assert decide_rubric(rubric, results, [finding("x")])[0] == "BLOCKED"


def test_a_required_kind_must_have_been_checked(tmp_path: Path) -> None:
    """A kind of file that was not there, or not checked, is no verdict."""
    rubric = read(tmp_path, TEXT.replace("[files]", "[kubernetes]"))
    results = apply_rubric(rubric, FULL)
    assert decide_rubric(rubric, results, ())[0] == "NO VERDICT"
    assert decide_rubric(rubric, results, (), {"kubernetes"})[0] == "APPROVED"


def test_an_uncalibrated_judge_only_informs(tmp_path: Path, rubric: Rubric) -> None:
    """It is shown, not counted, and does not satisfy what is required."""
    evidence = replace(FULL, judged={"use": JudgedCriterion(0.0, "it is not", calibrated=False)})
    results = apply_rubric(rubric, evidence)
    assert by_name(results)["use"].advisory
    assert rubric_score(results) == pytest.approx((3 + 0.5 + 0.8) / 5)
    decision, reasons = decide_rubric(rubric, results, ())
    assert decision == "APPROVED"
    assert any("use (0.00) is advice" in reason for reason in reasons)
    needed = read(tmp_path, TEXT.replace("[files]", "[use]"))
    assert decide_rubric(needed, results, ())[0] == "NO VERDICT"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("weight: 3", "weight: 0", ":4:5: "),
        ("weight: 3", "wieght: 3", "did you mean `weight`?"),
        ("evidence: text", "evidence: taste", ":12:5: "),
        ("name: text", "name: files", "two criteria are called files"),
        ("evidence: coverage", "evidence: coverage\n    rules: [x]", "`rules` choose among findings"),
        ("    question: Is it of use?\n", "", "a judge needs a `question`"),
        ("[files]", "[flies]", "did you mean `files`?"),
        ("pass_at: 0.7", "pass_at: 7", ":18:3: "),
        ("0.5: half", "5: half", ":10:"),
    ],
)
def test_a_wrong_rubric_says_where(tmp_path: Path, old: str, new: str, said: str) -> None:
    """Every problem has the file, and the line and column where there is one."""
    with pytest.raises(InvalidFileError) as refused:
        read(tmp_path, TEXT.replace(old, new, 1))
    assert "rubric.yaml:" in str(refused.value)
    assert said in str(refused.value)


def test_the_built_in_rubric_is_valid() -> None:
    """The rubric for the delivery chain can be read, asks a judge one thing, and needs none."""
    path = Path(fcc.__file__).parent / "data" / "evaluations" / "delivery.yaml"
    rubric = Rubric.from_file(path)
    assert list(rubric.questions) == ["fit for operation"]
    evidence = replace(FULL, text_scores={"pipeline": 0.9}, coverage=(item("pipeline", met=True),), judged={})
    decision, _ = decide_rubric(rubric, apply_rubric(rubric, evidence), ())
    assert decision == "APPROVED"


@given(st.floats(0, 1), st.lists(st.text(min_size=1, max_size=5), max_size=6))
@settings(max_examples=60, deadline=None)
def test_levels_cover_every_value(value: float, words: list[str]) -> None:
    """A list of words has one for every value, the last one at 1."""
    criterion = {"name": "c", "evidence": "text", "levels": words}
    level = Rubric.model_validate({"criteria": [criterion]}).criteria[0].level
    assert level(value) in (words or [""])
    assert level(1.0) == (words[-1] if words else "")
