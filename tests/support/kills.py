"""Runs in processes of their own that are killed at a chosen moment, against a server that counts what it answers.

    with Zygote() as zygote, CountingServer() as server:
        end = zygote.run(chain, folder, server.url, kill_at=7)     # killed at the seventh event
        end = zygote.run(chain, folder, server.url)                # goes on
        assert max(server.answered.values()) <= 2

The zygote has imported everything and forks for each run, so that one takes a few hundredths of a second.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any, NamedTuple, Self

PATIENCE = 60


class End(NamedTuple):
    """How a run's process ended."""

    signal: int
    """The number of the signal that ended it, or 0."""
    status: str
    """The record's status; "" where it was killed; the error's class where one was raised."""


class _Handler(StreamRequestHandler):
    server: CountingServer

    def handle(self) -> None:
        line = self.rfile.readline()
        if not line:
            return
        asked = json.loads(line)
        self.server.begin(asked["call"])
        time.sleep(self.server.delay)
        self.wfile.write(json.dumps({"text": reply_to(asked)}).encode() + b"\n")
        self.wfile.flush()
        self.server.end(asked["call"])


def reply_to(asked: Mapping[str, Any]) -> str:
    """The server's reply: a function of what it is asked."""
    import hashlib

    digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
    lines = "\n".join(
        f"- Rule {n}: the team holds item {n} of {asked['call']} to {n * 10} ms and writes it down."
        for n in range(1, 9)
    )
    name = asked["call"].split("/")[0]
    return f"# Answer {digest[:8]}\n\nFacts: service checkout.\n\n{lines}\n\n```yaml path={name}.yaml\ndigest: {digest}\n```\n"


class CountingServer(ThreadingTCPServer):
    """Answers one line of JSON with another, and counts how often it was asked and has answered, by call."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.delay = 0.0
        """Seconds before an answer."""
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def begin(self, call: str) -> None:
        with self._lock:
            self.asked[call] += 1

    def end(self, call: str) -> None:
        with self._lock:
            self.answered[call] += 1

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: a client that was killed is what this is for."""


class Zygote:
    """A process that forks one child for each run."""

    def __init__(self, **environment: str) -> None:
        self._environment = environment

    def __enter__(self) -> Self:
        path = os.pathsep.join([str(Path(__file__).parent.parent), os.environ.get("PYTHONPATH", "")])
        self._process = subprocess.Popen(
            [sys.executable, "-c", "from support.kills import serve; serve()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path, **self._environment},
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stdin.close()
        self._process.wait(timeout=PATIENCE)
        self._process.stdout.close()

    def run(self, chain: Mapping[str, Any], folder: Path, port: int, **how: Any) -> End:
        """Make or go on with the run of a folder, in a process of its own.

        `kill_at` kills it at that event, from 1; `kill_after` after so many seconds; `faults` sets environment
        variables for the libraries under it.
        """
        order = {"chain": chain, "folder": str(folder), "port": port, **how}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the zygote has died"
        return End(*json.loads(line))


def serve() -> None:
    """The zygote's loop: a line of JSON on standard input for each run, one on standard output when it has ended."""
    _warm_up()
    for line in sys.stdin:
        order = json.loads(line)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            _child(order, writing)
        os.close(writing)
        if "kill_after" in order:
            threading.Timer(order["kill_after"], _kill, [child]).start()
        with os.fdopen(reading) as pipe:
            said = pipe.read()
        _, status = os.waitpid(child, 0)
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        sys.stdout.write(json.dumps([number, said]) + "\n")
        sys.stdout.flush()


def _warm_up() -> None:
    """Import and build before the fork whatever a child would."""
    import asyncio  # noqa: F401
    import sqlite3  # noqa: F401

    import fcc
    import fcc.simulation.ledger
    import fcc.wiring

    step = {"persona": "JUS", "task": "t", "until": {"condition": "round >= 1"}}
    record = fcc.run(fcc.Chain.model_validate({"name": "warm", "steps": {"a": step}}))
    fcc.RunRecord.from_json(record.to_json())


def _kill(child: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)


def _child(order: Mapping[str, Any], writing: int) -> None:
    os.environ.update(order.get("faults", {}))
    try:
        status = _make(order)
    except BaseException as error:  # noqa: BLE001 - its class is what the test asks for
        status = type(error).__name__
    os.write(writing, status.encode())
    os._exit(0)


def _make(order: Mapping[str, Any]) -> str:
    import fcc
    from fcc.messaging import EventBus
    from fcc.wiring import resume

    bus, seen = EventBus(), []

    def count(event: fcc.Event) -> None:
        seen.append(event)
        if len(seen) == order.get("kill_at"):
            os.kill(os.getpid(), signal.SIGKILL)

    bus.subscribe(count)
    model = fcc.FunctionProvider(lambda request: _ask(request, order["port"]), model="counted")
    folder = Path(order["folder"])
    if (folder / "run.json").exists():
        return resume(folder, model=model, bus=bus).status
    chain = fcc.Chain.model_validate(order["chain"])
    return fcc.run(chain, model=model, out=folder, run_id="r", bus=bus).status


async def _ask(request: Any, port: int) -> Any:
    import asyncio

    from fcc.providers import ModelReply, Usage

    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    asked = {"call": request.call_id, "messages": [message.content for message in request.messages]}
    writer.write(json.dumps(asked).encode() + b"\n")
    await writer.drain()
    answer = json.loads(await reader.readline())
    writer.close()
    return ModelReply(answer["text"], "counted", "live", Usage(10, 20), 0.001)
