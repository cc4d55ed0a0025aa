"""Commands that turn texts into texts: echo, grep, jq and the like, as far as scripts around kubectl use them."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

from fcc.evaluations.rehearsal.commands.jq import jq_command
from fcc.evaluations.rehearsal.commands.printing import date, echo, printf
from fcc.evaluations.rehearsal.commands.tool import Files, Result, Tool, escaped
from fcc.evaluations.rehearsal.shell.pattern import replace, search
from fcc.evaluations.rehearsal.shell.syntax import NotUnderstoodError

if TYPE_CHECKING:
    from fcc.evaluations.rehearsal.shell.state import Shell


def _options(args: list[str], flags: str, valued: str = "") -> tuple[dict[str, str], list[str]]:
    """Options of one letter, or whole words after `--`, and the rest.

    Raises:
        NotUnderstoodError: one is not among them.
    """
    found: dict[str, str] = {}
    rest: list[str] = []
    at = 0
    long_flags = [word for word in flags.split() if len(word) > 1]
    letters = "".join(word for word in flags.split() if len(word) == 1)
    while at < len(args):
        word = args[at]
        at += 1
        if word == "--":
            return found, rest + args[at:]
        if word.startswith("--"):
            name, _, value = word[2:].partition("=")
            if name not in long_flags:
                raise NotUnderstoodError(f"the option {word[:30]}")
            found[name] = value
        elif len(word) > 1 and word[0] == "-" and not word[1:].isdigit():
            at = _letters(word[1:], letters, valued, (found, args, at))
        elif len(word) > 1 and word[0] == "-":
            found["n"] = word[1:]
        else:
            rest.append(word)
    return found, rest


def _letters(word: str, flags: str, valued: str, state: tuple[dict[str, str], list[str], int]) -> int:
    found, args, at = state
    for place, letter in enumerate(word):
        if letter in valued:
            value = word[place + 1 :] or "".join(args[at : at + 1])
            found[letter] = f"{found[letter]}\n{value}" if letter in found else value
            return at if word[place + 1 :] else at + 1
        if letter not in flags:
            raise NotUnderstoodError(f"the option -{letter}")
        found[letter] = ""
    return at


def _cat(args: list[str], files: Files, _shell: Shell) -> Result:
    _, names = _options(args, "")
    return Result(files.read(names))


def _tee(args: list[str], files: Files, _shell: Shell) -> Result:
    options, names = _options(args, "a append")
    text = files.read([])
    for name in names:
        files.write(name, text, append=bool(options.keys() & {"a", "append"}) or "a" in options)
    return Result(text)


def _lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


def _grep(args: list[str], files: Files, _shell: Shell) -> Result:
    flags = (
        "E F q i v c o x w n s h P quiet silent fixed-strings extended-regexp ignore-case invert-match count"
    )
    options, rest = _options(args, flags, "em")
    patterns = options["e"].split("\n") if "e" in options else rest[:1]
    names = rest if "e" in options else rest[1:]
    if not patterns or "P" in options:
        raise NotUnderstoodError("grep")
    fixed = bool(options.keys() & {"F", "fixed-strings"})
    basic = not fixed and not options.keys() & {"E", "extended-regexp"}
    forms = [re.escape(item) if fixed else _basic(item) if basic else item for item in patterns]
    form = "|".join(f"(?:{item})" for item in forms)
    form = f"^(?:{form})$" if "x" in options else rf"\b(?:{form})\b" if "w" in options else form
    ignore = re.IGNORECASE if options.keys() & {"i", "ignore-case"} else 0
    invert = bool(options.keys() & {"v", "invert-match"})
    found = [
        (line, match)
        for line in _lines(files.read(names))
        if ((match := search(form, line, ignore)) is not None) is not invert
    ]
    if options.keys() & {"q", "quiet", "silent"}:
        return Result(code=int(not found))
    if options.keys() & {"c", "count"}:
        return Result(f"{len(found)}\n", int(not found))
    shown = [match[0] if "o" in options and match else line for line, match in found]
    shown = shown[: int(options["m"])] if options.get("m", "").isdigit() else shown
    return Result("".join(f"{line}\n" for line in shown), int(not found))


def _basic(pattern: str) -> str:
    """A basic regular expression as an extended one: what needs a backslash there does not here, and the other way round."""
    return re.sub(r"\\([+?|(){}])|([+?|(){}])", lambda match: match[1] or "\\" + match[2], pattern)


def _head(args: list[str], files: Files, _shell: Shell) -> Result:
    options, names = _options(args, "", "n")
    return Result("".join(f"{line}\n" for line in _lines(files.read(names))[: _count(options)]))


def _tail(args: list[str], files: Files, _shell: Shell) -> Result:
    options, names = _options(args, "", "n")
    lines = _lines(files.read(names))
    if options.get("n", "").startswith("+"):
        return Result("".join(f"{line}\n" for line in lines[_number(options["n"][1:]) - 1 :]))
    count = _count(options)
    return Result("".join(f"{line}\n" for line in lines[len(lines) - min(count, len(lines)) :]))


def _count(options: dict[str, str]) -> int:
    return _number(options.get("n", "10"))


def _number(text: str) -> int:
    if not text.isdigit() or len(text) > 9:  # noqa: PLR2004 - more than there can be
        raise NotUnderstoodError(f"the number {text[:20]!r}")
    return int(text)


def _wc(args: list[str], files: Files, _shell: Shell) -> Result:
    options, names = _options(args, "l w c lines")
    text = files.read(names)
    if options.keys() & {"l", "lines"}:
        return Result(f"{text.count(chr(10))}\n")
    return Result(f"{len(text.split()) if 'w' in options else len(text.encode())}\n")


def _tr(args: list[str], files: Files, _shell: Shell) -> Result:
    options, rest = _options(args, "d s")
    sets = [_set(item) for item in rest]
    text = files.read([])
    if "s" in options or not sets:
        raise NotUnderstoodError("tr -s")
    if "d" in options:
        return Result("".join(char for char in text if char not in sets[0]))
    if len(sets) != 2 or not sets[1]:  # noqa: PLR2004 - from and to
        raise NotUnderstoodError("tr")
    to = sets[1] + sets[1][-1] * max(0, len(sets[0]) - len(sets[1]))
    return Result(text.translate({ord(one): other for one, other in zip(sets[0], to, strict=False)}))


def _set(text: str) -> str:
    for name, meaning in {
        "[:upper:]": "A-Z", "[:lower:]": "a-z", "[:space:]": " \t\n", "[:digit:]": "0-9",
    }.items():  # fmt: skip
        text = text.replace(name, meaning)
    text = escaped(text)
    return re.sub(
        r"([0-9A-Za-z])-([0-9A-Za-z])",
        lambda match: "".join(map(chr, range(ord(match[1]), ord(match[2]) + 1))),
        text,
    )


def _cut(args: list[str], files: Files, _shell: Shell) -> Result:
    options, names = _options(args, "s", "dfc")
    form = options.get("f", options.get("c", ""))
    match = re.fullmatch(r"(\d{1,5})(-?)(\d{0,5})", form)
    if match is None:
        raise NotUnderstoodError(f"cut -f {form[:20]}")
    first = int(match[1])
    last = int(match[3]) if match[3] else (None if match[2] else first)
    separator = options.get("d", "\t") or "\t"
    made = []
    for line in _lines(files.read(names)):
        if "c" in options:
            made.append(line[first - 1 : last])
        else:
            made.append(
                separator.join(line.split(separator)[first - 1 : last]) if separator in line else line
            )
    return Result("".join(f"{line}\n" for line in made))


def _sort(args: list[str], files: Files, _shell: Shell) -> Result:
    options, names = _options(args, "r u n V")
    lines = _lines(files.read(names))
    if "u" in options:
        lines = list(dict.fromkeys(lines))
    lines.sort(key=_leading if options.keys() & {"n", "V"} else lambda line: (0.0, line))
    return Result("".join(f"{line}\n" for line in (reversed(lines) if "r" in options else lines)))


def _leading(line: str) -> tuple[float, str]:
    match = re.match(r"\s*(-?\d{1,15})", line)
    return (float(match[1]) if match else 0.0, line)


def _awk(args: list[str], files: Files, _shell: Shell) -> Result:
    """`awk '{print $2}'`, also with `NR==2` before it, and with -F."""
    options, rest = _options(args, "", "F")
    match = re.fullmatch(
        r"\s*(?:NR\s*==\s*(\d{1,6})\s*)?\{\s*print\s+\$(\d{1,3}|NF)\s*;?\s*\}\s*", rest[0] if rest else ""
    )
    if match is None:
        raise NotUnderstoodError(f"awk {rest[0][:40]!r}" if rest else "awk")
    made = []
    for number, line in enumerate(_lines(files.read(rest[1:])), 1):
        if match[1] and number != int(match[1]):
            continue
        parts = line.split(options["F"]) if options.get("F", " ").strip() else line.split()
        at = len(parts) if match[2] == "NF" else int(match[2])
        made.append(line if match[2] == "0" else parts[at - 1] if 0 < at <= len(parts) else "")
    return Result("".join(f"{line}\n" for line in made))


def _sed(args: list[str], files: Files, _shell: Shell) -> Result:
    """One substitution: `sed 's/a/b/g'`."""
    options, rest = _options(args, "E r n", "e")
    program = options.get("e", "".join(rest[:1]))
    names = rest if "e" in options else rest[1:]
    match = re.fullmatch(r"s([/|#,])((?:(?!\1).)*)\1((?:(?!\1).)*)\1(g?)", program)
    if match is None or "n" in options or re.search(r"[\\&]", match[3]):
        raise NotUnderstoodError(f"sed {program[:40]!r}")
    pattern = match[2] if options.keys() & {"E", "r"} else _basic(match[2])
    made = [replace(pattern, line, match[3], every=bool(match[4])) for line in _lines(files.read(names))]
    return Result("".join(f"{line}\n" for line in made))


def _basename(args: list[str], _files: Files, _shell: Shell) -> Result:
    name = (args[0] if args else "").rstrip("/").rpartition("/")[2]
    return Result(name.removesuffix(args[1] if len(args) > 1 else "") + "\n")


def _dirname(args: list[str], _files: Files, _shell: Shell) -> Result:
    return Result(((args[0] if args else "").rstrip("/").rpartition("/")[0] or ".") + "\n")


def _base64(args: list[str], files: Files, _shell: Shell) -> Result:
    options, names = _options(args, "d decode", "w")
    text = files.read(names)
    if not options.keys() & {"d", "decode"}:
        return Result(base64.b64encode(text.encode()).decode() + "\n")
    try:
        return Result(base64.b64decode(text).decode())
    except ValueError:
        return Result(code=1, err="base64: invalid input\n")


def _seq(args: list[str], _files: Files, _shell: Shell) -> Result:
    numbers = [_number(item) for item in args]
    if not 1 <= len(numbers) <= 2:  # noqa: PLR2004 - the last, or the first and the last
        raise NotUnderstoodError("seq")
    first, last = (1, numbers[0]) if len(numbers) == 1 else numbers
    if last - first > 20_000:  # noqa: PLR2004 - more than a script may run
        raise NotUnderstoodError(f"seq {' '.join(args)[:40]}")
    return Result("".join(f"{item}\n" for item in range(first, last + 1)))


def _hostname(_args: list[str], _files: Files, _shell: Shell) -> Result:
    return Result("rehearsal\n")


def _mktemp(_args: list[str], files: Files, _shell: Shell) -> Result:
    files.write("/tmp/rehearsal", "", append=False)  # noqa: S108 - a name for the script; there are no files
    return Result("/tmp/rehearsal\n")  # noqa: S108


TOOLS: dict[str, Tool] = {
    "awk": _awk,
    "base64": _base64,
    "basename": _basename,
    "cat": _cat,
    "cut": _cut,
    "date": date,
    "dirname": _dirname,
    "echo": echo,
    "grep": _grep,
    "head": _head,
    "hostname": _hostname,
    "jq": jq_command,
    "mktemp": _mktemp,
    "printf": printf,
    "sed": _sed,
    "seq": _seq,
    "sort": _sort,
    "tail": _tail,
    "tee": _tee,
    "tr": _tr,
    "wc": _wc,
}
