"""Broken hard stops: what rests on them is not run, and no gate that rests on them opens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import fcc
from fcc.agents import GatePolicy
from fcc.errors import InvalidFileError
from fcc.providers import FunctionProvider, ModelRequest
from fcc.simulation import Answer, GateQuestion, RunRecord
from fcc.simulation.reassess import reassess
from fcc.simulation.resolved import plan_of
from fcc.simulation.run_folder import read_files
from fcc.simulation.verify import verify
from fcc.wiring import RunRequest, open_catalog, prepare, resume
from fcc.wiring.standards import Standards
from fcc.workspace import KINDS

MANIFEST = """\
The Deployment web runs the image registry.example.com/shop/web:1.4.0 in the namespace shop.

```yaml path=k8s/web.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: app
          image: registry.example.com/shop/web:1.4.0
          livenessProbe: {httpGet: {path: /healthz, port: 8080}}
          readinessProbe: {httpGet: {path: /readyz, port: 8080}}
          resources:
            requests: {cpu: 100m, memory: 128Mi}
            limits: {cpu: 500m, memory: 256Mi}
          securityContext: {privileged: false}
```
"""
BROKEN = MANIFEST.replace("privileged: false", "privileged: true")
ROOT = "hard-stop-dve-no-root"
STEP = {"persona": "DVE", "task": "Write the Kubernetes manifest of the Deployment web."}
ALLOW = {"rules": [{"allow": "true"}]}


def break_step(*steps: str) -> FunctionProvider:
    """A model that breaks a hard stop in these steps."""

    def answer(request: ModelRequest) -> str:
        return BROKEN if request.call_id.split("/")[0] in steps else MANIFEST

    return FunctionProvider(answer)


def chain(steps: dict[str, Any], **more: Any) -> fcc.Chain:
    return fcc.Chain.model_validate({"name": "c", "steps": steps, **more})


def statuses(record: RunRecord) -> dict[str, str]:
    return {
        step.name: f"{step.status} {step.error.code}" if step.error else step.status for step in record.steps
    }


class Person:
    """Somebody who says yes to everything."""

    def __init__(self) -> None:
        self.asked = 0

    def ask(self, question: GateQuestion) -> Answer | None:
        self.asked += 1
        return Answer(approved=True, by="alice")


LINE = {"a": STEP, "b": {**STEP, "needs": ["a"]}, "c": {**STEP, "needs": ["b"]}, "other": STEP}


def test_what_rests_on_a_broken_hard_stop_is_not_run() -> None:
    """The step that needs it and the one behind that are halted, a sibling goes on, and the reasons say all of it."""
    record = fcc.run(chain(LINE), model=break_step("a"))
    assert statuses(record) == {
        "a": "completed",
        "b": "skipped halted",
        "c": "skipped halted",
        "other": "completed",
    }
    assert record.step("c").error.message == f"a broke a hard stop ({ROOT})"
    assert record.verdict.decision == "BLOCKED"
    assert f"b, c not run: a broke a hard stop ({ROOT})" in record.verdict.reasons
    assert [area.area for area in record.verdict.areas] == ["a", "other"]


def test_a_run_without_a_broken_rule_goes_through() -> None:
    """The same chain with sound manifests is approved."""
    record = fcc.run(chain(LINE), model=break_step())
    assert set(statuses(record).values()) == {"completed"}
    assert record.verdict.decision == "APPROVED", record.verdict.reasons


def test_the_finding_says_tier_rule_and_place() -> None:
    """It is an error in the file that breaks the rule, with the rule's text and what to do."""
    (found,) = [item for item in fcc.run(chain({"a": STEP}), model=break_step("a")).step("a").findings
                if item.rule == ROOT]  # fmt: skip
    assert (found.severity, found.file, found.line) == ("error", "artifacts/a/k8s/web.yaml", 17)
    assert 'DVE breaks a hard stop, "Never run a container as root or in privileged mode"' in found.message
    assert "nobody can waive it" in found.hint


def test_a_gate_on_a_broken_hard_stop_stays_closed(tmp_path: Path) -> None:
    """By the constitution: its policy, the approvals policy and the person are not asked; the run can be verified."""
    steps = {
        "a": STEP,
        "door": {"needs": ["a"], "gate": ALLOW, "approve": {"question": "May it?"}},
        "b": {**STEP, "needs": ["door"]},
    }
    person = Person()
    approvals = GatePolicy.model_validate(ALLOW)
    request = RunRequest(
        chain(steps), model=break_step("a"), out=tmp_path / "run", approver=person, approvals=approvals
    )
    record = prepare(request).go_sync()
    gate = record.step("door").gate
    assert (gate.decision, gate.by, gate.reason) == (
        "closed",
        "constitution",
        f"a broke a hard stop ({ROOT})",
    )
    assert person.asked == 0
    assert statuses(record)["b"] == "skipped gate"
    assert any("gate door is closed by constitution" in reason for reason in record.verdict.reasons)
    assert verify(*read_files(tmp_path / "run")).flaws == ()


