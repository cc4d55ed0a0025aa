"""Collects what is wrong with a chain, each with its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from fcc import _yaml
from fcc.agents.chain import Chain
from fcc.agents.scope import Scope, Type
from fcc.errors import FccError, InvalidFileError, NotFoundError, Problem

T = TypeVar("T")
Path = tuple[str | int, ...]


class Faults:
    """The problems of one chain file."""

    def __init__(self, chain: Chain, document: _yaml.Document | None) -> None:
        self._document = document or _yaml.Document(f"<chain {chain.name}>", None)
        self.found: list[Problem] = []
        self.hint = ""

    def file_of(self, step: str) -> str:
        """The file in which a step stands."""
        return self._document.problem(("steps", step), "").file

    def add(self, path: Path, message: str) -> None:
        """Note a problem at a place of the document."""
        self.found.append(self._document.problem(path, message))

    def look_up(self, path: Path, find: Callable[[str], T], name: str) -> T | None:
        """What `find` finds, or None and a problem."""
        try:
            return find(name)
        except NotFoundError as error:
            self.add(path, error.message)
            self.hint = error.hint.partition(": ")[2]
        except InvalidFileError as error:
            self.found += error.problems
        except FccError as error:
            self.add(path, error.message)
        return None

    def expression(self, path: Path, text: str, scope: Scope, wanted: Type) -> None:
        """Note a problem, with its place in the text, where an expression can't be used here."""
        from fcc.agents.expression import ExpressionError, parse

        try:
            parse(text).check(scope, wanted)
        except ExpressionError as error:
            shown = " ".join(text.split())
            self.add(path, f"`{path[-1]}`: {error.message} (at character {error.column} of `{shown}`)")
