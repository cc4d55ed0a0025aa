"""Facts of a Dockerfile and of a compose file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from fcc.evaluations.contracts import facts
from fcc.evaluations.contracts._commands import Value, fill
from fcc.evaluations.contracts._nodes import Node
from fcc.evaluations.contracts._scripts import listens, urls
from fcc.evaluations.contracts.facts import Source
from fcc.simulation import Place

_INSTRUCTION = re.compile(r"([A-Za-z]{2,20})\s+(\S.*)$", re.DOTALL)
_HEREDOC = re.compile(r"<<-?[\"']?([A-Za-z_]\w*)[\"']?")
_PAIR = re.compile(r"(\w+)=(\"(?:[^\"\\]|\\.)*\"|'[^']*'|\S*)")
_FROM = re.compile(r"--from=([\w-]+)(?=\s)")
_FULL_NAME = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?(?:/[\w.-]+)+:[\w.-]+$")
_DEEPEST = 10
_MOST_LINES = 5_000
_MOST_STAGES = 50
"""How many earlier stages a name may be meant for."""
_HIGHEST_PORT = 65_535


class Instruction(NamedTuple):
    """An instruction of a Dockerfile, its continued lines joined."""

    name: str
    rest: str
    line: int


def instructions(text: str) -> Iterator[Instruction]:
    """The instructions of a Dockerfile, without comments and here-documents."""
    parts: list[str] = []
    start, ending = 1, ""
    for number, raw in enumerate(text.split("\n")[:_MOST_LINES], 1):
        line = raw.strip()
        if ending:
            ending = "" if line == ending else ending
            continue
        if line.startswith("#") or (not line and parts):
            continue
        start = start if parts else number
        continued = line.endswith("\\")
        parts.append(line[:-1] if continued else line)
        if continued:
            continue
        match = _INSTRUCTION.match(" ".join(parts))
        parts = []
        if match:
            opened = _HEREDOC.search(match[2]) if match[1].upper() in {"RUN", "COPY", "ADD"} else None
            ending = opened[1] if opened else ""
            yield Instruction(match[1].upper(), match[2], start)


def dockerfile(source: Source) -> Iterator[Any]:
    """Each fact of a Dockerfile: the images that it builds on, and what its last stage says."""
    stages: dict[str, str] = {}
    scope: dict[str, tuple[Value, ...]] = {}
    final: list[Instruction] = []
    for item in instructions(source.text):
        if item.name == "FROM":
            words = [word for word in item.rest.split() if not word.startswith("--")]
            base = fill(words[0], scope, item.line)[0].text if words else ""
            if base and base not in stages and base != "scratch":
                yield facts.Image(base, "base", Place(source.file, item.line))
            if len(words) > 2 and words[1].lower() == "as":  # noqa: PLR2004 - `image AS name`
                stages[words[2]] = base
            final = [] if base not in stages else final
        elif item.name in {"ARG", "ENV"}:
            for name, raw in _PAIR.findall(item.rest):
                scope[name] = fill(raw, scope, item.line)
        elif item.name in {"COPY", "ADD"}:
            taken = _FROM.search(item.rest)
            if taken and taken[1] not in stages and not taken[1].isdigit():
                yield facts.CopyFrom(taken[1], tuple(stages)[-_MOST_STAGES:], Place(source.file, item.line))
        final.append(item)
    if any(item.name == "FROM" for item in final):
        yield from _stage(final, scope, source.file)


def _stage(items: list[Instruction], scope: dict[str, tuple[Value, ...]], file: str) -> Iterator[Any]:
    last = {item.name: item for item in items}
    user = last.get("USER")
    at = (user or last["FROM"]).line
    yield facts.ImageUser(
        fill(user.rest.split()[0], scope, user.line)[0].text if user else "", Place(file, at)
    )
    for item in items:
        if item.name == "EXPOSE":
            for word in item.rest.split():
                number = fill(word, scope, item.line)[0].text.partition("/")[0]
                if number.isdigit() and int(number[:6]) <= _HIGHEST_PORT:
                    yield facts.Exposed(int(number[:6]), Place(file, item.line))
    for name in ("ENTRYPOINT", "CMD"):
        if name in last:
            words = _words(last[name].rest)
            filled = [fill(word, scope, last[name].line)[0].text for word in words]
            yield from listens(filled, Place(file, last[name].line))
    health = last.get("HEALTHCHECK")
    if health is not None:
        filled_text = fill(health.rest.replace("'", "\x02").replace('"', "\x02"), scope, health.line)[0].text
        yield from urls(filled_text.replace("\x02", '"'), Place(file, health.line), "image")


def _words(rest: str) -> list[str]:
    if rest.startswith("["):
        try:
            words = json.loads(rest)
        except (ValueError, RecursionError):
            return []
        return [str(word) for word in words] if isinstance(words, list) else []
    return rest.split()


def compose(node: Node) -> Iterator[Any]:
    """Each fact of a compose file."""
    for _, service in node.get("services").entries:
        image = service.get("image")
        if image.text and not service.get("build"):
            yield facts.Image(image.text, "compose", image.place)


def named(node: Node, depth: int) -> Iterator[facts.Image]:
    """The images that settings of any sort name in full, with registry and tag."""
    if isinstance(node.value, str) and _FULL_NAME.match(node.value):
        yield facts.Image(node.value, "named", node.place)
    if depth < _DEEPEST:
        for item in [*node.items, *(item for _, item in node.entries)]:
            yield from named(item, depth + 1)
