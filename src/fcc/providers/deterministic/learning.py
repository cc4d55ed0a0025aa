"""What a request says of a model that is to be trained: tables, target, metric, and what was measured."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from fcc.providers.deterministic.brief import Brief
from fcc.providers.deterministic.structure import lists
from fcc.providers.deterministic.text import clean, slug

WINDOW = 30
"""Over how many days what happened before is summed up."""

_NAME = re.compile(r"(?!(?:true|false|null|yes|no|on|off)\b)[A-Za-z_]\w{0,39}", re.ASCII | re.IGNORECASE)
"""A name that stands in YAML and SQL as it is, unless it is one of SQL's own words."""
_NUMBER = re.compile(r"-?\d{1,9}(?:\.\d{1,9})?", re.ASCII)
_TABLE = re.compile(r"([A-Za-z_]\w{0,39}):\s+(\S.*)", re.ASCII)
_TYPES = {
    "bool": "boolean",
    "boolean": "boolean",
    "date": "date",
    "double": "number",
    "float": "number",
    "int": "integer",
    "integer": "integer",
    "number": "number",
    "string": "string",
    "text": "string",
    "timestamp": "timestamp",
}
_MOST = 60
_UNNAMED = "records: id string key, as_of date time, value number, label boolean"


class Column(NamedTuple):
    """A column of a source table."""

    table: str
    name: str
    type: str
    """A logical type of the Open Data Contract Standard."""
    marks: frozenset[str]
    """`key`, `time`, `personal`."""

    @property
    def path(self) -> str:
        return f"{self.table}.{self.name}"


class Table(NamedTuple):
    """A source table."""

    name: str
    columns: tuple[Column, ...]

    def marked(self, mark: str) -> Column | None:
        """The first column with a mark."""
        return next((column for column in self.columns if mark in column.marks), None)

    @property
    def key(self) -> Column:
        return self.marked("key") or self.columns[0]


class Feature(NamedTuple):
    """A feature that follows from one column."""

    name: str
    column: Column
    summed: bool
    """Whether it is a sum over the days before."""

    @property
    def numeric(self) -> bool:
        return self.summed or self.column.type in {"integer", "number"}


class Learning(NamedTuple):
    """A model that is to be trained."""

    model: str
    version: str
    question: str
    tables: tuple[Table, ...]
    target: Column
    owner: str
    freshness: tuple[str, str]
    """A number and its unit."""
    framework: str
    metric: str
    minimum: str
    group_minimum: str
    measured: tuple[tuple[str, str], ...]
    """What was measured, by metric."""
    groups: tuple[tuple[str, str], ...]
    """What was measured of each group; "" where only the group is named."""
    allowed: frozenset[str]

    @property
    def base(self) -> Table:
        """The table of the target."""
        return next(table for table in self.tables if table.name == self.target.table)

    @property
    def time(self) -> str:
        """The column that says as of when a row holds; "" where there is none."""
        column = self.base.marked("time")
        return column.name if column else ""

    @property
    def features(self) -> tuple[Feature, ...]:
        """What may be a feature: no key, no time, no target, and nothing personal that is not allowed."""
        found: dict[str, Feature] = {}
        for table in self.tables:
            summed = bool(table != self.base and table.marked("time") and self.time)
            for column in table.columns:
                closed = "personal" in column.marks and column.path not in self.allowed
                plain = summed and column.type not in {"integer", "number"}
                if column == self.target or closed or plain or not column.marks.isdisjoint({"key", "time"}):
                    continue
                name = f"{column.name}_{WINDOW}d" if summed else column.name
                name = name if name not in found else f"{table.name}_{name}"
                found.setdefault(name, Feature(name, column, summed))
        return tuple(found.values())

    @property
    def sliced(self) -> tuple[Column, ...]:
        """The columns by whose values groups are told apart, where there are such."""
        names = dict.fromkeys(name.partition("=")[0] for name, _ in self.groups)
        every = {column.name: column for table in reversed(self.tables) for column in table.columns}
        return tuple(every[name] for name in names if name in every)

    @property
    def approved(self) -> bool:
        """Whether all that was measured reaches what it has to."""
        decisive = [(value, self.minimum) for name, value in self.measured if name == self.metric]
        decisive += [(value, self.group_minimum) for _, value in self.groups if value]
        return self.metric in dict(self.measured) and all(
            float(value) >= float(least) for value, least in decisive if least
        )


