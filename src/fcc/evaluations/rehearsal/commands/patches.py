"""Patches of Kubernetes objects: merge (RFC 7386), JSON (RFC 6902), and strategic merge as far as names go."""

from __future__ import annotations

import copy
from typing import Any

from fcc.evaluations.rehearsal.commands.kubectl_call import FailedError
from fcc.evaluations.rehearsal.jq.values import JqError, put, remove


def patched(item: dict[str, Any], patch: Any, kind: str) -> dict[str, Any]:
    """An object with a patch applied.

    Raises:
        FailedError: the API server would refuse the patch.
    """
    if kind == "json":
        return _json_patched(item, patch)
    if not isinstance(patch, dict):
        raise FailedError("error: the patch is no mapping")
    made: dict[str, Any] = _merged(item, patch, by_name=kind == "strategic")
    return made


def _merged(value: Any, patch: Any, *, by_name: bool) -> Any:
    if (
        by_name
        and isinstance(patch, list)
        and isinstance(value, list)
        and _are_named(patch)
        and _are_named(value)
    ):
        return _by_name(value, patch)
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    made = dict(value) if isinstance(value, dict) else {}
    for key, new in patch.items():
        if new is None:
            made.pop(key, None)
        else:
            made[key] = _merged(made.get(key), new, by_name=by_name)
    return made


def _are_named(items: list[Any]) -> bool:
    return all(isinstance(item, dict) and "name" in item for item in items)


def _by_name(value: list[Any], patch: list[Any]) -> list[Any]:
    """Items that have a name are merged by it, as containers, ports and variables are."""
    made = {item["name"]: item for item in value}
    for item in patch:
        if item.get("$patch") == "delete":
            made.pop(item["name"], None)
        else:
            made[item["name"]] = _merged(made.get(item["name"]), item, by_name=True)
    return list(made.values())


def _json_patched(item: dict[str, Any], patch: Any) -> dict[str, Any]:
    made: Any = copy.deepcopy(item)
    for operation in patch if isinstance(patch, list) else [None]:
        if not isinstance(operation, dict) or not isinstance(operation.get("path"), str):
            raise FailedError("error: the JSON patch is no list of operations")
        what = operation.get("op")
        path = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:]]
        steps, missing = _steps(made, path)
        if what not in {"add", "replace", "remove", "test"} or (missing and what != "add"):
            raise FailedError(
                f"The request is invalid: the server rejected our request: {what} {operation['path']}"
            )
        try:
            made = _operated(made, steps, what, operation.get("value"))
        except JqError as error:
            raise FailedError(f"The request is invalid: {error}") from None
    if not isinstance(made, dict):
        raise FailedError("error: the patch leaves no object")
    return made


def _operated(made: Any, steps: list[str | int], what: str, value: Any) -> Any:
    if what == "test":
        return made
    return remove(made, steps) if what == "remove" else put(made, steps, value)


def _steps(value: Any, path: list[str]) -> tuple[list[str | int], bool]:
    """The path with numbers where a list is indexed, and whether its end is not there."""
    steps: list[str | int] = []
    for part in path:
        if isinstance(value, list):
            index = len(value) if part == "-" else int(part) if part.isdigit() and len(part) < 5 else -1  # noqa: PLR2004
            if index < 0:
                raise FailedError(f"The request is invalid: {part!r} is no index")
            steps.append(index)
            value = value[index] if index < len(value) else None
        else:
            steps.append(part)
            value = value.get(part) if isinstance(value, dict) else None
    return steps, value is None
