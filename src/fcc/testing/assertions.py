"""Assertions on a run's record; a failure shows what the run came to."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from fcc.simulation import Artifact, Finding, RunRecord, StepRecord
    from fcc.simulation.verdict import Decision, Severity

_RANK = {"advice": 0, "warning": 1, "error": 2}


def assert_approved(record: RunRecord) -> None:
    """The run is APPROVED."""
    __tracebackhide__ = True
    assert_decision(record, "APPROVED")


def assert_decision(record: RunRecord, decision: Decision) -> None:
    """The run came to that decision: `APPROVED`, `BLOCKED` or `NO VERDICT`."""
    __tracebackhide__ = True
    found = record.verdict.decision if record.verdict is not None else f"no decision: it is {record.status}"
    if found != decision:
        _fail(record, f"expected {decision}, and the run came to {found}")


def assert_no_findings(record: RunRecord, *, step: str | None = None, severity: Severity = "warning") -> None:
    """Nothing was found of that severity or a higher one, in the run or in one of its steps."""
    __tracebackhide__ = True
    found = [
        f"{name}: {finding.severity}: {finding.message} [{finding.rule}]"
        for name, finding in _findings(record, step)
        if _RANK[finding.severity] >= _RANK[severity]
    ]
    if found:
        _fail(record, "expected no findings, and there are:\n" + "\n".join(f"  {line}" for line in found))


def assert_finding(record: RunRecord, rule: str, *, step: str | None = None) -> Finding:
    """There is a finding of that rule; it is returned."""
    __tracebackhide__ = True
    known = _findings(record, step)
    for _, finding in known:
        if finding.rule == rule:
            return finding
    rules = ", ".join(sorted({finding.rule for _, finding in known})) or "none"
    return _fail(record, f"expected a finding {rule!r}; found here: {rules}")


def assert_artifact(
    record: RunRecord,
    path: str | None = None,
    *,
    step: str | None = None,
    kind: str | None = None,
    contains: str = "",
) -> Artifact:
    """There is a file of that path, or kind, that contains the text; it is returned."""
    __tracebackhide__ = True
    known = [artifact for one in _steps(record, step) for artifact in one.artifacts]
    alike = [
        artifact
        for artifact in known
        if (path is None or artifact.path == path) and (kind is None or artifact.kind == kind)
    ]
    for artifact in alike:
        if contains in artifact.content:
            return artifact
    wanted = " ".join(filter(None, [path, f"of kind {kind}" if kind else ""])) or "at all"
    if alike:
        return _fail(record, f"the file {wanted} is there, and does not contain {contains!r}")
    names = ", ".join(f"{artifact.path} ({artifact.kind})" for artifact in known) or "none"
    return _fail(record, f"expected a file {wanted}; found here: {names}")


def _steps(record: RunRecord, step: str | None) -> list[StepRecord]:
    return list(record.steps) if step is None else [record.step(step)]


def _findings(record: RunRecord, step: str | None) -> list[tuple[str, Finding]]:
    return [(one.name, finding) for one in _steps(record, step) for finding in one.findings]


def _fail(record: RunRecord, what: str) -> NoReturn:
    __tracebackhide__ = True
    from fcc.reports import run_report

    raise AssertionError(f"{what}\n\n{run_report(record)}")
