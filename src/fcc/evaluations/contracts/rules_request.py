"""Rules about texts: service levels and times of day in them are among those that their author was given."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

from fcc.evaluations.contracts._lines import Lines
from fcc.evaluations.contracts.facts import Facts, Source
from fcc.evaluations.contracts.rule import Clash, rule
from fcc.simulation import Place

_PERCENT = re.compile(r"(?<![\d.])(9\d(?:\.\d{1,6})?)\s?%")
_AVAILABILITY = re.compile(r"availab|uptime", re.IGNORECASE)
_ANSWERS = r"(?:latency|\bp\d{2,3}\b|\bpercentile|\bresponse[ _]times?)"
_LATENCY = re.compile(_ANSWERS, re.IGNORECASE)
_LIMIT = re.compile(
    _ANSWERS + r"(?:(?![.;,|]\s)[^\n\d]){0,40}?"
    r"(?:under|below|within|less than|lower than|at most|above|over|of|[<≤>])\s*(?P<amount>\d{1,6}(?:\.\d{1,6})?)\s?"
    r"(?P<unit>ms|milliseconds?|s|seconds?)\b",
    re.IGNORECASE,
)
_TIME = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)\s?(ms|milliseconds?|s|seconds?)\b", re.IGNORECASE)
_CLOCK = re.compile(r"(?<![\d:./-])([01]?\d|2[0-3]):([0-5]\d)(?::[0-5]\d)?(?![\d:/-])")
_LASTS = re.compile(
    r"(?:\b(?:for|took|takes|lasts?|lasted|duration|within|total|ratio|image|tag|by)\b[^\w\n]{0,6}|[A-Za-z0-9_-])$",
    re.IGNORECASE,
)
"""What stands before a length, a ratio or a name, which are no times of day."""


class _Told(NamedTuple):
    """A text, and all that its author was given."""

    source: Source
    given: str


def _told(facts: Facts) -> Iterator[_Told]:
    """The texts of steps whose tasks are known."""
    inputs = "\n".join(f"{name}: {value}" for name, value in facts.context.inputs.items())
    for source in facts.sources:
        path = PurePosixPath(source.file)
        task = facts.context.tasks.get(path.stem, "") if path.parent.name == "outputs" else ""
        if task and source.kind == "markdown":
            yield _Told(source, f"{task}\n{inputs}")


def _figures(facts: Facts) -> Iterator[Clash]:
    """Only where some were given: of a request without any, nobody can tell what its author would have said."""
    for source, given in _told(facts):
        asked = given.split("\n")
        shares = {
            float(one[1]) for line in asked if _AVAILABILITY.search(line) for one in _PERCENT.finditer(line)
        }
        times = {
            _seconds(*one.groups()) for line in asked if _LATENCY.search(line) for one in _TIME.finditer(line)
        }
        for number, line in enumerate(source.text.split("\n"), start=1):
            found = [match[0] for match in _PERCENT.finditer(line) if float(match[1]) not in shares]
            promised = found if shares and _AVAILABILITY.search(line) else []
            promised += [
                f"{match['amount']} {match['unit']}"
                for match in _LIMIT.finditer(line)
                if times and _seconds(match["amount"], match["unit"]) not in times
            ]
            for figure in promised:
                yield Clash(
                    Place(source.file, number),
                    f"names {figure} as a service level, which nothing that was given holds",
                    "Use the figure that was given; ask for one that is missing.",
                )


def _seconds(amount: str, unit: str) -> float:
    return round(float(amount) * (0.001 if unit.lower().startswith("m") else 1.0), 9)


def _times(facts: Facts) -> Iterator[Clash]:
    for source, given in _told(facts):
        known = {_clock(match) for match in _CLOCK.finditer(given)}
        lines = Lines(source.text)
        for match in _CLOCK.finditer(source.text) if known else ():
            before = source.text[max(0, match.start() - 14) : match.start()]
            if _clock(match) not in known and not _LASTS.search(before):
                yield Clash(
                    Place(source.file, lines.at(match.start())),
                    f"names the time {match[0]}, which nothing that was given holds",
                    "Leave a gap a gap; give the time of the note.",
                )


def _clock(match: re.Match[str]) -> tuple[int, int]:
    return int(match[1]), int(match[2])


RULES = (
    rule("request-figure", "advice", "Service levels in a text are those that were given", _figures),
    rule("request-time", "advice", "Times of day in a text are those that were given", _times),
)
