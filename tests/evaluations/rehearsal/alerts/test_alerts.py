"""Alert rules over series: pending, firing, resolved, and what is not evaluated."""

import time

import pytest

from fcc.evaluations.rehearsal.alerts.alerts import evaluate_alerts, missing_metrics
from fcc.evaluations.rehearsal.alerts.metrics import STALE, Series

pytest.importorskip("promql_parser")


def gauge(values: list[float], name: str = "g", **labels: str) -> Series:
    return Series({"__name__": name, **labels}, tuple((at * 15.0, value) for at, value in enumerate(values)))


def rules(*bodies: str) -> list[tuple[str, str]]:
    listed = "".join(f"      - {body}\n" for body in bodies)
    return [("alerts.yaml", f"groups:\n  - name: a\n    rules:\n{listed}")]


HIGH = gauge([0, 0, 1, 1, 1, 1, 0, 0, 1, 0, 0])


def times(data: list[Series], *bodies: str, end: float = 150) -> list[tuple[str, float, float, float | None]]:
    timeline = evaluate_alerts(rules(*bodies), data, end=end)
    assert not timeline.unchecked
    return [(alert.name, alert.pending_at, alert.fired_at, alert.resolved_at) for alert in timeline.alerts]


def test_an_alert_is_pending_fires_after_for_and_is_resolved():
    """Pending at the first instant that holds, firing `for` later, resolved at the first that does not hold."""
    assert times([HIGH], "{alert: A, expr: g > 0, for: 30s}") == [("A", 30, 60, 90)]


def test_without_for_it_fires_at_once_and_each_time():
    """An expression that holds twice with a gap is two alerts."""
    assert times([HIGH], "{alert: A, expr: g > 0}") == [("A", 30, 30, 90), ("A", 120, 120, 135)]


def test_what_does_not_hold_for_long_enough_never_fires():
    """A gap starts the waiting again."""
    assert times([HIGH], "{alert: A, expr: g > 0, for: 1m30s}") == []


def test_what_still_holds_at_the_end_is_not_resolved():
    """Its end is not known."""
    assert times([HIGH], "{alert: A, expr: g > 0}", end=60) == [("A", 30, 30, None)]


def test_keep_firing_for_bridges_a_gap():
    """It is resolved only when the expression has not held for so long."""
    assert times([HIGH], "{alert: A, expr: g > 0, keep_firing_for: 45s}") == [("A", 30, 30, None)]
    assert times([HIGH], "{alert: A, expr: g > 0, keep_firing_for: 15s}") == [
        ("A", 30, 30, 105),
        ("A", 120, 120, 150),
    ]


def test_labels_and_annotations_are_filled_in_in_two_forms_only():
    """Templates are not run: whatever is not a label or the value stays as it stands."""
    body = (
        "{alert: A, expr: g > 0, labels: {pod: '{{ $labels.pod }}!', severity: page, level: 1}, annotations: "
        "{summary: '{{ $labels.pod }} at {{$value}}, {{ $value | humanize }}'}}"
    )
    timeline = evaluate_alerts(rules(body), [gauge([0.5], pod="x", zone="z")], end=0)
    (alert,) = timeline.alerts
    assert alert.labels == {"alertname": "A", "pod": "x!", "severity": "page", "level": "1", "zone": "z"}
    assert alert.annotations == {"summary": "x at 0.5, {{ $value | humanize }}"}


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1"), (0.05, "0.05"), (1e6, "1e+06"), (1234567.5, "1.2345675e+06"), (0.00001, "1e-05"), (-150000, "-150000"),
     (float("inf"), "+Inf"), (float("nan"), "NaN")],
)  # fmt: skip
def test_values_are_printed_as_prometheus_prints_them(value, text):
    """As Go prints a float."""
    (alert,) = evaluate_alerts(
        rules("{alert: A, expr: g, annotations: {v: '{{ $value }}'}}"), [gauge([value])], end=0
    ).alerts
    assert alert.annotations["v"] == text


