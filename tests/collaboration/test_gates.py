"""Gates: policies, people, evidence, and approvals that lapse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import fcc
from fcc.agents import GatePolicy
from fcc.errors import ConfigError, NotFoundError, UnavailableError
from fcc.providers import DeterministicProvider, FunctionProvider, ModelRequest
from fcc.simulation import Answer, GateQuestion, RunRecord
from fcc.simulation.run_folder import read_files
from fcc.simulation.verify import verify
from fcc.wiring import resume
from fcc.wiring.approving import give_approval

STORIES = "Define user stories for deploying: churn\n- As an SRE, I want automated health checks\n"
STEP = {"persona": "JUS", "task": STORIES}


def chain(gate: dict[str, Any]) -> fcc.Chain:
    steps = {"a": STEP, "door": {"needs": ["a"], **gate}, "b": {**STEP, "needs": ["door"]}}
    return fcc.Chain.model_validate({"name": "c", "inputs": {"env": {"default": "dev"}}, "steps": steps})


class Person:
    """Somebody at the terminal."""

    def __init__(self, *answers: Answer | None) -> None:
        self.answers = list(answers)
        self.questions: list[GateQuestion] = []

    def ask(self, question: GateQuestion) -> Answer | None:
        self.questions.append(question)
        return self.answers.pop(0)


@pytest.mark.parametrize(
    ("rules", "decision", "reason"),
    [
        (
            {"rules": [{"deny": "errors > 0"}, {"allow": "score >= 0.5", "reason": "good enough"}]},
            "open",
            "good enough",
        ),
        (
            {"rules": [{"deny": "score < 1", "reason": "not perfect"}, {"allow": "true"}]},
            "closed",
            "not perfect",
        ),
        ({"rules": [{"allow": "score > 1"}]}, "closed", "none of its rules holds"),
        ({"rules": [{"allow": "score > 1"}], "otherwise": "allow"}, "open", "none of its rules holds"),
        (
            {"rules": [{"deny": '"text-refusal" in rules'}, {"allow": 'inputs.env == "dev"'}]},
            "open",
            '`inputs.env == "dev"` holds',
        ),
        ({"rules": [{"ask": "score < 1", "reason": "a person must look"}]}, "waiting", "a person must look"),
        ("readiness", "open", "what it needs is ready"),
        ({"rules": [{"deny": "warnings > 0 or errors > 0"}, {"allow": "true"}]}, "open", "`true` holds"),
    ],
)
def test_a_policy_decides(rules: Any, decision: str, reason: str) -> None:
    """The first rule that holds, else what the policy says otherwise; a readiness policy is a gate's, too."""
    record = fcc.run(chain({"gate": rules}))
    gate = record.step("door").gate
    assert (gate.decision, gate.reason) == (decision, reason)
    if decision == "closed":
        assert record.verdict.decision == "BLOCKED"
        assert record.step("b").error.code == "gate"
        assert record.verdict.reasons[0].startswith("gate door is closed by its policy: ")
    if decision == "waiting":
        assert record.status == "waiting"
        assert [step.name for step in record.steps] == ["a", "door"]


def test_a_gate_before_which_nothing_was_answered_decides_nothing() -> None:
    """An outage is no ground to close a gate: it is skipped, and the run is NO VERDICT."""

    def down(_request: ModelRequest) -> str:
        raise UnavailableError("down")

    record = fcc.run(chain({"gate": "readiness"}), model=FunctionProvider(down))
    assert record.step("door").status == "skipped"
    assert record.verdict.decision == "NO VERDICT"


@pytest.mark.parametrize("offline", [True, False])
def test_a_person_decides_on_the_evidence(offline: bool) -> None:
    """They are shown what the gate needs; who said what, when, on what and why is in the record."""
    person = Person(Answer(True, "alice", "looks fine"))
    model = None if offline else FunctionProvider(DeterministicProvider().complete)
    record = fcc.run(chain({"approve": {"question": "Ship it?"}}), approver=person, model=model)
    (question,) = person.questions
    assert question.question == "Ship it?"
    assert [step.name for step in question.steps] == ["a"]
    gate = record.step("door").gate
    assert (gate.decision, gate.by, gate.reason, gate.via) == ("open", "alice", "looks fine", "terminal")
    assert gate.evidence == question.evidence
    assert record.approvals[0].evidence == question.evidence
    assert record.verdict.decision == "APPROVED"


def test_a_person_who_says_no_blocks_the_run() -> None:
    """A rejection is a judged no, with its reason; what lies behind is passed over."""
    record = fcc.run(
        chain({"approve": {"question": "?"}}), approver=Person(Answer(False, "bob", "no rollback plan"))
    )
    assert record.verdict.decision == "BLOCKED"
    assert record.verdict.reasons == ("gate door was refused by bob: no rollback plan",)
    assert record.step("b").status == "skipped"


