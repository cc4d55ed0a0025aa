"""Answers that are to be JSON which fits a schema: read, and held against it. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from fcc.agents.chain import is_json

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

RULE: Final = "output-schema"

_MOST_PROBLEMS = 10
_LONGEST_PROBLEM = 240

_FENCE = re.compile(r"^[ ]{0,3}(`{3,}|~{3,})[^\n]*\n(.*?)^[ ]{0,3}\1", re.DOTALL | re.MULTILINE)


class Parsed(NamedTuple):
    """What an answer holds."""

    value: Any = None
    problems: tuple[str, ...] = ()
    """Why it does not fit, the first ones; empty where it does."""


def parse_output(text: str, schema: Mapping[str, Any]) -> Parsed:
    """The JSON value in an answer, held against a JSON Schema (draft 2020-12).

    The answer may be the value alone, or stand in its one fenced block, or have words around it: models do all of it.
    """
    try:
        value = _value(text)
    except ValueError as error:
        return Parsed(None, (f"it is no JSON: {error}",))
    if not is_json(value):
        return Parsed(
            None, ("it holds a number or a text that no JSON in UTF-8 can hold, or nests too deeply",)
        )
    problems = _problems(value, schema)
    return Parsed(None if problems else value, problems)


def _value(text: str) -> Any:
    """The one JSON value in a text.

    Raises:
        ValueError: there is none, or more than one block that could hold it.
    """
    whole = text.strip()
    try:
        return _loads(whole)
    except ValueError as error:
        first = error
    blocks = [block for _, block in _FENCE.findall(text)]
    if len(blocks) == 1:
        return _loads(blocks[0].strip())
    start = min((place for mark in "{[" if (place := whole.find(mark)) >= 0), default=-1)
    if start < 0 or blocks:
        raise first
    end = max(whole.rfind("}"), whole.rfind("]"))
    return _loads(whole[start : end + 1])


def _loads(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_json)
    except json.JSONDecodeError as error:
        raise ValueError(f"line {error.lineno}, column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise ValueError("it nests too deeply") from None


def _no_json(name: str) -> Any:
    raise ValueError(f"{name} is no JSON value")


def _problems(value: Any, schema: Mapping[str, Any]) -> tuple[str, ...]:
    found = []
    try:
        for error in _validator(json.dumps(schema)).iter_errors(value):
            found.append(f"{error.json_path}: {_short(error.message)}")
            if len(found) == _MOST_PROBLEMS:
                break
    except RecursionError:
        return ("it nests too deeply",)
    return tuple(found)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_PROBLEM else f"{line[: _LONGEST_PROBLEM - 1]}…"


@lru_cache(maxsize=256)
def _validator(schema: str) -> Validator:
    from jsonschema import Draft202012Validator
    from referencing import Registry

    # An empty registry: a schema's `$ref` never goes to the network.
    return Draft202012Validator(json.loads(schema), registry=Registry())
