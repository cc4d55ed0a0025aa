"""What the commands of a script have in common that turn texts into texts."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from fcc.evaluations.rehearsal.shell.state import Shell

EPOCH: Final = 1_767_225_600
"""The simulation's start by the script's clock, in seconds since 1970: 2026-01-01T00:00:00Z."""
_ESCAPES = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "\\": "\\",
    "a": "",
    "b": "",
    '"': '"',
    "033": "\x1b",
    "e": "\x1b",
}


class Files(Protocol):
    """What a tool reads and writes."""

    def read(self, names: list[str]) -> str:
        """The texts of files; standard input without any."""

    def write(self, name: str, text: str, *, append: bool) -> None:
        """Keep a text."""


class Result(NamedTuple):
    """What a tool printed, and its exit code."""

    out: str = ""
    code: int = 0
    err: str = ""


Tool = Callable[[list[str], Files, "Shell"], Result]


def escaped(text: str) -> str:
    """A text with the escapes of `echo -e` and `printf` filled in."""
    return re.sub(r"\\(033|.)", lambda match: _ESCAPES.get(match[1], match[0]), text)
