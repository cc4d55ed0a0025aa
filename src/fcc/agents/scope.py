"""The types of expressions, and the names that they may use. Apart from `expression`, which most chains never need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

Type: TypeAlias = frozenset[str]
"""What a value may be: some of `number`, `string`, `boolean`, `list`, `mapping` and `null`."""

Scope: TypeAlias = "Mapping[str, Type | Scope]"
"""The names that an expression may use; a nested mapping is reached with a dot."""

NUMBER, STRING, BOOLEAN, LIST, MAPPING, NULL = (
    frozenset({name}) for name in ("number", "string", "boolean", "list", "mapping", "null")
)
ANY: Type = NUMBER | STRING | BOOLEAN | LIST | MAPPING | NULL

JUDGED: dict[str, Type] = {"score": NUMBER | NULL, "errors": NUMBER, "warnings": NUMBER, "rules": LIST}
"""What is known of an output that was judged; `fcc.simulation.facts` gives the values."""
