"""What a step that rehearses is given, and what it hands back: `evaluations` implements it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from fcc.simulation.verdict import Finding


class RehearsalFile(NamedTuple):
    """A file that is rehearsed."""

    path: str
    kind: str
    """By `kind_of`."""
    text: str
    step: str = ""
    """The step that delivered it."""


class RehearsalRequest(NamedTuple):
    """What is rehearsed, and with which failures."""

    files: Sequence[RehearsalFile]
    scenarios: Mapping[str, Mapping[str, Any]]
    """By name, what the file of each says."""
    alert: Any = None
    """A webhook document of Alertmanager for the rollback script; None where there is none."""
    inputs: Mapping[str, Any] = {}


class Rehearsed(NamedTuple):
    """What came of a rehearsal."""

    output: str
    """Markdown; the first 500 characters say how it ended."""
    data: Mapping[str, Any]
    """JSON, for conditions and gates."""
    findings: tuple[Finding, ...]
    score: float | None
    """The share of scenarios without an error, from 0 to 1; None where one could not be carried out."""
    unchecked: tuple[str, ...] = ()
    """What could not be rehearsed, and why."""


class Rehearser(Protocol):
    """Plays failures through on a simulated cluster."""

    def rehearse(self, request: RehearsalRequest) -> Rehearsed:
        """The same bytes for the same request; it asks no model and starts nothing of what the files hold."""
