"""The pytest plugin, as the tests of those who installed the package see it."""

from __future__ import annotations

import pytest

from support.openai_server import OpenAIServer, Scripted

CHAIN = """
name: hello
inputs:
  who: {default: world}
steps:
  greet: {persona: PBD, task: "Greet {{ inputs.who }}."}
  answer: {persona: JUS, needs: [greet], task: "Answer {{ handoff.greet }}"}
"""

HEAD = """
import fcc, pytest
from pathlib import Path

def answer(request):
    with Path("asked.txt").open("a") as file:
        file.write(request.call_id + "\\n")
    return Path("answer.txt").read_text()

MODEL = fcc.FunctionProvider(answer)
"""

TEST = """
@pytest.mark.fcc_cassette
def test_hello(fcc_run):
    record = fcc_run("hello.yaml", model=MODEL, inputs={"who": WHO})
    assert record.outputs["greet"] == "Hello!"
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch):
    """A folder with a chain, and a model that notes what it is asked."""
    pytester.makefile(".yaml", hello=CHAIN)
    say(pytester, "Hello!")
    monkeypatch.delenv("CI", raising=False)
    return pytester


def say(project: pytest.Pytester, answer: str) -> None:
    (project.path / "answer.txt").write_text(answer, encoding="utf-8")


def asked(project: pytest.Pytester) -> list[str]:
    path = project.path / "asked.txt"
    return path.read_text(encoding="utf-8").split() if path.is_file() else []


def write(project: pytest.Pytester, who: str = "world", test: str = TEST) -> None:
    project.makepyfile(test_hello=HEAD + test.replace("WHO", repr(who)))


def run(project: pytest.Pytester, *options: str) -> pytest.RunResult:
    return project.runpytest_subprocess("-p", "no:cacheprovider", *options)


CASSETTE = "cassettes/test_hello/test_hello.yaml"


def test_recorded_once_and_replayed(project) -> None:
    """Recorded on demand beside the test; from then on nothing is asked."""
    write(project)
    run(project, "--fcc-record=once").assert_outcomes(passed=1)
    assert len(asked(project)) == 2
    assert (project.path / CASSETTE).is_file()
    run(project).assert_outcomes(passed=1)
    run(project, "--fcc-record=once").assert_outcomes(passed=1)
    assert len(asked(project)) == 2


def test_a_real_model_offline(project, monkeypatch) -> None:
    """What came through LiteLLM is replayed without its server, address or key, by either door."""
    real = TEST.replace("MODEL", "'openai/local'")
    write(project, test=real)
    with OpenAIServer() as server:
        server.always(Scripted("Hello!"))
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        run(project, "--fcc-record=once").assert_outcomes(passed=1)
        assert len(server.requests) == 2
    monkeypatch.delenv("OPENAI_BASE_URL")
    for door in ("metadata", "wire"):
        write(project, test=real.replace("fcc_cassette", f"fcc_cassette(door='{door}')", 1))
        run(project).assert_outcomes(passed=1)
    text = (project.path / CASSETTE).read_text(encoding="utf-8")
    assert "Greet world." in text
    assert "authorization" not in text.lower()
    assert "user-agent" not in text.lower()


def test_without_a_cassette_it_says_how_to_record_one(project) -> None:
    """A missing cassette is a failure with the command that records it."""
    write(project)
    result = run(project)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*there is no cassette*", "*Record one: pytest --fcc-record=once test_hello.py::test_hello*"]
    )


def test_a_miss_says_what_drifted(project) -> None:
    """After an input has changed: the step, why, the diff, the command; and nothing of the way through the library."""
    write(project)
    run(project, "--fcc-record=once")
    write(project, who="moon")
    result = run(project)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            f"{CASSETTE} has no reply for step greet",
            "*greet: input who: 'world' → 'moon'",
            "-Greet world.",
            "+Greet moon.",
            "Record only what drifted: pytest --fcc-record=drifted test_hello.py::test_hello",
        ]
    )
    assert "runner.py" not in result.stdout.str()


def test_only_what_drifted_is_recorded_again(project) -> None:
    """A change reaches one step, whose answer stays the same: just that one is asked, and the other is kept."""
    write(project)
    run(project, "--fcc-record=once")
    write(project, who="moon")
    run(project, "--fcc-record=drifted").assert_outcomes(passed=1)
    assert asked(project) == ["greet/0/0/0/0", "answer/0/0/0/0", "greet/0/0/0/0"]
    run(project).assert_outcomes(passed=1)


def test_a_reply_that_is_not_asked_for_is_a_failure(project) -> None:
    """A test that asks for less than was recorded says so, unless it may."""
    both = TEST + '    fcc_run("hello.yaml", model=MODEL, inputs={"who": "twice"})\n'
    write(project, test=both)
    run(project, "--fcc-record=once").assert_outcomes(passed=1)
    write(project)
    result = run(project)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*holds replies that this test did not ask for*", "*greet/0/0/0/0*"])
    write(project, test=TEST.replace("fcc_cassette", "fcc_cassette(allow_unused=True)"))
    run(project).assert_outcomes(passed=1)


def test_a_miss_that_the_code_swallows_fails_the_test(project) -> None:
    """`except Exception` around a run does not make a drifted test pass."""
    write(project)
    run(project, "--fcc-record=once")
    write(
        project,
        test="""
