"""Defects of the monitoring: metrics, rules, dashboard, and the scripts that act on them."""

from __future__ import annotations

from fcc.providers.deterministic._defect import Defect, File, another_number, times

_STEP = "monitoring"
_METRICS = File(_STEP, r"app/metrics\.py")
_SCRAPE = File(_STEP, r"monitoring/prometheus\.yaml")
_ALERTS = File(_STEP, r"monitoring/alerts\.yaml")
_DASHBOARD = File(_STEP, r"monitoring/dashboards/[\w.-]+\.json")
_HEALTH = File(_STEP, r"scripts/healthcheck\.sh")
_ROLLBACK = File(_STEP, r"scripts/rollback\.sh")
_LOGGING = File(_STEP, r"app/logging\.json")

MONITORING: tuple[Defect, ...] = (
    _ALERTS.defect(
        "latency-threshold",
        "agreement",
        "The latency alert fires at five times the latency of the SLA.",
        r"(alert: LatencySlaViolated\n.* > )([0-9.]+)$",
        times(5),
    ),
    _ALERTS.defect(
        "availability-threshold",
        "agreement",
        "The availability alert allows more failures than the SLA.",
        r"(alert: AvailabilitySlaViolated\n.* > )([0-9.]+)$",
        times(20),
    ),
    _ALERTS.defect(
        "latency-quantile",
        "agreement",
        "The latency alert watches another quantile than the SLA names.",
        r"(alert: LatencySlaViolated\n *expr: histogram_quantile\()([0-9.]+)",
        times(0.5),
    ),
    _ALERTS.defect(
        "promql-broken",
        "invalid",
        "An alert's expression does not close a parenthesis.",
        r"(\[5m\]\))\)\)( > )",
        r"\1\2",
    ),
    _ALERTS.defect(
        "alert-duration",
        "invalid",
        "An alert waits for a time that Prometheus can't read.",
        r"for: 5m",
        "for: 5 minutes",
    ),
    _ALERTS.defect(
        "alert-metric",
        "agreement",
        "An alert watches a metric that the exporter does not declare, so it never fires.",
        r"model_feature_drift_score",
        "model_drift_psi",
    ),
    _ALERTS.defect(
        "drift-alert-missing",
        "completeness",
        "There is no alert on model drift, which was asked for.",
        r"^      - alert: ModelDrift\n(?:        .*\n)*",
        "",
    ),
    _ALERTS.defect(
        "rollback-trigger",
        "agreement",
        "No alert carries the label that starts the rollback.",
        r"^ *action: rollback\n",
        "",
        count=0,
    ),
    _DASHBOARD.defect(
        "dashboard-metric",
        "agreement",
        "The dashboard shows a metric that the exporter does not declare.",
        r"http_request_duration_seconds_bucket",
        "http_server_latency_seconds_bucket",
        count=0,
    ),
    _DASHBOARD.defect(
        "dashboard-json", "invalid", "The dashboard is no JSON: a bracket is missing.", r"^  \]\n\}$", "}"
    ),
    _DASHBOARD.defect(
        "dashboard-query",
        "invalid",
        "A query of the dashboard is no PromQL.",
        r"sum\(rate\(http_requests_total",
        "sum(rate(http_requests_total)",
    ),
    _DASHBOARD.defect(
        "dashboard-panel-missing",
        "completeness",
        "The dashboard does not show throughput, which was asked for.",
        r'^    \{"id": 2, .*\n',
        "",
    ),
    _METRICS.defect(
        "exporter-syntax",
        "invalid",
        "The metrics exporter is no valid Python.",
        r"^(DRIFT = Gauge\(.*)\)$",
        r"\1",
    ),
    _METRICS.defect(
        "exporter-renamed",
        "agreement",
        "The exporter declares another counter than alerts and dashboard use.",
        r"http_requests_total",
        "requests_answered_total",
    ),
    _SCRAPE.defect(
        "scrape-port",
        "agreement",
        "Prometheus scrapes a port that no pod opens.",
        r'^(        regex: ")(\d+)(?="$)',
        another_number,
    ),
    _SCRAPE.defect(
        "scrape-job",
        "agreement",
        "Alerts and dashboard select a scrape job that does not exist.",
        r"^(  - job_name: .+)$",
        r"\1-pods",
    ),
    _HEALTH.defect(
        "healthcheck-path",
        "agreement",
        "The health check asks for a path that nothing serves.",
        r'(readiness\) path=")[^"]*',
        r"\1/ready-now",
    ),
    _HEALTH.defect(
        "script-quote", "invalid", "The health check does not close a quote.", r'^(echo "OK .*)"$', r"\1"
    ),
    _ROLLBACK.defect(
        "rollback-deployment",
        "agreement",
        "The rollback undoes a Deployment that does not exist.",
        r'^(DEPLOYMENT=".+)"$',
        r'\1-prod"',
    ),
    _ROLLBACK.defect(
        "script-cut-off",
        "invalid",
        "The rollback script breaks off inside an `if`.",
        r"^else #[\s\S]*",
        "",
    ),
    _ROLLBACK.lost(
        "rollback-missing",
        "The rollback script that was asked for is described and not there.",
        note="Coverage finds the section on it, and can't tell a description from the script.",
    ),
    _LOGGING.defect(
        "logging-json",
        "invalid",
        "The logging configuration is no JSON: a comma is missing.",
        r'^(  "version": 1),$',
        r"\1",
    ),
)
