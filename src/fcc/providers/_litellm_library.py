"""LiteLLM itself: imported when it is first needed, kept quiet, its connections closed with their loop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import inspect
import logging
import os
import re
import threading
import warnings
import weakref
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import Any

_ENVIRONMENT = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True"}
"""Both keep LiteLLM from fetching a table from the network; set unless the user has set them."""


@dataclass(eq=False, slots=True)
class _Loop:
    """What is kept for one event loop."""

    guard: AsyncGenerator[None]
    calls: int = 0
    """How many are under way."""


_litellm: Any = None
_loading = threading.Lock()
_loops: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Loop] = weakref.WeakKeyDictionary()

_NOISE = (
    re.compile(r"Items? .* on TypedDict class", re.IGNORECASE),
    re.compile(r"Pydantic serializer warnings", re.IGNORECASE),
)
"""What LiteLLM's models make pydantic warn of during a call; nobody who calls it can do anything about it."""


async def loaded() -> Any:
    """LiteLLM, imported in a worker thread so that the loop goes on meanwhile."""
    if _litellm is None:
        await asyncio.to_thread(load)
    _hush()
    return _litellm


def load() -> Any:
    """LiteLLM, imported here and now."""
    global _litellm  # noqa: PLW0603  # one module, imported once
    with _loading:
        if _litellm is not None:
            return _litellm
        for name, value in _ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        collecting = gc.isenabled()
        gc.disable()  # nearly half of the import's time goes to collections that find nothing
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                import litellm  # noqa: TID251  # this is the one place where it is imported
            gc.freeze()
        finally:
            if collecting:
                gc.enable()
        litellm.suppress_debug_info = True
        litellm.telemetry = False
        if "LITELLM_LOG" not in os.environ:
            for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy"):
                logging.getLogger(name).setLevel(logging.CRITICAL)
        _litellm = litellm
        return litellm


def _hush() -> None:
    """Keep LiteLLM's own warnings from the user, also where filters were set anew since the last call."""
    present = {pattern for _, pattern, *_ in warnings.filters}
    for pattern in _NOISE:
        if pattern not in present:
            warnings.filterwarnings("ignore", pattern.pattern, UserWarning)


@contextlib.asynccontextmanager
async def connected() -> AsyncIterator[None]:
    """Around a call: nobody closes its connections, and `asyncio.run` does when it shuts its loop down."""
    running = asyncio.get_running_loop()
    loop = _loops.get(running)
    if loop is None:
        _loops[running] = loop = _Loop(_until_shutdown(running))
        await anext(loop.guard)
    loop.calls += 1
    try:
        yield
    finally:
        loop.calls -= 1


async def _until_shutdown(running: asyncio.AbstractEventLoop) -> AsyncGenerator[None]:
    # A loop's shutdown ends the async generators that are still open: the one hook that it offers.
    try:
        yield
    finally:
        _loops.pop(running, None)
        await _close_clients()


async def release() -> None:
    """Close the running loop's connections, unless another call is using them just now."""
    loop = _loops.get(asyncio.get_running_loop())
    if loop is not None and not loop.calls:
        await _close_clients()


async def _close_clients() -> None:
    """Close the clients that LiteLLM keeps for the running loop; other loops' are theirs to close."""
    cache = getattr(_litellm, "in_memory_llm_clients_cache", None)
    if cache is None or getattr(_litellm, "aclient_session", None) is not None:
        return
    of_this_loop = f"-{id(asyncio.get_running_loop())}"
    for key in [key for key in cache.cache_dict if str(key).endswith(of_this_loop)]:
        client = cache.cache_dict.get(key)
        cache.delete_cache(key)
        with contextlib.suppress(Exception):
            closing = client.close()
            if inspect.isawaitable(closing):
                await closing
