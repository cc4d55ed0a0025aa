"""The stage of one scenario: a cluster that is watched, so that its service's metrics can be told at any time."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from itertools import pairwise
from typing import Any, Final, NamedTuple

from fcc.evaluations.rehearsal._delivery import Delivery, image_of, with_image
from fcc.evaluations.rehearsal.alerts.metrics import StateSpan, metric_stream, service_shape
from fcc.evaluations.rehearsal.cluster.admission import refusal
from fcc.evaluations.rehearsal.cluster.cluster import Cluster, Key
from fcc.evaluations.rehearsal.cluster.deployment import Pod, RefusedError
from fcc.evaluations.rehearsal.cluster.pods import Fate
from fcc.evaluations.rehearsal.scenario import Scenario
from fcc.simulation import Place

_POD = re.compile(r"(?:pod|pod_name|instance|track|version)\s*=~?\s*\"(?:[^\"\\]|\\.)*\"\s*,?")
SETTLES: Final = 900.0
"""How long a good revision may take to come up, in seconds."""
LEAD: Final = 600.0
"""How long the service is well before the new revision comes, so that the alerts' ranges have something to look at."""


class Sight(NamedTuple):
    """What was seen of the service's pods at a moment."""

    at: float
    good: int
    """Ready pods behind the Service whose image is a good one."""
    bad: int
    pods: int
    """All pods that the Service could reach, ready or not."""
    restarts: int


def _time(sight: Sight) -> float:
    return sight.at


