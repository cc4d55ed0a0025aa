"""A JSON value that fits a schema, made from the schema alone."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Any

from fcc.providers.base import Message
from fcc.providers.schema import referred

_NOTHING: Mapping[str, str] = MappingProxyType({})
_DEEPEST = 20
"""A schema that refers to itself is followed so far."""

_STATED = re.compile(
    r"\s*(?:[-*+] )?(?:\*\*)?([A-Za-z][\w -]{0,58}\w)(?:\*\*)?:(?:\*\*)?[ \t]+(\S.{0,998})$", re.ASCII
)


def stated(messages: Sequence[Message]) -> dict[str, str]:
    """What the user messages state in lines `Key: value`, by the key in lower case with `_` between its words.

    What a request says itself goes before what it passes on; of lines with the same key the first one counts.
    """
    from fcc.providers.deterministic.structure import split_material

    parts = [split_material(message.content) for message in messages if message.role == "user"]
    lines = [line for part in zip(*parts, strict=True) for group in part for line in group]
    found: dict[str, str] = {}
    for match in filter(None, map(_STATED.match, lines)):
        found.setdefault("_".join(re.findall(r"[a-z0-9]+", match[1].lower())), match[2].strip().strip("`"))
    return found


def write_sample(schema: Mapping[str, Any], known: Mapping[str, str] = _NOTHING) -> str:
    """A value that fits a schema in its usual parts, as indented JSON; the same every time.

    What is `known` of a property by its name (`metric_value` for `value` in `metric`) goes first, where it fits; then
    examples, defaults and choices; then each required part, of its type and within its bounds. Patterns and formats are
    not made up: give an example.
    """
    value = _value(schema, schema, "value", 0)
    if known:
        value = _told(value, schema, schema, (), known)
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _told(
    value: Any, part: Any, root: Mapping[str, Any], path: tuple[str, ...], known: Mapping[str, str]
) -> Any:
    """The value with what is known of its properties."""
    if not isinstance(part, Mapping) or len(path) > _DEEPEST:
        return value
    if "$ref" in part:
        return _told(value, referred(root, str(part["$ref"])), root, path, known)
    if isinstance(value, dict):
        inner = part.get("properties", {})
        return {key: _told(item, inner.get(key), root, (*path, key), known) for key, item in value.items()}
    said = known.get("_".join(path).lower().replace("-", "_"))
    if said is None or "const" in part:
        return value
    return next((read for read in _readings(said, part) if _fits(read, part, root)), value)


def _readings(said: str, part: Mapping[str, Any]) -> Iterator[Any]:
    """What a text may be as a value of a schema's type."""
    kind = _type(part)
    if kind == "string":
        yield said
    elif kind in {"number", "integer", "boolean"}:
        with suppress(ValueError):
            yield json.loads(said, parse_constant=str)
    elif kind == "array" and _type(part.get("items", {})) == "string":
        yield [item.strip().strip("`") for item in said.split(",") if item.strip()]


def _fits(value: Any, part: Mapping[str, Any], root: Mapping[str, Any]) -> bool:
    from jsonschema import Draft202012Validator

    return bool(Draft202012Validator(root).evolve(schema=part).is_valid(value))


def _value(part: Any, root: Mapping[str, Any], name: str, depth: int) -> Any:
    if not isinstance(part, Mapping) or depth > _DEEPEST:
        return None
    for key in ("const", "default"):
        if key in part:
            return part[key]
    chosen = next((part[key][0] for key in ("examples", "enum") if part.get(key)), None)
    if chosen is not None:
        return chosen
    inner = referred(root, str(part["$ref"])) if "$ref" in part else _first(part)
    if inner is not None:
        return _value(inner, root, name, depth + 1)
    if part.get("allOf"):
        return _merged(part, root, name, depth)
    return _of_type(_type(part), part, root, name, depth)


def _first(part: Mapping[str, Any]) -> Any:
    """The first of the alternatives, where there are some."""
    return next((part[key][0] for key in ("anyOf", "oneOf") if part.get(key)), None)


def _type(part: Mapping[str, Any]) -> str:
    kind = part.get("type")
    if isinstance(kind, list):
        kind = kind[0] if kind else None
    if isinstance(kind, str):
        return kind
    return "object" if "properties" in part else "array" if "items" in part else "string"


def _of_type(kind: str, part: Mapping[str, Any], root: Mapping[str, Any], name: str, depth: int) -> Any:
    if kind == "object":
        properties, required = part.get("properties", {}), part.get("required", ())
        return {key: _value(properties.get(key, {}), root, key, depth + 1) for key in required}
    if kind == "array":
        return [_value(part.get("items", {}), root, name, depth + 1) for _ in range(part.get("minItems", 1))]
    if kind in {"number", "integer"}:
        return _number(kind, part)
    if kind == "boolean":
        return True
    return None if kind == "null" else _text(part, name)


def _number(kind: str, part: Mapping[str, Any]) -> float:
    low, high = part.get("minimum"), part.get("maximum")
    step = 1 if kind == "integer" else 0.5
    if low is None and "exclusiveMinimum" in part:
        low = part["exclusiveMinimum"] + step
    if high is None and "exclusiveMaximum" in part:
        high = part["exclusiveMaximum"] - step
    number = low if low is not None else min(1, high) if high is not None else 1
    multiple = part.get("multipleOf")
    if multiple:
        number = math.ceil(number / multiple) * multiple
    return math.ceil(number) if kind == "integer" else number


def _text(part: Mapping[str, Any], name: str) -> str:
    text = str(part.get("description") or part.get("title") or name)
    shortest, longest = part.get("minLength", 1), part.get("maxLength", 200)
    return (text * (shortest // len(text) + 1) if len(text) < shortest else text)[:longest]


def _merged(part: Mapping[str, Any], root: Mapping[str, Any], name: str, depth: int) -> Any:
    values = [_value(inner, root, name, depth + 1) for inner in part["allOf"]]
    own = {key: value for key, value in part.items() if key != "allOf"}
    values += [_value(own, root, name, depth + 1)] if own.keys() & {"properties", "type"} else []
    if all(isinstance(value, dict) for value in values):
        return {key: item for value in values for key, item in value.items()}
    return values[0]
