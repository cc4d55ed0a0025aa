"""The configurations of Prometheus and Alertmanager, where a YAML text is evidently one.

The keys are those of https://prometheus.io/docs/prometheus/latest/configuration/configuration/ and
https://prometheus.io/docs/alerting/latest/configuration/.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from fcc import _yaml
from fcc.evaluations.validators._reading import MOST_FINDINGS, near, shown
from fcc.evaluations.validators.check import error, line_of, mapping, sequence, warning
from fcc.evaluations.validators.prometheus import DURATION
from fcc.simulation import Finding

Path = tuple[str | int, ...]

_TOP = frozenset(
    [
        "alerting",
        "global",
        "otlp",
        "remote_read",
        "remote_write",
        "rule_files",
        "runtime",
        "scrape_config_files",
        "scrape_configs",
        "storage",
        "tracing",
    ]
)
_ELSEWHERE = {"apiVersion", "clients", "positions", "server"}
"""Top-level keys of Kubernetes and Promtail, whose files have `scrape_configs` too."""
_LIMITS = frozenset(
    [
        "always_scrape_classic_histograms",
        "body_size_limit",
        "convert_classic_histograms_to_nhcb",
        "extra_scrape_metrics",
        "keep_dropped_targets",
        "label_limit",
        "label_name_length_limit",
        "label_value_length_limit",
        "metric_name_escaping_scheme",
        "metric_name_validation_scheme",
        "sample_limit",
        "scrape_failure_log_file",
        "scrape_interval",
        "scrape_native_histograms",
        "scrape_protocols",
        "scrape_timeout",
        "target_limit",
    ]
)
_GLOBAL = _LIMITS | {"evaluation_interval", "external_labels", "query_log_file", "rule_query_offset"}
_DISCOVERY = (
    "aws azure consul digitalocean dns docker dockerswarm ec2 eureka file gce hetzner http ionos kubernetes"
)
_MORE_DISCOVERY = (
    "kuma lightsail linode marathon nerve nomad openstack ovhcloud puppetdb scaleway serverset stackit triton uyuni"
    " vultr"
)
_SCRAPE = (
    _LIMITS
    | frozenset(
        [
            "authorization",
            "basic_auth",
            "bearer_token",
            "bearer_token_file",
            "enable_compression",
            "enable_http2",
            "fallback_scrape_protocol",
            "follow_redirects",
            "honor_labels",
            "honor_timestamps",
            "http_headers",
            "job_name",
            "metric_relabel_configs",
            "metrics_path",
            "native_histogram_bucket_limit",
            "native_histogram_min_bucket_factor",
            "no_proxy",
            "oauth2",
            "params",
            "proxy_connect_header",
            "proxy_from_environment",
            "proxy_url",
            "relabel_configs",
            "scheme",
            "scrape_classic_histograms",
            "static_configs",
            "tls_config",
            "track_timestamps_staleness",
        ]
    )
    | {f"{name}_sd_configs" for name in f"{_DISCOVERY} {_MORE_DISCOVERY}".split()}
)
_RELABEL = {"action", "modulus", "regex", "replacement", "separator", "source_labels", "target_label"}
_ACTIONS = frozenset(
    [
        "drop",
        "dropequal",
        "hashmod",
        "keep",
        "keepequal",
        "labeldrop",
        "labelkeep",
        "labelmap",
        "lowercase",
        "replace",
        "uppercase",
    ]
)
_DURATIONS = ("scrape_interval", "scrape_timeout", "evaluation_interval", "rule_query_offset")
_ROUTE_DURATIONS = ("group_wait", "group_interval", "repeat_interval")


def config_findings(document: _yaml.Document) -> Iterator[Finding]:
    """What is probably not meant in a Prometheus configuration, and the receivers that Alertmanager's lacks.

    Nothing of any other document.
    """
    data = mapping(document.data)
    config = _Config(document)
    yield from islice(config.prometheus(data) if _is_prometheus(data) else (), MOST_FINDINGS)
    receivers = [mapping(receiver).get("name") for receiver in sequence(data.get("receivers"))]
    if isinstance(data.get("route"), dict) and any(receivers) and "apiVersion" not in data:
        yield from islice(config.routes(data["route"], [str(name) for name in receivers]), MOST_FINDINGS)


def _is_prometheus(data: dict[str, Any]) -> bool:
    usual = mapping(data.get("global")).keys() & {"scrape_interval", "evaluation_interval"}
    return (bool(usual) or isinstance(data.get("scrape_configs"), list)) and not data.keys() & _ELSEWHERE


class _Config:
    def __init__(self, document: _yaml.Document) -> None:
        self._document = document

    def prometheus(self, data: dict[str, Any]) -> Iterator[Finding]:
        yield from self._keys(data, (), _TOP, "the file")
        yield from self._keys(mapping(data.get("global")), ("global",), _GLOBAL, "`global`")
        yield from self._durations(mapping(data.get("global")), ("global",), _DURATIONS)
        seen: set[str] = set()
        for index, job in enumerate(sequence(data.get("scrape_configs"))):
            path: Path = ("scrape_configs", index)
            yield from self._job(mapping(job), path)
            name = mapping(job).get("job_name")
            if isinstance(name, str) and name in seen:
                hint = "Give each job a name of its own."
                yield self._warning((*path, "job_name"), f"a second job {shown(name)}", hint)
            seen.add(str(name))
        yield from self._relabelings(mapping(data.get("alerting")), ("alerting",))
        for index, remote in enumerate(sequence(data.get("remote_write"))):
            yield from self._relabelings(mapping(remote), ("remote_write", index))

    def _job(self, job: dict[str, Any], path: Path) -> Iterator[Finding]:
        unknown = list(self._keys(job, path, _SCRAPE, "a job"))
        yield from unknown
        if "job_name" not in job and not unknown:
            yield self._warning(path, "the job has no `job_name`", "Give it one; Prometheus asks for it.")
        yield from self._durations(job, path, _DURATIONS[:2])
        yield from self._relabelings(job, path)
        for index, group in enumerate(sequence(job.get("static_configs"))):
            here = (*path, "static_configs", index)
            yield from self._keys(mapping(group), here, frozenset({"labels", "targets"}), "a static config")
            for number, target in enumerate(sequence(mapping(group).get("targets"))):
                if isinstance(target, str) and "/" in target and not job.get("relabel_configs"):
                    hint = "Write host:port; `scheme` and `metrics_path` are keys of the job."
                    what = f"the target {shown(target)} is a URL"
                    yield self._warning((*here, "targets", number), what, hint)

    def _relabelings(self, owner: dict[str, Any], path: Path) -> Iterator[Finding]:
        for key in (key for key in owner if key.endswith("relabel_configs")):
            for index, step in enumerate(sequence(owner[key])):
                here = (*path, key, index)
                yield from self._keys(mapping(step), here, frozenset(_RELABEL), "a relabeling")
                action = mapping(step).get("action", "replace")
                if isinstance(action, str) and action.lower() not in _ACTIONS:
                    hint = f"Use one of: {', '.join(sorted(_ACTIONS))}."
                    what = f"{shown(action)} is no relabeling action{near(action, sorted(_ACTIONS))}"
                    yield self._warning((*here, "action"), what, hint)

    def routes(self, root: dict[str, Any], receivers: list[str]) -> Iterator[Finding]:
        waiting: list[tuple[dict[str, Any], Path]] = [(root, ("route",))]
        while waiting:
            route, path = waiting.pop()
            name = route.get("receiver")
            if isinstance(name, str) and name not in receivers and not {"$", "{"} & set(name):
                what = f"the receiver {shown(name)} is not among the `receivers`{near(name, receivers)}"
                hint = "Add it to `receivers`, or correct its name."
                yield error("alertmanager-receiver", what, line_of(self._document, (*path, "receiver")), hint)
            yield from self._durations(route, path, _ROUTE_DURATIONS)
            inner = enumerate(sequence(route.get("routes")))
            waiting += [(mapping(one), (*path, "routes", index)) for index, one in inner]

    def _durations(self, owner: dict[str, Any], path: Path, keys: tuple[str, ...]) -> Iterator[Finding]:
        for key in keys:
            value = owner.get(key)
            if isinstance(value, str | int) and "$" not in str(value) and not DURATION.fullmatch(str(value)):
                what = f"`{key}` is {shown(value)}, which is no duration"
                yield self._warning((*path, key), what, "Write a number with a unit, as in 30s, 5m or 1h30m.")

    def _keys(self, owner: dict[str, Any], path: Path, known: frozenset[str], what: str) -> Iterator[Finding]:
        for key in sorted(owner.keys() - known, key=list(owner).index):
            if not key.endswith("_sd_configs"):
                message = f"{what} has no key `{key[:60]}`{near(key, sorted(known))}"
                yield self._warning((*path, key), message, "Correct its name or its indentation.")

    def _warning(self, path: Path, message: str, hint: str) -> Finding:
        return warning("prometheus-config", message, line_of(self._document, path), hint)
