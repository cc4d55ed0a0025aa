"""The types of expressions, and the names that they may use. Apart from `expression`, which most chains never need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from fcc.providers.schema import referred

Type: TypeAlias = frozenset[str]
"""What a value may be: some of `number`, `string`, `boolean`, `list`, `mapping` and `null`."""

Scope: TypeAlias = "Mapping[str, Type | Scope]"
"""The names that an expression may use; a nested mapping is reached with a dot."""

NUMBER, STRING, BOOLEAN, LIST, MAPPING, NULL = (
    frozenset({name}) for name in ("number", "string", "boolean", "list", "mapping", "null")
)
ANY: Type = NUMBER | STRING | BOOLEAN | LIST | MAPPING | NULL

_JSON_TYPES: dict[str, Type] = {
    "number": NUMBER,
    "integer": NUMBER,
    "string": STRING,
    "boolean": BOOLEAN,
    "array": LIST,
    "object": MAPPING,
    "null": NULL,
}


def schema_scope(part: Any, root: Mapping[str, Any], depth: int = 0) -> Type | Scope:
    """What may be asked of a JSON value that fits a schema: an object that names its properties has no others."""
    if not isinstance(part, Mapping) or depth > 20:  # noqa: PLR2004 - a schema that refers to itself
        return ANY
    if isinstance(part.get("$ref"), str):
        return schema_scope(referred(root, part["$ref"]), root, depth + 1)
    named = part.get("properties")
    open_ended = isinstance(part.get("additionalProperties"), Mapping) or "patternProperties" in part
    if (
        isinstance(named, Mapping)
        and named
        and not open_ended
        and not {"anyOf", "oneOf", "allOf"} & part.keys()
    ):
        return {name: schema_scope(inner, root, depth + 1) for name, inner in named.items()}
    kinds = part.get("type")
    if isinstance(kinds, str):
        return _JSON_TYPES.get(kinds, ANY)
    return ANY


JUDGED: dict[str, Type] = {
    "score": NUMBER | NULL,
    "errors": NUMBER,
    "warnings": NUMBER,
    "rules": LIST,
    "hard_stops": NUMBER,
    "mandatory": NUMBER,
    "preferred": NUMBER,
}
"""What is known of an output that was judged; `fcc.simulation.facts` gives the values."""
