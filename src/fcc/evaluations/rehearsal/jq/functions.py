"""The functions of jq that are known here (jqlang.org/manual, "Builtin operators and functions")."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

from fcc.evaluations.rehearsal.jq.filters import MOST_ROOM, Filter, Item, Scope
from fcc.evaluations.rehearsal.jq.values import JqError, order, rank, remove, truthy, type_of
from fcc.evaluations.rehearsal.shell.pattern import search
from fcc.evaluations.rehearsal.shell.syntax import NotUnderstoodError


def _of(function: Callable[[Any], Any]) -> Callable[[], Filter]:
    """A function of the input."""

    def make() -> Filter:
        def run(item: Item, _: Scope) -> Iterator[Item]:
            yield Item(None, function(item.value))

        return run

    return make


def _with(function: Callable[[Any, Any], Any]) -> Callable[[Filter], Filter]:
    """A function of the input and one value."""

    def make(argument: Filter) -> Filter:
        def run(item: Item, scope: Scope) -> Iterator[Item]:
            for given in argument(item, scope):
                yield Item(None, function(item.value, given.value))

        return run

    return make


def _by(function: Callable[[list[tuple[Any, Any]]], Any]) -> Callable[[Filter], Filter]:
    """A function of the input's items, each with its key by a filter."""

    def make(key: Filter) -> Filter:
        def run(item: Item, scope: Scope) -> Iterator[Item]:
            pairs = [
                (rank([found.value for found in key(Item(None, one), scope)]), one) for one in item.value
            ]
            yield Item(None, function(pairs))

        return run

    return make


def _select(condition: Filter) -> Filter:
    def run(item: Item, scope: Scope) -> Iterator[Item]:
        for found in condition(item, scope):
            if truthy(found.value):
                yield item

    return run


def _map(change: Filter) -> Filter:
    def run(item: Item, scope: Scope) -> Iterator[Item]:
        values = item.value.values() if isinstance(item.value, dict) else item.value
        if not isinstance(item.value, dict | list):
            raise JqError(f"Cannot iterate over {type_of(item.value)}")
        yield Item(None, [found.value for one in values for found in change(Item(None, one), scope)])

    return run


def _map_values(change: Filter) -> Filter:
    def run(item: Item, scope: Scope) -> Iterator[Item]:
        pairs = item.value.items() if isinstance(item.value, dict) else enumerate(item.value)
        made = {
            key: found.value
            for key, value in pairs
            if (found := next(change(Item(None, value), scope), None)) is not None
        }
        yield Item(None, made if isinstance(item.value, dict) else list(made.values()))

    return run


def _with_entries(change: Filter) -> Filter:
    def run(item: Item, scope: Scope) -> Iterator[Item]:
        changed = [found.value for one in _entries(item.value) for found in change(Item(None, one), scope)]
        yield Item(None, _from_entries(changed))

    return run


def _quantified(wanted: bool) -> Callable[..., Filter]:
    def make(source: Filter | None = None, condition: Filter | None = None) -> Filter:
        if condition is None:
            source, condition = None, source

        def run(item: Item, scope: Scope) -> Iterator[Item]:
            values = (
                list(source(item, scope)) if source is not None else [Item(None, one) for one in item.value]
            )
            tests = [
                truthy(found.value)
                for one in values
                for found in (condition(one, scope) if condition is not None else [one])
            ]
            yield Item(None, any(tests) if wanted else all(tests))

        return run

    return make


def _first(source: Filter) -> Filter:
    def run(item: Item, scope: Scope) -> Iterator[Item]:
        found = next(source(item, scope), None)
        if found is not None:
            yield found

    return run


def _del(paths: Filter) -> Filter:
    def run(item: Item, scope: Scope) -> Iterator[Item]:
        made = copy.deepcopy(item.value)
        places = [found.path for found in paths(Item((), item.value), scope)]
        for path in sorted(
            (path for path in places if path), key=lambda path: [str(part) for part in path], reverse=True
        ):
            made = remove(made, path)
        yield Item(None, made)

    return run


def _empty() -> Filter:
    def run(_item: Item, _: Scope) -> Iterator[Item]:
        yield from ()

    return run


def _error(*arguments: Filter) -> Filter:
    def run(item: Item, scope: Scope) -> Iterator[Item]:
        said = next(arguments[0](item, scope), item).value if arguments else item.value
        yield from _raised(str(said)[:80])

    return run


def _raised(message: str) -> Iterator[Item]:
    raise JqError(message)


def _recurse() -> Filter:
    def run(item: Item, scope: Scope) -> Iterator[Item]:
        scope.budget.spend()
        yield item
        value = item.value
        keys: Any = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
        for key in keys:
            path = None if item.path is None else (*item.path, key)
            yield from run(Item(path, value[key]), scope)

    return run


def _test(value: Any, pattern: Any) -> bool:
    if not isinstance(value, str) or not isinstance(pattern, str):
        raise JqError(f"{type_of(value)} cannot be matched, as it is not a string")
    return search(pattern, value) is not None


def _test_flags(pattern: Filter, flags: Filter) -> Filter:
    def run(item: Item, scope: Scope) -> Iterator[Item]:
        import regex

        for given in pattern(item, scope):
            for flag in flags(item, scope):
                if flag.value not in {"i", "x", "ix", ""}:
                    raise NotUnderstoodError("jq: test with flags")
                kind = regex.IGNORECASE if "i" in flag.value else 0
                yield Item(None, search(str(given.value), str(item.value), kind) is not None)

    return run