@pytest.mark.fcc_cassette(allow_unused=True)
def test_hello(fcc_run):
    try:
        fcc_run("hello.yaml", model=MODEL, inputs={"who": "moon"})
    except Exception:
        pass
""",
    )
    result = run(project)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*the test went on after a miss:*"])


def test_the_network_is_blocked_only_where_it_is_asked_for(project) -> None:
    """With the fixture or the marker nothing is reached, not even this machine; without, all is as ever."""
    project.makepyfile(
        test_net="""
import socket, threading, pytest
from fcc.testing import NetworkBlockedError

@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]

def test_not_ours(port):
    socket.create_connection(("127.0.0.1", port)).close()

def test_ours(port, fcc_run):
    with pytest.raises(NetworkBlockedError, match="127.0.0.1"):
        socket.create_connection(("127.0.0.1", port))
    assert fcc_run("devops-deployment").verdict.decision == "APPROVED"

def test_not_ours_again(port):
    socket.create_connection(("127.0.0.1", port)).close()
"""
    )
    run(project).assert_outcomes(passed=3)


def test_allowed_hosts(project) -> None:
    """A test that needs a host of its own names it."""
    write(project)
    run(project, "--fcc-record=once")
    write(
        project,
        test=TEST.replace("fcc_cassette", "fcc_cassette(allow_hosts=['127.0.0.1'])")
        + "    import socket\n"
        + "    with socket.create_server(('127.0.0.1', 0)) as s:\n"
        + "        socket.create_connection(s.getsockname()).close()\n",
    )
    run(project).assert_outcomes(passed=1)


def test_nothing_is_recorded_in_ci(project, monkeypatch) -> None:
    """With CI set, recording is refused before a test runs, unless it is forced."""
    write(project)
    monkeypatch.setenv("CI", "true")
    result = run(project, "--fcc-record=all")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert asked(project) == []
    run(project, "--fcc-record=all", "--fcc-force").assert_outcomes(passed=1)


def test_a_cassette_by_its_path_and_by_the_fixture(project) -> None:
    """The marker's path is relative to the test; the fixture alone does as well as the marker."""
    test = """
@pytest.mark.fcc_cassette("shared/hello.yaml")
def test_by_path(fcc_cassette):
    fcc.run("hello.yaml", model=MODEL)
    assert fcc_cassette.path.name == "hello.yaml"

@pytest.mark.parametrize("who", ["a b", "ü/c"])
def test_each(fcc_cassette, who):
    fcc.run("hello.yaml", model=MODEL, inputs={"who": who})
"""
    write(project, test=test)
    run(project, "--fcc-record=once").assert_outcomes(passed=3)
    found = sorted(path.relative_to(project.path).as_posix() for path in project.path.rglob("*.yaml"))
    assert "shared/hello.yaml" in found
    assert len([name for name in found if name.startswith("cassettes/test_hello/test_each")]) == 2
    run(project).assert_outcomes(passed=3)


