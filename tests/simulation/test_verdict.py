"""Readiness: from evidence to a decision."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcc.agents import ReadinessPolicy
from fcc.simulation import Evidence, Finding, decide

POLICY = ReadinessPolicy()
ERROR = Finding("rule", "error", "port 80 is not 8080", "a.yaml", 3)

evidence = st.builds(
    Evidence,
    st.text("abc", min_size=1, max_size=3),
    st.none() | st.floats(0, 1),
    st.sampled_from([(), (ERROR,), (Finding("r", "warning", "hm"),)]),
    st.just("it failed"),
)


@pytest.mark.parametrize(
    ("scores", "decision", "statuses"),
    [
        ([0.9, 0.6], "APPROVED", ["READY", "READY"]),
        ([0.9, 0.55], "APPROVED", ["READY", "NEEDS WORK"]),
        ([0.9, 0.5], "APPROVED", ["READY", "NEEDS WORK"]),
        ([0.9, 0.49], "BLOCKED", ["READY", "NEEDS WORK"]),
        ([0.9, None], "NO VERDICT", ["READY", "NO VERDICT"]),
        ([0.2, None], "BLOCKED", ["NEEDS WORK", "NO VERDICT"]),
        ([], "NO VERDICT", []),
    ],
)
def test_the_seeds_thresholds(scores: list[float | None], decision: str, statuses: list[str]) -> None:
    """0.6 makes an area ready, 0.5 everywhere approves; what is missing is neither a pass nor a fail."""
    verdict = decide(
        POLICY, [Evidence(f"a{n}", s, missing="" if s is not None else "down") for n, s in enumerate(scores)]
    )
    assert verdict.decision == decision
    assert [area.status for area in verdict.areas] == statuses
    assert verdict.reasons


def test_an_area_that_needs_work_but_does_not_block_is_said_in_words() -> None:
    """The seed's surprise, an area at 0.55 in an approved deployment, is explained."""
    reasons = decide(POLICY, [Evidence("infra", 0.55)]).reasons
    assert any(
        "infra (0.55) reads NEEDS WORK (under 0.60) and does not block" in reason for reason in reasons
    )


def test_an_error_blocks_whatever_the_score() -> None:
    """A failed check outweighs a good text, and the reason names its rule."""
    verdict = decide(POLICY, [Evidence("a", 0.99, (ERROR,))])
    assert verdict.decision == "BLOCKED"
    assert verdict.areas[0].status == "NEEDS WORK"
    assert "[rule]" in verdict.reasons[0]


@given(st.lists(evidence, max_size=6), st.floats(0, 1), st.floats(0, 1))
def test_no_outage_is_a_failure_and_no_failure_a_success(
    items: list[Evidence], ready: float, approve: float
) -> None:
    """For any evidence and policy: blocked if and only if something failed, approved only if nothing is missing."""
    policy = ReadinessPolicy(ready_at=ready, approve_at=approve)
    verdict = decide(policy, items)
    failed = any(
        (i.findings and i.findings[0].severity == "error")
        or (i.score is not None and i.score < (i.policy or policy).approve_at)
        for i in items
    )
    assert (verdict.decision == "BLOCKED") == failed
    if verdict.decision == "APPROVED":
        assert items
        assert all(i.score is not None for i in items)
    if any(i.score is None for i in items):
        assert verdict.overall is None
