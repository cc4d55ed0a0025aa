"""YAML to a pydantic model, with errors that say file, line, column and what was probably meant.

The text is read event by event into plain values, and each value's place is kept beside it. That is what lets
one pass refuse what a YAML library accepts silently (a key given twice), what would exhaust the machine (alias
bombs, endless nesting, huge files) and report every problem of a file at once. Scalars follow the YAML 1.2 core
schema, so `no`, `on` and `12:30` are texts. Nothing is ever constructed but dict, list, str, int, float, bool
and None.
"""

from __future__ import annotations

import difflib
import re
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml  # noqa: TID251 - the one door
from pydantic import BaseModel, ValidationError

from fcc.errors import ConfigError, InvalidFileError, Problem

MAX_BYTES = 4 * 1024 * 1024
"""The largest file that is read. The largest hand-written one that was met has 60 kB."""
MAX_DEPTH = 60
"""How deep lists and mappings may nest."""
MAX_VALUES = 500_000
"""How many values a file may hold once its aliases are followed."""

_LONGEST_SHOWN = 60
_MOST_LISTED = 30

M = TypeVar("M", bound=BaseModel)
Path_ = tuple[str | int, ...]
Place = tuple[int, int]

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL = {"", "~", "null", "Null", "NULL"}
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]{1,300}$")
_BASED = re.compile(r"0o[0-7]{1,300}$|0x[0-9a-fA-F]{1,300}$")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$")
_SPECIAL_FLOAT = {".inf": float("inf"), "+.inf": float("inf"), "-.inf": float("-inf"), ".nan": float("nan")}


@dataclass(slots=True)
class Document:
    """What a YAML text says, and where each part of it stands."""

    name: str
    """The file as the user would write it."""
    data: Any
    places: dict[Path_, Place] = field(default_factory=dict)
    """Line and column, from 1, of each value; of a mapping's entry, those of its key."""

    def problem(self, path: Path_, message: str) -> Problem:
        """A problem at the nearest place that is known on the way to `path`."""
        while path and path not in self.places:
            path = path[:-1]
        line, column = self.places.get(path, (1, 1))
        return Problem(self.name, line, column, message)


class _RefusalError(Exception):
    def __init__(self, mark: Any, message: str) -> None:
        self.line, self.column, self.message = mark.line + 1, mark.column + 1, message


def scalar(text: str) -> str | int | float | bool | None:
    """The value of a plain (unquoted) scalar by the YAML 1.2 core schema (yaml.org/spec/1.2.2, section 10.3)."""
    if text in _NULL:
        return None
    if text[0] in "0123456789+-.":
        return _number(text)
    return _BOOL.get(text, text)


def _number(text: str) -> str | int | float:
    if _INT.match(text):
        return int(text)
    if _FLOAT.match(text):
        return float(text)
    if _BASED.match(text):
        return int(text, 0)
    return _SPECIAL_FLOAT.get(text.lower(), text)


