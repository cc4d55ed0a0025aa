"""kubectl's templates in JSONPath (kubernetes.io/docs/reference/kubectl/jsonpath), as far as scripts use them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from fcc.evaluations.rehearsal.shell.syntax import NotUnderstoodError

_STEP = re.compile(
    r"""\.\.|\.?\['(?P<quoted>[^']*)'\]|\.?\["(?P<double>[^"]*)"\]|\[(?P<index>-?\d{1,6})\]|\[(?P<all>\*)\]|\.(?P<star>\*)
    |\[\?\(@(?P<field>(?:\.[\w-]+)+)\s*(?P<operator>==|!=)\s*(?P<value>"[^"]*"|'[^']*'|[\w.]+)\)\]
    |\.?(?P<key>(?:[\w/-]|\\.)+)""",
    re.VERBOSE,
)
_PART = re.compile(r"\{((?:[^{}\"']|\"[^\"]*\"|'[^']*')*)\}")
_MOST = 10_000


def render(template: str, data: Any) -> str:
    """What `-o jsonpath=…` prints.

    Raises:
        NotUnderstoodError: the template holds what is not known here.
    """
    text = template.strip()
    if "{" not in text:
        text = "{" + (text if text.startswith((".", "[")) else "." + text) + "}"
    parts = _PART.split(text)
    if any("{" in part or "}" in part for part in parts[::2]):
        raise NotUnderstoodError(f"the JSONPath {template[:60]}")
    return _rendered(parts, data)


def _rendered(parts: Sequence[str], data: Any) -> str:
    out, at = "", 0
    while at < len(parts):
        if at % 2 == 0:
            out += parts[at]
        elif parts[at].strip().startswith("range "):
            end = _end(parts, at)
            inner = parts[at + 1 : end]
            for item in find(parts[at].strip()[6:].strip(), data):
                out += _rendered(inner, item)
            at = end
        else:
            out += _value(parts[at].strip(), data)
        if len(out) > _MOST * 10:
            raise NotUnderstoodError("a JSONPath that prints too much")
        at += 1
    return out


def _end(parts: Sequence[str], start: int) -> int:
    depth = 0
    for at in range(start, len(parts)):
        if at % 2 and parts[at].strip().startswith("range "):
            depth += 1
        if at % 2 and parts[at].strip() == "end":
            depth -= 1
            if not depth:
                return at
    raise NotUnderstoodError("a JSONPath whose range has no end")


def _value(expression: str, data: Any) -> str:
    if expression[:1] in {'"', "'"}:
        return expression[1:-1].replace("\\n", "\n").replace("\\t", "\t")
    return " ".join(_shown(item) for part in _parts(expression) for item in find(part, data))


def _parts(expression: str) -> list[str]:
    return [part.strip() for part in re.split(r",(?![^\[]*\])", expression)]


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"))


def find(path: str, data: Any) -> list[Any]:
    """The values at a path; none where nothing is there."""
    text = path.removeprefix("$").removeprefix("@")
    found, at = [data], 0
    while at < len(text) and text != ".":
        match = _STEP.match(text, at)
        if match is None or match[0] == "..":
            raise NotUnderstoodError(f"the JSONPath {path[:60]}")
        found = [item for value in found for item in _step(match, value)]
        if len(found) > _MOST:
            raise NotUnderstoodError("a JSONPath with too many results")
        at = match.end()
    return found


def _step(match: re.Match[str], value: Any) -> list[Any]:
    if match["all"] or match["star"]:
        return list(value.values()) if isinstance(value, dict) else list(value or [])
    if match["index"] is not None:
        items = value if isinstance(value, list) else []
        index = int(match["index"])
        return [items[index]] if -len(items) <= index < len(items) else []
    if match["field"]:
        wanted = match["value"].strip("\"'")
        return [
            item
            for item in (value if isinstance(value, list) else [])
            if (wanted in {_shown(found) for found in find(match["field"], item)})
            is (match["operator"] == "==")
        ]
    name = next(text for text in (match["quoted"], match["double"], match["key"]) if text is not None)
    key = re.sub(r"\\(.)", r"\1", name)
    return [value[key]] if isinstance(value, dict) and value.get(key) is not None else []
