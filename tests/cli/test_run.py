"""`fcc-agents run`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fcc.simulation import RunRecord
from support.openai_server import OpenAIServer, Scripted


def test_the_built_in_chain_is_approved_offline(fcc_agents) -> None:
    """Four personas, four scores, a decision and the place of the outputs, in 80 columns; progress goes elsewhere."""
    result = fcc_agents("run", "devops-deployment")
    assert result.code == 0
    for word in (
        "requirements",
        "JUS",
        "pipeline",
        "PBD",
        "infrastructure",
        "DVE",
        "monitoring",
        "ASC",
        "READY",
        "APPROVED",
    ):
        assert word in result.out
    assert max(map(len, result.out.splitlines())) <= 80
    assert result.err.splitlines()[0].startswith("[1/4] requirements (JUS): ")
    (folder,) = Path(".fcc/runs").iterdir()
    assert f"Outputs  {folder}/outputs" in result.out
    assert sorted(path.name for path in (folder / "outputs").iterdir()) == [
        "infrastructure.md",
        "monitoring.md",
        "pipeline.md",
        "requirements.md",
    ]


def test_json_is_the_record_and_nothing_else(fcc_agents) -> None:
    """Standard output holds one document of schema fcc.run/1; standard error is empty."""
    result = fcc_agents("run", "devops-deployment", "--json", "--id", "mine")
    assert result.code == 0
    assert result.err == ""
    assert result.json["schema"] == "fcc.run/1"
    assert result.json["id"] == "mine"
    assert result.json["folder"] == str(Path(".fcc/runs/mine").absolute())
    assert result.json["verdict"]["decision"] == "APPROVED"
    assert RunRecord.from_json(result.out) == RunRecord.read(Path(".fcc/runs/mine/run.json"))


def test_inputs_reach_the_artifacts(fcc_agents) -> None:
    """`--set` goes over `--inputs`, and both over the defaults; the artifacts change with them."""
    Path("in.yaml").write_text("model: fraud_detector_v9\nlatency_sla: '< 250ms p95'\n")
    result = fcc_agents(
        "run", "devops-deployment", "--inputs", "in.yaml", "--set", "latency_sla=< 40ms p99", "--out", "out"
    )
    assert result.code == 0
    record = RunRecord.read(Path("out/run.json"))
    assert record.inputs["model"] == "fraud_detector_v9"
    assert record.inputs["latency_sla"] == "< 40ms p99"
    alerts = Path("out/artifacts/monitoring/monitoring/alerts.yaml").read_text()
    assert "0.04" in alerts
    assert "fraud-detector-v9" in Path("out/artifacts/infrastructure/k8s/deployment.yaml").read_text()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["run"], "Missing argument 'CHAIN'"),
        (["run", "devops"], "did you mean devops-deployment"),
        (["run", "./none.yaml"], "there is no chain file ./none.yaml"),
        (["run", "devops-deployment", "--set", "modle=x"], "did you mean model"),
        (["run", "devops-deployment", "--set", "model"], "--set 'model' has no value"),
        (["run", "devops-deployment", "--model", "determinstic"], "did you mean deterministic"),
        (["run", "devops-deployment", "--model", "pipelin=deterministic"], "did you mean `pipeline`"),
        (["run", "devops-deployment", "--model", "pipeline="], "names no model"),
        (["run", "devops-deployment", "--id", "a/b"], "is no run id"),
        (["run", "devops-deployment", "--inputs", "none.yaml"], "cannot read none.yaml"),
        (["run", "devops-deployment", "--workspace", "nowhere"], "is not a workspace"),
        (["run", "devops-deployment", "--fromat", "json"], "No such option"),
        (["rnu"], "did you mean `run`"),
    ],
)
def test_mistakes_on_the_command_line(fcc_agents, arguments: list[str], expected: str) -> None:
    """Each gives one message on standard error, exit code 2, and leaves nothing behind; as JSON, one envelope."""
    result = fcc_agents(*arguments)
    assert result.code == 2
    assert expected in result.err
    assert "Traceback" not in result.err
    assert result.out == ""
    assert not Path(".fcc").exists()
    as_json = fcc_agents(*arguments, "--json")
    assert as_json.code == 2
    assert as_json.json["schema"] == "fcc.error/1"
    assert as_json.json["error"]["exit_code"] == 2


def test_an_id_is_one_run(fcc_agents) -> None:
    """The same run under the same id is shown again; another one is refused, saying what differs; the first stays as it is."""
    first = fcc_agents("run", "devops-deployment", "--id", "one")
    before = Path(".fcc/runs/one/run.json").read_bytes()
    again = fcc_agents("run", "devops-deployment", "--id", "one")
    assert (again.code, again.out, again.err) == (0, first.out, "")
    other = fcc_agents("run", "devops-deployment", "--id", "one", "--set", "model=other")
    assert other.code == 2
    assert "is another one: its inputs differ" in other.err
    assert "fcc-agents resume one" in other.err
    assert Path(".fcc/runs/one/run.json").read_bytes() == before


def test_a_folder_with_a_finished_run_is_not_overwritten(fcc_agents) -> None:
    """`--out` without an id refuses the folder of a run that has come to its end."""
    assert fcc_agents("run", "devops-deployment", "--out", "out").code == 0
    again = fcc_agents("run", "devops-deployment", "--out", "out")
    assert again.code == 2
    assert "holds a run already" in again.err


def test_a_blocked_run_returns_one(fcc_agents, monkeypatch: pytest.MonkeyPatch) -> None:
    """A judged no, and only that, is exit code 1; the reason is said."""
    with OpenAIServer() as server:
        server.always("I'm sorry, but I can't help with that.")
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        result = fcc_agents("run", "devops-deployment", "--model", "openai/local-model")
    assert result.code == 1
    assert "BLOCKED" in result.out
    assert "under the 0.50 that approval needs" in result.out


def test_the_chain_runs_through_litellm(fcc_agents, monkeypatch: pytest.MonkeyPatch) -> None:
    """With OPENAI_BASE_URL at any server that speaks OpenAI's HTTP, each step is one call, in order, and no key is sent."""
    from fcc.providers import DeterministicProvider, Message, ModelRequest

    def reply(body: dict) -> str:
        import asyncio

        messages = tuple(Message(m["role"], m["content"]) for m in body["messages"])
        return asyncio.run(DeterministicProvider().complete(ModelRequest(messages))).text

    with OpenAIServer() as server:
        server.answer(reply)
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        result = fcc_agents("run", "devops-deployment", "--model", "openai/some-model", "--out", "out")
        assert result.code == 0, result.err
        requests = [request for request in server.requests if request.method == "POST"]
    assert [request.json["model"] for request in requests] == ["some-model"] * 4
    record = RunRecord.read(Path("out/run.json"))
    assert {call.reply.origin for step in record.steps for call in step.calls} == {"live"}
    assert record.steps[0].calls[0].reply.usage.input_tokens == 11
    assert record.cost is None
    assert "72 tokens, cost unknown" in result.out


