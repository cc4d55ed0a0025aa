"""One entry of another's persona file, rewritten as far as our models have a place for what it says."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Final, NamedTuple, get_args, get_origin

from pydantic import BaseModel

from fcc import _yaml
from fcc.errors import Problem
from fcc.personas.constitution import Constitution, Rule
from fcc.personas.persona import CARRIED, Collaboration, Deliverable, DocContext, Persona, Riscear

Loc = tuple[str | int, ...]

RENAMED: Final[Mapping[type[BaseModel], Mapping[str, str]]] = {
    Constitution: {
        "hard_stops": "hard_stop",
        "hard_stop_rules": "hard_stop",
        "tier_1": "hard_stop",
        "mandatory_rules": "mandatory",
        "mandatory_patterns": "mandatory",
        "tier_2": "mandatory",
        "preferred_rules": "preferred",
        "preferred_patterns": "preferred",
        "tier_3": "preferred",
    },
    Rule: {"text": "rule", "statement": "rule"},
}
"""What FCC's files and its code call the parts of a constitution, and what they are called here."""

_RULES_OF_A_TIER = ("rules", "default_rules")
"""Where the rules stand in a tier that is a mapping."""

_FILLED: Mapping[type[BaseModel], tuple[tuple[str, str, str], ...]] = {
    Persona: (("name", "id", ""), ("role_title", "name", ""), ("fcc_phase", "", "unknown")),
    Riscear: (("archetype", "role_title", ""), ("style", "", "As the task asks.")),
    Deliverable: (("description", "name", ""),),
}
"""What is filled in where it is missing: the key, the key whose value is taken, or the value."""

_OURS = {Persona, Riscear, Deliverable, Collaboration, DocContext, Constitution, Rule}


class Shape(NamedTuple):
    """What stands under a key of a model."""

    model: type[BaseModel] | None = None
    """The model of the value, or of each item."""
    many: bool = False
    is_text: bool = False
    """Whether the value, or each item, is a text."""
    required: bool = False


