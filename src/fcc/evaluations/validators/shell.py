"""Shell scripts: what `bash -n`, and `dash -n` of one for sh, say without running them; `shellcheck` advises."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from fcc.evaluations.validators._command import find_tool, run_tool
from fcc.evaluations.validators.check import NotCheckedError, advice, error, mapping, sequence, warning
from fcc.simulation import Finding

_SHEBANG = re.compile(r"#!\s*(?:\S*/)?(?:env\s+(?:-\S+\s+|\w+=\S*\s+)*)?(?:\S*/)?([\w.+-]+)")
_BASH_READS = {"ash", "bash", "dash", "ksh", "mksh", "sh"}
_SAID = re.compile(r"[^\n]*?: line (\d+): (.*)")
_HEREDOC = re.compile(
    r"[^\n]*?: line \d+: warning: here-document at line (\d+) delimited by end-of-file \(wanted [`'](.*)'\)"
)
_DASH_SAID = re.compile(r"[^\n]*?: (?:line )?(\d+): (.*)")
_POSIX = {"dash", "sh"}
_LIKE_DASH = {"busybox", "dash"}
_BASHISMS = {"SC3010", "SC3014"}
"""What reads as a command to sh and then fails: `[[`, and `==` within `[`."""
_PROSE = re.compile(r"[A-Z][a-z']*(?: [\w'`,-]+){2,}:")
_WITHOUT_SHEBANG = {"SC2148"}
_MOST_FINDINGS = 50
_MOST_ADVISED = 50_000
_PATIENCE = 1.5
"""How long shellcheck may take, in seconds; what it says is advice only."""


def check(text: str) -> Iterator[Finding]:
    """The findings on a script for bash, sh, dash or ksh; one for another shell or program is not checked."""
    lines = text.splitlines()
    shebang = _SHEBANG.match(text)
    if shebang and shebang[1] not in _BASH_READS:
        raise NotCheckedError(f"its first line names {shebang[1][:40]}, of which nothing here checks scripts")
    refused = list(_refused(text, lines))
    yield from refused
    if refused:
        return
    yield from _bash(text, shebang[1] if shebang else "")


def advise(text: str) -> Iterator[Finding]:
    """What shellcheck calls an error in a valid script for bash: the shell takes it."""
    shebang = _SHEBANG.match(text)
    if not shebang or shebang[1] not in _POSIX:
        yield from _shellcheck(text, posix=False)


def _refused(text: str, lines: list[str]) -> Iterator[Finding]:
    """What bash would read as something else than it is."""
    number, first = next(((number, line) for number, line in enumerate(lines, 1) if line.strip()), (1, ""))
    if not first:
        yield error("shell-empty", "there is no command in it", 1, "Write the script.")
    elif first.lstrip().startswith(("```", "~~~")):
        yield error("shell-fence", "a Markdown fence is no part of a script", number, "Take the fences out.")
    elif _PROSE.fullmatch(first.strip()):
        yield error(
            "shell-prose", "this is a sentence, not a command", number, "Put `#` before it, or take it out."
        )
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        yield error("shell-syntax", "there is a NUL character in it", line, "Take it out.")


def _bash(text: str, shell: str) -> Iterator[Finding]:
    if find_tool("bash") is None:
        raise NotCheckedError("bash is not installed, or not on PATH")
    patterns = shell in {"ksh", "mksh"} or "extglob" in text  # -n does not run the `shopt` that turns them on
    options = ["-O", "extglob"] if patterns else []
    done = run_tool(["bash", "--norc", *options, "-n", "script"], {"script": text})
    found = list(_said(done.err))
    if done.code and not found:
        found = [error("shell-syntax", f"bash: {done.err.strip()[:200] or 'can not read it'}", 1)]
    found = found or (list(_dash(text)) if shell in _POSIX else [])
    yield from found
    if not found and shell in _POSIX:
        yield from _shellcheck(text, posix=True)


def _dash(text: str) -> Iterator[Finding]:
    """What a plain sh refuses and bash takes, such as arrays and `<<<`; nothing where there is no such shell."""
    program = _plain_sh()
    if program is None:
        return
    try:
        done = run_tool([program, "-n", "script"], {"script": text})
    except NotCheckedError:
        return
    said = _DASH_SAID.match(done.err)
    if done.code and said:
        message = f"sh: {said[2][:300]}; bash takes it, but the first line names sh"
        yield error("shell-posix", message, int(said[1]), "Use #!/usr/bin/env bash, or POSIX only.")


def _plain_sh() -> str | None:
    """Dash, or a `sh` that is dash or busybox."""
    shell = find_tool("sh")
    like = shell is not None and Path(shell).resolve().name in _LIKE_DASH
    return find_tool("dash") or (shell if like else None)


def _said(err: str) -> Iterator[Finding]:
    """The errors that bash tells; one that repeats the line that it is about is left out."""
    for line in err.splitlines()[:_MOST_FINDINGS]:
        open_ended = _HEREDOC.fullmatch(line)
        said = _SAID.fullmatch(line)
        if open_ended:
            mark = open_ended[2][:40]
            message = f"the here-document never ends with a line `{mark}`"
            yield error("shell-heredoc", message, int(open_ended[1]), f"Add a line with only `{mark}`.")
        elif said and not said[2].startswith(("`", "warning: ")):
            yield error("shell-syntax", said[2][:300], int(said[1]), _hint(said[2]))


def _hint(said: str) -> str:
    if "unexpected end of file" in said:
        return "Close what is open: a `fi`, `done`, `esac`, `}` or `)` is missing."
    if "looking for matching" in said:
        return "Close the quote, bracket or `$(`; a quote inside quotes needs a backslash."
    if "\\r" in said:
        return "Save it with line ends of Unix."
    return "Look for what is missing before this place."


def _shellcheck(text: str, *, posix: bool) -> Iterator[Finding]:
    """The errors of shellcheck, as advice: the shell itself takes the script. A `[[` for sh is warned of."""
    if find_tool("shellcheck") is None or len(text) > _MOST_ADVISED:
        return
    try:
        done = run_tool(
            ["shellcheck", "--norc", "-S", "warning" if posix else "error", "-f", "json", "-"],
            stdin=text,
            timeout=_PATIENCE,
        )
        found = sequence(json.loads(done.out))
    except (NotCheckedError, ValueError):
        return
    told = [_told(mapping(item)) for item in found]
    yield from islice((finding for finding in told if finding), _MOST_FINDINGS)


def _told(item: dict[str, object]) -> Finding | None:
    rule, line = f"SC{item.get('code', '')}", item.get("line")
    said, where = str(item.get("message", ""))[:300], line if isinstance(line, int) else 0
    if rule in _BASHISMS:
        return warning(f"shellcheck-{rule}", said, where, "Use #!/usr/bin/env bash, or POSIX only.")
    if item.get("level") == "error" and rule not in _WITHOUT_SHEBANG:
        return advice(f"shellcheck-{rule}", said, where)
    return None
