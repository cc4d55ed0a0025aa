"""A simulated Deployment: its revisions, its pods, and how it goes from one to the other."""

from __future__ import annotations

import copy
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from fcc.evaluations.rehearsal.cluster.pods import Fate, Life, life_of, number

MOST_PODS: Final = 200
"""How many pods a Deployment may have here; more are not simulated."""
PROGRESS_DEADLINE: Final = 600.0
"""The default of `progressDeadlineSeconds` (Kubernetes, "Deployments")."""
_HISTORY = 10
"""The default of `revisionHistoryLimit`."""
_CAUSE = "kubernetes.io/change-cause"


class SimulationError(Exception):
    """What is asked for goes beyond what is simulated; its text says what."""


class RefusedError(Exception):
    """The API server would refuse it; its text says why."""


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod of a revision."""

    name: str
    revision: str
    """The hash of its template."""
    labels: Mapping[str, str]
    image: str
    """That of its first container."""
    ports: frozenset[str]
    """The names of its containers' ports."""
    created: float
    life: Life

    def is_ready(self, now: float, for_seconds: float = 0.0) -> bool:
        """Whether it is ready, and has been for so long."""
        age = now - self.created
        return any(start + for_seconds <= age < end for start, end in self.life.ready)

    def restarts(self, now: float) -> int:
        """How often a container was started again by now."""
        return sum(1 for time in self.life.restarts if time <= now - self.created)

    def next_change(self, now: float, wait: float) -> float:
        """When it next gets ready, available or unready."""
        age = now - self.created
        times = (time for start, end in self.life.ready for time in (start, start + wait, end) if time > age)
        return self.created + min(times, default=math.inf)


@dataclass(slots=True)
class Revision:
    """A template that a Deployment has had; the highest number is the latest."""

    number: int
    hash: str
    template: dict[str, Any]
    cause: str = ""


