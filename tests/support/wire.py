"""A local server that speaks the wire formats of several vendors, whole and streamed.

    with WireServer(FORMATS["anthropic"]) as server:
        server.script([Answer(("Hello ", "world")), Answer(status=529, body="{…}")])
        ...                       # call server.base
        assert len(server.requests) == 2

What an answer looks like on the wire is the format's affair (`wire_formats`); how it is sent, and how it
breaks, is this module's. Past the end of its script the server gives the answer that `always` was told.
It listens on 127.0.0.1, on a port of its own.
"""

from __future__ import annotations

import json
import socket
import struct
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, Literal, Protocol

from support.listener import Listener, LocalServer

_PAUSE = 0.002
"""Seconds between two parts that must not reach the client in one."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, in no vendor's words; without `body` it is a reply of the format's own."""

    pieces: tuple[str, ...] = ("A local ", "server ", "answers this.")
    """The text, in the pieces that a stream sends it in."""
    finish: Literal["stop", "length", "filter"] = "stop"
    usage: tuple[int, int] | None = (11, 7)
    """Tokens in and out; None where the server does not count."""
    cached: int = 4
    """How many of those that went in were read from a cache, where the vendor says so."""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    """Sent as it stands."""
    parts: int | None = None
    """How many parts are sent before the answer ends, as if it were whole; 0 sends not even a status."""
    tail: str = ""
    """Sent after those parts."""
    garbled: int | None = None
    """Of which part only the first half is sent."""
    reset: bool = False
    """It ends with a reset of the connection instead."""
    split: bool = False
    """Parts are cut within characters as well."""
    drip: float = 0.0
    """Seconds before each byte."""

    @property
    def text(self) -> str:
        """The text of the whole reply."""
        return "".join(self.pieces)


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it reached the server; header names are in lower case."""

    path: str
    """With the query."""
    headers: Mapping[str, str]
    json: Any


class Format(Protocol):
    """How a vendor writes an answer down."""

    stream_type: str
    """The content type of a stream."""

    def base(self, url: str) -> str:
        """What a client is told to be the server's address."""
        ...

    def streams(self, received: Received) -> bool:
        """Whether a stream is asked for."""
        ...

    def whole(self, answer: Answer, received: Received) -> Mapping[str, Any]:
        """The JSON of a reply."""
        ...

    def events(self, answer: Answer, received: Received) -> list[str]:
        """The parts of a streamed reply."""
        ...


class _Handler(BaseHTTPRequestHandler):
    """Answers from the script of the server that it belongs to."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Listener

    def do_POST(self) -> None:
        """The next answer of the script."""
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        received = Received(self.path, headers, json.loads(raw or b"{}"))
        self._send(self.server.next_answer(received), received)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
        """Nothing: a test's output stays its own."""

    def _send(self, answer: Answer, received: Received) -> None:
        form = self.server.format
        streamed = answer.status == 200 and form.streams(received)
        if answer.body is not None:
            parts = [answer.body]
        elif streamed:
            parts = form.events(answer, received)
        else:
            parts = _halves(json.dumps(form.whole(answer, received), ensure_ascii=False))
        if answer.garbled is not None:
            parts[answer.garbled] = _halves(parts[answer.garbled])[0] + "\n\n"
        if answer.parts != 0:
            self._send_head(answer, None if streamed else parts, form.stream_type)
            self._send_body(answer, [*parts[: answer.parts], answer.tail], chunked=streamed)
        self.close_connection |= answer.parts is not None
        if answer.reset:
            time.sleep(_PAUSE)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def _send_head(self, answer: Answer, whole: list[str] | None, stream_type: str) -> None:
        self.send_response(answer.status)
        if whole is None:
            self.send_header("content-type", stream_type)
            self.send_header("transfer-encoding", "chunked")
        else:
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len("".join(whole).encode())))
        if answer.parts is not None:
            self.send_header("connection", "close")  # the next request must not go where nobody listens
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _send_body(self, answer: Answer, parts: list[str], *, chunked: bool) -> None:
        for part in filter(None, parts):
            for data in _cut(part.encode(), answer):
                time.sleep(answer.drip or _PAUSE)
                self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data) if chunked else data)
        if chunked and not answer.reset:
            self.wfile.write(b"0\r\n\r\n")


def _halves(text: str) -> list[str]:
    return [text[: len(text) // 2], text[len(text) // 2 :]]


def _cut(data: bytes, answer: Answer) -> Iterator[bytes]:
    """The bytes, in the lumps that they are to arrive in; UTF-8 has 0b10 in front of all but a character's first."""
    start = 0
    for place in range(1, len(data)):
        if answer.drip or (answer.split and data[place] & 0xC0 == 0x80):
            yield data[start:place]
            start = place
    yield data[start:]


class _Listener(Listener):
    """The listening socket, the script, and the connections that are open."""

    def __init__(self, form: Format) -> None:
        super().__init__(_Handler)
        self.format = form
        self.requests: list[Received] = []
        self.answers: deque[Answer] = deque()
        self.default = Answer()

    def next_answer(self, received: Received) -> Answer:
        with self.lock:
            self.requests.append(received)
            return self.answers.popleft() if self.answers else self.default


class WireServer(LocalServer[_Listener]):
    """A scriptable server of one vendor's format, running while the `with` block does."""

    def __init__(self, form: Format) -> None:
        self.format = form
        super().__init__(_Listener(form))

    @property
    def base(self) -> str:
        """The address, for `api_base`."""
        return self.format.base(self.address)

    @property
    def requests(self) -> list[Received]:
        """Every request so far, oldest first."""
        return self._listener.requests

    def script(self, answers: Iterable[Answer]) -> None:
        """Answer the next requests with these, in order."""
        self._listener.answers.extend(answers)

    def always(self, answer: Answer) -> None:
        """Answer this whenever the script is used up."""
        self._listener.default = answer
