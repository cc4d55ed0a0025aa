"""Checks of the user's own, from `evaluations/*.yaml`: patterns, JSON Schemas, YAML paths, Python functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, Final, NamedTuple

import regex
from pydantic import BaseModel, Field, field_validator, model_validator

from fcc import _yaml
from fcc._check import Examples, FileCheck, path_steps
from fcc.agents.flow import FROZEN, Name
from fcc.errors import ConfigError, InvalidFileError
from fcc.evaluations.validation import KINDS
from fcc.evaluations.validators.check import NotCheckedError
from fcc.simulation import Finding
from fcc.simulation.verdict import Severity
from fcc.workspace import show_path

_MOST_MATCHES = 20
"""How many places one pattern names in one file."""

_PATIENCE = 1.0
"""How long, in seconds, a pattern may search one file."""

_NOTHING: Final = object()


class Check(FileCheck):
    """One check: which files it reads, what it asks of them, and what it says where they fail."""

    message: str = Field(min_length=1, description="What is wrong, where the check fails.")
    fix: str = Field(default="", description="How to put it right.")
    severity: Severity = "error"
    call: str | None = Field(
        default=None, description="A validator: `package.module:function`, or the name of an entry point."
    )
    examples: Examples = Field(
        default=Examples(), description="`fcc-agents evaluate --self-test` tries them."
    )

    @field_validator("kinds")
    @classmethod
    def _are_kinds(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for kind in value:
            near = get_close_matches(kind, KINDS, 1, cutoff=0.75)
            if kind not in KINDS and near:  # anything else may be a plugin's
                raise ValueError(f"there is no kind {kind!r}; did you mean `{near[0]}`?")
        return value

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Check:
        if sum(bool(one) for one in [*self.asked, self.call]) != 1:
            raise ValueError(
                "give one of `forbids`, `requires`, `schema` (with or without `at`), `at` and `call`"
            )
        return self


class CheckFile(BaseModel):
    """A file of checks in `evaluations/`, told by its key `checks`."""

    model_config = FROZEN

    description: str = ""
    checks: dict[Name, Check] = Field(
        min_length=1, description="Each check by the id that its findings have."
    )


class ExampleResult(NamedTuple):
    """What one example of a check came to."""

    check: str
    example: str
    """`pass 1`, `fail 2`: which of its examples."""
    holds: bool
    reason: str


@dataclass(frozen=True)
class OwnCheck:
    """A check with its id."""

    name: str
    check: Check

    def findings(self, file: str, kind: str, text: str) -> Iterator[Finding]:
        """What it finds in a file that it reads; nothing in any other.

        Raises:
            NotCheckedError: the check itself failed.
        """
        check = self.check
        if check.kinds and kind not in check.kinds:
            return
        if check.files and not PurePosixPath(file).match(check.files):
            return
        for finding in self._found(text):
            yield replace(finding, file=file)

    def _found(self, text: str) -> Iterator[Finding]:
        check = self.check
        if check.forbids is not None:
            for place in self._matches(check.forbids, text, _MOST_MATCHES):
                yield self._finding(text.count("\n", 0, place) + 1)
        elif check.requires is not None:
            if not self._matches(check.requires, text, 1):
                yield self._finding(0)
        elif check.call is not None:
            yield from self._called(check.call, text)
        else:
            yield from self._in_documents(text)

    def _matches(self, pattern: str, text: str, most: int) -> list[int]:
        """Where a pattern is found first, so often at most; it is given up after a while."""
        try:
            found = regex.finditer(pattern, text, regex.MULTILINE, timeout=_PATIENCE)
            return [match.start() for match in islice(found, most)]
        except TimeoutError:
            raise NotCheckedError(
                f"{self.name}: its pattern takes over {_PATIENCE:g} s on a file; write it without nested repeats"
            ) from None

    def _called(self, reference: str, text: str) -> Iterator[Finding]:
        from fcc.evaluations.plugins import called, several

        try:
            for said in several(called(reference)(text)):
                yield said if isinstance(said, Finding) else self._finding(0, str(said))
        except ConfigError as error:
            raise NotCheckedError(f"{self.name}: {error.message}") from error
        except (
            Exception,
            SystemExit,
        ) as error:  # somebody else's code: that it fails says nothing about the file
            raise NotCheckedError(
                f"{self.name}: {reference} failed: {type(error).__name__}: {error}"
            ) from error

    def _in_documents(self, text: str) -> Iterator[Finding]:
        check = self.check
        try:
            documents = _yaml.parse_all(text, "")
        except InvalidFileError:
            return  # whether it can be read is for its validator to say
        for document in documents:
            if all(
                [value] == [found for _, found in _at(document.data, path_steps(path))]
                for path, value in check.where.items()
            ):
                yield from self._in_document(document)

    def _in_document(self, document: _yaml.Document) -> Iterator[Finding]:
        check = self.check
        for path, value in _at(document.data, path_steps(check.at or "")):
            if value is _NOTHING:
                if not check.optional:
                    line = document.problem(path, "").line
                    yield self._finding(line, f"{check.message} (nothing stands at {check.at})")
                continue
            wrong = self._misfit(value)
            if wrong:
                yield self._finding(document.problem(path, "").line, f"{check.message} ({wrong})")

    def _misfit(self, value: Any) -> str:
        if self._fits is None:
            return ""
        error = next(iter(self._fits.iter_errors(value)), None)
        return str(error.message)[:200] if error is not None else ""

    @cached_property
    def _fits(self) -> Any:
        if self.check.json_schema is None:
            return None
        from jsonschema import Draft202012Validator

        return Draft202012Validator(self.check.json_schema)

    def _finding(self, line: int, message: str = "") -> Finding:
        check = self.check
        return Finding(self.name, check.severity, message or check.message, line=line, hint=check.fix)

    def self_test(self) -> Iterator[ExampleResult]:
        """What each of the check's examples comes to."""
        groups = (("pass", self.check.examples.passing), ("fail", self.check.examples.failing))
        for wanted, examples in groups:
            for number, text in enumerate(examples, start=1):
                try:
                    found = [finding.message for finding in self._found(text)]
                    reason = found[0] if found else "nothing was found"
                    holds = bool(found) is (wanted == "fail")
                except NotCheckedError as error:
                    holds, reason = False, str(error)
                yield ExampleResult(self.name, f"{wanted} {number}", holds, reason)


def read_checks(path: Path) -> tuple[OwnCheck, ...]:
    """The checks in a file of `evaluations/`.

    Raises:
        InvalidFileError: it is no file of checks; every problem with its place.
    """
    made = _yaml.build(CheckFile, _yaml.read(path, show_path(path)))
    return tuple(OwnCheck(name, check) for name, check in made.checks.items())


def _at(
    value: Any, steps: tuple[str | int, ...], path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every value at a path, with its own path in the document; `_NOTHING` for each place where it breaks off."""
    if not steps:
        yield path, value
        return
    step, rest = steps[0], steps[1:]
    items: Mapping[Any, Any] = (
        value if isinstance(value, dict) else dict(enumerate(value)) if isinstance(value, list) else {}
    )
    wanted = list(items) if step == "*" else [step] if step in items else []
    if not wanted:
        yield path, _NOTHING
    for key in wanted:
        yield from _at(items[key], rest, (*path, key))
