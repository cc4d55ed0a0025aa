"""What the words of a script expand to (the shell's expansions; POSIX.1-2017, "Shell Command Language", 2.6)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from fcc.evaluations.rehearsal.shell import pattern
from fcc.evaluations.rehearsal.shell.arithmetic import evaluate
from fcc.evaluations.rehearsal.shell.pattern import Segment, joined, plain, unescaped
from fcc.evaluations.rehearsal.shell.state import ExitError, Shell, Streams
from fcc.evaluations.rehearsal.shell.syntax import MOST_TEXT, Node, NotUnderstoodError, parse

_ESCAPES = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "\\": "\\",
    "'": "'",
    '"': '"',
    "a": "\a",
    "e": "\x1b",
    "0": "\0",
}
_BRACES = re.compile(r"(?<!\$)\{[^{}\s]*(?:,|\.\.)[^{}\s]*\}")
_TRIES = 50
"""How much more a pattern at an end of a text costs, which is tried at every length, than the text itself."""
Substitute = Callable[[Shell, Node, Streams], str]


class Expander:
    """Expands words; `substitute` runs a command substitution and gives what it prints."""

    def __init__(self, shell: Shell, streams: Streams, substitute: Substitute) -> None:
        self.shell, self.streams, self.substitute = shell, streams, substitute

    def fields(self, nodes: Iterable[Node]) -> list[str]:
        """The words that nodes expand to, split where they are not quoted."""
        found: list[str] = []
        for node in nodes:
            made = self._split(self.segments(node))
            self.shell.spend(len(made) + sum(map(len, made)))
            found += made
        return found

    def text(self, node: Node | None) -> str:
        """What one node expands to, unsplit."""
        return joined(self.segments(node)) if node is not None else ""

    def pattern(self, node: Node) -> str:
        """The regular expression of a shell pattern."""
        return pattern.glob(self.segments(node))

    def _split(self, segments: list[Segment]) -> list[str]:
        separators = self.shell.get("IFS") or ""
        found: list[str] = []
        current, started = "", False
        for item in segments:
            if item.breaks:
                found.append(current)
                current, started = "", True
            if not item.splits or not separators:
                current += item.text
                started = started or item.quoted or bool(item.text)
                continue
            first = True
            for part in re.split("[" + re.escape(separators) + "]+", item.text):
                if not first:
                    if started and (current or part or not separators.isspace()):
                        found.append(current)
                    current, started = "", False
                current += part
                started = started or bool(part)
                first = False
        if started:
            found.append(current)
        return found

    def segments(self, node: Node, *, quoted: bool = False) -> list[Segment]:
        """The parts of a word after expansion."""
        text = node.text
        if (
            quoted and text[:1].isspace() and node.type in _EXPANSIONS
        ):  # the grammar counts the blank before it in
            blank = text[: len(text) - len(text.lstrip())]
            return [Segment(blank, quoted=True), *self._made(node)]
        return self._made(node)

    def _made(self, node: Node) -> list[Segment]:
        make = _KINDS.get(node.type)
        if make is None:
            raise NotUnderstoodError(f"`{node.text[:40]}`", node.line)
        made = make(self, node)
        size = len(made) + sum(len(item.text) for item in made)
        if size > MOST_TEXT:
            raise NotUnderstoodError("a word that grows too long", node.line)
        self.shell.spend(size)
        return made

    def word(self, node: Node) -> list[Segment]:
        text = node.text
        if _BRACES.search(text):
            raise NotUnderstoodError(f"the brace expansion {text[:40]}", node.line)
        return unescaped(text)

    def literal(self, node: Node) -> list[Segment]:
        return [Segment(node.text)]

    def raw(self, node: Node) -> list[Segment]:
        return [Segment(node.text[1:-1], quoted=True)]

    def heredoc(self, node: Node, *, raw: bool) -> str:
        """The text of a here-document, with its expansions unless its end was quoted."""
        if raw or not node.children:
            return node.text if raw else plain(node.text)
        last = node.text[: len(node.text) - len(node.tail(0))]
        found = [plain(last)]
        for piece in node.pieces():
            if isinstance(piece, str) or piece.type == "heredoc_content":
                last = piece if isinstance(piece, str) else piece.text
                found.append(plain(last))
            elif (len(last) - len(last.rstrip("\\"))) % 2:  # the grammar overlooks `\\$` here
                found[-1] = found[-1].removesuffix("\\")
                found.append(piece.text)
            else:
                found.append(joined(self.segments(piece, quoted=True)))
                last = ""
        return "".join(found)

    def ansi(self, node: Node) -> list[Segment]:
        text = re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], "\\" + match[1]), node.text[2:-1])
        return [Segment(text, quoted=True)]

    def string(self, node: Node) -> list[Segment]:
        found = [Segment("", quoted=True)]
        if len(node.children) > 2 and (gap := node.between(0, 1)):  # noqa: PLR2004 - more than its quotes
            found.append(Segment(gap, quoted=True))
        for piece in node.pieces(1, -1):
            if isinstance(piece, str):
                found.append(Segment(piece, quoted=True))
            elif piece.type == "string_content" or len(piece.text) == 1:
                text = re.sub(r"\\([$`\"\\\n])", lambda match: match[1].strip("\n"), piece.text)
                found.append(Segment(text, quoted=True))
            else:
                found += (
                    item._replace(quoted=True, splits=False)
                    for item in self._quoted(piece)
                )  # fmt: skip
        return [] if len(found) == 2 and found[1].text == "\0" else found  # noqa: PLR2004 - nothing but "$@"

    def _quoted(self, piece: Node) -> list[Segment]:
        name = _parameter(piece)
        if name is None:
            return self.segments(piece, quoted=True)
        values = self.items(name, piece)
        if not values:
            return [Segment("\0", quoted=True)]
        return [Segment(value, quoted=True, breaks=at > 0) for at, value in enumerate(values)]

    def items(self, name: str, node: Node) -> list[str]:
        """The items of `$@` or of an array."""
        if name == "@":
            self.shell.wanted_args = self.shell.wanted_args or not self.shell.args
            start = re.fullmatch(r"\$\{@:(\d+)\}", node.text.strip())
            if start is None and not re.fullmatch(r"\$\{?@\}?", node.text.strip()):
                raise NotUnderstoodError(f"`{node.text[:40]}`", node.line)
            return self.shell.args[max(0, int(start[1]) - 1) if start else 0 :]
        value = self.shell.variables.get(name)
        if value is None and name not in self.shell.assigned:
            raise _unknown(name, node)
        return list(value) if isinstance(value, list) else [value] if value else []

    def concatenation(self, node: Node) -> list[Segment]:
        if _BRACES.search(re.sub(r"\"[^\"]*\"|'[^']*'|\$\{[^}]*\}", "", node.text)):
            raise NotUnderstoodError(f"the brace expansion {node.text[:40]}", node.line)
        found: list[Segment] = []
        for piece in node.pieces():
            found += [Segment(piece)] if isinstance(piece, str) else self._part(piece)
        return found

    def _part(self, piece: Node) -> list[Segment]:
        return self.segments(piece, quoted=True) if piece.type in _KINDS else unescaped(piece.text)

    def command(self, node: Node) -> list[Segment]:
        if node.text.strip().startswith(
            "$(("
        ):  # within a here-document the grammar reads arithmetic as a command
            return self._arithmetic_of(node)
        text = self.substitute(self.shell, node, self.streams)
        return [Segment(text.replace("\0", "").rstrip("\n"), splits=True)]

    def arithmetic(self, node: Node) -> list[Segment]:
        return [Segment(str(self.number(node)))]

    def _arithmetic_of(self, node: Node) -> list[Segment]:
        root = parse(f"x={node.text.strip()}")
        inner = root.named[0].named[-1] if root.named else root
        if inner.type != "arithmetic_expansion":
            raise NotUnderstoodError(f"`{node.text.strip()[:40]}`", node.line)
        return self.arithmetic(inner)

    def number(self, node: Node) -> int:
        """The value of `$((…))`, `$[…]` or `((…))`."""
        parts = [
            piece if isinstance(piece, str) else self._arithmetic_part(piece) for piece in node.pieces(1, -1)
        ]
        return evaluate("".join(parts), self._number_of, self.shell.put)

    def _number_of(self, name: str) -> str:
        value = self.shell.get(name)
        if value is None and name not in self.shell.assigned:
            raise NotUnderstoodError(f"{name} comes from the environment, which is not known here")
        return value or "0"

    def _arithmetic_part(self, node: Node) -> str:
        if node.type in {
            "simple_expansion",
            "expansion",
            "command_substitution",
            "string",
            "arithmetic_expansion",
        }:
            return self.text(node)
        if not node.children:
            return node.text
        return "".join(
            piece if isinstance(piece, str) else self._arithmetic_part(piece) for piece in node.pieces()
        )

    def simple(self, node: Node) -> list[Segment]:
        name = node.text.strip()[1:]
        if name in {"@", "*"}:
            values = self.items("@", node) if name == "@" else self.shell.args
            if name == "*":
                return [Segment(" ".join(values), splits=True)]
            return [Segment(value, splits=True, breaks=at > 0) for at, value in enumerate(values)]
        return [Segment(self.required(name, node), splits=True)]

    def value(self, name: str) -> str | None:
        """The value of a parameter, special or not; None where it is not set."""
        shell = self.shell
        if name.isdigit() and name != "0":
            shell.wanted_args = shell.wanted_args or int(name) > len(shell.args)
            return shell.args[int(name) - 1] if int(name) <= len(shell.args) else None
        if name == "#":
            shell.wanted_args = shell.wanted_args or not shell.args
        special = {"?": str(shell.status), "#": str(len(shell.args)), "0": shell.file, "$": "4242",
                   "-": "", "!": "4243", "*": " ".join(shell.args), "@": " ".join(shell.args)}  # fmt: skip
        if name in {"BASH_SOURCE", "FUNCNAME"}:
            return shell.file
        return special[name] if name in special else shell.get(name)

    def required(self, name: str, node: Node) -> str:
        """The value of a parameter; what the script would get from outside is not known."""
        found = self.value(name)
        if found is not None:
            return found
        if name.isdigit():
            if "nounset" in self.shell.options:
                raise NotUnderstoodError(f"it needs the argument ${name}", node.line)
        elif name not in self.shell.assigned:
            raise _unknown(name, node)
        elif "nounset" in self.shell.options:
            self.shell.write(self.streams.err, f"{name}: unbound variable\n")
            raise ExitError(1)
        return ""

    def expansion(self, node: Node) -> list[Segment]:
        children = node.children
        if children[1].type == "#" and len(children) == 4:  # noqa: PLR2004 - ${, #, name and }
            return [Segment(str(self._length(children[2], node)))]
        name, at = _named(children[1]), 1
        if name is None:
            raise NotUnderstoodError(f"`{node.text[:40]}`", node.line)
        array = _parameter(node)
        if array is not None:
            values = self.items(array, node)
            return [Segment(value, splits=True, breaks=place > 0) for place, value in enumerate(values)]
        if children[1].type == "subscript":
            return [Segment(self._item(children[1], name, node), splits=True)]
        if len(children) == 3:  # noqa: PLR2004 - ${, name and }
            return [Segment(self.required(name, node), splits=True)]
        return self._operated(node, name, children[at + 1].type, at + 2)

    def _length(self, of: Node, node: Node) -> int:
        array = re.fullmatch(r"(\w+)\[[@*]\]", of.text)
        if array:
            return len(self.items(array[1], node))
        return len(self.required(_named(of) or "", node))

    def _item(self, subscript: Node, name: str, node: Node) -> str:
        index = subscript.text.partition("[")[2].rstrip("]")
        if name in {"BASH_SOURCE", "FUNCNAME"}:
            return self.shell.file
        items = self.items(name, node)
        if not index.isdigit() or not node.text.endswith("]}"):
            raise NotUnderstoodError(f"`{node.text[:40]}`", node.line)
        return items[int(index)] if int(index) < len(items) else ""

    def _operated(self, node: Node, name: str, operator: str, first: int) -> list[Segment]:
        value = self.value(name)
        if operator in {":-", "-", ":=", "=", ":+", "+", ":?", "?"}:
            return self._defaulted(node, name, value, operator)
        text = value if value is not None else self.required(name, node)
        if operator in {"#", "##", "%", "%%"}:
            self.shell.spend(_TRIES * len(text))
            return [Segment(pattern.strip(pattern.glob(self._rest(node)), text, operator), splits=True)]
        if operator in {"/", "//"}:
            return [Segment(self._replaced(node, text, operator, first), splits=True)]
        if operator in {"^^", ",,", "^", ","} and len(node.children) == 4:  # noqa: PLR2004 - no pattern
            changed = text if len(operator) == 2 else text[:1]  # noqa: PLR2004 - all of it
            changed = changed.upper() if "^" in operator else changed.lower()
            return [Segment(changed + text[len(changed) :], splits=True)]
        if operator == ":":
            return [Segment(self._cut(node, text), splits=True)]
        raise NotUnderstoodError(f"`{node.text[:40]}`", node.line)

    def _defaulted(self, node: Node, name: str, value: str | None, operator: str) -> list[Segment]:
        is_set = bool(value) if operator[0] == ":" else value is not None
        if operator[-1] == "+":
            return self._rest(node) if is_set else []
        if is_set:
            return [Segment(value or "", splits=True)]
        if operator[-1] == "?":
            if name.isdigit() or name not in self.shell.assigned:
                raise NotUnderstoodError(
                    f"it needs {'the argument $' if name.isdigit() else ''}{name}, which is not known here",
                    node.line,
                )
            self.shell.write(self.streams.err, f"{name}: {joined(self._rest(node))}\n")
            raise ExitError(1)
        rest = self._rest(node)
        if operator[-1] == "=":
            self.shell.put(name, joined(rest))
        return [item if item.quoted else item._replace(splits=True) for item in rest]

    def _rest(self, node: Node, first: int = 3) -> list[Segment]:
        """What stands after an operator."""
        found: list[Segment] = []
        if first < len(node.children) - 1 and (gap := node.between(first - 1, first)):
            found.append(Segment(gap))
        for piece in node.pieces(first, -1):
            found += [Segment(piece)] if isinstance(piece, str) else self._part(piece)
        return found

    def _replaced(self, node: Node, text: str, operator: str, first: int) -> str:
        children = node.children
        slash = next((at for at in range(first, len(children)) if children[at].type == "/"), None)
        sought = [
            segment for child in children[first : slash or len(children) - 1] for segment in self._part(child)
        ]
        new = "" if slash is None else joined(self._rest(node, slash + 1))
        return pattern.replace(pattern.glob(sought), text, new, every=operator == "//")

    def _cut(self, node: Node, text: str) -> str:
        match = re.fullmatch(r"\$\{\w+:\s*(-?\d+)(?::(-?\d+))?\}", node.text.strip())
        if match is None:
            raise NotUnderstoodError(f"`{node.text[:40]}`", node.line)
        end = None if match[2] is None else int(match[2])
        rest = text[int(match[1]) :]
        return rest if end is None else rest[:end]


def _unknown(name: str, node: Node) -> NotUnderstoodError:
    return NotUnderstoodError(f"{name} comes from the environment, which is not known here", node.line)


def _named(node: Node) -> str | None:
    if node.type == "subscript":
        return node.text.partition("[")[0]
    return node.text if node.type in {"variable_name", "special_variable_name"} else None


def _parameter(node: Node) -> str | None:
    """`@`, or the name of the array, where a node is all of its items; None otherwise."""
    match = re.fullmatch(r"\$@|\$\{(@)(?::\d+)?\}|\$\{(\w+)\[[@*]\]\}", node.text.strip())
    if match is None:
        return None
    return match[2] or "@"


_EXPANSIONS = {"arithmetic_expansion", "command_substitution", "expansion", "simple_expansion"}
_KINDS: dict[str, Callable[[Expander, Node], list[Segment]]] = {
    "ansi_c_string": Expander.ansi,
    "arithmetic_expansion": Expander.arithmetic,
    "command_name": lambda self, node: self.segments(node.children[0]),
    "command_substitution": Expander.command,
    "concatenation": Expander.concatenation,
    "expansion": Expander.expansion,
    "extglob_pattern": Expander.word,
    "number": Expander.literal,
    "raw_string": Expander.raw,
    "regex": Expander.literal,
    "simple_expansion": Expander.simple,
    "string": Expander.string,
    "variable_name": Expander.literal,
    "word": Expander.word,
}
