"""Runs: what is recorded, what happens when a model does not answer, and what an interruption leaves."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

import fcc
from fcc.errors import AuthenticationError, ConfigError, StorageError, UnavailableError
from fcc.messaging import EventBus
from fcc.providers import DeterministicProvider, FunctionProvider, ModelReply, ModelRequest
from fcc.simulation import RunFolder, RunRecord
from fcc.wiring import open_catalog

GOOD = "Facts: service checkout.\n\n## Plan\n" + "\n".join(
    f"- Step {n}: the team checks item {n} against the agreed target of {n * 10} ms and writes the result down."
    for n in range(1, 12)
)


def answer(request: ModelRequest) -> str:
    return f"{GOOD}\n\nThis answers {request.call_id}.\n\n```yaml path={request.call_id.split('/')[0]}.yaml\na: 1\n```\n"


def failing(step: str, error: Exception) -> FunctionProvider:
    async def function(request: ModelRequest) -> ModelReply:
        if request.call_id.startswith(step):
            raise error
        return await DeterministicProvider().complete(request)

    return FunctionProvider(function)


def test_a_run_records_everything() -> None:
    """Chain, personas, prompts, inputs, each call with its key and fingerprints, hand-offs, artifacts and verdict."""
    record = fcc.run("devops-deployment", model=FunctionProvider(answer), inputs={"model": "m1"}, run_id="r1")
    assert record.schema == "fcc.run/1"
    assert record.status == "completed"
    assert list(record.outputs) == ["requirements", "pipeline", "infrastructure", "monitoring"]
    assert record.inputs["model"] == "m1"
    assert record.inputs["framework"] == "scikit-learn"
    assert set(record.personas) == {"JUS", "PBD", "DVE", "ASC"}
    assert "system" in record.prompts
    step = record.step("pipeline")
    call = step.calls[0]
    assert call.request.messages[0].content.startswith("You are Pipeline Builder (PBD)")
    assert record.outputs["requirements"][:500] in call.request.messages[1].content
    assert record.outputs["requirements"][:501] not in call.request.messages[1].content
    assert set(call.fingerprints) == {"persona", "template", "inputs", "upstream", "handoff"}
    assert len(call.key) == 64
    assert step.handoffs[0].lost == len(record.outputs["requirements"]) - 500
    assert [a.path for a in step.artifacts] == ["pipeline.yaml"]
    assert record.verdict is not None


def test_an_outage_is_no_verdict_and_sinks_only_what_needs_it() -> None:
    """The failed step says why, what needs it is skipped, what came before stays; nothing is scored as zero."""
    error = UnavailableError("the server is down", hint="Try later.")
    record = fcc.run("devops-deployment", model=failing("pipeline", error))
    assert [step.status for step in record.steps] == ["completed", "failed", "skipped", "skipped"]
    assert record.step("pipeline").error.hint == "Try later."
    assert record.step("pipeline").calls[0].error.code == "unavailable"
    assert record.step("infrastructure").error.message == "it needs pipeline, which gave no output"
    assert record.verdict.decision == "NO VERDICT"
    assert record.verdict.overall is None
    assert [area.score is None for area in record.verdict.areas] == [False, True, True, True]


def test_a_bad_answer_is_a_judged_no() -> None:
    """A model that refuses is blocked: that is evidence, not an outage."""
    record = fcc.run(
        "devops-deployment", model=FunctionProvider(lambda _: "I'm sorry, but I can't help with that.")
    )
    assert record.verdict.decision == "BLOCKED"


def test_one_step_can_have_a_model_of_its_own() -> None:
    """A mapping names steps; the rest keep the default, and the record says which backend answered."""
    record = fcc.run("devops-deployment", model={"pipeline": FunctionProvider(answer, model="other")})
    assert record.models["pipeline"].startswith("function/other")
    assert record.models["requirements"].startswith("deterministic/")
    with pytest.raises(ConfigError, match="no step 'pipelin'; did you mean `pipeline`"):
        fcc.run("devops-deployment", model={"pipelin": "deterministic"})


def test_a_run_writes_its_folder(tmp_path: Path) -> None:
    """Record, event log with its hash chain, outputs and artifacts; the record reads back as it was."""
    import hashlib

    out = tmp_path / "out"
    record = fcc.run("devops-deployment", model=FunctionProvider(answer), out=out)
    assert RunRecord.read(out / "run.json") == RunRecord.from_json(record.to_json())
    assert (out / "outputs" / "pipeline.md").read_text() == record.outputs["pipeline"]
    assert (out / "artifacts" / "pipeline" / "pipeline.yaml").read_text() == "a: 1\n"
    lines = (out / "events.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    assert [event["seq"] for event in events] == list(range(len(events)))
    assert events[0]["type"] == "run.started"
    assert events[-1]["type"] == "run.completed"
    assert events[0]["prev"] == "0" * 64
    for before, event in zip(lines, events[1:], strict=False):
        assert event["prev"] == hashlib.sha256(before.encode()).hexdigest()
    assert {event["run"] for event in events} == {record.id}
    assert not list(out.rglob("*.tmp"))


def test_runs_that_share_a_bus_keep_their_logs_apart(tmp_path: Path) -> None:
    """Each folder holds the events of its own run, in an unbroken sequence."""
    bus = EventBus()

    async def both() -> None:
        options = {"model": FunctionProvider(answer), "bus": bus}
        runs = (fcc.arun("devops-deployment", out=tmp_path / n, run_id=n, **options) for n in ("a", "b"))
        await asyncio.gather(*runs)

    asyncio.run(both())
    for name in ("a", "b"):
        events = [json.loads(line) for line in (tmp_path / name / "events.jsonl").read_text().splitlines()]
        assert {event["run"] for event in events} == {name}
        assert [event["seq"] for event in events] == list(range(len(events)))


def test_threads_that_share_a_bus_lose_no_line(tmp_path: Path) -> None:
    """A log is whole when its run returns, even while another thread still delivers to slow subscribers."""
    import threading
    import time

    bus = EventBus()
    bus.subscribe(lambda _event: time.sleep(0.001))

    def work(name: str) -> None:
        fcc.run(
            "devops-deployment", model=FunctionProvider(answer), bus=bus, out=tmp_path / name, run_id=name
        )

    threads = [threading.Thread(target=work, args=(name,)) for name in ("a", "b", "c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name in ("a", "b", "c"):
        events = [json.loads(line) for line in (tmp_path / name / "events.jsonl").read_text().splitlines()]
        assert events[-1]["type"] == "run.completed"
        assert {event["run"] for event in events} == {name}
        assert [event["seq"] for event in events] == list(range(len(events)))
    assert bus.failures == []


def test_events_tell_the_whole_story() -> None:
    """Run, steps, hand-offs, calls and the gate are published in the order in which they happen."""
    bus, seen = EventBus(), []
    bus.subscribe(lambda event: seen.append(event.event_type.value))
    fcc.run("devops-deployment", model=failing("monitoring", AuthenticationError("no key")), bus=bus)
    call = ["model_call.started", "model_call.completed", "step.completed"]
    assert seen == [
        "run.started",
        *("step.started", *call),
        *("step.started", "handoff.made", *call) * 2,
        *("step.started", "handoff.made", "model_call.started", "model_call.failed", "step.failed"),
        "collaboration.gate.decided",
        "run.completed",
    ]


def test_an_existing_folder_is_not_overwritten(tmp_path: Path) -> None:
    """A second run into the same folder is refused before anything is asked."""
    out = tmp_path / "out"
    fcc.run("devops-deployment", model=FunctionProvider(answer), out=out)
    before = (out / "run.json").read_bytes()
    with pytest.raises(ConfigError, match="holds a run already"):
        fcc.run("devops-deployment", out=out)
    assert (out / "run.json").read_bytes() == before
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConfigError, match="is a file"):
        fcc.run("devops-deployment", out=tmp_path / "file")


def test_an_interruption_leaves_a_whole_record(tmp_path: Path) -> None:
    """A run cancelled in its second step keeps the first, and says that it was interrupted."""
    out = tmp_path / "out"

    async def slow(request: ModelRequest) -> str:
        if request.call_id.startswith("pipeline"):
            await asyncio.sleep(60)
        return answer(request)

    async def scenario() -> None:
        task = asyncio.create_task(fcc.arun("devops-deployment", model=FunctionProvider(slow), out=out))
        async with asyncio.timeout(20):
            while not (out / "outputs" / "requirements.md").exists():
                await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(scenario())
    record = RunRecord.read(out / "run.json")
    assert record.status == "interrupted"
    assert list(record.outputs) == ["requirements"]
    assert record.verdict is None
    last = json.loads((out / "events.jsonl").read_text().splitlines()[-1])
    assert last["type"] == "run.interrupted"


@pytest.mark.parametrize("fails_at", ["events.jsonl", "run.json", "requirements.md", "pipeline.yaml"])
def test_a_full_disk_is_a_storage_error_and_leaves_whole_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails_at: str
) -> None:
    """Whichever file can't be written, the run stops with one error, and what stands on disk can be read."""
    import errno

    from fcc.simulation.event_log import EventLog

    original, append = Path.open, EventLog._write
    calls = {"n": 0}

    def full(self: Path, mode: str = "r", *rest, **named):
        if fails_at in self.name and ("w" in mode or "a" in mode):
            calls["n"] += 1
            if calls["n"] > 1 or fails_at != "run.json":
                raise OSError(errno.ENOSPC, "No space left on device")
        return original(self, mode, *rest, **named)

    def full_log(self: EventLog, data: bytes) -> None:
        if fails_at == "events.jsonl":
            raise OSError(errno.ENOSPC, "No space left on device")
        append(self, data)

    monkeypatch.setattr(Path, "open", full)
    monkeypatch.setattr(EventLog, "_write", full_log)
    with pytest.raises(StorageError, match="No space left on device"):
        fcc.run("devops-deployment", model=FunctionProvider(answer), out=tmp_path / "out")
    monkeypatch.undo()
    if fails_at != "events.jsonl":
        assert RunRecord.read(tmp_path / "out" / "run.json").status in {"running", "failed"}
    assert not list((tmp_path / "out").rglob("*.tmp"))


