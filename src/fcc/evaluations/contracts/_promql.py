"""What a PromQL expression asks: metrics with their labels, and what it is compared with.

A reader of names and comparisons, no parser: it takes apart what is well formed and yields little of anything else.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_LONGEST = 20_000
_TOKEN = re.compile(
    r"""(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)
    | \#[^\n]*
    | (?P<range>\[[^\]]*\])
    | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.]))
    | \d+\w+
    | (?P<name>(?:[A-Za-z_:]|\$\w|\$\{[^}]*\})(?:[\w:.]|\$\w|\$\{[^}]*\})*)
    | (?P<mark>=~|!~|!=|==|>=|<=|[-+*/%^(){},=<>@])""",
    re.VERBOSE,
)
_LOGICAL = {"and", "or", "unless"}
_LISTS = {"by", "without", "on", "ignoring", "group_left", "group_right"}
_AGGREGATORS = {
    "sum",
    "avg",
    "min",
    "max",
    "count",
    "stddev",
    "stdvar",
    "topk",
    "bottomk",
    "quantile",
    "count_values",
    "group",
    "limitk",
    "limit_ratio",
}
_WORDS = {"offset", "bool", "inf", "nan", "start", "end", *_LOGICAL, *_LISTS}
_COMPARISONS = {">", ">=", "<", "<=", "==", "!="}


class Selector(NamedTuple):
    """A metric and the labels that are asked of it."""

    metric: str
    labels: tuple[tuple[str, str, str], ...]
    """Label, operator, value."""


class Term(NamedTuple):
    """A part of an expression between `and`, `or` and `unless`."""

    selectors: tuple[Selector, ...]
    quantiles: tuple[float, ...]
    """The first arguments of histogram_quantile."""
    divides: bool
    scale: float
    """What the compared value is multiplied by."""
    complement: bool
    """Whether it is `1 - …`."""
    operator: str
    limit: float | None
    """None where it is not compared with a number."""


class Expression(NamedTuple):
    """An expression as far as it is read."""

    terms: tuple[Term, ...]
    grouping: frozenset[str]
    """Labels that are aggregated `by`."""
    rewrites: bool
    """Whether it makes labels of its own, or joins others' in."""

    @property
    def selectors(self) -> tuple[Selector, ...]:
        """Every metric that it asks for."""
        return tuple(selector for term in self.terms for selector in term.selectors)


class _Token(NamedTuple):
    kind: str
    text: str


@lru_cache(maxsize=512)
def read(expr: str) -> Expression:
    """What an expression asks; a metric whose name holds a dashboard's variable is left out."""
    tokens = [
        _Token(match.lastgroup, match[0])
        for match in _TOKEN.finditer(expr[:_LONGEST])
        if match.lastgroup and match.lastgroup != "range"
    ]
    grouping: set[str] = set()
    parts: list[list[_Token]] = [[]]
    at = 0
    while at < len(tokens):
        kind, text = tokens[at]
        lowered = text.lower()
        if kind == "name" and lowered in _LISTS and _is(tokens, at + 1, "("):
            end = _closing(tokens, at + 1)
            if lowered == "by":
                grouping |= {token.text for token in tokens[at + 2 : end] if token.kind == "name"}
            at = end + 1
            continue
        if kind == "name" and lowered in _LOGICAL:
            parts.append([])
        else:
            parts[-1].append(tokens[at])
        at += 1
    rewrites = bool(re.search(r"\b(?:label_replace|label_join|group_left|group_right)\b", expr))
    return Expression(tuple(_term(part) for part in parts), frozenset(grouping), rewrites)


def _is(tokens: list[_Token], at: int, mark: str) -> bool:
    return 0 <= at < len(tokens) and tokens[at] == ("mark", mark)


def _closing(tokens: list[_Token], at: int) -> int:
    """The position of the first closing bracket after the opening one at `at`, or the end."""
    mark = {"(": ")", "{": "}"}[tokens[at].text]
    return next((end for end in range(at, len(tokens)) if tokens[end] == ("mark", mark)), len(tokens))


def _term(tokens: list[_Token]) -> Term:
    selectors: list[Selector] = []
    outside: list[_Token] = []
    quantiles: list[float] = []
    at = 0
    while at < len(tokens):
        kind, text = tokens[at]
        braced = _is(tokens, at + 1, "{")
        if kind == "mark" and text == "{":
            end = _closing(tokens, at)
            selectors += _named_inside(_matchers(tokens[at + 1 : end]))
            at = end + 1
            continue
        if kind == "name" and not _is_function(tokens, at):
            end = _closing(tokens, at + 1) if braced else at
            if "$" not in text and text.lower() not in _WORDS:
                selectors.append(Selector(text, _matchers(tokens[at + 2 : end]) if braced else ()))
            at = end + 1
            continue
        if text == "histogram_quantile" and at + 2 < len(tokens) and tokens[at + 2].kind == "number":
            quantiles.append(float(tokens[at + 2].text))
        outside.append(tokens[at])
        at += 1
    operator, limit, left = _comparison(outside)
    divides = ("mark", "/") in left
    return Term(tuple(selectors), tuple(quantiles), divides, _scale(left), _complement(left), operator, limit)


def _is_function(tokens: list[_Token], at: int) -> bool:
    return _is(tokens, at + 1, "(") or tokens[at].text.lower() in _AGGREGATORS


def _named_inside(labels: tuple[tuple[str, str, str], ...]) -> list[Selector]:
    names = [value for label, operator, value in labels if label == "__name__" and operator == "="]
    return [Selector(name, labels) for name in names if "$" not in name]


def _matchers(tokens: list[_Token]) -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (label.text, operator.text, value.text[1:-1].replace("\\\\", "\\"))
        for label, operator, value in zip(tokens, tokens[1:], tokens[2:], strict=False)
        if label.kind == "name" and operator.text in {"=", "!=", "=~", "!~"} and value.kind == "string"
    )


def _comparison(tokens: list[_Token]) -> tuple[str, float | None, list[_Token]]:
    """The last comparison with a number, and what stands before it."""
    for at in range(len(tokens) - 1, -1, -1):
        if tokens[at].kind == "mark" and tokens[at].text in _COMPARISONS:
            right = tokens[at + 1 :]
            return tokens[at].text, _number(right), tokens[:at]
    return "", None, tokens


def _number(tokens: list[_Token]) -> float | None:
    """The value of numbers that are multiplied or divided; brackets count for nothing there."""
    kept = [token for token in tokens if token.text not in "()"]
    if not kept or kept[0].kind != "number":
        return None
    value = float(kept[0].text)
    for operator, operand in zip(kept[1::2], kept[2::2], strict=False):
        if operand.kind != "number" or operator.text not in {"*", "/"}:
            return None
        number = float(operand.text)
        if operator.text == "/" and number == 0:
            return None
        value = value * number if operator.text == "*" else value / number
    return value if len(kept) % 2 else None


def _scale(tokens: list[_Token]) -> float:
    """What a left side is multiplied by at its end or start."""
    kept = [token for token in tokens if token.text not in "()"]
    if len(kept) > 1 and kept[-1].kind == "number" and kept[-2].text in "*/":
        number = float(kept[-1].text)
        return number if kept[-2].text == "*" else 1 / number if number else 1.0
    if len(kept) > 1 and kept[0].kind == "number" and kept[1].text == "*":
        return float(kept[0].text)
    return 1.0


def _complement(tokens: list[_Token]) -> bool:
    kept = [token.text for token in tokens if token.text != "("]
    return kept[:2] in (["1", "-"], ["100", "-"])
