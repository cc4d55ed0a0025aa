"""`record`, `replay`, `cassette` and `run --stream`, against a server on this machine."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import fcc
from fcc.providers import DeterministicProvider, Message, ModelRequest
from fcc.providers.cassettes import Cassette
from support.openai_server import OpenAIServer, Scripted
from support.wire import Answer, WireServer
from support.wire_faults import refusal
from support.wire_formats import FORMATS

CANARY = "canary-4b8e1f6d90"
FILE = "cassettes/devops.yaml"


def job(body: Any) -> str:
    messages = tuple(Message(message["role"], message["content"]) for message in body["messages"])
    return asyncio.run(DeterministicProvider().complete(ModelRequest(messages))).text


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch):
    """A model that does the job."""
    with OpenAIServer() as running:
        running.answer(job)
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.setenv("OPENAI_API_KEY", CANARY)
        yield running


def record(fcc_agents, *more: str, chain: str = "devops-deployment", model: str = "openai/x"):
    return fcc_agents("record", chain, "-m", model, "--cassette", FILE, *more)


def offline(server: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on another machine: no address, no key."""
    monkeypatch.delenv("OPENAI_BASE_URL")
    monkeypatch.delenv("OPENAI_API_KEY")


def plain(folder: str) -> Any:
    """A run's record without what is of one run: ids, times, origin, environment."""
    data = json.loads(Path(folder, "run.json").read_text(encoding="utf-8"))
    data.pop("seal", None)
    for name in ("id", "started", "finished", "environment", "cassette"):
        data.pop(name)
    for step in data["steps"]:
        step.pop("started"), step.pop("finished")
        for call in step["calls"]:
            call["reply"].pop("origin"), call["reply"].pop("latency")
    return data


def test_a_recorded_run_is_replayed_as_it_was(fcc_agents, server, monkeypatch) -> None:
    """Offline and without a key: outputs, verdict and record are the same but for ids, times, origin and environment."""
    assert record(fcc_agents, "--out", "then", "--set", "model=fraud").code == 0
    offline(server, monkeypatch)
    for number, door in enumerate(([], ["--wire"])):
        done = fcc_agents("replay", FILE, "--out", f"now{number}", *door)
        assert (done.code, "APPROVED" in done.out) == (0, True)
        assert f"replayed from {FILE}" in done.out
        assert "as recorded: 72 tokens" in done.out
        assert plain("then") == plain(f"now{number}")
        for path in Path("then").rglob("*"):
            if path.is_file() and path.parts[1] in {"outputs", "artifacts"}:
                assert path.read_bytes() == Path(f"now{number}", *path.parts[1:]).read_bytes()
    assert len(server.requests) == 4
    assert fcc_agents("verify", "now0").code == 0


def test_no_key_is_in_any_file(fcc_agents, server) -> None:
    """Not in the cassette, the record, the log, the ledger, nor in what is printed."""
    done = record(fcc_agents, "-v")
    assert CANARY in server.requests[0].headers["authorization"]
    assert CANARY not in done.out + done.err
    for path in Path().rglob("*"):
        assert not (path.is_file() and CANARY.encode() in path.read_bytes()), path


def test_nothing_is_recorded_in_ci(fcc_agents, server, monkeypatch) -> None:
    """Refused before anything is asked, unless it is forced."""
    monkeypatch.setenv("CI", "true")
    refused = record(fcc_agents)
    assert refused.code == 2
    assert "--force" in refused.err
    assert server.requests == []
    assert record(fcc_agents, "--force").code == 0


def test_an_existing_cassette_is_not_replaced_by_accident(fcc_agents, server) -> None:
    """It says which of two things to choose."""
    record(fcc_agents)
    before = Path(FILE).read_bytes()
    refused = record(fcc_agents)
    assert refused.code == 2
    assert "--drifted" in refused.err
    assert "--all" in refused.err
    assert Path(FILE).read_bytes() == before
    assert record(fcc_agents, "--all").code == 0


