"""Whether an artifact is valid: True, False or not checked."""

from __future__ import annotations

import sys

import pytest

from fcc.evaluations import validation
from fcc.evaluations.validation import KINDS, validate_artifact


@pytest.fixture(autouse=True)
def _nothing_kept():
    """Each test has its own results, whatever was found on the same text before."""
    validation._validated.cache_clear()


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_has_its_check(kind):
    """Each kind is checked by a module that is there, and a text that is none of it is never valid by accident."""
    result = validate_artifact(kind, "]")
    assert result.kind == kind
    assert result.valid is not True or kind in {"markdown", "shell", "toml"}


@pytest.mark.parametrize("kind", ["", "poem", "../json"])
def test_an_unknown_kind_is_not_checked(kind):
    """A kind that nothing checks is not checked, and the reason names it."""
    result = validate_artifact(kind, "text")
    assert (result.valid, result.findings) == (None, ())
    assert (kind or "text") in result.reason


def test_a_missing_tool_is_not_checked(monkeypatch):
    """Without its tool a good text is not checked, and the reason says what to install."""
    monkeypatch.setitem(sys.modules, "sqlglot", None)
    result = validate_artifact("sql", "SELECT 1")
    assert result.valid is None
    assert "pip install 'fcc-agents[validators]'" in result.reason


def test_an_error_counts_without_the_tool(monkeypatch):
    """An error that is found before a tool is missed makes the text invalid."""
    monkeypatch.setitem(sys.modules, "dockerfile", None)
    result = validate_artifact("dockerfile", "FROM a\nCOPY b\n")
    assert (result.valid, result.reason) == (False, "")


def test_a_finding_names_its_file():
    """Each finding carries the file that it is about, a rule, a line and what is wrong."""
    (finding,) = validate_artifact("json", "{", file="a.json").findings
    assert (finding.file, finding.rule, finding.line) == ("a.json", "json-syntax", 1)
    assert finding.message
