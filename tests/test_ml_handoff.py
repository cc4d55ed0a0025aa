"""From source tables to production: the built-in chains, their seeded defects, and the page about them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import fcc
from fcc.cli.app import execute
from fcc.evaluations.contracts.rules_ml import RULES
from fcc.personas import PersonaRegistry
from fcc.providers.deterministic.defects import defects_of
from fcc.simulation import RunRecord
from fcc.workspace import BUILTIN_ROOT, KINDS

DEFECTS = defects_of("ml-handoff")
MISSED = {"time-leak"}
"""Whether a join looks ahead in time is for a judge."""
STEPS = ["data", "features", "validation", "validated", "handover"]
DEPLOYMENT = ["requirements", "pipeline", "infrastructure", "monitoring"]


@pytest.fixture
def page(repository: Path) -> str:
    """The page, in an empty workspace."""
    for kind in KINDS:
        Path(kind).mkdir()
    return (repository / "docs" / "ml-handoff.md").read_text()


def blocks(page: str) -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)


def record(name: str) -> RunRecord:
    return RunRecord.read(Path(f".fcc/runs/{name}/run.json"))


def serious(run: RunRecord) -> list[tuple[str, str]]:
    """The errors and warnings of a run."""
    return [
        (finding.rule, finding.severity)
        for step in run.steps
        for finding in step.findings
        if finding.severity != "advice"
    ]


def pack(run: RunRecord) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(run.step("handover").output)
    return data


def test_the_chain_hands_over_a_model_that_was_approved() -> None:
    """Offline, without an error or a warning; the rubric passes, the record holds."""
    assert execute(["run", "ml-handoff", "--id", "r", "-q"]) == 0
    run = record("r")
    assert [step.name for step in run.steps] == STEPS
    assert run.verdict is not None
    assert run.verdict.decision == "APPROVED"
    assert serious(run) == []
    assert pack(run)["features"][0] == "region"
    assert pack(run)["metric"] == {"name": "roc_auc", "value": 0.842, "minimum": 0.8}
    assert execute(["evaluate", "r", "--rubric", "ml-handoff"]) == 0
    assert execute(["verify", "r"]) == 0


def test_nothing_is_handed_over_that_is_not_approved() -> None:
    """A model below its minimum, and one that serves a group too badly: the gate closes, and says why."""
    for inputs in ({"minimum": 0.9}, {"group_minimum": 0.835}):
        run = fcc.run("ml-handoff", inputs=inputs)
        assert run.verdict is not None
        assert run.verdict.decision == "BLOCKED"
        assert serious(run) == [("model-approved", "error")]
        assert run.step("handover").status == "skipped"


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.id)
def test_each_defect_is_caught(defect: Any) -> None:
    """By an error that the clean run does not have; what can't be is said to be."""
    run = fcc.run("ml-handoff", model=f"deterministic:{defect.id}")
    assert run.verdict is not None
    if defect.id in MISSED:
        assert (run.verdict.decision, serious(run), bool(defect.note)) == ("APPROVED", [], True)
        return
    assert run.verdict.decision == "BLOCKED"
    assert "error" in {severity for _, severity in serious(run)}
    spoilt = run.step(defect.step)
    assert spoilt.status == "completed"


def test_a_target_that_no_table_has_is_not_replaced_in_silence() -> None:
    """A slip in the target, or tables without a feature, end at the gate."""
    slip = fcc.run("ml-handoff", inputs={"target": "labels.churnd"})
    assert ("target-asked", "error") in serious(slip)
    assert ("mandatory-fen-defined", "error") in serious(fcc.run("ml-handoff", inputs={"tables": []}))
    assert slip.step("handover").status == "skipped"


def test_every_step_has_defects() -> None:
    """At least one for each step that answers, and of four categories at least."""
    assert {defect.step for defect in DEFECTS} == set(STEPS) - {"validated"}
    assert len({defect.category for defect in DEFECTS}) >= 4


def test_both_chains_run_as_one() -> None:
    """One record; the deployment's files bear the model that the pack names."""
    line = ["run", "ml-to-production", "--id", "both", "-q", "--set", "model=fraud_scorer_v1"]
    assert execute([*line, "--set", "version=1.0.0", "--set", "latency_sla=< 50ms p99"]) == 0
    run = record("both")
    assert [step.name for step in run.steps] == [*STEPS, "accepted", *DEPLOYMENT]
    assert serious(run) == []
    assert pack(run)["model"] == "fraud_scorer_v1"
    files = {artifact.path: artifact.content for step in run.steps for artifact in step.artifacts}
    assert "name: fraud-scorer-v1" in files["k8s/deployment.yaml"]
    assert "fraud-scorer-v1:1.0.0" in files["k8s/deployment.yaml"]
    assert "0.05" in files["monitoring/alerts.yaml"]
    assert not [path for path, text in files.items() if "churn-predictor" in text]
    assert execute(["verify", "both"]) == 0


def test_a_pack_that_is_not_what_was_validated_is_not_deployed() -> None:
    """The deployment's steps are skipped behind the gate."""
    run = fcc.run("ml-to-production", model="deterministic:pack-model")
    assert run.verdict is not None
    assert run.verdict.decision == "BLOCKED"
    assert {run.step(name).status for name in DEPLOYMENT} == {"skipped"}


def test_most_hard_stops_are_held_by_code() -> None:
    """Of each of the three personas at least 70 %, and no rule is left unclassified."""
    personas = PersonaRegistry.from_yaml_directory(BUILTIN_ROOT / "personas")
    for id_ in ("DEN", "FEN", "MVA"):
        rules = list(personas.get(id_).constitution.rules())
        assert "not classified" not in {rule.held for _, rule in rules}
        stops = [rule.is_enforced for tier, rule in rules if tier == "hard_stop"]
        assert sum(stops) >= 0.7 * len(stops)


def test_the_page_runs(page: str) -> None:
    """Its inputs and its chain, and each of its commands with the exit code that it says."""
    inputs, chain = blocks(page)
    Path("fraud.yaml").write_text(inputs)
    Path("agents/score-to-production.yaml").write_text(chain)
    assert execute(["validate"]) == 0
    lines = re.findall(r"^    fcc-agents (.*?)(?:\s+#.*)?$", page, re.MULTILINE)
    runs = [line.split() for line in lines if line.startswith("run")]
    codes = [execute([*line, "--id", f"r{number}", "-q"]) for number, line in enumerate(runs)]
    assert codes == [0, 0, 0, 1, 1]
    assert pack(record("r2"))["model"] == "fraud_scorer_v1"
    assert serious(record("r2")) == []
    assert ("feature-leak", "error") in serious(record("r4"))
    assert execute(["run", "score-to-production", "--id", "own", "-q"]) == 0
    assert execute(["evaluate", "own", "--rubric", "ml-handoff"]) == 0


def test_the_page_names_every_rule(page: str) -> None:
    """Each rule on training once, in the table."""
    table = page.partition("## What is held against what")[2].partition("\n## ")[0]
    assert sorted(re.findall(r"^\| `([a-z-]+)`", table, re.MULTILINE)) == sorted(rule.id for rule in RULES)
