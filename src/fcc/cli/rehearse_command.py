"""`fcc-agents rehearse`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from fcc.cli.output import common_options, paint, print_json
from fcc.wiring import open_catalog

_HOLDS, _FINDINGS, _UNCHECKED = 0, 1, 3


@click.command(
    "rehearse",
    epilog="""\b
Examples:
  fcc-agents rehearse last
  fcc-agents rehearse deploy/ --scenario bad-image
  fcc-agents rehearse last --alert alert.json
  fcc-agents rehearse k8s/ monitoring/alerts.yaml scripts/rollback.sh

\b
Exit codes: 0 every scenario holds · 1 it does not: findings ·
2 usage, or what is named can't be read ·
3 a script or rule was not understood, so that nothing is known""",
)
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...")
@click.option(
    "--scenario",
    "scenarios",
    multiple=True,
    metavar="NAME|FILE",
    help="A failure from evaluations/; without any, all of them.",
)
@click.option(
    "--alert",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    help="The webhook document that the rollback script is given.",
)
@click.option("--promtool", is_flag=True, help="Ask promtool for a second opinion on the alerts.")
@click.option("--all", "everything", is_flag=True, help="Show the timeline of every scenario.")
@common_options
def command(
    targets: tuple[str, ...],
    scenarios: tuple[str, ...],
    alert: Path | None,
    promtool: bool,
    form: str,
    workspace: Path | None,
    everything: bool,
) -> int:
    """Play failures through on a simulated cluster, with the files of a run, or with files and folders.

    The manifests are deployed, a new revision fails, the alert rules are evaluated, and the rollback script is
    interpreted: no shell runs it, no cluster is asked, no image is pulled.
    """
    from fcc.wiring.rehearsing import rehearse

    if not all(targets):
        raise click.UsageError("name a run, a file or a folder")
    found = rehearse(targets, open_catalog(workspace), scenarios=scenarios, alert=alert, promtool=promtool)
    came = found.came
    if form == "json":
        body = {
            "subject": found.subject,
            "score": came.score,
            **came.data,
            "findings": [asdict(item) for item in came.findings],
            "unchecked": [*came.unchecked, *found.failed],
        }
        print_json("fcc.rehearsal/1", body)
    else:
        from fcc.reports.rehearsal import rehearsal_report

        click.echo(rehearsal_report(found.subject, came, found.failed, paint, everything=everything))
    if any(item.severity == "error" for item in came.findings):
        return _FINDINGS
    return _HOLDS if came.score is not None else _UNCHECKED