def test_drift_is_explained_and_only_that_is_recorded_again(fcc_agents, server) -> None:
    """Which step, why by its fingerprints, the diff of its prompt, what follows; and the command asks only that."""
    record(fcc_agents)
    missed = fcc_agents("replay", FILE, "--set", "latency_sla=< 50ms p95")
    assert missed.code == 4
    for said in (
        f"{FILE} has no reply for step requirements",
        "requirements: input latency_sla: '< 100ms p99' → '< 50ms p95'",
        "pipeline, infrastructure: what comes before changes",
        "+Latency SLA: < 50ms p95",
        f"fcc-agents record --drifted --cassette {FILE}",
    ):
        assert said in missed.err
    assert "Traceback" not in missed.err
    again = fcc_agents("record", "--drifted", "--cassette", FILE, "--set", "availability_sla=99.5%")
    assert again.code == 0
    assert "recorded" in again.err
    assert fcc_agents("replay", FILE).code == 0
    asked = len(server.requests)
    nothing = fcc_agents("record", "--drifted", "--cassette", FILE)
    assert "nothing has drifted" in nothing.err
    assert len(server.requests) == asked


def test_an_edited_persona_is_named_with_its_versions(fcc_agents, server) -> None:
    """And `cassette check` says it before a replay does."""
    for kind in ("agents", "evaluations", "personas", "prompts", "providers"):
        Path(kind).mkdir()
    record(fcc_agents)
    assert fcc_agents("cassette", "check", FILE).code == 0
    text = (Path(fcc.__file__).parent / "data/personas/devops.yaml").read_text(encoding="utf-8")
    edited = text.replace("version: 1", "version: 2", 1).replace("Continuous Delivery", "Delivery", 1)
    Path("personas/devops.yaml").write_text(edited, encoding="utf-8")
    checked = fcc_agents("cassette", "check", FILE)
    assert checked.code == 4, checked.out + checked.err
    assert "stale: pipeline: persona version 1 → 2" in checked.out
    missed = fcc_agents("replay", FILE)
    assert missed.code == 4
    assert "pipeline: persona version 1 → 2" in missed.err


def test_a_model_that_does_not_answer_makes_no_whole_cassette(fcc_agents, server) -> None:
    """Exit code 3; what had been answered is kept, and not asked again."""
    answers = [Scripted(job({"messages": [{"role": "user", "content": "x"}]})), Scripted(status=401)]
    server.script(answers)
    done = record(fcc_agents)
    assert done.code == 3
    assert "not complete" in done.err
    assert not Cassette.read(Path(FILE)).complete
    assert fcc_agents("cassette", "check", FILE).code == 4
    again = fcc_agents("record", "--drifted", "--cassette", FILE)
    assert again.code == 0, again.err
    assert "3 recorded, 1 kept" in again.err
    assert fcc_agents("replay", FILE).code in {0, 1}


def test_a_blocked_run_makes_a_whole_cassette(fcc_agents, server) -> None:
    """Recording succeeds whatever the verdict; the replay says it."""
    server.always("no")
    assert record(fcc_agents).code == 0
    assert fcc_agents("replay", FILE).code == 1


def test_a_missing_cassette(fcc_agents) -> None:
    """Exit code 4, and how one is made."""
    missing = fcc_agents("replay", "none.yaml")
    assert missing.code == 4
    assert "fcc-agents record" in missing.err
    assert fcc_agents("cassette", "check", ".").code == 4
    assert fcc_agents("cassette", "show", "none.yaml").code == 4


def test_show_lists_what_was_taken(fcc_agents, server) -> None:
    """Each call with model, tokens, cost and latency; as JSON without a prompt or a reply."""
    record(fcc_agents)
    shown = fcc_agents("cassette", "show", FILE)
    assert shown.code == 0
    assert "requirements/0/0/0/0" in shown.out
    assert max(map(len, shown.out.splitlines())) <= 80
    found = fcc_agents("cassette", "show", FILE, "--json").json
    assert found["schema"] == "fcc.cassette/1"
    assert [call["step"] for call in found["calls"]] == [
        "requirements",
        "pipeline",
        "infrastructure",
        "monitoring",
    ]
    assert {call["http"] for call in found["calls"]} == {True}
    assert found["calls"][0]["usage"]["input_tokens"] == 11


