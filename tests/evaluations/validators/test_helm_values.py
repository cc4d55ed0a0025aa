"""Helm's values."""

from __future__ import annotations

import pytest

from fcc.evaluations.validation import validate_artifact


@pytest.mark.parametrize("text", ["", "# none\n", "replicas: 2\nimage: {tag: 1.0}\n"])
def test_a_mapping_is_valid(text):
    """Any mapping is a file of values, and so is an empty file."""
    assert validate_artifact("helm_values", text).valid is True


@pytest.mark.parametrize("text", ["- a\n", "a\n", "a: 1\na: 2\n", "a: [\n", "a: 1\n---\nb: 2\n", "\ud800"])
def test_what_is_no_mapping_is_invalid(text):
    """A list, a text, a key given twice and a second document are refused."""
    assert validate_artifact("helm_values", text).valid is False
