"""Checks the set-up, and a model end to end: what is wrong, and what to do next."""

from __future__ import annotations

import asyncio
import concurrent.futures
import difflib
import http.client
import json
import os
import platform
import socket
import ssl
import threading
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from fcc._version import __version__
from fcc.errors import ConfigError, EmptyReplyError, FccError, ProviderError
from fcc.providers.base import Message, ModelReply, ModelRequest, Provider, Tell, ask
from fcc.providers.wrapper import innermost
from fcc.redaction import redact
from fcc.reports.doctor import NO_ANSWER, SETUP, Check, refusal, unheard
from fcc.simulation import Backend
from fcc.wiring.backends import is_stand_in
from fcc.wiring.catalog import Catalog
from fcc.workspace import show_path

_BAD_LITELLM = {"1.82.7", "1.82.8"}
_SAFE_VCRPY = (8, 2, 1)
_MOST_TOKENS = 64
_LONGEST_LIST = 4_000_000
"""Bytes of a list of models that are read."""

T = TypeVar("T")

_PATIENCE = 10.0
"""Seconds that a step may take, but for calls of the model."""


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
    if nearest.is_dir() and os.access(nearest, os.W_OK):
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
        library = _package("litellm")
        if library.status == "failed":
            yield library
            return
        try:
            await asyncio.to_thread(_vendor, model, provider.model)
        except ConfigError as error:
            yield Check("vendor", "failed", error.message, error.hint, SETUP)
            return
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


def _vendor(asked: str, model: str) -> None:
    """Nothing, if LiteLLM knows whose model that is.

    Raises:
        ConfigError: it doesn't.
    """
    from fcc.providers._litellm_library import load

    try:
        load().get_llm_provider(model)
    except Exception:  # noqa: BLE001 - LiteLLM raises an error of a request for it
        raise ConfigError(
            f"{asked} is no profile, and LiteLLM does not know whose model {model} is",
            hint="See the profiles: fcc-agents list providers. LiteLLM's models are written vendor/name.",
        ) from None


def _resolved(model: str, catalog: Catalog, provider: Provider) -> str:
    if is_stand_in(model):
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
    variable = variable or _vendors_key(provider.model)
    if not variable:
        yield Check("key", "ok", "none is sent, or the vendor's usual one")
        return
    odd = _odd(os.environ.get(variable, ""))
    if odd:
        yield Check(
            "key", "warning", f"{variable} has {odd} in or around it", f"Set it anew: export {variable}=…"
        )
    else:
        yield Check("key", "ok", f"from {variable}")


def _vendors_key(model: str) -> str:
    """The variable that LiteLLM reads for that vendor, by its usual name; "" where none of that name is set."""
    vendor, slash, _ = model.partition("/")
    name = f"{vendor.upper()}_API_KEY"
    return name if slash and vendor != "openai" and os.environ.get(name) else ""


def _odd(value: str) -> str:
    """What a key has that no key should have."""
    if value.split() != [value]:
        return "white space"
    if value[:1] in "'\"" or value[-1:] in "'\"":
        return "quotes"
    return "" if value.isascii() and value.isprintable() else "letters that no key has"


async def _within(seconds: float, function: Callable[..., T], *arguments: Any) -> T:
    """What a blocking function gives; its thread is left behind where that takes longer, since it can't be stopped."""
    future: concurrent.futures.Future[T] = concurrent.futures.Future()
    future.set_running_or_notify_cancel()

    def work() -> None:
        try:
            future.set_result(function(*arguments))
        except Exception as error:  # noqa: BLE001  # whatever it raises is raised to whoever waits
            future.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return await asyncio.wait_for(asyncio.wrap_future(future), seconds)


async def _address(provider: Any, seconds: float) -> AsyncIterator[Check]:
    if not provider.address:
        yield Check("server", "skipped", "its address is known to the vendor's client")
        return
    parts, host = urlsplit(provider.address), urlsplit(provider.address).hostname or ""
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    try:
        found = await _within(seconds, _connect, host, port, secure, seconds)
    except TimeoutError:
        found = Check("server", "failed", *unheard(host, seconds), NO_ANSWER)
    if found.code == NO_ANSWER and _proxy(parts.scheme, host):
        found = found._replace(status="warning", hint="A proxy is set, which may reach it all the same.")
    yield found
    if found.status == "ok":
        try:
            yield await _within(seconds, _listed, provider, seconds)
        except TimeoutError:
            yield Check("model", "skipped", f"the server gives no list of its models within {seconds:g} s")