def test_a_secret_in_a_cassette_is_found_and_scrubbed(fcc_agents, server) -> None:
    """`check` returns 1 and names the place, `scrub` takes it out, and says what to look at then."""
    record(fcc_agents)
    path = Path(FILE)
    path.write_text(
        path.read_text().replace(
            "      accept:", "      x-api-key:\n      - sk-0123456789abcdef\n      accept:", 1
        )
    )
    checked = fcc_agents("cassette", "check", FILE)
    assert checked.code == 1
    assert "interactions[0].request.headers.x-api-key" in checked.out
    assert "sk-0123456789" not in checked.out
    assert fcc_agents("cassette", "scrub", FILE, "--dry-run").code == 0
    assert "sk-0123456789" in path.read_text()
    assert "taken out" in fcc_agents("cassette", "scrub", FILE).out
    assert "sk-0123456789" not in path.read_text()
    assert fcc_agents("cassette", "check", FILE).code == 0


def test_a_chain_that_is_gone_is_replayed_as_it_was_recorded(fcc_agents, server) -> None:
    """And it is said: the cassette knows its chain and inputs."""
    Path("own.yaml").write_text("name: own\nsteps:\n  a: {persona: PBD, task: Write a Dockerfile.}\n")
    record(fcc_agents, chain="./own.yaml")
    assert fcc_agents("replay", FILE).err.count("not here") == 0
    Path("own.yaml").write_text("name: own\nsteps:\n  a: {persona: PBD, task: Write two Dockerfiles.}\n")
    assert fcc_agents("replay", FILE).code == 4
    Path("own.yaml").unlink()
    gone = fcc_agents("replay", FILE)
    assert gone.code in {0, 1}
    assert "the chain 'own' is not here: it is taken as it was recorded" in gone.err


def test_a_fallback_is_replayed_with_the_failure_before_it(fcc_agents, server) -> None:
    """Both calls are in the replayed record, by both doors."""
    Path("own.yaml").write_text(
        "name: own\nfallback: [openai/second]\nsteps:\n  a: {persona: PBD, task: Write a Dockerfile.}\n"
    )
    server.script([Scripted(status=401)])
    assert record(fcc_agents, "--out", "then", chain="./own.yaml", model="openai/first").code == 0
    for door in ([], ["--wire"]):
        out = f"now{len(door)}"
        assert fcc_agents("replay", FILE, "--out", out, *door).code in {0, 1}
        calls = json.loads(Path(out, "run.json").read_text())["steps"][0]["calls"]
        assert [(call["backend"], bool(call["reply"])) for call in calls] == [
            ("litellm/openai/first@127.0.0.1", False),
            ("litellm/openai/second@127.0.0.1", True),
        ]
        assert calls[0]["error"]["code"] == "authentication"


def test_approvals_are_replayed_on_the_same_evidence(fcc_agents, server) -> None:
    """What a policy has allowed stays allowed; a replay that waits is not resumed with live models."""
    Path("own.yaml").write_text(
        "name: own\nsteps:\n  a: {persona: PBD, task: Write a Dockerfile.}\n"
        "  ship: {needs: [a], approve: {question: Ship?}}\n"
        "  b: {persona: DVE, needs: [a, ship], task: 'Run {{ handoff.a }}'}\n"
    )
    Path("yes.yaml").write_text("rules:\n  - {allow: 'true'}\n")
    waiting = record(fcc_agents, "--no-input", chain="./own.yaml")
    assert waiting.code == 3
    replayed = fcc_agents("replay", FILE, "--no-input", "--id", "waits")
    assert replayed.code == 6
    resumed = fcc_agents("resume", "waits")
    assert resumed.code == 2
    assert "fcc-agents replay" in resumed.err
    assert len(server.requests) == 1


