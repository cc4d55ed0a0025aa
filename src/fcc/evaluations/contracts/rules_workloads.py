"""Rules about workloads and what selects, scales or limits them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from fcc.evaluations.contracts._likeness import Likeness
from fcc.evaluations.contracts._lookup import (
    Shelf,
    by_label,
    by_name,
    compatible,
    labelled,
    labelled_pods,
    listed,
    matches,
    own,
    selected,
    workloads,
)
from fcc.evaluations.contracts.facts import (
    UNKNOWN,
    Autoscaler,
    CopyFrom,
    Facts,
    ImageUser,
    Quantity,
    Resource,
    Selection,
    Service,
    Workload,
)
from fcc.evaluations.contracts.rule import Clash, rule
from fcc.simulation import Place

_QUANTITY = re.compile(r"(\d{1,15}(?:\.\d{1,9})?)(m|k|K|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$")
_POWERS = {"m": 1e-3, "": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18}
_POWERS |= {f"{letter}i": 1024.0 ** (at + 1) for at, letter in enumerate("KMGTPE")}
_COMMON_KINDS = {
    "Service",
    "ServiceMonitor",
    "PodMonitor",
    "PrometheusRule",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "HorizontalPodAutoscaler",
    "ConfigMap",
    "Secret",
    "ExternalSecret",
    "Ingress",
    "ServiceAccount",
    "Role",
    "RoleBinding",
    "Namespace",
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "Job",
    "CronJob",
    "Pod",
}
"""What an operator makes no pods from."""
_ENDING = {"Job", "CronJob"}
_MOST_ALIKE = 50
"""How many workloads with a label of a selector are compared with it."""
_SCALED = {"Deployment", "StatefulSet", "ReplicaSet", "ReplicationController"}


def _selector_labels(facts: Facts) -> Iterator[Clash]:
    for workload in facts.of(Workload):
        if workload.selector and workload.labels and not matches(workload.selector, workload.labels):
            wrong = [key for key, value in workload.selector.items() if workload.labels.get(key) != value]
            yield Clash(
                workload.selector_place,
                f"{workload.kind} `{workload.name}` selects {listed(wrong)} otherwise than its pods are labelled",
                "Give the pod template the selector's labels.",
                workload.labels_place,
            )


def _service_selector(facts: Facts) -> Iterator[Clash]:
    for service in facts.of(Service):
        if not service.selector or service.external or selected(facts, service):
            continue
        yield from _nothing_selected(
            facts, ("Service", service.name, service.namespace), service.selector, service.selector_place
        )


def _selection(facts: Facts) -> Iterator[Clash]:
    for item in facts.of(Selection):
        if item.kind not in {"PodDisruptionBudget", "NetworkPolicy", "PodMonitor"} or not item.simple:
            continue
        if item.labels and not selected(facts, item):
            yield from _nothing_selected(
                facts, (item.kind, item.name, item.namespace), item.labels, item.place
            )


def _nothing_selected(
    facts: Facts, who: tuple[str, str, str], wanted: Mapping[str, str], place: Place
) -> Iterator[Clash]:
    kind, name, namespace = who
    elsewhere = next(iter(labelled(facts.once(labelled_pods), "", wanted)), None)
    if elsewhere is not None:
        yield Clash(
            place,
            f"{kind} `{name}` is in namespace `{namespace}`, but the pods that it selects are in `{elsewhere.namespace}`",
            "Put both into one namespace.",
            elsewhere.place,
        )
        return
    lasting = facts.once(_lasting)
    if facts.whole and not labelled(facts.once(_of_operators), "", wanted):
        alike = [item for pair in wanted.items() for item in lasting.find(namespace, pair)[:_MOST_ALIKE]]
        near = alike or lasting.find(namespace)
        if not near:
            return
        best = next((item for item in near if item.name == name), near[0])
        best = max([best, *alike], key=lambda item: len(wanted.items() & item.labels.items()))
        meant = bool(alike) or best.name == name
        yield Clash(
            place,
            f"{kind} `{name}` selects {listed(f'{key}: {value}' for key, value in wanted.items())}, which no pod here has",
            "Select labels of the pod template.",
            best.labels_place,
            None if meant else "warning",
        )


def _lasting(facts: Facts) -> Shelf[Workload]:
    return by_label(item for item in facts.of(Workload) if item.kind not in _ENDING and item.labels)


def _of_operators(facts: Facts) -> Shelf[Resource]:
    return by_label(item for item in facts.of(Resource) if item.kind not in _COMMON_KINDS)


def _scaled(facts: Facts, scaler: Autoscaler) -> list[Workload]:
    return [
        workload
        for workload in facts.once(workloads).get((scaler.target_kind, scaler.target), ())
        if compatible(workload.namespace, scaler.namespace)
    ]


def _scale_target(facts: Facts) -> Iterator[Clash]:
    known = by_name(item for item in facts.of(Workload) if item.kind in _SCALED and item.name)
    for scaler in facts.of(Autoscaler) if facts.whole else ():
        missing = scaler.target_kind in _SCALED and not _scaled(facts, scaler)
        others = known.find(scaler.namespace) if missing else []
        if others:
            names = listed(f"{item.kind} {item.name}" for item in others)
            yield Clash(
                scaler.target_place,
                f"autoscaler `{scaler.name}` scales {scaler.target_kind} `{scaler.target}`, but there is {names}",
                "Name a workload that is there.",
                others[0].place,
            )


def _scale_range(facts: Facts) -> Iterator[Clash]:
    for scaler in facts.of(Autoscaler):
        least, most = scaler.least if scaler.least is not None else 1, scaler.most
        if most is None:
            continue
        if least > most:
            message = f"autoscaler `{scaler.name}` has at least {least} replicas and at most {most}"
            yield Clash(scaler.range_place, message, "Make minReplicas no larger than maxReplicas.")
            continue
        for workload in _scaled(facts, scaler):
            if workload.replicas is not None and not least <= workload.replicas <= most:
                message = (
                    f"{workload.kind} `{workload.name}` has {workload.replicas} replicas, but its autoscaler "
                    f"holds {least} to {most}"
                )
                hint = "Leave `replicas` out, or keep it in the range."
                yield Clash(workload.replicas_place, message, hint, scaler.range_place, "warning")


def _scale_requests(facts: Facts) -> Iterator[Clash]:
    for scaler in facts.of(Autoscaler):
        for workload in _scaled(facts, scaler):
            for container in workload.containers:
                asked = {item.resource for item in (*container.requests, *container.limits)}
                for resource in scaler.utilization:
                    if resource not in asked and not container.init:
                        yield Clash(
                            container.place,
                            f"autoscaler `{scaler.name}` holds the utilization of {resource}, but container "
                            f"`{container.name}` requests none",
                            f"Give the container a request for {resource}.",
                            scaler.place,
                        )


def _volumes(facts: Facts) -> Iterator[Clash]:
    for workload in facts.of(Workload):
        for container in workload.containers:
            for name, place in container.mounts:
                if name and name not in workload.volumes:
                    message = (
                        f"container `{container.name}` mounts volume `{name}`, which {workload.kind} "
                        f"`{workload.name}` does not have"
                    )
                    yield Clash(
                        place, message, "Declare the volume, or mount one that is there.", workload.place
                    )


def _resources(facts: Facts) -> Iterator[Clash]:
    for workload in facts.of(Workload):
        for container in workload.containers:
            limits = {item.resource: item for item in container.limits}
            for request in container.requests:
                limit = limits.get(request.resource)
                least, most = _amount(request), _amount(limit) if limit else None
                if limit is not None and least is not None and most is not None and least > most:
                    yield Clash(
                        request.place,
                        f"container `{container.name}` requests {request.text} of {request.resource}, more than "
                        f"its limit of {limit.text}",
                        "Raise the limit or lower the request.",
                        limit.place,
                    )


def _amount(quantity: Quantity) -> float | None:
    match = _QUANTITY.match(quantity.text)
    return float(match[1]) * _POWERS[match[2] or ""] if match else None


def _root(facts: Facts) -> Iterator[Clash]:
    for workload in facts.of(Workload):
        for container in workload.containers:
            if container.non_root and container.user == 0:
                message = f"container `{container.name}` must not run as root, and is told to run as user 0"
                yield Clash(container.user_place, message, "Give runAsUser another number.", container.place)
    users = facts.of(ImageUser)
    distroless = "distroless" in _base(facts)
    for _, container in own(facts):
        user = users[0].user.partition(":")[0]
        if UNKNOWN in user or not container.non_root:
            continue
        if container.user is not None:
            if user in {"root", "0"}:
                message = f"the image runs as root; only the container `{container.name}` overrides it"
                yield Clash(
                    users[0].place, message, "End it with another USER.", container.user_place, "warning"
                )
                return
            continue
        if user in {"root", "0"} or (not user and not distroless):
            message = f"container `{container.name}` must not run as root, but its image sets no other user"
            yield Clash(container.user_place, message, "End the Dockerfile with a USER.", users[0].place)
        elif user and not user.isdigit():
            message = (
                f"container `{container.name}` must not run as root, which the kubelet can't tell of the image's "
                f"user `{user}`"
            )
            yield Clash(container.user_place, message, "Give USER or runAsUser as a number.", users[0].place)


def _base(facts: Facts) -> str:
    from fcc.evaluations.contracts.facts import Image

    return " ".join(
        image.reference for image in facts.of(Image) if image.role == "base" and "nonroot" in image.reference
    )


def _copied(facts: Facts) -> Iterator[Clash]:
    likeness = facts.once(Likeness)
    for copy in facts.of(CopyFrom):
        near = likeness.best(copy.stages, copy.name, copy.stages, 0.7)
        if near is not None:
            yield Clash(
                copy.place,
                f"copies from `{copy.name}`, which is no stage of the file and so an image from a registry",
                f"Copy from `{near}`, or give the image its tag.",
            )


RULES = (
    rule("selector-labels", "error", "A workload selects the pods of its own template", _selector_labels),
    rule("service-selector", "error", "A Service selects pods that are there", _service_selector),
    rule("policy-selector", "error", "Budgets and network policies select pods that are there", _selection),
    rule("autoscaler-target", "error", "An autoscaler scales a workload that is there", _scale_target),
    rule("autoscaler-range", "error", "An autoscaler's range is one, and holds the replicas", _scale_range),
    rule("autoscaler-requests", "warning", "What is scaled by utilization has requests", _scale_requests),
    rule("volume-mounts", "error", "Volumes that are mounted are there", _volumes),
    rule("resource-limits", "error", "Requests are within limits", _resources),
    rule("copy-from", "error", "What a Dockerfile copies from is a stage or surely an image", _copied),
    rule("root-user", "error", "An image for pods that may not run as root has another user", _root),
)
