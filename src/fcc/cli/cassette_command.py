"""`fcc-agents cassette`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from fcc.cli.output import common_options, paint, print_json, table
from fcc.errors import CassetteError, ConfigError
from fcc.providers.cassettes import Cassette, RecordedCall
from fcc.providers.cassettes.cassette import is_cassette
from fcc.redaction import printable
from fcc.wiring import open_catalog
from fcc.workspace import show_path

INVALID, STALE, SECRET = 2, 4, 1

_FILES = click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE|FOLDER..."
)


@click.group("cassette", invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """Look into cassettes: what they hold, whether they still fit, whether they hold a secret.

    \b
    Examples:
      fcc-agents cassette show cassettes/devops.yaml
      fcc-agents cassette check cassettes
      fcc-agents cassette scrub cassettes/old.yaml
    """  # noqa: D301 - click reads the \b as "do not wrap"
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@command.command("show", short_help="List what one holds.")
@click.argument("file", type=click.Path(path_type=Path))
@common_options
def show(file: Path, form: str, workspace: Path | None) -> None:  # noqa: ARG001 - a common option
    """List what FILE holds: each call with its step, model, tokens, cost and latency, as recorded."""
    cassette = Cassette.read(file)
    wire = cassette.interactions_by_call()
    if form == "json":
        calls = [_plain(call, call.id in wire) for call in cassette.calls]
        body = {"file": str(file), "complete": cassette.complete, "recorded": dict(cassette.recorded)}
        print_json("fcc.cassette/1", body | {"chains": _chains(cassette), "calls": calls})
        return
    recorded = cassette.recorded
    click.echo(f"{paint(show_path(file), 'bold')}  {', '.join(_chains(cassette)) or 'calls of a test'}")
    versions = ", ".join(f"{name} {recorded[name]}" for name in ("fcc", "litellm") if name in recorded)
    click.echo(f"recorded {recorded.get('at', 'some time')} with {versions}")
    if not cassette.complete:
        click.echo(paint("Not complete: the recording broke off.", "yellow"))
    rows = [_row(call) for call in cassette.calls]
    click.echo("\n".join(["", *table([_HEAD, *rows]), "", _total(cassette.calls)]))


_HEAD = ("call", "in", "out", "cost", "seconds", "model")


def _row(call: RecordedCall) -> tuple[str, ...]:
    reply = call.reply
    if reply is None:
        code = (call.error or {}).get("code", "")
        return (call.id, "–", "–", "–", "–", f"{call.backend}: failed ({code})")
    usage = reply.usage
    counts = (str(count) if count is not None else "?" for count in (usage.input_tokens, usage.output_tokens))
    cost = f"${reply.cost:.4f}" if reply.cost is not None else "?"
    return (call.id, *counts, cost, f"{reply.latency:.2f}", reply.model)


def _total(calls: Iterable[RecordedCall]) -> str:
    replies = [call.reply for call in calls if call.reply is not None]
    costs = [reply.cost for reply in replies]
    cost = "cost unknown" if None in costs else f"${sum(filter(None, costs)):.4f}"
    took = sum(reply.latency for reply in replies)
    return f"{len(replies)} {'reply' if len(replies) == 1 else 'replies'}, {cost}, {took:.1f} s when recorded"


def _plain(call: RecordedCall, has_http: bool) -> dict[str, Any]:
    from pydantic_core import to_jsonable_python

    reply = call.reply
    plain: dict[str, Any] = {"id": call.id, "step": call.step, "key": call.key, "backend": call.backend}
    plain |= {"streamed": call.streamed, "http": has_http}
    if reply is None:
        return plain | {"error": dict(call.error or {})}
    held = to_jsonable_python(reply)
    return plain | {name: held[name] for name in ("model", "usage", "cost", "latency", "finish_reason")}


def _chains(cassette: Cassette) -> list[str]:
    return [str(run["chain"]["name"]) for run in cassette.runs if "chain" in run]


@command.command(
    "check",
    short_help="Whether they still fit, and hold no secret.",
    epilog="""\b
