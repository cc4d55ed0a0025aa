"""Rules about monitoring: what is asked must be exported and scraped."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from fcc.evaluations.contracts import _promql
from fcc.evaluations.contracts._likeness import Likeness
from fcc.evaluations.contracts._lookup import by_label, labelled, listed, own, selected, services
from fcc.evaluations.contracts._promql import Selector
from fcc.evaluations.contracts.facts import (
    AlertLabel,
    Elsewhere,
    Facts,
    Metric,
    Query,
    Route,
    Scrape,
    Selection,
    Service,
    Workload,
)
from fcc.evaluations.contracts.rule import Clash, rule

_CLOSE = 0.75
"""From which of `difflib`'s ratios on a name is meant to be another."""
_METRIC = re.compile(r"[A-Za-z]\w*_\w+")
_LANGUAGES = frozenset(
    [
        "go",
        "golang",
        "js",
        "javascript",
        "jsx",
        "mjs",
        "cjs",
        "ts",
        "typescript",
        "tsx",
        "mts",
        "cts",
        "java",
        "kt",
        "kts",
        "kotlin",
        "scala",
        "groovy",
        "clj",
        "cs",
        "csharp",
        "fs",
        "vb",
        "rb",
        "ruby",
        "php",
        "rs",
        "rust",
        "c",
        "h",
        "cc",
        "cpp",
        "cxx",
        "hpp",
        "ex",
        "exs",
        "elixir",
        "erl",
        "erlang",
        "swift",
        "lua",
        "pl",
        "perl",
        "r",
        "jl",
        "dart",
        "hs",
        "ml",
        "zig",
        "cr",
    ]
)
"""Suffixes of files, and names in fences, of languages with a client library of Prometheus."""
_SUFFIXES = {
    "Histogram": ("_bucket", "_sum", "_count", "_created", ""),
    "Summary": ("_sum", "_count", "_created", ""),
    "Counter": ("_total", "_created", ""),
    "Info": ("_info",),
    "Gauge": ("",),
    "Enum": ("",),
}
_OTHERS = re.compile(
    r"(?:up|ALERTS\w*|scrape_\w+|(?:kube|container|node|process|python|go|kubelet|apiserver|prometheus|alertmanager"
    r"|machine|cadvisor|nginx|istio|envoy|probe|DCGM|nvidia|mysql|pg|postgres|redis|kafka|rabbitmq|jvm|fluentbit|fluentd|loki"
    r"|grafana|certmanager|traefik|haproxy|argocd|keda|net|blackbox|aws|gcp|stackdriver|cloudwatch|bentoml|vllm|nv"
    r"|triton|ts|ray|rest|workqueue|etcd|coredns|windows|mongodb|elasticsearch|windows|otelcol)_\w+)$"
)
_TARGET_LABELS = {
    "job", "instance", "pod", "namespace", "node", "cluster", "service", "endpoint", "container", "region", "zone",
    "environment", "env", "app", "le", "quantile", "exported_job", "exported_instance", "__name__", "kubernetes_pod_name",
    "kubernetes_namespace", "pod_name", "deployment", "version", "team", "replica", "monitor", "host", "prometheus",
}  # fmt: skip


def _known(facts: Facts) -> dict[str, Metric]:
    """Every name under which a declared metric is exported."""
    found: dict[str, Metric] = {}
    for metric in facts.of(Metric):
        name = metric.name.removesuffix("_total") if metric.type == "Counter" else metric.name
        for suffix in _SUFFIXES.get(metric.type, ("",)):
            found[name + suffix] = metric
    return found


