"""An example that agrees and one that does not, for every rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from fcc import _yaml
from fcc.evaluations.contracts.engine import RULES, check_contracts
from fcc.evaluations.contracts.facts import Context, Source
from fcc.simulation import Place

if TYPE_CHECKING:
    from fcc.evaluations.checks import ExampleResult

_FILE = Path(__file__).with_name("examples.yaml")


class Example(NamedTuple):
    """Files that agree, and what a change to one of them breaks."""

    rule: str
    passing: tuple[Source, ...]
    failing: tuple[Source, ...]
    context: Context
    at: Place
    """The place of the failing one's first finding."""
    other: Place | None
    """The other side's; None where the rule is about one place."""


def read_examples() -> tuple[Example, ...]:
    """Every example, in the order of the rules."""
    data: dict[str, Any] = _yaml.read(_FILE, _FILE.name).data
    shared, given = data["shared"], data["rules"]
    return tuple(_example(rule.id, given[rule.id], shared) for rule in RULES if rule.id in given)


def _example(name: str, given: Mapping[str, Any], shared: Mapping[str, str]) -> Example:
    files = {file: shared.get(text, text) for file, text in given["files"].items()}
    changed, *edits = given["change"]
    broken = dict(files)
    for old, new in zip(edits[::2], edits[1::2], strict=True):
        broken[changed] = broken[changed].replace(old, new)
    tasks = {step: shared.get(text, text) for step, text in given.get("tasks", {}).items()}
    return Example(
        name,
        _sources(files),
        _sources(broken),
        Context(given.get("inputs", {}), tasks),
        _place(given["at"]),
        _place(given["other"]) if "other" in given else None,
    )


def _sources(files: Mapping[str, str]) -> tuple[Source, ...]:
    from fcc.simulation.kinds import kind_of

    return tuple(Source(file, kind_of(file, "", text), text) for file, text in files.items())


def _place(text: str) -> Place:
    file, _, line = text.rpartition(":")
    return Place(file, int(line))


def try_rules() -> Iterator[ExampleResult]:
    """What each rule's examples come to: nothing is found in the first, and the rule's findings only in the second."""
    from fcc.evaluations.checks import ExampleResult

    for example in read_examples():
        agreed = check_contracts(example.passing, example.context)
        reason = agreed[0].message if agreed else "nothing was found"
        yield ExampleResult(example.rule, "pass 1", not agreed, reason)
        found = check_contracts(example.failing, example.context)
        reason = found[0].message if found else "nothing was found"
        yield ExampleResult(example.rule, "fail 1", {item.rule for item in found} == {example.rule}, reason)