def test_a_secret_of_the_environment_reaches_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that repeats a key does not get it into the record, the events or the outputs."""
    monkeypatch.setenv("SOME_API_KEY", "very-secret-value-1")
    out = tmp_path / "out"
    leaky = FunctionProvider(
        lambda r: f"{answer(r)} very-secret-value-1\n```txt path=k.txt\nvery-secret-value-1\n```"
    )
    fcc.run("devops-deployment", model=leaky, out=out, inputs={"model": "very-secret-value-1"})
    for path in out.rglob("*"):
        if path.is_file():
            assert "very-secret-value-1" not in path.read_text(), path


def test_half_a_surrogate_pair_is_replaced(tmp_path: Path) -> None:
    """A reply that no file could hold is kept with U+FFFD in its place; an input like that is refused."""
    record = fcc.run("devops-deployment", model=FunctionProvider(lambda _: "a\ud800b"), out=tmp_path / "out")
    assert set(record.outputs.values()) == {"a\ufffd\ufffd\ufffdb"}
    with pytest.raises(ConfigError, match="no JSON value in UTF-8"):
        fcc.run("devops-deployment", inputs={"model": "a\udcffb"})


def test_a_reply_that_was_cut_is_a_finding() -> None:
    """`finish_reason: length` is said beside the score."""
    cut = FunctionProvider(lambda r: ModelReply(answer(r), "m", "function", finish_reason="length"))
    record = fcc.run("devops-deployment", model=cut)
    assert "reply-cut" in [finding.rule for finding in record.steps[0].findings]


def test_run_works_inside_a_running_loop() -> None:
    """In a notebook, where a loop is running, `run` gives the same record as elsewhere."""

    async def notebook() -> RunRecord:
        return fcc.run("devops-deployment")

    assert asyncio.run(notebook()).outputs == fcc.run("devops-deployment").outputs


def test_without_an_assessor_there_is_no_verdict() -> None:
    """`assess=False` scores nothing and claims nothing."""
    record = fcc.run("devops-deployment", model=FunctionProvider(answer), assess=False)
    assert record.verdict is None
    assert record.steps[0].score is None


def test_a_plan_can_be_run_again_and_again() -> None:
    """A plan made once runs many times at once, each with a record of its own."""
    plan = open_catalog().plan("devops-deployment")

    async def many() -> list[RunRecord]:
        runs = (
            fcc.arun(plan, model=FunctionProvider(answer), run_id=f"r{n}", inputs={"model": f"m{n}"})
            for n in range(20)
        )
        return await asyncio.gather(*runs)

    records = asyncio.run(many())
    assert [record.id for record in records] == [f"r{n}" for n in range(20)]
    for n, record in enumerate(records):
        assert f"deploying: m{n}\n" in record.step("requirements").calls[0].request.messages[1].content


@pytest.mark.parametrize("run_id", ["", "a/b", "..", ".", "x" * 65, "a b", "ü"])
def test_ids_that_are_none_are_refused(run_id: str) -> None:
    """An id is 1 to 64 letters, digits, dots, underscores and hyphens, and no way out of the folder."""
    with pytest.raises(ConfigError, match="is no run id"):
        fcc.run("devops-deployment", run_id=run_id)


class Broken:
    """Somebody's provider, with whatever it does when it is asked."""

    identity = "broken/1"

    def __init__(self, result: object) -> None:
        self.result = result

    async def complete(self, request: ModelRequest) -> ModelReply:
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (ConnectionError("refused"), "Broken raised ConnectionError: refused"),
        (None, "gave no reply"),
        (ModelReply(None, "m", "live"), "gave no reply"),
        (ModelReply("  ", "m", "live"), "m answered nothing"),
    ],
    ids=["raises", "none", "no text", "empty"],
)
def test_any_fault_of_a_provider_is_an_outage(result: object, expected: str) -> None:
    """What is no answer is never scored, whoever wrote the provider."""
    record = fcc.run("devops-deployment", model=Broken(result))
    assert record.verdict.decision == "NO VERDICT"
    assert expected in record.steps[0].error.message


