"""`fcc-agents verify`."""

from __future__ import annotations

from pathlib import Path

import click

from fcc.cli.output import common_options, paint, print_json
from fcc.redaction import printable
from fcc.simulation.run_folder import find_run, read_files
from fcc.simulation.verify import verify
from fcc.wiring import open_catalog
from fcc.wiring.rehearsing import make_rehearser
from fcc.workspace import show_path


@click.command(
    "verify",
    epilog="""\b
Examples:
  fcc-agents verify last
  fcc-agents verify results/run-7 --json

\b
Exit codes: 0 everything holds · 1 something does not · 2 no such run""",
)
@click.argument("run")
@common_options
def command(run: str, form: str, workspace: Path | None) -> int:
    """Check that RUN is what its record says, and that the record follows from itself; asks no model.

    Every prompt renders again to the recorded bytes, every key and fingerprint follows, every output is its recorded
    reply, the verdict follows from scores and findings, the event log's hash chain is unbroken, and every file holds
    what the record holds; what was rehearsed is rehearsed again. It finds damage and edits; it is no signature. RUN is an id, `last`, or a folder.
    """
    folder = find_run(run, open_catalog(workspace).workspace.state / "runs")
    record, log, files = read_files(folder)
    found = verify(record, log, files, make_rehearser)
    if form == "json":
        print_json(
            "fcc.verify/1",
            {
                "run": found.run,
                "folder": str(folder.absolute()),
                "holds": found.holds,
                "checked": {
                    "events": found.events,
                    "steps": found.steps,
                    "calls": found.calls,
                    "files": found.files,
                },
                "flaws": [flaw._asdict() for flaw in found.flaws],
            },
        )
        return 0 if found.holds else 1
    if found.holds:
        counts = f"{found.events} events, {found.steps} steps, {found.calls} calls, {found.files} files"
        click.echo(f"{paint('HOLDS', 'green')}  run {found.run}: {counts}")
        return 0
    click.echo(f"{paint('DOES NOT HOLD', 'red')}  run {found.run} in {show_path(folder)}")
    for flaw in found.flaws:
        click.echo(f"  {printable(str(flaw))}")
    return 1
