"""Checks of the user's own, from `evaluations/*.yaml`: patterns, JSON Schemas, YAML paths, Python functions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, Final, NamedTuple

import regex
from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

from fcc import _yaml
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

_STEP = re.compile(r"\[(?P<index>\d+|\*)\]|\[\"(?P<quoted>[^\"]*)\"\]|\.?(?P<key>[^.\[\]]+)")


class Examples(BaseModel):
    """Texts that a check must let pass, and texts that it must not; `fcc-agents evaluate --self-test` tries them."""

    model_config = FROZEN | ConfigDict(serialize_by_alias=True)

    passing: tuple[str, ...] = Field(
        default=(), alias="pass", description="The check finds nothing in these."
    )
    failing: tuple[str, ...] = Field(
        default=(), alias="fail", description="The check finds something in each."
    )


class Check(BaseModel):
    """One check: which files it reads, what it asks of them, and what it says where they fail."""

    model_config = FROZEN | ConfigDict(serialize_by_alias=True)

    message: str = Field(min_length=1, description="What is wrong, where the check fails.")
    fix: str = Field(default="", description="How to put it right.")
    severity: Severity = "error"
    kinds: tuple[str, ...] = Field(
        default=(), description="The kinds of file that it reads; without any, all."
    )
    files: str = Field(
        default="", description="A pattern that their paths must match from the right: `k8s/*.yaml`."
    )
    forbids: str | None = Field(default=None, description="A regular expression that must be found nowhere.")
    requires: str | None = Field(default=None, description="A regular expression that must be found.")
    at: str | None = Field(
        default=None, description="A path in YAML or JSON: `spec.template.spec.containers[*].image`."
    )
    optional: bool = Field(default=False, description="Whether nothing need stand at `at`.")
    where: dict[str, JsonValue] = Field(
        default_factory=dict, description="Paths and values: only documents that have them are checked."
    )
    json_schema: dict[str, JsonValue] | None = Field(
        default=None,
        alias="schema",
        description="A JSON Schema for each value at `at`, or for each document.",
    )
    call: str | None = Field(
        default=None, description="A validator: `package.module:function`, or the name of an entry point."
    )
    examples: Examples = Examples()

    @field_validator("kinds")
    @classmethod
    def _are_kinds(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for kind in value:
            near = get_close_matches(kind, KINDS, 1, cutoff=0.75)
            if kind not in KINDS and near:  # anything else may be a plugin's
                raise ValueError(f"there is no kind {kind!r}; did you mean `{near[0]}`?")
        return value

    @field_validator("forbids", "requires")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        if "\b" in (value or ""):
            raise ValueError(
                "holds a backspace, as `\\b` in double quotes is in YAML: write it in single quotes"
            )
        try:
            regex.compile(value or "", regex.MULTILINE)
        except regex.error as error:
            raise ValueError(f"is no regular expression: {error}") from None
        return value

    @field_validator("json_schema")
    @classmethod
    def _is_schema(cls, value: dict[str, JsonValue] | None) -> dict[str, JsonValue] | None:
        if value is not None:
            from jsonschema import Draft202012Validator, SchemaError

            try:
                Draft202012Validator.check_schema(value)
            except SchemaError as error:
                raise ValueError(f"is no JSON Schema: {error.json_path}: {error.message}") from None
        return value

    @field_validator("at")
    @classmethod
    def _is_path(cls, value: str | None) -> str | None:
        if value is not None:
            _steps(value)
        return value

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Check:
        asked = [self.forbids, self.requires, self.call, self.json_schema or self.at]
        if sum(bool(one) for one in asked) != 1:
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
                [value] == [found for _, found in _at(document.data, _steps(path))]
                for path, value in check.where.items()
            ):
                yield from self._in_document(document)

    def _in_document(self, document: _yaml.Document) -> Iterator[Finding]:
        check = self.check
        for path, value in _at(document.data, _steps(check.at or "")):
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


def _steps(path: str) -> tuple[str | int, ...]:
    """A path's steps: keys, numbers, and `*` for every item; ValueError where it is no path."""
    if path.startswith("$"):
        raise ValueError("starts with `$`; write it without: spec.containers[*].image")
    steps: list[str | int] = []
    position = 0
    while position < len(path):
        match = _STEP.match(path, position)
        if match is None:
            raise ValueError(
                f"is no path, from character {position + 1} on: write it like spec.containers[*].image"
            )
        index, quoted, key = match["index"], match["quoted"], match["key"]
        steps.append(
            int(index) if index and index != "*" else "*" if index else quoted if quoted is not None else key
        )
        position = match.end()
    return tuple(steps)


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
