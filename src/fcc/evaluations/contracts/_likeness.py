"""Which of some names is most like another, in bounded time."""

from __future__ import annotations

import re
from collections.abc import Collection, Hashable, Iterator
from itertools import chain, islice

from fcc.evaluations.contracts.facts import Facts

_MOST_CANDIDATES = 200
_MOST_WORK = 10_000_000
_WORD = re.compile(r"[A-Za-z]+|\d+")


class Likeness:
    """Compares names by `difflib`'s ratio: each with at most 200 others, until too much was compared in all."""

    def __init__(self, _facts: Facts) -> None:
        self.work = 0
        """The letters of the names multiplied by those of the others, to which the time is proportional."""
        self._known: dict[tuple[Hashable, str], str | None] = {}
        self._by_word: dict[Hashable, dict[str, list[str]]] = {}

    def best(self, among: Hashable, name: str, names: Collection[str], at_least: float) -> str | None:
        """The name most like `name`; None where none is alike, or too many were compared before.

        `among` stands for `names`, which must be the same whenever it is the same.
        """
        key = (among, name)
        if key not in self._known:
            self._known[key] = self._best(name, list(self._candidates(among, name, names)), at_least)
        return self._known[key]

    def _best(self, name: str, some: list[str], at_least: float) -> str | None:
        from difflib import get_close_matches

        self.work += len(name) * sum(map(len, some))
        if self.work > _MOST_WORK:
            return None
        return next(iter(get_close_matches(name, some, n=1, cutoff=at_least)), None)

    def _candidates(self, among: Hashable, name: str, names: Collection[str]) -> Iterator[str]:
        """Of many names, those that share the name's rarest words come first."""
        if len(names) <= _MOST_CANDIDATES:
            return iter(names)
        if among not in self._by_word:
            by_word = self._by_word[among] = {}
            for other in names:
                for word in dict.fromkeys(_WORD.findall(other)):
                    by_word.setdefault(word, []).append(other)
        sharing: list[list[str]] = [self._by_word[among].get(word, []) for word in _WORD.findall(name)]
        sharing.sort(key=len)
        first = islice(
            chain(islice(chain.from_iterable(sharing), _MOST_CANDIDATES), names), 2 * _MOST_CANDIDATES
        )
        return islice(dict.fromkeys(first), _MOST_CANDIDATES)
