"""Functions of PromQL over a range of samples (prometheus.io/docs/prometheus/latest/querying/functions)."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

Labels = tuple[tuple[str, str], ...]
"""Sorted by name, `__name__` among them where the series has one."""


class Samples(NamedTuple):
    """A series' samples in the order of time."""

    labels: Labels
    times: Sequence[int]
    """Milliseconds."""
    values: Sequence[float]


class Span(NamedTuple):
    """What a function over a range sees at one instant: samples `first` to `last`, both included."""

    first: int
    last: int
    begin: int
    """Of the range, in milliseconds."""
    end: int
    now: int
    """Of the evaluation: `end` and the offset."""
    parameter: float
    """The function's scalar argument."""


Windowed = Callable[[Span], float | None]
"""A function over a range of one series; None where it gives no value."""


def total(values: Sequence[float]) -> float:
    """The sum, rounded once, so that it is the same on every Python."""
    try:
        return math.fsum(values)
    except (OverflowError, ValueError):
        added = 0.0
        for value in values:
            added += value
        return added


def quantile(q: float, values: Sequence[float]) -> float:
    """The q-quantile by linear interpolation between ranks, as `quantile()` gives it; NaN counts as the smallest."""
    if not values or math.isnan(q):
        return math.nan
    if q < 0 or q > 1:
        return -math.inf if q < 0 else math.inf
    ranked = sorted(values, key=lambda value: (not math.isnan(value), value))
    rank = q * (len(ranked) - 1)
    lower = math.floor(rank)
    weight = rank - lower
    return ranked[lower] * (1 - weight) + ranked[min(len(ranked) - 1, lower + 1)] * weight


def variance(values: Sequence[float]) -> float:
    """The population's variance."""
    mean = total(values) / len(values)
    return total([(value - mean) * (value - mean) for value in values]) / len(values)


def largest(values: Sequence[float]) -> float:
    """The largest; NaN only where there is nothing else."""
    return max((value for value in values if value == value), default=math.nan)  # noqa: PLR0124 - NaN


def smallest(values: Sequence[float]) -> float:
    """The smallest; NaN only where there is nothing else."""
    return min((value for value in values if value == value), default=math.nan)  # noqa: PLR0124 - NaN


def is_windowed(name: str) -> bool:
    """Whether there is such a function over a range."""
    return name in _EXTRAPOLATED or name in _SIMPLE or name in _OTHER


def windowed(name: str, samples: Samples, *, second: bool) -> Windowed:
    """The function of that name over a series.

    `second` extrapolates as Prometheus 2 does, else as Prometheus 3.
    """
    if name in _EXTRAPOLATED:
        counter, per_second = _EXTRAPOLATED[name]
        return _extrapolated(samples, counter=counter, per_second=per_second, second=second)
    if name in _SIMPLE:
        simple, values = _SIMPLE[name], samples.values
        return lambda span: simple(values[span.first : span.last + 1])
    other = _OTHER[name]
    return lambda span: other(samples, span)


def _resets(values: Sequence[float]) -> list[int]:
    return [at for at in range(1, len(values)) if values[at] < values[at - 1]]


def _extrapolated(samples: Samples, *, counter: bool, per_second: bool, second: bool) -> Windowed:
    """`rate`, `increase` and `delta`: extrapolated to the range's ends, but not far, and no counter below zero.

    As in `extrapolatedRate` of promql/functions.go of Prometheus: an end is reached where the first or last sample is
    within 1.1 of the mean distance between samples of it, else half such a distance is added.
    """
    _, times, values = samples
    resets = _resets(values) if counter else []

    def at(span: Span) -> float | None:
        first, last, begin, end = span[:4]
        if last <= first:
            return None
        result = values[last] - values[first]
        for reset in resets[bisect_right(resets, first) : bisect_right(resets, last)]:
            result += values[reset - 1]
        sampled = (times[last] - times[first]) / 1000
        mean = sampled / (last - first)
        head, tail = (times[first] - begin) / 1000, (end - times[last]) / 1000
        if not second and head >= mean * 1.1:
            head = mean / 2
        if counter and result > 0 and values[first] >= 0:
            head = min(head, sampled * (values[first] / result))
        if head >= mean * 1.1:
            head = mean / 2
        if tail >= mean * 1.1:
            tail = mean / 2
        factor = (sampled + head + tail) / sampled
        return result * (factor / ((end - begin) / 1000) if per_second else factor)

    return at


def _instant(samples: Samples, span: Span, *, rate: bool) -> float | None:
    if span.last <= span.first:
        return None
    before, now = samples.values[span.last - 1], samples.values[span.last]
    seconds = (samples.times[span.last] - samples.times[span.last - 1]) / 1000
    if not rate:
        return now - before
    return (now if now < before else now - before) / seconds


def _line(samples: Samples, span: Span, origin: int) -> tuple[float, float]:
    """Slope per second, and the value at `origin`, of the least-squares line through the samples."""
    values = samples.values[span.first : span.last + 1]
    if all(value == values[0] for value in values):
        return (math.nan, math.nan) if math.isinf(values[0]) else (0.0, values[0])
    xs = [(time - origin) / 1000 for time in samples.times[span.first : span.last + 1]]
    count, sum_x, sum_y = len(xs), total(xs), total(values)
    covariance = total([x * y for x, y in zip(xs, values, strict=True)]) - sum_x * sum_y / count
    spread = total([x * x for x in xs]) - sum_x * sum_x / count
    slope = covariance / spread if spread else math.nan
    return slope, sum_y / count - slope * sum_x / count


def _deriv(samples: Samples, span: Span) -> float | None:
    return None if span.last <= span.first else _line(samples, span, samples.times[span.first])[0]


def _predict(samples: Samples, span: Span) -> float | None:
    if span.last <= span.first:
        return None
    slope, now = _line(samples, span, span.now)
    return slope * span.parameter + now


def _changes(values: Sequence[float]) -> float:
    return float(sum(a != b and not (math.isnan(a) and math.isnan(b)) for a, b in pairwise(values)))


_EXTRAPOLATED = {"rate": (True, True), "increase": (True, False), "delta": (False, False)}
_SIMPLE: dict[str, Callable[[Sequence[float]], float]] = {
    "avg_over_time": lambda values: total(values) / len(values),
    "sum_over_time": total,
    "min_over_time": smallest,
    "max_over_time": largest,
    "count_over_time": lambda values: float(len(values)),
    "last_over_time": lambda values: values[-1],
    "present_over_time": lambda _: 1.0,
    "stddev_over_time": lambda values: math.sqrt(variance(values)),
    "stdvar_over_time": variance,
    "changes": _changes,
    "resets": lambda values: float(len(_resets(values))),
}
_OTHER: dict[str, Callable[[Samples, Span], float | None]] = {
    "irate": lambda samples, span: _instant(samples, span, rate=True),
    "idelta": lambda samples, span: _instant(samples, span, rate=False),
    "deriv": _deriv,
    "predict_linear": _predict,
    "quantile_over_time": lambda samples, span: quantile(
        span.parameter, samples.values[span.first : span.last + 1]
    ),
}
