"""What the formats of an evaluation share: how content from files and models is made harmless, counts, order."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal

from fcc.redaction import printable
from fcc.simulation import Finding

if TYPE_CHECKING:
    from fcc.evaluations.evaluation import Coverage, Evaluation
    from fcc.evaluations.validation import Validation
    from fcc.simulation.verdict import Place

SEVERITIES = ("error", "warning", "advice")

_COMMAND = re.compile(r"^(\s*):(?=:[A-Za-z])")

State = Literal["valid", "invalid", "not checked"]


def one_line(text: str, most: int = 0) -> str:
    """The text in one line that steers neither a terminal nor a CI runner, and can be encoded as UTF-8.

    Longer ones than `most` characters end in an ellipsis; 0 is no limit. GitHub's runner hears commands in `##[`,
    wherever it stands in a line, so that is parted.
    """
    line = no_command(printable(" ".join(text.split())).replace("##[", "## ["))
    return f"{line[: most - 1]}…" if most and len(line) > most else line


def no_command(line: str) -> str:
    """The line, told apart from a command to GitHub's runner where it begins like one (`::error`)."""
    return _COMMAND.sub("\\1\ufffd", line)


def state(validation: Validation) -> State:
    """What a validation came to, in words."""
    if validation.valid is None:
        return "not checked"
    return "valid" if validation.valid else "invalid"


def where(place: Finding | Place) -> str:
    """A place as editors and terminals read it: `file:line`, `file`, or ""."""
    file = one_line(place.file)
    return f"{file}:{place.line}" if file and place.line > 0 else file


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Errors, then warnings, then advice; each by file and line, what is about no single file last."""
    return sorted(
        findings, key=lambda item: (SEVERITIES.index(item.severity), not item.file, item.file, item.line)
    )


def figure(value: float | None) -> str:
    """A score with two decimals; a dash where there is none."""
    return f"{value:.2f}" if value is not None and math.isfinite(value) else "–"


def number(count: int, one: str, many: str = "") -> str:
    """`1 file`, `2 files`."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def severity_counts(findings: Iterable[Finding]) -> dict[str, int]:
    """How many findings there are of each severity, the worst first."""
    found = [str(item.severity) for item in findings]
    return {severity: found.count(severity) for severity in SEVERITIES}


def finding_tally(findings: Iterable[Finding]) -> str:
    """`3 errors, 1 warning`, or `no findings`."""
    counts = severity_counts(findings)
    names = {
        "error": ("error", ""),
        "warning": ("warning", ""),
        "advice": ("piece of advice", "pieces of advice"),
    }
    parts = [number(count, *names[severity]) for severity, count in counts.items() if count]
    return ", ".join(parts) or "no findings"


def file_counts(evaluation: Evaluation) -> dict[State, int]:
    """How many files are valid, invalid and not checked."""
    found = [state(file.validation) for file in evaluation.files]
    every: tuple[State, ...] = ("valid", "invalid", "not checked")
    return {name: found.count(name) for name in every}


def file_tally(evaluation: Evaluation) -> str:
    """`14 files: 12 valid, 1 invalid, 1 not checked`, or `no files`."""
    if not evaluation.files:
        return "no files"
    counted = ", ".join(f"{count:,} {name}" for name, count in file_counts(evaluation).items() if count)
    return f"{number(len(evaluation.files), 'file')}: {counted}"


def tally(evaluation: Evaluation) -> str:
    """`3 errors, 1 warning; 14 files: 12 valid, 1 invalid, 1 not checked`."""
    return f"{finding_tally(evaluation.findings)}; {file_tally(evaluation)}"


def met_of(coverage: Iterable[Coverage]) -> tuple[int, int]:
    """How many of the items that were asked for are met, and how many there are."""
    items = list(coverage)
    return sum(item.met for item in items), len(items)


def unchecked_once(evaluation: Evaluation) -> list[str]:
    """What could not be checked, each once; the files' own reasons, where the evaluation names none."""
    said = evaluation.unchecked or tuple(
        file.validation.reason for file in evaluation.files if state(file.validation) == "not checked"
    )
    return [line for line in dict.fromkeys(one_line(item) for item in said) if line]


def other_reasons(reasons: Iterable[str], findings: Iterable[Finding]) -> list[str]:
    """The reasons of a decision that are no finding, which is told where it was found."""
    told = tuple(f"{finding.message} [{finding.rule}]" for finding in findings if finding.severity == "error")
    return [reason for reason in reasons if not (told and reason.endswith(told))]


def judge_words(judge: Mapping[str, object]) -> str:
    """What is known of the judge, in one line; "" where none was asked. What it said stands with the criteria."""
    known = {name: value for name, value in judge.items() if name != "judgements" and value is not None}
    return "; ".join(
        f"{one_line(str(name)).replace('_', ' ')} {_words(value)}" for name, value in known.items()
    )


def _words(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "not known"}[value]
    if isinstance(value, float):
        return figure(value)
    if isinstance(value, list | tuple):
        return ", ".join(map(_words, value)) or "none"
    if isinstance(value, Mapping):
        return f"({', '.join(f'{one_line(str(name))} {_words(item)}' for name, item in value.items())})"
    text = one_line(str(value))
    return f"{text[:12]}…" if re.fullmatch(r"[0-9a-f]{32,}", text) else text
