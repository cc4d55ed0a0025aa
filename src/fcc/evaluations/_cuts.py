"""Ways to cut an output to size. Pure. Private to :mod:`fcc.evaluations.handoffs`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from fcc.agents import hand_off
from fcc.evaluations._request import in_code

GAP = "\n[…]\n"
"""Stands between head and tail, and counts."""
_PIECE = re.compile(r"[^\W\d_]{1,6}|\d{1,3}|[^\s\w]|_")
_HEADING = re.compile(r" {0,3}#{1,6}\s")


class Cut(NamedTuple):
    """What is kept of a text."""

    text: str
    ranges: tuple[tuple[int, int], ...]
    """Where it stands in the whole, from 0; the end is not in it."""


def tokens(text: str) -> int:
    """About how many tokens a text is: each sign, each three digits, and each six letters of a word count as one.

    No tokenizer is asked: each model has its own. For English and code it is about one for every four characters.
    """
    return sum(1 for _ in _PIECE.finditer(text))


def head(text: str, characters: int) -> Cut:
    """The first characters."""
    kept = hand_off("", text, characters).text
    return Cut(kept, ((0, len(kept)),))


def head_and_tail(text: str, characters: int) -> Cut:
    """Two thirds from the start and one from the end."""
    room = characters - len(GAP)
    if len(text) <= characters or room < 3:  # noqa: PLR2004 - a character of the tail and two of the head
        return head(text, characters)
    tail = room // 3
    first, last = room - tail, len(text) - tail
    return Cut(f"{text[:first]}{GAP}{text[last:]}", ((0, first), (last, len(text))))


def sections(text: str, characters: int) -> Cut:
    """Every heading that fits, then the lines below them in turn, one of each section; a code block whole or not at all."""
    if len(text) <= characters:
        return head(text, characters)
    parts = _parts(text)
    kept: list[tuple[int, int]] = []
    left = characters
    for part in parts:
        if part and _HEADING.match(text[part[0][0] : part[0][1]]) and part[0][1] - part[0][0] <= left:
            kept.append(part.pop(0))
            left -= kept[-1][1] - kept[-1][0]
        elif part and _HEADING.match(text[part[0][0] : part[0][1]]):
            part.clear()
    queues = [list(reversed(part)) for part in parts if part]
    while queues:
        waiting = []
        for queue in queues:
            start, end = queue.pop()
            if end - start > left:
                continue
            kept.append((start, end))
            left -= end - start
            if queue:
                waiting.append(queue)
        queues = waiting
    ranges = _joined(sorted(kept))
    return Cut("".join(text[start:end] for start, end in ranges), tuple(ranges))


def by_tokens(text: str, characters: int) -> Cut:
    """The first whole tokens, as many as the first characters hold."""
    end = 0
    for piece in _PIECE.finditer(text):
        if piece.end() > characters:
            return Cut(text[:end], ((0, end),))
        end = piece.end()
    return head(text, characters)


STRATEGIES: dict[str, Callable[[str, int], Cut]] = {
    "head": head,
    "head and tail": head_and_tail,
    "sections": sections,
    "tokens": by_tokens,
}


def cuts_code(text: str, cut: Cut) -> bool:
    """Whether a cut goes through a fenced block of the text."""
    edges = [edge for kept in cut.ranges for edge in kept if 0 < edge < len(text)]
    return any(start < edge < end for start, end in _blocks(text) for edge in edges)


def _lines(text: str) -> list[tuple[int, int]]:
    found, start = [], 0
    for line in text.split("\n"):
        found.append((start, min(start + len(line) + 1, len(text))))
        start += len(line) + 1
    return found


def _blocks(text: str) -> list[tuple[int, int]]:
    """Where each fenced block stands, its marks included."""
    return [unit for unit, coded in _units(text) if coded]


def _units(text: str) -> list[tuple[tuple[int, int], bool]]:
    """Each line, or fenced block, and whether it is a block."""
    lines = _lines(text)
    coded = in_code(text.split("\n"))
    found: list[tuple[tuple[int, int], bool]] = []
    for (start, end), code in zip(lines, coded, strict=True):
        if code and found and found[-1][1]:
            found[-1] = ((found[-1][0][0], end), True)
        else:
            found.append(((start, end), code))
    return found


def _parts(text: str) -> list[list[tuple[int, int]]]:
    """The lines and blocks of each section, its heading first."""
    parts: list[list[tuple[int, int]]] = [[]]
    for (start, end), coded in _units(text):
        if not coded and _HEADING.match(text[start:end]):
            parts.append([])
        if text[start:end].strip():
            parts[-1].append((start, end))
    return parts


def _joined(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for start, end in ranges:
        if found and found[-1][1] == start:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found
