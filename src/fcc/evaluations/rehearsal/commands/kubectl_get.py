"""What `kubectl get` shows: stored objects with their status, and the pods, ReplicaSets and endpoints that follow."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fcc.evaluations.rehearsal.cluster.cluster import Key
from fcc.evaluations.rehearsal.cluster.deployment import Deployment, Pod
from fcc.evaluations.rehearsal.cluster.pods import number
from fcc.evaluations.rehearsal.commands import jsonpath
from fcc.evaluations.rehearsal.commands.kubectl_call import Call, FailedError, Target, named
from fcc.evaluations.rehearsal.shell.syntax import NotUnderstoodError

if TYPE_CHECKING:
    from fcc.evaluations.rehearsal.shell.state import Shell

_PLURAL = {
    "Deployment": "deployments.apps",
    "Service": "services",
    "HorizontalPodAutoscaler": "horizontalpodautoscalers.autoscaling",
    "Pod": "pods",
    "ReplicaSet": "replicasets.apps",
    "Endpoints": "endpoints",
}
"""What is known to be missing where it is missing here; of other kinds, a cluster may hold more than the delivery says."""
_MADE = {"Pod", "ReplicaSet", "Endpoints"}
_REVISION = "deployment.kubernetes.io/revision"


def keys(shell: Shell, call: Call) -> list[Key]:
    """The stored objects that a call names.

    Raises:
        FailedError: one is not there.
        NotUnderstoodError: whether it is there can't be told.
    """
    found: list[Key] = []
    for target in named(shell, call):
        if target.kind in _MADE:
            raise NotUnderstoodError(f"kubectl {call.verb} of {target.kind}s")
        if target.name:
            key = shell.cluster.find(target.kind, target.name, call.namespace)
            if key is not None:
                found.append(key)
            else:
                _missing(target, call)
        elif "selector" in call.options or "all" in call.options or call.verb in {"get", "wait", "rollout"}:
            found += [
                key
                for key in shell.cluster.listed(target.kind, call.namespace)
                if _selected(_labels(shell.cluster.objects[key]), call.options.get("selector", ""))
            ]
        else:
            raise FailedError("error: resource(s) were provided, but no name was specified")
    return found


def _missing(target: Target, call: Call) -> None:
    if call.options.get("ignore-not-found", "false") == "true":
        return
    if target.kind not in _PLURAL:
        raise NotUnderstoodError(f"whether there is the {target.kind} {target.name[:60]} is not known here")
    raise FailedError(f'Error from server (NotFound): {_PLURAL[target.kind]} "{target.name}" not found')


def objects(shell: Shell, call: Call) -> list[dict[str, Any]]:
    """What a call names, with status."""
    found: list[dict[str, Any]] = []
    for target in named(shell, call):
        if target.kind in _MADE:
            found += _made(shell, call, target)
        else:
            one = call._replace(words=(target.kind, *([target.name] if target.name else [])))
            found += [_stored(shell, key) for key in keys(shell, one)]
    field = call.options.get("field-selector", "")
    return [item for item in found if _fits(item, field)]


def _made(shell: Shell, call: Call, target: Target) -> list[dict[str, Any]]:
    make = {"Pod": _pods, "ReplicaSet": _replica_sets, "Endpoints": _endpoints}[target.kind]
    items = list(make(shell, call.namespace))
    if target.name:
        items = [item for item in items if item["metadata"]["name"] == target.name]
        if not items:
            _missing(target, call)
        return items
    return [item for item in items if _selected(_labels(item), call.options.get("selector", ""))]


def _stored(shell: Shell, key: Key) -> dict[str, Any]:
    item: dict[str, Any] = copy.deepcopy(shell.cluster.objects[key])
    deployment = shell.cluster.deployments.get(key)
    if deployment is not None:
        _with_status(item, deployment, shell.cluster.now)
    return item


def _with_status(item: dict[str, Any], deployment: Deployment, now: float) -> None:
    annotations = item["metadata"].setdefault("annotations", {})
    annotations[_REVISION] = str(deployment.current.number)
    wait = number(item["spec"].get("minReadySeconds"), 0.0)
    ready = sum(pod.is_ready(now) for pod in deployment.pods)
    available = sum(pod.is_ready(now, wait) for pod in deployment.pods)
    updated = deployment.counts(item["spec"], now)[0]
    wanted = int(number(item["spec"].get("replicas"), 1))
    item["spec"].setdefault("replicas", 1)
    enough = available >= wanted - int(wanted / 4)
    gave_up = deployment.gave_up(item["spec"], now)
    item["status"] = {
        "replicas": len(deployment.pods),
        "updatedReplicas": updated,
        "readyReplicas": ready,
        "availableReplicas": available,
        "unavailableReplicas": max(0, len(deployment.pods) - available),
        "conditions": [
            {"type": "Available", "status": str(enough)},
            {
                "type": "Progressing",
                "status": str(not gave_up),
                "reason": "ProgressDeadlineExceeded" if gave_up else "NewReplicaSetAvailable",
            },
        ],
    }


def _pods(shell: Shell, namespace: str) -> Iterator[dict[str, Any]]:
    for key, deployment in shell.cluster.deployments.items():
        if namespace and key[1] and key[1] != namespace:
            continue
        templates = {item.hash: item.template for item in deployment.revisions}
        for pod in deployment.pods:
            yield _pod(pod, templates.get(pod.revision, {}), key[1], shell.cluster.now)


def _pod(pod: Pod, template: Mapping[str, Any], namespace: str, now: float) -> dict[str, Any]:
    ready, restarts = pod.is_ready(now), pod.restarts(now)
    waiting = (
        {} if ready else {"waiting": {"reason": "CrashLoopBackOff" if restarts else "ContainerCreating"}}
    )
    containers = template.get("spec", {}).get("containers", [])
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": pod.name, "namespace": namespace, "labels": dict(pod.labels)},
        "spec": copy.deepcopy(dict(template.get("spec", {}))),
        "status": {
            "phase": "Running" if ready or restarts else "Pending",
            "conditions": [{"type": "Ready", "status": str(ready)}],
            "containerStatuses": [
                {
                    "name": item.get("name", ""),
                    "image": item.get("image", ""),
                    "ready": ready,
                    "restartCount": restarts,
                    "state": waiting or {"running": {}},
                }
                for item in containers
            ],
        },
    }


def _replica_sets(shell: Shell, namespace: str) -> Iterator[dict[str, Any]]:
    for key, deployment in shell.cluster.deployments.items():
        if namespace and key[1] and key[1] != namespace:
            continue
        for revision in deployment.revisions:
            pods = [pod for pod in deployment.pods if pod.revision == revision.hash]
            ready = sum(pod.is_ready(shell.cluster.now) for pod in pods)
            metadata = revision.template.get("metadata") or {}
            yield {
                "apiVersion": "apps/v1",
                "kind": "ReplicaSet",
                "metadata": {
                    "name": f"{key[2]}-{revision.hash}",
                    "namespace": key[1],
                    "labels": dict(metadata.get("labels") or {}),
                    "annotations": {_REVISION: str(revision.number)},
                },
                "spec": {"replicas": len(pods), "template": copy.deepcopy(revision.template)},
                "status": {"replicas": len(pods), "readyReplicas": ready},
            }


def _endpoints(shell: Shell, namespace: str) -> Iterator[dict[str, Any]]:
    for key in shell.cluster.listed("Service", namespace):
        pods = shell.cluster.endpoints(key)
        addresses = [
            {"ip": f"10.0.0.{at}", "targetRef": {"kind": "Pod", "name": pod.name}}
            for at, pod in enumerate(pods, 1)
        ]
        yield {
            "apiVersion": "v1",
            "kind": "Endpoints",
            "metadata": {"name": key[2], "namespace": key[1]},
            "subsets": [{"addresses": addresses}] if addresses else [],
        }


def _labels(item: Mapping[str, Any]) -> dict[str, str]:
    labels = item["metadata"].get("labels")
    return {str(key): str(value) for key, value in labels.items()} if isinstance(labels, dict) else {}


_REQUIREMENT = re.compile(r"([\w./-]+)\s*(?:(!=|==|=)\s*([\w.-]*)|\s+(in|notin)\s*\(([^)]*)\))?$")


def _selected(labels: Mapping[str, str], selector: str) -> bool:
    for part in re.split(r",(?![^(]*\))", selector):
        if not part.strip():
            continue
        match = _REQUIREMENT.match(part.strip().removeprefix("!"))
        if match is None:
            raise NotUnderstoodError(f"the selector {part[:40]!r}")
        value = labels.get(match[1])
        if match[2]:
            held = (value == match[3]) is (match[2] != "!=")
        elif match[4]:
            held = (value in {item.strip() for item in match[5].split(",")}) is (match[4] == "in")
        else:
            held = (value is not None) is not part.strip().startswith("!")
        if not held:
            return False
    return True


def _fits(item: Mapping[str, Any], selector: str) -> bool:
    for part in filter(None, selector.split(",")):
        path, operator, value = (
            part.partition("!=") if "!=" in part else part.replace("==", "=").partition("=")
        )
        found = jsonpath.find(f".{path}", item)
        if ([str(one) for one in found] == [value]) is (operator == "!="):
            return False
    return True


def is_single(shell: Shell, call: Call) -> bool:
    """Whether a call names one object, so that a list is not what it shows."""
    targets = named(shell, call)
    return len(targets) == 1 and bool(targets[0].name)


def all_are(items: Sequence[Mapping[str, Any]], condition: str) -> bool:
    """Whether each object has a condition."""
    return all(
        any(
            one.get("type") == condition and one.get("status") == "True"
            for one in item.get("status", {}).get("conditions", ())
        )
        for item in items
    )


def shown(items: Sequence[dict[str, Any]], options: Mapping[str, str], *, single: bool) -> str:
    """What `get` prints of objects."""
    form = options.get("output", "")
    data: Any = items[0] if single else {"apiVersion": "v1", "kind": "List", "items": list(items)}
    if form in {"json", "yaml"}:  # JSON is YAML
        return json.dumps(data, indent=4) + "\n"
    if form == "name":
        return "".join(f"{_group(item)}/{item['metadata']['name']}\n" for item in items)
    if form.startswith(("jsonpath=", "jsonpath-as-json=")) and "as-json" not in form:
        return jsonpath.render(form.partition("=")[2], data)
    if form == "jsonpath" and "template" in options:
        return jsonpath.render(options["template"], data)
    if form not in {"", "wide"}:
        raise NotUnderstoodError(f"kubectl get -o {form[:40]}")
    rows = [_row(item) for item in items]
    headers = (
        [] if "no-headers" in options else [_HEADERS.get(items[0]["kind"], ("NAME", "AGE"))] if items else []
    )
    return "".join("   ".join(row) + "\n" for row in [*headers, *rows])


_HEADERS = {
    "Deployment": ("NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"),
    "Pod": ("NAME", "READY", "STATUS", "RESTARTS", "AGE"),
}


def _row(item: Mapping[str, Any]) -> tuple[str, ...]:
    name, status = str(item["metadata"]["name"]), item.get("status", {})
    if item["kind"] == "Deployment":
        wanted = item["spec"]["replicas"]
        return (name, f"{status['readyReplicas']}/{wanted}", str(status["updatedReplicas"]),
                str(status["availableReplicas"]), "1h")  # fmt: skip
    if item["kind"] == "Pod":
        parts = status["containerStatuses"]
        ready = sum(part["ready"] for part in parts)
        state = parts[0]["state"].get("waiting", {}).get("reason", "Running") if parts else "Running"
        return name, f"{ready}/{len(parts)}", state, str(parts[0]["restartCount"] if parts else 0), "1h"
    return name, "1h"


def _group(item: Mapping[str, Any]) -> str:
    kind = str(item["kind"]).lower()
    group = str(item.get("apiVersion", "v1")).partition("/")
    return f"{kind}.{group[0]}" if group[1] else kind
