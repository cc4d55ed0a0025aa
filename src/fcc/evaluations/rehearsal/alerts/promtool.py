"""A second opinion on which alerts fire: Prometheus's own `promtool test rules`, where it is installed."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from fcc.evaluations.rehearsal.alerts.alerts import AlertTimeline, FiredAlert, evaluate_alerts
from fcc.evaluations.rehearsal.alerts.metrics import STALE, Series
from fcc.evaluations.rehearsal.alerts.rules import Rule, in_order, read_rules
from fcc.evaluations.rehearsal.promql.promql import instants, milliseconds
from fcc.evaluations.validators.check import NotCheckedError

_VERSION = re.compile(r"version (\d+)\.(\d+)\S*")
_TEMPLATE = re.compile(r"\{\{(?!-?\s*(?:\$value|\$labels\.[A-Za-z_]\w*)\s*-?\}\})")
_PROBLEM = re.compile(
    r"^\s*(?:name: [^\n]*,\s*)?alertname: ?(?P<name>.*?), time: ?(?P<time>[^,\n]*),", re.MULTILINE
)
_TIMEOUT = 120.0
_MOST_SHOWN = 20


class SecondOpinion(NamedTuple):
    """What promtool says of the same rules and series."""

    engine: str
    """`promtool` and its version; the own evaluation that it is compared with follows the same major version."""
    rules: int
    """How many alert rules were compared; those that are not evaluated here are not."""
    instants: int
    differences: tuple[str, ...]
    """One sentence for each alert and instant at which the two differ, or for what promtool refuses; 20 at most."""


def check_with_promtool(
    rules: Sequence[tuple[str, str]],
    series: Sequence[Series],
    *,
    end: float,
    step: float = 15.0,
    every: int = 1,
) -> SecondOpinion:
    """Whether promtool, too, sees each alert of rule files, given as (file, text), fire at each `every`-th instant.

    The series' samples must stand at multiples of `step`, in seconds. Annotations are not compared, nor labels with
    templates that are not filled in. Raises `NotCheckedError` where promtool is not on PATH or gives no answer.
    """
    from fcc.evaluations.validators._command import run_tool

    said = run_tool(["promtool", "--version"])
    found = _VERSION.search(said.out + said.err)
    version = int(found[1]) if found else 3
    ordered = in_order(read_rules(rules)[0])
    text = json.dumps(
        {"groups": [{"name": "rehearsal", "rules": [_rule(rule) for rule, _ in ordered.rules]}]}
    )
    timeline = evaluate_alerts([("", text)], series, end=end, step=step, version=version)
    compared = _without(ordered.rules, timeline)
    text = json.dumps({"groups": [{"name": "rehearsal", "rules": [_rule(rule) for rule in compared]}]})
    times = instants(0, end, step)[::every]
    alerts = sorted({rule.name for rule in compared if not rule.records})
    tests = _tests(alerts, timeline.alerts, times)
    test = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": f"{milliseconds(step)}ms",
        "tests": [
            {
                "interval": f"{milliseconds(step)}ms",
                "input_series": [_series(item, step) for item in series],
                "alert_rule_test": tests,
            }
        ],
    }
    done = run_tool(
        ["promtool", "test", "rules", "test.yml"],
        {"rules.yml": text, "test.yml": json.dumps(test)},
        timeout=_TIMEOUT,
    )
    said_of = _differences(done.out + done.err) if done.code else ()
    engine = f"promtool {found[1]}.{found[2]}" if found else "promtool"
    count = sum(not rule.records for rule in compared)
    return SecondOpinion(engine, count, len(times), tuple(said_of)[:_MOST_SHOWN])


def _rule(rule: Rule) -> dict[str, Any]:
    labels = {name: text for name, text in rule.labels.items() if not _TEMPLATE.search(text)}
    kind = "record" if rule.records else "alert"
    data: dict[str, Any] = {kind: rule.name, "expr": rule.expr, "labels": labels}
    if not rule.records:
        data |= {"for": f"{rule.hold}ms"} | ({"keep_firing_for": f"{rule.keep}ms"} if rule.keep else {})
    return data


def _without(ordered: Iterable[tuple[Rule, Any]], timeline: AlertTimeline) -> list[Rule]:
    """The rules that were evaluated here."""
    refused = {sentence.split(" is not evaluated: ")[0] for sentence in timeline.unchecked}
    return [rule for rule, _ in ordered if rule.name not in refused]


def _series(item: Series, step: float) -> dict[str, str]:
    labels = ",".join(
        f"{name}={json.dumps(value, ensure_ascii=False)}"
        for name, value in item.labels.items()
        if name != "__name__"
    )
    values: list[str] = []
    for time, value in item.samples:
        at = round(time / step)
        if milliseconds(time) != at * milliseconds(step) or at < len(values):
            raise NotCheckedError(f"promtool takes samples at multiples of {step:g} seconds only")
        values += ["_"] * (at - len(values))
        values.append(_number(value))
    return {"series": f"{item.labels.get('__name__', '')}{{{labels}}}", "values": " ".join(values)}


def _number(value: float) -> str:
    if value is STALE:
        return "stale"
    if math.isfinite(value):
        return repr(value)
    return "NaN" if math.isnan(value) else "Inf" if value > 0 else "-Inf"


def _tests(alerts: Sequence[str], fired: Sequence[FiredAlert], times: Sequence[int]) -> list[dict[str, Any]]:
    by_name: dict[str, list[FiredAlert]] = {name: [] for name in alerts}
    for alert in fired:
        by_name.setdefault(alert.name, []).append(alert)
    return [
        {
            "eval_time": f"{time}ms",
            "alertname": name,
            "exp_alerts": [
                {"exp_labels": _labels(alert.labels)} for alert in by_name[name] if _fires(alert, time)
            ],
        }
        for time in times
        for name in alerts
    ]


def _labels(labels: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in labels.items() if name != "alertname"}


def _fires(alert: FiredAlert, time: int) -> bool:
    end = math.inf if alert.resolved_at is None else milliseconds(alert.resolved_at)
    return milliseconds(alert.fired_at) <= time < end


def _differences(output: str) -> Iterator[str]:
    problems = list(_PROBLEM.finditer(output))
    for at, problem in enumerate(problems):
        end = problems[at + 1].start() if at + 1 < len(problems) else len(output)
        rest = " ".join(output[problem.end() : end].split())
        yield f"{problem['name']} at {problem['time']}: {rest[:300]}"
    if not problems:
        yield " ".join(output.split())[:600]
