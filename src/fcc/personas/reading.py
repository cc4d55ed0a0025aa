"""What a lenient reading of persona files came to. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from fcc.errors import Problem

_MOST_SHOWN = 20


class Met(NamedTuple):
    """A key of persona files, and where it was met first."""

    key: str
    """The path from the persona, without the numbers of list items: `riscear.tone`."""
    times: int
    file: str
    line: int
    meant: str = ""
    """The key that it was read as; "" where nothing reads it."""

    def __str__(self) -> str:
        times = "once" if self.times == 1 else f"{self.times} times"
        as_ = f" as {self.meant}" if self.meant else ""
        return f"{self.key}{as_}: {times}, first at {self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class ReadingReport:
    """What became of every file, entry and key; `print` it."""

    personas: int = 0
    files: tuple[str, ...] = ()
    """The files that personas were looked for in."""
    skipped: tuple[Problem, ...] = ()
    """The files that are no persona files, or could not be read, each with why."""
    unmapped: tuple[Met, ...] = ()
    """The keys that nothing here reads; their values are kept in `Persona.unmapped`."""
    mapped: tuple[Met, ...] = ()
    """The keys that have another name here."""
    unusable: tuple[Problem, ...] = ()
    """The entries that are no personas, each with why."""
    repaired: tuple[Problem, ...] = ()
    """What was filled in, rewritten or left out in the entries that are used."""

    def __str__(self) -> str:
        several = "" if self.personas == 1 else "s"
        of = len(self.files) + len(self.skipped)
        lines = [f"{self.personas} persona{several}, from {len(self.files)} of {of} files"]
        lines += _part("Files passed over", self.skipped)
        lines += _part("Entries that could not be used", self.unusable)
        lines += _part("Filled in, rewritten or left out", self.repaired)
        lines += _part("Read under another name", self.mapped)
        lines += _part("Kept aside: read by nothing here, and shown to no model", self.unmapped)
        return "\n".join(lines)


def _part(title: str, items: Sequence[object]) -> Iterable[str]:
    if not items:
        return []
    more = [f"  … and {len(items) - _MOST_SHOWN} more"] if len(items) > _MOST_SHOWN else []
    return ["", title, *(f"  {item}" for item in items[:_MOST_SHOWN]), *more]
