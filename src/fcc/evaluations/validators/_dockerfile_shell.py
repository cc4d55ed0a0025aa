"""The command lines of a Dockerfile in shell form, as far as they are for sh or bash: what `bash -n` says of them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import PurePosixPath
from typing import NamedTuple

from fcc.evaluations.validators._command import run_tool
from fcc.evaluations.validators._dockerfile_lines import Instruction, split
from fcc.evaluations.validators.check import NotCheckedError, error
from fcc.simulation import Finding

_WITH_SHELL = {"CMD", "ENTRYPOINT", "RUN"}
_BASH_READS = {"ash", "bash", "dash", "sh"}
_WINDOWS = re.compile(r"windows|nanoserver|servercore|powershell", re.IGNORECASE)
_WHOLE_SCRIPT = re.compile(r"[0-9]*<<-?(['\"]?)\w+\1")
"""A here-document that is the script itself, and no program's input."""
_SH_SHEBANG = re.compile(r"#!\s*\S*?(?:/env\s+)?\b(?:ash|bash|dash|sh)\b")
_SAID = re.compile(
    r"^(?:\./)?(\d{3})\.(sh|one): (?:line (\d+): |(?!line \d))(?!warning: )(?!`)(.*)", re.MULTILINE
)
_GUARDS = "#' } ) ;;\n#\" } ) ;;\n#` } ) ;;\n"
"""Comments, unless a quote is open before them: then an error."""
_ALL_AT_ONCE = """
[ -z "$(bash {0}-n all 2>&1)" ] || for f in *.one; do
    said=$(bash {0}-n "$f" 2>&1) && [ -z "$said" ] || {{ echo "$said"; bash {0}-n "${{f%.one}}.sh"; }}
done 2>&1
"""
"""Bash reads without running anything. One reading takes a few milliseconds, so the command lines are first read
together, and each by itself only where something is said of them."""
_PATIENCE = 5.0
_MOST = 100
"""How many command lines of a file are read."""


class _Script(NamedTuple):
    one: str
    """What the shell gets, where continued lines are one."""
    lines: str
    """The same with them apart, which is only to tell the line of a mistake."""
    places: tuple[int, ...]
    """The line in the file of each of `lines`."""


def shell_findings(found: list[Instruction]) -> Iterator[Finding]:
    """What bash cannot parse, with its line; it reads what sh does. Stages of Windows and other shells are left out.

    Raises `NotCheckedError` where bash is not installed, or there are too many command lines.
    """
    scripts = list(islice(_scripts(found), _MOST + 1))
    if not scripts:
        return
    read = scripts[:_MOST]
    files = {"all": "".join(f"{{\n{each.one}\n}}\n{_GUARDS}" for each in read)}
    for index, each in enumerate(read):
        files |= {f"{index:03}.one": f"{each.one}\n", f"{index:03}.sh": f"{each.lines}\n"}
    # -n does not run the `shopt` that turns it on
    options = "-O extglob " if "extglob" in files["all"] else ""
    done = run_tool(["bash", "-c", _ALL_AT_ONCE.format(options)], files, timeout=_PATIENCE)
    yield from _said(done.out, read)
    if len(scripts) > _MOST:
        raise NotCheckedError(f"of more than {_MOST} command lines only those were read; split the file")


def _said(text: str, scripts: list[_Script]) -> Iterator[Finding]:
    told: dict[int, tuple[int, str]] = {}
    apart: set[int] = set()
    for said in _SAID.finditer(text):
        index, line = int(said[1]), int(said[3] or 1)
        if index >= len(scripts) or index in apart or (index in told and said[2] == "one"):
            continue
        places = scripts[index].places
        if said[2] == "sh":
            apart.add(index)
            told[index] = places[min(line, len(places)) - 1], said[4]
        else:
            told[index] = places[0], said[4]
    for line, message in told.values():
        hint = "Check quotes, brackets, `fi` and `done`, and what follows `&&`, `||` and `|`."
        yield error("dockerfile-shell", f"the shell cannot read the command: {message[:200]}", line, hint)


def _scripts(found: list[Instruction]) -> Iterator[_Script]:
    stages: dict[str, bool] = {}
    readable = True
    windows = False
    stage = ""
    for each in found:
        if each.name == "ARG" and not stages:
            windows = windows or bool(_WINDOWS.search(each.rest))
        elif each.name == "FROM":
            image, *named = each.rest.lower().split() or [""]
            foreign = windows or any(_WINDOWS.search(part) for part in (image, *each.flags))
            readable = stages.get(image, not foreign)
            stage = named[-1] if named else ""
            stages[stage] = readable
        elif each.name == "SHELL":
            readable = _is_readable(each)
            stages[stage] = readable
        elif readable and (script := _script(_command(each))):
            yield script


def _is_readable(shell: Instruction) -> bool:
    program, *_ = [*shell.words(), ""]
    return PurePosixPath(program).name in _BASH_READS


def _command(each: Instruction) -> Instruction:
    """What an ONBUILD or HEALTHCHECK holds; else the instruction itself."""
    for outer in ("ONBUILD", "HEALTHCHECK"):
        if each.name == outer:
            inner = split(each.rest, each.line)
            each = inner._replace(starts=each.starts, heredocs=each.heredocs, heredocs_at=each.heredocs_at)
    return each


def _script(each: Instruction) -> _Script | None:
    if each.name not in _WITH_SHELL or not each.rest or each.exec_form is not None:
        return None
    if each.heredocs and _WHOLE_SCRIPT.fullmatch(each.rest):
        return _own_script(each)
    at = [(len(each.rest) - left, line) for left, line in each.starts]
    first = bisect_left(at, (1, 0))
    inner = [(position, line) for position, line in at[first:] if position < len(each.rest)]
    edges = [0, *(position for position, _ in inner), len(each.rest)]
    parts = [each.rest[start:end] for start, end in pairwise(edges)]
    start = at[first - 1][1] if first else each.line
    body = "".join(f"\n{line}" for line in each.heredocs)
    bodies = range(each.heredocs_at, each.heredocs_at + len(each.heredocs))
    places = (start, *(line for _, line in inner), *bodies)
    return _Script(each.rest + body, "\\\n".join(parts) + body, places)


def _own_script(each: Instruction) -> _Script | None:
    """The lines of the one here-document that is a script; None where they are for another program."""
    lines = [line.lstrip("\t") for line in each.heredocs[:-1]]
    if lines and lines[0].startswith("#!") and not _SH_SHEBANG.match(lines[0]):
        return None
    text = "\n".join(each.heredocs[:-1])
    return _Script(
        text or ":", text or ":", tuple(range(each.heredocs_at, each.heredocs_at + max(len(lines), 1)))
    )
