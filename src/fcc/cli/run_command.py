"""`fcc-agents run`."""

from __future__ import annotations

from typing import Any

import click

from fcc.cli.output import common_options
from fcc.cli.run_options import EXIT_CODES, go, running_options
from fcc.cli.run_request import new_request, starting_options
from fcc.messaging import EventBus
from fcc.wiring import open_catalog, prepare


@click.command(
    "run",
    epilog=f"""\b
Examples:
  fcc-agents run devops-deployment
  fcc-agents run devops-deployment --set model=fraud_detector_v3
  fcc-agents run devops-deployment --model openai/gpt-4.1-mini --max-cost 0.50
  fcc-agents run devops-deployment -m local -m pipeline=openai/gpt-4.1
  fcc-agents run devops-deployment -m local --stream
  fcc-agents run devops-deployment --reuse last --plan
  fcc-agents run rollback --on alert.json

{EXIT_CODES}""",
)
@click.argument("chain")
@starting_options
@click.option(
    "--reuse",
    multiple=True,
    metavar="RUN|last",
    help="Take replies from that run wherever a model would be sent the very same. May be repeated.",
)
@running_options
@common_options
def command(chain: str, **options: Any) -> int:
    """Run CHAIN, a name or a file, and judge what comes out.

    The outputs, the files found in them and the record are kept in the run's folder. Standard output holds the
    result; progress goes to standard error. A run that was interrupted goes on with the same --id, or with
    fcc-agents resume; what was answered is not asked again.
    """
    catalog = open_catalog(options["workspace"])
    bus = EventBus()
    return go(prepare(new_request(catalog, catalog.plan(chain), bus, options)), bus, options)
