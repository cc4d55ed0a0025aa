"""PromQL over series in memory: worked by hand, and by the examples of the Prometheus documentation."""

import math
import re
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fcc.evaluations.rehearsal.alerts.metrics import STALE, Series
from fcc.evaluations.rehearsal.promql.promql import NotUnderstoodError, RefusedError, evaluate
from fcc.evaluations.validators.check import NotCheckedError

pytest.importorskip("promql_parser")


def series(name: str, values: Sequence[float | None], *, every: float = 60, **labels: str) -> Series:
    samples = tuple((at * every, value) for at, value in enumerate(values) if value is not None)
    return Series({"__name__": name, **labels}, samples)


def at(expression: str, data: Sequence[Series], time: float, version: int = 3) -> dict[str, float]:
    """The values at one instant, by labels as text."""
    found = evaluate(expression, data, start=time, end=time, version=version)
    return {
        ",".join(f"{name}={value}" for name, value in labels): column[0]
        for labels, column in found.items()
        if column[0] is not None
    }


def value(expression: str, data: Sequence[Series], time: float, version: int = 3) -> float:
    """The value of what has no labels."""
    found = at(expression, data, time, version)
    assert list(found) == [""]
    return found[""]


COUNTER = [series("requests_total", [0, 60, 120, 180, 240, 300], job="a")]
RESET = [series("requests_total", [0, 10, 20, 5, 15], every=15)]


def test_rate_of_a_steady_counter_is_its_slope():
    """Five samples in five minutes are extrapolated to the range's start: 240 over 240 s, times 300/240, over 300 s."""
    assert at("rate(requests_total[5m])", COUNTER, 300) == {"job=a": 1.0}


def test_the_start_of_a_range_belongs_to_it_only_in_prometheus_2():
    """Prometheus 3 takes the samples after the start, version 2 the one at the start, too."""
    assert value("count_over_time(requests_total[1m])", RESET, 60) == 4
    assert value("count_over_time(requests_total[1m])", RESET, 60, version=2) == 5


@pytest.mark.parametrize(("version", "expected"), [(2, 35.0), (3, 25 * 60 / 45)])
def test_an_increase_goes_on_over_a_counter_reset(version, expected):
    """What the counter had before the reset is added: 15 - 0 + 20, and 15 - 10 + 20 over 45 s of 60."""
    assert value("increase(requests_total[1m])", RESET, 60, version) == pytest.approx(expected)


def test_extrapolation_takes_no_counter_below_zero():
    """From 1 to 31 in 30 s the counter was 0 one second before: that second, not the whole range, is added."""
    data = [series("c", [None, None, 1, 16, 31], every=15)]
    assert value("increase(c[1m])", data, 60) == pytest.approx(30 * 31 / 30)
    assert value("delta(c[1m])", data, 60) == pytest.approx(30 * 37.5 / 30)


def test_extrapolation_stops_half_an_interval_beyond_a_gap():
    """Where the last sample is far from the range's end, half the mean distance is added."""
    data = [series("g", [0, 10, 20, None, None, None])]
    assert value("delta(g[5m])", data, 300) == pytest.approx(10 * (60 + 60 + 30) / 60)


def test_one_sample_gives_no_rate():
    """A rate takes two samples."""
    assert at("rate(requests_total[20s])", COUNTER, 60) == {}


def test_irate_and_deriv_use_the_newest_samples_and_the_line_through_all():
    """The one sees the last two samples with a reset between them, the other the least-squares line."""
    assert value("irate(requests_total[1m])", RESET, 45) == pytest.approx(5 / 15)
    line = [series("g", [0, 2, 4, 6])]
    assert value("deriv(g[5m])", line, 180) == pytest.approx(2 / 60)
    assert value("predict_linear(g[5m], 60)", line, 180) == pytest.approx(8)


BUCKETS = [
    series("h_bucket", [count], le=bound)
    for bound, count in [("0.1", 50), ("0.5", 90), ("1", 100), ("+Inf", 110)]
]


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        (0.25, 0.1 * 27.5 / 50),  # rank 27.5 in the first bucket, which starts at 0
        (0.75, 0.1 + 0.4 * (82.5 - 50) / 40),
        (0.85, 0.5 + 0.5 * (93.5 - 90) / 10),
        (0.99, 1.0),  # in the bucket of +Inf: the bound below
        (-1, -math.inf),
        (2, math.inf),
    ],
)
def test_a_quantile_is_interpolated_within_its_bucket(q, expected):
    """As the documentation of histogram_quantile says, worked by hand."""
    assert value(f"histogram_quantile({q}, h_bucket)", BUCKETS, 0) == pytest.approx(expected)


