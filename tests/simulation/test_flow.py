"""Flow: what runs, what is passed over, what is asked again, and what the verdict makes of it."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fcc
from fcc.agents.flow import RunLimits
from fcc.errors import UnavailableError
from fcc.messaging import EventBus, EventType
from fcc.providers import FunctionProvider, ModelReply, ModelRequest, Usage
from fcc.simulation import RunRecord

GOOD = """\
# Plan for the checkout service

The team owns the checkout service and keeps it within the target that was agreed.

## Steps

- Measure latency at the ingress: p99 under 100 ms over five minutes.
- Compare error rates before and after each release; 0.1 % is the most that is allowed.
- Run the load test with 200 users, and keep its report beside the change.
- Review open alerts with whoever is on call, every Monday at 09:00.
- Return to the previous image when two checks fail in a row.

## Who decides

The owner of the service decides on each exception and writes the reason into the change.
"""
ABOUT = "Write the plan by which the team keeps the checkout service within its target: steps, checks and who decides."
STEP = {"persona": "JUS", "task": ABOUT}


def good(request: ModelRequest) -> str:
    return f"{GOOD}\n\nThis answers {request.call_id}.\n"


def chain(steps: dict[str, Any], **more: Any) -> fcc.Chain:
    return fcc.Chain.model_validate({"name": "c", "steps": steps, **more})


def run(steps: dict[str, Any], model: Any = None, *, on: Any = None, **more: Any) -> RunRecord:
    return fcc.run(chain(steps, **more), model=model or FunctionProvider(good), on=on)


def statuses(record: RunRecord) -> dict[str, str]:
    return {
        step.name: f"{step.status} {step.error.code}" if step.error else step.status for step in record.steps
    }


# when


def test_when_decides_on_inputs_and_outputs() -> None:
    """A step whose condition does not hold is skipped, says which, and does not count; the run is approved without it."""
    steps = {
        "a": STEP,
        "fix": {**STEP, "needs": ["a"], "when": "outputs.a.score < 0.1"},
        "ship": {**STEP, "needs": ["a"], "when": 'outputs.a.score >= 0.1 and inputs.env == "prod"'},
    }
    made = chain(steps, inputs={"env": {"default": "dev"}})
    record = fcc.run(made, model=FunctionProvider(good), inputs={"env": "prod"})
    assert statuses(record) == {"a": "completed", "fix": "skipped condition", "ship": "completed"}
    assert record.step("fix").error.message == "`outputs.a.score < 0.1` does not hold"
    assert [area.area for area in record.verdict.areas] == ["a", "ship"]
    assert record.verdict.decision == "APPROVED"


def test_a_join_runs_with_the_branch_that_ran() -> None:
    """Of two branches one runs; what needs both runs with that one's output, and with nothing in the other's place."""
    steps = {
        "a": STEP,
        "left": {**STEP, "needs": ["a"], "when": "outputs.a.errors > 5"},
        "right": {**STEP, "needs": ["a"]},
        "join": {
            "persona": "PBD",
            "needs": ["left", "right"],
            "task": "L[{{ handoff.left }}] R[{{ handoff.right }}]",
        },
        "after_left": {**STEP, "needs": ["left"]},
    }
    record = run(steps)
    assert statuses(record) == {
        "a": "completed", "left": "skipped condition", "right": "completed", "join": "completed",
        "after_left": "skipped condition",
    }  # fmt: skip
    task = record.step("join").calls[0].request.messages[1].content
    assert task.startswith("L[] R[<material-")
    assert [handoff.source for handoff in record.step("join").handoffs] == ["right"]


def test_a_failed_step_does_not_sink_its_siblings() -> None:
    """What depends on it is skipped and marked, the rest runs, and missing evidence makes it NO VERDICT."""

    def answer(request: ModelRequest) -> str:
        if request.call_id.startswith("bad"):
            raise UnavailableError("down")
        return good(request)

    steps = {
        "bad": STEP,
        "good": STEP,
        "child": {**STEP, "needs": ["bad", "good"]},
        "other": {**STEP, "needs": ["good"]},
    }
    record = run(steps, FunctionProvider(answer))
    assert statuses(record) == {
        "bad": "failed unavailable", "good": "completed", "child": "skipped upstream", "other": "completed",
    }  # fmt: skip
    assert record.verdict.decision == "NO VERDICT"
    assert [step.name for step in record.steps] == ["bad", "good", "child", "other"]


# side by side


def test_steps_whose_needs_are_met_run_side_by_side_within_bounds() -> None:
    """Ten steps run at once, but never more than the limit; the record keeps the chain's order."""
    running, most = [], []

    async def slow(request: ModelRequest) -> str:
        running.append(request.call_id)
        most.append(len(running))
        await asyncio.sleep(0.01)
        running.remove(request.call_id)
        return good(request)

    steps = {f"s{n}": STEP for n in range(10)}
    record = fcc.run(
        chain(steps), model=FunctionProvider(slow), limits=RunLimits(concurrency=4), assess=False
    )
    assert max(most) == 4
    assert [step.name for step in record.steps] == list(steps)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 60), st.integers(0, 2**32), st.integers(1, 8))
