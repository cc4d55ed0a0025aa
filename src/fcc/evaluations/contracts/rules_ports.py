"""Rules about ports: from the server's own through the container's and the Service's to whoever asks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from fcc.evaluations.contracts._lookup import by_label, listed, own, reached, services
from fcc.evaluations.contracts._scripts import listens
from fcc.evaluations.contracts.facts import (
    Exposed,
    Facts,
    ImageUser,
    Listen,
    Port,
    Selection,
    Service,
    ServicePort,
    Url,
    Workload,
)
from fcc.evaluations.contracts.rule import Clash, rule
from fcc.simulation import Place

_MOST_PODS = 200
"""How many workloads behind one Service are looked at one by one."""
_LOCAL = {"localhost", "127.0.0.1", "0.0.0.0"}  # noqa: S104 - read, not bound


def _server(facts: Facts) -> Iterator[Listen]:
    """The ports that the server in the one Dockerfile, or in the code beside it, is told to listen on."""
    files = {user.place.file for user in facts.of(ImageUser)}
    if len(files) == 1:
        in_image = [listen for listen in facts.of(Listen) if listen.place.file in files]
        yield from in_image


def _listens(facts: Facts) -> Iterator[Clash]:
    server = list(_server(facts))
    listening = {listen.port for listen in server}
    for _, container in own(facts):
        numbers = {port.number for port in container.ports}
        if container.command or not numbers or not server or None in numbers:
            continue
        if not numbers & listening:
            port, listen = container.ports[0], server[0]
            yield Clash(
                port.place,
                f"container `{container.name}` declares port {port.number}, but its image's server listens "
                f"on {listen.port}",
                "Use the server's port.",
                listen.place,
            )
    for workload in facts.of(Workload):
        for container in workload.containers:
            numbers = {port.number for port in container.ports}
            told = list(listens(list(container.command), container.place))
            if numbers and told and told[0].port not in numbers:
                yield Clash(
                    container.ports[0].place,
                    f"container `{container.name}` declares port {listed(numbers)}, but its arguments say "
                    f"{told[0].port}",
                    "Use the server's port.",
                    told[0].place,
                    "warning",
                )


def _exposes(facts: Facts) -> Iterator[Clash]:
    exposed = facts.of(Exposed)
    if len({fact.place.file for fact in facts.of(ImageUser)}) != 1 or not exposed:
        return
    numbers = {fact.port for fact in exposed}
    server = list(_server(facts))
    hint = "Expose the port that the server listens on."
    if server and not numbers & {listen.port for listen in server}:
        message = f"the image exposes {listed(numbers)}, but its server listens on {server[0].port}"
        yield Clash(exposed[0].place, message, hint, server[0].place)
        return
    for _, container in own(facts):
        declared = {port.number for port in container.ports}
        if declared and not numbers & declared and not container.command:
            message = (
                f"container `{container.name}` declares port {listed(declared)}, but its image exposes "
                f"{listed(numbers)}"
            )
            yield Clash(container.ports[0].place, message, hint, exposed[0].place)


def _health_port(facts: Facts) -> Iterator[Clash]:
    listening: dict[str, list[Listen]] = {}
    for listen in facts.of(Listen):
        listening.setdefault(listen.place.file, []).append(listen)
    exposing: dict[str, list[Exposed]] = {}
    for exposed in facts.of(Exposed):
        exposing.setdefault(exposed.place.file, []).append(exposed)
    for url in facts.of(Url):
        if url.origin != "image" or url.host not in _LOCAL:
            continue
        server = listening.get(url.place.file)
        known = server or exposing.get(url.place.file)
        port = url.port or 80
        if known and port not in {fact.port for fact in known}:
            verb = "listens on" if server else "exposes"
            yield Clash(
                url.place,
                f"the image's health check asks port {port}, but the image {verb} {known[0].port}",
                "Ask the server's port.",
                known[0].place,
            )


class _Target(NamedTuple):
    """The ports of Services that lead to the same pods."""

    pods: list[Workload]
    ports: list[tuple[Service, ServicePort]]


def _targets(facts: Facts) -> Iterator[_Target]:
    for pods, leading in facts.once(reached):
        yield _Target(pods, [(service, port) for service in leading for port in service.ports])


def _target_number(facts: Facts) -> Iterator[Clash]:
    for pods, ports in _targets(facts):
        containers = [container for workload in pods for container in workload.containers]
        declared = [port for container in containers for port in container.ports]
        told = {listen.port for item in containers for listen in listens(list(item.command), item.place)}
        numbers = {found.number for found in declared}
        names = {found.name for found in declared}
        for service, port in ports:
            others = any(other.target in numbers | told | names for other in service.ports)
            if isinstance(port.target, int) and declared and port.target not in numbers | told:
                yield Clash(
                    port.place,
                    f"Service `{service.name}` leads to port {port.target}, but its pods declare {listed(numbers)}",
                    "Lead to a port of the container, best by its name.",
                    declared[0].place,
                    "warning" if others else None,
                )


def _target_name(facts: Facts) -> Iterator[Clash]:
    for pods, ports in _targets(facts):
        named = [
            (workload, {port.name for container in workload.containers for port in container.ports})
            for workload in pods[:_MOST_PODS]
        ]
        for service, port in ports:
            lacking = [workload for workload, names in named if port.target not in names]
            for workload in lacking if isinstance(port.target, str) and port.target else ():
                declared = [found for item in workload.containers for found in item.ports]
                yield Clash(
                    port.place,
                    f"Service `{service.name}` leads to port `{port.target}`, which no container of "
                    f"{workload.kind} `{workload.name}` names",
                    "Give the container's port that name, or lead to one that is there.",
                    declared[0].place if declared else workload.place,
                )


def _port_names(facts: Facts) -> Iterator[Clash]:
    for workload in facts.of(Workload):
        for container in workload.containers:
            seen: dict[str, Place] = {}
            for port in container.ports:
                if port.name and port.name in seen:
                    message = f"container `{container.name}` has two ports named `{port.name}`"
                    yield Clash(port.place, message, "Name each port once.", seen[port.name])
                seen.setdefault(port.name, port.place)
    for service in facts.of(Service):
        taken: dict[str, Place] = {}
        for item in service.ports:
            if item.name and item.name in taken:
                message = f"Service `{service.name}` has two ports named `{item.name}`"
                yield Clash(item.place, message, "Name each port once.", taken[item.name])
            taken.setdefault(item.name, item.place)


def _service_urls(facts: Facts) -> Iterator[Clash]:
    known = facts.once(services)
    for url in facts.of(Url):
        parts = url.host.split(".")
        if "svc" not in parts[2:3]:
            continue  # a bare name may be one of a compose file's network
        found = known.find(parts[1], parts[0])
        if not found:
            continue
        port = url.port or 80
        if all(
            found_one.ports and port not in {item.number for item in found_one.ports} for found_one in found
        ):
            numbers = {item.number for service in found for item in service.ports}
            yield Clash(
                url.place,
                f"asks Service `{parts[0]}` on port {port}, but it has {listed(numbers)}",
                "Ask a port of the Service.",
                found[0].ports[0].place,
            )


def _policies(facts: Facts) -> Callable[[Workload], list[Port] | None]:
    """Looks up what the network policies over a workload let in; None for any port."""
    policies = [
        item for item in facts.of(Selection) if item.kind == "NetworkPolicy" and item.ingress and item.simple
    ]
    wide = by_label(item for item in policies if not item.labels)
    narrow = by_label(item for item in policies if item.labels)

    def over(workload: Workload) -> list[Port] | None:
        found = wide.find(workload.namespace)
        for pair in workload.labels.items():
            found += narrow.find(workload.namespace, pair)
        found = [item for item in found if item.labels.items() <= workload.labels.items()]
        if not any(item.ports for item in found) or any(item.ports is None for item in found):
            return None
        return [port for item in found for port in item.ports or ()]

    return over


def _policy_ports(facts: Facts) -> Iterator[Clash]:
    over = _policies(facts)
    for pods, ports in _targets(facts) if any(item.ingress for item in facts.of(Selection)) else ():
        for workload in pods[:_MOST_PODS]:
            allowed = over(workload)
            if allowed is None:
                continue
            let_in = {item.number if item.number is not None else item.name for item in allowed}
            known = [found for item in workload.containers for found in item.ports]
            for service, port in ports:
                wanted = {port.target}
                wanted |= {found.number for found in known if found.number and found.name == port.target}
                wanted |= {found.name for found in known if found.name and found.number == port.target}
                if wanted & let_in:
                    continue
                yield Clash(
                    allowed[0].place,
                    f"the network policies over {workload.kind} `{workload.name}` let in {listed(let_in)}, but "
                    f"Service `{service.name}` leads to {listed(wanted)}",
                    "Let the Service's target port in.",
                    port.place,
                )


RULES = (
    rule("port-listen", "error", "A container declares the port that its server listens on", _listens),
    rule("port-exposed", "error", "An image exposes the port that its server and container use", _exposes),
    rule("health-check-port", "error", "An image's health check asks the port of its server", _health_port),
    rule("service-target-port", "error", "A Service leads to a port that its pods declare", _target_number),
    rule("service-target-name", "error", "A Service's named target is a port of its pods", _target_name),
    rule("port-names", "error", "Names of ports are unique in a container and in a Service", _port_names),
    rule("service-url", "error", "Addresses of a Service name a port that it has", _service_urls),
    rule("network-policy-port", "error", "Network policies let in what a Service leads to", _policy_ports),
)
