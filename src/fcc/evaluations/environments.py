"""What differs between the files of a run's environments, held against what was meant to differ. Pure.

Each environment is compared with the one before it: the files of the same step at the same path, once the
environment's name is taken out of that. A difference is meant where the values of inputs that differ, the
environment's name, or numbers that follow from them make the one text the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from fcc.evaluations._differences import Change, Leaf, Path, changes, leaves, lines
from fcc.evaluations._meant import ENVIRONMENT, Meant, scalars, shown, slug
from fcc.simulation import Artifact, Delivery, Finding, Place, RunRecord
from fcc.simulation.verdict import Severity

Delivered = Mapping[str, Sequence[Delivery]]
"""What each environment's steps have delivered, by its name, in the order of promotion."""
Inputs = Mapping[str, Mapping[str, Any]]
"""The inputs of each environment."""

RULES = {
    "environment-drift": "Files of two environments differ only in what was meant to differ",
    "environment-mixed-up": "No value of another environment stands in an environment's files",
    "environment-unused-input": "An input that differs between environments shows in their files",
}
"""The rules of what is found here, each with what must hold."""

_MOST_IN_FILE = 20
_SHORTEST = 6
"""A value of another environment with fewer characters is no sign by itself: `info`, `99.5%`."""
_TELLING = re.compile(r"\w[^\w\s]\w")
"""Such a value has parts, as domains, paths and names have."""
_IMAGE = re.compile(r"(?:^|[.\s])image(?:\.(?:tag|digest|repository|name))?$")
_SHOWN = 80


class Difference(NamedTuple):
    """One place in which two environments differ."""

    step: str
    change: Change
    before: Place
    """Where it stands in the environment before, or would."""
    here: Place
    by: frozenset[str] | None
    """The inputs that explain it; None where nothing does."""


class Variation(NamedTuple):
    """How an environment's files differ from those of the environment before."""

    before: str
    here: str
    inputs: tuple[str, ...]
    """The inputs that differ."""
    differences: tuple[Difference, ...]
    alike: bool
    """Whether both have the files of the same steps, and have files."""

    @property
    def unexplained(self) -> tuple[Difference, ...]:
        """What was not meant to differ."""
        return tuple(item for item in self.differences if item.by is None)

    def key(self, difference: Difference) -> tuple[str, str]:
        """What a difference is about, whichever the environment."""
        file, change = difference.here.file.replace(f"/{self.here}.", "/", 1), difference.change
        return file, change.path or str(change)


class _File(NamedTuple):
    step: str
    place: str
    artifact: Artifact

    def at(self, leaf: Leaf | None) -> Place:
        return Place(self.place, leaf.line if leaf is not None else 0)


def delivered_in(record: RunRecord) -> dict[str, list[Delivery]]:
    """What a run's environments have delivered; nothing where it has none."""
    found: dict[str, list[Delivery]] = {}
    for step in record.steps:
        if step.environment and step.status == "completed" and step.gate is None:
            found.setdefault(step.environment, []).append(Delivery.of(step))
    return {name: found[name] for name in environments_of(record) if name in found}


def environments_of(record: RunRecord) -> dict[str, dict[str, Any]]:
    """The inputs of each environment of a run, in the order of promotion."""
    known: Mapping[str, Any] = record.chain.get("environments") or {}
    return {name: {**record.inputs, **(spec.get("inputs") or {})} for name, spec in known.items()}


def variations(delivered: Delivered, inputs_in: Inputs) -> tuple[Variation, ...]:
    """How each environment differs from the one before it, as far as both have delivered."""
    files = {name: _files(name, found) for name, found in delivered.items()}
    return tuple(
        _variation((before, here), (files[before], files[here]), (inputs_in[before], inputs_in[here]))
        for before, here in pairwise(delivered)
    )


def vary(delivered: Delivered, inputs_in: Inputs) -> tuple[Finding, ...]:
    """What differs between environments and should not, and what should differ and does not."""
    mixed = list(_mixed_up(delivered, inputs_in))
    told = {(finding.file, finding.line) for finding in mixed}
    found: list[Finding] = []
    before: Mapping[tuple[str, str], Change] = {}
    for variation in variations(delivered, inputs_in):
        drift = {variation.key(item): item for item in variation.unexplained if tuple(item.here) not in told}
        new = [item for key, item in drift.items() if not _is_back(before.get(key), item.change)]
        found += _drift(variation, new)
        before = {key: item.change for key, item in drift.items()}
        found += _unused(variation, inputs_in, mixed)
    return (*mixed, *found)


