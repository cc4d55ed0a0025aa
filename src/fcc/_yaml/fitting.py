"""A read document as a pydantic model; every problem with file, line, column and what was probably meant."""

from __future__ import annotations

import difflib
import types
import typing
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from fcc._yaml.reading import Document, Path_
from fcc.errors import InvalidFileError, Problem

_LONGEST_SHOWN = 60
_MOST_LISTED = 30

M = TypeVar("M", bound=BaseModel)


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
