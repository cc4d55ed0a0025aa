"""The environments of a run as a table, and what differs between them, in at most 80 columns. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fcc.reports import _content as content
from fcc.reports._content import one_line
from fcc.reports._layout import Paint, plain, wrapped

if TYPE_CHECKING:
    from fcc.evaluations.promotion import Promotion, Unlike

_COLOUR = {"READY": "green", "NEEDS WORK": "yellow", "NO VERDICT": "yellow"}
_LONGEST_NAME = 14
_LONGEST_ENTRY = 23
_LONGEST_VALUE = 60
_HEAD = ("environment", "entered by", "lowest", "errors", "warnings", "reads")


def environments_lines(promotion: Promotion, paint: Paint = plain, *, verbose: bool = False) -> list[str]:
    """The table, one line for each environment; below it the inputs that differ, with their values in order.

    `verbose` lists every place that differs, too.
    """
    rows = [_row(stage) for stage in rows_of(promotion)]
    names, entries = (max(map(len, column)) for column in list(zip(_HEAD, *rows, strict=True))[:2])
    lines = [
        f"  {name:<{names}}  {entry:<{entries}}  {low:>6}  {errors:>6}  {warnings:>8}  "
        f"{paint(reads, _COLOUR.get(reads, 'dim')) if row else reads}"
        for row, (name, entry, low, errors, warnings, reads) in enumerate([_HEAD, *rows])
    ]
    return [*lines, *_varying(promotion), *(_places(promotion) if verbose else ())]


def rows_of(promotion: Promotion) -> list[tuple[str, ...]]:
    """What the table says of each environment, as it is written."""
    return [
        (
            stage.name,
            stage.entered or "–",
            content.figure(stage.score),
            str(stage.errors) if stage.reads != "NOT REACHED" else "–",
            str(stage.warnings) if stage.reads != "NOT REACHED" else "–",
            stage.reads,
        )
        for stage in promotion.stages
    ]


def not_meant(promotion: Promotion) -> str:
    """What is to be said of places that were not meant to be as they are."""
    count, mixed = promotion.not_meant, promotion.mixed_up
    differ = content.number(count, "place differs", "places differ")
    hold = content.number(mixed, "place holds", "places hold")
    said = [f"{differ} and should not"] if count else []
    said += [f"{hold} what is another environment's"] if mixed else []
    return "; ".join(said) or "Nothing else differs."


def _row(cells: tuple[str, ...]) -> tuple[str, ...]:
    name, entry, *rest = cells
    return (one_line(name, _LONGEST_NAME), one_line(entry, _LONGEST_ENTRY), *rest)


def _varying(promotion: Promotion) -> list[str]:
    """The inputs that differ; nothing where only one environment was reached."""
    reached = [stage.name for stage in promotion.stages if stage.reads != "NOT REACHED"]
    if len(reached) < 2:  # noqa: PLR2004 - one differs from nothing
        return []
    lines = ["", *wrapped(f"What differs, in {', '.join(reached)}:", "  ", "  ")]
    width = max((len(item.name) for item in promotion.inputs), default=0)
    for item in promotion.inputs:
        values = ", ".join(one_line(value, _LONGEST_VALUE) or "nothing" for value in item.values)
        files = content.number(item.files, "file") if item.files else "no file"
        text = f"{item.name:<{width}}  {values} ({files})"
        lines += wrapped(text, "    ", " " * (width + 2))
    return [*lines, f"    {not_meant(promotion)}"]


def _places(promotion: Promotion) -> list[str]:
    lines: list[str] = []
    for place in promotion.places:
        lines += wrapped(f"{one_line(place.file)}:{place.line}: {said(place)}", "    ", "  ")
    return ["", "  Each place:", *lines] if lines else []


def said(place: Unlike) -> str:
    """One difference in words: what stands there, what stood there, and by which inputs."""
    before, here = (one_line(text, _LONGEST_VALUE) or "nothing" for text in (place.before, place.here))
    what = f"{one_line(place.path)}: " if place.path else ""
    return f"{what}{before} → {here} ({', '.join(place.by) or 'not meant'})"
