"""The second opinion: Prometheus's own tool over the same rules and series."""

import math
import shutil

import pytest

from fcc.evaluations.rehearsal.alerts import promtool
from fcc.evaluations.rehearsal.alerts.alerts import AlertTimeline
from fcc.evaluations.rehearsal.alerts.metrics import STALE, Series, StateSpan, metric_stream, service_shape
from fcc.evaluations.rehearsal.alerts.promtool import check_with_promtool
from fcc.evaluations.validators.check import NotCheckedError

pytest.importorskip("promql_parser")
needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not on PATH")

RULES = """
groups:
  - name: service
    rules:
      - record: job:errors:ratio
        expr: sum by (job) (rate(http_requests_total{status=~"5.."}[5m])) / sum by (job) (rate(http_requests_total[5m]))
      - alert: Errors
        expr: job:errors:ratio > 0.05
        for: 1m
        keep_firing_for: 2m
        labels: {severity: critical, level: "{{ $value | humanize }}"}
        annotations: {summary: "{{ $value | humanize }}"}
      - alert: Slow
        expr: histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket[2m]))) > 0.2
        for: 30s
      - alert: Down
        expr: absent(up == 1)
      - alert: Odd
        expr: g > 1 or g != g
        labels: {value: "{{ $value }}"}
      - alert: Night
        expr: hour() < 6
"""
STATES = [
    StateSpan(0, 300, 20, 0.001, 0.01, 0.05, 3, 3, 0),
    StateSpan(300, 600, 20, 0.3, 0.2, 2, 3, 4, 0),
    StateSpan(600, 750, 20, 0, 0.01, 0.05, 0, 3, 4),
    StateSpan(750, 1500, 20, 0, 0.01, 0.05, 3, 3, 0),
]


def stream() -> list[Series]:
    odd = Series(
        {"__name__": "g", "a": 'x"y'}, ((0, 1.5), (15, math.nan), (30, STALE), (60, 1e-7), (300, math.inf))
    )
    return [*metric_stream(service_shape([("a.yaml", "prometheus_rules", RULES)]), STATES, end=1500), odd]


@needs_promtool
def test_promtool_agrees_at_every_instant():
    """Errors, latency, absence, recording rules, odd values: no difference; what is not evaluated is not compared."""
    opinion = check_with_promtool([("a.yaml", RULES)], stream(), end=1500)
    assert opinion.differences == ()
    assert (opinion.rules, opinion.instants) == (4, 101)
    assert opinion.engine.startswith("promtool ")


@needs_promtool
def test_a_difference_is_named(monkeypatch):
    """Against a timeline without alerts promtool names each that it sees."""
    monkeypatch.setattr(promtool, "evaluate_alerts", lambda *_, **__: AlertTimeline((), "own", ()))
    opinion = check_with_promtool(
        [("a.yaml", RULES.replace("hour() < 6", "g"))], stream(), end=1500, every=10
    )
    assert any(sentence.startswith("Slow at 10m") for sentence in opinion.differences)


@needs_promtool
def test_samples_between_the_steps_are_not_checked():
    """The notation of its tests has no place for them."""
    with pytest.raises(NotCheckedError, match="multiples of 15 seconds"):
        check_with_promtool([("a.yaml", RULES)], [Series({"__name__": "g"}, ((7.0, 1.0),))], end=60)


def test_without_promtool_it_says_so(monkeypatch):
    """It is a second opinion, and nothing needs it."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("sys.executable", "")
    with pytest.raises(NotCheckedError, match="promtool"):
        check_with_promtool([("a.yaml", RULES)], [], end=60)
