"""What a recording costs: the command's replay against the deterministic run, and the load and match of a large one.

The command is a process of its own; "load" reads and checks the file, "match" asks for each call once.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from argparse import Namespace
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.job import JOB
from benchmarks.measure import JUDGED, ROOT, child_cpu, in_turns, ratio
from benchmarks.report import Row, Table, at_most
from fcc import ModelReply, ModelRequest
from fcc.providers import Message, Usage
from fcc.providers.cassettes import Cassette, Deck, RecordedCall, ReplayProvider
from fcc.providers.keys import call_key

_ROUNDS = 9
_CALLS = 400
_AS_YAML = 99
"""From a hundred on a cassette is written as JSON."""
_MOST_TIMES, _MOST_LOAD, _MOST_MATCH = 1.3, 0.5, 1.0
_IDENTITY = "litellm/openai/x@lab"


def measure(options: Namespace) -> Table:
    """The command's replay, by both doors, and a cassette of 400 interactions."""
    rounds = options.rounds or _ROUNDS
    table = Table("cassettes", "recorded replies: cold replay from the command line, and a large recording")
    with tempfile.TemporaryDirectory() as name:
        _cold(table, Path(name), rounds)
        _large(table, Path(name), rounds)
    return table


def _cold(table: Table, folder: Path, rounds: int) -> None:
    command, cassette = (
        str(ROOT / ".venv/bin/fcc-agents"),
        str(ROOT / "tests/cassettes/devops-deployment.yaml"),
    )
    variants = {
        "run devops-deployment": [command, "run", "devops-deployment", "--json"],
        "replay, by the metadata": [command, "replay", cassette, "--json"],
        "replay --wire, through LiteLLM": [command, "replay", cassette, "--wire", "--json"],
    }
    figures = in_turns(
        {name: partial(child_cpu, line, folder, ends=JUDGED) for name, line in variants.items()}, rounds
    )
    run, replay, wire = figures.values()
    for name, found in figures.items():
        table.rows.append(Row(name, median(found) * 1e3, "ms CPU"))
    of_medians, of_rounds = ratio(replay, run)
    table.rows.append(at_most("replay / run", of_medians, "x", _MOST_TIMES))
    table.rows.append(Row("... median of the ratios round by round", of_rounds, "x"))
    table.rows.append(Row("replay --wire / run", ratio(wire, run)[0], "x"))


def _large(table: Table, folder: Path, rounds: int) -> None:
    large, text = folder / "large.json", folder / "text.yaml"
    requests = [_request(number) for number in range(_CALLS)]
    _write(large, requests)
    _write(text, requests[:_AS_YAML])
    variants = {
        "load": partial(_load, large),
        "match": partial(_match, large, requests),
        "yaml": partial(_load, text),
    }
    figures = in_turns(variants, rounds)
    table.rows.append(
        at_most(f"load {_CALLS} interactions (JSON)", median(figures["load"]), "s CPU", _MOST_LOAD)
    )
    table.rows.append(Row(f"load {_AS_YAML} interactions (YAML, the most)", median(figures["yaml"]), "s CPU"))
    each = median(figures["match"]) * 1e3 / _CALLS
    table.rows.append(at_most(f"match one call of {_CALLS}", each, "ms CPU", _MOST_MATCH))


def _load(path: Path) -> float:
    started = time.process_time()
    Deck(path)
    return time.process_time() - started


def _match(path: Path, requests: list[ModelRequest]) -> float:
    """Seconds of asking for all of them."""
    provider = ReplayProvider(Deck(path), _IDENTITY)

    async def ask() -> None:
        for request in requests:
            await provider.complete(request)

    started = time.process_time()
    asyncio.run(ask())
    return time.process_time() - started


def _request(number: int) -> ModelRequest:
    messages = (Message("system", JOB[0].system), Message("user", f"{number}: {JOB[1].task}"))
    return ModelRequest(messages, "openai/x", call_id=f"step{number}/0/0/0/0")


def _write(path: Path, requests: list[ModelRequest]) -> None:
    replies = [_reply(request) for request in requests]
    calls = [
        RecordedCall(request.call_id, call_key(request, _IDENTITY), _IDENTITY, request, reply).to_dict()
        for request, reply in zip(requests, replies, strict=True)
    ]
    wire = [_interaction(request, reply) for request, reply in zip(requests, replies, strict=True)]
    steps = [{"name": call["id"].split("/")[0], "calls": [call]} for call in calls]
    Cassette(path, tuple(wire), ({"steps": steps},)).write()


def _reply(request: ModelRequest) -> ModelReply:
    """One of its own for each call, or the file would hold its text once."""
    text = f"{request.call_id}\n{JOB[1].reply}"
    return ModelReply(text, "x", "recorded", Usage(400, 330), 0.001, 1.0)


def _interaction(request: ModelRequest, reply: ModelReply) -> dict[str, object]:
    messages = [{"role": message.role, "content": message.content} for message in request.messages]
    choice = {"index": 0, "message": {"role": "assistant", "content": reply.text}, "finish_reason": "stop"}
    return {
        "request": {
            "method": "POST",
            "uri": "https://api.example/v1/chat/completions",
            "headers": {"x-call-id": [request.call_id]},
            "body": {"json": {"model": "x", "messages": messages}},
        },
        "response": {
            "status": {"code": 200, "message": "OK"},
            "headers": {"content-type": ["application/json"]},
            "body": {"string": {"json": {"model": "x", "choices": [choice]}}},
        },
    }
