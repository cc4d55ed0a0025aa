"""What `run` and `resume` share: their options, progress, and how a run is made and shown."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

import click

from fcc.agents import Chain, GatePolicy
from fcc.agents.flow import RunLimits
from fcc.cli.main import INTERRUPTED
from fcc.cli.output import paint
from fcc.errors import ConfigError
from fcc.messaging import Event, EventBus, EventType
from fcc.redaction import printable, redact_values
from fcc.reports import run_report
from fcc.simulation import Approver, RunRecord
from fcc.simulation.record import SCHEMA
from fcc.simulation.verdict import EXIT_CODE
from fcc.wiring import Catalog, Prepared
from fcc.wiring.backends import is_stand_in
from fcc.workspace import show_path

F = TypeVar("F", bound=Callable[..., Any])

STOPPED, WAITING = 5, 6

EXIT_CODES = """\b
Exit codes: 0 approved · 1 blocked · 2 usage or invalid file · 3 no verdict ·
5 a limit is reached · 6 waiting for approval · 70 our own error or a failed
write · 130 interrupted. Runs that ended with 3, 5, 6 or 130 can be resumed."""


def running_options(function: F) -> F:
    """The options by which a run is steered, whether it is new or goes on."""
    options = [
        click.option(
            "-m", "--model", "models", multiple=True, metavar="[STEP=]MODEL",
            help="What answers: deterministic (the default, offline), a LiteLLM model string such as"
            " openai/gpt-4.1-mini, or the name of a profile. With STEP= for one step. May be repeated.",
        ),
        click.option("--max-cost", type=click.FloatRange(0, min_open=True), metavar="USD", help="Stop when that much is spent."),
        click.option("--max-tokens", type=click.IntRange(1), metavar="N", help="Stop when so many are taken."),
        click.option("--max-calls", type=click.IntRange(0), metavar="N", help="Stop after so many model calls."),
        click.option("--timeout", type=click.FloatRange(0, min_open=True), metavar="SECONDS", help="Stop after so long, counted anew when the run goes on."),
        click.option("--concurrency", type=click.IntRange(1, 1000), metavar="N", help="Steps at once, at most [8]."),
        click.option(
            "--approvals", metavar="POLICY",
            help="A gate policy, by name or file, that decides in a person's place where it can.",
        ),
        click.option("--no-input", is_flag=True, help="Ask nobody: at a gate for a person, stop with exit code 6."),
        click.option("--stream", is_flag=True, help="Show what the models say while they say it."),
        click.option("--plan", "plan_only", is_flag=True, help="Show which steps would ask a model, and why; ask none."),
        click.option("-q", "--quiet", is_flag=True, help="Print no progress."),
    ]  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


def limits_of(options: dict[str, Any]) -> RunLimits | None:
    """The limits that were given on the command line; taken out of `options`."""
    names = ("max_cost", "max_tokens", "max_calls", "timeout", "concurrency")
    given = {name: value for name in names if (value := options.pop(name)) is not None}
    return RunLimits(**given) if given else None


def approvals_of(name: str | None, catalog: Catalog) -> GatePolicy | None:
    """The gate policy of that name, or in that file."""
    if name is None:
        return None
    from fcc.agents import read_policy

    is_file = name.endswith((".yaml", ".yml")) or os.sep in name
    policy = read_policy(Path(name)) if is_file else catalog.policy(name)
    if not isinstance(policy, GatePolicy):
        raise ConfigError(
            f"the policy {name!r} has none of a gate's rules", hint="Write `rules` with allow, deny or ask."
        )
    return policy


def person(form: str, *, no_input: bool) -> Approver | None:
    """Who is asked at gates: whoever sits at the terminal, where there is one and it may be used."""
    if no_input or form == "json" or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    from fcc.cli.approver import TerminalApprover

    return TerminalApprover()


def attach_log(bus: EventBus) -> None:
    """Log every event, where somebody listens."""
    if logging.getLogger("fcc").isEnabledFor(logging.INFO):
        from fcc.observability import attach

        attach(bus)


Extra = Callable[[], dict[str, Any]]
"""Gives what else stands in the JSON of a run, once it is over."""


def go(
    prepared: Prepared, bus: EventBus, options: dict[str, Any], again: str | None = "", extra: Extra = dict
) -> int:
    """Run it, or show what it would do; gives the exit code.

    `again` is the command that goes on: "" for `resume`, None where somebody else says it.
    """
    if options["plan_only"]:
        from fcc.cli.plan_output import print_plan

        return print_plan(prepared, options["form"])
    return make_run(prepared, bus, options["form"], quiet=options["quiet"], again=again, extra=extra)


def make_run(
    prepared: Prepared, bus: EventBus, form: str, *, quiet: bool, again: str | None = "", extra: Extra = dict
) -> int:
    """Run it, show what came out, and give the exit code."""
    folder = prepared.folder or Path()
    attach_log(bus)
    if not quiet:
        _tell_runs(prepared)
    shows = prepared.request.stream or not (quiet or form == "json")
    progress = Progress.on(bus, prepared) if shows else None
    asks = prepared.request.approver
    if progress is not None and asks is not None and hasattr(asks, "quiet"):
        asks.quiet = progress.paused
    try:
        record = prepared.go_sync()
    except KeyboardInterrupt:
        if folder.joinpath("run.json").exists():
            click.echo(f"\nInterrupted. What finished is kept in {show_path(folder)}", err=True)
            if again is not None:
                name = run_name(prepared.order.run_id, folder)
                click.echo(f"Go on: {again or f'fcc-agents resume {name}'}", err=True)
            if form != "json":
                raise click.exceptions.Exit(INTERRUPTED) from None
        raise
    finally:
        if progress is not None:
            progress.stop()
    print_run(record, folder, form, again, extra)
    for idle in prepared.backends.idle_defects:
        click.echo(f"Note: {idle}.", err=True)
    return exit_code(record)


def _tell_runs(prepared: Prepared) -> None:
    """Which earlier runs are inputs of this one."""
    for name, spec in prepared.plan.chain.inputs.items():
        if spec.type == "run":
            run = prepared.order.inputs[name]
            said = f"{name}: run {run['id']} of {run['chain']}, {run['decision']}"
            click.echo(printable(said), err=True)


def exit_code(record: RunRecord) -> int:
    """What the command returns for a run."""
    if record.status == "stopped":
        return STOPPED
    if record.status == "waiting":
        return WAITING
    return EXIT_CODE[record.verdict.decision if record.verdict else "NO VERDICT"]


def run_name(run_id: str, folder: Path) -> str:
    """How a run is named on the command line: by its id among a workspace's runs, else by its folder."""
    among = folder.name == run_id and folder.parent.name == "runs" and folder.parent.parent.name == ".fcc"
    return run_id if among else show_path(folder)


