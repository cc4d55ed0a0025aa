"""Checks the set-up, and a model end to end: what is wrong, and what to do next."""

from __future__ import annotations

import asyncio
import difflib
import json
import os
import platform
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

from fcc._version import __version__
from fcc.errors import FccError, ProviderError
from fcc.providers.base import Message, ModelReply, ModelRequest, Provider, Sampling, ask
from fcc.redaction import redact
from fcc.simulation import Backend
from fcc.wiring.backends import DETERMINISTIC, innermost
from fcc.wiring.catalog import Catalog
from fcc.workspace import show_path

Status = Literal["ok", "warning", "failed", "skipped"]

SETUP, NO_ANSWER = 2, 3
"""What a failed check makes the command return: the set-up is wrong; the model did not answer."""

_BAD_LITELLM = {"1.82.7", "1.82.8"}
_SAFE_VCRPY = (8, 2, 1)
_MOST_TOKENS = 64
_PATIENCE = 10.0
"""Seconds that a step may take, but for calls of the model."""
_CERTIFICATES = {
    9: ("is not valid yet", "Check this machine's clock, and the server's certificate."),
    10: ("has expired", "Renew the server's certificate; or check this machine's clock."),
    18: ("is self-signed", "Name the file that holds it: export SSL_CERT_FILE=…"),
    19: (
        "comes from an issuer that is not known here",
        "Name the file that holds it: export SSL_CERT_FILE=…",
    ),
    20: (
        "comes from an issuer that is not known here",
        "Name the file that holds it: export SSL_CERT_FILE=…",
    ),
    62: ("is for another host name", "Use the name that stands in the certificate, or mend the certificate."),
    64: ("is for another address", "Use the name that stands in the certificate."),
}
"""OpenSSL's codes of verification (X509_V_ERR_…), in words."""


class Check(NamedTuple):
    """What was found of one thing."""

    name: str
    status: Status
    message: str
    hint: str = ""
    code: int = 0
    """What the command returns for it, where it failed."""


def check_installation(catalog: Catalog) -> Iterator[Check]:
    """Versions, the workspace, its chains and profiles, and whether runs can be written. Asks no model."""
    yield Check("python", "ok", platform.python_version())
    yield Check("fcc-agents", "ok", __version__)
    for package in ("litellm", "vcrpy", "pydantic"):
        yield _package(package)
    root = catalog.workspace.root
    where = show_path(root) if root is not None else "none here: the built-ins are used"
    yield Check("workspace", "ok", where)
    yield _chains(catalog)
    yield _writable(catalog)
    for name in catalog.workspace.files("providers"):
        yield _profile(catalog, name)


def _package(name: str) -> Check:
    try:
        found = version(name)
    except PackageNotFoundError:
        return Check(name, "failed", "is not installed", f"pip install {name}", SETUP)
    if name == "litellm" and found in _BAD_LITELLM:
        what = f"{found} is a malicious release: it steals keys"
        return Check(
            name, "failed", what, "Install another one, and change every key that it may have seen.", SETUP
        )
    if name == "vcrpy" and _numbers(found) < _SAFE_VCRPY:
        what = f"{found} executes code that stands in a cassette"
        return Check(name, "failed", what, "pip install 'vcrpy>=8.2.1'", SETUP)
    return Check(name, "ok", found)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())


def _chains(catalog: Catalog) -> Check:
    names = list(catalog.workspace.files("agents"))
    for name in names:
        try:
            catalog.plan(name)
        except FccError as error:
            first = error.message.splitlines()[0]
            return Check("chains", "failed", f"{name}: {first}", "See all of it: fcc-agents validate", SETUP)
    return Check("chains", "ok", f"{len(names)} can be run: {', '.join(names)}")


def _writable(catalog: Catalog) -> Check:
    folder = catalog.workspace.state
    nearest = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if os.access(nearest, os.W_OK):
        return Check("runs", "ok", f"go to {show_path(folder / 'runs')}")
    return Check(
        "runs", "failed", f"{show_path(nearest)} can't be written", "Choose a folder with --out.", SETUP
    )


