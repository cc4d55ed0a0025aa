"""A value of a YAML document with its place; what is not there, or of another type, reads as nothing."""

from __future__ import annotations

import re
from typing import Any

from fcc import _yaml
from fcc.errors import InvalidFileError
from fcc.simulation import Place

_LONGEST_INTEGER = 9
_BLOCK = re.compile(r"[|>][-+0-9]{0,2}(?:\s+#.*)?\s*$")


class Node:
    """A value that may be absent, and where it stands."""

    __slots__ = ("_document", "_path", "value")

    def __init__(self, document: _yaml.Document, path: tuple[str | int, ...], value: Any) -> None:
        self._document, self._path, self.value = document, path, value

    def get(self, *keys: str) -> Node:
        """What stands under these keys, one below the other."""
        value = self.value
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        return Node(self._document, (*self._path, *keys), value)

    def first(self, *keys: str) -> Node:
        """The first of these keys that is there."""
        return next((node for node in map(self.get, keys) if node), self.get(keys[0]))

    def __bool__(self) -> bool:
        """Whether it is there."""
        return self.value is not None

    @property
    def items(self) -> list[Node]:
        """The items, where it is a list."""
        if not isinstance(self.value, list):
            return []
        return [Node(self._document, (*self._path, at), item) for at, item in enumerate(self.value)]

    @property
    def entries(self) -> list[tuple[str, Node]]:
        """The keys and values, where it is a mapping."""
        if not isinstance(self.value, dict):
            return []
        return [(key, Node(self._document, (*self._path, key), item)) for key, item in self.value.items()]

    @property
    def text(self) -> str:
        """The value as a text, where it is a scalar; else ""."""
        if isinstance(self.value, bool):
            return "true" if self.value else "false"
        return str(self.value) if isinstance(self.value, str | int | float) else ""

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts of a list; of a scalar, its own."""
        if isinstance(self.value, list):
            return tuple(node.text for node in self.items)
        return (self.text,) if self.text else ()

    @property
    def integer(self) -> int | None:
        """The value, where it is a whole number or reads as one."""
        if isinstance(self.value, bool):
            return None
        text = str(self.value) if isinstance(self.value, int | str) else ""
        return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST_INTEGER else None

    @property
    def labels(self) -> dict[str, str]:
        """The keys and values of a mapping of texts."""
        return {key: node.text for key, node in self.entries}

    @property
    def place(self) -> Place:
        """Where it stands; of what is absent, where the nearest thing above it stands."""
        path, places = self._path, self._document.places
        while path and path not in places:
            path = path[:-1]
        return Place(self._document.name, places.get(path, (1, 1))[0])

    def first_line(self, lines: list[str]) -> int:
        """The line on which the text of a scalar starts, in the lines of the file."""
        line = self.place.line
        return line + 1 if _BLOCK.search(lines[line - 1] if line <= len(lines) else "") else line


def documents(text: str, file: str) -> list[Node] | None:
    """Each document of a YAML text; None where it can't be read."""
    try:
        found = _yaml.parse_all(text, file)
    except InvalidFileError:
        return None
    return [Node(document, (), document.data) for document in found]
