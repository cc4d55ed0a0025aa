"""The expressions of a chain file: `outputs.pipeline.score >= 0.6 and inputs.env == "production"`. Pure.

A small safe language, parsed by Python's own grammar and walked by hand; nothing is ever evaluated by Python. It has
texts, numbers, `true`, `false`, `null` and lists; `and`, `or`, `not`; `==`, `!=`, `<`, `<=`, `>`, `>=`, `in`, `not in`;
`+`, `-`, `*` on numbers; `len(…)` and `lower(…)`; and the names that its place gives it. A comparison with `null`, such
as the score of a step that was not run, is false.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from fcc import _yaml
from fcc.agents.scope import ANY, BOOLEAN, LIST, MAPPING, NULL, NUMBER, STRING, Scope, Type

LONGEST = 1000
"""Characters that an expression may have."""
DEEPEST = 40
"""How deep it may nest."""

_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}
_ORDER: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
}
_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
}
_FUNCTIONS: dict[str, tuple[Type, Type, Callable[[Any], Any]]] = {
    "len": (STRING | LIST | MAPPING, NUMBER, len),
    "lower": (STRING, STRING, str.lower),
}
"""Each with what it takes and what it gives."""


class ExpressionError(ValueError):
    """An expression that can't be used; `column` counts from 1."""

    def __init__(self, message: str, column: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.column = column


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression."""

    text: str
    tree: ast.expr

    def check(self, scope: Scope, wanted: Type = BOOLEAN) -> None:
        """Nothing, if every name is known, every operator fits, and the result is `wanted`.

        Raises:
            ExpressionError: something isn't.
        """
        found = _Checker(scope).type_of(self.tree)
        if not found & wanted or not found <= wanted | NULL | (ANY if found == ANY else frozenset()):
            raise ExpressionError(f"this gives {_named(found)}, and {_named(wanted)} is needed", 1)

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        """The value, for the values of the names."""
        return _evaluate(self.tree, values)

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether a condition is true."""
        return self.evaluate(values) is True

    def names(self) -> set[tuple[str, ...]]:
        """Every name that is used, with what is reached from it: `outputs.pipeline.score` as its three parts."""
        return set(_names(self.tree))


@lru_cache(maxsize=512)
def parse(text: str) -> Expression:
    """The expression that a text says.

    Raises:
        ExpressionError: it says none, or one that the language does not have.
    """
    source = text.strip()
    if not source:
        raise ExpressionError("the expression is empty")
    if len(source) > LONGEST:
        raise ExpressionError(f"longer than {LONGEST:,} characters")
    try:
        tree = ast.parse(" ".join(source.split("\n")), mode="eval").body
    except SyntaxError as error:
        raise ExpressionError(
            f"not an expression: {_meant(source) or error.msg}", error.offset or 1
        ) from None
    except (ValueError, RecursionError, MemoryError):
        raise ExpressionError("not an expression") from None
    _check_form(tree, 0)
    return Expression(source, tree)


def _meant(source: str) -> str:
    """What was probably meant by a text that is no expression; "" where there is no telling."""
    for written, meant in (
        ("{{", "without `{{ }}`"),
        ("&&", "`and`"),
        ("||", "`or`"),
        (" contains ", '`"x" in …`'),
    ):
        if written in source:
            return f"write {meant}"
    return "write `==` to compare" if re.search(r"[^<>=!]=[^=]", source) else ""


def _check_form(node: ast.expr, depth: int) -> None:
    """Refuse whatever the language does not have."""
    if depth > DEEPEST:
        raise _error(node, f"nested more than {DEEPEST} deep")
    for child in _children(node):
        _check_form(child, depth + 1)


def _children(node: ast.expr) -> list[ast.expr]:  # noqa: C901, PLR0911 - one for each form
    match node:
        case ast.Constant(value=bool() | None):
            raise _error(node, "write `true`, `false` and `null` in lower case")
        case ast.Constant(value=str() | int() | float()) | ast.Name():
            return []
        case ast.BoolOp(values=values) | ast.List(elts=values):
            return values
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            return [operand]
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult(), right=right):
            return [left, right]
        case ast.Compare(left=left, ops=ops, comparators=others):
            if any(isinstance(op, ast.Is | ast.IsNot) for op in ops):
                raise _error(node, "`is` is not known here; write `==`")
            return [left, *others]
        case ast.Attribute(value=value):
            return [value]
        case ast.Subscript(value=value, slice=ast.Constant(value=str() | int())):
            return [value]
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in _FUNCTIONS:
            return [argument]
        case ast.Call():
            raise _error(
                node, f"there are no functions but {' and '.join(f'{name}(…)' for name in _FUNCTIONS)}"
            )
        case _:
            raise _error(node, "this is more than the language has")


