"""Other people's persona files, read as far as they can be: nothing is fatal, and everything is reported.

Keys that have another name here are renamed, unknown ones kept aside, plain slips repaired, and what a persona can do
without is left out where it is wrong. An entry is a persona if it has an id and says what its role is.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from fcc import _yaml
from fcc.errors import FccError, InvalidFileError, Problem
from fcc.personas._cleaning import Cleaning, Loc, dotted, shapes_of
from fcc.personas.persona import Persona
from fcc.personas.reading import Met, ReadingReport
from fcc.workspace import content_paths, show_path

_RULES: Loc = ("doc_context", "constitution")

_ROUNDS = 4
"""How often what is wrong is left out, at most: what is left may be wrong in its turn."""


def read_leniently(folder: Path) -> tuple[dict[str, Persona], ReadingReport]:
    """Every persona of a folder's YAML files (not of its sub-folders), by id, and what became of the rest.

    Raises:
        ConfigError: the folder can't be read.
    """
    reading = _Reading()
    for path in sorted([*content_paths(folder, ".yaml"), *content_paths(folder, ".yml")]):
        reading.read(path)
    return reading.personas, reading.report()


@dataclass
class _Reading:
    """Reads one file after the other."""

    personas: dict[str, Persona] = field(default_factory=dict)
    _first: dict[str, Problem] = field(default_factory=dict)
    _files: list[str] = field(default_factory=list)
    _skipped: list[Problem] = field(default_factory=list)
    _unusable: list[Problem] = field(default_factory=list)
    _repaired: list[Problem] = field(default_factory=list)
    _met: dict[tuple[str, str], Met] = field(default_factory=dict)

    def report(self) -> ReadingReport:
        """What it came to."""
        met = sorted(self._met.values(), key=lambda item: (-item.times, item.key))
        return ReadingReport(
            len(self.personas),
            tuple(self._files),
            tuple(self._skipped),
            tuple(item for item in met if not item.meant),
            tuple(item for item in met if item.meant),
            tuple(self._unusable),
            tuple(self._repaired),
        )

    def read(self, path: Path) -> None:
        """Add the personas of a file, if it is one that has some."""
        shown = show_path(path)
        try:
            document = _yaml.read(path, shown)
            entries = _entries(document)
        except InvalidFileError as error:
            self._skipped += error.problems
            return
        except FccError as error:
            self._skipped.append(Problem(shown, 1, 1, error.message))
            return
        self._files.append(shown)
        for key in document.data:
            if key != "personas":
                self._meet(document.problem((key,), ""), f"{key} (of the file)")
        for index, entry in enumerate(entries):
            self._add(document, index, entry)

    def _add(self, document: _yaml.Document, index: int, entry: Any) -> None:
        base = ("personas", index)
        if not isinstance(entry, dict):
            self._unusable.append(document.problem(base, "a persona is a mapping"))
            return
        cleaning = Cleaning(document, base)
        persona, left_out = _fitted(cleaning.persona(entry), cleaning, document, base)
        if persona is None:
            self._unusable += left_out
            return
        here = document.problem((*base, "id"), "")
        if persona.id in self.personas:
            first = self._first[persona.id]
            what = (
                f"the id {persona.id!r} is taken by the persona at {first.file}:{first.line}, which is used"
            )
            self._unusable.append(here._replace(message=what))
            return
        self.personas[persona.id], self._first[persona.id] = persona, here
        self._repaired += [*cleaning.repaired, *left_out]
        for place, key, meant in cleaning.met:
            self._meet(place, key, meant)

    def _meet(self, place: Problem, key: str, meant: str = "") -> None:
        before = self._met.get((key, meant), Met(key, 0, place.file, place.line, meant))
        self._met[key, meant] = before._replace(times=before.times + 1)


def _entries(document: _yaml.Document) -> list[Any]:
    data = document.data
    if not isinstance(data, dict) or "personas" not in data:
        near = difflib.get_close_matches("personas", data, n=1, cutoff=0.8) if isinstance(data, dict) else []
        more = f"; is `{near[0]}` meant?" if near else ""
        raise InvalidFileError(
            [document.problem(tuple(near), f"no persona file: it has no `personas:`{more}")]
        )
    if not isinstance(data["personas"], list):
        raise InvalidFileError([document.problem(("personas",), "`personas` is no list")])
    return data["personas"]


def _fitted(
    data: dict[str, Any], cleaning: Cleaning, document: _yaml.Document, base: Loc
) -> tuple[Persona | None, list[Problem]]:
    """The persona, and what was left out of it; or none, and what it can't do without."""
    left_out: list[Problem] = []
    for _ in range(_ROUNDS):
        try:
            return Persona.model_validate(data, context={"unmapped": cleaning.aside}), left_out
        except ValidationError as error:
            details = reversed(error.errors(include_url=False))
            wrong = {_loose(detail["loc"]): detail["msg"].removeprefix("Value error, ") for detail in details}
            if () in wrong:
                return None, _told(document, base, data, error)
        for loc in sorted(wrong, reverse=True):  # from the end, so that the numbers of items hold
            kept = _take_out(data, loc)
            what = f"{kept}: {wrong[loc][0].lower()}{wrong[loc][1:]}"
            left_out.append(cleaning.place(loc, f"`{dotted(loc)}` {what}"))
    return None, left_out


def _loose(loc: Loc) -> Loc:
    """The smallest part around a wrong value that a persona can do without; () where there is none."""
    model: type[BaseModel] | None = Persona
    loose: Loc = ()
    for number, part in enumerate(loc):
        here = loc[: number + 1]
        if isinstance(part, int):
            loose = here
            if here[:2] == _RULES:
                return here
            continue
        shape = shapes_of(model).get(part) if model is not None else None
        if shape is None:
            return loose
        loose = loose if shape.required else here
        model = shape.model
    return loose


def _take_out(data: dict[str, Any], loc: Loc) -> str:
    """Take a part out of the data, but for the text of a rule; says which it was."""
    above: Any = data
    for part in loc[:-1]:
        above = above[part]
    if loc == _RULES and (rules := _as_texts(above[loc[-1]])) != above[loc[-1]]:
        above[loc[-1]] = rules
        return "are kept as texts only"
    item = above[loc[-1]]
    if loc[:2] == _RULES and isinstance(item, dict) and isinstance(item.get("rule"), str):
        above[loc[-1]] = item["rule"]
        return "is kept as a text only"
    del above[loc[-1]]
    return "is left out"


def _as_texts(constitution: Any) -> Any:
    """Every rule that has a text as that text alone."""
    if not isinstance(constitution, dict):
        return constitution
    return {
        tier: [rule.get("rule", rule) if isinstance(rule, dict) else rule for rule in rules]
        for tier, rules in constitution.items()
    }


def _told(document: _yaml.Document, base: Loc, data: Any, error: ValidationError) -> list[Problem]:
    """What is wrong with an entry, with places."""
    depth = len(base)
    places = {path[depth:]: place for path, place in document.places.items() if path[:depth] == base}
    return _yaml.problems(Persona, _yaml.Document(document.name, data, places), error)
