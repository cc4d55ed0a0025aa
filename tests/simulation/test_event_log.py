"""The event log: it only grows, each line follows from the one before, and a torn one is mended."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcc.errors import ConfigError
from fcc.messaging import Event, EventType
from fcc.simulation.event_log import GENESIS, EventLog, Head, read_log


def filled(path: Path, count: int = 3) -> Head:
    log = EventLog.create(path)
    for number in range(count):
        log.append(Event(EventType.STEP_STARTED, "test", {"n": number, "ü": "\n"}, "r", f"id{number}", 0.0))
    log.close()
    return log.head


def test_lines_are_chained(tmp_path: Path) -> None:
    """Each line has the hash of the one before, the first that of nothing."""
    head = filled(tmp_path / "e.jsonl")
    hashes, faults = read_log((tmp_path / "e.jsonl").read_bytes(), "r")
    assert faults == []
    assert head == Head(3, hashes[-1])
    assert f'"prev": "{GENESIS}"' in (tmp_path / "e.jsonl").read_text().splitlines()[0]


@given(st.integers(0, 60), st.integers(0, 200))
def test_a_torn_line_is_taken_off_wherever_it_tore(
    tmp_path_factory: pytest.TempPathFactory, keep: int, cut: int
) -> None:
    """Whatever is left of the last line, the log goes on from the last whole one, and is then without fault."""
    path = tmp_path_factory.mktemp("log") / "e.jsonl"
    filled(path)
    whole = path.read_bytes()
    left = whole[: max(len(whole) - cut, keep)]
    path.write_bytes(left)
    log, torn = EventLog.reopen(path)
    assert torn == len(left) - (left.rfind(b"\n") + 1)
    log.append(Event(EventType.RUN_RESUMED, "test", {}, "r", "again", 0.0))
    log.close()
    hashes, faults = read_log(path.read_bytes(), "r")
    assert faults == []
    assert len(hashes) == left.count(b"\n") + 1


def test_a_log_is_one_process_at_a_time(tmp_path: Path) -> None:
    """A second one is told that the run is going on."""
    log = EventLog.create(tmp_path / "e.jsonl")
    with pytest.raises(ConfigError, match="is being run just now"):
        EventLog.reopen(tmp_path / "e.jsonl")
    log.close()
    EventLog.reopen(tmp_path / "e.jsonl")[0].close()


@pytest.mark.parametrize(
    ("line", "change", "fault"),
    [
        (
            0,
            lambda text: text.replace("step", "stop"),
            (2, "the chain is broken: `prev` is not the hash of line 1"),
        ),
        (1, lambda _: "", (2, "is no JSON")),
        (1, lambda _: "{}", (2, "the chain is broken: `prev` is not the hash of line 1")),
        (2, lambda text: text.replace('"run": "r"', '"run": "s"'), (3, "it tells of another run: 's'")),
        (2, lambda text: text.replace('"seq": 2', '"seq": 7'), (3, "`seq` is 7, and 2 is next")),
        (2, lambda text: text[:-9], None),
    ],
)
def test_a_changed_line_is_named(tmp_path: Path, line: int, change, fault: tuple[int, str] | None) -> None:
    """By its number, and by what is wrong with it."""
    filled(tmp_path / "e.jsonl")
    lines = (tmp_path / "e.jsonl").read_text().splitlines()
    lines[line] = change(lines[line])
    _, faults = read_log("".join(f"{text}\n" for text in lines).encode(), "r")
    assert faults[0] == fault if fault else faults[0].line == 3


def test_a_missing_line_end_is_a_torn_line(tmp_path: Path) -> None:
    """A reader is told, before it is mended."""
    filled(tmp_path / "e.jsonl")
    hashes, faults = read_log((tmp_path / "e.jsonl").read_bytes()[:-1], "r")
    assert faults == [(3, "the last line is torn: it does not end")]
    assert len(hashes) == 2
    assert hashes[0] == hashlib.sha256((tmp_path / "e.jsonl").read_bytes().split(b"\n")[0]).hexdigest()
