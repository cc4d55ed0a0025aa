"""Kills: whatever moment a run is killed at, nothing that was answered and kept is asked again, and the end is the same."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fcc.simulation import RunRecord
from fcc.simulation.ledger import Ledger
from fcc.simulation.run_folder import read_files
from fcc.simulation.verify import verify
from support.kills import CountingServer, Zygote

CHAIN = {
    "name": "four",
    "steps": {
        "a": {"persona": "JUS", "task": "Write the stories of the checkout service."},
        "b": {"persona": "PBD", "task": "Build on {{ handoff.a }}", "needs": ["a"]},
        "c": {"persona": "DVE", "task": "Build on {{ handoff.b }}", "needs": ["b"]},
        "d": {"persona": "ASC", "task": "Build on {{ handoff.c }}", "needs": ["c"]},
    },
}


def _dag() -> dict:
    """Twelve steps: three layers of four, joined crosswise, one of them refined, one for each of two items."""
    steps: dict[str, dict] = {}
    for layer in range(3):
        for column in range(4):
            needs = [f"s{layer - 1}{column}", f"s{layer - 1}{(column + 1) % 4}"] if layer else []
            handed = "".join(f"\n{{{{ handoff.{need} }}}}" for need in needs)
            steps[f"s{layer}{column}"] = {
                "persona": "JUS",
                "task": f"Write part {layer}{column}.{handed}",
                "needs": needs,
            }
    steps["s11"]["until"] = {"condition": "round >= 1", "rounds": 2}
    steps["s20"] |= {"foreach": ["eu", "us"], "task": steps["s20"]["task"] + "\nFor {{ item }}."}
    return {"name": "twelve", "steps": steps}


CHAINS = {"four": CHAIN, "twelve": _dag()}


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    with Zygote() as running:
        yield running


@pytest.fixture(scope="module")
def server() -> Iterator[CountingServer]:
    with CountingServer() as running:
        yield running


@pytest.fixture(scope="module")
def whole(
    zygote: Zygote, server: CountingServer, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """A run of each chain that nobody killed."""
    folders = {}
    for name, chain in CHAINS.items():
        folders[name] = tmp_path_factory.mktemp("whole") / name
        assert zygote.run(chain, folders[name], server.port).status == "completed"
    return folders


def essence(folder: Path) -> dict:
    """Everything of a record but ids, times and where a reply came from."""
    record = json.loads((folder / "run.json").read_text())
    for step in record["steps"]:
        step["started"] = step["finished"] = ""
        for call in step["calls"]:
            if call["reply"] is not None:
                call["reply"]["latency"] = 0
    return {key: record[key] for key in ("chain", "inputs", "models", "steps", "verdict", "status")}


def kept(folder: Path) -> set[str]:
    """The calls whose replies are on the disk."""
    held = set()
    if (folder / "run.json").exists():
        record = RunRecord.read(folder / "run.json")
        held |= {call.id for call in record.calls if call.reply is not None}
    if (folder / "ledger.db").exists():
        keys = Ledger(folder / "ledger.db").replies("r")
        held |= {reply.text.partition("item 1 of ")[2].partition(" to ")[0] for reply in keys.values()}
    return held


def check_killed_and_resumed(
    zygote: Zygote, server: CountingServer, whole: Path, folder: Path, chain: dict, **how
) -> bool:
    """Kill one run, look at what is there, go on, and hold it against the whole one; whether it was killed at all."""
    server.asked.clear()
    server.answered.clear()
    end = zygote.run(chain, folder, server.port, **how)
    held, answered = kept(folder), dict(server.answered)
    assert held <= set(answered) | set(server.asked)
    if end.signal:
        assert zygote.run(chain, folder, server.port).status == "completed"
    assert essence(folder) == essence(whole)
    for call, count in server.asked.items():
        assert count == 1 or (count == 2 and call not in held), (call, count, held)
    assert verify(*read_files(folder)).flaws == ()
    shutil.rmtree(folder)
    return bool(end.signal)


@pytest.mark.parametrize("name", ["four", "twelve"])
def test_a_run_killed_at_any_event_goes_on(
    name: str, zygote: Zygote, server: CountingServer, whole: dict[str, Path], tmp_path: Path
) -> None:
    """SIGKILL at every event in turn: no reply that was kept is asked for again, and the record, the log and the files
    are those of a run that was not killed.
    """
    events = len((whole[name] / "events.jsonl").read_text().splitlines())
    killed = [
        check_killed_and_resumed(zygote, server, whole[name], tmp_path / f"k{at}", CHAINS[name], kill_at=at)
        for at in range(1, events + 2)
    ]
    assert killed == [True] * events + [False]


def test_a_run_killed_within_calls_goes_on(
    zygote: Zygote, server: CountingServer, whole: dict[str, Path], tmp_path: Path
) -> None:
    """SIGKILL at random moments, calls under way among them."""
    moments = random.Random(3)
    killed = [
        check_killed_and_resumed(
            zygote,
            server,
            whole["twelve"],
            tmp_path / f"r{n}",
            CHAINS["twelve"],
            kill_after=moments.uniform(0.005, 0.12),
        )
        for n in range(25)
    ]
    assert any(killed)


def test_a_run_killed_again_and_again_comes_to_its_end(
    zygote: Zygote, server: CountingServer, whole: dict[str, Path], tmp_path: Path
) -> None:
    """Killed each time after about two calls, a run ends nevertheless, since each time it begins further on."""
    server.asked.clear()
    server.delay = 0.15
    folder, ends = tmp_path / "again", []
    for _ in range(20):
        ends.append(zygote.run(CHAINS["four"], folder, server.port, kill_after=0.4))
        if not ends[-1].signal:
            break
    server.delay = 0.0
    assert [end.signal for end in ends[:2]] == [9, 9] or len(ends) > 1
    assert ends[-1].status == "completed"
    assert essence(folder) == essence(whole["four"])
    assert max(server.asked.values()) <= 2
    assert sum(server.asked.values()) <= len(CHAIN["steps"]) + len(ends) - 1, (
        "one call under way for each kill"
    )


SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

static int due(const char *name, int *seen) {
    const char *at = getenv(name);
    return at && ++*seen >= atoi(at);
}
static int syncs, writes;
int fsync(int fd) {
    if (due("FAIL_SYNC_AT", &syncs)) { errno = EIO; return -1; }
    return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd);
}
int fdatasync(int fd) {
    if (due("FAIL_SYNC_AT", &syncs)) { errno = EIO; return -1; }
    return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd);
}
ssize_t pwrite64(int fd, const void *data, size_t size, off_t at) {
    if (due("FAIL_WRITE_AT", &writes)) { errno = ENOSPC; return -1; }
    return ((ssize_t (*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite64"))(fd, data, size, at);
}
ssize_t write(int fd, const void *data, size_t size) {
    if (size > 200 && due("FAIL_WRITE_AT", &writes)) { errno = ENOSPC; return -1; }
    return ((ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write"))(fd, data, size);
}
"""


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    """A zygote under whose children writing or syncing fails when it is told to."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("needs a C compiler to make the disk fail")
    folder = tmp_path_factory.mktemp("shim")
    (folder / "shim.c").write_text(SHIM)
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-o", folder / "shim.so", folder / "shim.c", "-ldl"], check=True
    )
    with Zygote(LD_PRELOAD=str(folder / "shim.so")) as running:
        yield running


@pytest.mark.parametrize("fault", ["FAIL_SYNC_AT", "FAIL_WRITE_AT"])
def test_a_disk_that_fails_loses_nothing_that_was_kept(
    fault: str, faulty: Zygote, server: CountingServer, whole: dict[str, Path], tmp_path: Path
) -> None:
    """Whichever sync or write is the first to fail, the run ends with a storage error; with the disk mended it goes on, and
    no reply that was kept is asked for again.
    """
    failed = 0
    for at in range(1, 200):
        server.asked.clear()
        folder = tmp_path / f"f{at}"
        end = faulty.run(CHAINS["four"], folder, server.port, faults={fault: str(at)})
        assert end.status in {"StorageError", "ConfigError", "completed"}, (at, end)
        failed += end.status != "completed"
        held = kept(folder)
        if end.status != "completed":
            assert faulty.run(CHAINS["four"], folder, server.port).status == "completed"
        assert essence(folder) == essence(whole["four"])
        for call, count in server.asked.items():
            assert count == 1 or (count == 2 and call not in held), (at, call, count, held)
        if end.status == "completed":
            break
    assert failed > 10
    assert end.status == "completed", "past the last sync or write a run is whole"
