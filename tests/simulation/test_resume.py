"""Runs that go on, and runs that reuse: by key, never by position, and never twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import fcc
from fcc.agents.flow import RunLimits
from fcc.errors import ConfigError, NotFoundError, UnavailableError
from fcc.providers import DeterministicProvider, FunctionProvider, ModelReply, ModelRequest, Usage
from fcc.simulation import RunRecord
from fcc.simulation.run_folder import read_files
from fcc.simulation.verify import verify
from fcc.wiring import edited_since, open_catalog, resume
from fcc.workspace import KINDS


class Counting:
    """A paid model that counts what it is asked; it can be down for some calls."""

    def __init__(self, *, model: str = "paid", down: tuple[str, ...] = (), text: str = "") -> None:
        self.asked: list[str] = []
        self.down = down
        self.text = text
        self.provider = FunctionProvider(self._answer, model=model)

    async def _answer(self, request: ModelRequest) -> ModelReply:
        self.asked.append(request.call_id)
        if request.call_id.startswith(self.down or ("-",)):
            raise UnavailableError("down")
        text = self.text or (await DeterministicProvider().complete(request)).text
        return ModelReply(text, "paid", "live", Usage(100, 200), 0.01)


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with a chain of two branches, its persona and its prompt."""
    root = tmp_path / "ws"
    for kind in KINDS:
        (root / kind).mkdir(parents=True)
    (root / "prompts" / "plan.md.j2").write_text(
        "---\nversion: 1\nvariables: [inputs.service]\n---\nPlan the deployment of {{ inputs.service }}.\nProduce: user stories.\n"
    )
    (root / "personas" / "own.yaml").write_text(
        "personas:\n- id: OWN\n  version: 1\n  name: Own\n  fcc_phase: Create\n  role_title: Owner\n  riscear:\n    role: r\n    inputs: [i]\n"
        "    style: s\n    constraints: [c]\n    expected_output: [e]\n    archetype: a\n    responsibilities: [x]\n"
    )
    (root / "agents" / "two.yaml").write_text(
        "name: two\ninputs:\n  service: {default: checkout}\n  budget: {default: small}\nsteps:\n"
        "  plan: {persona: JUS, prompt: plan}\n"
        "  costs: {persona: OWN, needs: [plan], task: 'Costs within {{ inputs.budget }} of {{ handoff.plan }}'}\n"
        "  infra: {persona: DVE, needs: [plan], task: 'Build on {{ handoff.plan }}\\nImplement:\\n- Dockerfile'}\n"
        "  sum: {persona: ASC, needs: [costs, infra], task: 'Sum up {{ handoff.costs }} and {{ handoff.infra }}'}\n"
    )
    monkeypatch.chdir(root)
    return root


def runs(root: Path, name: str) -> Path:
    return root / ".fcc" / "runs" / name


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_run_stopped_at_a_limit_goes_on_with_a_higher_one(workspace: Path) -> None:
    """Nothing that was answered is asked again, and what was spent before counts."""
    model = Counting()
    stopped = fcc.run(
        "two",
        model=model.provider,
        out=runs(workspace, "r"),
        run_id="r",
        limits=RunLimits(max_calls=2, concurrency=1),
    )
    assert stopped.status == "stopped"
    again = resume("r", model=model.provider)
    assert (again.status, again.error.message) == ("stopped", "the run has made 2 model calls of at most 2")
    done = resume("r", model=model.provider, limits=RunLimits(max_calls=4))
    assert done.status == "completed"
    assert sorted(model.asked) == sorted(["plan/0/0/0/0", "costs/0/0/0/0", "infra/0/0/0/0", "sum/0/0/0/0"])
    assert done.cost == pytest.approx(0.04)
    assert done.started == stopped.started
    assert verify(*read_files(runs(workspace, "r"))).flaws == ()


def test_a_run_with_an_outage_asks_only_for_what_is_missing(workspace: Path) -> None:
    """The step that failed and the one that was skipped are asked; the record is that of a run without an outage."""
    model = Counting(down=("infra",))
    broken = fcc.run("two", model=model.provider, out=runs(workspace, "r"), run_id="r")
    assert broken.verdict.decision == "NO VERDICT"
    model.asked.clear()
    model.down = ()
    mended = resume("last", model=model.provider)
    assert model.asked == ["infra/0/0/0/0", "sum/0/0/0/0"]
    whole = fcc.run("two", model=Counting().provider)
    assert mended.verdict == whole.verdict
    assert mended.outputs == whole.outputs
    assert [call.key for call in mended.calls] == [call.key for call in whole.calls]