def test_a_failing_test_does_not_replace_a_whole_cassette(project) -> None:
    """What was recorded by a test that failed is kept beside the cassette, not in its place."""
    write(project)
    run(project, "--fcc-record=once")
    before = (project.path / CASSETTE).read_bytes()
    say(project, "Goodbye!")
    run(project, "--fcc-record=all").assert_outcomes(failed=1)
    assert (project.path / CASSETTE).read_bytes() == before
    assert (project.path / CASSETTE.replace(".yaml", ".partial.yaml")).is_file()


def test_a_secret_that_a_model_repeats_is_in_no_file(project, monkeypatch) -> None:
    """A reply that holds a key of the environment is recorded without it, and replayed so."""
    canary = "canary-0f9e8d7c6b5a"
    monkeypatch.setenv("SOME_API_KEY", canary)
    say(project, f"Hello! {canary}")
    write(project, test=TEST.replace('== "Hello!"', '== "Hello! [redacted:SOME_API_KEY]"'))
    for options in (["--fcc-record=once"], []):
        result = run(project, *options)
        result.assert_outcomes(passed=1)
        assert canary not in result.stdout.str()
    files = [path for path in project.path.rglob("*") if path.is_file() and path.name != "answer.txt"]
    assert not [path for path in files if canary.encode() in path.read_bytes()]


def test_each_test_has_a_cassette_of_its_own(project) -> None:
    """Also where names differ only in what no file name may hold, and in classes of one name."""
    write(
        project,
        test="""
@pytest.mark.fcc_cassette
@pytest.mark.parametrize("who", ["a b", "a/b", "a-b"])
def test_hello(fcc_run, who):
    fcc_run("hello.yaml", model=MODEL, inputs={"who": who})

class TestOne:
    class TestIn:
        def test_same(self, fcc_run, fcc_cassette):
            fcc_run("hello.yaml", model=MODEL, inputs={"who": "one"})

class TestTwo:
    class TestIn:
        def test_same(self, fcc_run, fcc_cassette):
            fcc_run("hello.yaml", model=MODEL, inputs={"who": "two"})
""",
    )
    run(project, "--fcc-record=all").assert_outcomes(passed=5)
    run(project).assert_outcomes(passed=5)


def test_the_marker_records_nothing_in_ci_either(project, monkeypatch) -> None:
    """And what it says of how to record is checked."""
    monkeypatch.setenv("CI", "1")
    for option in ("record='once'", "record='sometimes'", "door='window'"):
        write(project, test=TEST.replace("fcc_cassette", f"fcc_cassette({option})", 1))
        run(project).assert_outcomes(errors=1)
    assert asked(project) == []


def test_a_test_that_is_skipped_in_its_middle(project) -> None:
    """It has not asked for everything: it replaces no whole cassette, and leaves nothing over."""
    both = TEST + '    fcc_run("hello.yaml", model=MODEL, inputs={"who": "twice"})\n'
    write(project, test=both)
    run(project, "--fcc-record=once").assert_outcomes(passed=1)
    before = (project.path / CASSETTE).read_bytes()
    write(project, test=both.replace("    fcc_run(", "    pytest.skip()\n    fcc_run("))
    for mode in ("all", "drifted"):
        run(project, f"--fcc-record={mode}").assert_outcomes(skipped=1)
        assert (project.path / CASSETTE).read_bytes() == before
    run(project).assert_outcomes(skipped=1)
    changed = both.replace("WHO", "'moon'").replace("    fcc_run(", "    pytest.skip()\n    fcc_run(")
    write(project, test=changed)
    run(project, "--fcc-record=drifted").assert_outcomes(skipped=1)
    write(project, test=both.replace("WHO", "'moon'"))
    run(project).assert_outcomes(
        passed=1, errors=1
    )  # the second run's replies are there; the first one's old one is over


