"""Prometheus rule files (prometheus.io/docs/prometheus/latest/configuration/recording_rules)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from fcc import _yaml
from fcc.evaluations.validators._command import find_tool, run_tool
from fcc.evaluations.validators._gotemplate import template_problem
from fcc.evaluations.validators._promql import LEGACY_LABEL, PromqlReader
from fcc.evaluations.validators._reading import MOST_FINDINGS, kind_of, near, one_mapping, shown
from fcc.evaluations.validators.check import NotCheckedError, advice, error, line_of, warning
from fcc.simulation import Finding

Path = tuple[str | int, ...]

DURATION = re.compile(r"(?=.)(?:0|(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?(?:\d+ms)?)")
"""A duration as Prometheus's configuration takes it."""

_GROUP = {"name", "interval", "query_offset", "limit", "labels", "rules"}
_RULE = {"record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations"}
_ELSEWHERE = {
    "align_evaluation_time_on_interval",
    "evaluation_delay",
    "namespace",
    "partial_response_strategy",
    "source_tenants",
}
"""Keys that Thanos, Mimir and Cortex read, and Prometheus does not."""
_ALERT_ONLY = ("for", "keep_firing_for", "annotations")
_METRIC = re.compile(r"(?:[^\W\d]|:)[\w:.]*")
"""A metric name; dots and other scripts are of Prometheus 3, braces of nobody."""
_MOST_BROKEN = 50
"""After this many findings on expressions the rest is not parsed."""

_FUNCTIONS = frozenset(
    [
        "args",
        "externalURL",
        "first",
        "graphLink",
        "humanize",
        "humanize1024",
        "humanizeDuration",
        "humanizePercentage",
        "humanizeTimestamp",
        "label",
        "match",
        "now",
        "parseDuration",
        "pathPrefix",
        "query",
        "reReplaceAll",
        "safeHtml",
        "sortByLabel",
        "stripDomain",
        "stripPort",
        "strvalue",
        "tableLink",
        "title",
        "tmpl",
        "toDuration",
        "toLower",
        "toTime",
        "toUpper",
        "urlQueryEscape",
        "value",
    ]
)
"""prometheus.io/docs/prometheus/latest/configuration/template_reference"""
_VARIABLES = ("$labels", "$externalLabels", "$externalURL", "$value")


def check(text: str) -> Iterator[Finding]:
    """What is wrong with a rule file: its structure, its templates and its PromQL.

    Raises `NotCheckedError` after the rest where promql-parser is not installed.
    """
    document, findings = one_mapping(text, "prometheus-yaml", "a rule file")
    yield from findings
    if document is not None:
        inside = (
            document.data.get("kind") == "PrometheusRule"
        )  # the operator's resource around the same groups
        data, base = (document.data.get("spec"), ("spec",)) if inside else (document.data, ())
        found = False
        for finding in check_groups(document, data, base):
            found = True
            yield finding
        if not found and not inside:
            yield from _promtool(text)


def check_groups(document: _yaml.Document, data: Any, base: Path) -> Iterator[Finding]:
    """The same of `data`, which stands at `base` in a document: the `spec` of a `PrometheusRule` of the operator."""
    rules = _Rules(document)
    yield from islice(rules.check(data, base), MOST_FINDINGS)
    yield from rules.expressions()


def _promtool(text: str) -> Iterator[Finding]:
    """What Prometheus's own tool says, where the user has it.

    One of Prometheus 2, which Debian has, does not know what came with 3: there it is a warning, since the expressions
    were read before.
    """
    if find_tool("promtool") is None:
        return
    done = run_tool(["promtool", "check", "rules", "--lint=none", "rules.yaml"], {"rules.yaml": text})
    if done.code == 1:
        lines = [line.strip() for line in (done.err or done.out).splitlines() if line.strip()]
        said = next(
            (line for line in lines if line.startswith("rules.yaml")), lines[-1] if lines else "refused"
        )
        place = re.match(r"rules\.yaml: (\d+):", said)
        line = int(place[1]) if place else 0
        version = run_tool(["promtool", "--version"], {})
        if re.search(r"version [012]\.", version.out + version.err):
            hint = "Prometheus 3 may take it: ask a promtool of the version that you run."
            yield warning("prometheus-promtool", f"promtool of Prometheus 2: {said[:300]}", line, hint)
        else:
            yield error("prometheus-promtool", f"promtool: {said[:300]}", line)


