"""SQL: whether `sqlglot` can read it in any of the common dialects."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from fcc.evaluations.validators._text import cut
from fcc.evaluations.validators.check import NotCheckedError, error, missing
from fcc.simulation import Finding

DIALECTS = ("", "postgres", "mysql", "sqlite", "tsql", "oracle", "bigquery", "snowflake")
"""The dialects that are tried, in order; "" is what they share."""

MOST_TEXT = 60_000
"""How many characters are read; a dialect takes about half a second for as many."""

_ALL_DIALECTS = 20_000
"""Up to how many characters all dialects are tried, so that no text takes more than two seconds."""

_ENDED = re.compile(r"<Token token_type: \S*SENTINEL.*", re.DOTALL)
_TOKEN = re.compile(r"<Token token_type: .*?, text: (.*?), line: \d+.*?>", re.DOTALL)
_CLASS = re.compile(r"<class 'sqlglot\.\S*?(\w+)'>")
_QUOTES = re.compile(r"--[^\n]*|/\*.*?\*/|(['\"`])(?:(?!\1).|\1\1)*\1|(['\"`]|/\*)", re.DOTALL)
_PSQL = re.compile(
    r"^[ \t]*\\(?:[a-zA-Z!?.;]|$)|\\g(?:x|set|exec|desc)?\b[^\n]*$|^[ \t]*COPY\s[^;]{1,2000}?\sFROM\s+stdin\b",
    re.MULTILINE | re.IGNORECASE,
)
"""Commands of psql itself, and data that follows a COPY (postgresql.org/docs/current/app-psql.html)."""
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")

_Refusal = tuple[int, int, str]


def check(text: str) -> Iterator[Finding]:
    """The findings on SQL: an error where no dialect reads it, as told by the one that came furthest."""
    try:
        sqlglot = import_module("sqlglot")
    except ImportError:
        raise missing("sqlglot") from None
    if len(text) > MOST_TEXT:
        raise NotCheckedError(f"it has more than {MOST_TEXT:,} characters, the most that is read")
    all_tried = len(text) <= _ALL_DIALECTS
    furthest: _Refusal = (0, 0, "")
    for dialect in DIALECTS if all_tried else DIALECTS[:3]:
        refused = _refusal(sqlglot, text, dialect)
        if refused is None:
            return
        furthest = max(furthest, refused)
    if _PSQL.search(text):
        raise NotCheckedError("it holds psql's own commands, which are no SQL")
    line, _, message = furthest
    if not message:
        raise NotCheckedError("it holds statements that nothing here reads in full")
    if not all_tried:
        raise NotCheckedError(
            "it is long, and in none of the first dialects: split it to have all of them tried"
        )
    hint = (
        "Take the Markdown fences out." if text.lstrip().startswith("```") else "Check what stands before it."
    )
    yield error("sql-syntax", f"not valid SQL in any common dialect: {message}", line, hint)


def _refusal(sqlglot: Any, text: str, dialect: str) -> _Refusal | None:
    """How far a dialect reads the text, and what stops it, "" for what it only skips; None where it reads all."""
    try:
        with _quiet():
            statements = [each for each in sqlglot.parse(text, read=dialect or None) if each is not None]
    except sqlglot.errors.SqlglotError as refused:
        return _unclosed(text, refused, sqlglot.errors.TokenError) or _place(refused)
    except RecursionError:
        raise NotCheckedError("it is nested too deep to be read") from None
    except Exception:  # noqa: BLE001 - the parser itself stumbles over some texts, none of which is SQL
        return (1, 0, "its parser can make nothing of it")
    if not statements:
        return (1, 0, "there is no statement in it")
    for each in statements:
        if _is_bare(sqlglot.exp, each):
            return (_line(each), 0, f"`{each.sql()[:60]}` is no statement")
    if any(isinstance(each, sqlglot.exp.Command) for each in statements):
        return (text.count("\n") + 2, 0, "")
    return None


def _is_bare(expressions: Any, statement: Any) -> bool:
    """Whether this is a word or an expression, which no database takes for a statement."""
    return isinstance(statement, (expressions.Condition, expressions.Alias)) and not isinstance(
        statement, expressions.Query
    )


def _line(statement: Any) -> int:
    """Where a statement starts, as far as its names say."""
    return min((node.meta["line"] for node in statement.walk() if "line" in node.meta), default=1)


def _unclosed(text: str, refused: Exception, unreadable: type[Exception]) -> _Refusal | None:
    """The quote or comment that has no end, of a text whose words can't be told apart; else None."""
    if not isinstance(refused, unreadable):
        return None
    found = next((found for found in _QUOTES.finditer(text) if found[2]), None)
    if found is None:
        return None
    start = found.start()
    column = start - text.rfind("\n", 0, start)
    return text.count("\n", 0, start) + 1, column, f"`{found[2]}` is never closed"


def _place(refused: Exception) -> _Refusal:
    details = getattr(refused, "errors", None) or [{}]
    said = details[0].get("description") or str(refused).split("\n")[0]
    message = cut(_plainly(_COLOUR.sub("", said)), 200)
    return details[0].get("line") or 1, details[0].get("col") or 0, message


def _plainly(said: str) -> str:
    """A message without the library's own names of tokens and expressions."""
    ended = _ENDED.sub("the end", said)
    return _CLASS.sub(lambda found: found[1].upper(), _TOKEN.sub(r"`\1`", ended))


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the library's own remarks, which would go to the user's terminal."""
    logger = logging.getLogger("sqlglot")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)
