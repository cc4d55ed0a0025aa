"""A Markdown page taken apart: front matter, headings, links, pictures, code blocks, each with its line. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from fcc import _yaml
from fcc.errors import InvalidFileError

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

LONGEST = 500_000
"""How many characters a page may have that is read."""
_LONGEST_PART = 10_000
"""Of a longer paragraph the links are not looked for: the time that this takes grows with its square."""

_FRONT = re.compile(
    r"\A\ufeff?---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.MULTILINE | re.DOTALL
)
_OPEN = re.compile(r"\A\ufeff?---[ \t]*\r?\n[ \t]*(?:#[^\n]*\n[ \t]*)*[A-Za-z_][\w .-]{0,60}:(?:[ \t]|\r?\n)")
_ATTRIBUTES = re.compile(r"[ \t]*\{[:]?[ \t]*([^{}\n]*)\}[ \t]*$")
_ID = re.compile(r"(?:^|[ \t])#([^\s{}]+)")
_ANCHOR = re.compile(
    r"<[a-zA-Z][^<>]*?\s(?:id|name)\s*=\s*[\"']?([^\s\"'<>]+)|\{:?[^{}\n]*?#([^\s{}]+)[^{}\n]*\}|^\(([^()\s]+)\)=$",
    re.MULTILINE,
)
_HTML_TITLE = re.compile(r"<h1[\s>]", re.IGNORECASE)


class Front(NamedTuple):
    """What stands between the first two lines of dashes."""

    data: dict[str, Any] | None
    """None where it can't be read, or is no mapping."""
    lines: dict[str, int]
    """The line of each key."""
    problem: str
    """What is wrong with it; ""."""
    line: int
    """Of the problem."""


class Heading(NamedTuple):
    """A heading that is no part of a list or a quotation."""

    level: int
    text: str
    """As it is read, without marks."""
    anchor: str
    """The one that its author gave it; ""."""
    line: int


class Link(NamedTuple):
    """A link or a picture."""

    target: str
    text: str
    """What is read, or stands for the picture."""
    picture: bool
    line: int


class Fence(NamedTuple):
    """A fenced code block."""

    info: str
    closed: bool
    line: int
    end: int
    """The line after it."""


class PageText(NamedTuple):
    """What a page consists of."""

    front: Front | None
    headings: tuple[Heading, ...]
    links: tuple[Link, ...]
    fences: tuple[Fence, ...]
    code: frozenset[int]
    """The lines of code blocks."""
    anchors: frozenset[str]
    """Those of HTML elements, of attribute lists and of MyST's targets; headings in a quotation or a list."""
    html_title: bool
    """Whether a heading of the first level is written in HTML."""

    @property
    def title(self) -> str:
        """The one in the front matter; ""."""
        data = self.front.data if self.front is not None else None
        return str((data or {}).get("title") or "").strip()


@lru_cache(maxsize=256)
def read_page(text: str) -> PageText:
    """The parts of a page, as CommonMark (spec.commonmark.org/0.31.2) with tables reads them.

    A page of more than `LONGEST` characters has none.
    """
    if len(text) > LONGEST:
        return PageText(None, (), (), (), frozenset(), frozenset(), html_title=False)
    front, start = _front(text)
    lines = text.split("\n")
    body = "\n".join([""] * start + lines[start:])
    reader = _Reader(lines)
    for token in _block_parser().parse(body):
        reader.read(token)
    return PageText(
        front,
        tuple(reader.headings),
        tuple(reader.links),
        tuple(reader.fences),
        frozenset(reader.code),
        frozenset(reader.anchors),
        html_title=reader.html_title,
    )