class _Checker:
    """Finds the type of each part."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def type_of(self, node: ast.expr) -> Type:
        found = self._reach(node)
        if not isinstance(found, frozenset):
            raise _error(node, f"`{_dotted(node)}` has parts; name one{_yaml.suggestion('', list(found))}")
        return found

    def _reach(self, node: ast.expr) -> Type | Scope:  # noqa: C901, PLR0911, PLR0912 - one for each form
        match node:
            case ast.Constant(value=value):
                return _type_of_value(value)
            case ast.Name(id=name):
                return self._name(node, name)
            case ast.Attribute(value=value, attr=attribute):
                return self._part(node, value, attribute)
            case ast.Subscript(value=value, slice=ast.Constant(value=str() | int() as key)):
                return self._part(node, value, key)
            case ast.List(elts=items):
                for item in items:
                    self.type_of(item)
                return LIST
            case ast.BoolOp(values=values):
                for value in values:
                    self._want(value, BOOLEAN)
                return BOOLEAN
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                self._want(operand, BOOLEAN)
                return BOOLEAN
            case ast.UnaryOp(operand=operand):
                self._want(operand, NUMBER)
                return NUMBER
            case ast.BinOp(left=left, right=right):
                return NUMBER | ((self._want(left, NUMBER) | self._want(right, NUMBER)) & NULL)
            case ast.Call(func=ast.Name(id=name), args=[argument]):
                self._want(argument, _FUNCTIONS[name][0])
                return _FUNCTIONS[name][1]
            case ast.Compare():
                return self._comparison(node)
            case _:
                raise _error(node, "this is more than the language has")

    def _name(self, node: ast.expr, name: str) -> Type | Scope:
        if name in self._scope:
            return self._scope[name]
        if name in _WORDS:
            return _type_of_value(_WORDS[name])
        near = _yaml.suggestion(name, list(self._scope))
        raise _error(node, f"there is no `{name}` here{near} (a text is written in quotes)")

    def _part(self, node: ast.expr, of: ast.expr, key: str | int) -> Type | Scope:
        whole = self._reach(of)
        if isinstance(whole, frozenset):
            if whole & (MAPPING if isinstance(key, str) else LIST):
                return ANY
            raise _error(node, f"`{_dotted(of)}` is {_named(whole)} and has no part {key!r}")
        if key not in whole:
            near = _yaml.suggestion(str(key), list(whole))
            raise _error(node, f"`{_dotted(of)}` has no `{key}`{near}")
        return whole[str(key)]

    def _want(self, node: ast.expr, wanted: Type) -> Type:
        found = self.type_of(node)
        if not found & wanted:
            raise _error(node, f"{_named(wanted)} is needed here, and this is {_named(found)}")
        return found

    def _comparison(self, node: ast.Compare) -> Type:
        left = self.type_of(node.left)
        for operator, right_node in zip(node.ops, node.comparators, strict=True):
            right = self.type_of(right_node)
            if isinstance(operator, ast.In | ast.NotIn):
                if not (right & (LIST | MAPPING) or (right & STRING and left & STRING)):
                    raise _error(right_node, f"`in` looks into a list or a text, and this is {_named(right)}")
            elif not left & right:
                raise _error(right_node, f"{_named(left)} is compared with {_named(right)}")
            elif type(operator) in _ORDER and not left & right & (NUMBER | STRING):
                raise _error(right_node, f"{_named(left)} has no order")
            left = right
        return BOOLEAN


def _evaluate(node: ast.expr, values: Mapping[str, Any]) -> Any:  # noqa: C901, PLR0911 - one for each form
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return values[name] if name in values else _WORDS.get(name)
        case (
            ast.Attribute(value=value, attr=key)
            | ast.Subscript(value=value, slice=ast.Constant(value=str() | int() as key))
        ):
            return _part_of(_evaluate(value, values), key)
        case ast.List(elts=items):
            return [_evaluate(item, values) for item in items]
        case ast.BoolOp(op=ast.And(), values=parts):
            return all(_evaluate(part, values) is True for part in parts)
        case ast.BoolOp(values=parts):
            return any(_evaluate(part, values) is True for part in parts)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _evaluate(operand, values) is not True
        case ast.UnaryOp(operand=operand):
            value = _evaluate(operand, values)
            return -value if _is_number(value) else None
        case ast.BinOp(left=left, op=arithmetic, right=right):
            pair = _evaluate(left, values), _evaluate(right, values)
            return _calculate(type(arithmetic), *pair) if all(map(_is_number, pair)) else None
        case ast.Call(func=ast.Name(id=name), args=[argument]):
            value = _evaluate(argument, values)
            takes, _, function = _FUNCTIONS[name]
            return function(value) if _type_of_value(value) <= takes else None
        case ast.Compare(left=left, ops=operators, comparators=others):
            chain = [_evaluate(part, values) for part in (left, *others)]
            pairs = zip(operators, chain, chain[1:], strict=False)
            return all(_compare(operator, one, other) for operator, one, other in pairs)
        case _:
            raise _error(node, "this is more than the language has")


def _calculate(operator: type[ast.operator], one: Any, other: Any) -> Any:
    try:
        return _ARITHMETIC[operator](one, other)
    except OverflowError:  # an integer that no float can hold
        return None


def _part_of(whole: Any, key: str | int) -> Any:
    if isinstance(whole, Mapping):
        return whole.get(key)
    if isinstance(whole, list | tuple) and isinstance(key, int) and -len(whole) <= key < len(whole):
        return whole[key]
    return None


def _compare(operator: ast.cmpop, one: Any, other: Any) -> bool:
    kinds = _type_of_value(one), _type_of_value(other)
    if isinstance(operator, ast.Eq | ast.NotEq):
        return (kinds[0] == kinds[1] and one == other) is isinstance(operator, ast.Eq)
    if isinstance(operator, ast.In | ast.NotIn):
        return _inside(one, other) is isinstance(operator, ast.In)
    if kinds[0] != kinds[1] or not kinds[0] <= NUMBER | STRING:
        return False
    return _ORDER[type(operator)](one, other)


def _inside(one: Any, other: Any) -> bool:
    if isinstance(other, str):
        return isinstance(one, str) and one in other
    if isinstance(other, list | tuple):
        return any(_compare(ast.Eq(), one, item) for item in other)
    return isinstance(other, Mapping) and isinstance(one, str) and one in other


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _type_of_value(value: Any) -> Type:
    if value is None:
        return NULL
    if isinstance(value, bool):
        return BOOLEAN
    if isinstance(value, int | float):
        return NUMBER
    if isinstance(value, str):
        return STRING
    return MAPPING if isinstance(value, Mapping) else LIST


def _names(node: ast.expr) -> Iterator[tuple[str, ...]]:
    path = _path(node)
    if path:
        yield path
        return
    for child in _children(node):
        yield from _names(child)


def _path(node: ast.expr) -> tuple[str, ...]:
    match node:
        case ast.Name(id=name):
            return (name,)
        case ast.Attribute(value=value, attr=key) | ast.Subscript(value=value, slice=ast.Constant(value=key)):
            above = _path(value)
            return (*above, str(key)) if above else ()
        case _:
            return ()


def _dotted(node: ast.expr) -> str:
    return ".".join(_path(node)) or ast.unparse(node)


def _named(kinds: Type) -> str:
    words = sorted(kinds - NULL) or ["null"]
    if len(words) > 3:  # noqa: PLR2004 - then listing them says nothing
        return "any value"
    return " or ".join(word if word == "null" else f"a {word}" for word in words)


def _error(node: ast.expr, message: str) -> ExpressionError:
    return ExpressionError(message, node.col_offset + 1)
