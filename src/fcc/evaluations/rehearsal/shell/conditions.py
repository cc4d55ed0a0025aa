"""Conditions of a script: `[[ … ]]`, `[ … ]` and `test`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fcc.evaluations.rehearsal.shell.pattern import fullmatch, search
from fcc.evaluations.rehearsal.shell.state import PROGRAMS, delivered
from fcc.evaluations.rehearsal.shell.syntax import Node, NotUnderstoodError

if TYPE_CHECKING:
    from fcc.evaluations.rehearsal.shell.state import Shell
    from fcc.evaluations.rehearsal.shell.words import Expander

_NUMBERS = {"-eq", "-ne", "-lt", "-le", "-gt", "-ge"}
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_TWO, _THREE = 2, 3


def holds(node: Node, expander: Expander) -> bool:
    """Whether a test command holds."""
    inside = [item for item in node.children[1:-1] if item.type not in {"\n", ";"}]
    if len(inside) != 1:
        raise NotUnderstoodError(f"`{node.text[:60]}`", node.line)
    return _holds(inside[0], expander, is_single=node.children[0].type == "[")


def _holds(node: Node, expander: Expander, *, is_single: bool) -> bool:  # noqa: PLR0911 - one for each form
    children = node.children
    if node.type == "binary_expression" and len(children) == _THREE:
        left, operator, right = children[0], children[1].text, children[2]
        if operator in {"&&", "-a"}:
            return _holds(left, expander, is_single=is_single) and _holds(
                right, expander, is_single=is_single
            )
        if operator in {"||", "-o"}:
            return _holds(left, expander, is_single=is_single) or _holds(right, expander, is_single=is_single)
        return _compares(left, operator, right, expander, is_single=is_single)
    if node.type == "unary_expression" and len(children) == _TWO:
        operator = children[0].text
        if operator == "!":
            return not _holds(children[1], expander, is_single=is_single)
        if operator in {"-v", "-R"}:
            return expander.shell.get(expander.text(children[1])) is not None
        return unary(operator, expander.text(children[1]), expander.shell)
    if node.type == "negated_command" or (
        node.type == "parenthesized_expression" and len(children) == _THREE
    ):
        inner = node.named[0]
        return _holds(inner, expander, is_single=is_single) is (node.type != "negated_command")
    return bool(expander.text(node))


def _compares(left: Node, operator: str, right: Node, expander: Expander, *, is_single: bool) -> bool:
    one = expander.text(left)
    if operator in {"=", "==", "!="} and not is_single:
        return fullmatch(expander.pattern(right), one) is (operator != "!=")
    if operator == "=~":
        pattern = right.text if right.type == "regex" else expander.text(right)
        if "$" in pattern.rstrip("$").rstrip(")").rstrip("$"):
            raise NotUnderstoodError(f"the pattern {pattern[:40]}", right.line)
        match = search(pattern, one)
        groups = [item or "" for item in (match[0], *match.groups())] if match else []
        expander.shell.put("BASH_REMATCH", groups)
        return match is not None
    return binary(one, operator, expander.text(right), right.line)


def binary(one: str, operator: str, other: str, line: int = 0) -> bool:
    """Whether two texts compare so."""
    if operator in _NUMBERS:
        numbers = one.strip(), other.strip()
        if not all(_WHOLE.fullmatch(item) for item in numbers):
            return False  # the shell prints "integer expression expected" and goes on
        left, right = map(int, numbers)
        return {
            "-eq": left == right, "-ne": left != right, "-lt": left < right,
            "-le": left <= right, "-gt": left > right, "-ge": left >= right,
        }[operator]  # fmt: skip
    if operator in {"=", "==", "!="}:
        return (one == other) is (operator != "!=")
    if operator in {"<", ">"}:
        return one < other if operator == "<" else one > other
    raise NotUnderstoodError(f"the comparison {operator}", line)


def unary(operator: str, text: str, shell: Shell) -> bool:
    """Whether a text, or the file of that name, is so."""
    if operator in {"-z", "-n"}:
        return bool(text) is (operator == "-n")
    if operator in {"-f", "-e", "-r", "-s", "-x"}:
        is_program = text.startswith(PROGRAMS) and operator != "-s"
        return is_program or shell.file_text(text) is not None
    if operator == "-d":
        folder = delivered(f"{text}/").rstrip("/")
        return folder in {"", ".", "tmp"} or any(f"/{folder}/" in f"/{file}" for file in shell.files)
    if operator in {"-t", "-L", "-h", "-p", "-S"}:
        return operator == "-p" and text == "/dev/stdin"
    raise NotUnderstoodError(f"the test {operator}")


def test(words: Sequence[str], shell: Shell) -> bool:
    """Whether what the command `test` is given holds."""
    if not words:
        return False
    if words[0] == "!":
        return not test(words[1:], shell)
    if len(words) == 1:
        return bool(words[0])
    if len(words) == _TWO:
        return unary(words[0], words[1], shell)
    if len(words) == _THREE:
        return binary(words[0], words[1], words[2])
    raise NotUnderstoodError(f"test {' '.join(words)[:40]}")
