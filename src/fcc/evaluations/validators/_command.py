"""External commands: found, run apart from everything of the user's, and stopped when they take too long."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import IO, NamedTuple

from fcc.evaluations.validators.check import NotCheckedError

MOST_OUTPUT = 1024 * 1024
"""How many bytes of each of a command's outputs are kept; the rest is read and dropped."""

_CHUNK = 64 * 1024
_TO_CLOSE = 1.0
"""How long, in seconds, to wait for the outputs of what was killed."""


class Completed(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


def find_tool(name: str) -> str | None:
    """The absolute path of a program on PATH, or beside Python, where packages put theirs; None if there is none."""
    path = os.environ.get("PATH", os.defpath)
    folders = [folder for folder in path.split(os.pathsep) if Path(folder).is_absolute()]
    beside = [str(Path(sys.executable).parent)] if sys.executable else []
    return shutil.which(name, path=os.pathsep.join([*folders, *beside]))


def run_tool(
    argv: Sequence[str], files: Mapping[str, str] | None = None, *, stdin: str = "", timeout: float = 10.0
) -> Completed:
    """What a command says of the `files`, which are all that is in its working folder.

    It is started without a shell, sees none of the user's environment but PATH, and is killed with all that it
    started after `timeout` seconds. What UTF-8 cannot hold is given to it as `?`. Raises `NotCheckedError` where the
    command is not there, does not start or takes too long.
    """
    program = find_tool(argv[0])
    name = Path(argv[0]).name
    if program is None:
        raise NotCheckedError(f"{name} is not installed, or not on PATH")
    with tempfile.TemporaryDirectory(prefix="fcc-check-", ignore_cleanup_errors=True) as folder:
        for file, text in (files or {}).items():
            _inside(folder, file).write_bytes(text.encode("utf-8", "replace"))
        with tempfile.TemporaryFile() as given:
            given.write(stdin.encode("utf-8", "replace"))
            given.seek(0)
            try:
                process = subprocess.Popen(  # noqa: S603 - no shell, and the program is one of ours to choose
                    [program, *argv[1:]],
                    stdin=given,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    cwd=folder,
                    env=_environment(folder),
                    start_new_session=True,
                )
            except (OSError, ValueError) as reason:
                raise NotCheckedError(f"{name} could not be started: {reason}") from None
        return _completed(process, name, timeout)


def _inside(folder: str, file: str) -> Path:
    path = Path(folder, file)
    if Path(folder).resolve() not in path.resolve().parents:
        raise ValueError(f"{file!r} is no file inside of a folder")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _environment(home: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    return {"PATH": os.defpath, "LANG": "C.UTF-8", "HOME": home, "TMPDIR": home, **kept}


def _completed(process: subprocess.Popen[bytes], name: str, timeout: float) -> Completed:
    outputs: list[bytearray] = []
    readers: list[Thread] = []
    for pipe in (process.stdout, process.stderr):
        outputs.append(bytearray())
        readers.append(Thread(target=_read, args=(pipe, outputs[-1]), daemon=True))
        readers[-1].start()
    late = False
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        late = True
    finally:
        _kill(process)
    for reader in readers:
        reader.join(_TO_CLOSE)
    if late:
        raise NotCheckedError(f"{name} did not finish within {timeout:g} seconds")
    out, err = (bytes(output).decode("utf-8", "replace") for output in outputs)
    return Completed(process.returncode, out, err)


def _read(pipe: IO[bytes], output: bytearray) -> None:
    with pipe:
        while chunk := os.read(pipe.fileno(), _CHUNK):
            output += chunk[: MOST_OUTPUT - len(output)]


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Ends what is left of the command, with all that it started."""
    if hasattr(os, "killpg"):
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
