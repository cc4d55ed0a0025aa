"""Edges of runs: gates that are passed over, templates that fail, secrets in plans, folders that move."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import fcc
from fcc.agents.flow import RunLimits
from fcc.errors import ConfigError, InvalidFileError, UnavailableError
from fcc.providers import DeterministicProvider, FunctionProvider, ModelReply, ModelRequest, Usage
from fcc.simulation import Answer, RunRecord
from fcc.simulation.diff import diff_runs
from fcc.simulation.run_folder import read_files
from fcc.simulation.verify import verify
from fcc.wiring import RunRequest, prepare, prepare_again, resume
from fcc.wiring.approving import give_approval

STEP = {
    "persona": "JUS",
    "task": "Define user stories for deploying: churn\n- As an SRE, I want health checks\n",
}


def chain(steps: dict[str, Any], **more: Any) -> fcc.Chain:
    return fcc.Chain.model_validate({"name": "c", "steps": steps, **more})


def paid(asked: list[str] | None = None) -> FunctionProvider:
    async def answer(request: ModelRequest) -> ModelReply:
        if asked is not None:
            asked.append(request.call_id)
        return ModelReply(
            (await DeterministicProvider().complete(request)).text, "m", "live", Usage(1, 2), 0.01
        )

    return FunctionProvider(answer)


def holds(folder: Path) -> bool:
    return verify(*read_files(folder)).flaws == ()


# gates


def test_a_gate_whose_evidence_was_passed_over_is_asked_all_the_same() -> None:
    """Work that nobody approved never runs, because what led to the question did not."""
    steps = {
        "build": STEP,
        "review": {**STEP, "when": "false"},
        "ok": {"needs": ["review"], "approve": {"question": "Deploy?"}},
        "deploy": {**STEP, "needs": ["ok", "build"]},
    }
    record = fcc.run(chain(steps))
    assert record.status == "waiting"
    assert "deploy" not in record.outputs
    environments = {"dev": {}, "prod": {"approve": {"question": "Go?"}}}
    steps = {
        "build": {**STEP, "once": True},
        "deploy": {**STEP, "needs": ["build"], "when": 'environment == "prod"'},
    }
    record = fcc.run(chain(steps, environments=environments))
    assert [step.name for step in record.waiting] == ["prod"]


def test_a_gate_that_its_own_condition_passes_over_is_not_there() -> None:
    """An approval for production only holds nothing back elsewhere."""
    steps = {
        "a": STEP,
        "ok": {"needs": ["a"], "approve": {"question": "?"}, "when": 'inputs.env == "prod"'},
        "b": {**STEP, "needs": ["ok"]},
    }
    inputs = {"env": {"default": "dev"}}
    assert fcc.run(chain(steps, inputs=inputs)).verdict.decision == "APPROVED"
    assert fcc.run(chain(steps, inputs=inputs), inputs={"env": "prod"}).status == "waiting"


def test_an_approval_behind_a_gate_rests_on_what_that_gate_rests_on() -> None:
    """Another text gives other evidence, and the person is shown it."""
    seen = []

    class Person:
        def ask(self, question: Any) -> Answer:
            seen.append(question)
            return Answer(True, "alice")

    def steps(task: str) -> dict[str, Any]:
        return {
            "a": {**STEP, "task": task},
            "quality": {"needs": ["a"], "gate": "readiness"},
            "sign": {"needs": ["quality"], "approve": {"question": "?"}},
        }

    for task in (STEP["task"], STEP["task"].replace("churn", "fraud")):
        fcc.run(chain(steps(task)), approver=Person())
    assert seen[0].evidence != seen[1].evidence
    assert [step.name for step in seen[0].steps] == ["quality", "a"]


def test_a_decision_by_policy_stands_when_the_run_goes_on(tmp_path: Path) -> None:
    """An approvals policy that is not given again has decided nevertheless; what ran behind the gate stays."""
    down = [True]

    async def answer(request: ModelRequest) -> str:
        if request.call_id.startswith("x") and down:
            raise UnavailableError("down")
        return (await DeterministicProvider().complete(request)).text

    from fcc.agents import GatePolicy

    steps = {
        "a": STEP,
        "x": STEP,
        "g": {"needs": ["a"], "approve": {"question": "?"}},
        "b": {**STEP, "needs": ["g"]},
    }
    policy = GatePolicy.model_validate({"rules": [{"allow": "true"}]})
    model = FunctionProvider(answer)
    fcc.run(chain(steps), out=tmp_path / "r", model=model, approvals=policy)
    down.clear()
    record = resume(tmp_path / "r", model=model)
    assert record.verdict.decision == "APPROVED"
    assert record.step("g").gate.by == "the approvals policy"
    assert holds(tmp_path / "r")


def test_what_somebody_has_decided_is_not_overturned_by_accident(tmp_path: Path) -> None:
    """A second word on the same evidence must say that it overrules the first."""
    fcc.run(chain({"a": STEP, "g": {"needs": ["a"], "approve": {"question": "?"}}}), out=tmp_path / "r")
    give_approval(tmp_path / "r", "g", by="bob", approved=False)
    with pytest.raises(ConfigError, match="bob has rejected this already"):
        give_approval(tmp_path / "r", "g", by="carol", approved=True)
    give_approval(tmp_path / "r", "g", by="carol", approved=True, replace_it=True)
    assert resume(tmp_path / "r").step("g").gate.by == "carol"


def test_an_approval_of_a_run_that_has_gone_on_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read before the lock was taken is read again under it, so that no newer record is overwritten."""
    from fcc.simulation import RunFolder

    steps = {
        "a": STEP,
        "g": {"needs": ["a"], "approve": {"question": "?"}},
        "h": {"needs": ["a"], "approve": {"question": "?"}},
    }
    fcc.run(chain(steps), out=tmp_path / "r")
    reopen, once = RunFolder.reopen, []

    def meanwhile(path: Path, **how: Any) -> RunFolder:
        if not once:
            once.append(True)
            give_approval(tmp_path / "r", "h", by="dave", approved=True)
        return reopen(path, **how)

    monkeypatch.setattr(RunFolder, "reopen", meanwhile)
    give_approval(tmp_path / "r", "g", by="carol", approved=True)
    approvals = RunRecord.read(tmp_path / "r" / "run.json").approvals
    assert {approval.by for approval in approvals} == {"carol", "dave"}


