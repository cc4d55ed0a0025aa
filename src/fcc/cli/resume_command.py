"""`fcc-agents resume`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fcc.agents import Chain
from fcc.cli.output import common_options
from fcc.cli.run_options import (
    EXIT_CODES,
    approvals_of,
    limits_of,
    make_run,
    models_of,
    person,
    run_name,
    running_options,
)
from fcc.messaging import EventBus
from fcc.simulation import RunRecord
from fcc.simulation.run_folder import find_run
from fcc.wiring import Catalog, RunRequest, edited_since, open_catalog, prepare_again


@click.command(
    "resume",
    epilog=f"""\b
Examples:
  fcc-agents resume last
  fcc-agents resume 20260131-090000-1f3a --max-cost 2
  fcc-agents resume last --model openai/gpt-4.1-mini

{EXIT_CODES}""",
)
@click.argument("run")
@running_options
@common_options
def command(
    run: str,
    models: tuple[str, ...],
    approvals: str | None,
    no_input: bool,
    plan_only: bool,
    quiet: bool,
    stream: bool,
    form: str,
    workspace: Path | None,
    **limits: Any,
) -> int:
    """Go on with RUN where it was interrupted, stopped at a limit, waits for approval, or a model did not answer.

    RUN is an id, `last`, or a folder. The run goes on with the chain, personas, prompts and inputs of its record;
    what has been edited since is left to: fcc-agents run CHAIN --reuse RUN. What was answered is not asked again. Limits
    on calls, tokens and cost are those of the whole run, and stay until others are given.
    """
    catalog = open_catalog(workspace)
    folder = find_run(run, catalog.workspace.state / "runs")
    record = RunRecord.read(folder / "run.json")
    bus = EventBus()
    request = RunRequest(
        "",
        model=models_of(models, Chain.model_validate(record.chain)) if models else None,
        bus=bus,
        workspace=catalog.workspace,
        limits=limits_of(limits),
        approver=person(form, no_input=no_input),
        approvals=approvals_of(approvals, catalog),
        stream=stream,
    )
    prepared = prepare_again(folder, request)
    if plan_only:
        from fcc.cli.plan_output import print_plan

        return print_plan(prepared, form)
    if prepared.finished is None and form != "json" and not quiet:
        _mention_edits(record, catalog, folder)
    return make_run(prepared, bus, form, quiet=quiet)


def _mention_edits(record: RunRecord, catalog: Catalog, folder: Path) -> None:
    edited = edited_since(record, catalog)
    if edited:
        name = run_name(record.id, folder)
        click.echo(
            f"Edited since the run began, and left for a new one: {', '.join(edited)}\n"
            f"  fcc-agents run {record.chain['name']} --reuse {name}",
            err=True,
        )
