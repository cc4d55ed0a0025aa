"""Values of jq: their order, their arithmetic, and changes at a path (jqlang.org/manual)."""

from __future__ import annotations

import copy
import math
import operator as operator_
from collections.abc import Sequence
from typing import Any

from fcc.evaluations.rehearsal.shell.syntax import NotUnderstoodError


class JqError(Exception):
    """What jq would end with."""


_TYPES = ("null", "boolean", "number", "string", "array", "object")
_MOST_ITEMS = 10_000
_LARGEST = 1e15


def type_of(value: Any) -> str:
    """The name of a value's type."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"


def truthy(value: Any) -> bool:
    """Whether a condition holds: anything but null and false."""
    return value is not None and value is not False


def rank(value: Any) -> Any:
    """A key by which values of all types are sorted."""
    kind = type_of(value)
    at = _TYPES.index(kind)
    if kind == "array":
        return (at, [rank(item) for item in value])
    if kind == "object":
        return (at, sorted(value), [rank(value[key]) for key in sorted(value)])
    return (at, int(value) if kind == "boolean" else value if value is not None else 0)


def order(one: Any, operator: str, other: Any) -> Any:
    """The result of a comparison or of arithmetic."""
    if operator in {"==", "!="}:
        return (rank(one) == rank(other)) is (operator == "==")
    if operator in {"<", "<=", ">", ">="}:
        left, right = rank(one), rank(other)
        return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[operator]
    return _arithmetic(one, operator, other)


def _arithmetic(one: Any, operator: str, other: Any) -> Any:  # noqa: PLR0911 - one for each pair of types
    kinds = type_of(one), type_of(other)
    if operator == "+":
        if one is None or other is None:
            return other if one is None else one
        if kinds[0] == kinds[1] == "object":
            return {**one, **other}
        if kinds[0] == kinds[1] and kinds[0] in {"string", "array"}:
            return one + other
    if operator == "-" and kinds == ("array", "array"):
        return [item for item in one if item not in other]
    if operator == "*" and kinds == ("object", "object"):
        return _merged(one, other)
    if operator == "/" and kinds == ("string", "string"):
        return one.split(other)
    if kinds != ("number", "number"):
        raise JqError(f"{kinds[0]} and {kinds[1]} cannot be combined with {operator}")
    if operator in "/%" and other == 0:
        raise JqError("cannot be divided because the divisor is zero")
    return _number(one, operator, other)


def _number(one: float, operator: str, other: float) -> float:
    if operator == "%":
        return int(math.fmod(int(one), int(other) or 1))
    made = {"+": operator_.add, "-": operator_.sub, "*": operator_.mul, "/": operator_.truediv}[operator](
        one, other
    )
    if not abs(made) < _LARGEST:
        raise NotUnderstoodError("a number too large for jq to tell exactly")
    return int(made) if isinstance(made, float) and made.is_integer() else made


def _merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    both = {
        key: _merged(one[key], value) if isinstance(value, dict) and isinstance(one.get(key), dict) else value
        for key, value in other.items()
    }
    return {**one, **both}


def put(value: Any, path: Sequence[str | int], new: Any) -> Any:
    """The value with another one at a path; what is missing on the way is made."""
    if not path:
        return copy.deepcopy(new)
    key, rest = path[0], path[1:]
    if isinstance(key, str):
        if value is not None and not isinstance(value, dict):
            raise JqError(f"Cannot index {type_of(value)} with {key!r}")
        made = dict(value or {})
        made[key] = put(made.get(key), rest, new)
        return made
    if value is not None and not isinstance(value, list):
        raise JqError(f"Cannot index {type_of(value)} with a number")
    items = list(value or [])
    if key > _MOST_ITEMS or key < -len(items):
        raise JqError("Out of bounds index")
    items += [None] * (key + 1 - len(items))
    items[key] = put(items[key], rest, new)
    return items


def remove(value: Any, path: Sequence[str | int]) -> Any:
    """The value without what stands at a path."""
    if not path or value is None:
        return None if not path else value
    key, rest = path[0], path[1:]
    if isinstance(value, dict) and isinstance(key, str):
        if rest:
            return {**value, key: remove(value.get(key), rest)} if key in value else value
        return {name: item for name, item in value.items() if name != key}
    if isinstance(value, list) and isinstance(key, int):
        at = key if key >= 0 else len(value) + key
        if rest:
            return [remove(item, rest) if place == at else item for place, item in enumerate(value)]
        return [item for place, item in enumerate(value) if place != at]
    raise JqError(f"Cannot delete fields of {type_of(value)}")
