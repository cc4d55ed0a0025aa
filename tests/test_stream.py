"""`fcc.stream`: what a run does, told while it does it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fcc
from fcc.observability import attach, configure
from fcc.providers.base import ModelReply, ModelRequest, StreamingProvider
from fcc.redaction import unchanged
from fcc.simulation.calls import Pieces

CHAIN = fcc.Chain.model_validate(
    {
        "name": "two",
        "steps": {
            "one": {"persona": "PBD", "task": "Say something."},
            "two": {"persona": "JUS", "needs": ["one"], "task": "Answer {{ handoff.one }}"},
        },
    }
)


class Slow:
    """A provider that tells its reply word by word, and can be made to stop in the middle."""

    identity = "slow/1"

    def __init__(self, text: str = "one two three", *, hang_in: str = "") -> None:
        self.text = text
        self.hang_in = hang_in
        self.asked: list[str] = []

    async def complete(self, request: ModelRequest) -> ModelReply:
        return await self.stream(request, lambda _: None)

    async def stream(self, request: ModelRequest, tell) -> ModelReply:
        self.asked.append(request.call_id.split("/")[0])
        for word in self.text.split(" "):
            tell(f"{word} ")
            await asyncio.sleep(0)
            if self.hang_in == self.asked[-1]:
                await asyncio.sleep(60)
        return ModelReply(f"{self.text} ", "slow", "live")


async def gather(**options) -> list[fcc.Event | fcc.RunRecord]:
    return [item async for item in fcc.stream(CHAIN, **options)]


def pieces(items: list[fcc.Event | fcc.RunRecord], step: str) -> str:
    return "".join(
        item.payload["text"]
        for item in items
        if isinstance(item, fcc.Event)
        and item.event_type is fcc.EventType.MODEL_CALL_TEXT
        and item.payload["call"].startswith(f"{step}/")
    )


def test_every_event_and_last_the_record() -> None:
    """The pieces of each reply are its text; the record is what a run without a stream comes to."""
    assert isinstance(Slow(), StreamingProvider)
    items = asyncio.run(gather(model=Slow()))
    record = items[-1]
    assert isinstance(record, fcc.RunRecord)
    assert pieces(items, "one") == record.outputs["one"] == "one two three "
    kinds = [item.event_type.value for item in items if isinstance(item, fcc.Event)]
    assert kinds[0] == "run.started"
    assert kinds[-1] == "run.completed"
    plain = fcc.run(CHAIN, model=Slow())
    assert [call.key for call in plain.calls] == [call.key for call in record.calls]


def test_a_provider_that_cannot_stream_tells_its_reply_at_once() -> None:
    """Offline as well: the whole text in one piece."""
    items = asyncio.run(gather())
    record = items[-1]
    assert isinstance(record, fcc.RunRecord)
    assert pieces(items, "two") == record.outputs["two"]


def test_who_leaves_early_interrupts_the_run_which_can_be_resumed(tmp_path: Path) -> None:
    """Left in the middle of the second reply: the first is kept, the second is asked again."""
    slow = Slow(hang_in="two")

    async def leave() -> None:
        running = fcc.stream(CHAIN, model=slow, out=tmp_path / "r", run_id="r")
        async for item in running:
            if isinstance(item, fcc.Event) and item.payload.get("call", "").startswith("two/"):
                break
        await running.aclose()  # type: ignore[attr-defined] # an async generator

    asyncio.run(leave())
    record = fcc.RunRecord.read(tmp_path / "r/run.json")
    assert record.status == "interrupted"
    slow.hang_in = ""
    again = fcc.run(CHAIN, model=slow, out=tmp_path / "r", run_id="r")
    assert again.status == "completed"
    assert slow.asked == ["one", "two", "two"]


def test_an_error_of_the_set_up_is_raised() -> None:
    """Before anything happens, as by `arun`."""
    with pytest.raises(fcc.FccError, match="no chain"):
        asyncio.run(_first("no-such-chain"))


async def _first(chain: str) -> object:
    return [item async for item in fcc.stream(chain)]


def test_the_text_is_in_no_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither in the run's event log, nor among log lines, whatever their level."""
    configure("DEBUG")
    bus = fcc.EventBus()
    attach(bus)
    asyncio.run(gather(model=Slow("the quick brown fox"), bus=bus, out=tmp_path / "r"))
    assert "quick brown" not in (tmp_path / "r/events.jsonl").read_text()
    err = capsys.readouterr().err
    assert "model_call.completed" in err
    assert "quick" not in err


@given(st.lists(st.text(st.sampled_from("ab \n\tcanary-1234"), max_size=6)))
def test_secrets_are_taken_out_across_pieces(parts: list[str]) -> None:
    """However a text comes in pieces, what is told is the text without its secrets."""
    told: list[str | None] = []
    secret = "canary-1234"

    def without(text: str) -> str:
        return text.replace(secret, "[redacted]")

    shown = Pieces(told.append, without)
    text = [*parts, secret[:4], secret[4:], *parts]
    for part in text:
        shown(part)
    shown.finish()
    assert "".join(part or "" for part in told) == without("".join(text))
    assert all(secret not in (part or "") for part in told)


def test_without_secrets_pieces_are_told_as_they_come() -> None:
    """Nothing is held back where there is nothing to take out; None says that it begins anew."""
    told: list[str | None] = []
    shown = Pieces(told.append, unchanged)
    for part in ("a", "b c", None, "d"):
        shown(part)
    shown.finish()
    assert told == ["a", "b c", None, "d"]
