"""A rubric: weighted criteria, the evidence that each may use, and the policy that turns them into a decision.

It has the last word on nothing that a check has found: a finding as severe as `block_on` blocks, whatever the criteria
and the judge say; and what could not be judged is never counted as a zero.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import BaseModel, Field, StringConstraints, field_validator, model_validator

from fcc import _yaml
from fcc.agents.flow import FROZEN
from fcc.evaluations.evaluation import Coverage, CriterionResult, EvidenceSource
from fcc.evaluations.validation import KINDS
from fcc.simulation.verdict import Decision, Finding, Severity, said
from fcc.workspace import show_path

Share = Annotated[float, Field(ge=0, le=1)]
Words = Annotated[str, StringConstraints(min_length=1)]
Levels: TypeAlias = dict[Share, Words] | tuple[Words, ...]

WARNING_COSTS = 0.1
"""What a warning takes from a criterion that rests on findings."""
WARNINGS_LEAVE = 0.5
"""What such a criterion keeps, however many warnings there are."""

_RANK: dict[Severity, int] = {"advice": 0, "warning": 1, "error": 2}


class RubricCriterion(BaseModel):
    """One thing that is judged, and by which evidence."""

    model_config = FROZEN

    name: Words = Field(description="What it is called in results; unique in the rubric.")
    description: str = ""
    weight: float = Field(
        default=1.0, gt=0, le=1000, description="Its weight in the mean, against the others'."
    )
    evidence: EvidenceSource = Field(
        description="What it rests on: findings of checks, the score of a text, coverage of the task, or a judge."
    )
    rules: tuple[Words, ...] = Field(
        default=(), description="Which findings count, by globs of their rules' ids; all without any."
    )
    areas: tuple[Words, ...] = Field(
        default=(), description="Which steps count, by their names in the record; all without any."
    )
    scorer: str = Field(
        default="", description="What scores the text: an entry point in fcc.scorers; without one, our own."
    )
    levels: Levels = Field(
        default=(),
        description="Words for a value: a list from worst to best, in equal bands; or from which value on they hold.",
    )
    question: str = Field(default="", description="What a judge is asked.")

    @model_validator(mode="after")
    def _fits_its_evidence(self) -> RubricCriterion:
        if self.rules and self.evidence != "findings":
            raise ValueError("`rules` choose among findings; this criterion rests on other evidence")
        if self.scorer and self.evidence != "text":
            raise ValueError("a `scorer` scores texts; this criterion rests on other evidence")
        if self.question and self.evidence != "judge":
            raise ValueError("a `question` is for a judge; this criterion rests on other evidence")
        if self.evidence == "judge" and not self.question.strip():
            raise ValueError("a judge needs a `question`")
        return self

    def level(self, value: float) -> str:
        """The rubric's words for a value in [0, 1]; "" where it has none."""
        if isinstance(self.levels, dict):
            return self.levels[max(reached)] if (reached := [at for at in self.levels if at <= value]) else ""
        if not self.levels:
            return ""
        return self.levels[min(int(value * len(self.levels)), len(self.levels) - 1)]


class RubricPolicy(BaseModel):
    """From criteria to a decision."""

    model_config = FROZEN

    pass_at: Share = Field(default=0.6, description="The weighted mean must reach this.")
    block_on: Severity = Field(
        default="error",
        description="A finding of this severity, or a worse one, blocks whatever the mean is.",
    )
    required: tuple[Words, ...] = Field(
        default=(),
        description="Criteria, or kinds of files, that must have been checked; without that there is no verdict.",
    )


