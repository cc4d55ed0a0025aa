"""The metric stream: which series a service has, and what they say of its states."""

import math

import pytest

from fcc.evaluations.rehearsal.alerts.alerts import evaluate_alerts, missing_metrics
from fcc.evaluations.rehearsal.alerts.metrics import (
    STALE,
    Series,
    StateSpan,
    is_foreign,
    metric_stream,
    service_shape,
)
from fcc.evaluations.rehearsal.promql.promql import evaluate

pytest.importorskip("promql_parser")

EXPORTER = """
from prometheus_client import Counter, Gauge, Histogram
REQUESTS = Counter("http_requests", "Requests.", ["method", "status"])
DURATION = Histogram("http_request_duration_seconds", "Duration.", buckets=(0.01, 0.05, 0.1, 0.2, 0.5, 1))
DRIFT = Gauge("drift_score", "Drift.", ["feature"])
"""
SCRAPE = """
scrape_configs:
  - job_name: prometheus
    static_configs: [{targets: [localhost:9090]}]
  - job_name: shop
    kubernetes_sd_configs: [{role: pod}]
    relabel_configs:
      - {source_labels: [__meta_kubernetes_pod_name], target_label: pod}
      - {target_label: tier, replacement: web}
"""
MANIFESTS = """
apiVersion: v1
kind: Service
metadata: {name: shop-svc, namespace: shops}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop-app}
spec:
  template: {spec: {containers: [{name: web, ports: [{containerPort: 9000}]}]}}
"""
WELL = (50.0, 0.01, 0.02, 0.08)
QUIET = StateSpan(0, 1200, *WELL, 3, 3, 0)


def rules(*exprs: str) -> str:
    listed = "".join(f"      - alert: A{at}\n        expr: {expr}\n" for at, expr in enumerate(exprs))
    return f"groups:\n  - name: a\n    rules:\n{listed}"


def stream(
    *exprs: str, states: list[StateSpan], exporter: str = EXPORTER, end: float = 1200
) -> tuple[Series, ...]:
    files = [
        ("app/metrics.py", "python", exporter),
        ("monitoring/prometheus.yaml", "yaml", SCRAPE),
        ("k8s/all.yaml", "kubernetes", MANIFESTS),
        ("alerts.yaml", "prometheus_rules", rules(*exprs)),
    ]
    return metric_stream(service_shape(files), states, end=end)


def value(expression: str, series: tuple[Series, ...], time: float) -> float | None:
    found = evaluate(expression, series, start=time, end=time)
    columns = [column[0] for column in found.values() if column[0] is not None]
    assert len(columns) <= 1
    return columns[0] if columns else None


RATIO = 'sum(rate(http_requests_total{job="shop",status=~"5.."}[5m])) / sum(rate(http_requests_total{job="shop"}[5m]))'
P99 = 'histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket{job="shop"}[5m])))'


def test_the_shape_is_read_from_code_scrape_configuration_and_manifests():
    """Names come from where they are said; the code's counter is exported with its suffix."""
    shape = service_shape(
        [
            ("m.py", "python", EXPORTER),
            ("p.yaml", "yaml", SCRAPE),
            ("k.yaml", "kubernetes", MANIFESTS),
            ("a.yaml", "prometheus_rules", rules('http_requests_total{status="503",method="POST"}')),
        ]
    )
    assert (shape.job, shape.service, shape.namespace) == ("shop", "shop-svc", "shops")
    assert (shape.deployment, shape.container, shape.port) == ("shop-app", "web", 9000)
    counter = shape.exported[0]
    assert (counter.name, counter.labels, counter.outcome) == (
        "http_requests_total",
        (("method", ("POST",)),),
        ("status", "200", "503"),
    )


def test_series_carry_the_labels_that_scraping_adds():
    """Job, instance, and what relabelling sets; one series for each pod."""
    ups = stream("up == 0", states=[QUIET])
    assert [series.labels for series in ups] == [
        {
            "__name__": "up",
            "pod": f"shop-svc-{pod}",
            "tier": "web",
            "job": "shop",
            "instance": f"10.0.0.{pod + 1}:9000",
        }
        for pod in range(3)
    ]


