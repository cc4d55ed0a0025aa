"""What steers a chain: conditions, refinement, gates, approvals, environments, events, limits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    field_validator,
    model_validator,
)

from fcc import _yaml
from fcc.errors import InvalidFileError
from fcc.providers.schema import references, referred
from fcc.workspace import show_path

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
InputName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
StepName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]

FROZEN = ConfigDict(frozen=True, extra="forbid", defer_build=True)

Outcome = Literal["allow", "deny", "ask"]


class ReadinessPolicy(BaseModel):
    """From which scores on an area is READY, and the whole is APPROVED."""

    model_config = FROZEN

    description: str = ""
    ready_at: float = Field(
        default=0.6, ge=0, le=1, description="An area with at least this score reads READY."
    )
    approve_at: float = Field(default=0.5, ge=0, le=1, description="Every area must score at least this.")

    @classmethod
    def from_file(cls, path: Path) -> ReadinessPolicy:
        """The policy in a YAML file; errors as `fcc._yaml.read` and `fcc._yaml.build`."""
        return _yaml.build(cls, _yaml.read(path, show_path(path)))


class GateRule(BaseModel):
    """One rule of a gate: what happens where its condition holds."""

    model_config = FROZEN

    allow: str | None = Field(default=None, description="The gate opens where this holds.")
    deny: str | None = Field(default=None, description="The gate closes where this holds.")
    ask: str | None = Field(default=None, description="A person is asked where this holds.")
    reason: str = Field(default="", description="What is said and recorded when the rule decides.")

    @model_validator(mode="after")
    def _one_outcome(self) -> GateRule:
        if sum(condition is not None for condition in (self.allow, self.deny, self.ask)) != 1:
            raise ValueError("give one of `allow`, `deny` and `ask`, each with its condition")
        return self

    @property
    def outcome(self) -> Outcome:
        """What the rule says where its condition holds."""
        return "allow" if self.allow is not None else "deny" if self.deny is not None else "ask"

    @property
    def condition(self) -> str:
        """When it says so."""
        return self.allow or self.deny or self.ask or ""


class GatePolicy(BaseModel):
    """Rules by which a gate opens or closes: the first whose condition holds decides.

    A condition may use `score` (the lowest of what the gate needs), `errors` and `warnings` (how many findings),
    `hard_stops`, `mandatory` and `preferred` (how many of them say that a constitution's rule is broken), `rules` (the
    findings' ids), `environment`, `inputs.…`, and `outputs.STEP.…` of what it rests on, however far back.
    """

    model_config = FROZEN

    description: str = ""
    rules: tuple[GateRule, ...] = Field(
        min_length=1,
        description="The first whose condition holds decides. Known in it: score, errors, warnings, hard_stops,"
        " mandatory, preferred, rules, environment, inputs.NAME, events.NAME, outputs.STEP.….",
    )
    otherwise: Outcome | None = Field(
        default=None,
        description="What happens where no rule holds: by default a gate denies, an approval asks.",
    )


Policy: TypeAlias = ReadinessPolicy | GatePolicy


def read_policy(path: Path) -> Policy:
    """The policy in a file of `evaluations/`: a gate's where it has `rules`, else one of readiness.

    Raises:
        InvalidFileError: it is no policy.
    """
    document = _yaml.read(path, show_path(path))
    for key, noun in (
        ("checks", "file of checks"),
        ("criteria", "rubric"),
        ("waivers", "file of waivers"),
        ("failure", "scenario"),
    ):
        if isinstance(document.data, dict) and key in document.data:
            raise InvalidFileError([document.problem((key,), f"this is a {noun}, and no policy")])
    if isinstance(document.data, dict) and "rules" in document.data:
        return _yaml.build(GatePolicy, document)
    return _yaml.build(ReadinessPolicy, document)


class Approve(BaseModel):
    """A person decides, or a policy in their place."""

    model_config = FROZEN

    question: str = Field(min_length=1, description="What is asked.")
    policy: Name | GatePolicy | None = Field(
        default=None, description="Decides without a person where one of its rules allows or denies."
    )


class Until(BaseModel):
    """Critique and refine: the step is asked again, with the findings, until the condition holds."""

    model_config = FROZEN

    condition: str = Field(
        description="May use `score`, `errors`, `warnings`, `rules` (the findings' ids), `text`, `round` and `inputs.…`."
    )
    rounds: int = Field(default=2, ge=1, le=20, description="How often it is asked again at most.")
    prompt: Name = Field(default="refine", description="The template by which it is asked again.")


class OutputRule(BaseModel):
    """What form a step's answer must have: it is asked for, checked, and asked for once more where it does not fit."""

    model_config = FROZEN | ConfigDict(serialize_by_alias=True)

    json_schema: dict[str, JsonValue] = Field(
        alias="schema", description="A JSON Schema, draft 2020-12. In Python, a pydantic model will do."
    )

    @field_validator("json_schema", mode="before")
    @classmethod
    def _of_model(cls, value: Any) -> Any:
        if isinstance(value, type) and issubclass(value, BaseModel):
            return value.model_json_schema()
        return value

    @field_validator("json_schema")
    @classmethod
    def _is_schema(cls, value: dict[str, JsonValue]) -> dict[str, JsonValue]:
        from jsonschema import Draft202012Validator, SchemaError

        try:
            Draft202012Validator.check_schema(value)
        except SchemaError as error:
            raise ValueError(f"is no JSON Schema: {error.json_path}: {error.message}") from None
        for reference in references(value):
            if not reference.startswith("#"):
                raise ValueError(f"refers to {reference!r}; only `#/…`, a part of itself, is followed")
            is_schema = isinstance(referred(value, reference), dict | bool)
            if not is_schema:
                raise ValueError(f"refers to {reference!r}, which it does not hold")
        return value


class Limits(BaseModel):
    """What may be spent. When a limit is reached the run stops, can be resumed, and the command returns 5."""

    model_config = FROZEN

    max_cost: float | None = Field(default=None, gt=0, description="US dollars.")
    max_tokens: int | None = Field(default=None, ge=1, description="Tokens, sent and received.")
    max_calls: int | None = Field(default=None, ge=0, description="Model calls.")
    timeout: float | None = Field(default=None, gt=0, description="Seconds.")


class RunLimits(Limits):
    """What a whole run may spend, and how much of it happens at once."""

    concurrency: int = Field(default=8, ge=1, le=1000, description="How many steps run at once at most.")


class Environment(BaseModel):
    """One stage of a promotion: the chain's steps once more, with inputs of its own."""

    model_config = FROZEN

    description: str = ""
    inputs: dict[InputName, JsonValue] = Field(
        default_factory=dict, description="Values of the chain's inputs that differ here."
    )
    readiness: Name | ReadinessPolicy | None = Field(
        default=None, description="By which this environment is ready; without one, by the chain's."
    )
    gate: Name | GatePolicy | None = Field(default=None, description="A policy that must let the run in.")
    approve: Approve | None = Field(default=None, description="A person who must let the run in.")


class ChainEvent(BaseModel):
    """Something that happens outside, told by a document, that starts a branch."""

    model_config = FROZEN

    description: str = ""
