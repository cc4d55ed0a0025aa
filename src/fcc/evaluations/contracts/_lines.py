"""The line of a position in a text."""

from __future__ import annotations

from bisect import bisect_left


class Lines:
    """The lines of a text, counted when the first one is asked for."""

    __slots__ = ("_ends", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._ends: list[int] | None = None

    def at(self, position: int) -> int:
        """The line, from 1, on which a position is."""
        if self._ends is None:
            self._ends = [at for at, char in enumerate(self._text) if char == "\n"]
        return bisect_left(self._ends, position) + 1
