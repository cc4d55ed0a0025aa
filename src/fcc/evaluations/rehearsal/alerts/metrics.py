"""The metric stream of a rehearsal: what Prometheus would have scraped from a service, computed and not drawn.

Counters hold expected, not whole numbers. The requests of a moment are spread evenly over the pods that are ready, and
over the values of each label. Latencies are log-normal with the given median and 99th percentile, cut by the bounds of
the histogram's buckets, so that `histogram_quantile` gives about those two where the buckets are narrow there. A pod
that is not ready does not answer Prometheus either: its `up` is 0 and its other series end, and it starts from zero.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Final, NamedTuple

from fcc.evaluations.rehearsal.alerts.shape import Exported, ServiceShape, is_foreign, service_shape

__all__ = [
    "STALE",
    "Exported",
    "Series",
    "ServiceShape",
    "StateSpan",
    "is_foreign",
    "metric_stream",
    "service_shape",
]

STALE: Final = float("nan")
"""A sample that ends a series at once; this very object, since NaN equals nothing.

Prometheus writes such a mark where a target or one of its series is gone.
"""
_Z99: Final = 2.3263478740408408
"""The standard normal distribution's 99th percentile."""
_DIGITS: Final = 9
"""To which shares are rounded, so that the stream is the same on every machine."""
_MOST_SERIES: Final = 4000
_FAILURES = re.compile(r"error|fail|exception|reject|timeout", re.IGNORECASE)
_DURATION = re.compile(r"seconds|latency|duration|_time|_ms$", re.IGNORECASE)
_MILLISECONDS = re.compile(r"milliseconds|_ms$", re.IGNORECASE)
_GOOD_AT_ONE = re.compile(
    r"accuracy|availab|success|health|_up$|ready|precision|recall|auc|f1_", re.IGNORECASE
)
_WHEN = re.compile(r"timestamp|last_\w*(?:time|seconds)", re.IGNORECASE)
_SHARE = re.compile(r"error_?(?:rate|ratio)", re.IGNORECASE)


class Series(NamedTuple):
    """A time series as Prometheus holds it."""

    labels: Mapping[str, str]
    """`__name__` among them."""
    samples: tuple[tuple[float, float], ...]
    """Seconds since the start, and the value; in the order of time. `STALE` ends the series until its next sample."""


class StateSpan(NamedTuple):
    """How the service does from `start` up to `end`, in seconds since the stream's start."""

    start: float
    end: float
    requests_per_second: float
    """Over all pods; nothing is counted while none is ready."""
    error_rate: float
    """Share of the requests that fail, 0..1."""
    latency_p50: float
    """Seconds."""
    latency_p99: float
    ready_pods: int
    pods: int
    restarts_per_minute: float
    """Of all pods that are not ready together."""


class _Slot(NamedTuple):
    """A place for a pod, over the scrapes."""

    ready: tuple[bool | None, ...]
    """None where there is no pod."""
    work: tuple[tuple[float, ...], ...]
    """For each way of answering the requests that the pod has answered in it since it got ready."""


def metric_stream(
    shape: ServiceShape, states: Sequence[StateSpan], *, end: float, step: float = 15.0
) -> tuple[Series, ...]:
    """The series that rules read of a service that goes through the states, scraped every `step` seconds up to `end`.

    A moment that no state covers is like the last state that began before it.
    """
    if not states:
        return ()
    spans = sorted(states, key=lambda state: state.start)
    times = [index * step for index in range(int(end / step + 1e-9) + 1)]
    stream = _Stream(shape, spans, times)
    return tuple(series for series, _ in zip(stream.series(), range(_MOST_SERIES), strict=False))