def test_a_run_that_has_gone_on_meanwhile_is_not_paid_for_again(tmp_path: Path) -> None:
    """Two that were about to resume: the second sees that the first has been there."""
    asked: list[str] = []
    fcc.run(
        chain({"a": STEP, "b": {**STEP, "needs": ["a"]}}),
        out=tmp_path / "r",
        model=paid(asked),
        limits=RunLimits(max_calls=1),
    )
    request = RunRequest("", model=paid(asked), limits=RunLimits(max_calls=9))
    one, other = prepare_again(tmp_path / "r", request), prepare_again(tmp_path / "r", request)
    assert one.go_sync().status == "completed"
    with pytest.raises(ConfigError, match="has gone on since its record was read"):
        other.go_sync()
    assert len(asked) == 2


# failures


def test_a_template_that_fails_on_an_output_fails_its_step_only(tmp_path: Path) -> None:
    """Its siblings go on, what needs it is skipped, and the record verifies."""
    steps = {
        "a": STEP,
        "bad": {"persona": "JUS", "needs": ["a"], "task": "{{ handoff.a.split('no such text')[1] }}"},
        "after": {**STEP, "needs": ["bad"]},
        "other": {**STEP, "needs": ["a"]},
    }
    record = fcc.run(chain(steps), out=tmp_path / "r", model=paid())
    assert [step.status for step in record.steps] == ["completed", "failed", "skipped", "completed"]
    assert record.step("bad").error.code == "template"
    assert record.verdict.decision == "NO VERDICT"
    assert holds(tmp_path / "r")
    assert (
        prepare(RunRequest(chain(steps))).preview().steps[1].causes[0].text == "its prompt is not known yet"
    )


