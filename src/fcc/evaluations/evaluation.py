"""What an evaluation came to: files, findings, scores, criteria, what could not be checked, and the decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from fcc.evaluations.validation import Validation
from fcc.simulation import Finding
from fcc.simulation.verdict import AreaVerdict, Decision

if TYPE_CHECKING:
    from fcc.evaluations.promotion import Promotion

SCHEMA = "fcc.evaluation/1"
EvidenceSource = Literal["findings", "text", "coverage", "judge"]


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """One file, and what its validator says."""

    path: str
    """As the user would write it, with `/`."""
    validation: Validation


@dataclass(frozen=True, slots=True)
class CriterionResult:
    """What one criterion of a rubric came to."""

    name: str
    weight: float
    source: EvidenceSource
    """Which evidence it rests on."""
    value: float | None
    """From 0 to 1; None where it could not be judged."""
    level: str
    """The rubric's words for that value; "" where there are none."""
    reason: str
    """The evidence, or why there is none."""
    advisory: bool = False
    """Whether it only informs: a judge that is not calibrated may not decide."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """One item that was asked for, and where it was met."""

    id: str
    item: str
    met: bool
    file: str = ""
    line: int = 0
    area: str = ""
    """The step that was asked for it."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All evidence on a run, a file or a folder, and what follows from it."""

    subject: str
    """The run's id, or the path."""
    source: Literal["run", "file", "folder"]
    decision: Decision
    """APPROVED: the policy is met. BLOCKED: it is not. NO VERDICT: a required check could not run, or nothing was there."""
    reasons: tuple[str, ...]
    files: tuple[CheckedFile, ...] = ()
    findings: tuple[Finding, ...] = ()
    """Every finding: on single files, on what does not agree between them, on texts, by the user's own checks."""
    areas: tuple[AreaVerdict, ...] = ()
    """The score of each step's text; none for files that no agent wrote."""
    overall: float | None = None
    criteria: tuple[CriterionResult, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    unchecked: tuple[str, ...] = ()
    """What could not be checked, why, and what to install; each once."""
    judge: Mapping[str, Any] = field(default_factory=dict)
    """The judge's model, prompt hash, calibration and agreement; empty where none was asked."""
    chain: str = ""
    """The chain of a run."""
    promotion: Promotion | None = None
    """The environments of a run and what differs between them; None where it has none."""
