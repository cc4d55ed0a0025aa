"""Reading in a JSON Schema: its references, and whether a backend's strict mode takes it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def references(part: Any) -> Iterator[str]:
    """Every `$ref` in a schema."""
    if isinstance(part, Mapping):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for item in part.values():
            yield from references(item)
    elif isinstance(part, list):
        for item in part:
            yield from references(item)


def referred(schema: Any, reference: str) -> Any:
    """The part of a schema that `#/…` refers to (RFC 6901); None where it has none."""
    found = schema
    for key in filter(None, reference.removeprefix("#").split("/")):
        plain = key.replace("~1", "/").replace("~0", "~")
        if isinstance(found, list) and plain.isdigit() and int(plain) < len(found):
            found = found[int(plain)]
        elif isinstance(found, Mapping) and plain in found:
            found = found[plain]
        else:
            return None
    return found


def is_strict(part: Any) -> bool:
    """Whether OpenAI's strict mode takes a schema: each object names all its properties, and allows no others."""
    if isinstance(part, list):
        return all(map(is_strict, part))
    if not isinstance(part, Mapping):
        return True
    if part.get("type") == "object" or "properties" in part:
        named = set(part.get("properties", {}))
        if part.get("additionalProperties") is not False or set(part.get("required", [])) != named:
            return False
    return all(map(is_strict, part.values()))
