"""What it costs to read other people's persona files leniently, in a process that has done nothing before.

The figures are wall-clock seconds: of the whole process, from its start to its end, and within it of the imports and of
the reading. The files are made up, as large and as deep as those of the FCC package; `--personas DIR` takes others.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from pathlib import Path
from statistics import median

from benchmarks.cards import write_cards
from benchmarks.measure import ROOT, environment
from benchmarks.report import Row, Table, at_most

_ROUNDS = 9
_TARGET = 0.8

_PROGRAM = """\
import json, sys, time
started = time.perf_counter()
from fcc.personas import PersonaRegistry
imported = time.perf_counter()
registry = PersonaRegistry.from_yaml_directory(sys.argv[1], strict=False)
read = time.perf_counter()
print(json.dumps({"personas": len(registry), "imports": imported - started, "reading": read - imported}))
"""


def measure(options: Namespace) -> Table:
    """A cold process that reads all persona files of a folder."""
    table = Table("personas", "seconds to read all persona files of a folder leniently, in a new process")
    rounds = options.rounds or _ROUNDS
    if options.personas:
        _fill(table, options.personas.resolve(), rounds)
        return table
    with tempfile.TemporaryDirectory() as made:
        write_cards(Path(made))
        _fill(table, Path(made), rounds)
    return table


def _fill(table: Table, folder: Path, rounds: int) -> None:
    _cold(folder)  # writes the byte code
    found = [_cold(folder) for _ in range(rounds)]
    middle = {name: median(one[name] for one in found) for name in found[0]}
    files = list(folder.glob("*.yaml"))
    size = sum(path.stat().st_size for path in files) / 1e6
    table.notes.append(f"{middle['personas']:.0f} personas in {len(files)} files, {size:.2f} MB")
    table.rows += [
        at_most("a new process, start to end", middle["process"], "s", _TARGET),
        Row("... the slowest of the rounds", max(one["process"] for one in found), "s"),
        Row("... of which imports", middle["imports"], "s"),
        Row("... of which reading", middle["reading"], "s"),
    ]


def _cold(folder: Path) -> dict[str, float]:
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(folder)],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    figures: dict[str, float] = json.loads(done.stdout)
    return figures | {"process": time.perf_counter() - started}