def _front(text: str) -> tuple[Front | None, int]:
    """The front matter, and how many lines it takes."""
    found = _FRONT.match(text)
    looks = bool(_OPEN.match(text))
    if found is None or not (looks or not found[1].strip()):
        return (Front(None, {}, "the front matter is never closed", 1) if looks else None), 0
    end = found[0].count("\n") + (not found[0].endswith("\n"))
    try:
        document = _yaml.parse_all(f"\n{found[1]}", "")
    except InvalidFileError as refused:
        problem = refused.problems[0]
        return Front(None, {}, f"the front matter is not YAML: {problem.message}", problem.line), end
    data = document[0].data if document else None
    if data is not None and not isinstance(data, dict):
        return Front(None, {}, "the front matter is no mapping of `key: value` lines", 2), end
    lines = (
        {str(path[0]): place[0] for path, place in document[0].places.items() if len(path) == 1}
        if document
        else {}
    )
    return Front(data or {}, lines, "", 0), end


@lru_cache(maxsize=1)
def _block_parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable("table").disable("inline")


@lru_cache(maxsize=1)
def _inline_parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark")


class _Reader:
    """Collects the parts, token by token."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._heading, self._inner = 0, False
        self.headings: list[Heading] = []
        self.links: list[Link] = []
        self.fences: list[Fence] = []
        self.code: set[int] = set()
        self.anchors: set[str] = set()
        self.html_title = False

    def read(self, token: Token) -> None:
        start, end = token.map or (0, 0)
        if token.type == "heading_open":
            self._heading, self._inner = int(token.tag[1:]), token.level > 0
        elif token.type == "inline":
            self._inline(token.content, start + 1)
            self._heading = 0
        elif token.type == "fence":
            closed = end - start > 1 and _is_end(self._lines[end - 1], token.markup)
            self.fences.append(Fence(token.info.strip(), closed, start + 1, end + 1))
            self.code.update(range(start + 1, end + 1))
        elif token.type == "code_block":
            self.code.update(range(start + 1, end + 1))
        elif token.type == "html_block":
            self._html(token.content)

    def _html(self, text: str) -> None:
        self.anchors.update(found[found.lastindex or 0] for found in _ANCHOR.finditer(text))
        self.html_title = self.html_title or bool(_HTML_TITLE.search(text))

    def _inline(self, content: str, line: int) -> None:
        level, anchor = self._heading, ""
        if level and (given := _ATTRIBUTES.search(content)):
            anchor = next(iter(_ID.findall(given[1])), "")
            content = content[: given.start()]
        self._html(content)
        if level and not content.strip():
            return
        children = (
            _inline_parser().parseInline(content)[0].children or [] if len(content) <= _LONGEST_PART else []
        )
        if level:
            text = _read(children) if children else content
            if self._inner:
                self.anchors.add(text)
            else:
                self.headings.append(Heading(level, text.strip(), anchor, line))
        self.links += _links(children, content, line)


def _is_end(line: str, mark: str) -> bool:
    """Whether a line ends a fence; it may stand in a quotation or a list."""
    bare = line.strip(" \t\r>")
    return len(bare) >= len(mark) and not bare.strip(mark[0])


def _read(tokens: list[Token]) -> str:
    """The text that a reader sees."""
    return "".join(
        token.content if token.type in {"text", "code_inline"} else " " if token.type == "softbreak" else ""
        for token in tokens
    )


def _links(tokens: list[Token], content: str, line: int) -> Iterator[Link]:
    """The links and pictures of a paragraph, in order; each is looked for from where the one before was found."""
    at = 0
    for index, token in enumerate(tokens):
        picture = token.type == "image"
        if not picture and (token.type != "link_open" or token.info == "auto"):
            continue
        target = str(token.attrs.get("src" if picture else "href", ""))
        found = content.find(target or "](", at)
        at = max(at, found)
        text = token.content if picture else _inside(tokens, index)
        yield Link(target, text.strip(), picture, line + content.count("\n", 0, at))


def _inside(tokens: list[Token], index: int) -> str:
    """What is read of a link; of a picture in it, the words that stand for it or a mark that it is there."""
    said = []
    for token in tokens[index + 1 :]:
        if token.type == "link_close":
            break
        said.append(token.content or ("picture" if token.type == "image" else ""))
    return "".join(said)
