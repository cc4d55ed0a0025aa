"""Real models: any that LiteLLM can call, and any server that speaks OpenAI's HTTP.

LiteLLM is imported at the first call, in `_litellm_library` and nowhere else: its import costs seconds of CPU and goes to
the network unless it is told not to. Everything beside the one HTTP request is done by this package:
retries, cost, errors. Keys come from the environment only, and are in no identity and no message.
"""

from __future__ import annotations

import asyncio
import copy
import os
import re
import sys
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from fcc.errors import (
    AuthenticationError,
    ConfigError,
    ContentPolicyError,
    EmptyReplyError,
    FccError,
    ProviderError,
)
from fcc.providers._litellm_errors import (
    NO_KEY_NEEDED,
    Call,
    broke_off,
    map_error,
    not_retryable,
    timed_out,
    unreadable,
)
from fcc.providers._litellm_library import Answer, answered, connected, load, loaded, release
from fcc.providers.base import ModelReply, ModelRequest, ResponseFormat, Tell, Usage
from fcc.redaction import note_secret

_OPENAI_HOST = "api.openai.com"
_BASE_VARIABLES = ("OPENAI_BASE_URL", "OPENAI_API_BASE")
_BARE_OPENAI_NAME = re.compile(r"(?:gpt|chatgpt|o\d)[^/]*")
_NO_KEY = "not-needed"
"""Sent to a server that needs no key, because the client library insists on one."""


@dataclass(frozen=True, slots=True)
class Price:
    """What a model's tokens cost, in US dollars for a million of them."""

    input_per_million: float
    output_per_million: float

    def of(self, usage: Usage) -> float | None:
        """The cost of one reply in US dollars, or None where its tokens were not counted."""
        if usage.input_tokens is None or usage.output_tokens is None:
            return None
        spent = usage.input_tokens * self.input_per_million + usage.output_tokens * self.output_per_million
        return spent / 1_000_000


