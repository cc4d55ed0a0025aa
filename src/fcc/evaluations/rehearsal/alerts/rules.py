"""Rule files of Prometheus and PrometheusRule resources, as far as their evaluation needs them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite, isnan
from typing import Any, NamedTuple

from fcc import _yaml
from fcc.errors import InvalidFileError
from fcc.evaluations.rehearsal.promql.tree import Node, NotUnderstoodError, Select, read_expression
from fcc.evaluations.validators.check import NotCheckedError, mapping, sequence

_UNITS = {
    "y": 31_536_000_000,
    "w": 604_800_000,
    "d": 86_400_000,
    "h": 3_600_000,
    "m": 60_000,
    "s": 1000,
    "ms": 1,
}
_PART = re.compile(r"(\d+)(ms|[ywdhms])")
_DURATION = re.compile(r"0|(?:\d+(?:ms|[ywdhms]))+")
_FIELD = re.compile(r"\{\{-?\s*(?:\$value|\$labels\.([A-Za-z_]\w*))\s*-?\}\}")
_PLAIN_DIGITS = 6
_SMALLEST_PLAIN = -4


class Rule(NamedTuple):
    """A rule that alerts or records."""

    file: str
    name: str
    """Of the alert, or of the series that it records."""
    records: bool
    expr: str
    hold: int
    """`for`, in milliseconds."""
    keep: int
    """`keep_firing_for`, in milliseconds."""
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    wrong: str = ""
    """Why Prometheus would not take it."""

    def __str__(self) -> str:
        return f"{self.name} ({self.file})" if self.file else self.name


class Ordered(NamedTuple):
    """Rules in an order in which each may read what others record."""

    rules: tuple[tuple[Rule, Node], ...]
    refused: tuple[tuple[Rule, str], ...]
    """Rules that are not evaluated, and why."""


def read_rules(files: Sequence[tuple[str, str]]) -> tuple[list[Rule], list[str]]:
    """The rules of files, given as (file, text), in their order; and a sentence for each file that is none."""
    rules: list[Rule] = []
    problems: list[str] = []
    for file, text in files:
        try:
            documents = _yaml.parse_all(text, file)
        except InvalidFileError as refused:
            problems.append(f"{file} is not read: {refused.problems[0].message}")
            continue
        for document in documents:
            data = mapping(document.data)
            inside = mapping(data.get("spec")) if data.get("kind") == "PrometheusRule" else data
            for group in sequence(inside.get("groups")):
                rules += _group(mapping(group), file)
    return rules, problems


def _group(group: Mapping[str, Any], file: str) -> Iterator[Rule]:
    shared = _texts(group.get("labels"))
    for item in map(mapping, sequence(group.get("rules"))):
        alert, record, expr = (_text(item.get(key)) for key in ("alert", "record", "expr"))
        times = {key: duration(_text(item.get(key))) for key in ("for", "keep_firing_for")}
        wrong = [
            f"`{key}` is {item[key]!r}, which is no duration" for key, time in times.items() if time is None
        ]
        if alert or record:
            yield Rule(
                file,
                alert or record,
                not alert,
                expr,
                times["for"] or 0,
                times["keep_firing_for"] or 0,
                {**shared, **_texts(item.get("labels"))},
                _texts(item.get("annotations")),
                "; ".join(wrong),
            )


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).strip() if isinstance(value, str | int | float) else ""


def _texts(value: Any) -> dict[str, str]:
    return {str(key): _text(item) for key, item in mapping(value).items()}


def duration(text: str) -> int | None:
    """A duration such as `1h30m` in milliseconds, 0 for none; None for what Prometheus would not read."""
    if text and not _DURATION.fullmatch(text):
        return None
    return sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(text))


def in_order(rules: Sequence[Rule]) -> Ordered:
    """Those who record before those who read; rules that read in a circle, or what is not evaluated, are refused."""
    trees: list[tuple[Rule, Node]] = []
    refused: list[tuple[Rule, str]] = []
    for rule in rules:
        if rule.wrong:
            refused.append((rule, rule.wrong))
            continue
        try:
            tree = read_expression(rule.expr)
        except (NotUnderstoodError, NotCheckedError) as reason:
            refused.append((rule, str(reason)))
            continue
        if "ALERTS" in names(tree) or "ALERTS_FOR_STATE" in names(tree):
            refused.append((rule, "it reads other alerts, which is not evaluated"))
        else:
            trees.append((rule, tree))
    return _sorted(trees, refused)


def _sorted(waiting: list[tuple[Rule, Node]], refused: list[tuple[Rule, str]]) -> Ordered:
    done: list[tuple[Rule, Node]] = []
    while waiting:
        lost = {rule.name for rule, _ in refused if rule.records}
        pending = {rule.name for rule, _ in waiting if rule.records}
        ready = [(rule, tree) for rule, tree in waiting if not names(tree) & (pending | lost)]
        broken = [(rule, names(tree) & lost) for rule, tree in waiting if names(tree) & lost]
        refused += [(rule, f"it reads {min(found)}, which is not evaluated") for rule, found in broken]
        if not ready and not broken:
            refused += [
                (rule, "it reads what is recorded from itself, which is not evaluated") for rule, _ in waiting
            ]
            break
        done += ready
        left = {id(tree) for _, tree in ready} | {id(tree) for _, tree in waiting if names(tree) & lost}
        waiting = [item for item in waiting if id(item[1]) not in left]
    done.sort(key=lambda item: not item[0].records)
    return Ordered(tuple(done), tuple(refused))


def names(node: Node) -> set[str]:
    """The metrics that an expression reads by their name."""
    return {select.name for select in selects(node) if select.name}


def selects(node: Node) -> Iterator[Select]:
    """Each selector of series in an expression."""
    if isinstance(node, Select):
        yield node
        return
    for value in node:
        if isinstance(value, Node):
            yield from selects(value)
        elif isinstance(value, tuple):
            for item in value:
                if isinstance(item, Node):
                    yield from selects(item)


def fill_in(template: str, labels: Mapping[str, str], value: float) -> str:
    """The text with `{{ $labels.x }}` and `{{ $value }}` filled in; whatever else stands there stays as it is."""
    return _FIELD.sub(lambda found: labels.get(found[1], "") if found[1] else number(value), template)


def number(value: float) -> str:
    """A number as Go's templates print it: the fewest digits that give it back, with an exponent from 1e+06 on."""
    if not isfinite(value):
        return "NaN" if isnan(value) else "+Inf" if value > 0 else "-Inf"
    from decimal import Decimal

    exact = Decimal(repr(value)).normalize()
    exponent = exact.adjusted() if value else 0
    if _SMALLEST_PLAIN <= exponent < _PLAIN_DIGITS or not value:
        return f"{exact:f}" if value else "0"
    digits = "".join(map(str, exact.as_tuple().digits))
    mantissa = f"{digits[0]}.{digits[1:]}" if digits[1:] else digits[0]
    return f"{'-' if value < 0 else ''}{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
