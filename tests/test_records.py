"""The committed records of the chains that ship: each still holds, and the same run gives the same outputs today."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import fcc
from fcc.simulation import RunRecord

RECORDS = Path(__file__).parent / "records"
CHAINS = sorted(path.parent.name for path in RECORDS.glob("*/run.json"))


def test_every_chain_that_ships_has_a_record(repository: Path) -> None:
    """No chain among the built-ins, and none that grows out of them, is without a committed run."""
    shipped = {path.stem for path in (repository / "src/fcc/data/agents").glob("*.yaml")}
    assert {*shipped, "promotion", "rollback"} == set(CHAINS)


@pytest.mark.parametrize("chain", CHAINS)
def test_a_committed_record_holds(chain: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every prompt renders again, and every key, output, file, finding, gate and verdict follows."""
    from fcc.cli.app import execute

    assert execute(["verify", str(RECORDS / chain)]) == 0, capsys.readouterr().out


@pytest.mark.parametrize("chain", CHAINS)
def test_the_same_run_gives_the_same_today(chain: str, repository: Path) -> None:
    """Outputs, findings and the verdict are those of the record; where they changed on purpose: make records."""
    before = RunRecord.read(RECORDS / chain / "run.json")
    inputs = {
        name: RunRecord.read(RECORDS / value["id"] / "run.json")
        for name, value in before.inputs.items()
        if isinstance(value, dict) and "outputs" in value
    }
    now = fcc.run(chain, workspace=repository, on=before.documents, inputs=inputs)
    assert now.outputs == before.outputs
    assert {step.name: step.findings for step in now.steps} == {
        step.name: step.findings for step in before.steps
    }
    assert now.verdict == before.verdict
    assert before.verdict is not None
    assert before.verdict.decision == "APPROVED"


def test_the_alert_of_the_docs_is_the_one_of_the_record(repository: Path) -> None:
    """The example that the page on rollbacks uses is what the committed run was started by."""
    record = RunRecord.read(RECORDS / "rollback" / "run.json")
    assert record.documents["alert"] == json.loads((repository / "docs/examples/alert.json").read_text())
