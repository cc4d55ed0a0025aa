"""JSON, YAML and TOML."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fcc.evaluations.validation import validate_artifact


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("json", '{"a": [1, null, "é"]}'),
        ("json", "1"),
        ("yaml", "a: 1\n---\n- b\n"),
        ("yaml", "x: !Ref y\n"),
        ("toml", "[a]\nb = 1\n"),
        ("toml", ""),
    ],
)
def test_what_can_be_read_is_valid(kind, text):
    """A text of its format is valid."""
    assert validate_artifact(kind, text).valid is True


@pytest.mark.parametrize(
    ("kind", "text", "rule", "line"),
    [
        ("json", "", "json-syntax", 1),
        ("json", '{"a": 1,\n}', "json-syntax", None),
        ("json", "{'a': 1}", "json-syntax", 1),
        ("json", '{\n// no\n"a": 1}', "json-syntax", 2),
        ("json", "[1,\n2", "json-syntax", 2),
        ("json", "```json\n{}\n```", "json-syntax", 1),
        ("json", '{"a": 1,\n"a": 2}', "json-value", 2),
        ("json", "[\nNaN]", "json-value", 2),
        ("json", "9" * 5000, "json-value", 1),
        ("yaml", "a: [\n", "yaml-syntax", 2),
        ("yaml", "a: 1\na: 2\n", "yaml-syntax", 2),
        ("toml", "[a]\nb = \n", "toml-syntax", 2),
        ("toml", "a = 1\na = 2\n", "toml-syntax", None),
        ("toml", "a = [", "toml-syntax", 1),
    ],
)
def test_what_cannot_be_read_is_invalid(kind, text, rule, line):
    """What is not of its format is told with its line."""
    result = validate_artifact(kind, text)
    assert result.valid is False
    assert result.findings[0].rule == rule
    assert line in {None, result.findings[0].line}


def test_a_json_with_a_comma_too_many_says_so():
    """The usual mistakes in JSON come with how to fix them."""
    assert "double quotes" in validate_artifact("json", "{'a': 1}").findings[0].hint
    assert "comment" in validate_artifact("json", "{// a\n}").findings[0].hint
    assert "close" in validate_artifact("json", "[1, ").findings[0].hint


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("json", "[" * 100_000),
        ("toml", "a = " + "[" * 50_000),
        ("toml", "a." * 20_000 + "b = 1"),
        ("yaml", "[" * 9000),
    ],
)
def test_endless_nesting_is_not_valid(kind, text):
    """What is nested without end neither crashes nor passes."""
    assert validate_artifact(kind, text).valid is not True


@settings(max_examples=100)
@given(
    st.sampled_from(["json", "yaml", "toml"]),
    st.text(max_size=60) | st.sampled_from(["\ud800", '"\ud800"', "a: \ud800"]),
)
def test_any_text(kind, text):
    """Any text gives a result."""
    validate_artifact(kind, text)
