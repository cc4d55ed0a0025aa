"""Secrets do not get out."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcc.redaction import note_secret, printable, redact, redact_values, secrets_in

KEYS = [
    "sk-abcdefghijklmnop",
    "sk-ant-REDACTED",
    "AIzaSyA1234567890abcdefghijklmnopqrstuv",
    "gsk_abcdefghijklmnop1234",
    "hf_abcdefghijklmnop1234",
    "ghp_abcdefghijklmnopqrstuvwxyz",
    "AKIAABCDEFGHIJKLMNOP",
    "xoxb-1234567890-abc",
]


@pytest.mark.parametrize("key", KEYS)
def test_keys_of_known_issuers_are_taken_out(key: str) -> None:
    """A text shaped like a key does not survive, wherever it stands."""
    assert key not in redact(f"failed with key '{key}' at once")


def test_bearer_tokens_and_passwords_in_urls_are_taken_out() -> None:
    """What follows `Bearer`, and what stands before the @ of a URL, is secret."""
    text = redact("Authorization: Bearer abc.def-123456 to https://user:hunter22@host/x")
    assert "abc.def" not in text
    assert "hunter22" not in text
    assert "host/x" in text


def test_the_environments_secrets_are_taken_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The value of a variable named like a secret is replaced by the variable's name, also where JSON escapes it."""
    monkeypatch.setenv("MY_API_KEY", 'odd"value\\here')
    assert redact('it is odd"value\\here.') == "it is [redacted:MY_API_KEY]."
    assert "value" not in redact_values(json.dumps({"a": 'odd"value\\here'}))


def test_ordinary_variables_are_left_alone() -> None:
    """Only names that end like a secret's count, and short values don't."""
    found = secrets_in(
        {
            "PATH": "/usr/bin:/bin",
            "HOST": "a-long-hostname",
            "A_TOKEN": "short",
            "B_TOKEN": "long-enough",
            "C_PASSWORD": "deployment",
            "D_TOKEN": "x" * 19,
        }
    )
    assert set(found) == {"long-enough"}


def test_plain_text_is_not_touched() -> None:
    """Words that merely look technical stay."""
    text = "Run task-123 with disk-sk- and eyJ as prefix; see https://host/path and sk-1."
    assert redact(text) == text


@given(st.text(max_size=300), st.sampled_from(KEYS))
def test_no_surrounding_text_saves_a_key(text: str, key: str) -> None:
    """A key between white space is found in whatever surrounds it."""
    assert key not in redact(f"{text} {key} {text}")


@given(st.text(max_size=300))
def test_redacting_twice_changes_nothing(text: str) -> None:
    """What has been redacted can be redacted again."""
    once = redact(text)
    assert redact(once) == once


@given(st.text(max_size=100))
def test_nothing_that_is_printed_steers_a_terminal(text: str) -> None:
    """Escape sequences, bells and direction marks are taken out; lines and tabs stay."""
    shown = printable(text + "\x1b]0;title\x07\u202e\x9b31m")
    assert all(char.isprintable() or char in "\n\t" for char in shown)
    assert printable("a\n\tb – ü") == "a\n\tb – ü"


def test_a_secret_of_any_length_is_one() -> None:
    """A token longer than any file name is taken like the others."""
    long = "a1" * 400
    assert set(secrets_in({"LONG_TOKEN": long})) == {long}


def test_a_variable_that_is_named_as_the_place_of_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it is called, its value is a secret from then on."""
    monkeypatch.setattr("fcc.redaction._named", set())
    monkeypatch.setenv("LAB_IN", "canary-33ff0a")
    assert redact("see canary-33ff0a") == "see canary-33ff0a"
    note_secret("LAB_IN")
    assert redact("see canary-33ff0a") == "see [redacted:LAB_IN]"
