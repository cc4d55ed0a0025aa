"""`fcc-agents init`, `list`, `show`, `validate` and `schema`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fcc.cli.schema_command import SCHEMAS, json_schema


def test_init_makes_a_workspace_that_runs(fcc_agents) -> None:
    """The five folders, an example in each, schemas for editors; all of it valid, and the chain runs offline."""
    result = fcc_agents("init", "ws", "--json")
    assert result.code == 0
    created = result.json["created"]
    for kind in ("agents", "personas", "prompts", "providers", "evaluations"):
        assert any(name.startswith(f"{kind}/") for name in created), kind
    assert fcc_agents("validate", "ws").code == 0
    assert fcc_agents("run", "release-notes", "--workspace", "ws", "--quiet").code == 0
    first = Path("ws/agents/release-notes.yaml").read_text().splitlines()[0]
    schema = first.removeprefix("# yaml-language-server: $schema=")
    assert json.loads((Path("ws/agents") / schema).read_text())["title"] == "Chain"
    assert Path("ws/.fcc/.gitignore").read_text() == "runs/\n"


def test_init_keeps_what_stands_there(fcc_agents) -> None:
    """A second init changes nothing, and a file of the user's is never replaced."""
    fcc_agents("init")
    Path("README.md").write_text("mine")
    again = fcc_agents("init", "--json")
    assert again.json["created"] == []
    assert "README.md" in again.json["kept"]
    assert Path("README.md").read_text() == "mine"
    Path("file").touch()
    assert fcc_agents("init", "file").code == 2


def test_every_schema_is_one(fcc_agents) -> None:
    """Each kind of file has a JSON Schema that names itself; without a name they are listed."""
    assert set(fcc_agents("schema", "--json").json["schemas"]) == set(SCHEMAS)
    for name in SCHEMAS:
        printed = fcc_agents("schema", name).json
        assert printed["$schema"].endswith("2020-12/schema")
        assert printed == json.loads(json.dumps(json_schema(name)))
        assert printed["type"] == "object"
    result = fcc_agents("schema", "chian")
    assert result.code == 2
    assert "did you mean chain" in result.err


def test_list_shows_what_there_is(fcc_agents) -> None:
    """Built-ins without a workspace, both with one; runs the newest first; as JSON, one envelope."""
    listed = fcc_agents("list", "--json").json
    assert listed["schema"] == "fcc.list/1"
    shipped = ["devops-deployment", "docs-as-code", "ml-handoff", "ml-to-production"]
    assert [row["name"] for row in listed["agents"]] == shipped
    assert listed["runs"] == []
    assert "none" in fcc_agents("list", "runs").out
    fcc_agents("run", "devops-deployment", "--id", "first", "-q")
    fcc_agents("run", "devops-deployment", "--id", "second", "-q")
    assert [row["id"] for row in fcc_agents("list", "runs", "--json").json["runs"]] == ["second", "first"]
    fcc_agents("init")
    names = [row["name"] for row in fcc_agents("list", "agents", "--json").json["agents"]]
    assert names == [*shipped, "release-notes"]
    assert max(map(len, fcc_agents("list").out.splitlines())) <= 80


def test_list_survives_a_damaged_run(fcc_agents) -> None:
    """A record that can't be read is listed as that."""
    Path(".fcc/runs/bad").mkdir(parents=True)
    Path(".fcc/runs/bad/run.json").write_text("{")
    assert "unreadable" in fcc_agents("list", "runs").out


@pytest.mark.parametrize(
    ("name", "schema", "expected"),
    [
        ("devops-deployment", "fcc.chain/1", "needs requirements"),
        ("PBD", "fcc.persona/1", "PBD  Pipeline Builder"),
        ("personas/JUS", "fcc.persona/1", "JUS  User Stories Specialist"),
        ("delivery-pipeline", "fcc.prompt/1", "Variables: handoff.requirements"),
        ("local", "fcc.profile/1", "http://127.0.0.1:8080/v1"),
        ("readiness", "fcc.policy/1", "at least 0.60"),
    ],
)
def test_show_shows_each_kind(fcc_agents, name: str, schema: str, expected: str) -> None:
    """By its name or by kind and name; as text for people, as JSON for programs."""
    assert expected in fcc_agents("show", name).out
    assert fcc_agents("show", name, "--json").json["schema"] == schema


def test_show_reads_a_run_back(fcc_agents) -> None:
    """By id, by `last`, by folder: what the run printed is printed again."""
    printed = fcc_agents("run", "devops-deployment", "--id", "r1").out
    for name in ("r1", "last", ".fcc/runs/r1", ".fcc/runs/r1/run.json"):
        assert fcc_agents("show", name).out == printed
    assert fcc_agents("show", "r1", "--json").json["schema"] == "fcc.run/1"


