"""Alert rules over a metric stream: which fire, and when (prometheus.io/docs/prometheus/latest/configuration/alerting_rules)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from fcc.evaluations.rehearsal.alerts.metrics import STALE, Series
from fcc.evaluations.rehearsal.alerts.rules import Rule, fill_in, in_order, names, read_rules
from fcc.evaluations.rehearsal.promql.promql import Evaluation, Store, instants, milliseconds
from fcc.evaluations.rehearsal.promql.tree import NotUnderstoodError
from fcc.evaluations.rehearsal.promql.vectors import Column, RefusedError, Vector, collect
from fcc.evaluations.rehearsal.promql.windows import Labels, Samples


class FiredAlert(NamedTuple):
    """An alert that fired; times in seconds since the stream's start."""

    name: str
    labels: Mapping[str, str]
    """`alertname` among them."""
    annotations: Mapping[str, str]
    """As they were when it fired."""
    pending_at: float
    fired_at: float
    resolved_at: float | None
    """None where it still fires at the end."""


class AlertTimeline(NamedTuple):
    """What rules did over a stream."""

    alerts: tuple[FiredAlert, ...]
    """In the order in which they fired."""
    engine: str
    unchecked: tuple[str, ...]
    """One sentence for each rule or file that was not evaluated; such a rule neither fired nor stayed silent."""


def evaluate_alerts(
    rules: Sequence[tuple[str, str]],
    series: Sequence[Series],
    *,
    end: float,
    step: float = 15.0,
    start: float = 0.0,
    version: int = 3,
) -> AlertTimeline:
    """When the alerts of rule files, given as (file, text), fire over the series; all times in seconds.

    Every group is evaluated each `step`, whatever its own interval; `version` is the major version of Prometheus
    whose semantics are followed, 2 or 3.
    """
    found, problems = read_rules(rules)
    ordered = in_order(found)
    unchecked = [*problems, *(_sentence(rule, reason) for rule, reason in ordered.refused)]
    store = Store()
    for item in series:
        store.add_series(item)
    times = instants(start, end, step)
    evaluation = Evaluation(store, times, milliseconds(step), version)
    lost: set[str] = set()
    fired: list[FiredAlert] = []
    for rule, tree in ordered.rules:
        reason = ""
        try:
            vector = evaluation.vector(tree)
            if rule.records:
                for samples in _recorded(rule, vector, times):
                    store.add(samples)
            else:
                fired += _alerts(rule, vector, times)
        except (NotUnderstoodError, RefusedError) as refused:
            reason = str(refused)
        if missing := names(tree) & lost:
            reason = f"it reads {min(missing)}, which is not evaluated"
        if reason:
            unchecked.append(_sentence(rule, reason))
            lost |= {rule.name} if rule.records else set()
    fired.sort(key=lambda alert: (alert.fired_at, alert.name, sorted(alert.labels.items())))
    return AlertTimeline(tuple(fired), "own", tuple(unchecked))


def missing_metrics(
    rules: Sequence[tuple[str, str]], series: Sequence[Series]
) -> tuple[tuple[str, str], ...]:
    """Each alert with a metric that it reads and that nothing provides, neither the series nor a recording rule."""
    found, _ = read_rules(rules)
    known = {item.labels.get("__name__", "") for item in series} | {
        rule.name for rule in found if rule.records
    }
    return tuple(
        (rule.name, name)
        for rule, tree in in_order(found).rules
        if not rule.records
        for name in sorted(names(tree) - known)
    )


def _sentence(rule: Rule, reason: str) -> str:
    return f"{rule} is not evaluated: {reason}"


def _recorded(rule: Rule, vector: Vector, times: Sequence[int]) -> Iterator[Samples]:
    """The series that a rule records; one that gives no value is marked as ended."""
    columns = collect(
        (_relabelled(labels, {**rule.labels, "__name__": rule.name}), column)
        for labels, column in vector.items()
    )
    for labels, column in columns.items():
        kept: list[tuple[int, float]] = []
        before: float | None = None
        for time, value in zip(times, column, strict=True):
            if value is not None or before is not None:
                kept.append((time, STALE if value is None else value))
            before = value
        yield Samples(labels, [time for time, _ in kept], [value for _, value in kept])


def _relabelled(labels: Labels, changes: Mapping[str, str]) -> Labels:
    return tuple(sorted((name, value) for name, value in {**dict(labels), **changes}.items() if value))


class _Active:
    """An alert between its first instant and its last."""

    __slots__ = ("absent_since", "annotations", "fired_at", "pending_at")

    def __init__(self, time: int) -> None:
        self.pending_at = time
        self.fired_at: int | None = None
        self.absent_since: int | None = None
        self.annotations: dict[str, str] = {}


def _alerts(rule: Rule, vector: Vector, times: Sequence[int]) -> list[FiredAlert]:
    """Pending from the first instant with a value, firing after `for`, resolved at the first one without a value."""
    active: dict[Labels, _Active] = {}
    fired: list[FiredAlert] = []
    columns = [
        (labels, column) for labels, column in vector.items() if any(value is not None for value in column)
    ]
    if not columns:
        return []
    for at, time in enumerate(times):
        now = _now(rule, columns, at)
        for key in [key for key in active if key not in now]:
            alert = active[key]
            if alert.fired_at is not None and rule.keep:
                alert.absent_since = time if alert.absent_since is None else alert.absent_since
                if time - alert.absent_since < rule.keep:
                    continue
            del active[key]
            fired += _fired(rule, key, alert, time)
        for key, (labels, value) in now.items():
            alert = active.setdefault(key, _Active(time))
            alert.absent_since = None
            if alert.fired_at is None and time - alert.pending_at >= rule.hold:
                alert.fired_at = time
                alert.annotations = {
                    name: fill_in(text, dict(labels), value) for name, text in rule.annotations.items()
                }
    for key, alert in active.items():
        fired += _fired(rule, key, alert, None)
    return fired


def _now(rule: Rule, columns: Sequence[tuple[Labels, Column]], at: int) -> dict[Labels, tuple[Labels, float]]:
    """The alerts of an instant by their labels, with the labels and value of the expression."""
    now: dict[Labels, tuple[Labels, float]] = {}
    for labels, column in columns:
        value = column[at]
        if value is None:
            continue
        given = {name: fill_in(text, dict(labels), value) for name, text in rule.labels.items()}
        key = _relabelled(labels, {**given, "__name__": "", "alertname": rule.name})
        if key in now:
            raise RefusedError("two of its alerts have the same labels")
        now[key] = (labels, value)
    return now


def _fired(rule: Rule, key: Labels, alert: _Active, end: int | None) -> list[FiredAlert]:
    if alert.fired_at is None:
        return []
    times = (alert.pending_at / 1000, alert.fired_at / 1000, None if end is None else end / 1000)
    return [FiredAlert(rule.name, dict(key), alert.annotations, *times)]