def test_a_model_that_is_given_goes_before_the_recorded_one(fcc_agents, server) -> None:
    """Also where it is named for all steps: that is another backend, and drift."""
    record(fcc_agents)
    missed = fcc_agents("replay", FILE, "-m", "openai/other")
    assert missed.code == 4
    assert "model litellm/openai/x@127.0.0.1 → litellm/openai/other@127.0.0.1" in missed.err
    assert "--model openai/other" in missed.err
    asked = len(server.requests)
    assert fcc_agents("record", "--drifted", "--cassette", FILE, "-m", "openai/other").code == 0
    assert len(server.requests) - asked == 4


def test_only_a_cassette_is_replaced_and_only_by_its_own_chain(fcc_agents, server) -> None:
    """Another file is left alone, so is another chain's cassette; contradictory options are a mistake."""
    Path("own.yaml").write_text("name: own\nsteps:\n  a: {persona: PBD, task: x}\n")
    before = Path("own.yaml").read_bytes()
    refused = fcc_agents("record", "devops-deployment", "--all", "--cassette", "own.yaml", "-m", "openai/x")
    assert refused.code == 2
    assert "is no cassette, and is not replaced" in refused.err
    assert Path("own.yaml").read_bytes() == before
    record(fcc_agents)
    held = Path(FILE).read_bytes()
    assert fcc_agents("record", "./own.yaml", "--drifted", "--cassette", FILE).code == 2
    assert fcc_agents("record", "--all", "--drifted", "--cassette", FILE).code == 2
    assert Path(FILE).read_bytes() == held


def test_a_look_ahead_knows_what_the_cassette_holds(fcc_agents, server) -> None:
    """`--plan` of a recording that only asks what drifted says that nothing would be asked."""
    record(fcc_agents)
    asked = len(server.requests)
    ahead = fcc_agents("record", "--drifted", "--cassette", FILE, "--plan")
    assert "0 of 4 steps would ask a model" in ahead.out
    assert len(server.requests) == asked


def test_a_script_can_read_what_was_recorded_and_what_drifted(fcc_agents, server) -> None:
    """Counts and completeness of a recording; steps with their reasons, and the diff, of a miss."""
    done = record(fcc_agents, "--json")
    assert done.json["schema"] == "fcc.run/1"
    assert done.json["recording"] == {"file": FILE, "complete": True, "recorded": 4, "kept": 0}
    error = fcc_agents("replay", FILE, "--set", "model=other", "--json").json["error"]
    assert error["call"] == "requirements/0/0/0/0"
    assert error["stale"]["requirements"] == ["input model: 'churn_predictor_v2' → 'other'"]
    assert "+Model: other" in error["diff"]


def test_check_is_what_a_replay_would_say(fcc_agents, server) -> None:
    """A fallback's reply is not taken for the first model's; a gate that denied and an answer that never fitted are fine."""
    own = "name: own\nfallback: [openai/second]\nsteps:\n  a: {persona: PBD, task: Write it., model: MODEL}\n"
    Path("own.yaml").write_text(own.replace("MODEL", "openai/first"))
    server.script([Scripted(status=401)])
    assert fcc_agents("record", "./own.yaml", "--cassette", FILE).code == 0
    assert fcc_agents("cassette", "check", FILE).code == 0
    Path("own.yaml").write_text(own.replace("MODEL", "openai/third"))
    assert fcc_agents("cassette", "check", FILE).code == 4
    assert fcc_agents("replay", FILE).code == 4
    Path("own.yaml").write_text(
        "name: own\nsteps:\n  a: {persona: PBD, task: Say., output: {schema: {type: object}}}\n"
        "  no: {needs: [a], gate: {rules: [{deny: 'true'}]}}\n  b: {persona: JUS, needs: [no], task: x}\n"
    )
    server.always("no JSON")
    assert fcc_agents("record", "./own.yaml", "--all", "--cassette", FILE, "-m", "openai/x").code == 0
    checked = fcc_agents("cassette", "check", FILE)
    assert checked.code == 0, checked.out
    assert fcc_agents("replay", FILE).code == 1


