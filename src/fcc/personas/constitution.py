"""The constitution: the rules that a persona is held to, and how each of them is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
    model_validator,
)

from fcc._check import FROZEN, Examples, FileCheck

Tier = Literal["hard_stop", "mandatory", "preferred"]
Held = Literal["enforced", "judged", "only words", "not classified"]

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
RuleName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=48)]


class Rule(BaseModel):
    """One rule: the text that the model is shown, and how it is held to it.

    It is *enforced* where `check` reads the files and the text of an answer, or `findings` names rules of validators and
    contracts whose findings break it; *judged* where a judge is asked; *only words* where `words` says why neither can
    be. A plain text is a rule that nobody has classified.
    """

    model_config = FROZEN

    rule: Text = Field(description="What the persona must do, or must not; the model is shown this.")
    id: RuleName | None = Field(
        default=None, description="Short and unique in its persona; the findings of the rule are named by it."
    )
    check: FileCheck | None = Field(default=None, description="What is asked of the files and the text.")
    findings: tuple[Text, ...] = Field(
        default=(),
        description="Rules of validators, contracts and checks, or patterns of them: any such finding breaks this one.",
    )
    judged: Text | None = Field(default=None, description="The question that a judge is asked.")
    words: Text | None = Field(default=None, description="Why no code and no judge can hold it.")
    examples: Examples = Field(
        default=Examples(),
        description="Answers in Markdown, with files in fenced blocks, that keep the rule, and others that break it. A quote"
        " at the start of one is the task that it answers.",
    )

    @model_validator(mode="before")
    @classmethod
    def _of_text(cls, value: Any) -> Any:
        return {"rule": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _is_held_one_way(self) -> Rule:
        ways = [bool(self.check or self.findings), bool(self.judged), bool(self.words)]
        if sum(ways) > 1:
            raise ValueError("give `check` or `findings` or both; or `judged`; or `words`")
        if self.check is not None and sum(bool(one) for one in self.check.asked) != 1:
            raise ValueError(
                "a check asks one of `forbids`, `requires`, `schema` (with or without `at`) and `at`"
            )
        if (self.is_enforced or self.judged) and self.id is None:
            raise ValueError("a rule that is enforced or judged needs an `id`, by which findings name it")
        if (self.examples.passing or self.examples.failing) and not self.is_enforced:
            raise ValueError("examples are tried on rules that are enforced, by `check` or `findings`")
        return self

    @model_serializer(mode="wrap")
    def _as_written(self, handler: SerializerFunctionWrapHandler) -> Any:
        dumped = {key: value for key, value in handler(self).items() if value}
        for part in ("check", "examples"):
            held = {key: value for key, value in (dumped.pop(part, None) or {}).items() if value}
            dumped |= {part: held} if held else {}
        return self.rule if set(dumped) <= {"rule"} else dumped

    @property
    def is_enforced(self) -> bool:
        """Whether code holds it."""
        return self.check is not None or bool(self.findings)

    @property
    def held(self) -> Held:
        """How a persona is held to it."""
        if self.is_enforced:
            return "enforced"
        return "judged" if self.judged else "only words" if self.words else "not classified"

    def __str__(self) -> str:
        return self.rule


class Constitution(BaseModel):
    """Rules in three tiers: a hard stop halts, a mandatory rule blocks, a preferred one costs score."""

    model_config = FROZEN

    hard_stop: tuple[Rule, ...] = ()
    mandatory: tuple[Rule, ...] = ()
    preferred: tuple[Rule, ...] = ()

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Constitution:
        ids = [rule.id for _, rule in self.rules() if rule.id]
        twice = next((id_ for id_ in ids if ids.count(id_) > 1), None)
        if twice:
            raise ValueError(f"two rules have the id {twice!r}")
        return self

    def rules(self) -> Iterator[tuple[Tier, Rule]]:
        """Each rule with its tier, the gravest first."""
        yield from (("hard_stop", rule) for rule in self.hard_stop)
        yield from (("mandatory", rule) for rule in self.mandatory)
        yield from (("preferred", rule) for rule in self.preferred)
