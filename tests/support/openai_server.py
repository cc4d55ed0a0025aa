"""A local server that speaks enough of OpenAI's HTTP to be called by a real client.

    with OpenAIServer() as server:
        server.script(["first answer", Scripted(status=429, headers={"retry-after": "1"})])
        ...                       # call server.url + "/chat/completions"
        assert len(server.requests) == 2

Past the end of its script it answers `DEFAULT_TEXT`. It listens on 127.0.0.1, on a port of its own.
"""

from __future__ import annotations

import json
import re
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from support.listener import Listener, LocalServer

DEFAULT_TEXT = "A local server answers this."


@dataclass(frozen=True, slots=True)
class Scripted:
    """One answer. Without `body` it is a chat completion at status 200 and an OpenAI error otherwise."""

    text: str | None = DEFAULT_TEXT
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    """Seconds to wait before the first byte."""
    drip: float = 0.0
    """Seconds to wait before each further byte of the body, or piece of a stream."""
    body: str | None = None
    """Sent as it stands, instead of a completion or an error."""
    content_type: str = "application/json"
    disconnect: bool = False
    """Close the connection without a byte."""
    model: str | None = None
    """The model that answers; None repeats the one that was asked for."""
    usage: Mapping[str, Any] | None = field(
        default_factory=lambda: {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    )
    finish_reason: str = "stop"
    error: str = "scripted failure"
    """The error's message, where the status is not 200."""
    error_code: str | None = None
    error_type: str = "invalid_request_error"
    cut_after: int | None = None
    """Close the connection after so many pieces of a streamed answer."""

    def pieces(self, asked: str) -> list[str]:
        """The lines of a streamed answer: a piece for each word, the usage, the end."""
        base = {"id": "chatcmpl-local", "object": "chat.completion.chunk", "created": 1700000000}
        base["model"] = self.model or asked
        words = re.findall(r"\s*\S+|\s+$", self.text or "")
        deltas: list[dict[str, Any]] = [{"delta": {"content": word}, "finish_reason": None} for word in words]
        deltas.append({"delta": {}, "finish_reason": self.finish_reason})
        lines = [json.dumps({**base, "choices": [{"index": 0, **delta}]}) for delta in deltas]
        if self.usage is not None:
            lines.append(json.dumps({**base, "choices": [], "usage": dict(self.usage)}))
        return [f"data: {line}\n\n" for line in [*lines, "[DONE]"]]

    def payload(self, asked: str) -> str:
        """The body of the answer to a request for the model `asked`."""
        if self.body is not None:
            return self.body
        if self.status != 200:
            return json.dumps(
                {"error": {"message": self.error, "type": self.error_type, "code": self.error_code}}
            )
        completion: dict[str, Any] = {
            "id": "chatcmpl-local",
            "object": "chat.completion",
            "created": 1700000000,
            "model": self.model or asked,
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": self.text},
                    "finish_reason": self.finish_reason,
                }
            ],
        }
        if self.usage is not None:
            completion["usage"] = dict(self.usage)
        return json.dumps(completion)


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it reached the server; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    json: Any


class _Handler(BaseHTTPRequestHandler):
    """Answers from the script of the server that it belongs to."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Listener

    def do_GET(self) -> None:
        """The list of models."""
        self._record(None)
        if self.path.endswith("/models"):
            listing = {
                "object": "list",
                "data": [{"id": "local-model", "object": "model", "owned_by": "tests"}],
            }
            self._send(Scripted(body=json.dumps(listing)), "")
        else:
            self._send(Scripted(status=404, error="no such page"), "")

    def do_POST(self) -> None:
        """The next answer of the script."""
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        body = json.loads(raw or b"{}")
        self._record(body)
        if self.path.endswith("/chat/completions"):
            streamed = bool(body.get("stream"))
            self._send(self.server.next_answer(body), str(body.get("model", "")), streamed=streamed)
        else:
            self._send(Scripted(status=404, error="no such page"), "")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
        """Nothing: a test's output stays its own."""

    def _record(self, body: Any) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.requests.append(Received(self.command, self.path, headers, body))

    def _send(self, answer: Scripted, asked: str, *, streamed: bool = False) -> None:
        if answer.delay:
            time.sleep(answer.delay)
        if answer.disconnect:
            self.close_connection = True
            return
        if streamed and answer.status == 200 and answer.body is None:
            self._stream(answer, asked)
            return
        data = answer.payload(asked).encode()
        self.send_response(answer.status)
        self.send_header("content-type", answer.content_type)
        self.send_header("content-length", str(len(data)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        for start in range(0, len(data), 1 if answer.drip else len(data)):
            time.sleep(answer.drip)
            self.wfile.write(data[start : start + 1] if answer.drip else data)

    def _stream(self, answer: Scripted, asked: str) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for number, piece in enumerate(answer.pieces(asked)):
            if number == answer.cut_after:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            time.sleep(answer.drip)
            data = piece.encode()
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")


class _Listener(Listener):
    """The listening socket, the script, and the connections that are open."""

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.requests: list[Received] = []
        self.answers: deque[Scripted] = deque()
        self.default: Callable[[Any], Scripted] = lambda _body: Scripted()

    def next_answer(self, body: Any) -> Scripted:
        with self.lock:
            if self.answers:
                return self.answers.popleft()
        return self.default(body)


class OpenAIServer(LocalServer[_Listener]):
    """A scriptable OpenAI-compatible server, running while the `with` block does."""

    def __init__(self) -> None:
        super().__init__(_Listener())

    @property
    def url(self) -> str:
        """The base address, for `api_base` or `OPENAI_BASE_URL`."""
        return f"{self.address}/v1"

    @property
    def requests(self) -> list[Received]:
        """Every request so far, oldest first."""
        return self._listener.requests

    def script(self, answers: Iterable[str | Scripted]) -> None:
        """Answer the next requests with these, in order; a str is the text of a reply."""
        self._listener.answers.extend(a if isinstance(a, Scripted) else Scripted(text=a) for a in answers)

    def always(self, answer: str | Scripted) -> None:
        """Answer this whenever the script is used up."""
        scripted = answer if isinstance(answer, Scripted) else Scripted(text=answer)
        self._listener.default = lambda _body: scripted

    def answer(self, function: Callable[[Any], str]) -> None:
        """Answer what `function` makes of the request's JSON, whenever the script is used up."""
        self._listener.default = lambda body: Scripted(text=function(body))
