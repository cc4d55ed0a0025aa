"""An evaluation as GitHub shows it: annotations by workflow commands, and the step summary. Pure.

Escaped as the runner reads it back: `%`, CR and LF everywhere, `:` and `,` in properties too
(docs.github.com, "Workflow commands for GitHub Actions").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fcc.redaction import printable
from fcc.reports import _content as content
from fcc.reports._content import one_line
from fcc.reports.evaluation_markdown import markdown
from fcc.simulation import Finding

if TYPE_CHECKING:
    from fcc.evaluations.evaluation import Evaluation

SUMMARY_LIMIT = 1024 * 1024
"""Bytes that a step's summary may have; GitHub drops a longer one."""

ANNOTATIONS_SHOWN = 10
"""Annotations of one kind that GitHub shows for a step."""

_COMMAND = {"error": "error", "warning": "warning", "advice": "notice"}


def github(evaluation: Evaluation) -> str:
    """A workflow command for each finding, the worst first, since GitHub shows ten of a kind; then the decision."""
    lines = [_annotation(finding) for finding in content.worst_first(evaluation.findings)]
    lines.append(f"{evaluation.decision}: {content.tally(evaluation)}")
    lines += [
        f"- {one_line(reason)}" for reason in (*evaluation.reasons, *content.unchecked_once(evaluation))
    ]
    if max(content.severity_counts(evaluation.findings).values()) > ANNOTATIONS_SHOWN:
        lines.append(f"GitHub shows the first {ANNOTATIONS_SHOWN} of a kind for a step; all are in this log.")
    return "\n".join(lines)


def github_summary(evaluation: Evaluation) -> str:
    """The Markdown for `$GITHUB_STEP_SUMMARY`, at most 1 MiB."""
    return markdown(evaluation, SUMMARY_LIMIT)


def _annotation(finding: Finding) -> str:
    properties = {"title": one_line(finding.rule)}
    if finding.file:
        line = {"line": str(finding.line)} if finding.line > 0 else {}
        properties = {"file": printable(finding.file), **line, **properties}
    said = [finding.message]
    said += [f"Other side: {content.where(place)}" for place in finding.related if place.file]
    said += [f"Fix: {finding.hint}"] if finding.hint else []
    shown = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{_COMMAND[finding.severity]} {shown}::{_data(printable(chr(10).join(said)))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
