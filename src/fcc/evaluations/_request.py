"""A request taken apart: its own lines without the material it passes on, and the lists in them.

Private to :mod:`fcc.evaluations.requirements` and what traces by it. Standard library only, linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

MOST_LINES = 5_000
"""Of a longer request only the first so many lines are read."""
WIDEST = 1_000
"""Of a longer line, only so many characters."""

_MATERIAL = re.compile(r"<material-([0-9a-f]+) from=\"([^\"\n]*)\">\n?")
_FENCE = re.compile(r"\s*(`{3,}|~{3,})([^\n]*)$")
_ITEM = re.compile(r"(\s*)(?:[-*+•]|\(?(\d{1,3}|[a-z])[.)])\s+(?:\[[ xX]\]\s+)?(\S.*)$")
_MARKUP = re.compile(r"[*_`>#\s]*")
_VERBS = (
    "add|also|analy[sz]e|answer|assess|build|check|compare|cover|create|define|deliver|describe|design|develop|document|draft"
    "|explain|generate|give|implement|include|list|make|outline|plan|prepare|produce|propose|provide|reconstruct|return|review"
    "|show|summari[sz]e|write"
)
_ORDER = re.compile(rf"(?:please\s+|also\s+|then\s+|and\s+)*({_VERBS})\b(?!\s*(?:not|no)\b)", re.IGNORECASE)
_DELIVER = re.compile(
    rf"(?:please\s+)?({_VERBS}|deliverables?|(?:expected\s+)?outputs?|required\s+(?:outputs?|artifacts|files))\s*:\s*(\S.*)$",
    re.IGNORECASE,
)
_FACT = re.compile(r"[^\s:][^:\n]{0,40}:\s+\S")
_LEAD = re.compile(r"(?:me|us|a|an|the|and|or|with|its|their|also|both|including|such as)\s+", re.IGNORECASE)
_TALK = re.compile(
    r"(explain|describe|review|compare|analy[sz]e|assess|summari[sz]e|answer)\b", re.IGNORECASE
)
_BACKGROUND = re.compile(
    r"(?:known |the |some |these )*(?:assumptions?|avoid|background|constraints?|context|do not|don't|facts?|findings|given"
    r"|inputs?|limits|never|notes?|non-goals|out of scope|rules|without)\b",
    re.IGNORECASE,
)
_SHORT = 8
"""How many words a part of a sentence's list has at most."""


class Entry(NamedTuple):
    """One thing that is asked for."""

    text: str
    line: int
    depth: int
    """0 for an item of its own; more for one that belongs to the item before it with less."""


class _Listed(NamedTuple):
    line: int
    indent: int
    text: str
    numbered: bool


def materials(task: str) -> list[tuple[str, str]]:
    """The texts that a request passes on between marks, each with the step it is from; one that is not closed runs on."""
    return [(source, task[start:end]) for source, start, end, _ in _material(task)]


def _material(task: str) -> Iterator[tuple[str, int, int, int]]:
    position = 0
    while opening := _MATERIAL.search(task, position):
        mark = f"</material-{opening[1]}>"
        end = task.find(mark, opening.end())
        close, position = (len(task), len(task)) if end < 0 else (end, end + len(mark))
        inner = close - 1 if close > opening.end() and task[close - 1] == "\n" else close
        yield opening[2], opening.end(), inner, position


def own_lines(task: str) -> list[tuple[int, str]]:
    """The lines that the request itself says, numbered from 1: without passed-on material and code blocks."""
    kept: list[str] = []
    position = 0
    for _, start, _, end in _material(task):
        opening = task.rfind("<material-", 0, start)
        kept += [task[position:opening], "\n" * task.count("\n", opening, end)]
        position = end
    kept.append(task[position:])
    lines = "".join(kept).split("\n")[:MOST_LINES]
    coded = in_code(lines)
    return [
        (number, line[:WIDEST].rstrip())
        for number, (line, code) in enumerate(zip(lines, coded, strict=True), 1)
        if not code
    ]


