"""Which series a service has: what its code exports, what Prometheus scrapes, and what alert rules read of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from fcc import _yaml
from fcc.errors import InvalidFileError
from fcc.evaluations.rehearsal.alerts.rules import in_order, names, read_rules, selects
from fcc.evaluations.rehearsal.promql.tree import Matcher, NotUnderstoodError, Select
from fcc.evaluations.validators.check import mapping, sequence

_DEFAULT_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""Those of prometheus_client.Histogram, in seconds; taken where nothing says others."""
_STATUS = {"status", "code", "status_code", "http_status", "http_status_code", "response_code", "status_class",
           "outcome", "result"}  # fmt: skip
_BAD = ("500", "503", "5xx", "5XX", "error", "failure", "failed", "fail", "Error", "Internal")
_GOOD = ("200", "2xx", "2XX", "success", "ok", "OK", "succeeded", "pass")
_USUAL = {
    "method": "GET",
    "path": "/",
    "route": "/",
    "endpoint": "/",
    "handler": "/",
    "uri": "/",
    "feature": "input",
}
_META = {
    "__meta_kubernetes_pod_name": "pod",
    "__meta_kubernetes_namespace": "namespace",
    "__meta_kubernetes_service_name": "service",
    "__meta_kubernetes_pod_label_app": "service",
    "__meta_kubernetes_pod_label_app_kubernetes_io_name": "service",
    "__meta_kubernetes_pod_container_name": "container",
    "__meta_kubernetes_pod_container_port_name": "endpoint",
}
_FOREIGN = re.compile(
    r"(?:kube|container|node|process|python|go|kubelet|apiserver|nginx|istio|envoy|probe|scrape|machine)_"
)
_PLAIN = re.compile(r"[\w ./:-]+")
_MOST_VALUES = 4


class Exported(NamedTuple):
    """A metric that the service exports."""

    name: str
    type: str
    """`Counter`, `Gauge`, `Histogram` or `Summary`."""
    labels: tuple[tuple[str, tuple[str, ...]], ...]
    """Each label but the one for the outcome, with the values that it takes."""
    outcome: tuple[str, str, str] | None
    """The label that tells errors apart, its value for what went well, and the one for what did not."""
    buckets: tuple[float, ...]
    """Upper bounds of a histogram's buckets."""


class ServiceShape(NamedTuple):
    """Which series a service has, and under which names."""

    job: str
    service: str
    namespace: str
    deployment: str
    container: str
    port: int
    target: tuple[tuple[str, str], ...]
    """Labels that scraping adds to `job` and `instance`: name, and `pod`, `namespace` … or a value."""
    exported: tuple[Exported, ...]
    reads: frozenset[str]
    """The metrics that the rules read; "" among them where a rule reads any by their labels only."""

    def read(self, name: str) -> bool:
        """Whether a rule reads the metric."""
        return name in self.reads or "" in self.reads


class _Scrape(NamedTuple):
    job: str
    target: tuple[tuple[str, str], ...]


class _Declared(NamedTuple):
    name: str
    type: str
    labels: frozenset[str] | None
    buckets: tuple[float, ...] | None


def is_foreign(metric: str) -> bool:
    """Whether a metric is one of the cluster's or of a library's, which a service does not declare by itself."""
    return bool(_FOREIGN.match(metric))


def service_shape(files: Sequence[tuple[str, str, str]]) -> ServiceShape:
    """The shape that files, given as (path, kind, text), describe; what they leave open is taken from the rules.

    A metric that the code does not declare is not in it. Where there is no code that declares metrics, or a library
    does, the service exports what the rules read.
    """
    rules, _ = read_rules([(path, text) for path, _, text in files if "groups:" in text])
    trees = [tree for _, tree in in_order(rules).rules]
    asked: dict[str, list[Select]] = {}
    for select in (item for tree in trees for item in selects(tree)):
        asked.setdefault(select.name, []).append(select)
    objects = list(_objects(files))
    matched = [
        matcher.value
        for found in asked.values()
        for select in found
        for matcher in select.matchers
        if matcher.label == "job" and matcher.operator == "="
    ]
    scrape = _scrape(objects, matched)
    service, namespace, deployment, container, port = _names(objects, scrape.job if scrape else "", matched)
    target = (
        scrape.target
        if scrape
        else tuple((name, name) for name in ("namespace", "pod", "service", "container"))
    )
    reserved = {"job", "instance", "le", "quantile", "__name__", *(name for name, _ in target)}
    declared = _declared(files)
    recorded = {rule.name for rule in rules if rule.records}
    if declared is None:
        declared = _guessed({name: found for name, found in asked.items() if name not in recorded})
    return ServiceShape(
        scrape.job if scrape else (matched or [service])[0],
        service,
        namespace,
        deployment,
        container,
        port,
        target,
        tuple(_exported(item, asked, reserved, service) for item in declared),
        frozenset(name for tree in trees for name in names(tree)) | ({""} if "" in asked else set()),
    )


