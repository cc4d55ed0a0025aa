"""Recording and replaying runs, and looking into cassettes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from fcc.agents import GatePolicy, Plan
from fcc.agents.flow import RunLimits
from fcc.errors import CassetteMissError, ConfigError, FccError
from fcc.providers.base import ModelReply
from fcc.providers.cassettes import Cassette, Deck, Mode, use_deck
from fcc.providers.cassettes.deck import Door
from fcc.providers.cassettes.saving import save_now
from fcc.providers.cassettes.secrets import Suspect, suspects
from fcc.simulation import RunRecord
from fcc.simulation.caller import Known
from fcc.simulation.preview import Preview, preview
from fcc.simulation.recorded import record_of
from fcc.simulation.resolved import plan_of
from fcc.wiring.backends import DETERMINISTIC, EVERY_STEP, deck_in_use
from fcc.wiring.catalog import Catalog
from fcc.wiring.preparing import Prepared, RunRequest, prepare
from fcc.workspace import Workspace, show_path

_MOST_LINES = 40
"""Of a diff, in a message."""


@contextmanager
def recording(
    path: Path, mode: Mode, *, force: bool = False, allow_shapes: bool = False, door: Door = "metadata"
) -> Iterator[Deck]:
    """A cassette in use, whose file is written at the end, also where that came too early.

    Args:
        path: the file.
        mode: what is recorded.
        force: record although `CI` is set in the environment.
        allow_shapes: keep texts that only look like a key.
        door: by which of the cassette's two doors a reply is read.

    Raises:
        ConfigError: this is CI, where recordings are replayed, or another cassette is in use.
        SecretFoundError: something was not saved, since it holds a secret.
    """
    deck = Deck(path, mode, door=door, allow_shapes=allow_shapes)
    if deck.records and in_ci() and not force:
        raise ConfigError(
            "nothing is recorded where CI is set in the environment: CI replays what was recorded and committed",
            hint="Record on your own machine; or, where this is meant, say so: --force.",
        )
    try:
        with use_deck(deck):
            yield deck
    except BaseException:  # however it ended, what was paid for is kept
        with suppress(FccError):
            save_now(deck, complete=False)
        raise
    save_now(deck, complete=deck.whole)


def in_ci() -> bool:
    """Whether this is CI, where recordings are replayed."""
    return os.environ.get("CI", "").lower() not in {"", "0", "false", "no"}


class RecordedPlan(NamedTuple):
    """The chain of a cassette, as it is today."""

    plan: Plan
    source: Path | None = None
    """Its file, where it is known by its path and not by its name."""
    note: str = ""
    """That the chain is not found here, and is taken as it was recorded."""
    workspace: Workspace | None = None
    """The workspace of that file."""


def recorded_plan(cassette: Cassette, catalog: Catalog) -> RecordedPlan:
    """The chain of a cassette's one run.

    Raises:
        ConfigError: it holds no run of a chain, or several.
        InvalidFileError: the chain of today is invalid.
    """
    run = _only_run(cassette)
    name = str(run["chain"]["name"])
    source = cassette.path.parent / run["source"] if "source" in run else None
    if source is not None and source.is_file():
        home = Catalog(Workspace.find(source.parent))
        return RecordedPlan(home.plan(source), source, workspace=home.workspace)
    if source is None and name in catalog.workspace.files("agents"):
        return RecordedPlan(catalog.plan(name))
    what = f"the chain {name!r} is not here: it is taken as it was recorded"
    return RecordedPlan(plan_of(record_of(run, name)), None, what)


def recorded_request(
    cassette: Cassette, request: RunRequest, plan: Plan, *, replays: bool = True
) -> RunRequest:
    """A request that takes from a cassette's one run what it does not give itself: inputs, events, models.

    What `replays` takes its limits, and what was decided at its gates, as well: what stopped the recording stops it, too.
    A run that asks models takes neither from a file: who approves it, and what it may spend, is said anew.
    """
    run = _only_run(cassette)
    then = record_of(run, show_path(cassette.path))
    held = {name: value for name, value in then.inputs.items() if name in plan.chain.inputs}
    events = {name: value for name, value in then.documents.items() if name in plan.chain.events}
    made = replace(
        request,
        chain=plan,
        inputs={**held, **request.inputs},
        on={**events, **request.on},
        model=_merged(_models(then, plan), request.model),
    )
    if not replays:
        return made
    given = request.limits
    named = {name: getattr(given, name) for name in given.model_fields_set} if given is not None else {}
    decides = GatePolicy.model_validate(run["decides"]) if "decides" in run else None
    return replace(
        made,
        limits=RunLimits.model_validate(then.limits).model_copy(update=named),
        given=then.approvals,
        approvals=request.approvals or decides,
    )


def _only_run(cassette: Cassette) -> Mapping[str, Any]:
    runs = [run for run in cassette.runs if "chain" in run]
    if len(runs) == 1:
        return runs[0]
    what = "no run of a chain" if not runs else f"{len(runs)} runs"
    raise ConfigError(
        f"{show_path(cassette.path)} holds {what}, so that it can't be replayed by itself",
        hint="It belongs to a test: run that one, with pytest.",
    )


def _models(then: RunRecord, plan: Plan) -> dict[str, Any]:
    """The models that were asked for beyond what the chain says itself, by step."""
    steps: Mapping[str, Any] = then.chain["steps"]
    found: dict[str, Any] = {}
    for step, (first, *_) in then.asked.items():
        own = steps.get(step, {}).get("model") or then.chain.get("model") or DETERMINISTIC
        if step in plan.chain.steps and first and first != own:
            found[step] = first
    return found


def _merged(recorded: dict[str, Any], given: Any) -> dict[str, Any]:
    """The models that are given, and the recorded ones for steps that these leave open."""
    named = {} if given is None else dict(given) if isinstance(given, Mapping) else {EVERY_STEP: given}
    return named if EVERY_STEP in named else recorded | named


def explained(prepared: Prepared, miss: CassetteMissError) -> CassetteMissError:
    """The error of a replay, with all that has drifted and why, and the nearest recording against what is asked now."""
    deck = deck_in_use()
    runs = [run for run in deck.cassette.runs if "chain" in run] if deck is not None else []
    lines, stale = [miss.message], dict[str, list[str]]()
    chain = prepared.plan.chain.name
    run = next((run for run in runs if run["chain"]["name"] == chain), None)
    if deck is not None and run is not None and deck.cassette.complete:
        found = drift(prepared, deck.cassette, run)
        lines += _reasons(found)
        stale = {step.name: [cause.text for cause in step.causes] for step in found.asked}
    lines += ["", *miss.diff[:_MOST_LINES]] if miss.diff else []
    left = len(miss.diff) - _MOST_LINES
    lines += [f"… and {left} more lines"] if left > 0 else []
    return CassetteMissError(
        "\n".join(lines),
        hint=miss.hint,
        call_id=miss.call_id,
        diff=miss.diff,
        nearest=miss.nearest,
        stale=stale,
    )


def _reasons(found: Preview) -> list[str]:
    """One line for each step that has drifted; those that only follow another together."""
    own = [step for step in found.asked if not all(cause.kind == "upstream" for cause in step.causes)]
    following = [step.name for step in found.asked if step not in own]
    lines = [f"  {step.name}: {'; '.join(cause.text for cause in step.causes)}" for step in own]
    return lines + ([f"  {', '.join(following)}: what comes before changes"] if following else [])


def drift(prepared: Prepared, cassette: Cassette, run: Mapping[str, Any]) -> Preview:
    """What a run would ask that a cassette does not hold, and why."""
    then = record_of(run, show_path(cassette.path))
    replies: dict[str, tuple[str, ModelReply]] = {
        call.key: (then.id, call.reply) for call in cassette.calls if call.reply is not None
    }
    order = replace(prepared.order, known=Known(others=replies))
    return preview(prepared.plan, order, prepared.backends.by_step, (then,))


def ahead_of(prepared: Prepared) -> Preview:
    """What a replay would find in its cassette, and what it would miss."""
    deck = deck_in_use()
    if deck is None:
        raise AssertionError("a replay has its cassette in use")
    return drift(prepared, deck.cassette, _only_run(deck.cassette))


class Check(NamedTuple):
    """What was found of a cassette."""

    path: Path
    complete: bool = True
    suspects: Sequence[Suspect] = ()
    stale: Mapping[str, list[str]] = {}
    """The steps that would ask what it does not hold, each with why."""
    unused: Sequence[str] = ()
    """The calls that nothing would ask for today."""
    broken: Sequence[str] = ()
    """Calls whose HTTP is missing, or says something else; a chain that can't be run."""
    note: str = ""
    """Why it could not be held against today's chain, or how."""

    @property
    def is_stale(self) -> bool:
        """Whether a replay would not go through, or leave something over."""
        return not self.complete or bool(self.stale or self.unused or self.broken)


