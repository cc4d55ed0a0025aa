"""Facts of files about a model that is trained: data contracts, feature definitions, training configurations, validation
reports, model cards and hand-over packs.

Data contracts are read as the Open Data Contract Standard and the Data Contract Specification have them
(bitol-io.github.io/open-data-contract-standard, datacontract-specification.com), model cards by the metadata of Hugging
Face's (huggingface.co/docs/hub/model-cards); the others by the keys that their names say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from fcc.evaluations.contracts._nodes import Node, documents
from fcc.evaluations.contracts.facts import Source
from fcc.simulation import Place

_PERSONAL = frozenset({"pii", "personal", "personal data", "sensitive", "sensitive personal data"})
_SOURCES = ("from", "source", "sources", "source_columns", "columns")
_PATH = re.compile(r"\w{1,100}(?:\.\w{1,100}){0,5}")
"""A column as such a file names it; what says more than a name can't be told."""
_CARD = re.compile(r"---\n(.*?\n)---\n", re.DOTALL)


class Column(NamedTuple):
    """A column of a data contract."""

    table: str
    name: str
    personal: bool
    place: Place


class Feature(NamedTuple):
    """A feature that is defined."""

    name: str
    sources: tuple[tuple[str, Place], ...]
    """The columns that it is made from, as `column` or `table.column`."""
    place: Place


class Use(NamedTuple):
    """A feature that a training configuration or a hand-over pack names."""

    name: str
    by: str
    """Which of them, in words."""
    place: Place


class Target(NamedTuple):
    """What is predicted."""

    name: str
    sources: tuple[str, ...]
    place: Place


class Named(NamedTuple):
    """What a file calls its model."""

    model: str
    version: str
    """"" where it does not say."""
    by: str
    """What file it is, in words."""
    place: Place
    version_place: Place


class Measure(NamedTuple):
    """A figure that a file says was measured."""

    name: str
    """The metric; "" for the one that decides."""
    group: str
    """"" for all of the data."""
    value: float
    minimum: float | None
    by: str
    place: Place


class Digest(NamedTuple):
    """What a hand-over pack says of the file that is the model."""

    text: str
    place: Place


class Report(NamedTuple):
    """A validation report."""

    decision: str
    """In lower case; "" where it has none."""
    place: Place


class Sliced(NamedTuple):
    """A column by whose values a training configuration wants groups to be told apart."""

    column: str
    place: Place


def read_yaml(node: Node) -> Iterator[Any]:
    """The facts of a YAML or JSON document, where it is one of those files; else none."""
    for fits, collect in _FORMS:
        if fits(node):
            yield from collect(node)
            return


def read_json(source: Source) -> Iterator[Any]:
    """The facts of a JSON file."""
    if source.text.lstrip()[:1] == "{" and '"artifact"' in source.text:
        for node in documents(source.text, source.file) or ():
            yield from read_yaml(node)


def read_markdown(source: Source) -> Iterator[Any]:
    """The facts of a model card, or of a text that is one JSON value."""
    if source.text.startswith("{"):
        yield from read_json(source)
        return
    match = _CARD.match(source.text)
    if match and ("model-index:" in match[1] or "model_name:" in match[1]):
        for node in documents(f"\n{match[1]}", source.file) or ():  # so that lines are those of the file
            yield from _card(node)


def is_contract(node: Node) -> bool:
    """Whether a document is a data contract."""
    return node.get("kind").text == "DataContract" or bool(node.get("dataContractSpecification"))


def _contract(node: Node) -> Iterator[Any]:
    for table in node.get("schema").items:
        for column in table.get("properties").items:
            yield _column(table.get("name").text, column.get("name").text, column)
    for model, fields in node.get("models").entries:
        for name, field in fields.get("fields").entries:
            yield _column(model, name, field)


def _column(table: str, name: str, node: Node) -> Column:
    marks = {node.get("classification").text.lower(), *map(str.lower, node.get("tags").texts)}
    personal = node.get("pii").value is True or not marks.isdisjoint(_PERSONAL)
    place = node.get("name").place if node.get("name") else node.place
    return Column(table, name, personal, place)


