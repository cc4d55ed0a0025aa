"""`fcc-agents approve`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from fcc.cli.output import common_options, paint, print_json
from fcc.cli.run_options import run_name
from fcc.errors import ConfigError
from fcc.redaction import printable
from fcc.simulation.run_folder import find_run
from fcc.wiring import open_catalog
from fcc.wiring.approving import give_approval


@click.command(
    "approve",
    epilog="""\b
Examples:
  fcc-agents approve last production --as alice
  fcc-agents approve last production --as bob --reject --reason "too early"
  fcc-agents resume last

\b
Exit codes: 0 noted · 2 the run does not wait there""",
)
@click.argument("run")
@click.argument("gate")
@click.option("--as", "name", required=True, metavar="NAME", help="Who decides.")
@click.option("--reject", is_flag=True, help="Say no.")
@click.option("--reason", default="", metavar="TEXT", help="Why; kept in the record.")
@click.option("--replace", "replace_it", is_flag=True, help="Overrule what somebody has said there already.")
@common_options
def command(
    run: str,
    gate: str,
    name: str,
    reject: bool,
    reason: str,
    replace_it: bool,
    form: str,
    workspace: Path | None,
) -> None:
    """Decide at GATE, where RUN waits for a person: approve it, or --reject it. Then resume the run.

    The decision is bound to what the run shows now, and lapses when that changes.
    """
    if not name.strip():
        raise ConfigError("--as names nobody", hint="Write --as NAME.")
    folder = find_run(run, open_catalog(workspace).workspace.state / "runs")
    approval = give_approval(
        folder, gate, by=name.strip(), approved=not reject, reason=reason, replace_it=replace_it
    )
    if form == "json":
        print_json("fcc.approval/1", {"run": folder.name, "approval": asdict(approval)})
        return
    said = paint("Approved", "green") if approval.approved else paint("Rejected", "red")
    click.echo(
        f"{said}: {gate} of run {folder.name}, by {printable(approval.by)}, on evidence {approval.evidence[:12]}"
    )
    click.echo(f"Go on: fcc-agents resume {run_name(folder.name, folder)}")
