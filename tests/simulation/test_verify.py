"""Verification: one flipped byte anywhere is found and named; what was not changed holds."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

import fcc
from fcc.providers import DeterministicProvider, FunctionProvider, ModelReply, ModelRequest
from fcc.simulation import Answer, RunRecord
from fcc.simulation.event_log import Head
from fcc.simulation.run_folder import read_files
from fcc.simulation.seal import read_seal, seal
from fcc.simulation.verify import Flaw, Verification, verify

STORIES = (
    "Define user stories for deploying: {{ inputs.model }}\n- As an SRE, I want automated health checks\n"
)
CHAIN = {
    "name": "c",
    "inputs": {"model": {"default": "churn"}, "n": {"type": "integer", "default": 1}},
    "environments": {"dev": {}, "prod": {"inputs": {"model": "churn_prod"}, "approve": {"question": "Go?"}}},
    "steps": {
        "stories": {
            "persona": "JUS",
            "task": STORIES,
            "once": True,
            "until": {"condition": "round >= 1", "rounds": 2},
        },
        "infra": {"persona": "DVE", "prompt": "x", "needs": ["stories"], "foreach": ["eu", {"zone": 1}]},
        "skipped": {"persona": "DVE", "task": "t", "when": "inputs.n > 1"},
    },
}


class Yes:
    """Approves whatever it is asked."""

    def ask(self, question: Any) -> Answer:
        return Answer(True, "alice", "fine")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run with everything in it: rounds, items, environments, an approval, artifacts."""
    steps = {
        **CHAIN["steps"],
        "infra": {
            **CHAIN["steps"]["infra"],
            "task": "Implement:\n- Dockerfile\n{{ handoff.stories }} {{ item }} {{ environment }}",
        },
    }
    del steps["infra"]["prompt"]
    out = tmp_path_factory.mktemp("run") / "run"
    chain = fcc.Chain.model_validate({**CHAIN, "steps": steps})
    record = fcc.run(chain, out=out, run_id="r", approver=Yes())
    assert record.verdict.decision == "APPROVED"
    assert len(record.calls) == 6
    return out


def checked(folder: Path, **changed: bytes) -> Verification:
    record, log, files = read_files(folder)
    parts = {"run.json": record, "events.jsonl": log, **files, **changed}
    record, log = parts.pop("run.json"), parts.pop("events.jsonl")
    return verify(record, log, parts)


def test_a_run_that_nobody_touched_holds(folder: Path) -> None:
    """Everything is checked, and nothing is found."""
    found = checked(folder)
    assert found.flaws == ()
    assert found.holds
    assert (found.steps, found.calls, found.files) == (8, 6, len(read_files(folder)[2]))


def test_one_flipped_byte_anywhere_is_found_and_named(folder: Path) -> None:
    """Hundreds of single bits in record, log, outputs and artifacts, each file's first and last byte, and the seal."""
    record, log, files = read_files(folder)
    parts = {"run.json": record, "events.jsonl": log, **files}
    dice = random.Random(1)
    places = [(name, at) for name, data in parts.items() for at in (0, len(data) - 1)]
    weighted = [name for name, data in parts.items() for _ in range(1 + len(data) // 2000)]
    places += [(name, dice.randrange(len(parts[name]))) for name in dice.choices(weighted, k=250)]
    places += [(name, at) for name in ("run.json",) for at in range(len(record) - 180, len(record))]
    for name, at in places:
        flipped = bytearray(parts[name])
        flipped[at] ^= 1 << dice.randrange(8)
        found = checked(folder, **{name: bytes(flipped)})
        assert not found.holds, (name, at)
        assert name in {flaw.file for flaw in found.flaws}, (name, at, found.flaws)


def resealed(folder: Path, change) -> Verification:
    """What is found of a record that was changed and sealed again, as by somebody who knows how."""
    record, _, _ = read_files(folder)
    data = json.loads(record)
    head = data.pop("seal")
    change(data)
    return checked(
        folder, **{"run.json": seal(json.dumps(data, indent=2), Head(head["events"], head["head"])).encode()}
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda r: r["inputs"].update(model="other"),
            "step stories, call stories/0/0/0/0: the user prompt renders otherwise, from line 1",
        ),
        (
            lambda r: r["personas"]["JUS"]["riscear"].update(style="loud"),
            "the system prompt renders otherwise",
        ),
        (
            lambda r: r["prompts"].update(other={"version": 1, "text": "other"}),
            "its prompts are not what its chain is planned with",
        ),
        (lambda r: r["chain"]["steps"]["stories"].update(task="other"), "the user prompt renders otherwise"),
        (
            lambda r: r["steps"][0]["calls"][0]["reply"].update(text="other"),
            "call stories/0/1/0/0: the assistant prompt renders otherwise",
        ),
        (
            lambda r: r["steps"][0]["calls"][1]["reply"].update(text="other"),
            "step stories: the output is not the recorded reply",
        ),
        (
            lambda r: r["steps"][0]["calls"][0].update(key="0" * 64),
            "its key is not the hash of what was sent",
        ),
        (
            lambda r: r["steps"][0]["calls"][0]["request"]["sampling"].update(seed=3),
            "its key is not the hash",
        ),
        (lambda r: r["steps"][0]["calls"][0].update(backend="other/1"), "its key is not the hash"),
        (
            lambda r: r["steps"][1]["artifacts"][0].update(path="x"),
            "the artifacts are not those in its output",
        ),
        (lambda r: r["steps"][0].update(score=0.1), "the verdict does not follow from scores and findings"),
        (lambda r: r["verdict"].update(decision="BLOCKED"), "the verdict does not follow"),
        (lambda r: r["approvals"].clear(), "gate prod: the record holds no approval by which it was decided"),
        (lambda r: r["approvals"][0].update(by="mallory"), "gate prod: the record holds no approval"),
        (
            lambda r: next(s for s in r["steps"] if s["name"] == "dev.infra.eu").update(score=0.99),
            "gate prod: was decided on other evidence",
        ),
        (lambda r: r["steps"].pop(0), "step stories: is missing in a run that was completed"),
        (
            lambda r: r["steps"].append({**r["steps"][0], "name": "extra"}),
            "step extra: is none of the chain's",
        ),
        (lambda r: r["chain"]["steps"]["stories"].update(persona="XXX"), "its chain can't be planned"),
    ],
)
def test_a_record_that_was_changed_and_sealed_again_does_not_follow(
    folder: Path, change, message: str
) -> None:
    """Prompts, keys, fingerprints, outputs, evidence and verdict hang together, so that one alone can't be changed."""
    found = resealed(folder, change)
    assert message in "\n".join(map(str, found.flaws))


