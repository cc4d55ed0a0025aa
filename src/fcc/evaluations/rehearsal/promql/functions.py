"""Functions of PromQL over the values of one instant (prometheus.io/docs/prometheus/latest/querying/functions)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

from fcc.evaluations.rehearsal.promql.tree import Call, NotUnderstoodError, Select, Text, Window, full_match
from fcc.evaluations.rehearsal.promql.vectors import Column, Scalar, Vector, collect, divide, unnamed
from fcc.evaluations.rehearsal.promql.windows import Labels, total

_GROUP = re.compile(r"\$(?:\$|(\w+)|\{(\w+)\})")
_BUCKET = "le"


def is_elementwise(name: str) -> bool:
    """Whether a function is of each value by itself."""
    return name in _UNARY or name in _WITH_NUMBERS


def elementwise(name: str, vector: Vector, numbers: Sequence[Scalar]) -> Vector:
    """A function of each value by itself, with numbers as further arguments."""
    function = _UNARY.get(name) or _WITH_NUMBERS[name]
    rows = list(zip(*(scalar.values for scalar in numbers), strict=True))
    return collect(
        (
            unnamed(labels),
            [
                None if value is None else function(value, *(rows[at] if rows else ()))
                for at, value in enumerate(column)
            ],
        )
        for labels, column in vector.items()
    )


def _whole(function: Callable[[float], float]) -> Callable[[float], float]:
    return lambda value: float(function(value)) if math.isfinite(value) else value


def _logarithm(function: Callable[[float], float]) -> Callable[[float], float]:
    def at(value: float) -> float:
        if value > 0:
            return function(value)
        return -math.inf if value == 0 else math.nan

    return at


def _exp(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf


def _sign(value: float) -> float:
    return math.copysign(1, value) if value and not math.isnan(value) else value


def _round(value: float, nearest: float = 1.0) -> float:
    """To the nearest multiple, halves up: `floor(value / nearest + 0.5) * nearest`, counted by the inverse."""
    inverse = divide(1.0, nearest)
    scaled = value * inverse + 0.5
    return divide(float(math.floor(scaled)) if math.isfinite(scaled) else scaled, inverse)


def _largest(left: float, right: float) -> float:
    """As in Go: infinity wins over NaN, NaN over any other."""
    if math.inf in {left, right}:
        return math.inf
    return math.nan if math.isnan(left) or math.isnan(right) else max(left, right)


def _smallest(left: float, right: float) -> float:
    return -_largest(-left, -right)


def _clamp(value: float, low: float, high: float) -> float | None:
    return None if high < low else _largest(low, _smallest(high, value))


_UNARY: dict[str, Callable[..., float | None]] = {
    "abs": abs,
    "ceil": _whole(math.ceil),
    "floor": _whole(math.floor),
    "exp": _exp,
    "ln": _logarithm(math.log),
    "log2": _logarithm(math.log2),
    "log10": _logarithm(math.log10),
    "sqrt": lambda value: math.nan if value < 0 else math.sqrt(value),
    "sgn": _sign,
}
_WITH_NUMBERS: dict[str, Callable[..., float | None]] = {
    "round": _round,
    "clamp": _clamp,
    "clamp_min": lambda value, low: _largest(low, value),
    "clamp_max": lambda value, high: _smallest(high, value),
}


def scalar(vector: Vector, size: int) -> Scalar:
    """The value of the only series; NaN where there are none or several."""
    found: list[float] = []
    for row in zip(*vector.values(), strict=True) if vector else ((),) * size:
        present = [value for value in row if value is not None]
        found.append(present[0] if len(present) == 1 else math.nan)
    return Scalar(found)


def absent(call: Call, there: Sequence[bool]) -> Vector:
    """1 where there is no series, with the labels that the selector asks for by `=`, once each."""
    argument = call.arguments[0]
    select = argument.select if isinstance(argument, Window) else argument
    labels: dict[str, str] = {}
    seen: set[str] = set()
    for matcher in select.matchers if isinstance(select, Select) else ():
        if matcher.operator == "=" and matcher.label not in seen:
            seen.add(matcher.label)
            labels[matcher.label] = matcher.value
        else:
            labels.pop(matcher.label, None)
    key = tuple(sorted((label, value) for label, value in labels.items() if value and label != "__name__"))
    return {key: [None if here else 1.0 for here in there]}


def label_replace(call: Call, vector: Vector) -> Vector:
    """A label made of another by a regular expression that matches its whole value."""
    target, replacement, source, pattern = _texts(call.arguments[1:])
    matches = full_match(pattern)

    def renamed(labels: Labels) -> Labels:
        found = matches(dict(labels).get(source, ""))
        if found is None:
            return labels

        def group(reference: re.Match[str]) -> str:
            if reference[0] == "$$":
                return "$"
            name = reference[1] or reference[2]
            try:
                return found[int(name) if name.isdigit() else name] or ""
            except IndexError:
                return ""

        return _with_label(labels, target, _GROUP.sub(group, replacement))

    return collect((renamed(labels), column) for labels, column in vector.items())


def label_join(call: Call, vector: Vector) -> Vector:
    """A label made of others, with a separator between them."""
    target, separator, *sources = _texts(call.arguments[1:])
    return collect(
        (_with_label(labels, target, separator.join(dict(labels).get(name, "") for name in sources)), column)
        for labels, column in vector.items()
    )


def _texts(arguments: Sequence[object]) -> list[str]:
    texts = [argument.value for argument in arguments if isinstance(argument, Text)]
    if len(texts) != len(arguments):
        raise NotUnderstoodError("labels are made only of texts that are written out")
    return texts


def _with_label(labels: Labels, name: str, value: str) -> Labels:
    changed = {**dict(labels), name: value}
    return tuple(sorted((label, text) for label, text in changed.items() if text))


def histogram_quantile(q: Scalar, vector: Vector) -> Vector:
    """The quantile of each classic histogram, by linear interpolation within the bucket that holds it.

    As `histogram_quantile()` of the Prometheus documentation: the lowest bucket starts at 0 where its bound is above 0,
    a quantile in the bucket of `+Inf` is the bound below, and without that bucket there is no quantile (NaN).
    """
    histograms: dict[Labels, list[tuple[float, Column]]] = {}
    for labels, column in vector.items():
        bound = _bound(dict(labels).get(_BUCKET, ""))
        if bound is not None:
            key = tuple(item for item in unnamed(labels) if item[0] != _BUCKET)
            histograms.setdefault(key, []).append((bound, column))
    return {key: _quantiles(q, buckets) for key, buckets in histograms.items()}


def _bound(text: str) -> float | None:
    try:
        return float(text) if "_" not in text else None
    except ValueError:
        return None


def _quantiles(q: Scalar, buckets: list[tuple[float, Column]]) -> Column:
    buckets.sort(key=lambda bucket: bucket[0])
    bounds = [bound for bound, _ in buckets]
    column: Column = []
    for wanted, row in zip(q.values, zip(*(counts for _, counts in buckets), strict=True), strict=True):
        present = [(bound, count) for bound, count in zip(bounds, row, strict=True) if count is not None]
        column.append(_quantile(wanted, present) if present else None)
    return column


def _quantile(q: float, buckets: list[tuple[float, float]]) -> float:
    bounds, counts = _cumulative(buckets)
    if math.isnan(q) or not 0 <= q <= 1:
        return q if math.isnan(q) else math.copysign(math.inf, q)
    if bounds[-1] != math.inf or len(bounds) < 2 or not counts[-1]:  # noqa: PLR2004 - `+Inf` and one more
        return math.nan
    rank = q * counts[-1]
    at = next((index for index, count in enumerate(counts[:-1]) if count >= rank), len(counts) - 1)
    if at == len(counts) - 1:
        return bounds[-2]
    if at == 0 and bounds[0] <= 0:
        return bounds[0]
    below, start = (counts[at - 1], bounds[at - 1]) if at else (0.0, 0.0)
    inside = counts[at] - below
    return start + (bounds[at] - start) * ((rank - below) / inside if inside else math.nan)


def _cumulative(buckets: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    """Bounds and counts: equal bounds are one, and no count is below the one before."""
    bounds: list[float] = []
    counts: list[float] = []
    for bound, count in buckets:
        if bounds and bounds[-1] == bound:
            counts[-1] = total([counts[-1], count])
        else:
            bounds.append(bound)
            counts.append(count)
    for at in range(1, len(counts)):
        counts[at] = max(counts[at], counts[at - 1])
    return bounds, counts
