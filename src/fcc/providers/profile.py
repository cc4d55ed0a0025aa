"""A profile: everything that calling one model needs, but for the key itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from fcc import _yaml
from fcc.providers.base import Sampling
from fcc.redaction import note_secret
from fcc.workspace import show_path

_FROZEN = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class SamplingProfile(BaseModel):
    """How the model picks its words; what is left out is the model's own default."""

    model_config = _FROZEN

    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1)
    seed: int | None = None
    stop: tuple[str, ...] = ()


class PriceProfile(BaseModel):
    """US dollars for a million tokens, where LiteLLM does not know the model's price."""

    model_config = _FROZEN

    input_per_million: float = Field(ge=0)
    output_per_million: float = Field(ge=0)


class LimitsProfile(BaseModel):
    """How fast the model may be asked; all runs of one process share it."""

    model_config = _FROZEN

    concurrency: int | None = Field(default=None, ge=1, description="Calls at once.")
    requests_per_minute: float | None = Field(default=None, gt=0)
    tokens_per_minute: float | None = Field(default=None, gt=0)


class Profile(BaseModel):
    """One model, by a name of your own. It names the variable that holds the key, never the key."""

    model_config = _FROZEN

    description: str = ""
    model: str = Field(min_length=1, description="A LiteLLM model string, such as openai/gpt-4.1-mini.")
    api_base: Annotated[str, StringConstraints(pattern=r"^https?://[^\s@]+$")] | None = Field(
        default=None, description="The server's URL, up to and with /v1; without one, the model's own."
    )
    api_key_env: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = Field(
        default=None, description="The name of the environment variable that holds the key."
    )
    sampling: SamplingProfile = SamplingProfile()
    timeout: float = Field(default=60.0, gt=0, le=3600, description="Seconds that one attempt may take.")
    attempts: int = Field(
        default=4, ge=1, le=10, description="How often a call is tried, the first time included."
    )
    retry_for: float = Field(
        default=20.0, ge=0, le=3600, description="Seconds after which no new attempt starts."
    )
    price: PriceProfile | None = None
    schemas: bool | None = Field(
        default=None,
        description="Whether the server has a mode of its own for JSON Schemas; by default what LiteLLM reports.",
    )
    limits: LimitsProfile | None = None

    def model_post_init(self, _context: Any) -> None:
        """What the profile names as the place of its key is a secret from now on, whatever it is called."""
        if self.api_key_env is not None:
            note_secret(self.api_key_env)

    @classmethod
    def from_file(cls, path: Path) -> Profile:
        """The profile in a YAML file; errors as `fcc._yaml.read` and `fcc._yaml.build`."""
        return _yaml.build(cls, _yaml.read(path, show_path(path)))

    def to_sampling(self) -> Sampling:
        """The sampling as a request carries it."""
        return Sampling(**self.sampling.model_dump())
