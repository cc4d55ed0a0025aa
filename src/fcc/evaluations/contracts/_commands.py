"""Shell text as commands, and its words with variables filled in as far as the text tells them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import product
from typing import NamedTuple

from fcc.evaluations.contracts.facts import COMMIT, UNKNOWN

_MOST_LINES = 5_000
_MOST_VALUES = 8
"""How many values a word may have before it counts as unknown."""
_LONGEST_LINE = 1_000
_LONGEST_VALUE = 1_000

_WORD = re.compile(
    r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|\$\{\{[^}]{0,200}\}\}|\$\{[^}]{0,200}\}|\\.|[^\s;|&()<>"'])+|[;|&()<>]"""
)
_ASSIGNMENT = re.compile(
    r"""(?:^|[\s;(])([A-Za-z_]\w*)=("(?:[^"\\]|\\.)*"|'[^']*'|(?:\$\{\{[^}]{0,200}\}\}|\$\{[^}]{0,200}\}|[^\s;|&()<>"'])*)"""
)
_VARIABLE = re.compile(
    r"\$\{\{\s*(?P<expression>[^}]{0,200}?)\s*\}\}|\$\{(?P<name>\w+)(?P<rest>[^}]{0,200})\}|\$(?P<plain>\w+)"
    r"|\$(?=\()|`|\$[@*#?$!]"
)
_ALIAS = re.compile(
    r"^\s*(?:function\s+)?(\w+)\s*\(\)\s*\{\s*kubectl\b([^}]{0,200}(?:\}[^}]{0,200})?)\"\$@\""
)
_OUTPUT = re.compile(r"(\w+)=.*>>\s*[\"']?\$\{?GITHUB_(?:ENV|OUTPUT)")

_COMMITS = {"github.sha", "github.event.pull_request.head.sha"}


class Value(NamedTuple):
    """What a variable or word may be, and where that was said."""

    text: str
    line: int


Variables = Mapping[str, tuple[Value, ...]]


class Command(NamedTuple):
    """One simple command, its words not yet filled in."""

    words: tuple[str, ...]
    line: int


def fill(word: str, variables: Variables, line: int) -> tuple[Value, ...]:
    """What a word may be with its variables filled in; parts that can't be known are `UNKNOWN`."""
    if "$" not in word and "`" not in word:
        return (Value(_unquoted(word), line),)
    parts: list[tuple[Value, ...]] = []
    end = 0
    for match in _VARIABLE.finditer(word):
        parts.append((Value(_unquoted(word[end : match.start()]), line),))
        parts.append(_values(match, variables, line))
        end = match.end()
    parts.append((Value(_unquoted(word[end:]), line),))
    count = 1
    for part in parts:
        count *= len(part)
    if count > _MOST_VALUES:
        return (Value(UNKNOWN, line),)
    found: dict[str, int] = {}
    for choice in product(*parts):
        text = "".join(value.text for value in choice)
        if len(text) > _LONGEST_VALUE:
            return (Value(UNKNOWN, line),)
        found.setdefault(text, next((value.line for value in reversed(choice) if value.text), line))
    return tuple(Value(text, at) for text, at in found.items())


def _values(match: re.Match[str], variables: Variables, line: int) -> tuple[Value, ...]:
    expression, rest = match["expression"], match["rest"] or ""
    if expression is not None:
        if expression in _COMMITS:
            return (Value(COMMIT, line),)
        name = expression.removeprefix("env.")
        return variables.get(name, (Value(UNKNOWN, line),)) if name != expression else (Value(UNKNOWN, line),)
    name = match["name"] or match["plain"] or ""
    if name == "GITHUB_SHA":
        return (Value(COMMIT, line),)
    if rest.startswith((":-", "-", ":=", "=")):
        default = rest.lstrip(":").removeprefix("-").removeprefix("=")
        known = variables.get(name, ()) if not name.isdigit() else ()
        return known if known and rest[0] != ":" else (*known, *([Value(default, line)] if not known else []))
    if rest and not rest.startswith((":?", "?")):
        return (Value(UNKNOWN, line),)
    return variables.get(name, (Value(UNKNOWN, line),))


def _unquoted(text: str) -> str:
    if "\\" in text:
        text = re.sub(r"\\(.)", r"\1", text)
    return text.replace('"', "").replace("'", "")


def assignments(text: str, first_line: int, known: Variables) -> dict[str, tuple[Value, ...]]:
    """What each variable of a script may be, on top of those that are known."""
    found: dict[str, tuple[Value, ...]] = dict(known)
    for at, line in enumerate(text.split("\n")[:_MOST_LINES]):
        if "=" not in line or len(line) > _LONGEST_LINE or line.lstrip().startswith("#"):
            continue
        written = _OUTPUT.search(line)
        if written:
            found[written[1]] = (Value(UNKNOWN, first_line + at),)
            continue
        for match in _ASSIGNMENT.finditer(line):
            raw = match[2]
            open_quote = line[match.end(2) : match.end(2) + 1] in {"(", '"', "'"} or "$(" in raw
            values = (
                (Value(UNKNOWN, first_line + at),)
                if open_quote
                else tuple(
                    value._replace(line=first_line + at) for value in fill(raw, found, first_line + at)
                )
            )
            earlier = found.get(match[1], ()) if match[1] not in known else ()
            merged = dict.fromkeys((*earlier, *values))
            found[match[1]] = (
                tuple(merged) if len(merged) <= _MOST_VALUES else (Value(UNKNOWN, first_line + at),)
            )
    return found


def commands(text: str, first_line: int) -> Iterator[Command]:
    """The simple commands of a script, with continued lines joined."""
    words: list[str] = []
    start = first_line
    for at, raw in enumerate(text.split("\n")[:_MOST_LINES]):
        line = raw.strip()
        if not words:
            start = first_line + at
        if line.startswith("#") or len(line) > _LONGEST_LINE:
            continue
        continued = line.endswith("\\")
        for word in _WORD.findall(line[:-1] if continued else line):
            if word.startswith("#"):
                break
            if len(word) == 1 and word in ";|&()<>":
                if words:
                    yield Command(tuple(words), start)
                words, start = [], first_line + at
            else:
                words.append(word)
        if words and not continued:
            yield Command(tuple(words), start)
            words = []
    if words:
        yield Command(tuple(words), start)


def aliases(text: str) -> dict[str, str]:
    """The shell functions that hand all they get to kubectl, with the options that they put before it."""
    found = {"kubectl": ""}
    if "kubectl" in text:
        for line in text.split("\n")[:_MOST_LINES]:
            match = _ALIAS.match(line) if len(line) <= _LONGEST_LINE else None
            if match:
                found[match[1]] = match[2]
    return found


class Script(NamedTuple):
    """A script, or a workflow's `run`, as it is read."""

    file: str
    text: str
    first_line: int
    origin: str
    variables: Variables
