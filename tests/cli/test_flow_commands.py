"""`resume`, `diff`, `verify`, `approve`, and what they add to `run`."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fcc.providers import DeterministicProvider, Message, ModelRequest
from support.openai_server import OpenAIServer, Scripted

GATED = """\
name: gated
inputs:
  env: {default: staging}
events:
  alert: {description: An alert.}
steps:
  stories:
    persona: JUS
    task: |
      Define user stories for deploying: churn in {{ inputs.env }}
      - As an SRE, I want automated health checks
  ship:
    needs: [stories]
    approve: {question: May this be shipped?}
  infra:
    persona: DVE
    needs: [stories, ship]
    task: |
      Implement: {{ handoff.stories }}
      - Dockerfile
  rollback:
    persona: ASC
    on: alert
    task: |
      Roll back, since {{ events.alert.status }}
      - Automated rollback script
"""


@pytest.fixture
def gated() -> str:
    Path("gated.yaml").write_text(GATED)
    return "./gated.yaml"


def test_a_run_without_a_person_waits_and_says_how_to_go_on(fcc_agents, gated: str) -> None:
    """Exit code 6, the commands that decide, and after `approve` and `resume` the verdict."""
    waiting = fcc_agents("run", gated, "--id", "r", "--no-input")
    assert waiting.code == 6
    assert "WAITING for a person at ship" in waiting.out
    assert "fcc-agents approve r ship --as NAME" in waiting.out
    assert max(map(len, waiting.out.splitlines())) <= 80
    assert fcc_agents("list", "runs").out.splitlines()[-1].split() == ["r", "gated", "waiting"]
    assert fcc_agents("resume", "r", "-q").code == 6
    approved = fcc_agents("approve", "r", "ship", "--as", "alice", "--reason", "fine")
    assert approved.code == 0
    assert approved.out.startswith("Approved: ship of run r, by alice, on evidence ")
    assert "ship: approved by alice" in fcc_agents("show", "r").out
    done = fcc_agents("resume", "r")
    assert done.code == 0
    assert "by alice: fine" in done.out
    assert "stories (JUS): kept, it was finished before" in done.err
    assert fcc_agents("verify", "r").code == 0


def test_a_rejection_blocks_the_run(fcc_agents, gated: str) -> None:
    """A judged no: exit code 1, with who and why."""
    fcc_agents("run", gated, "--id", "r")
    assert (
        fcc_agents("approve", "r", "ship", "--as", "bob", "--reject", "--reason", "too early", "--json").json[
            "approval"
        ]["approved"]
        is False
    )
    done = fcc_agents("resume", "r")
    assert done.code == 1
    assert "gate ship was refused by bob: too early" in done.out


def test_an_approvals_policy_decides_in_a_pipeline(fcc_agents, gated: str) -> None:
    """`--approvals` with a file; one of readiness has no rules for it."""
    Path("p.yaml").write_text("rules: [{allow: 'score >= 0.5 and inputs.env == \"staging\"'}]\n")
    assert fcc_agents("run", gated, "--approvals", "p.yaml").code == 0
    assert (
        fcc_agents("run", gated, "--approvals", "p.yaml", "--set", "env=production", "--no-input").code == 6
    )
    wrong = fcc_agents("run", gated, "--approvals", "readiness")
    assert (wrong.code, "has none of a gate's rules" in wrong.err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["approve", "r", "shp", "--as", "x"], "did you mean `ship`"),
        (["approve", "r", "ship"], "Missing option '--as'"),
        (["approve", "r", "ship", "--as", " "], "--as names nobody"),
        (["approve", "none", "ship", "--as", "x"], "no run is called 'none'"),
        (["resume", "none"], "no run is called 'none'"),
        (["verify", "none"], "no run is called 'none'"),
        (["diff", "r", "none"], "no run is called 'none'"),
        (["diff", "r", "r", "--step", "storis"], "did you mean stories"),
        (["run", "./gated.yaml", "--reuse", "none"], "no run is called 'none'"),
        (["run", "./gated.yaml", "--on", "alrt=a.json"], "no event 'alrt'; did you mean `alert`"),
        (["run", "./gated.yaml", "--on", "none.json"], "cannot read none.json"),
        (["run", "devops-deployment", "--on", "a.json"], "does not say which event"),
        (["run", "./gated.yaml", "--max-cost", "0"], "0.0 is not in the range"),
        (["run", "./gated.yaml", "--max-calls", "x"], "'x' is not a valid integer"),
    ],
)
def test_mistakes_are_one_message_and_exit_code_2(
    fcc_agents, gated: str, arguments: list[str], message: str
) -> None:
    """On standard error; as JSON, one envelope."""
    fcc_agents("run", gated, "--id", "r")
    Path("a.json").write_text("{}")
    result = fcc_agents(*arguments)
    assert result.code == 2
    assert message in result.err
    assert "Traceback" not in result.err
    assert fcc_agents(*arguments, "--json").json["error"]["exit_code"] == 2


def test_an_event_starts_its_branch(fcc_agents, gated: str) -> None:
    """`--on FILE` where the chain knows one event, `--on EVENT=FILE` else; JSON that is none is said with its place."""
    Path("alert.json").write_text('{"status": "firing"}')
    Path("p.yaml").write_text("rules: [{allow: 'true'}]\n")
    result = fcc_agents("run", gated, "--on", "alert.json", "--approvals", "p.yaml", "--json")
    assert {step["name"]: step["status"] for step in result.json["steps"]}["rollback"] == "completed"
    assert result.json["documents"] == {"alert": {"status": "firing"}}
    assert fcc_agents("run", gated, "--on", "alert=alert.json", "--approvals", "p.yaml").code == 0
    Path("alert.json").write_text('{"status":\n  firing}')
    broken = fcc_agents("run", gated, "--on", "alert.json")
    assert (broken.code, "alert.json:2:3: not JSON" in broken.err) == (2, True)
    Path("alert.json").write_text("[]")
    assert "the document of an event is one mapping" in fcc_agents("run", gated, "--on", "alert.json").err


def test_the_plan_says_what_would_be_asked_and_why(fcc_agents) -> None:
    """`--plan` runs nothing; with `--reuse` it says what is kept; as JSON, fcc.plan/1."""
    first = fcc_agents("run", "devops-deployment", "--plan")
    assert first.code == 0
    assert "4 of 4 steps would ask a model" in first.out
    assert not Path(".fcc").exists()
    fcc_agents("run", "devops-deployment", "--id", "r")
    again = fcc_agents("run", "devops-deployment", "--reuse", "last", "--plan", "--set", "framework=pytorch")
    assert "input framework: 'scikit-learn' → 'pytorch'" in again.out
    assert max(map(len, again.out.splitlines())) <= 80
    plan = fcc_agents("run", "devops-deployment", "--reuse", "last", "--plan", "--json").json
    assert plan["schema"] == "fcc.plan/1"
    assert plan["asks"] == 0
    assert {step["action"] for step in plan["steps"]} == {"keep"}
    assert "0 of 4 steps would ask a model." in fcc_agents("resume", "r", "--plan").out


def test_reuse_takes_what_is_known(fcc_agents) -> None:
    """The report says which run the replies came from."""
    fcc_agents("run", "devops-deployment", "--id", "r")
    result = fcc_agents("run", "devops-deployment", "--reuse", "r")
    assert result.code == 0
    assert result.out.count("taken from run r") == 4
    assert "4 replies reused" in result.out


def test_two_runs_are_compared(fcc_agents) -> None:
    """Where they diverged, why, how far; 0 unless it is asked for, and as JSON."""
    fcc_agents("run", "devops-deployment", "--id", "a")
    fcc_agents("run", "devops-deployment", "--id", "b", "--set", "framework=pytorch")
    found = fcc_agents("diff", "a", "b")
    assert found.code == 0
    assert "Diverged at requirements" in found.out
    assert "+- Framework: pytorch" in found.out
    assert fcc_agents("diff", "a", "b", "--exit-code").code == 1
    assert fcc_agents("diff", "a", "a", "--exit-code").code == 0
    assert "The runs came to the same." in fcc_agents("diff", "a", "a").out
    plain = fcc_agents("diff", "a", "b", "--json").json
    assert plain["first"] == "requirements"
    assert plain["steps"][0]["causes"][0]["name"] == "framework"


def test_a_flipped_byte_is_named(fcc_agents) -> None:
    """Exit code 1, the file and the line; as JSON, fcc.verify/1."""
    fcc_agents("run", "devops-deployment", "--id", "r")
    holds = fcc_agents("verify", "r")
    assert holds.code == 0
    assert holds.out.startswith("HOLDS  run r: 22 events, 4 steps, 4 calls, ")
    path = Path(".fcc/runs/r/outputs/pipeline.md")
    path.write_text(path.read_text().replace("Lint", "Lent", 1))
    broken = fcc_agents("verify", "r")
    assert broken.code == 1
    assert "outputs/pipeline.md:" in broken.out
    flaws = fcc_agents("verify", "r", "--json").json
    assert (flaws["schema"], flaws["holds"], flaws["flaws"][0]["file"]) == (
        "fcc.verify/1",
        False,
        "outputs/pipeline.md",
    )


def test_what_was_edited_is_mentioned_and_left(fcc_agents) -> None:
    """A resumed run goes on with its record, and says what is new."""
    assert fcc_agents("init").code == 0
    stopped = fcc_agents("run", "release-notes", "--id", "r", "--max-calls", "1")
    assert stopped.code == 5
    assert "fcc-agents resume r --max-calls N" in stopped.out
    path = Path("personas/release.yaml")
    path.write_text(
        path.read_text().replace("version: 1", "version: 2").replace("style:", "style: Very brief;", 1)
    )
    done = fcc_agents("resume", "r", "--max-calls", "9")
    assert done.code == 0
    assert "Edited since the run began, and left for a new one: persona RNW" in done.err
    plan = fcc_agents("run", "release-notes", "--reuse", "r", "--plan")
    assert "persona" in plan.out


def test_a_gates_policy_is_a_file_that_validate_knows(fcc_agents) -> None:
    """Its rules are checked for form and names; `schema gate` completes it in an editor."""
    Path("evaluations").mkdir()
    path = Path("evaluations/release.yaml")
    path.write_text("rules:\n- {deny: errors > 0}\n- {allow: 'score >= 0.7 and inputs.env == \"dev\"'}\n")
    assert fcc_agents("validate", str(path)).code == 0
    path.write_text("rules:\n- {deny: errors > 0}\n- {allow: scor >= 0.7}\n")
    wrong = fcc_agents("validate", str(path))
    assert wrong.code == 2
    assert (
        "evaluations/release.yaml:3:4: `allow`: there is no `scor` here; did you mean `score`?" in wrong.out
    )
    assert "rules" in json.loads(fcc_agents("schema", "gate").out)["properties"]


def test_validate_looks_at_the_models_that_a_chain_names(fcc_agents) -> None:
    """A near miss is found with its place, in `model` and in `fallback`."""
    Path("c.yaml").write_text(
        "name: c\nfallback: [determinstic]\nsteps:\n  a: {persona: JUS, task: t, model: locl}\n"
    )
    wrong = fcc_agents("validate", "c.yaml")
    assert (
        "c.yaml:2:12: no model or profile is called 'determinstic'; did you mean deterministic?" in wrong.out
    )


def test_wrong_shapes_are_told_in_the_words_of_the_file(fcc_agents) -> None:
    """No branch of a union and no type of a library shows through; one problem for one mistake."""
    Path("c.yaml").write_text(
        "name: c\nsteps:\n  a: {persona: JUS, task: t, until: score > 1}\n  b: {needs: [a], gate: {rules: [{alow: score > 1}]}}\n"
        "  c: {persona: JUS, task: t, needs: a}\n  d: {persona: JUS, task: t, foreach: {a: 1}}\n"
    )
    lines = fcc_agents("validate", "c.yaml").out.splitlines()
    assert "write a mapping, not 'score > 1'" in lines[0]
    assert "unknown key `alow`; did you mean `allow`?" in lines[1]
    assert any(
        "`steps.c.needs`: input should be a valid tuple: write a list, not 'a'" in line for line in lines
    )
    assert not [line for line in lines if "[" in line.split(": ")[1] or "constrained" in line]


def test_a_cost_limit_that_cannot_be_held_is_refused_before_anything_is_spent(
    fcc_agents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model without a price, with exit code 2; with one in its profile the limit is held."""
    with OpenAIServer() as server:
        server.answer(chain_replies)
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        refused = fcc_agents("run", "devops-deployment", "--model", "openai/nobody-knows", "--max-cost", "1")
        assert (refused.code, "the price of openai/nobody-knows is not known" in refused.err) == (2, True)
        assert [request for request in server.requests if request.method == "POST"] == []
        fcc_agents("init")
        Path("providers/lab.yaml").write_text(
            f"model: openai/m\napi_base: {server.url}\nprice: {{input_per_million: 1000, output_per_million: 1000}}\n"
        )
        stopped = fcc_agents("run", "devops-deployment", "--model", "lab", "--max-cost", "0.03")
        assert stopped.code == 5
        assert "the run has cost $0.0360 of at most $0.0300" in stopped.out
        assert len([request for request in server.requests if request.method == "POST"]) == 2