def _proxy(scheme: str, host: str) -> bool:
    """Whether what is sent to a host goes through a proxy."""
    proxies = urllib.request.getproxies()
    return bool(proxies.get(scheme) or proxies.get("all")) and not urllib.request.proxy_bypass(host)


def _connect(host: str, port: int, secure: bool, timeout: float) -> Check:
    """Whether the host has an address, somebody listens there, and shows a certificate that holds."""
    try:
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # the second where it can't be a host's name
        what = f"{host} has no address: {getattr(error, 'strerror', None) or error}"
        return Check("server", "failed", what, "Check the name of the host, and the network.", NO_ANSWER)
    try:
        with socket.create_connection((host, port), timeout=timeout) as plain:
            if not secure:
                return Check("server", "ok", f"{host} accepts connections")
            with _context().wrap_socket(plain, server_hostname=host) as wrapped:
                return Check("server", "ok", f"{host} accepts connections, with {wrapped.version()}")
    except OSError as error:
        what, hint = refusal(error, host, timeout)
        return Check("server", "failed", what, hint, NO_ANSWER)


def _context() -> ssl.SSLContext:
    """As LiteLLM's clients have it: a file that is not there is passed over."""
    import certifi

    named = os.environ.get("SSL_CERT_FILE", "")
    return ssl.create_default_context(cafile=named if Path(named).is_file() else certifi.where())


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: the key would go along, to wherever that leads."""

    def redirect_request(self, *_: Any) -> None:
        """Nothing: the redirect is then an error."""


def _listed(provider: Any, timeout: float) -> Check:
    """Whether the server's list of models has the name: a hint and no more, since many servers have no list."""
    wanted = provider.model.partition("/")[2] or provider.model
    request = urllib.request.Request(f"{provider.address.rstrip('/')}/models")  # noqa: S310 - http or https, checked
    variable = provider.key_variable()
    if variable:
        request.add_header("authorization", f"Bearer {os.environ.get(variable, '').strip()}")
    try:
        opener = urllib.request.build_opener(_Stay, urllib.request.HTTPSHandler(context=_context()))
        with opener.open(request, timeout=timeout) as answer:
            names = [str(item["id"]) for item in json.loads(answer.read(_LONGEST_LIST))["data"]]
    except (OSError, ValueError, KeyError, TypeError, http.client.HTTPException):
        names = []
    if not names:
        return Check("model", "skipped", "the server gives no list of its models")
    if wanted in names:
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
    own = backend.sampling.max_tokens
    sampling = replace(backend.sampling, max_tokens=min(own or _MOST_TOKENS, _MOST_TOKENS))
    request = ModelRequest(
        (Message("user", "Reply with the word OK."),), backend.model, sampling, "doctor/0/0/0/0"
    )
    try:
        reply = await _asked(provider, request)
        yield Check("reply", "ok", f"{reply.model} answered in {reply.latency:.1f} s")
        told = _Told([])
        try:
            await _asked(provider, request, told)
        except FccError as error:
            yield _failed("stream", error)
        else:
            count = len(told.pieces)
            yield Check("stream", "ok", f"came in {count} piece{'' if count == 1 else 's'}")
        async for check in _remarks(provider, reply):
            yield check
    except FccError as error:
        # What is cut short by our limit, and not by the profile's own, says nothing against the model.
        cut = isinstance(error, EmptyReplyError) and not error.retryable and own != sampling.max_tokens
        if cut:
            what = f"it spent the {sampling.max_tokens} tokens of this check before it wrote any text"
            yield Check("reply", "warning", what, "A reasoning model does; in a run it may have more.")
        else:
            yield _failed("reply", error)
        yield Check("stream", "skipped", "since there was no reply")
    finally:
        close = getattr(provider, "aclose", None)
        if close is not None:
            await close()


async def _asked(provider: Any, request: ModelRequest, tell: Tell | None = None) -> ModelReply:
    """The reply of a provider that may be anybody's, or an error of ours."""
    try:
        return await ask(provider, request, tell)
    except FccError:
        raise
    except Exception as error:  # a provider's fault is an outage of its model, whatever it raises
        what = f"{type(provider).__name__} raised {type(error).__name__}: {error}"
        raise ProviderError(what, hint="Mend the provider, or use another model.") from error


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
