"""Readiness: from scores and findings to a verdict, by a policy. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from fcc.agents import ReadinessPolicy

Severity = Literal["error", "warning", "advice"]
AreaStatus = Literal["READY", "NEEDS WORK", "NO VERDICT"]
Decision = Literal["APPROVED", "BLOCKED", "NO VERDICT"]

EXIT_CODE: dict[Decision, int] = {"APPROVED": 0, "BLOCKED": 1, "NO VERDICT": 3}
"""What the command returns for each decision."""


class Place(NamedTuple):
    """A line of an artifact or output."""

    file: str
    line: int = 0
    """From 1; 0 where it is about the whole."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check says about an output. An error is evidence enough to block."""

    rule: str
    severity: Severity
    message: str
    file: str = ""
    """The artifact or output that it is about."""
    line: int = 0
    """From 1; 0 where it is about the whole."""
    hint: str = ""
    """How to fix it, in one sentence; "" where the message says it."""
    related: tuple[Place, ...] = ()
    """The other side, where it is about what does not agree."""


class Evidence(NamedTuple):
    """What is known of one area when the run is over."""

    area: str
    score: float | None
    """From 0 to 1; None where nothing could be judged."""
    findings: tuple[Finding, ...] = ()
    missing: str = ""
    """Why there is no score; "" where there is one."""
    policy: ReadinessPolicy | None = None
    """The area's own policy; None for the run's."""


@dataclass(frozen=True, slots=True)
class AreaVerdict:
    """One area's score and what it reads as."""

    area: str
    score: float | None
    status: AreaStatus


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the whole may go ahead, and why."""

    areas: tuple[AreaVerdict, ...]
    overall: float | None
    """The mean of the areas' scores; None where one is missing."""
    decision: Decision
    reasons: tuple[str, ...]


def decide(policy: ReadinessPolicy, evidence: Iterable[Evidence], refusals: Iterable[str] = ()) -> Verdict:
    """The verdict on a run; `refusals` say of each closed gate why it is closed.

    An area reads READY from `policy.ready_at` on, with no error among its findings. One evidenced failure
    (a score under `policy.approve_at`, an error, or a closed gate) makes the run BLOCKED; else one area without
    evidence, or no area at all, makes it NO VERDICT; else it is APPROVED. What is missing is never counted as a zero.
    An area with a policy of its own is judged by that one.
    """
    known = tuple(evidence)
    areas = tuple(AreaVerdict(item.area, item.score, _status(item.policy or policy, item)) for item in known)
    failures = [reason for item in known for reason in _failures(item.policy or policy, item)]
    failures += refusals
    missing = [f"{item.area} could not be judged: {item.missing}" for item in known if item.score is None]
    scores = [item.score for item in known if item.score is not None]
    overall = sum(scores) / len(scores) if scores and not missing else None
    if failures:
        return Verdict(areas, overall, "BLOCKED", (*failures, *missing))
    if missing or not known:
        return Verdict(
            areas, overall, "NO VERDICT", tuple(missing) or ("nothing was run that could be judged",)
        )
    reasons = (f"every area scored at least {policy.approve_at:.2f}", *_remarks(policy, areas))
    return Verdict(areas, overall, "APPROVED", reasons)


def _status(policy: ReadinessPolicy, item: Evidence) -> AreaStatus:
    if item.score is None:
        return "NO VERDICT"
    return "READY" if item.score >= policy.ready_at and not _errors(item) else "NEEDS WORK"


def _errors(item: Evidence) -> list[Finding]:
    return [finding for finding in item.findings if finding.severity == "error"]


def said(finding: Finding) -> str:
    """A finding in one line."""
    place = f"{finding.file}:{finding.line}: " if finding.line else ""
    return f"{place}{finding.message} [{finding.rule}]"


def _failures(policy: ReadinessPolicy, item: Evidence) -> list[str]:
    reasons = [f"{item.area}: {finding.message} [{finding.rule}]" for finding in _errors(item)]
    if item.score is not None and item.score < policy.approve_at:
        reasons.append(
            f"{item.area} scored {item.score:.2f}, under the {policy.approve_at:.2f} that approval needs"
        )
    return reasons


def _remarks(policy: ReadinessPolicy, areas: tuple[AreaVerdict, ...]) -> list[str]:
    below = [f"{area.area} ({area.score:.2f})" for area in areas if area.status == "NEEDS WORK"]
    if not below:
        return []
    reads, does = ("reads", "does") if len(below) == 1 else ("read", "do")
    remark = f"{', '.join(below)} {reads} NEEDS WORK (under {policy.ready_at:.2f}) and {does} not block"
    return [f"{remark}, since approval asks for {policy.approve_at:.2f} only"]
