"""Which later step covers what the first one was asked for, and what a hand-off's cut lost on the way.

The rows are the items of the first step's task (`R1`, `R2` …) and what its output gives an id (`US-1`, `AC-2`); where the
two say the same, they are one row. The columns are the later steps. All is read from the record: what a step saw is
the request that it was sent. The limits of :mod:`fcc.evaluations.requirements` are the limits here, too: a cell that
says "not covered" says that nothing was found, not that nothing is there. Criteria that are numbered without an id
(`1.`, `2.`) get no row.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from fcc.evaluations._answer import index_words, with_all
from fcc.evaluations._matching import Phrase, phrases, wording
from fcc.evaluations._request import in_code
from fcc.evaluations._words import bag, terms
from fcc.evaluations.requirements import Requirement, locate, requirements
from fcc.simulation.record import RunRecord, StepRecord
from fcc.simulation.verdict import Place

CellStatus = Literal["covered", "not covered", "lost", "not run"]

_MOST = 200
"""Of an output that gives more ids, only the first so many get rows."""
_NUMBERED = re.compile(
    r"[\s#>*_|\-\[(+]*((?:[A-Z]{1,8}-\d{1,4}|(?:US|AC|FR|NFR|REQ|UC)\d{1,4})(?:\.\d{1,3}){0,3})(?![\w-])[\s*_:.)\]|–—-]*(.*)$"
)
_NO_IDS = frozenset({"AES", "CVE", "GPT", "HTTP", "ISO", "RFC", "RSA", "SHA", "TLS", "UTF"})
_SAYS = 3
"""So many words beside the id a line must have to cover it."""


@dataclass(frozen=True, slots=True)
class TracedRequirement:
    """One row: something that later steps are expected to take up."""

    id: str
    text: str
    origin: Literal["task", "output"]
    """Whether the first step's task or its output names it."""
    line: int
    """There, from 1."""
    parent: str = ""
    """The row that it is a part of."""
    aliases: tuple[str, ...] = ()
    """The ids that the output gives the same thing."""

    @property
    def given_ids(self) -> tuple[str, ...]:
        """The ids by which a text may name it; not those that were only counted here."""
        return (self.id, *self.aliases) if self.origin == "output" else self.aliases


@dataclass(frozen=True, slots=True)
class TraceCell:
    """What became of one row in one step."""

    requirement: str
    """The row's id."""
    step: str
    status: CellStatus
    """`lost`: not covered, and a hand-off's cut dropped it before the step could see it."""
    place: Place | None = None
    """Where it is covered: a file of the run's folder and the line."""
    lost_at: tuple[str, str] | None = None
    """The hand-off that dropped it, from step to step, the first one on the way; also of what was covered all the same."""
    seen: bool = False
    """Whether the request that the step was sent speaks of it."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows are requirements, columns are steps; `cells[row][column]`."""

    source: str
    """The step that was asked first; "" where no step was."""
    rows: tuple[TracedRequirement, ...] = ()
    steps: tuple[str, ...] = ()
    cells: tuple[tuple[TraceCell, ...], ...] = ()

    @property
    def lost(self) -> tuple[TraceCell, ...]:
        """Every cell that a hand-off's cut emptied."""
        return tuple(cell for row in self.cells for cell in row if cell.status == "lost")

    @property
    def uncovered(self) -> tuple[TracedRequirement, ...]:
        """The rows that no later step covers, whatever the reason."""
        pairs = zip(self.rows, self.cells, strict=True)
        return tuple(row for row, cells in pairs if all(cell.status != "covered" for cell in cells))


def trace(record: RunRecord) -> Matrix:
    """What the first step was asked for, followed through the later ones; empty where no step was asked."""
    asked = [step for step in record.steps if step.gate is None and step.calls]
    if not asked:
        return Matrix("")
    first, later = asked[0], [step for step in record.steps if step.gate is None and step is not asked[0]]
    rows = traced(first.task, first.output)
    tracer = _Tracer(first, rows)
    columns = [tracer.column(step) for step in later]
    cells = tuple(tuple(column[index] for column in columns) for index in range(len(rows)))
    return Matrix(first.name, rows, tuple(step.name for step in later), cells)


def traced(task: str, output: str) -> tuple[TracedRequirement, ...]:
    """The rows that a task and the output to it make."""
    named = numbered(output)
    rows: list[TracedRequirement] = []
    for item in requirements(task):
        same = tuple(id_ for id_, text, _ in named if id_ == item.id or _same(item.text, text))
        rows.append(
            TracedRequirement(
                item.id,
                item.text,
                "task",
                item.line,
                item.parent,
                tuple(dict.fromkeys((*_own(item, task), *same))),
            )
        )
    known = {alias for row in rows for alias in (row.id, *row.aliases)}
    rows += [TracedRequirement(id_, text, "output", line) for id_, text, line in named if id_ not in known]
    return tuple(rows)