def test_files_that_are_missing_or_too_many_are_named(folder: Path) -> None:
    """A folder holds the run's files and no others."""
    record, log, files = read_files(folder)
    name = next(iter(files))
    rest = {path: data for path, data in files.items() if path != name}
    assert verify(record, log, rest).flaws == (Flaw(name, 0, "is missing"),)
    assert verify(record, log, {**files, "outputs/x.md": b""}).flaws == (
        Flaw("outputs/x.md", 0, "is none of the run's files"),
    )


def test_a_changed_file_is_named_with_the_line(folder: Path) -> None:
    """The first line that differs."""
    text = (folder / "outputs" / "stories.md").read_text().splitlines()
    text[4] += " changed"
    found = checked(folder, **{"outputs/stories.md": "\n".join(text).encode()})
    assert found.flaws == (Flaw("outputs/stories.md", 5, "is not what the record holds"),)


@pytest.mark.parametrize("cut", [1, 3])
def test_lines_that_are_missing_from_the_log_are_found(folder: Path, cut: int) -> None:
    """Also whole lines at its end, which no other line vouches for."""
    log = (folder / "events.jsonl").read_bytes().splitlines(keepends=True)
    found = checked(folder, **{"events.jsonl": b"".join(log[:-cut])})
    assert f"lines are missing: the record was written after line {len(log)}" in found.flaws[0].message
    assert (
        "lines were added" in checked(folder, **{"events.jsonl": b"".join([*log, log[-1]])}).flaws[-1].message
    )


@pytest.mark.parametrize("raw", [b"", b"{}", b"\xff\xfe", b"null", b"[" * 5000])
def test_what_is_no_record_is_a_flaw_and_no_crash(raw: bytes) -> None:
    """Whatever stands in the place of the record."""
    found = verify(raw, b"", {})
    assert [flaw.file for flaw in found.flaws] == ["run.json", "run.json"]


def test_a_record_without_a_seal_is_said_to_have_none(folder: Path) -> None:
    """As an older version wrote it; the rest is checked all the same."""
    record = RunRecord.read(folder / "run.json").to_json().encode()
    (flaw,) = checked(folder, **{"run.json": record}).flaws
    assert "its seal is missing or damaged" in flaw.message
    assert read_seal(record) is None


def test_runs_that_are_not_over_verify_as_far_as_they_are(tmp_path: Path) -> None:
    """Waiting, stopped, failed in a step, with a fallback's answer: what there is follows from itself."""
    from fcc.agents.flow import RunLimits
    from fcc.errors import UnavailableError

    def down(request: ModelRequest) -> str:
        raise UnavailableError("down")

    async def paid(request: ModelRequest) -> ModelReply:
        return await DeterministicProvider().complete(request)

    gate = {
        "name": "c",
        "steps": {"a": {"persona": "JUS", "task": "t"}, "g": {"needs": ["a"], "approve": {"question": "?"}}},
    }
    fcc.run(fcc.Chain.model_validate(gate), out=tmp_path / "waiting")
    fcc.run("devops-deployment", out=tmp_path / "stopped", limits=RunLimits(max_calls=2))
    fcc.run("devops-deployment", out=tmp_path / "failed", model={"pipeline": FunctionProvider(down)})
    fcc.run("devops-deployment", out=tmp_path / "live", model=FunctionProvider(paid))
    for name in ("waiting", "stopped", "failed", "live"):
        assert verify(*read_files(tmp_path / name)).flaws == (), name