def _objects(files: Sequence[tuple[str, str, str]]) -> Iterator[Mapping[str, Any]]:
    for path, _, text in files:
        if not path.endswith((".yaml", ".yml")) or not re.search(
            r"^(?:kind: (?:Service|Deployment)$|scrape_configs:)", text, re.MULTILINE
        ):
            continue
        try:
            documents = _yaml.parse_all(text, path)
        except InvalidFileError:
            continue
        for document in documents:
            yield mapping(document.data)


def _scrape(objects: Sequence[Mapping[str, Any]], matched: Sequence[str]) -> _Scrape | None:
    """The scrape job that the rules ask for; else the first that is not Prometheus's own."""
    jobs = [_read_scrape(mapping(item)) for data in objects for item in sequence(data.get("scrape_configs"))]
    named = [job for job in jobs if job.job in matched] or [job for job in jobs if job.job != "prometheus"]
    return named[0] if named else None


def _read_scrape(item: Mapping[str, Any]) -> _Scrape:
    job = str(item.get("job_name", ""))
    target: dict[str, str] = {}
    for static in sequence(item.get("static_configs")):
        target |= {str(key): str(value) for key, value in mapping(mapping(static).get("labels")).items()}
    for rule in map(mapping, sequence(item.get("relabel_configs"))):
        name, sources = str(rule.get("target_label", "")), sequence(rule.get("source_labels"))
        if rule.get("action", "replace") != "replace" or not name or name.startswith("__"):
            continue
        value = _META.get(str(sources[0]), "") if sources else str(rule.get("replacement", ""))
        target |= {name: value} if value else {}
    return _Scrape(target.pop("job", job) or job, tuple(target.items()))


def _names(
    objects: Sequence[Mapping[str, Any]], job: str, matched: Sequence[str]
) -> tuple[str, str, str, str, int]:
    """Service, namespace, Deployment, container and port, as the manifests name them."""
    kinds: dict[str, list[Mapping[str, Any]]] = {"Service": [], "Deployment": []}
    for data in objects:
        kinds.get(str(data.get("kind")), []).append(data)
    service = _chosen(kinds["Service"], job)
    deployment = _chosen(kinds["Deployment"], job)
    meta = mapping((service or deployment).get("metadata"))
    fallback = job or (matched or ["app"])[0]
    pod = mapping(mapping(mapping(deployment.get("spec")).get("template")).get("spec"))
    containers = [mapping(item) for item in sequence(pod.get("containers"))] or [{}]
    ports = [mapping(item).get("containerPort") for item in sequence(containers[0].get("ports"))]
    return (
        str(meta.get("name") or fallback),
        str(meta.get("namespace") or mapping(deployment.get("metadata")).get("namespace") or "default"),
        str(mapping(deployment.get("metadata")).get("name") or meta.get("name") or fallback),
        str(containers[0].get("name") or "app"),
        next((port for port in ports if isinstance(port, int)), 8080),
    )


