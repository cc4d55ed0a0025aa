"""A subset of PromQL, evaluated over series in memory; docs/rehearsal.md names what it holds.

Semantics are those of Prometheus (prometheus.io/docs/prometheus/latest/querying/basics): samples are looked for up to
five minutes back, a stale series is gone at once, counters may be reset, rates are extrapolated. What is not
evaluated raises an error that names it; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from fcc.evaluations.rehearsal.alerts.metrics import STALE, Series
from fcc.evaluations.rehearsal.promql import functions, vectors
from fcc.evaluations.rehearsal.promql.tree import (
    Aggregate,
    Binary,
    Call,
    Matcher,
    Negate,
    Node,
    NotUnderstoodError,
    Number,
    Select,
    Subquery,
    Text,
    Window,
    read_expression,
)
from fcc.evaluations.rehearsal.promql.vectors import Column, RefusedError, Scalar, Vector
from fcc.evaluations.rehearsal.promql.windows import Labels, Samples, Span, is_windowed, windowed

__all__ = [
    "Evaluation",
    "NotUnderstoodError",
    "RefusedError",
    "Store",
    "evaluate",
    "instants",
]

_LOOKBACK = 300_000
"""Milliseconds: prometheus.io/docs/prometheus/latest/querying/basics/#staleness."""
_MOST_STEPS = 20_000
"""Of a subquery."""
_OLDER = 2
"""Prometheus 2 counts a sample at the very start of a range, Prometheus 3 does not."""


def milliseconds(seconds: float) -> int:
    """Seconds in whole milliseconds, as Prometheus keeps time."""
    return round(seconds * 1000)


def instants(start: float, end: float, step: float) -> list[int]:
    """The instants of an evaluation, in milliseconds; start, end and step are in seconds."""
    return list(range(milliseconds(start), milliseconds(end) + 1, max(1, milliseconds(step))))


def evaluate(
    expression: str,
    series: Iterable[Series],
    *,
    end: float,
    step: float = 15.0,
    start: float = 0.0,
    version: int = 3,
) -> Vector:
    """The values of an expression at `start`, `start + step` … `end`, in seconds, by their labels; None where none.

    A number has no labels. `version` is the major version of Prometheus to follow, 2 or 3. Raises
    `NotUnderstoodError` for what is outside of the subset, and `RefusedError` where Prometheus would refuse.
    """
    store = Store()
    for item in series:
        store.add_series(item)
    evaluation = Evaluation(store, instants(start, end, step), milliseconds(step), version)
    return evaluation.vector(read_expression(expression))


class Store:
    """Series, found by name and labels."""

    def __init__(self) -> None:
        self._series: dict[str, list[Samples]] = {}
        self._times: dict[tuple[int, ...], tuple[int, ...]] = {}
        self._taken: dict[
            int, tuple[object, tuple[int, ...], tuple[float, ...]]
        ] = {}  # ids of what is kept alive
        self._fresh: dict[int, Samples] = {}

    def add_series(self, series: Series) -> None:
        """Takes a series as scraped; those that share their samples share what is computed of them."""
        labels = tuple(sorted((name, value) for name, value in series.labels.items() if value))
        taken = self._taken.get(id(series.samples))
        if taken is None:
            times = tuple(milliseconds(time) for time, _ in series.samples)
            values = tuple(value for _, value in series.samples)
            taken = series.samples, self._times.setdefault(times, times), values
            self._taken[id(series.samples)] = taken
        self.add(Samples(labels, *taken[1:]))

    def add(self, samples: Samples) -> None:
        """Takes a series."""
        self._series.setdefault(dict(samples.labels).get("__name__", ""), []).append(samples)

    def find(self, matchers: Sequence[Matcher]) -> list[Samples]:
        """The series whose labels match."""
        tests = [(matcher.label, matcher.test()) for matcher in matchers]
        name = next(
            (item.value for item in matchers if (item.label, item.operator) == ("__name__", "=")), None
        )
        names = list(self._series) if name is None else [name]
        found: list[Samples] = []
        for samples in (item for one in names for item in self._series.get(one, ())):
            labels = dict(samples.labels)
            if all(test(labels.get(label, "")) for label, test in tests):
                found.append(samples)
        return found

    def fresh(self, samples: Samples) -> Samples:
        """The series without the marks of its end, which ranges do not hold."""
        known = self._fresh.get(id(samples))
        if known is None:
            kept = [at for at, value in enumerate(samples.values) if value is not STALE]
            known = (
                samples
                if len(kept) == len(samples.values)
                else Samples(
                    samples.labels, [samples.times[at] for at in kept], [samples.values[at] for at in kept]
                )
            )
            self._fresh[id(samples)] = known
        return known


