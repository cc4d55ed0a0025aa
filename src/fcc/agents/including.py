"""Chains that include others: one chain with all the steps, made before it is planned. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from fcc import _yaml
from fcc.agents.chain import Chain, ChainInput, Include, Step
from fcc.errors import FccError, InvalidFileError, Problem

Path = tuple[str | int, ...]

FindChain = Callable[[str], tuple[Chain, _yaml.Document]]
"""Looks a chain up by its name, with the document that it was read from."""


def expand(chain: Chain, document: _yaml.Document, find: FindChain) -> tuple[Chain, _yaml.Document]:
    """The chain with the steps, inputs and events of those that it includes, and a document that knows where each stands.

    An input of the chain's own goes before one of the same name that is included.

    Raises:
        InvalidFileError: an included chain is not there, invalid, or includes this one; names clash; every problem at
            once, with its place.
    """
    return _expanded(chain, document, find, ())


def _expanded(
    chain: Chain, document: _yaml.Document, find: FindChain, above: tuple[str, ...]
) -> tuple[Chain, _yaml.Document]:
    if not chain.include:
        return chain, document
    made = _Expansion(chain, document)
    for index, include in enumerate(chain.include):
        at: Path = ("include", index)
        line = (*above, chain.name)
        if include.chain in line:
            circle = " → ".join([*line[line.index(include.chain) :], include.chain])
            made.add((*at, "chain"), f"chains include one another in a circle: {circle}")
            continue
        try:
            part, home = _expanded(*find(include.chain), find, line)
        except InvalidFileError as error:
            made.problems += error.problems
        except FccError as error:
            made.add((*at, "chain"), error.message)
        else:
            made.take(at, include, part, home)
    if made.problems:
        raise InvalidFileError(made.problems)
    return made.chain(), _Joined(document.name, document.data, document.places, made.moved)


@dataclass
class _Joined(_yaml.Document):
    """A document some parts of which stand elsewhere."""

    moved: dict[Path, tuple[_yaml.Document, Path]] = field(default_factory=dict)

    def problem(self, path: Path, message: str) -> Problem:
        for length in range(len(path), 0, -1):
            if path[:length] in self.moved:
                document, base = self.moved[path[:length]]
                return document.problem((*base, *path[length:]), message)
        return _yaml.Document.problem(self, path, message)


class _Expansion:
    """What one chain comes to, include by include."""

    def __init__(self, chain: Chain, document: _yaml.Document) -> None:
        self._chain = chain
        self._document = document
        self._steps: dict[str, Step] = {}
        self._inputs: dict[str, ChainInput] = {}
        self._homes = dict.fromkeys((("steps", name) for name in chain.steps), chain.name)
        """The chain that each step and each included input comes from."""
        self.problems: list[Problem] = []
        self.moved: dict[Path, tuple[_yaml.Document, Path]] = {}

    def add(self, path: Path, message: str) -> None:
        self.problems.append(self._document.problem(path, message))

    def take(self, at: Path, include: Include, part: Chain, home: _yaml.Document) -> None:
        """Add the steps, inputs and events of an included chain."""
        if part.environments:
            self.add(at, f"{part.name!r} has `environments`, and a chain that has some can't be included")
        for name, step in part.steps.items():
            key = ("steps", name)
            if key in self._homes:
                who = self._homes[key]
                self.add(
                    at, f"{part.name!r} and {who!r} both have a step {name!r}; names of steps must not clash"
                )
                continue
            self._homes[key] = part.name
            self.moved[key] = (home, key)
            self._steps[name] = self._joined(at, include, name, step, tuple(part.inputs))
        for name, spec in part.inputs.items():
            self._take_input(at, name, spec, part.name, home)
        events = {**part.events, **self._chain.events}
        self._chain = self._chain.model_copy(update={"events": events})

    def _joined(self, at: Path, include: Include, name: str, step: Step, inputs: tuple[str, ...]) -> Step:
        """An included step with what its include says of it; it takes inputs of its own chain only."""
        given: dict[str, object] = {}
        if include.needs and not step.needs:
            given["needs"] = include.needs
        if include.inputs_from is not None and step.inputs_from is None:
            given["inputs_from"] = include.inputs_from
        for key in given:
            self.moved["steps", name, key] = (self._document, (*at, key))
        if "inputs_from" in given:
            given["takes"] = inputs
        return step.model_copy(update=given)

    def _take_input(self, at: Path, name: str, spec: ChainInput, chain: str, home: _yaml.Document) -> None:
        if name in self._chain.inputs:
            return
        known = self._inputs.get(name)
        if known is not None and _without_words(known) != _without_words(spec):
            other = self._homes["inputs", name]
            what = f"{chain!r} and {other!r} have different inputs {name!r}; declare it in your own `inputs`"
            self.add(at, what)
            return
        self._inputs.setdefault(name, spec)
        self._homes.setdefault(("inputs", name), chain)
        self.moved.setdefault(("inputs", name), (home, ("inputs", name)))

    def chain(self) -> Chain:
        """The chain with all that was added."""
        own = self._chain
        steps = {**self._steps, **own.steps}
        inputs = {**own.inputs, **self._inputs}
        return own.model_copy(update={"include": (), "steps": steps, "inputs": inputs})


def _without_words(spec: ChainInput) -> ChainInput:
    return spec.model_copy(update={"description": ""})