def _profile(catalog: Catalog, name: str) -> Check:
    try:
        profile = catalog.profile(name)
    except FccError as error:
        return Check(f"profile {name}", "failed", error.message.splitlines()[0], error.hint, SETUP)
    if profile is None or profile.api_key_env is None:
        return Check(f"profile {name}", "ok", "names no key")
    if os.environ.get(profile.api_key_env):
        return Check(f"profile {name}", "ok", f"its key is in {profile.api_key_env}")
    hint = f"Set it before you use the profile: export {profile.api_key_env}=…"
    return Check(f"profile {name}", "warning", f"{profile.api_key_env} is not set", hint)


async def check_model(model: str, catalog: Catalog, seconds: float | None) -> AsyncIterator[Check]:
    """One model from its name to a streamed reply: two tiny calls. What an earlier failure makes pointless is skipped.

    Args:
        model: as for a run.
        catalog: where profiles are found.
        seconds: how long each step may take; None for 10, and for as long as a call of the model may take.
    """
    try:
        backend = catalog.backend(model)
    except FccError as error:
        yield Check("name", "failed", error.message.splitlines()[0], error.hint, SETUP)
        return
    provider: Any = innermost(backend.provider)
    yield Check("name", "ok", _resolved(model, catalog, provider))
    if hasattr(provider, "key_variable"):
        if seconds is not None:
            provider.timeout = seconds
        for step in (_key(provider), _address(provider, seconds or _PATIENCE)):
            stop = False
            async for check in step:
                yield check
                stop = stop or check.status == "failed"
            if stop:
                yield Check("reply", "skipped", "since the above has failed")
                return
    async for check in _replies(provider, backend):
        yield check


def _resolved(model: str, catalog: Catalog, provider: Provider) -> str:
    if model == DETERMINISTIC:
        return "the deterministic stand-in, which is no model"
    file = catalog.workspace.files("providers").get(model)
    if file is not None:
        return f"the profile {file.shown}"
    return "a model of LiteLLM" if hasattr(provider, "key_variable") else "a plugin"


async def _key(provider: Any) -> AsyncIterator[Check]:
    try:
        variable = await asyncio.to_thread(provider.key_variable)
    except ProviderError as error:
        yield Check("key", "failed", error.message, error.hint, SETUP)
        return
    if not variable:
        yield Check("key", "ok", "none is sent, or the vendor's usual one")
        return
    value = os.environ.get(variable, "")
    odd = "white space" if value.split() != [value] else "quotes" if value[:1] in "'\"" else ""
    if odd:
        yield Check(
            "key", "warning", f"{variable} has {odd} in or around it", f"Set it anew: export {variable}=…"
        )
    else:
        yield Check("key", "ok", f"from {variable}")


async def _address(provider: Any, seconds: float) -> AsyncIterator[Check]:
    if not provider.address:
        yield Check("server", "skipped", "its address is known to the vendor's client")
        return
    parts = urlsplit(provider.address)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    found = await asyncio.to_thread(_connect, parts.hostname or "", port, parts.scheme == "https", seconds)
    if found.status == "failed" and _proxy(parts.scheme):
        found = found._replace(status="warning", hint="A proxy is set, which may reach it all the same.")
    yield found
    if found.status == "ok":
        yield await asyncio.to_thread(_listed, provider, seconds)


def _proxy(scheme: str) -> bool:
    return any(
        os.environ.get(name)
        for name in (f"{scheme.upper()}_PROXY", f"{scheme}_proxy", "ALL_PROXY", "all_proxy")
    )


def _connect(host: str, port: int, secure: bool, timeout: float) -> Check:
    """Whether the host has an address, somebody listens there, and shows a certificate that holds."""
    try:
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        what = f"{host} has no address: {error.strerror or error}"
        return Check("server", "failed", what, "Check the name of the host, and the network.", NO_ANSWER)
    try:
        with socket.create_connection((host, port), timeout=timeout) as plain:
            if not secure:
                return Check("server", "ok", f"{host} accepts connections")
            with _context().wrap_socket(plain, server_hostname=host) as wrapped:
                return Check("server", "ok", f"{host} accepts connections, with {wrapped.version()}")
    except OSError as error:
        what, hint = _refusal(error, host, timeout)
        return Check("server", "failed", what, hint, NO_ANSWER)


