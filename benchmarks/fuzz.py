"""Broken replies through extraction, validators and contracts: crashes, the slowest one, writes outside the folder.

The inputs are the built-in chain's replies and files with bytes, lines, values and fences damaged at random from a seed.
Commands (bash, actionlint, shellcheck, ruff) cost a process each: one input in a hundred is given to them, the others to all else.
"""

from __future__ import annotations

import random
import tempfile
import time
import traceback
from argparse import Namespace
from collections import Counter
from pathlib import Path
from unittest.mock import patch

import fcc
from benchmarks.report import Row, Table, at_most
from fcc.evaluations.contracts import Context, Source, check_contracts
from fcc.evaluations.requirements import coverage
from fcc.evaluations.validation import KINDS, validate_artifact
from fcc.evaluations.validators.check import NotCheckedError
from fcc.simulation import extract_artifacts
from fcc.simulation.kinds import kind_of

_INPUTS = 2_000
_HANG = 2.0
_WITH_COMMANDS = 100
_TOKENS = [
    "```", "~~~~", "````yaml path=../../x", "```yaml path=C:\\x", "---", "{{", "}}", "${{", "'", '"', "<<EOF", "\x00", "\ud800",
    "\u202e", "&a *a", "!!python/object:x", "- - - -", "null", "[]", "{}", "1e999", "\t", "\\", "FROM x", "path=/etc/passwd",
    "# ../../../a.yaml", "kind: List", "on:", "expr: sum(", "?", "%", ": " * 20, "[" * 50, "a" * 300,
]  # fmt: skip


def measure(options: Namespace) -> Table:
    """How many inputs crash, and how long the slowest takes."""
    table = Table("fuzz", "damaged replies through extraction, kinds, validators, contracts and coverage")
    count = options.inputs or _INPUTS
    record = fcc.run("devops-deployment")
    seeds = [(step.output, step.task) for step in record.steps]
    files = [(a.kind, a.content) for step in record.steps for a in step.artifacts]
    rng = random.Random(options.seed)
    crashes: Counter[str] = Counter()
    slowest, outside = 0.0, 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            with_commands = number % _WITH_COMMANDS == 0
            text, task, kind = _input(rng, seeds, files)
            started = time.perf_counter()
            try:
                outside += _through(text, task, kind, Path(folder).resolve(), commands=with_commands)
            except Exception:  # noqa: BLE001 - this is what is counted
                crashes[traceback.format_exc().strip().splitlines()[-1][:200]] += 1
            slowest = max(slowest, time.perf_counter() - started)
    table.rows += [
        Row("inputs", count, ""),
        at_most("crashes", sum(crashes.values()), "", 0),
        at_most("writes outside the folder", outside, "", 0),
        at_most("slowest", slowest, "s", _HANG),
    ]
    table.notes += [f"{times} x {what}" for what, times in crashes.most_common(10)]
    return table


def _input(
    rng: random.Random, seeds: list[tuple[str, str]], files: list[tuple[str, str]]
) -> tuple[str, str, str]:
    """A damaged reply with its task; or a damaged file with its kind, or with any other."""
    if rng.random() < 0.5:
        text, task = rng.choice(seeds)
        return _damaged(rng, text), task, ""
    kind, text = rng.choice(files)
    return _damaged(rng, text), "", kind if rng.random() < 0.7 else rng.choice(sorted(KINDS))


def _damaged(rng: random.Random, text: str) -> str:
    for _ in range(rng.randint(1, 6)):
        lines = text.split("\n")
        at = rng.randrange(len(lines))
        how = rng.randrange(7)
        if how == 0:
            lines[at] = rng.choice(_TOKENS) + lines[at]
        elif how == 1:
            lines[at] = lines[at][: rng.randint(0, len(lines[at]))]
        elif how == 2:
            del lines[at : at + rng.randint(1, 12)]
        elif how == 3:
            lines[at:at] = lines[rng.randrange(len(lines)) :][: rng.randint(1, 30)]
        elif how == 4:
            lines[at] = " " * rng.randint(0, 12) + lines[at].lstrip()
        elif how == 5:
            lines[at] = lines[at].partition(":")[0] + ": " + rng.choice(_TOKENS)
        else:
            lines[at] = "".join(rng.sample(lines[at], len(lines[at])))
        text = "\n".join(lines)
    return text


def _through(text: str, task: str, kind: str, folder: Path, *, commands: bool) -> int:
    """Everything that is done with a reply, or with a file; gives the paths that would leave the folder."""

    def refuse(*_: object, **__: object) -> None:
        raise NotCheckedError("not asked here")

    keep = patch.dict({}) if commands else patch("subprocess.Popen", refuse)
    with keep:
        if kind:
            validate_artifact(kind, text)
            check_contracts(
                [Source("file", kind, text), Source("other", kind_of("", "", text), text)], Context()
            )
            return 0
        artifacts = extract_artifacts(text)
        for artifact in artifacts:
            validate_artifact(artifact.kind, artifact.content)
        check_contracts([Source(a.path, a.kind, a.content) for a in artifacts], Context({}, {"step": task}))
        coverage(task, text, artifacts)
    return sum(not (folder / artifact.path).resolve().is_relative_to(folder) for artifact in artifacts)
