"""A rule, and what its checks yield."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from fcc.evaluations.contracts.facts import Facts
from fcc.simulation import Finding, Place
from fcc.simulation.verdict import Severity

_MOST_FINDINGS = 500


@dataclass(frozen=True, slots=True)
class Rule:
    """Something that must agree in a delivery.

    Its check tells at most 501 findings: the first 500, and one of the highest severity where none of them is.
    """

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
    told, worst = 0, False
    for clash in find(facts):
        level = clash.severity or severity
        worst = worst or level == severity
        if told < _MOST_FINDINGS or level == severity:
            told += 1
            yield Finding(
                name,
                level,
                clash.message,
                file=clash.place.file,
                line=clash.place.line,
                hint=clash.hint,
                related=(clash.other,) if clash.other is not None else (),
            )
        if told >= _MOST_FINDINGS and worst:
            return
