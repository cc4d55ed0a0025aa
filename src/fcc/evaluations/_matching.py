"""Where an answer meets what was asked for. Private to :mod:`fcc.evaluations.requirements`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from fcc.evaluations._answer import Answer, File, Name, subject
from fcc.evaluations._signs import Sign, sign_of
from fcc.evaluations._words import is_form, terms

_FORM_WEIGHT = 0.2
_TOPIC_WEIGHT = 0.4
"""What a word counts that the request has outside its items: what everything is about tells no item from another."""
_ENOUGH = 0.6
_PARTLY = 0.4
_SUBSTANCE = 5
"""So many words that are not the request's must follow a name."""
_SAID = 4
"""So many of them a paragraph must have."""
_FEW = 2
_SENTENCE = 4
"""A phrase of more words than that is a sentence: it need not be there word for word."""
_MOSTLY = 0.6
_PART = 200
_MOST_PLACES = 20
"""So many parts and files are looked at for a sentence, and so many places for what belongs to an item."""
_AFTER = 8
"""So many lines of a file are looked at after one that names something."""

_STORY = re.compile(
    r"as an?\b[^,\n]{1,80},\s*i (?:want|need|would like|can)(?:\s+to)?\s+(.+)$", re.IGNORECASE
)
_QUALIFIER = re.compile(r"\s*\(|\s[–—-]\s|:\s|,?\s+so that\b|\s+such as\b", re.IGNORECASE)
_OWN_ID = re.compile(r"\W*[A-Z][A-Z0-9]{0,9}-?\d[\w.-]*\W*[:.)]?\s+")
_BOTH = re.compile(r"\s+(?:and|&|plus)\s+", re.IGNORECASE)
_MARKUP = re.compile(r"[*_`]+")
_SCRIPTS = frozenset({"python", "shell", "javascript", "js", "ts", "typescript", "go", "ruby", "powershell"})

_SAME = {
    "prob": frozenset({"health", "healthz", "readyz", "livez"}),
    "k8s": frozenset({"kubernetes"}),
    "kubernetes": frozenset({"k8s"}),
    "db": frozenset({"databas"}),
    "databas": frozenset({"db"}),
    "repo": frozenset({"repository"}),
}
"""Words that mean the same wherever software is delivered."""


class Spot(NamedTuple):
    """A place where something is met, and the lines that belong to it, from 0."""

    file: int
    """Which file; -1 for the output itself."""
    line: int
    start: int
    end: int


class Phrase(NamedTuple):
    """What is looked for: a wording, its stems, and what each of them counts."""

    text: str
    weights: dict[str, float]
    core: tuple[str, ...]
    """The stems without those that only say a form; all of them where there are no others."""

    def share(self, words: frozenset[str]) -> float:
        """How much of the phrase words have, from 0 to 1."""
        total = sum(self.weights.values())
        had = sum(weight for word, weight in self.weights.items() if _has(words, word))
        return had / total if total else 0.0


def wording(item: str) -> str:
    """The part of an item that says what it is: without its id, the frame of a user story, and remarks."""
    text = _MARKUP.sub("", item).strip()
    own = _OWN_ID.match(text)
    text = text[own.end() :] if own and own.end() < len(text) else text
    story = _STORY.match(text)
    text = story[1] if story else text
    qualifier = _QUALIFIER.search(text)
    head = text[: qualifier.start()] if qualifier else text
    return (head if terms(head) else text).strip(" .;:")


def phrases(item: str, topic: frozenset[str]) -> list[Phrase]:
    """The phrases that all have to be met for an item: more than one where it says `X and Y`."""
    text = wording(item)
    parts = [part for part in _BOTH.split(text) if terms(part)]
    return [_phrase(part, topic) for part in (parts if len(parts) > 1 else [text])]


def _phrase(text: str, topic: frozenset[str]) -> Phrase:
    words = terms(text)
    core = tuple(word for word in words if not is_form(word)) or words
    weights = {
        word: _FORM_WEIGHT if word not in core else _TOPIC_WEIGHT if word in topic else 1.0 for word in words
    }
    return Phrase(text, weights, core)