class _Builder:
    """Builds the value of the one document in a stream of YAML events."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._anchors: dict[str, tuple[Any, int]] = {}
        self.places: dict[Path_, Place] = {}
        self.values = 0

    def document(self) -> Any:
        data: Any = None
        seen = False
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if seen:
                    raise _RefusalError(
                        event.start_mark, "a second document starts here; one file holds one document"
                    )
                seen = True
                first = next(self._events)
                self.places[()] = _place(first)
                data = self._value(first, ())
        return data

    def _value(self, event: Any, path: Path_) -> Any:
        self._count(event, 1)
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise _RefusalError(event.start_mark, f"alias *{event.anchor} has no anchor above it")
            value, size = self._anchors[event.anchor]
            self._count(event, size)
            return value
        before = self.values
        value = self._fresh(event, path)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, self.values - before)
        return value

    def _fresh(self, event: Any, path: Path_) -> Any:
        if len(path) > MAX_DEPTH:
            raise _RefusalError(event.start_mark, f"nested more than {MAX_DEPTH} deep")
        tag = getattr(event, "tag", None)
        if tag is not None and tag not in {"!", "tag:yaml.org,2002:str"}:
            raise _RefusalError(event.start_mark, f"the tag {tag} is not allowed; write plain YAML")
        if isinstance(event, yaml.ScalarEvent):
            text: str = event.value
            return scalar(text) if event.implicit[0] else text
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        return self._mapping(path)

    def _sequence(self, path: Path_) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            here = (*path, len(items))
            self.places[here] = _place(event)
            items.append(self._value(event, here))
        return items

    def _mapping(self, path: Path_) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise _RefusalError(event.start_mark, "a key must be a plain word or a quoted text")
            key: str = event.value
            here = (*path, key)
            if key == "<<" and event.implicit[0]:
                merged |= self._merge(next(self._events), here)
                continue
            if key in mapping:
                first = self.places[here][0]
                raise _RefusalError(event.start_mark, f"`{key}` is given twice; the first is on line {first}")
            self.places[here] = _place(event)
            mapping[key] = self._value(next(self._events), here)
        return merged | mapping if merged else mapping

    def _merge(self, event: Any, path: Path_) -> dict[str, Any]:
        value = self._value(event, path)
        sources = value if isinstance(value, list) else [value]
        if not all(isinstance(source, dict) for source in sources):
            raise _RefusalError(event.start_mark, "`<<` merges mappings only")
        return {key: item for source in reversed(sources) for key, item in source.items()}

    def _count(self, event: Any, size: int) -> None:
        self.values += size
        if self.values > MAX_VALUES:
            raise _RefusalError(
                event.start_mark, f"more than {MAX_VALUES:,} values once its aliases are followed"
            )


def _place(event: Any) -> Place:
    return event.start_mark.line + 1, event.start_mark.column + 1


def parse(text: str, name: str) -> Document:
    """What a YAML text says.

    Raises:
        InvalidFileError: it is not YAML, or is refused as above; the message has file, line and column.
    """
    try:
        builder = _Builder(yaml.parse(text, Loader=_Loader))
        data = builder.document()
    except _RefusalError as error:
        raise InvalidFileError([Problem(name, error.line, error.column, error.message)]) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        what = " ".join(part for part in (error.context, error.problem) if part)
        raise InvalidFileError([Problem(name, line, column, f"not valid YAML: {what}")]) from None
    except yaml.YAMLError as error:
        first = str(error).splitlines()[0]
        raise InvalidFileError([Problem(name, 1, 1, f"not valid YAML: {first}")]) from None
    return Document(name, data, builder.places)


def read_text(path: Path, name: str = "") -> str:
    """A file's text, as long as it is one: UTF-8, not binary, of at most `MAX_BYTES`.

    Raises:
        InvalidFileError: it is too large, binary, or not UTF-8.
        ConfigError: it can't be read at all.
    """
    name = name or str(path)
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(
            f"cannot read {name}: {reason}", hint="Check the path and its permissions."
        ) from error
    if len(raw) > MAX_BYTES:
        limit = MAX_BYTES // (1024 * 1024)
        raise InvalidFileError([Problem(name, 1, 1, f"larger than {limit} MiB, the most that is read")])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - raw.rfind(b"\n", 0, error.start)
        raise InvalidFileError(
            [Problem(name, line, column, "not UTF-8 text; is this a binary file?")]
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InvalidFileError([Problem(name, line, 1, "holds a NUL character; is this a binary file?")])
    return text


def read(path: Path, name: str = "") -> Document:
    """What a YAML file says; errors as `read_text` and `parse`."""
    name = name or str(path)
    return parse(read_text(path, name), name)


def build(model: type[M], document: Document, base: Path_ = ()) -> M:
    """The part of a document at `base`, as a model.

    Raises:
        InvalidFileError: it doesn't fit; every problem at once, each with its place.
    """
    data = document.data
    for step in base:
        data = data[step]
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise InvalidFileError(problems(model, document, error, base)) from None


def problems(
    model: type[BaseModel], document: Document, error: ValidationError, base: Path_ = ()
) -> list[Problem]:
    """A validation error as problems with their places, in the order of the file."""
    details: list[Any] = [
        {**detail, "loc": _in_the_file(document, base, detail)} for detail in error.errors(include_url=False)
    ]
    found = {
        document.problem((*base, *detail["loc"]), _message(model, document, detail)): None
        for detail in details
        if not _is_other_branch(detail, details)
    }
    return sorted(found, key=lambda problem: (problem.line, problem.column))


def _in_the_file(document: Document, base: Path_, detail: Any) -> Path_:
    """A place of pydantic's without what stands in no file: the names of a union's branches, and `[key]`."""
    value = document.data
    for step in base:
        value = value[step]
    loc: list[str | int] = []
    for number, part in enumerate(detail["loc"]):
        there = (isinstance(value, dict) and part in value) or (
            isinstance(value, list) and isinstance(part, int) and part < len(value)
        )
        if there:
            value = value[part]
        elif not (number == len(detail["loc"]) - 1 and detail["type"] == "missing"):
            continue
        loc.append(part)
    return tuple(loc)


def _is_other_branch(detail: Any, details: list[Any]) -> bool:
    """Whether a problem is only that a value is not of another of the types that may stand there."""
    if detail["type"] not in _WRONG_TYPE:
        return False
    others = [
        other
        for other in details
        if other is not detail and other["loc"][: len(detail["loc"])] == detail["loc"]
    ]
    return any(other["type"] not in _WRONG_TYPE or len(other["loc"]) > len(detail["loc"]) for other in others)


_WRONG_TYPE = {
    "string_type",
    "model_type",
    "model_attributes_type",
    "dict_type",
    "tuple_type",
    "list_type",
    "too_short",
}


def _message(model: type[BaseModel], document: Document, detail: Any) -> str:
    loc = detail["loc"]
    where = ".".join(map(str, loc)) or "the file"
    kind = detail["type"]
    if kind == "extra_forbidden":
        known = _known_keys(model, loc[:-1])
        return f"unknown key `{loc[-1]}`{suggestion(str(loc[-1]), known)}"
    if kind == "missing":
        return f"`{where}` is missing"
    if kind in {"value_error", "assertion_error"}:
        return f"`{where}`: {detail['ctx']['error']}" if loc else str(detail["ctx"]["error"])
    if not loc and document.data is None:
        return "the file is empty"
    message = detail["msg"]
    if kind in _SHAPE:
        message = f"{message.partition(' or instance of')[0]}: write {_SHAPE[kind]}"
    return f"`{where}`: {message[0].lower()}{message[1:]}, not {_shown(detail['input'])}"


_SHAPE = {
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dict_type": "a mapping",
    "list_type": "a list",
    "tuple_type": "a list",
}
"""What must stand in the place of a value of another shape."""


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 3]}…"


def suggestion(word: str, known: list[str]) -> str:
    """`; did you mean …?` where a known word is near, else the known words where there are few, else ""."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if near:
        return f"; did you mean `{near[0]}`?"
    return f"; known here: {', '.join(sorted(known))}" if 0 < len(known) <= _MOST_LISTED else ""


def _known_keys(model: type[BaseModel], loc: Path_) -> list[str]:
    models: list[Any] = [model]
    for step in loc:
        models = [inner for outer in models for inner in _inside(outer, step)]
    return [
        info.alias or name
        for found in models
        if isinstance(found, type) and issubclass(found, BaseModel)
        for name, info in found.model_fields.items()
        if not info.exclude
    ]


def _inside(annotation: Any, step: str | int) -> list[Any]:
    """The types that may stand at `step` of a value of this type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, info in annotation.model_fields.items():
            if step in (name, info.alias):
                return _alternatives(info.annotation)
        return []
    arguments = [argument for argument in typing.get_args(annotation) if argument is not Ellipsis]
    return [found for argument in arguments[-1:] for found in _alternatives(argument)]


def _alternatives(annotation: Any) -> list[Any]:
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _alternatives(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        return [found for part in typing.get_args(annotation) for found in _alternatives(part)]
    return [annotation]
