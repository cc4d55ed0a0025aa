"""What is meant to differ between two environments, and whether it explains a difference. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

ENVIRONMENT = "environment"
"""What explains a difference that is the environment's own name."""

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "K": 1e3, "M": 1e6, "G": 1e9, "%": 0.01}
_UNITS |= {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
_QUANTITY = r"(?>\d+(?:\.\d+)?(?:(?:ms|[KMG]i?|[smh%])(?![A-Za-z]))?)"
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)(?:(ms|[KMG]i?|[smh%])(?![A-Za-z]))?", re.ASCII)
_NOT_SLUG = re.compile(r"[^a-z0-9]+")
_LONGEST = 20_000
"""A text of more characters is explained by nothing."""
_MOST_DIGITS = 300


class Amount(NamedTuple):
    """A number as it is written, and what it comes to in its unit."""

    number: float
    unit: str

    @property
    def value(self) -> float:
        """In seconds, bytes or parts of one, where the unit says so."""
        return self.number * _UNITS.get(self.unit, 1)


class Source(NamedTuple):
    """Two values of an input from which other numbers may follow."""

    name: str
    before: float
    here: float
    whole: bool
    """Whether one more or one less follows from it, too."""
    scales: bool = True
    """Whether what is in proportion to it follows from it."""


class Meant:
    """The values that differ on purpose between one environment and the one before it."""

    def __init__(self, before: str, here: str, inputs: tuple[Mapping[str, Any], Mapping[str, Any]]) -> None:
        self.inputs = tuple(
            name for name in inputs[1] if name in inputs[0] and inputs[0][name] != inputs[1][name]
        )
        """The inputs that differ."""
        pairs = [
            (name, old, new)
            for name in self.inputs
            for old, new in _leaves(inputs[0][name], inputs[1][name])
            if old != new
        ]
        self.switches = frozenset(name for name, old, _ in pairs if isinstance(old, bool))
        """Inputs that are on in one and off in the other: whole parts of files may hang on them."""
        self._texts = _texts([(ENVIRONMENT, before, here), *pairs])
        self._sources = tuple(source for name, old, new in pairs for source in _sources(name, old, new))

    def explains(self, before: str, here: str) -> frozenset[str] | None:
        """Which inputs make the one text the other; None where something else differs, too."""
        if len(before) > _LONGEST or len(here) > _LONGEST:
            return None
        pattern: list[str] = []
        found: list[str] = []
        position = 0
        for match in self._known.finditer(before):
            pattern.append(re.escape(before[position : match.start()]))
            position = match.end()
            found.append(match[0])
            others = sorted((match[0], *self._texts.get(match[0], ())), key=len, reverse=True)
            either = "|".join(map(re.escape, others))
            pattern.append(f"((?>{either}))" if match[0] in self._texts else f"({_QUANTITY})")
        pattern.append(re.escape(before[position:]))
        fitting = re.fullmatch("".join(pattern), here, re.ASCII)
        if fitting is None:
            return None
        return self._by(found, fitting.groups())

    def _by(self, found: Sequence[str], instead: Sequence[str]) -> frozenset[str] | None:
        names: set[str] = set()
        for old, new in zip(found, instead, strict=True):
            if old == new:
                continue
            source = self._texts[old][new] if old in self._texts else self._source_of(old, new)
            if not source:
                return None
            names.add(source)
        return frozenset(names)

    def _source_of(self, old: str, new: str) -> str:
        """The input from whose two values these two numbers follow; "" where there is none."""
        before, here = _amount(old), _amount(new)
        return next((source.name for source in self._sources if _follows(source, before, here)), "")

    @cached_property
    def _known(self) -> re.Pattern[str]:
        """Whatever may differ in a text: the values, the longest first, and numbers."""
        words = sorted(self._texts, key=len, reverse=True)
        values = [rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])" for word in words]
        return re.compile("|".join([*values, _QUANTITY]), re.ASCII)


def shown(value: Any) -> str:
    """A value of an input as files write it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def slug(text: str) -> str:
    """A text as names are made of it: small letters and digits, joined by `-`."""
    return _NOT_SLUG.sub("-", text.lower()).strip("-")


def scalars(value: Any) -> Iterator[Any]:
    """Every value within a value that is no list and no mapping."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from scalars(item)
    elif value is not None:
        yield value


def _leaves(before: Any, here: Any) -> Iterator[tuple[Any, Any]]:
    """The values at the same places within two values; those that only one has are passed over."""
    if isinstance(before, Mapping) and isinstance(here, Mapping):
        for key in before:
            if key in here:
                yield from _leaves(before[key], here[key])
    elif isinstance(before, list | tuple) and isinstance(here, list | tuple):
        for old, new in zip(before, here, strict=False):
            yield from _leaves(old, new)
    elif before is not None and here is not None:
        yield before, here


def _texts(pairs: Sequence[tuple[str, Any, Any]]) -> dict[str, dict[str, str]]:
    """Each text that has another in its place, with those that it may be and the inputs whose values they are."""
    found: dict[str, dict[str, str]] = {}
    for name, old, new in pairs:
        if not isinstance(old, bool) and isinstance(old, int | float):
            continue
        before, here = shown(old), shown(new)
        for one, other in ((before, here), (slug(before), slug(here))):
            if one and other and one != other and not one.isdigit():
                found.setdefault(one, {}).setdefault(other, name)
    return found


def _sources(name: str, old: Any, new: Any) -> Iterator[Source]:
    if isinstance(old, bool) or isinstance(new, bool):
        return
    if isinstance(old, int | float) and isinstance(new, int | float):
        yield Source(name, float(old), float(new), isinstance(old, int) and isinstance(new, int))
        return
    amounts = [_amounts(shown(value)) for value in (old, new)]
    if len(amounts[0]) != len(amounts[1]):
        return
    for before, here in zip(*amounts, strict=True):
        if before == here:
            continue
        if before.unit == here.unit == "%":
            yield Source(name, before.number, here.number, whole=False, scales=False)
            yield Source(name, before.value, here.value, whole=False, scales=False)
            yield Source(name, 1 - before.value, 1 - here.value, whole=False)
        else:
            yield Source(name, before.value, here.value, whole=False)


def _amounts(text: str) -> list[Amount]:
    return [Amount(float(match[1]), match[2] or "") for match in _AMOUNT.finditer(text[:_MOST_DIGITS])]


def _amount(text: str) -> Amount:
    return next(iter(_amounts(text)), Amount(0, ""))


def _follows(source: Source, before: Amount, here: Amount) -> bool:
    """Whether two numbers follow from two values: the same, in the same proportion, or one more or less."""
    for old, new in {(before.value, here.value), (before.number, here.number)}:
        if _close(old, source.before) and _close(new, source.here):
            return True
        if source.scales and old and source.before and _close(new / old, source.here / source.before):
            return True
        if source.whole and abs(old - source.before) <= 1 and _close(old - source.before, new - source.here):
            return True
    return False


def _close(one: float, other: float) -> bool:
    """Whether two numbers are the same but for how floating point rounds them."""
    return abs(one - other) <= 1e-6 * max(abs(one), abs(other))


__all__ = ["ENVIRONMENT", "Meant", "scalars", "shown", "slug"]