@pytest.mark.parametrize("model", ["", lambda _: "x", 3])
def test_what_is_no_model_is_refused(model: object) -> None:
    """An empty name, as an unset variable gives, does not run the stand-in instead."""
    with pytest.raises(ConfigError, match="is no model"):
        fcc.run("devops-deployment", model=model)


def test_one_folder_is_claimed_once(tmp_path: Path) -> None:
    """Of many that want one folder at the same moment, one gets it."""
    from concurrent.futures import ThreadPoolExecutor

    def claim(_number: int) -> bool:
        try:
            RunFolder.create(tmp_path / "one").close()
        except ConfigError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(claim, range(32))) == 1


def test_ctrl_c_in_a_notebook_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupted while it waits for the run's thread, `run` cancels what it started before it raises."""
    import threading

    asked = []

    async def slow(request: ModelRequest) -> str:
        asked.append(request.call_id)
        await asyncio.sleep(0.3)
        return answer(request)

    join, interrupted = threading.Thread.join, []

    def interrupt(self: threading.Thread, timeout: float | None = None) -> None:
        if self.name == "fcc-run-sync" and not interrupted:
            while not asked:
                join(self, 0.01)
            interrupted.append(True)
            raise KeyboardInterrupt
        join(self, timeout)

    async def notebook() -> None:
        monkeypatch.setattr(threading.Thread, "join", interrupt)
        with pytest.raises(KeyboardInterrupt):
            fcc.run("devops-deployment", model=FunctionProvider(slow))

    asyncio.run(notebook())
    assert len(asked) == 1