def _metrics(facts: Facts) -> Iterator[Clash]:
    known = _known(facts)
    if not known or any(item.what == "metrics" for item in facts.of(Elsewhere)):
        return
    recorded = {query.record for query in facts.of(Query) if query.record}
    likeness, foreign = facts.once(Likeness), _foreign(facts)
    others = {_base(word) for text in foreign for word in _METRIC.findall(text)}
    jobs = {_job(item) for query in facts.of(Query) for item in _selectors(query) if item.metric in known}
    for query in facts.of(Query):
        for name, job in dict.fromkeys((item.metric, _job(item)) for item in _selectors(query)):
            if (
                name in known
                or name in recorded
                or ":" in name
                or _OTHERS.match(name)
                or _base(name) in others
            ):
                continue
            near = likeness.best("metrics", name, known, _CLOSE)
            if near is None and foreign:
                continue
            sure = near is not None or job in jobs - {""}  # of this job the code is here
            declared = known[near] if near is not None else next(iter(known.values()))
            yield Clash(
                query.place,
                f"asks for metric `{name}`, which the code does not declare",
                f"Declare it, or ask for one that is there, such as `{declared.name}`.",
                declared.place,
                None if sure else "warning",
            )


def _foreign(facts: Facts) -> list[str]:
    """The sources in other languages than Python, which may declare metrics, too."""
    return [
        source.text
        for source in facts.sources
        if source.file.rpartition(".")[2].lower() in _LANGUAGES or source.kind in _LANGUAGES
    ]


def _base(name: str) -> str:
    return re.sub(r"(?:_total|_bucket|_sum|_count|_created|_info)$", "", name)


def _selectors(query: Query) -> tuple[Selector, ...]:
    return _promql.read(query.expr).selectors


def _job(selector: Selector) -> str:
    return next(
        (value for label, operator, value in selector.labels if (label, operator) == ("job", "=")), ""
    )


def _labels(facts: Facts) -> Iterator[Clash]:
    known = _known(facts)
    if any(item.what == "labels" for item in facts.of(Elsewhere)):
        return
    for query in facts.of(Query):
        expression = _promql.read(query.expr)
        asked = [(item.metric, label) for item in expression.selectors for label, _, _ in item.labels]
        metrics = {item.metric for item in expression.selectors}
        if len(metrics) == 1 and not expression.rewrites:
            asked += [(metric, label) for metric in metrics for label in sorted(expression.grouping)]
        for name, label in dict.fromkeys(asked):
            metric = known.get(name)
            if metric is None or metric.labels is None or label in metric.labels | _TARGET_LABELS:
                continue
            yield Clash(
                query.place,
                f"asks for label `{label}` of `{name}`, which is declared with {listed(metric.labels)}",
                "Declare the label, or ask for one that is there.",
                metric.place,
            )


def _jobs(facts: Facts) -> Iterator[Clash]:
    scrapes = [item for item in facts.of(Scrape) if item.job]
    if not scrapes or any(item.what == "jobs" for item in facts.of(Elsewhere)):
        return
    names = {item.job for item in scrapes}
    for query in facts.of(Query):
        for name in dict.fromkeys(map(_job, _selectors(query))):
            if name and name not in names and "$" not in name:
                yield Clash(
                    query.place,
                    f"asks for job `{name}`, but Prometheus scrapes {listed(names)}",
                    "Ask for a job that is scraped.",
                    scrapes[0].place,
                )


def _scrape_port(facts: Facts) -> Iterator[Clash]:
    for workload in facts.of(Workload):
        numbers = {port.number for container in workload.containers for port in container.ports}
        told = workload.annotations.get("prometheus.io/port", "")
        if told.isdigit() and numbers and int(told[:6]) not in numbers:
            yield Clash(
                workload.annotations_place,
                f"pods of `{workload.name}` are scraped on port {told}, but declare {listed(numbers)}",
                "Scrape a port of the container.",
                next(port.place for container in workload.containers for port in container.ports),
            )
    containers = [container for _, container in own(facts) if container.ports]
    numbers = {port.number for container in containers for port in container.ports}
    for scrape in facts.of(Scrape):
        if scrape.ports and numbers and not set(scrape.ports) & numbers:
            yield Clash(
                scrape.place,
                f"job `{scrape.job}` keeps containers with port {listed(scrape.ports)}, but they declare "
                f"{listed(numbers)}",
                "Keep the container's port.",
                containers[0].ports[0].place,
            )