def test_a_recording_with_an_outage_is_no_pass(project) -> None:
    """A test that looks away from a step that was not answered says that its recording is not complete."""
    write(
        project,
        test="""
def fails(request):
    if request.call_id.startswith("answer"):
        raise ValueError("down")
    return "Hello!"

@pytest.mark.fcc_cassette
def test_hello(fcc_run):
    assert fcc_run("hello.yaml", model=fcc.FunctionProvider(fails)).outputs["greet"]
""",
    )
    result = run(project, "--fcc-record=once")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*the recording is not complete*"])
    result = run(project)
    result.stdout.fnmatch_lines(["*is not complete: its recording broke off before step answer*"])


def test_a_blocked_network_is_said_at_once(project, monkeypatch) -> None:
    """Without a cassette a real model is not tried four times: the test says what to do."""
    write(project, test="def test_hello(fcc_run):\n    fcc_run('hello.yaml', model='openai/x')\n")
    monkeypatch.setenv("OPENAI_API_KEY", "none-at-all")
    result = run(project)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*the network is blocked in this test*"])


def test_side_by_side_under_xdist(project) -> None:
    """Two workers, each with cassettes of its own tests."""
    pytest.importorskip("xdist")
    many = TEST.replace(
        "def test_hello(fcc_run)", "@pytest.mark.parametrize('n', range(6))\ndef test_hello(fcc_run, n)"
    )
    write(project, test=many)
    run(project, "--fcc-record=once").assert_outcomes(passed=6)
    run(project, "-n", "2").assert_outcomes(passed=6)


def test_beside_vcr(project) -> None:
    """A test may use vcrpy for HTTP of its own beside a cassette of ours, and the other way round."""
    test = """
import vcr

@pytest.mark.fcc_cassette(allow_hosts=["127.0.0.1"])
def test_hello(fcc_run, tmp_path):
    with vcr.use_cassette(str(tmp_path / "own.yaml")):
        record = fcc_run("hello.yaml", model=MODEL)
    assert record.outputs["greet"] == "Hello!"
"""
    write(project, test=test)
    run(project, "--fcc-record=once").assert_outcomes(passed=1)
    run(project).assert_outcomes(passed=1)


def test_the_assertions_say_what_the_run_came_to(project) -> None:
    """A failed assertion shows the run's report; what is found is returned."""
    write(
        project,
        test="""
import pytest
from fcc.testing import *

def test_good(fcc_run):
    record = fcc_run("devops-deployment")
    assert_approved(record)
    assert_no_findings(record)
    assert assert_artifact(record, step="pipeline", contains="jobs:").path.endswith(".yaml")

def test_bad(fcc_run):
    assert_decision(fcc_run("devops-deployment"), "BLOCKED")

def test_no_file(fcc_run):
    assert_artifact(fcc_run("devops-deployment"), "nowhere.yml")

def test_no_finding(fcc_run):
    assert_finding(fcc_run("devops-deployment"), "some-rule")
""",
    )
    result = run(project)
    result.assert_outcomes(passed=1, failed=3)
    result.stdout.fnmatch_lines_random(
        [
            "*expected BLOCKED, and the run came to APPROVED*",
            "*APPROVED  overall*",
            "*expected a file nowhere.yml; found here: *",
            "*expected a finding 'some-rule'; found here: alert-runbook*",
        ]
    )


def test_the_installed_plugin_leaves_other_tests_alone(project) -> None:
    """Loading it imports pytest and nothing of ours beyond the package's door."""
    project.makepyfile(
        test_other="""
import sys
def test_imports():
    ours = {name for name in sys.modules if name.split(".")[0] in {"fcc", "litellm", "vcr", "pydantic"}}
    others = {name for name in ours if not name.startswith("fcc.testing")}
    assert others <= {"fcc", "fcc._version", "fcc.errors"}
"""
    )
    run(project).assert_outcomes(passed=1)
