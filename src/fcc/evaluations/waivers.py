"""Waivers: findings that do not count, by whose word, until when and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints, field_validator

from fcc import _yaml
from fcc.agents.flow import FROZEN
from fcc.simulation import Finding
from fcc.simulation.tiers import HARD_STOP
from fcc.workspace import show_path

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Waiver(BaseModel):
    """One rule that somebody answers for, for a time."""

    model_config = FROZEN

    rule: Text = Field(description="The rule of the findings, or a pattern: `mandatory-dve-*`.")
    owner: Text = Field(description="Who answers for it.")
    reason: Text = Field(description="Why it may be so for now.")
    expires: date = Field(description="The last day on which it holds, as 2026-01-31, in UTC.")
    files: str = Field(
        default="",
        description="A pattern that the finding's file must match from the right: `k8s/*.yaml`; all without one.",
    )

    @field_validator("rule")
    @classmethod
    def _is_no_hard_stop(cls, value: str) -> str:
        if value.startswith(HARD_STOP.rstrip("-")):
            raise ValueError(
                "a hard stop can't be waived by anybody; mend what breaks it, or change the persona"
            )
        return value

    def covers(self, finding: Finding) -> bool:
        """Whether it is written for a finding, whatever the day; it never is for a broken hard stop."""
        if finding.rule.startswith(HARD_STOP) or not fnmatchcase(finding.rule, self.rule):
            return False
        return not self.files or PurePosixPath(finding.file).match(self.files)


class WaiverFile(BaseModel):
    """A file of waivers in `evaluations/`, told by its key `waivers`."""

    model_config = FROZEN

    description: str = ""
    waivers: tuple[Waiver, ...] = Field(min_length=1, description="What is waived.")


@dataclass(frozen=True)
class Waiving:
    """The waivers of a workspace, on the day on which something is judged."""

    waivers: tuple[Waiver, ...]
    today: date
    """In UTC."""

    def of(self, findings: Iterable[Finding]) -> Sequence[Finding]:
        """The findings, each one that is waived as advice that says so; one whose waiver has expired says that."""
        return [self._of(finding) for finding in findings]

    def _of(self, finding: Finding) -> Finding:
        if finding.severity == "advice":
            return finding
        covering = [waiver for waiver in self.waivers if waiver.covers(finding)]
        if not covering:
            return finding
        last = max(covering, key=lambda waiver: waiver.expires)
        if last.expires < self.today:
            said = f"{finding.message} (its waiver by {last.owner} expired on {last.expires})"
            return replace(finding, message=said)
        said = f"waived by {last.owner} until {last.expires}, {last.reason}: {finding.message}"
        return replace(finding, severity="advice", message=said)


def read_waivers(path: Path) -> tuple[Waiver, ...]:
    """The waivers in a file of `evaluations/`.

    Raises:
        InvalidFileError: it is no file of waivers; every problem with its place.
    """
    return _yaml.build(WaiverFile, _yaml.read(path, show_path(path))).waivers
