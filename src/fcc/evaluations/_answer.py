"""An answer taken apart: what names its parts, its paragraphs, its files. Private to :mod:`fcc.evaluations.requirements`."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from fcc.evaluations._request import in_code
from fcc.evaluations._words import bag, is_form
from fcc.simulation.artifacts import Artifact
from fcc.simulation.kinds import kind_of

MOST_LINES = 10_000
"""Of a longer answer, and of all its files together, only so many lines are read."""
WIDEST = 2_000
_MOST_NAMES = 2_000
_BODY = 200
"""How many lines below a name are looked at for substance."""
_LABEL_WORDS = 8
_LABEL, _LIST = 7, 8
"""Ranks: headings have their level, then labels, then list items with their indent added. A name's part ends where one
of the same or a lower rank begins."""

_HEADING = re.compile(r" {0,3}(#{1,6})\s+(\S.*)$")
_LISTED = re.compile(r"(\s*)(?:[-*+•]|\(?(?:\d{1,3}|[a-z])[.)])\s+(\S.*)$")
_BOLD = re.compile(r"(?:\*\*|__)([^*_]+)(?:\*\*|__):?$")
_STRONG = re.compile(r"(?:\*\*|__)([^*_]{1,80})(?:\*\*|__)")
_NUMBER = re.compile(r"(?:[A-Z][A-Z0-9]{0,9}-?\d[\w.-]*|\d{1,3}(?:\.\d{1,3}){0,4})[.:)]*\s+[–—-]?\s*")
_NAMING = re.compile(
    r"\s*(?:-\s+)?(?:[\"']?(?:name|title|alert|record|job|id|stage|summary|description)[\"']?\s*:"
    r"|[\"']?[\w.-]+[\"']?\s*:\s*[{\[]?$|(?:async\s+)?(?:def|class|function|func|resource)\b)"
)


class Name(NamedTuple):
    """A line that says what the lines below it are: a heading, a label (`Probes:`), or a list item."""

    at: int
    """Which line it is, from 0; its part begins on the next one."""
    end: int
    """The first line that does not belong to it."""
    words: frozenset[str]
    listed: bool = False
    """Whether it is a list item."""


class Block(NamedTuple):
    """A paragraph, list item or row of a table."""

    at: int
    end: int
    words: frozenset[str]


class File(NamedTuple):
    """A file of the answer."""

    artifact: Artifact
    kind: str
    squashed: str
    """Its path without anything but letters, in lower case."""
    words: tuple[frozenset[str], ...]
    """Of each line."""


class Answer:
    """An output, read once for every item that is looked for in it."""

    def __init__(self, output: str, artifacts: Sequence[Artifact]) -> None:
        self.lines = [line[:WIDEST].rstrip() for line in output.split("\n")[:MOST_LINES]]
        self.code = in_code(self.lines)
        self.words = [bag(line) for line in self.lines]
        self.names, self.blocks = _read(self.lines, self.code, self.words)
        self.files = _files(artifacts)
        self._code_before = [0]
        for coded in self.code:
            self._code_before.append(self._code_before[-1] + coded)
        self._names_with = index_words(name.words for name in self.names)
        self._blocks_with = index_words(block.words for block in self.blocks)
        naming = [
            (file, number)
            for file, item in enumerate(self.files)
            for number, line in enumerate(item.artifact.content.split("\n")[: len(item.words)])
            if _NAMING.match(line[:WIDEST])
        ]
        self._naming = naming
        self._naming_with = index_words(self.files[file].words[number] for file, number in naming)

    def names_with(self, words: Sequence[str]) -> list[Name]:
        """The names that have one of the words, in order."""
        found = {index for word in words for index in self._names_with.get(word, ())}
        return [self.names[index] for index in sorted(found)]

    def blocks_with(self, words: Sequence[str]) -> list[Block]:
        """The blocks that have all of the words, in order."""
        return [self.blocks[index] for index in with_all(self._blocks_with, words)]

    def blocks_with_most(self, words: Sequence[str], needed: float) -> list[Block]:
        """The blocks that have at least so many of the words, in order."""
        had = Counter(index for word in words for index in self._blocks_with.get(word, ()))
        return [self.blocks[index] for index in sorted(had) if had[index] >= needed]

    def naming_with(self, words: Sequence[str]) -> list[tuple[int, int]]:
        """File and line, both from 0, of what is named with all of the words in a file."""
        return [self._naming[index] for index in with_all(self._naming_with, words)]

    def has_code(self, name: Name) -> bool:
        """Whether a fenced block stands in a name's part."""
        return self._code_before[name.end] > self._code_before[min(name.at + 1, name.end)]

    def novel(self, start: int, end: int, asked: frozenset[str]) -> int:
        """How many words lines say that the request does not, of their first 200."""
        found: set[str] = set()
        for words in self.words[start : min(end, start + _BODY)]:
            found |= words - asked
        return len(found)


