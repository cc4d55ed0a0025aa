"""Helm's `Chart.yaml`, by https://helm.sh/docs/topics/charts/#the-chartyaml-file and what `helm lint` asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from fcc import _yaml
from fcc.evaluations.validators.check import documents, error, line_of, mapping, sequence, warning
from fcc.simulation import Finding

_TEXTS = {"apiVersion", "name", "version", "kubeVersion", "description", "type", "home", "icon", "appVersion"}
_LISTS = {"keywords", "sources", "dependencies", "maintainers"}
_KNOWN = {*_TEXTS, *_LISTS, "deprecated", "annotations", "condition", "tags"}
_OLD = {"engine", "tillerVersion"}
_DEPENDENCY = {"name", "version", "repository", "condition", "tags", "enabled", "import-values", "alias"}
_PART = r"(?:0|[1-9][0-9]*)"
_VERSION = re.compile(rf"v?{_PART}(?:\.{_PART}){{0,2}}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?")
_CONSTRAINT = re.compile(r"[\w.+*<>=!~^,| -]+", re.ASCII)
_NAME = re.compile(r"[^\s/\\]+")
_ALIAS = re.compile(r"[A-Za-z0-9_-]+")
_MAIL = re.compile(r"[^@\s]+@[^@\s]+")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")


def check(text: str) -> Iterator[Finding]:
    """The findings on a chart's description."""
    found, refused = documents(text, "helm-yaml")
    yield from refused
    if refused:
        return
    if len(found) != 1 or not isinstance(found[0].data, dict):
        hint = "Start with `apiVersion: v2`, `name:` and `version:`."
        yield error("helm-chart", "a Chart.yaml is one mapping", 1, hint)
        return
    chart = found[0]
    yield from _required(chart)
    yield from _types(chart)
    yield from _values(chart)
    yield from _dependencies(chart)
    yield from _people(chart)


def _required(chart: _yaml.Document) -> Iterator[Finding]:
    for key, example in (("apiVersion", "v2"), ("name", "web"), ("version", "0.1.0")):
        value = chart.data.get(key)
        if value is None or value == "":
            yield error(
                "helm-chart-field", f"`{key}` is missing", line_of(chart, (key,)), f"Add `{key}: {example}`."
            )


def _types(chart: _yaml.Document) -> Iterator[Finding]:
    for key, value in chart.data.items():
        line = line_of(chart, (key,))
        if value is None:
            continue
        if key in _TEXTS and not isinstance(value, str):
            hint = "Put it in quotes." if isinstance(value, int | float) else "Write a text."
            yield error("helm-chart-type", f"`{key}` must be a text", line, hint)
        elif key in _LISTS and not isinstance(value, list):
            yield error("helm-chart-type", f"`{key}` must be a list", line, "Start each entry with `-`.")
        elif key == "annotations" and not isinstance(value, dict):
            yield error(
                "helm-chart-type", "`annotations` must be a mapping", line, "Write `name: text` below it."
            )
        elif key == "deprecated" and not isinstance(value, bool):
            yield error(
                "helm-chart-type", "`deprecated` must be true or false", line, "Write `deprecated: true`."
            )
        elif key not in _KNOWN | _OLD:
            near = get_close_matches(key[:60], _KNOWN, 1)
            hint = f"Did you mean `{near[0]}`?" if near else "Put it under `annotations`."
            yield warning("helm-chart-unknown", f"a Chart.yaml has no `{key[:60]}`", line, hint)


