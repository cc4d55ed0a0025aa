"""SQL of any of the common dialects."""

from __future__ import annotations

import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fcc.evaluations import validation
from fcc.evaluations.validation import validate_artifact
from fcc.evaluations.validators import sql


@pytest.fixture(autouse=True)
def _nothing_kept():
    """Each test has its own results, whatever was found on the same text before."""
    validation._validated.cache_clear()


@pytest.mark.parametrize(
    "text",
    [
        "SELECT a FROM b WHERE c = 'd';",
        "select `a` from b limit 3",
        "SELECT TOP 3 [a b] FROM c",
        "CREATE TABLE t (a int primary key);\nINSERT INTO t VALUES (1);",
        "SELECT 1 UNION (SELECT 2)",
    ],
)
def test_what_a_dialect_reads_is_valid(text, capfd):
    """A statement that one dialect reads is valid, and nothing is printed."""
    assert validate_artifact("sql", text).valid is True
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("-- nothing\n", 1),
        ("SELECT a FROM", 1),
        ("SELECT 1;\nSELEC a FROM b", 2),
        ("SELECT (1", 1),
        ("SELECT 'a", 1),
        ("SELECT 1;\nSELECT 'it''s', -- it's\n 'abc FROM t;\nSELECT 2;\n", 3),
        ("SELECT 1;\n\n/* abc", 3),
        ("SELECT 1;\n\nfoo;\nSELECT 2;", 3),
        ("SELECT 1;\n\n\nhello\nworld\n", 4),
        ("SELECT 1;\nSELECT a FROM t WHERE;\nSELECT 2;", 2),
        ("SELECT 1;\nSELECT FROM WHERE x;\nSELECT 2;", 2),
        ("hello world", 1),
        ("```sql\nSELECT 1\n```", None),
    ],
)
def test_what_no_dialect_reads_is_invalid(text, line):
    """What no dialect reads is told as by the one that came furthest."""
    result = validate_artifact("sql", text)
    assert result.valid is False
    assert line in {None, result.findings[0].line}


@pytest.mark.parametrize(
    "text",
    [
        "\\c shop\nSELECT 1;\n",
        "CREATE TABLE a (b int);\n\\d a\n",
        "SELECT 1;\n  \\i other.sql\n",
        "SELECT 'CREATE DATABASE b' WHERE NOT EXISTS (SELECT 1)\\gexec\n",
        "COPY a (b, c) FROM stdin;\n1\tx\n2\ty z\n\\.\nSELECT 1;\n",
        "copy public.a\nfrom STDIN with (format csv);\n1,x y\n\\.\n",
    ],
)
def test_what_only_psql_reads_is_not_checked(text):
    """A file with commands of psql, or the data of a COPY, is not called wrong SQL."""
    result = validate_artifact("sql", text)
    assert (result.valid, "psql's own commands" in result.reason) == (None, True)


def test_a_backslash_elsewhere_is_no_command_of_psql():
    """A backslash within a text does not keep the rest from being checked."""
    assert validate_artifact("sql", "SELECT 'a\\b';\n").valid is True
    assert validate_artifact("sql", "SELECT 'a\\b' FROM WHERE;\n").valid is False


@pytest.mark.parametrize("part", ["\n", "COPY ", "COPY a ", "\\\\g ", " \t"])
def test_looking_for_psql_takes_a_moment(part):
    """No text, however it repeats, takes long to be looked through."""
    started = time.perf_counter()
    assert sql._PSQL.search(part * (60_000 // len(part)) + "x") is None or "g" in part
    assert time.perf_counter() - started < 1.5


def test_a_message_is_in_plain_words():
    """What the library calls its tokens and classes is not shown."""
    for text in ("SELECT FROM WHERE x", "SELECT a FROM t WHERE"):
        assert "<" not in validate_artifact("sql", text).findings[0].message


def test_what_can_not_be_looked_at_is_not_checked(monkeypatch):
    """What the library only skips, what is too long, and what it is not there for, is not checked."""
    assert validate_artifact("sql", "VACUUM FULL t;").valid is None
    assert validate_artifact("sql", "SELECT 1;\n" * 20_000).valid is None
    monkeypatch.setitem(sys.modules, "sqlglot", None)
    assert validate_artifact("sql", "SELECT 1").valid is None


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=40) | st.sampled_from(["\ud800", "SELECT " + "(" * 3000, "\0"]))
def test_any_text(text):
    """Any text gives a result."""
    validate_artifact("sql", text)


def test_a_text_over_which_the_parser_stumbles_is_invalid(monkeypatch):
    """A mistake of the parser's own, in every dialect, is a text that no dialect reads, and no crash."""

    def parse(text, read=None):
        raise AttributeError("of the parser's own")

    monkeypatch.setattr("sqlglot.parse", parse)
    result = validate_artifact("sql", "SELECT 1 -- stumbled over")
    assert (result.valid, [finding.rule for finding in result.findings]) == (False, ["sql-syntax"])