def test_rates_and_ratios_are_those_of_the_state():
    """Fifty requests a second over all pods, one in a hundred an error."""
    series = stream(RATIO, states=[QUIET])
    assert value("sum(rate(http_requests_total[5m]))", series, 900) == pytest.approx(50)
    assert value(RATIO, series, 900) == pytest.approx(0.01)


@pytest.mark.parametrize(("p99", "low", "high"), [(0.08, 0.05, 0.1), (0.3, 0.2, 0.5), (8.0, 1.0, 1.0)])
def test_the_quantile_lies_in_the_bucket_of_the_wanted_one(p99, low, high):
    """Buckets are all that is known of latencies; beyond the last bound only that bound is."""
    series = stream(P99, states=[StateSpan(0, 1200, 50, 0, 0.02, p99, 3, 3, 0)])
    found = value(P99, series, 900)
    assert found is not None
    assert low <= found <= high


def test_a_bound_at_the_wanted_quantile_holds_just_that_share():
    """The log-normal distribution has 99 % below its 99th percentile and half below its median."""
    series = stream(P99, states=[StateSpan(0, 1200, 10, 0, 0.05, 0.5, 1, 1, 0)])
    total = value('rate(http_request_duration_seconds_bucket{le="+Inf"}[5m])', series, 900)
    for bound, share in (("0.05", 0.5), ("0.5", 0.99)):
        below = value(f'rate(http_request_duration_seconds_bucket{{le="{bound}"}}[5m])', series, 900)
        assert below == pytest.approx(share * total, rel=1e-6)


def test_a_spike_raises_the_quantile_and_its_end_lowers_it():
    """The alert's time follows from the range of its expression."""
    slow = StateSpan(600, 1200, 50, 0.01, 0.3, 0.9, 3, 3, 0)
    series = stream(
        f"{P99} > 0.2", states=[QUIET._replace(end=600), slow, QUIET._replace(start=1200)], end=2400
    )
    (alert,) = evaluate_alerts([("a.yaml", rules(f"{P99} > 0.2"))], series, end=2400).alerts
    assert 600 < alert.fired_at <= 630
    assert alert.resolved_at is not None
    assert 1200 < alert.resolved_at <= 1530


def test_a_pod_that_is_not_ready_is_down_and_its_series_end_and_start_from_zero():
    """`up` is 0 meanwhile; what remains serves all of the load."""
    states = [QUIET._replace(end=300), StateSpan(300, 600, *WELL, 2, 3, 0), QUIET._replace(start=600)]
    series = stream("up", RATIO, states=states)
    down = next(
        item for item in series if item.labels["__name__"] == "up" and item.labels["pod"] == "shop-svc-2"
    )
    assert dict(down.samples)[285] == 1
    assert dict(down.samples)[300] == 0
    assert dict(down.samples)[600] == 1
    third = next(
        item for item in series if item.labels.get("status") == "200" and item.labels["pod"] == "shop-svc-2"
    )
    samples = dict(third.samples)
    assert samples[300] is STALE
    assert samples[615] < samples[285]
    assert value("sum(rate(http_requests_total[2m]))", series, 540) == pytest.approx(50)


def test_without_any_ready_pod_there_is_nothing_but_up():
    """Then only an alert on absence can tell."""
    series = stream(RATIO, "absent(up == 1)", states=[StateSpan(0, 1200, *WELL, 0, 2, 0)])
    assert {item.labels["__name__"] for item in series if item.samples} == {"up"}
    assert value("absent(up == 1)", series, 600) == 1


def test_a_metric_that_the_code_does_not_declare_stays_absent():
    """Its alert can't fire, and is named with the metric."""
    wrong = "http_errors_total > 0"
    series = stream(wrong, RATIO, states=[QUIET])
    assert missing_metrics([("a.yaml", rules(wrong, RATIO))], series) == (("A0", "http_errors_total"),)