def test_a_number_that_is_too_large_is_no_crash() -> None:
    """What can't be calculated is null, and a comparison with it false."""
    made = chain({"a": {**STEP, "when": "inputs.n * 1.5 > 3"}}, inputs={"n": {"type": "integer"}})
    assert fcc.run(made, inputs={"n": 10**400}).step("a").status == "skipped"


@pytest.mark.parametrize("document", [{"v": float("nan")}, {"v": "\ud800"}, {"v": object()}, [1]])
def test_a_document_that_no_record_can_hold_is_refused(document: Any, tmp_path: Path) -> None:
    """Before anything is written."""
    with pytest.raises(ConfigError, match="is no JSON mapping"):
        fcc.run(chain({"a": STEP}, events={"e": {}}), on={"e": document}, out=tmp_path / "r")
    deep: Any = 1
    for _ in range(300):
        deep = {"x": deep}
    with pytest.raises(ConfigError, match="is no JSON mapping"):
        fcc.run(chain({"a": STEP}, events={"e": {}}), on={"e": deep}, out=tmp_path / "r")
    assert not (tmp_path / "r").exists()


def test_an_item_that_is_no_json_is_refused() -> None:
    """A list in the chain holds what a record can hold."""
    with pytest.raises(ValueError, match="no JSON value"):
        chain({"a": {**STEP, "foreach": [float("nan")]}})


def test_foreach_asks_for_no_event() -> None:
    """Which items there are is known before anything happens."""
    from fcc.wiring import open_catalog

    with pytest.raises(InvalidFileError, match="there is no `events` here"):
        open_catalog().plan(chain({"a": {**STEP, "foreach": "events.e.regions"}}, events={"e": {}}))


# going on


def test_a_step_limit_holds_across_a_resume(tmp_path: Path) -> None:
    """What the step was answered before counts."""
    asked: list[str] = []
    step = {**STEP, "until": {"condition": "score > 1", "rounds": 9}, "limits": {"max_calls": 2}}
    fcc.run(chain({"a": step}), out=tmp_path / "r", model=paid(asked))
    for _ in range(3):
        assert resume(tmp_path / "r", model=paid(asked)).status == "stopped"
    assert len(asked) == 2


def test_an_id_that_is_used_again_is_another_run(tmp_path: Path) -> None:
    """After its folder was deleted, the ledger's rows of the old run serve nothing."""
    asked: list[str] = []
    folder = tmp_path / ".fcc" / "runs" / "x"
    steps = {"a": STEP, "b": {**STEP, "needs": ["a"]}}
    fcc.run(chain(steps), out=folder, run_id="x", model=paid(asked))
    import shutil

    shutil.rmtree(folder)
    fcc.run(chain(steps), out=folder, run_id="x", model=paid(asked), limits=RunLimits(max_calls=1))
    resume(folder, model=paid(asked), limits=RunLimits(max_calls=9))
    assert asked == ["a/0/0/0/0", "b/0/0/0/0"] * 2


def test_a_copy_of_a_run_pays_for_nothing_again(tmp_path: Path) -> None:
    """The record's own replies are known, with or without its ledger; the plan says the same."""
    import shutil

    down = [True]
    asked: list[str] = []

    async def answer(request: ModelRequest) -> ModelReply:
        asked.append(request.call_id)
        if "/1/" in request.call_id and down:
            raise UnavailableError("down")
        return ModelReply(
            (await DeterministicProvider().complete(request)).text, "m", "live", Usage(1, 2), 0.0
        )

    model = FunctionProvider(answer)
    made = chain({"a": {**STEP, "until": {"condition": "round >= 1"}}})
    fcc.run(made, out=tmp_path / "r", model=model)
    shutil.copytree(tmp_path / "r", tmp_path / "copy", ignore=shutil.ignore_patterns("ledger.db*"))
    down.clear()
    asked.clear()
    (row,) = prepare_again(tmp_path / "copy", RunRequest("", model=model)).preview().steps
    assert (row.action, row.causes[0].kind) == ("ask", "until")
    resume(tmp_path / "copy", model=model)
    assert asked == ["a/0/1/0/0"]


