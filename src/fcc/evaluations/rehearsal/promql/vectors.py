"""Operators and aggregations of PromQL over vectors (prometheus.io/docs/prometheus/latest/querying/operators).

A vector is held by column: for each set of labels its value at each instant of the evaluation, None where it has none.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from fcc.evaluations.rehearsal.promql.tree import Aggregate, Match
from fcc.evaluations.rehearsal.promql.windows import Labels, largest, quantile, smallest, total, variance

Column = list[float | None]
Vector = dict[Labels, Column]


class Scalar(NamedTuple):
    """A number at each instant."""

    values: list[float]


class RefusedError(Exception):
    """Prometheus would refuse to evaluate the expression over these series; says why."""


def divide(left: float, right: float) -> float:
    """A quotient as IEEE 754 has it, by zero, too."""
    if right:
        return left / right
    return (
        math.nan if not left or math.isnan(left) else math.copysign(math.inf, left) * math.copysign(1, right)
    )


def modulo(left: float, right: float) -> float:
    """The remainder, with the sign of the left side."""
    return math.nan if not right or math.isinf(left) else math.fmod(left, right)


def power(left: float, right: float) -> float:
    """A power; infinite or NaN where Python raises."""
    try:
        return math.pow(left, right)
    except OverflowError:
        return -math.inf if left < 0 and right % 2 == 1 else math.inf
    except ValueError:
        if left:
            return math.nan
        return math.copysign(math.inf, left) if right % 2 == 1 else math.inf


ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": divide,
    "%": modulo,
    "^": power,
    "atan2": math.atan2,
}
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}


def unnamed(labels: Labels) -> Labels:
    """The labels without the metric's name."""
    return tuple(item for item in labels if item[0] != "__name__")


def collect(columns: Iterable[tuple[Labels, Column]]) -> Vector:
    """A vector of columns; two with the same labels are one where they are never there at once."""
    vector: Vector = {}
    for labels, column in columns:
        known = vector.get(labels)
        if known is None:
            vector[labels] = column
            continue
        if any(a is not None and b is not None for a, b in zip(known, column, strict=True)):
            raise RefusedError("it gives two series with the same labels")
        vector[labels] = [b if a is None else a for a, b in zip(known, column, strict=True)]
    return vector


def scalars(sign: str, left: Scalar, right: Scalar) -> Scalar:
    """An operator between two numbers; a comparison gives 1 or 0."""
    apply = ARITHMETIC.get(sign) or COMPARISONS[sign]
    return Scalar([float(apply(a, b)) for a, b in zip(left.values, right.values, strict=True)])


def with_scalar(sign: str, vector: Vector, scalar: Scalar, match: Match, *, swapped: bool) -> Vector:
    """An operator between a vector and a number; `swapped` where the number stands on the left."""
    if sign not in COMPARISONS:
        apply = ARITHMETIC[sign]
        combine: Callable[[float, float], float | None] = (
            (lambda value, number: apply(number, value)) if swapped else apply
        )
    else:
        combine = _compared(COMPARISONS[sign], as_bool=match.as_bool, swapped=swapped)
    keeps_name = sign in COMPARISONS and not match.as_bool
    return collect(
        (
            labels if keeps_name else unnamed(labels),
            [
                None if value is None else combine(value, number)
                for value, number in zip(column, scalar.values, strict=True)
            ],
        )
        for labels, column in vector.items()
    )


def _compared(
    test: Callable[[float, float], bool], *, as_bool: bool, swapped: bool = False
) -> Callable[[float, float], float | None]:
    if swapped:
        order = test
        test = lambda value, number: order(number, value)  # noqa: E731 - the same test from the other side
    if as_bool:
        return lambda value, other: float(test(value, other))
    return lambda value, other: value if test(value, other) else None


def signature(labels: Labels, match: Match) -> Labels:
    """What of the labels must be equal on both sides."""
    if match.on:
        return tuple(item for item in labels if item[0] in match.labels)
    return tuple(item for item in labels if item[0] != "__name__" and item[0] not in match.labels)


def _by_signature(vector: Vector, match: Match) -> dict[Labels, list[Labels]]:
    found: dict[Labels, list[Labels]] = {}
    for labels in vector:
        found.setdefault(signature(labels, match), []).append(labels)
    return found


def between(sign: str, left: Vector, right: Vector, match: Match) -> Vector:
    """An arithmetic operator or comparison between two vectors."""
    many, one = (right, left) if match.many == "right" else (left, right)
    several, single = _by_signature(many, match), _by_signature(one, match)
    _refuse_several(one, single, many)
    combine = _compared(COMPARISONS[sign], as_bool=match.as_bool) if sign in COMPARISONS else ARITHMETIC[sign]
    keeps_name = sign in COMPARISONS and not match.as_bool
    columns: list[tuple[Labels, Column]] = []
    for key, members in several.items():
        partners = single.get(key, [])
        found = [
            (mine, theirs, _combined(many[mine], one[theirs], combine, swapped=match.many == "right"))
            for mine in members
            for theirs in partners
        ]
        if not match.many and len(members) > 1:
            _refuse_shared([column for _, _, column in found])
        columns += [
            (_result(mine, theirs, match, keeps_name=keeps_name), column) for mine, theirs, column in found
        ]
    return collect(columns)