def test_a_gate_behind_a_halted_step_is_closed() -> None:
    """However far back the hard stop is, the gate decides, and says no."""
    steps = {"a": STEP, "b": {**STEP, "needs": ["a"]}, "door": {"needs": ["b"], "gate": ALLOW}}
    gate = fcc.run(chain(steps), model=break_step("a")).step("door").gate
    assert (gate.decision, gate.by) == ("closed", "constitution")


def test_a_gate_that_is_passed_over_lets_no_hard_stop_through() -> None:
    """What stands behind a gate whose condition does not hold rests on what the gate rests on."""
    steps = {
        "a": STEP,
        "door": {"needs": ["a"], "gate": ALLOW, "when": "outputs.a.errors < 0"},
        "b": {**STEP, "needs": ["door"]},
    }
    assert statuses(fcc.run(chain(steps), model=break_step("a"))) == {
        "a": "completed",
        "door": "skipped condition",
        "b": "skipped halted",
    }


def test_an_environment_is_not_left_on_a_broken_hard_stop() -> None:
    """The gate before the next environment is closed by the constitution, and nothing runs behind it."""
    made = chain({"a": STEP}, environments={"dev": {}, "prod": {"gate": ALLOW}})
    record = fcc.run(made, model=break_step("dev.a"))
    assert record.step("prod").gate.by == "constitution"
    assert record.step("prod.a").status == "skipped"


def test_a_halted_run_is_verified_and_judged_again_alike(tmp_path: Path) -> None:
    """`verify` holds, and judging the record again gives the same findings and verdict."""
    prepare(RunRequest(chain(LINE), model=break_step("a"), out=tmp_path / "run")).go_sync()
    assert verify(*read_files(tmp_path / "run")).flaws == ()
    record = RunRecord.read(tmp_path / "run" / "run.json")
    again = reassess(record, Standards.of(open_catalog(None).workspace).assessor(plan_of(record)))
    assert again.steps == record.steps
    assert again.verdict == record.verdict


def test_a_record_that_hides_a_halt_does_not_verify(tmp_path: Path) -> None:
    """Without the finding in the record, why the others were halted no longer follows."""
    prepare(RunRequest(chain(LINE), model=break_step("a"), out=tmp_path / "run")).go_sync()
    file = tmp_path / "run" / "run.json"
    data = json.loads(file.read_text())
    data["steps"][0]["findings"] = []
    file.write_text(json.dumps(data))
    flaws = [str(flaw) for flaw in verify(*read_files(tmp_path / "run")).flaws]
    assert any("step b: why it was halted is not as recorded" in flaw for flaw in flaws)


def test_a_halted_run_stays_halted_when_it_is_looked_at_again(tmp_path: Path) -> None:
    """A look ahead with its replies says which steps it halts, and resuming asks nobody."""
    first = prepare(RunRequest(chain(LINE), model=break_step("a"), out=tmp_path / "run")).go_sync()
    ahead = prepare(RunRequest(chain(LINE), model=break_step("a"), reuse=tmp_path / "run")).preview()
    assert {step.name: step.action for step in ahead.steps} == {
        "a": "keep",
        "b": "skip",
        "c": "skip",
        "other": "keep",
    }
    assert resume(tmp_path / "run") == first


def test_a_look_ahead_shows_a_gate_that_stays_closed(tmp_path: Path) -> None:
    """And what is asked anew need not break the rule again."""
    steps = {"a": STEP, "door": {"needs": ["a"], "gate": ALLOW}, "b": {**STEP, "needs": ["door"]}}
    prepare(RunRequest(chain(steps), model=break_step("a"), out=tmp_path / "run")).go_sync()
    ahead = prepare(RunRequest(chain(steps), model=break_step("a"), reuse=tmp_path / "run")).preview()
    assert [step.note for step in ahead.steps][1] == f"stays closed: a broke a hard stop ({ROOT})"
    changed = chain({**steps, "a": {**STEP, "task": "Write it again."}})
    ahead = prepare(RunRequest(changed, model=break_step(), reuse=tmp_path / "run")).preview()
    assert [step.action for step in ahead.steps] == ["ask", "gate", "ask"]


# names in expressions


@pytest.mark.parametrize(
    ("condition", "decision"),
    [("mandatory > 0 or hard_stops > 0", "closed"), ("preferred > 0", "open"), ("errors == 0", "open")],
)
def test_gates_count_broken_rules_by_tier(condition: str, decision: str) -> None:
    """`hard_stops`, `mandatory` and `preferred` are how many findings of each tier there are."""
    rules = {"rules": [{"deny": condition}, {"allow": "true"}]}
    steps = {"a": STEP, "door": {"needs": ["a"], "gate": rules}}
    unpinned = MANIFEST.replace("web:1.4.0\n          live", "web:latest\n          live")
    record = fcc.run(chain(steps), model=FunctionProvider(lambda request: unpinned))
    assert record.step("door").gate.decision == decision


