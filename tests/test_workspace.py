"""Workspaces: where content is found, and the one that this repository is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import fcc
from fcc.cli.schema_command import SCHEMAS, json_schema
from fcc.errors import ConfigError, NotFoundError
from fcc.providers.profile import Profile
from fcc.wiring import open_catalog
from fcc.workspace import BUILTIN_ROOT, KINDS, SUFFIX, Workspace, content_paths


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    for kind in KINDS:
        (tmp_path / "ws" / kind).mkdir(parents=True)
    return tmp_path / "ws"


def test_the_nearest_workspace_above_is_found(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a folder deep inside, the workspace around it is found; outside any, there is none."""
    assert Workspace.find().root is None
    deep = empty / "agents" / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert Workspace.find().root == empty
    assert Workspace.find().state == empty / ".fcc"


def test_four_folders_are_no_workspace(empty: Path) -> None:
    """All five must be there; the message names the missing ones."""
    (empty / "prompts").rmdir()
    assert Workspace.find(empty).root is None
    with pytest.raises(ConfigError, match="no folder prompts/"):
        Workspace.at(empty)


def test_the_workspace_hides_a_built_in_aloud(empty: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A file of the same name is used instead of the built-in one, and that is logged."""
    (empty / "evaluations" / "readiness.yaml").write_text("ready_at: 0.9\napprove_at: 0.9\n")
    catalog = open_catalog(empty)
    with caplog.at_level("INFO", logger="fcc"):
        assert catalog.policy("readiness").ready_at == 0.9
    assert "policy overlaid name=readiness" in caplog.text
    assert open_catalog(Workspace()).policy("readiness").ready_at == 0.6


def test_names_are_suggested(empty: Path) -> None:
    """A near miss names what is near; a few are all named, and of many the command that lists them."""
    workspace = Workspace.at(empty)
    with pytest.raises(NotFoundError, match="no chain is called 'devops'; did you mean devops-deployment"):
        workspace.get("agents", "devops")
    with pytest.raises(NotFoundError, match="there are: devops-deployment, docs-as-code"):
        workspace.get("agents", "zzz")
    with pytest.raises(NotFoundError, match="no policy is called 'zzz'") as caught:
        workspace.get("evaluations", "zzz")
    assert "fcc-agents list evaluations" in caught.value.hint


def test_built_in_names_are_unique() -> None:
    """Each kind has its built-ins, and no name twice."""
    for kind in KINDS:
        names = [path.name for path in content_paths(BUILTIN_ROOT / kind, SUFFIX[kind])]
        assert names
        assert len(names) == len(set(names))


def test_this_repository_is_a_workspace_without_twins(repository: Path) -> None:
    """Nothing in a root folder has the name of a built-in, or its text."""
    workspace = Workspace.at(repository)
    for kind in KINDS:
        built_in = content_paths(BUILTIN_ROOT / kind, SUFFIX[kind]) + content_paths(
            BUILTIN_ROOT / "workspace" / kind, SUFFIX[kind]
        )
        ours = [file.path for file in workspace.layers(kind) if not file.builtin]
        assert ours
        assert {path.name for path in ours} & {path.name for path in built_in} == set()
        assert {path.read_text() for path in ours} & {path.read_text() for path in built_in} == set()


def test_this_repositorys_chain_runs(repository: Path) -> None:
    """`postmortem`, with its persona, prompt and policy, is approved offline and follows its inputs."""
    record = fcc.run(
        "postmortem", workspace=repository, inputs={"service": "search-api", "latency_sla": "< 50ms p95"}
    )
    assert record.verdict is not None
    assert record.verdict.decision == "APPROVED"
    assert record.policy["approve_at"] == 0.6
    assert set(record.personas) == {"INV", "ASC"}
    assert "search-api" in record.outputs["prevention"]
    assert "0.05" in record.outputs["prevention"]
    assert "09:43" in record.step("timeline").calls[0].request.messages[1].content


def test_this_repositorys_profile_asks_a_local_server(repository: Path) -> None:
    """The profile's model, sampling and price reach the server and the record."""
    from support.openai_server import OpenAIServer

    profile = Profile.from_file(repository / "providers" / "smollm2.yaml")
    with OpenAIServer() as server:
        place = Path("ws")
        for kind in KINDS:
            (place / kind).mkdir(parents=True)
        text = (repository / "providers" / "smollm2.yaml").read_text()
        (place / "providers" / "smollm2.yaml").write_text(text.replace(profile.api_base or "", server.url))
        record = fcc.run("devops-deployment", workspace=place, model={"pipeline": "smollm2"})
        request = next(request for request in server.requests if request.method == "POST")
    assert request.json["model"] == "SmolLM2-135M-Instruct"
    assert (request.json["temperature"], request.json["max_tokens"], request.json["seed"]) == (0, 400, 7)
    assert record.step("pipeline").calls[0].reply.cost == 0.0


def test_the_schemas_of_this_repository_are_current(repository: Path) -> None:
    """`.fcc/schemas` is what the code says; `make schemas` writes it anew."""
    for name in SCHEMAS:
        assert json.loads((repository / ".fcc" / "schemas" / f"{name}.json").read_text()) == json_schema(name)
