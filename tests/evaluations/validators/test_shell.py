"""Shell scripts: read by bash, never run."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fcc.evaluations import validation
from fcc.evaluations.validation import validate_artifact
from fcc.evaluations.validators import shell

GOOD = "#!/usr/bin/env bash\nset -euo pipefail\nif true; then\n  cat <<EOF\n$(date)\nEOF\nfi\n"


@pytest.fixture(autouse=True)
def _nothing_kept():
    """Each test has its own results, whatever was found on the same text before."""
    validation._validated.cache_clear()


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        "echo a",
        "#!/bin/sh\necho a\n",
        "# a comment\n",
        "#!/bin/ksh\ncase x in !(a)) ;; esac\n",
        "shopt -s extglob\nls !(a)\n",
        "apiVersion: v1\n",
    ],
)
def test_what_bash_reads_is_valid(text):
    """What bash reads to its end is valid."""
    result = validate_artifact("shell", text)
    assert (result.valid, [finding for finding in result.findings if finding.severity != "advice"]) == (
        True,
        [],
    )


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        ("", "shell-empty", 1),
        (GOOD.replace("then", ""), "shell-syntax", 7),
        (GOOD.replace("fi\n", ""), "shell-syntax", None),
        (GOOD.replace("\nEOF", "\n  EOF"), "shell-heredoc", 4),
        ("echo 'a\n", "shell-syntax", None),
        ("for i in 1 2; do\n  echo $i\n", "shell-syntax", None),
        ("a ;;\n", "shell-syntax", 1),
        ("f() {\n", "shell-syntax", None),
        ("```bash\necho a\n```\n", "shell-fence", 1),
        ("Here is the script:\necho a\n", "shell-prose", 1),
        ("echo a\0b\n", "shell-syntax", 1),
        ("if true; then\r\n  a\r\nfi\r\n", "shell-syntax", None),
    ],
)
def test_what_bash_refuses_is_invalid(text, rule, line):
    """What bash can't read is told with its line, and a here-document without an end too."""
    result = validate_artifact("shell", text)
    assert result.valid is False
    assert result.findings[0].rule == rule
    assert line in {None, result.findings[0].line}


@pytest.mark.parametrize("shebang", ["#!/usr/bin/fish", "#!/usr/bin/env -S python3 -u", "#! /bin/zsh"])
def test_another_program_is_not_checked(shebang):
    """A script for another program is not read as one for bash."""
    assert validate_artifact("shell", f"{shebang}\nend\n").valid is None


def test_nothing_is_run(tmp_path):
    """A script is read only: what it would do is not done."""
    mark = tmp_path / "mark"
    assert validate_artifact("shell", f"set +n\ntouch {mark}\n$(touch {mark})\n").valid is True
    assert not mark.exists()


def test_without_bash_it_is_not_checked(monkeypatch):
    """Without bash a script is not checked, and says so."""
    monkeypatch.setattr("fcc.evaluations.validators.shell.find_tool", lambda name: None)
    result = validate_artifact("shell", GOOD)
    assert (result.valid, result.reason) == (None, "bash is not installed, or not on PATH")


def test_shellcheck_advises_only():
    """An error that shellcheck finds in what bash reads is advice."""
    text = "#!/bin/bash\nx = $1\n"
    result = validate_artifact("shell", text)
    assert result.valid is True
    assert all(finding.severity == "advice" for finding in result.findings)


BASH_ONLY = ["a=(1 2)", "cat <<< a", "diff <(a) <(b)", "function f {\n  a\n}"]


@pytest.mark.skipif(shell._plain_sh() is None, reason="there is no dash")
@pytest.mark.parametrize("line", BASH_ONLY)
@pytest.mark.parametrize("shebang", ["#!/bin/sh", "#!/usr/bin/env sh", "#! /bin/dash -e"])
def test_what_only_bash_reads_is_refused_of_sh(shebang, line):
    """What sh refuses is an error in a script whose first line names sh, and in no other."""
    result = validate_artifact("shell", f"{shebang}\n\n{line}\n")
    assert [(item.rule, item.severity) for item in result.findings] == [("shell-posix", "error")]
    assert 3 <= result.findings[0].line <= 5
    assert "bash" in result.findings[0].hint
    assert validate_artifact("shell", f"{line}\n").valid is True
    assert validate_artifact("shell", f"#!/bin/bash\n{line}\n").valid is True


def test_without_dash_sh_is_read_by_bash_alone(monkeypatch):
    """Where no plain sh is found, or sh is bash, nothing is said of what bash takes."""
    real = shell.find_tool
    monkeypatch.setattr(shell, "find_tool", lambda name: real("bash") if name in {"bash", "sh"} else None)
    assert validate_artifact("shell", "#!/bin/sh\na=(1 2)\n").valid is True


@pytest.mark.skipif(shell.find_tool("shellcheck") is None, reason="there is no shellcheck")
def test_double_brackets_are_warned_of_in_sh():
    """`[[` reads as a command to sh, which fails when it runs: a warning for sh, nothing for bash."""
    text = "#!/bin/sh\nif [[ $1 = a ]]; then\n  echo b\nfi\n"
    result = validate_artifact("shell", text)
    assert result.valid is True
    assert [(item.rule, item.severity, item.line) for item in result.findings] == [
        ("shellcheck-SC3010", "warning", 2)
    ]
    assert not validate_artifact("shell", text.replace("sh", "bash", 1)).findings


@settings(max_examples=15, deadline=None)
@given(st.text(max_size=60) | st.sampled_from(["\ud800", "(" * 5000, "$(" * 2000, "cat <<A\n" * 500]))
def test_any_text(text):
    """Any text gives a result."""
    validate_artifact("shell", text)
