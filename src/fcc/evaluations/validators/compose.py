"""Docker Compose files (docs.docker.com/reference/compose-file)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from itertools import islice
from typing import Any

from fcc import _yaml
from fcc.evaluations.validators._reading import MOST_FINDINGS, near, one_mapping, shown
from fcc.evaluations.validators._schema import schema_findings
from fcc.evaluations.validators.check import advice, error, line_of, mapping, sequence
from fcc.simulation import Finding

Path = tuple[str | int, ...]

_HOST = r"(?:\[[0-9a-fA-F:.]*\]|[0-9.]+):"
_PORT = re.compile(
    rf"(?:(?:{_HOST})?(?:(\d+)(?:-(\d+))?)?:)?(\d+)(?:-(\d+))?(?:/(?:tcp|udp|sctp))?", re.IGNORECASE
)
_BARE_HOST = re.compile(rf"{_HOST}:(\d+)(?:-(\d+))?(?:/(?:tcp|udp|sctp))?", re.IGNORECASE)
_HIGHEST_PORT = 65535
_NAMED = ("networks", "secrets", "configs")
"""What a service uses by name and the file declares."""
_DURATION = re.compile(r"[-+]?(?:0|(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h|d|w))+)", re.ASCII)
"""docs.docker.com/reference/compose-file/extension/#specifying-durations; days and weeks are taken too."""
_DURATIONS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    ((), ("stop_grace_period",)),
    (("healthcheck",), ("interval", "timeout", "start_period", "start_interval")),
    (("deploy", "restart_policy"), ("delay", "window")),
    (("deploy", "update_config"), ("delay", "monitor")),
    (("deploy", "rollback_config"), ("delay", "monitor")),
)
"""Where a service has them."""
_VOLUME_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")


def check(text: str) -> Iterator[Finding]:
    """What is wrong with a Compose file: what its parts refer to, its ports and variables, then its schema.

    Raises `NotCheckedError` after the rest where the schema is not installed.
    """
    document, findings = one_mapping(text, "compose-yaml", "a Compose file")
    yield from findings
    if document is None:
        return
    yield from islice(_Compose(document).check(), MOST_FINDINGS)
    yield from schema_findings("compose-spec", document, "compose-schema")


class _Compose:
    def __init__(self, document: _yaml.Document) -> None:
        self._document = document
        self._data: dict[str, Any] = document.data
        self._services = mapping(self._data.get("services"))
        self._open = "include" in self._data
        """Whether other files may declare what this one uses."""

    def check(self) -> Iterator[Finding]:
        if not self._services and not self._open:
            hint = "List at least one service under `services:`."
            yield self._error("compose-services", ("services",), "the file has no services", hint)
        if "version" in self._data:
            line = line_of(self._document, ("version",))
            yield advice("compose-version", "`version` is obsolete and not read", line, "Remove it.")
        for path, broken in _interpolations(self._data, ()):
            hint = "Write ${NAME}, ${NAME:-default}, or $$ for a dollar sign."
            what = f"`{broken}` is no variable that Compose can fill in"
            yield self._error("compose-variable", path, what, hint)
        for name, service in self._services.items():
            if isinstance(service, dict):
                yield from self._service(service, ("services", name))
        yield from self._cycles()

    def _service(self, service: dict[str, Any], path: Path) -> Iterator[Finding]:
        if not {"image", "build", "extends", "provider"} & service.keys() and not self._open:
            hint = "Add `image:` or `build:`."
            yield self._error("compose-image", path, f"`{path[-1]}` has neither an image nor a build", hint)
        for wanted in _names(service.get("depends_on")):
            if wanted not in self._services and not self._open:
                what = f"`{path[-1]}` depends on {shown(wanted)}, which is no service"
                what += near(wanted, self._services)
                hint = "Name a service of this file."
                yield self._error("compose-depends-on", (*path, "depends_on"), what, hint)
        for kind in _NAMED:
            for wanted in _names(service.get(kind), "source"):
                if wanted != "default" or kind != "networks":
                    yield from self._declared(kind, wanted, (*path, kind))
        for index, volume in enumerate(sequence(service.get("volumes"))):
            if wanted := _volume(volume):
                yield from self._declared("volumes", wanted, (*path, "volumes", index))
        yield from self._ports(service, path)
        yield from self._durations(service, path)

    def _durations(self, service: dict[str, Any], path: Path) -> Iterator[Finding]:
        for inner, keys in _DURATIONS:
            owner: Any = service
            for key in inner:
                owner = mapping(owner).get(key)
            for key in keys:
                value = mapping(owner).get(key)
                if isinstance(value, str) and "$" not in value and not _DURATION.fullmatch(value):
                    what = f"`{key}` is {shown(value)}, which is no duration"
                    hint = "Write numbers with units, as in 30s, 1m30s or 500ms."
                    yield self._error("compose-duration", (*path, *inner, key), what, hint)

    def _ports(self, service: dict[str, Any], path: Path) -> Iterator[Finding]:
        for index, port in enumerate(sequence(service.get("ports"))):
            if isinstance(port, str | int) and not _is_port(str(port)):
                hint = 'Write "8080:80", with numbers up to 65535 and ranges of the same length.'
                what = f"{shown(port)} is no port to publish"
                yield self._error("compose-ports", (*path, "ports", index), what, hint)

    def _declared(self, kind: str, wanted: str, path: Path) -> Iterator[Finding]:
        known = mapping(self._data.get(kind))
        if wanted in known or self._open or "$" in wanted:
            return
        what = f"the {kind[:-1]} {shown(wanted)} is declared nowhere{near(wanted, known)}"
        yield self._error(
            f"compose-{kind}", path, what, f"Declare it under `{kind}:` at the end of the file."
        )

    def _cycles(self) -> Iterator[Finding]:
        graph = {name: _names(mapping(service).get("depends_on")) for name, service in self._services.items()}
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as cycle:
            names = cycle.args[1]
            what = f"services wait for each other: {' → '.join(names[:10])}"
            path = ("services", names[0], "depends_on")
            yield self._error("compose-depends-on", path, what, "Break the cycle in `depends_on`.")

    def _error(self, rule: str, path: Path, message: str, hint: str) -> Finding:
        return error(rule, message, line_of(self._document, path), hint)


