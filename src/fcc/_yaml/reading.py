"""A YAML text as plain values, each with its place.

The text is read event by event into plain values, and each value's place is kept beside it. That is what lets
one pass refuse what a YAML library accepts silently (a key given twice), what would exhaust the machine (alias
bombs, endless nesting, huge files) and report every problem of a file at once. Scalars follow the YAML 1.2 core
schema, so `no`, `on` and `12:30` are texts. Nothing is ever constructed but dict, list, str, int, float, bool
and None.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml  # noqa: TID251 - the one door

from fcc.errors import ConfigError, InvalidFileError, Problem

MAX_BYTES = 4 * 1024 * 1024
"""The largest file that is read. The largest hand-written one that was met has 60 kB."""
MAX_DEPTH = 60
"""How deep lists and mappings may nest."""
MAX_VALUES = 500_000
"""How many values a file may hold once its aliases are followed."""

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
    """Builds the values of the documents in a stream of YAML events."""

    def __init__(self, events: Iterator[Any], *, tags: bool = False) -> None:
        self._events = events
        self._tags = tags
        """Whether tags are read over instead of refused."""
        self._anchors: dict[str, tuple[Any, int]] = {}
        self.places: dict[Path_, Place] = {}
        self.values = 0

    def document(self) -> Any:
        """The value of the one document; None where there is none."""
        data: Any = None
        seen = False
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if seen:
                    raise _RefusalError(
                        event.start_mark, "a second document starts here; one file holds one document"
                    )
                seen = True
                data = self._root()
        return data

    def documents(self, name: str) -> Iterator[Document]:
        """Each document of the stream."""
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                self._anchors, self.places = {}, {}
                yield Document(name, self._root(), self.places)

    def _root(self) -> Any:
        first = next(self._events)
        self.places[()] = _place(first)
        return self._value(first, ())

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
        if not self._tags and tag is not None and tag not in {"!", "tag:yaml.org,2002:str"}:
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
    """What a YAML text of one document says.

    Raises:
        InvalidFileError: it is not YAML, or is refused as above; the message has file, line and column.
    """
    with _refusals(name):
        builder = _Builder(yaml.parse(text, Loader=_Loader))
        data = builder.document()
    return Document(name, data, builder.places)


def parse_all(text: str, name: str) -> list[Document]:
    """Every document of a YAML text that somebody else's tool is meant for; places count from the text's start.

    Tags are read over: a value of another type is the text, list or mapping that it is written as.

    Raises:
        InvalidFileError: it is not YAML, or gives a key twice, or would exhaust the machine; with line and column.
    """
    with _refusals(name):
        return list(_Builder(yaml.parse(text, Loader=_Loader), tags=True).documents(name))


@contextmanager
def _refusals(name: str) -> Iterator[None]:
    """What goes wrong while a text is read, as one problem with its place."""
    try:
        yield
    except _RefusalError as error:
        raise InvalidFileError([Problem(name, error.line, error.column, error.message)]) from None
    except UnicodeEncodeError as error:
        line = str(error.object).count("\n", 0, error.start) + 1
        what = "holds half of a surrogate pair, which no file can hold"
        raise InvalidFileError([Problem(name, line, 1, what)]) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        what = " ".join(part for part in (error.context, error.problem) if part)
        raise InvalidFileError([Problem(name, line, column, f"not valid YAML: {what}")]) from None
    except yaml.YAMLError as error:
        first = str(error).splitlines()[0]
        raise InvalidFileError([Problem(name, 1, 1, f"not valid YAML: {first}")]) from None


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
