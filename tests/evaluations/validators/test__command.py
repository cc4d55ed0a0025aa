"""External commands run apart from everything of the user's, and never for long."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from fcc.evaluations.validators import _command
from fcc.evaluations.validators._command import find_tool, run_tool
from fcc.evaluations.validators.check import NotCheckedError


def _python(code: str, **kwargs):
    return run_tool([sys.executable, "-c", code], **kwargs)


def _alive(pid: int) -> bool:
    """Whether a process runs; one that is dead and not yet collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in {"Z", "X"}
    except OSError:
        return False


def _ends(pid: int) -> bool:
    """Whether a process that was sent SIGKILL is gone: it takes a moment to be."""
    until = time.monotonic() + 10
    while _alive(pid) and time.monotonic() < until:
        time.sleep(0.01)
    return not _alive(pid)


def test_a_tool_is_found_on_path_or_beside_python(tmp_path, monkeypatch):
    """A program on PATH is found, and so is one that a package put beside Python."""
    tool = tmp_path / "some-tool"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    assert find_tool("some-tool") is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_tool("some-tool") == str(tool)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert find_tool("some-tool") == str(tool)


def test_a_tool_in_the_working_folder_is_not_found(tmp_path, monkeypatch):
    """A PATH with `.` in it does not make files of the working folder into commands."""
    tool = tmp_path / "some-tool"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", ".::/nowhere")
    assert find_tool("some-tool") is None


def test_code_outputs_and_files():
    """The command's code and both outputs come back, and its folder holds the given files only."""
    code = (
        "import os, sys; print(sorted(os.listdir()), open('a.txt', encoding='utf-8').read(), sys.stdin.read());"
        "sys.exit('bad')"
    )
    done = _python(code, files={"a.txt": "é", "sub/b.txt": ""}, stdin="said")
    assert done == (1, "['a.txt', 'sub'] é said\n", "bad\n")


def test_standard_input_is_never_inherited():
    """A command that reads its input finds the end of it at once."""
    assert _python("import sys; print(repr(sys.stdin.read()))").out == "''\n"


def test_secrets_stay_with_the_user(monkeypatch):
    """The environment of a command holds PATH and a home of its own, and no key of the user's."""
    monkeypatch.setenv("PROVIDER_API_KEY", "sk-planted")
    said = _python("import os; print(dict(os.environ), os.environ['HOME'] == os.getcwd())").out
    assert "sk-planted" not in said
    assert "PROVIDER" not in said
    assert said.endswith("True\n")


def test_no_shell_reads_the_arguments():
    """An argument with a shell's signs arrives as it is."""
    done = run_tool([sys.executable, "-c", "import sys; print(sys.argv[1])", "$(id); `id` > x"])
    assert done.out == "$(id); `id` > x\n"


def test_a_hanging_command_is_killed_with_what_it_started(tmp_path):
    """After the timeout neither the command nor what it started runs, and the text counts as not checked."""
    note = tmp_path / "pid"
    child = "import time; time.sleep(60)"
    code = (
        "import pathlib, subprocess, sys, time;"
        f"child = subprocess.Popen([sys.executable, '-c', {child!r}]);"
        f"pathlib.Path({str(note)!r}).write_text(str(child.pid));"
        "time.sleep(60)"
    )
    start = time.monotonic()
    with pytest.raises(NotCheckedError, match="did not finish within 1 seconds"):
        _python(code, timeout=1.0)
    assert time.monotonic() - start < 10
    assert _ends(int(note.read_text()))


def test_what_a_command_leaves_behind_is_killed():
    """A command that ends while what it started holds its outputs open is not waited for."""
    child = "import time; time.sleep(60)"
    code = f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {child!r}]).pid)"
    start = time.monotonic()
    done = _python(code)
    assert time.monotonic() - start < 10
    assert _ends(int(done.out))


def test_a_huge_output_is_capped(monkeypatch):
    """Of an endless output only the first part is kept, and the command still ends."""
    monkeypatch.setattr(_command, "MOST_OUTPUT", 1000)
    done = _python("import sys; sys.stdout.write('x' * 5_000_000); sys.stderr.write('y' * 5_000_000)")
    assert done == (0, "x" * 1000, "y" * 1000)


def test_a_missing_command_is_not_checked():
    """A command that is not there says so, and one that can't be started too."""
    with pytest.raises(NotCheckedError, match="no-such-tool is not installed"):
        run_tool(["no-such-tool"])
    with pytest.raises(NotCheckedError, match="could not be started"):
        run_tool([sys.executable, "-c", "\0"])


def test_text_that_utf8_cannot_hold():
    """Lone surrogates reach the command as question marks."""
    done = _python("print(open('a').read(), end='')", files={"a": "x\ud800y"}, stdin="\udfff")
    assert done == (0, "x?y", "")


@pytest.mark.parametrize("name", ["../x", "/x", ".", "a/../../x"])
def test_no_file_is_written_outside(name):
    """A file name that leads out of the folder is refused."""
    with pytest.raises(ValueError, match="inside"):
        run_tool([sys.executable, "-V"], {name: ""})


def test_nothing_stays(tmp_path, monkeypatch):
    """The folder of a command is gone when it has ended."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    _python("open('left', 'w').close()", files={"a": ""})
    assert list(place.iterdir()) == []
