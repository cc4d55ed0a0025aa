"""`fcc-agents doctor`: what it finds, what it says to do, and what it returns."""

from __future__ import annotations

import contextlib
import importlib.metadata
import shutil
import socket
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from support.openai_server import OpenAIServer, Scripted

CANARY = "canary-58c0d2b7e4"
LOOK_UP = socket.getaddrinfo
"""Python's own, which refuses what can't be a name before it asks anybody."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch):
    with OpenAIServer() as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        yield running


def checks(result: Any) -> dict[str, dict[str, str]]:
    return {check["name"]: check for check in result.json["checks"]}


def test_a_new_users_folder_is_fine(fcc_agents) -> None:
    """Without a workspace and without a key, nothing fails, and it says what there is."""
    done = fcc_agents("doctor")
    assert done.code == 0
    assert "none here: the built-ins are used" in done.out
    assert "devops-deployment" in done.out
    assert max(map(len, done.out.splitlines())) <= 80


def test_a_server_that_is_well(fcc_agents, server) -> None:
    """From the name to a streamed reply, with two calls, and every remark on what can't be held."""
    done = fcc_agents("doctor", "-m", "openai/local-model", "--json")
    found = checks(done)
    assert done.code == 0
    assert done.json["ok"] is True
    for name in ("name", "key", "server", "model", "reply", "stream", "tokens", "schemas"):
        assert found[name]["status"] == "ok", found[name]
    assert found["price"]["status"] == "warning"
    posts = [request for request in server.requests if request.method == "POST"]
    assert [request.json.get("stream", False) for request in posts] == [False, True]
    assert posts[0].headers["x-call-id"] == "doctor/0/0/0/0"


def test_the_stand_in_is_no_model(fcc_agents) -> None:
    """It answers, and is called what it is."""
    done = fcc_agents("doctor", "-m", "deterministic")
    assert (done.code, "which is no model" in done.out) == (0, True)


@pytest.mark.parametrize("model", ["openai/gpt-4.1-mini", "anthropic/claude-3-5-haiku-latest"])
def test_a_missing_key(fcc_agents, model: str) -> None:
    """The set-up is wrong: which variable to set; and nothing is asked."""
    done = fcc_agents("doctor", "-m", model)
    assert done.code == 2
    assert "_API_KEY" in done.out
    assert "skipped reply" in done.out


def test_an_unknown_profile(fcc_agents) -> None:
    """A near miss of a name that is known is found before anything is asked."""
    done = fcc_agents("doctor", "-m", "locall")
    assert done.code == 2
    assert "did you mean local?" in done.out


def test_a_key_that_was_pasted_with_its_quotes(fcc_agents, server, monkeypatch) -> None:
    """A key with quotes or white space around it is remarked on, and never shown."""
    monkeypatch.setenv("OPENAI_API_KEY", f"'{CANARY}'")
    done = fcc_agents("doctor", "-m", "openai/local-model")
    assert "OPENAI_API_KEY has quotes" in done.out
    assert CANARY not in done.out + done.err


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Scripted(status=401, error=f"bad key {CANARY}"), "did not accept the key in OPENAI_API_KEY"),
        (Scripted(status=404), "was not found"),
        (Scripted(status=429, error_code="insufficient_quota", error="insufficient_quota"), "quota"),
        (Scripted(body="<html>hello</html>", content_type="text/html"), "not with a chat completion"),
        (Scripted(status=500), "failed (500)"),
    ],
)
def test_a_model_that_does_not_answer(fcc_agents, server, monkeypatch, answer: Scripted, said: str) -> None:
    """Exit code 3, what the server said and what to do; asked once, and the key is in none of it."""
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    server.always(answer)
    done = fcc_agents("doctor", "-m", "openai/local-model", "--json")
    reply = checks(done)["reply"]
    assert (done.code, reply["status"]) == (3, "failed")
    assert said in reply["message"]
    assert reply["hint"]
    assert CANARY not in done.out
    assert len([request for request in server.requests if request.method == "POST"]) == 1


def test_a_name_that_the_server_does_not_list(fcc_agents, server) -> None:
    """A warning with the names that it has: the server may know more than it lists."""
    done = fcc_agents("doctor", "-m", "openai/local-modell", "--json")
    assert done.code == 0
    assert checks(done)["model"]["status"] == "warning"
    assert "local-model" in checks(done)["model"]["hint"]


def test_a_server_that_is_slow(fcc_agents, server) -> None:
    """The timeout is held."""
    server.always(Scripted(delay=1.5))
    done = fcc_agents("doctor", "-m", "openai/local-model", "--timeout", "0.3")
    assert done.code == 3
    assert "did not answer within 0.3 s" in done.out


