"""A Dockerfile's lines as instructions: directives, comments, continued lines, here-documents, flags, JSON arrays.

The format is that of https://docs.docker.com/reference/dockerfile/.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

_DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.*?)\s*")
_DIRECTIVES = {"escape", "syntax", "check"}
_WORD = re.compile(r"(?:\\.|'(?:\\.|[^'\\])*(?:'|\\?\Z)|\"(?:\\.|[^\"\\])*(?:\"|\\?\Z)|[^\s'\"\\]|\\\Z)+")
_FLAG = re.compile(rf"(--{_WORD.pattern})\s*")
_CLOSED = re.compile(r"(?:\\.|'[^']*'|\"(?:\\.|[^\"\\])*\"|[^'\"\\])*")
_HEREDOC = re.compile(r"[0-9]*<<(-?)([^<]+)")
_WITH_HEREDOC = {"ADD", "COPY", "RUN"}


class Instruction(NamedTuple):
    """One instruction of a Dockerfile."""

    line: int
    """The line that it starts on, from 1."""
    name: str
    """In capitals."""
    flags: tuple[str, ...]
    """The words that start with `--`, before anything else."""
    rest: str
    """What follows them."""
    unclosed: str = ""
    """The end mark of a here-document that never comes."""
    starts: tuple[tuple[int, int], ...] = ()
    """How many characters before the end of `rest` each of its lines starts, or before that, and its number."""
    heredocs: tuple[str, ...] = ()
    """The lines of its here-documents, with their end marks."""
    heredocs_at: int = 0
    """The line that they start on."""

    @property
    def exec_form(self) -> object:
        """What a JSON array stands for; None where there is none."""
        if not self.rest.startswith("["):
            return None
        try:
            return json.loads(self.rest)
        except (ValueError, RecursionError):
            return None

    def words(self) -> list[str]:
        """The arguments, with their quotes."""
        array = self.exec_form
        return [str(item) for item in array] if isinstance(array, list) else words(self.rest)


def words(text: str) -> list[str]:
    """The words of a line as BuildKit splits them: with their quotes, one that is not closed going on to the end."""
    return _WORD.findall(text)


def escape_of(lines: list[str]) -> tuple[str, int, str]:
    r"""The escape sign (`\` or a backtick), and what is wrong with the parser directives, with its line."""
    seen: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        found = _DIRECTIVE.fullmatch(line.strip())
        name = found[1].lower() if found else ""
        if found is None or name not in _DIRECTIVES:
            break
        if name in seen:
            return seen.get("escape", "\\"), number, f"the directive `{name}` is given twice"
        seen[name] = found[2]
        if name == "escape" and found[2] not in {"\\", "`"}:
            return (
                "\\",
                number,
                f"`{found[2][:20]}` can't be the escape sign; only a backslash or a backtick can",
            )
    return seen.get("escape", "\\"), 0, ""


def instructions(lines: list[str], escape: str) -> Iterator[Instruction]:
    """Every instruction, in order."""
    continued = re.compile(rf"(?:(?<!{re.escape(escape)})|^){re.escape(escape)}[ \t]*$")
    index = 0
    while index < len(lines):
        start = index
        parts: list[str] = []
        begun: list[int] = []
        while index < len(lines):
            line = lines[index].lstrip() if not parts else lines[index]
            index += 1
            if not line.strip() or line.lstrip().startswith("#"):
                if parts:
                    continue
                break
            cut = continued.search(line)
            begun.append(index)
            parts.append(line[: cut.start()] if cut else line)
            if not cut:
                break
        text = "".join(parts).strip()
        if not text:
            continue
        found = split(text, start + 1)._replace(starts=tuple(_starts(parts, begun)))
        after = index
        for mark, tabs in _heredocs(found):
            index = _after(lines, index, mark, tabs=tabs)
            if index > len(lines):
                found = found._replace(unclosed=mark)
                index = len(lines)
        yield found._replace(heredocs=tuple(lines[after:index]), heredocs_at=after + 1)


def _starts(parts: list[str], begun: list[int]) -> Iterator[tuple[int, int]]:
    """For each line of an instruction how far before its end it starts, without the spaces at the end."""
    left = len("".join(parts).rstrip())
    for part, number in zip(parts, begun, strict=True):
        yield left, number
        left -= len(part)


def split(text: str, line: int) -> Instruction:
    """An instruction's name, flags and the rest of it."""
    name, *after = text.split(None, 1)
    rest = after[0] if after else ""
    flags, end = [], 0
    while flag := _FLAG.match(rest, end):
        flags.append(flag[1])
        end = flag.end()
    return Instruction(line, name.upper(), tuple(flags), rest[end:])


def _heredocs(instruction: Instruction) -> Iterator[tuple[str, bool]]:
    """The end mark of each here-document that an instruction starts, and whether tabs before it are dropped."""
    if instruction.name == "ONBUILD" and instruction.rest:
        instruction = split(instruction.rest, instruction.line)
    if instruction.name not in _WITH_HEREDOC or isinstance(instruction.exec_form, list):
        return
    if not _CLOSED.fullmatch(instruction.rest):
        return  # BuildKit reads no here-document then
    for word in words(instruction.rest):
        heredoc = _HEREDOC.fullmatch(word)
        if heredoc and (mark := re.sub(r"['\"\\]", "", heredoc[2])):
            yield mark, bool(heredoc[1])


def _after(lines: list[str], index: int, mark: str, *, tabs: bool) -> int:
    """The index after the line that ends a here-document; past the end of the lines where none does."""
    for at in range(index, len(lines)):
        if (lines[at].lstrip("\t") if tabs else lines[at]) == mark:
            return at + 1
    return len(lines) + 1
