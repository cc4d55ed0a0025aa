"""What goes wrong in each vendor's wire format: the right error, tried again only where that may help, no key in it."""

from __future__ import annotations

import asyncio
import logging
import traceback
from typing import Any

import pytest

from fcc.errors import (
    AuthenticationError,
    ContentPolicyError,
    ContextLengthError,
    ModelNotFoundError,
    PermissionDeniedError,
    ProviderError,
    RateLimitError,
    UnavailableError,
)
from fcc.providers.base import Message, ModelRequest, ask
from fcc.providers.litellm import LiteLLMProvider
from fcc.providers.retry import RetryingProvider
from support.wire import Answer, WireServer
from support.wire_faults import WAIT, refusal, refusals
from support.wire_formats import FORMATS

KEY = "canary-9f2c7d41e8"
REQUEST = ModelRequest((Message("system", "Be brief."), Message("user", "hello")), call_id="build/0/0/0/0")
ATTEMPTS = 3

EXPECTED: dict[str, tuple[type[ProviderError], bool]] = {
    "unauthorized": (AuthenticationError, False),
    "forbidden": (PermissionDeniedError, False),
    "unknown model": (ModelNotFoundError, False),
    "timed out": (UnavailableError, True),
    "limited": (RateLimitError, True),
    "failed": (UnavailableError, True),
    "overloaded": (UnavailableError, True),
    "filtered": (ContentPolicyError, False),
    "too long": (ContextLengthError, False),
}

each_format = pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS.keys())
both_ways = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIRE_KEY", KEY)
    monkeypatch.setenv("AZURE_API_VERSION", "2024-10-21")


async def _at_once(_: float) -> None:
    """No wait between attempts."""


def failure(form: Any, answer: Answer, *, stream: bool, timeout: float = 10) -> tuple[ProviderError, int]:
    """The error, and how often the server was asked by a provider that tries again."""
    with WireServer(form) as server:
        server.always(answer)
        live = LiteLLMProvider(form.model, api_base=server.base, api_key_env="WIRE_KEY", timeout=timeout)
        provider = RetryingProvider(live, attempts=ATTEMPTS, sleep=_at_once)
        with pytest.raises(ProviderError) as caught:
            asyncio.run(ask(provider, REQUEST, (lambda _: None) if stream else None))
        return caught.value, len(server.requests)


def check(error: ProviderError, times: int, kind: type[ProviderError], *, retryable: bool) -> None:
    assert type(error) is kind, error
    assert (error.retryable, error.exit_code) == (retryable, 3)
    assert times == (ATTEMPTS if retryable else 1)
    said = "".join([str(error), repr(error), error.message, error.hint, *traceback.format_exception(error)])
    assert KEY not in said


@pytest.mark.parametrize(("name", "fault"), refusals())
@both_ways
def test_what_a_vendor_refuses(
    name: str, fault: str, caplog: pytest.LogCaptureFixture, *, stream: bool
) -> None:
    """Each status with its vendor's own body becomes the error that it means; a key that is echoed is in none of it."""
    caplog.set_level(logging.DEBUG, "fcc")
    kind, retryable = EXPECTED[fault]
    error, times = failure(FORMATS[name], refusal(name, fault, echo=KEY), stream=stream)
    if fault == "limited":
        assert error.retry_after == WAIT
        assert times == ATTEMPTS
    check(error, times, kind, retryable=retryable)
    assert KEY not in caplog.text


@each_format
@both_ways
@pytest.mark.parametrize(
    "body", ["{not json", '{"hello": 1}', "<html>hi</html>", ""], ids=["broken", "other", "html", "nothing"]
)
def test_an_answer_that_is_no_chat_completion(form: Any, body: str, *, stream: bool) -> None:
    """At status 200 it is never passed off as a reply; the same address would bring the same again."""
    error, times = failure(form, Answer(body=body), stream=stream)
    assert type(error) is UnavailableError, error
    assert times == (ATTEMPTS if error.retryable else 1)
    if body:
        assert not error.retryable


@each_format
@both_ways
@pytest.mark.parametrize("reset", [True, False], ids=["reset", "closed"])
def test_a_connection_that_ends_before_a_byte(form: Any, *, reset: bool, stream: bool) -> None:
    """Asked again, by us alone: no client below sends a request twice by itself."""
    error, times = failure(form, Answer(parts=0, reset=reset), stream=stream)
    check(error, times, UnavailableError, retryable=True)


@each_format
@both_ways
def test_an_answer_that_is_reset_in_its_middle(form: Any, *, stream: bool) -> None:
    """What had come is no reply."""
    parts = (5 if form.name == "anthropic" else 3) if stream else 1
    error, times = failure(form, Answer(parts=parts, reset=True), stream=stream)
    check(error, times, UnavailableError, retryable=True)


@each_format
def test_a_stream_that_ends_without_its_end(form: Any) -> None:
    """A server that closes cleanly in the middle has not answered: a short reply is never passed off as whole."""
    parts = 5 if form.name == "anthropic" else 2
    error, times = failure(form, Answer(parts=parts), stream=True)
    check(error, times, UnavailableError, retryable=True)
    assert "broke off" in error.message


@each_format
@both_ways
def test_a_server_that_drips(form: Any, *, stream: bool) -> None:
    """The timeout counts for the whole reply, however steadily bytes come."""
    error, times = failure(form, Answer(drip=0.05), stream=stream, timeout=0.15)
    check(error, times, UnavailableError, retryable=True)
    assert "did not answer within 0.15 s" in error.message


@pytest.mark.parametrize("name", [name for name, form in FORMATS.items() if "filter" in form.words])
@both_ways
def test_an_answer_that_the_filter_took(name: str, *, stream: bool) -> None:
    """No text and the filter's finish reason is a refusal, which is not asked again."""
    error, times = failure(FORMATS[name], Answer((), finish="filter"), stream=stream)
    check(error, times, ContentPolicyError, retryable=False)
