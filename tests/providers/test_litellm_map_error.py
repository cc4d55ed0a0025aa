"""How LiteLLM's exceptions become ours, without a server."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcc.errors import (
    AuthenticationError,
    ContextLengthError,
    ProviderError,
    RateLimitError,
    RunError,
    UnavailableError,
)
from fcc.providers._litellm_errors import Call, map_error
from fcc.providers._litellm_facts import parse_retry_after

KEY = "very-secret-value-42"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "12"}, 12.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"Retry-After": "Thu, 01 Jan 2026 00:01:30 GMT"}, 90.0),
        ({"Retry-After": "Wed, 31 Dec 2025 23:00:00 GMT"}, 0.0),
        ({"Retry-After": "-5"}, 0.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": ""}, None),
        ({}, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(headers, seconds):
    """Both forms of the header are read; what cannot be read counts as absent."""
    assert parse_retry_after(headers, now=datetime(2026, 1, 1, tzinfo=UTC)) == seconds


def test_our_error_behind_litellms_is_the_one_that_counts():
    """An error that we raised below LiteLLM, such as a missing recording, is not called a connection failure."""
    ours = RunError("not on the cassette")

    def raised():
        try:
            try:
                raise ours
            except RunError as cause:
                raise ConnectionError("Connection error.") from cause
        except ConnectionError as error:
            return error

    assert map_error(raised(), Call("m")) is ours


class APIError(Exception):
    """The base of LiteLLM's classes, which are told by their names."""

    status_code = 500

    def __init__(self, message="", status=None):
        super().__init__(message)
        if status is not None:
            self.status_code = status


def _named(name, *bases):
    return type(name, bases or (APIError,), {})


@pytest.mark.parametrize(
    ("error", "kind", "status"),
    [
        (_named("RateLimitError")("slow down", 429), RateLimitError, 429),
        (_named("ServiceUnavailableError")("down", 503), UnavailableError, 503),
        (_named("AuthenticationError")("no", 401), AuthenticationError, 401),
        (_named("InternalServerError")("odd", 500), UnavailableError, None),
        (_named("ContextWindowExceededError")("long", 400), ContextLengthError, 400),
        (_named("Timeout")("slow", 408), UnavailableError, None),
        (ImportError("No module named 'boto3'"), ProviderError, None),
        (TypeError("a bug"), ProviderError, None),
    ],
)
def test_without_a_response_the_class_decides(error, kind, status):
    """Backends that do not speak HTTP through httpx are told by LiteLLM's class; an invented status is not repeated."""
    mapped = map_error(error, Call("bedrock/x"))
    assert type(mapped) is kind
    assert mapped.status == status


@given(
    before=st.text(max_size=60),
    after=st.text(max_size=60),
    status=st.sampled_from([400, 401, 404, 429, 500, 0]),
)
def test_no_text_breaks_a_message(before, after, status):
    """Whatever a server says, the message is one line, and the key is not in it."""
    mapped = map_error(APIError(f"{before}{KEY}{after}", status), Call("m", "host", secrets=(KEY,)))
    assert isinstance(mapped, ProviderError)
    assert KEY not in str(mapped)
    assert not re.search(r"[\r\n]", mapped.message)