def test_a_run_that_is_over_is_left_as_it_is(workspace: Path) -> None:
    """Resumed, or run again under its id, it gives its record, asks nothing and writes nothing."""
    model = Counting()
    record = fcc.run("two", model=model.provider, out=runs(workspace, "r"), run_id="r")
    before = (runs(workspace, "r") / "events.jsonl").read_bytes()
    model.asked.clear()
    for again in (
        resume("r", model=model.provider),
        fcc.run("two", model=model.provider, out=runs(workspace, "r"), run_id="r"),
    ):
        assert again.verdict == record.verdict
    assert model.asked == []
    assert (runs(workspace, "r") / "events.jsonl").read_bytes() == before


def test_an_id_with_other_content_is_refused(workspace: Path) -> None:
    """Inputs, chain, persona, prompt, model: each is named, and nothing is asked."""
    model = Counting()
    out = runs(workspace, "r")
    fcc.run("two", model=model.provider, out=out, run_id="r")
    before = (out / "run.json").read_bytes()
    with pytest.raises(ConfigError, match="its inputs differ"):
        fcc.run("two", model=model.provider, out=out, run_id="r", inputs={"service": "x"})
    with pytest.raises(ConfigError, match="its models differ"):
        fcc.run("two", model=Counting(model="other").provider, out=out, run_id="r")
    edit(workspace / "personas" / "own.yaml", "style: s", "style: t")
    edit(workspace / "prompts" / "plan.md.j2", "Plan the", "Describe the")
    with pytest.raises(ConfigError, match="its personas and prompts differ"):
        fcc.run("two", model=model.provider, out=out, run_id="r")
    assert (out / "run.json").read_bytes() == before
    assert len(model.asked) == 4


def test_an_edit_between_stop_and_resume_waits(workspace: Path) -> None:
    """The run goes on with what it recorded; what has been edited since is told."""
    model = Counting()
    fcc.run("two", model=model.provider, out=runs(workspace, "r"), run_id="r", limits=RunLimits(max_calls=1))
    edit(workspace / "personas" / "own.yaml", "style: s", "style: t")
    edit(workspace / "prompts" / "plan.md.j2", "Plan the", "Describe the")
    edit(workspace / "agents" / "two.yaml", "Sum up", "Add up")
    record = RunRecord.read(runs(workspace, "r") / "run.json")
    assert edited_since(record, open_catalog()) == [
        "the chain",
        "persona OWN",
        "prompt plan",
    ]
    done = resume("r", model=model.provider, limits=RunLimits(max_calls=9))
    assert done.step("sum").calls[0].request.messages[1].content.startswith("Sum up")
    assert len(model.asked) == 4


def test_a_torn_log_is_mended_and_noted(workspace: Path) -> None:
    """What a crash left of the last line is taken off, and the log says so."""
    model = Counting()
    fcc.run("two", model=model.provider, out=runs(workspace, "r"), run_id="r", limits=RunLimits(max_calls=1))
    with (runs(workspace, "r") / "events.jsonl").open("a") as log:
        log.write('{"seq": 99, "torn')
    assert "torn" in str(verify(*read_files(runs(workspace, "r"))).flaws[0])
    resume("r", model=model.provider, limits=RunLimits(max_calls=9))
    lines = [json.loads(line) for line in (runs(workspace, "r") / "events.jsonl").read_text().splitlines()]
    assert [line["payload"]["bytes"] for line in lines if line["type"] == "log.repaired"] == [17]
    assert verify(*read_files(runs(workspace, "r"))).flaws == ()


def test_the_steps_that_are_left_can_ask_another_model(workspace: Path) -> None:
    """What was finished stays with the model that gave it; each call says which answered."""
    first, second = Counting(model="first"), Counting(model="second")
    fcc.run("two", model=first.provider, out=runs(workspace, "r"), run_id="r", limits=RunLimits(max_calls=1))
    done = resume("r", model=second.provider, limits=RunLimits(max_calls=9))
    assert [call.backend for call in done.calls] == ["function/first/1", *["function/second/1"] * 3]
    assert first.asked == ["plan/0/0/0/0"]
    assert verify(*read_files(runs(workspace, "r"))).flaws == ()