def index_words(bags: Iterable[frozenset[str]]) -> dict[str, list[int]]:
    """By each word, the numbers of the bags that have it."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for index, words in enumerate(bags):
        for word in words:
            found[word].append(index)
    return found


def with_all(index: dict[str, list[int]], words: Sequence[str]) -> list[int]:
    """The numbers of the bags that have all of the words, in order; none for no word."""
    if not words:
        return []
    lists = sorted((index.get(word, []) for word in words), key=len)
    rest = [set(found) for found in lists[1:]] if lists[0] else []
    return [number for number in lists[0] if all(number in found for found in rest)]


def _files(artifacts: Sequence[Artifact]) -> list[File]:
    found, left = [], MOST_LINES
    for artifact in artifacts:
        lines = artifact.content.split("\n")[:left]
        left -= len(lines)
        kind = kind_of(artifact.path, artifact.kind, artifact.content)
        squashed = re.sub(r"[^a-z]", "", artifact.path.lower())
        found.append(File(artifact, kind, squashed, tuple(bag(line[:WIDEST]) for line in lines)))
    return found


_PROSE = 10_000
"""The rank of a line that names nothing."""


def _read(lines: list[str], code: list[bool], words: list[frozenset[str]]) -> tuple[list[Name], list[Block]]:
    reader = _Reader()
    for index, line in enumerate(lines):
        if code[index] or not line.strip():
            reader.blank = True
        else:
            reader.read(index, line, words[index])
    reader.close(0, len(lines))
    return sorted(reader.names), reader.blocks


class _Reader:
    """Collects names and blocks line by line."""

    def __init__(self) -> None:
        self.names: list[Name] = []
        self.blocks: list[Block] = []
        self.open: list[tuple[int, int, frozenset[str]]] = []
        """Rank, line and words of the names whose parts go on, the outermost first."""
        self.blank = True
        """Whether the line before was empty, or code."""

    def read(self, index: int, line: str, words: frozenset[str]) -> None:
        rank, named = _name(line)
        if rank == _PROSE:
            self._prose(index, line, words)
        else:
            if rank >= _LIST:
                self.blocks.append(Block(index, index + 1, words))
            self.close(rank, index)
            is_title = rank == 1 and not self.names and not self.open
            self.open.append((0 if is_title else rank, index, named))
        self.blank = False

    def close(self, rank: int, at: int) -> None:
        """Ends the parts that reach no further than the line `at`; a title's ends at the first heading."""
        while self.open and (self.open[-1][0] >= rank or (rank < _LABEL and self.open[-1][0] == 0)):
            ranked, index, named = self.open.pop()
            if named and len(self.names) < _MOST_NAMES:
                self.names.append(Name(index, at, named, ranked >= _LIST))

    def _prose(self, index: int, line: str, words: frozenset[str]) -> None:
        if self.blank:
            self.close(_LIST + len(line) - len(line.lstrip()), index)
        last = self.blocks[-1] if self.blocks else None
        if last is not None and last.end == index and line.lstrip()[0] != "|":
            self.blocks[-1] = Block(last.at, index + 1, last.words | words)
        else:
            self.blocks.append(Block(index, index + 1, words))


def _name(line: str) -> tuple[int, frozenset[str]]:
    """A line's rank, and the words by which it names what follows; the rank of prose where it names nothing."""
    if heading := _HEADING.match(line):
        return len(heading[1]), _named(heading[2])
    if listed := _LISTED.match(line):
        strong = _STRONG.match(listed[2])
        label = strong[1] if strong else listed[2].partition(":")[0]
        short = len(label.split()) <= _LABEL_WORDS
        return _LIST + len(listed[1].expandtabs(4)), _named(label) if short else frozenset()
    text = line.strip()
    bold = _BOLD.match(text)
    if bold or (text.endswith(":") and len(text.split()) <= _LABEL_WORDS):
        return _LABEL, _named(bold[1] if bold else text)
    return _PROSE, frozenset()


def _named(text: str) -> frozenset[str]:
    number = _NUMBER.match(text)
    return bag(text[number.end() :] if number else text)


def subject(words: frozenset[str]) -> frozenset[str]:
    """The words without those that only say a form."""
    return frozenset(word for word in words if not is_form(word))
