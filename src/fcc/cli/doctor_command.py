"""`fcc-agents doctor`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from fcc.cli.output import common_options, paint, print_json
from fcc.cli.validate_command import checks_of, problems_of
from fcc.redaction import printable
from fcc.reports._layout import wrapped
from fcc.reports.doctor import SETUP, Check
from fcc.wiring import Catalog, open_catalog
from fcc.wiring.doctor import check_installation, check_model, without_secrets

_COLOUR = {"ok": "green", "warning": "yellow", "failed": "red", "skipped": "dim"}


@click.command(
    "doctor",
    epilog="""\b
Examples:
  fcc-agents doctor
  fcc-agents doctor -m openai/gpt-4.1-mini -m local

\b
Exit codes: 0 nothing has failed · 2 the set-up is wrong ·
3 a model did not answer · 130 interrupted""",
)
@click.option(
    "-m",
    "--model",
    "models",
    multiple=True,
    metavar="MODEL",
    help="A model to check: as for run. May be repeated.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="How long each step may take; by default 10, and a call as long as in a run.",
)
@common_options
def command(models: tuple[str, ...], timeout: float | None, form: str, workspace: Path | None) -> int:
    """Check the installation and the workspace; with --model, a model end to end.

    From its name over key, server, certificate and the model's own name to a reply and a streamed one: that makes two
    tiny calls of each model. What is wrong is said with the next step. Keys are never shown.
    """
    catalog = open_catalog(workspace)
    found: list[tuple[str, Check]] = []
    if not all(map(str.strip, models)):
        raise click.UsageError("--model names no model")
    for title in models or ("",):
        if form != "json" and title:
            click.echo(paint(printable(title), "bold"))
        found += asyncio.run(_checked(title, catalog, timeout, show=form != "json"))
    failed = [check for _, check in found if check.status == "failed"]
    if form == "json":
        checks = [
            ({"model": title} if title else {})
            | {"name": check.name, "status": check.status, "message": check.message, "hint": check.hint}
            for title, check in found
        ]
        print_json("fcc.doctor/1", {"ok": not failed, "checks": checks})
    return min((check.code for check in failed), default=0)


async def _checked(
    model: str, catalog: Catalog, seconds: float | None, *, show: bool
) -> list[tuple[str, Check]]:
    found: list[tuple[str, Check]] = []

    def note(check: Check) -> None:
        clean = without_secrets(check)
        found.append((model, clean))
        if show:
            click.echo("\n".join(_lines(clean)))

    if not model:
        for check in check_installation(catalog):
            note(check)
        note(_files(catalog))
        return found
    async for check in check_model(model, catalog, seconds):
        note(check)
    return found


def _files(catalog: Catalog) -> Check:
    """What `validate` finds, in one line."""
    checked = {shown: check for _, shown, check in checks_of(catalog, str(catalog.workspace.root or ""))}
    found = list(
        dict.fromkeys(problem for shown, check in checked.items() for problem in problems_of(shown, check))
    )
    if not found:
        return Check("files", "ok", f"{len(checked)} are valid")
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return Check("files", "failed", f"{found[0]}{more}", "See all of it: fcc-agents validate", SETUP)


def _lines(check: Check) -> list[str]:
    mark = paint(f"{check.status:<8}", _COLOUR[check.status])
    body = wrapped(f"{check.name}: {check.message}", " " * 10)
    body[0] = f"  {mark}{body[0][10:]}"
    return body + (wrapped(check.hint, " " * 12) if check.hint else [])