class Rubric(BaseModel):
    """By which criteria a delivery is judged; a file in `evaluations/` that has `criteria`."""

    model_config = FROZEN

    name: str = Field(default="", description="What it is called; its file's name without one.")
    description: str = ""
    criteria: tuple[RubricCriterion, ...] = Field(min_length=1, description="What is judged.")
    policy: RubricPolicy = Field(default=RubricPolicy(), description="When the criteria together are enough.")

    @classmethod
    def from_file(cls, path: Path) -> Rubric:
        """The rubric in a YAML file; errors as `fcc._yaml.read` and `fcc._yaml.build`."""
        return _yaml.build(cls, _yaml.read(path, show_path(path)))

    @field_validator("criteria")
    @classmethod
    def _names_are_unique(cls, criteria: tuple[RubricCriterion, ...]) -> tuple[RubricCriterion, ...]:
        names = [criterion.name for criterion in criteria]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two criteria are called {', '.join(twice)}")
        return criteria

    @model_validator(mode="after")
    def _required_is_known(self) -> Rubric:
        names = [criterion.name for criterion in self.criteria]
        for name in self.policy.required:
            if name not in names and name not in KINDS:
                near = _yaml.suggestion(name, [*names, *KINDS])
                raise ValueError(f"`policy.required`: {name} is no criterion and no kind of file{near}")
        return self

    @property
    def questions(self) -> dict[str, str]:
        """What a judge is asked, by the criterion's name; empty where the rubric needs none."""
        return {item.name: item.question for item in self.criteria if item.evidence == "judge"}


@dataclass(frozen=True, slots=True)
class JudgedCriterion:
    """What a judge said on one criterion."""

    value: float | None
    """From 0 to 1; None where it could not judge."""
    reason: str
    calibrated: bool
    """Whether the judge has been held against known pairs; one that has not only informs."""


@dataclass(frozen=True, slots=True)
class RubricEvidence:
    """All that criteria may rest on."""

    findings: Mapping[str, Sequence[Finding]] = field(default_factory=dict)
    """By area; "" for those between areas, and for files that no step wrote. An area that was checked and has none has
    an empty sequence; one that is not there was not checked."""
    text_scores: Mapping[str, float | None] = field(default_factory=dict)
    """The text score of each area, from 0 to 1; None where it could not be judged."""
    scored: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    """The same by other scorers, by the scorer's name."""
    coverage: Sequence[Coverage] = ()
    judged: Mapping[str, JudgedCriterion] = field(default_factory=dict)
    """By the criterion's name."""


def apply_rubric(rubric: Rubric, evidence: RubricEvidence) -> tuple[CriterionResult, ...]:
    """What each criterion comes to, in the rubric's order.

    Findings: 1 without an error or warning in scope; each warning takes 0.1, down to 0.5; any error makes it 0; advice
    takes nothing. Text: the lowest of the areas' scores, since one broken text is no less broken
    among sound ones. Coverage: the share of items that were met. Judge: as it said;
    advisory, so not counted in the mean, where it is not calibrated. A criterion of which a part could not be judged
    has no value.
    """
    return tuple(_result(criterion, evidence) for criterion in rubric.criteria)


def rubric_score(results: Sequence[CriterionResult]) -> float | None:
    """The weighted mean, from 0 to 1, of all that was judged and is not only advice; None where that is nothing."""
    counted = [(item.value, item.weight) for item in results if item.value is not None and not item.advisory]
    total = sum(weight for _, weight in counted)
    return sum(value * weight for value, weight in counted) / total if total else None


def decide_rubric(
    rubric: Rubric,
    results: Sequence[CriterionResult],
    findings: Sequence[Finding],
    checked: Collection[str] = (),
) -> tuple[Decision, tuple[str, ...]]:
    """The decision, and why.

    Blocked by a finding of the policy's severity, whatever else there is; else no verdict where something required was
    not checked, or nothing was judged; else blocked or approved by the weighted mean. `checked` are the kinds of files
    of which there was one, and every one could be checked.
    """
    limit = _RANK[rubric.policy.block_on]
    blocking = [said(finding) for finding in findings if _RANK[finding.severity] >= limit]
    missing = _missing(rubric, results, checked)
    if blocking:
        return "BLOCKED", (*blocking, *missing)
    mean = rubric_score(results)
    if missing or mean is None:
        return "NO VERDICT", tuple(missing) or ("no criterion could be judged",)
    asked = rubric.policy.pass_at
    unjudged = [f"{item.name} could not be judged: {item.reason}" for item in results if item.value is None]
    if mean < asked:
        low = min((item for item in results if item.value is not None and not item.advisory), key=_value)
        why = f"the criteria come to {mean:.2f}, under the {asked:.2f} that the rubric asks for"
        return "BLOCKED", (f"{why}; the lowest is {low.name} ({low.value:.2f}): {low.reason}", *unjudged)
    return "APPROVED", (
        f"the criteria come to {mean:.2f}, and the rubric asks for {asked:.2f}",
        *unjudged,
        *_advice(results),
    )


