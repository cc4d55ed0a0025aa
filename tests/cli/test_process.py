"""The command as a process: what it imports, how it ends when it is interrupted or its reader goes away."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.openai_server import OpenAIServer, Scripted


def fcc_agents(*arguments: str, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fcc", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **options,
    )


def test_an_offline_run_imports_nothing_it_does_not_use() -> None:
    """LiteLLM, vcrpy, rich, structlog, tenacity, OpenTelemetry and HTTP clients stay out of `run --json`."""
    code = (
        "import sys; from fcc.cli.app import execute; code = execute(['run', 'devops-deployment', '--json']);"
        "print('\\n'.join(sorted(m for m in sys.modules)), file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    top = {name.split(".")[0] for name in done.stderr.split()}
    unwanted = {
        "litellm",
        "vcr",
        "rich",
        "structlog",
        "tenacity",
        "opentelemetry",
        "httpx",
        "aiohttp",
        "openai",
        "sqlite3",
        "requests",
    }
    assert top & unwanted == set()
    assert "fcc.providers.deterministic" in done.stderr.split()


def test_importing_the_package_is_light() -> None:
    """`import fcc` imports no dependency; a name brings what it needs."""
    code = "import sys, fcc; print([m for m in ('pydantic', 'yaml', 'jinja2', 'click', 'asyncio') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


def test_outputs_are_the_same_in_every_process(tmp_path: Path) -> None:
    """Two processes with different hash seeds write the same bytes."""
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        assert (
            fcc_agents("run", "devops-deployment", "--out", f"out{seed}", "-q", env=environment).returncode
            == 0
        )
    for kind in ("outputs", "artifacts"):
        files = sorted(p.relative_to("out1") for p in Path("out1", kind).rglob("*") if p.is_file())
        assert files == sorted(p.relative_to("out2") for p in Path("out2", kind).rglob("*") if p.is_file())
        for name in files:
            assert Path("out1", name).read_bytes() == Path("out2", name).read_bytes()


@pytest.mark.parametrize("number", [signal.SIGINT])
def test_an_interrupted_run_says_what_is_kept(number: int) -> None:
    """Ctrl-C while a model is asked ends with 130, no traceback, and a whole record."""
    with OpenAIServer() as server:
        server.always(Scripted(delay=30))
        environment = {**os.environ, "OPENAI_BASE_URL": server.url}
        process = subprocess.Popen(
            [sys.executable, "-m", "fcc", "run", "devops-deployment", "--model", "monitoring=openai/slow", "--out", "out"],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        deadline = time.monotonic() + 50
        while not server.requests and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert "Interrupted. What finished is kept in out" in err
    record = json.loads(Path("out/run.json").read_text())
    assert record["status"] == "interrupted"
    assert len(record["steps"]) == 3
    assert out == ""


UP = """
from fcc.cli import app, main
execute = app.execute
app.execute = lambda arguments: (print("up", flush=True), execute(arguments))[1]
main.main()
"""


@pytest.mark.parametrize("delay", [0.0, 0.03, 0.08, 0.15, 0.3])
def test_an_interruption_at_any_moment_is_quiet(delay: float) -> None:
    """Whenever Ctrl-C comes, from the first line of the command on, there is no traceback, and no file is half written."""
    process = subprocess.Popen(
        [sys.executable, "-c", UP, "run", "devops-deployment", "--out", "out"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode in {0, 130}
    assert "Traceback" not in err
    if Path("out/run.json").exists():
        json.loads(Path("out/run.json").read_text())


def test_a_reader_that_goes_away_is_no_crash() -> None:
    """`fcc-agents show … | head -1` ends without a traceback."""
    done = subprocess.run(
        f"{sys.executable} -m fcc schema run | head -1; exit ${{PIPESTATUS[0]}}",
        executable="/bin/bash",
        shell=True,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "{\n"
    assert done.returncode in {0, 70}
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_standard_output_is_a_failed_write() -> None:
    """A result that can't be printed is exit code 70 and one line."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "fcc", "schema", "run"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 70
    assert "cannot write the result: No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("delay", [0.0, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4])
def test_a_killed_process_leaves_no_half_of_a_file(delay: float) -> None:
    """Whenever it is killed, the record can be read, outputs are whole, and only the log's last line may be torn."""
    with subprocess.Popen(
        [sys.executable, "-c", UP, "run", "devops-deployment", "--out", "out"],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(delay)
        process.kill()
    assert fcc_agents("run", "devops-deployment", "--out", "whole", "-q").returncode == 0
    for kind in ("outputs", "artifacts"):
        for path in Path("out", kind).rglob("*"):
            if path.is_file() and path.suffix != ".tmp":
                assert path.read_bytes() == Path("whole", path.relative_to("out")).read_bytes()
    if Path("out/run.json").exists():
        record = json.loads(Path("out/run.json").read_text())
        assert {step["status"] for step in record["steps"]} <= {"completed"}
        for step in record["steps"]:
            assert Path("out/outputs", f"{step['name']}.md").read_text() == step["output"]
    if Path("out/events.jsonl").exists():
        for line in Path("out/events.jsonl").read_text().split("\n")[:-1]:
            json.loads(line)


def test_an_interruption_where_nothing_can_be_raised_is_heard_after_it() -> None:
    """In a finaliser, or a callback from C, Python would print Ctrl-C and go on: it ends the command all the same."""
    code = (
        "import time\n"
        "from fcc.cli import app, main\n"
        "class Held:\n"
        "    def __del__(self): raise KeyboardInterrupt\n"
        "def execute(arguments):\n"
        "    held = Held()\n"
        "    del held\n"
        "    time.sleep(20)\n"
        "app.execute = execute\n"
        "main.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=15, check=False
    )
    assert done.returncode == 130
    assert done.stderr == ""


@pytest.mark.parametrize("redirect", [">&-", "2>&-", "<&-"])
def test_a_closed_stream_is_no_judged_no(redirect: str) -> None:
    """Without standard input, output or error the exit code is still the command's own."""
    for arguments, code in (("list", 0), ("show nothing-like-it", 2)):
        done = subprocess.run(
            f"{sys.executable} -m fcc {arguments} {redirect}",
            shell=True,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == code, done.stderr


def test_a_console_that_lacks_a_character_gets_its_code() -> None:
    """On a Latin-1 console a run prints what it can, with its own exit code."""
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    done = fcc_agents("show", "prompts/system", env=environment)
    assert done.returncode == 0
    assert "\\u2026" in done.stdout
