"""Records and run folders, read back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import fcc
from fcc.errors import ConfigError, NotFoundError
from fcc.providers import FunctionProvider
from fcc.simulation import RunRecord
from fcc.simulation.record import timestamp
from fcc.simulation.run_folder import find_run, list_runs


@pytest.fixture
def record() -> RunRecord:
    return fcc.run("devops-deployment", model=FunctionProvider(lambda _: "short\ud800 \x00 text"), run_id="r")


def test_a_record_survives_its_json(record: RunRecord) -> None:
    """What is written is what is read, odd characters included."""
    again = RunRecord.from_json(record.to_json())
    assert again.to_json() == record.to_json()
    assert again.verdict == record.verdict
    assert again.steps == record.steps


def test_unknown_cost_is_unknown(record: RunRecord) -> None:
    """A function has no price: the cost of the run is None, not zero; the deterministic provider's is zero."""
    assert record.cost is None
    assert fcc.run("devops-deployment").cost == 0.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "no run record"),
        ("{}", "no run record"),
        ("[1]", "no run record"),
        ("{not json", "no run record"),
    ],
)
def test_what_is_no_record_is_refused(text: str, expected: str) -> None:
    """A damaged file gives one line, not a traceback."""
    with pytest.raises(ConfigError, match=expected):
        RunRecord.from_json(text)


def test_a_newer_version_is_refused(record: RunRecord) -> None:
    """A record of a version that is not known is not guessed at."""
    newer = json.loads(record.to_json()) | {"schema": "fcc.run/2"}
    with pytest.raises(ConfigError, match="schema"):
        RunRecord.from_json(json.dumps(newer))


def test_a_cut_record_is_refused(record: RunRecord) -> None:
    """Half a record is none."""
    text = record.to_json()
    with pytest.raises(ConfigError):
        RunRecord.from_json(text[: len(text) // 2])


def test_runs_are_found_by_id_path_and_last(tmp_path: Path) -> None:
    """An id, `last`, the folder and its run.json all name a run; a near miss is suggested."""
    runs = tmp_path / "runs"
    with pytest.raises(NotFoundError, match="there are no runs"):
        find_run("last", runs)
    for name in ("alpha", "beta"):
        fcc.run("devops-deployment", model=FunctionProvider(lambda _: "x"), out=runs / name, run_id=name)
    assert find_run("alpha", runs) == runs / "alpha"
    assert find_run("last", runs) == runs / "beta"
    assert find_run(str(runs / "alpha"), runs) == runs / "alpha"
    assert find_run(str(runs / "alpha" / "run.json"), runs) == runs / "alpha"
    assert [path.name for path in list_runs(runs)] == ["beta", "alpha"]
    with pytest.raises(NotFoundError, match="did you mean alpha"):
        find_run("alpa", runs)
    with pytest.raises(NotFoundError, match="no run record"):
        RunRecord.read(tmp_path / "none.json")


def test_times_are_iso_in_utc() -> None:
    """A time reads the same in every zone."""
    assert timestamp(0) == "1970-01-01T00:00:00.000Z"
    assert timestamp(1769850000.1239) == "2026-01-31T09:00:00.123Z"


def test_an_older_record_is_read(record: RunRecord) -> None:
    """One from before flow, ledger and gates, which lacks their fields."""
    older = json.loads(record.to_json())
    for name in ("asked", "profiles", "policies", "documents", "limits", "reuse", "approvals", "error"):
        del older[name]
    for step in older["steps"]:
        for name in ("step", "environment", "gate"):
            del step[name]
        for call in step["calls"]:
            for name in ("reused_from", "score", "findings"):
                del call[name]
    read = RunRecord.from_json(json.dumps(older))
    assert read.verdict == record.verdict
    assert read.outputs == record.outputs
    assert read.waiting == []