def _value(result: CriterionResult) -> float:
    return 1.0 if result.value is None else result.value


def _missing(rubric: Rubric, results: Sequence[CriterionResult], checked: Collection[str]) -> list[str]:
    by_name = {item.name: item for item in results}
    found = []
    for name in rubric.policy.required:
        result = by_name.get(name)
        if result is None and name not in checked:
            found.append(f"{name} is required, and no file of that kind was there that could be checked")
        elif result is not None and result.value is None:
            found.append(f"{name} is required and could not be judged: {result.reason}")
        elif result is not None and result.advisory:
            found.append(f"{name} is required, and its judge is not calibrated")
    return found


def _advice(results: Sequence[CriterionResult]) -> list[str]:
    return [
        f"{item.name} ({item.value:.2f}) is advice: its judge is not calibrated, so it is not counted"
        for item in results
        if item.advisory and item.value is not None
    ]


def _result(criterion: RubricCriterion, evidence: RubricEvidence) -> CriterionResult:
    advisory = False
    if criterion.evidence == "judge":
        judged = evidence.judged.get(criterion.name)
        value = judged.value if judged is not None else None
        reason = judged.reason if judged is not None else "no judge was asked; name one with --judge"
        advisory = judged is not None and not judged.calibrated
    else:
        read = {"findings": _by_findings, "text": _by_text, "coverage": _by_coverage}[criterion.evidence]
        value, reason = read(criterion, evidence)
    level = criterion.level(value) if value is not None else ""
    return CriterionResult(
        criterion.name, criterion.weight, criterion.evidence, value, level, reason, advisory
    )


_Judged: TypeAlias = tuple[float | None, str]


def _by_findings(criterion: RubricCriterion, evidence: RubricEvidence) -> _Judged:
    areas = criterion.areas or tuple(evidence.findings)
    if lacking := [area for area in areas if area not in evidence.findings]:
        return None, f"nothing of {', '.join(lacking)} was checked"
    if not areas:
        return None, "nothing was checked"
    found = [item for area in areas for item in evidence.findings[area] if _in_scope(criterion, item.rule)]
    errors = [item for item in found if item.severity == "error"]
    warnings = [item for item in found if item.severity == "warning"]
    if errors:
        return 0.0, f"{_count(errors, 'error')}; the first: {said(errors[0])}"
    if warnings:
        value = max(WARNINGS_LEAVE, 1 - WARNING_COSTS * len(warnings))
        return value, f"no error; {_count(warnings, 'warning')}; the first: {said(warnings[0])}"
    return 1.0, "no error and no warning"


def _in_scope(criterion: RubricCriterion, rule: str) -> bool:
    return not criterion.rules or any(fnmatchcase(rule, glob) for glob in criterion.rules)


def _count(found: Sequence[Finding], noun: str) -> str:
    return f"{len(found)} {noun}{'s' if len(found) > 1 else ''}"


def _by_text(criterion: RubricCriterion, evidence: RubricEvidence) -> _Judged:
    by_area = evidence.scored.get(criterion.scorer, {}) if criterion.scorer else evidence.text_scores
    areas = criterion.areas or tuple(by_area)
    scores = {area: by_area.get(area) for area in areas}
    known = {area: score for area, score in scores.items() if score is not None}
    if len(known) < len(scores):
        return None, f"no text score for {', '.join(area for area in scores if area not in known)}"
    if not known:
        return None, "there is no text that could be scored"
    low = min(known, key=lambda area: known[area])
    return known[low], f"the lowest of {len(known)} is that of {low}"


def _by_coverage(criterion: RubricCriterion, evidence: RubricEvidence) -> _Judged:
    items = [item for item in evidence.coverage if not criterion.areas or item.area in criterion.areas]
    if not items:
        return None, "no item that was asked for is known"
    unmet = [item.item for item in items if not item.met]
    said_of = f"{len(items) - len(unmet)} of {len(items)} items"
    reason = f"{said_of}; not found: {'; '.join(unmet[:3])}" if unmet else said_of
    return 1 - len(unmet) / len(items), reason


__all__ = [
    "JudgedCriterion",
    "Rubric",
    "RubricCriterion",
    "RubricEvidence",
    "RubricPolicy",
    "apply_rubric",
    "decide_rubric",
    "rubric_score",
]