def test_until_counts_them_too() -> None:
    """A step is asked again until no mandatory rule is broken."""
    replies = [MANIFEST.replace("shop/web:1.4.0\n", "shop/web:latest\n"), MANIFEST]
    steps = {"a": {**STEP, "until": {"condition": "mandatory == 0"}}}
    record = fcc.run(chain(steps), model=FunctionProvider(lambda request: replies.pop(0)))
    assert len(record.step("a").calls) == 2
    assert record.verdict.decision == "APPROVED"


# outputs.STEP in a gate's rules

SCHEMA = {
    "type": "object",
    "properties": {"decision": {"enum": ["approve", "reject"]}},
    "required": ["decision"],
}
AUDIT = {**STEP, "output": {"schema": SCHEMA}, "task": "Decide."}


def audited(said: str) -> FunctionProvider:
    def answer(request: ModelRequest) -> str:
        return json.dumps({"decision": said}) if "audit" in request.call_id else MANIFEST

    return FunctionProvider(answer)


@pytest.mark.parametrize(("said", "decision"), [("approve", "open"), ("reject", "closed")])
def test_a_gate_reads_the_data_of_a_step_far_back(said: str, decision: str, tmp_path: Path) -> None:
    """`outputs.STEP.data` of a step that the gate does not need itself; the run can be verified."""
    rules = {"rules": [{"allow": 'outputs.audit.data.decision == "approve"'}]}
    steps = {"audit": AUDIT, "b": {**STEP, "needs": ["audit"]}, "door": {"needs": ["b"], "gate": rules}}
    record = prepare(RunRequest(chain(steps), model=audited(said), out=tmp_path / "run")).go_sync()
    assert record.step("door").gate.decision == decision
    assert verify(*read_files(tmp_path / "run")).flaws == ()


def test_the_gate_of_an_environment_reads_the_one_before_it() -> None:
    """`outputs.audit` before production is the audit of staging."""
    rules = {"rules": [{"allow": 'outputs.audit.data.decision == "approve"'}]}
    made = chain({"audit": AUDIT}, environments={"staging": {}, "prod": {"gate": rules}})
    record = fcc.run(made, model=audited("reject"))
    assert record.step("prod").gate.decision == "closed"
    assert fcc.run(made, model=audited("approve")).step("prod").gate.decision == "open"


def problem_of(steps: dict[str, Any], **more: Any) -> str:
    with pytest.raises(InvalidFileError) as caught:
        fcc.run(chain(steps, **more), model=audited("approve"))
    return str(caught.value)


def test_a_gate_that_asks_for_what_it_does_not_rest_on_is_refused() -> None:
    """Before anything is run: a step beside it, a step that is none, data that no schema promises."""
    rules = {"rules": [{"allow": 'outputs.audit.data.decision == "approve"'}]}
    beside = problem_of({"audit": AUDIT, "a": STEP, "door": {"needs": ["a"], "gate": rules}})
    assert "'audit', which the step doesn't need and which may not have run; add it to `needs`" in beside
    assert "audit" in problem_of({"a": STEP, "door": {"needs": ["a"], "gate": rules}})
    no_data = problem_of({"audit": STEP, "door": {"needs": ["audit"], "gate": rules}})
    assert "data" in no_data


def test_a_named_policy_for_a_chain_without_its_step_is_refused(tmp_path: Path) -> None:
    """The problem stands where the chain names the policy."""
    for kind in KINDS:
        (tmp_path / kind).mkdir()
    policy = "rules: [{allow: 'outputs.audit.data.decision == \"approve\"'}]\n"
    (tmp_path / "evaluations" / "audited.yaml").write_text(policy)
    (tmp_path / "agents" / "c.yaml").write_text(
        "name: c\nsteps:\n  a: {persona: JUS, task: Write it.}\n  door: {needs: [a], gate: audited}\n"
    )
    with pytest.raises(InvalidFileError) as caught:
        open_catalog(tmp_path).plan("c")
    (problem,) = caught.value.problems
    assert (problem.line, "audit" in problem.message) == (4, True)


def test_an_approvals_policy_asks_for_what_every_gate_rests_on() -> None:
    """`--approvals` with `outputs.STEP` decides where each gate at which a person is asked rests on that step."""
    rules = GatePolicy.model_validate({"rules": [{"allow": 'outputs.audit.data.decision == "approve"'}]})
    ask = {"approve": {"question": "May it?"}}
    steps = {"audit": AUDIT, "a": STEP, "door": {"needs": ["audit"], **ask}}
    record = fcc.run(chain(steps), model=audited("approve"), approvals=rules)
    assert record.step("door").gate.decision == "open"
    with pytest.raises(InvalidFileError, match="audit"):
        fcc.run(chain({**steps, "other": {"needs": ["a"], **ask}}), model=audited("approve"), approvals=rules)
