"""What each instruction of a Dockerfile takes (https://docs.docker.com/reference/dockerfile/)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import NamedTuple

from fcc.evaluations.validators._dockerfile_lines import Instruction, split, words

FLAGS: dict[str, set[str]] = {
    "ADD": {"chown", "chmod", "link", "keep-git-dir", "checksum", "exclude", "unpack"},
    "COPY": {"from", "chown", "chmod", "link", "parents", "exclude"},
    "FROM": {"platform"},
    "HEALTHCHECK": {"interval", "timeout", "start-period", "start-interval", "retries"},
    "RUN": {"mount", "network", "security", "device"},
}
_SWITCHES = {"link", "keep-git-dir", "parents", "unpack"}
_REPEATED = {"mount", "exclude", "device"}
_MOUNTS = {"bind", "cache", "tmpfs", "secret", "ssh"}
_STAGE = re.compile(r"[a-z][a-z0-9-_.]*")
_IMAGE = re.compile(
    r"(?:[\w.-]+(?::[0-9]+)?/)?[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*"
    r"(?::\w[\w.-]{0,127})?(?:@[A-Za-z][\w+.-]*:[0-9a-fA-F]{32,})?",
    re.ASCII,
)
_PORT = re.compile(
    r"(?:[0-9.]*:)?(?:([0-9]+)(?:-([0-9]+))?:)?([0-9]+)(?:-([0-9]+))?(?:/(?:tcp|udp|sctp))?", re.IGNORECASE
)
_MOST_PORT = 65535
_DURATION = re.compile(r"\+?(?:0|(?:[0-9]+(?:\.[0-9]*)?(?:ns|us|µs|ms|s|m|h))+)")
_SIGNAL = re.compile(
    r"(?:SIG)?(?:ABRT|ALRM|BUS|CHLD|CLD|CONT|FPE|HUP|ILL|INT|IO|IOT|KILL|PIPE|POLL|PROF|PWR|QUIT|SEGV|STKFLT|STOP|SYS"
    r"|TERM|TRAP|TSTP|TTIN|TTOU|UNUSED|URG|USR1|USR2|VTALRM|WINCH|XCPU|XFSZ|RTMIN(?:\+[0-9]{1,2})?|RTMAX(?:-[0-9]{1,2})?)"
)
_MOST_SIGNAL = 64
_MEANT_AS_ARRAY = re.compile(r"\[(?:[^\s\[]|\s*[\"'][^\"']*[\"']\s*[,\]]).*\]", re.DOTALL)


class Problem(NamedTuple):
    """What is wrong with an instruction."""

    rule: str
    message: str
    hint: str = ""


def problems(instruction: Instruction) -> Iterator[Problem]:
    """What an instruction does not take."""
    rule = RULES.get(instruction.name)
    if rule is None:
        yield _unknown(instruction.name)
        return
    if instruction.unclosed:
        mark = instruction.unclosed[:40]
        yield Problem(
            "dockerfile-heredoc",
            f"the here-document never ends with a line `{mark}`",
            f"Add a line with only `{mark}`.",
        )
    yield from _flags(instruction)
    yield from rule(instruction)


def _unknown(name: str) -> Problem:
    if name.startswith(("```", "~~~")):
        return Problem(
            "dockerfile-fence", "a Markdown fence is no part of a Dockerfile", "Take the fences out."
        )
    near = get_close_matches(name[:40], RULES, 1)
    hint = (
        f"Did you mean {near[0]}?"
        if near
        else "Keep only instructions and comments, and end continued lines with \\."
    )
    return Problem("dockerfile-instruction", f"there is no instruction `{name[:40]}`", hint)


def _flags(instruction: Instruction) -> Iterator[Problem]:
    known = FLAGS.get(instruction.name, set())
    seen: set[str] = set()
    for flag in instruction.flags if instruction.name != "ONBUILD" else ():
        name, equals, value = flag[2:].partition("=")
        if name not in known:
            near = get_close_matches(name[:40], known, 1)
            takes = (
                f"It takes {', '.join(f'--{each}' for each in sorted(known))}." if known else "It takes none."
            )
            hint = f"Did you mean --{near[0]}?" if near else takes
            yield Problem("dockerfile-flag", f"{instruction.name} has no flag --{name[:40]}", hint)
        elif not equals and name not in _SWITCHES:
            yield Problem("dockerfile-flag", f"--{name} needs a value", f"Write --{name}=….")
        elif name in _SWITCHES and equals and value.lower() not in {"true", "false"} and "$" not in value:
            yield Problem(
                "dockerfile-flag", f"--{name} is true or false, not `{value[:40]}`", f"Write --{name}."
            )
        elif name in seen and name not in _REPEATED:
            yield Problem("dockerfile-flag", f"--{name} is given twice", "Keep one of them.")
        elif name == "mount":
            yield from _mount(value)
        seen.add(name)


def _mount(value: str) -> Iterator[Problem]:
    fields = dict(part.strip("\"'").partition("=")[::2] for part in value.strip("\"'").split(","))
    kind = fields.get("type", "bind")
    if kind not in _MOUNTS and "$" not in kind:
        yield Problem(
            "dockerfile-flag",
            f"`{kind[:40]}` is no type of mount",
            f"It is one of {', '.join(sorted(_MOUNTS))}.",
        )


def _from(instruction: Instruction) -> Iterator[Problem]:
    found = words(instruction.rest)
    if len(found) != 1 and not (len(found) == 3 and found[1].upper() == "AS"):  # noqa: PLR2004 - image AS name
        yield Problem(
            "dockerfile-from", "FROM takes one image, and may name the stage", "Write FROM image AS name."
        )
        return
    image = found[0].strip("\"'")
    if re.search(r"[<>%{}$]", image):
        if "$" not in image:
            yield Problem(
                "dockerfile-placeholder", f"`{image[:80]}` must be filled in before this can be built"
            )
    elif not _IMAGE.fullmatch(image):
        yield Problem(
            "dockerfile-from",
            f"`{image[:80]}` can't be the name of an image",
            "Write name:tag in lower case.",
        )
    if len(found) > 1 and not _STAGE.fullmatch(found[2].lower()) and "$" not in found[2]:
        yield Problem(
            "dockerfile-from",
            f"`{found[2][:40]}` can't be the name of a stage",
            "Start with a letter; use letters, digits, `-`, `_` and `.` only.",
        )


def _pairs(instruction: Instruction) -> Iterator[Problem]:
    """ENV and LABEL: `key=value` pairs, or one key, a space and a value."""
    name, found = instruction.name, words(instruction.rest)
    if not found:
        yield Problem("dockerfile-arguments", f"{name} needs a key and a value", f"Write {name} key=value.")
    elif "=" not in found[0]:
        if len(found) == 1:
            message = f"`{found[0][:40]}` has no value"
            yield Problem(
                "dockerfile-arguments", f"{name}: {message}", f"Write {name} {found[0][:40]}=value."
            )
    else:
        for word in found:
            if word.startswith("=") or "=" not in word:
                hint = f"Write {name} key=value, with a value of several words in quotes."
                yield Problem("dockerfile-arguments", f"{name}: `{word[:40]}` is not key=value", hint)
                return


def _arg(instruction: Instruction) -> Iterator[Problem]:
    found = words(instruction.rest)
    if not found or any(word.startswith("=") for word in found):
        yield Problem("dockerfile-arguments", "ARG needs a name", "Write ARG name or ARG name=default.")


def _copy(instruction: Instruction) -> Iterator[Problem]:
    if len(instruction.words()) < 2:  # noqa: PLR2004 - from where and where to
        name = instruction.name
        yield Problem(
            "dockerfile-arguments",
            f"{name} needs a source and a destination",
            f"Write {name} source destination.",
        )


def _command(instruction: Instruction) -> Iterator[Problem]:
    """RUN, CMD, ENTRYPOINT: a command line, or its words as a JSON array."""
    if not instruction.rest:
        name = instruction.name
        yield Problem(
            "dockerfile-arguments", f"{name} needs a command", f'Write {name} ["program", "argument"].'
        )
    else:
        yield from _array(instruction)


def _array(instruction: Instruction) -> Iterator[Problem]:
    array = instruction.exec_form
    strings = isinstance(array, list) and all(isinstance(item, str) for item in array)
    if not strings and (array is not None or _MEANT_AS_ARRAY.fullmatch(instruction.rest)):
        yield Problem(
            "dockerfile-exec-form",
            f"{instruction.name}: this is no JSON array of texts, so it would run as a shell's command line",
            'Write ["program", "argument"], in double quotes, with commas.',
        )


def _shell(instruction: Instruction) -> Iterator[Problem]:
    array = instruction.exec_form
    if not isinstance(array, list) or not array or not all(isinstance(item, str) for item in array):
        yield Problem(
            "dockerfile-exec-form", "SHELL needs a JSON array of texts", 'Write SHELL ["/bin/bash", "-c"].'
        )


def _some(instruction: Instruction) -> Iterator[Problem]:
    """WORKDIR, USER, MAINTAINER: a value, whatever it is."""
    if not instruction.rest.strip("\"' "):
        yield Problem(
            "dockerfile-arguments", f"{instruction.name} needs a value", f"Write {instruction.name} value."
        )


def _volume(instruction: Instruction) -> Iterator[Problem]:
    if not instruction.words() or "" in instruction.words():
        yield Problem("dockerfile-arguments", "VOLUME needs a path", "Write VOLUME /path.")
    yield from _array(instruction)


def _expose(instruction: Instruction) -> Iterator[Problem]:
    found = words(instruction.rest)
    if not found:
        yield Problem("dockerfile-arguments", "EXPOSE needs a port", "Write EXPOSE 8080.")
    for word in found:
        port = _PORT.fullmatch(word.strip("\"'"))
        numbers = [int(number[:9]) for number in port.groups() if number] if port else [_MOST_PORT + 1]
        if "$" not in word and max(numbers) > _MOST_PORT:
            hint = "Write a port up to 65535, or a range, as in 8080, 53/udp or 7000-7010."
            yield Problem("dockerfile-port", f"`{word[:40]}` is no port", hint)


def _stop_signal(instruction: Instruction) -> Iterator[Problem]:
    signal = instruction.rest.strip("\"'").upper()
    if not signal:
        yield Problem("dockerfile-arguments", "STOPSIGNAL needs a signal", "Write STOPSIGNAL SIGTERM.")
        return
    number = int(signal) if re.fullmatch(r"[0-9]{1,3}", signal) else 0
    known = bool(_SIGNAL.fullmatch(signal)) or 0 < number <= _MOST_SIGNAL
    if "$" not in signal and not known:
        yield Problem(
            "dockerfile-signal", f"`{signal[:40]}` is no signal", "Write its name or number, as in SIGTERM."
        )


def _health_check(instruction: Instruction) -> Iterator[Problem]:
    kind, *after = instruction.rest.split(None, 1)[:2] or [""]
    if kind.upper() == "NONE":
        if after:
            yield Problem(
                "dockerfile-healthcheck", "HEALTHCHECK NONE takes nothing else", "Take the rest out."
            )
    elif kind.upper() != "CMD" or not after:
        message = "HEALTHCHECK needs CMD and a command, or NONE"
        yield Problem(
            "dockerfile-healthcheck", message, "Write HEALTHCHECK CMD curl -f http://localhost/ || exit 1."
        )
    else:
        yield from _array(split(instruction.rest, instruction.line))
    for flag in instruction.flags:
        name, _, value = flag[2:].partition("=")
        form = r"\+?[0-9]+" if name == "retries" else _DURATION
        if (
            name in FLAGS["HEALTHCHECK"]
            and value
            and "$" not in value
            and not re.fullmatch(form, value.strip("\"'"))
        ):
            wanted = "a number" if name == "retries" else "a duration, as in 30s"
            message = f"--{name} must be {wanted}, and is `{value[:40]}`"
            yield Problem("dockerfile-healthcheck", message, f"Write {wanted}.")


def _on_build(instruction: Instruction) -> Iterator[Problem]:
    if not instruction.rest:
        yield Problem("dockerfile-arguments", "ONBUILD needs an instruction", "Write ONBUILD RUN command.")
        return
    inner = split(instruction.rest, instruction.line)
    if inner.name in {"ONBUILD", "FROM", "MAINTAINER"}:
        yield Problem(
            "dockerfile-onbuild", f"ONBUILD can't hold {inner.name}", "Use another instruction there."
        )
    else:
        yield from problems(inner)


RULES: dict[str, Callable[[Instruction], Iterator[Problem]]] = {
    "ADD": _copy,
    "ARG": _arg,
    "CMD": _command,
    "COPY": _copy,
    "ENTRYPOINT": _command,
    "ENV": _pairs,
    "EXPOSE": _expose,
    "FROM": _from,
    "HEALTHCHECK": _health_check,
    "LABEL": _pairs,
    "MAINTAINER": _some,
    "ONBUILD": _on_build,
    "RUN": _command,
    "SHELL": _shell,
    "STOPSIGNAL": _stop_signal,
    "USER": _some,
    "VOLUME": _volume,
    "WORKDIR": _some,
}
"""Every instruction, and what checks what it is given."""
