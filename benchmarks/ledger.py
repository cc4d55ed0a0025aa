"""What keeping every reply costs: a step with its folder and ledger, many runs at once, and a look ahead.

A step's time is by the clock, since most of it is the disk's. "Without ledger" is the same run with the same folder and
no ledger, so that the two differ in it alone.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.chain import plan
from benchmarks.job import JOB
from benchmarks.measure import ROOT, Worker, child_cpu, in_turns, module_worker, ratio
from benchmarks.report import Row, Table, at_least, at_most
from fcc import FunctionProvider, ModelReply, ModelRequest, arun
from fcc.providers import Usage
from fcc.wiring import Prepared

_ROUNDS = 5
_CHAINS = 40
_AT_ONCE = 200
_DELAY = 0.05
_STEPS = 500
_MOST_MS, _LEAST_SHARE, _MOST_SECONDS = 3.0, 0.9, 1.0

_MEMORY, _FOLDER, _KEPT = "in memory", "with a folder, without ledger", "with a folder and the ledger"
_OPEN = Prepared._ledger


def measure(options: Namespace) -> Table:
    """A step's time, the throughput of many runs, and the look ahead."""
    rounds = options.rounds or _ROUNDS
    table = Table("ledger", "every paid reply on the disk before it is read (SQLite, synchronous=FULL)")
    _steps(table, rounds)
    _at_once(table, rounds)
    _over_http(table, options, rounds)
    _look_ahead(table, rounds)
    return table


def _steps(table: Table, rounds: int) -> None:
    variants = {name: partial(_one_by_one, name) for name in (_MEMORY, _FOLDER, _KEPT)}
    for name, found in in_turns(variants, rounds).items():
        row = at_most(f"a step {name}", median(found), "ms", _MOST_MS) if name == _KEPT else None
        table.rows.append(row or Row(f"a step {name}", median(found), "ms"))


def _at_once(table: Table, rounds: int) -> None:
    variants = {name: partial(_side_by_side, name) for name in (_MEMORY, _FOLDER, _KEPT)}
    figures = in_turns(variants, rounds)
    for name, found in figures.items():
        table.rows.append(
            Row(f"{_AT_ONCE} at once, a function that takes 50 ms, {name}", median(found), "chains/s")
        )
    of_medians, of_rounds = ratio(figures[_KEPT], figures[_FOLDER])
    table.rows.append(Row("... with the ledger / without", of_medians, "x"))
    table.rows.append(Row("... median of the ratios round by round", of_rounds, "x"))


def _over_http(table: Table, options: Namespace, rounds: int) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(module_worker("http_server"))
        base = f"http://127.0.0.1:{server.read()}/v1"
        known = {"OPENAI_BASE_URL": base, "OPENAI_API_KEY": "none"}
        clients = {
            name: stack.enter_context(module_worker("http_client", variant, options.model, base, **known))
            for name, variant in ((_FOLDER, "folder"), (_KEPT, "kept"))
        }
        for client in clients.values():
            client.ask(at_once=_AT_ONCE, chains=_AT_ONCE)
        figures = in_turns(
            {name: partial(_chains_a_second, client) for name, client in clients.items()}, rounds
        )
    for name, found in figures.items():
        table.rows.append(
            Row(f"{_AT_ONCE} at once, LiteLLM and a 50 ms server, {name}", median(found), "chains/s")
        )
    of_medians, of_rounds = ratio(figures[_KEPT], figures[_FOLDER])
    table.rows.append(at_least("... with the ledger / without", of_medians, "x", _LEAST_SHARE))
    table.rows.append(Row("... median of the ratios round by round", of_rounds, "x"))


def _chains_a_second(client: Worker) -> float:
    found: dict[str, Any] = client.ask(at_once=_AT_ONCE, chains=_AT_ONCE)
    return float(_AT_ONCE / found["wall"])


def _look_ahead(table: Table, rounds: int) -> None:
    steps = "".join(
        f"  s{n}: {{persona: JUS, needs: [{', '.join(f's{m}' for m in range(max(0, n - 2), n))}], task: 'Part {n}"
        + "".join(f" {{{{ handoff.s{m} }}}}" for m in range(max(0, n - 2), n))
        + "'}\n"
        for n in range(_STEPS)
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "long.yaml").write_text(f"name: long\nsteps:\n{steps}", encoding="utf-8")
        command = [str(ROOT / ".venv/bin/fcc-agents"), "run", "./long.yaml", "--plan", "--json"]
        figures = in_turns({"plan": lambda: child_cpu(command, folder)}, rounds)
    what = f"run --plan of {_STEPS} steps, the whole process"
    table.rows.append(at_most(what, median(figures["plan"]), "s CPU", _MOST_SECONDS))


def _provider(delay: float) -> FunctionProvider:
    async def answer(_: ModelRequest) -> ModelReply:
        if delay:
            await asyncio.sleep(delay)
        return ModelReply(JOB[1].reply, "constant", "live", Usage(400, 330), 0.0)

    return FunctionProvider(answer)


def _one_by_one(variant: str) -> float:
    """Milliseconds of a step, by the clock."""
    return _timed(variant, 0.0, _CHAINS, at_once=False) / (_CHAINS * len(JOB)) * 1e3


def _side_by_side(variant: str) -> float:
    """Chains a second."""
    return _AT_ONCE / _timed(variant, _DELAY, _AT_ONCE, at_once=True)


def _timed(variant: str, delay: float, chains: int, *, at_once: bool) -> float:
    made, provider = plan(), _provider(delay)

    async def chain(place: Callable[[int], Path | None], number: int) -> None:
        await arun(made, model=provider, out=place(number), run_id=f"r{number}", assess=False)

    async def all_of_them(place: Callable[[int], Path | None]) -> float:
        await chain(place, -1)
        started = time.perf_counter()
        if at_once:
            await asyncio.gather(*(chain(place, number) for number in range(chains)))
        else:
            for number in range(chains):
                await chain(place, number)
        return time.perf_counter() - started

    Prepared._ledger = _OPEN if variant == _KEPT else lambda *_: None
    try:
        with tempfile.TemporaryDirectory(dir=ROOT / "build") as name:
            runs = Path(name, ".fcc", "runs")
            return asyncio.run(all_of_them(lambda n: None if variant == _MEMORY else runs / f"r{n}"))
    finally:
        Prepared._ledger = _OPEN
