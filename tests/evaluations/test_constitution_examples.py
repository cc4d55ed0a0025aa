"""Examples of rules: tried as answers, and what is wrong with a rule itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import fcc.evaluations.validators
from fcc.evaluations.checks import Check, OwnCheck
from fcc.evaluations.constitution_examples import RuleResult, try_constitution
from fcc.evaluations.rule_ids import FAMILIES, known_rules
from fcc.personas import Persona, PersonaRegistry
from fcc.workspace import Workspace

CARD = {
    "id": "XYZ",
    "name": "Somebody",
    "fcc_phase": "Create",
    "role_title": "Writer",
    "riscear": {
        "role": "Writes.",
        "inputs": ["a request"],
        "style": "Plain.",
        "constraints": ["none"],
        "expected_output": ["a text"],
        "archetype": "A writer",
        "responsibilities": ["the text"],
    },
}
LATEST = "```yaml path=k8s/pod.yaml\nkind: Pod\nimage: web:latest\n```\n"


def tried(rule: Any, checks: tuple[OwnCheck, ...] = ()) -> RuleResult:
    persona = Persona.model_validate({**CARD, "doc_context": {"constitution": {"hard_stop": [rule]}}})
    (result,) = try_constitution(persona, checks)
    return result


def rule(passing: str = "fine", failing: str = "", **how: Any) -> dict[str, Any]:
    return {"rule": "Never", "id": "never", "examples": {"pass": [passing], "fail": [failing]}, **how}


def test_examples_are_tried_as_answers() -> None:
    """The one that must pass keeps the rule, the one that must fail breaks it, and each says why."""
    result = tried(rule(failing=LATEST, check={"forbids": "web:latest"}))
    assert (result.finding, result.tier, result.held) == ("hard-stop-xyz-never", "hard_stop", "enforced")
    assert [(item.example, item.holds) for item in result.examples] == [("pass 1", True), ("fail 1", True)]
    assert result.examples[0].reason == "the rule is not broken"
    assert "`web:latest` is found" in result.examples[1].reason
    assert result.holds


@pytest.mark.parametrize(("passing", "failing"), [(LATEST, LATEST), ("fine", "fine")])
def test_an_example_that_is_not_as_it_should_be_fails(passing: str, failing: str) -> None:
    """One that should pass and does not, and the other way round."""
    result = tried(rule(passing, failing, check={"forbids": "web:latest"}))
    assert [item.holds for item in result.examples].count(False) == 1
    assert not result.holds


def test_validators_contracts_and_own_checks_are_asked() -> None:
    """A rule with `findings` is tried with all that a run would find, checks of the workspace too."""
    secret = "```bash path=a.sh\n#!/bin/sh\nAPI_TOKEN=Hn7-kq2-Wz9-Lm4\n```\n"
    assert tried(rule(failing=secret, findings=["secret-literal"])).holds
    assert tried(rule(failing="```json path=a.json\n{\n```\n", findings=["json-*"])).holds
    own = OwnCheck("owner", Check.model_validate({"message": "no owner", "forbids": "nobody"}))
    assert tried(rule(failing="nobody", findings=["owner"]), (own,)).holds


def test_a_quote_at_the_start_is_what_was_asked_for() -> None:
    """It is the example's task, and no part of the answer."""
    asked = "> Write it. The latency SLA is 200 ms.\n"
    result = tried(
        rule(f"{asked}p99 latency is below 200 ms.", f"{asked}p99 latency is below 90 ms.",
             findings=["request-figure"])
    )  # fmt: skip
    assert result.holds, result.examples
    assert tried(rule(f"{asked}fine", "SLA", check={"kinds": ["markdown"], "forbids": "SLA"})).holds


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("Never", "nobody has said how it is held"),
        ({"rule": "Never", "id": "n", "check": {"forbids": "x"}}, "no example shows an answer that keeps it"),
        (
            {"rule": "Never", "id": "n", "check": {"forbids": "x"}},
            "no example shows an answer that breaks it",
        ),
        (
            {"rule": "Never", "id": "n", "findings": ["secret-litteral"]},
            "'secret-litteral', and no rule is called so; did you mean 'secret-literal'?",
        ),
        (
            {"rule": "Never", "id": "n", "check": {"kinds": ["kubernets"], "forbids": "x"}},
            "'kubernets', which is none; did you mean 'kubernetes'?",
        ),
    ],
)
def test_what_is_wrong_with_a_rule_itself_is_said(how: Any, said: str) -> None:
    """Not classified, no examples, a finding or a kind that nothing has."""
    result = tried(how)
    assert any(said in problem for problem in result.problems)
    assert not result.holds


@pytest.mark.parametrize(
    "how", [{"rule": "Never", "id": "n", "judged": "Is it?"}, {"rule": "Never", "words": "It can't be seen."}]
)
def test_rules_that_code_does_not_hold_need_no_examples(how: Any) -> None:
    """Judged rules and words are what they say."""
    assert tried(how).holds


def test_an_example_that_cannot_be_tried_does_not_hold() -> None:
    """A pattern that takes too long is no proof of anything."""
    result = tried(rule(passing="a" * 3000 + "b", failing="aaa", check={"forbids": "(a+)+$"}))
    assert [item.holds for item in result.examples] == [False, True]
    assert "takes over" in result.examples[0].reason


@pytest.mark.parametrize("identifier", ["JUS", "PBD", "DVE", "ASC", "INV"])
def test_rules_of_the_built_in_personas_hold(repository: Path, identifier: str) -> None:
    """All are classified, every example is as it should be, and code holds the hard stops."""
    results = try_constitution(PersonaRegistry.from_workspace(Workspace.at(repository)).get(identifier))
    assert [result for result in results if not result.holds] == []
    hard = [result for result in results if result.tier == "hard_stop"]
    assert sum(result.held == "enforced" for result in hard) >= 0.7 * len(hard)


def test_rules_of_the_personas_of_a_new_workspace_hold(repository: Path) -> None:
    """Those that `init` writes are as good as ours."""
    folder = repository / "src" / "fcc" / "data" / "workspace"
    for persona in PersonaRegistry.from_yaml_directory(folder / "personas"):
        assert all(result.holds for result in try_constitution(persona))


def test_the_rules_of_validators_are_known() -> None:
    """Every rule that a validator names in its code is one that a constitution may name."""
    folder = Path(str(fcc.evaluations.validators.__file__)).parent
    told = {
        name
        for file in folder.glob("*.py")
        for name in re.findall(r'(?:error|warning|advice)\(\s*"([a-z0-9]+(?:-[a-z0-9]+)+)"', file.read_text())
    }
    assert len(told) > 40
    assert {name for name in told if name not in known_rules() and not name.startswith(FAMILIES)} == set()