def _scrape_path(facts: Facts) -> Iterator[Clash]:
    served = [route for route in facts.of(Route) if "metrics" in route.path]
    told = [(item.path, item.path_place) for item in facts.of(Scrape) if item.path]
    told += [
        (workload.annotations["prometheus.io/path"], workload.annotations_place)
        for workload in facts.of(Workload)
        if "prometheus.io/path" in workload.annotations
    ]
    paths = {route.path.rstrip("/") for route in served}
    for path, place in told:
        if served and len(told) == 1 and path.rstrip("/") not in paths:
            message = f"metrics are scraped at `{path}`, but the application serves {listed(paths)}"
            yield Clash(place, message, "Scrape the path that is served.", served[0].place)


def _monitors(facts: Facts) -> Iterator[Clash]:
    by_labels, everywhere = by_label(facts.of(Service)), facts.once(services)
    for item in facts.of(Selection):
        if item.kind == "PodMonitor" and item.simple:
            pods = [port for found in selected(facts, item) for one in found.containers for port in one.ports]
            near = [(port.name, port.place) for port in pods]
        elif item.kind == "ServiceMonitor" and item.simple and item.labels:
            chosen = labelled(by_labels, item.namespace, item.labels)
            inside = [] if chosen else everywhere.find(item.namespace)
            if inside:
                labels = listed(f"{key}: {value}" for key, value in item.labels.items())
                message = f"ServiceMonitor `{item.name}` selects {labels}, which no Service here has"
                yield Clash(item.place, message, "Select labels of the Service.", inside[0].place)
            near = [(port.name, port.place) for service in chosen for port in service.ports]
        else:
            continue
        names = {name for name, _ in near}
        for port in item.ports or ():
            if near and port.name not in names:
                message = (
                    f"{item.kind} `{item.name}` scrapes port `{port.name}`, but there is {listed(names)}"
                )
                yield Clash(port.place, message, "Scrape a port by a name that it has.", near[0][1])


def _alert_labels(facts: Facts) -> Iterator[Clash]:
    alerts = [query for query in facts.of(Query) if query.alert]
    by_name: dict[str, list[str]] = {}
    for query in alerts:
        for name, value in query.labels.items():
            by_name.setdefault(name, []).append(value)
    for asked in facts.of(AlertLabel):
        values = by_name.get(asked.name, [])
        if alerts and asked.value not in values and not any("{{" in value for value in values):
            yield Clash(
                asked.place,
                f"waits for alerts with {asked.name} `{asked.value}`, but no alert has it ({listed(values)})",
                "Label the alerts that it is for.",
                alerts[0].place,
            )


def _severity(facts: Facts) -> Iterator[Clash]:
    for query, names in _alerts(facts, lambda query: "severity" in query.labels):
        yield Clash(query.place, f"no severity: {names}", "Label each, so that it can be routed.")


def _runbook(facts: Facts) -> Iterator[Clash]:
    for query, names in _alerts(facts, lambda query: any("runbook" in key for key in query.labels)):
        yield Clash(query.place, f"no runbook: {names}", "Annotate each with a runbook_url.")


def _alerts(facts: Facts, fits: Callable[[Query], bool]) -> Iterator[tuple[Query, str]]:
    """The first alert of each file that does not fit, with the names of all that do not."""
    by_file: dict[str, list[Query]] = {}
    for query in facts.of(Query):
        if query.alert and not fits(query):
            by_file.setdefault(query.place.file, []).append(query)
    for queries in by_file.values():
        yield queries[0], listed(query.alert for query in queries)


RULES = (
    rule(
        "metric-declared", "error", "Alerts and dashboards ask for metrics that the code declares", _metrics
    ),
    rule("metric-labels", "warning", "Alerts and dashboards ask for labels that the metric has", _labels),
    rule("scrape-job", "error", "Alerts and dashboards ask for jobs that are scraped", _jobs),
    rule("scrape-port", "error", "Metrics are scraped at a port of the container", _scrape_port),
    rule("scrape-path", "error", "Metrics are scraped at the path that is served", _scrape_path),
    rule("monitor-selector", "error", "Monitors select Services and ports that are there", _monitors),
    rule("alert-label", "error", "Scripts wait for labels that alerts have", _alert_labels),
    rule("alert-severity", "advice", "Alerts have a severity", _severity),
    rule("alert-runbook", "advice", "Alerts link a runbook", _runbook),
)
