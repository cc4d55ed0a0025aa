"""The page on constitutions: its persona, chain, policy and waivers do what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fcc.cli.app import execute
from fcc.evaluations.constitution_examples import try_constitution
from fcc.personas import PersonaRegistry
from fcc.simulation import RunRecord

PLACES = (
    "personas/release.yaml",
    "agents/halting.yaml",
    "evaluations/constitution-gate.yaml",
    "evaluations/waivers.yaml",
)


@pytest.fixture
def workspace(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with what the page shows."""
    page = (repository / "docs" / "constitutions.md").read_text()
    blocks = re.findall(r"```yaml\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert len(blocks) == len(PLACES)
    for kind in ("agents", "providers", "prompts", "personas", "evaluations"):
        (tmp_path / kind).mkdir()
    for place, text in zip(PLACES, blocks, strict=True):
        (tmp_path / place).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_persona_of_the_page_holds(workspace: Path) -> None:
    """Its file is valid, and each of its examples is as it should be."""
    assert execute(["validate"]) == 0
    (persona,) = PersonaRegistry.from_yaml_directory(workspace / "personas")
    results = try_constitution(persona)
    assert [result for result in results if not result.holds] == []
    assert [result.held for result in results] == ["enforced"] * 3 + ["judged", "enforced", "only words"]


@pytest.mark.parametrize(
    ("model", "code", "monitoring", "by"),
    [("deterministic", 0, "completed", "constitution-gate"),
     ("deterministic:secret-in-env", 1, "skipped", "constitution")],
)  # fmt: skip
def test_the_chain_of_the_page(workspace: Path, model: str, code: int, monitoring: str, by: str) -> None:
    """Sound manifests go through the gate; a password in a manifest halts what rests on it."""
    command = ["run", "halting", "--id", "r", "-q", "--no-input", "--model", f"manifests={model}"]
    assert execute(command) == code
    record = RunRecord.read(workspace / ".fcc" / "runs" / "r" / "run.json")
    assert record.step("monitoring").status == monitoring
    assert record.step("stories").status == "completed"
    assert record.step("release").gate.by == by
    assert execute(["verify", "r"]) == 0