def test_any_graph_runs_each_step_once_and_after_its_needs(size: int, seed: int, at_once: int) -> None:
    """Whatever the graph and however long each answer takes."""
    dice = random.Random(seed)
    steps: dict[str, Any] = {}
    for n in range(size):
        needs = dice.sample(list(steps), min(len(steps), dice.randrange(4)))
        steps[f"s{n}"] = {**STEP, "needs": needs}
    asked: list[str] = []
    ended: list[str] = []

    async def answer(request: ModelRequest) -> str:
        name = request.call_id.split("/")[0]
        assert set(steps[name]["needs"]) <= set(ended)
        asked.append(name)
        for _ in range(dice.randrange(4)):
            await asyncio.sleep(0)
        ended.append(name)
        return "text"

    shuffled = dict(dice.sample(list(steps.items()), size))
    record = fcc.run(
        chain(shuffled), model=FunctionProvider(answer), limits=RunLimits(concurrency=at_once), assess=False
    )
    assert sorted(asked) == sorted(steps)
    assert {step.status for step in record.steps} == {"completed"}


# until


def refining(*answers: str) -> tuple[FunctionProvider, list[ModelRequest]]:
    requests: list[ModelRequest] = []

    def answer(request: ModelRequest) -> str:
        requests.append(request)
        return answers[min(len(requests), len(answers)) - 1]

    return FunctionProvider(answer), requests


def test_until_asks_again_with_the_findings() -> None:
    """The second question holds the first answer and what was found wrong with it; when the condition holds it is done."""
    model, requests = refining("I'm sorry, but I can't help with that.", GOOD)
    record = run({"a": {**STEP, "until": {"condition": "score >= 0.6", "rounds": 3}}}, model)
    assert [request.call_id for request in requests] == ["a/0/0/0/0", "a/0/1/0/0"]
    roles = [message.role for message in requests[1].messages]
    assert roles == ["system", "user", "assistant", "user"]
    assert requests[1].messages[2].content == "I'm sorry, but I can't help with that."
    critique = requests[1].messages[3].content
    assert "It is accepted when this holds: score >= 0.6" in critique
    assert "the text looks broken" in critique
    step = record.step("a")
    assert step.output == GOOD
    assert len(step.calls) == 2
    assert step.calls[0].score < 0.6
    assert step.calls[0].findings[0].rule == "text-refusal"
    assert record.verdict.decision == "APPROVED"


def test_until_that_never_holds_keeps_the_last_answer_and_says_so() -> None:
    """At most so many rounds; then a warning beside what there is."""
    model, requests = refining(GOOD, GOOD + "\nmore", GOOD + "\nlast")
    record = run({"a": {**STEP, "until": {"condition": "score > 1", "rounds": 2}}}, model)
    assert len(requests) == 3
    assert record.step("a").output.endswith("last")
    (finding,) = [finding for finding in record.step("a").findings if finding.rule == "until-unmet"]
    assert finding.message == "`score > 1` still does not hold, asked again 2 times; the last answer is kept"


