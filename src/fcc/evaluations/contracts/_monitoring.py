"""Facts of alert rules, dashboards and Prometheus' own configuration."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from fcc.evaluations.contracts import facts
from fcc.evaluations.contracts._lines import Lines
from fcc.evaluations.contracts._nodes import Node
from fcc.evaluations.contracts.facts import Source
from fcc.simulation import Place

_EXPR = re.compile(r'"expr"\s*:\s*"')
_PORT_LABELS = {
    "__meta_kubernetes_pod_container_port_number",
    "__meta_kubernetes_service_port_number",
    "__meta_kubernetes_endpoint_port",
}
_DEEPEST = 40


def rules(node: Node) -> Iterator[facts.Query]:
    """The expressions of groups of alerting and recording rules."""
    for group in node.get("groups").items:
        for item in group.get("rules").items:
            expr = item.get("expr")
            if not expr.text:
                continue
            notes = item.get("annotations")
            yield facts.Query(
                expr=expr.text,
                alert=item.get("alert").text,
                record=item.get("record").text,
                text=" ".join(value for key, value in notes.labels.items() if not key.endswith("_url")),
                labels=item.get("labels").labels | {f"annotations.{key}": "" for key, _ in notes.entries},
                limits=(),
                place=expr.place,
            )


def scrapes(node: Node) -> Iterator[Any]:
    """The jobs of a Prometheus configuration."""
    for item in node.get("scrape_configs").items:
        job = item.get("job_name")
        ports: list[int] = []
        for relabeling in item.get("relabel_configs").items:
            action, target = relabeling.get("action").text, relabeling.get("target_label").text
            if action == "labelmap":
                yield facts.Elsewhere("labels", relabeling.place)
            if target == "job":
                yield facts.Elsewhere("jobs", relabeling.place)
            kept = set(relabeling.get("source_labels").texts)
            if action == "keep" and len(kept) == 1 and kept <= _PORT_LABELS:
                ports += [int(part) for part in relabeling.get("regex").text.split("|") if part.isdigit()]
        path = item.get("metrics_path")
        yield facts.Scrape(job.text, path.text, tuple(ports), job.place, path.place)
    if node.get("scrape_config_files"):
        yield facts.Elsewhere("jobs", node.place)


def dashboard(source: Source) -> Iterator[Any]:
    """The Prometheus queries of a Grafana dashboard."""
    try:
        data = json.loads(source.text)
    except (ValueError, RecursionError):
        return
    found = Lines(source.text)
    lines = [found.at(match.start()) for match in _EXPR.finditer(source.text)]
    queries = list(_queries(data, (), prometheus=True, depth=0))
    known = len(lines) == len(queries)
    for at, (expr, limits, is_prometheus) in enumerate(queries):
        line = lines[at] if known else lines[0] if lines else 1
        if is_prometheus and expr:
            yield facts.Query(expr, "", "", "", {}, limits, Place(source.file, line))


def _queries(
    value: Any, limits: tuple[float, ...], *, prometheus: bool, depth: int
) -> Iterator[tuple[str, tuple[float, ...], bool]]:
    """Each `expr` in the order of the file, with its panel's limits and whether Prometheus is asked."""
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for item in value:
            yield from _queries(item, limits, prometheus=prometheus, depth=depth + 1)
    if not isinstance(value, dict):
        return
    if "datasource" in value:
        prometheus = _asks_prometheus(value["datasource"])
    limits = _limits(value) or limits
    for key, item in value.items():
        if key == "expr" and isinstance(item, str):
            yield item, limits, prometheus
        else:
            yield from _queries(item, limits, prometheus=prometheus, depth=depth + 1)


def _asks_prometheus(datasource: Any) -> bool:
    kind = datasource.get("type") if isinstance(datasource, dict) else None
    name = str(datasource).lower()
    return kind == "prometheus" or (
        kind is None and not any(other in name for other in ("loki", "elastic", "influx", "tempo"))
    )


def _limits(panel: dict[str, Any]) -> tuple[float, ...]:
    value: Any = panel
    for key in ("fieldConfig", "defaults", "thresholds", "steps"):
        value = value.get(key) if isinstance(value, dict) else None
    steps = value if isinstance(value, list) else []
    found = [step.get("value") for step in steps if isinstance(step, dict)]
    return tuple(
        float(number) for number in found if isinstance(number, int | float) and not isinstance(number, bool)
    )
