"""Writes what a deck has recorded: all of it, or as much as may be written."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from fcc._version import __version__
from fcc.errors import SecretFoundError
from fcc.providers.cassettes.cassette import Cassette, RecordedCall, call_of
from fcc.providers.cassettes.deck import Deck
from fcc.providers.cassettes.secrets import Suspect, suspects
from fcc.workspace import show_path

_MOST_SHOWN = 10


def save(deck: Deck, at: str, *, complete: bool, keep_unused: bool = False) -> Cassette | None:
    """Write what was recorded, with what the runs knew; None where nothing was recorded, or nothing has changed.

    Where a recording broke off, what there is is written as incomplete: beside the file, as `….partial.yaml`, where a
    whole one would be replaced by it. What holds a secret is left out, so that only that is to be recorded again.

    Args:
        deck: what recorded.
        at: the time, ISO 8601.
        complete: whether all is there that was asked.
        keep_unused: whether what nothing has asked for stays, since whoever asks has not come to its end.

    Raises:
        SecretFoundError: something was left out, since it holds a secret; the rest has been written.
        StorageError: it could not be written.
    """
    keep_unused = keep_unused or not complete
    over = bool(deck.unused) and not keep_unused
    if not deck.new and (not deck.played or keep_unused or (deck.cassette.complete and not over)):
        return None
    made = _made(deck, at, complete=complete, keep_unused=keep_unused)
    found = [suspect for suspect in suspects(made.to_dict()) if suspect.known or not deck.allow_shapes]
    if found:
        made = _without(made, {suspect.call for suspect in found})
    if found and any(not suspect.call for suspect in found):
        raise _refused(deck, found, written=None)
    if not made.complete and deck.mode == "all" and deck.path.is_file():
        made = replace(made, path=_beside(deck.path))
    made.write()
    if found:
        raise _refused(deck, found, written=made.path)
    return made


def save_now(deck: Deck, *, complete: bool, keep_unused: bool = False) -> None:
    """Write what a deck has recorded, if anything; see `save`. What was written is then in `deck.saved`."""
    if deck.records:
        at = datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        deck.saved = save(deck, at, complete=complete, keep_unused=keep_unused)


def check_head(deck: Deck) -> None:
    """Nothing, if what a run is made of may be saved.

    Raises:
        SecretFoundError: it holds what looks like a secret.
    """
    held = {"metadata": {"fcc": {"runs": [{**deck.head, "steps": []}]}}}
    found = [suspect for suspect in suspects(held) if suspect.known or not deck.allow_shapes]
    if found:
        raise _refused(deck, found, written=None)


def _made(deck: Deck, at: str, *, complete: bool, keep_unused: bool) -> Cassette:
    held = {(call["id"], call["key"]) for run in deck.runs for step in run["steps"] for call in step["calls"]}
    loose = [call for call in (*deck.played, *deck.new) if (call.id, call.key) not in held]
    if keep_unused:
        loose += deck.unused
    runs = [*deck.runs, *([_loose_run(deck, loose)] if loose else [])]
    made = Cassette(deck.path, (), tuple(runs), _recorded(at, deck), complete)
    return replace(made, interactions=tuple(_interactions(deck, made.calls)))


def _loose_run(deck: Deck, calls: Sequence[RecordedCall]) -> dict[str, Any]:
    """Calls outside of a run that has ended, under the heading of the run that was recorded before, if any."""
    known = deck.head or (deck.cassette.runs[0] if deck.cassette.runs and not deck.runs else {})
    head = {name: value for name, value in known.items() if name != "steps"}
    steps: dict[str, list[dict[str, Any]]] = {}
    for call in calls:
        steps.setdefault(call.step or call.id.split("/")[0], []).append(call.to_dict())
    return {**head, "steps": [{"name": name, "calls": held} for name, held in steps.items()]}


def _interactions(deck: Deck, calls: Iterable[RecordedCall]) -> list[Mapping[str, Any]]:
    """What went over the wire for each call, in the order of the calls."""
    before, fresh = deck.cassette.paired, zip(deck.new, deck.interactions, strict=True)
    known: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for call, interaction in (*before, *fresh):
        if interaction is not None:
            known.setdefault((call.id, call.key), []).append(interaction)
    left = {pair: iter(found) for pair, found in known.items()}
    each = (next(left.get((call.id, call.key), iter(())), None) for call in calls)
    return [interaction for interaction in each if interaction is not None]


def _without(made: Cassette, calls: set[str]) -> Cassette:
    """The cassette without some calls, and so no longer complete."""
    runs = tuple(
        {
            **run,
            "steps": [
                {**step, "calls": left}
                for step in run["steps"]
                if (left := [call for call in step["calls"] if call["id"] not in calls])
            ],
        }
        for run in made.runs
    )
    rest = tuple(item for item in made.interactions if call_of(item) not in calls)
    return replace(made, runs=runs, interactions=rest, complete=False)


def _refused(deck: Deck, found: Sequence[Suspect], *, written: Path | None) -> SecretFoundError:
    places = [f"  {suspect.place}: {suspect.what}" for suspect in found[:_MOST_SHOWN]]
    more = [f"  and {len(found) - _MOST_SHOWN} more"] if len(found) > _MOST_SHOWN else []
    calls = sorted({suspect.call for suspect in found if suspect.call})
    what = f"not saved to {show_path(deck.path)}, since it holds what looks like a secret:"
    if written is not None:
        what = f"{len(calls)} of the calls were left out of {show_path(written)}, since they hold what looks like a secret:"
    hint = "Take it out of the prompts or inputs."
    if not any(suspect.known for suspect in found):
        hint += " If it is none, say so: --allow-shapes, or allow_shapes=True in a test."
    if written is not None:
        hint += f" Then ask for what is missing: {deck.again}"
    return SecretFoundError("\n".join([what, *places, *more]), hint=hint)


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.stem}.partial{path.suffix}")


def _recorded(at: str, deck: Deck) -> dict[str, str]:
    held = {"at": at, "fcc": __version__}
    if any(deck.interactions) or deck.cassette.interactions:
        try:
            held["litellm"] = version("litellm")
        except PackageNotFoundError:  # a copy that was not installed
            held["litellm"] = "unknown"
    return held