def test_nobody_listens(fcc_agents, monkeypatch) -> None:
    """The server is not there; a proxy that is set makes that a warning."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{port}/v1")
    done = fcc_agents("doctor", "-m", "openai/x", "--json")
    assert (done.code, checks(done)["server"]["status"]) == (3, "failed")
    assert checks(done)["reply"]["status"] == "skipped"
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert checks(fcc_agents("doctor", "-m", "openai/x", "--json"))["server"]["status"] == "warning"


def test_a_host_that_has_no_address(fcc_agents, monkeypatch) -> None:
    """A name that does not resolve is said as that."""

    def nowhere(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://no-such-host.invalid/v1")
    done = fcc_agents("doctor", "-m", "openai/x")
    assert done.code == 3
    assert "no-such-host.invalid has no address" in done.out


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")
@pytest.mark.parametrize(
    ("days", "names", "said"),
    [("2", "IP:127.0.0.1", "is self-signed"), ("2", "DNS:elsewhere.example", "is for another")],
)
def test_certificates(fcc_agents, monkeypatch, days: str, names: str, said: str) -> None:
    """Self-signed and for another name are told apart, each with its next step."""
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "k.pem", "-out", "c.pem"]
    subprocess.run(
        [*make, "-days", days, "-subj", "/CN=x", "-addext", f"subjectAltName={names}"],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("c.pem", "k.pem")
    if "another" in said:
        monkeypatch.setenv("SSL_CERT_FILE", "c.pem")
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as running:
        running.socket = context.wrap_socket(running.socket, server_side=True)
        running.handle_error = lambda *_: None  # type: ignore[method-assign] # the client turns away
        thread = threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        monkeypatch.setenv("OPENAI_BASE_URL", f"https://127.0.0.1:{running.server_address[1]}/v1")
        done = fcc_agents("doctor", "-m", "openai/x")
        running.shutdown()
        thread.join()
    assert done.code == 3
    assert said in done.out


def test_a_workspace_with_a_mistake(fcc_agents) -> None:
    """Exit code 2, and the command that shows all of it."""
    for kind in ("agents", "evaluations", "personas", "prompts", "providers"):
        Path(kind).mkdir()
    Path("agents/broken.yaml").write_text("name: broken\nsteps: {a: {persona: NOBODY, task: x}}\n")
    Path("providers/keyed.yaml").write_text("model: openai/x\napi_key_env: KEYED_API_KEY\n")
    done = fcc_agents("doctor")
    assert done.code == 2
    assert "fcc-agents validate" in done.out
    assert "KEYED_API_KEY is not set" in done.out


@pytest.mark.parametrize(
    ("package", "version", "said"),
    [
        ("litellm", "1.82.7", "malicious"),
        ("vcrpy", "8.2.0", "executes code"),
        ("litellm", None, "not installed"),
    ],
)
def test_a_package_that_must_not_be_used(
    fcc_agents, monkeypatch, package: str, version: str | None, said: str
) -> None:
    """A release that is known to be harmful fails, with what to do."""
    real = importlib.metadata.version

    def faked(name: str) -> str:
        if name != package:
            return real(name)
        if version is None:
            raise importlib.metadata.PackageNotFoundError(name)
        return version

    monkeypatch.setattr("fcc.wiring.doctor.version", faked)
    done = fcc_agents("doctor")
    assert done.code == 2
    assert said in done.out


def test_a_vendor_that_nobody_knows(fcc_agents) -> None:
    """A name that LiteLLM can't place is a mistake in the set-up."""
    for model in ("nosuch", "foo/bar"):
        done = fcc_agents("doctor", "-m", model)
        assert done.code == 2
        assert "does not know whose model" in " ".join(done.out.split())


def test_several_models_in_one_go(fcc_agents, server) -> None:
    """Each under its name; a wrong set-up goes before no answer."""
    server.always(Scripted(status=500))
    done = fcc_agents("doctor", "-m", "openai/local-model", "-m", "anthropic/x")
    assert done.code == 2
    assert done.out.index("openai/local-model") < done.out.index("anthropic/x")


class Raw:
    """Answers every connection with these bytes, and keeps what it was sent; with `drip`, never ends."""

    def __init__(self, data: bytes, *, drip: bool = False) -> None:
        self.heard: list[bytes] = []
        self._data, self._drip, self._over = data, drip, threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            self.heard.append(connection.recv(65536))
            connection.sendall(self._data)
            while self._drip and not self._over.wait(0.05):
                connection.sendall(b" ")