def _length(value: Any) -> Any:
    if value is None:
        return 0
    if isinstance(value, bool):
        raise JqError("boolean has no length")
    return abs(value) if isinstance(value, int | float) else len(value)


def _keys(value: Any) -> list[Any]:
    return sorted(value) if isinstance(value, dict) else list(range(len(value)))


def _has(value: Any, key: Any) -> bool:
    return key in value if isinstance(value, dict) else isinstance(key, int) and 0 <= key < len(value)


def _contains(value: Any, other: Any) -> bool:
    if isinstance(value, dict) and isinstance(other, dict):
        return all(key in value and _contains(value[key], item) for key, item in other.items())
    if isinstance(value, list) and isinstance(other, list):
        return all(any(_contains(one, item) for one in value) for item in other)
    if isinstance(value, str) and isinstance(other, str):
        return other in value
    return bool(rank(value) == rank(other))


def _number(value: Any) -> Any:
    if isinstance(value, int | float):
        return value
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise JqError(f"Cannot parse {value!r} as a number") from None
    return int(number) if number.is_integer() else number


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _entries(value: Any) -> list[dict[str, Any]]:
    return [{"key": key, "value": item} for key, item in value.items()]


def _from_entries(value: Any) -> dict[str, Any]:
    return {str(item.get("key", item.get("name"))): item.get("value") for item in value}


def _add(value: Any) -> Any:
    total: Any = None
    for item in value.values() if isinstance(value, dict) else value:
        total = order(total, "+", item)
    return total


def _flat(value: Any) -> list[Any]:
    return [part for item in value for part in (_flat(item) if isinstance(item, list) else [item])]


def _unique(value: Any) -> list[Any]:
    made: list[Any] = []
    for item in sorted(value, key=rank):
        if not made or rank(made[-1]) != rank(item):
            made.append(item)
    return made


def _joined(value: Any, separator: Any) -> str:
    if len(value) * len(separator) > MOST_ROOM:
        raise NotUnderstoodError("jq: a text that grows too long")
    return str(separator).join("" if item is None else _text(item) for item in value)


def _parsed(value: Any) -> Any:
    try:
        return json.loads(value)
    except (TypeError, ValueError, RecursionError):
        raise JqError("it is no JSON") from None


def _groups(pairs: list[tuple[Any, Any]]) -> list[list[Any]]:
    made: list[list[Any]] = []
    last: Any = object()
    for key, item in sorted(pairs, key=lambda pair: pair[0]):
        if key != last:
            made.append([])
        made[-1].append(item)
        last = key
    return made


FUNCTIONS: dict[str, Callable[..., Filter]] = {
    "../0": _recurse,
    "add/0": _of(_add),
    "all/0": _quantified(False),
    "all/1": _quantified(False),
    "all/2": _quantified(False),
    "any/0": _quantified(True),
    "any/1": _quantified(True),
    "any/2": _quantified(True),
    "arrays/0": lambda: _select(_of(lambda value: isinstance(value, list))()),
    "ascii_downcase/0": _of(str.lower),
    "ascii_upcase/0": _of(str.upper),
    "contains/1": _with(_contains),
    "del/1": _del,
    "empty/0": _empty,
    "endswith/1": _with(lambda value, end: value.endswith(end)),
    "error/0": _error,
    "error/1": _error,
    "false/0": _of(lambda _: False),
    "first/0": _of(lambda value: value[0] if value else None),
    "first/1": _first,
    "flatten/0": _of(_flat),
    "from_entries/0": _of(_from_entries),
    "fromjson/0": _of(_parsed),
    "group_by/1": _by(_groups),
    "has/1": _with(_has),
    "join/1": _with(_joined),
    "keys/0": _of(_keys),
    "last/0": _of(lambda value: value[-1] if value else None),
    "length/0": _of(_length),
    "ltrimstr/1": _with(lambda value, start: value.removeprefix(start)),
    "map/1": _map,
    "map_values/1": _map_values,
    "max/0": _of(lambda value: max(value, key=rank, default=None)),
    "max_by/1": _by(lambda pairs: max(pairs, key=lambda pair: pair[0])[1] if pairs else None),
    "min/0": _of(lambda value: min(value, key=rank, default=None)),
    "min_by/1": _by(lambda pairs: min(pairs, key=lambda pair: pair[0])[1] if pairs else None),
    "not/0": _of(lambda value: not truthy(value)),
    "null/0": _of(lambda _: None),
    "reverse/0": _of(lambda value: list(reversed(value or []))),
    "rtrimstr/1": _with(lambda value, end: value.removesuffix(end)),
    "select/1": _select,
    "sort/0": _of(lambda value: sorted(value, key=rank)),
    "sort_by/1": _by(lambda pairs: [item for _, item in sorted(pairs, key=lambda pair: pair[0])]),
    "split/1": _with(lambda value, separator: value.split(separator)),
    "startswith/1": _with(lambda value, start: value.startswith(start)),
    "test/1": _with(_test),
    "test/2": _test_flags,
    "to_entries/0": _of(_entries),
    "tojson/0": _of(lambda value: json.dumps(value, separators=(",", ":"))),
    "tonumber/0": _of(_number),
    "tostring/0": _of(_text),
    "true/0": _of(lambda _: True),
    "type/0": _of(type_of),
    "unique/0": _of(_unique),
    "values/0": lambda: _select(_of(lambda value: value is not None)()),
    "with_entries/1": _with_entries,
}
"""By name and number of arguments."""
