"""The filters that a jq program is made of (jqlang.org/manual): each takes a value and gives any number of them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from fcc.evaluations.rehearsal.jq.values import JqError, order, put, remove, truthy, type_of
from fcc.evaluations.rehearsal.shell.syntax import NotUnderstoodError

Path = tuple[str | int, ...]
MOST_RESULTS = 20_000
"""How many results a program may come to on its way."""
MOST_ROOM = 2_000_000
"""How many values and characters it may make."""


class Item(NamedTuple):
    """A value, and where in the input it stands; None where it was made."""

    path: Path | None
    value: Any


class Budget:
    """Counts results, so that every program ends."""

    def __init__(self) -> None:
        self.left, self.room = MOST_RESULTS, MOST_ROOM

    def weigh(self, value: Any) -> None:
        """Count all that is in a value that was made."""
        stack = [value]
        while stack:
            one = stack.pop()
            self.room -= 1 + (len(one) if isinstance(one, str | dict) else 0)
            if self.room < 0:
                raise NotUnderstoodError("a jq program whose values grow too large")
            if isinstance(one, dict | list):
                stack += one.values() if isinstance(one, dict) else one

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise NotUnderstoodError("a jq program with too many results")


class Scope(NamedTuple):
    """What a program is evaluated with."""

    variables: Mapping[str, Any]
    budget: Budget

    def having(self, name: str, value: Any) -> Scope:
        """The scope with one variable more."""
        return Scope({**self.variables, name: value}, self.budget)


Filter = Callable[[Item, Scope], Iterator[Item]]


def identity(item: Item, _: Scope) -> Iterator[Item]:
    """`.`."""
    yield item


def constant(value: Any) -> Filter:
    """A filter that always gives this value."""

    def run(_item: Item, _: Scope) -> Iterator[Item]:
        yield Item(None, value)

    return run


def weighed(made: Filter) -> Filter:
    """A filter whose results are counted by their size."""

    def run(item: Item, scope: Scope) -> Iterator[Item]:
        for found in made(item, scope):
            scope.budget.weigh(found.value)
            yield found

    return run


def piped(left: Filter, right: Filter) -> Filter:
    """`left | right`."""

    def run(item: Item, scope: Scope) -> Iterator[Item]:
        for found in left(item, scope):
            scope.budget.spend()
            yield from right(found, scope)

    return run


def alternatives(parts: Sequence[Filter]) -> Filter:
    """`one, other`."""

    def run(item: Item, scope: Scope) -> Iterator[Item]:
        for part in parts:
            yield from part(item, scope)

    return run


def field(of: Filter, name: Filter, *, forgiving: bool = False) -> Filter:
    """`.name` and `.[index]`; a forgiving one (`?`) gives nothing where there is no such thing."""

    def run(item: Item, scope: Scope) -> Iterator[Item]:
        for base in of(item, scope):
            for key in name(item, scope):
                try:
                    value = _at(base.value, key.value)
                except JqError:
                    if forgiving:
                        continue
                    raise
                yield Item(None if base.path is None else (*base.path, key.value), value)

    return run


def _at(value: Any, key: Any) -> Any:
    if isinstance(key, str) and (value is None or isinstance(value, dict)):
        return (value or {}).get(key)
    if isinstance(key, int) and not isinstance(key, bool) and (value is None or isinstance(value, list)):
        items = value or []
        return items[key] if -len(items) <= key < len(items) else None
    raise JqError(f"Cannot index {type_of(value)} with {key!r}")


def each(of: Filter, *, forgiving: bool = False) -> Filter:
    """`.[]`."""

    def run(item: Item, scope: Scope) -> Iterator[Item]:
        for base in of(item, scope):
            value = base.value
            if not isinstance(value, dict | list):
                if forgiving:
                    continue
                raise JqError(f"Cannot iterate over {type_of(value)}")
            keys: Any = value if isinstance(value, dict) else range(len(value))
            for key in list(keys):
                scope.budget.spend()
                yield Item(None if base.path is None else (*base.path, key), value[key])

    return run


def variable(name: str) -> Filter:
    """`$name`."""

    def run(_: Item, scope: Scope) -> Iterator[Item]:
        if name not in scope.variables:
            raise NotUnderstoodError(f"jq: {name}")
        yield Item(None, scope.variables[name])

    return run


def bound(source: Filter, name: str, body: Filter) -> Filter:
    """`… as $name | …`."""

    def run(item: Item, scope: Scope) -> Iterator[Item]:
        for found in source(item, scope):
            yield from body(item, scope.having(name, found.value))

    return run


def trying(body: Filter, handler: Filter | None) -> Filter:
    """`try … catch …`, and `…?`."""

    def run(item: Item, scope: Scope) -> Iterator[Item]:
        try:
            yield from body(item, scope)
        except JqError as error:
            if handler is not None:
                yield from handler(Item(None, str(error)), scope)

    return run


def or_else(left: Filter, right: Filter) -> Filter:
    """`… // …`."""

    def run(item: Item, scope: Scope) -> Iterator[Item]:
        try:
            found = [one for one in left(item, scope) if truthy(one.value)]
        except JqError:
            found = []
        yield from found or right(item, scope)

    return run


def slice_of(of: Filter, first: Filter | None, last: Filter | None) -> Filter:
    """`.[first:last]`."""

    def run(item: Item, scope: Scope) -> Iterator[Item]:
        for base in of(item, scope):
            start = next(first(item, scope)).value if first is not None else None
            end = next(last(item, scope)).value if last is not None else None
            yield Item(None, base.value[start:end] if base.value is not None else None)

    return run


def operation(left: Filter, operator: str, right: Filter) -> Filter:
    """Arithmetic, comparison and logic."""

    def run(item: Item, scope: Scope) -> Iterator[Item]:
        if operator in {"and", "or"}:
            for one in left(item, scope):
                if truthy(one.value) is (operator == "or"):
                    yield Item(None, operator == "or")
                else:
                    yield from (Item(None, truthy(other.value)) for other in right(item, scope))
            return
        for other in right(item, scope):
            for one in left(item, scope):
                yield Item(None, order(one.value, operator, other.value))

    return run


def assignment(left: Filter, operator: str, right: Filter) -> Filter:
    """`=`, `|=`, `+=` and the like."""

    def changed(value: Any, new: Any) -> Any:
        if operator == "//=":
            return value if truthy(value) else new
        return new if operator == "=" else order(value, operator[0], new)

    def run(item: Item, scope: Scope) -> Iterator[Item]:
        values = [Item(None, None)] if operator == "|=" else right(item, scope)
        for given in values:
            made = copy.deepcopy(item.value)
            for place in list(left(Item((), item.value), scope)):
                if place.path is None:
                    raise JqError("Invalid path expression")
                if operator == "|=":
                    new = next(right(Item(None, place.value), scope), None)
                    made = put(made, place.path, new.value) if new is not None else remove(made, place.path)
                else:
                    made = put(made, place.path, changed(place.value, given.value))
            yield Item(item.path, made)

    return run
