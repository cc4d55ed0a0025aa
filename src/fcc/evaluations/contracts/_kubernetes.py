"""Facts of Kubernetes objects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fcc.evaluations.contracts import facts
from fcc.evaluations.contracts._nodes import Node
from fcc.evaluations.contracts.facts import Port

_POD_TEMPLATES = {
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "ReplicationController": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "Rollout": ("spec", "template"),
    "Pod": (),
}
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def is_object(node: Node) -> bool:
    """Whether a document is a Kubernetes object."""
    return bool(node.get("apiVersion").text and node.get("kind").text)


def collect(node: Node) -> Iterator[Any]:
    """Each fact of an object, or of the objects of a list."""
    kind = node.get("kind").text
    if kind.endswith("List") and node.get("items").items:
        for item in node.get("items").items:
            yield from collect(item)
        return
    metadata = node.get("metadata")
    name, namespace = metadata.get("name").text, metadata.get("namespace").text
    if kind != "Kustomization":
        yield facts.Resource(kind, name, namespace, metadata.get("labels").labels, metadata.get("name").place)
    if kind in _POD_TEMPLATES:
        yield from _workload(node, kind)
    elif kind in _COLLECTORS:
        yield from _COLLECTORS[kind](node, name, namespace)


def _workload(node: Node, kind: str) -> Iterator[Any]:
    template = node.get(*_POD_TEMPLATES[kind])
    pod, metadata, spec = template.get("spec"), node.get("metadata"), node.get("spec")
    if not pod.entries:
        return
    security = pod.get("securityContext")
    containers = [_container(item, security, init=False) for item in pod.get("containers").items]
    containers += [_container(item, security, init=True) for item in pod.get("initContainers").items]
    volumes = {item.get("name").text for item in pod.get("volumes").items}
    volumes |= {item.get("metadata", "name").text for item in spec.get("volumeClaimTemplates").items}
    for container in containers:
        yield facts.Image(container.image, "run", container.image_place)
    selector = (
        spec.get("selector") if kind == "ReplicationController" else spec.get("selector", "matchLabels")
    )
    plain = kind != "Pod" and bool(selector.entries)
    references = _pod_references(pod)
    if containers and references:
        containers[0] = containers[0]._replace(references=(*containers[0].references, *references))
    annotations = template.get("metadata", "annotations")
    yield facts.Workload(
        kind=kind,
        name=metadata.get("name").text,
        namespace=metadata.get("namespace").text,
        labels=template.get("metadata", "labels").labels,
        selector=selector.labels if plain else None,
        replicas=spec.get("replicas").integer,
        containers=tuple(containers),
        volumes=frozenset(volumes),
        service_account=pod.first("serviceAccountName", "serviceAccount").text,
        annotations=annotations.labels,
        place=metadata.get("name").place,
        labels_place=template.get("metadata", "labels").place,
        selector_place=selector.place,
        replicas_place=spec.get("replicas").place,
        account_place=pod.first("serviceAccountName", "serviceAccount").place,
        annotations_place=annotations.place,
    )


def _container(node: Node, pod_security: Node, *, init: bool) -> facts.Container:
    security = node.get("securityContext")
    user = security.get("runAsUser") or pod_security.get("runAsUser")
    non_root = security.get("runAsNonRoot") or pod_security.get("runAsNonRoot")
    resources = node.get("resources")
    return facts.Container(
        name=node.get("name").text,
        image=node.get("image").text,
        init=init,
        ports=tuple(_port(item, "containerPort") for item in node.get("ports").items),
        probes=tuple(_probe(kind, node.get(kind)) for kind in _PROBES if node.get(kind).entries),
        command=(*node.get("command").texts, *node.get("args").texts),
        references=tuple(_references(node)),
        mounts=tuple(
            (item.get("name").text, item.get("name").place) for item in node.get("volumeMounts").items
        ),
        requests=_quantities(resources.get("requests")),
        limits=_quantities(resources.get("limits")),
        user=user.integer,
        non_root=non_root.value is True,
        place=node.get("name").place,
        image_place=node.get("image").place,
        user_place=user.place if user else non_root.place,
    )


def _port(node: Node, key: str) -> Port:
    number = node.get(key)
    return Port(node.get("name").text, number.integer, number.place)


def _probe(kind: str, node: Node) -> facts.Probe:
    action = next(
        (node.get(key) for key in ("httpGet", "tcpSocket", "grpc") if node.get(key).entries), node.get("exec")
    )
    port, path = action.get("port"), action.get("path")
    asks = "/" if node.get("httpGet").entries else ""
    return facts.Probe(
        kind.removesuffix("Probe"),
        path.text or asks,
        port.integer if port.integer is not None else port.text or None,
        port.place,
        path.place,
    )


def _quantities(node: Node) -> tuple[facts.Quantity, ...]:
    return tuple(facts.Quantity(key, item.text, item.place) for key, item in node.entries)


def _references(container: Node) -> Iterator[facts.Reference]:
    for item in container.get("envFrom").items:
        for key, kind in (("secretRef", "Secret"), ("configMapRef", "ConfigMap")):
            yield from _reference(item.get(key), kind, "name")
    for item in container.get("env").items:
        for key, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
            yield from _reference(item.get("valueFrom", key), kind, "name")


def _pod_references(pod: Node) -> list[facts.Reference]:
    found: list[facts.Reference] = []
    for volume in pod.get("volumes").items:
        found += _reference(volume.get("secret"), "Secret", "secretName")
        found += _reference(volume.get("configMap"), "ConfigMap", "name")
        for source in volume.get("projected", "sources").items:
            found += _reference(source.get("secret"), "Secret", "name")
            found += _reference(source.get("configMap"), "ConfigMap", "name")
    return found


def _reference(node: Node, kind: str, key: str) -> Iterator[facts.Reference]:
    name = node.get(key)
    if name.text:
        optional = node.get("optional").value is True
        yield facts.Reference(kind, name.text, node.get("key").text, optional, name.place)


def _service(node: Node, name: str, namespace: str) -> Iterator[Any]:
    spec = node.get("spec")
    ports = []
    for item in spec.get("ports").items:
        target = item.get("targetPort") or item.get("port")
        integer = target.integer
        ports.append(
            facts.ServicePort(
                item.get("name").text,
                item.get("port").integer,
                integer if integer is not None else target.text,
                target.place,
            )
        )
    yield facts.Service(
        name=name,
        namespace=namespace,
        labels=node.get("metadata", "labels").labels,
        selector=spec.get("selector").labels,
        ports=tuple(ports),
        external=spec.get("type").text == "ExternalName",
        place=node.get("metadata", "name").place,
        selector_place=spec.get("selector").place,
    )


def _autoscaler(node: Node, name: str, namespace: str) -> Iterator[Any]:
    spec = node.get("spec")
    target = spec.get("scaleTargetRef")
    used = [
        item.get("resource", "name").text
        for item in spec.get("metrics").items
        if item.get("resource", "target", "averageUtilization")
        or item.get("resource", "targetAverageUtilization")
    ]
    if spec.get("targetCPUUtilizationPercentage"):
        used.append("cpu")
    yield facts.Autoscaler(
        name=name,
        namespace=namespace,
        target_kind=target.get("kind").text,
        target=target.get("name").text,
        least=spec.get("minReplicas").integer,
        most=spec.get("maxReplicas").integer,
        utilization=tuple(used),
        place=node.get("metadata", "name").place,
        target_place=target.get("name").place,
        range_place=spec.get("minReplicas").place,
    )


def _budget(node: Node, name: str, namespace: str) -> Iterator[Any]:
    yield _selection(node, name, namespace, node.get("spec", "selector"), None)


def _policy(node: Node, name: str, namespace: str) -> Iterator[Any]:
    spec = node.get("spec")
    rules = spec.get("ingress").items
    types = spec.get("policyTypes").texts
    ports: list[Port] | None = []
    for item in rules:
        allowed = [_port(port, "port") for port in item.get("ports").items]
        named = [
            Port(port.get("port").text, None, found.place) if found.number is None else found
            for port, found in zip(item.get("ports").items, allowed, strict=True)
        ]
        ranged = any(port.get("endPort") or not port.get("port") for port in item.get("ports").items)
        ports = None if ports is None or not allowed or ranged else [*ports, *named]
    ingress = "Ingress" in types or not types
    found = _selection(
        node, name, namespace, spec.get("podSelector"), None if ports is None else tuple(ports)
    )
    yield found._replace(ingress=ingress)


def _monitor(node: Node, name: str, namespace: str) -> Iterator[Any]:
    kind, spec = node.get("kind").text, node.get("spec")
    endpoints = spec.get("endpoints" if kind == "ServiceMonitor" else "podMetricsEndpoints").items
    ports = tuple(
        Port(item.get("port").text, None, item.get("port").place)
        for item in endpoints
        if item.get("port").text
    )
    for item in endpoints:
        if item.get("path").text:
            yield facts.Scrape("", item.get("path").text, (), item.get("path").place, item.get("path").place)
    found = _selection(node, name, namespace, spec.get("selector"), ports)
    elsewhere = bool(spec.get("namespaceSelector").entries)
    yield found._replace(simple=found.simple and not elsewhere)
    yield facts.Elsewhere("jobs", found.place)


def _selection(
    node: Node, name: str, namespace: str, selector: Node, ports: tuple[Port, ...] | None
) -> facts.Selection:
    labels = selector.get("matchLabels")
    return facts.Selection(
        kind=node.get("kind").text,
        name=name,
        namespace=namespace,
        labels=labels.labels,
        simple=not selector.get("matchExpressions").items,
        ingress=False,
        ports=ports,
        place=labels.place,
    )


def _ingress(node: Node, name: str, namespace: str) -> Iterator[Any]:
    spec = node.get("spec")
    paths = [path for item in spec.get("rules").items for path in item.get("http", "paths").items]
    backends = [path.get("backend") for path in paths]
    for backend in [spec.get("defaultBackend"), *backends]:
        service = backend.get("service", "name") or backend.get("serviceName")
        port = backend.get("service", "port").first("number", "name") or backend.get("servicePort")
        if service.text:
            number = port.integer
            yield facts.Backend(
                name, namespace, service.text, number if number is not None else port.text, service.place
            )


def _provided(node: Node, name: str, namespace: str) -> Iterator[Any]:
    kind = node.get("kind").text
    keys = {key for part in ("data", "stringData", "binaryData") for key, _ in node.get(part).entries}
    yield facts.Provided(kind, name, namespace, frozenset(keys), node.get("metadata", "name").place)


def _external_secret(node: Node, name: str, namespace: str) -> Iterator[Any]:
    spec = node.get("spec")
    target = spec.get("target", "name")
    keys = frozenset(item.get("secretKey").text for item in spec.get("data").items)
    open_ended = spec.get("dataFrom").items or spec.get("target", "template").entries
    place = target.place if target else node.get("metadata", "name").place
    yield facts.Provided("Secret", target.text or name, namespace, None if open_ended else keys, place)


def _sealed_secret(node: Node, name: str, namespace: str) -> Iterator[Any]:
    template = node.get("spec", "template", "metadata", "name")
    place = node.get("metadata", "name").place
    yield facts.Provided("Secret", template.text or name, namespace, None, place)


def _certificate(node: Node, _name: str, namespace: str) -> Iterator[Any]:
    secret = node.get("spec", "secretName")
    if secret.text:
        yield facts.Provided("Secret", secret.text, namespace, None, secret.place)


def _secret_class(node: Node, _name: str, namespace: str) -> Iterator[Any]:
    for item in node.get("spec", "secretObjects").items:
        secret = item.get("secretName")
        yield facts.Provided("Secret", secret.text, namespace, None, secret.place)


def _kustomization(node: Node, _name: str, _namespace: str) -> Iterator[Any]:
    namespace = node.get("namespace").text
    for key, kind in (("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")):
        for item in node.get(key).items:
            yield facts.Provided(kind, item.get("name").text, namespace, None, item.get("name").place)


def _binding(node: Node, name: str, namespace: str) -> Iterator[Any]:
    role = node.get("roleRef")
    accounts = tuple(
        (item.get("name").text, item.get("namespace").text or namespace, item.get("name").place)
        for item in node.get("subjects").items
        if item.get("kind").text == "ServiceAccount"
    )
    place = role.get("name").place
    yield facts.Binding(name, namespace, role.get("kind").text, role.get("name").text, accounts, place)


_COLLECTORS = {
    "Service": _service,
    "HorizontalPodAutoscaler": _autoscaler,
    "PodDisruptionBudget": _budget,
    "NetworkPolicy": _policy,
    "ServiceMonitor": _monitor,
    "PodMonitor": _monitor,
    "Ingress": _ingress,
    "Secret": _provided,
    "ConfigMap": _provided,
    "ExternalSecret": _external_secret,
    "SealedSecret": _sealed_secret,
    "Certificate": _certificate,
    "SecretProviderClass": _secret_class,
    "Kustomization": _kustomization,
    "RoleBinding": _binding,
    "ClusterRoleBinding": _binding,
}