def _own(item: Requirement, task: str) -> tuple[str, ...]:
    """The item's id, where the task itself gives it."""
    return (item.id,) if re.search(rf"(?<![\w-]){re.escape(item.id)}(?![\w-])", task) else ()


def numbered(output: str) -> list[tuple[str, str, int]]:
    """What an output gives an id at the start of a line, heading, list item or row: id, wording and line, each id once."""
    lines = output.split("\n")
    found: dict[str, tuple[str, str, int]] = {}
    for number, (line, code) in enumerate(zip(lines, in_code(lines), strict=True), 1):
        match = None if code else _NUMBERED.match(line[:500])
        if match is None or match[1].partition("-")[0] in _NO_IDS:
            continue
        text = match[2].split("|")[0].strip(" *_:")
        if terms(text) and len(found) < _MOST:
            found.setdefault(match[1], (match[1], text[:300], number))
    return list(found.values())


def _same(item: str, text: str) -> bool:
    """Whether both say the same: all that tells the one is in the other, the other way round too but for a few words."""
    wanted, said = {*terms(wording(item))}, {*terms(wording(text))}
    return bool(wanted) and wanted <= said and len(said) <= 2 * len(wanted)


class Text:
    """A text in which rows may be spoken of; each line is read once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._index = index_words(bag(line[:2_000]) for line in text.split("\n"))

    def speaks_of(self, row: TracedRequirement) -> bool:
        """Whether an id of the row is named, or one line has all the words that tell it."""
        if any(re.search(_id_pattern(given), self.text) for given in row.given_ids):
            return True
        wanted = phrases(row.text, frozenset())
        return all(with_all(self._index, _telling(phrase)) for phrase in wanted)

    def names(self, row: TracedRequirement) -> int:
        """The line, from 1, that names an id of the row and says something; 0 where none does."""
        for given in row.given_ids:
            for found in re.finditer(_id_pattern(given), self.text):
                start = self.text.rfind("\n", 0, found.start()) + 1
                line = self.text[start : start + 1_000].partition("\n")[0]
                if len(terms(line)) > _SAYS:
                    return self.text.count("\n", 0, start) + 1
        return 0


def _id_pattern(given: str) -> str:
    return rf"(?<![\w-]){re.escape(given)}(?![\w-]|\.\d)"


def _telling(phrase: Phrase) -> tuple[str, ...]:
    return phrase.core if len(phrase.core) > 1 else tuple(phrase.weights)


class _Tracer:
    """Follows rows from step to step, each column resting on those before it."""

    def __init__(self, first: StepRecord, rows: Sequence[TracedRequirement]) -> None:
        self._task = first.task
        self._rows = rows
        self._wanted = [
            Requirement(row.id, row.text, row.line if row.origin == "task" else 0, row.parent) for row in rows
        ]
        self._done: dict[str, StepRecord] = {first.name: first}
        self._outputs = {first.name: Text(first.output)}
        self._cells: dict[tuple[str, str], TraceCell] = {}

    def column(self, step: StepRecord) -> list[TraceCell]:
        request = step.task
        asked = Text(request)
        output = self._outputs[step.name] = Text(step.output)
        places = (
            locate(self._wanted, self._task, step.output, step.artifacts, beside=request)
            if step.output
            else {}
        )
        found = []
        for row in self._rows:
            place = places.get(row.id)
            if line := output.names(row):
                place = Place("", line)
            cell = self._cell(row, step, asked, place)
            self._cells[step.name, row.id] = cell
            found.append(cell)
        self._done[step.name] = step
        return found

    def _cell(self, row: TracedRequirement, step: StepRecord, asked: Text, place: Place | None) -> TraceCell:
        seen = asked.speaks_of(row)
        lost_at = None if seen else self._lost_at(row, step)
        if place is not None:
            file = f"artifacts/{step.name}/{place.file}" if place.file else f"outputs/{step.name}.md"
            return TraceCell(row.id, step.name, "covered", Place(file, place.line), lost_at, seen)
        if not step.calls or not step.output:
            return TraceCell(row.id, step.name, "not run", None, lost_at, seen)
        return TraceCell(row.id, step.name, "lost" if lost_at else "not covered", None, lost_at, seen)

    def _lost_at(self, row: TracedRequirement, step: StepRecord) -> tuple[str, str] | None:
        for handoff in step.handoffs:
            if handoff.source not in self._done:
                continue
            before = self._cells.get((handoff.source, row.id))
            covered = before is not None and before.status == "covered"
            if handoff.lost and (covered or self._outputs[handoff.source].speaks_of(row)):
                return handoff.source, step.name
            if before is not None and before.lost_at is not None:
                return before.lost_at
        return None


__all__ = ["CellStatus", "Matrix", "TraceCell", "TracedRequirement", "trace"]
