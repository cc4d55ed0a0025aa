"""Terraform and other HCL."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fcc.evaluations import validation
from fcc.evaluations.validation import validate_artifact

GOOD = 'resource "aws_instance" "web" {\n  ami = var.ami\n  tags = { Name = "web-${var.env}" }\n}\n'


@pytest.fixture(autouse=True)
def _nothing_kept():
    """Each test has its own results, whatever was found on the same text before."""
    validation._validated.cache_clear()


def test_what_can_be_read_is_valid():
    """Blocks and expressions are read, with or without a last line end."""
    assert validate_artifact("hcl", GOOD).valid is True
    assert validate_artifact("hcl", GOOD.rstrip()).valid is True


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        (GOOD.replace("}\n}", "\n}"), None),
        (GOOD.replace("{", "", 1), 2),
        ("a {\n", None),
        ("```hcl\na = 1\n```", 1),
    ],
)
def test_what_cannot_be_read_is_invalid(text, line):
    """What is not HCL is told with its line."""
    result = validate_artifact("hcl", text)
    assert result.valid is False
    assert line in {None, result.findings[0].line}


def test_what_can_not_be_looked_at_is_not_checked(monkeypatch):
    """A text that is too long, and one without the package, is not checked."""
    assert validate_artifact("hcl", "a = 1\n" * 20_000).valid is None
    monkeypatch.setitem(sys.modules, "hcl2", None)
    result = validate_artifact("hcl", GOOD)
    assert result.valid is None
    assert "pip install" in result.reason


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=40) | st.sampled_from(["\ud800", "a = " + "[" * 5000, "\0"]))
def test_any_text(text):
    """Any text gives a result."""
    validate_artifact("hcl", text)
