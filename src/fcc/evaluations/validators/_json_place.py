"""Where the values of a JSON text stand, since Python's reader does not say."""

from __future__ import annotations

import json
import re

_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|[\[\]{},:]|[^\s\[\]{},:"]+|\n', re.DOTALL)

Path = tuple[str | int, ...]


class JsonPlaces:
    """The line of each value of a JSON text that can be read; the text is gone through when first asked."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines: dict[Path, int] = {}

    def line(self, path: Path) -> int:
        """The line, from 1, of a value, or of what is nearest around it."""
        if not self._lines:
            self._lines = _lines(self._text)
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)


def _lines(text: str) -> dict[Path, int]:
    found: dict[Path, int] = {}
    stack: list[str | int] = []
    """The key or index that each open object or list is at; of an object whose key is still to come, ""."""
    opened: list[str] = []
    line, awaits_key = 1, False
    for part in (match[0] for match in _TOKEN.finditer(text)):
        if part == "\n":
            line += 1
        elif part in "]}":
            opened.pop()
            stack.pop()
        elif part == ",":
            awaits_key = opened[-1] == "{"
            if not awaits_key:
                stack[-1] = int(stack[-1]) + 1
        elif part == ":":
            awaits_key = False
        elif awaits_key:
            stack[-1] = json.loads(part)
        else:
            found[tuple(stack)] = line
            if part in "[{":
                opened.append(part)
                stack.append(0)
                awaits_key = part == "{"
    return found
