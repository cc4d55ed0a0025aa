"""GitHub's expressions (docs.github.com/en/actions/reference/workflows-and-actions/expressions): `${{ … }}`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

CONTEXTS = frozenset(
    [
        "github",
        "env",
        "vars",
        "job",
        "jobs",
        "steps",
        "runner",
        "secrets",
        "strategy",
        "matrix",
        "needs",
        "inputs",
    ]
)
"""What an expression may start from; which of them, depends on its place."""

_ARITY: dict[str, tuple[int, int]] = {
    "always": (0, 0),
    "cancelled": (0, 0),
    "case": (3, 255),
    "contains": (2, 2),
    "endswith": (2, 2),
    "failure": (0, 255),
    "format": (1, 255),
    "fromjson": (1, 1),
    "hashfiles": (1, 255),
    "join": (1, 2),
    "startswith": (2, 2),
    "success": (0, 255),
    "tojson": (1, 1),
}
"""The functions, in lower case, and how many arguments they take."""
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')"
    r"|(?P<number>-?(?:0x[0-9a-fA-F]+|0o[0-7]+|\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|\.\d+)(?!\w))"
    r"|(?P<word>[A-Za-z_][\w-]*)|(?P<sign>&&|\|\||[=!<>]=|[<>!()\[\].,*]))"
)
_BINARY = {"&&", "||", "==", "!=", "<", "<=", ">", ">="}
_DEEPEST = 50
_LONGEST = 21_000
"""GitHub's own limit on an expression's length."""


class Expressions(NamedTuple):
    """What the expressions of a text say."""

    problems: tuple[str, ...]
    uses: tuple[tuple[str, str], ...]
    """Each context that is used, in lower case, with the first property asked of it; "" where it is not named."""


class _BrokenError(Exception):
    """What is wrong with an expression."""


def read_expressions(text: str, *, bare: bool = False) -> Expressions:
    """What the `${{ … }}` of a text use, and what is wrong with them; `bare` is a condition, which may do without."""
    problems: list[str] = []
    uses: list[tuple[str, str]] = []
    for inside in [text] if bare and "${{" not in text else _parts(text, problems):
        reader = _Reader(inside)
        try:
            reader.read()
        except _BrokenError as broken:
            problems.append(f"`{inside.strip()[:60]}`: {broken}")
        uses += reader.uses
    return Expressions(tuple(problems), tuple(uses))


def _parts(text: str, problems: list[str]) -> Iterator[str]:
    position = 0
    while (start := text.find("${{", position)) >= 0:
        at = start + 3
        quoted = False
        while at < len(text) and (quoted or not text.startswith("}}", at)):
            quoted ^= text[at] == "'"
            at += 1
        if at >= len(text):
            problems.append(f"`{text[start : start + 40].strip()}` is not closed by `}}}}`")
            return
        yield text[start + 3 : at]
        position = at + 2


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        self._text = text
        self._at = 0
        self._depth = 0
        self.uses: list[tuple[str, str]] = []

    def read(self) -> None:
        self._tokenize()
        if not self._tokens:
            raise _BrokenError("it is empty")
        self._value()
        if self._at < len(self._tokens):
            raise _BrokenError(f"unexpected `{self._tokens[self._at][1]}`")

    def _tokenize(self) -> None:
        if len(self._text) > _LONGEST:
            raise _BrokenError(f"it is longer than {_LONGEST} characters")
        position, end = 0, len(self._text.rstrip())
        while position < end:
            found = _TOKEN.match(self._text, position)
            if found is None:
                sign = self._text[position:].lstrip()[:1]
                hint = "; texts are in single quotes" if sign == '"' else ""
                raise _BrokenError(f"unexpected `{sign}`{hint}")
            self._tokens.append((str(found.lastgroup), found[found.lastgroup or 0]))
            position = found.end()

    def _peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _take(self, wanted: str) -> None:
        if self._peek() != wanted:
            raise _BrokenError(f"`{wanted}` is missing")
        self._at += 1

    def _value(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _BrokenError(f"nested more than {_DEEPEST} deep")
        self._operand()
        while self._peek() in _BINARY:
            self._at += 1
            self._operand()
        self._depth -= 1

    def _operand(self) -> None:
        while self._peek() == "!":
            self._at += 1
        if self._at >= len(self._tokens):
            raise _BrokenError("it ends where a value is expected")
        kind, text = self._tokens[self._at]
        self._at += 1
        if text == "(":
            self._value()
            self._take(")")
        elif kind == "word" and self._peek() == "(":
            self._call(text)
        elif kind == "word" and text not in {"true", "false", "null", "NaN", "Infinity"}:
            self._context(text)
        elif kind == "sign":
            raise _BrokenError(f"unexpected `{text}`")
        self._properties()

    def _call(self, name: str) -> None:
        self._at += 1
        count = 0
        while self._peek() != ")":
            if count:
                self._take(",")
            self._value()
            count += 1
        self._at += 1
        if name.lower() not in _ARITY:
            raise _BrokenError(f"there is no function `{name}`")
        least, most = _ARITY[name.lower()]
        if not least <= count <= most:
            raise _BrokenError(f"`{name}` cannot take {count} argument{'s' * (count != 1)}")

    def _context(self, name: str) -> None:
        if name.lower() not in CONTEXTS:
            raise _BrokenError(f"there is no context `{name}`")
        named = self._peek() == "." and self._at + 1 < len(self._tokens)
        self.uses.append((name.lower(), self._tokens[self._at + 1][1] if named else ""))

    def _properties(self) -> None:
        while (sign := self._peek()) in {".", "["}:
            self._at += 1
            if sign == "[":
                if self._peek() == "*":
                    self._at += 1
                else:
                    self._value()
                self._take("]")
            elif self._peek() == "*" or (
                self._at < len(self._tokens) and self._tokens[self._at][0] == "word"
            ):
                self._at += 1
            else:
                raise _BrokenError("a property's name is missing after `.`")
