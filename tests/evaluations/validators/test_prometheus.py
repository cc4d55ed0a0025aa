"""Rule files: their structure, their templates and their PromQL."""

from __future__ import annotations

import sys
import time

import pytest
from hypothesis import given, settings

from fcc.evaluations.validation import validate_artifact
from fcc.evaluations.validators import _promql, prometheus
from support.mutated import cut, mutated

RULES = """\
groups:
  - name: checkout
    interval: 30s
    rules:
      - record: job:errors:rate5m
        expr: sum by (job) (rate(errors_total[5m]))
      - alert: ManyErrors
        expr: job:errors:rate5m > 0.05
        for: 10m
        keep_firing_for: 5m
        labels:
          severity: critical
        annotations:
          summary: '{{ $labels.job }} fails at {{ $value | humanizePercentage }}'
"""
AS_DATA = {
    "groups": [
        {
            "name": "a",
            "interval": "30s",
            "limit": 3,
            "labels": {"team": "x"},
            "rules": [
                {"record": "a:b", "expr": "sum(rate(x[5m]))", "labels": {"a": "b"}},
                {"alert": "A", "expr": "up == 0", "for": "5m", "annotations": {"s": "{{ $value }}"}},
            ],
        }
    ]
}


def _found(text: str) -> set[tuple[str, int]]:
    return {(found.rule, found.line) for found in prometheus.check(text) if found.severity == "error"}


def _rule(expression: str) -> str:
    return f"groups:\n- name: a\n  rules:\n  - alert: A\n    expr: |\n      {expression}\n"


def _annotated(text: str) -> str:
    return f"{_rule('up')}    annotations:\n      summary: |\n        {text}\n"


def test_a_rule_file_is_valid():
    """Records, alerts, durations, labels and templates in their places give no finding."""
    assert list(prometheus.check(RULES)) == []
    assert validate_artifact("prometheus_rules", RULES).valid is True


@pytest.mark.parametrize(
    ("old", "new", "rule", "line"),
    [
        ("groups:", "group:", "prometheus-key", 1),
        ("name: checkout", "interval: 1m", "prometheus-yaml", 3),
        ("- name: checkout\n    interval", "- interval", "prometheus-group-name", 2),
        ("interval: 30s", "interval: 30 seconds", "prometheus-duration", 3),
        ("interval: 30s", "every: 30s", "prometheus-key", 3),
        ("for: 10m", "for: 5 minutes", "prometheus-duration", 9),
        ("for: 10m", "for: 10", "prometheus-duration", 9),
        ("alert: ManyErrors", "name: ManyErrors", "prometheus-rule-kind", 7),
        ("for: 10m", "record: also", "prometheus-rule-kind", 7),
        ("severity:", "sev-erity:", "prometheus-label-name", 12),
        ("severity:", "__name__:", "prometheus-label-name", 12),
        ("severity: critical", "severity: [a]", "prometheus-structure", 12),
        ("job:errors:rate5m\n        expr", "errors{job='a'}\n        expr", "prometheus-record-name", 5),
        ("$labels.job }}", "$labels.job }", "prometheus-template", 14),
        ("[5m]", "[5 minutes]", "prometheus-expr", 6),
        ("rate(errors", "ratio(errors", "prometheus-expr", 6),
    ],
)
def test_what_is_wrong_is_found_on_its_line(old, new, rule, line):
    """Each mistake gives its own rule, with the line that it stands on."""
    broken = RULES.replace(old, new, 1)
    assert broken != RULES
    assert (rule, line) in _found(broken)


