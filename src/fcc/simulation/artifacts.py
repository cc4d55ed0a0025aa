"""The files in a reply: fenced code blocks, each with a name that stays inside its folder. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from fcc.simulation._paths import Taken, safe_path

if TYPE_CHECKING:
    from fcc.simulation._markdown import Block

_SUFFIX = {
    "bash": ".sh",
    "dockerfile": ".Dockerfile",
    "go": ".go",
    "hcl": ".tf",
    "ini": ".ini",
    "javascript": ".js",
    "js": ".js",
    "json": ".json",
    "markdown": ".md",
    "md": ".md",
    "promql": ".promql",
    "py": ".py",
    "python": ".py",
    "sh": ".sh",
    "shell": ".sh",
    "sql": ".sql",
    "terraform": ".tf",
    "toml": ".toml",
    "yaml": ".yaml",
    "yml": ".yaml",
}

_MOST_FILES = 500
"""How many files one reply may yield; what follows stays in the reply."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file found in a reply."""

    path: str
    """Where it belongs below the step's folder: relative, with `/`, and safe to join."""
    kind: str
    """What it is, by `kind_of`: a kind that can be validated; else the fence's language; "" where it names none."""
    content: str
    first_line: int
    """The line of the reply on which the content starts, from 1."""
    last_line: int
    """The line on which it ends."""


class _File(NamedTuple):
    """A file as the reply has it; its lines are counted from 0, and `end` is no part of it."""

    name: str
    language: str
    lines: list[str]
    start: int
    end: int


def extract_artifacts(text: str) -> tuple[Artifact, ...]:
    """Every file in the fenced blocks of a Markdown text, in order, at most 500; an unclosed block holds what follows.

    Its name is the one in the fence's info string (`path=…`, or a bare file name), in a comment that the content
    begins with, or in the line or heading before it, made safe by `safe_path`; without one, it is `block-<n>` with the
    suffix of its language. A block that several such comments divide gives several files; what a terminal shows gives
    none, unless the fence names it. A block of Markdown around a whole reply is seen through. No two artifacts share a
    path.
    """
    if "```" not in text and "~~~" not in text:
        return ()
    from fcc.simulation.kinds import kind_of

    found: list[Artifact] = []
    taken = Taken()
    for file in _files(text.split("\n")):
        number = len(found) + 1
        path = _path(file.name) or f"block-{number}{_SUFFIX.get(file.language, '.txt')}"
        content = "".join(f"{line}\n" for line in file.lines)
        kind = kind_of(path, file.language, content)
        last = max(file.end, file.start + 1)
        found.append(Artifact(taken.unique(path), kind, content, file.start + 1, last))
        if number == _MOST_FILES:
            break
    return tuple(found)


def _files(lines: list[str]) -> Iterator[_File]:
    from fcc.simulation._markdown import blocks

    several = blocks(lines)
    first = next(several, None)
    if first is None:
        return
    second = next(several, None)
    files = _of_block(first, lines)
    if second is None:
        yield from _inside(first, files) or files
        return
    yield from files
    yield from _of_block(second, lines)
    for block in several:
        yield from _of_block(block, lines)


def _inside(wrapper: Block, files: list[_File]) -> list[_File]:
    """The files in a block of Markdown that holds a whole reply: one without a name, in which files have names."""
    from fcc.simulation._markdown import blocks

    if not wrapper.is_markdown or files[0].name:
        return []
    lines, inner = files[0].lines, list[_File]()
    for block in blocks(lines):
        inner += _of_block(block, lines)
        if len(inner) >= _MOST_FILES:
            break
    moved = [file._replace(start=file.start + wrapper.start, end=file.end + wrapper.start) for file in inner]
    return moved if any(file.name for file in inner) else []


def _of_block(block: Block, lines: list[str]) -> list[_File]:
    from fcc.simulation import _names
    from fcc.simulation._markdown import dedented

    language, start = block.language, block.start
    content = [dedented(line, block.column) for line in lines[start : block.end]]
    name = _names.from_info(block.info)
    if not name and (parts := _names.from_comments(content, language)):
        return [
            _File(part.name, language, content[part.start : part.end], start + part.start, start + part.end)
            for part in parts
        ]
    name = name or _names.from_text(block.before, language)
    if not name and not _names.is_use(block.before, language):
        name = _names.from_text(block.heading, language, is_near=False)
    if not name and language in _names.TERMINAL:
        return []
    return [_File(name, language, content, start, block.end)]


def _path(name: str) -> str:
    """The name as a path; "" where making it safe leaves no more than a suffix of it."""
    path = safe_path(name)
    hidden = path.rpartition("/")[2].startswith(".")
    return path if not hidden or name.replace("\\", "/").rpartition("/")[2].startswith(".") else ""


__all__ = ["Artifact", "extract_artifacts", "safe_path"]
