"""Rules about what Kubernetes objects refer to by name."""

from __future__ import annotations

from collections.abc import Iterator

from fcc.evaluations.contracts._lookup import Placed, Shelf, by_name, listed, services
from fcc.evaluations.contracts.facts import (
    Backend,
    Binding,
    Facts,
    Provided,
    Reference,
    Resource,
    Workload,
)
from fcc.evaluations.contracts.rule import Clash, rule

_BUILT_IN_ROLES = {"view", "edit", "admin", "cluster-admin", "extension-apiserver-authentication-reader"}


def _secrets(facts: Facts) -> Iterator[Clash]:
    yield from _references(facts, "Secret")


def _config_maps(facts: Facts) -> Iterator[Clash]:
    yield from _references(facts, "ConfigMap")


def _references(facts: Facts, kind: str) -> Iterator[Clash]:
    provided = by_name(item for item in facts.of(Provided) if item.kind == kind and facts.whole)
    for workload in facts.of(Workload):
        wanted = [
            ref for container in workload.containers for ref in container.references if ref.kind == kind
        ]
        for reference in wanted:
            if not reference.optional:
                yield from _reference(workload, reference, provided)


def _reference(workload: Workload, reference: Reference, provided: Shelf[Provided]) -> Iterator[Clash]:
    found = provided.find(workload.namespace, reference.name)
    near = _others(provided, workload.namespace, reference.name)
    who = f"{workload.kind} `{workload.name}` uses"
    if near:
        yield Clash(
            reference.place,
            f"{who} {reference.kind} `{reference.name}`, but there is {listed(item.name for item in near)}",
            f"Name a {reference.kind} that is there, or add this one.",
            near[0].place,
        )
    elif (
        found
        and reference.key
        and all(item.keys is not None and reference.key not in item.keys for item in found)
    ):
        keys = [key for item in found for key in item.keys or ()]
        yield Clash(
            reference.place,
            f"{who} key `{reference.key}` of {reference.kind} `{reference.name}`, which has {listed(keys)}",
            "Name a key that is there, or add this one.",
            found[0].place,
        )


def _others(shelf: Shelf[Placed], namespace: str, name: str) -> list[Placed]:
    """All that may be in a namespace where nothing of it has the name; else empty."""
    return [] if shelf.find(namespace, name) else shelf.find(namespace)


def _accounts(facts: Facts) -> Shelf[Resource]:
    return by_name(item for item in facts.of(Resource) if item.kind == "ServiceAccount" and facts.whole)


def _service_accounts(facts: Facts) -> Iterator[Clash]:
    accounts = facts.once(_accounts)
    for workload in facts.of(Workload):
        name = workload.service_account
        near = _others(accounts, workload.namespace, name) if name and name != "default" else []
        if near:
            yield Clash(
                workload.account_place,
                f"{workload.kind} `{workload.name}` runs as service account `{name}`, but there is "
                f"{listed(item.name for item in near)}",
                "Name a service account that is there.",
                near[0].place,
            )


def _roles(facts: Facts) -> Iterator[Clash]:
    roles = {
        kind: by_name(item for item in facts.of(Resource) if item.kind == kind and facts.whole)
        for kind in ("Role", "ClusterRole")
    }
    for binding in facts.of(Binding):
        named = binding.role and binding.role not in _BUILT_IN_ROLES and binding.role_kind in roles
        if not named or binding.role.startswith("system:"):
            continue
        namespace = "" if binding.role_kind == "ClusterRole" else binding.namespace
        near = _others(roles[binding.role_kind], namespace, binding.role)
        if near:
            yield Clash(
                binding.place,
                f"binding `{binding.name}` gives {binding.role_kind} `{binding.role}`, but there is "
                f"{listed(item.name for item in near)}",
                "Give a role that is there.",
                near[0].place,
            )


def _bound_accounts(facts: Facts) -> Iterator[Clash]:
    accounts = facts.once(_accounts)
    for binding in facts.of(Binding):
        for name, namespace, place in binding.accounts:
            near = _others(accounts, namespace, name) if name and name != "default" else []
            if near:
                yield Clash(
                    place,
                    f"binding `{binding.name}` is for service account `{name}`, but there is "
                    f"{listed(item.name for item in near)}",
                    "Name a service account that is there.",
                    near[0].place,
                )


def _backends(facts: Facts) -> Iterator[Clash]:
    known = facts.once(services)
    for backend in facts.of(Backend):
        found = known.find(backend.namespace, backend.service)
        who = f"ingress `{backend.ingress}` leads to"
        near = _others(known, backend.namespace, backend.service) if facts.whole else []
        if near:
            yield Clash(
                backend.place,
                f"{who} Service `{backend.service}`, but there is {listed(item.name for item in near)}",
                "Name a Service that is there.",
                near[0].place,
            )
        ports = {item.number for service in found for item in service.ports}
        names = {item.name for service in found for item in service.ports}
        if found and backend.port and ports and backend.port not in ports | names:
            yield Clash(
                backend.place,
                f"{who} port {backend.port} of Service `{backend.service}`, which has {listed(ports)}",
                "Name a port of the Service (its `port`, not its `targetPort`).",
                found[0].place,
            )


def _namespaces(facts: Facts) -> Iterator[Clash]:
    made = {item.name: item for item in facts.of(Resource) if item.kind == "Namespace" and item.name}
    seen = set()
    for item in facts.of(Resource):
        fits = not item.namespace or item.namespace in made or item.namespace.startswith(("kube-", "default"))
        if made and not fits and item.namespace not in seen:
            seen.add(item.namespace)
            yield Clash(
                item.place,
                f"{item.kind} `{item.name}` is in namespace `{item.namespace}`, but the one made here is {listed(made)}",
                "Use one namespace, or add the other.",
                next(iter(made.values())).place,
            )


RULES = (
    rule("secret-provided", "error", "Secrets that pods use are provided", _secrets),
    rule("config-provided", "error", "ConfigMaps that pods use are provided", _config_maps),
    rule("service-account", "error", "Service accounts of pods are there", _service_accounts),
    rule("role-binding", "error", "Roles that are bound are there", _roles),
    rule("binding-account", "error", "Service accounts that are bound are there", _bound_accounts),
    rule("ingress-backend", "error", "An ingress leads to a Service and port that are there", _backends),
    rule("namespace-made", "warning", "Objects are in a namespace that is made", _namespaces),
)
