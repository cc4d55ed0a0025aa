"""Facts of Helm charts: values, where templates use them, and simple templates filled in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from fcc.evaluations.contracts import facts
from fcc.evaluations.contracts._lines import Lines
from fcc.evaluations.contracts._nodes import Node
from fcc.evaluations.contracts.facts import Source
from fcc.simulation import Place

_ACTION = re.compile(r"\{\{([^{}]{0,1000})\}\}")
_USE = re.compile(r"(?<![\w\"])\$?\.Values((?:\.[A-Za-z_]\w*)+)")
_OPTIONAL = re.compile(
    r"\b(?:if|with|range|default|required|and|or|not|hasKey|dig|coalesce|empty|ternary|get|tpl|include|template)\b"
)
_SIMPLE = re.compile(
    r"(?:toYaml\s+|quote\s+)?\.(Values|Chart|Release)((?:\.\w+)+)(?:\s*\|\s*(?:quote|squote|int|toString|toYaml|n?indent\s+\d+))*$"
)
_MOST_DEPTH = 20


class Values(NamedTuple):
    """The values of a Helm chart."""

    folder: str
    data: Any
    lines: Mapping[tuple[str, ...], Place]
    place: Place


class ValueUse(NamedTuple):
    """A value that a template of a chart uses."""

    folder: str
    path: tuple[str, ...]
    place: Place


class Chart(NamedTuple):
    """A Chart.yaml."""

    folder: str
    version: str
    """Its appVersion."""
    place: Place


def folder_of(file: str, levels: int) -> str:
    """The folder that is `levels` above a file; "" for the uppermost."""
    parts = file.split("/")[:-levels]
    return "/".join(parts)


def chart_of(template: str) -> str:
    """The chart's folder, of a file somewhere under `templates/`; else the file's own folder."""
    before, found, _ = template.rpartition("/templates/")
    if found:
        return before
    return "" if template.startswith("templates/") else folder_of(template, 1)


def values(node: Node, file: str) -> Iterator[Any]:
    """The values of a chart, and the image that they name."""
    folder = folder_of(file, 1)
    lines = dict(_leaves(node, ()))
    if file.rpartition("/")[2] in {"values.yaml", "values.yml"}:
        yield Values(folder, node.value, lines, node.place)
    yield from _images(node, 0)


def _leaves(node: Node, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Place]]:
    yield path, node.place
    if len(path) < _MOST_DEPTH:
        for key, item in node.entries:
            yield from _leaves(item, (*path, key))


def _images(node: Node, depth: int) -> Iterator[facts.Image]:
    repository = node.get("repository")
    if repository.text and isinstance(repository.value, str) and (node.get("tag") or depth):
        registry = node.get("registry").text
        name = f"{registry}/{repository.text}" if registry else repository.text
        tag, digest = node.get("tag"), node.get("digest").text
        suffix = f"@{digest}" if digest else f":{tag.text or facts.UNKNOWN}"
        yield facts.Image(name + suffix, "chart", tag.place if tag else repository.place)
    if depth < _MOST_DEPTH:
        for key, item in node.entries:
            if "image" in key.lower() or not depth or item.entries:
                yield from _images(item, depth + 1)


def chart(node: Node, file: str) -> Iterator[Any]:
    """What a Chart.yaml says of the version that it deploys."""
    version = node.get("appVersion")
    if node.get("name").text:
        yield Chart(folder_of(file, 1), version.text, version.place)


def template(source: Source) -> Iterator[Any]:
    """Where a template uses values that it can't do without."""
    optional: set[tuple[str, ...]] = set()
    needed: list[ValueUse] = []
    lines, folder = Lines(source.text), chart_of(source.file)
    for match in _ACTION.finditer(source.text):
        action = match[1]
        used = [tuple(path[1:].split(".")) for path in _USE.findall(action)]
        if _OPTIONAL.search(action):
            optional |= {path[:depth] for path in used for depth in range(1, len(path) + 1)}
        elif not action.lstrip("- ").startswith("/*"):
            needed += [ValueUse(folder, path, Place(source.file, lines.at(match.start()))) for path in used]
    for use in needed:
        if not any(use.path[:depth] in optional for depth in range(1, len(use.path) + 1)):
            yield use


def render(text: str, chart_values: Any, chart_version: str) -> str | None:
    """A template whose every action is one value, filled in line by line; None of any other."""
    known: Mapping[str, Any] = {
        "Values": chart_values,
        "Chart": {"AppVersion": chart_version},
        "Release": {},
    }
    simple = True

    def fill(match: re.Match[str]) -> str:
        nonlocal simple
        action = _SIMPLE.match(match[1].strip("- \t\n"))
        if action is None:
            simple = False
            return ""
        value = known[action[1]]
        for key in action[2][1:].split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if value is None:
            return ""
        if isinstance(value, str) and "quote" not in match[1]:
            return value
        return json.dumps(value)

    filled = _ACTION.sub(fill, text)
    return filled if simple and "{{" not in filled else None
