"""LiteLLM itself: imported when it is first needed, kept quiet, its connections closed with their loop.

What it makes of an answer is read here too, as far as the server said it: LiteLLM fills in the rest.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import inspect
import json
import logging
import os
import re
import sys
import threading
import warnings
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, NoReturn

from fcc.providers.base import Tell

_ENVIRONMENT = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True"}
"""Both keep LiteLLM from fetching a table from the network; set unless the user has set them."""


@dataclass(eq=False, slots=True)
class _Loop:
    """What is kept for one event loop."""

    guard: AsyncGenerator[None]
    calls: int = 0
    """How many are under way."""
    client: Any = None
    """The client for vendors that LiteLLM calls without an SDK, once one was called."""


_litellm: Any = None
_loading = threading.Lock()
_loops: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Loop] = weakref.WeakKeyDictionary()

_NOISE = {
    re.compile(r"Items? .* on TypedDict class", re.IGNORECASE): UserWarning,
    re.compile(r"Pydantic serializer warnings", re.IGNORECASE): UserWarning,
    re.compile(r"Accessing the 'model_\w+' attribute", re.IGNORECASE): DeprecationWarning,
}
"""What LiteLLM's models make pydantic warn of during a call; nobody who calls it can do anything about it."""

_PLAIN = frozenset({"anthropic", "gemini", "mistral", "ollama", "ollama_chat"})
"""Vendors that LiteLLM calls without an SDK, and for which it takes our client."""
_OLLAMA = frozenset({"ollama", "ollama_chat"})
_JSON = json.JSONDecoder()
_NO_DATA = ("event:", "id:", "retry:", ":")
"""What other lines of a stream begin with."""
_GEMINIS_END = re.compile(r'"(?:finish|block)Reason"')
_PLAIN_STOPS = frozenset({"stop", "end_turn", "stop_sequence", "eos", "eos_token", "complete"})

_heard: ContextVar[list[str]] = ContextVar("_heard")
"""Where the call under way keeps the lines that its server sends, if LiteLLM does not tell all that they say."""


@dataclass(slots=True)
class Answer:
    """What a server answered, whole or streamed."""

    text: str = ""
    model: str = ""
    finish_reason: str = "stop"
    usage: Any = None
    """LiteLLM's count; None, or 0 in it, where the server did not say."""
    choices: bool = False
    """Whether it is a chat completion at all."""
    whole: bool = True
    """Whether it came to its end."""


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
        _guard_sdk_clients()
        _litellm = litellm
        return litellm


def _guard_sdk_clients() -> None:
    """Give the clients that LiteLLM makes for OpenAI's SDK during a call of ours, Azure's too, the hook of `_client`.

    It offers no other way to them; what it makes for anybody else, and a client of the user's own, stay as they are.
    """
    from litellm.llms.openai.common_utils import BaseOpenAILLM  # noqa: TID251  # as above

    make: Callable[..., Any] | None = getattr(BaseOpenAILLM, "_get_async_http_client", None)
    if make is None:  # another version: no reason for no call to work, and a test tells
        return

    @functools.wraps(make)
    def guarded(*args: Any, **named: Any) -> Any:
        client = make(*args, **named)
        if _heard.get(None) is not None and client not in {None, _litellm.aclient_session}:
            client.event_hooks["response"].append(_stays)
        return client

    BaseOpenAILLM._get_async_http_client = staticmethod(guarded)  # noqa: SLF001


async def _stays(response: Any) -> None:
    """Follow no redirect to another server: most vendors' keys are in headers that httpx takes along, anywhere."""
    if not response.has_redirect_location:
        return
    here, there = response.url, response.url.join(response.headers["location"])
    if (here.scheme, here.netloc) != (there.scheme, there.netloc):
        await response.aread()
        response.raise_for_status()


def _hush() -> None:
    """Keep LiteLLM's own warnings from the user, also where filters were set anew since the last call."""
    present = {pattern for _, pattern, *_ in warnings.filters}
    for pattern, category in _NOISE.items():
        if pattern not in present:
            warnings.filterwarnings("ignore", pattern.pattern, category)


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
        await _close_clients(_loops.pop(running, None))


async def release() -> None:
    """Close the running loop's connections, unless another call is using them just now."""
    loop = _loops.get(asyncio.get_running_loop())
    if loop is not None and not loop.calls:
        await _close_clients(loop)


async def _close_clients(loop: _Loop | None) -> None:
    """Close the clients of the running loop, ours and LiteLLM's; other loops' are theirs to close."""
    if loop is not None and loop.client is not None:
        ours, loop.client = loop.client, None
        with contextlib.suppress(Exception):
            await ours.close()
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


async def answered(arguments: dict[str, Any], tell: Tell | None) -> Answer:
    """The answer to one request, told as it comes where there is a `tell`; to be called within `connected`."""
    vendor = arguments["model"].partition("/")[0]
    if vendor in _PLAIN:
        arguments |= {"client": _client()}
    heard: list[str] = []
    token = _heard.set(heard)
    try:
        answer = await (_whole(arguments) if tell is None else _streamed(arguments, tell))
    finally:
        _heard.reset(token)
    if vendor in _OLLAMA:
        _in_ollamas_words(answer, heard)
    if vendor == "gemini" and tell is not None and heard:  # LiteLLM calls every piece of it the last
        answer.whole = any(map(_GEMINIS_END.search, heard))
    answer.whole = answer.whole and (tell is None or _readable(heard))
    return answer


