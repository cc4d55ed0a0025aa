"""PromQL expressions as trees of plain values, read by promql-parser."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from fcc.evaluations.validators.check import missing

_FOREIGN = re.compile(r"\[\[:|\\[pPzQEC]|\(\?[a-zA-Z]*[sUmu]")
"""What RE2 takes and Python's `re` reads in another way, or not at all."""
_DEEPEST = 100
_PATIENCE = 1.0
"""Seconds for a pattern and a label's value."""
_OPERATORS = {"MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~"}
_AGGREGATES = {
    "sum",
    "avg",
    "min",
    "max",
    "count",
    "group",
    "stddev",
    "stdvar",
    "topk",
    "bottomk",
    "quantile",
}
_MANY = {"VectorMatchCardinality.ManyToOne": "left", "VectorMatchCardinality.OneToMany": "right"}


class NotUnderstoodError(Exception):
    """The expression uses something that is not evaluated here; the message names it."""


class Number(NamedTuple):
    """A number."""

    value: float


class Text(NamedTuple):
    """A string."""

    value: str


class Matcher(NamedTuple):
    """What is asked of one label."""

    label: str
    operator: str
    """`=`, `!=`, `=~` or `!~`."""
    value: str

    def test(self) -> Callable[[str], bool]:
        """Tells whether a label's value matches; a label that is not there has the value ""."""
        value = self.value
        if self.operator == "=":
            return lambda text: text == value
        if self.operator == "!=":
            return lambda text: text != value
        matches = full_match(value)
        if self.operator == "=~":
            return lambda text: matches(text) is not None
        return lambda text: matches(text) is None


class Select(NamedTuple):
    """Series by name and labels; the name is a matcher of `__name__`."""

    matchers: tuple[Matcher, ...]
    offset: int = 0
    """Milliseconds."""

    @property
    def name(self) -> str:
        """The metric's name; "" where the selector leaves it open."""
        named = (item.value for item in self.matchers if item.label == "__name__" and item.operator == "=")
        return next(named, "")


class Window(NamedTuple):
    """The samples of series over a range, in milliseconds."""

    select: Select
    range: int


class Subquery(NamedTuple):
    """An expression's values over a range, in milliseconds."""

    node: Node
    range: int
    step: int
    """0 where it is left to the evaluation's interval."""
    offset: int


class Call(NamedTuple):
    """A function of arguments."""

    name: str
    arguments: tuple[Node, ...]


class Aggregate(NamedTuple):
    """An aggregation over groups of series."""

    operator: str
    node: Node
    parameter: Node | None
    labels: tuple[str, ...]
    without: bool


class Match(NamedTuple):
    """How the series of two sides find each other."""

    many: str = ""
    """The side of which several series may share one: `left`, `right` or neither."""
    on: bool = False
    labels: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    as_bool: bool = False


class Binary(NamedTuple):
    """An operator between two sides."""

    operator: str
    left: Node
    right: Node
    match: Match


class Negate(NamedTuple):
    """A minus sign."""

    node: Node


Node = Number | Text | Select | Window | Subquery | Call | Aggregate | Binary | Negate


@lru_cache(maxsize=256)
def read_expression(expression: str) -> Node:
    """The tree of an expression.

    Raises `NotUnderstoodError` where it is not PromQL or uses what is not evaluated here, and `NotCheckedError` where
    promql-parser is not installed or the expression is too large to parse.
    """
    from fcc.evaluations.validators._promql import PromqlReader

    if problem := PromqlReader().problem(expression):
        raise NotUnderstoodError(f"the expression is not read: {problem}")
    try:
        import promql_parser as parser
    except ImportError:
        raise missing("promql-parser") from None
    return _Reader(parser).node(parser.parse(expression))


