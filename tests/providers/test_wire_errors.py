"""What goes wrong in each vendor's wire format: the right error, tried again only where that may help, no key in it."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from collections.abc import Iterator
from typing import Any

import pytest

from fcc.errors import (
    AuthenticationError,
    BadRequestError,
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
from support.wire_faults import MIDDLES, QUIRKS, WAIT, middle, quirk, refusal, refusals
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
    "a bad key is a bad request": (AuthenticationError, False),
    "a quota that comes back": (RateLimitError, True),
    "a quota that is used up": (RateLimitError, False),
    "no credit is a bad request": (RateLimitError, False),
    "no model is a bad request": (ModelNotFoundError, False),
    "too long with the answer": (ContextLengthError, False),
}

each_format = pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS.keys())
both_ways = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIRE_KEY", KEY)
    monkeypatch.setenv("AZURE_API_VERSION", "2024-10-21")


@pytest.fixture(autouse=True)
def _no_key_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.DEBUG, "fcc")
    yield
    shown = logging.Formatter("%(message)s %(args)s")
    assert KEY not in "".join(map(shown.format, caplog.get_records("call")))


async def _at_once(_: float) -> None:
    """No wait between attempts."""


def failure(form: Any, answer: Answer, *, stream: bool, timeout: float = 10) -> tuple[ProviderError, int]:
    """The error, and how often the server was asked by a provider that tries again; the key is nowhere in it."""
    with WireServer(form) as server:
        server.always(answer)
        live = LiteLLMProvider(form.model, api_base=server.base, api_key_env="WIRE_KEY", timeout=timeout)
        provider = RetryingProvider(live, attempts=ATTEMPTS, sleep=_at_once)
        with pytest.raises(ProviderError) as caught:
            asyncio.run(ask(provider, REQUEST, (lambda _: None) if stream else None))
        times = len(server.requests)
    error = caught.value
    said = [str(error), repr(error), error.message, error.hint, *traceback.format_exception(error)]
    assert KEY not in "".join(said)
    return error, times


def check(error: ProviderError, times: int, kind: type[ProviderError], *, retryable: bool) -> None:
    """It is of that class, and was asked for again if that may help: by us alone, so as often as we did."""
    assert type(error) is kind, error
    assert (error.retryable, error.exit_code) == (retryable, 3)
    assert times == (ATTEMPTS if retryable else 1)
    assert error.hint
    assert "litellm" not in error.message.lower()


@pytest.mark.parametrize(("name", "fault"), refusals())
@both_ways
def test_what_a_vendor_refuses(name: str, fault: str, *, stream: bool) -> None:
    """Each status with its vendor's own body becomes the error that it means, with what the server said in it."""
    kind, retryable = EXPECTED[fault]
    answer = refusal(name, fault, echo=KEY)
    error, times = failure(FORMATS[name], answer, stream=stream)
    check(error, times, kind, retryable=retryable)
    assert error.status == answer.status
    assert error.retry_after == (WAIT if fault == "limited" else None)
    assert f"({answer.status})" in error.message


@pytest.mark.parametrize("what", QUIRKS)
@both_ways
def test_a_status_that_does_not_say_what_is_wrong(what: str, *, stream: bool) -> None:
    """Where a vendor's status misleads, its body decides; a quota that comes back says when."""
    name, answer = quirk(what, echo=KEY)
    kind, retryable = EXPECTED[what]
    error, times = failure(FORMATS[name], answer, stream=stream)
    check(error, times, kind, retryable=retryable)
    assert error.status == answer.status
    assert error.retry_after == (2.5 if retryable else None)


@pytest.mark.parametrize(("name", "fault"), MIDDLES)
def test_an_error_in_the_middle_of_a_stream(name: str, fault: str) -> None:
    """It is the error that it would have been before the stream, though the status was 200."""
    form = FORMATS[name]
    answer = Answer(parts=form.begins + 1, tail=middle(name, fault, echo=KEY))
    kind, retryable = EXPECTED[fault]
    error, times = failure(form, answer, stream=True)
    check(error, times, kind, retryable=retryable)


@each_format
@both_ways
@pytest.mark.parametrize(
    "body",
    [f"{{not json {KEY}", f'{{"hello": "{KEY}"}}', f"<html>{KEY}</html>", "[]", ""],
    ids=["broken", "other", "html", "list", "nothing"],
)
def test_an_answer_that_is_no_chat_completion(form: Any, body: str, *, stream: bool) -> None:
    """At status 200 it is never passed off as a reply; the same address would bring the same again."""
    error, times = failure(form, Answer(body=body), stream=stream)
    assert (type(error), error.retryable, error.status) == (UnavailableError, False, None), error
    assert times == 1
    assert "not with a chat completion" in error.message


