"""What never gets into a cassette: by a list of what may, by names, by values, by shapes."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcc.errors import SecretFoundError
from fcc.providers.base import Message, ModelRequest
from fcc.providers.cassettes import Cassette, Deck, RecordingProvider
from fcc.providers.cassettes.saving import save
from fcc.providers.cassettes.secrets import (
    REQUEST_HEADERS,
    clean_headers,
    clean_interaction,
    clean_uri,
    scrubbed,
    scrubbed_interaction,
    suspects,
)
from fcc.providers.function import FunctionProvider

CANARY = "canary-7d3f9a10c2"
SHAPED = "sk-proj-0123456789abcdef"
AT = "2026-01-01T00:00:00Z"


def interaction(**parts):
    request = {"method": "POST", "uri": "https://x.example/v1/chat/completions", "headers": {}, "body": None}
    response = {"status": {"code": 200}, "headers": {}, "body": {"string": "ok"}}
    return {"request": request | parts.get("request", {}), "response": response | parts.get("response", {})}


@pytest.mark.parametrize(
    ("uri", "kept"),
    [
        ("https://u:p@x.example/v1?key=abc&alt=sse", "https://x.example/v1?alt=sse"),
        ("https://x.example/v1?API_KEY=abc&sig=1&Token=2", "https://x.example/v1"),
        ("http://127.0.0.1:8000/v1/chat/completions", "http://127.0.0.1:8000/v1/chat/completions"),
        ("https://x.example/a?b=&c=1#frag", "https://x.example/a?b=&c=1"),
    ],
)
def test_addresses(uri: str, kept: str) -> None:
    """User, password and keys in the query go; the rest stays."""
    assert clean_uri(uri) == kept


@given(st.dictionaries(st.text(min_size=1, max_size=30), st.text(max_size=30)))
def test_only_headers_on_the_list_are_kept(headers: dict[str, str]) -> None:
    """Whatever a client or server sends, nothing else gets through."""
    given = headers | {"Authorization": f"Bearer {SHAPED}", "Content-Type": "application/json"}
    kept = clean_headers(given, REQUEST_HEADERS)
    assert set(kept) <= REQUEST_HEADERS
    assert kept["content-type"] == ["application/json"]


def test_a_clean_interaction_has_nothing_more_to_find() -> None:
    """What is kept of a request passes the check of what may be kept."""
    dirty = interaction(
        request={
            "uri": f"https://x.example/v1?key={SHAPED}",
            "headers": {"x-api-key": [SHAPED], "accept": ["*/*"]},
        },
        response={"headers": {"set-cookie": ["session=1"]}},
    )
    assert {suspect.place.rpartition(".")[2] for suspect in suspects({"interactions": [dirty]})} >= {
        "x-api-key",
        "uri",
        "set-cookie",
    }
    assert suspects({"interactions": [clean_interaction(dirty)]}) == []


@pytest.mark.parametrize(
    ("part", "place"),
    [
        ({"response": {"body": {"string": f"a {SHAPED} b"}}}, "interactions[0].response.body.string"),
        (
            {"request": {"body": {"json": {"messages": [{"content": SHAPED}]}}}},
            "interactions[0].request.body.json.messages[0].content",
        ),
        ({"request": {"body": {"json": {"api_key": "abc"}}}}, "interactions[0].request.body.json.api_key"),
        (
            {"response": {"body": {"string": {"json": {SHAPED: 1}}}}},
            "interactions[0].response.body.string.json.[redacted]",
        ),
    ],
)
def test_the_place_is_named_and_the_secret_is_not(part, place: str) -> None:
    """Where it stands, as a path into the file; the message holds no part of it."""
    found = suspects({"interactions": [interaction(**part)]})
    assert place in [suspect.place for suspect in found]
    assert SHAPED not in json.dumps([suspect._asdict() for suspect in found])


def test_values_of_this_environment_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key without any shape is found by its value."""
    monkeypatch.setenv("LAB_API_KEY", CANARY)
    found = suspects({"metadata": {"fcc": {"runs": [{"inputs": {"x": CANARY}, "steps": []}]}}})
    assert [(suspect.place, suspect.known) for suspect in found] == [("metadata.fcc.runs[0].inputs.x", True)]


@given(
    st.recursive(
        st.text(max_size=20), lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner)
    )
)
def test_scrubbing_leaves_nothing_to_find_and_the_rest_alone(value) -> None:
    """A secret anywhere goes; a value without one is as it was."""
    assert scrubbed({"a": [value, f"see {SHAPED}"]}) == {"a": [scrubbed(value), "see [redacted]"]}
    assert scrubbed(scrubbed(value)) == scrubbed(value)


def answered(path: Path, replies: dict[str, str], **options) -> Deck:
    deck = Deck(path, "all", **options)
    provider = RecordingProvider(FunctionProvider(lambda asked: replies[asked.call_id]), deck)

    async def ask():
        for call in replies:
            await provider.complete(ModelRequest((Message("user", "x"),), call_id=call))

    asyncio.run(ask())
    save(deck, AT, complete=True)
    return deck


def test_scrubbing_empties_fields_that_are_called_like_a_secret() -> None:
    """Whatever shape their value has."""
    dirty = interaction(request={"body": {"json": {"api_key": "hunter2", "model": "m"}}})
    clean = scrubbed_interaction(dirty)
    assert clean["request"]["body"]["json"] == {"api_key": "", "model": "m"}
    assert suspects({"interactions": [clean]}) == []


def test_what_looks_like_a_key_is_left_out_and_the_rest_is_kept(tmp_path: Path) -> None:
    """The save says what was left out and where; what was paid for beside it is there, marked as incomplete."""
    path = tmp_path / "c.yaml"
    with pytest.raises(SecretFoundError, match=r"1 of the calls .* left out") as caught:
        answered(path, {"a/0/0/0/0": "fine", "b/0/0/0/0": f"use {SHAPED}"})
    assert "calls[0].reply.text: has the shape of a key" in caught.value.message
    assert "--allow-shapes" in caught.value.hint
    assert caught.value.exit_code == 3
    held = Cassette.read(path)
    assert [call.id for call in held.calls] == ["a/0/0/0/0"]
    assert not held.complete


def test_a_shape_may_be_allowed_and_a_known_secret_never(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An example key in a reply can be kept on purpose; the value of a key of this environment can't."""
    path = tmp_path / "c.yaml"
    answered(path, {"a/0/0/0/0": f"use {SHAPED}"}, allow_shapes=True)
    assert SHAPED in path.read_text(encoding="utf-8")
    path.unlink()
    monkeypatch.setenv("LAB_API_KEY", CANARY)
    with pytest.raises(SecretFoundError) as caught:
        answered(path, {"a/0/0/0/0": f"use {CANARY}"}, allow_shapes=True)
    assert "--allow-shapes" not in caught.value.hint
    assert CANARY not in str(caught.value)
    assert CANARY.encode() not in path.read_bytes()
