"""The words of requests and answers, comparable: in lower case, without endings and without what every text has.

Knows English only. Private to the modules that look for what was asked for.
"""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+(?:['’][^\W\d_]{1,2}\b)?")
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_ENDINGS = (
    "ations", "ation", "ating", "ated", "ates", "ate", "ments", "ment", "ions", "ion", "ings", "ing", "ies", "ied",
    "ers", "ed", "es", "er", "e", "ly", "s",
)  # fmt: skip
_WHOLE = frozenset({"staging", "series", "status", "express", "kubernetes", "postgres", "redis", "jenkins"})
_LONG = 3
"""An ending of so many letters leaves at least four, a shorter one three."""

_STOP_WORDS = (
    "a about above additionally after again all along also an and any are as at be been before below both but by can"
    " cover covering could create define deliver describe do does each either etc every following for from generate"
    " get give given has have how i if implement in include including into is it its just like list make me more must"
    " need needed needs no not of on once one only or our per please prepare produce provide return set shall should"
    " show so some such than that the their them then there these they this those to two under us use used using via"
    " want was we were what when where which while who will with within would write you your"
)
_STOP = frozenset(_STOP_WORDS.split())


@lru_cache(maxsize=32_768)
def stem(word: str) -> str:
    """A word in lower case without its ending; `violations` and `violated` have the same one."""
    word = word.lower().replace("’", "'").removesuffix("'s")
    if word in _WHOLE or not word.isascii():
        return word
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= (3 if len(ending) < _LONG else 4):
            return word if word.endswith("ss") else _mended(word[: -len(ending)], ending)
    return word


def _mended(rest: str, ending: str) -> str:
    if ending in {"ies", "ied"}:
        return f"{rest}y"
    doubled = ending in {"ing", "ings", "ed", "er", "ers"} and rest[-1] == rest[-2] and rest[-1] not in "ls"
    return rest[:-1] if doubled else rest


_FORM_WORDS = (
    "approach capability chapter code config configuration configs configure content definition definitions"
    " description design detail document documentation example file files implementation json list management"
    " manifest manifests output overview part plan resource resources script scripts section setup spec specs"
    " specification specifications strategy support template templates text yaml yml"
)
_FORM = frozenset(stem(word) for word in _FORM_WORDS.split())
"""Words for the form that something has; what it is about is said by the others."""


def is_form(word: str) -> bool:
    """Whether a stem only says in which form something is asked for, such as `script` or `specification`."""
    return word in _FORM


def terms(text: str) -> tuple[str, ...]:
    """The stems of a text in order, each once, stop words left out; a number of one digit is none."""
    found: dict[str, None] = {}
    for word in _WORD.findall(text):
        if word.lower() not in _STOP and not (word.isdigit() and len(word) == 1):
            found[stem(word)] = None
    return tuple(word for word in found if word)


def bag(text: str) -> frozenset[str]:
    """The stems of a text, with those of the parts of names such as `ErrorRateHigh`."""
    found = set(terms(text))
    for word in _WORD.findall(text):
        if not (word.islower() or word.isupper() or word.istitle()):
            parts = _CAMEL.findall(word)
            found.update(stem(part) for part in parts if part.lower() not in _STOP and len(part) > 1)
    return frozenset(found)