def test_a_reused_folder_is_found_again_when_the_run_goes_on(tmp_path: Path) -> None:
    """Also where it is none of the workspace's runs."""
    asked: list[str] = []
    steps = {
        "a": STEP,
        "b": {**STEP, "needs": ["a"], "task": STEP["task"] + "{{ inputs.n }}"},
        "c": {**STEP, "needs": ["b"]},
    }
    made = chain(steps, inputs={"n": {"type": "integer", "default": 1}})
    fcc.run(made, out=tmp_path / "A", model=paid())
    limits = RunLimits(max_calls=0)
    stopped = fcc.run(
        made, out=tmp_path / "B", model=paid(asked), reuse=tmp_path / "A", inputs={"n": 2}, limits=limits
    )
    assert stopped.reuse == (str(tmp_path / "A"),)
    done = resume(tmp_path / "B", model=paid(asked), limits=RunLimits(max_calls=9))
    assert done.status == "completed"
    assert "a/0/0/0/0" not in asked


def test_unscored_runs_stay_unscored(tmp_path: Path) -> None:
    """A run made without scores gets none when it goes on."""
    steps = {"a": STEP, "b": {**STEP, "needs": ["a"]}}
    fcc.run(chain(steps), out=tmp_path / "r", model=paid(), assess=False, limits=RunLimits(max_calls=1))
    assert resume(tmp_path / "r", model=paid(), limits=RunLimits(max_calls=9)).verdict is None


def test_files_of_steps_that_are_not_in_the_record_are_removed(tmp_path: Path) -> None:
    """What a killed part had written, and a stopped one has not come to, is not left behind."""
    steps = {"a": STEP, "b": {**STEP, "needs": ["a"]}}
    fcc.run(chain(steps), out=tmp_path / "r", model=paid(), limits=RunLimits(max_calls=1))
    (tmp_path / "r" / "outputs" / "b.md").write_text("half of a run that was killed")
    (tmp_path / "r" / "artifacts" / "b").mkdir(parents=True)
    resume(tmp_path / "r", model=paid(), limits=RunLimits(max_calls=1))
    assert holds(tmp_path / "r")


def test_a_run_that_was_resumed_and_killed_at_once_verifies(tmp_path: Path) -> None:
    """The log tells of a resumption that had saved nothing yet."""
    fcc.run(chain({"a": STEP, "b": STEP}), out=tmp_path / "r", model=paid(), limits=RunLimits(max_calls=1))
    from fcc.messaging import Event, EventType
    from fcc.simulation.event_log import EventLog

    log, _ = EventLog.reopen(tmp_path / "r" / "events.jsonl")
    log.append(Event(EventType.RUN_RESUMED, "runner", {}, RunRecord.read(tmp_path / "r" / "run.json").id))
    log.close()
    assert holds(tmp_path / "r")