@lru_cache(maxsize=16)
def read_learning(brief: Brief) -> Learning:
    """What the request says; where it names no table, what a smallest table would be."""
    said = _said(brief.lines)
    listed = {group.heading.lower(): group.items for group in lists(list(brief.lines))}
    named = said.get("target column", "")
    tables = _tables(_under(listed, "table")) or _tables((_alone(named),))
    target = _target(tables, named)
    freshness = re.match(r"(\d{1,6})\s*([a-z]{1,10})", said.get("freshness", ""))
    return Learning(
        model=clean(said.get("model", ""), 50) or "model",
        version=clean(said.get("version", ""), 20) or "1.0.0",
        question=clean(said.get("question", ""), 120),
        tables=tables,
        target=target,
        owner=slug(said.get("owner", ""), "data-platform", prefix="team"),
        freshness=(freshness[1], freshness[2]) if freshness else ("24", "hours"),
        framework=clean(said.get("framework", ""), 40) or "scikit-learn",
        metric=_word(said.get("metric", "").replace(" ", "_")) or "roc_auc",
        minimum=_number(said.get("minimum", "")),
        group_minimum=_number(said.get("group minimum", "")),
        measured=_figures(_under(listed, "held out")),
        groups=_figures(_under(listed, "each group")) or _named(said.get("groups", "")),
        allowed=frozenset(re.split(r"[,\s]+", said.get("personal columns allowed as features", ""))),
    )


def _said(lines: tuple[str, ...]) -> dict[str, str]:
    """The `Key: value` lines; the first of each key counts."""
    found: dict[str, str] = {}
    for line in lines:
        key, colon, value = line[:500].partition(": ")
        if colon and len(key) <= 60 and key[:1].isalpha():  # noqa: PLR2004 - longer is a sentence
            found.setdefault(" ".join(key.lower().split()), value.strip())
    return found


def _under(listed: dict[str, tuple[str, ...]], words: str) -> tuple[str, ...]:
    return next((items for heading, items in listed.items() if words in heading), ())[:_MOST]


def _tables(items: tuple[str, ...]) -> tuple[Table, ...]:
    found: dict[str, Table] = {}
    for match in filter(None, map(_TABLE.match, items)):
        columns: dict[str, Column] = {}
        for part in match[2].split(",")[:_MOST]:
            words = part.split()
            if words and _NAME.fullmatch(words[0]) and _NAME.fullmatch(match[1]):
                type_ = next((_TYPES[word] for word in words[1:] if word in _TYPES), "string")
                columns.setdefault(words[0], Column(match[1], words[0], type_, frozenset(words[1:])))
        if columns:
            found.setdefault(match[1], Table(match[1], tuple(columns.values())))
    return tuple(found.values())


def _alone(target: str) -> str:
    """A table for a request that names none: of its target alone, where it names that."""
    table, dot, column = target.partition(".")
    return (
        f"{table}: {column} boolean"
        if dot and _NAME.fullmatch(column) and _NAME.fullmatch(table)
        else _UNNAMED
    )


def _target(tables: tuple[Table, ...], said: str) -> Column:
    """The column of that name; else the last of the last table."""
    wanted = said.split(maxsplit=1)[0] if said else ""
    every = [column for table in tables for column in table.columns]
    return next((column for column in every if wanted in {column.path, column.name}), every[-1])


def _word(text: str) -> str:
    return text if _NAME.fullmatch(text) else ""


def _number(text: str) -> str:
    return text if _NUMBER.fullmatch(text) else ""


def _figures(items: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    pairs = (item.partition(": ") for item in items)
    return tuple((clean(name, 60), value) for name, _, value in pairs if _number(value))


def _named(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((clean(name, 60), "") for name in text.split(",")[:_MOST] if "=" in name)


def facts_of(brief: Brief) -> str:
    """What the next step needs of the model, as the list with which a reply opens."""
    asked, kinds = read_learning(brief), set(brief.kinds)
    personal = [
        column.path for table in asked.tables for column in table.columns if "personal" in column.marks
    ]
    known = {"Model": asked.model, "Version": asked.version, "Target column": asked.target.path}
    if kinds & {"data-contract", "training-set"}:
        known |= {
            "Key": asked.base.key.path,
            "Time": f"{asked.base.name}.{asked.time}" if asked.time else "",
            "Personal columns": ", ".join(personal) or "none",
            "Contract": "data/contract.yaml",
            "Training set": "data/training_set.sql",
        }
    elif kinds & {"features", "training-config", "training-pipeline"}:
        known |= {
            "Features": ", ".join(feature.name for feature in asked.features),
            "Metric": f"{asked.metric}, at least {asked.minimum}" if asked.minimum else asked.metric,
            "Definitions": "features/features.yaml",
            "Training": "training/config.yaml, training/train.py",
        }
    else:
        known |= {
            "Decision": "approve" if asked.approved else "reject",
            "Decided by": brief.card.id,
            "Metric name": asked.metric,
            "Metric value": dict(asked.measured).get(asked.metric, ""),
            "Metric minimum": asked.minimum,
        }
    return "## Facts\n\n" + "\n".join(f"- {key}: {value}" for key, value in known.items() if value)