def _chosen(found: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    named = [data for data in found if mapping(data.get("metadata")).get("name") == name]
    return next(iter([*named, *found]), {})


def _declared(files: Sequence[tuple[str, str, str]]) -> list[_Declared] | None:
    """The metrics that Python code declares; None where there is none, or where a library declares them."""
    from fcc.evaluations.contracts import _python
    from fcc.evaluations.contracts.facts import Elsewhere, Metric, Source

    found = [
        fact
        for path, _, text in files
        if path.endswith(".py")
        for fact in _python.collect(Source(path, "python", text))
    ]
    if any(isinstance(fact, Elsewhere) and fact.what == "metrics" for fact in found):
        return None
    metrics = [fact for fact in found if isinstance(fact, Metric)]
    return [
        _Declared(
            f"{fact.name.removesuffix('_total')}_total" if fact.type == "Counter" else fact.name,
            fact.type,
            fact.labels,
            fact.buckets,
        )
        for fact in metrics
        if fact.type in {"Counter", "Gauge", "Histogram", "Summary"}
    ] or None


def _guessed(asked: Mapping[str, list[Select]]) -> list[_Declared]:
    """Metrics by their names alone: `_bucket` is of a histogram, `_total` a counter."""
    histograms = {name.removesuffix("_bucket") for name in asked if name.endswith("_bucket")}
    found = [_Declared(name, "Histogram", None, None) for name in sorted(histograms)]
    for name in sorted(set(asked) - {"", "up"}):
        base = re.sub(r"_(?:bucket|sum|count)$", "", name)
        if base in histograms or is_foreign(name):
            continue
        if base != name:
            found += (
                [] if any(item.name == base for item in found) else [_Declared(base, "Summary", None, None)]
            )
        else:
            found.append(_Declared(name, "Counter" if name.endswith("_total") else "Gauge", None, None))
    return found


def _exported(
    item: _Declared, asked: Mapping[str, list[Select]], reserved: set[str], service: str
) -> Exported:
    series = [item.name, *(f"{item.name}_{suffix}" for suffix in ("bucket", "sum", "count"))]
    matchers = [
        matcher
        for name in series
        for select in asked.get(name, ())
        for matcher in select.matchers
        if matcher.label not in reserved
    ]
    labels = sorted(
        {matcher.label for matcher in matchers} if item.labels is None else item.labels - reserved
    )
    told = next((name for name in labels if name in _STATUS), "")
    values = {
        name: _values(name, [matcher for matcher in matchers if matcher.label == name], service)
        for name in labels
        if name != told
    }
    bounds = item.buckets or _bounds(asked.get(f"{item.name}_bucket", ()))
    return Exported(
        item.name,
        item.type,
        tuple(values.items()),
        (told, *_outcome([matcher for matcher in matchers if matcher.label == told])) if told else None,
        tuple(bound for bound in bounds if bound != float("inf")) if item.type == "Histogram" else (),
    )


def _bounds(found: Sequence[Select]) -> tuple[float, ...]:
    """The usual bounds, and those that the rules name."""
    named = set(_DEFAULT_BUCKETS)
    for text in (item.value for select in found for item in select.matchers if item.label == "le"):
        try:
            named.add(float(text))
        except ValueError:
            continue
    return tuple(sorted(named))


def _literals(matcher: Matcher) -> list[str]:
    """The values that a matcher writes out."""
    parts = [matcher.value] if "~" not in matcher.operator else matcher.value.strip("^$()").split("|")
    return [
        part for part in parts if _PLAIN.fullmatch(part) and ("~" not in matcher.operator or "." not in part)
    ]


def _holds(matcher: Matcher, value: str) -> bool:
    try:
        return matcher.test()(value)
    except NotUnderstoodError:
        return False


def _values(name: str, matchers: Sequence[Matcher], service: str) -> tuple[str, ...]:
    wanted = [value for matcher in matchers if "!" not in matcher.operator for value in _literals(matcher)]
    usual = _USUAL.get(name, service)
    return tuple(dict.fromkeys(wanted))[:_MOST_VALUES] or (usual,)


def _outcome(matchers: Sequence[Matcher]) -> tuple[str, str]:
    """The values for what went well and what did not, so that they fit what the rules ask for."""
    failing = [matcher for matcher in matchers if not any(_holds(matcher, good) for good in _GOOD)]
    passing = [matcher for matcher in matchers if matcher not in failing and "!" not in matcher.operator]
    literals = [value for matcher in failing for value in _literals(matcher) if value]
    bad = next(
        (value for value in (*_BAD, *literals) if any(_holds(matcher, value) for matcher in failing)), "500"
    )
    literals = [value for matcher in passing for value in _literals(matcher)]
    good = next(
        (value for value in (*_GOOD, *literals) if any(_holds(matcher, value) for matcher in passing)),
        _GOOD[0] if bad.isdigit() else "2xx" if bad.lower() == "5xx" else "success",
    )
    return good, bad
