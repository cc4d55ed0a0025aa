"""The data that a model is trained on: the contract about its sources, and the query that brings them together."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fcc.providers.deterministic.brief import Brief
from fcc.providers.deterministic.learning import WINDOW, Column, Learning, Table, read_learning
from fcc.providers.deterministic.text import fence, joined, quote, section, slug


def write_contract(brief: Brief) -> str:
    """The data contract in the Open Data Contract Standard 3.1.0 (bitol-io.github.io/open-data-contract-standard)."""
    asked = read_learning(brief)
    amount, unit = asked.freshness
    personal = joined([f"`{column.path}`" for column in _personal(asked)])
    note = "\n".join(
        [
            f"- **Schema**: {joined([f'`{table.name}`' for table in asked.tables])}, each column with its type.",
            f"- **Owner**: `{asked.owner}` answers for every one of them.",
            f"- **Freshness**: rows are at most {amount} {unit} old.",
            "- **Quality checks**: there are rows, no key stands twice, and no key, time or target is missing.",
            f"- **Personal**: {personal or 'none'}{'; for telling groups apart only' if personal else ''}.",
        ]
    )
    return section("Data contract", note, fence("yaml", "data/contract.yaml", _contract(asked)))


def _personal(asked: Learning) -> list[Column]:
    return [column for table in asked.tables for column in table.columns if "personal" in column.marks]


def _contract(asked: Learning) -> str:
    amount, unit = asked.freshness
    purpose = quote(asked.question or f"Training data of {asked.model}", 160)
    lines = [
        "apiVersion: v3.1.0",
        "kind: DataContract",
        f"id: {slug(asked.model, 'model')}-training-data",
        f"name: {quote(f'Training data of {asked.model}')}",
        "version: 1.0.0",
        "status: proposed",
        "description:",
        f"  purpose: {purpose}",
        "  limitations: Personal columns tell groups apart; they are no features unless this contract is changed.",
        "team:",
        f"  name: {asked.owner}",
        "schema:",
        *[line for table in asked.tables for line in _table(table, asked)],
        "slaProperties:",
        *[
            f"  - {{property: freshness, value: {amount}, unit: {unit}, element: {table.name}}}"
            for table in asked.tables
        ],
    ]
    return "\n".join(lines)


def _table(table: Table, asked: Learning) -> list[str]:
    unique = [column.name for column in (table.key, table.marked("time")) if column]
    checks = [
        "      - {metric: rowCount, mustBeGreaterThan: 0}",
        f"      - {{metric: duplicateValues, mustBe: 0, arguments: {{properties: [{', '.join(unique)}]}}}}",
    ]
    columns = [line for column in table.columns for line in _column(column, table, asked)]
    return [
        f"  - name: {table.name}",
        "    logicalType: object",
        "    properties:",
        *columns,
        "    quality:",
        *checks,
    ]


def _column(column: Column, table: Table, asked: Learning) -> list[str]:
    needed = column in {table.key, table.marked("time"), asked.target}
    lines = [f"      - name: {column.name}", f"        logicalType: {column.type}"]
    if needed:
        lines += ["        required: true", "        quality: [{metric: nullValues, mustBe: 0}]"]
    return [*lines, "        classification: personal"] if "personal" in column.marks else lines


def write_query(brief: Brief) -> str:
    """One row for each key and time, from what was known before that time."""
    asked = read_learning(brief)
    each = f"each `{asked.base.key.name}`" + (f" and `{asked.time}`" if asked.time else "")
    note = (
        f"One row for {each}. "
        + (
            f"What happens over time is summed up over the {WINDOW} days before, never after. "
            if asked.time
            else ""
        )
        + "Columns that nothing asks for are not read."
    )
    return section("Training set query", note, fence("sql", "data/training_set.sql", _query(asked)))


def _query(asked: Learning) -> str:
    base, key = asked.base, asked.base.key.name
    sums: dict[str, list[str]] = {}
    plain: dict[str, list[str]] = {table.name: [] for table in asked.tables}
    for feature in asked.features:
        if feature.summed:
            sums.setdefault(feature.column.table, []).append(feature.name)
        else:
            named = "" if feature.name == feature.column.name else f" AS {feature.name}"
            plain[feature.column.table].append(f"{feature.column.path}{named}")
    for column in asked.sliced:
        if column.path not in plain[column.table] and column.table not in sums:
            plain[column.table].append(column.path)
    selected = [
        f"{base.name}.{key}",
        *([f"{base.name}.{asked.time}"] if asked.time else []),
        asked.target.path,
    ]
    selected += [path for paths in plain.values() for path in paths]
    selected += [
        f"COALESCE({table}_before.{name}, 0) AS {name}" for table, names in sums.items() for name in names
    ]
    joins = [
        f"LEFT JOIN {table.name} ON {table.name}.{table.key.name} = {base.name}.{key}"
        for table in asked.tables
        if table != base and plain[table.name]
    ]
    joins += [
        f"LEFT JOIN {table}_before ON {table}_before.{key} = {base.name}.{key}"
        f" AND {table}_before.{asked.time} = {base.name}.{asked.time}"
        for table in sums
    ]
    before = [_before(table, asked) for table in asked.tables if table.name in sums]
    head = f"WITH {', '.join(before)}\n" if before else ""
    rows = ",\n  ".join(dict.fromkeys(selected))
    return "\n".join([f"{head}SELECT\n  {rows}", f"FROM {base.name}", *joins])


def _before(table: Table, asked: Learning) -> str:
    """The sums over the days before each row of the target's table."""
    base, key, time = asked.base, asked.base.key.name, asked.time
    day = table.marked("time")
    names = [feature for feature in asked.features if feature.column.table == table.name and feature.summed]
    sums = ",\n    ".join(f"SUM({feature.column.path}) AS {feature.name}" for feature in names)
    when = f"{table.name}.{day.name}" if day else ""
    return (
        f"{table.name}_before AS (\n  SELECT\n    {base.name}.{key},\n    {base.name}.{time},\n    {sums}\n"
        f"  FROM {base.name}\n"
        f"  INNER JOIN {table.name}\n    ON {table.name}.{table.key.name} = {base.name}.{key}\n"
        f"    AND {when} < {base.name}.{time}\n"
        f"    AND {when} >= {base.name}.{time} - INTERVAL '{WINDOW}' DAY\n"
        f"  GROUP BY {base.name}.{key}, {base.name}.{time}\n)"
    )


WRITERS: Mapping[str, Callable[[Brief], str]] = {"data-contract": write_contract, "training-set": write_query}
