"""An evaluation as text, in at most 80 columns, and as JSON values. Pure."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Any

from fcc.reports import _content as content
from fcc.reports._content import one_line
from fcc.reports._layout import WIDTH, Paint, plain
from fcc.simulation import Finding

if TYPE_CHECKING:
    from fcc.evaluations.evaluation import CheckedFile, CriterionResult, Evaluation

_COLOUR = {
    "error": "red",
    "warning": "yellow",
    "advice": "dim",
    "valid": "green",
    "invalid": "red",
    "not checked": "yellow",
    "READY": "green",
    "NEEDS WORK": "yellow",
    "APPROVED": "green",
    "BLOCKED": "red",
    "NO VERDICT": "yellow",
}
_MOST_OF_ONE_RULE = 3
_MOST_FILES = 20
_LONGEST_NAME = 28


def evaluation_report(evaluation: Evaluation, paint: Paint = plain, *, verbose: bool = False) -> str:
    """Everything that was found, the worst first, and what follows from it in the last lines.

    Files that are valid are counted; `verbose` lists them too, and every finding, however many one rule has.
    """
    parts = [
        _subject(evaluation, paint),
        _files(evaluation, paint, verbose),
        _findings(evaluation, paint, verbose),
        _scores(evaluation, paint),
        _environments(evaluation, paint, verbose),
        _rubric(evaluation.criteria, evaluation.overall, paint),
        _coverage(evaluation, paint, verbose),
        _unchecked(evaluation, paint),
        _judge(evaluation, paint),
        _decision(evaluation, paint),
    ]
    return "\n\n".join("\n".join(lines) for lines in parts if lines)


def findings_lines(findings: Iterable[Finding], paint: Paint = plain, indent: str = "    ") -> list[str]:
    """Findings as lines under what they were found in, the worst first, each with its place, rule and fix.

    Of a rule with many findings the first three are told and the others counted.
    """
    lines: list[str] = []
    for shown, hidden in _by_rule(content.worst_first(findings), _MOST_OF_ONE_RULE):
        for finding in shown:
            lead = f"{indent}{finding.severity}: "
            painted = f"{indent}{paint(finding.severity, _COLOUR[finding.severity])}: "
            place = content.where(finding)
            said = f"{place}: {_said(finding)}" if place else _said(finding)
            lines += _entry(lead, said, painted, hanging=len(indent) + 2)
            lines += _sides(finding, f"{indent}  ")
        lines += _more(hidden, shown[0].rule, indent) if hidden else []
    return lines


def evaluation_json(evaluation: Evaluation) -> dict[str, Any]:
    """The body of the envelope `fcc.evaluation/1`: plain JSON values, the counts with them."""
    body = {
        "subject": evaluation.subject,
        "source": evaluation.source,
        "chain": evaluation.chain,
        "decision": evaluation.decision,
        "reasons": evaluation.reasons,
        "overall": evaluation.overall,
        "counts": {
            "findings": content.severity_counts(evaluation.findings),
            "files": {
                name.replace(" ", "_"): count for name, count in content.file_counts(evaluation).items()
            },
        },
        "files": [_file_json(file) for file in evaluation.files],
        "findings": [
            {**asdict(finding), "related": [place._asdict() for place in finding.related]}
            for finding in evaluation.findings
        ],
        "areas": [asdict(area) for area in evaluation.areas],
        "criteria": [asdict(criterion) for criterion in evaluation.criteria],
        "coverage": [asdict(item) for item in evaluation.coverage],
        "unchecked": evaluation.unchecked,
        "judge": evaluation.judge,
        "promotion": asdict(evaluation.promotion) if evaluation.promotion is not None else None,
    }
    made: dict[str, Any] = _plain_json(body)
    return made


def _file_json(file: CheckedFile) -> dict[str, Any]:
    validation = file.validation
    return {
        "path": file.path,
        "kind": validation.kind,
        "valid": validation.valid,
        "reason": validation.reason,
    }


def _plain_json(value: Any) -> Any:
    """The value as JSON knows it: no NaN, no half of a surrogate pair, nothing but text for what it does not know."""
    if isinstance(value, Mapping):
        return {_plain_json(str(name)): _plain_json(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain_json(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int):
        return value
    return re.sub("[\ud800-\udfff]", "\ufffd", str(value))


def _subject(evaluation: Evaluation, paint: Paint) -> list[str]:
    subject = one_line(evaluation.subject)
    if evaluation.source == "run":
        name = one_line(evaluation.chain) or "run"
        lines = _entry("", f"{name}  run {subject}" if evaluation.chain else f"run {subject}")
    else:
        name = subject
        lines = _entry("", f"{subject}  {evaluation.source}")
    head = lines[0]
    return [f"{paint(name, 'bold')}{head[len(name) :]}" if head.startswith(name) else head, *lines[1:]]


def _files(evaluation: Evaluation, paint: Paint, verbose: bool) -> list[str]:
    if not evaluation.files:
        return _section("Files", "none that could be checked", paint) if evaluation.source != "run" else []
    counts = {name: count for name, count in content.file_counts(evaluation).items() if count}
    total = len(evaluation.files)
    said = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    lines = _section("Files", f"{total:,}: {said}" if len(counts) > 1 else said, paint)
    shown = [file for file in evaluation.files if verbose or content.state(file.validation) != "valid"]
    shown.sort(key=lambda file: ("invalid", "not checked", "valid").index(content.state(file.validation)))
    width = max((len(one_line(file.validation.kind, _LONGEST_NAME)) for file in shown), default=0)
    left = 0 if verbose else len(shown) - max(counts.get("invalid", 0), _MOST_FILES)
    for file in shown[: len(shown) - left] if left > 1 else shown:
        word, kind = content.state(file.validation), one_line(file.validation.kind, _LONGEST_NAME)
        rest = f"{' ' * (11 - len(word))}  {kind:<{width}}  "
        lines += _entry(f"  {word}{rest}", file.path, f"  {paint(word, _COLOUR[word])}{rest}")
    return [*lines, f"  and {left:,} more that are not checked; all with --all"] if left > 1 else lines


def _findings(evaluation: Evaluation, paint: Paint, verbose: bool) -> list[str]:
    if not evaluation.findings:
        return []
    lines = _section("Findings", content.finding_tally(evaluation.findings), paint)
    by_file: dict[str, list[Finding]] = {}
    for finding in content.worst_first(evaluation.findings):
        by_file.setdefault(one_line(finding.file), []).append(finding)
    for file, found in by_file.items():
        lines += _entry("  ", file or "in no single file")
        for shown, hidden in _by_rule(found, 0 if verbose else _MOST_OF_ONE_RULE):
            for finding in shown:
                line = str(finding.line) if finding.line > 0 else ""
                before, after = f"  {line:>6}  ", " " * (9 - len(finding.severity))
                lead = f"{before}{finding.severity}{after}"
                painted = f"{before}{paint(finding.severity, _COLOUR[finding.severity])}{after}"
                lines += _entry(lead, _said(finding), painted)
                lines += _sides(finding, " " * len(lead))
            lines += _more(hidden, shown[0].rule, " " * 10, "; all with --all") if hidden else []
    return lines


def _by_rule(findings: Iterable[Finding], most: int) -> list[tuple[list[Finding], int]]:
    """Neighbours by rule: those to tell, and how many more there are; one more is told rather than counted."""
    order: dict[tuple[int, str], int] = {}
    kept = list(findings)
    for finding in kept:
        order.setdefault(_rule_key(finding), len(order))
    made = []
    for _, group in groupby(sorted(kept, key=lambda item: order[_rule_key(item)]), key=_rule_key):
        same = list(group)
        most_here = most if most and len(same) > most + 1 else len(same)
        made.append((same[:most_here], len(same) - most_here))
    return made


def _rule_key(finding: Finding) -> tuple[int, str]:
    return content.SEVERITIES.index(finding.severity), finding.rule


def _said(finding: Finding) -> str:
    return f"{one_line(finding.message)} [{one_line(finding.rule)}]"


def _sides(finding: Finding, indent: str) -> list[str]:
    """The other side of what does not agree, and the fix, each under the finding."""
    places = ", ".join(content.where(place) for place in finding.related if place.file)
    lines = _entry(indent, f"other side: {places}", hanging=len(indent) + 2) if places else []
    return lines + (_entry(indent, f"fix: {finding.hint}", hanging=len(indent) + 2) if finding.hint else [])


def _more(count: int, rule: str, indent: str, how: str = "") -> list[str]:
    return _entry(indent, f"and {count:,} more [{one_line(rule)}]{how}")


def _scores(evaluation: Evaluation, paint: Paint) -> list[str]:
    if not evaluation.areas:
        return []
    overall = "" if evaluation.criteria else f"overall {content.figure(evaluation.overall)}"
    lines = _section("Scores", overall or "of each text", paint)
    names = [one_line(area.area, _LONGEST_NAME) for area in evaluation.areas]
    width = max(map(len, names))
    for name, area in zip(names, evaluation.areas, strict=True):
        score = content.figure(area.score)
        lines.append(f"  {name:<{width}}  {score:>4}  {paint(area.status, _COLOUR[area.status])}")
    return lines


def _environments(evaluation: Evaluation, paint: Paint, verbose: bool) -> list[str]:
    if evaluation.promotion is None:
        return []
    from fcc.reports.environments import environments_lines

    return [paint("Environments", "bold"), *environments_lines(evaluation.promotion, paint, verbose=verbose)]


def _rubric(criteria: tuple[CriterionResult, ...], overall: float | None, paint: Paint) -> list[str]:
    if not criteria:
        return []
    told = f"{content.number(len(criteria), 'criterion', 'criteria')}, together {content.figure(overall)}"
    lines = _section("Rubric", told, paint)
    names = [one_line(item.name, _LONGEST_NAME) for item in criteria]
    width = max(map(len, names))
    for name, item in zip(names, criteria, strict=True):
        level = one_line(item.level) or ("not judged" if item.value is None else "")
        source = f"{item.source}, advisory" if item.advisory else item.source
        said = " ".join(part for part in (level, f"({source}, weight {item.weight:g})") if part)
        lead = f"  {name:<{width}}  {content.figure(item.value):>4}  "
        lines += _entry(lead, said)
        lines += _entry(" " * len(lead), item.reason) if item.reason else []
    return lines


def _coverage(evaluation: Evaluation, paint: Paint, verbose: bool) -> list[str]:
    if not evaluation.coverage:
        return []
    met, total = content.met_of(evaluation.coverage)
    lines = _section("Asked for", f"{met:,} of {total:,} met", paint)
    shown = [item for item in evaluation.coverage if verbose or not item.met]
    width = max((len(one_line(item.id, _LONGEST_NAME)) for item in shown), default=0)
    for item in sorted(shown, key=lambda item: item.met):
        word = "met" if item.met else "not met"
        place = f"{one_line(item.file)}:{item.line}" if item.line > 0 else one_line(item.file)
        notes = ", ".join(part for part in (one_line(item.area), place) if part)
        rest = f"{' ' * (7 - len(word))}  {one_line(item.id, _LONGEST_NAME):<{width}}  "
        said = f"{item.item} ({notes})" if notes else item.item
        painted = f"  {paint(word, 'green' if item.met else 'yellow')}{rest}"
        lines += _entry(f"  {word}{rest}", said, painted)
    return lines


def _unchecked(evaluation: Evaluation, paint: Paint) -> list[str]:
    reasons = content.unchecked_once(evaluation)
    if not reasons:
        return []
    return [
        paint("Not checked", "bold"),
        *(line for reason in reasons for line in _entry("  ", reason, hanging=4)),
    ]


def _judge(evaluation: Evaluation, paint: Paint) -> list[str]:
    words = content.judge_words(evaluation.judge)
    return _section("Judge", words, paint) if words else []


def _decision(evaluation: Evaluation, paint: Paint) -> list[str]:
    decision = evaluation.decision
    lines = _entry(f"{decision}  ", content.tally(evaluation), f"{paint(decision, _COLOUR[decision])}  ")
    for reason in content.other_reasons(evaluation.reasons, evaluation.findings):
        lines += _entry("  ", reason, hanging=4)
    return lines


def _section(name: str, said: str, paint: Paint) -> list[str]:
    lead = f"{name:<9}  "
    return _entry(lead, said, f"{paint(name, 'bold')}{lead[len(name) :]}")


def _entry(lead: str, text: str, painted: str = "", hanging: int | None = None) -> list[str]:
    """The text after a lead, in lines of at most 80 columns; the lines after the first are indented like the text."""
    indent = " " * len(lead)
    later = indent if hanging is None else " " * hanging
    words = (one_line(text) if lead else text).split(" ")
    lines = textwrap.wrap(
        " ".join(_parted(word, WIDTH - len(later)) for word in words),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=later,
        break_on_hyphens=False,
    )
    lines = [content.no_command(line) for line in lines] or [indent]
    return [f"{painted or lead}{lines[0][len(lead) :]}".rstrip(), *lines[1:]]


def _parted(word: str, room: int) -> str:
    """A path that fits in no line, as parts that do: each ends in a slash and leaves no room for the next."""
    if len(word) <= room:
        return word
    parts = [""]
    for segment in word.split("/"):
        if parts[-1] and len(parts[-1]) + len(segment) + 1 > room:
            parts.append("")
        parts[-1] += f"{segment}/"
    return " ".join(parts)[:-1]