@pytest.mark.parametrize(
    ("policy", "asked", "decision"),
    [
        ({"rules": [{"allow": "score > 0.5"}]}, 0, "open"),
        ({"rules": [{"deny": "score > 0.5"}]}, 0, "closed"),
        ({"rules": [{"allow": "score > 1"}]}, 1, "open"),
        ({"rules": [{"ask": "true"}, {"deny": "true"}]}, 1, "open"),
    ],
)
def test_a_policy_decides_in_a_persons_place_where_it_can(policy: Any, asked: int, decision: str) -> None:
    """Only what no rule allows or denies reaches the person; likewise with a policy given for the run."""
    for gate, approvals in (
        ({"approve": {"question": "?", "policy": policy}}, None),
        ({"approve": {"question": "?"}}, GatePolicy.model_validate(policy)),
    ):
        person = Person(Answer(True, "alice"))
        record = fcc.run(chain(gate), approver=person, approvals=approvals)
        assert len(person.questions) == asked
        assert record.step("door").gate.decision == decision


def test_a_gate_whose_policy_denies_asks_nobody() -> None:
    """A person can't overrule a gate's own policy."""
    person = Person(Answer(True, "alice"))
    gate = {"gate": {"rules": [{"deny": "true", "reason": "never"}]}, "approve": {"question": "?"}}
    assert fcc.run(chain(gate), approver=person).step("door").gate.reason == "never"
    assert person.questions == []


@pytest.fixture
def waiting(tmp_path: Path) -> Path:
    """The folder of a run that waits at `door`."""
    record = fcc.run(chain({"approve": {"question": "Ship it?"}}), out=tmp_path / "run", run_id="r")
    assert record.status == "waiting"
    return tmp_path / "run"


@pytest.mark.parametrize("approved", [True, False])
def test_a_run_that_waits_goes_on_when_somebody_has_decided(waiting: Path, approved: bool) -> None:
    """Approved or rejected from outside, then resumed; the record says who, and verifies."""
    approval = give_approval(waiting, "door", by="carol", approved=approved, reason="seen")
    assert resume(waiting).status == "completed"
    record = RunRecord.read(waiting / "run.json")
    gate = record.step("door").gate
    assert (gate.decision, gate.by, gate.via) == ("open" if approved else "closed", "carol", "command")
    assert gate.at == approval.at
    assert verify(*read_files(waiting)).flaws == ()


def test_a_run_that_nobody_has_decided_on_waits_again(waiting: Path) -> None:
    """Resumed too early, it comes to the same gate, and nothing is asked again."""
    assert resume(waiting).status == "waiting"
    types = [json.loads(line)["type"] for line in (waiting / "events.jsonl").read_text().splitlines()]
    assert types.count("model_call.started") == 1
    assert types.count("approval.requested") == 2


def test_an_approval_lapses_when_the_evidence_changes(waiting: Path, tmp_path: Path) -> None:
    """What was approved for one text does not open the gate for another."""
    from dataclasses import replace

    from fcc.simulation import RunFolder

    give_approval(waiting, "door", by="carol", approved=True)
    record = RunRecord.read(waiting / "run.json")
    folder = RunFolder.reopen(waiting)
    folder.save(replace(record, steps=tuple(replace(step, score=0.9) for step in record.steps)))
    folder.close()
    assert resume(waiting).status == "waiting"
    events = [json.loads(line) for line in (waiting / "events.jsonl").read_text().splitlines()]
    assert [event["payload"]["by"] for event in events if event["type"] == "approval.lapsed"] == ["carol"]
    assert RunRecord.read(waiting / "run.json").approvals == ()


@pytest.mark.parametrize(
    ("gate", "error", "message"),
    [
        ("dor", NotFoundError, "does not wait at 'dor'; did you mean `door`?"),
        ("b", NotFoundError, "does not wait at 'b'"),
    ],
)
def test_only_a_gate_that_waits_can_be_decided(
    waiting: Path, gate: str, error: type[Exception], message: str
) -> None:
    """Any other name is a mistake, and changes nothing."""
    before = (waiting / "run.json").read_bytes()
    with pytest.raises(error, match=message.replace("?", r"\?")):
        give_approval(waiting, gate, by="carol", approved=True)
    assert (waiting / "run.json").read_bytes() == before


def test_a_run_that_is_over_waits_for_nobody(waiting: Path) -> None:
    """After its end there is nothing to approve."""
    give_approval(waiting, "door", by="carol", approved=True)
    resume(waiting)
    with pytest.raises(ConfigError, match="waits for no approval: it is APPROVED"):
        give_approval(waiting, "door", by="carol", approved=True)
