"""What came of one scenario."""

from __future__ import annotations

from dataclasses import dataclass, field

from fcc.evaluations.rehearsal.scenario import Scenario
from fcc.simulation import Finding


@dataclass
class Outcome:
    """What came of one scenario; times in seconds since the new revision's rollout began."""

    scenario: Scenario
    findings: list[Finding] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What was rehearsed otherwise than the delivery says, and why."""
    timeline: list[tuple[float, str]] = field(default_factory=list)
    engine: str = ""
    alert: str = ""
    """The alert that started the rollback; "" where none did."""
    failed_at: float | None = None
    detected_after: float | None = None
    """Seconds from the failure to the alert, or to where the rollout gave up."""
    action: str = ""
    """`rollback`, `none needed`, or "" where it did not come to one."""
    commands: list[str] = field(default_factory=list)
    exit_code: int | None = None
    recovered_after: float | None = None
    """Seconds from the failure until the service was well."""
    restored: bool = False
