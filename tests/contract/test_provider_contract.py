"""What holds for every provider, whatever answers behind it."""

from __future__ import annotations

import asyncio
import re
from dataclasses import fields, is_dataclass
from typing import get_args

import pytest

from contract.cases import REQUEST
from fcc.providers.base import ModelReply, ModelRequest, Origin, Provider
from fcc.providers.base import ask as ask_one
from fcc.providers.cassettes import ReplayProvider


def ask(provider, *requests):
    async def together():
        return await asyncio.gather(*(provider.complete(request) for request in requests))

    return asyncio.run(together())


def test_it_is_a_provider(provider):
    """It has what the Protocol asks for."""
    assert isinstance(provider, Provider)


def test_the_identity_is_stable(provider):
    """The identity is one non-empty line and is not changed by asking."""
    before = provider.identity
    ask(provider, REQUEST)
    assert before == provider.identity
    assert before == before.strip() != ""
    assert "\n" not in before


def test_the_identity_holds_nothing_that_varies(provider):
    """No port, no address, no key is part of the identity."""
    assert not re.search(r":\d{2,5}\b|://|sk-|/v1\b", provider.identity)


def test_the_reply_says_something(provider):
    """The reply has text, the name of a model, and a finish reason."""
    (reply,) = ask(provider, REQUEST)
    assert isinstance(reply, ModelReply)
    assert reply.text.strip()
    assert reply.model
    assert reply.finish_reason


def test_the_reply_says_where_it_came_from(provider):
    """The origin is one of those that are declared; only a replay's is `recorded`, and no provider's is the ledger."""
    (reply,) = ask(provider, REQUEST)
    assert reply.origin in get_args(Origin)
    assert reply.origin != "ledger"
    assert (reply.origin == "recorded") is isinstance(provider, ReplayProvider)


def test_what_was_spent_is_known_or_none(provider):
    """Cost, tokens and latency are never negative; attempts start at one."""
    (reply,) = ask(provider, REQUEST)
    assert reply.cost is None or reply.cost >= 0
    assert all(
        getattr(reply.usage, f.name) is None or getattr(reply.usage, f.name) >= 0 for f in fields(reply.usage)
    )
    assert reply.latency >= 0
    assert reply.attempts == 1


def test_an_unknown_cost_is_not_zero(provider):
    """Without tokens there is no cost, rather than one of 0."""
    (reply,) = ask(provider, REQUEST)
    if reply.usage.input_tokens is None:
        assert reply.cost is None


def test_the_same_request_is_answered_the_same(provider):
    """These providers repeat themselves: two equal requests get equal texts from equal models."""
    first, second = ask(provider, REQUEST, REQUEST)
    assert (first.text, first.model, first.origin) == (second.text, second.model, second.origin)


def test_many_at_once_are_answered(provider):
    """Requests side by side are all answered."""
    assert len(ask(provider, *[REQUEST] * 10)) == 10


def test_it_outlives_an_event_loop(provider):
    """One provider serves a second event loop after the first was closed."""
    assert ask(provider, REQUEST)[0].text == ask(provider, REQUEST)[0].text


def test_cancelling_is_not_an_error_of_the_model(provider):
    """A cancelled call ends as cancelled, never as a ProviderError."""

    async def cancelled():
        task = asyncio.ensure_future(provider.complete(REQUEST))
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())


def test_the_request_is_not_changed(provider):
    """A request is a frozen value before and after."""
    assert is_dataclass(REQUEST)
    copy = ModelRequest(REQUEST.messages, REQUEST.model, REQUEST.sampling, REQUEST.call_id)
    ask(provider, REQUEST)
    assert copy == REQUEST


def test_what_is_told_is_the_reply(provider):
    """The pieces of a streamed reply are together its text, which is that of a reply that was not streamed."""
    pieces = []
    reply = asyncio.run(ask_one(provider, REQUEST, pieces.append))
    assert "".join(pieces) == reply.text
    assert reply.text == ask(provider, REQUEST)[0].text
