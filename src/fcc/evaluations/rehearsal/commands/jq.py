"""`jq` of a script: its command line, its input and what it prints."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from fcc.evaluations.rehearsal.commands.tool import Files, Result
from fcc.evaluations.rehearsal.jq.values import JqError
from fcc.evaluations.rehearsal.shell.syntax import NotUnderstoodError

if TYPE_CHECKING:
    from fcc.evaluations.rehearsal.shell.state import Shell


def jq_command(args: list[str], files: Files, _shell: Shell) -> Result:
    from fcc.evaluations.rehearsal.jq import jq

    variables: dict[str, Any] = {}
    flags, rest, at = set[str](), list[str](), 0
    while at < len(args):
        word = args[at]
        if word in {"--arg", "--argjson"} and at + 2 < len(args):
            value = args[at + 2]
            variables[args[at + 1]] = value if word == "--arg" else _json(value)
            at += 2
        elif word.startswith("--"):
            flags.add(
                {
                    "raw-output": "r",
                    "exit-status": "e",
                    "compact-output": "c",
                    "null-input": "n",
                    "slurp": "s",
                }.get(word[2:], word)
            )
        elif word.startswith("-") and len(word) > 1:
            flags |= set(word[1:])
        else:
            rest.append(word)
        at += 1
    if flags - set("recnjMS") or not rest:
        raise NotUnderstoodError(f"jq {' '.join(sorted(flags))}")
    inputs = [None] if "n" in flags else _documents(files.read(rest[1:]))
    if inputs is None:
        return Result(code=2, err="jq: error: its input is no JSON\n")
    try:
        values = [value for item in inputs for value in jq.evaluate(rest[0], item, variables)]
    except JqError as error:
        return Result(code=5, err=f"jq: error: {error}\n")
    raw = bool(flags & set("rj"))
    shown = [
        value if raw and isinstance(value, str) else json.dumps(value, indent=None if "c" in flags else 2)
        for value in values
    ]
    end = "" if "j" in flags else "\n"
    code = (4 if not values else int(values[-1] in (None, False))) if "e" in flags else 0
    return Result("".join(text + end for text in shown), code)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise NotUnderstoodError(f"the JSON {text[:30]!r}") from None


def _documents(text: str) -> list[Any] | None:
    decoder, at, found = json.JSONDecoder(), 0, []
    text = text.strip()
    try:
        while at < len(text):
            value, end = decoder.raw_decode(text, at)
            found.append(value)
            at = end + len(text[end:]) - len(text[end:].lstrip())
    except (ValueError, RecursionError):
        return None
    return found
