"""What every provider takes and gives: `ModelRequest` in, `ModelReply` out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from fcc.providers.schema import is_strict

Role = Literal["system", "user", "assistant"]

Origin = Literal["live", "deterministic", "function", "recorded", "ledger"]
"""Where a reply came from. `function` is the answer of a `FunctionProvider`, which may or may not repeat."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of the conversation that a model is sent."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the model picks its words. None leaves the choice to the model's own default."""

    temperature: float | None = None
    """0 to 2; lower repeats itself more."""
    top_p: float | None = None
    """Above 0, at most 1."""
    max_tokens: int | None = None
    """The most tokens that the reply may have."""
    seed: int | None = None
    """Honoured by some backends, ignored by others."""
    stop: tuple[str, ...] = ()
    """Texts that end the reply where they occur."""


@dataclass(frozen=True, slots=True)
class ResponseFormat:
    """That the reply is to be JSON which fits a schema."""

    schema: Mapping[str, Any]
    """A JSON Schema, draft 2020-12."""
    name: str = "output"
    """What the backend is told that it is called."""

    @property
    def is_strict(self) -> bool:
        """Whether OpenAI's strict mode takes it: each object names all its properties, and allows no others."""
        return is_strict(self.schema)


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """Everything that one model call is sent."""

    messages: tuple[Message, ...]
    model: str = ""
    """The model's name; "" for a provider that has only one."""
    sampling: Sampling = field(default_factory=Sampling)
    call_id: str = ""
    """Which call of the run this is (`step/item/round/call/sample`); tells identical requests apart."""
    response_format: ResponseFormat | None = None
    """What form the reply is to have; None for any text."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the backend counted them; None where it did not say."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    """How many of the input tokens were read from the backend's cache."""
    reasoning_tokens: int | None = None
    """How many of the output tokens were spent on hidden reasoning."""


@dataclass(frozen=True, slots=True)
class ModelReply:
    """What a model answered, and what that took."""

    text: str
    model: str
    """The model that answered, which need not be the one that was asked for."""
    origin: Origin
    usage: Usage = field(default_factory=Usage)
    cost: float | None = None
    """US dollars; None where the price is not known, never 0 for unknown."""
    latency: float = 0.0
    """Seconds from the request to the whole reply, retries left out."""
    finish_reason: str = "stop"
    """`stop`, `length` (cut at max_tokens), `content_filter`, or the backend's own word."""
    attempts: int = 1
    """How often the backend was asked for this reply."""


@runtime_checkable
class Provider(Protocol):
    """Anything that answers a `ModelRequest`.

    Retry, limits, recording and replay are providers that hold a provider, so they stack.
    """

    @property
    def identity(self) -> str:
        """Which backend this is, without time, path or port: part of every call key."""
        ...

    async def complete(self, request: ModelRequest) -> ModelReply:
        """The reply to one request.

        Raises:
            ProviderError: the backend did not answer; the subclass says why.
        """
        ...


Tell = Callable[[str | None], object]
"""Is given each piece of a reply's text as it comes; None says that the reply begins anew."""


@runtime_checkable
class StreamingProvider(Provider, Protocol):
    """A provider that can tell a reply while it comes."""

    async def stream(self, request: ModelRequest, tell: Tell) -> ModelReply:
        """The reply that `complete` would give, told piece by piece; errors as `complete`."""
        ...


async def ask(provider: Provider, request: ModelRequest, tell: Tell | None = None) -> ModelReply:
    """A provider's reply; with `tell`, told as it comes, or in one piece by a provider that can't stream."""
    if tell is None:
        return await provider.complete(request)
    if isinstance(provider, StreamingProvider):
        return await provider.stream(request, tell)
    reply = await provider.complete(request)
    tell(reply.text)
    return reply
