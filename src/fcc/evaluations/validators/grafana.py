"""Grafana dashboards (grafana.com/docs/grafana/latest/visualizations/dashboards/build-dashboards/view-dashboard-json-model)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from fcc.evaluations.validators._grafana_queries import Queries
from fcc.evaluations.validators._json_place import JsonPlaces
from fcc.evaluations.validators._promql import PromqlReader
from fcc.evaluations.validators._reading import MOST_FINDINGS, kind_of, near, shown
from fcc.evaluations.validators.check import NotCheckedError, advice, error, mapping, sequence
from fcc.simulation import Finding

Path = tuple[str | int, ...]
Kinds = Mapping[str, str]

_DASHBOARD = {
    "annotations": "mapping",
    "description": "text?",
    "editable": "truth?",
    "fiscalYearStartMonth": "whole",
    "graphTooltip": "whole",
    "id": "whole?",
    "links": "list?",
    "liveNow": "truth?",
    "panels": "list",
    "refresh": "text, truth?",
    "rows": "list",
    "schemaVersion": "whole",
    "style": "text",
    "tags": "list?",
    "templating": "mapping",
    "time": "mapping",
    "timepicker": "mapping?",
    "timezone": "text?",
    "title": "text",
    "uid": "text?",
    "version": "whole?",
    "weekStart": "text?",
}
"""What each key of a dashboard holds; `?` where null may stand for none, a comma where it may be either."""
_PANEL = {
    "collapsed": "truth?",
    "datasource": "text, mapping?",
    "description": "text?",
    "fieldConfig": "mapping",
    "gridPos": "mapping",
    "id": "whole, text?",
    "links": "list?",
    "options": "mapping?",
    "panels": "list?",
    "pluginVersion": "text",
    "repeat": "text?",
    "targets": "list?",
    "title": "text?",
    "transformations": "list?",
    "transparent": "truth?",
    "type": "text",
}
_TARGET = {
    "datasource": "text, mapping?",
    "expr": "text?",
    "format": "text, whole, mapping?",
    "hide": "truth?",
    "instant": "truth?",
    "interval": "text?",
    "legendFormat": "text?",
    "refId": "text",
}
_VARIABLE = {
    "allValue": "text?",
    "hide": "whole, text?",
    "includeAll": "truth?",
    "label": "text?",
    "multi": "truth?",
    "name": "text",
    "options": "list?",
    "regex": "text?",
    "type": "text",
}
_GRID = dict.fromkeys(("h", "w", "x", "y"), "number")
_TIME = {"from": "text", "to": "text"}
_LISTED = {"list": "list?"}
_VARIABLE_KINDS = [
    "adhoc",
    "constant",
    "custom",
    "datasource",
    "groupby",
    "interval",
    "query",
    "snapshot",
    "switch",
    "system",
    "textbox",
]
_WIDTH = 24
"""The columns of the grid that panels stand on."""
_MOST_BROKEN = 50

_NAMES = {"text": "a text", "truth": "true or false", "whole": "a whole number", "number": "a number"}
_NAMES |= {"list": "a list", "mapping": "an object"}


def check(text: str) -> Iterator[Finding]:
    """What is wrong with a dashboard: its JSON, its structure, and the PromQL of its panels.

    A dashboard may stand by itself, under `dashboard` as in Grafana's HTTP API, or under `spec` of a resource.
    Raises `NotCheckedError` after the rest where promql-parser is not installed, and for the second schema.
    """
    data, findings = _read(text)
    yield from findings
    if findings:
        return
    data, base = _unwrapped(data, ())
    if not isinstance(data, dict):
        yield error("grafana-structure", f"a dashboard is an object, not {kind_of(data)}", 1, _HINT)
        return
    if "elements" in data and "panels" not in data:
        raise NotCheckedError("dashboards of Grafana's second schema (elements and layout) are not checked")
    dashboard = _Dashboard(text)
    yield from islice(dashboard.check(data, base), MOST_FINDINGS)
    yield from dashboard.queries(data)


_HINT = "Export the dashboard's JSON model from Grafana, and start from that."


def _read(text: str) -> tuple[Any, list[Finding]]:
    try:
        return json.loads(text, parse_constant=_refuse), []
    except json.JSONDecodeError as reason:
        hint = "JSON has no comments, no trailing commas, and double quotes only."
        what = f"not JSON: {reason.msg} (column {reason.colno})"
        return None, [error("grafana-json", what, reason.lineno, hint)]
    except ValueError as reason:
        return None, [error("grafana-json", f"not JSON: {str(reason)[:100]}", 1)]
    except RecursionError:
        return None, [error("grafana-json", "not JSON that can be read: nested too deep", 1)]


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _unwrapped(data: Any, base: Path) -> tuple[Any, Path]:
    outer = mapping(data)
    if "panels" in outer or "rows" in outer:
        return data, base
    if isinstance(outer.get("dashboard"), dict):
        return outer["dashboard"], (*base, "dashboard")
    if "apiVersion" in outer and "spec" in outer:
        return outer["spec"], (*base, "spec")
    return data, base


class _Dashboard:
    def __init__(self, text: str) -> None:
        self._places = JsonPlaces(text)
        self._ids: set[int] = set()
        self._expressions: list[tuple[Path, dict[str, Any], dict[str, Any]]] = []

    def check(self, data: dict[str, Any], base: Path) -> Iterator[Finding]:
        yield from self._kinds(data, base, _DASHBOARD)
        if not data.get("title"):
            hint = "Give the dashboard a title; Grafana does not save it without."
            yield self._error("grafana-title", base, "the dashboard has no `title`", hint)
        if "panels" not in data and "rows" not in data:
            hint = "List the panels under `panels`."
            yield self._error("grafana-panels", base, "the dashboard has no `panels`", hint)
        yield from self._kinds(mapping(data.get("time")), (*base, "time"), _TIME)
        yield from self._texts(data.get("tags"), (*base, "tags"))
        yield from self._panels(data.get("panels"), (*base, "panels"))
        for index, row in enumerate(sequence(data.get("rows"))):
            path = (*base, "rows", index)
            if not isinstance(row, dict):
                yield self._wrong(path, row, "mapping")
                continue
            yield from self._kinds(row, path, {"panels": "list?"})
            yield from self._panels(row.get("panels"), (*path, "panels"))
        yield from self._listed(data, base, "annotations")
        yield from self._listed(data, base, "templating")
        yield from self._variables(data, (*base, "templating", "list"))

    def queries(self, data: dict[str, Any]) -> Iterator[Finding]:
        queries, reader, broken = Queries(data), PromqlReader(), 0
        for path, target, panel in self._expressions:
            if broken >= _MOST_BROKEN:
                raise NotCheckedError("so many queries are broken that the rest was not parsed")
            if problem := queries.problem(target, panel, reader):
                broken += 1
                hint = "Write PromQL; Grafana's variables, as in $__rate_interval, were filled in."
                yield self._error("grafana-expr", (*path, "expr"), f"PromQL: {problem}", hint)

    def _panels(self, panels: Any, base: Path) -> Iterator[Finding]:
        for index, panel in enumerate(sequence(panels)):
            path = (*base, index)
            if isinstance(panel, dict):
                yield from self._panel(panel, path)
            else:
                yield self._wrong(path, panel, "mapping")

    def _panel(self, panel: dict[str, Any], path: Path) -> Iterator[Finding]:
        yield from self._kinds(panel, path, _PANEL)
        if not panel.get("type") and not isinstance(panel.get("libraryPanel"), dict):
            hint = 'Name the visualization, such as "timeseries", "stat" or "row".'
            yield self._error("grafana-panel-type", path, "the panel has no `type`", hint)
        number = panel.get("id")
        if isinstance(number, int) and number in self._ids:
            hint = "Give each panel an id of its own."
            yield self._error("grafana-panel-id", (*path, "id"), f"a second panel has the id {number}", hint)
        if isinstance(number, int):
            self._ids.add(number)
        yield from self._grid(panel, (*path, "gridPos"))
        yield from self._targets(panel, (*path, "targets"))
        if len(path) < 20:  # noqa: PLR2004 - rows hold panels, and nothing deeper is shown
            yield from self._panels(panel.get("panels"), (*path, "panels"))

    def _grid(self, panel: dict[str, Any], path: Path) -> Iterator[Finding]:
        grid = mapping(panel.get("gridPos"))
        yield from self._kinds(grid, path, _GRID)
        sizes = {key: value for key, value in grid.items() if isinstance(value, int | float)}
        low = [key for key in _GRID if sizes.get(key, 0) < 0]
        if low:
            hint = "Places and sizes count from 0."
            yield self._error("grafana-grid", path, f"`{low[0]}` is {sizes[low[0]]}, below 0", hint)
        elif sizes.get("x", 0) + sizes.get("w", 0) > _WIDTH:
            message = f"the panel ends at column {sizes.get('x', 0) + sizes.get('w', 0)} of {_WIDTH}"
            yield advice("grafana-grid", message, self._places.line(path), "Make it narrower.")

    def _targets(self, panel: dict[str, Any], base: Path) -> Iterator[Finding]:
        seen: set[str] = set()
        for index, target in enumerate(sequence(panel.get("targets"))):
            path = (*base, index)
            if not isinstance(target, dict):
                yield self._wrong(path, target, "mapping")
                continue
            yield from self._kinds(target, path, _TARGET)
            name = target.get("refId")
            if isinstance(name, str) and name in seen:
                message = f"two queries of the panel have the refId {shown(name)}"
                place = self._places.line((*path, "refId"))
                yield advice("grafana-ref-id", message, place, "Name them A, B, C and so on.")
            if isinstance(name, str):
                seen.add(name)
            if isinstance(target.get("expr"), str):
                self._expressions.append((path, target, panel))

    def _variables(self, data: dict[str, Any], base: Path) -> Iterator[Finding]:
        seen: set[str] = set()
        for index, variable in enumerate(sequence(mapping(data.get("templating")).get("list"))):
            path = (*base, index)
            if not isinstance(variable, dict):
                yield self._wrong(path, variable, "mapping")
                continue
            yield from self._kinds(variable, path, _VARIABLE)
            name, kind = variable.get("name"), variable.get("type")
            if not name:
                yield self._error("grafana-variable", path, "the variable has no `name`", "Give it a name.")
            elif isinstance(name, str) and name in seen:
                hint = "Give each variable a name of its own."
                yield self._error("grafana-variable", path, f"a second variable {shown(name)}", hint)
            if isinstance(name, str):
                seen.add(name)
            if kind is None or (isinstance(kind, str) and kind not in _VARIABLE_KINDS):
                known = near(str(kind), _VARIABLE_KINDS)
                what = f"a variable cannot be of type {shown(kind)}{known}"
                yield self._error(
                    "grafana-variable", (*path, "type"), what, "Use `query`, `custom` or another type."
                )

    def _listed(self, data: dict[str, Any], base: Path, key: str) -> Iterator[Finding]:
        owner, path = mapping(data.get(key)), (*base, key)
        yield from self._kinds(owner, path, _LISTED)
        for index, item in enumerate(sequence(owner.get("list")) if key != "templating" else ()):
            if not isinstance(item, dict):
                yield self._wrong((*path, "list", index), item, "mapping")

    def _texts(self, values: Any, path: Path) -> Iterator[Finding]:
        for index, value in enumerate(sequence(values)):
            if not isinstance(value, str):
                yield self._wrong((*path, index), value, "text")

    def _kinds(self, owner: dict[str, Any], base: Path, kinds: Kinds) -> Iterator[Finding]:
        for key, wanted in kinds.items():
            if key in owner and not _fits(owner[key], wanted):
                yield self._wrong((*base, key), owner[key], wanted)

    def _wrong(self, path: Path, value: Any, wanted: str) -> Finding:
        names = " or ".join(_NAMES[name] for name in wanted.removesuffix("?").split(", "))
        what = f"`{'.'.join(map(str, path))}` must be {names}, not {kind_of(value)}"
        return self._error(
            "grafana-structure", path, what, "Compare it with a dashboard that Grafana exported."
        )

    def _error(self, rule: str, path: Path, message: str, hint: str) -> Finding:
        return error(rule, message, self._places.line(path), hint)


def _fits(value: Any, wanted: str) -> bool:
    if value is None:
        return wanted.endswith("?")
    return any(_is(value, name) for name in wanted.removesuffix("?").split(", "))


def _is(value: Any, name: str) -> bool:
    match name:
        case "text":
            return isinstance(value, str)
        case "truth":
            return isinstance(value, bool)
        case "whole":
            return not isinstance(value, bool) and isinstance(value, int | float) and value % 1 == 0
        case "number":
            return not isinstance(value, bool) and isinstance(value, int | float)
        case "list":
            return isinstance(value, list)
        case _:
            return isinstance(value, dict)
