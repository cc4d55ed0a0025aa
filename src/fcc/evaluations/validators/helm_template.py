"""Helm's templates: whether what they open is closed; what they render to is left to `helm`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fcc.evaluations.validators.check import NotCheckedError, error
from fcc.simulation import Finding

_OPENING = {"block", "define", "if", "range", "with"}
_COMMENT = re.compile(r"\{\{-?\s*/\*")
_COMMENT_END = re.compile(r"\*/\s*-?\}\}")
_ACTION = re.compile(
    r"\{\{-?((?:[^\"`'{}]|\"(?:\\.|[^\"\\\n])*\"|`[^`]*`|'(?:\\.|[^'\\\n])+'|\{(?!\{)|\}(?!\}))*)\}\}",
    re.DOTALL,
)
_WORD = re.compile(r"[a-z]+")
_MOST_FINDINGS = 50


def check(text: str) -> Iterator[Finding]:
    """The findings on a template: blocks and `{{ }}` that are not closed; without any it still is not checked.

    The syntax is that of Go's templates (https://pkg.go.dev/text/template).
    """
    found = list(_findings(text))
    yield from found
    if not found:
        raise NotCheckedError("a template can be checked with its chart only: run `helm lint` on the chart")


def _findings(text: str) -> Iterator[Finding]:
    open_blocks: list[tuple[str, int]] = []
    line, counted, at = 1, 0, text.find("{{")
    while at >= 0:
        line += text.count("\n", counted, at)
        counted = at
        word, end = _action(text, at)
        if end < 0:
            yield error(
                "helm-template-braces", f"{word} is not closed", line, "Close it before the next `{{`."
            )
            return
        if word in _OPENING:
            open_blocks.append((word, line))
        elif word in {"end", "else"} and not open_blocks:
            yield error(
                "helm-template-blocks",
                f"`{word}` belongs to no block",
                line,
                "Take it out, or open one above.",
            )
            return
        elif word == "end":
            open_blocks.pop()
        at = text.find("{{", end)
    for name, start in reversed(open_blocks[-_MOST_FINDINGS:]):
        yield error("helm-template-blocks", f"`{name}` is never ended", start, "Add `{{ end }}`.")


def _action(text: str, at: int) -> tuple[str, int]:
    """The first word of what stands in braces, and where it ends; -1 for what is not closed, with what that is."""
    comment = _COMMENT.match(text, at)
    if comment:
        close = text.find("*/", comment.end())
        found = _COMMENT_END.match(text, close) if close >= 0 else None
        return ("", found.end()) if found else ("a comment", -1)
    action = _ACTION.match(text, at)
    if action is None:
        return "`{{`", -1
    word = _WORD.match(action[1].strip())
    return (word[0] if word else ""), action.end()
