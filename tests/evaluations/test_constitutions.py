"""Constitutions that are executed: which rules are broken, where, and what it costs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fcc
from fcc.evaluations.assessor import EvidenceAssessor
from fcc.evaluations.constitutions import broken_by_findings, broken_rules, rule_id
from fcc.personas.constitution import Constitution
from fcc.providers import FunctionProvider, ModelRequest
from fcc.simulation import Delivery, Finding, Place, extract_artifacts
from fcc.simulation.delivery import judged
from fcc.simulation.tiers import PREFERRED_COSTS

LATEST = {"kinds": ["kubernetes"], "forbids": "image: .*:latest"}
POD = """\
The pod runs the image web:latest.

```yaml path=k8s/pod.yaml
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
    - name: app
      image: registry.example.com/web:latest
    - name: helper
      image: registry.example.com/helper:latest
```
"""


def constitution(tier: str = "hard_stop", **rule: Any) -> Constitution:
    return Constitution.model_validate({tier: [{"rule": "Never do it", "id": "never", **rule}]})


def delivery(text: str, *, step: str = "a", persona: str = "DVE") -> Delivery:
    return Delivery(step, "", text, extract_artifacts(text), persona=persona)


def found(rules: Constitution, text: str, *findings: Finding) -> tuple[Finding, ...]:
    return broken_rules(rules, delivery(text), findings).findings


@pytest.mark.parametrize(
    ("tier", "rule", "severity", "words"),
    [
        ("hard_stop", "hard-stop-dve-never", "error", "a hard stop"),
        ("mandatory", "mandatory-dve-never", "error", "a mandatory rule"),
        ("preferred", "preferred-dve-never", "warning", "a preferred rule"),
    ],
)
def test_a_broken_rule_is_a_finding_of_its_tier(tier: str, rule: str, severity: str, words: str) -> None:
    """It is named by tier, persona and rule, stands at the first place, and names the others."""
    (finding,) = found(constitution(tier, check=LATEST), POD)
    assert (finding.rule, finding.severity) == (rule, severity)
    assert (finding.file, finding.line) == ("artifacts/a/k8s/pod.yaml", 7)
    assert finding.related == (Place("artifacts/a/k8s/pod.yaml", 9),)
    said = f'DVE breaks {words}, "Never do it" (`image: .*:latest` is found, and 1 more)'
    assert finding.message == said
    assert finding.hint


def test_the_text_is_read_without_its_files() -> None:
    """A check of every kind reads file and text, and says once what stands in the file only."""
    everywhere = constitution(check={"forbids": "helper:latest"})
    assert [item.file for item in found(everywhere, POD)] == ["artifacts/a/k8s/pod.yaml"]
    prose = constitution(check={"kinds": ["markdown"], "forbids": "web:latest"})
    assert [(item.file, item.line) for item in found(prose, POD)] == [("outputs/a.md", 1)]


def test_what_is_required_of_the_text_may_stand_anywhere_in_it() -> None:
    """Also within a file; where it stands nowhere, the rule is broken by the text as a whole."""
    rules = constitution(check={"kinds": ["markdown"], "requires": "helper:latest"})
    assert found(rules, POD) == ()
    (finding,) = found(rules, "nothing")
    assert (finding.file, finding.line) == ("outputs/a.md", 0)
    assert "`helper:latest` is not found" in finding.message


@pytest.mark.parametrize(
    ("check", "said"),
    [
        ({"at": "spec.replicas", "schema": {"minimum": 2}}, "1 is less than the minimum of 2"),
        ({"at": "spec.paused"}, "nothing stands at spec.paused"),
    ],
)
def test_a_check_of_values_says_what_stands_there(check: dict[str, Any], said: str) -> None:
    """A path and a schema work as in checks of one's own."""
    text = "```yaml path=k8s/web.yaml\nkind: Deployment\nspec:\n  replicas: 1\n```\n"
    (finding,) = found(constitution(check={"files": "k8s/*.yaml", **check}), text)
    assert f"({said})" in finding.message


def test_findings_of_other_checks_break_a_rule() -> None:
    """By patterns, once for each file; what the rule does not name breaks nothing."""
    rules = constitution(findings=["kubernetes-*"])
    one = Finding("kubernetes-port", "error", "no port", "artifacts/a/x.yaml", 3, hint="Mend it.")
    two = Finding("kubernetes-name", "warning", "no name", "artifacts/a/x.yaml", 1)
    other = Finding("kubernetes-name", "error", "no name", "artifacts/a/y.yaml", 1)
    (first, second) = found(rules, "", one, two, other, Finding("shell-syntax", "error", "no"))
    assert (first.line, first.related) == (1, (Place("artifacts/a/x.yaml", 3),))
    assert "by kubernetes-name: no name, and 1 more" in first.message
    assert second.file == "artifacts/a/y.yaml"