def test_a_damaged_cassette_hides_nothing_of_the_others(fcc_agents, server) -> None:
    """A folder is checked to its end; what is edited by hand in one half only is found."""
    record(fcc_agents)
    text = Path(FILE).read_text()
    Path("cassettes/broken.yaml").write_text(text.replace("complete: true", "complete: 7"))
    edited = text.replace("# User stories: churn_predictor_v2", "# Other stories: churn_predictor_v2", 1)
    start = edited.index("interactions:")
    anchor = edited[:start].partition("text: &")[2].partition(" ")[0]
    whole = edited[:start] + edited[start:].replace(f"content: *{anchor}", "content: something else", 1)
    Path("cassettes/edited.yaml").write_text(whole)
    checked = fcc_agents("cassette", "check", "cassettes")
    assert checked.code == 2
    assert "ok  cassettes/devops.yaml" in checked.out
    assert "complete is no bool" in checked.out
    assert "its reply is not the one in its HTTP" in checked.out


def test_a_workspaces_own_chain_is_found_from_anywhere(fcc_agents, server, monkeypatch) -> None:
    """The chain that was recorded is run, with its own personas, wherever the command is called."""
    for kind in ("agents", "evaluations", "personas", "prompts", "providers"):
        Path("ws", kind).mkdir(parents=True)
    cards = (Path(fcc.__file__).parent / "data/personas/devops.yaml").read_text(encoding="utf-8")
    Path("ws/personas/own.yaml").write_text(cards.replace("id: PBD", "id: ZZZ", 1).split("  - id: DVE")[0])
    Path("ws/agents/devops-deployment.yaml").write_text(
        "name: devops-deployment\nsteps:\n  a: {persona: ZZZ, task: Write a Dockerfile.}\n"
    )
    monkeypatch.chdir("ws")
    assert record(fcc_agents).code == 0
    monkeypatch.chdir("..")
    assert fcc_agents("replay", f"ws/{FILE}").code in {0, 1}
    assert fcc_agents("cassette", "check", f"ws/{FILE}").code == 0


def test_a_cassette_sends_no_key_anywhere(fcc_agents, server, monkeypatch) -> None:
    """A profile that only the cassette knows is good for a replay; no model is asked at its address."""
    for kind in ("agents", "evaluations", "personas", "prompts", "providers"):
        Path(kind).mkdir()
    profile = Path("providers/lab.yaml")
    profile.write_text(f"model: openai/x\napi_base: {server.url}\napi_key_env: OPENAI_API_KEY\nattempts: 1\n")
    record(fcc_agents, model="lab")
    asked = len(server.requests)
    profile.unlink()
    assert fcc_agents("replay", FILE).code == 0
    monkeypatch.delenv("OPENAI_BASE_URL")
    again = fcc_agents("record", "--drifted", "--cassette", FILE, "--set", "model=other")
    assert again.code != 0
    assert len(server.requests) == asked


def test_a_key_shaped_input_is_refused_before_anything_is_paid(fcc_agents, server) -> None:
    """It could not be saved, and so is not asked."""
    refused = record(fcc_agents, "--set", "model=sk-0123456789abcdef")
    assert refused.code == 3
    assert "metadata.fcc.runs[0].inputs.model" in refused.err
    assert server.requests == []


EVERYTHING = """\
name: everything
inputs:
  regions: {type: list, default: [eu, us west, ap]}
  env: {default: staging}
events:
  alert: {description: An alert.}
environments:
  dev: {inputs: {env: dev}}
  prod: {inputs: {env: prod}, approve: {question: Ship?}}
steps:
  plan: {persona: JUS, once: true, task: "Plan {{ inputs.env }}.", until: {condition: round >= 1, rounds: 2}}
  region: {persona: DVE, needs: [plan], foreach: inputs.regions, task: "Build {{ item }} {{ handoff.plan }}"}
  triage:
    persona: ASC
    needs: [region]
    task: "Triage {{ handoff.region }}"
    output: {schema: {type: object, required: [a], properties: {a: {type: integer}}}}
  fix: {persona: ASC, needs: [triage], when: outputs.triage.data.a > 0, task: "Fix {{ handoff.triage }}"}
  back: {persona: PBD, on: alert, task: "Roll back {{ events.alert.status }}"}
readiness: {ready_at: 0, approve_at: 0}
"""