class Cleaning:
    """Renames, repairs, fills in and sets aside, and keeps what it did."""

    def __init__(self, document: _yaml.Document, base: Loc) -> None:
        self._document, self._base = document, base
        self.met: list[tuple[Problem, str, str]] = []
        """Keys that are renamed, or that nothing reads, each with its place and what it was read as."""
        self.aside: dict[str, Any] = {}
        """The values of the keys that are not ours, by their path."""
        self.repaired: list[Problem] = []

    def persona(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        """The entry as a persona's data; a constitution that stands beside `doc_context` is put in it."""
        for key in CARRIED:
            if entry.get(key) is not None:
                self._meet((key,), key)
        rest = {key: item for key, item in entry.items() if key != "constitution"}
        data = self._mapping(Persona, rest, (), {})
        rules = entry.get("constitution")
        context = data.get("doc_context", {})
        if isinstance(rules, dict) and isinstance(context, dict) and "constitution" not in context:
            self._meet(("constitution",), "constitution", "doc_context.constitution")
            context = context | {"constitution": self._mapping(Constitution, rules, ("constitution",), {})}
            return data | {"doc_context": context}
        if rules is not None:
            self._set_aside(("constitution",), rules)
        return data

    def place(self, loc: Loc, message: str) -> Problem:
        """A problem with a part of the entry, at its place in the file."""
        return self._document.problem((*self._base, *loc), message)

    def _mapping(
        self, model: type[BaseModel], value: Mapping[str, Any], loc: Loc, above: Mapping[str, Any]
    ) -> dict[str, Any]:
        shapes, renamed = shapes_of(model), RENAMED.get(model, {})
        value = self._filled(model, value, loc, above)
        data: dict[str, Any] = {}
        for key, item in value.items():
            here, name = (*loc, key), renamed.get(key, key)
            if name not in shapes or name in data or (name != key and name in value):
                self._set_aside(here, item)
            elif item is not None:
                if name != key:
                    self._meet(here, dotted(here), name)
                data[name] = self._value(shapes[name], item, here, value)
        lists = {name for name, shape in shapes.items() if shape.many and shape.required} - set(data)
        for name in sorted(lists):
            data[name] = []
            self._repair((*loc, name), f"`{dotted((*loc, name))}` is missing: nothing is put there")
        return data

    def _filled(
        self, model: type[BaseModel], value: Mapping[str, Any], loc: Loc, above: Mapping[str, Any]
    ) -> dict[str, Any]:
        filled = dict(value)
        for key, source, text in _FILLED.get(model, ()):
            taken = (filled.get(source) or above.get(source)) if source else text
            if taken and filled.get(key) in (None, ""):
                filled[key] = taken
                what = f"its {source} is taken" if source else f"{taken!r} is put there"
                self._repair((*loc, key), f"`{dotted((*loc, key))}` is missing: {what}")
        return filled

    def _value(self, shape: Shape, item: Any, loc: Loc, beside: Mapping[str, Any]) -> Any:
        if shape.many:
            return self._list(shape, item, loc)
        if shape.model is not None and isinstance(item, dict):
            return self._mapping(shape.model, item, loc, beside)
        return self._text(item, loc) if shape.is_text else item

    def _list(self, shape: Shape, items: Any, loc: Loc) -> list[Any]:
        if shape.model is Rule and isinstance(items, dict):
            items, loc = self._rules(items, loc)
        if isinstance(items, str | int | float):
            self._repair(loc, "one value, read as a list of one")
            items = [items]
        if not isinstance(items, list):
            self._repair(loc, "left out: no list")
            return []
        if shape.model is not None:
            return [self._entry(shape.model, item, (*loc, index)) for index, item in enumerate(items)]
        if not shape.is_text:
            return items
        texts = [self._line(item, (*loc, index)) for index, item in enumerate(items)]
        return [text for text in texts if text]

    def _rules(self, tier: Mapping[str, Any], loc: Loc) -> tuple[Any, Loc]:
        """The rules of a tier that is a mapping, and where they stand; the rest of it is set aside."""
        name = next((name for name in _RULES_OF_A_TIER if name in tier), None)
        for key, item in tier.items():
            if key != name:
                self._set_aside((*loc, key), item)
        if name is None:
            return [], loc
        self._meet((*loc, name), dotted((*loc, name)), dotted(loc))
        return tier[name], (*loc, name)

    def _entry(self, model: type[BaseModel], item: Any, loc: Loc) -> Any:
        if isinstance(item, str) and model is Deliverable:
            self._repair(loc, "a name alone, read as the description, too")
            return {"name": item, "description": item}
        return self._mapping(model, item, loc, {}) if isinstance(item, dict) else item

    def _line(self, item: Any, loc: Loc) -> str:
        """One text of a list; "" where there is none."""
        text = self._text(item, loc)
        if isinstance(text, str) and text.strip():
            return text
        self._repair(loc, "left out: no text")
        return ""

    def _text(self, item: Any, loc: Loc) -> Any:
        """A value as the text that was probably meant."""
        if isinstance(item, dict) and len(item) == 1:
            ((key, value),) = item.items()
            if isinstance(value, str | int | float):
                self._repair(loc, "no text for want of quotes; read as the one that stands there")
                return f"{key}: {value}"
        if isinstance(item, bool | int | float):
            self._repair(loc, "no text for want of quotes; read as the one that stands there")
            return str(item).lower() if isinstance(item, bool) else str(item)
        return item

    def _repair(self, loc: Loc, what: str) -> None:
        self.repaired.append(self.place(loc, what))

    def _meet(self, loc: Loc, key: str, meant: str = "") -> None:
        self.met.append((self.place(loc, ""), key, meant))

    def _set_aside(self, loc: Loc, item: Any) -> None:
        self.aside[".".join(map(str, loc))] = item
        self._meet(loc, dotted(loc))


def dotted(loc: Loc) -> str:
    """A path without the numbers of list items."""
    return ".".join(part for part in loc if isinstance(part, str))


@cache
def shapes_of(model: type[BaseModel]) -> dict[str, Shape]:
    """What stands under each key of a model."""
    return {
        name: _shape(info.annotation)._replace(required=info.is_required())
        for name, info in model.model_fields.items()
    }


def _shape(annotation: Any) -> Shape:
    if get_origin(annotation) is tuple:
        return _shape(get_args(annotation)[0])._replace(many=True)
    if get_origin(annotation) is Annotated:
        return _shape(get_args(annotation)[0])
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return Shape(annotation if annotation in _OURS else None)
    kinds = [part for part in get_args(annotation) or (annotation,) if part is not type(None)]
    return Shape(is_text=len(kinds) == 1 and (kinds[0] is str or get_args(kinds[0])[:1] == (str,)))