def _names(value: Any, key: str = "") -> list[str]:
    """The names in a list, or the keys of a mapping; of a list's mappings, what stands under `key`."""
    if isinstance(value, dict):
        return list(value)
    named = [mapping(item).get(key) if isinstance(item, dict) else item for item in sequence(value)]
    return [name for name in named if isinstance(name, str)]


def _volume(volume: Any) -> str:
    """The name of the volume that an entry mounts; "" where it mounts a folder or a new, nameless one."""
    if isinstance(volume, dict):
        source = volume.get("source")
        return source if isinstance(source, str) and volume.get("type") == "volume" else ""
    if not isinstance(volume, str) or ":" not in volume:
        return ""
    source = volume.partition(":")[0]
    is_drive = len(source) == 1 and volume[2:3] in {"\\", "/"} and volume.count(":") > 1
    return source if _VOLUME_NAME.fullmatch(source) and not is_drive else ""


def _is_port(port: str) -> bool:
    if "$" in port:
        return True
    found = _PORT.fullmatch(port)
    if found is None:
        bare = _BARE_HOST.fullmatch(port)
        return bare is not None and all(
            int(number[:9]) <= _HIGHEST_PORT for number in bare.groups() if number
        )
    if any(int(number[:9]) > _HIGHEST_PORT for number in found.groups() if number):
        return False
    low, high, inner_low, inner_high = (int(number[:9]) if number else None for number in found.groups())
    outer, inner = _span(low, high), _span(inner_low, inner_high)
    return min(outer, inner) >= 0 and (low is None or inner in {0, outer})


def _span(low: int | None, high: int | None) -> int:
    return high - low if low is not None and high is not None else 0


def _interpolations(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Each `$…` that Compose refuses, with its place."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _interpolations(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _interpolations(item, (*path, index))
    elif isinstance(value, str) and "$" in value:
        yield from ((path, broken) for broken in _broken(value))


def _broken(text: str) -> Iterator[str]:
    position = 0
    while (start := text.find("$", position)) >= 0:
        if text.startswith("${", start):
            end = _closing(text, start + 2)
            inside = text[start + 2 : end]
            if end < 0 or not re.match(r"[A-Za-z_]\w*(?:\Z|:?[-+?])", inside):
                yield text[start : start + 30]
                return
            position = end + 1
            continue
        if not re.compile(r"\$|[A-Za-z_]").match(text, start + 1):
            yield text[start : start + 30]
        position = start + 2


def _closing(text: str, at: int) -> int:
    """Where the `}` stands that closes a `${`, over others inside; -1 where none does."""
    depth = 1
    for found in re.compile(r"\$\{|\}").finditer(text, at):
        depth += 1 if found[0] == "${" else -1
        if depth == 0:
            return found.start()
    return -1
