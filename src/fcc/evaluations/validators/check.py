"""What every validator shares: how it says what is wrong, and that it could not look."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from fcc import _yaml
from fcc.errors import InvalidFileError
from fcc.simulation import Finding

Check = Callable[[str], Iterator[Finding]]
"""Gives the findings on a text, in order, each with its line; raises `NotCheckedError` where it can't look."""


class NotCheckedError(Exception):
    """The text could not be checked, or not all of it; says why, and what to install.

    What was found before still counts: a text with an error is invalid, whoever else did not look.
    """


def error(rule: str, message: str, line: int = 0, hint: str = "") -> Finding:
    """What makes a text invalid."""
    return Finding(rule, "error", message, line=line, hint=hint)


def warning(rule: str, message: str, line: int = 0, hint: str = "") -> Finding:
    """What is taken, and is probably not meant."""
    return Finding(rule, "warning", message, line=line, hint=hint)


def advice(rule: str, message: str, line: int = 0, hint: str = "") -> Finding:
    """What is valid and could be better."""
    return Finding(rule, "advice", message, line=line, hint=hint)


def missing(what: str, package: str = "fcc-agents[validators]") -> NotCheckedError:
    """That a tool is not there, and how to get it."""
    return NotCheckedError(f"{what} is not installed: pip install '{package}'")


def documents(text: str, rule: str) -> tuple[list[_yaml.Document], list[Finding]]:
    """The documents of a YAML text; or, where it can't be read, none and the one finding that says why."""
    try:
        return _yaml.parse_all(text, ""), []
    except InvalidFileError as refused:
        problem = refused.problems[0]
        what = f"{problem.message} (column {problem.column})"
        hint = "Mend it there or on the lines before: indentation, quotes, brackets, colons."
        return [], [error(rule, what, problem.line, hint)]


def line_of(document: _yaml.Document, path: tuple[str | int, ...]) -> int:
    """The line of a value, or of what is nearest above it."""
    return document.problem(path, "").line


def mapping(value: Any) -> dict[str, Any]:
    """The value, where it is a mapping; else an empty one."""
    return value if isinstance(value, dict) else {}


def sequence(value: Any) -> list[Any]:
    """The value, where it is a list; else an empty one."""
    return value if isinstance(value, list) else []
