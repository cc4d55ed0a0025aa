"""Go's text/template language, read as far as it can be without the data (pkg.go.dev/text/template)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

BUILTINS = frozenset(
    [
        "and",
        "call",
        "html",
        "index",
        "slice",
        "js",
        "len",
        "not",
        "or",
        "print",
        "printf",
        "println",
        "urlquery",
        "eq",
        "ge",
        "gt",
        "le",
        "lt",
        "ne",
    ]
)
"""The functions that every template has."""

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<text>"(?:\\.|[^"\\\n])*"|`[^`]*`|'(?:\\.|[^'\\\n])+')
    |(?P<number>[-+]?(?:0[xXbBoO][0-9a-fA-F_]+|(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)i?(?![\w]))
    |(?P<variable>\$\w*(?:\.[^\W\d]\w*)*)
    |(?P<field>(?:\.[^\W\d]\w*)+|\.)
    |(?P<word>[^\W\d]\w*)
    |(?P<sign>:=|=|\||\(|\)|,)""",
    re.VERBOSE,
)
_SPACE = re.compile(r"\s*")
_COMMENT_END = re.compile(r"\*/(?:\s+-)?\}\}")
_PART = re.compile(r'"(?:\\.|[^"\\\n])*"|`[^`]*`|\'(?:\\.|[^\'\\\n])+\'|\}\}|\{\{|.', re.DOTALL)
_OPENERS = {"if", "with", "range", "define", "block"}
_KEYWORDS = {*_OPENERS, "else", "template"}
_LITERAL = {"text", "number"}


class _Token(NamedTuple):
    kind: str
    text: str


class _BrokenError(Exception):
    """What is wrong with a template."""


def template_problem(text: str, functions: Collection[str], variables: Collection[str] = ()) -> str:
    """What keeps Go from parsing a template that may use these functions and `$variables`; "" where nothing does."""
    if "{{" not in text:
        return ""
    try:
        _Template(functions, variables).read(text)
    except _BrokenError as broken:
        return str(broken)
    except RecursionError:
        return "parentheses are nested too deep"
    return ""


class _Template:
    def __init__(self, functions: Collection[str], variables: Collection[str]) -> None:
        self._functions = BUILTINS | set(functions)
        self._blocks: list[tuple[str, int, bool]] = []
        """Of each open block: its keyword, how many variables were known before it, whether `else` was."""
        self._variables = ["$", *variables]
        self._tokens: list[_Token] = []

    def read(self, text: str) -> None:
        for action in _actions(text):
            self._tokens = list(_tokens(action))
            self._action()
        if self._blocks:
            raise _BrokenError(f"`{{{{ {self._blocks[-1][0]} … }}}}` has no `{{{{ end }}}}`")

    def _action(self) -> None:
        if not self._tokens:
            raise _BrokenError("`{{ }}` holds nothing")
        word = self._tokens[0].text if self._tokens[0].kind == "word" else ""
        if word in _OPENERS:
            self._open(word)
        elif word == "else":
            self._else()
        elif word == "end":
            self._end()
        elif word == "template":
            self._named(1)
        elif word in {"break", "continue"}:
            self._expect_end(1, word)
        else:
            self._pipeline(0, top=True)

    def _open(self, word: str) -> None:
        self._blocks.append((word, len(self._variables), False))
        if word in {"define", "block"}:
            self._named(1, pipeline=word == "block")
        else:
            self._pipeline(1, top=True, loop=word == "range")

    def _else(self) -> None:
        if not self._blocks or self._blocks[-1][0] in {"define", "block"} or self._blocks[-1][2]:
            raise _BrokenError("`{{ else }}` belongs to no `if`, `with` or `range`")
        word, known, _ = self._blocks[-1]
        del self._variables[known:]
        chained = len(self._tokens) > 1
        self._blocks[-1] = (word, known, not chained)
        if chained:
            if self._tokens[1].text not in {"if", "with"}:
                raise _BrokenError(f"`{self._tokens[1].text}` cannot follow `else`")
            self._pipeline(2, top=True)

    def _end(self) -> None:
        self._expect_end(1, "end")
        if not self._blocks:
            raise _BrokenError("`{{ end }}` closes nothing")
        del self._variables[self._blocks.pop()[1] :]

    def _expect_end(self, index: int, word: str) -> None:
        if len(self._tokens) > index:
            raise _BrokenError(f"nothing may follow `{word}`")

    def _named(self, index: int, *, pipeline: bool = True) -> None:
        if len(self._tokens) <= index or self._tokens[index].kind != "text":
            raise _BrokenError(f"`{self._tokens[0].text}` needs a quoted name")
        if len(self._tokens) > index + 1:
            if not pipeline:
                raise _BrokenError("nothing may follow the name")
            self._pipeline(index + 1, top=True)

    def _pipeline(self, index: int, *, top: bool = False, loop: bool = False) -> int:
        """Reads commands joined by `|` and gives the index of what follows them."""
        if top:
            index = self._declaration(index, loop=loop)
        first = True
        while True:
            index = self._command(index, first=first)
            first = False
            if index < len(self._tokens) and self._tokens[index].text == "|":
                index += 1
                continue
            break
        if top and index < len(self._tokens):
            raise _BrokenError(f"unexpected `{self._tokens[index].text}`")
        return index

    def _declaration(self, index: int, *, loop: bool) -> int:
        names: list[str] = []
        at = index
        while at < len(self._tokens) and self._tokens[at].kind == "variable":
            names.append(self._tokens[at].text)
            at += 1
            if loop and at < len(self._tokens) and self._tokens[at].text == ",":
                at += 1
                continue
            break
        if not names or at >= len(self._tokens) or self._tokens[at].text not in {":=", "="}:
            return index
        if self._tokens[at].text == ":=":
            self._variables.extend(names)
        return at + 1

    def _command(self, index: int, *, first: bool) -> int:
        start = index
        while index < len(self._tokens):
            token = self._tokens[index]
            if token.kind == "sign" and token.text != "(":
                if token.text in {"|", ")"}:
                    break
                raise _BrokenError(f"unexpected `{token.text}`")
            if index == start and not first and token.kind in _LITERAL:
                raise _BrokenError(f"{token.text} cannot follow `|`")
            index = self._operand(index)
        if index == start:
            raise _BrokenError("a value is missing")
        return index

    def _operand(self, index: int) -> int:
        token = self._tokens[index]
        if token.text == "(":
            index = self._pipeline(index + 1)
            if index >= len(self._tokens):
                raise _BrokenError("a `(` is not closed")
            after = index + 1
            chained = after < len(self._tokens) and self._tokens[after].kind == "field"
            return after + chained
        if token.kind == "variable":
            name = token.text.partition(".")[0]
            if name not in self._variables:
                raise _BrokenError(f"the variable `{name}` is not defined")
        if token.kind == "word" and token.text not in {"true", "false", "nil"} | self._functions:
            raise _BrokenError(f"there is no function `{token.text}`")
        return index + 1