def test_a_line_that_could_not_be_written_leaves_a_whole_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of it is taken back, and nothing follows; with space again the run goes on with an unbroken chain."""
    from fcc.errors import StorageError
    from fcc.simulation.event_log import EventLog

    written, write = [], EventLog._write

    def full(self: EventLog, data: bytes) -> None:
        written.append(data)
        if len(written) == 5:
            write(self, data[:20])
            raise OSError(28, "No space left on device")
        write(self, data)

    monkeypatch.setattr(EventLog, "_write", full)
    with pytest.raises(StorageError):
        fcc.run(chain({"a": STEP, "b": {**STEP, "needs": ["a"]}}), out=tmp_path / "r", model=paid())
    monkeypatch.undo()
    assert resume(tmp_path / "r", model=paid()).status == "completed"
    assert holds(tmp_path / "r")


# names and secrets


def test_keys_go_before_methods_in_templates() -> None:
    """An input, a step or a part of a document called `items` is that, and not a method of what holds it."""
    made = chain(
        {
            "items": STEP,
            "b": {
                "persona": "JUS",
                "needs": ["items"],
                "task": "{{ inputs.values }} {{ events.e.keys }} {{ handoff.items }}",
            },
        },
        inputs={"values": {"default": "V"}},
        events={"e": {}},
    )
    task = fcc.run(made, on={"e": {"keys": "K"}}).step("b").calls[0].request.messages[1].content
    assert task.startswith("V K <material-")


SECRET = 'pä"ss-word-1'


def test_a_secret_anywhere_in_a_plan_reaches_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a task, an item, an environment's input, a question, a description: no model, no file, no name of one; and the
    record verifies and goes on.
    """
    monkeypatch.setenv("SOME_API_KEY", "very-secret-value-123")
    monkeypatch.setenv("Z_TOKEN", SECRET)
    seen: list[str] = []

    def answer(request: ModelRequest) -> str:
        seen.append(request.call_id + request.messages[1].content)
        return "Some plain answer to the question."

    steps = {
        "a": {
            "persona": "JUS",
            "task": "Use very-secret-value-123 {{ item }} {{ inputs.k }}",
            "foreach": ["very-secret-value-123"],
        },
        "g": {"needs": ["a"], "approve": {"question": "With very-secret-value-123?"}},
    }
    made = chain(
        steps,
        description=SECRET,
        inputs={"k": {"default": "x"}},
        environments={"dev": {"inputs": {"k": "very-secret-value-123"}}},
    )
    out = tmp_path / "r"
    fcc.run(made, out=out, model=FunctionProvider(answer))
    assert seen
    for path in out.rglob("*"):
        assert "very-secret-value-123" not in str(path)
        if path.is_file():
            text = path.read_bytes().decode("utf-8", "replace")
            assert "very-secret-value-123" not in text, path
            assert SECRET not in text
            assert "ss-word-1" not in text
    assert "very-secret-value-123" not in "".join(seen)
    assert holds(out)
    give_approval(out, "dev.g", by="alice", approved=True)
    assert resume(out, model=FunctionProvider(answer)).step("dev.g").gate.by == "alice"
    preview = prepare(
        RunRequest(made, inputs={"k": "very-secret-value-123"}, reuse=RunRecord.read(out / "run.json"))
    ).preview()
    assert "very-secret" not in json.dumps([[cause.text for cause in step.causes] for step in preview.steps])


def test_a_task_in_the_chain_is_never_taken_for_a_prompt_of_that_name(tmp_path: Path) -> None:
    """`prompts/a.task.md.j2` and the task of step `a` are two texts, also when the run goes on."""
    from fcc.agents.plan import make_plan
    from fcc.prompts import PromptTemplate
    from fcc.wiring import open_catalog

    catalog = open_catalog()
    made = chain({"a": STEP, "b": {"persona": "JUS", "needs": ["a"], "prompt": "a.task"}})
    named = PromptTemplate("a.task", "Another text, for b.")
    plan = make_plan(
        made,
        persona=catalog.personas.get,
        prompt=lambda name: named if name == "a.task" else catalog.prompts.get(name),
        policy=catalog.policy,
    )
    fcc.run(plan, out=tmp_path / "r", model=paid(), limits=RunLimits(max_calls=1))
    done = resume(tmp_path / "r", model=paid(), limits=RunLimits(max_calls=9))
    assert done.step("b").calls[0].request.messages[1].content == "Another text, for b."
    assert holds(tmp_path / "r")


# comparing