Exit codes: 0 clean · 1 a secret, and nothing else · 2 not a cassette ·
4 missing, stale, incomplete, or with something that nothing asks for""",
)
@_FILES
@common_options
def check_files(files: tuple[Path, ...], form: str, workspace: Path | None) -> int:
    """Check cassettes: for secrets, against today's chains, and for what nothing asks for.

    FILE is a cassette; of a FOLDER, all in it are checked.
    """
    from fcc.wiring.cassettes import Check, check

    catalog = open_catalog(workspace)
    found, invalid = [], False
    for path in _each(files):
        try:
            found.append(check(path, catalog))
        except ConfigError as error:  # the others are checked all the same
            found.append(Check(path, broken=[error.message]))
            invalid = True
    if form == "json":
        print_json("fcc.cassette-check/1", {"cassettes": [_checked(item) for item in found]})
    else:
        for item in found:
            click.echo("\n".join(_lines(item)))
    if invalid:
        return INVALID
    if any(item.is_stale for item in found):
        return STALE
    return SECRET if any(item.suspects for item in found) else 0


def _checked(item: Any) -> dict[str, Any]:
    return {
        "file": str(item.path),
        "complete": item.complete,
        "secrets": [{"place": suspect.place, "what": suspect.what} for suspect in item.suspects],
        "stale": [{"step": step, "causes": causes} for step, causes in item.stale.items()],
        "unused": list(item.unused),
        "broken": list(item.broken),
        "note": item.note,
    }


def _lines(item: Any) -> Iterator[str]:
    name = show_path(item.path)
    faults = [f"secret? {suspect.place}: {suspect.what}" for suspect in item.suspects]
    faults += [] if item.complete else ["not complete: the recording broke off"]
    faults += [f"stale: {step}: {'; '.join(causes)}" for step, causes in item.stale.items()]
    faults += [f"unused: {call}" for call in item.unused]
    faults += [f"broken: {what}" for what in item.broken]
    mark = paint("ok", "green") if not faults else paint("not ok", "red")
    yield f"{mark}  {name}" + (f"  ({item.note})" if item.note else "")
    for fault in faults:
        yield f"  {printable(fault)}"
    if item.suspects:
        yield f"  Take secrets out: fcc-agents cassette scrub {name}"
    if item.stale or item.unused or not item.complete:
        yield f"  Record only what drifted: fcc-agents record --drifted --cassette {name}"


@command.command(
    "scrub",
    short_help="Take out what must not be in them.",
    epilog="""\b
Exit codes: 0 done, or nothing to do · 2 not a cassette · 4 no such file""",
)
@_FILES
@click.option("--dry-run", is_flag=True, help="Say what would be taken out, and change nothing.")
@common_options
def scrub(files: tuple[Path, ...], dry_run: bool, form: str, workspace: Path | None) -> None:  # noqa: ARG001 - a common option
    """Take out of cassettes what must not be in them, and write them again.

    Headers that are not on the list of those kept, keys in addresses, secrets of this environment, and what has the
    shape of a key. Where a reply or a prompt is changed by that, what follows from it has to be recorded again.
    """
    from fcc.providers.cassettes.secrets import scrubbed, scrubbed_interaction, suspects

    done = []
    for path in _each(files):
        cassette = Cassette.read(path)
        found = suspects(cassette.to_dict())
        if found and not dry_run:
            replace(
                cassette,
                interactions=tuple(map(scrubbed_interaction, cassette.interactions)),
                runs=tuple(scrubbed(run) for run in cassette.runs),
            ).write()
        done.append((path, found))
    if form == "json":
        items = [
            {"file": str(path), "found": [{"place": one.place, "what": one.what} for one in found]}
            for path, found in done
        ]
        print_json("fcc.cassette-scrub/1", {"dry_run": dry_run, "cassettes": items})
        return
    for path, found in done:
        verb = "would be taken out" if dry_run else "taken out"
        click.echo(f"{show_path(path)}: {len(found)} {verb}" if found else f"{show_path(path)}: clean")
        for suspect in found:
            click.echo(f"  {printable(suspect.place)}: {suspect.what}")
        if any(suspect.call for suspect in found) and not dry_run:
            click.echo(f"  See whether it still fits: fcc-agents cassette check {show_path(path)}")


def _each(paths: Iterable[Path]) -> Iterator[Path]:
    """The files, and the cassettes in the folders; what else is in a folder is left alone."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        inside = [
            found
            for kind in ("*.yaml", "*.yml", "*.json")
            for found in sorted(path.rglob(kind))
            if is_cassette(found)
        ]
        if not inside:
            raise CassetteError(
                f"there are no cassettes in {show_path(path)}", hint="Record one: fcc-agents record"
            )
        yield from inside
