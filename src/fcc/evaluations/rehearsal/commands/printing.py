"""`echo`, `printf` and `date` of a script."""

from __future__ import annotations

import re
import shlex
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fcc.evaluations.rehearsal.commands.tool import EPOCH, Files, Result, escaped
from fcc.evaluations.rehearsal.shell.syntax import NotUnderstoodError

if TYPE_CHECKING:
    from fcc.evaluations.rehearsal.shell.state import Shell

_LONGEST_FORMAT = 1_000


def echo(args: list[str], _files: Files, _shell: Shell) -> Result:
    end, escapes = "\n", False
    while args and args[0] in {"-n", "-e", "-en", "-ne", "-E"}:
        end = "" if "n" in args[0] else end
        escapes = escapes or "e" in args[0]
        args = args[1:]
    text = " ".join(args)
    return Result((escaped(text) if escapes else text) + end)


def printf(args: list[str], _files: Files, shell: Shell) -> Result:
    target = ""
    if args[:1] == ["-v"] and len(args) > 1:
        target, args = args[1], args[2:]
    if args[:1] == ["--"]:
        args = args[1:]
    if not args or len(args[0]) > _LONGEST_FORMAT:
        raise NotUnderstoodError("printf")
    form, values = escaped(args[0]), args[1:]
    out = ""
    while True:
        made, used = _formatted(form, values)
        out += made
        shell.spend(len(made))
        values = values[used:]
        if not values or not used:
            break
    if target:
        shell.put(target, out)
        return Result()
    return Result(out)


_DIRECTIVE = re.compile(r"%(-?0?\d{0,3})(?:\.(\d{1,3}))?([a-zA-Z%])|%")


def _formatted(form: str, values: list[str]) -> tuple[str, int]:
    used = 0

    def one(match: re.Match[str]) -> str:
        nonlocal used
        kind = match[3]
        if kind is None:
            raise NotUnderstoodError(f"printf {form[match.start() : match.start() + 12]}")
        if kind == "%":
            return "%"
        value = values[used] if used < len(values) else ""
        used += 1
        if kind in "sbq":
            text = escaped(value) if kind == "b" else shlex.quote(value) if kind == "q" else value
            text = text[: int(match[2])] if match[2] else text
        elif kind in "di" and re.fullmatch(r"-?\d{1,18}|", value):
            text = str(int(value or "0"))
        elif kind == "f" and re.fullmatch(r"-?\d{1,18}(?:\.\d*)?|", value):
            text = f"{float(value or '0'):.{match[2] or 6}f}"
        else:
            raise NotUnderstoodError(f"printf {match[0]}")
        width = int(match[1].lstrip("-") or "0")
        fill = "0" if match[1].startswith("0") and kind in "dif" else " "
        return text.ljust(width) if match[1].startswith("-") else text.rjust(width, fill)

    return _DIRECTIVE.sub(one, form), used


def date(args: list[str], _files: Files, shell: Shell) -> Result:
    form = "%a %b %e %H:%M:%S UTC %Y"
    for word in args:
        if word in {"-u", "--utc"}:
            continue
        if word.startswith("+"):
            form = word[1:]
        elif word.startswith(("-I", "--iso-8601")):
            form = "%Y-%m-%dT%H:%M:%S+00:00" if word.endswith(("seconds", "s")) else "%Y-%m-%d"
        else:
            raise NotUnderstoodError(f"date {word[:30]}")
    now = datetime.fromtimestamp(EPOCH + int(shell.cluster.now), UTC)
    known = {"%s": str(EPOCH + int(shell.cluster.now)), "%N": "000000000", "%3N": "000", "%F": "%Y-%m-%d", "%T": "%H:%M:%S",
             "%e": f"{now.day:2}", "%z": "+0000", "%Z": "UTC"}  # fmt: skip
    for name, text in known.items():
        form = form.replace(name, text)
    if re.search(r"%[^YmdHMSyjabABp%]", form):
        raise NotUnderstoodError(f"date +{form[:30]}")
    return Result(now.strftime(form) + "\n")
