"""Earlier runs as inputs of new ones, in Python and on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

import fcc
from fcc.cli.app import execute
from fcc.errors import ConfigError, NotFoundError
from fcc.simulation import RunRecord
from fcc.wiring.earlier import run_value
from fcc.workspace import KINDS

PACK = """\
name: pack
inputs:
  model: {default: m}
steps:
  handover:
    persona: JUS
    task: "Hand over {{ inputs.model }}."
    output:
      schema:
        type: object
        required: [model, replicas]
        properties:
          model: {type: string, examples: [fraud_detector_v3]}
          replicas: {type: integer, examples: [3]}
          spare: {type: string}
"""
SHIP = """\
name: ship
inputs:
  model: {default: m}
  replicas: {type: integer, default: 1}
  region: {default: eu}
steps:
  build:
    persona: DVE
    task: |
      Implement for {{ inputs.model }} with {{ inputs.replicas }} replicas in {{ inputs.region }}:
      - Dockerfile
"""
BACK = """\
name: back
inputs:
  deployment: {type: run, chain: ship}
  other: {default: x}
steps:
  report:
    persona: DVE
    task: |
      Implement for {{ inputs.deployment.inputs.model }}, {{ inputs.deployment.decision }}:
      {{ inputs.deployment.outputs.build }}
      - Dockerfile
"""


@pytest.fixture(autouse=True)
def _workspace() -> None:
    for kind in KINDS:
        Path(kind).mkdir()
    for name, text in (("pack", PACK), ("ship", SHIP), ("back", BACK)):
        Path(f"agents/{name}.yaml").write_text(text)


def run(*words: str) -> int:
    return execute(["run", *words, "--no-input"])


def record(name: str) -> RunRecord:
    return RunRecord.read(Path(f".fcc/runs/{name}/run.json"))


def test_the_newest_run_of_its_chain_is_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    """Others are passed over; the record holds it whole, so that the run is verified without it."""
    run("ship", "--id", "s1", "-q")
    run("ship", "--id", "s2", "-q", "--set", "model=other_v1")
    run("pack", "--id", "p", "-q")
    run("back", "--id", "b", "-q")
    made = record("b")
    assert made.inputs["deployment"] == run_value(record("s2"))
    assert made.inputs["deployment"]["inputs"]["model"] == "other_v1"
    assert made.step("report").task.startswith("Implement for other_v1, ")
    (file,) = [file for file in made.inputs["deployment"]["files"] if file["kind"] == "dockerfile"]
    assert (file["step"], file["path"]) == ("build", "Dockerfile")
    for name in ("s1", "s2", "p"):
        Path(f".fcc/runs/{name}/run.json").unlink()
    assert execute(["verify", "b"]) == 0
    assert execute(["resume", "b"]) in {0, 1, 3}


@pytest.mark.parametrize("how", ["last", "s1", ".fcc/runs/s1"])
def test_a_run_is_given_by_name(how: str) -> None:
    """`last` is the newest of its chain; an id and a folder are what they are; a record will do in Python."""
    run("ship", "--id", "s1", "-q")
    run("pack", "--id", "p", "-q")
    run("back", "--id", "b", "-q", "--set", f"deployment={how}")
    assert record("b").inputs["deployment"]["id"] == "s1"
    made = fcc.run("back", inputs={"deployment": record("s1")})
    assert made.inputs == record("b").inputs


def test_without_a_run_it_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    """Run that chain first, or name a run."""
    assert run("back") == 2
    assert "there is no completed run of ship here" in (said := capsys.readouterr().err)
    assert "Make one: fcc-agents run ship; or name a run: --set deployment=RUN" in said
    Path("agents/back.yaml").write_text(BACK.replace(", chain: ship", ""))
    assert run("back") == 2
    assert "--set deployment=RUN" in capsys.readouterr().err


def test_a_run_of_another_chain_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever it holds."""
    run("pack", "--id", "p", "-q")
    assert run("back", "--set", "deployment=p") == 2
    assert "the input 'deployment' is a run of 'ship', and p is one of 'pack'" in capsys.readouterr().err


def test_a_run_that_is_not_over_is_refused() -> None:
    """What comes of it is not known yet, and `last` passes over it."""
    text = SHIP + "  gate: {needs: [build], approve: {question: Go on?}}\n"
    Path("agents/ship.yaml").write_text(text)
    assert run("ship", "--id", "s", "-q") == 6
    with pytest.raises(ConfigError, match="the run s is waiting"):
        fcc.run("back", inputs={"deployment": "s"})
    with pytest.raises(NotFoundError, match="no completed run of ship"):
        fcc.run("back")