class _Stream:
    def __init__(self, shape: ServiceShape, states: Sequence[StateSpan], times: Sequence[float]) -> None:
        self._shape, self._states, self._times = shape, states, times
        self._at = [_state_at(states, time) for time in times]
        ways = {_way(state): state for state in states}
        self._ways = list(ways.values())
        """A state for each way of answering."""
        self._way_of = [list(ways).index(_way(state)) for state in states]
        self._pieces = _pieces(states, times)
        known: dict[tuple[bool | None, ...], _Slot] = {}
        self._slots: list[_Slot] = []
        for pod in range(max(state.pods for state in states)):
            ready = tuple(None if pod >= states[at].pods else pod < states[at].ready_pods for at in self._at)
            if ready not in known:
                known[ready] = _Slot(ready, self._work(pod, ready))
            self._slots.append(known[ready])
        self._columns: dict[tuple[int, tuple[float, ...]], tuple[tuple[float, float], ...]] = {}

    def series(self) -> Iterator[Series]:
        for pod, slot in enumerate(self._slots):
            target = self._target(pod)
            if self._shape.read("up"):
                yield Series({"__name__": "up", **target}, self._levels(slot, lambda _: 1.0, down=0.0))
            for exported in self._shape.exported:
                yield from self._exported(exported, slot, target)
        yield from self._cluster()

    def _target(self, pod: int) -> dict[str, str]:
        shape = self._shape
        known = {
            "pod": f"{shape.service}-{pod}",
            "namespace": shape.namespace,
            "service": shape.service,
            "container": shape.container,
            "endpoint": "http",
        }
        labels = {name: known.get(value, value) for name, value in shape.target}
        return {**labels, "job": shape.job, "instance": f"10.0.0.{pod + 1}:{shape.port}"}

    def _work(self, pod: int, ready: Sequence[bool | None]) -> tuple[tuple[float, ...], ...]:
        rates = [
            state.requests_per_second / state.ready_pods if pod < state.ready_pods else 0.0
            for state in self._states
        ]
        done = [0.0] * len(self._ways)
        rows: list[tuple[float, ...]] = []
        for pieces, serving in zip(self._pieces, ready, strict=True):
            for at, seconds in pieces if serving else ():
                done[self._way_of[at]] += seconds * rates[at]
            if not serving:
                done = [0.0] * len(self._ways)
            rows.append(tuple(done))
        return tuple(zip(*rows, strict=True))

    def _counted(self, slot: _Slot, weights: tuple[float, ...]) -> tuple[tuple[float, float], ...]:
        """A counter of the requests, by the weight of the way in which they were answered."""
        key = (id(slot), weights)
        if key not in self._columns:
            rows = [(column, weight) for column, weight in zip(slot.work, weights, strict=True) if weight]
            totals = [sum(column[at] * weight for column, weight in rows) for at in range(len(self._times))]
            self._columns[key] = self._samples(slot, [round(value, _DIGITS) for value in totals])
        return self._columns[key]

    def _levels(
        self, slot: _Slot, level: Callable[[int], float], down: float | None = None
    ) -> tuple[tuple[float, float], ...]:
        """A gauge by the number of the scrape, and its value while the pod is not ready."""
        return self._samples(slot, [level(at) for at in range(len(self._times))], down)

    def _samples(
        self, slot: _Slot, values: Sequence[float], down: float | None = None
    ) -> tuple[tuple[float, float], ...]:
        found: list[tuple[float, float]] = []
        there = False
        for time, ready, value in zip(self._times, slot.ready, values, strict=True):
            if ready or (ready is False and down is not None):
                found.append((time, value if ready or down is None else down))
                there = True
            elif there:
                found.append((time, STALE))
                there = False
        return tuple(found)

    def _exported(self, exported: Exported, slot: _Slot, target: Mapping[str, str]) -> Iterator[Series]:
        names = [name for name, _ in exported.labels]
        combinations = list(product(*(values for _, values in exported.labels)))
        outcomes = exported.outcome[1:] if exported.outcome else ("",)
        for combination in combinations:
            for at, outcome in enumerate(outcomes):
                labels = {**dict(zip(names, combination, strict=True)), **target}
                if exported.outcome:
                    labels[exported.outcome[0]] = outcome
                shares = [
                    _share(state, at if exported.outcome else None) / len(combinations)
                    for state in self._ways
                ]
                yield from self._metric(exported, slot, labels, shares)

    def _metric(
        self, exported: Exported, slot: _Slot, labels: Mapping[str, str], shares: Sequence[float]
    ) -> Iterator[Series]:
        name, read = exported.name, self._shape.read
        if exported.type == "Counter" and read(name):
            failures = not exported.outcome and _FAILURES.search(name)
            weights = [
                share * (state.error_rate if failures else 1)
                for share, state in zip(shares, self._ways, strict=True)
            ]
            yield Series({"__name__": name, **labels}, self._counted(slot, tuple(weights)))
        elif exported.type == "Gauge" and read(name):
            yield Series({"__name__": name, **labels}, self._levels(slot, self._gauge(name)))
        elif exported.type in {"Histogram", "Summary"}:
            for suffix, extra, weight in self._distribution(exported):
                if read(f"{name}_{suffix}"):
                    weights = [share * weight(state) for share, state in zip(shares, self._ways, strict=True)]
                    yield Series(
                        {"__name__": f"{name}_{suffix}", **labels, **extra},
                        self._counted(slot, tuple(weights)),
                    )

    def _gauge(self, name: str) -> Callable[[int], float]:
        if _SHARE.search(name):
            return lambda at: self._states[self._at[at]].error_rate
        if _WHEN.search(name):
            return lambda at: self._times[at]
        if _DURATION.search(name) and not _WHEN.search(name):
            return lambda at: self._states[self._at[at]].latency_p99 * _scale(name)
        return lambda _: 1.0 if _GOOD_AT_ONE.search(name) else 0.0

    def _distribution(
        self, exported: Exported
    ) -> Iterator[tuple[str, dict[str, str], Callable[[StateSpan], float]]]:
        """Each series of a histogram or summary: its suffix, its further labels, and its share of the requests."""
        scale = _scale(exported.name) if _DURATION.search(exported.name) else 0.0
        middle = exported.buckets[len(exported.buckets) // 2] if exported.buckets else 1.0
        for bound in exported.buckets:
            below: Callable[[StateSpan], float] = (
                (lambda state, bound=bound: latency_share(state, bound / scale))  # type: ignore[misc]
                if scale
                else (lambda _, bound=bound: float(bound >= middle))  # type: ignore[misc]
            )
            yield "bucket", {"le": repr(float(bound))}, below
        if exported.buckets:
            yield "bucket", {"le": "+Inf"}, lambda _: 1.0
        yield "count", {}, lambda _: 1.0
        yield "sum", {}, lambda state: _mean(state) * scale if scale else middle

    def _cluster(self) -> Iterator[Series]:
        """What kube-state-metrics says of the pods and their Deployment (github.com/kubernetes/kube-state-metrics)."""
        shape = self._shape
        target = {
            "job": "kube-state-metrics",
            "instance": "kube-state-metrics:8080",
            "namespace": shape.namespace,
        }
        for pod, slot in enumerate(self._slots):
            labels = {**target, "pod": f"{shape.service}-{pod}"}
            inside = {**labels, "container": shape.container}
            for name, extra, level, down in self._pod_metrics(pod):
                if shape.read(name):
                    base = inside if "_container_" in name else labels
                    yield Series({"__name__": name, **base, **extra}, self._levels(slot, level, down))
            if shape.read("kube_pod_container_status_restarts_total"):
                yield Series(
                    {"__name__": "kube_pod_container_status_restarts_total", **inside}, self._restarts(pod)
                )
        for name, value in self._deployment_metrics():
            if shape.read(name):
                samples = tuple(
                    (time, float(value(self._states[at])))
                    for time, at in zip(self._times, self._at, strict=True)
                )
                yield Series({"__name__": name, **target, "deployment": shape.deployment}, samples)

    def _pod_metrics(self, pod: int) -> Iterator[tuple[str, dict[str, str], Callable[[int], float], float]]:
        always: Callable[[int], float] = lambda _: 1.0  # noqa: E731 - the value of each of them
        never: Callable[[int], float] = lambda _: 0.0  # noqa: E731 - the value of each of them
        yield "kube_pod_status_ready", {"condition": "true"}, always, 0.0
        yield "kube_pod_status_ready", {"condition": "false"}, never, 1.0
        yield "kube_pod_container_status_ready", {}, always, 0.0
        crashing = any(state.restarts_per_minute for state in self._states if pod >= state.ready_pods)
        reason = "CrashLoopBackOff" if crashing else "ImagePullBackOff"
        yield "kube_pod_container_status_waiting_reason", {"reason": reason}, never, 1.0
        yield "kube_pod_status_phase", {"phase": "Running"}, always, float(crashing)
        yield "kube_pod_status_phase", {"phase": "Pending"}, never, float(not crashing)

    def _deployment_metrics(self) -> Iterator[tuple[str, Callable[[StateSpan], float]]]:
        wanted = self._states[0].pods
        yield "kube_deployment_spec_replicas", lambda _: wanted
        yield "kube_deployment_status_replicas", lambda state: state.pods
        yield "kube_deployment_status_replicas_available", lambda state: state.ready_pods
        yield "kube_deployment_status_replicas_ready", lambda state: state.ready_pods
        yield (
            "kube_deployment_status_replicas_unavailable",
            lambda state: max(0, state.pods - state.ready_pods),
        )

    def _restarts(self, pod: int) -> tuple[tuple[float, float], ...]:
        count, before = 0.0, 0.0
        found: list[tuple[float, float]] = []
        for time, at in zip(self._times, self._at, strict=True):
            state = self._states[at]
            if pod >= state.ready_pods and pod < state.pods:
                count += (time - before) / 60 * state.restarts_per_minute / (state.pods - state.ready_pods)
            before = time
            if pod < state.pods:
                found.append((time, float(math.floor(round(count, _DIGITS)))))
            elif found and found[-1][1] is not STALE:
                found.append((time, STALE))
        return tuple(found)


def _state_at(states: Sequence[StateSpan], time: float) -> int:
    return max((at for at, state in enumerate(states) if state.start <= time), default=0)


def _way(state: StateSpan) -> tuple[float, float, float]:
    return state.error_rate, state.latency_p50, state.latency_p99


def _pieces(states: Sequence[StateSpan], times: Sequence[float]) -> list[list[tuple[int, float]]]:
    """How many seconds of each state there are between a scrape and the one before."""
    starts = [-math.inf, *(state.start for state in states[1:]), math.inf]
    found: list[list[tuple[int, float]]] = []
    first, before = 0, times[0]
    for time in times:
        pieces: list[tuple[int, float]] = []
        at = first
        while at < len(states) and starts[at] < time:
            seconds = min(time, starts[at + 1]) - max(before, starts[at])
            if seconds > 0:
                pieces.append((at, seconds))
            at += 1
        first = max(first, at - 1)
        found.append(pieces)
        before = time
    return found


def _share(state: StateSpan, outcome: int | None) -> float:
    return 1.0 if outcome is None else state.error_rate if outcome else 1 - state.error_rate


def _scale(name: str) -> float:
    return 1000.0 if _MILLISECONDS.search(name) else 1.0


def latency_share(state: StateSpan, seconds: float) -> float:
    """The share of the requests that take so long at most, 0..1.

    Of a log-normal distribution: the logarithm's mean is ln(p50), its deviation (ln(p99) - ln(p50)) / 2.326.
    """
    if state.latency_p50 <= 0 or seconds <= 0:
        return float(seconds > 0)
    spread = _spread(state)
    if not spread:
        return float(seconds >= state.latency_p50)
    deviations = (math.log(seconds) - math.log(state.latency_p50)) / spread
    return round(math.erfc(-deviations / math.sqrt(2)) / 2, _DIGITS)


def _spread(state: StateSpan) -> float:
    return (
        max(0.0, math.log(state.latency_p99) - math.log(state.latency_p50)) / _Z99
        if state.latency_p99 > 0
        else 0.0
    )


def _mean(state: StateSpan) -> float:
    return (
        round(state.latency_p50 * math.exp(_spread(state) ** 2 / 2), _DIGITS)
        if state.latency_p50 > 0
        else 0.0
    )
