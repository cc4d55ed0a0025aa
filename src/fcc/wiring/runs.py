"""`run`, `arun` and `resume`: what Python and the command call."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from fcc.agents import Chain, GatePolicy, Plan
from fcc.agents.flow import RunLimits
from fcc.messaging import Event, EventBus
from fcc.simulation import Approver, RunRecord
from fcc.simulation.run_folder import find_run
from fcc.wiring.backends import Model
from fcc.wiring.catalog import open_catalog
from fcc.wiring.preparing import Place, RunRequest, prepare, prepare_again
from fcc.wiring.replies import Reuse


async def arun(  # noqa: PLR0913 - all but the chain are options, each by its name
    chain: str | Path | Chain | Plan,
    *,
    inputs: Mapping[str, Any] | None = None,
    model: Model | Mapping[str, Model] | None = None,
    out: Path | str | None = None,
    run_id: str | None = None,
    bus: EventBus | None = None,
    workspace: Place = None,
    assess: bool = True,
    on: Mapping[str, Any] | None = None,
    reuse: Reuse = None,
    limits: RunLimits | None = None,
    approver: Approver | None = None,
    approvals: GatePolicy | None = None,
    stream: bool = False,
    inputs_from: str | Path | RunRecord | None = None,
) -> RunRecord:
    """Run a chain and return its record.

    Args:
        chain: a chain, a plan, the name of a chain, or the path of a chain file.
        inputs: values for the chain's inputs; what is left out takes its default. An earlier run (`type: run`) is
            given by its id, `last`, its folder, or as its record.
        model: what answers: `deterministic` (the default), a LiteLLM model string, the name of a profile or of a
            plugin, or a provider. A mapping names steps; `"*"` in it stands for those it does not name.
        out: the run's folder; without one, nothing is written, and nothing can be resumed.
        run_id: 1 to 64 of `A-Za-z0-9._-`; made from the time if not given. Where `out` holds this very run, it goes on.
        bus: where events are published.
        workspace: whose content is used; by default, that of the nearest workspace, over the built-ins.
        assess: whether outputs are scored; without scores the record has no verdict.
        on: the documents of events that came, by the event's name: mappings, as read from JSON.
        reuse: runs whose replies are used again wherever a model would be sent the very same.
        limits: what the run may spend; at one, its status is `stopped`. What is left out is as the chain says.
        approver: asks a person at gates; without one the run's status is `waiting` there.
        approvals: a policy that decides in every person's place where it can.
        stream: whether `bus` is told replies while they come, as `EventType.MODEL_CALL_TEXT`.
        inputs_from: a finished run (its id, `last`, its folder, or the record) whose structured data are taken as
            inputs of the same names; `inputs` go over them.

    Returns:
        The record. An outage is no exception here: the verdict is NO VERDICT, and the step says why.

    Raises:
        ConfigError: something is wrong with the chain, its inputs or the options; nothing was run.
        StorageError: a result could not be written.
    """
    made = (chain, inputs or {}, model, out, run_id, bus, workspace, assess, on or {}, reuse)
    request = RunRequest(*made, limits, approver, approvals, stream, inputs_from=inputs_from)
    return await prepare(request).go()


def run(  # noqa: PLR0913 - all but the chain are options, each by its name
    chain: str | Path | Chain | Plan,
    *,
    inputs: Mapping[str, Any] | None = None,
    model: Model | Mapping[str, Model] | None = None,
    out: Path | str | None = None,
    run_id: str | None = None,
    bus: EventBus | None = None,
    workspace: Place = None,
    assess: bool = True,
    on: Mapping[str, Any] | None = None,
    reuse: Reuse = None,
    limits: RunLimits | None = None,
    approver: Approver | None = None,
    approvals: GatePolicy | None = None,
    stream: bool = False,
    inputs_from: str | Path | RunRecord | None = None,
) -> RunRecord:
    """Run a chain and return its record: `arun` for code that is not async, also in a notebook."""
    made = (chain, inputs or {}, model, out, run_id, bus, workspace, assess, on or {}, reuse)
    request = RunRequest(*made, limits, approver, approvals, stream, inputs_from=inputs_from)
    return prepare(request).go_sync()


async def stream(chain: str | Path | Chain | Plan, **options: Any) -> AsyncIterator[Event | RunRecord]:
    """Run a chain, and tell what happens while it does: every event, and last the record.

        async for item in fcc.stream("devops-deployment", model="openai/gpt-4.1-mini"):
            if isinstance(item, fcc.Event) and item.event_type is fcc.EventType.MODEL_CALL_TEXT:
                print(item.payload["text"], end="")

    Whoever leaves the loop early, or is cancelled, interrupts the run; with `out` it can be resumed. The pieces of a
    reply's text, of one `call`, are together the reply's text; after one with `begins_anew`, those before it are void.

    Args:
        chain: as for `arun`.
        options: as for `arun`.

    Raises:
        ConfigError: something is wrong with the chain, its inputs or the options; nothing was run.
        StorageError: a result could not be written.
    """
    import asyncio

    bus = options.pop("bus", None) or EventBus()
    happened: asyncio.Queue[Event | None] = asyncio.Queue()
    unsubscribe = bus.subscribe(happened.put_nowait)
    running = asyncio.ensure_future(arun(chain, **options, bus=bus, stream=True))
    running.add_done_callback(lambda _: happened.put_nowait(None))
    try:
        while (event := await happened.get()) is not None:
            yield event
        yield await running
    finally:
        unsubscribe()
        if not running.done():
            running.cancel()
            await asyncio.wait([running])


def resume(
    run: str | Path,
    *,
    model: Model | Mapping[str, Model] | None = None,
    bus: EventBus | None = None,
    workspace: Place = None,
    limits: RunLimits | None = None,
    approver: Approver | None = None,
    approvals: GatePolicy | None = None,
) -> RunRecord:
    """Go on with a run that was interrupted, stopped, waits or had outages: its record, as if nothing had happened.

    Args:
        run: its id, `last`, or its folder.
        model: what answers for the steps that are left; by default, what the record names.
        bus: where events are published.
        workspace: where the run is looked for.
        limits: what the whole run may spend; by default, as before.
        approver: asks a person at gates.
        approvals: a policy that decides in every person's place where it can.

    Raises:
        NotFoundError: there is no such run.
        ConfigError: the record can't go on: see the message.
        StorageError: a result could not be written.
    """
    found = find_run(str(run), open_catalog(workspace).workspace.state / "runs")
    request = RunRequest(
        "", model=model, bus=bus, workspace=workspace, limits=limits, approver=approver, approvals=approvals
    )
    return prepare_again(found, request).go_sync()
