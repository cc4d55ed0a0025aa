"""What the Kubernetes API takes, as the JSON schemas say that the package `kubernetes-validate` ships.

They use seven keywords of JSON Schema. Reading those here, and only the files that a manifest needs, takes a tenth of
the time that importing a JSON Schema library does.
"""

from __future__ import annotations

import json
import pathlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import cache, lru_cache
from importlib.util import find_spec
from typing import Any, NamedTuple

from fcc.evaluations.validators.check import missing

VERSION = "1.37"
"""The Kubernetes version that manifests are checked against."""

MOST_PROBLEMS = 100
"""How many problems of one manifest are told."""

BOOLEANS = {"y", "yes", "on", "n", "no", "off"}
"""What YAML 1.1, which Kubernetes reads, takes for a boolean where it is not quoted (yaml.org/type/bool)."""

_DEFINITIONS = "_definitions"
_UNNAMED = {"core", "api"}
"""Groups that the names of files leave out."""
_WORD = re.compile(r"[A-Za-z0-9]{1,100}")
_NAMES: dict[type, str] = {
    dict: "object",
    list: "array",
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
}
_SAID = {"object": "a mapping", "array": "a list", "string": "a text", "integer": "a whole number"}


class Api(NamedTuple):
    """What an object calls itself: `apps/v1`, `Deployment`."""

    group: str
    version: str
    kind: str

    @classmethod
    def of(cls, api_version: str, kind: str) -> Api:
        """The three names in an object's `apiVersion` and `kind`."""
        group, _, version = api_version.rpartition("/")
        return cls(group, version, kind)


Path = tuple[str | int, ...]


class Problem(NamedTuple):
    """What is wrong in a value, and where in it."""

    path: Path
    message: str
    hint: str = ""
    rule: str = "kubernetes-schema"
    warns: bool = False
    """Whether the API takes it all the same."""


Rules = Callable[[str, Any, Path], Iterable[Problem]]
"""What is wrong with a value by more than its schema, given the last part of its definition's name."""


@cache
def folder() -> pathlib.Path:
    """Where the schemas are; raises `NotCheckedError` where they are not."""
    spec = find_spec("kubernetes_validate")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        for found in sorted(pathlib.Path(place, "kubernetes-json-schema").glob(f"v{VERSION}.*-local-strict")):
            return found
    raise missing(f"kubernetes-validate with the schemas of Kubernetes {VERSION}")


def schema_of(api: Api) -> dict[str, Any] | None:
    """The schema of a kind of object; None where this version of Kubernetes has none such."""
    words = [api.kind.lower(), *([api.group.partition(".")[0]] if api.group else []), api.version]
    if not all(_WORD.fullmatch(word) for word in words):
        return None
    schema = _file(folder(), "-".join(words)) or {}
    asked = {"group": api.group, "version": api.version, "kind": api.kind}
    return schema if asked in schema.get("x-kubernetes-group-version-kind", ()) else None


@cache
def known() -> frozenset[Api]:
    """Every kind of object that this version of Kubernetes has."""
    definitions: dict[str, Any] = (_file(folder(), _DEFINITIONS) or {}).get("$defs", {})
    every = (
        item for each in definitions.values() for item in each.get("x-kubernetes-group-version-kind", ())
    )
    return frozenset(Api(item["group"], item["version"], item["kind"]) for item in every)


def problems(
    schema: Mapping[str, Any], value: Any, path: Path = (), rules: Rules | None = None
) -> Iterator[Problem]:
    """What of a value its schema does not take, and what `rules` say of what its types allow."""
    while "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        schema = _definition(folder(), name)
        if rules is not None and value is not None and _is_one_of(value, _types(schema)):
            yield from rules(name.rpartition(".")[2], value, path)
    types = _types(schema)
    if types and not _is_one_of(value, types):
        yield Problem(path, *_wrong_type(value, types))
    elif value not in schema.get("enum", [value]):
        yield Problem(path, f"`{_short(value)}` is not one of {', '.join(map(str, schema['enum']))}")
    elif isinstance(value, dict):
        yield from _mapping(schema, value, path, rules)
    elif isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            yield from problems(schema["items"], item, (*path, index), rules)


def _mapping(
    schema: Mapping[str, Any], value: dict[str, Any], path: Path, rules: Rules | None
) -> Iterator[Problem]:
    properties = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    for name in schema.get("required", ()):
        if name not in value:
            yield Problem(path, f"`{name}` is missing", f"Add `{name}:`.")
    for name, item in value.items():
        if name in properties:
            yield from problems(properties[name], item, (*path, name), rules)
        elif isinstance(others, dict):
            yield from problems(others, item, (*path, name), rules)
        elif not others:
            near = get_close_matches(name[:100], properties, 1)
            hint = f"Did you mean `{near[0]}`?" if near else "Take it out, or move it to where it belongs."
            yield Problem((*path, name), f"there is no field `{_short(name)}` here", hint)


@lru_cache(maxsize=2048)
def _file(place: pathlib.Path, name: str) -> dict[str, Any] | None:
    try:
        read: dict[str, Any] = json.loads((place / f"{name}.json").read_bytes())
    except FileNotFoundError:
        return None
    return read


@cache
def _definition(place: pathlib.Path, name: str) -> Mapping[str, Any]:
    """A definition (`io.k8s.api.core.v1.PodSpec`): from its own small file, else from that of all of them."""
    *_, group, version, kind = name.split(".")
    own = _file(place, "-".join([kind.lower(), *([group] if group not in _UNNAMED else []), version]))
    if own is None:
        own = (_file(place, _DEFINITIONS) or {})["$defs"][name]
    return own


def _types(schema: Mapping[str, Any]) -> list[str]:
    """The types that a schema takes; none where it takes any."""
    options = schema.get("oneOf", [schema])
    found = [option.get("type", []) for option in options]
    return [name for each in found for name in ([each] if isinstance(each, str) else each)]


def _is_one_of(value: Any, types: list[str]) -> bool:
    name = _NAMES.get(type(value), "")
    return (
        name in types
        or (name == "integer" and "number" in types)
        or (name == "number" and "integer" in types and value == value // 1)
        or (name == "string" and "boolean" in types and value.lower() in BOOLEANS)
    )


def _wrong_type(value: Any, types: list[str]) -> tuple[str, str]:
    wanted = " or ".join(dict.fromkeys(_SAID.get(name, f"a {name}") for name in types if name != "null"))
    name = _NAMES.get(type(value), "value")
    has = _SAID.get(name, "nothing" if name == "null" else f"a {name}")
    shown = f" (`{_short(value)}`)" if isinstance(value, str | int | float) else ""
    hint = f"Write {wanted}."
    if isinstance(value, str) and {"integer", "number", "boolean"} & set(types):
        hint = "Write it without quotes."
    elif isinstance(value, bool | int | float) and "string" in types:
        hint = "Put it in quotes."
    return f"must be {wanted}, and is {has}{shown}", hint


def _short(value: Any, most: int = 60) -> str:
    text = str(value)[: most + 1]
    return text if len(text) <= most else f"{text[:most]}…"
