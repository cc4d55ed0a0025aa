"""The rules over the facts of a set of artifacts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from fcc.evaluations.contracts import (
    _container,
    _docs,
    _helm,
    _kubernetes,
    _ml,
    _monitoring,
    _nodes,
    _python,
    _scripts,
    _text,
    _workflow,
    facts,
    rules_docs,
    rules_helm,
    rules_images,
    rules_ml,
    rules_monitoring,
    rules_ports,
    rules_probes,
    rules_references,
    rules_request,
    rules_secrets,
    rules_sla,
    rules_workflow,
    rules_workloads,
)
from fcc.evaluations.contracts._commands import Script
from fcc.evaluations.contracts._nodes import Node
from fcc.evaluations.contracts.facts import Context, Facts, Source
from fcc.evaluations.contracts.rule import Rule
from fcc.simulation import Finding, Place

RULES: tuple[Rule, ...] = (
    *rules_images.RULES,
    *rules_ports.RULES,
    *rules_probes.RULES,
    *rules_workloads.RULES,
    *rules_references.RULES,
    *rules_helm.RULES,
    *rules_workflow.RULES,
    *rules_monitoring.RULES,
    *rules_sla.RULES,
    *rules_docs.RULES,
    *rules_request.RULES,
    *rules_secrets.RULES,
    *rules_ml.RULES,
)
"""Every rule, grouped by subject; each id once."""

LONGEST = 500_000
"""How many characters an artifact may have; of a longer one nothing is read."""

_NOTHING_ASKED = Context()


def check_contracts(sources: Sequence[Source], context: Context = _NOTHING_ASKED) -> tuple[Finding, ...]:
    """What does not agree in a set of artifacts, in the order of rule, file and line.

    A rule says nothing where one of its sides is not there, and a text that can't be read has no facts. Pure.
    """
    known = collect(sources, context)
    found = dict.fromkeys(finding for rule in RULES for finding in rule.check(known))
    return tuple(sorted(found, key=lambda item: (item.rule, item.file, item.line, item.message)))


def collect(sources: Sequence[Source], context: Context = _NOTHING_ASKED) -> Facts:
    """The facts of a set of artifacts."""
    found = [fact for source in sources for fact in _facts(source)]
    templates = [source for source in sources if source.kind == "helm_template"]
    if templates:
        found += _rendered(templates, [fact for fact in found if isinstance(fact, _helm.Values)], found)
    return Facts(found, tuple(sources), context)


def _rendered(templates: list[Source], values: list[_helm.Values], found: list[Any]) -> Iterator[Any]:
    """What the charts make of which every template can be filled in; of any other chart too much would be missing."""
    versions = {fact.folder: fact.version for fact in found if isinstance(fact, _helm.Chart)}
    placed = {(fact.kind, fact.name): fact for fact in found if isinstance(fact, facts.Workload)}
    by_chart: dict[str, list[Source]] = {}
    for item in templates:
        if len(item.text) <= LONGEST:
            by_chart.setdefault(_helm.chart_of(item.file), []).append(item)
    for chart in values:
        own = by_chart.get(chart.folder, [])
        texts = [_helm.render(item.text, chart.data, versions.get(chart.folder, "")) for item in own]
        for source, text in zip(own, texts, strict=True) if None not in texts else ():
            for node in _nodes.documents(text or "", source.file) or ():
                yield from _made(node, placed)


def _made(node: Node, placed: dict[tuple[str, str], facts.Workload]) -> Iterator[Any]:
    """The facts of an object of a chart; one that a manifest describes, too, is in that one's namespace."""
    for fact in _kubernetes.collect(node) if _kubernetes.is_object(node) else ():
        if isinstance(fact, facts.Workload) and (fact.kind, fact.name) in placed:
            yield fact._replace(namespace=fact.namespace or placed[fact.kind, fact.name].namespace)
        elif not isinstance(fact, facts.Image):
            yield fact


@lru_cache(maxsize=256)
def _facts(source: Source) -> tuple[Any, ...]:
    """The facts of one artifact; of one that can't be read, that there may be more than is seen."""
    collect_document, collect_text = _DOCUMENTS.get(source.kind), _TEXTS.get(source.kind)
    if len(source.text) > LONGEST:
        return (facts.Elsewhere("objects", Place(source.file, 1)),)
    found: list[Any] = []
    if collect_document is not None:
        nodes = _nodes.documents(source.text, source.file)
        found += [facts.Elsewhere("objects", Place(source.file, 1))] if nodes is None else []
        found += [fact for node in nodes or () for fact in collect_document(node, source)]
    elif collect_text is not None:
        found += collect_text(source)
    return (*found, *_text.instructions(source), *_text.shaped(source))


def _yaml(node: Node, source: Source) -> Iterator[Any]:
    if _ml.is_contract(node):
        yield from _ml.read_yaml(node)
    elif _kubernetes.is_object(node):
        yield from _kubernetes.collect(node)
        yield from _text.environment(node)
        yield from _monitoring.rules(node.get("spec"))
    elif _workflow.is_workflow(node):
        yield from _workflow.collect(node, source.file, source.text.split("\n"))
        yield from _text.settings(node)
        yield from _docs.build(node, source)
    elif node.get("groups").items:
        yield from _monitoring.rules(node)
    elif node.get("scrape_configs").items:
        yield from _monitoring.scrapes(node)
        yield from _text.values(node)
    elif source.kind == "docker_compose":
        yield from _container.compose(node)
        for found in _text.values(node):  # a compose file is mostly for one's own machine
            yield found._replace(placeholder=True)
    else:
        yield from _container.named(node, 0)
        yield from _docs.plan(node)
        yield from _ml.read_yaml(node)


def _values(node: Node, source: Source) -> Iterator[Any]:
    yield from _helm.values(node, source.file)
    yield from _text.values(node)


def _chart(node: Node, source: Source) -> Iterator[Any]:
    yield from _helm.chart(node, source.file)


def _shell(source: Source) -> Iterator[Any]:
    yield from _scripts.collect(Script(source.file, source.text, 1, "script", {}))
    yield from _text.assigned(source)


def _markdown(source: Source) -> Iterator[Any]:
    yield from _docs.page(source)
    yield from _ml.read_markdown(source)


def _dockerfile(source: Source) -> Iterator[Any]:
    yield from _container.dockerfile(source)
    yield from _text.assigned(source)


_DOCUMENTS: dict[str, Callable[[Node, Source], Iterator[Any]]] = {
    "docker_compose": _yaml,
    "github_workflow": _yaml,
    "helm_chart_yaml": _chart,
    "helm_values": _values,
    "kubernetes": _yaml,
    "mkdocs": _docs.site,
    "prometheus_rules": _yaml,
    "yaml": _yaml,
}
_TEXTS: dict[str, Callable[[Source], Iterator[Any]]] = {
    "dockerfile": _dockerfile,
    "grafana_dashboard": _monitoring.dashboard,
    "helm_template": _helm.template,
    "json": _ml.read_json,
    "markdown": _markdown,
    "md": _ml.read_markdown,
    "python": _python.collect,
    "shell": _shell,
}
