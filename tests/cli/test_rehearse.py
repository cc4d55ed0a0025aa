"""`rehearse`: runs, folders and files played through on the simulated cluster; and the page that says so."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import fcc
from fcc.evaluations.validators._command import find_tool
from fcc.simulation import RunRecord
from fcc.wiring import open_catalog
from fcc.wiring.rehearsing import RunRehearsals
from fcc.workspace import KINDS


@pytest.fixture
def folder() -> Path:
    """The run's artifacts as a folder that no agent wrote."""
    fcc.run("devops-deployment", out=Path("r"))
    return Path("r/artifacts")


def test_a_run_and_its_files_hold(fcc_agents, folder: Path) -> None:
    """A run by its folder, its files as folders, and single files come to the same: every scenario holds."""
    result = fcc_agents("rehearse", "r")
    assert result.code == 0
    assert "HOLDS  the service is well again after" in result.out
    assert max(map(len, result.out.splitlines())) <= 80
    files = sorted(str(path) for path in folder.rglob("*") if path.is_file() and "charts" not in path.parts)
    for targets in ([str(folder)], files):
        found = fcc_agents("rehearse", *targets, "--format", "json")
        assert found.code == 0
        assert found.json["schema"] == "fcc.rehearsal/1"
        assert set(found.json["scenarios"]) == {
            "bad-image",
            "canary-errors",
            "crash-loop",
            "error-burst",
            "latency-spike",
        }
        assert found.json["score"] == 1.0


def test_one_scenario_shows_its_timeline(fcc_agents, folder: Path) -> None:
    """With one scenario every event is told, in order and in seconds."""
    out = fcc_agents("rehearse", "r", "--scenario", "latency-spike").out
    events = [int(seconds) for seconds in re.findall(r"^ +(\d+) s  ", out, re.MULTILINE)]
    assert events == sorted(events)
    assert len(events) > 5
    assert "alert LatencySlaViolated fires" in out


def test_what_does_not_hold_says_where(fcc_agents, folder: Path) -> None:
    """A finding names the file from where the user stands, with its line, and the exit code is 1."""
    script = folder / "monitoring/scripts/rollback.sh"
    script.write_text(script.read_text().replace('DEPLOYMENT="churn', 'DEPLOYMENT="no'))
    result = fcc_agents("rehearse", str(folder), "--scenario", "error-burst", "--json")
    assert result.code == 1
    (found,) = [item for item in result.json["findings"] if item["rule"] == "rehearsal-rollback-failed"]
    assert found["file"] == str(script)
    assert "rollout undo" in script.read_text().splitlines()[found["line"] - 1]
    text = fcc_agents("rehearse", str(folder), "--scenario", "error-burst")
    assert "DOES NOT HOLD" in text.out
    assert f"{script}:{found['line']}" in text.out.replace("\n    ", "")


def test_promtool_is_named_where_it_is_not_there(fcc_agents, folder: Path, monkeypatch) -> None:
    """`--promtool` without promtool is a mistake of the call: exit code 2, and what to do."""
    from fcc.evaluations.validators import _command

    monkeypatch.setattr(_command, "find_tool", lambda _: None)
    result = fcc_agents("rehearse", "r", "--promtool")
    assert result.code == 2
    assert "promtool is not installed, or not on PATH" in result.err
    assert "leave --promtool out" in result.err


def test_what_is_not_understood_is_no_verdict(fcc_agents, folder: Path) -> None:
    """A script beyond what is simulated gives exit code 3, its line and its command."""
    script = folder / "monitoring/scripts/rollback.sh"
    script.write_text("#!/bin/sh\n# kubectl rollout undo\nterraform apply\n")
    result = fcc_agents("rehearse", str(folder), "--scenario", "error-burst")
    assert result.code == 3
    assert "rollback.sh:3: the command `terraform`" in " ".join(result.out.split())
    assert "NO VERDICT" in result.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere/"], "there is no file or folder nowhere/"),
        (["r", "--scenario", "crash"], "no scenario"),
        (["r", "--scenario", "own.yaml"], "no scenario file own.yaml"),
        (["r", "--alert", "broken.json"], "is no JSON"),
        (["r", "--scenario", "bad.yaml"], "failure.kind"),
    ],
)
def test_what_can_not_be_read_is_said(fcc_agents, folder: Path, arguments: list[str], said: str) -> None:
    """A name that is none, and a file that is none of its kind, is exit code 2."""
    Path("broken.json").write_text("{")
    Path("bad.yaml").write_text("failure: {kind: flood}\n")
    result = fcc_agents("rehearse", *arguments)
    assert result.code == 2
    assert said in result.err


def test_a_scenario_of_the_workspace_counts(fcc_agents, folder: Path) -> None:
    """A file in `evaluations/` with `failure` is rehearsed beside the built-in ones."""
    for kind in KINDS:
        Path(kind).mkdir()
    Path("evaluations/tenth.yaml").write_text("failure: {kind: error-burst, error_rate: 0.1}\n")
    found = fcc_agents("rehearse", "r", "--json").json["scenarios"]
    assert found["tenth"]["alert"] == "ErrorRateHigh"
    assert len(found) == 6


def test_mutations_are_rehearsed_once_where_they_differ(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    """Runs whose files are alike are rehearsed once; one that was not run whole tells nothing."""
    clean = RunRecord.read(Path("r/run.json"))
    rehearsals = RunRehearsals(open_catalog())
    assert rehearsals.findings(clean) == ()
    calls: list[int] = []
    made = __import__("fcc.wiring.rehearsing", fromlist=["x"])
    real = made.make_rehearser
    monkeypatch.setattr(made, "make_rehearser", lambda: calls.append(1) or real())
    assert rehearsals.findings(clean) == ()
    assert calls == []
    lost = fcc.run("devops-deployment", model="deterministic:rollback-missing")
    assert {item.rule for item in rehearsals.findings(lost)} == {"rehearsal-no-script"}
    assert calls == [1]


def test_the_page_runs(fcc_agents, repository: Path, folder: Path) -> None:
    """Every block of YAML on the page is what it says it is, and every command runs."""
    page = (repository / "docs/rehearsal.md").read_text()
    chain, own = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    Path("chain.yaml").write_text(chain)
    assert fcc_agents("validate", "chain.yaml").code == 0
    assert fcc_agents("run", "./chain.yaml", "--id", "rehearsed", "--no-input", "-q").code == 0
    record = RunRecord.read(Path(".fcc/runs/rehearsed/run.json"))
    assert record.step("rehearsal").data["restored"] is True
    assert record.step("release").gate.decision == "allow" or record.step("release").status == "completed"
    assert fcc_agents("verify", "rehearsed").code == 0
    Path("own.yaml").write_text(own)
    assert fcc_agents("rehearse", "last", "--scenario", "own.yaml").code == 0
    Path("alert.json").write_text(json.dumps({"alerts": []}))
    Path("deploy").mkdir()
    Path("scripts").mkdir()
    for step in ("infrastructure", "monitoring"):
        for path in (folder / step).rglob("*"):
            if path.is_file():
                target = Path("scripts" if path.name == "rollback.sh" else "deploy") / path.name
                target.write_text(path.read_text())
    commands = re.findall(r"^    fcc-agents (.+?)(?: +#.*)?$", page, re.MULTILINE)
    assert len(commands) == 7
    for command in commands:
        there = "--promtool" not in command or find_tool("promtool") is not None
        assert fcc_agents(*command.split()).code == (0 if there else 2), command
