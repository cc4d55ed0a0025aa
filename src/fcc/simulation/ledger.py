"""The ledger: call key to paid reply, in SQLite, so that nothing that was answered is paid for twice.

A reply is on the disk (`synchronous=FULL`) before anyone reads it. Several processes may write one ledger. Writes of one
process are gathered: what is waiting when the disk is free goes into one transaction, so that two hundred runs at once
share a sync instead of queueing for two hundred.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from fcc.errors import ConfigError, StorageError
from fcc.providers.base import ModelReply

if TYPE_CHECKING:
    from pydantic import TypeAdapter

FORMAT: Final = 1
"""`PRAGMA user_version` of the files that this version writes."""

_APPLICATION: Final = 0x66636367
"""`PRAGMA application_id`: marks the file as a ledger."""

_PATIENCE: Final = 30.0
"""Seconds that a write waits for another process's."""

_TABLE = """
CREATE TABLE IF NOT EXISTS replies (
    run TEXT NOT NULL, key TEXT NOT NULL, call TEXT NOT NULL, reply TEXT NOT NULL, paid_at REAL NOT NULL,
    PRIMARY KEY (run, key)
) WITHOUT ROWID
"""


Landed = tuple[ModelReply, str] | None
"""A reply and the run that asked for it; None where there was none."""


@dataclass(eq=False, slots=True)
class _Flight:
    """A call that is under way, or has come back, the runs that whoever made it can see, and who waits for it."""

    scope: frozenset[str]
    waiting: list[Future[Landed]] = field(default_factory=list)
    landed: Landed = None


class _Entry(NamedTuple):
    """A reply on its way to the disk; `stored` is resolved, in its own loop, when it is there."""

    row: tuple[str, str, str, str, float]
    loop: asyncio.AbstractEventLoop
    stored: asyncio.Future[None]


