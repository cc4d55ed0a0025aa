"""`fcc-agents diff`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fcc.cli.output import common_options, paint, print_json
from fcc.errors import ConfigError
from fcc.redaction import redact
from fcc.reports.diff import diff_report
from fcc.simulation import RunRecord
from fcc.simulation.diff import RunDiff, diff_runs
from fcc.simulation.run_folder import find_run
from fcc.wiring import open_catalog


@click.command(
    "diff",
    epilog="""\b
Examples:
  fcc-agents diff 20260131-090000-1f3a last
  fcc-agents diff before last --step pipeline
  fcc-agents diff before after --exit-code --json

\b
Exit codes: 0 always; with --exit-code 1 when the runs differ · 2 no such run""",
)
@click.argument("before")
@click.argument("after")
@click.option(
    "--step", metavar="STEP", help="Show the texts of this step instead of the first that diverged."
)
@click.option("--exit-code", is_flag=True, help="Return 1 when the runs differ.")
@common_options
def command(
    before: str, after: str, step: str | None, exit_code: bool, form: str, workspace: Path | None
) -> int:
    """Compare two runs: the first step that diverged, why, the difference in its text, and how far it spread.

    BEFORE and AFTER are ids, `last`, or folders.
    """
    runs = open_catalog(workspace).workspace.state / "runs"
    records = [RunRecord.read(find_run(name, runs) / "run.json") for name in (before, after)]
    names = [str(record.chain.get("name")) for record in records]
    if names[0] != names[1]:
        raise ConfigError(
            f"these are runs of different chains: {names[0]} and {names[1]}",
            hint="Compare two runs of one chain.",
        )
    found = diff_runs(*records)
    if step is not None and step not in [item.name for item in found.steps]:
        from fcc.workspace import not_found

        raise not_found("step of these runs", step, [item.name for item in found.steps])
    if form == "json":
        print_json("fcc.diff/1", _plain(found))
    else:
        click.echo(redact(diff_report(found, step, paint)))
    return 1 if exit_code and not found.same else 0


def _plain(found: RunDiff) -> dict[str, Any]:
    return {
        "before": found.before,
        "after": found.after,
        "same": found.same,
        "verdicts": list(found.verdicts),
        "first": found.first.name if found.first is not None else None,
        "origins": found.origins,
        "spread": found.spread,
        "steps": [
            {
                "name": step.name,
                "same": step.same,
                "causes": [cause._asdict() for cause in step.causes],
                "diff": list(step.text),
            }
            for step in found.steps
        ],
    }
