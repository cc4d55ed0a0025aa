"""The commands that a script may run; one that is not here makes the script not understood."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fcc.evaluations.rehearsal.commands import texts
from fcc.evaluations.rehearsal.shell.conditions import test
from fcc.evaluations.rehearsal.shell.state import (
    PROGRAMS,
    ExitError,
    LoopError,
    ReturnError,
    Shell,
    StillRunningError,
    Streams,
)
from fcc.evaluations.rehearsal.shell.syntax import NotUnderstoodError

if TYPE_CHECKING:
    from fcc.evaluations.rehearsal.shell.machine import Machine

Query = Callable[[str, float], "list[dict[str, Any]] | None"]
"""The instant vector of a PromQL query at a simulated time, each with `metric` and `value`; None where it can't be told."""
Builtin = Callable[["Machine", list[str], Streams], int]
_SHELLS = {"bash", "sh", "dash"}
_PASSED_ON = {"command", "exec", "sudo", "env", "nohup", "nice", "builtin"}
_QUIET = {":", "true", "logger", "sync", "wait", "ulimit", "umask", "shopt", "cd", "pushd", "popd", "mkdir",
          "chmod", "hash", "clear", "tput"}  # fmt: skip
"""What succeeds here and changes nothing."""
_MINUTES = {"s": 1, "m": 60, "h": 3600, "d": 86400, "": 1}


def call(machine: Machine, words: list[str], streams: Streams) -> int:
    """Run a command that is no function of the script; its exit code.

    Raises:
        NotUnderstoodError: it is not known here.
    """
    name = words[0].rpartition("/")[2]
    if name in _QUIET:
        return 0
    builtin = _BUILTINS.get(name)
    if builtin is not None:
        return builtin(machine, words[1:], streams)
    text_tool = texts.TOOLS.get(name)
    if text_tool is not None:
        result = text_tool(words[1:], _Files(machine.shell, streams), machine.shell)
        machine.shell.write(streams.out, result.out)
        machine.shell.write(streams.err, result.err)
        return result.code
    outside = _OUTSIDE.get(name)
    if outside is not None:
        return outside(machine.shell, words[1:], streams)
    text = machine.shell.file_text(words[0]) if "/" in words[0] else None
    if text is not None:
        return machine.run_file(text, words[0], words[1:], streams, here=False)
    raise NotUnderstoodError(f"the command `{words[0][:60]}`")


class _Files:
    """What a text tool reads: standard input, or files by name."""

    def __init__(self, shell: Shell, streams: Streams) -> None:
        self.shell, self.streams = shell, streams

    def read(self, names: list[str]) -> str:
        """The texts of files, one after the other; of standard input without any."""
        found = []
        for name in names or ["-"]:
            is_input = name in {"-", "/dev/stdin"}
            text = self.streams.stdin.rest() if is_input else self.shell.file_text(name)
            if text is None:
                raise NotUnderstoodError(f"it reads the file {name[:60]}, which is not known here")
            self.shell.spend(len(text))
            found.append(text)
        return "".join(found)

    def write(self, name: str, text: str, *, append: bool) -> None:
        """Keep a text as a file."""
        self.shell.written[name] = (self.shell.written.get(name, "") if append else "") + text


def _exit(machine: Machine, args: list[str], _: Streams) -> int:
    raise ExitError(_code(args, machine.shell.status))


def _return(machine: Machine, args: list[str], _: Streams) -> int:
    raise ReturnError(_code(args, machine.shell.status))


def _code(args: list[str], default: int) -> int:
    if not args:
        return default
    if not args[0].lstrip("-").isdigit() or len(args[0]) > 9:  # noqa: PLR2004 - far beyond any exit code
        raise NotUnderstoodError(f"the exit code {args[0][:20]!r}")
    return int(args[0]) % 256


def _break(_machine: Machine, args: list[str], _: Streams) -> int:
    raise LoopError(max(1, _code(args, 1)), go_on=False)


def _continue(_machine: Machine, args: list[str], _: Streams) -> int:
    raise LoopError(max(1, _code(args, 1)), go_on=True)


