"""Python files: parsed and compiled, never run."""

from __future__ import annotations

import sys
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fcc.evaluations import validation
from fcc.evaluations.validation import validate_artifact
from fcc.evaluations.validators import python


@pytest.fixture(autouse=True)
def _nothing_kept():
    """Each test has its own results, whatever was found on the same text before."""
    validation._validated.cache_clear()


def _found(text: str):
    result = validate_artifact("python", text)
    return result.valid, [(finding.rule, finding.line) for finding in result.findings]


@pytest.mark.parametrize("text", ["", "x = 1\n", "async def f():\n    await g()\n", "def f():\n\tyield\n"])
def test_what_compiles_is_valid(text):
    """A module that compiles is valid."""
    assert _found(text) == (True, [])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("x = (\n", 1),
        ("if x:\npass\n", 2),
        ("return 1\n", 1),
        ("x = 1\nbreak\n", 2),
        ("def f(a, a): pass\n", 1),
        ("def f():\n    x = 1\n    nonlocal x\n", 3),
        ("x = 1\nfrom __future__ import annotations\n", 2),
        ("def f():\n    await g()\n", 2),
        ("__debug__ = 1\n", 1),
        ("*a, *b = c\n", 1),
        ("print 'a'\n", 1),
        ("try:\n    pass\nexcept A, b:\n    pass\n", 3),
        ("if 1:\n\tx\n        y\n", 3),
        ("%matplotlib inline\n", 1),
        (">>> 1\n", 1),
        ("```python\nx = 1\n```\n", 1),
        ("yield 1\n[(yield x) for x in y]\n", 2),
        ("x = 1\n\0", None),
        ("x = '\ud800'\n", 1),
    ],
)
def test_what_does_not_compile_is_invalid(text, line):
    """What Python refuses is told with its line, whether the parser or the compiler says it."""
    valid, found = _found(text)
    assert valid is False
    assert found[0][0] == "python-syntax"
    assert line in {None, found[0][1]}


@pytest.mark.parametrize("text", ["yield 1\n", "x = yield from y\n", "await f()\n", "class A:\n    yield\n"])
def test_a_part_of_a_function_is_warned_of(text):
    """What waits or yields outside a function may be a part of one: a warning."""
    assert _found(text) == (True, [("python-outside-function", text.count("\n"))])


def test_the_rest_of_a_part_of_a_function_is_checked():
    """Beside a `yield` outside a function another mistake is an error still."""
    assert _found("yield 1\nbreak\n")[0] is False


def test_python_s_own_warnings_stay_here():
    """A warning of the compiler's is advice, and none reaches the caller."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert _found("x = 1\ny = x is 1\n") == (True, [("python-warning", 2)])


def test_a_newer_python_is_advice(monkeypatch):
    """Syntax of a newer Python is valid where ruff knows it, and is refused where nothing does."""
    said = '[{"message": "Cannot use x on Python 3.1 (syntax was added in Python 3.99)", "location": {"row": 1}}]'
    monkeypatch.setattr(python, "find_tool", lambda name: name)
    monkeypatch.setattr(python, "run_tool", lambda *args, **kwargs: python_said(said))
    assert _found("some new syntax\n") == (True, [("python-version", 1)])
    monkeypatch.setattr(python, "find_tool", lambda name: None)
    assert _found("some newer syntax\n") == (False, [("python-syntax", 1)])


def python_said(out: str):
    from fcc.evaluations.validators._command import Completed

    return Completed(1, out, "")


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="this Python knows it")
def test_a_newer_python_is_known_to_ruff():
    """A type statement is valid, with the version that it needs."""
    pytest.importorskip("ruff")
    result = validate_artifact("python", "type X = int\n")
    assert result.valid is True
    assert "3.12" in result.findings[0].hint


def test_what_ruff_refuses_is_invalid(monkeypatch):
    """A syntax error that only ruff tells counts; output that is no JSON does not."""
    monkeypatch.setattr(python, "find_tool", lambda name: name)
    said = '[{"message": "no", "location": {"row": 2}}]'
    monkeypatch.setattr(python, "run_tool", lambda *args, **kwargs: python_said(said))
    assert _found("x = 1\n") == (False, [("python-syntax", 2)])
    monkeypatch.setattr(python, "run_tool", lambda *args, **kwargs: python_said("?"))
    assert _found("x = 2\n") == (True, [])


@pytest.mark.parametrize(
    "text", ["-" * 100_000 + "1", "1" + "+1" * 100_000, "a" + ".b" * 100_000, "not " * 50_000]
)
def test_deep_nesting_is_not_checked(text, monkeypatch):
    """What is nested too deep for the parser is not checked, and does not crash."""
    monkeypatch.setattr(python, "find_tool", lambda name: None)
    assert validate_artifact("python", text).valid is None


def test_nothing_is_run(tmp_path):
    """A module is read only: what it would do is not done."""
    mark = tmp_path / "mark"
    assert validate_artifact("python", f"open({str(mark)!r}, 'w')\n").valid is True
    assert not mark.exists()


@settings(max_examples=80, deadline=None)
@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from(["(", "yield", " ", "\n", "await x", "f'{", ":", "\t", "\0"])).map("".join)
)
def test_any_text(text):
    """Any text gives a result."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(python, "find_tool", lambda name: None)
        validate_artifact("python", text)


@pytest.mark.parametrize("text", ["def f(:\n", "x = (1\n", "a b\n", "print 'a'\n", "```\n", "x = '\0'\n"])
def test_a_syntax_error_has_a_hint(text):
    """Whatever can't be read is told with what to do."""
    findings = validate_artifact("python", text).findings
    assert findings
    assert all(finding.hint for finding in findings)