class Ledger:
    """One ledger file. Use `open_ledger`; nothing is made on the disk before the first reply is put in."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.users = 0
        self._lock = threading.Lock()
        self._flights: dict[str, list[_Flight]] = {}
        self._entries: queue.SimpleQueue[_Entry | None] = queue.SimpleQueue()
        self._writer: threading.Thread | None = None

    def replies(self, run: str) -> dict[str, ModelReply]:
        """The replies that a run has paid for, by key.

        Raises:
            ConfigError: the file is no ledger, is damaged, or was written by a newer version.
        """
        if not self.path.is_file():
            return {}
        connection = self._connect()
        try:
            if not connection.execute("PRAGMA user_version").fetchone()[0]:
                return {}  # made, and not yet filled
            rows = connection.execute("SELECT key, reply FROM replies WHERE run = ?", (run,)).fetchall()
        except sqlite3.Error as error:
            raise self._unreadable(error) from error
        finally:
            connection.close()
        return {key: _adapter().validate_json(reply) for key, reply in rows}

    async def put(self, run: str, key: str, call: str, reply: ModelReply) -> None:
        """Keep a reply; it is on the disk when this returns.

        Raises:
            StorageError: it could not be written.
        """
        text = _adapter().dump_json(reply).decode()
        loop = asyncio.get_running_loop()
        stored = loop.create_future()
        self._enqueue(_Entry((run, key, call, text, time.time()), loop, stored))
        await stored

    async def once(
        self, key: str, run: str, scope: frozenset[str], ask: Callable[[], Awaitable[ModelReply]]
    ) -> tuple[ModelReply, str]:
        """The reply of `ask`, asked once for all runs of this process that are under way and can see a common run.

        Returns:
            The reply, and the run that asked for it.
        """
        while True:
            flight, landing = self._board(key, scope)
            if flight.landed is not None:
                return flight.landed
            if landing is None:
                return await self._lead(flight, key, run, ask)
            landed = await asyncio.wrap_future(landing)
            if landed is not None:
                return landed

    async def _lead(
        self, flight: _Flight, key: str, run: str, ask: Callable[[], Awaitable[ModelReply]]
    ) -> tuple[ModelReply, str]:
        landed: Landed = None
        try:
            landed = (await ask(), run)
            return landed
        finally:  # where it failed, or was cancelled, whoever waits asks for itself
            with self._lock:
                flight.landed = landed
                if landed is None or len(flight.scope) == 1:  # nobody else could see it
                    flights = self._flights[key]
                    flights.remove(flight)
                    if not flights:
                        del self._flights[key]
            for waiting in flight.waiting:
                if waiting.set_running_or_notify_cancel():
                    waiting.set_result(landed)

    def _board(self, key: str, scope: frozenset[str]) -> tuple[_Flight, Future[Landed] | None]:
        """The flight to wait for, and its landing; or a new one that the caller is to make."""
        with self._lock:
            flights = self._flights.setdefault(key, [])
            for flight in flights:
                if flight.scope & scope and flight.landed is not None:
                    return flight, None
                if flight.scope & scope:
                    landing: Future[Landed] = Future()
                    flight.waiting.append(landing)
                    return flight, landing
            flights.append(_Flight(scope))
            return flights[-1], None

    def _enqueue(self, entry: _Entry) -> None:
        with self._lock:
            if self._writer is None:
                self._writer = threading.Thread(target=self._write, name="fcc-ledger", daemon=True)
                self._writer.start()
            self._entries.put(entry)

    def release(self) -> None:
        """Tell that one user is done; with the last, what is waiting is written and the file closed."""
        with _opening:
            self.users -= 1
            if self.users:
                return
            _ledgers.pop(self.path, None)
        with self._lock:
            if self._writer is not None:
                self._entries.put(None)
                self._writer.join()
                self._writer = None

    def _write(self) -> None:
        """Runs in a thread of its own: takes all that is waiting, one transaction at a time, until it gets a None."""
        connection: sqlite3.Connection | None = None
        going = True
        while going:
            waiting = [self._entries.get()]
            while not self._entries.empty():
                waiting.append(self._entries.get())
            batch = [entry for entry in waiting if entry is not None]
            going = len(batch) == len(waiting)
            if batch:
                connection = self._store(connection, batch)
        if connection is not None:
            connection.close()

    def _store(self, connection: sqlite3.Connection | None, batch: list[_Entry]) -> sqlite3.Connection | None:
        failure: Exception | None = None
        try:
            connection = connection or self._connect(create=True)
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany(
                    "INSERT OR IGNORE INTO replies VALUES (?, ?, ?, ?, ?)", [entry.row for entry in batch]
                )
        except (ConfigError, StorageError) as error:
            failure = error
        except (sqlite3.Error, OSError) as error:
            failure = self._unwritable(error)
        if failure is not None and connection is not None:
            connection.close()
        for loop in {entry.loop for entry in batch}:
            waiting = [entry.stored for entry in batch if entry.loop is loop]
            with contextlib.suppress(RuntimeError):  # a loop that has been closed waits for nothing
                loop.call_soon_threadsafe(_resolve, waiting, failure)
        return connection if failure is None else None

    def _connect(self, *, create: bool = False) -> sqlite3.Connection:
        try:
            if create:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self.path, timeout=_PATIENCE, isolation_level=None)
        except (sqlite3.Error, OSError) as error:
            raise (self._unwritable(error) if create else self._unreadable(error)) from error
        try:
            self._prepare(connection, create=create)
        except BaseException:  # whatever it was, the connection must not leak
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection, *, create: bool) -> None:
        try:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            application = connection.execute("PRAGMA application_id").fetchone()[0]
            if version > FORMAT and application == _APPLICATION:
                raise ConfigError(
                    f"the ledger {self.path} was written by a newer version (format {version}; this one reads {FORMAT})",
                    hint="Update fcc-agents, or move the file away: runs that are finished don't need it.",
                )
            if version and application != _APPLICATION:
                raise ConfigError(f"{self.path} is a database, and no ledger", hint="Move it away.")
            if create:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = FULL")
                if version < FORMAT:
                    self._make(connection)
        except sqlite3.Error as error:
            raise (self._unwritable(error) if create else self._unreadable(error)) from error

    def _make(self, connection: sqlite3.Connection) -> None:
        """Table and format in one transaction: a process that is killed here leaves a file that is still empty."""
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(_TABLE)
        connection.execute(f"PRAGMA application_id = {_APPLICATION}")
        connection.execute(f"PRAGMA user_version = {FORMAT}")
        connection.execute("COMMIT")

    def _unwritable(self, error: Exception) -> StorageError:
        return StorageError(
            f"cannot write the ledger {self.path}: {error}",
            hint="Free some space or mend the folder's permissions, then resume the run. What was stored is safe.",
        )

    def _unreadable(self, error: Exception) -> ConfigError:
        return ConfigError(
            f"cannot read the ledger {self.path}: {error}",
            hint="Move the file away: runs that are finished don't need it.",
        )


def _resolve(waiting: list[asyncio.Future[None]], failure: Exception | None) -> None:
    for stored in waiting:
        if stored.done():  # whoever waited has been cancelled
            continue
        if failure is None:
            stored.set_result(None)
        else:
            stored.set_exception(failure)


_ledgers: dict[Path, Ledger] = {}
_opening = threading.Lock()


def open_ledger(path: Path) -> Ledger:
    """The one ledger of a file in this process, so that all its runs share calls and syncs; `release` it."""
    with _opening:
        ledger = _ledgers.setdefault(path.absolute(), Ledger(path.absolute()))
        ledger.users += 1
        return ledger


@cache
def _adapter() -> TypeAdapter[ModelReply]:
    from pydantic import TypeAdapter

    return TypeAdapter(ModelReply)