def _values(chart: _yaml.Document) -> Iterator[Finding]:
    api = _text(chart.data.get("apiVersion"))
    forms = {
        "apiVersion": (re.compile("v[12]"), "must be v1 or v2", "Write `apiVersion: v2`."),
        "name": (_NAME, "can't be a chart's name", "Use lower-case letters, digits and `-`."),
        "version": (_VERSION, "is no version by SemVer 2", "Write it as in 1.2.3."),
        "type": (
            re.compile("application|library"),
            "must be application or library",
            "Write `type: application`.",
        ),
        "kubeVersion": (_CONSTRAINT, "is no range of versions", 'Write it as in ">=1.25.0-0".'),
        "icon": (_URL, "is no URL", "Write it with https://."),
    }
    for key, (form, message, hint) in forms.items():
        value = _text(chart.data.get(key))
        if value and not form.fullmatch(value):
            yield error("helm-chart-value", f"`{key}`: {value[:60]} {message}", line_of(chart, (key,)), hint)
    for key in ("dependencies", "type"):
        if api == "v1" and key in chart.data:
            message = f"`{key}` is read in charts of apiVersion v2 only"
            yield warning("helm-chart-v1", message, line_of(chart, (key,)), "Write `apiVersion: v2`.")
    for index, source in enumerate(sequence(chart.data.get("sources"))):
        if not isinstance(source, str) or not _URL.fullmatch(source):
            message = f"`sources`: {str(source)[:60]} is no URL"
            yield error(
                "helm-chart-value", message, line_of(chart, ("sources", index)), "Write it with https://."
            )


def _dependencies(chart: _yaml.Document) -> Iterator[Finding]:
    taken: set[str] = set()
    for index, each in enumerate(sequence(chart.data.get("dependencies"))):
        path = ("dependencies", index)
        line = line_of(chart, path)
        if not isinstance(each, dict):
            yield error(
                "helm-dependency",
                "a dependency must be a mapping",
                line,
                "Write name, version and repository.",
            )
            continue
        yield from _dependency(chart, each, path)
        name = _text(each.get("alias")) or _text(each.get("name"))
        if name and name in taken:
            message = f"`{name[:60]}` is there twice"
            yield error("helm-dependency", message, line, "Give one of them an `alias`.")
        taken.add(name)


def _dependency(
    chart: _yaml.Document, each: dict[str, Any], path: tuple[str | int, ...]
) -> Iterator[Finding]:
    line = line_of(chart, path)
    if not _text(each.get("name")):
        yield error("helm-dependency", "a dependency needs a `name`", line, "Name the chart.")
    if each.get("version") is None and _text(each.get("repository")):
        yield warning("helm-dependency", "a dependency needs a `version`", line, 'Write it as in "~1.2.0".')
    for key, value in each.items():
        here = line_of(chart, (*path, key))
        if key in {"tags", "import-values"}:
            wrong, wanted = value is not None and not isinstance(value, list), "a list"
        elif key == "enabled":
            wrong, wanted = not isinstance(value, bool), "true or false"
        else:
            wrong, wanted = value is not None and not isinstance(value, str), "a text"
        if key not in _DEPENDENCY:
            yield warning("helm-chart-unknown", f"a dependency has no `{key[:60]}`", here, "Take it out.")
        elif wrong:
            yield error(
                "helm-dependency", f"`{key}` of a dependency must be {wanted}", here, f"Write {wanted}."
            )
        elif key == "version" and value and not _CONSTRAINT.fullmatch(value):
            yield error(
                "helm-dependency", f"{value[:60]} is no range of versions", here, 'Write it as in "~1.2.0".'
            )
        elif key == "alias" and value and not _ALIAS.fullmatch(value):
            yield error(
                "helm-dependency",
                f"{value[:60]} can't be an alias",
                here,
                "Use letters, digits, `-` and `_`.",
            )


def _people(chart: _yaml.Document) -> Iterator[Finding]:
    for index, each in enumerate(sequence(chart.data.get("maintainers"))):
        line = line_of(chart, ("maintainers", index))
        if not isinstance(each, dict) or not _text(each.get("name")):
            yield error("helm-maintainer", "a maintainer needs a `name`", line, "Write `- name: …`.")
            continue
        mail, url = mapping(each).get("email"), mapping(each).get("url")
        if mail and not _MAIL.fullmatch(str(mail)):
            yield error("helm-maintainer", f"{str(mail)[:60]} is no address", line, "Write name@example.com.")
        if url and not _URL.fullmatch(str(url)):
            yield error("helm-maintainer", f"{str(url)[:60]} is no URL", line, "Write it with https://.")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