def test_a_redirect_is_not_given_the_key(fcc_agents, monkeypatch) -> None:
    """The key goes to the server that was named, and not to where that one points."""
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    gone = b"HTTP/1.1 404 no\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    with Raw(gone) as other:
        there = f"location: http://localhost:{other.port}/\r\n".encode()
        with Raw(b"HTTP/1.1 302 f\r\ncontent-length: 0\r\nconnection: close\r\n" + there + b"\r\n") as first:
            monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{first.port}/v1")
            done = fcc_agents("doctor", "-m", "openai/x")
    assert done.code == 3
    assert CANARY.encode() in first.heard[1]
    assert not [request for request in other.heard if CANARY.encode() in request]


@pytest.mark.parametrize(
    ("address", "code", "said"),
    [
        ("http://127.0.0.1:99999/v1", 2, "is not the address of a server"),
        (f"http://{'a' * 64}.example/v1", 3, "has no address"),
        ("http://[bad/v1", 2, "is not the address of a server"),
    ],
)
def test_an_address_that_can_not_be_right(
    fcc_agents, monkeypatch, address: str, code: int, said: str
) -> None:
    """A mistake in the set-up is said as that, and is no fault of ours."""
    monkeypatch.setattr(socket, "getaddrinfo", LOOK_UP)
    monkeypatch.setenv("SSL_CERT_FILE", "nowhere.pem")
    monkeypatch.setenv("OPENAI_BASE_URL", address)
    done = fcc_agents("doctor", "-m", "openai/x")
    assert done.code == code
    assert said in " ".join(done.out.split())


@pytest.mark.parametrize(
    ("answer", "drip"), [(b"SSH-2.0-x\r\n", False), (b"HTTP/1.1 200 OK\r\n\r\n", True)], ids=["ssh", "drip"]
)
def test_what_listens_is_no_web_server(fcc_agents, monkeypatch, answer: bytes, drip: bool) -> None:
    """Neither what is not HTTP, nor what never ends, breaks or holds up the check."""
    with Raw(answer, drip=drip) as other:
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{other.port}/v1")
        done = fcc_agents("doctor", "-m", "openai/x", "--timeout", "0.3", "--json")
    assert done.code == 3
    assert checks(done)["model"]["status"] == "skipped"
    assert checks(done)["stream"]["status"] == "skipped"


def test_a_model_that_thinks_first(fcc_agents, server) -> None:
    """What only the check's own limit cut short says nothing against the model."""
    server.always(Scripted(text="", finish_reason="length"))
    done = fcc_agents("doctor", "-m", "openai/local-model", "--json")
    assert done.code == 0
    assert checks(done)["reply"]["status"] == "warning"


def test_a_profiles_sampling_is_sent(fcc_agents, server) -> None:
    """As in a run, so that the two can't disagree; its own limit on tokens is held."""
    for kind in ("agents", "evaluations", "personas", "prompts", "providers"):
        Path(kind).mkdir()
    lines = [
        "model: openai/local-model",
        f"api_base: {server.url}",
        "sampling: {temperature: 0.3, max_tokens: 9}",
    ]
    Path("providers/mine.yaml").write_text("\n".join(lines))
    assert fcc_agents("doctor", "-m", "mine").code == 0
    asked = next(request.json for request in server.requests if request.method == "POST")
    assert (asked["temperature"], asked["max_tokens"]) == (0.3, 9)


def test_a_file_that_no_chain_names(fcc_agents) -> None:
    """Every file of the workspace is checked, as by `validate`."""
    for kind in ("agents", "evaluations", "personas", "prompts", "providers"):
        Path(kind).mkdir()
    Path("evaluations/broken.yaml").write_text("ready_at: lots\n")
    done = fcc_agents("doctor", "--json")
    assert done.code == 2
    assert "evaluations/broken.yaml:1" in checks(done)["files"]["message"]


def test_a_key_of_another_vendor_is_looked_at(fcc_agents, monkeypatch) -> None:
    """Its variable is named, and its quotes are remarked on."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", f"'{CANARY}'")
    monkeypatch.setenv("ANTHROPIC_API_BASE", "http://127.0.0.1:1")
    done = fcc_agents("doctor", "-m", "anthropic/claude-3-5-haiku-latest")
    assert "ANTHROPIC_API_KEY has quotes" in done.out
    assert CANARY not in done.out + done.err


def test_a_model_without_a_name(fcc_agents) -> None:
    """An empty variable in a script is not taken for no --model at all."""
    assert fcc_agents("doctor", "-m", "").code == 2