def check(path: Path, catalog: Catalog) -> Check:
    """What there is to say of a cassette; its chain of today is run with it, in memory.

    Raises:
        CassetteError: there is none.
        InvalidFileError: it is none.
    """
    cassette = Cassette.read(path)
    found = Check(path, cassette.complete, suspects(cassette.to_dict()), broken=_broken(cassette))
    if len([run for run in cassette.runs if "chain" in run]) != 1:
        return found._replace(note="it belongs to a test, which alone can say whether it fits")
    deck, note = Deck(path), ""
    try:
        with use_deck(deck):
            today = recorded_plan(cassette, catalog)
            note = today.note
            request = RunRequest(today.plan, workspace=today.workspace or catalog.workspace)
            prepare(recorded_request(cassette, request, today.plan)).go_sync()
    except CassetteMissError as miss:
        stale = miss.stale or {miss.call_id.split("/")[0]: [miss.message.splitlines()[0]]}
        return found._replace(stale=stale, note=note)
    except FccError as error:
        return found._replace(broken=[*found.broken, f"its chain can't be run: {error.message}"])
    return found._replace(unused=[call.id for call in deck.unused], note=note)


def _broken(cassette: Cassette) -> list[str]:
    ids = {call.id for call in cassette.calls}
    lone = [
        f"{call or 'an interaction without a call'}: nothing is known of it but its HTTP"
        for call in cassette.interactions_by_call()
        if call not in ids
    ]
    bare = [
        f"{call.id}: its HTTP is missing"
        for call, interaction in cassette.paired
        if call.has_http and call.reply is not None and interaction is None
    ]
    edited = [
        f"{call.id}: its reply is not the one in its HTTP"
        for call, interaction in cassette.paired
        if call.reply is not None and interaction is not None and not _holds(interaction, call.reply.text)
    ]
    return lone + bare + edited


def _holds(interaction: Mapping[str, Any], text: str) -> bool:
    """Whether an answer of one JSON value holds a text, or a part of it; a stream is taken at its word."""
    body = interaction["response"]["body"].get("string")
    if not isinstance(body, Mapping):
        return True
    return any(text.strip() in held or (held.strip() and held in text) for held in _texts(body))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str) and len(value) > 1:
        yield value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            if name not in {"id", "object", "model", "finish_reason", "role", "type"}:
                yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