class Evaluation:
    """Expressions at instants a `step` apart, in milliseconds; what they share is computed once."""

    def __init__(self, store: Store, times: Sequence[int], step: int, version: int = 3) -> None:
        self.times = times
        self._store = store
        self._step = step
        self._version = version
        self._older = version <= _OLDER
        self._known: dict[Node, Vector | Scalar] = {}
        self._selected: dict[tuple[Matcher, ...], list[Samples]] = {}
        self._spanned: dict[tuple[int, int, int], tuple[object, list[Span | None]]] = {}

    def vector(self, node: Node) -> Vector:
        """The values of an expression; a number is one series without labels."""
        value = self.value(node)
        return {(): [*value.values]} if isinstance(value, Scalar) else value

    def series(self, node: Node) -> Vector:
        """The values of what must be series."""
        value = self.value(node)
        if isinstance(value, Scalar):
            raise NotUnderstoodError("a number stands where series are wanted")
        return value

    def number(self, node: Node) -> Scalar:
        """The values of what must be a number."""
        value = self.value(node)
        if not isinstance(value, Scalar):
            raise NotUnderstoodError("series stand where a number is wanted")
        return value

    def value(self, node: Node) -> Vector | Scalar:
        """The values of an expression."""
        known = self._known.get(node)
        if known is None:
            known = self._known[node] = self._compute(node)
        return known

    def _compute(self, node: Node) -> Vector | Scalar:
        match node:
            case Number():
                return Scalar([node.value] * len(self.times))
            case Select():
                return {samples.labels: self._latest(samples, node.offset) for samples in self._find(node)}
            case Negate():
                return _negated(self.value(node.node))
            case Binary():
                return self._binary(node)
            case Aggregate():
                parameter = None if node.parameter is None else self.number(node.parameter)
                return vectors.aggregate(node, self.series(node.node), parameter)
            case Call():
                return self._call(node)
            case Text() | Window() | Subquery():
                raise NotUnderstoodError("a text or a range stands where a value is wanted")

    def _find(self, select: Select) -> list[Samples]:
        found = self._selected.get(select.matchers)
        if found is None:
            found = self._selected[select.matchers] = self._store.find(select.matchers)
        return found

    def _latest(self, samples: Samples, offset: int, *, timestamps: bool = False) -> Column:
        """The newest value, or its time in seconds, where it is neither stale nor too old."""
        _, times, values = samples
        column: Column = []
        at, size = 0, len(times)
        oldest = _LOOKBACK if self._older else _LOOKBACK - 1
        for time in self.times:
            now = time - offset
            while at < size and times[at] <= now:
                at += 1
            if at and now - times[at - 1] <= oldest and values[at - 1] is not STALE:
                column.append(times[at - 1] / 1000 if timestamps else values[at - 1])
            else:
                column.append(None)
        return column

    def timestamps(self, select: Select) -> Vector:
        """When the newest samples were taken, in seconds."""
        return vectors.collect(
            (vectors.unnamed(samples.labels), self._latest(samples, select.offset, timestamps=True))
            for samples in self._find(select)
        )

    def _binary(self, node: Binary) -> Vector | Scalar:
        left, right = self.value(node.left), self.value(node.right)
        if isinstance(left, Scalar) and isinstance(right, Scalar):
            return vectors.scalars(node.operator, left, right)
        if isinstance(right, Scalar) and not isinstance(left, Scalar):
            return vectors.with_scalar(node.operator, left, right, node.match, swapped=False)
        if isinstance(left, Scalar) and not isinstance(right, Scalar):
            return vectors.with_scalar(node.operator, right, left, node.match, swapped=True)
        apply = vectors.logical if node.operator in {"and", "or", "unless"} else vectors.between
        return apply(node.operator, self.series(node.left), self.series(node.right), node.match)

    def _call(self, node: Call) -> Vector | Scalar:
        if any(isinstance(argument, Window | Subquery) for argument in node.arguments):
            return self._over_ranges(node)
        if node.name in _SPECIAL:
            return _SPECIAL[node.name](self, node)
        if node.arguments and functions.is_elementwise(node.name):
            numbers = [self.number(argument) for argument in node.arguments[1:]]
            return functions.elementwise(node.name, self.series(node.arguments[0]), numbers)
        raise NotUnderstoodError(f"the function {node.name}() is not evaluated")

    def _over_ranges(self, node: Call) -> Vector:
        ranged = next(item for item in node.arguments if isinstance(item, Window | Subquery))
        others = [self.number(item).values for item in node.arguments if item is not ranged]
        if isinstance(ranged, Window):
            found = [self._store.fresh(samples) for samples in self._find(ranged.select)]
            offset = ranged.select.offset
        else:
            found, offset = self._subquery(ranged), ranged.offset
        if node.name == "absent_over_time":
            seen = [self._spans(samples, ranged.range, offset, ()) for samples in found]
            there = [any(row) for row in zip(*seen, strict=True)] if seen else [False] * len(self.times)
            return functions.absent(node, there)
        if not is_windowed(node.name):
            raise NotUnderstoodError(f"the function {node.name}() is not evaluated")
        computed: dict[int, Column] = {}
        columns: list[tuple[Labels, Column]] = []
        for samples in found:
            column = computed.get(id(samples.values))
            if column is None:
                apply = windowed(node.name, samples, second=self._older)
                spans = self._spans(samples, ranged.range, offset, others[0] if others else ())
                column = [None if span is None else apply(span) for span in spans]
                computed[id(samples.values)] = column
            labels = samples.labels if node.name == "last_over_time" else vectors.unnamed(samples.labels)
            columns.append((labels, column))
        return vectors.collect(columns)

    def _spans(
        self, samples: Samples, width: int, offset: int, parameters: Sequence[float]
    ) -> list[Span | None]:
        """What of a series lies in the range at each instant; None where nothing does."""
        times, size = samples.times, len(samples.times)
        key = (id(times), width, offset)
        if not parameters and key in self._spanned:
            return self._spanned[key][1]
        spans: list[Span | None] = []
        first = after = 0
        edge = 0 if self._older else 1
        for at, time in enumerate(self.times):
            now = time - offset
            begin = now - width
            while first < size and times[first] < begin + edge:
                first += 1
            while after < size and times[after] <= now:
                after += 1
            number = parameters[at] if parameters else 0.0
            spans.append(Span(first, after - 1, begin, now, time, number) if after > first else None)
        if not parameters:
            self._spanned[key] = times, spans
        return spans

    def _subquery(self, node: Subquery) -> list[Samples]:
        """The inner expression at the multiples of the step within reach (of the evaluation's, where none is given)."""
        if not self.times:
            return []
        step = node.step or self._step
        begin, end = self.times[0] - node.offset - node.range, self.times[-1] - node.offset
        times = range(-((-begin - (0 if self._older else 1)) // step) * step, end + 1, step)
        if len(times) > _MOST_STEPS:
            raise NotUnderstoodError(f"a subquery of {len(times)} steps is not evaluated")
        inner = Evaluation(self._store, times, self._step, self._version).vector(node.node)
        return [
            Samples(
                labels,
                [time for time, value in zip(times, column, strict=True) if value is not None],
                [value for value in column if value is not None],
            )
            for labels, column in inner.items()
        ]


def _negated(value: Vector | Scalar) -> Vector | Scalar:
    if isinstance(value, Scalar):
        return Scalar([-number for number in value.values])
    return vectors.collect(
        (vectors.unnamed(labels), [None if number is None else -number for number in column])
        for labels, column in value.items()
    )


def _absent(evaluation: Evaluation, call: Call) -> Vector:
    columns = evaluation.series(call.arguments[0]).values()
    rows = zip(*columns, strict=True) if columns else ((),) * len(evaluation.times)
    return functions.absent(call, [any(value is not None for value in row) for row in rows])


def _timestamp(evaluation: Evaluation, call: Call) -> Vector:
    argument = call.arguments[0]
    if isinstance(argument, Select):
        return evaluation.timestamps(argument)
    seconds = [time / 1000 for time in evaluation.times]
    return vectors.collect(
        (
            vectors.unnamed(labels),
            [None if value is None else now for value, now in zip(column, seconds, strict=True)],
        )
        for labels, column in evaluation.series(argument).items()
    )


_SPECIAL: dict[str, Callable[[Evaluation, Call], Vector | Scalar]] = {
    "absent": _absent,
    "histogram_quantile": lambda on, call: functions.histogram_quantile(
        on.number(call.arguments[0]), on.series(call.arguments[1])
    ),
    "label_join": lambda on, call: functions.label_join(call, on.series(call.arguments[0])),
    "label_replace": lambda on, call: functions.label_replace(call, on.series(call.arguments[0])),
    "scalar": lambda on, call: functions.scalar(on.series(call.arguments[0]), len(on.times)),
    "sort": lambda on, call: on.series(call.arguments[0]),
    "sort_desc": lambda on, call: on.series(call.arguments[0]),
    "time": lambda on, _: Scalar([time / 1000 for time in on.times]),
    "timestamp": _timestamp,
    "vector": lambda on, call: {(): [*on.number(call.arguments[0]).values]},
}