def test_an_approvals_policy_that_cannot_be_asked_is_refused(fcc_agents, gated: str) -> None:
    """A name that the chain does not have would else never hold."""
    Path("p.yaml").write_text("rules: [{allow: 'inputs.envv == \"dev\"'}]\n")
    wrong = fcc_agents("run", gated, "--approvals", "p.yaml")
    assert (wrong.code, "`inputs` has no `envv`; did you mean `env`?" in wrong.err) == (2, True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_being_told_to_end_is_an_interruption(number: int) -> None:
    """What CI and containers send leaves a record that says so, and a run that goes on."""
    with OpenAIServer() as server:
        server.always(Scripted(delay=30))
        process = subprocess.Popen(
            [sys.executable, "-m", "fcc", "run", "devops-deployment", "--model", "monitoring=openai/slow", "--id", "r"],
            env={**os.environ, "OPENAI_BASE_URL": server.url}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        deadline = time.monotonic() + 50
        while not server.requests and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 130, err
    assert "Go on: fcc-agents resume r" in err
    assert "Traceback" not in err
    assert json.loads(Path(".fcc/runs/r/run.json").read_text())["status"] == "interrupted"


def test_a_killed_run_is_not_said_to_be_running(fcc_agents) -> None:
    """Nobody holds its log: `list` and `show` say that it was killed."""
    fcc_agents("run", "devops-deployment", "--id", "r", "--max-calls", "1")
    path = Path(".fcc/runs/r/run.json")
    path.write_text(path.read_text().replace('"status": "stopped"', '"status": "running"'))
    assert fcc_agents("list", "runs").out.splitlines()[-1].split() == ["r", "devops-deployment", "killed"]
    assert "the run was killed. Go on: fcc-agents resume r" in fcc_agents("show", "r").out


def chain_replies(body: dict) -> str:
    import asyncio

    messages = tuple(Message(m["role"], m["content"]) for m in body["messages"])
    return asyncio.run(DeterministicProvider().complete(ModelRequest(messages))).text


def test_a_profile_that_does_not_answer_falls_back(fcc_agents, monkeypatch: pytest.MonkeyPatch) -> None:
    """The step says which model answered after which did not; one call each, and the fallback's reply is kept."""
    with OpenAIServer() as down, OpenAIServer() as up:
        down.always(Scripted(status=400, error="no"))
        up.answer(chain_replies)
        fcc_agents("init")
        for name, server in (("first", down), ("second", up)):
            Path(f"providers/{name}.yaml").write_text(f"model: openai/{name}\napi_base: {server.url}\n")
        text = Path("agents/release-notes.yaml").read_text()
        Path("agents/release-notes.yaml").write_text(text + "model: first\nfallback: [second]\n")
        result = fcc_agents("run", "release-notes", "--id", "r")
        assert result.code == 0, result.err
        assert result.out.count("answered by second, after litellm/openai/first@first did not") == 2
        assert len(down.requests) == len(up.requests) == 2
    assert fcc_agents("verify", "r").code == 0


def spawn(*arguments: str) -> tuple[subprocess.Popen[bytes], int]:
    """The command on a terminal of its own."""
    outside, inside = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "fcc", *arguments], stdin=inside, stdout=inside, stderr=inside,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80"}, start_new_session=True,
    )  # fmt: skip
    os.close(inside)
    return process, outside


