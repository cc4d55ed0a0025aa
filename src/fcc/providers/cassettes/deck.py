"""What a cassette is put into: it plays what is recorded, and records what is not, as far as its mode allows."""

from __future__ import annotations

import itertools
import shlex
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from fcc.errors import CassetteMissError, ConfigError
from fcc.providers.base import ModelReply, ModelRequest
from fcc.providers.cassettes.cassette import Cassette, RecordedCall, is_cassette
from fcc.providers.cassettes.miss import describe
from fcc.providers.keys import call_key
from fcc.workspace import show_path

Mode = Literal["none", "once", "drifted", "all"]
"""What is recorded: nothing; everything where there is no file yet, else nothing; what the file does not hold; everything."""

Door = Literal["metadata", "wire"]
"""By which a reply is read: from the metadata, or from the wire, through LiteLLM."""


class Deck:
    """A cassette in use.

    Args:
        path: the cassette's file.
        mode: what is recorded.
        door: by which of its two doors a reply is read.
        again: the command that records what has drifted, for messages.
        allow_shapes: whether texts are written that only look like a key; the values of secrets never are.
        empty_ok: whether a file that is not there is an empty one, of which the first call is missing.

    Raises:
        CassetteError: nothing is to be recorded, and there is no such file.
        InvalidFileError: the file is no cassette, or is damaged.
    """

    def __init__(
        self,
        path: Path,
        mode: Mode = "none",
        *,
        door: Door = "metadata",
        again: str = "",
        empty_ok: bool = False,
        allow_shapes: bool = False,
    ) -> None:
        exists = path.is_file()
        if mode == "once":
            mode = "none" if exists else "all"
        self.mode: Literal["none", "drifted", "all"] = mode
        self.path = path
        self.door = door
        self.allow_shapes = allow_shapes
        self.again = again or f"fcc-agents record --drifted --cassette {shlex.quote(show_path(path))}"
        self.misses: list[CassetteMissError] = []
        """What was asked for in vain."""
        if mode == "all" and exists and not is_cassette(path):
            raise ConfigError(
                f"{show_path(path)} is no cassette, and is not replaced", hint="Name another file."
            )
        keeps = (mode == "none" and not (empty_ok and not exists)) or (mode == "drifted" and exists)
        self.cassette = Cassette.read(path) if keeps else Cassette(path)
        self.new: list[RecordedCall] = []
        """What has been recorded since, in the order in which it came back."""
        self.runs: list[Mapping[str, Any]] = []
        """What the runs knew that ended since."""
        self.head: Mapping[str, Any] = {}
        """What is known of the run that is under way."""
        self.whole = True
        """Whether each of them got all that it asked for."""
        self.interactions: list[Mapping[str, Any] | None] = []
        """What went over the wire for each of them; None where nothing did."""
        self.saved: Cassette | None = None
        """What was written at the end."""
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._waiting: dict[str, list[RecordedCall]] = {}
        for call in self.cassette.calls:
            self._waiting.setdefault(call.key, []).append(call)
        self.played: list[RecordedCall] = []

    @property
    def records(self) -> bool:
        """Whether anything may be recorded."""
        return self.mode != "none"

    @property
    def waits(self) -> bool:
        """Whether a call may have to wait: never by the metadata alone."""
        return self.records or self.door == "wire"

    @property
    def unused(self) -> list[RecordedCall]:
        """The recorded calls that nothing has asked for."""
        return [call for calls in self._waiting.values() for call in calls]

    def named(self, request: ModelRequest) -> ModelRequest:
        """The request with a call's id: one that has none is given one by its number among those."""
        if request.call_id:
            return request
        with self._lock:
            return replace(request, call_id=f"call/0/0/{next(self._numbers)}/0")

    def find(self, request: ModelRequest, identity: str) -> RecordedCall | None:
        """The recorded call of a request, which is then used up; None where there is none left."""
        key = call_key(request, identity)
        with self._lock:
            waiting = self._waiting.get(key)
            if not waiting:
                return None
            call = waiting.pop(0)
            self.played.append(call)
        return call

    def miss(self, request: ModelRequest, identity: str) -> CassetteMissError:
        """The error for a request that has no recorded reply."""
        played = [call.key for call in self.played]
        error = describe(self.cassette, played, request, identity, self.again)
        self.misses.append(error)
        return error

    @contextmanager
    def catching(self) -> Iterator[list[Mapping[str, Any]]]:
        """Around one call: what goes over the wire for it, the tries that were answered, oldest first."""
        caught: list[Mapping[str, Any]] = []
        token = CAUGHT.set(caught)
        try:
            yield caught
        finally:
            CAUGHT.reset(token)

    def keep(
        self,
        request: ModelRequest,
        identity: str,
        reply: ModelReply,
        caught: Sequence[Mapping[str, Any]] = (),
        *,
        streamed: bool = False,
    ) -> None:
        """Record a reply; of what was caught on its way, the last was it."""
        key = call_key(request, identity)
        call = RecordedCall(
            request.call_id, key, identity, request, replace(reply, origin="recorded"), streamed=streamed
        )
        with self._lock:
            self.new.append(call)
            self.interactions.append(caught[-1] if caught else None)

    def add_run(self, run: Mapping[str, Any], *, whole: bool) -> None:
        """Note what a run knew that has ended, with its calls; `whole` says whether it got all that it asked for."""
        with self._lock:
            self.runs.append(run)
            self.head = {}
            self.whole = self.whole and whole

    @contextmanager
    def wired(self) -> Iterator[None]:
        """Around what is recorded, or played by the wire: HTTP goes through the cassette."""
        patched: AbstractContextManager[object] = nullcontext()
        if self.records:
            from fcc.providers.cassettes.wire import recording

            patched = recording()
        elif self.door == "wire":
            from fcc.providers.cassettes.wire import replaying

            patched = replaying(self.cassette)
        with patched:
            yield


CAUGHT: ContextVar[list[Mapping[str, Any]]] = ContextVar("CAUGHT")
"""Where the HTTP of the call under way is kept; every task and thread that the call starts sees it."""

_guard = threading.Lock()
_in_use: list[Deck] = []


def deck_in_use() -> Deck | None:
    """The deck that runs of this process record to, or play from; None outside of `use_deck`."""
    return _in_use[-1] if _in_use else None


@contextmanager
def use_deck(deck: Deck) -> Iterator[Deck]:
    """Make every run inside record to a deck, or play from it. One at a time in a process: HTTP is caught for all of it.

    Raises:
        ConfigError: another is in use.
    """
    if not _guard.acquire(blocking=False):
        raise ConfigError(
            f"{show_path(_in_use[-1].path) if _in_use else 'another cassette'} is in use in this process already",
            hint="Use one cassette at a time; side by side, use several processes (pytest -n).",
        )
    try:
        _in_use.append(deck)
        with deck.wired():
            yield deck
    finally:
        _in_use.clear()
        _guard.release()
