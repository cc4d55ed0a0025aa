"""Keeps a test from reaching the network."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from fcc.errors import ConfigError

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class NetworkBlockedError(ConfigError):
    """A test tried to reach the network. No outage: nothing tries again, and a run ends with it."""

    code = "network-blocked"


@contextmanager
def block_network(allow_hosts: Iterable[str] = ()) -> Iterator[None]:
    """Inside, every connection to a host that is not allowed raises NetworkBlockedError, this machine's own too.

    Only what goes through Python's `socket` is caught. Unix sockets are left alone.
    """
    allowed = frozenset(allow_hosts)
    if sys.platform == "win32":  # an event loop talks to itself over loopback there
        allowed |= _LOOPBACK

    def check(address: Any) -> None:
        if isinstance(address, tuple) and str(address[0]) not in allowed:
            raise NetworkBlockedError(
                f"the network is blocked in this test, which tried to reach {address[0]}",
                hint="Mark it with @pytest.mark.fcc_cassette and record its replies: pytest --fcc-record=once. Or allow"
                " the host: @pytest.mark.fcc_cassette(allow_hosts=[…])",
            )

    def guarded(original: Callable[..., Any]) -> Callable[..., Any]:
        def connect(self: socket.socket, address: Any, *rest: Any) -> Any:
            check(address)
            return original(self, address, *rest)

        return connect

    look_up = socket.getaddrinfo

    def resolve(host: Any, *rest: Any, **named: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name is not None:
            check((name,))
        return look_up(host, *rest, **named)

    plain: Any = socket.socket
    own = [(plain, name, getattr(plain, name)) for name in ("connect", "connect_ex")]
    for holder, name, original in own:
        setattr(holder, name, guarded(original))
    socket.getaddrinfo = resolve
    try:
        yield
    finally:
        socket.getaddrinfo = look_up
        for holder, name, original in own:
            setattr(holder, name, original)
