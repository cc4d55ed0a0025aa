"""What a task asks for, item by item, and where an answer meets each item.

Both are read from the form and the words, without a model. An item is met by an artifact of the kind that it names, by
a heading, label or list item with something below it, by a file of that name, or by a paragraph or a named part of a
file that says its words and more than the request does; a line that only repeats what was asked for meets nothing.

It is made for tasks that name what is to be delivered. What it does not see: whether what is there is right or
complete; an item that is met in other words (`go back` for `rollback`) or in another language than English, which reads
as not met, as most items of general chat do that say how an answer shall be; an item that is denied (`no dashboard is
needed, since …`), which may read as met. A request without lists or orders has no items.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fcc.evaluations._answer import Answer
from fcc.evaluations._matching import Finder, Spot, wording
from fcc.evaluations._request import Entry, entries, own_lines, split_list
from fcc.evaluations._words import bag, terms
from fcc.evaluations.evaluation import Coverage
from fcc.simulation.artifacts import Artifact, extract_artifacts
from fcc.simulation.verdict import Place

MOST_ITEMS = 200
"""Of a longer request only the first so many items are looked for."""
_LONGEST = 300
"""Characters of an item's text that are kept."""
_SHORT = 4
"""How many words a part of `X: a, b, c` has at most where a, b and c are items of their own."""

_OWN_ID = re.compile(r"[*_\s\[(]*([A-Z][A-Z0-9]{0,9}-\d{1,6}(?:\.\d{1,4})*)\b")
_BRACKETS = re.compile(r"\(([^()]*,[^()]*)\)")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One item that a task asks for."""

    id: str
    """The one that the task gives it (`US-1`), else `R1`, `R2` … in order; of a part of R2, `R2.1`."""
    text: str
    line: int
    """In the task, from 1."""
    parent: str = ""
    """The id of the item that it is a part of."""


def requirements(task: str) -> tuple[Requirement, ...]:
    """The items that a task asks for: of its lists, of lines such as `Produce: a, b, and c`, of sentences that order.

    `X (a, b)` has a and b as parts, and so has an item with a list below it. Facts (`Key: value`), lists of what to
    keep in mind, code blocks and the material of earlier steps ask for nothing. At most 200.
    """
    return _numbered(entries(own_lines(task)))


def coverage(
    task: str, output: str, artifacts: Sequence[Artifact] = (), area: str = ""
) -> tuple[Coverage, ...]:
    """Every item of a task, and where an answer meets it first; lines count from 1.

    Without `artifacts`, they are taken out of the output. With `area`, files are named as in the folder of a run
    (`outputs/<area>.md`, `artifacts/<area>/…`); else they are the artifacts' paths, and "" for the output.
    """
    wanted = requirements(task)
    places = locate(wanted, task, output, artifacts)
    return tuple(_covered(item, places.get(item.id), area) for item in wanted)


def met(item: Requirement, output: str, artifacts: Sequence[Artifact] = ()) -> Place | None:
    """Where an answer meets one item, seen by itself; None where it does not. The file is "" for the output."""
    return locate((item,), item.text, output, artifacts).get(item.id)


def locate(
    wanted: Sequence[Requirement],
    task: str,
    output: str,
    artifacts: Sequence[Artifact] = (),
    *,
    beside: str = "",
) -> dict[str, Place]:
    """By its id, where each item of a task is met that is.

    What the answer says must be more than what the task says, and than what is said `beside` it: the request that the
    answer is to, where that is another one.
    """
    if not wanted or not output.strip():
        return {}
    files = artifacts or extract_artifacts(output)
    finder = _finder(wanted, (task, beside), output, files)
    spots: dict[str, list[Spot]] = {}
    by_id = {item.id: item for item in wanted}
    for item in wanted:
        parent = by_id.get(item.parent)
        spots[item.id] = _spots(finder, item, parent, spots.get(item.parent, []))
    for item in reversed(wanted):
        if item.parent in spots and not spots[item.parent]:
            parts = [
                part for part in wanted if part.parent == item.parent and part.line > by_id[item.parent].line
            ]
            if parts and all(spots[part.id] for part in parts):
                spots[item.parent] = spots[parts[0].id]
    return {
        identifier: Place(files[found[0].file].path if found[0].file >= 0 else "", found[0].line + 1)
        for identifier, found in spots.items()
        if found
    }


def _finder(
    wanted: Sequence[Requirement], tasks: tuple[str, str], output: str, files: Sequence[Artifact]
) -> Finder:
    lines = own_lines(tasks[0])
    in_items = {item.line for item in wanted}
    asked = frozenset().union(*(bag(line) for _, line in (*lines, *own_lines(tasks[1]))))
    topic = frozenset().union(*(bag(line) for number, line in lines if number not in in_items))
    return Finder(Answer(output, files), asked, topic, [item.text for item in wanted])


def _spots(
    finder: Finder, item: Requirement, parent: Requirement | None, scope: Sequence[Spot]
) -> list[Spot]:
    if parent is None:
        return finder.find(item.text)
    in_brackets = parent.line == item.line
    context = wording(parent.text)
    return finder.find(item.text, context, named_only=in_brackets) or finder.within(
        item.text, scope, parent.text
    )


def _covered(item: Requirement, place: Place | None, area: str) -> Coverage:
    if place is None:
        return Coverage(item.id, item.text, met=False, area=area)
    file = place.file
    if area:
        file = f"artifacts/{area}/{file}" if file else f"outputs/{area}.md"
    return Coverage(item.id, item.text, met=True, file=file, line=place.line, area=area)


def _numbered(found: Sequence[Entry]) -> tuple[Requirement, ...]:
    made: list[Requirement] = []
    taken: set[str] = set()
    above: list[str] = []
    counts: dict[str, int] = {}

    def add(text: str, line: int, parent: str) -> str:
        own = _OWN_ID.match(text)
        identifier = own[1] if own else ""
        while not identifier or identifier in taken:
            counts[parent] = counts.get(parent, 0) + 1
            identifier = f"{parent}.{counts[parent]}" if parent else f"R{counts[parent]}"
        taken.add(identifier)
        made.append(Requirement(identifier, text[:_LONGEST], line, parent))
        return identifier

    for entry in found:
        if not terms(entry.text) or len(made) >= MOST_ITEMS:
            continue
        del above[entry.depth :]
        identifier = add(entry.text, entry.line, above[-1] if above else "")
        above.append(identifier)
        for part in _parts(entry.text):
            add(part, entry.line, identifier)
    return tuple(made[:MOST_ITEMS])


def _parts(text: str) -> list[str]:
    """The things that an item lists behind itself: `X (a, b)` or `X: a, b`."""
    brackets = _BRACKETS.search(text)
    head, colon, rest = text.partition(": ")
    listed = brackets[1] if brackets else rest if colon and terms(head) else ""
    parts = [part.strip(" .") for part in split_list(listed)]
    short = all(len(part.split()) <= _SHORT for part in parts)
    return [part for part in parts if terms(part)] if len(parts) > 1 and short else []
