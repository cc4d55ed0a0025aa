"""Facts of scripts: what their commands build, deploy, scan, run, ask and listen on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from fcc.evaluations.contracts import _kubectl, facts
from fcc.evaluations.contracts._commands import (
    Command,
    Script,
    Value,
    Variables,
    aliases,
    assignments,
    commands,
    fill,
)
from fcc.evaluations.contracts._lines import Lines
from fcc.evaluations.contracts.facts import UNKNOWN
from fcc.simulation import Place

_URL = re.compile(r"https?://([\w.\0-]{1,200})(?::(\d{1,5}))?(/[^\s\"'\\;|&()<>?#{}$\0,]*)?(?=([\0{$]?))")
_DIGITS = re.compile(r"\d{1,5}$")


class ScriptCall(NamedTuple):
    """A script that a workflow runs."""

    path: str
    place: Place


def collect(script: Script) -> Iterator[Any]:
    """Each fact of a script."""
    variables = assignments(script.text, script.first_line, script.variables)
    names = aliases(script.text)
    yield from _alert_labels(script)
    for command in commands(script.text, script.first_line):
        yield from _kubectl.collect(command, names, variables, script)
        yield from _images(command, variables, script)
        if script.origin == "workflow":
            yield from _calls(command, script.file)
        yield from _urls(command, variables, script)
        if any(word.rpartition("/")[2] in _SERVERS for word in command.words):
            yield from listens(
                [_single(fill(word, variables, command.line)) for word in command.words],
                Place(script.file, command.line),
            )


_ALERT_LABEL = re.compile(r"\.labels\.(\w{1,60})\s*==\s*\\?[\"']([^\"'\\\n]{1,100})\\?[\"']")


def _alert_labels(script: Script) -> Iterator[facts.AlertLabel]:
    """The labels that a script asks of the alerts in a webhook of Alertmanager."""
    if ".alerts" in script.text:
        lines = Lines(script.text)
        for match in _ALERT_LABEL.finditer(script.text):
            line = script.first_line + lines.at(match.start()) - 1
            yield facts.AlertLabel(match[1], match[2], Place(script.file, line))


def _single(values: tuple[Value, ...]) -> str:
    return values[0].text if len(values) == 1 else UNKNOWN


def _urls(command: Command, variables: Variables, script: Script) -> Iterator[facts.Url]:
    for word in command.words:
        if "http" not in word and "$" not in word:
            continue
        for value in fill(word, variables, command.line):
            yield from urls(value.text, Place(script.file, value.line), script.origin)


def urls(text: str, place: Place, origin: str) -> Iterator[facts.Url]:
    """The HTTP addresses in a text whose host can be told."""
    for match in _URL.finditer(text):
        if UNKNOWN in match[1] or match[4]:
            continue
        port = int(match[2]) if match[2] else 443 if match[0].startswith("https") else None
        yield facts.Url(match[1], port, (match[3] or "").rstrip("/") or match[3] or "", origin, place)


_SERVERS = frozenset(
    {"uvicorn", "gunicorn", "hypercorn", "granian", "daphne", "waitress-serve", "bentoml", "fastapi", "flask"}
)


def listens(words: list[str], place: Place) -> Iterator[facts.Listen]:
    """The port that a server's arguments tell it to listen on."""
    for at, word in enumerate(words):
        option, equals, value = word.partition("=")
        if option not in {"--port", "--bind", "-b", "-p"}:
            continue
        value = value if equals else words[at + 1] if at + 1 < len(words) else ""
        number = value.rpartition(":")[2]
        if _DIGITS.match(number):
            yield facts.Listen(int(number), place)
            return


_CALL = re.compile(r"(?:\./)?((?:[\w.-]+/)+[\w.-]+\.(?:sh|bash|py))$")
_INTERPRETERS = {"bash", "sh", "python", "python3", "source", ".", "chmod"}


def _calls(command: Command, file: str) -> Iterator[ScriptCall]:
    for at, word in enumerate(command.words[:4]):
        match = _CALL.match(word)
        if match and (at == 0 or command.words[0] in _INTERPRETERS):
            yield ScriptCall(match[1], Place(file, command.line))
            return


_BUILDERS = {"docker", "podman", "buildah", "nerdctl"}
_SCANNERS = {"trivy", "grype", "snyk", "syft"}
_REFERENCE = re.compile(r"[\w.\0\1-]+(?::\d+)?(?:/[\w.\0\1-]+)+(?::[\w.\0\1-]+)?(?:@sha256:\w+)?$")


def _images(command: Command, variables: Variables, script: Script) -> Iterator[facts.Image]:
    words = command.words
    tools = {word.rpartition("/")[2].partition(":")[0].partition("@")[0] for word in words}
    line = command.line
    if words[0] in _BUILDERS and not _SCANNERS & tools:
        named = [words[at + 1] for at, word in enumerate(words[:-1]) if word in {"-t", "--tag"}]
        named += [word.partition("=")[2] for word in words if word.startswith("--tag=")]
        if not {"build", "buildx"} & set(words):
            named = list(words[2:3]) if words[1:2] == ("push",) else []
        for word in named:
            for value in fill(word, variables, line):
                yield facts.Image(value.text, "built", Place(script.file, value.line))
    elif _SCANNERS & tools:
        for value in fill(words[-1], variables, line):
            if _REFERENCE.match(value.text):
                yield facts.Image(value.text, "scanned", Place(script.file, line))