class Stage:
    """One scenario's cluster. Images are named by release: `repository:rehearsal-1`; the last one is the bad one."""

    def __init__(self, delivery: Delivery, scenario: Scenario) -> None:
        target = delivery.target
        self.repository = image_of(target.data) if target is not None else "app"
        self.delivery, self.scenario = delivery, scenario
        self.cluster = Cluster()
        self.cluster.watch = self._see
        self.seen: list[Sight] = []
        self.refused: list[tuple[str, Place]] = []
        self.release = 0
        self.bad_image = ""
        self.service: Key | None = None
        self.failing_from = float("inf")
        """When the bad release begins to answer badly."""

    def image(self, number: int) -> str:
        """The image of a release."""
        return f"{self.repository}:rehearsal-{number}"

    def deploy(self) -> None:
        """Apply the delivery's objects with the first release's image, and let it come up."""
        target = self.delivery.target
        boot = self.scenario.load.boot_seconds
        self.cluster.fates = {self.image(number): Fate(boot_seconds=boot) for number in range(4)}
        order = {"Deployment": 1, "Service": 2, "HorizontalPodAutoscaler": 3}
        for item in sorted(self.delivery.objects, key=lambda item: order.get(item.kind, 0)):
            is_target = (
                item.kind == "Deployment"
                and not refusal(item.data)
                and image_of(item.data) == self.repository
            )
            try:
                self.cluster.apply(with_image(item.data, self.image(0)) if is_target else item.data)
            except RefusedError as refused:
                self.refused.append((f"{item.kind} `{item.name}` would be refused: {refused}", item.place))
        self.service = self._service(target.data if target is not None else {})
        self.cluster.until(self.is_whole, SETTLES)

    def _service(self, target: Any) -> Key | None:
        """The Service through which the target is reached: one that selects its pods, else the first."""
        services = self.cluster.listed("Service")
        labels = {}
        for key in ("spec", "template", "metadata", "labels"):
            target = target.get(key) if isinstance(target, dict) else None
        labels = target if isinstance(target, dict) else {}
        for service in services:
            selector = (self.cluster.objects[service].get("spec") or {}).get("selector")
            if isinstance(selector, dict) and selector and selector.items() <= labels.items():
                return service
        return services[0] if services else None

    def fail(self, number: int) -> None:
        """Make a release the bad one."""
        failure = self.scenario.failure
        boot = self.scenario.load.boot_seconds
        self.bad_image = self.image(number)
        self.cluster.fates[self.bad_image] = {
            "bad-image": Fate(pulls=False),
            "crash-loop": Fate(runs_seconds=failure.runs_seconds),
        }.get(failure.kind, Fate(boot_seconds=boot))

    def is_whole(self) -> bool:
        """Whether every Deployment is as it is wanted, and the Service has someone to answer."""
        cluster = self.cluster
        complete = all(
            item.is_complete(cluster.objects[key]["spec"], cluster.now)
            for key, item in cluster.deployments.items()
        )
        return complete and self.service is not None and bool(cluster.endpoints(self.service))

    def is_well(self) -> bool:
        """Whether the service answers, from good pods only, as many as are wanted, and no bad pod is behind it."""
        cluster, pods = self.cluster, self._reachable()
        if self.service is None or not pods or any(pod.image == self.bad_image for pod in pods):
            return False
        names = {pod.name for pod in pods}
        return bool(cluster.endpoints(self.service)) and all(
            item.is_complete(cluster.objects[key]["spec"], cluster.now)
            for key, item in cluster.deployments.items()
            if any(pod.name in names for pod in item.pods)
        )

    def _reachable(self) -> list[Pod]:
        if self.service is None or self.service not in self.cluster.objects:
            return []
        selector = (self.cluster.objects[self.service].get("spec") or {}).get("selector") or {}
        wanted = {str(key): str(value) for key, value in selector.items()}
        return [pod for pod in self.cluster.pods() if wanted.items() <= pod.labels.items()]

    def _see(self, cluster: Cluster) -> None:
        if self.service is None:
            return
        there = self.service in cluster.objects
        ready = cluster.endpoints(self.service) if there else []
        bad = sum(pod.image == self.bad_image for pod in ready)
        pods = self._reachable()
        sight = Sight(
            cluster.now, len(ready) - bad, bad, len(pods), sum(pod.restarts(cluster.now) for pod in pods)
        )
        if self.seen and self.seen[-1].at == cluster.now:
            self.seen.pop()
        self.seen.append(sight)

    def fork(self, scenario: Scenario | None = None) -> Stage:
        """The stage as it is now, to go on from twice; with another scenario of the same load, too."""
        made = Stage(self.delivery, scenario or self.scenario)
        made.cluster = self.cluster.copy()
        made.cluster.watch = made._see
        made.seen, made.refused = list(self.seen), list(self.refused)
        made.release, made.bad_image, made.service = self.release, self.bad_image, self.service
        made.failing_from = self.failing_from
        return made

    def query(self, text: str, at: float) -> list[dict[str, Any]] | None:
        """What Prometheus would answer; None where that can't be told. A selector of pods is read as all of the service's."""
        from fcc.evaluations.rehearsal.promql.promql import NotUnderstoodError, RefusedError, evaluate

        start = min((sight.at for sight in self.seen), default=at)
        if at <= start:
            return None
        files = [(file.path, file.kind, file.text) for file in self.delivery.files]
        plain = _POD.sub("", text)
        series = metric_stream(
            service_shape([*files, ("query", "promql", plain)]), self.states(start, at), end=at - start
        )
        try:
            found = evaluate(plain, series, start=at - start, end=at - start)
        except (NotUnderstoodError, RefusedError):
            return None
        return [
            {"metric": dict(labels), "value": [at, f"{column[0]:.17g}"]}
            for labels, column in found.items()
            if column and column[0] is not None
        ]

    def least_good(self, since: float) -> int:
        """The fewest good pods that answered at any moment since then."""
        before = [sight.good for sight in self.seen if sight.at <= since][-1:]
        return min([*before, *(sight.good for sight in self.seen if sight.at > since)], default=0)

    def states(self, start: float, end: float) -> list[StateSpan]:
        """How the service did, in seconds since `start`, up to `end`."""
        cuts = {start, end, min(max(self.failing_from, start), end)}
        cuts |= {sight.at for sight in self.seen if start < sight.at < end}
        moments = sorted(cuts)
        return [self._state(one, other, start) for one, other in pairwise(moments)]

    def _state(self, start: float, end: float, origin: float) -> StateSpan:
        at = bisect_right(self.seen, start, key=_time) - 1
        sight = self.seen[at] if at >= 0 else Sight(start, 0, 0, 0, 0)
        at = bisect_left(self.seen, end, key=_time)
        later = self.seen[at] if at < len(self.seen) else sight
        load, failure = self.scenario.load, self.scenario.failure
        ready = sight.good + sight.bad
        share = sight.bad / ready if ready and start >= self.failing_from else 0.0
        errors = {"error-burst": failure.error_rate, "crash-loop": 1.0, "bad-image": 1.0}.get(
            failure.kind, 0.0
        )
        is_slow = failure.kind == "latency-spike" and share >= 0.01  # noqa: PLR2004 - the 99th percentile's share
        minutes = max((end - start) / 60, 1 / 60)
        return StateSpan(
            start - origin,
            end - origin,
            load.requests_per_second,
            errors * share,
            load.p50_seconds if not is_slow or share < 0.5 else failure.p99_seconds / 2,  # noqa: PLR2004 - the median
            failure.p99_seconds if is_slow else load.p99_seconds,
            ready,
            max(sight.pods, ready),
            max(0, later.restarts - sight.restarts) / minutes,
        )