def in_code(lines: Sequence[str]) -> list[bool]:
    """For each line whether it belongs to a fenced block, marks included; one that is not closed runs to the end."""
    found: list[bool] = []
    mark = ""
    for line in lines:
        fence = _FENCE.match(line) if line.lstrip()[:3] in {"```", "~~~"} else None
        found.append(bool(mark) or fence is not None)
        if fence is None:
            continue
        if not mark:
            mark = fence[1] if "`" not in fence[2] or fence[1][0] == "~" else ""
            found[-1] = bool(mark)
        elif fence[1].startswith(mark) and not fence[2].strip():
            mark = ""
    return found


def entries(lines: Sequence[tuple[int, str]]) -> list[Entry]:
    """All that the lines ask for, in order."""
    found: list[Entry] = []
    heading, listed, blank = "", list[_Listed](), False
    for number, line in lines:
        item = _ITEM.match(line)
        if item:
            indent = len(item[1].expandtabs(4))
            listed.append(_Listed(number, indent, item[3].strip(), item[2] is not None))
        elif not line.strip():
            blank = True
            continue
        elif listed and line[0] in " \t" and not blank:
            last = listed[-1]
            listed[-1] = last._replace(text=f"{last.text} {line.strip()}"[:WIDEST])
        else:
            found += _of_list(heading, listed)
            heading, listed = line.strip(), []
            found += _of_line(number, line)
        blank = False
    return [*found, *_of_list(heading, listed)]


def _of_list(heading: str, listed: list[_Listed]) -> Iterator[Entry]:
    head = heading[_matched(_MARKUP, heading) :]
    orders = _ORDER.match(head) is not None
    if not orders and _BACKGROUND.match(head):
        return
    if not orders and listed and all(_FACT.match(item.text) and not item.numbered for item in listed):
        return
    stack: list[int] = []
    for item in listed:
        while stack and stack[-1] >= item.indent:
            stack.pop()
        yield Entry(item.text, item.line, len(stack))
        stack.append(item.indent)


def _of_line(number: int, line: str) -> Iterator[Entry]:
    text = line[_matched(_MARKUP, line) :].strip()
    if delivered := _DELIVER.match(text):
        parts = split_list(delivered[2].rstrip(" ."))
        yield from (Entry(part, number, 0) for part in parts)
    elif not text.endswith(":") and not _FACT.match(text):
        for sentence in re.split(r"(?<=[.!?])\s+", text):
            yield from (Entry(part, number, 0) for part in _of_sentence(sentence))


def _of_sentence(sentence: str) -> list[str]:
    order = _ORDER.match(sentence)
    if order is None:
        return []
    whole = sentence.rstrip(" .!")
    rest = whole if _TALK.match(order[1]) else whole[order.end() :]
    parts = split_list(rest)
    if len(parts) > 2 and all(len(part.split()) <= _SHORT for part in parts[1:]):  # noqa: PLR2004 - "a, b and c"
        return parts
    return [_led(rest)]


def split_list(text: str) -> list[str]:
    """The parts of `a, b (c, d), and e`: split at commas and semicolons outside brackets, and at the last `and`."""
    parts: list[str] = []
    depth, start = 0, 0
    for index, character in enumerate(text):
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth = max(0, depth - 1)
        elif not depth and (
            character == ";" or (character == "," and not text[index + 1 : index + 2].isdigit())
        ):
            parts.append(text[start:index])
            start = index + 1
    parts.append(text[start:])
    last = parts[-1]
    both = re.search(r"\s(?:and|or)\s", last) if len(parts) > 1 and "(" not in last else None
    if both and not re.match(r"\s*(?:and|or)\s", last):
        parts[-1:] = [last[: both.start()], last[both.end() :]]
    return [part for part in map(_led, parts) if part]


def _led(text: str) -> str:
    text = text.strip()
    while lead := _LEAD.match(text):
        text = text[lead.end() :]
    return text


def _matched(pattern: re.Pattern[str], text: str) -> int:
    found = pattern.match(text)
    return found.end() if found else 0
