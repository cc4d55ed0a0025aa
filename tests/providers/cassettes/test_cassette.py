"""The cassette's file: what is written is read again, by our reader and by vcrpy's; what is damaged is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml  # noqa: TID251 - what vcrpy reads the file with
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fcc.errors import CassetteError, ConfigError, InvalidFileError
from fcc.providers.base import Message, ModelReply, ModelRequest, ResponseFormat, Sampling, Usage
from fcc.providers.cassettes import Cassette, RecordedCall
from fcc.providers.cassettes import _serializer as serializer

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


def call(text: str = "Hello!", **request: object) -> RecordedCall:
    asked = ModelRequest((Message("user", "hello"),), call_id="a/0/0/0/0", **request)
    return RecordedCall("a/0/0/0/0", "k" * 64, "function/f/1", asked, ModelReply(text, "m", "recorded"), "a")


def cassette(path: Path, *calls: RecordedCall) -> Cassette:
    run = {"steps": [{"name": "a", "calls": [one.to_dict() for one in calls]}]}
    return Cassette(path, runs=(run,), recorded={"at": "2026-01-01T00:00:00Z"})


@given(JSON)
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
def test_any_value_is_read_as_it_was_written(value: object) -> None:
    """By the reader of YAML 1.2 that the metadata is read with, and by the one of YAML 1.1 that vcrpy uses."""
    from fcc import _yaml

    text = serializer.dump({"interactions": [], "value": value}, Path("c.yaml"))
    assert _yaml.parse(text, "c.yaml").data["value"] == value
    assert yaml.safe_load(text)["value"] == value


@given(JSON)
def test_a_json_body_is_kept_as_a_value(value: object) -> None:
    """A body that is a JSON object or list comes back equal as JSON; any other text comes back as it is."""
    text = json.dumps(value)
    kept = serializer.body_value(text)
    assert json.loads(serializer.body_text(kept)) == value
    assert serializer.body_text(serializer.body_value(f"data: {text}\n\n")) == f"data: {text}\n\n"


@given(TEXT.filter(str.strip), TEXT, st.sampled_from([None, 0.0, 0.0123456789]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_call_is_read_as_it_was_written(tmp_path: Path, text: str, asked: str, cost: float | None) -> None:
    """Request, reply, tokens and cost, to the last bit; the latency to the millisecond."""
    request = ModelRequest(
        (Message("system", asked), Message("user", text)),
        "m",
        Sampling(0.5, None, 7, 1, ("END",)),
        "a/0/0/0/0",
        ResponseFormat({"type": "object"}, "a"),
    )
    reply = ModelReply(text, "m-1", "recorded", Usage(1, 2, None, 0), cost, 1.234, "length", 2)
    made = RecordedCall("a/0/0/0/0", "k", "litellm/m@x", request, reply, "a", streamed=True)
    path = tmp_path / "c.yaml"
    cassette(path, made).write()
    assert Cassette.read(path).calls == (made,)


def test_a_text_that_occurs_twice_is_written_once(tmp_path: Path) -> None:
    """The reply over the wire and the reply in the metadata are one text in the file."""
    long = "\n".join(f"line {number} of a reply" for number in range(20))
    run = {"steps": [{"name": "a", "calls": [call(long).to_dict()]}]}
    wire = {
        "request": {"method": "POST", "uri": "http://x/y", "headers": {}, "body": None},
        "response": {"status": {"code": 200}, "headers": {}, "body": {"string": {"json": {"content": long}}}},
    }
    path = tmp_path / "c.yaml"
    Cassette(path, (wire,), (run,)).write()
    text = path.read_text(encoding="utf-8")
    assert text.count("line 7 of a reply") == 1
    read = Cassette.read(path)
    assert read.calls[0].reply.text == read.interactions[0]["response"]["body"]["string"]["json"]["content"]


def test_many_interactions_are_written_as_json(tmp_path: Path) -> None:
    """From a hundred on, since YAML of that size is slow to read; it reads the same."""
    wire = [
        {
            "request": {"method": "POST", "uri": "u", "headers": {}, "body": str(n)},
            "response": {"status": {"code": 200}, "headers": {}, "body": {}},
        }
        for n in range(100)
    ]
    path = tmp_path / "c.yaml"
    Cassette(path, tuple(wire), ({"steps": [{"name": "a", "calls": [call().to_dict()]}]},)).write()
    assert path.read_text(encoding="utf-8").startswith("{")
    assert len(Cassette.read(path).interactions) == 100


def test_what_is_large_or_deep_is_written_so_that_it_is_read_again(tmp_path: Path) -> None:
    """However much was recorded, and however deeply a schema nests: what was paid for can be replayed."""
    path = tmp_path / "c.yaml"
    texts = [f"{number} " + "x" * 100_000 for number in range(60)]
    cassette(path, *map(call, texts)).write()
    assert [one.reply.text for one in Cassette.read(path).calls] == texts
    schema: dict = {}
    for _ in range(90):
        schema = {"properties": {"a": schema}}
    cassette(path, call(response_format=ResponseFormat(schema))).write()
    assert Cassette.read(path).calls[0].request.response_format.schema == schema


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data["interactions"].append({"response": {}}),
        lambda data: data["interactions"].append({"request": None, "response": {}}),
        lambda data: data["metadata"]["fcc"].update(recorded=None),
        lambda data: data["metadata"]["fcc"].update(runs={}),
        lambda data: data["metadata"]["fcc"]["runs"][0].update(chain=None),
        lambda data: data["metadata"]["fcc"]["runs"][0].update(backends={"x": {"identity": "y"}}),
        lambda data: data["metadata"]["fcc"]["runs"][0]["steps"][0].update(calls=None),
        lambda data: data["metadata"]["fcc"]["runs"][0]["steps"][0]["calls"][0].update(backend=None),
        lambda data: data["metadata"]["fcc"]["runs"][0]["steps"][0]["calls"][0]["reply"].update(usage=3),
        lambda data: data["metadata"]["fcc"]["runs"][0]["steps"][0]["calls"][0]["request"].update(
            messages=[3]
        ),
    ],
)
def test_a_damaged_part_is_said(tmp_path: Path, change) -> None:
    """Whichever part it is, it is one message, and no fault of ours."""
    path = tmp_path / "c.json"
    cassette(path, call()).write()
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))
    with pytest.raises(InvalidFileError, match="damaged"):
        Cassette.read(path)


def test_no_file(tmp_path: Path) -> None:
    """A cassette that is not there is its own error, and says how one is recorded."""
    with pytest.raises(CassetteError, match="there is no cassette") as caught:
        Cassette.read(tmp_path / "none.yaml")
    assert caught.value.exit_code == 4
    assert "fcc-agents record" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no metadata of a run"),
        ("[1, 2]", "no metadata of a run"),
        ("version: 1\ninteractions: []\n", "no metadata of a run"),
        ("a: [", "while parsing|expected|end of"),
        ("{", "is no JSON"),
        ('{"a": 1', "is no JSON"),
        ("metadata: {fcc: {format: fcc.cassette/99}}", "fcc.cassette/99"),
        ("metadata: {fcc: {format: fcc.cassette/1}}", "damaged"),
        ("interactions: []\nmetadata: {fcc: {format: fcc.cassette/1, complete: true, runs: [1]}}", "damaged"),
        (
            (
                "interactions: []\nmetadata: {fcc: {format: fcc.cassette/1, complete: true, runs: "
                "[{steps: [{name: a, calls: [{id: x, key: k, backend: b, request: {messages: []}}]}]}]}}"
            ),
            "has no reply",
        ),
        ("a: !!python/object/apply:os.system ['true']", "tag"),
    ],
)
def test_what_is_no_cassette(tmp_path: Path, text: str, said: str) -> None:
    """Whatever stands in the file, it is one message with the file's name, and nothing in it is executed."""
    path = tmp_path / "c.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=said) as caught:
        Cassette.read(path)
    assert caught.value.exit_code == 2
    assert "c.yaml" in caught.value.message


@given(st.binary(max_size=300))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_an_error_of_ours(tmp_path: Path, content: bytes) -> None:
    """Damage never surfaces as somebody else's exception."""
    path = tmp_path / "c.yaml"
    path.write_bytes(content)
    with pytest.raises((ConfigError, CassetteError)):
        Cassette.read(path)


def test_a_recorded_failure_is_raised_again(tmp_path: Path) -> None:
    """Where a fallback answered, the failure before it comes back as the error that it was."""
    from fcc.errors import RateLimitError

    failed = call()._replace(reply=None, error={"code": "rate-limit", "message": "too many", "hint": "wait"})
    path = tmp_path / "c.yaml"
    cassette(path, failed).write()
    with pytest.raises(RateLimitError, match="too many"):
        Cassette.read(path).calls[0].answer()


def test_it_is_an_invalid_file_with_its_place(tmp_path: Path) -> None:
    """JSON that breaks off is pointed at by line and column."""
    path = tmp_path / "c.json"
    path.write_text('{"version": 1,\n  "a": }', encoding="utf-8")
    with pytest.raises(InvalidFileError) as caught:
        Cassette.read(path)
    assert (caught.value.problems[0].line, caught.value.problems[0].column) == (2, 8)
