"""The rubric `constitution`: the judged rules of a run's personas, each asked about their own steps."""

from __future__ import annotations

import json

import pytest

import fcc
from fcc.errors import NotFoundError
from fcc.providers import FunctionProvider, ModelRequest
from fcc.simulation import RunRecord
from fcc.wiring.evaluating import evaluate

TEXT = "The service web keeps p99 latency under 200 ms, and its owner decides on each exception in writing."


@pytest.fixture(scope="module")
def record() -> RunRecord:
    """A run of two personas, one of them twice."""
    steps = {
        "stories": {"persona": "JUS", "task": "Write the stories of web."},
        "more": {"persona": "JUS", "task": "Write more stories of web."},
        "watch": {"persona": "ASC", "task": "Write what watches web."},
    }
    chain = fcc.Chain.model_validate({"name": "c", "steps": steps})
    return fcc.run(chain, model=FunctionProvider(lambda request: f"{TEXT} {request.call_id}"))


def judge(level: str, seen: list[str]) -> FunctionProvider:
    def answer(request: ModelRequest) -> str:
        seen.append(request.messages[-1].content)
        assert request.response_format is not None
        names = request.response_format.schema["properties"]
        return json.dumps({name: {"reason": "so it is", "level": level} for name in names})

    return FunctionProvider(answer)


def test_each_rule_is_asked_about_the_steps_of_its_persona(record: RunRecord) -> None:
    """One question for each output, with that persona's judged rules and no others; they are advice."""
    seen: list[str] = []
    evaluation = evaluate(record, rubric="constitution", judge=judge("kept", seen))
    assert len(seen) == 3
    assert [("JUS two-criteria" in text, "ASC next-step" in text) for text in seen] == [
        (True, False),
        (True, False),
        (False, True),
    ]
    named = {item.name: item for item in evaluation.criteria}
    assert named["JUS two-criteria"].value == 1.0
    assert named["JUS two-criteria"].level == "kept"
    assert named["JUS two-criteria"].advisory
    assert named["rules that code holds"].value is not None


def test_a_rule_is_broken_as_far_as_its_steps_break_it(record: RunRecord) -> None:
    """The mean over the steps of its persona, with the judge's reasons."""
    evaluation = evaluate(record, rubric="constitution", judge=judge("broken", []))
    named = {item.name: item for item in evaluation.criteria}
    assert (named["ASC burn-rates"].value, named["ASC burn-rates"].level) == (0.0, "broken")
    assert "watch: so it is" in named["ASC burn-rates"].reason


def test_without_a_judge_the_rules_are_said_not_to_be_judged(record: RunRecord) -> None:
    """What code holds is counted; the rest has no value."""
    evaluation = evaluate(record, rubric="constitution")
    values = {item.name: item.value for item in evaluation.criteria}
    assert values["rules that code holds"] is not None
    assert values["JUS two-criteria"] is None


def test_files_have_no_constitution(repository) -> None:
    """The rubric is made from a run's personas; of files nobody knows who wrote them."""
    with pytest.raises(NotFoundError):
        evaluate(repository / "README.md", rubric="constitution")