@lru_cache(maxsize=256)
def full_match(pattern: str) -> Callable[[str], Any]:
    """Gives a regular expression's match of a whole text, or None.

    Raises `NotUnderstoodError` where Python reads the pattern unlike RE2, or takes too long over it.
    """
    refused = NotUnderstoodError(f"the regular expression {pattern!r} is not evaluated")
    if _FOREIGN.search(pattern):
        raise refused
    import regex

    try:
        compiled = regex.compile(pattern, regex.ASCII)
    except (regex.error, OverflowError, RecursionError):
        raise refused from None

    def match(text: str) -> Any:
        try:
            return compiled.fullmatch(text, timeout=_PATIENCE)
        except TimeoutError:
            raise refused from None

    return match


def milliseconds(duration: timedelta | None) -> int:
    """A duration in whole milliseconds, as Prometheus counts time."""
    return 0 if duration is None else round(duration / timedelta(milliseconds=1))


class _Reader:
    """Turns the parser's objects, which are copied at each look, into ours."""

    def __init__(self, parser: Any) -> None:
        self._parser = parser
        self._depth = 0
        self._readers: dict[type[Any], Callable[[Any], Node]] = {
            parser.NumberLiteral: lambda node: Number(node.val),
            parser.StringLiteral: lambda node: Text(node.val),
            parser.VectorSelector: self._select,
            parser.MatrixSelector: self._window,
            parser.SubqueryExpr: self._subquery,
            parser.Call: self._call,
            parser.AggregateExpr: self._aggregate,
            parser.BinaryExpr: self._binary,
            parser.UnaryExpr: lambda node: Negate(self.node(node.expr)),
            parser.ParenExpr: lambda node: self.node(node.expr),
        }

    def node(self, node: Any) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise NotUnderstoodError(f"an expression nested more than {_DEEPEST} times is not evaluated")
        try:
            return self._readers[type(node)](node)
        finally:
            self._depth -= 1

    def _select(self, node: Any) -> Select:
        if node.at is not None:
            raise NotUnderstoodError("the modifier @ is not evaluated")
        matchers = [
            Matcher(item.name, _OPERATORS[str(item.op)], item.value) for item in node.matchers.matchers
        ]
        if milliseconds(node.offset) < 0:
            raise NotUnderstoodError("a negative offset is not evaluated, since it reads the future")
        if node.name:
            matchers.insert(0, Matcher("__name__", "=", node.name))
        return Select(tuple(matchers), milliseconds(node.offset))

    def _window(self, node: Any) -> Window:
        return Window(self._select(node.vector_selector), milliseconds(node.range))

    def _subquery(self, node: Any) -> Subquery:
        if node.at is not None:
            raise NotUnderstoodError("the modifier @ is not evaluated")
        if milliseconds(node.offset) < 0:
            raise NotUnderstoodError("a negative offset is not evaluated, since it reads the future")
        times = (milliseconds(node.range), milliseconds(node.step), milliseconds(node.offset))
        return Subquery(self.node(node.expr), *times)

    def _call(self, node: Any) -> Call:
        return Call(node.func.name, tuple(self.node(argument) for argument in node.args))

    def _aggregate(self, node: Any) -> Aggregate:
        modifier, operator = node.modifier, str(node.op).lower()
        if operator not in _AGGREGATES:
            raise NotUnderstoodError(f"the aggregation {operator} is not evaluated")
        return Aggregate(
            operator,
            self.node(node.expr),
            None if node.param is None else self.node(node.param),
            tuple(modifier.labels) if modifier else (),
            modifier is not None and modifier.type == self._parser.AggModifierType.Without,
        )

    def _binary(self, node: Any) -> Binary:
        modifier = node.modifier
        match = Match() if modifier is None else self._match(modifier)
        return Binary(str(node.op).lower(), self.node(node.lhs), self.node(node.rhs), match)

    def _match(self, modifier: Any) -> Match:
        fills = modifier.fill_values
        if fills is not None and (fills.lhs is not None or fills.rhs is not None):
            raise NotUnderstoodError("the modifier fill is not evaluated")
        matching = modifier.matching
        return Match(
            _MANY.get(str(modifier.card), ""),
            matching is not None and matching.type == self._parser.LabelModifierType.Include,
            tuple(matching.labels) if matching is not None else (),
            tuple(modifier.group_labels or ()),
            bool(modifier.return_bool),
        )
