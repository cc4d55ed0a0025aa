"""The HTTP of a cassette, through vcrpy: catches what goes over the wire, or answers in its place."""

from __future__ import annotations

import copy
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from fcc.errors import CassetteMissError
from fcc.providers.cassettes._serializer import body_text, body_value
from fcc.providers.cassettes.cassette import CALL_HEADER, Cassette
from fcc.providers.cassettes.deck import CAUGHT
from fcc.providers.cassettes.secrets import SECRET_QUERY, clean_interaction
from fcc.workspace import show_path

_LAST_SEGMENTS = 2
"""How much of a path is compared: a server may keep the same interface at another address."""

_FIRST_ERROR = 400

_QUERY_NOT_COMPARED = SECRET_QUERY | {"api-version"}


@contextmanager
def recording() -> Iterator[None]:
    """Catches each call's HTTP that was answered, cleaned, for whoever makes the call (`CAUGHT`).

    What belongs to no call (a sign-in, a list of models) goes over the wire as ever and is not kept.
    """
    from vcr.cassette import Cassette as Tape
    from vcr.filters import decode_response
    from vcr.record_mode import RecordMode

    class Recording(Tape):  # type: ignore[misc] # vcrpy has no types
        def append(self, request: Any, response: Any) -> None:
            caught = CAUGHT.get(None)
            if caught is not None and _call_id(request) and response["status"]["code"] < _FIRST_ERROR:
                caught.append(_kept(request, decode_response(copy.deepcopy(response))))

        def can_play_response_for(self, request: Any) -> bool:  # noqa: ARG002 - vcrpy's signature
            return False

        def _load(self) -> None:
            """Nothing: what was recorded before is played by the deck."""

        def _save(self, force: bool = False) -> None:
            """Nothing: the deck writes the file, with what the runs knew."""

    with _quiet(), _patched(Recording, path="recording", record_mode=RecordMode.ALL):
        yield


@contextmanager
def replaying(cassette: Cassette) -> Iterator[None]:
    """Answers every HTTP request from a cassette, each interaction once; what it does not hold is an error.

    Method, query, call, and body are compared, and the end of the path; not scheme, host and port.
    """
    from vcr.cassette import Cassette as Tape
    from vcr.record_mode import RecordMode
    from vcr.request import Request

    shown = show_path(cassette.path)

    class Replaying(Tape):  # type: ignore[misc] # vcrpy has no types
        def can_play_response_for(self, request: Any) -> bool:
            if request in self:
                return True
            # Raised here, in the middle of the client: LiteLLM wraps it, and the provider finds it among the causes.
            raise CassetteMissError(
                f"{shown} holds no HTTP answer for {request.method} {request.path}",
                hint=f"Its two halves differ: record it anew, or see fcc-agents cassette check {shown}",
                call_id=_call_id(request),
            )

        def _load(self) -> None:
            self.data = [
                (
                    Request(
                        held["request"]["method"],
                        held["request"]["uri"],
                        body_text(held["request"]["body"]),
                        held["request"]["headers"],
                    ),
                    {
                        **held["response"],
                        "body": {"string": body_text(held["response"]["body"]["string"]).encode()},
                    },
                )
                for held in cassette.interactions
            ]
            self.rewound = True

        def _save(self, force: bool = False) -> None:
            """Nothing is written: nothing is recorded."""

    with _quiet(), _patched(Replaying, path="replaying", record_mode=RecordMode.NONE, match_on=(_same,)):
        yield


def _patched(kind: Any, **options: Any) -> Any:
    from vcr.cassette import CassetteContextDecorator

    return CassetteContextDecorator(kind, lambda: dict(options))


@contextmanager
def _quiet() -> Iterator[None]:
    """Vcrpy logs whole replies at level INFO: keep them out of a log that the user has set to that."""
    logger = logging.getLogger("vcr")
    before = logger.level
    if before == logging.NOTSET:
        logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(before)


def _kept(request: Any, response: Mapping[str, Any]) -> dict[str, Any]:
    body = request.body
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body or "")
    string = response["body"].get("string") or b""
    answer = string.decode("utf-8", "replace") if isinstance(string, bytes) else str(string)
    return clean_interaction(
        {
            "request": {
                "method": request.method,
                "uri": request.uri,
                "headers": dict(request.headers),
                "body": body_value(text),
            },
            "response": {
                "status": dict(response["status"]),
                "headers": response.get("headers", {}),
                "body": {"string": body_value(answer)},
            },
        }
    )


def _same(one: Any, other: Any) -> bool:
    return (
        one.method == other.method
        and _call_id(one) == _call_id(other)
        and one.path.split("/")[-_LAST_SEGMENTS:] == other.path.split("/")[-_LAST_SEGMENTS:]
        and _query(one) == _query(other)
        and _canonical(one.body) == _canonical(other.body)
    )


def _query(request: Any) -> list[tuple[str, str]]:
    return [(name, value) for name, value in request.query if name.lower() not in _QUERY_NOT_COMPARED]


def _call_id(request: Any) -> str:
    value = request.headers.get(CALL_HEADER, "")
    return value.decode() if isinstance(value, bytes) else str(value)


@lru_cache(maxsize=4096)
def _canonical(body: bytes | None) -> bytes:
    try:
        value = json.loads(body or b"")
    except ValueError:
        return body or b""
    return json.dumps(value, sort_keys=True, ensure_ascii=True).encode()
