"""Rules about health: probes are there, ask what is served, and all who ask agree."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fcc.evaluations.contracts._lookup import listed, one_application, reached, serving
from fcc.evaluations.contracts._scripts import listens
from fcc.evaluations.contracts.facts import (
    Elsewhere,
    Facts,
    Probe,
    Route,
    Service,
    Url,
    Workload,
)
from fcc.evaluations.contracts.rule import Clash, rule
from fcc.simulation import Place

_HEALTH = re.compile(
    r"/(?:health\w*|livez?|liveness|alive|readyz?|readiness|ping|startupz?|status)(?=$|[_-])"
)
_ASKED = re.compile(r"\b(?:liveness|readiness|health[ -]?checks?|probes?)\b", re.IGNORECASE)
_SERVED = {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Rollout"}
_LOCAL = {"localhost", "127.0.0.1", "0.0.0.0"}  # noqa: S104 - read, not bound


def _missing(facts: Facts) -> Iterator[Clash]:
    asked = any(_ASKED.search(task) for task in facts.context.tasks.values())
    leading: dict[Place, Service] = {}
    for pods, found in facts.once(reached):
        for workload in pods:
            leading.setdefault(workload.place, found[0])
    for workload in facts.of(Workload):
        behind = leading.get(workload.place)
        if workload.kind not in _SERVED or behind is None:
            continue
        for container in workload.containers:
            if container.init or not container.image or not container.ports:
                continue
            kinds = {probe.kind for probe in container.probes}
            missing = [kind for kind in ("readiness", "liveness") if kind not in kinds]
            if missing:
                yield Clash(
                    container.place,
                    f"container `{container.name}` of {workload.kind} `{workload.name}` has no "
                    f"{' and no '.join(missing)} probe, though Service `{behind.name}` leads to it",
                    f"Give it a {' and a '.join(f'{kind}Probe' for kind in missing)}.",
                    behind.place,
                    None if asked else "warning",
                )


def _probe_port(facts: Facts) -> Iterator[Clash]:
    for workload, container in serving(facts):
        names = {port.name for port in container.ports if port.name}
        numbers = {port.number for item in workload.containers for port in item.ports}
        numbers |= {listen.port for listen in listens(list(container.command), container.place)}
        other = container.ports[0].place if container.ports else container.place
        for probe in container.probes:
            if isinstance(probe.port, str) and probe.port not in names:
                message = f"the {probe.kind} probe asks port `{probe.port}`, but the container names {listed(names)}"
                yield Clash(probe.place, message, "Ask a port that the container names.", other)
            elif isinstance(probe.port, int) and container.ports and probe.port not in numbers:
                message = (
                    f"the {probe.kind} probe asks port {probe.port}, but the pod declares {listed(numbers)}"
                )
                yield Clash(probe.place, message, "Ask a port that is declared.", other, "warning")


def _asked_urls(facts: Facts) -> list[Url]:
    """The health addresses of what is here: of a local server, or of one of the Services."""
    names = {service.name for service in facts.of(Service)}
    return [
        url
        for url in facts.of(Url)
        if _HEALTH.search(url.path) and (url.host in _LOCAL or url.host.partition(".")[0] in names)
    ]


def _paths(facts: Facts) -> Iterator[Clash]:
    containers = [container for _, container in one_application(facts)]
    probes = [probe for container in containers for probe in container.probes if probe.path]
    known = {probe.path: probe for probe in probes}
    served = {route.path for route in facts.of(Route)}
    urls = _asked_urls(facts)
    for url in urls:
        if probes and url.path not in known and url.path not in served:
            yield Clash(
                url.place,
                f"asks `{url.path}`, but the probes ask {listed(known)}",
                "Ask a path that the probes ask.",
                _nearest(url, probes).path_place,
            )
    elsewhere = {url.path for url in urls} | served
    stray = next((url for url in urls if url.path not in known), urls[0]) if urls else None
    for path, probe in known.items():
        if stray is not None and len(elsewhere) > 1 and path not in elsewhere and not served:
            message = f"the {probe.kind} probe asks `{path}`, but scripts and images ask {listed(elsewhere)}"
            yield Clash(probe.path_place, message, "Ask one path on all sides.", stray.place, "warning")


def _nearest(url: Url, probes: list[Probe]) -> Probe:
    ready = "read" in url.path
    return next((probe for probe in probes if (probe.kind == "readiness") == ready), probes[0])


def _routes(facts: Facts) -> Iterator[Clash]:
    routes = facts.of(Route)
    if not routes or len({workload.name for workload, _ in serving(facts)}) != 1:
        return
    if any(item.what == "routes" for item in facts.of(Elsewhere)):
        return
    served = {route.path.rstrip("/") or "/" for route in routes}
    healthy = [route for route in routes if _HEALTH.search(route.path)]
    for _, container in one_application(facts):
        for probe in container.probes:
            path = probe.path.partition("?")[0].rstrip("/") or "/"
            if probe.path and path not in served:
                other = healthy[0] if healthy else routes[0]
                yield Clash(
                    probe.path_place,
                    f"the {probe.kind} probe asks `{probe.path}`, but the application serves {listed(served)}",
                    "Serve the path that the probe asks.",
                    other.place,
                    None if healthy else "warning",
                )


RULES = (
    rule("probe-missing", "error", "What a Service leads to has readiness and liveness probes", _missing),
    rule("probe-port", "error", "Probes ask a port of their container", _probe_port),
    rule("probe-path", "error", "Scripts, images and probes ask the same health paths", _paths),
    rule("probe-route", "error", "Probes ask a path that the application serves", _routes),
)