def test_another_job_than_the_one_scraped_finds_nothing():
    """The stream's job is the one of the scrape configuration."""
    series = stream('rate(http_requests_total{job="shop-api"}[5m])', states=[QUIET])
    assert value('http_requests_total{job="shop-api"}', series, 600) is None
    assert value('count(http_requests_total{job="shop"})', series, 600) == 6


@pytest.mark.parametrize(
    "exporter", ["", "from prometheus_fastapi_instrumentator import Instrumentator\nInstrumentator()"]
)
def test_without_declarations_the_service_exports_what_the_rules_read(exporter):
    """Types are told by suffix, outcomes by the label's name and the rule's own matcher."""
    ratio = 'rate(calls_total{outcome="failure"}[5m])'
    quantile = "histogram_quantile(0.5, rate(call_latency_seconds_bucket[5m]))"
    mean = "rate(call_latency_seconds_sum[5m]) / rate(call_latency_seconds_count[5m])"
    state = StateSpan(0, 1200, 10, 0.2, 0.1, 0.1, 1, 1, 0)
    series = stream(ratio, quantile, mean, "model_accuracy < 0.9", states=[state], exporter=exporter)
    assert value(ratio, series, 900) == pytest.approx(2)
    assert value(quantile, series, 900) == pytest.approx(0.0875)
    assert value(mean, series, 900) == pytest.approx(0.1)
    assert value("model_accuracy", series, 900) == 1


def test_gauges_are_what_they_are_in_a_healthy_service():
    """Drift is 0; a gauge of latency is the 99th percentile in its unit; a time stamp is fresh."""
    exporter = "from prometheus_client import Gauge\n" + "".join(
        f'{name.upper()} = Gauge("{name}", "")\n'
        for name in ("drift_score", "latency_ms", "last_success_timestamp_seconds")
    )
    series = stream(
        "drift_score > 0", "latency_ms > 1", "last_success_timestamp_seconds > 0",
        states=[QUIET._replace(ready_pods=1, pods=1)], exporter=exporter,
    )  # fmt: skip
    assert value("drift_score", series, 600) == 0
    assert value("latency_ms", series, 600) == pytest.approx(80)
    assert value("time() - last_success_timestamp_seconds", series, 600) == 0


def test_kube_state_metrics_are_there_when_rules_read_them():
    """Restarts, readiness and replicas follow the state."""
    exprs = (
        "increase(kube_pod_container_status_restarts_total[10m]) > 3",
        'kube_pod_status_ready{condition="true"} == 0',
        "kube_deployment_status_replicas_available",
        "kube_deployment_spec_replicas",
        'kube_pod_container_status_waiting_reason{reason="CrashLoopBackOff"} > 0',
    )
    series = stream(*exprs, states=[QUIET._replace(end=300), StateSpan(300, 1200, *WELL, 2, 3, 2)])
    assert value(exprs[0], series, 1200) == pytest.approx(20, rel=0.1)
    assert value("count(kube_pod_status_ready{condition='true'} == 0)", series, 600) == 1
    assert value(exprs[2], series, 600) == 2
    assert value(exprs[3], series, 600) == 3
    assert value(f"count({exprs[4]})", series, 600) == 1
    assert not any(item.labels["__name__"].startswith("http") for item in series)


def test_what_others_export_is_told_from_what_the_service_should():
    """A missing metric of the node is no mistake of the service's."""
    assert is_foreign("node_load1")
    assert not is_foreign("http_requests_total")


def test_the_stream_is_the_same_each_time_and_empty_without_states():
    """No clock and nothing drawn."""
    assert stream(RATIO, states=[QUIET]) == stream(RATIO, states=[QUIET])
    assert stream(RATIO, states=[]) == ()


def test_counters_never_fall_but_for_a_restart():
    """Whatever the states are."""
    states = [
        StateSpan(at * 100, at * 100 + 100, 10 * at, 0.1 * (at % 3), 0.01, 0.1 * at + 0.02, 2, 2, 0)
        for at in range(9)
    ]
    for item in stream(RATIO, P99, states=states):
        values = [sample for _, sample in item.samples]
        assert all(math.isfinite(sample) for sample in values)
        assert values == sorted(values)