def test_a_run_that_goes_on_keeps_the_run_that_it_began_with() -> None:
    """Though a newer one has come since."""
    run("ship", "--id", "s1", "-q")
    text = BACK + "  gate: {needs: [report], approve: {question: Go on?}}\n"
    Path("agents/back.yaml").write_text(text)
    assert run("back", "--id", "b", "-q") == 6
    run("ship", "--id", "s2", "-q")
    assert run("back", "--id", "b", "-q") == 6
    assert record("b").inputs["deployment"]["id"] == "s1"


def test_a_run_within_a_run_is_its_id() -> None:
    """So that records do not grow with each link of a chain of runs."""
    run("ship", "--id", "s", "-q")
    run("back", "--id", "b", "-q")
    assert run_value(record("b"))["inputs"] == {"deployment": "s", "other": "x"}


def test_inputs_from_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    """What its data say; `--set` goes over it; one line says what was taken."""
    run("pack", "--id", "p", "-q")
    capsys.readouterr()
    run("ship", "--id", "s", "--inputs-from", "last", "--set", "replicas=5")
    assert record("s").inputs == {"model": "fraud_detector_v3", "replicas": 5, "region": "eu"}
    line = "Inputs from run p: model (of handover), replicas (of handover)"
    assert capsys.readouterr().err.splitlines()[0] == line
    assert fcc.run("ship", inputs_from="p").inputs["replicas"] == 3
    made = fcc.run("ship", inputs_from=record("p"), inputs={"model": "own"})
    assert made.inputs == {"model": "own", "replicas": 3, "region": "eu"}


def test_a_run_without_such_data_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """It says which inputs there are."""
    run("ship", "--id", "s", "-q")
    assert run("ship", "--inputs-from", "s") == 2
    said = capsys.readouterr().err
    assert "the run s of ship has no data that are inputs of ship" in said
    assert "The inputs are: model, replicas, region" in said


def test_what_does_not_fit_is_refused_before_anything_is_asked() -> None:
    """By the type of the input."""
    Path("agents/pack.yaml").write_text(PACK.replace("{type: integer, examples: [3]}", "{type: string}"))
    run("pack", "--id", "p", "-q")
    with pytest.raises(ConfigError, match="input 'replicas' must be an integer"):
        fcc.run("ship", inputs_from="p")


def test_secrets_of_an_earlier_run_are_kept_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was none then, and is one now."""
    made = fcc.run("ship", inputs={"region": "hunter2-hunter2"})
    monkeypatch.setenv("MY_TOKEN", "hunter2-hunter2")
    assert (
        fcc.run("back", inputs={"deployment": made}).inputs["deployment"]["inputs"]["region"]
        == "[redacted:MY_TOKEN]"
    )


def test_a_cassette_holds_the_run_that_was_given(capsys: pytest.CaptureFixture[str]) -> None:
    """A replay needs no run of the workspace, and takes what the recording took."""
    run("ship", "--id", "s", "-q")
    assert execute(["record", "back", "--cassette", "b.yaml", "-q"]) == 0
    Path(".fcc/runs/s/run.json").unlink()
    assert execute(["replay", "b.yaml", "--id", "r", "-q"]) in {0, 1}
    assert record("r").inputs["deployment"]["id"] == "s"


@pytest.mark.parametrize(
    "part",
    [
        {"files": [1]},
        {"files": "abc"},
        {"files": [{"step": "build", "path": "a.sh", "kind": "shell"}]},
        {"files": [{"step": "build", "path": "a.sh", "kind": "shell", "text": 1}]},
        {"outputs": {"build": 3}},
        {"outputs": ["text"]},
        {"inputs": []},
        {"decision": None},
    ],
)
def test_what_is_no_whole_run_is_refused(part: dict[str, object]) -> None:
    """A run that is given in full has every part, each of its type; else nothing is run."""
    whole = {
        "id": "r", "chain": "ship", "decision": "APPROVED", "started": "", "inputs": {},
        "outputs": {"build": "text"},
        "files": [{"step": "build", "path": "a.sh", "kind": "shell", "text": "echo"}],
    }  # fmt: skip
    chain = fcc.Chain.model_validate(
        {
            "name": "c",
            "inputs": {"run": {"type": "run"}},
            "steps": {"a": {"persona": "JUS", "task": "{{ inputs.run }}"}},
        }
    )
    assert chain.resolve_inputs({"run": whole}) == {"run": whole}
    with pytest.raises(ConfigError, match="must be a run"):
        chain.resolve_inputs({"run": {**whole, **part}})


def test_a_name_that_no_folder_can_have_is_no_run() -> None:
    """Too long for the system: it says that there is none."""
    with pytest.raises(NotFoundError):
        fcc.run("ship", inputs_from="a" * 5000)
