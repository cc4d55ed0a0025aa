"""A small simulated Kubernetes: Deployments with revisions, pods that get ready by their probes, Services, HPA bounds.

What it does not do: pods are never scheduled, limited by quotas or cut off by network policies; no image is pulled and
no process runs; RBAC, admission, ConfigMaps' content, init containers, PodDisruptionBudgets and load are not looked at;
a pod that is taken away is gone at once; an HPA only keeps the number of replicas within its bounds. StatefulSets,
DaemonSets, Jobs and custom kinds are stored and bring no pods. An object without a namespace is found from any.
A rolling update follows the Deployment controller's rules for `maxSurge` and `maxUnavailable` (Kubernetes,
"Deployments"), one simulated moment after the other, so that the same calls always give the same cluster.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from fcc.evaluations.rehearsal.cluster.admission import refusal
from fcc.evaluations.rehearsal.cluster.deployment import (
    MOST_PODS,
    Deployment,
    Pod,
    RefusedError,
    SimulationError,
)
from fcc.evaluations.rehearsal.cluster.pods import Fate, number

Key = tuple[str, str, str]
"""Kind, namespace and name; the namespace may be ""."""

_MOST_MOMENTS: Final = 20_000
"""How many moments one simulation may have before it is given up."""

_MOST_DEPLOYMENTS: Final = 50
"""How many Deployments are simulated."""

__all__ = ["Cluster", "Key", "RefusedError", "SimulationError"]


@dataclass
class Cluster:
    """Objects and pods at a simulated time; whoever advances it sees every moment at which something changes."""

    fates: dict[str, Fate] = field(default_factory=dict)
    """By image; one without an entry starts and stays."""
    now: float = 0.0
    """Seconds since the start."""
    objects: dict[Key, dict[str, Any]] = field(default_factory=dict)
    deployments: dict[Key, Deployment] = field(default_factory=dict)
    watch: Callable[[Cluster], None] = lambda _: None
    """Called at each moment at which something has changed, after the controllers have acted."""
    _moments: int = 0

    def copy(self) -> Cluster:
        """The cluster as it is now, to go on from twice; nothing watches the copy."""
        return Cluster(
            dict(self.fates),
            self.now,
            copy.deepcopy(self.objects),
            {key: item.copy() for key, item in self.deployments.items()},
            _moments=self._moments,
        )

    def find(self, kind: str, name: str, namespace: str = "") -> Key | None:
        """The key of an object; one side without a namespace fits any."""
        for key in self.objects:
            if key[0] == kind and key[2] == name and (not namespace or not key[1] or key[1] == namespace):
                return key
        return None

    def listed(self, kind: str, namespace: str = "") -> list[Key]:
        """The keys of all objects of a kind, in the order in which they came."""
        return [
            key
            for key in self.objects
            if key[0] == kind and (not namespace or not key[1] or key[1] == namespace)
        ]

    def apply(self, manifest: Mapping[str, Any], namespace: str = "") -> str:
        """Store an object as `kubectl apply` does, and say what happened: `created`, `configured` or `unchanged`.

        Raises:
            RefusedError: the API server would not take it.
        """
        wrong = refusal(manifest)
        if wrong:
            raise RefusedError(wrong)
        made: dict[str, Any] = copy.deepcopy(dict(manifest))
        made.pop("status", None)
        metadata = made["metadata"]
        own = str(metadata.get("namespace") or namespace)
        key = self.find(str(made["kind"]), str(metadata["name"]), own) or (
            str(made["kind"]),
            own,
            str(metadata["name"]),
        )
        known = self.objects.get(key)
        if known is not None and key in self.deployments:
            selector = known["spec"].get("selector"), made["spec"].get("selector")
            if selector[0] != selector[1]:
                raise RefusedError("spec.selector: field is immutable")
        if known == made:
            return "unchanged"
        self.objects[key] = made
        if key[0] == "Deployment":
            if len(self.deployments) >= _MOST_DEPLOYMENTS and key not in self.deployments:
                raise SimulationError(f"there are more than {_MOST_DEPLOYMENTS} Deployments")
            self.deployments.setdefault(key, Deployment(key[2], self.now))
        self.settle()
        return "created" if known is None else "configured"

    def delete(self, key: Key) -> None:
        """Take an object away, with its pods."""
        del self.objects[key]
        self.deployments.pop(key, None)
        self.settle()

    def endpoints(self, service: Key) -> list[Pod]:
        """The ready pods that a Service selects; none where a port that it names is none of theirs."""
        spec = self.objects[service].get("spec") or {}
        selector = {str(name): str(value) for name, value in (spec.get("selector") or {}).items()}
        if not selector:
            return []
        names = [
            port["targetPort"]
            for port in spec.get("ports") or ()
            if isinstance(port, dict) and isinstance(port.get("targetPort"), str)
        ]
        return [
            pod
            for pod in self.pods(service[1])
            if pod.is_ready(self.now)
            and selector.items() <= pod.labels.items()
            and all(name.isdigit() or name in pod.ports for name in names)
        ]

    def pods(self, namespace: str = "") -> Iterator[Pod]:
        """Every pod, by Deployment and in the order in which they were made."""
        for key, deployment in self.deployments.items():
            if not namespace or not key[1] or key[1] == namespace:
                yield from deployment.pods

    def settle(self) -> None:
        """Let the controllers act on what is now; nothing else happens at this moment."""
        for scaler in self.listed("HorizontalPodAutoscaler"):
            self._scale(scaler)
        for key, deployment in self.deployments.items():
            deployment.reconcile(self.objects[key]["spec"], self.now, self.fates)
        self.watch(self)

    def _scale(self, scaler: Key) -> None:
        spec = self.objects[scaler].get("spec") or {}
        target = spec.get("scaleTargetRef") or {}
        key = self.find(str(target.get("kind", "")), str(target.get("name", "")), scaler[1])
        if key is None or key not in self.deployments:
            return
        wanted = int(number(self.objects[key]["spec"].get("replicas"), 1))
        if wanted:  # an HPA leaves what was scaled to nothing alone
            low = int(number(spec.get("minReplicas"), 1))
            high = int(number(spec.get("maxReplicas"), MOST_PODS))
            self.objects[key]["spec"]["replicas"] = max(low, min(high, wanted))

    def advance(self, seconds: float) -> None:
        """Let simulated time pass."""
        self.until(lambda: False, seconds)

    def until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Let time pass until a condition holds, at most so many seconds; whether it holds."""
        end = self.now + max(0.0, seconds)
        if condition():
            return True
        while (moment := self._next()) <= end:
            self._moments += 1
            if self._moments > _MOST_MOMENTS:
                raise SimulationError("more happens than is simulated")
            self.now = moment
            self.settle()
            if condition():
                return True
        self.now = end
        return condition()

    def _next(self) -> float:
        moments = (
            deployment.next_change(self.objects[key]["spec"], self.now)
            for key, deployment in self.deployments.items()
        )
        return min(moments, default=math.inf)