def test_each_series_is_an_alert_of_its_own():
    """Two pods are two alerts, each with its own times."""
    data = [gauge([1, 0, 0], pod="a"), gauge([0, 1, 1], pod="b")]
    timeline = evaluate_alerts(rules("{alert: A, expr: g > 0}"), data, end=30)
    assert [(alert.labels["pod"], alert.fired_at, alert.resolved_at) for alert in timeline.alerts] == [
        ("a", 0, 15),
        ("b", 15, None),
    ]


def test_recording_rules_come_first_and_are_series_for_others():
    """Whatever their order in the file; a recorded series that gives no value any more is gone at once."""
    data = [gauge([2, 2, 2, STALE, STALE, STALE], job="x")]
    found = times(
        data,
        "{alert: A, expr: 'job:twice > 3'}",
        "{record: 'job:twice', expr: 'job:g * 2'}",
        "{record: 'job:g', expr: 'sum by (job) (g)'}",
        end=60,
    )
    assert found == [("A", 0, 0, 45)]


def test_what_is_not_evaluated_is_named_and_so_is_what_rests_on_it():
    """Such a rule is unchecked, and neither fired nor silent."""
    timeline = evaluate_alerts(
        rules(
            "{record: 'at:night', expr: 'hour() < 6'}",
            "{alert: Night, expr: 'at:night'}",
            "{alert: Ok, expr: g}",
            "{alert: Circle, expr: 'me:too'}",
            "{record: 'me:too', expr: 'me:too + 1'}",
            "{alert: Meta, expr: 'ALERTS > 0'}",
            "{alert: Time, expr: g, for: 5 minutes}",
            "{alert: Twice, expr: 'g * on() group_left h', labels: {pod: ''}}",
        ),
        [gauge([1], pod="a"), gauge([1], pod="b"), gauge([1], "h")],
        end=0,
    )
    assert {alert.name for alert in timeline.alerts} == {"Ok"}
    reasons = dict(sentence.split(" (alerts.yaml) is not evaluated: ") for sentence in timeline.unchecked)
    assert reasons == {
        "at:night": "the function hour() is not evaluated",
        "Night": "it reads at:night, which is not evaluated",
        "Circle": "it reads what is recorded from itself, which is not evaluated",
        "me:too": "it reads what is recorded from itself, which is not evaluated",
        "Meta": "it reads other alerts, which is not evaluated",
        "Time": "`for` is '5 minutes', which is no duration",
        "Twice": "two of its alerts have the same labels",
    }


def test_a_resource_of_the_operator_holds_rules_too_and_other_files_hold_none():
    """A PrometheusRule is read; a file that is no YAML is named."""
    resource = "kind: PrometheusRule\nspec:\n  groups:\n    - {name: a, rules: [{alert: A, expr: g}]}\n"
    timeline = evaluate_alerts([("r.yaml", resource), ("b.yaml", "a: [")], [gauge([1])], end=0)
    assert [alert.name for alert in timeline.alerts] == ["A"]
    assert timeline.unchecked[0].startswith("b.yaml is not read")


def test_metrics_that_nothing_provides_are_named_with_their_alert():
    """Such an alert can't fire; what a rule records is provided."""
    given = rules("{alert: A, expr: g > lost}", "{alert: B, expr: 'r:g'}", "{record: 'r:g', expr: g}")
    assert missing_metrics(given, [HIGH]) == (("A", "lost"),)


def test_an_hour_of_five_rules_takes_milliseconds():
    """Over forty series; the bound is wide, the aim is 60 ms."""
    data = [
        gauge([float(at) for at in range(241)], "c_total", pod=str(pod), le=str(le))
        for pod in range(4)
        for le in range(10)
    ]
    bodies = [
        f"{{alert: A{at}, expr: 'sum by (le) (rate(c_total{{pod=~\"[0-{at}]\"}}[5m])) > 1', for: 5m}}"
        for at in range(5)
    ]
    evaluate_alerts(rules(*bodies), data, end=0)
    start = time.perf_counter()
    evaluate_alerts(rules(*bodies), data, end=3600)
    assert time.perf_counter() - start < 2