def test_one_step_can_ask_another_model(fcc_agents, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--model step=model` sends that step alone to the server."""
    with OpenAIServer() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        fcc_agents("run", "devops-deployment", "--model", "pipeline=openai/small", "--out", "out")
        assert len([request for request in server.requests if request.method == "POST"]) == 1
    record = RunRecord.read(Path("out/run.json"))
    assert record.models["pipeline"] == "litellm/openai/small@127.0.0.1"
    assert record.models["monitoring"].startswith("deterministic/")


def test_a_profile_says_where_the_model_is(fcc_agents, monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile's `api_base`, sampling and key variable are used; the key reaches the server and nothing else."""
    monkeypatch.setenv("LAB_KEY", "lab-secret-value")
    with OpenAIServer() as server:
        assert fcc_agents("init", ".").code == 0
        Path("providers/lab.yaml").write_text(
            f"model: openai/lab-model\napi_base: {server.url}\napi_key_env: LAB_KEY\nsampling: {{temperature: 0.3}}\n"
        )
        result = fcc_agents("run", "release-notes", "--model", "lab", "--out", "out")
        request = next(request for request in server.requests if request.method == "POST")
    assert request.headers["authorization"] == "Bearer lab-secret-value"
    assert request.json["temperature"] == 0.3
    assert result.code in {0, 1}
    assert RunRecord.read(Path("out/run.json")).models["draft"] == "litellm/openai/lab-model@lab"
    for path in Path().rglob("*"):
        if path.is_file():
            assert "lab-secret-value" not in path.read_text()


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (Scripted(status=401, error="bad key sk-abcdefghijklmnopqrst"), "401"),
        (Scripted(status=429, headers={"retry-after": "3600"}), "429"),
        (Scripted(status=400, error="no such parameter"), "400"),
        (Scripted(body="<html>junk</html>", content_type="text/html"), ""),
        (Scripted(text=""), ""),
    ],
    ids=["401", "429", "400", "junk", "empty"],
)
def test_an_outage_is_no_verdict(
    fcc_agents, monkeypatch: pytest.MonkeyPatch, script: Scripted, expected: str
) -> None:
    """Whatever a server does instead of answering, the run ends with NO VERDICT, exit code 3, one message and no key."""
    Path("chain.yaml").write_text("name: c\nsteps:\n  one: {persona: JUS, task: Say something.}\n")
    with OpenAIServer() as server:
        server.always(script)
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-abcdefghijklmnopqrst")
        result = fcc_agents("run", "./chain.yaml", "--model", "openai/m", "--out", "out")
    assert result.code == 3
    assert "NO VERDICT" in result.out
    assert "FAILED" in result.out
    assert expected in result.out
    assert "Traceback" not in result.err
    everything = (
        result.out + result.err + "".join(p.read_text() for p in Path("out").rglob("*") if p.is_file())
    )
    assert "sk-abcdefghijklmnopqrst" not in everything


def test_a_missing_key_is_said(fcc_agents) -> None:
    """Without a key the message names the variable and the way to go on without one."""
    result = fcc_agents("run", "devops-deployment", "--model", "anthropic/claude-sonnet-4-5")
    assert result.code == 3
    assert "ANTHROPIC_API_KEY" in result.out
    assert "deterministic" in result.out


def test_a_read_only_folder_is_a_failed_write(fcc_agents, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that can't be made is exit code 70, with the reason."""

    def refuse(self: Path, *rest, **named) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    result = fcc_agents("run", "devops-deployment", "--out", "locked/run")
    assert result.code == 70
    assert "cannot write locked/run: Permission denied" in result.err


def test_a_fault_of_ours_is_seventy_and_not_one(fcc_agents, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected exception is one line and exit code 70; the traceback is there with --debug."""
    import fcc.cli.run_command

    def broken(*rest, **named) -> None:
        raise KeyError("oops sk-abcdefghijklmnopqrst")

    monkeypatch.setattr(fcc.cli.run_command, "open_catalog", broken)
    result = fcc_agents("run", "devops-deployment")
    assert result.code == 70
    assert "unexpected KeyError" in result.err
    assert "Traceback" not in result.err
    debug = fcc_agents("run", "devops-deployment", "--debug")
    assert "Traceback" in debug.err
    assert "sk-abc" not in result.err + debug.err


def test_verbose_logs_the_events(fcc_agents) -> None:
    """`-v` writes what happens to standard error, not to the result."""
    result = fcc_agents("run", "devops-deployment", "-v", "--json")
    assert result.json["status"] == "completed"
    assert "run.completed" in result.err


def test_inputs_may_be_json(fcc_agents) -> None:
    """A JSON file is as good as a YAML file; anything but a mapping is refused."""
    Path("in.json").write_text(json.dumps({"model": "m7"}))
    assert fcc_agents("run", "devops-deployment", "--inputs", "in.json", "--out", "out").code == 0
    Path("in.json").write_text("[1]")
    result = fcc_agents("run", "devops-deployment", "--inputs", "in.json")
    assert result.code == 2
    assert "must be one mapping" in result.err


def test_without_a_command_the_help_is_shown(fcc_agents) -> None:
    """The first thing that a newcomer types explains the rest."""
    result = fcc_agents()
    assert result.code == 0
    assert "Commands:" in result.out


def test_what_the_record_hides_the_output_hides(fcc_agents, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret that was given as an input is in neither."""
    monkeypatch.setenv("MY_TOKEN", "supersecretvalue1")
    result = fcc_agents("run", "devops-deployment", "--set", "model=supersecretvalue1", "--json")
    assert "supersecretvalue1" not in result.out
    assert result.json["inputs"]["model"] == "[redacted:MY_TOKEN]"


def test_a_path_that_cannot_be_used_is_named(fcc_agents, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the file system that nobody foresaw names its path, also as JSON, and is not called a failed write."""

    def refuse(self: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "is_file", refuse)
    result = fcc_agents("run", "./locked/chain.yaml", "--json")
    assert result.code == 2
    assert "locked/chain.yaml: Permission denied" in result.json["error"]["message"]
