"""`fcc-agents record`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fcc.cli.output import common_options
from fcc.cli.run_options import go, running_options
from fcc.cli.run_request import new_request, starting_options
from fcc.errors import ConfigError
from fcc.messaging import EventBus
from fcc.providers.cassettes import Deck, Mode
from fcc.wiring import Catalog, open_catalog, prepare
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
@click.option(
    "--drifted", "mode", flag_value="drifted", help="Ask only what the cassette does not hold any more."
)
@click.option("--all", "mode", flag_value="all", help="Ask everything anew, and replace the cassette.")
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
    chain: str | None, path: Path, mode: Mode | None, force: bool, allow_shapes: bool, **options: Any
) -> int:
    """Run CHAIN and record every reply in a cassette, from which it is replayed offline and without a key.

    Keys are kept out of it: of headers only a short list is kept, and what still looks like a secret is not saved.
    With a cassette that exists, say --drifted or --all; CHAIN, inputs and models are then those of the cassette, as far
    as nothing else is given.
    """
    catalog = open_catalog(options["workspace"])
    if path.is_file() and mode is None:
        raise ConfigError(
            f"{show_path(path)} exists already",
            hint="Ask only what it does not hold any more: --drifted. Ask everything anew: --all.",
        )
    bus = EventBus()
    with recording(path, mode or "all", force=force, allow_shapes=allow_shapes) as deck:
        prepared = prepare(_request(chain, deck, catalog, bus, options))
        code = go(prepared, bus, options, deck.again)
        if options["plan_only"]:
            return code
    if options["form"] != "json":
        _tell(deck)
    return 0 if deck.whole else 3


def _request(chain: str | None, deck: Deck, catalog: Catalog, bus: EventBus, options: dict[str, Any]) -> Any:
    from dataclasses import replace

    if chain is not None:
        plan = catalog.plan(chain)
        request = new_request(catalog, plan, bus, options)
        as_path = Path(chain)
        return replace(request, source=as_path if as_path.is_file() else None)
    from fcc.providers.cassettes import Cassette

    cassette = Cassette.read(deck.path)
    plan, source, note = recorded_plan(cassette, catalog)
    if note:
        click.echo(f"Note: {note}", err=True)
    request = replace(new_request(catalog, plan, bus, options), source=source)
    return recorded_request(cassette, request, plan)


def _tell(deck: Deck) -> None:
    asked, kept = len(deck.new), len(deck.played)
    if deck.saved is None:
        what = "nothing was recorded" if not kept else "nothing has drifted, and nothing was asked"
        click.echo(f"Cassette {show_path(deck.path)}: {what}", err=True)
        return
    again = f", {kept} kept" if kept else ""
    click.echo(f"Cassette {show_path(deck.saved.path)}: {asked} recorded{again}", err=True)
    if not deck.whole:
        click.echo(
            "It is not complete. Ask for what is missing: fcc-agents record --drifted"
            f" --cassette {show_path(deck.saved.path)}",
            err=True,
        )
