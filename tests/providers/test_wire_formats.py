"""Each vendor's wire format, whole and streamed, against a local server that speaks it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fcc.errors import UnavailableError
from fcc.providers.base import Message, ModelReply, ModelRequest, Sampling, Usage, ask
from fcc.providers.cassettes import Cassette, Deck, RecordingProvider, ReplayProvider, use_deck
from fcc.providers.cassettes.saving import save
from fcc.providers.litellm import LiteLLMProvider
from support.wire import Answer, WireServer
from support.wire_formats import FORMATS

KEY = "canary-9f2c7d41e8"
REQUEST = ModelRequest(
    (Message("system", "Be brief."), Message("user", "hello")),
    sampling=Sampling(0.2, 0.9, 64, 7, ("END", "STOP")),
    call_id="build/0/1/0/0",
)

_MESSAGES = {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hello"}]}
_CHOICE = {"temperature": 0.2, "top_p": 0.9}
_OPENAI = {**_MESSAGES, **_CHOICE, "max_tokens": 64, "stop": ["END", "STOP"]}
_OLLAMA = {"options": {**_CHOICE, "num_predict": 64, "seed": 7, "stop": ["END", "STOP"]}, "model": "llama3"}
SENT: dict[str, dict[str, Any]] = {
    "openai": {**_OPENAI, "seed": 7, "model": "local-model"},
    "azure": {**_OPENAI, "seed": 7, "model": "my-deployment"},
    "mistral": {**_OPENAI, "random_seed": 7, "model": "mistral-small-latest"},
    "anthropic": {
        **_CHOICE,
        "model": "claude-local",
        "system": [{"type": "text", "text": "Be brief."}],
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hello"}]}],
        "max_tokens": 64,
        "stop_sequences": ["END", "STOP"],
    },
    "gemini": {
        "system_instruction": {"parts": [{"text": "Be brief."}]},
        "contents": [{"role": "user", "parts": [{"text": "hello"}]}],
        "generationConfig": {
            **_CHOICE,
            "max_output_tokens": 64,
            "seed": 7,
            "stop_sequences": ["END", "STOP"],
        },
    },
    "ollama": {**_OLLAMA, "prompt": "### System:\nBe brief.\n\n### User:\nhello\n\n"},
    "ollama_chat": {**_OLLAMA, **_MESSAGES},
}
"""What each vendor is sent for `REQUEST`, beside how it is to answer."""

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


def request(form: Any) -> ModelRequest:
    """`REQUEST`, without the seed that Anthropic does not take."""
    seed = None if form.name == "anthropic" else REQUEST.sampling.seed
    return replace(REQUEST, sampling=replace(REQUEST.sampling, seed=seed))


def asked(form: Any, answer: Answer, *, stream: bool) -> tuple[ModelReply, list[str | None], Any]:
    """The reply, the pieces that were told, and the one request that reached the server."""
    told: list[str | None] = []
    with WireServer(form) as server:
        server.always(answer)
        reply = asyncio.run(ask(provider(form, server), request(form), told.append if stream else None))
        (received,) = server.requests
    return reply, told, received


@each_format
@both_ways
def test_the_reply_is_what_the_server_said(form: Any, *, stream: bool) -> None:
    """Text, model, tokens and finish reason; a stream is told piece by piece as the server sent it."""
    reply, told, received = asked(form, Answer(), stream=stream)
    assert (reply.text, reply.model, reply.finish_reason) == (Answer().text, form.served, "stop")
    assert reply.usage == Usage(11, 7, Answer().cached if form.counts_cached else None)
    assert form.streams(received) is stream
    assert told == (list(Answer().pieces) if stream else [])


@each_format
@both_ways
def test_what_reaches_the_server(form: Any, *, stream: bool) -> None:
    """Messages and sampling in the vendor's own fields, the call's id, and the key where this vendor looks for it."""
    _, _, received = asked(form, Answer(), stream=stream)
    assert received.path == (form.stream_path() if stream else form.path)
    sent = {name: value for name, value in received.json.items() if not name.startswith("stream")}
    sent.pop("images", None)
    for message in sent.get("messages", ()):
        message.pop("images", None)  # LiteLLM tells Ollama that there are none
    assert sent == SENT[form.name]
    assert received.headers["x-call-id"] == "build/0/1/0/0"
    assert received.headers[form.header].removeprefix("Bearer ") == KEY
    assert [name for name, value in received.headers.items() if KEY in value] == [form.header]
    assert KEY not in f"{received.path} {received.json}"


@each_format
@both_ways
def test_tokens_that_were_not_counted_are_unknown(form: Any, *, stream: bool) -> None:
    """None, and not what LiteLLM counts itself where the server is silent.

    Anthropic and Gemini always count; a whole answer of theirs that does not is refused, as one that can't be read.
    """
    if form.name in {"anthropic", "gemini"} and not stream:
        with pytest.raises(UnavailableError, match=r"not with a chat completion: .*usage") as caught:
            asked(form, Answer(usage=None), stream=stream)
        assert not caught.value.retryable
        return
    reply, _, _ = asked(form, Answer(usage=None), stream=stream)
    assert reply.usage == Usage()
    assert reply.cost is None


@each_format
@both_ways
def test_a_redirect_within_the_server_is_followed(form: Any, *, stream: bool) -> None:
    """With the key, which goes to nobody else: some servers want their paths with a slash at the end."""
    with WireServer(form) as server:
        server.script(
            [Answer(status=307, headers={"location": form.stream_path() if stream else form.path}, body="")]
        )
        reply = asyncio.run(ask(provider(form, server), request(form), (lambda _: None) if stream else None))
        first, second = server.requests
    assert (reply.text, first.json) == (Answer().text, second.json)
    assert KEY in second.headers[form.header]


@pytest.mark.parametrize("name", ["ollama", "ollama_chat"])
@both_ways
def test_tokens_that_were_counted_by_half(name: str, *, stream: bool) -> None:
    """Ollama does not count a prompt that it still has in memory: that is unknown, and the rest is known."""
    piece = {"model": "llama3", "response": "Hi", "message": {"role": "assistant", "content": "Hi"}}
    end = {"done": True, "done_reason": "stop", "eval_count": 7}
    nothing = {"response": "", "message": {"role": "assistant", "content": ""}}
    lines = [piece | {"done": False}, piece | nothing | end] if stream else [piece | end]
    reply, _, _ = asked(FORMATS[name], Answer(body="\n".join(map(json.dumps, lines))), stream=stream)
    assert (reply.text, reply.usage) == ("Hi", Usage(None, 7))


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
    assert told == (list(pieces) if stream else [])


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
            asyncio.run(ask(live, request(form), (lambda _: None) if stream else None))
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
            replies.append(asyncio.run(ReplayProvider(deck, live.identity, wire).complete(request(form))))
    assert replies[0] == replies[1]
    assert replies[0].text == "Hello, wörld 🌍!\nBye."