def _combined(
    many: Column, one: Column, combine: Callable[[float, float], float | None], *, swapped: bool
) -> Column:
    left, right = (one, many) if swapped else (many, one)
    return [None if a is None or b is None else combine(a, b) for a, b in zip(left, right, strict=True)]


def _refuse_several(one: Vector, single: dict[Labels, list[Labels]], many: Vector) -> None:
    """Two series of the "one" side with the same labels to match are refused, unless the other side is empty."""
    shared = [members for members in single.values() if len(members) > 1]
    if not shared:
        return
    there = [any(value is not None for value in row) for row in zip(*many.values(), strict=True)]
    for members in shared:
        rows = zip(*(one[labels] for labels in members), strict=True)
        if any(
            needed and sum(value is not None for value in row) > 1
            for needed, row in zip(there, rows, strict=False)
        ):
            raise RefusedError("several series match on the side that may have one only")


def _refuse_shared(columns: Sequence[Column]) -> None:
    if any(sum(value is not None for value in row) > 1 for row in zip(*columns, strict=True)):
        raise RefusedError("several series match one; this takes group_left or group_right")


def _result(many: Labels, one: Labels, match: Match, *, keeps_name: bool) -> Labels:
    labels = many if keeps_name else unnamed(many)
    if not match.many:
        return tuple(item for item in labels if (item[0] in match.labels) == match.on)
    if not match.include:
        return labels
    given = {label: value for label, value in one if label in match.include}
    kept = [item for item in labels if item[0] not in match.include]
    return tuple(sorted([*kept, *given.items()]))


def logical(sign: str, left: Vector, right: Vector, match: Match) -> Vector:
    """`and`, `or` and `unless`: series are kept by whether the other side has any with their labels."""
    if sign == "or":
        there = _presence(left, match)
        rest = [
            (labels, _masked(column, there.get(signature(labels, match)), keep=False))
            for labels, column in right.items()
        ]
        return collect([*left.items(), *rest])
    there = _presence(right, match)
    return {
        labels: _masked(column, there.get(signature(labels, match)), keep=sign == "and")
        for labels, column in left.items()
    }


def _presence(vector: Vector, match: Match) -> dict[Labels, list[bool]]:
    return {
        key: [
            any(value is not None for value in row)
            for row in zip(*(vector[at] for at in members), strict=True)
        ]
        for key, members in _by_signature(vector, match).items()
    }


def _masked(column: Column, there: list[bool] | None, *, keep: bool) -> Column:
    if there is None:
        return [None] * len(column) if keep else column
    return [value if here == keep else None for value, here in zip(column, there, strict=True)]


def grouped(labels: Labels, node: Aggregate) -> Labels:
    """The labels of the group that a series belongs to."""
    if node.without:
        return tuple(item for item in labels if item[0] != "__name__" and item[0] not in node.labels)
    return tuple(item for item in labels if item[0] in node.labels)


_AGGREGATES: dict[str, Callable[[list[float]], float]] = {
    "sum": total,
    "avg": lambda values: total(values) / len(values),
    "min": smallest,
    "max": largest,
    "count": lambda values: float(len(values)),
    "group": lambda _: 1.0,
    "stddev": lambda values: math.sqrt(variance(values)),
    "stdvar": variance,
}


def aggregate(node: Aggregate, vector: Vector, parameter: Scalar | None) -> Vector:
    """One series for each group, or with topk and bottomk some of each group's own."""
    groups: dict[Labels, list[Labels]] = {}
    for labels in vector:
        groups.setdefault(grouped(labels, node), []).append(labels)
    if node.operator in {"topk", "bottomk"} and parameter:
        return _ranked(vector, groups.values(), parameter.values, largest_first=node.operator == "topk")
    if node.operator == "quantile" and parameter:
        return {
            key: [
                quantile(q, present) if (present := [v for v in row if v is not None]) else None
                for q, row in zip(parameter.values, _rows(vector, members), strict=True)
            ]
            for key, members in groups.items()
        }
    combine = _AGGREGATES[node.operator]
    return {
        key: [
            combine(present) if (present := [v for v in row if v is not None]) else None
            for row in _rows(vector, members)
        ]
        for key, members in groups.items()
    }


def _rows(vector: Vector, members: Sequence[Labels]) -> Iterable[tuple[float | None, ...]]:
    return zip(*(vector[labels] for labels in members), strict=True)


def _ranked(
    vector: Vector, groups: Iterable[Sequence[Labels]], counts: Sequence[float], *, largest_first: bool
) -> Vector:
    """The series of the largest or smallest values; of equal ones the earlier, and NaN last."""
    sign = -1 if largest_first else 1
    kept: Vector = {labels: [None] * len(counts) for labels in vector}
    for members in groups:
        for at, row in enumerate(_rows(vector, members)):
            present = [
                (labels, value) for labels, value in zip(members, row, strict=True) if value is not None
            ]
            present.sort(key=lambda item: (math.isnan(item[1]), sign * item[1]))
            size = int(counts[at]) if math.isfinite(counts[at]) else 0
            for labels, value in present[: max(size, 0)]:
                kept[labels][at] = value
    return kept
