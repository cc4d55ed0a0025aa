"""`fcc-agents replay`."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from fcc.cli.output import common_options
from fcc.cli.run_options import go, running_options
from fcc.cli.run_request import new_request, repeated, starting_options
from fcc.messaging import EventBus
from fcc.providers.cassettes import Deck, use_deck
from fcc.wiring import open_catalog, prepare
from fcc.wiring.cassettes import recorded_plan, recorded_request
from fcc.workspace import show_path


@click.command(
    "replay",
    epilog="""\b
Examples:
  fcc-agents replay cassettes/devops.yaml
  fcc-agents replay cassettes/devops.yaml --wire --json

\b
Exit codes: 0 approved · 1 blocked · 2 usage or invalid file · 3 no verdict ·
4 the cassette is missing, or something has drifted · 5 a limit is reached ·
6 waiting for approval · 70 our own error or a failed write · 130 interrupted""",
)
@click.argument("cassette", type=click.Path(path_type=Path))
@click.option(
    "--wire", is_flag=True, help="Read the recorded HTTP, through LiteLLM, and not what the run knew of it."
)
@starting_options
@running_options
@common_options
def command(cassette: Path, wire: bool, **options: Any) -> int:
    """Run the chain of CASSETTE again, as it is today, with the recorded replies: offline and without a key.

    Inputs, events, models and approvals are the recorded ones, as far as no others are given. Where a prompt, persona,
    input or model has changed since, it says which step drifted and why, and nothing is asked. Latency, tokens and
    cost are those of the recording.
    """
    catalog = open_catalog(options["workspace"])
    bus = EventBus()
    shown = shlex.quote(show_path(cassette))
    again = f"fcc-agents record --drifted --cassette {shown}{repeated(options)}"
    with use_deck(Deck(cassette, door="wire" if wire else "metadata", again=again)) as deck:
        today = recorded_plan(deck.cassette, catalog)
        if today.note and not options["quiet"]:
            click.echo(f"Note: {today.note}", err=True)
        request = new_request(catalog, today.plan, bus, options)
        request = replace(request, workspace=today.workspace or request.workspace)
        prepared = prepare(recorded_request(deck.cassette, request, today.plan))
        return go(prepared, bus, options, f"fcc-agents replay {shown}")
