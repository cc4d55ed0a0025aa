"""Writing files so that a reader sees the old content or the new, never half of either."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO

from fcc.errors import StorageError


def write_text(path: Path, text: str, *, sync: bool = True) -> None:
    """Replace a file's content, making its folder where needed: written aside, then renamed.

    With `sync` the content is on the disk before the name is, so that not even a power cut leaves half of it.

    Raises:
        StorageError: it could not be written; what stood there before is as it was.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        try:
            file = aside.open("w", encoding="utf-8", newline="\n")
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = aside.open("w", encoding="utf-8", newline="\n")
        with file:
            file.write(text)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise storage_error(path, error) from error
    except BaseException:  # Ctrl-C in between
        aside.unlink(missing_ok=True)
        raise


def remove_leftovers(folder: Path) -> None:
    """Remove what `write_text` had written aside below a folder when its process was killed."""
    for path in folder.rglob(".*.tmp"):
        path.unlink(missing_ok=True)


def lock_file(file: IO[bytes]) -> bool:
    """Whether an open file is this process's alone from now on, until it is closed or the process ends.

    Where the system has no such locks (Windows), every file is taken to be free.
    """
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks, such as some network mounts
        return True
    return True


def storage_error(path: Path, error: OSError) -> StorageError:
    """The error for a file that could not be written."""
    reason = error.strerror or str(error)
    return StorageError(
        f"cannot write {path}: {reason}",
        hint="Check the folder's permissions and its space, or choose another with --out. What stood there is as it was.",
    )
