"""What every test runs under: no network but this machine, no keys, no workspace around it."""

from __future__ import annotations

import ipaddress
import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

hypothesis.settings.register_profile("fcc", deadline=None)  # a busy machine is no defect
hypothesis.settings.load_profile("fcc")

pytest_plugins = ["pytester"]

REPOSITORY = Path(__file__).parent.parent

_KEEP = {
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "PYTHONPATH",
    "PYTHONHASHSEED",
    "SYSTEMROOT",
    "COVERAGE_PROCESS_START",
}


class NetworkBlockedError(AssertionError):
    """A test tried to reach another machine."""


def _is_local(address: object) -> bool:
    if not isinstance(address, tuple):
        return True
    host = str(address[0])
    if host in {"localhost", ""}:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guarded(original):
        def call(self, address, *rest):
            if not _is_local(address):
                raise NetworkBlockedError(f"a test tried to reach {address}")
            return original(self, address, *rest)

        return call

    def resolve(host, *rest, **named):
        if host is not None and not _is_local((host.decode() if isinstance(host, bytes) else host,)):
            raise NetworkBlockedError(f"a test tried to look up {host}")
        return getaddrinfo(host, *rest, **named)

    monkeypatch.setattr(socket.socket, "connect", guarded(connect))
    monkeypatch.setattr(socket.socket, "connect_ex", guarded(connect_ex))
    monkeypatch.setattr(socket, "getaddrinfo", resolve)


@pytest.fixture(autouse=True)
def _clean_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """An empty working directory and an environment without keys."""
    for name in list(os.environ):
        if name not in _KEEP and not name.startswith(("PYTEST_", "PIP_", "HYPOTHESIS_")):
            monkeypatch.delenv(name)
    place = tmp_path / "place"
    place.mkdir()
    monkeypatch.chdir(place)


@pytest.fixture
def repository() -> Path:
    """The root of the checkout, where there is one."""
    if not (REPOSITORY / "pyproject.toml").is_file() or not (REPOSITORY / "agents").is_dir():
        pytest.skip("needs the repository around the package")
    return REPOSITORY


@pytest.fixture(autouse=True)
def _own_logs() -> Iterator[None]:
    """Whatever a test does to the library's logger is undone."""
    yield
    logger = logging.getLogger("fcc")
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)
    logger.propagate = True
