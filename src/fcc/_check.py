"""What a check in YAML asks of a file: a pattern, a value at a path, a JSON Schema. Data only; `evaluations` applies it."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationInfo, field_validator

_STEP = re.compile(r"\[(?P<index>\d+|\*)\]|\[\"(?P<quoted>[^\"]*)\"\]|\.?(?P<key>[^.\[\]]+)")

FROZEN = ConfigDict(frozen=True, extra="forbid", defer_build=True, serialize_by_alias=True)

KNOWN_GOOD = {"known_good": True}
"""The context for validating what ships with the package: a test has compiled its patterns and schemas, once for all."""

Texts = tuple[Annotated[str, Field(min_length=1)], ...]


class Examples(BaseModel):
    """Texts that a check must let pass, and texts that it must not."""

    model_config = FROZEN

    passing: Texts = Field(default=(), alias="pass", description="The check finds nothing in these.")
    failing: Texts = Field(default=(), alias="fail", description="The check finds something in each.")


class FileCheck(BaseModel):
    """Which files are read, and what is asked of them."""

    model_config = FROZEN

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

    @field_validator("forbids", "requires")
    @classmethod
    def _compiles(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None or info.context == KNOWN_GOOD:
            return value
        import regex

        if "\b" in value:
            raise ValueError(
                "holds a backspace, as `\\b` in double quotes is in YAML: write it in single quotes"
            )
        try:
            regex.compile(value, regex.MULTILINE)
        except regex.error as error:
            raise ValueError(f"is no regular expression: {error}") from None
        return value

    @field_validator("json_schema")
    @classmethod
    def _is_schema(
        cls, value: dict[str, JsonValue] | None, info: ValidationInfo
    ) -> dict[str, JsonValue] | None:
        if value is not None and info.context != KNOWN_GOOD:
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
            path_steps(value)
        return value

    @property
    def asked(self) -> list[Any]:
        """What it asks, of which one must be given."""
        return [self.forbids, self.requires, self.json_schema or self.at]


def path_steps(path: str) -> tuple[str | int, ...]:
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
