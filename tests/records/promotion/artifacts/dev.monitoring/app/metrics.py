"""Metrics of churn-predictor-v2, served at /metrics."""

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("http_requests_total", "Requests answered.", ["method", "path", "status"])
DURATION = Histogram(
    "http_request_duration_seconds",
    "Seconds from request to response.",
    ["method", "path"],
    buckets=(0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2),  # 0.2 is the SLA
)
DRIFT = Gauge("model_feature_drift_score", "Population stability index against training data.", ["feature"])
