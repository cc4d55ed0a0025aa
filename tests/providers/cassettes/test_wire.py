"""The HTTP of a cassette: what is caught of it, and that it is answered from the file by the other door."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from fcc.errors import CassetteMissError, FccError
from fcc.providers.base import Message, ModelRequest, ask
from fcc.providers.cassettes import Cassette, Deck, RecordingProvider, ReplayProvider, use_deck
from fcc.providers.cassettes.saving import save
from fcc.providers.litellm import LiteLLMProvider
from fcc.providers.retry import RetryingProvider
from support.openai_server import OpenAIServer, Scripted

CANARY = "canary-7d3f9a10c2"
MODEL = "openai/local-model"


@pytest.fixture
def server():
    with OpenAIServer() as running:
        yield running


def request(call: str = "a/0/0/0/0", text: str = "hello") -> ModelRequest:
    return ModelRequest((Message("user", text),), MODEL, call_id=call)


def live(server: OpenAIServer) -> RetryingProvider:
    provider = LiteLLMProvider(MODEL, api_base=server.url, api_key_env="LAB_API_KEY", endpoint="lab")
    return RetryingProvider(provider, attempts=2, sleep=lambda _: asyncio.sleep(0))


def record(path: Path, server: OpenAIServer, *requests: ModelRequest, stream: bool = False) -> Deck:
    deck = Deck(path, "all")

    async def all_of_them():
        provider = RecordingProvider(live(server), deck)
        tell = (lambda _: None) if stream else None
        return await asyncio.gather(*(ask(provider, one, tell) for one in requests), return_exceptions=True)

    with use_deck(deck):
        asyncio.run(all_of_them())
    save(deck, "2026-01-01T00:00:00Z", complete=True)
    return deck


def replay(path: Path, one: ModelRequest, door: str):
    deck = Deck(path, door=door)
    wire = LiteLLMProvider(MODEL, endpoint="lab").without_key() if door == "wire" else None
    with use_deck(deck):
        return asyncio.run(ReplayProvider(deck, f"litellm/{MODEL}@lab", wire).complete(one))


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_API_KEY", CANARY)


@pytest.mark.parametrize("stream", [False, True])
def test_both_doors_give_the_same_reply(tmp_path: Path, server: OpenAIServer, *, stream: bool) -> None:
    """One interaction for one call, streamed or not; text, model, tokens, cost and the rest are equal."""
    path = tmp_path / "c.yaml"
    server.always(Scripted("Hello,\nwörld 🌍!", model="served-7b"))
    record(path, server, request(), stream=stream)
    cassette = Cassette.read(path)
    assert len(cassette.interactions) == 1
    assert cassette.calls[0].streamed is stream
    one, other = replay(path, request(), "metadata"), replay(path, request(), "wire")
    assert one == other
    assert (one.text, one.model, one.usage.input_tokens) == ("Hello,\nwörld 🌍!", "served-7b", 11)
    assert len(server.requests) == 1


def test_no_key_and_no_other_header_is_in_the_file(tmp_path: Path, server: OpenAIServer) -> None:
    """Of what went over the wire, only headers on the list are in the cassette."""
    path = tmp_path / "c.yaml"
    server.always(Scripted(headers={"set-cookie": f"session={CANARY}", "x-request-id": "r-1"}))
    record(path, server, request())
    assert CANARY in server.requests[0].headers["authorization"]
    text = path.read_text(encoding="utf-8")
    for word in (CANARY, "authorization", "cookie", "r-1", "user-agent"):
        assert word not in text.lower()


@pytest.mark.parametrize("status", [401, 403, 408, 429, 500, 529])
def test_failures_are_not_kept(tmp_path: Path, server: OpenAIServer, status: int) -> None:
    """A failed attempt leaves nothing; the answer that followed is there alone."""
    path = tmp_path / "c.yaml"
    server.script([Scripted(status=status)])
    deck = record(path, server, request())
    again = status in {408, 429, 500, 529}
    assert len(server.requests) == 1 + again
    assert len([one for one in deck.interactions if one]) == again
    assert path.exists() is again


def test_an_answer_that_was_asked_for_again_is_kept_once(tmp_path: Path, server: OpenAIServer) -> None:
    """An empty reply that was tried again is no part of the cassette: replaying does not try again."""
    path = tmp_path / "c.yaml"
    server.script([Scripted(""), Scripted("Hello!")])
    record(path, server, request())
    assert len(Cassette.read(path).interactions) == 1
    assert replay(path, request(), "wire").text == "Hello!"


def test_the_order_is_that_of_the_calls_and_each_gets_its_own(tmp_path: Path, server: OpenAIServer) -> None:
    """Identical requests side by side, answered in another order than asked, by the call's own id."""
    path = tmp_path / "c.yaml"
    server.script([Scripted("1", delay=0.2), Scripted("2", delay=0.1), Scripted("3")])
    calls = [f"s{number}/0/0/0/0" for number in range(3)]
    record(path, server, *map(request, calls))
    texts = {call.id: call.reply.text for call in Cassette.read(path).calls}
    for call in calls:
        assert replay(path, request(call), "metadata").text == texts[call]
        assert replay(path, request(call), "wire").text == texts[call]


