"""A rule, and what its checks yield."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from fcc.evaluations.contracts.facts import Facts
from fcc.simulation import Finding, Place
from fcc.simulation.verdict import Severity


@dataclass(frozen=True, slots=True)
class Rule:
    """Something that must agree in a delivery."""

    id: str
    severity: Severity
    """The highest of its findings'."""
    title: str
    check: Callable[[Facts], Iterator[Finding]]


class Clash(NamedTuple):
    """Two places that do not agree."""

    place: Place
    message: str
    hint: str = ""
    other: Place | None = None
    """The other side; None where it is about one place."""
    severity: Severity | None = None
    """None for the rule's."""


def rule(name: str, severity: Severity, title: str, find: Callable[[Facts], Iterator[Clash]]) -> Rule:
    """A rule whose findings are what `find` yields."""
    return Rule(name, severity, title, partial(_findings, name, severity, find))


def _findings(
    name: str, severity: Severity, find: Callable[[Facts], Iterator[Clash]], facts: Facts
) -> Iterator[Finding]:
    for clash in find(facts):
        yield Finding(
            name,
            clash.severity or severity,
            clash.message,
            file=clash.place.file,
            line=clash.place.line,
            hint=clash.hint,
            related=(clash.other,) if clash.other is not None else (),
        )