def test_a_rule_file_is_not_empty_and_not_two():
    """An empty text, a list and a second document are no rule file; a resource of the operator is one."""
    assert [
        validate_artifact("prometheus_rules", text).valid for text in ("", "# no", "[]", RULES + "---\na: 1")
    ] == [False] * 4
    resource = {"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "spec": AS_DATA}
    assert validate_artifact("prometheus_rules", str(resource).replace("'", '"')).valid is True


def test_keys_of_thanos_are_advice():
    """What other programs read beside Prometheus does not make a file invalid."""
    found = list(prometheus.check(RULES.replace("interval: 30s", "partial_response_strategy: warn")))
    assert [(item.rule, item.severity) for item in found] == [("prometheus-key", "advice")]


@pytest.mark.parametrize(
    "expression",
    [
        "x{a='b', c!~\"d.*\"} offset -5m @ end()",
        "histogram_quantile(0.9, sum by (le) (rate(x_bucket[5m])))",
        "x * on (a) group_left (b) y unless z",
        "time() > bool 5",
        "max_over_time(rate(x[5m])[1h:1m])",
        "holt_winters(x[5m], 0.5, 0.5) or double_exponential_smoothing(x[5m], 0.5, 0.5)",
        "topk(3, x) > 0 and ignoring (a) y # why",
        'label_replace(x, "a", "$1", "b", "(.*)-.*")',
        'count_values("version", build_info)',
        '{"metric.with.dots", "label.too"="x"}',
        "1",
    ],
)
def test_promql_is_accepted(expression):
    """PromQL of versions 2 and 3 passes."""
    assert _found(_rule(expression)) == set()


@pytest.mark.parametrize(
    "expression",
    [
        "rate(x)",
        "sum(rate(x[5m]) by (job)",
        "1 > 2",
        "x and 1",
        "x[5m]",
        '"text"',
        "rate(x[5m:1m]",
        "topk(x)",
        "foo(x)",
        'x{a=~"("}',
        "{a=''}",
        "sum by (a) x",
        "x + on (a) group_left (a) y",
        'label_replace(x, "a", "$1", "b", "(")',
        'label_replace(x, "a-b", "$1", "b", "c")',
        'count_values("a b", x)',
        'x{a="b" or c="d"}',
        "x > ",
    ],
)
def test_promql_that_prometheus_refuses_is_found(expression):
    """Wrong brackets, types, arguments, labels and patterns are each found."""
    assert {rule for rule, _ in _found(_rule(expression))} == {"prometheus-expr"}


@pytest.mark.parametrize(
    "text",
    [
        '{{ with query "up" }}{{ . | first | value | humanize }}{{ else }}none{{ end }}',
        '{{ range $i, $s := query "up" }}{{ $i }} {{ $s.Labels.job }}{{ end }}',
        '{{- /* why */ -}}{{ printf "%.2f" $value }}',
        '{{ if and (gt $value 1.0) (ne $labels.a "}}") }}a{{ else if true }}b{{ end }}',
        "{{ $x := $value }}{{ $x }} {{ $.Labels.a }}",
    ],
)
def test_templates_are_accepted(text):
    """The template language, with its blocks, variables, pipes and comments, passes."""
    assert _found(_annotated(text)) == set()


@pytest.mark.parametrize(
    "text",
    [
        "{{ $labels.job",
        "{{ $label.job }}",
        "{{ humanise $value }}",
        "{{ humanize($value) }}",
        "{{ if $value }}a",
        "{{ end }}",
        "{{ }}",
        "{{ $value | }}",
        '{{ $value | "x" }}',
        "{{ $value > 1 }}",
        "{{ (humanize $value }}",
        "{{ else }}",
        "{{ template x }}",
        "{{ /* a }}",
        "{{ with $x := 1 }}{{ end }}{{ $x }}",
    ],
)
def test_broken_templates_are_found(text):
    """What Go's parser refuses in a template is found."""
    assert {rule for rule, _ in _found(_annotated(text))} == {"prometheus-template"}


def test_without_the_parser_nothing_is_valid(monkeypatch):
    """A missing PromQL parser reads as not checked, and what was found without it still counts."""
    _promql._parser.cache_clear()
    monkeypatch.setitem(sys.modules, "promql_parser", None)
    try:
        result = validate_artifact("prometheus_rules", RULES + "# without")
        assert result.valid is None
        assert "fcc-agents[validators]" in result.reason
        assert validate_artifact("prometheus_rules", RULES.replace("10m", "ten")).valid is False
    finally:
        _promql._parser.cache_clear()


def test_promtool_is_heard_where_it_is_there(tmp_path, monkeypatch):
    """What a promtool on PATH refuses is an error, with its line; of one before version 3, a warning."""
    tool = tmp_path / "promtool"
    tool.write_text("#!/bin/sh\necho 'rules.yaml: 6:5: no such thing' >&2\nexit 1\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert _found(RULES) == {("prometheus-promtool", 6)}
    tool.write_text(
        "#!/bin/sh\ncase $1 in --version) echo 'promtool, version 2.42.0' ;;"
        " *) echo 'rules.yaml: 6:5: no such thing' >&2; exit 1 ;; esac\n"
    )
    assert [(found.severity, found.line) for found in prometheus.check(RULES)] == [("warning", 6)]


def test_much_promql_takes_no_long_time():
    """Expressions that would take the parser minutes are left out, and the file reads as not checked."""
    rule = "  - {alert: a, expr: '" + "+".join("x" * 400) + "'}\n"
    start = time.perf_counter()
    assert validate_artifact("prometheus_rules", "groups:\n- name: a\n  rules:\n" + rule * 250).valid is None
    assert validate_artifact("prometheus_rules", _rule("(" * 100_000)).valid is None
    assert time.perf_counter() - start < 10


@settings(max_examples=60, deadline=None)
@given(mutated(AS_DATA) | cut(RULES))
def test_any_text_gives_findings_and_no_crash(text):
    """Wrong types, cut texts and strange characters end in findings that name a line of the text."""
    for found in prometheus.check(text):
        assert found.message
        assert 0 <= found.line <= len(text.splitlines()) + 1