def _has(words: frozenset[str], word: str) -> bool:
    return word in words or not _SAME.get(word, frozenset()).isdisjoint(words)


class Finder:
    """Looks in one answer for what one request asks for."""

    def __init__(
        self, answer: Answer, asked: frozenset[str], topic: frozenset[str], items: Iterable[str]
    ) -> None:
        self.answer = answer
        self.asked = asked
        """Every word of the request."""
        self.topic = topic
        self._rivals: dict[str, list[Phrase]] = {}
        """The phrases of all items, by each of their words."""
        self._follows: dict[int, bool] = {}
        """Whether there is substance below a name, by its line."""
        self._best: dict[frozenset[str], float] = {}
        """How well a name's words fit the phrase that they fit best."""
        for item in items:
            for phrase in phrases(item, topic):
                for word in phrase.core:
                    self._rivals.setdefault(word, []).append(phrase)

    def find(self, item: str, context: str = "", *, named_only: bool = False) -> list[Spot]:
        """Where an item is met, the best place first; nothing where one of its phrases is nowhere.

        `context` is what it belongs to; with `named_only`, a mention in a paragraph or file is not enough.
        """
        found: list[Spot] = []
        for phrase in phrases(item, self.topic):
            spots = self._phrase(phrase, context, named_only=named_only)
            if not spots:
                return []
            found += spots
        return found

    def within(self, item: str, scope: Sequence[Spot], parent: str) -> list[Spot]:
        """Where an item is met inside the places in which what it belongs to is met."""
        echo = frozenset(terms(parent))
        found = []
        for phrase in phrases(item, self.topic):
            sign = sign_of(phrase.text, wording(parent))
            if sign is not None and sign.strict:
                return []
            spot = next(
                (spot for place in scope[:_MOST_PLACES] if (spot := self._inside(phrase, place, echo))), None
            )
            if spot is None:
                return []
            found.append(spot)
        return found

    def _phrase(self, phrase: Phrase, context: str, *, named_only: bool) -> list[Spot]:
        if not phrase.core:
            return []
        sign = sign_of(phrase.text, context)
        if sign is not None and (spots := self._by_sign(sign)):
            return spots
        strict = sign is not None and sign.strict
        if spots := self._named(phrase, code=strict):
            return spots
        if strict or named_only:
            return []
        found = self._by_path(phrase) or self._said(phrase) or self._in_files(phrase)
        return found or (self._as_sentence(phrase) if len(phrase.core) > _SENTENCE else [])

    def _by_sign(self, sign: Sign) -> list[Spot]:
        found = [
            Spot(number, line - 1, 0, len(file.words))
            for number, file in enumerate(self.answer.files)
            if (line := sign.line(file.artifact, file.kind))
        ]
        files = self.answer.files
        plain = any(file.kind == "kubernetes" for file in files)  # a chart repeats what stands there
        return [
            spot for spot in found if not (plain and sign.of_api and files[spot.file].kind == "helm_template")
        ]

    def _named(self, phrase: Phrase, *, code: bool) -> list[Spot]:
        rated = [
            (share, name)
            for name in self.answer.names_with(_alike(phrase.core))
            if (share := self._fit(phrase, name)) and self._has_substance(name, code=code)
        ]
        best = max((share for share, _ in rated), default=0.0)
        return [Spot(-1, name.at, name.at, name.end) for share, name in rated if share == best]

    def _fit(self, phrase: Phrase, name: Name) -> float:
        """How well a name fits a phrase, from 0 to 1; 0 where not well enough, or where it fits another one better."""
        share = phrase.share(name.words)
        if share >= _ENOUGH:
            return share
        words = subject(name.words)
        if share < _PARTLY or name.listed or not words or not words <= set(phrase.weights):
            return 0.0
        if words not in self._best:
            rivals = {id(rival): rival for word in words for rival in self._rivals.get(word, ())}
            self._best[words] = max((_alikeness(rival, words) for rival in rivals.values()), default=0.0)
        return share if _alikeness(phrase, words) >= self._best[words] else 0.0

    def _has_substance(self, name: Name, *, code: bool) -> bool:
        answer = self.answer
        if code:
            return answer.has_code(name)
        if name.at not in self._follows:
            self._follows[name.at] = answer.novel(name.at, name.end, self.asked | name.words) >= _SUBSTANCE
        return self._follows[name.at]

    def _by_path(self, phrase: Phrase) -> list[Spot]:
        script = "script" in phrase.weights
        needed = 0.5 if script else _ENOUGH
        found = []
        for number, file in enumerate(self.answer.files):
            if script and file.kind not in _SCRIPTS:
                continue
            named = sum(len(word) > 3 and word in file.squashed for word in phrase.core)  # noqa: PLR2004 - short ones are in anything
            if named and named >= needed * len(phrase.core):
                found.append(Spot(number, 0, 0, len(file.words)))
        return found

    def _said(self, phrase: Phrase) -> list[Spot]:
        return [
            Spot(-1, block.at, block.at, block.end)
            for block in self.answer.blocks_with(_all_needed(phrase))
            if len(block.words - self.asked) >= _SAID
        ][:1]

    def _in_files(self, phrase: Phrase) -> list[Spot]:
        return [
            Spot(number, line, line, len(self.answer.files[number].words))
            for number, line in self.answer.naming_with(tuple(phrase.weights))
            if self._goes_on(self.answer.files[number], line)
        ][:1]

    def _as_sentence(self, phrase: Phrase) -> list[Spot]:
        """Where most of what a long item speaks of is: in a paragraph, in a part under a heading, or in a file."""
        answer = self.answer
        needed = _MOSTLY * len(phrase.core)
        places = [
            Spot(-1, block.at, block.at, block.end) for block in answer.blocks_with_most(phrase.core, needed)
        ]
        places += [
            Spot(-1, name.at, name.at + 1, min(name.end, name.at + _PART))
            for name in answer.names_with(phrase.core)[:_MOST_PLACES]
        ]
        places += [
            Spot(number, 0, 0, len(file.words)) for number, file in enumerate(answer.files[:_MOST_PLACES])
        ]
        for place in places:
            source = answer.words if place.file < 0 else answer.files[place.file].words
            words = frozenset().union(*source[place.start : min(place.end, place.start + _PART)])
            if (
                sum(_has(words, word) for word in phrase.core) >= needed
                and len(words - self.asked) >= _SUBSTANCE
            ):
                return [place]
        return []

    def _goes_on(self, file: File, line: int) -> bool:
        after = file.words[line + 1 : line + 1 + _AFTER]
        return len(frozenset().union(*after) - self.asked) >= _SAID - 1

    def _inside(self, phrase: Phrase, place: Spot, echo: frozenset[str]) -> Spot | None:
        source = self.answer.words if place.file < 0 else self.answer.files[place.file].words
        best, had = -1, 0
        seen: set[str] = set()
        for index in range(place.start, min(place.end, len(source))):
            words = source[index]
            if not words or words <= echo or echo <= words:
                continue
            here = [word for word in phrase.core if _has(words, word)]
            seen.update(here)
            if len(here) > had:
                best, had = index, len(here)
        return place._replace(line=best, start=best) if seen.issuperset(phrase.core) and had else None


def _alike(words: Sequence[str]) -> list[str]:
    return [same for word in words for same in (word, *_SAME.get(word, ()))]


def _alikeness(phrase: Phrase, words: frozenset[str]) -> float:
    """The share of common words among all, from 0 to 1 (Jaccard's index)."""
    own = set(phrase.core)
    return len(own & words) / len(own | words)


def _all_needed(phrase: Phrase) -> tuple[str, ...]:
    """The words that a paragraph must have: one or two are in many, so that the form must be said, too."""
    return phrase.core if len(phrase.core) > _FEW else tuple(phrase.weights)
