"""A cassette in use: modes, what is played once, what is recorded, the guard, and the order of things side by side."""

from __future__ import annotations

import asyncio
import random
import threading
from pathlib import Path

import pytest

from fcc.errors import CassetteError, CassetteMissError, ConfigError, UnavailableError
from fcc.providers.base import Message, ModelReply, ModelRequest
from fcc.providers.cassettes import Cassette, Deck, RecordingProvider, ReplayProvider, deck_in_use, use_deck
from fcc.providers.cassettes.saving import save
from fcc.providers.function import FunctionProvider

AT = "2026-01-01T00:00:00Z"


def request(text: str = "hello", call: str = "a/0/0/0/0") -> ModelRequest:
    return ModelRequest((Message("user", text),), call_id=call)


def shout(asked: ModelRequest) -> str:
    return asked.messages[-1].content.upper()


def record(
    path: Path, *requests: ModelRequest, mode: str = "all", answer=shout, complete: bool = True
) -> Deck:
    deck = Deck(path, mode)
    provider = RecordingProvider(FunctionProvider(answer), deck)

    async def ask():
        for one in requests:
            await provider.complete(one)

    asyncio.run(ask())
    save(deck, AT, complete=complete)
    return deck


def replay(deck: Deck, one: ModelRequest) -> ModelReply:
    return asyncio.run(ReplayProvider(deck, "function/function/1").complete(one))


def test_what_was_recorded_is_played(tmp_path: Path) -> None:
    """The same text, model, tokens, cost and latency to the millisecond; its origin is `recorded`."""
    path = tmp_path / "c.yaml"
    new = record(path, request())
    reply = replay(Deck(path), request())
    assert (reply.text, reply.model, reply.origin) == ("HELLO", "function", "recorded")
    assert reply.latency == round(new.new[0].reply.latency, 3)


def test_each_recording_is_played_once(tmp_path: Path) -> None:
    """Asked a second time, it says that the replies are used up, and not that they are missing."""
    path = tmp_path / "c.yaml"
    record(path, request())
    deck = Deck(path)
    replay(deck, request())
    with pytest.raises(CassetteMissError, match="has been played already"):
        replay(deck, request())


def test_the_same_request_twice_is_two_recordings_in_order(tmp_path: Path) -> None:
    """A model that varies is replayed as it varied."""
    path = tmp_path / "c.yaml"
    answers = iter(["first", "second"])
    record(path, request(), request(), answer=lambda _: next(answers))
    deck = Deck(path)
    assert [replay(deck, request()).text for _ in range(2)] == ["first", "second"]


def test_a_miss_shows_the_nearest_recording(tmp_path: Path) -> None:
    """The same place in the run first; the difference as a diff; nothing that is not retried."""
    path = tmp_path / "c.yaml"
    record(path, request("one\ntwo\nthree", "a/0/0/0/0"), request("one\ntwo\nfour", "b/0/0/0/0"))
    deck = Deck(path)
    with pytest.raises(CassetteMissError) as caught:
        replay(deck, request("one\n2\nthree", "a/0/0/0/0"))
    assert caught.value.nearest == "a/0/0/0/0"
    assert [line for line in caught.value.diff if line[0] in "+-"][2:] == ["-two", "+2"]
    assert caught.value.exit_code == 4
    assert deck.misses == [caught.value]
    with pytest.raises(CassetteMissError, match=r"the nearest recording is b/0/0/0/0"):
        replay(deck, request("one\ntwo\nfour!", "zzz/0/0/0/0"))


def test_another_backend_is_a_miss(tmp_path: Path) -> None:
    """A reply of one model is never passed off as another's."""
    path = tmp_path / "c.yaml"
    record(path, request())
    with pytest.raises(CassetteMissError):
        asyncio.run(ReplayProvider(Deck(path), "function/function/2").complete(request()))


@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize(
    ("mode", "there", "fresh"),
    [("once", "none", "all"), ("all", "all", "all"), ("drifted", "drifted", "drifted")],
)
def test_modes(tmp_path: Path, mode: str, there: str, fresh: str, *, exists: bool) -> None:
    """`once` records only where there is no file; the others are what they say."""
    path = tmp_path / "c.yaml"
    if exists:
        record(path, request())
    assert Deck(path, mode).mode == (there if exists else fresh)


def test_nothing_to_play(tmp_path: Path) -> None:
    """Without a file, and without recording, there is nothing to do."""
    with pytest.raises(CassetteError):
        Deck(tmp_path / "none.yaml")