class LiteLLMProvider:
    """A provider that asks a real model.

    Args:
        model: a LiteLLM model string: `openai/gpt-4o-mini`, `anthropic/…`, `ollama/…`. For a server that
            speaks OpenAI's HTTP, `openai/<its model>` together with `api_base`.
        api_base: the server's address, for most `http://host:port/v1`. Left out, `openai/…` models go where
            `OPENAI_BASE_URL` (or `OPENAI_API_BASE`) says when the provider is made, and others to their vendor.
        api_key_env: the environment variable that holds the key. Left out, the model's usual one. An
            `openai/…` model with an `api_base` of its own needs none, and is then sent none:
            `OPENAI_API_KEY` goes to OpenAI, and to where `OPENAI_BASE_URL` points, only.
        endpoint: what the server is called in the identity; left out, its host name.
        timeout: seconds that one call may take in all.
        price: what tokens cost here; left out, LiteLLM's own table is asked, and a model that is not in it,
            or is in it without a price, has cost None.
        schemas: whether the server has a mode of its own for JSON Schemas; left out, what LiteLLM reports.

    Connections are shared by all providers of one event loop and closed when `asyncio.run` ends. In a loop
    that is run by other means, call `aclose` before it is closed.

    With `EXPERIMENTAL_OPENAI_BASE_LLM_HTTP_HANDLER=True` in the environment, LiteLLM spends a third less CPU
    on an `openai/…` call. That is left to you, since it fails with servers that send no finish reason and
    with a few vendors, and leaves out OpenAI's organization and project headers.
    """

    def __init__(
        self,
        model: str,
        *,
        api_base: str | None = None,
        api_key_env: str | None = None,
        endpoint: str | None = None,
        timeout: float = 60.0,
        price: Price | None = None,
        schemas: bool | None = None,
    ) -> None:
        if not model.strip():
            raise ConfigError(
                "a provider needs the name of a model", hint="For example `openai/gpt-4o-mini`."
            )
        if timeout <= 0:
            raise ConfigError(f"a timeout of {timeout:g} s lets no call end", hint="Give a number above 0.")
        self.model = model
        self.timeout = timeout
        self._price = price
        self._schemas = schemas
        self._keyless = False
        self._api_key_env = api_key_env
        if api_key_env is not None:
            note_secret(api_key_env)
        self._endpoint = endpoint
        self._own_base = _checked(api_base, "api_base") if api_base else None
        set_bases = (name for name in _BASE_VARIABLES if _is_openai(model) and os.environ.get(name))
        self._openai_base = next((_checked(os.environ[name], name) for name in set_bases), None)

    @property
    def identity(self) -> str:
        """`litellm/<model>@<endpoint>`, the endpoint being its label, its host name or `default`."""
        return f"litellm/{self.model}@{self._endpoint or self._host(self.model) or 'default'}"

    async def complete(self, request: ModelRequest) -> ModelReply:
        """The model's reply, asked for once: nothing in here tries again.

        Raises:
            AuthenticationError: the key is missing or was refused; likewise the other `ProviderError`s.
            EmptyReplyError: the reply has no text.
        """
        return await self._ask(request, None)

    async def stream(self, request: ModelRequest, tell: Tell) -> ModelReply:
        """The same reply, with each piece of its text told as it comes; errors as `complete`.

        `timeout` counts for the whole reply, here too.
        """
        return await self._ask(request, tell)

    async def _ask(self, request: ModelRequest, tell: Tell | None) -> ModelReply:
        model = request.model or self.model
        key = self._key(model)
        call = Call(
            model=model,
            host=self._endpoint or self._host(model),
            timeout=self.timeout,
            key_variable=self._api_key_env or self._usual_key(model, key),
            secrets=(key,) if key and key != _NO_KEY else (),
        )
        await loaded()
        arguments = self._arguments(request, model, key)
        if request.response_format is not None and self.takes_schemas(
            model
        ):  # the prompt asks for it in any case
            arguments["response_format"] = _native(request.response_format)
        handled = sys.exception()
        started = time.perf_counter()
        try:
            async with connected(), asyncio.timeout(self.timeout):
                answer = await answered(arguments, tell)
        except Exception as error:  # noqa: BLE001  # LiteLLM raises whatever its backends do
            # LiteLLM's own text may hold the key, so it is kept out of tracebacks; `__context__` still has it.
            raise _failure(error, call, handled) from None
        return self._reply(answer, call, time.perf_counter() - started)

    @property
    def address(self) -> str:
        """Where the server is, where that is not left to the vendor's client; else ""."""
        return self._base(self.model) or ""

    def key_variable(self) -> str:
        """The environment variable whose value is sent as the key; "" where none is sent. May import LiteLLM.

        Raises:
            AuthenticationError: it is not set.
        """
        key = self._key(self.model)
        if self._api_key_env is not None:
            return self._api_key_env
        if _is_openai(self.model):
            return "" if key == _NO_KEY else "OPENAI_API_KEY"
        found = load().validate_environment(self.model)
        for variable in found["missing_keys"]:
            if "KEY" in variable and not self._own_base:
                raise _missing_key(self.model, variable)
        return ""

    def takes_schemas(self, model: str = "") -> bool:
        """Whether the backend has a mode of its own for JSON Schemas, as far as is known. Imports LiteLLM."""
        if self._schemas is not None:
            return self._schemas
        return bool(load().supports_response_schema(model or self.model))

    def estimate_cost(self, input_tokens: int, output_tokens: int | None) -> float | None:
        """What so many tokens may cost, in US dollars; None where they or the price are not known. Imports LiteLLM."""
        if output_tokens is None:
            return None
        if self._price is not None:
            return self._price.of(Usage(input_tokens, output_tokens))
        try:
            cost = float(
                sum(
                    load().cost_per_token(
                        model=self.model, prompt_tokens=input_tokens, completion_tokens=output_tokens
                    )
                )
            )
        except Exception:  # noqa: BLE001 - a model that is not listed is an exception there, of several kinds
            return None
        return cost if cost > 0 else None

    async def aclose(self) -> None:
        """Closes the connections of the running event loop, unless another call is using them just now."""
        await release()

    def _arguments(self, request: ModelRequest, model: str, key: str | None) -> dict[str, Any]:
        sampling = request.sampling
        chosen: dict[str, Any] = {
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_tokens,
            "seed": sampling.seed,
            "stop": list(sampling.stop) or None,
            "api_base": self._base(model),
            "api_key": key,
            "extra_headers": {"x-call-id": request.call_id} if request.call_id else None,
        }
        return {
            "model": model,
            "messages": [{"role": m.role, "content": m.content} for m in request.messages],
            "timeout": self.timeout,
            "num_retries": 0,
            "max_retries": 0,
            **{name: value for name, value in chosen.items() if value is not None},
        }

    def without_key(self) -> LiteLLMProvider:
        """The same provider, with something in the place of a key: for HTTP that is answered from a recording."""
        other = copy.copy(self)
        other._keyless = True  # noqa: SLF001 - its own copy
        if self.model.startswith("azure/") and not os.environ.get("AZURE_API_BASE"):
            other._own_base = self._own_base or "http://recorded.invalid"  # noqa: SLF001 - its own copy
        return other

    def _base(self, model: str) -> str | None:
        return self._own_base or (self._openai_base if _is_openai(model) else None)

    def _host(self, model: str) -> str:
        return urlsplit(self._base(model) or "").hostname or ""

    def _key(self, model: str) -> str | None:
        """The key to send; None leaves it to LiteLLM, which reads the variable of the model's vendor."""
        if self._keyless:
            return _NO_KEY
        if self._api_key_env is not None:
            key = os.environ.get(self._api_key_env, "").strip()
            if not key:
                raise _missing_key(model, self._api_key_env)
            return key
        if not _is_openai(model):
            return None
        host = self._host(model)
        elsewhere = bool(host) and host != _OPENAI_HOST and not host.endswith(f".{_OPENAI_HOST}")
        if elsewhere and self._own_base:
            return _NO_KEY
        key = os.environ.get("OPENAI_API_KEY", "").strip()
        if not key and not elsewhere:
            raise _missing_key(model, "OPENAI_API_KEY")
        return key or _NO_KEY

    def _usual_key(self, model: str, key: str | None) -> str:
        unwanted = key == _NO_KEY and self._own_base
        return "OPENAI_API_KEY" if _is_openai(model) and not unwanted else ""

    def _reply(self, answer: Answer, call: Call, latency: float) -> ModelReply:
        if not answer.choices:
            raise unreadable(call, "it holds no choices")
        if not answer.whole:
            raise broke_off(call)
        if not answer.text.strip():
            raise _no_text(answer.finish_reason, call)
        usage = _usage(answer.usage, call.model)
        return ModelReply(
            text=answer.text,
            model=answer.model or call.model,
            origin="live",
            usage=usage,
            cost=self._price.of(usage) if self._price else _listed_cost(call.model, answer.usage, usage),
            latency=latency,
            finish_reason=answer.finish_reason,
        )


