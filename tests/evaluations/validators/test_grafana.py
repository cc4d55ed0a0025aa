"""Dashboards: their JSON, their structure, and the queries of their panels."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given, settings

from fcc.evaluations.validation import validate_artifact
from fcc.evaluations.validators import grafana
from support.mutated import cut, mutated

DASHBOARD = {
    "title": "Checkout",
    "uid": "abc",
    "schemaVersion": 39,
    "refresh": "30s",
    "tags": ["web"],
    "time": {"from": "now-6h", "to": "now"},
    "templating": {"list": [{"name": "job", "type": "query", "query": "label_values(job)"}]},
    "annotations": {"list": []},
    "panels": [
        {
            "id": 1,
            "type": "timeseries",
            "title": "Errors",
            "gridPos": {"h": 8, "w": 12, "x": 0, "y": 0},
            "datasource": {"type": "prometheus", "uid": "$datasource"},
            "targets": [{"refId": "A", "expr": 'sum(rate(errors_total{job="$job"}[$__rate_interval]))'}],
        },
        {"id": 2, "type": "row", "collapsed": True, "panels": [{"id": 3, "type": "stat", "title": "x"}]},
    ],
}
TEXT = json.dumps(DASHBOARD, indent=1)


def _with(*changes) -> str:
    data = copy.deepcopy(DASHBOARD)
    for path, value in changes:
        owner = data
        for step in path[:-1]:
            owner = owner[step]
        if value is ...:
            del owner[path[-1]]
        else:
            owner[path[-1]] = value
    return json.dumps(data, indent=1)


def _query(expression: str, **target) -> str:
    return _with((("panels", 0, "targets"), [{"refId": "A", "expr": expression, **target}]))


def _errors(text: str) -> list[str]:
    return [found.rule for found in grafana.check(text) if found.severity == "error"]


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        json.dumps({"dashboard": DASHBOARD, "overwrite": True}),
        json.dumps({"apiVersion": "dashboard.grafana.app/v1beta1", "kind": "Dashboard", "spec": DASHBOARD}),
        _with((("panels",), []), (("id",), None), (("refresh",), False)),
        json.dumps({"title": "old", "rows": [{"panels": [{"id": 1, "type": "graph"}]}]}),
        _with((("panels", 0), {"id": 4, "libraryPanel": {"uid": "x", "name": "y"}})),
    ],
)
def test_dashboards_are_valid(text):
    """A dashboard by itself, in the API's and a resource's wrapping, and of the older form, gives no error."""
    assert _errors(text) == []


@pytest.mark.parametrize(
    ("path", "value", "rule"),
    [
        (("title",), ..., "grafana-title"),
        (("panels",), ..., "grafana-panels"),
        (("panels",), {}, "grafana-structure"),
        (("schemaVersion",), "latest", "grafana-structure"),
        (("time",), "last 6 hours", "grafana-structure"),
        (("templating",), [], "grafana-structure"),
        (("tags", 0), 1, "grafana-structure"),
        (("panels", 0, "type"), ..., "grafana-panel-type"),
        (("panels", 0, "gridPos"), "full", "grafana-structure"),
        (("panels", 0, "gridPos", "h"), "8", "grafana-structure"),
        (("panels", 0, "gridPos", "x"), -1, "grafana-grid"),
        (("panels", 0, "targets"), "up", "grafana-structure"),
        (("panels", 0, "targets", 0, "refId"), 1, "grafana-structure"),
        (("panels", 0, "id"), 3, "grafana-panel-id"),
        (("panels", 1, "panels", 0, "type"), "", "grafana-panel-type"),
        (("templating", "list", 0, "name"), ..., "grafana-variable"),
        (("templating", "list", 0, "type"), "kwery", "grafana-variable"),
        (("panels", 0, "targets", 0, "expr"), "sum(rate(x[5m])", "grafana-expr"),
    ],
)
def test_what_is_wrong_is_found(path, value, rule):
    """A missing part, a part of another kind and a broken query are each found."""
    assert rule in _errors(_with((path, value)))


def test_a_finding_names_the_line():
    """The line of a nested value is the one that it stands on."""
    text = _query("sum(")
    found = next(iter(grafana.check(text)))
    assert '"expr": "sum("' in text.splitlines()[found.line - 1]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "nothing",
        TEXT + "}",
        TEXT[:-20],
        TEXT.replace('"', "'"),
        "// a\n" + TEXT,
        '{"title": NaN}',
        "[" * 9000,
    ],
)
def test_what_is_no_json_object_is_invalid(text):
    """Comments, single quotes, a cut text and endless nesting are no dashboard."""
    assert validate_artifact("grafana_dashboard", text).valid is False


@pytest.mark.parametrize(
    "expression",
    [
        "rate(x{a=~\"$a\",b='${b:regex}'}[$__interval]) * [[factor]]",
        "topk($n, sum by ($label) (x offset $back))",
        "${metric}_total{$filters} > $threshold",
        "$agg(x{a='b'})",
        "$query",
        "max_over_time(x[$__range:${step}])",
        "increase(x[${minutes}m]) / $__range_s",
    ],
)
def test_variables_are_filled_in(expression):
    """A variable may stand for a label's value, a duration, a number, a name, a function or a whole query."""
    assert _errors(_query(expression)) == []


def test_only_promql_is_read_as_promql():
    """A query for Loki is left alone, whether its datasource says so by type, by variable or by its language."""
    broken = "sum(count_over_time({a='b'} |= `x` [5m]"
    assert _errors(_query(broken, datasource={"type": "loki", "uid": "x"})) == []
    assert _errors(_query(broken, datasource="$logs").replace("label_values(job)", "x")) == []
    by_variable = _with(
        (("templating", "list"), [{"name": "logs", "type": "datasource", "query": "loki"}]),
        (("panels", 0, "targets"), [{"refId": "A", "expr": "sum(", "datasource": {"uid": "${logs}"}}]),
    )
    assert _errors(by_variable) == []
    assert _errors(_query("sum(", datasource=None)) == ["grafana-expr"]


def test_the_second_schema_is_not_checked():
    """A dashboard of elements and layout reads as not checked, with the reason."""
    result = validate_artifact("grafana_dashboard", '{"title": "x", "elements": {}, "layout": {}}')
    assert result.valid is None
    assert "second schema" in result.reason


@settings(max_examples=80, deadline=None)
@given(mutated(DASHBOARD) | cut(TEXT))
def test_any_text_gives_findings_and_no_crash(text):
    """Wrong types, cut texts and strange characters end in findings that name a line of the text."""
    for found in grafana.check(text):
        assert found.message
        assert 0 <= found.line <= text.count("\n") + 1