def _actions(text: str) -> Iterator[str]:
    """What stands between `{{` and `}}`, each time."""
    position = 0
    while (start := text.find("{{", position)) >= 0:
        at = start + 2
        if text.startswith("-", at) and text[at + 1 : at + 2].isspace():
            at = _SPACE.match(text, at + 1).end()  # type: ignore[union-attr]  # matches the empty text too
        if text.startswith("/*", at):
            position = _after_comment(text, at)
            continue
        end = _closing(text, at)
        inside = text[at:end]
        position = end + 2
        yield inside[:-1] if re.search(r"\s-$", inside) else inside


def _after_comment(text: str, at: int) -> int:
    closed = _COMMENT_END.search(text, at)
    if closed is None:
        raise _BrokenError("a comment is not closed by `*/}}`")
    return closed.end()


def _closing(text: str, at: int) -> int:
    """Where the `}}` of an action stands: not inside a quoted text."""
    for found in _PART.finditer(text, at):
        if found[0] == "}}":
            return found.start()
        if found[0] == "{{":
            break
    snippet = text[at : at + 30].strip().replace("\n", " ")
    raise _BrokenError(f"`{{{{ {snippet}` is not closed by `}}}}`")


def _tokens(action: str) -> Iterator[_Token]:
    position = 0
    before = _Token("space", "")
    while position < len(action):
        found = _TOKEN.match(action, position)
        if found is None:
            raise _BrokenError(f"unexpected `{action[position]}` in `{{{{{action[:60]}}}}}`")
        position = found.end()
        token = _Token(str(found.lastgroup), found[0])
        if _touch(before, token):
            raise _BrokenError(f"a space is missing between `{before.text}` and `{token.text}`")
        if token.kind != "space":
            yield token
        before = token


def _touch(left: _Token, right: _Token) -> bool:
    """Whether two operands stand side by side without a space, as in `humanize($value)`."""
    if left.text in _KEYWORDS or (right.kind == "field" and (left.kind == "word" or left.text == ")")):
        return False
    ends = left.text == ")" or left.kind not in {"space", "sign"}
    return ends and (right.text == "(" or right.kind not in {"space", "sign"})
