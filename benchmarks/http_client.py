"""One way of calling the server, in a process of its own: `python -m benchmarks.http_client VARIANT MODEL BASE`.

Answers each line `{"at_once": N, "chains": M}` on standard input with the seconds that M chains took, N of them at
once, and the processor time of this process.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.job import JOB, with_previous

Call = Callable[[str, str], Awaitable[str]]
"""Takes a system prompt and a task, gives the answer's text."""
Chain = Callable[[], Awaitable[object]]


def chain_of(call: Call) -> Chain:
    """The job's four calls, one after the other."""

    async def chain() -> None:
        previous = ""
        for job in JOB:
            previous = await call(job.system, with_previous(job.task, previous))

    return chain


@asynccontextmanager
async def raw(model: str, base: str) -> AsyncIterator[Chain]:
    """The limit: aiohttp, as many connections as it likes."""
    import aiohttp

    name = model.partition("/")[2]
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def call(system: str, task: str) -> str:
            body = {
                "model": name,
                "messages": [{"role": "system", "content": system}, {"role": "user", "content": task}],
            }
            async with session.post(f"{base}/chat/completions", json=body) as response:
                answer = await response.json()
            return str(answer["choices"][0]["message"]["content"])

        yield chain_of(call)


@asynccontextmanager
async def bare(model: str, base: str) -> AsyncIterator[Chain]:
    """`litellm.acompletion` as its documentation shows it."""
    import litellm  # noqa: TID251 - what ours is measured against

    async def call(system: str, task: str) -> str:
        messages = [{"role": "system", "content": system}, {"role": "user", "content": task}]
        response = await litellm.acompletion(model=model, messages=messages, api_base=base, api_key="none")
        return str(response.choices[0].message.content)

    yield chain_of(call)


@asynccontextmanager
async def provider(model: str, base: str) -> AsyncIterator[Chain]:  # noqa: ARG001 - OPENAI_BASE_URL says where to
    """The provider as `fcc-agents run --model` builds it, retries and all."""
    from fcc.providers.base import Message, ModelRequest
    from fcc.wiring import open_catalog

    made = open_catalog().backend(model).provider

    async def call(system: str, task: str) -> str:
        messages = (Message("system", system), Message("user", task))
        return (await made.complete(ModelRequest(messages))).text

    yield chain_of(call)


@asynccontextmanager
async def whole(model: str, base: str) -> AsyncIterator[Chain]:  # noqa: ARG001 - OPENAI_BASE_URL says where to
    """`arun`: the provider and everything around it but scores and files."""
    from benchmarks.chain import plan
    from fcc.wiring import arun, open_catalog

    planned, made = plan(), open_catalog().backend(model).provider

    async def chain() -> None:
        record = await arun(planned, model=made, assess=False)
        if len(record.outputs) != len(JOB):
            raise RuntimeError(f"only {list(record.outputs)} were answered")

    yield chain


@asynccontextmanager
async def kept(model: str, base: str) -> AsyncIterator[Chain]:  # noqa: ARG001 - OPENAI_BASE_URL says where to
    """`arun` with a folder for each run, and every reply in the ledger."""
    from benchmarks.chain import plan
    from fcc.wiring import arun, open_catalog

    planned, made = plan(), open_catalog().backend(model).provider
    with tempfile.TemporaryDirectory() as name:

        async def chain() -> None:
            out = Path(name, ".fcc", "runs", uuid.uuid4().hex)
            record = await arun(planned, model=made, assess=False, out=out, run_id=out.name)
            if len(record.outputs) != len(JOB):
                raise RuntimeError(f"only {list(record.outputs)} were answered")

        yield chain


@asynccontextmanager
async def folder(model: str, base: str) -> AsyncIterator[Chain]:
    """The same without the ledger, to tell what it costs."""
    from fcc.wiring import Prepared

    Prepared._ledger = lambda *_: None  # type: ignore[method-assign,assignment] # what is left out
    async with kept(model, base) as chain:
        yield chain


VARIANTS = {"raw": raw, "bare": bare, "provider": provider, "whole": whole, "folder": folder, "kept": kept}


async def seconds(chain: Chain, at_once: int, chains: int) -> dict[str, float]:
    """How long the chains took, by the clock and on the processor."""
    left = iter(range(chains))

    async def lane() -> None:
        for _ in left:
            await chain()

    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(lane() for _ in range(at_once)))
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


async def main(variant: str, model: str, base: str) -> None:
    """Answer one line after the other; in between the loop stands still."""
    async with VARIANTS[variant](model, base) as chain:
        for line in sys.stdin:
            asked = json.loads(line)
            print(json.dumps(await seconds(chain, asked["at_once"], asked["chains"])), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
