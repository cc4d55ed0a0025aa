"""Texts and what their authors were given: service levels and times of day."""

from __future__ import annotations

import pytest

from fcc.evaluations.contracts import Context, Source, check_contracts

ASKED = "Write it. Latency SLA: < 200ms p99. Availability SLA: 99.9%. Notes: 09:02 deployment; 9:43 rollback."


def rules(text: str, task: str = ASKED) -> set[str]:
    found = check_contracts(
        [Source("outputs/a.md", "markdown", text)], Context({"replicas": 3}, {"a": task} if task else {})
    )
    return {item.rule for item in found if item.rule.startswith("request-")}


@pytest.mark.parametrize(
    "text",
    [
        "p99 latency stays below 200 ms, or 0.2 s, for 5 minutes; availability is 99.9%.",
        "p99 latency above 200ms for 60 seconds pages somebody; 95 % of all tests pass.",
        "A load test of 30 minutes; a restart within 10 s; 0.1% of requests may fail.",
        "At 09:02 the deployment, at 09:43:10 the rollback; it took 00:41, see image web:1:30 and 10:00-11:00.",
        "A ratio of 16:9, http://localhost:08:30 and 2026-01-31T10:15:00 are no times of a note.",
    ],
)
def test_what_was_given_is_no_clash(text: str) -> None:
    """In other units and forms too; neither are other figures, lengths, ratios, ports and dates."""
    assert rules(text) == set()


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("p95 latency is under 150 ms.", "request-figure"),
        ("Response times of 1 second are fine.", "request-figure"),
        ("Availability is 99.95%.", "request-figure"),
        ("At 09:15 a user complains.", "request-time"),
    ],
)
def test_what_was_not_given_clashes(text: str, rule: str) -> None:
    """A service level or a time that neither task nor inputs hold."""
    assert rules(text) == {rule}


@pytest.mark.parametrize("task", ["", "Write it."])
def test_where_nothing_was_given_nothing_is_said(task: str) -> None:
    """A text whose task is not known, or holds no figure and no time, can't be held against it."""
    assert rules("p95 latency is under 150 ms, availability 99.95%, at 09:15.", task) == set()