@dataclass(slots=True)
class Deployment:
    """What a Deployment's controller knows."""

    name: str
    progressed: float
    """When its rollout last came on."""
    revisions: list[Revision] = field(default_factory=list)
    """The oldest first; the last is what is wanted."""
    pods: list[Pod] = field(default_factory=list)
    made: int = 0
    """How many pods it has made in all."""

    def copy(self) -> Deployment:
        """An independent copy."""
        return Deployment(
            self.name, self.progressed, copy.copy(self.revisions), copy.copy(self.pods), self.made
        )

    @property
    def current(self) -> Revision:
        """The wanted revision."""
        return self.revisions[-1]

    def reconcile(self, spec: Mapping[str, Any], now: float, fates: Mapping[str, Fate]) -> None:
        """Bring pods and revisions nearer to the spec, as far as that goes at this moment."""
        wanted = int(number(spec.get("replicas"), 1))
        if wanted > MOST_PODS:
            raise SimulationError(
                f"{self.name} asks for {wanted} replicas; at most {MOST_PODS} are simulated"
            )
        if not spec.get("paused") or not self.revisions:
            self._revise(spec, now)
        before = len(self.pods), self.made
        for _ in range(2 * MOST_PODS):
            if not self._step(spec, wanted, now, fates):
                break
        self._forget(spec)
        if (len(self.pods), self.made) != before or any(
            pod.created + start == now for pod in self.pods for start, _ in pod.life.ready
        ):
            self.progressed = now

    def _revise(self, spec: Mapping[str, Any], now: float) -> None:
        template = spec["template"]
        name = _hash(template)
        if self.revisions and self.current.hash == name:
            return
        known = next((item for item in self.revisions if item.hash == name), None)
        number_ = self.revisions[-1].number + 1 if self.revisions else 1
        if known is not None:
            self.revisions.remove(known)
        annotations = (template.get("metadata") or {}).get("annotations") or {}
        cause = str(annotations.get(_CAUSE, ""))
        self.revisions.append(Revision(number_, name, copy.deepcopy(template), cause))
        self.progressed = now

    def _forget(self, spec: Mapping[str, Any]) -> None:
        """Drop the oldest revisions without pods that are more than are kept."""
        keep = int(number(spec.get("revisionHistoryLimit"), _HISTORY))
        used = {pod.revision for pod in self.pods}
        old = [item for item in self.revisions[:-1] if item.hash not in used]
        for item in old[: max(0, len(old) - keep)]:
            self.revisions.remove(item)

    def _step(self, spec: Mapping[str, Any], wanted: int, now: float, fates: Mapping[str, Fate]) -> bool:
        """One pod more or less; False where nothing is to be done now."""
        new = [pod for pod in self.pods if pod.revision == self.current.hash]
        old = [pod for pod in self.pods if pod.revision != self.current.hash]
        if len(new) > wanted:
            self.pods.remove(_expendable(new, now))
            return True
        if (spec.get("strategy") or {}).get("type") == "Recreate":
            if old:
                self.pods[:] = new
                return True
            return len(new) < wanted and self._make(now, fates)
        surge, unavailable = _rolling(spec, wanted)
        if len(new) < wanted and len(self.pods) < wanted + surge:
            return self._make(now, fates)
        return bool(old) and self._retire(spec, old, wanted - unavailable, now)

    def _retire(self, spec: Mapping[str, Any], old: list[Pod], least: int, now: float) -> bool:
        """Take an old pod away where enough others are available: one that is not ready first."""
        wait = number(spec.get("minReadySeconds"), 0.0)
        available = sum(pod.is_ready(now, wait) for pod in self.pods)
        victim = _expendable(old, now)
        if victim.is_ready(now, wait) and available <= least:
            return False
        self.pods.remove(victim)
        return True

    def _make(self, now: float, fates: Mapping[str, Fate]) -> bool:
        template = self.current.template
        containers = template["spec"]["containers"]
        labels = (template.get("metadata") or {}).get("labels") or {}
        ports = (port for item in containers for port in item.get("ports") or () if isinstance(port, dict))
        self.made += 1
        self.pods.append(
            Pod(
                f"{self.name}-{self.current.hash}-{self.made}",
                self.current.hash,
                {str(name): str(value) for name, value in labels.items()},
                str(containers[0].get("image", "")),
                frozenset(str(port["name"]) for port in ports if "name" in port),
                now,
                life_of(template, fates),
            )
        )
        return True

    def counts(self, spec: Mapping[str, Any], now: float) -> tuple[int, int, int]:
        """How many pods there are of the wanted revision, how many of those are available, and how many old ones."""
        wait = number(spec.get("minReadySeconds"), 0.0)
        new = [pod for pod in self.pods if pod.revision == self.current.hash]
        return len(new), sum(pod.is_ready(now, wait) for pod in new), len(self.pods) - len(new)

    def is_complete(self, spec: Mapping[str, Any], now: float) -> bool:
        """Whether the wanted revision is all there is, and available."""
        new, available, old = self.counts(spec, now)
        return old == 0 and new == available == int(number(spec.get("replicas"), 1))

    def gave_up(self, spec: Mapping[str, Any], now: float) -> bool:
        """Whether the rollout came no further for as long as it may."""
        return not self.is_complete(spec, now) and now >= self.progressed + deadline_of(spec)

    def next_change(self, spec: Mapping[str, Any], now: float) -> float:
        """The next moment at which something happens by itself."""
        wait = number(spec.get("minReadySeconds"), 0.0)
        moments = [pod.next_change(now, wait) for pod in self.pods]
        if not self.is_complete(spec, now):
            moments.append(self.progressed + deadline_of(spec))
        return min((moment for moment in moments if moment > now), default=math.inf)


def deadline_of(spec: Mapping[str, Any]) -> float:
    """How long a rollout may come no further, in seconds."""
    return number(spec.get("progressDeadlineSeconds"), PROGRESS_DEADLINE)


def _expendable(pods: list[Pod], now: float) -> Pod:
    """The pod to take away: one that is not ready, else the oldest."""
    return next((pod for pod in pods if not pod.is_ready(now)), pods[0])


def _rolling(spec: Mapping[str, Any], wanted: int) -> tuple[int, int]:
    """`maxSurge`, rounded up, and `maxUnavailable`, rounded down; both are 25 % by default."""
    said = (spec.get("strategy") or {}).get("rollingUpdate") or {}
    surge = _share(said.get("maxSurge", "25%"), wanted, math.ceil)
    unavailable = _share(said.get("maxUnavailable", "25%"), wanted, math.floor)
    return surge, max(unavailable, 0 if surge else 1)


def _share(value: Any, wanted: int, rounded: Any) -> int:
    text = str(value)
    if text.endswith("%") and text[:-1].isdigit():
        return min(MOST_PODS, int(rounded(wanted * int(text[:-1]) / 100)))
    return min(MOST_PODS, int(text)) if text.isdigit() else int(rounded(wanted / 4))


def _hash(template: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(template, sort_keys=True, default=str).encode()).hexdigest()[:9]
