"""The chain for rollbacks, as its page in docs/ tells it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import fcc
from fcc.cli.app import execute
from fcc.providers.deterministic.defects import DEFECTS
from fcc.simulation import RunRecord

OWN = sorted(defect.id for defect in DEFECTS.values() if defect.chain == "rollback")
CAUGHT = [id_ for id_ in OWN if not DEFECTS[id_].note]


@pytest.fixture(scope="module")
def deployment() -> RunRecord:
    return fcc.run("devops-deployment")


@pytest.fixture
def alert(repository: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((repository / "docs/examples/alert.json").read_text())
    return loaded


def roll_back(
    repository: Path, deployment: RunRecord, alert: dict[str, Any], model: str = "deterministic"
) -> RunRecord:
    return fcc.run(
        "rollback", workspace=repository, on={"alert": alert}, inputs={"deployment": deployment}, model=model
    )


def test_an_alert_leads_to_a_decision_an_action_and_a_time(
    repository: Path, deployment: RunRecord, alert: dict[str, Any]
) -> None:
    """The record shows alert, decision, commands, the time to recover, and a verdict without a warning."""
    record = roll_back(repository, deployment, alert)
    assert record.documents["alert"] == alert
    assert record.step("decision").data["action"] == "rollback"
    rehearsed = record.step("rehearsal").data
    assert rehearsed["restored"] is True
    assert 0 < rehearsed["time_to_recover"] < 600
    spike = rehearsed["scenarios"]["latency-spike"]
    assert spike["alert"] == "LatencySlaViolated"
    assert any("rollout undo" in command for command in spike["commands"])
    assert record.verdict is not None
    assert record.verdict.decision == "APPROVED"
    assert [step.findings for step in record.steps] == [(), (), ()]


def test_without_an_alert_nothing_is_decided(repository: Path, deployment: RunRecord) -> None:
    """A run that nothing started has no verdict, and asks no model."""
    record = fcc.run("rollback", workspace=repository, inputs={"deployment": deployment})
    assert [step.status for step in record.steps] == ["skipped"] * 3
    assert record.verdict is not None
    assert record.verdict.decision == "NO VERDICT"


def test_an_alert_that_is_resolved_starts_nothing(
    repository: Path, deployment: RunRecord, alert: dict[str, Any]
) -> None:
    """What Alertmanager sends when all is well again turns nothing back."""
    record = roll_back(repository, deployment, {**alert, "status": "resolved"})
    assert not record.calls


@pytest.mark.parametrize("defect", CAUGHT)
def test_its_defects_are_blocked(
    defect: str, repository: Path, deployment: RunRecord, alert: dict[str, Any]
) -> None:
    """Each defect that is not known to be missed blocks the run."""
    record = roll_back(repository, deployment, alert, f"deterministic:{defect}")
    assert record.verdict is not None
    assert record.verdict.decision == "BLOCKED"


@pytest.mark.parametrize("defect", ["rollback-deployment", "rollback-missing"])
def test_a_way_back_that_does_not_work_is_found_in_the_rehearsal(
    defect: str, repository: Path, alert: dict[str, Any]
) -> None:
    """A delivered script that turns back something else, or none at all, blocks the rollback."""
    broken = fcc.run(
        "devops-deployment", model={"monitoring": f"deterministic:{defect}", "*": "deterministic"}
    )
    record = roll_back(repository, broken, alert)
    assert record.verdict is not None
    assert record.verdict.decision == "BLOCKED"
    rules = {finding.rule for finding in record.step("rehearsal").findings}
    assert any(rule.startswith("rehearsal-") for rule in rules)


def test_the_page_shows_what_is_printed(
    repository: Path, deployment: RunRecord, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The lines of the page are those of the command."""
    fcc.run("devops-deployment", out=tmp_path / "deployment")
    shown = re.search(
        r"<!-- rollback -->\n```text\n(.*?)```", (repository / "docs/rollback.md").read_text(), re.DOTALL
    )
    assert shown is not None
    capsys.readouterr()
    code = execute(
        [
            *("run", "rollback", "--workspace", str(repository), "--out", str(tmp_path / "run"), "--quiet"),
            *("--on", str(repository / "docs/examples/alert.json")),
            *("--set", f"deployment={tmp_path / 'deployment'}"),
        ]
    )
    assert code == 0
    assert shown[1] in capsys.readouterr().out


def test_the_pages_python_runs(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The Python of the page does what its comments say."""
    code = re.search(r"```python\n(.*?)```", (repository / "docs/rollback.md").read_text(), re.DOTALL)
    assert code is not None
    monkeypatch.chdir(repository)
    exec(compile(code[1], "docs/rollback.md", "exec"), {})
    action, seconds, decision = capsys.readouterr().out.split()
    assert (action, decision) == ("rollback", "APPROVED")
    assert float(seconds) > 0


def test_every_defect_is_on_the_page(repository: Path) -> None:
    """A defect that the chain is tried with is one that the page tells of."""
    text = (repository / "docs/rollback.md").read_text()
    assert [id_ for id_ in OWN if f"`{id_}`" not in text] == []
