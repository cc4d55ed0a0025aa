"""An evaluation as GitHub Flavored Markdown, for a comment or a step summary. Pure.

Nothing that comes from files or models is read as Markdown or HTML there: it stands between backticks where it holds
nothing that could end them, and is escaped elsewhere, so that it makes no link, no mention, no reference and no table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from fcc.reports import _content as content
from fcc.reports._content import one_line
from fcc.simulation import Finding

if TYPE_CHECKING:
    from fcc.evaluations.evaluation import Evaluation

MOST_IN_COMMENT = 65_536
"""GitHub refuses a longer comment ("body is too long, maximum is 65536 characters")."""

_LONGEST = 1_000
_BREAK = "&#8203;"
"""A zero-width space: what it parts, GitHub makes no link of, even after the entities are read."""

_SPECIAL = str.maketrans({char: f"&#{ord(char)};" for char in "&<>`*_[]|~\\$@"})
_REFERENCE = re.compile(
    r"""
      (?<=@)(?=\w) | (?<=\#)(?=\d) | (?<=\bGH)(?=-\d)     # people, issues
    | (?<=:)(?=//) | (?<=\bwww)(?=\.)                     # addresses
    | (?<=\b[0-9a-f]{4})(?=[0-9a-f]{3,36}\b)              # commits
    """,
    re.VERBOSE | re.IGNORECASE,
)
_BLOCK = re.compile(r"^(?=[-+#=]|\d+[.)])")


def markdown(evaluation: Evaluation, most: int = MOST_IN_COMMENT) -> str:
    """The decision first, then what was found, the worst first; at most so many bytes, with a line that says so."""
    parts = [
        _head(evaluation),
        _findings(evaluation),
        _files(evaluation),
        _scores(evaluation),
        _environments(evaluation),
        _varying(evaluation),
        _rubric(evaluation),
        _coverage(evaluation),
        _list("Not checked", (prose(line) for line in content.unchecked_once(evaluation))),
        _judge(evaluation),
    ]
    return _fitting("\n\n".join("\n".join(lines) for lines in parts if lines), most)


def prose(text: str) -> str:
    """A text as Markdown shows it letter by letter, in one line, at most 1,000 characters of it."""
    line = one_line(text, _LONGEST)
    parted = _REFERENCE.sub("\0", line).translate(_SPECIAL).replace("\0", _BREAK)
    return f"&#{ord(parted[0])};{parted[1:]}" if _BLOCK.match(parted) else parted


def code(text: str) -> str:
    """A name, path or id between backticks; escaped instead where it could end them or the cell it stands in."""
    line = one_line(text, _LONGEST)
    return f"`{line}`" if line and not set(line) & set("`|<>&\\") else prose(line)


def _head(evaluation: Evaluation) -> list[str]:
    subject = code(evaluation.subject)
    if evaluation.source == "run":
        subject = f"{code(evaluation.chain)} run {subject}" if evaluation.chain else f"run {subject}"
    lines = [f"### {evaluation.decision}: {subject}", "", f"{content.tally(evaluation)}.".capitalize()]
    return (
        [
            *lines,
            "",
            *(
                f"- {prose(reason)}"
                for reason in content.other_reasons(evaluation.reasons, evaluation.findings)
            ),
        ]
        if evaluation.reasons
        else lines
    )


def _findings(evaluation: Evaluation) -> list[str]:
    rows = [
        (finding.severity, code(content.where(finding)), _said(finding), code(finding.rule))
        for finding in content.worst_first(evaluation.findings)
    ]
    return _table(f"Findings: {len(rows):,}", ("Severity", "Where", "What", "Rule"), rows)


def _said(finding: Finding) -> str:
    parts = [prose(finding.message)]
    if places := ", ".join(code(content.where(place)) for place in finding.related if place.file):
        parts.append(f"**Other side:** {places}")
    if finding.hint:
        parts.append(f"**Fix:** {prose(finding.hint)}")
    return " – ".join(part for part in parts if part)


def _files(evaluation: Evaluation) -> list[str]:
    bad = [file for file in evaluation.files if content.state(file.validation) != "valid"]
    rows = [
        (content.state(file.validation), code(file.validation.kind), code(file.path))
        for file in sorted(bad, key=lambda file: content.state(file.validation))
    ]
    return _table("Files that are not valid, or not checked", ("State", "Kind", "File"), rows)


def _scores(evaluation: Evaluation) -> list[str]:
    rows = [(code(area.area), content.figure(area.score), area.status) for area in evaluation.areas]
    return _table(f"Scores: overall {content.figure(evaluation.overall)}", ("Area", "Score", "Reads"), rows)


def _environments(evaluation: Evaluation) -> list[str]:
    if evaluation.promotion is None:
        return []
    from fcc.reports.environments import rows_of

    rows = [
        (code(name), prose(entered), *figures) for name, entered, *figures in rows_of(evaluation.promotion)
    ]
    names = ("Environment", "Entered by", "Lowest score", "Errors", "Warnings", "Reads")
    return _table("Environments", names, rows)


def _varying(evaluation: Evaluation) -> list[str]:
    promotion = evaluation.promotion
    if promotion is None or not promotion.inputs:
        return []
    from fcc.reports.environments import not_meant

    reached = [stage.name for stage in promotion.stages if stage.reads != "NOT REACHED"]
    rows = [(code(item.name), *map(code, item.values), str(item.files)) for item in promotion.inputs]
    table = _table("What differs", ("Input", *map(code, reached), "Files"), rows)
    return [*table, "", f"{not_meant(promotion)}"]


def _rubric(evaluation: Evaluation) -> list[str]:
    rows = [
        (
            code(item.name),
            content.figure(item.value),
            prose(item.level),
            f"{item.weight:g}",
            f"{item.source}, advisory" if item.advisory else item.source,
            prose(item.reason),
        )
        for item in evaluation.criteria
    ]
    return _table("Rubric", ("Criterion", "Value", "Level", "Weight", "Source", "Evidence"), rows)


def _coverage(evaluation: Evaluation) -> list[str]:
    met, total = content.met_of(evaluation.coverage)
    rows = [
        (code(item.id), prose(item.item), code(item.area)) for item in evaluation.coverage if not item.met
    ]
    title = f"Asked for: {met:,} of {total:,} met"
    if evaluation.coverage and not rows:
        return [f"#### {title}"]
    return _table(title, ("Not met", "What", "Area"), rows)


def _judge(evaluation: Evaluation) -> list[str]:
    words = content.judge_words(evaluation.judge)
    return [f"Judge: {prose(words)}"] if words else []


def _table(title: str, names: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    if not rows:
        return []
    head = [f"#### {title}", "", f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    return head + [f"| {' | '.join(cells)} |" for cells in rows]


def _list(title: str, items: Iterable[str]) -> list[str]:
    lines = [f"- {item}" for item in items]
    return [f"#### {title}", "", *lines] if lines else []


def _fitting(text: str, most: int) -> str:
    """The text, or as many of its first lines as fit, and what to do to see the rest."""
    whole = f"{text}\n"
    if len(whole.encode()) <= most:
        return whole
    left_out = "\n\nThe rest does not fit here: see it with `--format text --all`.\n"
    kept = whole.encode()[: max(most - len(left_out.encode()), 0)].decode(errors="ignore")
    return kept.rpartition("\n")[0].rstrip("\n") + left_out