@pytest.mark.parametrize(
    "data", [BUCKETS[:3], [series("h_bucket", [0], le=bound) for bound in ("1", "+Inf")]]
)
def test_a_histogram_without_its_last_bucket_or_without_counts_has_no_quantile(data):
    """Without `+Inf`, or with nothing counted, the quantile is NaN."""
    assert math.isnan(value("histogram_quantile(0.5, h_bucket)", data, 0))


ERRORS = [
    series("errors", [24], method="get", code="500"),
    series("errors", [30], method="get", code="404"),
    series("errors", [3], method="put", code="501"),
    series("errors", [6], method="post", code="500"),
    series("errors", [21], method="post", code="404"),
    series("requests", [600], method="get"),
    series("requests", [34], method="del"),
    series("requests", [120], method="post"),
]
"""The series of the documentation's section on vector matching."""


def test_one_to_one_matching_as_in_the_documentation():
    """Entries are matched by the labels that are not ignored."""
    found = at('errors{code="500"} / ignoring(code) requests', ERRORS, 0)
    assert found == {"method=get": 0.04, "method=post": 0.05}


def test_many_to_one_matching_as_in_the_documentation():
    """With group_left each of several series finds its one partner and keeps its own labels."""
    found = at("errors / ignoring(code) group_left requests", ERRORS, 0)
    assert found == {
        "code=500,method=get": 0.04,
        "code=404,method=get": 0.05,
        "code=500,method=post": 0.05,
        "code=404,method=post": 0.175,
    }


@pytest.mark.parametrize(
    "expression",
    ["errors / ignoring(code) requests", "requests / ignoring(code) errors", "errors * on() requests"],
)
def test_matching_that_prometheus_refuses_is_refused(expression):
    """Several partners without group_left or group_right are an error, and no value."""
    with pytest.raises(RefusedError):
        at(expression, ERRORS, 0)


def test_group_left_takes_labels_of_the_other_side():
    """The labels in brackets come from the side of which there is one."""
    data = [series("a", [2], pod="x", team="old"), series("info", [1], pod="x", team="red")]
    assert at("a * on(pod) group_left(team) info", data, 0) == {"pod=x,team=red": 2.0}


GAUGES = [
    series("g", [5], job="a"),
    series("g", [-2.5], job="b"),
    series("up", [0], job="a"),
    series("up", [1], job="b"),
]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("g > 0", {"__name__=g,job=a": 5}),
        ("0 < g", {"__name__=g,job=a": 5}),
        ("g > bool 0", {"job=a": 1, "job=b": 0}),
        ("1 - g", {"job=a": -4, "job=b": 3.5}),
        ("-g", {"job=a": -5, "job=b": 2.5}),
        ("g / 0", {"job=a": math.inf, "job=b": -math.inf}),
        ("g and on(job) up == 1", {"__name__=g,job=b": -2.5}),
        ("g unless on(job) up == 1", {"__name__=g,job=a": 5}),
        ('g{job="a"} or up', {"__name__=g,job=a": 5, "__name__=up,job=b": 1}),
        ("sum(g)", {"": 2.5}),
        ("avg by (job) (g)", {"job=a": 5, "job=b": -2.5}),
        ("max without (job) (g)", {"": 5}),
        ("count(g > 0)", {"": 1}),
        ("topk(1, g)", {"__name__=g,job=a": 5}),
        ("bottomk(1, g)", {"__name__=g,job=b": -2.5}),
        ("quantile(0.5, g)", {"": 1.25}),
        ("abs(g)", {"job=a": 5, "job=b": 2.5}),
        ("ceil(g)", {"job=a": 5, "job=b": -2}),
        ("round(g)", {"job=a": 5, "job=b": -2}),
        ("clamp(g, 0, 1)", {"job=a": 1, "job=b": 0}),
        ("clamp_min(g, 1)", {"job=a": 5, "job=b": 1}),
        ("scalar(sum(g)) + 1", {"": 3.5}),
        ("vector(time())", {"": 0}),
        ('absent(g{job="c"})', {"job=c": 1}),
        ('absent(up{job="a"} == 1)', {"": 1}),
        ("absent(g)", {}),
        ('absent_over_time(g{job="c"}[5m])', {"job=c": 1}),
        ('label_replace(g{job="a"}, "to", "$1-x", "job", "(.*)")', {"__name__=g,job=a,to=a-x": 5}),
        ('label_join(g{job="a"}, "to", "/", "job", "job")', {"__name__=g,job=a,to=a/a": 5}),
        ('g{job=~"a|c"}', {"__name__=g,job=a": 5}),
        ('g{job!~"a|c"}', {"__name__=g,job=b": -2.5}),
        ('g{job!="a"}', {"__name__=g,job=b": -2.5}),
        ('{__name__=~"g|h",missing=""} > 0', {"__name__=g,job=a": 5}),
    ],
)
def test_operators_and_functions(expression, expected):
    """Each gives what the documentation says."""
    assert at(expression, GAUGES, 0) == expected


