"""What is said of a call that has no recorded reply: the nearest recording, and how its prompt differs. Pure."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Sequence

from fcc.errors import CassetteMissError
from fcc.providers.base import ModelRequest
from fcc.providers.cassettes.cassette import Cassette, RecordedCall
from fcc.providers.keys import call_key
from fcc.workspace import show_path

_CONTEXT = 1
"""Lines around each change."""


def describe(
    cassette: Cassette, played: Sequence[str], request: ModelRequest, identity: str, command: str
) -> CassetteMissError:
    """The error for a request that has no recorded reply; `played` are the keys that were asked for before.

    `command` is what records anew what has drifted.
    """
    shown, place = show_path(cassette.path), request.call_id or "a call"
    step = request.call_id.split("/")[0]
    what = f"{shown} has no reply for step {step}" if step else f"{shown} has no reply for {place}"
    again = f"Record only what drifted: {command}"
    calls = cassette.calls
    if call_key(request, identity) in played:
        more = f"{shown} holds fewer replies than are asked for: the one for {place} has been played already"
        return CassetteMissError(more, hint=again, call_id=request.call_id)
    if not calls:
        missing = f"there is no cassette {shown}" if not cassette.path.is_file() else f"{what}: it is empty"
        return CassetteMissError(missing, hint=f"Record one: {command}", call_id=request.call_id)
    if not cassette.complete and not any(
        call.step == step or call.id.split("/")[0] == step for call in calls
    ):
        broke = f"{shown} is not complete: its recording broke off before step {step}"
        return CassetteMissError(broke, hint=f"Record what is missing: {command}", call_id=request.call_id)
    nearest = _nearest(calls, request)
    diff = prompt_diff(nearest, request, identity)
    same = nearest.id == request.call_id
    which = "" if same else f"; the nearest recording is {nearest.id}"
    return CassetteMissError(
        f"{what}{which}", hint=again, call_id=request.call_id, diff=tuple(diff), nearest=nearest.id
    )


def prompt_diff(recorded: RecordedCall, request: ModelRequest, identity: str) -> list[str]:
    """The recorded request and another one as a unified diff, without line ends."""
    lines = difflib.unified_diff(
        list(_lines(recorded.request, recorded.backend)),
        list(_lines(request, identity)),
        "recorded",
        "now",
        lineterm="",
        n=_CONTEXT,
    )
    return list(lines)


def _lines(request: ModelRequest, identity: str) -> Iterable[str]:
    """A request as lines, the short facts first."""
    yield f"backend: {identity}"
    yield f"model: {request.model}"
    for name in type(request.sampling).__slots__:
        value = getattr(request.sampling, name)
        if value not in (None, ()):
            yield f"{name}: {value}"
    if request.response_format is not None:
        yield from f"schema: {json.dumps(request.response_format.schema, indent=1)}".splitlines()
    for message in request.messages:
        yield f"[{message.role}]"
        yield from message.content.split("\n")


def _nearest(calls: Sequence[RecordedCall], request: ModelRequest) -> RecordedCall:
    """The recording of the same place in the run, else of the same step, else of the most similar text."""
    for near in (
        [call for call in calls if call.id == request.call_id],
        [call for call in calls if call.id.split("/")[0] == request.call_id.split("/")[0]],
    ):
        if near:
            return near[0]
    text = _text(request)

    def likeness(call: RecordedCall) -> float:
        return difflib.SequenceMatcher(None, text, _text(call.request), autojunk=False).quick_ratio()

    return max(calls, key=likeness)


def _text(request: ModelRequest) -> str:
    return "\n".join(message.content for message in request.messages)