def test_a_miss_by_the_wire_is_said_and_goes_nowhere(tmp_path: Path, server: OpenAIServer) -> None:
    """Where the two halves of a cassette differ, the client gets no other answer, and no network."""
    path = tmp_path / "c.yaml"
    record(path, server, request())
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("x-call-id:\n      - a/0", "x-call-id:\n      - z/0"), encoding="utf-8")
    with pytest.raises(CassetteMissError, match="holds no HTTP answer"):
        replay(path, request(), "wire")
    assert len(server.requests) == 1


def test_two_runs_in_one_cassette_each_keep_their_own(tmp_path: Path, server: OpenAIServer) -> None:
    """Calls of the same place in two runs, also side by side: each has the interaction that was its own."""
    path = tmp_path / "c.yaml"
    server.script([Scripted("slow", delay=0.2), Scripted("quick")])
    record(path, server, request(text="first"), request(text="second"))
    cassette = Cassette.read(path)
    for call, interaction in cassette.paired:
        assert interaction is not None
        asked = interaction["request"]["body"]["json"]["messages"][0]["content"]
        assert asked == call.request.messages[0].content
    texts = {call.request.messages[0].content: call.reply.text for call in cassette.calls}
    for text in ("first", "second"):
        assert replay(path, request(text=text), "metadata").text == texts[text]
        assert replay(path, request(text=text), "wire").text == texts[text]


def test_what_belongs_to_no_call_is_not_kept(tmp_path: Path, server: OpenAIServer) -> None:
    """Other HTTP in the same process goes over the wire as ever, and is not in the cassette."""
    import httpx

    deck = Deck(tmp_path / "c.yaml", "all")
    with use_deck(deck):
        assert httpx.get(f"{server.url}/models").status_code == 200
    assert deck.interactions == []


def test_no_text_of_a_call_is_logged(
    tmp_path: Path, server: OpenAIServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Vcrpy logs whole replies at level INFO; they are kept out of it."""
    caplog.set_level(logging.INFO)
    server.always(Scripted("what the model said"))
    record(tmp_path / "c.yaml", server, request(text="what it was asked"))
    replay(tmp_path / "c.yaml", request(text="what it was asked"), "wire")
    said = caplog.text
    assert "what the model said" not in said
    assert "what it was asked" not in said
    assert CANARY not in said


def test_http_is_as_ever_afterwards(tmp_path: Path, server: OpenAIServer) -> None:
    """Nothing stays patched when a cassette is taken out, also where that was because of an error."""
    import httpx

    before = httpx.AsyncHTTPTransport.handle_async_request
    with pytest.raises(FccError), use_deck(Deck(tmp_path / "c.yaml", "all")):
        raise FccError("stop")
    assert httpx.AsyncHTTPTransport.handle_async_request is before