def test_until_can_ask_for_the_text() -> None:
    """A condition on the text itself."""
    model, requests = refining(GOOD, f"{GOOD}\nRollback: see below.")
    run({"a": {**STEP, "until": {"condition": '"Rollback" in text'}}}, model)
    assert len(requests) == 2


def test_an_outage_in_a_later_round_fails_the_step() -> None:
    """An answer that was not accepted is not passed off as the result; what was paid for is in the record."""
    requests: list[str] = []

    def answer(request: ModelRequest) -> str:
        requests.append(request.call_id)
        if len(requests) > 1:
            raise UnavailableError("down")
        return GOOD

    record = run({"a": {**STEP, "until": {"condition": "score > 1"}}}, FunctionProvider(answer))
    assert statuses(record) == {"a": "failed unavailable"}
    assert record.step("a").output == ""
    assert record.step("a").calls[0].reply.text == GOOD


# foreach


def test_foreach_runs_once_for_each_item() -> None:
    """Each item has its own prompt, output and area; what needs the step is given all of them."""
    steps = {
        "a": {"persona": "JUS", "task": "For {{ item }}: " + ABOUT, "foreach": "inputs.regions"},
        "b": {
            "persona": "PBD",
            "needs": ["a"],
            "task": "Join {{ handoff.a }}",
            "when": "outputs.a.score > 0.5",
        },
    }
    record = fcc.run(
        chain(steps, inputs={"regions": {"type": "list", "default": ["eu", "us"]}}),
        model=FunctionProvider(good),
    )
    assert list(record.outputs) == ["a.eu", "a.us", "b"]
    assert record.step("a.us").calls[0].request.messages[1].content == "For us: " + ABOUT
    task = record.step("b").calls[0].request.messages[1].content
    assert "This answers a/eu/0/0/0" in task or task.count("<material-") == 2
    assert record.step("a.eu").step == "a"
    assert [area.area for area in record.verdict.areas] == ["a.eu", "a.us", "b"]


def test_of_a_list_only_the_item_that_failed_is_missing() -> None:
    """One item's outage leaves the others' outputs, and skips what needs them all."""

    def answer(request: ModelRequest) -> str:
        if "us" in request.call_id:
            raise UnavailableError("down")
        return good(request)

    record = run(
        {"a": {**STEP, "foreach": ["eu", "us"]}, "b": {**STEP, "needs": ["a"]}}, FunctionProvider(answer)
    )
    assert statuses(record) == {"a.eu": "completed", "a.us": "failed unavailable", "b": "skipped upstream"}
    assert record.step("b").error.message == "it needs a.us, which gave no output"


# environments

PROMOTION = {
    "inputs": {"replicas": {"type": "integer", "default": 1}},
    "environments": {
        "dev": {},
        "staging": {"inputs": {"replicas": 2}},
        "production": {"inputs": {"replicas": 4}},
    },
}
INFRA = {
    "infra": {
        "persona": "DVE",
        "task": "Deploy {{ inputs.replicas }} replicas to {{ environment }}. " + ABOUT,
    }
}


def test_environments_are_promoted_in_order_each_with_its_inputs() -> None:
    """Each environment's prompt has its own values; a gate before each says that the one before is ready."""
    record = run(INFRA, **PROMOTION)
    tasks = [call.request.messages[1].content.removesuffix(f" {ABOUT}") for call in record.calls]
    assert tasks == [
        "Deploy 1 replicas to dev.", "Deploy 2 replicas to staging.", "Deploy 4 replicas to production.",
    ]  # fmt: skip
    gate = record.step("staging").gate
    assert (gate.decision, gate.by, gate.reason) == (
        "open",
        "readiness",
        "the environment before it is ready",
    )
    assert record.verdict.decision == "APPROVED"


def test_promotion_stops_at_the_first_environment_that_is_not_ready() -> None:
    """The gate closes, what lies behind it is passed over, and the run is blocked."""

    def answer(request: ModelRequest) -> str:
        return "I'm sorry, but I can't help with that." if "staging" in request.call_id else good(request)

    record = run(INFRA, FunctionProvider(answer), **PROMOTION)
    assert statuses(record) == {
        "dev.infra": "completed", "staging": "completed", "staging.infra": "completed", "production": "closed",
        "production.infra": "skipped gate",
    }  # fmt: skip
    assert record.verdict.decision == "BLOCKED"
    assert (
        "gate production is closed by readiness: the environment before it is not ready"
        in record.verdict.reasons[1]
    )


