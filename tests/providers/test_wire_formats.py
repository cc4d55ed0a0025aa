"""Each vendor's wire format, whole and streamed, against a local server that speaks it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from fcc.providers.base import Message, ModelReply, ModelRequest, Sampling, Usage, ask
from fcc.providers.cassettes import Cassette, Deck, RecordingProvider, ReplayProvider, use_deck
from fcc.providers.cassettes.saving import save
from fcc.providers.litellm import LiteLLMProvider
from support.wire import Answer, WireServer
from support.wire_formats import FORMATS

KEY = "canary-9f2c7d41e8"
REQUEST = ModelRequest(
    (Message("system", "Be brief."), Message("user", "hello")),
    sampling=Sampling(0.2, 0.9, 64, None, ("END", "STOP")),
    call_id="build/0/1/0/0",
)

each_format = pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS.keys())
both_ways = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIRE_KEY", KEY)
    monkeypatch.setenv("AZURE_API_VERSION", "2024-10-21")


def provider(form: Any, server: WireServer) -> LiteLLMProvider:
    return LiteLLMProvider(
        form.model, api_base=server.base, api_key_env="WIRE_KEY", endpoint="lab", timeout=10
    )


def asked(form: Any, answer: Answer, *, stream: bool) -> tuple[ModelReply, list[str], Any]:
    """The reply, the pieces that were told, and the one request that reached the server."""
    told: list[str] = []
    with WireServer(form) as server:
        server.always(answer)
        reply = asyncio.run(ask(provider(form, server), REQUEST, told.append if stream else None))
        (received,) = server.requests
    return reply, told, received


@each_format
@both_ways
def test_the_reply_is_what_the_server_said(form: Any, *, stream: bool) -> None:
    """Text, model, tokens and finish reason; of a stream, several pieces that are together the text."""
    reply, told, received = asked(form, Answer(), stream=stream)
    assert (reply.text, reply.model, reply.finish_reason) == (Answer().text, form.served, "stop")
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (11, 7)
    assert form.streams(received) is stream
    if stream:
        assert "".join(told) == reply.text
        assert len(told) > 1


@each_format
@both_ways
def test_what_reaches_the_server(form: Any, *, stream: bool) -> None:
    """Both messages, every sampling parameter, the call's id, and the key where this vendor looks for it."""
    _, _, received = asked(form, Answer(), stream=stream)
    assert received.path == (form.stream_path() if stream else form.path)
    assert received.headers["x-call-id"] == "build/0/1/0/0"
    sent = str(received.json)
    for value in ("Be brief.", "hello", "0.2", "0.9", "64", "END", "STOP"):
        assert value in sent
    header = {"anthropic": "x-api-key", "gemini": "x-goog-api-key", "azure": "api-key"}.get(
        form.name, "authorization"
    )
    assert received.headers[header].removeprefix("Bearer ") == KEY
    assert KEY not in received.path + sent


@each_format
@both_ways
def test_tokens_that_were_not_counted_are_unknown(form: Any, *, stream: bool) -> None:
    """None, and not what LiteLLM counts itself where the server is silent."""
    if form.name in {"anthropic", "gemini"} and not stream:
        pytest.skip("LiteLLM refuses such an answer of this vendor, which always counts")
    reply, _, _ = asked(form, Answer(usage=None), stream=stream)
    assert reply.usage == Usage()
    assert reply.cost is None


@each_format
@both_ways
def test_a_reply_that_was_cut_says_so(form: Any, *, stream: bool) -> None:
    """At the limit of tokens, each vendor's word for it becomes `length`."""
    assert asked(form, Answer(finish="length"), stream=stream)[0].finish_reason == "length"


@each_format
@both_ways
def test_characters_cut_in_two_come_out_whole(form: Any, *, stream: bool) -> None:
    """However the network cuts the bytes of a text, it is the text."""
    pieces = ("héllo 🦊\n", "日本語\n\nend ", "👩‍👩‍👧")
    reply, told, _ = asked(form, Answer(pieces, split=True), stream=stream)
    assert reply.text == "".join(pieces)
    assert not stream or "".join(told) == reply.text


@each_format
@both_ways
def test_recorded_and_replayed_by_both_doors(form: Any, tmp_path: Path, *, stream: bool) -> None:
    """One interaction for one call, no key in the file, and the same reply by the metadata and by the wire."""
    path = tmp_path / "c.yaml"
    with WireServer(form) as server:
        server.always(Answer(("Hello, ", "wörld 🌍!\n", "Bye.")))
        deck = Deck(path, "all")
        live = RecordingProvider(provider(form, server), deck)
        with use_deck(deck):
            asyncio.run(ask(live, REQUEST, (lambda _: None) if stream else None))
        save(deck, "2026-01-01T00:00:00Z", complete=True)
        assert len(server.requests) == 1
    cassette = Cassette.read(path)
    assert len(cassette.interactions) == 1
    text = path.read_text(encoding="utf-8")
    assert KEY not in text
    assert "x-api-key" not in text
    replies = []
    for door in ("metadata", "wire"):
        deck = Deck(path, door=door)
        wire = LiteLLMProvider(form.model, endpoint="lab").without_key() if door == "wire" else None
        with use_deck(deck):
            replies.append(asyncio.run(ReplayProvider(deck, live.identity, wire).complete(REQUEST)))
    assert replies[0] == replies[1]
    assert replies[0].text == "Hello, wörld 🌍!\nBye."