def _refusal(error: OSError, host: str, timeout: float) -> tuple[str, str]:
    """What a connection met, and what to do about it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        what, hint = _CERTIFICATES.get(error.verify_code, (f"is refused: {error.verify_message}", "Mend it."))
        return f"the certificate of {host} {what}", hint
    if isinstance(error, ssl.SSLError):
        return (
            f"{host} does not speak TLS there: {error.reason or error}",
            "Check the port, and http or https.",
        )
    if isinstance(error, TimeoutError):
        what = f"{host} does not accept a connection within {timeout:g} s"
        return what, "Check that the server runs, and firewalls in between."
    return (
        f"nothing answers at {host}: {error.strerror or error}",
        "Check that the server runs, and its port.",
    )


def _context() -> ssl.SSLContext:
    import certifi

    return ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE") or certifi.where())


def _listed(provider: Any, timeout: float) -> Check:
    """Whether the server's list of models has the name: a hint and no more, since many servers have no list."""
    wanted = provider.model.partition("/")[2] or provider.model
    request = urllib.request.Request(f"{provider.address.rstrip('/')}/models")  # noqa: S310 - http or https, checked
    variable = provider.key_variable()
    if variable:
        request.add_header("authorization", f"Bearer {os.environ.get(variable, '').strip()}")
    try:
        with urllib.request.urlopen(request, timeout=timeout, context=_context()) as answer:  # noqa: S310 - as above
            names = [str(item["id"]) for item in json.load(answer)["data"]]
    except (OSError, ValueError, KeyError, TypeError, urllib.error.URLError):
        return Check("model", "skipped", "the server gives no list of its models")
    if wanted in names or not names:
        return Check("model", "ok", f"the server lists {wanted}")
    near = difflib.get_close_matches(wanted, names, n=3, cutoff=0.4) or names[:3]
    return Check("model", "warning", f"the server does not list {wanted}", f"It lists: {', '.join(near)}")


@dataclass(frozen=True)
class _Told:
    """Counts the pieces of a streamed reply."""

    pieces: list[str]

    def __call__(self, piece: str | None) -> None:
        self.pieces.append(piece or "")


async def _replies(provider: Any, backend: Backend) -> AsyncIterator[Check]:
    sampling = Sampling(max_tokens=min(backend.sampling.max_tokens or _MOST_TOKENS, _MOST_TOKENS))
    request = ModelRequest(
        (Message("user", "Reply with the word OK."),), backend.model, sampling, "doctor/0/0/0/0"
    )
    try:
        reply = await ask(provider, request)
    except FccError as error:
        yield _failed("reply", error)
        return
    yield Check("reply", "ok", f"{reply.model} answered in {reply.latency:.1f} s")
    told = _Told([])
    try:
        await ask(provider, request, told)
    except FccError as error:
        yield _failed("stream", error)
    else:
        yield Check("stream", "ok", f"came in {len(told.pieces)} piece{'' if len(told.pieces) == 1 else 's'}")
    async for check in _remarks(provider, reply):
        yield check
    close = getattr(provider, "aclose", None)
    if close is not None:
        await close()


def _failed(name: str, error: FccError) -> Check:
    return Check(name, "failed", error.message, error.hint, NO_ANSWER)


async def _remarks(provider: Any, reply: ModelReply) -> AsyncIterator[Check]:
    usage = reply.usage
    if usage.input_tokens is None or usage.output_tokens is None:
        yield Check(
            "tokens",
            "warning",
            "the server does not count them",
            "--max-tokens and --max-cost can't be held.",
        )
    else:
        yield Check("tokens", "ok", f"{usage.input_tokens} in, {usage.output_tokens} out")
    if hasattr(provider, "estimate_cost"):
        price = await asyncio.to_thread(provider.estimate_cost, 1_000_000, 1_000_000)
        if price is None:
            yield Check(
                "price", "warning", "is not known", "Give one in a profile, or --max-cost can't be held."
            )
        else:
            yield Check("price", "ok", f"${price:.2f} for a million tokens in and a million out")
    if hasattr(provider, "takes_schemas"):
        native = await asyncio.to_thread(provider.takes_schemas)
        yield Check("schemas", "ok", "by the model's own mode" if native else "by the prompt, and checked")


def without_secrets(check: Check) -> Check:
    """The check, with every secret taken out of its words."""
    return check._replace(message=redact(check.message), hint=redact(check.hint))
