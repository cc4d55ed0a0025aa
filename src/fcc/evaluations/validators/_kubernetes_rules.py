"""What the API server refuses in a value that fits its schema, by the name of the schema's definition.

Taken from the API reference (kubernetes.io/docs/reference/kubernetes-api) of the version that the schemas are of.
What `fcc.evaluations.contracts` tells is not told here: selectors that do not match, volumes that are mounted and not
there, requests above limits, the range of an autoscaler, and ports that share a name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from fcc.evaluations.validators import _kubernetes_values as values
from fcc.evaluations.validators._kubernetes_enums import CHOICES, RANGES
from fcc.evaluations.validators._kubernetes_schema import Path, Problem
from fcc.evaluations.validators._reading import shown
from fcc.evaluations.validators.check import mapping, sequence

_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
_HANDLERS = {"exec", "grpc", "httpGet", "tcpSocket"}
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_RESOURCES = {"cpu", "memory", "ephemeral-storage"}
_NODE_PORTS = range(30000, 32768)
_CONTROLLED = {"DaemonSetSpec", "DeploymentSpec", "ReplicaSetSpec", "StatefulSetSpec"}
_SHARES = ("maxSurge", "maxUnavailable", "minAvailable")
"""Fields that take a number or a percentage."""


def problems(name: str, value: Any, path: Path) -> Iterator[Problem]:
    """What is wrong with a value that the definition of this name describes."""
    if isinstance(value, dict):
        yield from _choices(name, value, path)
        yield from _ranges(name, value, path)
        yield from _shares(value, path)
        if name in _CONTROLLED:
            yield from _controlled(value, path)
        if name in _RULES:
            yield from _RULES[name](value, path)
    elif name == "Quantity" and (wrong := values.quantity(value)):
        yield _told("quantity", path, value, wrong, values.quantity_hint(value))


def _told(rule: str, path: Path, value: Any, wrong: str, hint: str, *, warns: bool = False) -> Problem:
    return Problem(path, f"{shown(value)}: {wrong}", hint, f"kubernetes-{rule}", warns)


def _said(rule: str, path: Path, message: str, hint: str, *, warns: bool = False) -> Problem:
    return Problem(path, message, hint, f"kubernetes-{rule}", warns)


def _choices(name: str, value: dict[str, Any], path: Path) -> Iterator[Problem]:
    for field, allowed in CHOICES.get(name, {}).items():
        given = value.get(field)
        for index, item in enumerate(given if isinstance(given, list) else [given]):
            if isinstance(item, str) and item not in allowed and not values.is_placeholder(item):
                here = (*path, field, index) if isinstance(given, list) else (*path, field)
                known = [each for each in allowed if each]
                wrong = f"it is not one of {', '.join(known)}"
                yield _told("value", here, item, wrong, _meant(item, known) or "Write one of them.")


def _meant(word: str, known: Iterable[str]) -> str:
    """`Did you mean …?`, where one of the words is like this one, whatever the case of its letters."""
    by_letters = {each.lower(): each for each in known}
    found = get_close_matches(word[:60].lower(), by_letters, 1, 0.75)
    return f"Did you mean `{by_letters[found[0]]}`?" if found else ""


def _ranges(name: str, value: dict[str, Any], path: Path) -> Iterator[Problem]:
    for field, (least, most) in RANGES.get(name, {}).items():
        number = value.get(field)
        if isinstance(number, int | float) and not least <= number <= most:
            is_port = most == RANGES["ContainerPort"]["containerPort"][1]
            wrong = "a port is 1 to 65535" if is_port else f"it must be {least} or more"
            yield _told("port" if is_port else "value", (*path, field), number, wrong, "Correct the number.")


def _shares(value: dict[str, Any], path: Path) -> Iterator[Problem]:
    for field in _SHARES:
        given = value.get(field)
        if isinstance(given, str) and not values.is_placeholder(given):
            digits, percent = given.removesuffix("%"), given.endswith("%")
            if not (percent and digits.isascii() and digits.isdigit()):
                hint = "Write it as in `1`, without quotes, or `25%`."
                yield _told("value", (*path, field), given, "it is no percentage", hint)
    surge, unavailable = value.get("maxSurge"), value.get("maxUnavailable")
    if all(str(each).strip("%") == "0" for each in (surge, unavailable)):
        message = "`maxSurge` and `maxUnavailable` can't both be 0"
        yield _said("value", (*path, "maxUnavailable"), message, "Make one of them 1 or more.")


def _controlled(value: dict[str, Any], path: Path) -> Iterator[Problem]:
    template, selector = mapping(value.get("template")), value.get("selector")
    chosen = mapping(selector)
    if isinstance(selector, dict) and not chosen.get("matchLabels") and not chosen.get("matchExpressions"):
        hint = "Select labels of the pod template under `matchLabels`."
        yield _said("selector", (*path, "selector"), "the selector is empty", hint)
    elif chosen.get("matchLabels") and template and not mapping(template.get("metadata")).get("labels"):
        message = "the pod template has no labels, so the selector does not match it"
        yield _said("selector", (*path, "template"), message, "Give it the selector's labels.")
    policy = mapping(template.get("spec")).get("restartPolicy")
    if policy in ("Never", "OnFailure"):
        here = (*path, "template", "spec", "restartPolicy")
        yield _told("value", here, policy, "it must be Always here", "Take it out, or use a Job.")


def _deployment(value: dict[str, Any], path: Path) -> Iterator[Problem]:
    strategy = mapping(value.get("strategy"))
    if strategy.get("type") == "Recreate" and strategy.get("rollingUpdate") is not None:
        message = "a strategy of type Recreate has no `rollingUpdate`"
        yield _said("value", (*path, "strategy", "rollingUpdate"), message, "Take one of them out.")


def _job(value: dict[str, Any], path: Path) -> Iterator[Problem]:
    pod = mapping(value.get("template")).get("spec")
    if isinstance(pod, dict) and pod.get("restartPolicy") in (None, "", "Always"):
        what = "is Always" if pod.get("restartPolicy") else "is missing, which means Always"
        message = f"`restartPolicy` of a Job's pod {what}"
        here = (*path, "template", "spec", "restartPolicy")
        yield _said("restart", here, message, "Write `restartPolicy: OnFailure` or `Never`.")


def _cron_job(value: dict[str, Any], path: Path) -> Iterator[Problem]:
    cron = value.get("schedule")
    if wrong := _wrong(cron, values.schedule):
        hint = (
            "Write minute, hour, day, month and weekday, as in `30 5 * * 1`; the zone goes into `timeZone`."
        )
        yield _told("schedule", (*path, "schedule"), cron, wrong, hint)


def _pod(value: dict[str, Any], path: Path) -> Iterator[Problem]:
    if value.get("containers") == []:
        yield _said("pod", (*path, "containers"), "the pod has no containers", "Give it one.")
    places: list[Path] = [
        (*path, key, index) for key in _CONTAINERS for index in range(len(sequence(value.get(key))))
    ]
    named = [item for key in _CONTAINERS for item in sequence(value.get(key))]
    yield from _unique(named, places, "name", "container", "of a pod")
    volumes = sequence(value.get("volumes"))
    places = [(*path, "volumes", index) for index in range(len(volumes))]
    yield from _unique(volumes, places, "name", "volume", "of a pod")
    yield from _labels(value.get("nodeSelector"), (*path, "nodeSelector"))
    for index, item in enumerate(sequence(value.get("initContainers"))):
        for probe in _PROBES if mapping(item).get("restartPolicy") != "Always" else ():
            if mapping(item).get(probe):
                message = f"an init container that ends has no `{probe}`"
                hint = "Take it out, or make it a sidecar by `restartPolicy: Always`."
                yield _said("probe", (*path, "initContainers", index, probe), message, hint)


def _unique(
    items: Iterable[Any], places: Iterable[Path], key: str, what: str, where: str, *, warns: bool = False
) -> Iterator[Problem]:
    seen: set[str] = set()
    for item, place in zip(items, places, strict=True):
        name = mapping(item).get(key)
        if not isinstance(name, str) or values.is_placeholder(name):
            continue
        if name in seen:
            message = f"a second {what} with the {key} {shown(name)}"
            hint = f"Give each {what} {where} its own `{key}`."
            yield _said("duplicate", (*place, key), message, hint, warns=warns)
        seen.add(name)


def _container(value: dict[str, Any], path: Path) -> Iterator[Problem]:
    yield from _named(value, path, values.dns_label)
    image = value.get("image")
    if not image and not _meant("image", value):
        yield _said("image", path, "the container has no `image`", "Name one, with its tag.")
    elif image and isinstance(image, str) and not values.is_placeholder(image):
        wrong, open_yet = values.image(image)
        if wrong:
            hint = "Write it as in `ghcr.io/example/web:1.4.2`."
            yield _told("image", (*path, "image"), image, wrong, hint, warns=open_yet)
    for key, field, what in (("env", "name", "variable"), ("volumeMounts", "mountPath", "mount")):
        items = sequence(value.get(key))
        places = [(*path, key, index) for index in range(len(items))]
        yield from _unique(items, places, field, what, "of a container", warns=key == "env")
    for probe in ("livenessProbe", "startupProbe"):
        if mapping(value.get(probe)).get("successThreshold") not in (None, 0, 1):
            message = f"`successThreshold` of a {probe} must be 1"
            yield _said("probe", (*path, probe, "successThreshold"), message, "Take it out.")


def _named(value: dict[str, Any], path: Path, problem: Callable[[str], str]) -> Iterator[Problem]:
    name = value.get("name")
    if wrong := _wrong(name, problem):
        yield _told("name", (*path, "name"), name, wrong, "Correct the name, and what refers to it.")


def _wrong(value: Any, problem: Callable[[str], str]) -> str:
    """What is wrong with a text; "" with what is no text, or not filled in yet."""
    return problem(value) if isinstance(value, str) and not values.is_placeholder(value) else ""


def _volume(value: dict[str, Any], path: Path) -> Iterator[Problem]:
    yield from _named(value, path, values.dns_label)
    sources = [key for key, item in value.items() if key != "name" and item is not None]
    if len(sources) > 1:
        message = f"a volume has one source, not {len(sources)}: {', '.join(sources)[:80]}"
        yield _said("volume", (*path, sources[1]), message, "Keep one of them.")


def _resources(value: dict[str, Any], path: Path) -> Iterator[Problem]:
    for part in ("requests", "limits"):
        for name, amount in mapping(value.get(part)).items():
            here = (*path, part, name)
            if name not in _RESOURCES and "/" not in name and not name.startswith("hugepages-"):
                if not values.is_placeholder(name):
                    hint = "Use cpu, memory, ephemeral-storage or a name with its domain."
                    hint = _meant(name, _RESOURCES) or hint
                    yield _told("resource", here, name, "it is no resource of a container", hint)
                continue
            sign, number, unit = values.quantity_parts(amount)
            if sign == "-" and number.strip("0."):
                yield _told("quantity", here, amount, "it must not be below 0", "Write 0 or more.")
            elif name in _RESOURCES - {"cpu"} and unit in {"m", "u", "n"}:
                hint = "Write `Mi` for mebibytes."
                yield _told("quantity", here, amount, "that is a part of a byte", hint, warns=True)


def _env(value: dict[str, Any], path: Path) -> Iterator[Problem]:
    name = value.get("name")
    if name == "" or (isinstance(name, str) and ("=" in name or not (name.isascii() and name.isprintable()))):
        yield _told(
            "env", (*path, "name"), name, "it is no name of a variable", "Use letters, digits and `_`."
        )
    elif isinstance(name, str) and " " in name.strip("\0"):
        hint = "Use letters, digits and `_`."
        yield _told("env", (*path, "name"), name, "few programs read a name with spaces", hint, warns=True)
    if value.get("value") and value.get("valueFrom") is not None:
        message = "a variable has either `value` or `valueFrom`"
        yield _said("env", (*path, "valueFrom"), message, "Take one of them out.")


def _one_of(what: str, keys: set[str], rule: str) -> Callable[[dict[str, Any], Path], Iterator[Problem]]:
    def check(value: dict[str, Any], path: Path) -> Iterator[Problem]:
        given = sorted(key for key in keys if value.get(key) is not None)
        if len(given) != 1:
            has = f"has {' and '.join(given)}" if given else "says none"
            message = f"{what} has one of {', '.join(sorted(keys))}; this {has}"
            yield _said(
                rule, (*path, *given[1:2]), message, "Keep one of them." if given else "Add one of them."
            )

    return check


def _asked_port(value: dict[str, Any], path: Path) -> Iterator[Problem]:
    yield from _port(value, path, "port")


def _port(value: dict[str, Any], path: Path, key: str, least: int = 1) -> Iterator[Problem]:
    port = value.get(key)
    if wrong := values.port(port, least) if port is not None else "":
        hint = "Write the number without quotes." if str(port).isdigit() else "Write a port's number or name."
        yield _told("port", (*path, key), port, wrong, hint)


def _container_port(value: dict[str, Any], path: Path) -> Iterator[Problem]:
    yield from _named(value, path, values.port_name)


def _service_port(value: dict[str, Any], path: Path) -> Iterator[Problem]:
    yield from _named(value, path, values.dns_label)
    yield from _port(value, path, "targetPort", 0)
    number = value.get("nodePort")
    possible = isinstance(number, int) and 0 < number <= RANGES["ServicePort"]["nodePort"][1]
    if possible and number not in _NODE_PORTS:
        hint = "Use 30000 to 32767, or leave it out."
        wrong = "few clusters have it among their node ports"
        yield _told("port", (*path, "nodePort"), number, wrong, hint, warns=True)


def _service(value: dict[str, Any], path: Path) -> Iterator[Problem]:
    yield from _labels(value.get("selector"), (*path, "selector"))
    kind, headless = value.get("type") or "ClusterIP", value.get("clusterIP") == "None"
    ports = [mapping(item) for item in sequence(value.get("ports"))]
    if kind == "ExternalName":
        if not value.get("externalName"):
            yield _said("service", path, "a Service of this type needs `externalName`", "Add it.")
    elif not ports and not headless:
        yield _said("service", (*path, "ports"), "the Service has no ports", "List at least one.")
    if kind in ("LoadBalancer", "NodePort") and headless:
        message = f"a Service of type {kind} can't have `clusterIP: None`"
        yield _said("service", (*path, "clusterIP"), message, "Take one of them out.")
    seen: set[tuple[Any, Any]] = set()
    for index, port in enumerate(ports):
        here = (*path, "ports", index)
        if len(ports) > 1 and not port.get("name"):
            yield _said("service", here, "of several ports each needs a `name`", "Name it.")
        if kind == "ClusterIP" and isinstance(port.get("nodePort"), int) and port["nodePort"]:
            hint = "Write `type: NodePort`, or take it out."
            yield _said("service", (*here, "nodePort"), "a Service of type ClusterIP has no `nodePort`", hint)
        key = (str(port.get("port")), str(port.get("protocol") or "TCP"))
        if port.get("port") is not None and key in seen:
            message = f"port {key[0]} is there twice for {key[1]}"
            yield _said("duplicate", (*here, "port"), message, "Keep one of them.")
        seen.add(key)


def _labels(labels: Any, path: Path, *, only_keys: bool = False) -> Iterator[Problem]:
    for key, value in mapping(labels).items():
        here = (*path, key)
        wrong = "" if values.is_placeholder(key) else values.label_key(key.lower() if only_keys else key)
        if wrong:
            yield _told("label", here, key, f"no key of a label: {wrong}", "Correct the key.")
        elif not only_keys and (wrong := _wrong(value, values.label_value)):
            hint = "Correct it, or make it an annotation."
            yield _told("label", here, value, f"no value of a label: {wrong}", hint)


def _metadata(value: dict[str, Any], path: Path) -> Iterator[Problem]:
    yield from _labels(value.get("labels"), (*path, "labels"))
    yield from _labels(value.get("annotations"), (*path, "annotations"), only_keys=True)
    space = value.get("namespace")
    if space and (wrong := _wrong(space, values.dns_label)):
        yield _told("name", (*path, "namespace"), space, wrong, "Correct the namespace's name.")


def _selector(value: dict[str, Any], path: Path) -> Iterator[Problem]:
    yield from _labels(value.get("matchLabels"), (*path, "matchLabels"))


def _requirement(value: dict[str, Any], path: Path) -> Iterator[Problem]:
    operator, given = value.get("operator"), value.get("values")
    if operator in ("In", "NotIn") and not given:
        yield _said("selector", path, f"`{operator}` needs `values`", "List at least one.")
    elif operator in ("Exists", "DoesNotExist") and given:
        yield _said("selector", (*path, "values"), f"`{operator}` takes no `values`", "Take them out.")


def _data(value: dict[str, Any], path: Path) -> Iterator[Problem]:
    for part in ("data", "binaryData", "stringData"):
        for key in mapping(value.get(part)):
            if not values.is_placeholder(key) and (wrong := values.data_key(key)):
                yield _told("key", (*path, part, key), key, wrong, "Correct the key.")


def _ingress_path(value: dict[str, Any], path: Path) -> Iterator[Problem]:
    asked = value.get("path")
    if isinstance(asked, str) and asked and not asked.startswith("/") and not values.is_placeholder(asked):
        yield _told("ingress", (*path, "path"), asked, "a path starts with `/`", "Put `/` before it.")


def _ingress_rule(value: dict[str, Any], path: Path) -> Iterator[Problem]:
    host = value.get("host")
    if host and _wrong(host, lambda name: values.subdomain(name.removeprefix("*."))):
        hint = "Write a domain name without port, as in `web.example.com`."
        yield _told("ingress", (*path, "host"), host, "it is no domain name in lower-case letters", hint)


def _policy_rule(value: dict[str, Any], path: Path) -> Iterator[Problem]:
    if value.get("resources") and not value.get("apiGroups"):
        hint = 'Add `apiGroups: [""]` for the core group.'
        yield _said("role", path, "a rule about resources needs `apiGroups`", hint)
    if value.get("verbs") == []:
        yield _said("role", (*path, "verbs"), "the rule allows nothing", "List at least one verb.")


def _budget(value: dict[str, Any], path: Path) -> Iterator[Problem]:
    if value.get("minAvailable") is not None and value.get("maxUnavailable") is not None:
        message = "a budget has either `minAvailable` or `maxUnavailable`"
        yield _said("value", (*path, "maxUnavailable"), message, "Take one of them out.")


_RULES: Mapping[str, Callable[[dict[str, Any], Path], Iterator[Problem]]] = {
    "ConfigMap": _data,
    "Container": _container,
    "ContainerPort": _container_port,
    "CronJobSpec": _cron_job,
    "DeploymentSpec": _deployment,
    "EnvFromSource": _one_of("a source of variables", {"configMapRef", "secretRef"}, "env"),
    "EnvVar": _env,
    "HTTPGetAction": _asked_port,
    "HTTPIngressPath": _ingress_path,
    "IngressBackend": _one_of("a backend", {"resource", "service"}, "ingress"),
    "IngressRule": _ingress_rule,
    "JobSpec": _job,
    "LabelSelector": _selector,
    "LabelSelectorRequirement": _requirement,
    "LifecycleHandler": _one_of("a hook", {"exec", "httpGet", "sleep", "tcpSocket"}, "probe"),
    "NetworkPolicyPort": _asked_port,
    "NodeSelectorRequirement": _requirement,
    "ObjectMeta": _metadata,
    "PodDisruptionBudgetSpec": _budget,
    "PodSpec": _pod,
    "PolicyRule": _policy_rule,
    "Probe": _one_of("a probe", _HANDLERS, "probe"),
    "ResourceRequirements": _resources,
    "Secret": _data,
    "ServiceBackendPort": _one_of("a port of a Service", {"name", "number"}, "ingress"),
    "ServicePort": _service_port,
    "ServiceSpec": _service,
    "TCPSocketAction": _asked_port,
    "Volume": _volume,
}
