"""The scripts of a workflow's steps, as far as they are for bash or sh."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

from fcc import _yaml
from fcc.evaluations.validators._command import run_tool
from fcc.evaluations.validators.check import NotCheckedError, error, line_of, mapping, sequence
from fcc.simulation import Finding

_EXPRESSION = re.compile(r"\$\{\{(?:(?!\$\{\{).)*?\}\}", re.DOTALL)
_SAID = re.compile(r"(?:\./)?(\d+)\.sh: (?:line (\d+): )?(.*)")
_UNIX = re.compile(r"(?:ubuntu|macos)-|linux|macos", re.IGNORECASE)
_PARSE_EACH = 'for f in *.sh; do bash -n "$f"; done'
"""Bash reads without running anything; one process starts the others, which is faster than Python is."""
_PATIENCE = 5.0
_MOST = 100
"""How many scripts of a file are read."""


class _Script(NamedTuple):
    text: str
    line: int
    """Where its first line stands in the file."""


def scripts(document: _yaml.Document) -> Iterator[Finding]:
    """What bash cannot parse; `${{ }}` counts as a word. Raises `NotCheckedError` where bash is not installed."""
    found = list(islice(_bash_scripts(document), _MOST + 1))
    if not found:
        return
    files = {f"{index:03}.sh": script.text for index, script in enumerate(found[:_MOST])}
    done = run_tool(["bash", "-c", _PARSE_EACH], files, timeout=_PATIENCE)
    yield from _said(done.err, found)
    if len(found) > _MOST:
        raise NotCheckedError(f"of more than {_MOST} scripts only those were read; split the workflow")


def _said(text: str, found: list[_Script]) -> Iterator[Finding]:
    told: set[int] = set()
    for said in _SAID.finditer(text):
        index = int(said[1])
        if index in told or index >= len(found):
            continue
        told.add(index)
        line = found[index].line + int(said[2] or 1) - 1
        hint = "Check quotes, brackets and `fi`, `done` or the here-document's end."
        yield error("workflow-shell", f"bash cannot read the script: {said[3][:200]}", line, hint)


def _bash_scripts(document: _yaml.Document) -> Iterator[_Script]:
    for name, job in mapping(mapping(document.data).get("jobs")).items():
        usual = _default(job) or _default(document.data) or _runner_shell(mapping(job))
        for index, step in enumerate(sequence(mapping(job).get("steps"))):
            run = mapping(step).get("run")
            shell = str(mapping(step).get("shell") or usual)
            if not isinstance(run, str) or not re.match(r"(?:bash|sh)(?:\s|$)", shell):
                continue
            place = line_of(document, ("jobs", name, "steps", index, "run"))
            yield _Script(_EXPRESSION.sub(_masked, run), place + ("\n" in run.strip()))


def _masked(found: re.Match[str]) -> str:
    return "x" + "\\\n" * found[0].count("\n")


def _default(owner: Any) -> str:
    shell = mapping(mapping(mapping(owner).get("defaults")).get("run")).get("shell")
    return shell if isinstance(shell, str) else ""


def _runner_shell(job: dict[str, Any]) -> str:
    """The shell of a runner that is known to be no Windows; "" of others."""
    wanted = job.get("runs-on")
    labels = sequence(wanted) or [wanted]
    unix = any(isinstance(label, str) and _UNIX.match(label) for label in labels)
    return "bash" if unix or job.get("container") else ""
