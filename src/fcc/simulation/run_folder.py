"""The folder that a run leaves behind: `run.json`, `events.jsonl`, `outputs/`, `artifacts/`."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from fcc._files import lock_file, remove_leftovers, storage_error, write_text
from fcc.errors import ConfigError, NotFoundError
from fcc.messaging import Event
from fcc.redaction import redactor
from fcc.simulation.event_log import EventLog
from fcc.simulation.record import RunRecord, StepRecord
from fcc.simulation.seal import seal
from fcc.workspace import not_found, show_path

RUN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

_SAVING_SHARE = 10
"""While a run goes on, its record is written only when ten times the last writing's time has passed since."""


class RunFolder:
    """Writes one run. Use `create` or `reopen`, and `close` it.

    Every file but `events.jsonl` is replaced whole; that one only grows. `run.json` may be a few steps behind while a
    run goes on: the outputs and the ledger are not.
    """

    def __init__(self, path: Path, log: EventLog, *, again: bool = False, torn: int = 0) -> None:
        self.path = path
        self._again = again
        self.torn = torn
        """Bytes of a torn last line that were taken off the log when the folder was opened again."""
        self._log = log
        self._written: set[str] = set()
        self._saved = 0.0
        self._took = 0.0

    @classmethod
    def create(cls, path: Path) -> RunFolder:
        """A new run's folder.

        Raises:
            ConfigError: something stands there already.
            StorageError: it can't be made.
        """
        try:
            path.mkdir(parents=True, exist_ok=True)
            occupied = any(path.iterdir())
            if not occupied:
                return cls(path, EventLog.create(path / "events.jsonl"))
        except (FileExistsError, NotADirectoryError):
            if not path.is_dir():
                raise ConfigError(
                    f"{show_path(path)} is a file", hint="Choose a folder with --out."
                ) from None
            # otherwise another run has claimed the folder in this very moment
        except OSError as error:
            raise storage_error(path, error) from error
        what = "holds a run already" if (path / "events.jsonl").exists() else "is not empty"
        raise ConfigError(f"the folder {show_path(path)} {what}", hint="Choose another --id or --out.")

    @classmethod
    def reopen(cls, path: Path, *, anew: bool = False) -> RunFolder:
        """The folder of a run that goes on, its log mended where the last line was torn; with `anew`, an empty one.

        Raises:
            ConfigError: the run is going on elsewhere, or there is none.
        """
        if not (path / "events.jsonl").is_file():
            raise ConfigError(f"the run in {show_path(path)} has no events.jsonl", hint="It can't go on.")
        log, torn = EventLog.reopen(path / "events.jsonl", anew=anew)
        remove_leftovers(path)
        return cls(path, log, again=True, torn=torn)

    def log(self, event: Event) -> None:
        """Append an event to `events.jsonl`. A failure to write is raised by the next `save`."""
        self._log.append(event)

    def close(self) -> None:
        """Close `events.jsonl`."""
        self._log.close()

    def save(self, record: RunRecord) -> None:
        """Write the outputs and artifacts of the steps that are new in a record, and the record.

        Raises:
            StorageError: something could not be written; the files that stand are whole.
        """
        self._log.check()
        self._log.redact = redact = redactor()
        for step in record.steps:
            if step.status == "completed" and step.gate is None and step.name not in self._written:
                self._save_step(step, redact)
                self._written.add(step.name)
        started = time.monotonic()
        going = record.status == "running"
        if going and started - self._saved < _SAVING_SHARE * self._took:
            return
        if self._again and not going:
            self._remove_strays(record)
        self._log.check(sync=not going)
        write_text(self.path / "run.json", seal(redact(record.to_json()), self._log.head))
        self._saved = time.monotonic()
        self._took = self._saved - started

    def _remove_strays(self, record: RunRecord) -> None:
        """Remove the files of steps that a part of the run which was killed had finished, and this one has not."""
        kept = {step.name for step in record.steps if step.status == "completed"}
        for path in (self.path / "outputs").glob("*.md"):
            if path.name.removesuffix(".md") not in kept:
                path.unlink(missing_ok=True)
        for path in (self.path / "artifacts").glob("*"):
            if path.name not in kept:
                shutil.rmtree(path, ignore_errors=True)

    def _save_step(self, step: StepRecord, redact: Callable[[str], str]) -> None:
        """The step's files, which can all be made again from `run.json`: only that one is synced."""
        if self._again:  # what may stand there is of an answer that was not kept
            shutil.rmtree(self.path / "artifacts" / step.name, ignore_errors=True)
        for path, text in step_files(step):
            write_text(self.path / path, redact(text), sync=False)


def step_files(step: StepRecord) -> list[tuple[str, str]]:
    """The files of a completed step, below the run's folder, each with what it holds."""
    artifacts = [(f"artifacts/{step.name}/{artifact.path}", artifact.content) for artifact in step.artifacts]
    return [(f"outputs/{step.name}.md", step.output), *artifacts]


def read_files(folder: Path) -> tuple[bytes, bytes, dict[str, bytes]]:
    """A run's `run.json`, its `events.jsonl`, and what lies below `outputs/` and `artifacts/`, by relative path.

    Raises:
        ConfigError: something can't be read.
    """
    try:
        paths = [path for part in ("outputs", "artifacts") for path in sorted((folder / part).rglob("*"))]
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths if path.is_file()}
        log = folder / "events.jsonl"
        return (folder / "run.json").read_bytes(), log.read_bytes() if log.is_file() else b"", files
    except OSError as error:
        raise ConfigError(
            f"cannot read {error.filename}: {error.strerror}", hint="Check its permissions."
        ) from error


def is_under_way(folder: Path) -> bool:
    """Whether a process is running that run just now."""
    try:
        with (folder / "events.jsonl").open("rb") as file:
            return not lock_file(file)
    except OSError:
        return False


def find_run(name: str, runs: Path) -> Path:
    """The folder of a run: named by its id, by `last`, or by a path to the folder or its `run.json`.

    Raises:
        NotFoundError: there is none; near ids are suggested.
    """
    as_path = Path(name)
    if as_path.name == "run.json" and _is_file(as_path):
        return as_path.parent
    if _is_file(as_path / "run.json"):
        return as_path
    known = list_runs(runs)
    if name == "last" and known:
        return known[0]
    if RUN_ID.fullmatch(name) and (runs / name / "run.json").is_file():
        return runs / name
    if not known:
        raise NotFoundError(
            f"there are no runs in {show_path(runs)}", hint="Make one: fcc-agents run devops-deployment"
        )
    raise not_found("run", name, [path.name for path in known], hint="See them all: fcc-agents list runs")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # such as a name that is too long
        return False


def list_runs(runs: Path) -> list[Path]:
    """The folders of all runs, the newest first."""
    found = []
    for record in runs.glob("*/run.json"):
        try:
            found.append((record.stat().st_mtime_ns, record.parent))
        except OSError:
            continue
    return [path for _, path in sorted(found, key=lambda item: (-item[0], item[1].name))]
