"""JSON Schemas of file formats, as check-jsonschema ships them, over a YAML document with lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

from fcc import _yaml
from fcc.evaluations.validators._reading import kind_of, near, shown
from fcc.evaluations.validators.check import NotCheckedError, error, line_of, missing
from fcc.simulation import Finding

_MOST_VALUES = 10_000
"""In a file that is compared with a schema; it takes up to 0.2 ms for each."""
_MOST_FINDINGS = 20
"""How many findings a schema gives at most; what follows mostly repeats them."""


def schema_findings(name: str, document: _yaml.Document, rule: str) -> Iterator[Finding]:
    """Where a document does not fit the schema that check-jsonschema has under a name, such as `compose-spec`.

    Raises `NotCheckedError` where check-jsonschema is not installed, or the document is too large.
    """
    if len(document.places) > _MOST_VALUES:
        raise NotCheckedError(
            f"more than {_MOST_VALUES:,} values are too many for the schema; split the file"
        )
    validator = _validator(name)
    found = islice(validator.iter_errors(document.data), _MOST_FINDINGS)
    seen: set[tuple[int, str]] = set()
    for outer in found:
        inner = _telling(outer)
        path = tuple(inner.absolute_path)
        extra = _extra(inner, validator.schema)
        if _repeats(inner, extra):
            continue
        known = _known(inner.schema, validator.schema)
        finding = error(
            rule, _message(inner, path, extra, known), line_of(document, (*path, *extra)), _hint(inner)
        )
        if (finding.line, finding.message) not in seen:
            seen.add((finding.line, finding.message))
            yield finding


@cache
def _validator(name: str) -> Any:
    found = find_spec("check_jsonschema")  # only looked for: to import it would take a quarter of a second
    folders = (found.submodule_search_locations if found else None) or []
    for folder in folders:
        path = Path(folder, "builtin_schemas", "vendor", f"{name}.json")
        if path.is_file():
            from jsonschema import validators

            schema = json.loads(path.read_bytes())
            usual = validators.validator_for(schema)
            return validators.extend(usual, {"uniqueItems": _unique_items})(schema)
    raise missing("check-jsonschema, which brings the schema,")


def _unique_items(_: Any, wanted: Any, instance: Any, __: Any) -> Iterator[Any]:
    """What `uniqueItems` asks for; jsonschema's own compares every item with every other."""
    from jsonschema import ValidationError

    if wanted and isinstance(instance, list):
        texts = {json.dumps(item, sort_keys=True, default=str) for item in instance}
        if len(texts) < len(instance):
            yield ValidationError("an item is listed twice")


def _telling(found: Any) -> Any:
    """Of a value that fits none of several forms, what is wrong with it in the form that it is nearest to."""
    while found.context:
        same_kind = [inner for inner in found.context if inner.path or not _is_other_kind(inner)]
        if not same_kind:
            return found
        deepest = max(len(inner.path) for inner in same_kind)
        found = next(inner for inner in same_kind if len(inner.path) == deepest)
    return found


def _is_other_kind(found: Any) -> bool:
    """Whether a form asks for another kind of value altogether, which is not what was meant."""
    if found.validator in {"enum", "const", "pattern"}:
        return isinstance(found.instance, dict | list)
    return bool(found.validator == "type")


def _message(found: Any, path: tuple[str | int, ...], extra: tuple[str, ...], known: list[str]) -> str:
    where = f"`{'.'.join(map(str, path))}`" if path else "the file"
    value = found.instance
    match found.validator:
        case "type":
            wanted = found.validator_value
            names = " or ".join(wanted) if isinstance(wanted, list) else wanted
            return f"{where} must be of type {names}, not {kind_of(value)}"
        case "required":
            absent = [key for key in found.validator_value if key not in value]
            return f"{where} lacks {', '.join(f'`{key}`' for key in absent)}"
        case "additionalProperties" | "unevaluatedProperties":
            key = f"the key `{extra[0]}`{near(extra[0], known)}" if extra else "one of its keys"
            return f"{where} cannot have {key}"
        case "enum":
            return f"{where} is {shown(value)}, which is not among the values that may stand there"
        case "oneOf" | "anyOf":
            return f"{where} has none of the forms that may stand there: {shown(value)}"
        case _:
            return f"{where}: {found.message[:200]}"


def _repeats(found: Any, extra: tuple[str, ...]) -> bool:
    """Whether it only says that known keys did not count, since their values failed, which is told by itself."""
    return found.validator == "unevaluatedProperties" and bool(_unevaluated(found)) and not extra


def _unevaluated(found: Any) -> list[str]:
    """The keys that a message of `unevaluatedProperties` names; only jsonschema knows what was evaluated."""
    named = re.findall(r"'(.*?)'(?=,| was| were)", found.message.partition("(")[2])
    return [key for key in named if key in found.instance]


def _extra(found: Any, root: dict[str, Any]) -> tuple[str, ...]:
    """The key that may not be there, as far as it can be told."""
    if found.validator == "unevaluatedProperties":
        declared = _known(found.schema, root)
        return tuple(islice((key for key in _unevaluated(found) if key not in declared), 1))
    if found.validator != "additionalProperties":
        return ()
    known, patterns = found.schema.get("properties", {}), found.schema.get("patternProperties", {})
    keys = (
        key for key in found.instance if key not in known and not any(re.search(p, key) for p in patterns)
    )
    return tuple(islice(keys, 1))


def _known(schema: Any, root: dict[str, Any]) -> list[str]:
    """The keys that a schema, and those that it is made of, declare."""
    if not isinstance(schema, dict):
        return []
    known = list(schema.get("properties", ()))
    parts = [part for form in ("allOf", "anyOf", "oneOf") for part in schema.get(form, ())]
    if str(schema.get("$ref", "")).startswith("#/"):
        place: Any = root
        for step in schema["$ref"].split("/")[1:]:
            place = place[step]
        parts.append(place)
    return [*known, *(key for part in parts for key in _known(part, root))]


def _hint(found: Any) -> str:
    if found.validator == "enum":
        values = [str(value) for value in found.validator_value[:12]]
        return f"Use one of: {', '.join(values)}{', …' if len(found.validator_value) > 12 else ''}."  # noqa: PLR2004 - what fits a line
    return "Compare it with the format's reference, and mind the indentation."
