"""The event log of a run: a line an event, each with the SHA-256 of the line before. It only grows."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

from fcc._files import lock_file, storage_error
from fcc.errors import ConfigError, StorageError
from fcc.messaging import Event
from fcc.redaction import redactor
from fcc.simulation.record import timestamp

GENESIS = "0" * 64
"""Stands for the line before the first."""


class Head(NamedTuple):
    """Where a log ends."""

    lines: int = 0
    sha256: str = GENESIS
    """Of its last line, without the line end."""


class Fault(NamedTuple):
    """A line of a log that does not follow from the one before."""

    line: int
    """From 1."""
    message: str


class EventLog:
    """Appends to the log of one run; nobody else can while it is open."""

    def __init__(self, path: Path, file: IO[bytes], head: Head) -> None:
        self.path = path
        self.head = head
        self.redact = redactor()
        """Takes secrets out of every line, whatever was taken out before."""
        self._file = file
        self._failure: StorageError | None = None

    @classmethod
    def create(cls, path: Path) -> EventLog:
        """A new log.

        Raises:
            FileExistsError: there is one.
            OSError: it can't be made.
        """
        file = os.fdopen(
            os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_APPEND, 0o644), "ab", buffering=0
        )
        lock_file(file)
        return cls(path, file, Head())

    @classmethod
    def reopen(cls, path: Path, *, anew: bool = False) -> tuple[EventLog, int]:
        """The log of a run that goes on, and how many bytes of a torn last line were taken off it.

        With `anew` everything is taken off: whoever began it had not come as far as to ask anything.

        Raises:
            ConfigError: the run is going on elsewhere, or there is no log.
        StorageError: it can't be opened to be written.
        """
        try:
            file = path.open("r+b", buffering=0)
        except FileNotFoundError as error:
            raise ConfigError(f"there is no {path}", hint="Check the path.") from error
        except OSError as error:
            raise storage_error(path, error) from error
        if not lock_file(file):
            file.close()
            raise ConfigError(
                f"the run in {path.parent} is being run just now",
                hint="Wait for it to end, or stop it first.",
            )
        raw = b"" if anew else file.read()
        if anew:
            file.truncate(0)
        whole = raw[: raw.rfind(b"\n") + 1]
        torn = len(raw) - len(whole)
        lines = whole.split(b"\n")[:-1]
        if torn:
            file.truncate(len(whole))
        file.seek(0, os.SEEK_END)
        last = hashlib.sha256(lines[-1]).hexdigest() if lines else GENESIS
        return cls(path, file, Head(len(lines), last)), torn

    def append(self, event: Event) -> None:
        """Write an event. A failure to do so is raised by the next `check`."""
        if self._failure is not None:
            return  # nothing may follow a line that is missing
        line = self._line(event).encode()
        end = self._file.seek(0, os.SEEK_END)
        try:
            self._write(line + b"\n")
        except OSError as error:
            self._failure = storage_error(self.path, error)
            with contextlib.suppress(OSError):
                self._file.truncate(end)
            return
        self.head = Head(self.head.lines + 1, hashlib.sha256(line).hexdigest())

    def check(self, *, sync: bool = False) -> None:
        """Nothing, if every event has been written; with `sync`, down to the disk.

        Raises:
            StorageError: one has not.
        """
        if self._failure is None and sync:
            try:
                os.fsync(self._file.fileno())
            except OSError as error:
                self._failure = storage_error(self.path, error)
        if self._failure is not None:
            raise self._failure

    def close(self) -> None:
        """Close the file, and let others open it."""
        with contextlib.suppress(OSError):  # a line that could not be written has been noted by `append`
            self._file.close()

    def _write(self, data: bytes) -> None:
        while data:
            data = data[self._file.write(data) :]

    def _line(self, event: Event) -> str:
        entry: dict[str, Any] = {
            "seq": self.head.lines,
            "time": timestamp(event.time),
            "type": event.event_type.value,
            "source": event.source,
            "run": event.correlation_id,
            "id": event.id,
            "payload": dict(event.payload),
            "prev": self.head.sha256,
        }
        return self.redact(json.dumps(entry, ensure_ascii=True, default=str))


def read_log(raw: bytes, run: str) -> tuple[list[str], list[Fault]]:
    """The SHA-256 of each whole line of a log, and every place at which it is not the log of that run. Pure."""
    lines = raw.split(b"\n")
    faults = list(_faults(lines[:-1], run))
    if lines[-1]:
        faults.append(Fault(len(lines), "the last line is torn: it does not end"))
    return [hashlib.sha256(line).hexdigest() for line in lines[:-1]], faults


def _faults(lines: list[bytes], run: str) -> Iterator[Fault]:
    previous = GENESIS
    for number, line in enumerate(lines, start=1):
        try:
            entry = json.loads(line)
        except ValueError:
            yield Fault(number, "is no JSON")
            entry = None
        if isinstance(entry, dict):
            if entry.get("prev") != previous:
                where = f"line {number - 1}" if number > 1 else "the beginning"
                yield Fault(number, f"the chain is broken: `prev` is not the hash of {where}")
            if entry.get("seq") != number - 1:
                yield Fault(number, f"`seq` is {entry.get('seq')}, and {number - 1} is next")
            if entry.get("run") != run:
                yield Fault(number, f"it tells of another run: {entry.get('run')!r}")
        previous = hashlib.sha256(line).hexdigest()