def test_what_a_model_is_not_shown_is_no_cause() -> None:
    """An output that differs behind the cut, or a document that a prompt does not use: the question was the same."""
    count = iter(range(1000, 2000))

    async def answer(request: ModelRequest) -> str:
        text = (await DeterministicProvider().complete(request)).text
        return f"{text}\n{next(count)}" if request.call_id.startswith("a") else f"{next(count)} {text}"

    made = chain(
        {"a": STEP, "b": {**STEP, "needs": ["a"], "task": "Look: {{ handoff.a }}"}}, events={"e": {}}
    )
    model = FunctionProvider(answer)
    found = diff_runs(
        fcc.run(made, model=model, on={"e": {"n": 1}}), fcc.run(made, model=model, on={"e": {"n": 2}})
    )
    assert [[cause.kind for cause in step.causes] for step in found.steps] == [["sampling"], ["sampling"]]
    assert found.origins == ["a", "b"]


def test_another_until_is_told() -> None:
    """The same first question came to another end."""
    one = fcc.run(chain({"a": {**STEP, "until": {"condition": "round >= 0"}}}), model=paid())

    async def other_words(request: ModelRequest) -> ModelReply:
        reply = await DeterministicProvider().complete(request)
        return reply if len(request.messages) == 2 else ModelReply(reply.text + "\nMore.", "m", "live")

    other = fcc.run(
        chain({"a": {**STEP, "until": {"condition": "round >= 1"}}}), model=FunctionProvider(other_words)
    )
    assert diff_runs(one, other).first.causes[0].kind == "until"


@pytest.mark.parametrize("run_id", ["last"])
def test_last_is_no_id(run_id: str) -> None:
    """It always names the newest run."""
    with pytest.raises(ConfigError, match="always names the newest run"):
        fcc.run("devops-deployment", run_id=run_id)


def test_a_shared_reply_is_not_paid_for_again_nor_counted_when_the_run_goes_on(tmp_path: Path) -> None:
    """Of two runs that share a call, the one that only waited has spent nothing, also after it has been resumed."""
    import asyncio

    from fcc.simulation.caller import ledger_name
    from fcc.simulation.ledger import open_ledger

    runs, asked = tmp_path / ".fcc" / "runs", []
    made = chain({"a": STEP, "b": {**STEP, "needs": ["a"]}}, inputs={"n": {"type": "integer", "default": 1}})
    before = fcc.run(made, model=paid())
    stopped = fcc.run(made, out=runs / "x", run_id="x", model=paid(asked), limits=RunLimits(max_calls=0))
    ledger = open_ledger(runs.parent / "ledger.db")
    call = before.step("a").calls[0]
    shared = ModelReply(call.reply.text, "m", "ledger", Usage(1, 2), 0.01)
    asyncio.run(ledger.put(ledger_name("x", stopped.started), call.key, call.id, shared))
    ledger.release()
    done = resume(runs / "x", model=paid(asked), limits=RunLimits(max_calls=1))
    assert done.status == "completed"
    assert asked == ["b/0/0/0/0"]
    assert done.cost == pytest.approx(0.01)


def test_of_several_steps_that_fail_to_be_kept_none_is_forgotten(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One error ends the run; the others that came with it are not left for the event loop to complain of."""
    import gc

    from fcc.errors import StorageError
    from fcc.simulation.ledger import Ledger

    async def full(self: Ledger, *_: Any) -> None:
        raise StorageError("the disk is full")

    monkeypatch.setattr(Ledger, "put", full)
    with pytest.raises(StorageError, match="the disk is full"):
        fcc.run(chain({f"s{n}": STEP for n in range(4)}), out=tmp_path / "r", model=paid())
    gc.collect()
    assert "never retrieved" not in caplog.text


def test_an_unknown_number_of_tokens_is_not_said_to_be_none() -> None:
    """A prompt that can't be rendered before its input is there has a `?`, and so has the sum."""
    from fcc.reports.plan import plan_report

    bad = {"persona": "JUS", "needs": ["a"], "task": "{{ handoff.a.split('no such text')[1] }}"}
    text = plan_report(prepare(RunRequest(chain({"a": STEP, "b": bad}))).preview())
    assert "? tokens in, ? out" in text
    assert "tokens in unknown" in " ".join(text.split())