@each_format
@both_ways
@pytest.mark.parametrize("reset", [True, False], ids=["reset", "closed"])
def test_a_connection_that_ends_before_a_byte(form: Any, *, reset: bool, stream: bool) -> None:
    """Asked again, by us alone: no client below sends a request twice by itself."""
    error, times = failure(form, Answer(parts=0, reset=reset), stream=stream)
    check(error, times, UnavailableError, retryable=True)
    assert "could not be reached" in error.message


@each_format
@both_ways
@pytest.mark.parametrize("reset", [True, False], ids=["reset", "closed"])
def test_an_answer_that_ends_in_its_middle(form: Any, *, reset: bool, stream: bool) -> None:
    """What had come is no reply, even if the server closed cleanly: a short one is never passed off as whole."""
    error, times = failure(form, Answer(parts=form.begins + 1 if stream else 1, reset=reset), stream=stream)
    check(error, times, UnavailableError, retryable=True)
    assert "broke off" in error.message


@pytest.mark.parametrize(
    "form", [FORMATS[name] for name in FORMATS if name != "gemini"], ids=lambda f: f.name
)
def test_a_stream_that_lacks_nothing_but_its_end(form: Any) -> None:
    """All the text without a finish reason is no reply either; Gemini says it with the last piece."""
    answer = Answer(parts=form.begins + len(Answer().pieces))
    error, times = failure(form, answer, stream=True)
    check(error, times, UnavailableError, retryable=True)
    assert "broke off" in error.message


def test_a_stream_that_ends_with_azures_first_chunk() -> None:
    """What Azure's filter says of the prompt is a beginning, though it has neither choices nor a model's name."""
    error, times = failure(FORMATS["azure"], Answer(parts=1), stream=True)
    check(error, times, UnavailableError, retryable=True)
    assert "broke off" in error.message


@pytest.mark.parametrize("name", ["openai", "azure", "mistral"])
def test_a_stream_of_something_else(name: str) -> None:
    """An event that is JSON, but no chunk of a chat completion, is no beginning of one."""
    error, times = failure(FORMATS[name], Answer(body=f'data: {{"hello": "{KEY}"}}\n\n'), stream=True)
    assert (type(error), error.retryable, times) == (UnavailableError, False, 1), error
    assert "not with a chat completion" in error.message


@each_format
def test_a_piece_that_can_not_be_read(form: Any) -> None:
    """A stream with a garbled piece in it is not told as if that piece had never been there."""
    error, times = failure(form, Answer(garbled=form.begins + 1), stream=True)
    check(error, times, UnavailableError, retryable=True)
    assert "broke off" in error.message


@each_format
@both_ways
@pytest.mark.parametrize("status", [302, 307])
def test_a_redirect_to_another_server(form: Any, status: int, *, stream: bool) -> None:
    """It is not followed, with a key or without: whoever it names would read the prompt and most vendors' keys."""
    with WireServer(form) as other:
        answer = Answer(status=status, headers={"location": f"{other.base}/{KEY}"}, body=KEY)
        error, times = failure(form, answer, stream=stream)
        assert other.requests == []
    check(error, times, BadRequestError, retryable=False)
    assert f"on to another server ({status})" in error.message


@each_format
@both_ways
def test_a_server_that_drips(form: Any, *, stream: bool) -> None:
    """The timeout counts for the whole reply, however steadily bytes come."""
    failure(
        form, refusal(form.name, "failed"), stream=stream
    )  # LiteLLM's very first call takes longer than this
    started = time.monotonic()
    error, times = failure(form, Answer(drip=0.02), stream=stream, timeout=0.1)
    check(error, times, UnavailableError, retryable=True)
    assert "did not answer within 0.1 s" in error.message
    assert time.monotonic() - started < ATTEMPTS * 0.1 + 2


@pytest.mark.parametrize("name", [name for name, form in FORMATS.items() if "filter" in form.words])
@both_ways
def test_an_answer_that_the_filter_took(name: str, *, stream: bool) -> None:
    """No text and the filter's finish reason is a refusal, which is not asked again."""
    error, times = failure(FORMATS[name], Answer((), finish="filter"), stream=stream)
    check(error, times, ContentPolicyError, retryable=False)


@both_ways
def test_a_prompt_that_geminis_filter_took(*, stream: bool) -> None:
    """Gemini says so at status 200, with no candidate at all."""
    body = '{"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 4}}'
    answer = Answer(body=f"data: {body}\n\n" if stream else body)
    error, times = failure(FORMATS["gemini"], answer, stream=stream)
    check(error, times, ContentPolicyError, retryable=False)