def test_show_suggests_and_asks(fcc_agents) -> None:
    """A near miss is suggested; a name that two kinds have must be made clear."""
    assert "did you mean PBD" in fcc_agents("show", "PBX").err
    assert "there are no runs" in fcc_agents("show", "last").err
    fcc_agents("init")
    Path("providers/readiness.yaml").write_text("model: openai/x\n")
    result = fcc_agents("show", "readiness")
    assert result.code == 2
    assert "Say which: providers/readiness or evaluations/readiness" in result.err


def test_validate_names_every_problem(fcc_agents) -> None:
    """Problems of several files in one go, with file, line and column, exit code 2; as JSON, by file."""
    fcc_agents("init")
    assert fcc_agents("validate").out == "5 files valid.\n"
    Path("agents/bad.yaml").write_text("name: bad\nsteps:\n  a: {persona: NOO, task: t}\n")
    Path("prompts/bad.md.j2").write_text("---\nversion: 1\n---\n{{ x }}\n")
    Path("providers/bad.yaml").write_text("model: openai/x\napi_base: localhost\nkey: sk-1\n")
    Path("evaluations/bad.yaml").write_text("ready_at: 7\n")
    result = fcc_agents("validate")
    assert result.code == 2
    lines = result.out.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "agents/bad.yaml",
        "prompts/bad.md.j2",
        "providers/bad.yaml",
        "providers/bad.yaml",
        "evaluations/bad.yaml",
    ]
    as_json = fcc_agents("validate", "--json")
    assert as_json.code == 2
    assert as_json.json["valid"] is False
    assert sum(len(file["problems"]) for file in as_json.json["files"]) == 5


def test_validate_takes_files_folders_and_names(fcc_agents) -> None:
    """One file, one folder, one chain by name, a file outside any workspace; what is none of them is said."""
    fcc_agents("init", "ws")
    assert fcc_agents("validate", "ws/agents/release-notes.yaml", "--workspace", "ws").code == 0
    assert fcc_agents("validate", "ws/personas").out == "1 file valid.\n"
    assert fcc_agents("validate", "devops-deployment").code == 0
    Path("loose.yaml").write_text("personas: []")
    assert "loose.yaml:1:1" in fcc_agents("validate", "loose.yaml").out
    assert fcc_agents("validate", "nowhere.yaml").code == 2
    assert "did you mean devops-deployment" in fcc_agents("validate", "devops-deploymen").err
    Path("empty").mkdir()
    assert fcc_agents("validate", "empty").code == 2


def test_help_fits_a_terminal(fcc_agents) -> None:
    """Every command explains itself in at most 80 columns, and the group lists all of them."""
    top = fcc_agents("--help")
    assert top.code == 0
    for command in (
        "approve", "cassette", "diff", "doctor", "init", "list", "record", "replay", "resume", "run", "schema", "show", "validate", "verify",
    ):  # fmt: skip
        assert f"\n  {command} " in top.out
        text = fcc_agents(command, "--help").out
        assert max(map(len, text.splitlines())) <= 80, command
        assert "Options:" in text


def test_validate_reports_what_would_be_passed_over(fcc_agents) -> None:
    """A `.yml` is named, a chain must bear its file's name, and an unreadable file does not hide the others."""
    fcc_agents("init")
    Path("agents/other.yml").write_text("name: other")
    Path("agents/renamed.yaml").write_text(Path("agents/release-notes.yaml").read_text())
    Path("bin.yaml").write_bytes(b"\xff\xfe")
    lines = fcc_agents("validate").out.splitlines()
    assert "agents/other.yml:1:1: a file that ends in .yml is passed over; name it .yaml" in lines
    assert any("calls itself 'release-notes', but its file is named 'renamed'" in line for line in lines)
    files = fcc_agents("validate", "agents/release-notes.yaml", "bin.yaml", "--json").json["files"]
    assert [bool(file["problems"]) for file in files] == [False, True]


def test_shells_can_complete(fcc_agents, monkeypatch: pytest.MonkeyPatch) -> None:
    """The script for a shell is printed, and what is typed so far is completed."""
    monkeypatch.setenv("_FCC_AGENTS_COMPLETE", "zsh_source")
    assert "_FCC_AGENTS_COMPLETE=zsh_complete" in fcc_agents().out
    monkeypatch.setenv("_FCC_AGENTS_COMPLETE", "zsh_complete")
    monkeypatch.setenv("COMP_WORDS", "fcc-agents val")
    monkeypatch.setenv("COMP_CWORD", "1")
    assert "validate" in fcc_agents().out
