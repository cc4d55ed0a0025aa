"""Whole-number arithmetic of the shell: `((…))` and `$((…))`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from fcc.evaluations.rehearsal.shell.syntax import NotUnderstoodError

_TOKEN = re.compile(r"\s*(\d+|[A-Za-z_]\w*|\+\+|--|[-+*/%]=|<=|>=|==|!=|&&|\|\||<<|>>|[-+*/%()<>!=?:,~^&|])")


def _whole(left: int, right: int) -> int:
    if right == 0:
        raise NotUnderstoodError("a division by zero")
    size = abs(left) // abs(right)
    return size if (left < 0) == (right < 0) else -size


_LEVELS: tuple[dict[str, Callable[[int, int], int]], ...] = (
    {"||": lambda a, b: int(bool(a or b))},
    {"&&": lambda a, b: int(bool(a and b))},
    {"==": lambda a, b: int(a == b), "!=": lambda a, b: int(a != b)},
    {
        "<": lambda a, b: int(a < b),
        ">": lambda a, b: int(a > b),
        "<=": lambda a, b: int(a <= b),
        ">=": lambda a, b: int(a >= b),
    },
    {"+": lambda a, b: a + b, "-": lambda a, b: a - b},
    {"*": lambda a, b: a * b, "/": _whole, "%": lambda a, b: a - b * _whole(a, b)},
)
_DEEPEST = 40
_WORD_SIZE = 1 << 64


def evaluate(text: str, get: Callable[[str], str], put: Callable[[str, str], None]) -> int:
    """The value of an expression; `get` and `put` read and set variables.

    Raises:
        NotUnderstoodError: it is none that is known here.
    """
    return _Reader(_tokens(text), get, put).all()


def _tokens(text: str) -> list[str]:
    tokens, at = [], 0
    text = text.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise NotUnderstoodError(f"the arithmetic {text[:40]!r}")
        tokens.append(match[1])
        at = match.end()
    return tokens


class _Reader:
    def __init__(self, tokens: list[str], get: Callable[[str], str], put: Callable[[str, str], None]) -> None:
        self.tokens, self.get, self.put = tokens, get, put
        self.at = self.depth = 0

    def all(self) -> int:
        if not self.tokens:
            return 0
        value = self._assigned()
        while self._take(","):
            value = self._assigned()
        if self.at < len(self.tokens):
            raise NotUnderstoodError(f"`{self.tokens[self.at]}` in arithmetic")
        return value

    def _peek(self, ahead: int = 0) -> str:
        return self.tokens[self.at + ahead] if self.at + ahead < len(self.tokens) else ""

    def _take(self, sign: str) -> bool:
        if self._peek() == sign:
            self.at += 1
            return True
        return False

    def _assigned(self) -> int:
        name, operator = self._peek(), self._peek(1)
        if not name.isidentifier() or operator not in {"=", "+=", "-=", "*=", "/=", "%="}:
            return self._ternary()
        self.at += 2
        value = self._assigned()
        if operator != "=":
            level: dict[str, Any] = {**_LEVELS[4], **_LEVELS[5]}
            value = level[operator[0]](self._variable(name), value)
        self.put(name, str(value))
        return value

    def _ternary(self) -> int:
        value = self._level(0)
        if not self._take("?"):
            return value
        first = self._assigned()
        if not self._take(":"):
            raise NotUnderstoodError("`?` without `:` in arithmetic")
        second = self._assigned()
        return first if value else second

    def _level(self, level: int) -> int:
        if level == len(_LEVELS):
            return self._unary()
        value = self._level(level + 1)
        while self._peek() in _LEVELS[level]:
            operator = self._peek()
            self.at += 1
            value = _LEVELS[level][operator](value, self._level(level + 1)) % _WORD_SIZE
            value -= _WORD_SIZE if value >= _WORD_SIZE // 2 else 0
        return value

    def _unary(self) -> int:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise NotUnderstoodError("arithmetic that is nested too deeply")
        value = self._operand()
        self.depth -= 1
        return value

    def _operand(self) -> int:
        sign = self._peek()
        self.at += 1
        if sign in {"++", "--"} and self._peek().isidentifier():
            name = self._peek()
            self.at += 1
            return self._stepped(name, sign)
        if sign in {"!", "-", "+"}:
            value = self._unary()
            return int(not value) if sign == "!" else -value if sign == "-" else value
        if sign == "(":
            value = self._assigned()
            if not self._take(")"):
                raise NotUnderstoodError("a parenthesis that is not closed in arithmetic")
            return value
        if sign.isdigit():
            return _number(sign)
        if not sign.isidentifier():
            raise NotUnderstoodError(f"`{sign}` in arithmetic")
        after = self._peek()
        if after in {"++", "--"}:
            self.at += 1
            old = self._variable(sign)
            self._stepped(sign, after)
            return old
        return self._variable(sign)

    def _stepped(self, name: str, operator: str) -> int:
        value = self._variable(name) + (1 if operator == "++" else -1)
        self.put(name, str(value))
        return value

    def _variable(self, name: str) -> int:
        text = self.get(name).strip() or "0"
        if not re.fullmatch(r"[-+]?\d{1,18}", text):
            raise NotUnderstoodError(f"{name} is {text[:30]!r}, which is no whole number")
        return int(text)


def _number(sign: str) -> int:
    if len(sign) > 18 or (sign[0] == "0" and len(sign) > 1):  # noqa: PLR2004 - the digits of 64 bits
        raise NotUnderstoodError(f"the number {sign[:30]}")
    return int(sign)
