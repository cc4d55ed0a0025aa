"""Rules about a chart: its own parts, and the manifests beside it."""

from __future__ import annotations

from collections.abc import Iterator

from fcc.evaluations.contracts._helm import Chart, Values, ValueUse
from fcc.evaluations.contracts._lookup import Name, compatible, images, listed, workloads
from fcc.evaluations.contracts.facts import UNKNOWN, Container, Facts, Image, Workload
from fcc.evaluations.contracts.rule import Clash, rule


def _values(facts: Facts) -> Iterator[Clash]:
    by_folder = {item.folder: item for item in facts.of(Values)}
    for use in facts.of(ValueUse):
        chart = by_folder.get(use.folder)
        if chart is None or not chart.lines:
            continue
        known = next(depth for depth in range(len(use.path), -1, -1) if use.path[:depth] in chart.lines)
        if known < len(use.path) and not _is_open(chart, use.path[:known]):
            yield Clash(
                use.place,
                f"uses `.Values.{'.'.join(use.path)}`, which values.yaml does not have",
                "Add it to values.yaml, or give it a default.",
                chart.lines[use.path[:known]],
            )


def _is_open(chart: Values, path: tuple[str, ...]) -> bool:
    """Whether a value is an empty mapping, to be filled by whoever installs the chart."""
    value = chart.data
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return bool(path) and value in ({}, None)


def _version(facts: Facts) -> Iterator[Clash]:
    charts = {item.folder: item for item in facts.of(Chart) if item.version}
    mains = {item.lines.get(("image", "tag")) for item in facts.of(Values)}
    for image, name in images(facts, "chart"):
        chart = charts.get(image.place.file.rpartition("/")[0])
        if chart is None or image.place not in mains or not name.tag or UNKNOWN in name.tag:
            continue
        if name.tag.removeprefix("v") != chart.version.removeprefix("v"):
            yield Clash(
                image.place,
                f"the chart deploys tag {name.tag}, but its appVersion is {chart.version}",
                "Give both the same version, or leave the tag empty and use appVersion.",
                chart.place,
            )


def _image(facts: Facts) -> Iterator[Clash]:
    manifests: dict[str, list[tuple[Image, Name]]] = {}
    for other, found in images(facts, "run"):
        manifests.setdefault(found.last, []).append((other, found))
    for image, name in images(facts, "chart"):
        if UNKNOWN in name.tag or not image.place.file.endswith(("/values.yaml", "values.yaml")):
            continue
        same = manifests.get(name.last, [])
        if same and not any(found[:2] == name[:2] for _, found in same):
            other, found = same[0]
            moved = found.repository != name.repository
            yield Clash(
                image.place,
                f"the chart deploys {name.repository}:{name.tag}, but the manifests run "
                f"{found.repository}:{found.tag}",
                "Deploy the same image both ways.",
                other.place,
                None if moved else "warning",
            )


def _same(facts: Facts) -> Iterator[Clash]:
    templates = {source.file for source in facts.sources if source.kind == "helm_template"}
    known = facts.once(workloads)
    for made in (item for item in facts.of(Workload) if item.place.file in templates and item.name):
        for other in known[made.kind, made.name]:
            if other.place.file in templates or not compatible(made.namespace, other.namespace):
                continue
            for container in made.containers:
                beside = next((item for item in other.containers if item.name == container.name), None)
                if beside is not None:
                    yield from _containers(container, beside)


def _containers(made: Container, other: Container) -> Iterator[Clash]:
    ports, others = {port.number for port in made.ports}, {port.number for port in other.ports}
    hint = "Give chart and manifest the same value."
    if ports and others and ports != others:
        message = f"the chart's container `{made.name}` declares port {listed(ports)}, the manifest's {listed(others)}"
        yield Clash(made.ports[0].place, message, hint, other.ports[0].place)
    beside = {probe.kind: probe for probe in other.probes}
    for probe in made.probes:
        match = beside.get(probe.kind)
        if match is not None and match.path != probe.path:
            message = f"the chart's {probe.kind} probe asks `{probe.path}`, the manifest's `{match.path}`"
            yield Clash(probe.path_place, message, hint, match.path_place)


RULES = (
    rule("chart-values", "error", "Values that a template needs are in values.yaml", _values),
    rule("chart-version", "warning", "A chart's appVersion is the tag that it deploys", _version),
    rule("chart-image", "error", "Chart and manifests deploy the same image", _image),
    rule("chart-manifest", "error", "Chart and manifests of one workload agree on ports and probes", _same),
)