def test_nan_is_a_value_that_no_comparison_but_unequal_holds_for():
    """A ratio without traffic is NaN: it is there, and alerts on nothing."""
    data = [series("g", [0])]
    assert math.isnan(value("g / g", data, 0))
    assert at("g / g > 0", data, 0) == {}
    assert at("g / g <= 0", data, 0) == {}
    assert value("g / g != bool 0", data, 0) == 1


def test_a_sample_is_seen_for_five_minutes():
    """Prometheus 3 does not see it any more when it is exactly five minutes old; version 2 does."""
    data = [series("g", [1])]
    assert at("g", data, 299.999)
    assert at("g", data, 300) == {}
    assert at("g", data, 300, version=2)


def test_a_stale_mark_ends_a_series_at_once():
    """Instants see nothing after it; ranges see the samples before it."""
    data = [Series({"__name__": "g"}, ((0, 1.0), (15, STALE)))]
    assert at("g", data, 15) == {}
    assert value("count_over_time(g[1m])", data, 15) == 1


def test_offsets_and_subqueries_look_back():
    """An offset shifts the instant; a subquery evaluates at multiples of its step."""
    data = [series("g", [0, 1, 2, 3, 4, 5])]
    assert at("g offset 2m", data, 300) == {"__name__=g": 3}
    assert value("max_over_time((g * 2)[2m:1m])", data, 240) == 8
    assert value("count_over_time((g * 2)[2m:1m])", data, 240) == 2
    assert value("count_over_time((g * 2)[2m:1m])", data, 240, version=2) == 3


@pytest.mark.parametrize(
    ("expression", "named"),
    [
        ("hour() > 9", "hour()"),
        ("count_values('v', g)", "count_values"),
        ("holt_winters(g[5m], 0.5, 0.5)", "holt_winters()"),
        ("g @ 10", "@"),
        ("g offset -5m", "offset"),
        ('g{job=~"[[:alpha:]]+"}', "[[:alpha:]]"),
        ("max_over_time((g * 2)[1y:1s])", "subquery"),
        (" + ".join(["g"] * 300), "nested"),
        ("sum(g", "unclosed left parenthesis"),
        ("g[5m]", "range"),
    ],
)
def test_what_is_outside_of_the_subset_is_named(expression, named):
    """It raises, and never reads as "no result"."""
    with pytest.raises(NotUnderstoodError, match=re.escape(named)):
        at(expression, GAUGES, 0)


def test_two_series_with_the_same_labels_are_refused():
    """A function that drops the names must not make two series one."""
    data = [series("a", [1, 2]), series("b", [1, 2])]
    with pytest.raises(RefusedError):
        at('rate({__name__=~"a|b"}[5m])', data, 60)


EXPRESSIONS = st.recursive(
    st.sampled_from(
        ["g", 'g{job="a"}', "up", "c", "rate(c[2m])", "1", "time()", "vector(2)", "changes(g[5m])"]
    ),
    lambda inner: st.one_of(
        st.tuples(
            st.sampled_from(["abs", "sum", "max by (job) ", "absent", "topk without(job) (2, ", "-"]), inner
        ).map(lambda pair: f"{pair[0]}({pair[1]})" + (")" if "topk" in pair[0] else "")),
        st.tuples(
            inner, st.sampled_from(["+", "/", "> bool", ">", "and", "or", "unless on(job)"]), inner
        ).map(lambda parts: f"({parts[0]}) {parts[1]} ({parts[2]})"),
    ),
    max_leaves=5,
)
MIXED = [
    series("g", [1, math.nan, 3, None, -1, math.inf], job="a"),
    series("g", [2, 2, 2, 2, 2, 2], job="b"),
    series("c", [0, 5, 9, 2, 4, 8], job="a"),
    series("up", [1, 1, 0, STALE, 1, 1], job="b"),
]


@settings(max_examples=60, deadline=None)
@given(EXPRESSIONS)
def test_many_instants_at_once_are_the_same_as_each_by_itself(expression):
    """Evaluation by column is an economy only; what is refused is refused with a reason."""
    try:
        together = evaluate(expression, MIXED, end=300, step=30)
    except (NotUnderstoodError, RefusedError, NotCheckedError) as refused:
        assert str(refused)
        return
    for index in range(11):
        alone = evaluate(expression, MIXED, start=index * 30, end=index * 30, step=30)
        seen = {labels: str(column[0]) for labels, column in alone.items() if column[0] is not None}
        assert seen == {
            labels: str(column[index]) for labels, column in together.items() if column[index] is not None
        }