def test_an_outage_in_one_environment_keeps_the_run_from_the_next() -> None:
    """What could not be judged is not ready, and makes it NO VERDICT."""

    def answer(request: ModelRequest) -> str:
        if "staging" in request.call_id:
            raise UnavailableError("down")
        return good(request)

    record = run(INFRA, FunctionProvider(answer), **PROMOTION)
    assert statuses(record)["production.infra"] == "skipped upstream"
    assert record.verdict.decision == "NO VERDICT"


def test_an_environment_can_have_a_policy_of_its_own() -> None:
    """Stricter in production than in development: its own steps are judged by it."""
    environments = {"dev": {}, "production": {"readiness": {"ready_at": 1, "approve_at": 1}}}
    record = run(INFRA, **{**PROMOTION, "environments": environments})
    assert {area.area: area.status for area in record.verdict.areas} == {
        "dev.infra": "READY", "production.infra": "NEEDS WORK",
    }  # fmt: skip
    assert record.verdict.decision == "BLOCKED"


# events

ALERT = {"status": "firing", "alerts": [{"labels": {"alertname": "LatencyHigh", "severity": "page"}}]}
ON = {
    "deploy": STEP,
    "rollback": {
        "persona": "ASC", "on": "alert", "needs": ["deploy"], "when": 'events.alert.status == "firing"',
        "task": "Roll back: {{ events.alert.alerts[0].labels.alertname }}\n{{ events.alert }}",
    },
    "report": {**STEP, "needs": ["rollback"]},
}  # fmt: skip


def test_an_event_starts_its_branch() -> None:
    """With the alert the branch runs, with its document in the prompt as fenced material; the record keeps the document."""
    record = run(ON, on={"alert": ALERT}, events={"alert": {}})
    assert set(statuses(record).values()) == {"completed"}
    task = record.step("rollback").calls[0].request.messages[1].content
    assert task.startswith("Roll back: LatencyHigh\n<material-")
    assert '"severity": "page"' in task
    assert record.documents == {"alert": ALERT}


@pytest.mark.parametrize(
    ("on", "reason"),
    [
        ({}, "no alert came"),
        ({"alert": {"status": "resolved"}}, '`events.alert.status == "firing"` does not hold'),
    ],
)
def test_without_its_event_a_branch_is_passed_over(on: dict[str, Any], reason: str) -> None:
    """No alert, or one that is over: the branch does not run and does not count."""
    record = run(ON, on=on, events={"alert": {}})
    assert record.step("rollback").error.message == reason
    assert record.step("report").status == "skipped"
    assert record.verdict.decision == "APPROVED"


# fallback


def test_a_model_that_does_not_answer_is_followed_by_the_next() -> None:
    """The record holds the call that failed and the one that was answered, each with its backend."""
    first = FunctionProvider(lambda _: (_ for _ in ()).throw(UnavailableError("down")), model="first")

    from fcc.simulation import Backend, Runner, RunOrder
    from fcc.wiring import open_catalog

    backends = (Backend(first), Backend(FunctionProvider(good, model="second")))
    plan = open_catalog().plan(chain({"a": STEP}))
    runner = Runner(backends=lambda _: backends, clock=lambda: 0.0)
    record = asyncio.run(runner.run(plan, RunOrder("r", {})))
    calls = record.step("a").calls
    assert [call.backend for call in calls] == ["function/first/1", "function/second/1"]
    assert calls[0].error.code == "unavailable"
    assert calls[0].key != calls[1].key
    assert record.step("a").status == "completed"
    assert record.step("a").model == "second"


# limits


def paid(request: ModelRequest) -> ModelReply:
    return ModelReply(good(request), "m", "live", Usage(10, 20), 0.01)