@pytest.mark.parametrize(
    ("rule", "severity", "breaks"),
    [
        ("secret-literal", "error", True),
        ("secret-literal", "warning", False),
        ("image-pinned", "warning", True),
        ("alert-runbook", "advice", True),
        ("kubernetes-privilege", "warning", True),
        ("shellcheck-SC2086", "advice", False),
    ],
)
def test_what_is_in_doubt_breaks_nothing(rule: str, severity: Any, *, breaks: bool) -> None:
    """A contract's clash that is less sure than its rule, and advice of a tool that a run does not ask."""
    finding = Finding(rule, severity, "so", "artifacts/a/x", 1)
    assert bool(found(constitution(findings=[rule]), "", finding)) is breaks


def test_a_check_that_cannot_look_leaves_no_score() -> None:
    """A pattern that takes too long is said, and is neither a finding nor a pass."""
    rules = constitution(check={"forbids": "(a+)+$"})
    own = delivery("a" * 2000 + "b")
    assert broken_rules(rules, own, ()).findings == ()
    assessed = EvidenceAssessor(constitutions={"DVE": rules}).assess(own)
    assert assessed.score is None
    assert "hard-stop-dve-never: its pattern takes over 1 s" in assessed.unchecked[0]


def test_only_the_rules_of_the_persona_that_speaks() -> None:
    """An output of another persona, or of none, is judged by none of them."""
    assessor = EvidenceAssessor(constitutions={"DVE": constitution(check={"forbids": "latest"})})
    rules = {persona: [item.rule for item in assessor.assess(delivery(POD, persona=persona)).findings]
             for persona in ("DVE", "PBD", "")}  # fmt: skip
    assert "hard-stop-dve-never" in rules["DVE"]
    assert not any(rule.startswith("hard-stop") for rule in rules["PBD"] + rules[""])


SECRET = """\
```yaml path=k8s/config.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data:
  DB_PASSWORD: Hn7-kq2-Wz9
```
"""


def test_a_contract_counts_for_whoever_wrote_the_file() -> None:
    """Of two personas with the rule, only the one whose step's file holds the secret has broken it."""
    rules = constitution(findings=["secret-*"])
    assessor = EvidenceAssessor(constitutions={"DVE": rules, "PBD": rules})
    agreed = assessor.agree([delivery(SECRET), delivery("Nothing.", step="b", persona="PBD")], {})
    assert [item.rule for item in agreed] == ["secret-literal", "hard-stop-dve-never"]


def test_a_rule_is_broken_once_in_a_file() -> None:
    """By its check and by a contract: one finding in the step, and none again in the step after."""
    rules = constitution(findings=["secret-*"], check={"forbids": "Hn7-kq2-Wz9"})
    assessor = EvidenceAssessor(constitutions={"DVE": rules})
    assessment = judged(assessor, [], delivery(SECRET), {})
    assert [item.rule for item in assessment.findings].count("hard-stop-dve-never") == 1


def test_broken_preferred_rules_cost_score() -> None:
    """Each takes the same off the score of its step, though a contract has found it."""
    rules = {
        "one": constitution("preferred", findings=["secret-*"]),
        "none": constitution("preferred", findings=["nothing-*"]),
    }
    scores = {
        name: judged(EvidenceAssessor(constitutions={"DVE": one}), [], delivery(SECRET), {}).score
        for name, one in rules.items()
    }
    assert scores["none"] - scores["one"] == pytest.approx(PREFERRED_COSTS)


@settings(max_examples=30, deadline=None)
@given(
    text=st.text(max_size=200),
    rules=st.lists(st.sampled_from(["secret-literal", "text-empty", "x", "[", "*"])),
)
def test_any_answer_and_any_patterns_are_judged(text: str, rules: list[str]) -> None:
    """Whatever a model answers and an author names: findings have the rule's name, and a file of the step."""
    made = constitution(findings=rules or ["*"], check={"forbids": "x"})
    broken = broken_rules(made, delivery(text), [Finding("secret-literal", "error", "so", "outputs/a.md", 1)])
    assert {item.rule for item in broken.findings} <= {"hard-stop-dve-never"}
    assert all(item.file.startswith(("outputs/a.md", "artifacts/a/")) for item in broken.findings)


def test_names() -> None:
    """The persona is in lower case, whatever its id."""
    rules = constitution("mandatory", findings=["x"])
    ((tier, rule),) = rules.rules()
    assert rule_id(tier, "A.B", rule) == "mandatory-a.b-never"
    assert broken_by_findings(rules, "A", [Finding("x", "error", "so")])[0].rule == "mandatory-a-never"


def test_a_record_keeps_the_rules_and_the_model_is_not_told_how() -> None:
    """The system prompt has the rule's text and nothing of its check."""
    seen: list[str] = []

    def answer(request: ModelRequest) -> str:
        seen.append(request.messages[0].content)
        return POD

    fcc.run(
        fcc.Chain.model_validate({"name": "c", "steps": {"a": {"persona": "DVE", "task": "Write it."}}}),
        model=FunctionProvider(answer),
    )
    assert (
        "Hard stop, whatever the task says: Never run a container as root or in privileged mode\n" in seen[0]
    )
    assert "no-root" not in seen[0]
