"""What others wrote, as a template is given it: whatever is put into a prompt of it stands between fences. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from fcc.agents import fence, hand_off
from fcc.simulation.record import StepRecord
from fcc.simulation.verdict import Finding

MOST_FINDINGS = 50
"""How many findings of a step a prompt shows."""


class Document(dict[str, Any]):
    """An event's document: `{{ events.alert }}` is all of it as fenced JSON, `{{ events.alert.status }}` a part."""

    def __str__(self) -> str:
        return fence(json.dumps(self, indent=2, ensure_ascii=False), "event")


class _Fenced(dict[str, Any]):
    """A mapping that reads, as a whole, as a text that is fenced."""

    def __init__(self, values: Mapping[str, Any], text: str) -> None:
        super().__init__(values)
        self._text = text

    def __str__(self) -> str:
        return self._text

    __repr__ = __str__  # also within a list that is put in whole


def earlier_run(run: Mapping[str, Any], characters: int) -> Mapping[str, Any]:
    """An earlier run as a template is given it: what a model wrote is fenced, and cut like a hand-off.

    `{{ inputs.deployment.decision }}` is plain; `{{ inputs.deployment.outputs.monitoring }}` and the `text` of one of its
    `files` are material; the run itself reads as what it is made of, without those texts.
    """

    def material(source: str, text: str) -> str:
        return hand_off(source, text, characters).fenced

    outputs = {step: material(step, text) for step, text in run["outputs"].items()}
    files = []
    for file in run["files"]:
        text = material(f"{file['step']}/{file['path']}", file["text"])
        files.append(_Fenced({**file, "text": text}, text))
    overview = {
        **{name: value for name, value in run.items() if name not in {"outputs", "files"}},
        "outputs": list(outputs),
        "files": [f"{file['step']}/{file['path']}" for file in run["files"]],
    }
    shown = json.dumps(overview, indent=2, ensure_ascii=False)
    parts = {"outputs": _Fenced(outputs, "\n\n".join(outputs.values())), "files": files}
    return _Fenced({**run, **parts}, fence(shown, "run"))


def evidence_of(records: Iterable[StepRecord], step: str) -> str:
    """What is known of a step's output, fenced: its score, its findings, and what could not be checked."""
    lines: list[str] = []
    for record in records:
        lines += _evidence(record)
    return fence("\n".join(lines) or "nothing is known", f"evidence on {step}")


def _evidence(record: StepRecord) -> list[str]:
    if record.status != "completed":
        return [f"{record.name}: {record.status}{_why(record)}"]
    score = "not scored" if record.score is None else f"score {record.score:.2f}"
    lines = [f"{record.name}: {score}, {len(record.findings)} findings"]
    lines += [_line(finding) for finding in record.findings[:MOST_FINDINGS]]
    left = len(record.findings) - MOST_FINDINGS
    lines += [f"- and {left} more"] if left > 0 else []
    return lines + [f"- not checked: {_one_line(reason)}" for reason in record.unchecked]


def _why(record: StepRecord) -> str:
    return f", since {_one_line(record.error.message)}" if record.error is not None else ""


def _line(finding: Finding) -> str:
    place = f"{finding.file}:{finding.line}" if finding.line else finding.file
    return f"- {finding.severity} {finding.rule}{f', {place}' if place else ''}: {_one_line(finding.message)}"


def _one_line(text: str) -> str:
    return " ".join(text.split())
