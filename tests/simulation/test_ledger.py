"""The ledger: what is put in is on the disk, whoever else writes, and what can't be read is said."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fcc.errors import ConfigError, StorageError
from fcc.providers.base import ModelReply, Usage
from fcc.simulation.ledger import Ledger, open_ledger

REPLY = ModelReply("text ü\ufffd", "m", "live", Usage(1, 2, None, 3), 0.25, 1.5, "length", 2)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(tmp_path / "ledger.db")
    yield opened
    opened.release()


def test_a_reply_comes_back_as_it_was(ledger: Ledger) -> None:
    """Text, usage, cost, latency, reason and all; by its own run and key only."""
    asyncio.run(ledger.put("a", "k", "s/0/0/0/0", REPLY))
    assert ledger.replies("a") == {"k": REPLY}
    assert ledger.replies("b") == {}


def test_nothing_is_made_before_the_first_reply(tmp_path: Path) -> None:
    """Looking something up leaves no file behind."""
    opened = open_ledger(tmp_path / "x" / "ledger.db")
    assert opened.replies("a") == {}
    opened.release()
    assert not (tmp_path / "x").exists()


def test_a_reply_is_on_the_disk_when_put_returns(tmp_path: Path) -> None:
    """A process that ends without a word right after leaves it there; FULL and WAL are what it is written with."""
    code = (
        "import asyncio, os, sys; from fcc.simulation.ledger import open_ledger; from fcc.providers.base import ModelReply;"
        "ledger = open_ledger(__import__('pathlib').Path(sys.argv[1]));"
        "asyncio.run(ledger.put('a', 'k', 'c', ModelReply('t', 'm', 'live'))); os._exit(9)"
    )
    path = tmp_path / "ledger.db"
    assert subprocess.run([sys.executable, "-c", code, path], check=False, timeout=60).returncode == 9
    assert Ledger(path).replies("a")["k"].text == "t"
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_writes_are_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`synchronous` is FULL on the connection that writes."""
    ledger, seen = Ledger(tmp_path / "ledger.db"), []
    connection = ledger._connect(create=True)
    seen.append(connection.execute("PRAGMA synchronous").fetchone()[0])
    connection.close()
    assert seen == [2]


def test_several_processes_write_one_ledger(tmp_path: Path) -> None:
    """Four processes with fifty replies each lose none."""
    code = (
        "import asyncio, sys, pathlib; from fcc.simulation.ledger import open_ledger; from fcc.providers.base import ModelReply\n"
        "ledger = open_ledger(pathlib.Path(sys.argv[1]))\n"
        "async def main():\n"
        "    await asyncio.gather(*(ledger.put(sys.argv[2], f'k{n}', 'c', ModelReply('t', 'm', 'live')) for n in range(25)))\n"
        "    for n in range(25, 50): await ledger.put(sys.argv[2], f'k{n}', 'c', ModelReply('t', 'm', 'live'))\n"
        "asyncio.run(main()); ledger.release()\n"
    )
    path = tmp_path / "ledger.db"
    running = [subprocess.Popen([sys.executable, "-c", code, path, f"r{n}"]) for n in range(4)]
    assert [process.wait(timeout=60) for process in running] == [0] * 4
    assert [len(Ledger(path).replies(f"r{n}")) for n in range(4)] == [50] * 4


def counted(text: str = "t", delay: float = 0.02) -> tuple[list[str], object]:
    asked: list[str] = []

    async def ask() -> ModelReply:
        asked.append(text)
        await asyncio.sleep(delay)
        return ModelReply(text, "m", "live")

    return asked, ask


def test_runs_that_can_see_a_common_run_pay_once(ledger: Ledger) -> None:
    """Two that reuse the same run and ask the same at once share one call, and know whose it was."""
    asked, ask = counted()

    async def both() -> list[tuple[ModelReply, str]]:
        return await asyncio.gather(
            ledger.once("k", "a", frozenset({"a", "x"}), ask),
            ledger.once("k", "b", frozenset({"b", "x"}), ask),
        )

    replies = asyncio.run(both())
    assert asked == ["t"]
    assert [run for _, run in replies] == ["a", "a"]


def test_runs_that_share_nothing_pay_each_for_itself(ledger: Ledger) -> None:
    """Two samples never share a reply by accident."""
    asked, ask = counted()

    async def both() -> None:
        await asyncio.gather(
            ledger.once("k", "a", frozenset({"a"}), ask), ledger.once("k", "b", frozenset({"b"}), ask)
        )

    asyncio.run(both())
    assert asked == ["t", "t"]