def _set(machine: Machine, args: list[str], _: Streams) -> int:
    options, at = machine.shell.options, 0
    names = {"e": "errexit", "u": "nounset"}
    while at < len(args):
        word = args[at]
        at += 1
        if word == "--":
            machine.shell.args = args[at:]
            return 0
        if not word or word[0] not in "-+":
            raise NotUnderstoodError(f"set {word[:20]}")
        wanted = [names.get(letter, letter) for letter in word[1:] if letter != "o"]
        if "o" in word[1:]:
            wanted += args[at : at + 1]
            at += 1
        for option in wanted:
            (options.add if word[0] == "-" else options.discard)(option)
    return 0


def _shift(machine: Machine, args: list[str], _: Streams) -> int:
    count = _code(args, 1)
    if count > len(machine.shell.args):
        return 1
    machine.shell.args = machine.shell.args[count:]
    return 0


def _trap(machine: Machine, args: list[str], _: Streams) -> int:
    if len(args) < 2:  # noqa: PLR2004 - an action and a signal
        return 0
    for signal in args[1:]:
        if args[0] in {"-", ""}:
            machine.shell.traps.pop(signal, None)
        else:
            machine.shell.traps["EXIT" if signal == "0" else signal] = args[0]
    return 0


def _read(machine: Machine, args: list[str], streams: Streams) -> int:
    names: list[str] = []
    at = 0
    while at < len(args):
        if args[at] in {"-t", "-p", "-d", "-n"}:
            at += 1
            if args[at - 1] == "-d":
                raise NotUnderstoodError("read -d")
        elif not args[at].startswith("-"):
            names.append(args[at])
        elif args[at] not in {"-r", "-s", "-rs"}:
            raise NotUnderstoodError(f"read {args[at][:20]}")
        at += 1
    line = streams.stdin.read_line()
    separators = machine.shell.get("IFS") or ""
    names = names or ["REPLY"]
    rest = (line or "").strip("".join(char for char in separators if char.isspace()))
    for at, name in enumerate(names):
        if at == len(names) - 1 or not separators:
            machine.shell.put(name, rest)
            break
        place = next((place for place, char in enumerate(rest) if char in separators), len(rest))
        machine.shell.put(name, rest[:place])
        rest = rest[place + 1 :].lstrip("".join(char for char in separators if char.isspace()))
    return 0 if line is not None else 1


def _test(machine: Machine, args: list[str], _: Streams) -> int:
    return int(not test(args, machine.shell))


def _eval(machine: Machine, args: list[str], streams: Streams) -> int:
    return machine.run_text(" ".join(args), streams)


def _source(machine: Machine, args: list[str], streams: Streams) -> int:
    text = machine.shell.file_text(args[0]) if args else None
    if text is None:
        raise NotUnderstoodError(f"it reads {' '.join(args)[:60]}, which the delivery does not hold")
    return machine.run_file(text, args[0], args[1:], streams, here=True)


def _script(machine: Machine, args: list[str], streams: Streams) -> int:
    words = list(args)
    while words and words[0].startswith("-"):
        if words[0] == "-c" and len(words) > 1:
            return machine.run_file(words[1], "".join(words[2:3]) or "bash", words[3:], streams, here=False)
        if set(words[0][1:]) - set("euxo"):
            raise NotUnderstoodError(f"bash {words[0]}")
        words = words[2:] if "o" in words[0] else words[1:]
    text = machine.shell.file_text(words[0]) if words else None
    if text is None:
        raise NotUnderstoodError(f"it runs {' '.join(args)[:60]}, which the delivery does not hold")
    return machine.run_file(text, words[0], words[1:], streams, here=False)


def _pass_on(machine: Machine, args: list[str], streams: Streams) -> int:
    """`command kubectl …`, `exec kubectl …`, `command -v kubectl`."""
    if args[:1] in (["-v"], ["-V"]):
        return _which(machine, args[1:], streams)
    words = [word for at, word in enumerate(args) if at or not word.startswith("-")]
    if not words or words[0].startswith("-") or "=" in words[0]:
        raise NotUnderstoodError(f"`{' '.join(args)[:40]}`")
    return call(machine, words, streams)


def _which(machine: Machine, args: list[str], streams: Streams) -> int:
    """Where commands are; those that are known here are all that there are."""
    names = [word for word in args if not word.startswith("-")]
    known = [name for name in names if name in _KNOWN or name in machine.shell.functions]
    machine.shell.write(streams.out, "".join(f"{PROGRAMS}{name}\n" for name in known))
    return int(len(known) < max(1, len(names)))


