"""The run record: one frozen, versioned JSON document that says everything about a run."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from fcc._version import __version__
from fcc.errors import ConfigError, FccError, NotFoundError
from fcc.providers.base import ModelReply, ModelRequest
from fcc.redaction import redact
from fcc.simulation.artifacts import Artifact
from fcc.simulation.verdict import Finding, Verdict

if TYPE_CHECKING:
    from pydantic import BaseModel, TypeAdapter

    M = TypeVar("M", bound=BaseModel)

SCHEMA: Final = "fcc.run/1"

RunStatus = Literal["running", "completed", "failed", "interrupted", "stopped", "waiting"]
"""`stopped`: at a limit; `waiting`: for an approval. All but `completed` can be resumed."""
StepStatus = Literal["completed", "failed", "skipped", "closed", "waiting"]
"""`closed` and `waiting` are a gate's: it does not let the run on, or nobody has decided yet."""


@cache
def _environment() -> dict[str, str]:
    return {"fcc": __version__, "python": platform.python_version(), "platform": platform.system()}


@dataclass(frozen=True, slots=True)
class ErrorRecord:
    """An error as it is kept: redacted, without a traceback."""

    code: str
    message: str
    hint: str = ""

    @classmethod
    def of(cls, error: FccError) -> ErrorRecord:
        """The error, with every secret taken out."""
        return cls(error.code, redact(error.message), redact(error.hint))


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One model call: what was sent, and what came back or went wrong."""

    id: str
    """`step/item/round/call/sample`."""
    key: str
    """The content key of the call (`fcc.providers.keys.call_key`)."""
    backend: str
    """The identity of the provider."""
    fingerprints: Mapping[str, Any]
    """SHA-256 of what the messages came from: persona, template, inputs, each upstream output, hand-off."""
    request: ModelRequest
    reply: ModelReply | None
    error: ErrorRecord | None = None
    reused_from: str = ""
    """The run that paid for the reply, where it was another one."""
    score: float | None = None
    """Where the step was asked again: how this reply was scored."""
    findings: tuple[Finding, ...] = ()
    """Where the step was asked again: what was found of this reply."""

    @property
    def round(self) -> int:
        """Which round of its step this is, from 0."""
        return int(self.id.split("/")[2])

    @property
    def origin(self) -> str:
        """Where the reply came from; "" where there is none."""
        return self.reply.origin if self.reply is not None else ""

    @property
    def paid(self) -> bool:
        """Whether this run has asked a model and got a reply: none that another run, or a recording, has paid for."""
        return self.reply is not None and self.reply.origin not in {"ledger", "recorded"}


@dataclass(frozen=True, slots=True)
class Approval:
    """What a person said at a gate."""

    gate: str
    approved: bool
    by: str
    at: str
    """ISO 8601, UTC."""
    evidence: str
    """SHA-256 of what it was said on; the approval lapses when that changes."""
    reason: str = ""
    via: str = "command"
    """Where it was said: `terminal`, `command`, or a name of your own."""


@dataclass(frozen=True, slots=True)
class GateRecord:
    """How a gate was decided, by whom, and on what."""

    decision: Literal["open", "closed", "waiting"]
    evidence: str
    """SHA-256 of the question, the inputs, and what the gate needs: outputs, scores, findings."""
    by: str = ""
    """A person's name, or the policy's."""
    at: str = ""
    reason: str = ""
    question: str = ""
    via: str = "policy"


@dataclass(frozen=True, slots=True)
class HandoffRecord:
    """One output as a step was given it."""

    source: str
    kept: int
    """Characters that were handed on."""
    lost: int
    """Characters that were cut."""


INVALID_OUTPUT: Final = "invalid-output"
"""The code of a step whose model answered, and whose answer does not fit its schema."""

INVALID_INPUTS: Final = "invalid-inputs"
"""The code of a step that takes inputs from another, whose data are not what they must be."""

HALTED: Final = "halted"
"""The code of a step that was not run since it rests on a broken hard stop."""

PASSED_OVER = ("condition", "event", "gate", HALTED)
"""The codes of steps that were not run on purpose: `when` did not hold, no event came, a gate is closed, a hard stop
is broken."""


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One agent's turn."""

    name: str
    persona: str
    status: StepStatus
    started: str = ""
    finished: str = ""
    handoffs: tuple[HandoffRecord, ...] = ()
    calls: tuple[CallRecord, ...] = ()
    output: str = ""
    artifacts: tuple[Artifact, ...] = ()
    findings: tuple[Finding, ...] = ()
    score: float | None = None
    error: ErrorRecord | None = None
    """Why it failed or was skipped."""
    step: str = ""
    """The step's name in the chain, where `name` says environment and item, too."""
    environment: str = ""
    gate: GateRecord | None = None
    """How it was decided, where this is a gate."""
    data: Any = None
    """The JSON value of the output, where the step says by a schema which form it has."""
    unchecked: tuple[str, ...] = ()
    """What of its artifacts could not be checked, and why."""
    rehearsal: bool = False
    """Whether it ran files through the simulated cluster, and asked no model."""

    @property
    def task(self) -> str:
        """What was asked for, as it was sent first; "" where nothing was."""
        sent = self.calls[0].request.messages if self.calls else ()
        return next((message.content for message in sent if message.role == "user"), "")

    def parsed(self, model: type[M]) -> M:
        """The output as a pydantic model.

        Raises:
            pydantic.ValidationError: it does not fit, or the step has no schema.
        """
        return model.model_validate(self.data)

    @property
    def unanswered(self) -> bool:
        """Whether it failed since no model answered: asking again may help."""
        known = self.error is not None and self.error.code in {INVALID_OUTPUT, INVALID_INPUTS}
        return self.status == "failed" and not known

    @property
    def counts(self) -> bool:
        """Whether the verdict asks for its score: not of a gate, nor of what was passed over on purpose."""
        passed_over = self.error is not None and self.error.code in PASSED_OVER
        return self.gate is None and not (self.status == "skipped" and passed_over)

    @property
    def model(self) -> str:
        """The model that answered last; "" where none did."""
        replies = [call.reply.model for call in self.calls if call.reply is not None]
        return replies[-1] if replies else ""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run of a chain; evaluations and reports read only this."""

    id: str
    chain: Mapping[str, Any]
    """The chain as it was resolved, as in its file."""
    personas: Mapping[str, Any]
    """Each persona's card, by id."""
    prompts: Mapping[str, Any]
    """Each template's version and text, by name."""
    policy: Mapping[str, Any]
    inputs: Mapping[str, Any]
    models: Mapping[str, str]
    """The identity of the provider of each step."""
    status: RunStatus
    started: str
    """ISO 8601, UTC."""
    finished: str = ""
    steps: tuple[StepRecord, ...] = ()
    findings: tuple[Finding, ...] = ()
    """What does not agree between steps that none of them rests on; the rest is among the steps' own."""
    verdict: Verdict | None = None
    """None as long as the run is not completed."""
    asked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The model that each step asks, by the name that it was given, and the ones it falls back to."""
    profiles: Mapping[str, Any] = field(default_factory=dict)
    """The profiles that those names stand for."""
    policies: Mapping[str, Any] = field(default_factory=dict)
    """The policies that gates and environments name."""
    scenarios: Mapping[str, Any] = field(default_factory=dict)
    """What each scenario says that a rehearsal names."""
    documents: Mapping[str, Any] = field(default_factory=dict)
    """The documents of the events that came, by the event's name."""
    limits: Mapping[str, Any] = field(default_factory=dict)
    reuse: tuple[str, ...] = ()
    """The runs whose replies this one may use."""
    approvals: tuple[Approval, ...] = ()
    cassette: str = ""
    """The cassette that answered, where the run is a replay."""
    error: ErrorRecord | None = None
    """Why the run failed or stopped."""
    environment: Mapping[str, str] = field(default_factory=lambda: dict(_environment()))
    schema: Literal["fcc.run/1"] = SCHEMA

    def step(self, name: str) -> StepRecord:
        """The record of one step.

        Raises:
            KeyError: no step of that name has run.
        """
        for step in self.steps:
            if step.name == name:
                return step
        raise KeyError(name)

    @property
    def outputs(self) -> dict[str, str]:
        """The text of every completed step, by name."""
        return {step.name: step.output for step in self.steps if step.status == "completed"}

    @property
    def cost(self) -> float | None:
        """US dollars for all calls that this run paid for; None as soon as one of them is unknown."""
        total = 0.0
        for call in self.calls:
            if call.reply is not None and call.paid:
                if call.reply.cost is None:
                    return None
                total += call.reply.cost
        return total

    @property
    def calls(self) -> list[CallRecord]:
        """Every model call, step by step."""
        return [call for step in self.steps for call in step.calls]

    @property
    def waiting(self) -> list[StepRecord]:
        """The gates at which nobody has decided yet."""
        return [step for step in self.steps if step.status == "waiting"]

    def to_json(self) -> str:
        """The record as indented JSON, as `run.json` holds it."""
        from pydantic_core import to_json

        return to_json(self, indent=2).decode() + "\n"

    @classmethod
    def from_json(cls, text: str, name: str = "run.json") -> RunRecord:
        """The record in a JSON text.

        Raises:
            ConfigError: it is no record, is damaged, or was written by a newer version.
        """
        from pydantic import ValidationError

        try:
            return _adapter().validate_json(text)
        except ValidationError as error:
            raise ConfigError(f"{name} is no run record of this version: {_why(error)}", hint=_HINT) from None

    @classmethod
    def read(cls, path: Path) -> RunRecord:
        """The record in a file; errors as `from_json`, and NotFoundError where there is no such file."""
        if not path.is_file():
            raise NotFoundError(
                f"there is no run record at {path}", hint="See what there is: fcc-agents list runs"
            )
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeError) as error:
            raise ConfigError(f"cannot read {path}: {error}", hint=_HINT) from error
        return cls.from_json(text, str(path))


_HINT = "A record is `run.json` in a run's folder, written by this version or an older one."


def record_schema() -> dict[str, Any]:
    """The JSON Schema of a run record."""
    return _adapter().json_schema()


def timestamp(seconds: float) -> str:
    """Seconds since 1970 as ISO 8601 in UTC, to the millisecond: `2026-01-31T09:00:00.000Z`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@cache
def _adapter() -> TypeAdapter[RunRecord]:
    from pydantic import TypeAdapter

    return TypeAdapter(RunRecord)


def _why(error: Any) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where}: {first['msg']}" if where else str(first["msg"])


__all__ = [
    "PASSED_OVER",
    "SCHEMA",
    "Approval",
    "CallRecord",
    "ErrorRecord",
    "GateRecord",
    "HandoffRecord",
    "RunRecord",
    "RunStatus",
    "StepRecord",
    "StepStatus",
    "record_schema",
    "timestamp",
]