def test_who_waits_for_a_call_that_fails_asks_for_itself(ledger: Ledger) -> None:
    """An error, or a run that is interrupted, is not passed on as an answer."""
    asked: list[str] = []

    async def failing() -> ModelReply:
        asked.append("failing")
        await asyncio.sleep(0.02)
        raise ValueError("no")

    async def fine() -> ModelReply:
        asked.append("fine")
        return REPLY

    async def scenario() -> None:
        scope = frozenset({"x"})
        first = asyncio.create_task(ledger.once("k", "a", scope, failing))
        await asyncio.sleep(0)
        second = asyncio.create_task(ledger.once("k", "b", scope, fine))
        with pytest.raises(ValueError, match="no"):
            await first
        assert await second == (REPLY, "b")
        third = asyncio.create_task(ledger.once("k", "a", scope, failing))
        await asyncio.sleep(0)
        fourth = asyncio.create_task(ledger.once("k", "b", scope, fine))
        await asyncio.sleep(0)
        third.cancel()
        assert await fourth == (REPLY, "b")

    asyncio.run(scenario())
    assert asked == ["failing", "fine", "failing", "fine"]


def test_threads_share_calls(ledger: Ledger) -> None:
    """Runs in event loops of their own, too."""
    from concurrent.futures import ThreadPoolExecutor

    asked, ask = counted(delay=0.2)
    with ThreadPoolExecutor(4) as pool:
        runs = [
            pool.submit(lambda n=n: asyncio.run(ledger.once("k", f"r{n}", frozenset({f"r{n}", "x"}), ask)))
            for n in range(4)
        ]
        assert {run.result()[0].text for run in runs} == {"t"}
    assert len(asked) == 1


def test_a_newer_ledger_is_refused(tmp_path: Path) -> None:
    """One line says which format it has and what to do."""
    path = tmp_path / "ledger.db"
    ledger = open_ledger(path)
    asyncio.run(ledger.put("a", "k", "c", REPLY))
    ledger.release()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.commit()
    connection.close()
    with pytest.raises(ConfigError, match=r"written by a newer version \(format 99; this one reads 1\)"):
        Ledger(path).replies("a")
    again = open_ledger(path)
    with pytest.raises(ConfigError, match="newer version"):
        asyncio.run(again.put("a", "k2", "c", REPLY))
    again.release()


@pytest.mark.parametrize(
    "content", [b"not a database, and much longer than a header " * 50, b"SQLite format 3\0" + b"\1" * 4000]
)
def test_what_is_no_ledger_is_refused(tmp_path: Path, content: bytes) -> None:
    """A damaged or foreign file is named, and left as it is."""
    path = tmp_path / "ledger.db"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="cannot read the ledger"):
        Ledger(path).replies("a")
    assert path.read_bytes() == content


def test_another_database_is_no_ledger(tmp_path: Path) -> None:
    """A database of somebody else's is not written into."""
    path = tmp_path / "ledger.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 3")
    connection.execute("CREATE TABLE t (x)")
    connection.close()
    with pytest.raises(ConfigError, match="is a database, and no ledger"):
        Ledger(path).replies("a")


def test_a_folder_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    """The reply could not be kept, and whoever waits for it is told so."""
    (tmp_path / "file").write_text("")
    ledger = open_ledger(tmp_path / "file" / "ledger.db")
    with pytest.raises(StorageError, match="cannot write the ledger"):
        asyncio.run(ledger.put("a", "k", "c", REPLY))
    ledger.release()


def test_a_ledger_opens_again_after_a_failure(tmp_path: Path) -> None:
    """What failed once is tried anew with the next reply."""
    (tmp_path / "x").write_text("")
    ledger = open_ledger(tmp_path / "x" / "ledger.db")
    with pytest.raises(StorageError):
        asyncio.run(ledger.put("a", "k", "c", REPLY))
    (tmp_path / "x").unlink()
    asyncio.run(ledger.put("a", "k", "c", REPLY))
    assert ledger.replies("a") == {"k": REPLY}
    ledger.release()


def test_a_ledger_is_closed_with_its_last_user(tmp_path: Path) -> None:
    """No thread and no open file is left behind."""
    import threading

    one, other = open_ledger(tmp_path / "ledger.db"), open_ledger(tmp_path / "ledger.db")
    assert one is other
    asyncio.run(one.put("a", "k", "c", REPLY))
    one.release()
    assert "fcc-ledger" in {thread.name for thread in threading.enumerate()}
    other.release()
    assert "fcc-ledger" not in {thread.name for thread in threading.enumerate()}
    assert not (tmp_path / "ledger.db-wal").exists()