def test_a_provider_of_ones_own_must_be_given_again(workspace: Path) -> None:
    """The record can't hold a Python function, and says so."""
    fcc.run(
        "two", model=Counting().provider, out=runs(workspace, "r"), run_id="r", limits=RunLimits(max_calls=1)
    )
    with pytest.raises(ConfigError, match="was answered by function/paid/1, which the record can't hold"):
        resume("r")
    with pytest.raises(NotFoundError, match="did you mean r"):
        resume("rr")


def test_a_moved_folder_goes_on_where_it_is(workspace: Path, tmp_path: Path) -> None:
    """The record alone is enough, in another place and without the workspace."""
    model = Counting()
    fcc.run(
        "two",
        model=model.provider,
        out=runs(workspace, "r"),
        run_id="r",
        limits=RunLimits(max_calls=2, concurrency=1),
    )
    moved = tmp_path / "elsewhere"
    runs(workspace, "r").rename(moved)
    assert resume(moved, model=model.provider, limits=RunLimits(max_calls=9)).status == "completed"
    assert len(model.asked) == 4


def test_a_run_killed_before_its_record_begins_anew(tmp_path: Path) -> None:
    """A folder with nothing but an empty log had asked nobody."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "events.jsonl").write_bytes(b'{"half')
    record = fcc.run("devops-deployment", out=tmp_path / "run", run_id="r")
    assert record.verdict.decision == "APPROVED"
    assert verify(*read_files(tmp_path / "run")).flaws == ()


def test_one_run_is_run_by_one_process_at_a_time(workspace: Path) -> None:
    """Going on with a run that is going on is refused."""
    from fcc.simulation.event_log import EventLog

    fcc.run(
        "two", model=Counting().provider, out=runs(workspace, "r"), run_id="r", limits=RunLimits(max_calls=1)
    )
    log, _ = EventLog.reopen(runs(workspace, "r") / "events.jsonl")
    with pytest.raises(ConfigError, match="is being run just now"):
        resume("r", model=Counting().provider)
    log.close()


# reuse


@pytest.fixture
def before(workspace: Path) -> Path:
    """The workspace, with a finished run `before` in it."""
    fcc.run("two", model=Counting().provider, out=runs(workspace, "before"), run_id="before")
    return workspace


def asked_again(root: Path, **options: Any) -> list[str]:
    model = Counting()
    record = fcc.run("two", model=model.provider, reuse="last", **options)
    reused = [call for call in record.calls if call.reused_from]
    assert {call.reused_from for call in reused} <= {"before"}
    assert {call.reply.origin for call in reused} <= {"ledger"}
    assert len(reused) + len(model.asked) == 4
    return [call.split("/")[0] for call in model.asked]


def test_nothing_changed_asks_nothing(before: Path) -> None:
    """Every reply is taken from the run before, and the new run has cost nothing."""
    model = Counting()
    record = fcc.run("two", model=model.provider, reuse="before")
    assert model.asked == []
    assert record.cost == 0
    assert record.reuse == ("before",)


@pytest.mark.parametrize(
    ("what", "asked"),
    [
        ("persona", ["costs", "sum"]),
        ("prompt", ["plan", "costs", "infra", "sum"]),
        ("step", ["infra", "sum"]),
        ("input", ["costs", "sum"]),
        ("description", []),
    ],
)
def test_only_what_an_edit_reaches_is_asked_again(before: Path, what: str, asked: list[str]) -> None:
    """A card, a template, a step or an input: the steps that see it and those after them."""
    options: dict[str, Any] = {}
    if what == "persona":
        edit(before / "personas" / "own.yaml", "style: s", "style: quite different")
    elif what == "prompt":
        edit(
            before / "prompts" / "plan.md.j2",
            "Plan the deployment",
            "Describe how to deploy it: the deployment",
        )
    elif what == "step":
        edit(before / "agents" / "two.yaml", "Build on", "Make it large, on")
    elif what == "input":
        options["inputs"] = {"budget": "large"}
    else:
        edit(before / "agents" / "two.yaml", "name: two", "name: two\ndescription: Something else.")
    again = asked_again(before, **options)
    assert again[:1] == asked[:1]
    assert set(again) <= set(asked)  # an answer that stays the same ends the spread


def test_an_edit_whose_answer_stays_the_same_goes_no_further(before: Path) -> None:
    """What comes after is asked by what it is sent, not by who has changed before it."""
    model = Counting(text=RunRecord.read(runs(before, "before") / "run.json").outputs["costs"])
    edit(before / "personas" / "own.yaml", "style: s", "style: quite different")
    fcc.run("two", model=model.provider, reuse="before")
    assert model.asked == ["costs/0/0/0/0"]


def test_a_run_sees_only_its_own_replies_unless_told_otherwise(before: Path) -> None:
    """Without `reuse` each run pays for itself."""
    model = Counting()
    fcc.run("two", model=model.provider, out=runs(before, "other"), run_id="other")
    assert len(model.asked) == 4


def test_runs_that_reuse_the_same_run_at_once_pay_once(before: Path) -> None:
    """Two that ask the same in one process share the call; each says whose it was."""
    import asyncio

    model = Counting()

    async def both() -> list[RunRecord]:
        options: dict[str, Any] = {"model": model.provider, "reuse": "before", "inputs": {"budget": "large"}}
        return await asyncio.gather(
            fcc.arun("two", out=runs(before, "a"), run_id="a", **options),
            fcc.arun("two", out=runs(before, "b"), run_id="b", **options),
        )

    one, other = asyncio.run(both())
    assert sorted(model.asked) == ["costs/0/0/0/0", "sum/0/0/0/0"]
    assert one.outputs == other.outputs
    assert {call.reused_from for call in other.calls} == {"before", "a"}


def test_a_reused_run_can_itself_be_reused_and_resumed(before: Path) -> None:
    """Replies are passed on with the run that has them; going on keeps the permission."""
    model = Counting()
    record = fcc.run("two", model=model.provider, out=runs(before, "second"), run_id="second", reuse="before", inputs={"budget": "x"},
                     limits=RunLimits(max_calls=1))  # fmt: skip
    assert record.status == "stopped"
    done = resume("second", model=model.provider, limits=RunLimits(max_calls=5))
    assert done.status == "completed"
    assert model.asked == ["costs/0/0/0/0", "sum/0/0/0/0"]
    model.asked.clear()
    fcc.run("two", model=model.provider, reuse="second", inputs={"budget": "x"})
    assert model.asked == []


def test_two_endpoints_of_one_model_never_share_a_reply(workspace: Path) -> None:
    """Two profiles that call different servers by the same model name are two backends."""
    from fcc.wiring import prepare
    from fcc.wiring.preparing import RunRequest

    for name in ("one", "two"):
        (workspace / "providers" / f"{name}.yaml").write_text(
            "model: openai/m\napi_base: http://127.0.0.1:1/v1\n"
        )
    keys = set()
    for name in ("one", "two"):
        prepared = prepare(RunRequest("two", model=name))
        from fcc.agents import unfold
        from fcc.simulation.prompting import first_ask
        from fcc.simulation.world import World

        units = {unit.name: unit for unit in unfold(prepared.plan, prepared.order.inputs)}
        world = World(prepared.plan, units, prepared.order.inputs, {})
        keys.add(first_ask(world, units["plan"]).to(prepared.backends.by_step["plan"][0]).key)
    assert len(keys) == 2


def test_profiles_are_in_the_record(workspace: Path) -> None:
    """A profile edited between kill and resume waits, too: the record holds it, and names no key."""
    from fcc.wiring import prepare, prepare_again
    from fcc.wiring.preparing import RunRequest

    path = workspace / "providers" / "lab.yaml"
    path.write_text(
        "model: openai/m\napi_base: http://127.0.0.1:1/v1\nattempts: 1\nsampling: {temperature: 0}\n"
    )
    record = fcc.run("two", model="lab", out=runs(workspace, "r"), run_id="r")
    assert record.profiles["lab"]["sampling"] == {"temperature": 0.0}
    path.write_text("model: openai/other\napi_base: http://127.0.0.1:2/v1\n")
    again = prepare_again(runs(workspace, "r"), RunRequest(""))
    assert again.backends.by_step["plan"][0].model == "openai/m"
    assert prepare(RunRequest("two", model="lab")).backends.by_step["plan"][0].model == "openai/other"
