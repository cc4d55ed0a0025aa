"""What every command shares: its common options, the JSON envelope, errors, colours."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from fcc.errors import Problem
from fcc.redaction import printable, redact, redact_json

F = TypeVar("F", bound=Callable[..., Any])


def common_options(function: F) -> F:
    """`--format`, `--json`, `--workspace`, `--verbose` and `--debug`, which every command but `schema` has."""
    return common_options_with("text", "json")(function)


def common_options_with(*forms: str) -> Callable[[F], F]:
    """The same, with other formats to choose from; the first is the default."""

    def decorate(function: F) -> F:
        for option in reversed(_common(forms)):
            function = option(function)
        return function

    return decorate


def _common(forms: Sequence[str]) -> list[Callable[[F], F]]:
    return [
        click.option(
            "--format",
            "form",
            type=click.Choice(forms),
            default=forms[0],
            help="How the result is printed.",
        ),
        click.option("--json", "form", flag_value="json", help="The same as --format json."),
        click.option(
            "--workspace",
            type=click.Path(path_type=Path, file_okay=False),
            help="The workspace to use; by default the nearest one at or above this folder.",
        ),
        click.option(
            "-v",
            "--verbose",
            is_flag=True,
            expose_value=False,
            callback=_verbose,
            help="Log to standard error.",
        ),
        click.option(
            "--debug", is_flag=True, expose_value=False, help="Show the traceback of an unexpected error."
        ),
    ]


def _verbose(_ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value:
        from fcc.observability import configure

        configure("INFO")


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether a command line asks for JSON, even if it can't be parsed."""
    pairs = itertools.zip_longest(arguments, arguments[1:], fillvalue="")
    return any(
        word in {"--json", "--format=json"} or (word, following) == ("--format", "json")
        for word, following in pairs
    )


def print_json(schema: str, body: Mapping[str, Any]) -> None:
    """One versioned envelope on standard output."""
    click.echo(json.dumps({"schema": schema, **body}, indent=2, ensure_ascii=False))


def print_error(
    code: str,
    message: str,
    hint: str,
    exit_code: int,
    *,
    problems: Iterable[Problem] = (),
    details: Mapping[str, Any] | None = None,
    as_json: bool = False,
) -> None:
    """One readable message on standard error; as JSON, one envelope on standard output. Without secrets."""
    message, hint = redact(message), redact(hint)
    if as_json:
        body = {"code": code, "message": message, "hint": hint, "exit_code": exit_code}
        found = [
            {"file": p.file, "line": p.line, "column": p.column, "message": redact(p.message)}
            for p in problems
        ]
        more = redact_json(details, redact) if details else {}
        print_json("fcc.error/1", {"error": body | ({"problems": found} if found else {}) | more})
        return
    click.echo(paint("Error: ", "red") + printable(message), err=True)
    if hint:
        click.echo(printable(hint), err=True)


def paint(text: str, colour: str) -> str:
    """The text in a colour, unless NO_COLOR is set; `click.echo` takes it out where the output is no terminal."""
    if os.environ.get("NO_COLOR"):
        return text
    if colour == "bold":
        return click.style(text, bold=True)
    if colour == "dim":
        return click.style(text, dim=True)
    return click.style(text, fg=colour)


def table(rows: Sequence[Sequence[str]], indent: str = "  ", width: int = 80) -> list[str]:
    """Rows in aligned columns; the last column is wrapped to what is left of the width."""
    import textwrap

    if not rows:
        return []
    rows = [[printable(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    left = len(indent) + sum(widths) + 2 * len(widths)
    lines = []
    for row in rows:
        head = indent + "".join(f"{cell:<{size}}  " for cell, size in zip(row[:-1], widths, strict=True))
        wrapped = textwrap.wrap(row[-1], max(width - left, 24), break_on_hyphens=False) or [""]
        lines += [f"{head}{wrapped[0]}".rstrip(), *(f"{' ' * left}{line}" for line in wrapped[1:])]
    return lines