def read_until(terminal: int, text: str, seconds: float = 30) -> str:
    said, deadline = "", time.monotonic() + seconds
    while text not in said and time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                said += os.read(terminal, 65536).decode(errors="replace")
            except OSError:
                break
    return said


@pytest.mark.parametrize(
    ("typed", "code", "expected"),
    [("y\r", 0, "OPEN"), ("n\rtoo early\r", 1, "too early"), ("\r", 6, "WAITING")],
)
def test_a_person_at_a_terminal_is_asked(gated: str, typed: str, code: int, expected: str) -> None:
    """With the question and the evidence; Enter alone decides nothing."""
    process, terminal = spawn("run", gated, "--id", "r")
    asked = read_until(terminal, "later [later]:")
    assert "Approval needed: ship" in asked
    assert "May this be shipped?" in asked
    assert "stories" in asked
    os.write(terminal, typed.encode())
    said = read_until(terminal, "Record ")
    assert process.wait(timeout=30) == code, said
    assert expected in said
    os.close(terminal)


@pytest.mark.parametrize("offline", [True, False])
def test_ctrl_c_at_the_question_leaves_a_run_that_goes_on(gated: str, offline: bool) -> None:
    """Exit code 130 and no traceback, whether the run has an event loop or not."""
    with OpenAIServer() as server:
        server.answer(chain_replies)
        arguments = [] if offline else ["--model", "openai/m"]
        os.environ["OPENAI_BASE_URL"] = server.url
        try:
            process, terminal = spawn("run", gated, "--id", "r", *arguments)
            read_until(terminal, "later [later]:", 60)
            time.sleep(
                0.5
            )  # a person reads the question first, and Python hears nothing on the way into a read
            os.killpg(process.pid, signal.SIGINT)
            said = read_until(terminal, "resume r")
            assert process.wait(timeout=30) == 130, said
        finally:
            del os.environ["OPENAI_BASE_URL"]
    assert "Traceback" not in said
    assert "Go on: fcc-agents resume r" in said
    os.close(terminal)
    record = json.loads(Path(".fcc/runs/r/run.json").read_text())
    assert record["status"] == "interrupted"
    assert record["steps"][0]["status"] == "completed"
