"""The configurations of Prometheus and Alertmanager as plain YAML."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from fcc.evaluations.validation import validate_artifact
from support.mutated import mutated

WHOLE = {
    "global": {"scrape_interval": "15s", "evaluation_interval": "1m", "external_labels": {"a": "b"}},
    "rule_files": ["rules/*.yml"],
    "alerting": {
        "alertmanagers": [{"static_configs": [{"targets": ["a:9093"]}]}],
        "alert_relabel_configs": [],
    },
    "remote_write": [
        {"url": "http://b/write", "write_relabel_configs": [{"action": "labeldrop", "regex": "c"}]}
    ],
    "scrape_configs": [
        {
            "job_name": "web",
            "scrape_interval": "1m30s",
            "metrics_path": "/metrics",
            "static_configs": [{"targets": ["web:80"], "labels": {"a": "b"}}],
            "relabel_configs": [{"source_labels": ["a"], "action": "Keep", "regex": "b"}],
        },
        {"job_name": "pods", "kubernetes_sd_configs": [{"role": "pod"}], "new_sd_configs": []},
    ],
}
ROUTED = {
    "route": {"receiver": "a", "group_wait": "30s", "routes": [{"receiver": "b", "matchers": ["c = d"]}]},
    "receivers": [{"name": "a"}, {"name": "b"}],
}
JOB = "scrape_configs:\n  - job_name: a\n"
ALERTS = "receivers:\n  - name: chat\n  - name: mail\nroute:\n  receiver: "


def _found(text: str):
    result = validate_artifact("yaml", text)
    return result.valid, [(found.severity, found.line) for found in result.findings]


@given(mutated(WHOLE) | mutated(ROUTED))
@settings(max_examples=60, deadline=None)
def test_any_configuration_gives_a_result(text):
    """Wrong types and strange keys end in findings, and in no crash."""
    validate_artifact("yaml", text)


@pytest.mark.parametrize("data", [WHOLE, ROUTED])
def test_a_right_configuration_has_no_findings(data):
    """What the reference has, and a service discovery that is not known here, is taken."""
    assert _found(str(data)) == (True, [])


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("global:\n  scrape_interval: 15s\nscrape_config: []\n", 3, "`scrape_configs`"),
        ("global:\n  scrape_intervall: 15s\n  evaluation_interval: 1m\n", 2, "`scrape_interval`"),
        ("global:\n  scrape_interval: 15 seconds\n", 2, "no duration"),
        ("global:\n  evaluation_interval: 15\n", 2, "no duration"),
        ("scrape_configs:\n  - jobname: a\n", 2, "`job_name`"),
        ("scrape_configs:\n  - scheme: https\n", 2, "no `job_name`"),
        (f"{JOB}    static_config: []\n", 3, "`static_configs`"),
        (f"{JOB}    kubernetes_sd_config: []\n", 3, "`kubernetes_sd_configs`"),
        (f"{JOB}    scrape_timeout: ten\n", 3, "no duration"),
        (f"{JOB}    static_configs:\n      - target: [b]\n", 4, "`targets`"),
        (f"{JOB}    static_configs:\n      - targets:\n          - http://b\n", 5, "URL"),
        (f"{JOB}    relabel_configs:\n      - action: kep\n", 4, "`keep`"),
        (f"{JOB}    metric_relabel_configs:\n      - source_label: [b]\n", 4, "`source_labels`"),
        (f"{JOB}  - job_name: a\n", 3, "second job"),
        (f"{JOB}remote_write:\n  - write_relabel_configs:\n      - action: x\n", 5, "no relabeling"),
    ],
)
def test_what_prometheus_does_not_read_is_a_warning(text, line, word):
    """A key that is not there, a wrong duration, action or target is told on its line; the YAML stays valid."""
    assert _found(text) == (True, [("warning", line)])
    assert word in validate_artifact("yaml", text).findings[0].message


@pytest.mark.parametrize(
    "text",
    [
        "global:\n  scrape_intervall: 15s\n",
        "server: {}\npositions: {}\nscrape_configs:\n  - job: a\n",
        "scrape_configs: none\nother: 1\n",
        "apiVersion: v1\nkind: X\nscrape_configs:\n  - job: a\n",
        "receivers:\n  otlp: {}\nroute:\n  receiver: a\n",
        "route: /a\nreceivers: [b]\n",
        f"{ALERTS}${{RECEIVER}}\n",
    ],
)
def test_other_yaml_is_left_alone(text):
    """What is not evidently a configuration of the two is only read."""
    assert _found(text) == (True, [])


def test_a_route_to_no_receiver_is_an_error():
    """A receiver that a route names, at any depth, must be there."""
    assert _found(f"{ALERTS}chatt\n") == (False, [("error", 5)])
    assert _found(f"{ALERTS}chat\n  routes:\n    - routes:\n        - receiver: pager\n") == (
        False,
        [("error", 8)],
    )
    assert _found(f"{ALERTS}chat\n  group_wait: soon\n") == (True, [("warning", 6)])