def _files(environment: str, delivered: Sequence[Delivery]) -> dict[tuple[str, str], _File]:
    """The files of an environment by their step and path, with its name taken out of both."""
    name = re.compile(rf"(?<![A-Za-z0-9]){re.escape(environment)}(?![A-Za-z0-9])")
    found: dict[tuple[str, str], _File] = {}
    for delivery in delivered:
        step = delivery.step.removeprefix(f"{environment}.")
        for artifact in delivery.artifacts:
            place = f"artifacts/{delivery.step}/{artifact.path}"
            found.setdefault((step, name.sub("{environment}", artifact.path)), _File(step, place, artifact))
    return found


def _variation(
    names: tuple[str, str],
    files: tuple[Mapping[tuple[str, str], _File], Mapping[tuple[str, str], _File]],
    inputs: tuple[Mapping[str, Any], Mapping[str, Any]],
) -> Variation:
    meant = Meant(*names, inputs)
    before, here = files
    steps = [{step for step, _ in side} for side in files]
    found: list[Difference] = []
    for key in [*here, *(key for key in before if key not in here)]:
        if key[0] in steps[0] & steps[1]:
            found += _differences(meant, before.get(key), here.get(key))
    return Variation(*names, meant.inputs, tuple(found), bool(steps[0]) and steps[0] == steps[1])


def _differences(meant: Meant, before: _File | None, here: _File | None) -> Iterator[Difference]:
    if before is None or here is None:
        only = here or before
        if only is not None:
            change = Change(only.artifact.path, *(Leaf("", 1) if side else None for side in (before, here)))
            place = Place(only.place, 1)
            yield Difference(only.step, change, place, place, meant.switches or None)
        return
    kind = here.artifact.kind if here.artifact.kind == before.artifact.kind else ""
    for change in changes(kind, before.artifact.content, here.artifact.content):
        if change.before is None or change.here is None:
            by = meant.switches or None
        else:
            by = meant.explains(change.before.text, change.here.text)
        yield Difference(here.step, change, before.at(change.before), here.at(change.here), by)


def _is_back(told: Change | None, change: Change) -> bool:
    """Whether a difference was told of the environment before, and only goes back to what was there."""
    if told is None or (told.before is None) != (change.here is None):
        return False
    return told.before is None or change.here is None or told.before.text == change.here.text


def _drift(variation: Variation, drift: Sequence[Difference]) -> Iterator[Finding]:
    counts: dict[str, int] = {}
    for item in drift:
        file = item.here.file
        counts[file] = counts.get(file, 0) + 1
        if counts[file] > _MOST_IN_FILE:
            continue
        severity: Severity = "error" if _IMAGE.search(item.change.path) else "warning"
        yield Finding(
            "environment-drift",
            severity,
            _said(variation, item.change),
            file,
            item.here.line,
            "Make both the same; or give the environments an input that says what is meant to differ.",
            (item.before,) if item.before != item.here else (),
        )


def _said(variation: Variation, change: Change) -> str:
    what = f"`{change.path}`" if change.path else "the line"
    before, here = variation.before, variation.here
    if change.before is None or change.here is None:
        text = (change.before or change.here or Leaf("", 0)).text
        which = what if change.path else f"the line {_quoted(text)}"
        only, other = (here, before) if change.before is None else (before, here)
        return f"only {only} has {which}, {other} has not, and no input explains it"
    values = f"{_quoted(change.here.text)}, in {before} {_quoted(change.before.text)}"
    return f"{what} is {values}, and no input explains it"