@pytest.mark.parametrize(
    ("limits", "made", "message"),
    [
        ({"max_calls": 2}, 2, "the run has made 2 model calls of at most 2"),
        ({"max_tokens": 31}, 2, "the run has taken 60 tokens of at most 31"),
        ({"max_cost": 0.02}, 2, "the run has cost $0.0200 of at most $0.0200"),
        ({"max_calls": 0}, 0, "the run has made 0 model calls of at most 0"),
    ],
)
def test_a_run_stops_at_its_limits(limits: dict[str, Any], made: int, message: str) -> None:
    """What was made stays, nothing more is asked, and the record says which limit it was."""
    steps = {"a": STEP, "b": {**STEP, "needs": ["a"]}, "c": {**STEP, "needs": ["b"]}}
    record = run(steps, FunctionProvider(paid), limits=limits)
    assert record.status == "stopped"
    assert record.error.message == message
    assert len(record.calls) == made
    assert record.verdict is None


@pytest.mark.parametrize("limit", ["max_cost", "max_tokens"])
def test_a_limit_that_cannot_be_held_stops_the_run(limit: str) -> None:
    """A model that does not tell its tokens or whose price nobody knows is asked once, and not on."""
    steps = {"a": STEP, "b": {**STEP, "needs": ["a"]}}
    record = run(steps, FunctionProvider(good), limits={limit: 100})
    assert record.status == "stopped"
    assert f"so that {limit.replace('_', '-')} can't be held" in record.error.message


def test_a_step_can_have_limits_of_its_own() -> None:
    """A refinement that would go on for long is stopped by its step's limit."""
    step = {**STEP, "until": {"condition": "score > 1", "rounds": 9}, "limits": {"max_calls": 3}}
    record = run({"a": step}, FunctionProvider(paid))
    assert record.status == "stopped"
    assert record.error.message == "step a has made 3 model calls of at most 3"


@pytest.mark.parametrize("where", ["run", "step"])
def test_a_run_that_takes_too_long_is_stopped(where: str) -> None:
    """The call that is under way is cancelled, and what was finished before is kept."""

    async def slow(request: ModelRequest) -> str:
        await asyncio.sleep(0 if request.call_id.startswith("a") else 60)
        return good(request)

    steps: dict[str, Any] = {"a": STEP, "b": {**STEP, "needs": ["a"]}}
    more: dict[str, Any] = {"limits": {"timeout": 0.5}} if where == "run" else {}
    if where == "step":
        steps["b"]["limits"] = {"timeout": 0.2}
    record = run(steps, FunctionProvider(slow), **more)
    assert record.status == "stopped"
    assert "seconds that it may" in record.error.message
    assert list(record.outputs) == ["a"]


def test_an_offline_run_heeds_a_timeout_between_its_steps() -> None:
    """Without an event loop, too."""
    record = fcc.run("devops-deployment", limits=RunLimits(timeout=1e-6))
    assert record.status == "stopped"
    assert len(record.steps) < 4


# secrets


def test_a_secret_in_an_input_goes_to_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """The value of a variable that is named like a secret is taken out before anything is sent."""
    monkeypatch.setenv("DEPLOY_TOKEN", "very-secret-value-1")
    seen: list[str] = []

    def answer(request: ModelRequest) -> str:
        seen.append(request.messages[1].content)
        return good(request) + "very-secret-value-1"

    record = fcc.run(
        chain({"a": {"persona": "JUS", "task": "{{ inputs.note }}"}}, inputs={"note": {}}),
        model=FunctionProvider(answer),
        inputs={"note": "use very-secret-value-1"},
    )
    assert seen == ["use [redacted:DEPLOY_TOKEN]"]
    assert "very-secret-value-1" not in record.to_json()


def test_events_tell_of_flow() -> None:
    """Skipped steps, gates and reuse have events of their own."""
    bus, seen = EventBus(), []
    bus.subscribe(
        lambda event: seen.append((event.event_type, event.payload.get("step") or event.payload.get("gate")))
    )
    steps = {
        "a": STEP,
        "gate": {"needs": ["a"], "gate": "readiness"},
        "b": {**STEP, "needs": ["gate"], "when": "false"},
    }
    fcc.run(chain(steps), model=FunctionProvider(good), bus=bus)
    assert (EventType.COLLABORATION_GATE_DECIDED, "gate") in seen
    assert (EventType.STEP_SKIPPED, "b") in seen
