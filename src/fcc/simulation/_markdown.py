"""The fenced blocks of a Markdown text, as CommonMark reads them, and as models write them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_START = re.compile(r"([ \t]*+)((?:(?:[-*+]|\d{1,9}[.)])[ \t]++)*+)(`{3,}+(?=[^`\n]*$)|~{3,}+)?")
_HEADING = re.compile(r" {0,3}#{1,6}[ \t]")
_TAB = 4
_MARKDOWN = frozenset({"markdown", "md", "mdx"})

_MOST_TRIES = 5
"""How often an end is looked for in vain where Markdown holds fences like its own, so that the time stays linear."""

_BLANK_LINES = 2
"""How many may stand between a block and the text that is about it."""


class Block(NamedTuple):
    """A fenced block: the lines from `start` up to, but without, `end`, counted from 0."""

    info: str
    start: int
    end: int
    column: int
    """How far the fence is indented: so much is no part of the content's lines."""
    before: str
    """The line before it, "" where there is none that is about it."""
    heading: str
    """The heading that it is the first block of, or ""."""

    @property
    def language(self) -> str:
        """The language that its info string begins with, in lower case, or ""."""
        return language_of(self.info)

    @property
    def is_markdown(self) -> bool:
        """Whether it is Markdown, which may hold blocks itself."""
        return self.language in _MARKDOWN


class _Fence(NamedTuple):
    mark: str
    info: str
    column: int


def blocks(lines: list[str]) -> Iterator[Block]:
    """The blocks in order; one that is never closed holds all that follows.

    In a list item, a fence may be indented as far as it likes. Markdown that holds fences as long as its own ends
    where these are in balance; where they never are, at the first that could close it.
    """
    context = _Context()
    index = tries = 0
    while index < len(lines):
        fence = context.read(lines[index])
        if fence is None:
            index += 1
            continue
        end = None
        if language_of(fence.info) in _MARKDOWN and tries < _MOST_TRIES:
            end = _balanced_end(lines, index + 1, fence)
            tries += end is None
        if end is None:
            end = _end(lines, index + 1, fence)
        yield Block(fence.info, index + 1, end, fence.column, context.before, context.heading)
        context.forget()
        index = end + 1


def language_of(info: str) -> str:
    """The language that an info string begins with, in lower case: `yaml` of `yaml:x.yaml`, `{.yaml}`, `yaml{1,3}`."""
    found = re.match(r"\{?[ \t]*\.?([A-Za-z0-9+#_-]{1,30})(?=[\s:{},]|$)", info)
    return found[1].lower() if found else ""


def dedented(line: str, column: int) -> str:
    """A line without so many columns of white space, as far as it begins with some."""
    width = cut = 0
    while width < column and cut < len(line) and line[cut] in " \t":
        width += 1 if line[cut] == " " else _TAB - width % _TAB
        cut += 1
    return line[cut:]


class _Context:
    """What is known, at a line outside of blocks, of the lines before it."""

    def __init__(self) -> None:
        self.forget()
        self._items: list[int] = []

    def forget(self) -> None:
        """A block has been read, or nothing: the text before is about no other, and no paragraph goes on."""
        self.before = self.heading = ""
        self._blank = 1

    def read(self, line: str) -> _Fence | None:
        """The fence that a line opens a block with, or None."""
        start = _START.match(line) if line.strip() else None
        if start is None:
            self._see_blank()
            return None
        indent, marker, mark = start.groups()
        column = _width(indent)
        self._leave_items(column, closes=bool(marker or self._blank or _HEADING.match(line)))
        inside = _width(indent + marker)
        if marker:
            self._items.append(inside)
        if mark and (inside < _TAB or self._items):
            return _Fence(mark, line[start.end() :].strip(), inside)
        self._see_text(line)
        return None

    def _see_blank(self) -> None:
        self._blank += 1
        if self._blank > _BLANK_LINES:
            self.before = ""

    def _see_text(self, line: str) -> None:
        self._blank = 0
        self.before = line
        if _HEADING.match(line):
            self.heading = line

    def _leave_items(self, column: int, *, closes: bool) -> None:
        while closes and self._items and column < self._items[-1]:
            self._items.pop()


def _width(space: str) -> int:
    return len(space.expandtabs(_TAB))


def _closes(line: str, fence: _Fence, length: int) -> bool:
    bare = line.strip(" \t\r")
    if len(bare) < length or bare.strip(fence.mark[0]):
        return False
    return _width(line[: line.index(bare[0])]) < fence.column + _TAB


def _end(lines: list[str], start: int, fence: _Fence) -> int:
    for index in range(start, len(lines)):
        if _closes(lines[index], fence, len(fence.mark)):
            return index
    return len(lines)


def _balanced_end(lines: list[str], start: int, fence: _Fence) -> int | None:
    """Where a block ends in which each fence with an info string opens another one; None where it does not."""
    inner = 0
    for index in range(start, len(lines)):
        line = lines[index].strip(" \t\r")
        if not line.startswith(fence.mark):
            continue
        length = len(line) - len(line.lstrip(fence.mark[0]))
        if length < len(line):
            inner = inner or (length if fence.mark[0] not in line[length:] else 0)
        elif not inner and _closes(lines[index], fence, len(fence.mark)):
            return index
        elif length >= inner:
            inner = 0
    return None