def _pwd(machine: Machine, _args: list[str], streams: Streams) -> int:
    machine.shell.write(streams.out, f"{machine.shell.get('PWD')}\n")
    return 0


def _touch(machine: Machine, args: list[str], _: Streams) -> int:
    for name in args:
        if not name.startswith("-") and machine.shell.file_text(name) is None:
            machine.shell.written[name] = ""
    return 0


def _remove(machine: Machine, args: list[str], _: Streams) -> int:
    for name in args:
        if machine.shell.written.pop(name, None) is None and machine.shell.file_text(name) is not None:
            raise NotUnderstoodError(f"it removes {name[:60]}, which the delivery holds")
    return 0


def _exec(machine: Machine, args: list[str], streams: Streams) -> int:
    raise ExitError(_pass_on(machine, args, streams)) if args else NotUnderstoodError("exec")


def _sleep(machine: Machine, args: list[str], _: Streams) -> int:
    machine.shell.sleep(sum(map(seconds, args)))
    return 0


def seconds(text: str) -> float:
    """A time such as `90`, `1.5m` or `2h30m`, in seconds; `kubectl` and `sleep` write it so."""
    import re

    parts = re.findall(r"(\d{1,9}(?:\.\d{1,6})?)(ms|[smhd]?)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise NotUnderstoodError(f"the time {text[:20]!r}")
    return sum(float(number) * (0.001 if unit == "ms" else _MINUTES[unit]) for number, unit in parts)


def _timeout(machine: Machine, args: list[str], streams: Streams) -> int:
    """`timeout 300 kubectl …`: the command's own limit, where that is shorter, is what counts."""
    words = [word for word in args if word not in {"-k", "--foreground"}]
    while words and words[0].startswith("-"):
        words = words[1:]
    if len(words) < 2:  # noqa: PLR2004 - a time and a command
        raise NotUnderstoodError("timeout")
    shell = machine.shell
    outer, end = shell.deadline, shell.cluster.now + seconds(words[0])
    shell.deadline = min(outer, end)
    try:
        if words[1] in shell.functions:
            raise NotUnderstoodError("timeout of a function")  # bash can't do this, either
        return call(machine, words[1:], streams)
    except StillRunningError:
        if end >= outer:
            raise
        return 124
    finally:
        shell.deadline = outer


def _kubectl(shell: Shell, args: list[str], streams: Streams) -> int:
    from fcc.evaluations.rehearsal.commands.kubectl import kubectl

    return kubectl(shell, args, streams)


def _curl(shell: Shell, args: list[str], streams: Streams) -> int:
    from fcc.evaluations.rehearsal.commands.curl import curl

    return curl(shell, args, streams)


def _helm(shell: Shell, args: list[str], streams: Streams) -> int:
    from fcc.evaluations.rehearsal.commands.helm import helm

    return helm(shell, args, streams)


def _false(_machine: Machine, _args: list[str], _: Streams) -> int:
    return 1


_BUILTINS: dict[str, Builtin] = {
    ".": _source,
    "[": lambda machine, args, streams: _test(machine, args[:-1], streams),
    "break": _break,
    "continue": _continue,
    "eval": _eval,
    "exec": _exec,
    "exit": _exit,
    "false": _false,
    "pwd": _pwd,
    "read": _read,
    "return": _return,
    "rm": _remove,
    "set": _set,
    "shift": _shift,
    "sleep": _sleep,
    "source": _source,
    "test": _test,
    "timeout": _timeout,
    "touch": _touch,
    "trap": _trap,
    "type": _which,
    "which": _which,
    **dict.fromkeys(_PASSED_ON - {"exec"}, _pass_on),
    **dict.fromkeys(_SHELLS, _script),
}
_OUTSIDE: dict[str, Callable[[Shell, list[str], Streams], int]] = {
    "curl": _curl,
    "helm": _helm,
    "kubectl": _kubectl,
    "oc": _kubectl,
}
_KNOWN = frozenset({*_OUTSIDE, *_BUILTINS, *_QUIET, *texts.TOOLS})