def _quoted(text: str) -> str:
    line = " ".join(text.split())
    return repr(line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…")


def _unused(variation: Variation, inputs_in: Inputs, mixed: Sequence[Finding]) -> Iterator[Finding]:
    """The inputs that differ and to which nothing in the files is owed; where files are missing, nothing is said."""
    used = {name for item in variation.differences for name in item.by or ()}
    for name in variation.inputs if variation.alike else ():
        if name in used or any(f"`{name}`" in finding.message for finding in mixed):
            continue
        values = [_quoted(shown(inputs_in[side][name])) for side in (variation.here, variation.before)]
        yield Finding(
            "environment-unused-input",
            "warning",
            f"input `{name}` is {values[0]} in {variation.here} and {values[1]} in {variation.before}, and no file differs "
            "by it",
            hint="Hand it to a step that writes what depends on it, or give both environments the same value.",
        )


def _mixed_up(delivered: Delivered, inputs_in: Inputs) -> Iterator[Finding]:
    """Where a value stands that is another environment's, each place once."""
    files = {name: _files(name, found) for name, found in delivered.items()}
    for here, own in files.items():
        told: set[Place] = set()
        for other in (name for name in inputs_in if name != here):
            for name, value in inputs_in[other].items():
                if name not in inputs_in[here] or value == inputs_in[here][name]:
                    continue
                search = _Search(name, here, other, inputs_in, files)
                for place, text, severity in (*search.anywhere(own), *search.in_place(own)):
                    if place not in told:
                        told.add(place)
                        yield search.finding(place, text, severity)


class _Search(NamedTuple):
    """Looks for the value that an input has in another environment."""

    name: str
    here: str
    other: str
    inputs_in: Inputs
    files: Mapping[str, Mapping[tuple[str, str], _File]]

    def anywhere(self, own: Mapping[tuple[str, str], _File]) -> Iterator[tuple[Place, str, Severity]]:
        """Values that can't be taken for anything else, wherever they stand."""
        known = [f"-{slug(shown(value))}-" for value in scalars(self.inputs_in[self.here])]
        for value in scalars(self.inputs_in[self.other][self.name]):
            text = shown(value)
            if len(text) < _SHORTEST or not _TELLING.search(text):
                continue
            if any(f"-{slug(text)}-" in one for one in known):
                continue
            found = re.compile(rf"(?<![A-Za-z0-9_-]){re.escape(text)}(?![A-Za-z0-9_-])")
            for file in own.values():
                held = leaves(file.artifact.kind, file.artifact.content)
                for leaf in lines(file.artifact.content) if held is None else held.values():
                    if found.search(leaf.text):
                        yield file.at(leaf), text, "error"

    def in_place(self, own: Mapping[tuple[str, str], _File]) -> Iterator[tuple[Place, str, Severity]]:
        """The value itself, where the path has the input's name, or has each other environment's own value there."""
        text = shown(self.inputs_in[self.other][self.name])
        for key, file in own.items():
            for path, leaf in (leaves(file.artifact.kind, file.artifact.content) or {}).items():
                if leaf.text != text:
                    continue
                named = self._is_named(path)
                if named or self._is_theirs(key, path):
                    sure = not text.isdigit() or (named and not self._has_own(own))
                    yield file.at(leaf), text, "error" if sure else "warning"

    def _is_named(self, path: Path) -> bool:
        return slug(path[-1]) == slug(self.name)

    def _has_own(self, own: Mapping[tuple[str, str], _File]) -> bool:
        """Whether the environment's own value stands under the input's name somewhere, so that another may be meant."""
        text = shown(self.inputs_in[self.here][self.name])
        every = [leaves(file.artifact.kind, file.artifact.content) or {} for file in own.values()]
        return any(
            leaf.text == text and self._is_named(path) for held in every for path, leaf in held.items()
        )

    def _is_theirs(self, key: tuple[str, str], path: Path) -> bool:
        """Whether every other environment that has been reached has its own value there, and no two the same."""
        values = []
        for environment, files in self.files.items():
            if environment == self.here:
                continue
            held = leaves(files[key].artifact.kind, files[key].artifact.content) if key in files else None
            leaf = held.get(path) if held is not None else None
            if leaf is None or leaf.text != shown(self.inputs_in[environment].get(self.name)):
                return False
            values.append(leaf.text)
        return len(set(values)) == len(values) > 1

    def finding(self, place: Place, text: str, severity: Severity) -> Finding:
        own = _quoted(shown(self.inputs_in[self.here][self.name]))
        said = f"{_quoted(text)} is `{self.name}` of {self.other}; that of {self.here} is {own}"
        return Finding(
            "environment-mixed-up",
            severity,
            said,
            *place,
            f"Write what {self.here} is given as `{self.name}`.",
        )


__all__ = [
    "ENVIRONMENT",
    "RULES",
    "Difference",
    "Variation",
    "delivered_in",
    "environments_of",
    "variations",
    "vary",
]