def test_every_kind_of_flow_is_replayed(fcc_agents, server) -> None:
    """Lists, environments, refinement, repair, conditions, events and approvals: the same record, nothing stale."""
    numbers = iter(range(100))

    def answer(body: Any) -> str:
        asked = body["messages"][-1]["content"]
        if "JSON Schema" in asked:
            return '{"a": 3}' if "does not fit" in asked else '{"a": "x"}'
        return f"Answer {next(numbers)} to {asked[:30]}"

    server.answer(answer)
    Path("c.yaml").write_text(EVERYTHING)
    Path("alert.json").write_text('{"status": "firing"}')
    Path("yes.yaml").write_text("rules: [{allow: 'true'}]\n")
    done = record(
        fcc_agents, "--on", "alert.json", "--approvals", "yes.yaml", "--out", "then", chain="./c.yaml"
    )
    assert done.code == 0, done.err
    asked = len(server.requests)
    assert fcc_agents("cassette", "check", FILE).code == 0
    then = plain("then")
    for door in ([], ["--wire"]):
        out = f"now{len(door)}"
        assert fcc_agents("replay", FILE, "--out", out, *door).code == 0
        now = plain(out)
        for data in (then, now):
            for step in data["steps"]:
                if step["gate"]:
                    step["gate"].pop("at", None)
        assert now == then
        assert fcc_agents("verify", out).code == 0
    assert len(server.requests) == asked
    Path("c.yaml").write_text(EVERYTHING.replace("Roll back", "Turn back"))
    assert fcc_agents("replay", FILE).code == 4
    stale = fcc_agents("cassette", "check", FILE, "--json").json["cassettes"][0]["stale"]
    assert [step["step"] for step in stale] == ["dev.back", "prod.back"]
    waits = fcc_agents("record", "--drifted", "--cassette", FILE, "--no-input")
    assert waits.code == 3  # what was decided then is not taken from a file where models are asked
    again = fcc_agents("record", "--drifted", "--cassette", FILE, "--approvals", "yes.yaml")
    assert (again.code, len(server.requests) - asked) == (0, 2)
    assert fcc_agents("cassette", "check", FILE).code == 0


def test_a_stream_is_shown_and_is_the_reply(fcc_agents, server) -> None:
    """What is told on standard error is the output, step by step; the result on standard output is as ever."""
    server.always("First line.\nSecond line.")
    done = fcc_agents("run", "devops-deployment", "-m", "openai/x", "--stream", "--out", "o")
    assert done.code in {0, 1}
    assert done.err.count("First line.\nSecond line.\n") == 4
    assert (
        done.err.index("── requirements")
        < done.err.index("[1/4] requirements")
        < done.err.index("── pipeline")
    )
    assert Path("o/outputs/pipeline.md").read_text() == "First line.\nSecond line."
    assert server.requests[0].json["stream"] is True
    assert "First line." not in Path("o/events.jsonl").read_text()


def test_streamed_and_not_are_one_reply(fcc_agents, server) -> None:
    """The key does not cover streaming: what was streamed is reused by a run that is not, and replayed by both."""
    assert record(fcc_agents, "--stream", "--id", "one").code == 0
    asked = len(server.requests)
    assert fcc_agents("run", "devops-deployment", "-m", "openai/x", "--reuse", "one").code == 0
    assert len(server.requests) == asked
    assert fcc_agents("replay", FILE, "--wire").code == 0
    assert fcc_agents("replay", FILE, "--stream").code == 0


def test_a_stream_that_breaks_off_begins_anew(fcc_agents, server) -> None:
    """The reply is the second one, whole; on the terminal it is said that the first broke off."""
    server.script([Scripted("one two three", cut_after=2), Scripted("four five six")])
    server.always("Enough.")
    Path("own.yaml").write_text("name: own\nsteps:\n  a: {persona: PBD, task: Count.}\n")
    done = fcc_agents("run", "./own.yaml", "-m", "openai/x", "--stream", "--out", "o")
    assert Path("o/outputs/a.md").read_text() == "four five six"
    assert "begins anew" in done.err