def print_run(
    record: RunRecord, folder: Path, form: str, again: str | None = "", extra: Extra = dict
) -> None:
    """The record on standard output, as text or JSON."""
    if form == "json":
        head = json.dumps({"schema": SCHEMA, "folder": str(folder.absolute()), **extra()})[1:-1]
        body = redact_values(record.to_json()).replace(f',\n  "schema": "{SCHEMA}"\n}}', "\n}")
        click.echo("{\n  " + head + "," + body.rstrip("\n").removeprefix("{"))
    else:
        click.echo(run_report(record, show_path(folder), paint, run_name(record.id, folder), again))


class Progress:
    """Tells of each step on standard error: a line for each, and a spinner where a person may have to wait."""

    def __init__(
        self,
        stop: Callable[[], None],
        paused: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self.stop = stop
        """Take it off the terminal."""
        self.paused = paused
        """Keeps it off the terminal while a person is asked."""

    @classmethod
    def on(cls, bus: EventBus, prepared: Prepared) -> Progress:
        """Progress of a run, told by its events."""
        steps = len(prepared.unit_names)
        if prepared.request.stream:
            return cls._streaming(bus, steps)
        names = {name for names in prepared.backends.asked.values() for name in names}
        if all(map(is_stand_in, names)) or not sys.stderr.isatty():
            lines = _Lines(steps)
            return cls(bus.subscribe(lines))
        from fcc.cli.spinner import Spinner

        spinner = Spinner(steps)
        unsubscribe = bus.subscribe(spinner)

        def stop() -> None:
            unsubscribe()
            spinner.stop()

        return cls(stop, spinner.paused)

    @classmethod
    def _streaming(cls, bus: EventBus, steps: int) -> Progress:
        from fcc.cli.streaming import StreamedReplies

        replies = StreamedReplies()
        ends = [bus.subscribe(replies), bus.subscribe(_Lines(steps, replies.when_idle))]

        def stop() -> None:
            for end in ends:
                end()

        return cls(stop)


class _Lines:
    """One line on standard error for each step that ends."""

    def __init__(self, steps: int, when: Callable[[Callable[[], None]], None] = lambda line: line()) -> None:
        self._steps = steps
        self._count = 0
        self._when = when
        """Calls what prints a line, when it may."""

    def __call__(self, event: Event) -> None:
        line = step_line(event)
        if line is not None:
            self._count += 1
            text = f"[{self._count}/{self._steps}] {line}"
            self._when(lambda: click.echo(text, err=True))


def step_line(event: Event) -> str | None:  # noqa: PLR0911 - one for each kind of event
    """What there is to say of a step or gate that ended; None for any other event."""
    payload = event.payload
    name = (
        f"{payload.get('step')} ({payload['persona']})"
        if payload.get("persona")
        else f"{payload.get('step')}"
    )
    if event.event_type is EventType.STEP_COMPLETED:
        return f"{name}: {payload['characters']:,} characters"
    if event.event_type is EventType.STEP_RESTORED:
        return f"{name}: kept, it was finished before"
    if event.event_type is EventType.STEP_FAILED:
        first, _, _ = str(payload["error"]).partition("\n")
        return f"{name}: failed: {printable(first)}"
    if event.event_type is EventType.STEP_SKIPPED:
        return f"{name}: skipped, since {printable(str(payload['reason']))}"
    if event.event_type is EventType.APPROVAL_REQUESTED:
        return f"{payload['gate']} (gate): waits for a person"
    if event.event_type is EventType.COLLABORATION_GATE_DECIDED and payload.get("gate") != "readiness":
        return f"{payload['gate']} (gate): {payload['decision']}, by {printable(str(payload['by']))}"
    return None


def models_of(texts: tuple[str, ...], chain: Chain) -> dict[str, str] | None:
    """The models of the command line, by step; None where none is named."""
    from fcc.agents.plan import split_models

    return split_models(texts, chain) or None
