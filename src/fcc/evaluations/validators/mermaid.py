"""Mermaid diagrams: whether there is one, of a kind that Mermaid draws; nothing here can check more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches

from fcc.evaluations.validators.check import NotCheckedError, error
from fcc.simulation import Finding

TYPES = {
    "C4Component",
    "C4Container",
    "C4Context",
    "C4Deployment",
    "C4Dynamic",
    "architecture",
    "architecture-beta",
    "block",
    "block-beta",
    "classDiagram",
    "classDiagram-v2",
    "erDiagram",
    "flowchart",
    "flowchart-elk",
    "gantt",
    "gitGraph",
    "graph",
    "info",
    "journey",
    "kanban",
    "mindmap",
    "packet",
    "packet-beta",
    "pie",
    "quadrantChart",
    "radar",
    "radar-beta",
    "requirement",
    "requirementDiagram",
    "sankey",
    "sankey-beta",
    "sequenceDiagram",
    "stateDiagram",
    "stateDiagram-v2",
    "timeline",
    "treemap",
    "treemap-beta",
    "xychart",
    "xychart-beta",
    "zenuml",
}
"""The words that a diagram can start with (https://mermaid.js.org/intro/syntax-reference.html)."""

_BEFORE = re.compile(r"\A\s*(?:---[ \t]*\n.*?\n---[ \t]*(?:\n|\Z)\s*)?(?:%%[^\n]*(?:\n|\Z)\s*)*", re.DOTALL)
_CONTENT = re.compile(r"[\n;]\s*[^\s;]")
_FIRST = re.compile(r"[^\s:;]+")


def check(text: str) -> Iterator[Finding]:
    """The findings on a diagram: that it is empty, or starts with no known type; else it is not checked."""
    before = _BEFORE.match(text)
    start = before.end() if before else 0
    first = _FIRST.match(text, start)
    line = text.count("\n", 0, start) + 1
    if first is None:
        yield error(
            "mermaid-empty", "there is no diagram in it", line, "Start with its type, as in `flowchart LR`."
        )
    elif first[0] not in TYPES:
        near = get_close_matches(first[0][:40], TYPES, 1)
        hint = f"Did you mean `{near[0]}`?" if near else "Start with its type, as in `flowchart LR`."
        yield error("mermaid-type", f"`{first[0][:40]}` is no type of diagram", line, hint)
    elif first[0] != "info" and not _CONTENT.search(text, first.end()):
        yield error("mermaid-empty", "the diagram has no content", line, "Write what it shows.")
    else:
        raise NotCheckedError("nothing here reads Mermaid beyond the type of the diagram")
