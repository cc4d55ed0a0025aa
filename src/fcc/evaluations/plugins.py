"""Functions of other people's that judge: by entry point, or by module and name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib import import_module
from typing import Any, Literal, TypeVar

from fcc.errors import ConfigError
from fcc.evaluations.validators.check import NotCheckedError
from fcc.simulation import Finding

Group = Literal["fcc.validators", "fcc.scorers"]
F = TypeVar("F", bound=Callable[..., Any])

Validator = Callable[[str], Iterable[Finding | str]]
"""Given a text, what is wrong with it: findings, or messages."""
Scorer = Callable[[str, str], float]
"""Given an output and its task, a score from 0 to 1."""

_MARK = "_fcc_judges"


def validator(function: F) -> F:
    """Mark a function as one that a check in YAML may name: `call: package.module:function`.

    Without the mark none is called: a file of checks must not be able to hand a text to whatever can be imported.
    """
    setattr(function, _MARK, True)
    return function


@cache
def named(group: Group, name: str) -> Callable[..., Any] | None:
    """The function that an entry point of that group and name stands for; None where there is none.

    Raises:
        ConfigError: it can't be loaded.
    """
    from importlib.metadata import entry_points

    for entry in entry_points(group=group, name=name):
        try:
            loaded: Callable[..., Any] = entry.load()
        except (
            Exception,
            SystemExit,
        ) as error:  # somebody else's code: whatever it raises, the plugin can't be used
            what = f"the plugin {name!r} ({entry.value}) can't be loaded: {type(error).__name__}: {error}"
            raise ConfigError(what, hint="Mend or uninstall it.") from error
        return loaded
    return None


def score_with(name: str, output: str, task: str) -> float | None:
    """What the scorer of that name, an entry point in `fcc.scorers`, says of an output; None where it fails.

    Raises:
        ConfigError: there is no such scorer.
    """
    scorer = named("fcc.scorers", name)
    if scorer is None:
        raise ConfigError(
            f"no plugin registers a scorer {name!r}",
            hint="Install the package that has it, or leave `scorer` out.",
        )
    try:
        score = float(scorer(output, task))
    except (Exception, SystemExit):  # noqa: BLE001 - somebody else's code: that it fails is no score
        return None
    return score if 0 <= score <= 1 else None


def several(said: Any) -> Iterable[Any]:
    """What a validator gave as several things: one message, or one finding, is one, and nothing is none."""
    if said is None:
        return ()
    return (said,) if isinstance(said, str | Finding) else said


def validating(kind: str) -> Callable[[str], Iterator[Finding]] | None:
    """The check of a kind that a plugin registers in `fcc.validators`, giving findings; None where there is none.

    Raises:
        ConfigError: it can't be loaded.
    """
    function = named("fcc.validators", kind)
    if function is None:
        return None

    def check(text: str) -> Iterator[Finding]:
        try:
            for said in several(function(text)):
                yield said if isinstance(said, Finding) else Finding(kind, "error", str(said))
        except (
            Exception,
            SystemExit,
        ) as error:  # somebody else's code: that it fails says nothing about the file
            raise NotCheckedError(f"the plugin for {kind} failed: {type(error).__name__}: {error}") from error

    return check


@cache
def called(reference: str) -> Callable[..., Any]:
    """The validator that a check names: `package.module:function`, marked by `validator`; or an entry point's name.

    Raises:
        ConfigError: there is none, or it is not marked.
    """
    module, colon, name = reference.partition(":")
    if not colon:
        found = named("fcc.validators", reference)
        if found is None:
            raise ConfigError(
                f"no plugin registers a validator {reference!r}",
                hint="Name an entry point of the group fcc.validators, or package.module:function.",
            )
        return found
    try:
        function: Any = getattr(import_module(module), name)
    except (Exception, SystemExit) as error:  # somebody else's code, as above
        what = f"the check {reference} can't be imported: {type(error).__name__}: {error}"
        raise ConfigError(what, hint="Install the package that it is in.") from error
    if not getattr(function, _MARK, False):
        raise ConfigError(
            f"{reference} is not marked as a check, and is not called",
            hint="Mark it: from fcc.evaluations import validator; @validator.",
        )
    marked: Callable[..., Any] = function
    return marked
