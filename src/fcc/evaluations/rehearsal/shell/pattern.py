"""Shell patterns and regular expressions, applied with a limit on the time that they may take."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import regex

from fcc.evaluations.rehearsal.shell.syntax import MOST_TEXT, NotUnderstoodError

_SECONDS = 0.5


class Segment(NamedTuple):
    """A part of a word after expansion."""

    text: str
    quoted: bool = False
    """Whether its characters stand for themselves, and it is not split."""
    splits: bool = False
    """Whether it is split into fields: an expansion without quotes."""
    breaks: bool = False
    """Whether a new field begins here, as between the items of `"$@"`."""


def plain(text: str) -> str:
    """The text of a here-document between expansions."""
    return re.sub(r"\\([$`\\\n])", lambda match: match[1].strip("\n"), text)


def joined(segments: list[Segment]) -> str:
    """The text of parts, unsplit."""
    return "".join((" " if item.breaks else "") + item.text for item in segments if item.text != "\0")


def unescaped(text: str) -> list[Segment]:
    """A word without quotes as parts: what a backslash stands before means itself."""
    parts = re.split(r"\\(\n|.)", text)
    return [
        Segment("" if part == "\n" else part, quoted=at % 2 == 1)
        for at, part in enumerate(parts)
        if part or at % 2
    ]


def glob(segments: list[Segment]) -> str:
    """A shell pattern as a regular expression."""
    return "".join(regex.escape(item.text) if item.quoted else _glob(item.text) for item in segments)


def _glob(text: str) -> str:
    out, at = "", 0
    while at < len(text):
        char = text[at]
        end = text.find("]", at + 2)
        if char == "[" and end > 0:
            inside = text[at + 1 : end].replace("\\", "\\\\")
            out += f"[^{inside[1:]}]" if inside[0] in "!^" else f"[{inside}]"
            at = end
        elif char == "(" and out[-1:] and text[at - 1] in "?*+@!":
            raise NotUnderstoodError("an extended pattern")
        else:
            out += ".*" if char == "*" else "." if char == "?" else regex.escape(char)
        at += 1
    return out


def fullmatch(pattern: str, text: str) -> bool:
    """Whether a pattern of `glob` matches a whole text."""
    return bool(_apply("fullmatch", pattern, text, regex.DOTALL))


def search(pattern: str, text: str, flags: int = 0) -> Any:
    """The first match of an extended regular expression."""
    return _apply("search", pattern, text, flags)


def strip(pattern: str, text: str, operator: str) -> str:
    """What `${x#…}`, `${x##…}`, `${x%…}` and `${x%%…}` leave of a text."""
    lengths = range(len(text) + 1)
    longest = len(operator) == 2  # noqa: PLR2004 - the operator is written twice
    for length in reversed(lengths) if longest else lengths:
        part = text[:length] if operator[0] == "#" else text[len(text) - length :]
        if fullmatch(pattern, part):
            return text[length:] if operator[0] == "#" else text[: len(text) - length]
    return text


def replace(pattern: str, text: str, new: str, *, every: bool) -> str:
    """What `${x/…/…}` makes of a text."""
    left = MOST_TEXT

    def put(_: Any) -> str:
        nonlocal left
        left -= len(new)
        if left < 0:
            raise NotUnderstoodError("a text that grows too long")
        return new

    try:
        made: str = regex.sub(
            pattern, put, text, count=0 if every else 1, flags=regex.DOTALL, timeout=_SECONDS
        )
    except (regex.error, TimeoutError):
        raise NotUnderstoodError("a pattern") from None
    return made


def _apply(how: str, pattern: str, text: str, flags: int) -> Any:
    posix = {
        "[:space:]": r"\s", "[:digit:]": r"\d", "[:alpha:]": "a-zA-Z", "[:alnum:]": "a-zA-Z0-9",
        "[:upper:]": "A-Z", "[:lower:]": "a-z",
    }  # fmt: skip
    for name, meaning in posix.items():
        pattern = pattern.replace(name, meaning)
    try:
        return getattr(regex, how)(pattern, text, flags=flags, timeout=_SECONDS)
    except (regex.error, TimeoutError):
        raise NotUnderstoodError(f"the pattern {pattern[:60]!r}") from None
