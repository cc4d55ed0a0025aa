"""`fcc-agents record`."""

from __future__ import annotations

import shlex
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from fcc.cli.output import common_options
from fcc.cli.run_options import go, running_options
from fcc.cli.run_request import new_request, repeated, starting_options
from fcc.errors import ConfigError
from fcc.messaging import EventBus
from fcc.providers.cassettes import Cassette, Deck, Mode
from fcc.wiring import Catalog, RunRequest, open_catalog, prepare
from fcc.wiring.cassettes import recorded_plan, recorded_request, recording
from fcc.workspace import show_path


@click.command(
    "record",
    epilog="""\b
Examples:
  fcc-agents record devops-deployment -m openai/gpt-4.1-mini \\
      --cassette cassettes/devops.yaml
  fcc-agents record --drifted --cassette cassettes/devops.yaml

\b
Exit codes: 0 the cassette is complete, whatever the verdict ·
2 usage or invalid file · 3 something is missing, since a model did not answer
or it holds a secret · 70 our own error or a failed write · 130 interrupted""",
)
@click.argument("chain", required=False)
@click.option(
    "--cassette", "path", required=True, type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="The cassette's file, to be committed.",
)  # fmt: skip
@click.option("--drifted", is_flag=True, help="Ask only what the cassette does not hold any more.")
@click.option("--all", "everything", is_flag=True, help="Ask everything anew, and replace the cassette.")
@click.option("--force", is_flag=True, help="Record although CI is set in the environment.")
@click.option(
    "--allow-shapes",
    is_flag=True,
    help="Keep texts that look like a key; secrets of this environment never are.",
)
@starting_options
@running_options
@common_options
def command(
    chain: str | None,
    path: Path,
    drifted: bool,
    everything: bool,
    force: bool,
    allow_shapes: bool,
    **options: Any,
) -> int:
    """Run CHAIN and record every reply in a cassette, from which it is replayed offline and without a key.

    Keys are kept out of it: of headers only a short list is kept, and what still looks like a secret is not saved.
    With a cassette that exists, say --drifted or --all; CHAIN, inputs and models are then those of the cassette, as far
    as nothing else is given.
    """
    if drifted and everything:
        raise click.UsageError("--drifted asks little and --all asks everything: choose one")
    if path.is_file() and not (drifted or everything):
        raise ConfigError(
            f"{show_path(path)} exists already",
            hint="Ask only what it does not hold any more: --drifted. Ask everything anew: --all.",
        )
    catalog, bus = open_catalog(options["workspace"]), EventBus()
    held = Cassette.read(path) if chain is None else None
    mode: Mode = "drifted" if drifted else "all"
    deck: Deck | None = None
    try:
        with recording(path, mode, force=force, allow_shapes=allow_shapes) as deck:
            prepared = prepare(_request(chain, held or deck.cassette, catalog, bus, options))
            if prepared.backends.identities and prepared.backends.only_stands_in:
                click.echo("Note: the stand-in answers, which is no model; name one with --model.", err=True)
            code = go(prepared, bus, options, None, partial(_counts, deck))
            if options["plan_only"]:
                return code
    except click.exceptions.Exit:  # interrupted
        if deck is not None:
            _tell(deck, options)
        raise
    if options["form"] != "json":
        _tell(deck, options)
    return 0 if deck.whole else 3


def _request(
    chain: str | None, cassette: Cassette, catalog: Catalog, bus: EventBus, options: dict[str, Any]
) -> RunRequest:
    if chain is None:
        today = recorded_plan(cassette, catalog)
        if today.note:
            click.echo(f"Note: {today.note}", err=True)
        request = new_request(catalog, today.plan, bus, options)
        request = replace(request, source=today.source, workspace=today.workspace or request.workspace)
        return recorded_request(cassette, request, today.plan, replays=False)
    plan = catalog.plan(chain)
    names = {str(run["chain"]["name"]) for run in cassette.runs if "chain" in run}
    if names and plan.chain.name not in names:
        raise ConfigError(
            f"{show_path(cassette.path)} holds a run of {', '.join(names)}, not of {plan.chain.name}",
            hint="Name another file; or replace it: --all.",
        )
    return replace(new_request(catalog, plan, bus, options), source=catalog.path_of(chain))


def _counts(deck: Deck) -> dict[str, Any]:
    held = {
        "file": str(deck.path),
        "complete": deck.whole,
        "recorded": len(deck.new),
        "kept": len(deck.played),
    }
    return {"recording": held}


def _tell(deck: Deck, options: dict[str, Any]) -> None:
    asked, kept = len(deck.new), len(deck.played)
    if deck.saved is None:
        what = "nothing was recorded" if not kept else "nothing has drifted, and nothing was asked"
        click.echo(f"Cassette {show_path(deck.path)}: {what}", err=True)
        return
    again = f", {kept} kept" if kept else ""
    shown = show_path(deck.saved.path)
    click.echo(f"Cassette {shown}: {asked} recorded{again}", err=True)
    if not deck.saved.complete:
        aside = "" if deck.saved.path == deck.path else f"; {show_path(deck.path)} is as it was"
        command = f"fcc-agents record --drifted --cassette {shlex.quote(shown)}{repeated(options)}"
        click.echo(f"It is not complete{aside}. Ask for what is missing:\n  {command}", err=True)
