"""What a cassette keeps of a run, and a run as a cassette keeps it. Pure."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from fcc.agents import Plan
from fcc.providers.cassettes import RecordedCall
from fcc.simulation.record import Approval, CallRecord, ErrorRecord, RunRecord, StepRecord
from fcc.simulation.resolved import PARTS, resolve
from fcc.simulation.runner import RunOrder
from fcc.simulation.structured import parse_output
from fcc.simulation.verdict import Finding, Place

_KEPT = (*PARTS, "inputs", "documents", "asked", "profiles", "limits", "approvals")
"""The fields of a record that say what was run; the rest follows, or is of that one run."""


def head_of(plan: Plan, order: RunOrder) -> dict[str, Any]:
    """What a cassette keeps of a run that has only begun: what it is made of."""
    from pydantic_core import to_jsonable_python

    made = {
        **resolve(plan),
        "inputs": order.inputs,
        "documents": order.documents,
        "asked": order.asked,
        "profiles": order.profiles,
    }
    plain: dict[str, Any] = to_jsonable_python({name: value for name, value in made.items() if value})
    return plain


def kept_run(record: RunRecord, streamed: Container[str] = ()) -> dict[str, Any]:
    """What a cassette keeps of a run: what it was made of, each call of the steps that were completed, and rehearsals.

    Args:
        record: the run.
        streamed: the ids of the calls whose replies came as a stream.
    """
    from pydantic_core import to_jsonable_python

    whole: dict[str, Any] = to_jsonable_python(record)
    steps = [
        _step(step, plain, streamed)
        for step, plain in zip(record.steps, whole["steps"], strict=True)
        if (step.calls and not step.unanswered) or (step.rehearsal and step.status == "completed")
    ]
    return {**{name: whole[name] for name in _KEPT if whole[name]}, "steps": steps}


def _step(step: StepRecord, plain: Mapping[str, Any], streamed: Container[str]) -> dict[str, Any]:
    held: dict[str, Any] = {"name": step.name, "persona": step.persona}
    held |= {name: plain[name] for name in ("step", "environment") if plain[name] not in ("", step.name)}
    held |= {
        name: plain[name] for name in ("score", "findings", "unchecked") if plain[name] not in (None, [])
    }
    if step.rehearsal:
        return held | {name: plain[name] for name in ("output", "data", "rehearsal")} | {"calls": []}
    held["calls"] = [
        _call(call, record, streamed) for call, record in zip(step.calls, plain["calls"], strict=True)
    ]
    return held


def _call(call: CallRecord, plain: Mapping[str, Any], streamed: Container[str]) -> dict[str, Any]:
    made = RecordedCall(
        call.id,
        call.key,
        call.backend,
        call.request,
        call.reply,
        streamed=call.id in streamed,
        error=plain["error"],
    )
    judged = {name: plain[name] for name in ("score", "findings") if plain[name] not in (None, [])}
    return {**made.to_dict(), "fingerprints": plain["fingerprints"], **judged}


def record_of(run: Mapping[str, Any], name: str) -> RunRecord:
    """A kept run as a record, as far as it goes: to look ahead with, and to say why something else is asked now."""
    chain: Mapping[str, Any] = run["chain"]["steps"]
    steps = tuple(_step_record(held, chain.get(held.get("step", held["name"]), {})) for held in run["steps"])
    return RunRecord(
        id=name,
        chain=run["chain"],
        personas=run.get("personas", {}),
        prompts=run.get("prompts", {}),
        policy=run.get("policy", {}),
        inputs=run.get("inputs", {}),
        models={step.name: step.calls[-1].backend for step in steps if step.calls},
        status="completed",
        started="",
        steps=steps,
        asked={step: tuple(models) for step, models in run.get("asked", {}).items()},
        profiles=run.get("profiles", {}),
        policies=run.get("policies", {}),
        scenarios=run.get("scenarios", {}),
        documents=run.get("documents", {}),
        limits=run.get("limits", {}),
        approvals=tuple(Approval(**held) for held in run.get("approvals", ())),
    )


def _step_record(held: Mapping[str, Any], step: Mapping[str, Any]) -> StepRecord:
    calls = tuple(_call_record(call, held["name"]) for call in held["calls"])
    last = calls[-1].reply if calls else None
    return StepRecord(
        held["name"],
        held.get("persona", ""),
        "completed",
        calls=calls,
        output=last.text if last is not None else held.get("output", ""),
        findings=_findings(held),
        score=held.get("score"),
        step=held.get("step", held["name"]),
        environment=held.get("environment", ""),
        data=parse_output(last.text, step["output"]["schema"]).value
        if last is not None and "output" in step
        else held.get("data"),
        unchecked=tuple(held.get("unchecked", ())),
        rehearsal=held.get("rehearsal", False),
    )


def _call_record(held: Mapping[str, Any], step: str) -> CallRecord:
    call = RecordedCall.from_dict(held, step)
    return CallRecord(
        call.id,
        call.key,
        call.backend,
        held.get("fingerprints", {}),
        call.request,
        call.reply,
        ErrorRecord(**call.error) if call.error is not None else None,
        score=held.get("score"),
        findings=_findings(held),
    )


def _findings(held: Mapping[str, Any]) -> tuple[Finding, ...]:
    return tuple(
        Finding(**{**finding, "related": tuple(Place(*place) for place in finding.get("related", ()))})
        for finding in held.get("findings", ())
    )
