"""A shell script as a syntax tree, by tree-sitter's grammar of bash; nothing of it is executed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

LONGEST = 100_000
"""How many characters a script may have."""
MOST_TEXT = 200_000
"""How many characters a variable or a word may hold."""


class NotUnderstoodError(Exception):
    """The script does what is not simulated; its text says what, `line` where."""

    def __init__(self, what: str, line: int = 0) -> None:
        super().__init__(what)
        self.what, self.line = what, line


class MissingToolError(Exception):
    """The grammar is not installed."""


class Node:
    """A node of a script's tree; `type` is that of the grammar."""

    __slots__ = ("_node", "_source", "type")

    def __init__(self, node: Any, source: bytes) -> None:
        self._node, self._source = node, source
        self.type: str = node.type

    @property
    def line(self) -> int:
        """The line on which it starts, from 1."""
        row: int = self._node.start_point[0]
        return row + 1

    @property
    def text(self) -> str:
        """Its source."""
        return self._source[self._node.start_byte : self._node.end_byte].decode()

    @property
    def named(self) -> list[Node]:
        """The children that are more than punctuation, without comments."""
        return [Node(item, self._source) for item in self._node.named_children if item.type != "comment"]

    @property
    def children(self) -> list[Node]:
        """Every child, without comments."""
        return [Node(item, self._source) for item in self._node.children if item.type != "comment"]

    @property
    def has_error(self) -> bool:
        """Whether the grammar could not read a part of it."""
        return bool(self._node.has_error)

    @property
    def first_error(self) -> int:
        """The line of the first part that the grammar could not read."""
        node = self._node
        while True:
            inner = next((item for item in node.children if item.has_error or item.is_missing), None)
            if inner is None or node.type == "ERROR":
                return int(node.start_point[0]) + 1
            node = inner

    @property
    def end(self) -> int:
        """Where it ends, in bytes."""
        return int(self._node.end_byte)

    def field(self, name: str) -> Node | None:
        """The child in a field of the grammar."""
        found = self._node.child_by_field_name(name)
        return Node(found, self._source) if found is not None else None

    def fields(self, name: str) -> list[Node]:
        """Every child in a field."""
        return [Node(item, self._source) for item in self._node.children_by_field_name(name)]

    def pieces(self, first: int = 0, last: int | None = None) -> Iterator[Node | str]:
        """The children from `first` to `last`, with the text between them, which has no nodes of its own."""
        items = self._node.children[first:last]
        at = items[0].start_byte if items else 0
        for item in items:
            if item.start_byte > at:
                yield self._source[at : item.start_byte].decode()
            yield Node(item, self._source)
            at = max(at, item.end_byte)

    def tail(self, start: int) -> str:
        """The source from the start of a child to its own end."""
        return self._source[self._node.children[start].start_byte : self._node.end_byte].decode()

    def between(self, start: int, end: int) -> str:
        """The source between the ends of one child and the start of another, by their numbers."""
        items = self._node.children
        return self._source[items[start].end_byte : items[end].start_byte].decode()


@lru_cache(maxsize=64)
def parse(text: str) -> Node:
    """The tree of a script.

    Raises:
        MissingToolError: tree-sitter or its grammar of bash is not installed.
        NotUnderstoodError: it is too long, or the grammar can't read a part of it.
    """
    if len(text) > LONGEST:
        raise NotUnderstoodError(f"it has more than {LONGEST:,} characters")
    try:
        import tree_sitter_bash
        from tree_sitter import Language, Parser
    except ImportError:
        raise MissingToolError from None
    source = re.sub(r"\r\n?", "\n", text).encode(errors="replace")
    parser = Parser(Language(tree_sitter_bash.language()))
    for _ in range(_MOST_MENDED):
        root = Node(parser.parse(source).root_node, source)
        if root.has_error:
            raise NotUnderstoodError("the grammar of bash can't read this", root.first_error)
        mend = _check(root)
        if mend is None:
            return root
        source = source[:mend] + b";" + source[mend:]
    raise NotUnderstoodError("too many lines with several assignments")


_STATEMENTS = frozenset(
    [
        "program",
        "list",
        "pipeline",
        "command",
        "redirected_statement",
        "if_statement",
        "elif_clause",
        "else_clause",
        "do_group",
        "compound_statement",
        "subshell",
        "while_statement",
        "for_statement",
        "case_statement",
        "case_item",
        "function_definition",
        "negated_command",
        "command_substitution",
        "variable_assignment",
        "variable_assignments",
        "declaration_command",
        "test_command",
    ]
)
_MOST_MENDED = 100
_CONTINUED = re.compile(r"\\\n")


def _check(root: Node) -> int | None:
    """Refuse what the grammar reads wrongly: a text between nodes that it dropped, a command that crosses a line's end.

    A lone `-` before a redirection is dropped, too, and put back where the redirection is read. A line of several
    assignments is read as the head of the next one: where that happens, the byte at which a `;` keeps them apart.
    """
    stack = [root]
    while stack:
        node = stack.pop()
        stack += node.children
        if node.type not in _STATEMENTS:
            continue
        last: Node | None = None
        for piece in node.pieces():
            gap = _CONTINUED.sub("", piece) if isinstance(piece, str) else ""
            if gap.strip() and not (node.type == "redirected_statement" and gap.strip() == "-"):
                raise NotUnderstoodError(f"`{gap.strip()[:40]}`", node.line)
            if node.type == "command" and "\n" in gap and last is not None:
                if last.type != "variable_assignment":
                    raise NotUnderstoodError(f"the line's end after `{last.text[:40]}`", node.line)
                return last.end
            last = last if isinstance(piece, str) else piece
    return None