def test_an_interrupted_stream_is_resumed(server) -> None:
    """Ctrl-C in the middle of a reply: what finished is kept, the one that broke off is asked again."""
    server.script([Scripted("Done with the first."), Scripted("slow " * 200, drip=0.05)])
    server.always("Enough.")
    command = [
        sys.executable,
        "-m",
        "fcc",
        "run",
        "devops-deployment",
        "-m",
        "openai/x",
        "--stream",
        "--id",
        "r",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("── pipeline"):
                break
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "fcc-agents resume r" in err
    done = subprocess.run(
        [sys.executable, "-m", "fcc", "resume", "r", "--stream"],
        capture_output=True, text=True, timeout=60, check=False, env=os.environ,
    )  # fmt: skip
    assert done.returncode in {0, 1}, done.stderr
    ids = [request.headers["x-call-id"].split("/")[0] for request in server.requests]
    assert ids == ["requirements", "pipeline", "pipeline", "infrastructure", "monitoring"]


def test_an_interrupted_recording_keeps_what_was_asked(server) -> None:
    """Ctrl-C while recording: the cassette holds what had been answered, marked as incomplete."""
    server.script([Scripted("Done with the first."), Scripted("slow", delay=30)])
    command = [
        sys.executable,
        "-m",
        "fcc",
        "record",
        "devops-deployment",
        "-m",
        "openai/x",
        "--cassette",
        FILE,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        process.stderr.readline()
        end = time.monotonic() + 20
        while len(server.requests) < 2 and time.monotonic() < end:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert f"fcc-agents record --drifted --cassette {FILE} --model openai/x" in err
    held = Cassette.read(Path(FILE))
    assert not held.complete
    assert [call.reply.text for call in held.calls] == ["Done with the first."]
    assert len(held.interactions) == 1
    asked = len(server.requests)
    done = subprocess.run(
        [sys.executable, "-m", "fcc", "record", "--drifted", "--cassette", FILE],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(server.requests) - asked == 3
    assert Cassette.read(Path(FILE)).complete


@pytest.mark.parametrize("fails", [False, True], ids=["answers", "refuses"])
@pytest.mark.parametrize("name", FORMATS)
def test_a_planted_key_reaches_nothing(fcc_agents, monkeypatch, name: str, *, fails: bool) -> None:
    """For every wire format: not the disk, the log, the record, the report or the error, though the server echoes it."""
    monkeypatch.setenv("PLANTED_IN", CANARY)
    monkeypatch.setenv("AZURE_API_VERSION", "2024-10-21")
    for kind in ("agents", "evaluations", "personas", "prompts", "providers"):
        Path(kind).mkdir()
    form = FORMATS[name]
    with WireServer(form) as wire:
        wire.always(
            refusal(name, "unauthorized", echo=CANARY) if fails else Answer((f"Hello {CANARY}. ", "Bye."))
        )
        Path("providers/p.yaml").write_text(
            f"model: {form.model}\napi_base: {wire.base}\napi_key_env: PLANTED_IN\nattempts: 1\n"
        )
        Path("own.yaml").write_text("name: own\nsteps:\n  a: {persona: PBD, task: Say hello.}\n")
        printed = ""
        for more in ([], ["--stream"]):
            done = record(fcc_agents, "-v", "--all", *more, chain="./own.yaml", model="p")
            printed += done.out + done.err
            assert done.code == 3  # no answer; or one that repeats the key, which is not saved
        printed += fcc_agents("show", "last").out + fcc_agents("show", "last", "--json").out
        assert any(CANARY in "".join(request.headers.values()) for request in wire.requests)
    assert CANARY not in printed
    for path in Path().rglob("*"):
        assert not (path.is_file() and CANARY.encode() in path.read_bytes()), path
