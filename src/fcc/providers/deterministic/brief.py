"""What a request asks for, read once and handed to every writer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from fcc.providers.base import Message
from fcc.providers.deterministic.card import Card, read_card
from fcc.providers.deterministic.facts import Facts, is_fact, read_facts
from fcc.providers.deterministic.kinds import STAGE_KINDS, kinds_in, whole_family
from fcc.providers.deterministic.structure import Group, asked_lists, lists, split_material, starts_with_order
from fcc.providers.deterministic.text import clean, words

_PRODUCE = re.compile(r"(?:produce|deliver|deliverables?|output|return)\s*:\s*(\S.*)", re.IGNORECASE)
_STORY = re.compile(r"as an?\b.{1,200}?\bi (?:want|need|can|would like)\b", re.IGNORECASE)
_PROPERTIES = (" with ", " that ", " which ", " must ", " should ", " having ", " has ", " using ")
_SHORT = 400
_MOST = 100
"""Items, stages or stories that a reply works through at most."""


class Brief(NamedTuple):
    """The deliverables asked for and what is known about the system that they are for."""

    title: str
    """The request's own first line."""
    produce: str
    """What the "Produce:" line says, or ""."""
    kinds: tuple[str, ...]
    """The kinds of deliverable, in the order in which they are asked for."""
    stories: tuple[str, ...]
    stages: tuple[str, ...]
    topics: tuple[str, ...]
    """Items that are none of the known kinds: sections of a document."""
    figures: tuple[tuple[str, str], ...]
    """The request's own `Key: value` lines."""
    facts: Facts
    card: Card
    notes: tuple[str, ...] = ()
    """The items of its lists of what to keep in mind."""
    lines: tuple[str, ...] = ()
    """The request's own lines, without what it passes on."""
    material: tuple[str, ...] = ()
    """The lines that it passes on."""


class _Request:
    """One user message, taken apart."""

    def __init__(self, own: list[str], material: list[str]) -> None:
        self.own = own
        self.material = material
        self.produce = ""
        self.kinds: list[str] = []
        self.stories: list[str] = []
        self.stages: list[str] = []
        self.topics: list[str] = []
        self.notes: list[str] = []

    def add(self, kinds: Sequence[str]) -> None:
        self.kinds += [kind for kind in kinds if kind not in self.kinds]


def read_brief(messages: Sequence[Message]) -> Brief:
    """The brief that the messages amount to.

    The last user message that names a deliverable says what is asked for; facts come from all of them, and
    after those from earlier replies.
    """
    requests = [_read_request(m.content) for m in messages if m.role == "user" and m.content.strip()]
    chosen = next((r for r in reversed(requests) if r.kinds), requests[-1] if requests else _Request([], []))
    others = [r for r in requests if r is not chosen]
    own = chosen.own + [line for r in others for line in r.own]
    material = chosen.material + [line for r in others for line in r.material]
    material += [line for m in messages if m.role == "assistant" for line in m.content.split("\n")]
    facts = read_facts(own, material)
    if "blue-green" in chosen.kinds:
        facts = facts._replace(strategy="blue-green")
    return Brief(
        title=clean(next((line for line in chosen.own if line.strip()), ""), 120).lstrip("# ").rstrip(":"),
        produce=clean(chosen.produce),
        kinds=tuple(chosen.kinds),
        stories=tuple(chosen.stories[:_MOST]),
        stages=tuple(chosen.stages[:_MOST]),
        topics=tuple(chosen.topics[:_MOST]),
        figures=_figures(chosen.own),
        facts=facts,
        card=read_card("\n".join(m.content for m in messages if m.role == "system")),
        notes=tuple(chosen.notes[:_MOST]),
        lines=tuple(chosen.own),
        material=tuple(chosen.material),
    )


def _read_request(text: str) -> _Request:
    own, material = split_material(text)
    request = _Request(own, material)
    request.produce = next((m[1] for m in map(_PRODUCE.match, reversed(own)) if m), "")
    groups = lists(own)
    request.notes = [item for group in groups if group.background for item in group.items]
    for group in asked_lists(groups, fenced=bool(material)):
        _read_group(group, request)
    request.stages += [] if request.stages else _inline_stages(own)
    produced = kinds_in(request.produce)
    if request.stages and (not produced or not set(produced).isdisjoint(STAGE_KINDS)):
        request.add([] if produced else ["workflow"])
    request.add(produced)
    if not (request.kinds or request.topics):
        _read_prose(request)
    if request.topics:
        request.add(["document"])
    return request


def _read_group(group: Group, request: _Request) -> None:
    heading = kinds_in(group.heading)
    said = words(group.heading)
    telling = [item for item in group.items if _STORY.match(item)]
    if "stories" in heading or telling:
        request.add(["stories"])
        request.stories += group.items if "stories" in heading else telling
        return
    if _lists_stages(said) or heading == ("workflow",):
        request.stages += group.items
        request.add(heading)
        return
    if group.orders:
        request.add(heading)
    kinds = [kinds_in(item) for item in group.items]
    if heading and (not any(kinds) or any(word in said for word in _PROPERTIES)):
        request.add(heading)
        return
    for item, found in zip(group.items, kinds, strict=True):
        request.add(found)
        if not found and not is_fact(item):
            request.topics.append(item)


def _lists_stages(said: str) -> bool:
    return said.endswith((" stages ", " jobs ", " pipeline steps ", " pipeline ")) or " stages " in said


def _inline_stages(own: list[str]) -> list[str]:
    """The stages of a line such as `Stages: lint, test, build`."""
    for line in own:
        key, _, value = line[:2000].partition(":")
        if value.strip() and key[:1] not in "#-*|" and words(key).endswith((" stages ", " jobs ")):
            for arrow in ("->", "→", ">", ";"):
                value = value.replace(arrow, ",")
            return [part for part in map(str.strip, value.rstrip(". ").split(",")) if part]
    return []


def _read_prose(request: _Request) -> None:
    """Deliverables that a request without a list orders in sentences."""
    lines = [line.strip() for line in request.own if line.strip()]
    for line in lines:
        if starts_with_order(line):
            request.add(kinds_in(line))
    whole = " ".join(lines)
    if not request.kinds and len(whole) <= _SHORT:
        request.add(kinds_in(whole))
    if not request.kinds:
        request.add(whole_family(request.produce or whole[:_SHORT]))


def _figures(own: list[str]) -> tuple[tuple[str, str], ...]:
    """The `Key: value` lines that are no list items, at most 20."""
    found: dict[str, str] = {}
    for line in own:
        key, colon, value = line[:400].partition(":")
        key = clean(key, 60)
        short = colon and value[:1] in " \t" and key[:1].isalpha() and len(key.split()) <= 5  # noqa: PLR2004
        if short and value.strip() and not _PRODUCE.match(line) and len(found) < 20:  # noqa: PLR2004
            found.setdefault(key, clean(value, 120))
    return tuple(found.items())