def _is_definitions(node: Node) -> bool:
    features = node.get("features").items
    return any(item.get("name").text and item.first(*_SOURCES) for item in features)


def _definitions(node: Node) -> Iterator[Any]:
    yield from _model(node, node.get("version"), "the feature definitions")
    yield from _target(node)
    for item in node.get("features").items:
        named = item.first(*_SOURCES)
        sources = named.items or ([named] if named.text else [])
        found = tuple(
            (_path(source.text), source.place) for source in sources if _PATH.fullmatch(source.text)
        )
        if item.get("name").text:
            yield Feature(item.get("name").text, found, item.get("name").place)


def _path(text: str) -> str:
    """The table and the column of a path, without what stands before them."""
    return ".".join(text.split(".")[-2:])


def _is_training(node: Node) -> bool:
    listed = node.get("features").items
    settled = node.first("target", "label") and node.first("estimator", "split", "metric", "algorithm")
    return bool(settled and (not listed or any(item.text for item in listed)))


def _training(node: Node) -> Iterator[Any]:
    yield from _model(node.get("model"), node.get("model", "version"), "the training configuration")
    yield from _target(node)
    yield from _uses(node, "the training configuration")
    for item in node.get("slice_by").items:
        if item.text:
            yield Sliced(item.text, item.place)


def _is_report(node: Node) -> bool:
    measured = any(item.get("value").text and item.get("name").text for item in node.get("metrics").items)
    return bool(node.get("decision").text and (measured or node.get("slices")))


def _report(node: Node) -> Iterator[Any]:
    by = "the validation report"
    yield from _model(node.get("model"), node.get("model", "version"), by)
    yield Report(node.get("decision").text.strip().lower(), node.get("decision").place)
    for item in node.get("metrics").items:
        yield from _measure(item, item.get("name").text, "", by)
    for item in node.get("slices").items:
        yield from _measure(item, item.get("metric").text, item.first("group", "slice").text, by)


def _card(node: Node) -> Iterator[Any]:
    by = "the model card"
    first = next(iter(node.get("model-index").items), node)
    named = node.get("model_name") or first.get("name")
    if named.text:
        version = node.get("version")
        yield Named(named.text, version.text, by, named.place, version.place)
    for entry in node.get("model-index").items:
        for result in entry.get("results").items:
            for item in result.get("metrics").items:
                yield from _measure(item, item.get("type").text, "", by)


def _is_pack(node: Node) -> bool:
    return bool(node.get("model").text and node.get("artifact") and node.get("features").items)


def _pack(node: Node) -> Iterator[Any]:
    by = "the hand-over"
    yield from _model(node, node.get("version"), by)
    yield from _uses(node, by)
    digest = node.get("artifact").first("digest", "sha256")
    if digest.text:
        yield Digest(digest.text, digest.place)
    metric = node.get("metric")
    yield from _measure(metric, metric.get("name").text, "", by)


def _model(node: Node, version: Node, by: str) -> Iterator[Named]:
    """The name under `model` or, of a mapping of the model itself, under `name`."""
    name = node.first("model", "name") if node.entries else node
    name = name.get("name") if name.entries else name
    if name.text:
        yield Named(name.text, version.text, by, name.place, version.place)


def _target(node: Node) -> Iterator[Target]:
    target = node.first("target", "label")
    name = target.first("name", "column") if target.entries else target
    if name.text:
        yield Target(name.text, target.first(*_SOURCES).texts if target.entries else (), name.place)


def _uses(node: Node, by: str) -> Iterator[Use]:
    for item in node.get("features").items:
        if item.text:
            yield Use(item.text, by, item.place)


def _measure(node: Node, name: str, group: str, by: str) -> Iterator[Measure]:
    value, least = _number(node.get("value")), _number(node.first("minimum", "threshold", "required"))
    if value is not None and (name or group):
        yield Measure(name, group, value, least, by, node.get("value").place)


def _number(node: Node) -> float | None:
    value = node.value
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


_FORMS: tuple[tuple[Callable[[Node], bool], Callable[[Node], Iterator[Any]]], ...] = (
    (is_contract, _contract),
    (_is_definitions, _definitions),
    (_is_report, _report),
    (_is_pack, _pack),
    (_is_training, _training),
)