def _native(wanted: ResponseFormat) -> dict[str, Any]:
    """A form as the backend's own mode for JSON Schemas takes it, in OpenAI's words, which LiteLLM translates."""
    named = {"name": wanted.name, "schema": dict(wanted.schema), "strict": wanted.is_strict}
    return {"type": "json_schema", "json_schema": named}


def _failure(error: Exception, call: Call, handled: BaseException | None) -> FccError:
    if isinstance(error, TimeoutError):
        return timed_out(call)
    mapped = map_error(error, call, handled)
    if isinstance(mapped, AuthenticationError) and not call.key_variable:
        unset = [] if _is_openai(call.model) else load().validate_environment(call.model)["missing_keys"]
        for variable in unset:
            if "KEY" in variable:
                return _missing_key(call.model, variable)
    return mapped


def _no_text(reason: str, call: Call) -> ProviderError:
    """The error for a reply without text, which ended for that finish reason."""
    if reason == "content_filter":
        return ContentPolicyError(
            f"the content filter of {call.where} kept the answer back",
            hint="Reword the prompt or the inputs, or use another model.",
            model=call.model,
        )
    if reason == "length":
        return not_retryable(
            EmptyReplyError(
                f"{call.where} used all the tokens it was allowed before it wrote any text",
                hint="Raise max_tokens: a reasoning model spends them on thinking first.",
                model=call.model,
            )
        )
    return EmptyReplyError(
        f"{call.where} answered with no text (finish reason: {reason})",
        hint="Try again, or use another model.",
        model=call.model,
    )


def _missing_key(model: str, variable: str) -> AuthenticationError:
    """The error for a key that is not in the environment."""
    return AuthenticationError(
        f"no API key for {model}: the environment variable {variable} is not set",
        hint=f"Set it with `export {variable}=…`. {NO_KEY_NEEDED}",
        model=model,
    )


def _checked(address: str, name: str) -> str:
    try:
        parts = urlsplit(address)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets that are none of IPv6, a port that is no number from 0 to 65535
        good = False
    if not good:
        raise ConfigError(
            f"{name} is not the address of a server", hint="It looks like http://localhost:8000/v1."
        )
    return address


def _is_openai(model: str) -> bool:
    return model.startswith("openai/") or _BARE_OPENAI_NAME.fullmatch(model) is not None


def _usage(usage: Any, model: str) -> Usage:
    sent, received = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
    if not sent and not received:
        return Usage()
    return Usage(
        input_tokens=sent or None,  # LiteLLM writes 0 where the server said nothing
        output_tokens=received or None,
        cached_tokens=_count(getattr(usage, "prompt_tokens_details", None), "cached_tokens"),
        # What LiteLLM has for Anthropic's models is a count of its own.
        reasoning_tokens=None
        if model.startswith("anthropic/")
        else _count(getattr(usage, "completion_tokens_details", None), "reasoning_tokens"),
    )


def _count(holder: Any, name: str) -> int | None:
    value = getattr(holder, name, None)
    return value if isinstance(value, int) and value >= 0 else None


_unlisted: dict[str, int] = {}
"""Models without a price, and how long the table was then: a user may add to it."""


def _listed_cost(model: str, counted: Any, usage: Usage) -> float | None:
    """US dollars by LiteLLM's table, cached tokens at their own price; its 0 stands for "not listed" too."""
    litellm = load()
    listed = len(litellm.model_cost)
    if usage.input_tokens is None or _unlisted.get(model) == listed:
        return None
    try:
        cost = float(sum(litellm.cost_per_token(model=model, usage_object=counted)))
    except Exception:  # noqa: BLE001 - a model that is not listed is an exception there, of several kinds
        _unlisted[model] = listed
        return None
    return cost if cost > 0 else None