def test_only_what_drifted_is_asked(tmp_path: Path) -> None:
    """What the cassette holds is kept, what it lacks is asked, and what nothing asked for goes."""
    path = tmp_path / "c.yaml"
    record(path, request("a"), request("b", "b/0/0/0/0"), request("c", "c/0/0/0/0"))
    asked = []
    record(
        path,
        request("a"),
        request("B!", "b/0/0/0/0"),
        mode="drifted",
        answer=lambda one: asked.append(one.call_id) or shout(one),
    )
    assert asked == ["b/0/0/0/0"]
    assert [call.reply.text for call in Cassette.read(path).calls] == ["A", "B!"]


def test_nothing_drifted_leaves_the_file_alone(tmp_path: Path) -> None:
    """Not even the time of the recording changes."""
    path = tmp_path / "c.yaml"
    record(path, request())
    before = path.read_bytes()
    deck = record(path, request(), mode="drifted")
    assert deck.new == []
    assert path.read_bytes() == before


def test_a_recording_that_broke_off_loses_nothing(tmp_path: Path) -> None:
    """What had been asked is there, marked as incomplete, and is not asked again; what was not come to is kept."""
    path = tmp_path / "c.yaml"
    record(path, request("a"), request("b", "b/0/0/0/0"))
    record(path, request("new"), mode="drifted", complete=False)
    held = Cassette.read(path)
    assert not held.complete
    assert {call.reply.text for call in held.calls} == {"NEW", "A", "B"}


def test_a_whole_cassette_is_not_replaced_by_half_of_one(tmp_path: Path) -> None:
    """Recording everything anew that breaks off is written beside it."""
    path = tmp_path / "c.yaml"
    record(path, request("a"))
    before = path.read_bytes()
    record(path, request("b"), complete=False)
    assert path.read_bytes() == before
    assert not Cassette.read(tmp_path / "c.partial.yaml").complete


def test_failures_are_not_recorded(tmp_path: Path) -> None:
    """An outage leaves no trace in a cassette."""
    path = tmp_path / "c.yaml"

    def fail(_: ModelRequest) -> str:
        raise UnavailableError("down")

    with pytest.raises(UnavailableError):
        record(path, request(), answer=fail)
    assert not path.exists()


def test_one_cassette_at_a_time(tmp_path: Path) -> None:
    """A second one in the same process is refused, also from another thread; afterwards the next may begin."""
    path = tmp_path / "c.yaml"
    record(path, request())
    deck = Deck(path)
    refused = []

    def other() -> None:
        try:
            with use_deck(Deck(path)):
                pass
        except ConfigError as error:
            refused.append(error.message)

    with use_deck(deck):
        assert deck_in_use() is deck
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert deck_in_use() is None
    assert "in use in this process already" in refused[0]
    with use_deck(Deck(path)):
        pass


def test_a_call_without_an_id_gets_one(tmp_path: Path) -> None:
    """By its number, so that a program that asks a provider by itself is replayed, too."""
    path = tmp_path / "c.yaml"
    record(path, request("a", ""), request("b", ""))
    assert [call.id for call in Cassette.read(path).calls] == ["call/0/0/0/0", "call/0/0/1/0"]
    deck = Deck(path)
    provider = ReplayProvider(deck, "function/function/1")

    async def both():
        return [(await provider.complete(request(text, ""))).text for text in ("a", "b")]

    assert asyncio.run(both()) == ["A", "B"]


def test_fifty_side_by_side_each_get_their_own(tmp_path: Path) -> None:
    """Identical prompts that are answered in any order are replayed to the step that asked, twenty times over."""
    path = tmp_path / "c.yaml"
    requests = [request("the same", f"step{number}/0/0/0/0") for number in range(50)]

    async def slow(asked: ModelRequest) -> str:
        await asyncio.sleep(random.random() / 100)
        return f"for {asked.call_id}"

    deck = Deck(path, "all")
    provider = RecordingProvider(FunctionProvider(slow), deck)

    async def together(one):
        return await asyncio.gather(*(one.complete(asked) for asked in requests))

    asyncio.run(together(provider))
    save(deck, AT, complete=True)
    for _ in range(20):
        replies = asyncio.run(together(ReplayProvider(Deck(path), "function/function/1")))
        assert [reply.text for reply in replies] == [f"for {asked.call_id}" for asked in requests]