async def _whole(arguments: dict[str, Any]) -> Answer:
    response = await _litellm.acompletion(**arguments)
    answer = Answer(model=getattr(response, "model", None) or "", usage=getattr(response, "usage", None))
    try:
        choice = response.choices[0]
        text, answer.finish_reason = choice.message.content, _finish_reason(choice)
    except (AttributeError, IndexError, TypeError):
        return answer
    answer.text, answer.choices = text if isinstance(text, str) else "", True
    return answer


async def _streamed(arguments: dict[str, Any], tell: Tell) -> Answer:
    """What the pieces of a streamed answer come to; closed at once where nobody wants the rest."""
    answer, pieces, begun = Answer(whole=False), list[str](), False
    response = await _litellm.acompletion(**arguments, stream=True, stream_options={"include_usage": True})
    try:
        async for chunk in response:
            answer.whole = answer.whole or _ended(response)
            begun = begun or _judges_the_prompt(chunk)
            answer.model = getattr(chunk, "model", None) or answer.model
            for choice in chunk.choices[:1]:
                piece = getattr(choice.delta, "content", None)
                if isinstance(piece, str) and piece:
                    pieces.append(piece)
                    tell(piece)
                if choice.finish_reason:
                    answer.finish_reason = _finish_reason(choice)
    finally:
        with contextlib.suppress(Exception):
            await response.aclose()
    # Where the server did not say, LiteLLM ends every stream with `stop`, and with tokens that it counted itself.
    served = getattr(response, "_provider_response_model", None)
    answer.text, answer.model = "".join(pieces), served or answer.model
    answer.choices = bool(pieces or served or begun or answer.whole)
    counts = (getattr(chunk, "usage", None) for chunk in reversed(getattr(response, "chunks", ())))
    answer.usage = next((count for count in counts if count is not None), None)
    return answer


def _judges_the_prompt(chunk: Any) -> bool:
    """Whether it is the one that Azure begins with, while the model still thinks: no choices, and an empty name."""
    return not chunk.choices and getattr(chunk, "model", None) == ""


def _ended(response: Any) -> bool:
    """Whether the server has said why the stream ends; LiteLLM keeps that in one of two places."""
    said = getattr(response, "received_finish_reason", "stop")
    return bool(said or getattr(response, "intermittent_finish_reason", None))


def _finish_reason(choice: Any) -> str:
    """LiteLLM calls what it does not know `stop`; the backend's own word is kept beside it."""
    reason = str(choice.finish_reason or "stop")
    own = str((getattr(choice, "provider_specific_fields", None) or {}).get("native_finish_reason") or "")
    return own if reason == "stop" and own and own.lower() not in _PLAIN_STOPS else reason


def _in_ollamas_words(answer: Answer, heard: list[str]) -> None:
    """Puts in what Ollama said at its end.

    LiteLLM calls every end of /api/generate `stop`, counts tokens itself where Ollama did not, and asks for
    no more of an answer than that it is JSON.
    """
    try:
        said = json.loads(heard[-1])
    except (IndexError, ValueError):
        return
    if not isinstance(said, dict):
        return
    answer.model, answer.choices = said.get("model") or answer.model, "model" in said
    answer.finish_reason = said.get("done_reason") or answer.finish_reason
    answer.usage = _litellm.Usage(
        prompt_tokens=said.get("prompt_eval_count"), completion_tokens=said.get("eval_count")
    )


def _readable(lines: list[str]) -> bool:
    """Whether all that a stream sent is JSON, which may go over several lines; LiteLLM leaves out what is not."""
    data = (line.removeprefix("data:").strip() for line in lines if not line.startswith(_NO_DATA))
    text, place = "".join(item for item in data if item != "[DONE]"), 0
    try:
        while place < len(text):
            _, place = _JSON.raw_decode(text, place)
    except ValueError:
        return False
    return True


def _client() -> Any:
    """The running loop's own HTTP client.

    LiteLLM's sends a request a second time where the connection was reset, which nobody would count, and it
    shares one between all loops for some streams, which nobody would close.
    """
    loop = _loops[asyncio.get_running_loop()]
    if loop.client is None:
        loop.client = _client_class()(event_hooks={"response": [_stays]})
    return loop.client


@functools.cache
def _client_class() -> Callable[..., Any]:
    from litellm.llms.custom_httpx.http_handler import (  # noqa: TID251  # as above
        AsyncHTTPHandler,
    )

    class Client(AsyncHTTPHandler):  # type: ignore[misc]  # LiteLLM's types are not read
        """LiteLLM's client, which sends every request once, and keeps what it hears."""

        async def single_connection_post_request(self, *_: object, **__: object) -> NoReturn:
            """Instead of the second request: the error that the first one met."""
            raise sys.exception() or ConnectionError

        async def post(self, *args: Any, **named: Any) -> Any:
            response = await super().post(*args, **named)
            if response.is_stream_consumed:
                _heard.get([]).append(response.text)
            else:
                response.aiter_lines = functools.partial(_listened, response.aiter_lines, _heard.get([]))
            return response

    return Client


async def _listened(lines: Callable[[], AsyncIterator[str]], heard: list[str]) -> AsyncIterator[str]:
    async for line in lines():
        if line.strip():
            heard.append(line)
        yield line
