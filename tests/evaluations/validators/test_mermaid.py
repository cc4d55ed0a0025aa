"""Mermaid diagrams."""

from __future__ import annotations

import pytest

from fcc.evaluations.validation import validate_artifact


@pytest.mark.parametrize(
    "text",
    [
        "flowchart LR\n  a --> b\n",
        "%% a remark\ngraph TD; a-->b",
        "---\ntitle: x\n---\nsequenceDiagram\n  a->>b: c\n",
    ],
)
def test_a_diagram_is_not_checked(text):
    """A diagram of a known type is not checked further, and says so."""
    result = validate_artifact("mermaid", text)
    assert (result.valid, result.findings) == (None, ())


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        ("", "mermaid-empty", 1),
        ("%% only this\n", "mermaid-empty", 2),
        ("flowchart TD\n", "mermaid-empty", 1),
        ("\nflowchrt TD\n a --> b\n", "mermaid-type", 2),
        ("```mermaid\ngraph TD\n```\n", "mermaid-type", 1),
        ("\ud800\0", "mermaid-type", 1),
    ],
)
def test_what_is_no_diagram_is_invalid(text, rule, line):
    """An empty diagram and an unknown type are told with their line."""
    result = validate_artifact("mermaid", text)
    assert [(finding.rule, finding.line) for finding in result.findings] == [(rule, line)]
