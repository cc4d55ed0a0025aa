"""The committed cassettes: genuine recordings of a small model, replayed offline through both doors.

SmolLM2-135M-Instruct is far too small to do the job: what these hold is structure and plumbing, not quality.
"""

from __future__ import annotations

import json
import random
import time
from pathlib import Path
from typing import Any

import pytest

import fcc
from fcc.providers.cassettes import Cassette, Deck, use_deck
from fcc.simulation.run_folder import read_files
from fcc.simulation.verify import verify
from fcc.testing import block_network, use_cassette
from fcc.wiring import RunRequest, open_catalog, prepare
from fcc.wiring.cassettes import check, recorded_plan, recorded_request
from support.openai_server import OpenAIServer

CASSETTES = sorted((Path(__file__).parent / "cassettes").glob("*.yaml"))


def replayed(path: Path, door: Any, out: Path | None = None) -> fcc.RunRecord:
    deck = Deck(path, door=door)
    catalog = open_catalog(None)
    with block_network(), use_deck(deck):
        plan = recorded_plan(deck.cassette, catalog).plan
        return prepare(recorded_request(deck.cassette, RunRequest(plan, out=out), plan)).go_sync()


def plain(record: fcc.RunRecord) -> dict[str, Any]:
    """A record without what is of one run: id, times, environment."""
    data: dict[str, Any] = json.loads(record.to_json())
    for name in ("id", "started", "finished", "environment"):
        del data[name]
    for step in data["steps"]:
        del step["started"], step["finished"]
    return data


def test_there_are_some() -> None:
    """The built-in chain, and one whose steps run side by side and were streamed."""
    streamed = {path.name: {call.streamed for call in Cassette.read(path).calls} for path in CASSETTES}
    assert streamed == {"devops-deployment.yaml": {False}, "release-review.yaml": {True}}


@pytest.mark.parametrize("path", CASSETTES, ids=lambda path: path.stem)
def test_both_doors_give_the_same_run(path: Path) -> None:
    """By the metadata and by the wire: the same record, but for ids, times and environment."""
    one, other = replayed(path, "metadata"), replayed(path, "wire")
    assert plain(one) == plain(other)
    assert {call.origin for call in one.calls} == {"recorded"}
    assert one.verdict is not None


@pytest.mark.parametrize("path", CASSETTES, ids=lambda path: path.stem)
def test_a_replayed_run_can_be_verified(path: Path, tmp_path: Path) -> None:
    """Its folder proves itself as that of any run does."""
    replayed(path, "metadata", tmp_path / "run")
    found = verify(*read_files(tmp_path / "run"))
    assert found.flaws == ()
    assert found.calls == 4


@pytest.mark.parametrize("path", CASSETTES, ids=lambda path: path.stem)
def test_they_fit_the_chains_of_today(path: Path) -> None:
    """Nothing has drifted, nothing is left over, nothing looks like a secret."""
    found = check(path, open_catalog(None))
    assert (found.suspects, found.stale, found.unused, found.broken) == ([], {}, [], [])
    assert found.complete


def test_a_cassette_in_code() -> None:
    """Without pytest's fixtures: a block whose runs are answered from a file."""
    with use_cassette(CASSETTES[0]) as deck:
        record = fcc.run("devops-deployment", model="smollm2")
    assert deck.unused == []
    assert record.step("requirements").model == "SmolLM2-135M-Instruct"


def test_fifty_steps_side_by_side_are_each_replayed_to_their_own(tmp_path: Path, monkeypatch) -> None:
    """Identical prompts, answered in any order and each otherwise: every reply comes back to its own step, every time."""
    chain = fcc.Chain.model_validate(
        {
            "name": "many",
            "limits": {"concurrency": 50},
            "steps": {"one": {"persona": "PBD", "foreach": list(range(50)), "task": "Say a number."}},
        }
    )
    numbers = iter(range(50))
    path = tmp_path / "many.yaml"
    with OpenAIServer() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        server.answer(lambda _: time.sleep(random.random() / 50) or f"It is {next(numbers)}.")
        with use_cassette(path, "all"):
            then = fcc.run(chain, model="openai/x", assess=False)
    monkeypatch.delenv("OPENAI_BASE_URL")
    assert len(set(then.outputs.values())) == 50
    for door, times in (("metadata", 20), ("wire", 3)):
        for _ in range(times):
            with block_network(), use_cassette(path, door=door) as deck:
                now = fcc.run(chain, model="openai/x", assess=False)
            assert now.outputs == then.outputs
            assert deck.unused == []