class _Rules:
    def __init__(self, document: _yaml.Document) -> None:
        self._document = document
        self._expressions: list[tuple[Path, str]] = []

    def check(self, data: Any, base: Path) -> Iterator[Finding]:
        if not isinstance(data, dict):
            yield self._error("prometheus-structure", base, "`spec` must hold `groups`", _GROUPS_HINT)
            return
        yield from self._keys(data, base, {"groups"}, "a rule file")
        if "groups" not in data:
            yield self._error("prometheus-structure", base, "`groups` is missing", _GROUPS_HINT)
            return
        groups, base = data["groups"], (*base, "groups")
        if not isinstance(groups, list):
            if groups is not None:
                yield self._wrong(base, groups, "a list of groups")
            return
        yield from self._groups(groups, base)

    def expressions(self) -> Iterator[Finding]:
        broken, reader = 0, PromqlReader()
        for path, expression in self._expressions:
            if broken >= _MOST_BROKEN:
                raise NotCheckedError("so many expressions are broken that the rest was not parsed")
            if problem := reader.problem(expression):
                broken += 1
                hint = "Write PromQL that promtool accepts: balanced brackets, known functions, ranges such as [5m]."
                yield self._error("prometheus-expr", path, f"PromQL: {problem}", hint)

    def _groups(self, groups: list[Any], base: Path) -> Iterator[Finding]:
        seen: set[str] = set()
        for index, group in enumerate(groups):
            path = (*base, index)
            if not isinstance(group, dict):
                yield self._wrong(path, group, "a mapping with `name` and `rules`")
                continue
            name = _text(group.get("name"))
            if not name:
                yield self._error("prometheus-group-name", path, "the group has no `name`", "Give it a name.")
            elif name in seen:
                hint = "Give each group of a file a name of its own."
                yield self._error("prometheus-group-name", path, f"a second group `{name}`", hint)
            seen.add(name or "")
            yield from self._group(group, path)

    def _group(self, group: dict[str, Any], path: Path) -> Iterator[Finding]:
        yield from self._keys(group, path, _GROUP, "a group")
        for key in ("interval", "query_offset"):
            yield from self._duration(group, path, key)
        limit = group.get("limit", 0)
        if not isinstance(limit, int) or isinstance(limit, bool):
            yield self._wrong((*path, "limit"), limit, "a whole number")
        yield from self._labels(group.get("labels"), (*path, "labels"))
        rules = group.get("rules")
        if rules is None:
            return
        if not isinstance(rules, list):
            yield self._wrong((*path, "rules"), rules, "a list of rules, each starting with `-`")
            return
        for index, rule in enumerate(rules):
            here = (*path, "rules", index)
            if isinstance(rule, dict):
                yield from self._rule(rule, here)
            else:
                yield self._wrong(here, rule, "a mapping with `alert` or `record`, and `expr`")

    def _rule(self, rule: dict[str, Any], path: Path) -> Iterator[Finding]:
        yield from self._keys(rule, path, _RULE, "a rule")
        alert, record = (_text(rule.get(key)) for key in ("alert", "record"))
        for key in ("alert", "record"):
            if isinstance(rule.get(key), dict | list):
                yield self._wrong((*path, key), rule[key], "a text")
        if bool(alert) == bool(record):
            what = "has both `alert` and `record`" if alert else "has neither `alert` nor `record`"
            yield self._error("prometheus-rule-kind", path, f"the rule {what}", "Keep exactly one of them.")
        yield from self._recorded(rule, path, record)
        expression = rule.get("expr")
        if isinstance(expression, dict | list):
            yield self._wrong((*path, "expr"), expression, "a text")
        elif not _text(expression):
            yield self._error("prometheus-expr", path, "the rule has no `expr`", "Add the PromQL expression.")
        else:
            self._expressions.append(((*path, "expr"), _text(expression)))
        for key in ("for", "keep_firing_for"):
            yield from self._duration(rule, path, key)
        for key in ("labels", "annotations"):
            yield from self._labels(rule.get(key), (*path, key))
            if alert:
                yield from self._templates(rule.get(key), (*path, key))

    def _recorded(self, rule: dict[str, Any], path: Path, record: str) -> Iterator[Finding]:
        if not record:
            return
        if not _METRIC.fullmatch(record):
            hint = "Use letters, digits, `_` and `:` only, as in `job:http_requests:rate5m`."
            what = f"{shown(record)} is no metric name"
            yield self._error("prometheus-record-name", (*path, "record"), what, hint)
        for key in _ALERT_ONLY:
            if rule.get(key):
                hint = f"Remove `{key}`, or make it an alert."
                what = f"a recording rule cannot have `{key}`"
                yield self._error("prometheus-rule-kind", (*path, key), what, hint)

    def _labels(self, labels: Any, path: Path) -> Iterator[Finding]:
        if labels is None:
            return
        if not isinstance(labels, dict):
            yield self._wrong(path, labels, "a mapping of names to texts")
            return
        for name, value in labels.items():
            here = (*path, name)
            if not _label_name(name) or (path[-1] == "labels" and name == "__name__"):
                hint = "Use letters, digits and `_`, not starting with a digit; `__name__` is taken."
                what = (
                    f"{shown(name)} is no name for {'a label' if path[-1] == 'labels' else 'an annotation'}"
                )
                yield self._error("prometheus-label-name", here, what, hint)
            if isinstance(value, dict | list):
                yield self._wrong(here, value, "a text")

    def _templates(self, texts: Any, path: Path) -> Iterator[Finding]:
        for name, value in texts.items() if isinstance(texts, dict) else ():
            problem = template_problem(value, _FUNCTIONS, _VARIABLES) if isinstance(value, str) else ""
            if problem:
                hint = "Write it as in `{{ $labels.instance }}` or `{{ $value | humanize }}`."
                yield self._error("prometheus-template", (*path, name), f"template: {problem}", hint)

    def _duration(self, owner: dict[str, Any], path: Path, key: str) -> Iterator[Finding]:
        value = owner.get(key)
        if value is not None and not DURATION.fullmatch(_text(value)):
            hint = "Write a number with a unit, as in 30s, 5m or 1h30m."
            what = f"`{key}` is {shown(value)}, which is no duration"
            yield self._error("prometheus-duration", (*path, key), what, hint)

    def _keys(self, owner: dict[str, Any], path: Path, known: set[str], what: str) -> Iterator[Finding]:
        for key in owner.keys() - known:
            here = (*path, key)
            if key in _ELSEWHERE:
                message = f"`{key}` is read by Thanos, Mimir or Cortex, not by Prometheus"
                yield advice("prometheus-key", message, line_of(self._document, here))
            else:
                message = f"{what} has no key `{key}`{near(key, sorted(known))}"
                yield self._error("prometheus-key", here, message, "Correct its name or its indentation.")

    def _wrong(self, path: Path, value: Any, wanted: str) -> Finding:
        message = f"`{'.'.join(map(str, path))}` must be {wanted}, not {kind_of(value)}"
        return self._error("prometheus-structure", path, message, "Check the indentation and the dashes.")

    def _error(self, rule: str, path: Path, message: str, hint: str) -> Finding:
        return error(rule, message, line_of(self._document, path), hint)


_GROUPS_HINT = "Start the file with `groups:` and list the groups under it."


def _text(value: Any) -> str:
    """A scalar as Prometheus reads it, which takes numbers for texts; "" of anything else."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else ""


def _label_name(name: str) -> bool:
    """Whether it is a label name; a dot or another script says that UTF-8 names, as of Prometheus 3, are meant."""
    return bool(LEGACY_LABEL.fullmatch(name)) or bool(re.fullmatch(r"[^\W\d][\w.]*", name))
