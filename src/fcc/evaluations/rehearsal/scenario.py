"""A scenario: the failure that a new revision brings, and what must come of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from fcc import _yaml
from fcc.workspace import show_path

FailureKind = Literal["latency-spike", "crash-loop", "bad-image", "error-burst"]

_FROZEN = ConfigDict(frozen=True, extra="forbid", defer_build=True, allow_inf_nan=False)
_HOUR = 3600


class Failure(BaseModel):
    """What is wrong with the new revision."""

    model_config = _FROZEN

    kind: FailureKind = Field(
        description="latency-spike and error-burst begin when it serves; with crash-loop and bad-image no pod of it "
        "ever gets ready by a readiness probe."
    )
    begins: Literal["start", "rollout"] = Field(
        default="rollout",
        description="latency-spike, error-burst: whether its pods fail from their start, so that a canary can see it, "
        "or only after the rollout.",
    )
    after_seconds: float = Field(
        default=60, ge=0, le=6 * _HOUR, description="How long after the rollout it begins to answer badly."
    )
    p99_seconds: float = Field(
        default=10, gt=0, le=600, description="latency-spike: the 99th percentile of its answers' times."
    )
    error_rate: float = Field(
        default=0.5, gt=0, le=1, description="error-burst: the share of its answers that are errors."
    )
    runs_seconds: float = Field(
        default=20, gt=0, le=_HOUR, description="crash-loop: how long each start lives."
    )

    @property
    def serves(self) -> bool:
        """Whether its pods get ready, and answer badly later."""
        return self.kind in {"latency-spike", "error-burst"}


class Load(BaseModel):
    """What the service is asked, and how it answers while it is well."""

    model_config = _FROZEN

    requests_per_second: float = Field(default=50, gt=0, le=1_000_000)
    p50_seconds: float = Field(default=0.01, gt=0, le=600)
    p99_seconds: float = Field(default=0.04, gt=0, le=600)
    boot_seconds: float = Field(
        default=5, ge=0, le=_HOUR, description="From a container's start until it answers its probes."
    )


class Expectation(BaseModel):
    """What must come of the failure."""

    model_config = _FROZEN

    alert: tuple[str, ...] = Field(
        default=(),
        description="Patterns of alerts, of which one must fire; without any, one that asks for action: with the "
        "label `action`, or critical. Where no pod gets ready, none is needed unless it is named here.",
    )
    alert_within: float = Field(
        default=900, gt=0, le=6 * _HOUR, description="Seconds from the failure until it fires."
    )
    recover_within: float = Field(
        default=600, gt=0, le=6 * _HOUR, description="Seconds from then until the service is well again."
    )


class Scenario(BaseModel):
    """A failure that is played through: a file in `evaluations/` with the key `failure`."""

    model_config = _FROZEN

    name: str = Field(default="", description="By default, that of its file.")
    description: str = ""
    failure: Failure
    load: Load = Field(default_factory=Load)
    expect: Expectation = Field(default_factory=Expectation)


def read_scenario(path: Path) -> Scenario:
    """The scenario in a file.

    Raises:
        InvalidFileError: it is none; every problem with its place.
    """
    scenario = _yaml.build(Scenario, _yaml.read(path, show_path(path)))
    return scenario if scenario.name else scenario.model_copy(update={"name": path.stem})


def scenario_of(name: str, data: Any) -> Scenario:
    """The scenario that a mapping says, named as it is where it has no name.

    Raises:
        pydantic.ValidationError: it is none.
    """
    scenario = Scenario.model_validate(data)
    return scenario if scenario.name else scenario.model_copy(update={"name": name})
