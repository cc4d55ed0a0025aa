"""The persona: a frozen card that says who speaks, and by which rules.

The field names are those of FCC persona files, so that a file written for FCC loads here unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, PrivateAttr, StringConstraints

from fcc.personas.constitution import Constitution

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Texts = tuple[Text, ...]
Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]

_FROZEN = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Riscear(BaseModel):
    """The R.I.S.C.E.A.R. card: role, inputs, style, constraints, expected output, archetype, responsibilities."""

    model_config = _FROZEN

    role: Text = Field(description="What this persona does, in a sentence or two.")
    inputs: Texts = Field(description="What it works from.")
    style: Text = Field(description="How it writes.")
    constraints: Texts = Field(description="What it never does, or always does.")
    expected_output: Texts = Field(description="What its output consists of.")
    archetype: Text = Field(description="The kind of expert it is, in a few words.")
    responsibilities: Texts = Field(description="What it answers for.")
    role_skills: Texts = Field(default=(), description="What it knows.")
    role_collaborators: Texts = Field(default=(), description="Whom it works with, in words.")
    role_adoption_checklist: Texts = Field(default=(), description="How to tell that the role is in use.")


class Deliverable(BaseModel):
    """One thing that a persona hands over."""

    model_config = _FROZEN

    name: Text
    description: Text


class Collaboration(BaseModel):
    """Whom a persona gives to or takes from."""

    model_config = _FROZEN

    target: Identifier = Field(description="The other persona's id.")
    interaction: Text
    direction: Literal["upstream", "downstream", "peer", "both"]


class DocContext(BaseModel):
    """What documentation says of a persona; in FCC files, also where its constitution stands."""

    model_config = _FROZEN

    primary_action: Text | None = None
    primary_output: Text | None = None
    cli_command: Text | None = None
    example_scenario: Text | None = None
    constitution: Constitution = Constitution()


class Persona(BaseModel):
    """Who speaks."""

    model_config = _FROZEN

    id: Identifier = Field(description="Short and unique, such as PBD.")
    name: Text
    version: int = Field(default=1, ge=1, description="Raise it when a change to the card should be seen.")
    fcc_phase: Text = Field(description="Find, Create, Critique, or a phase of your own.")
    role_title: Text
    category: Text = "core"
    color: str = Field(
        default="#607D8B", pattern=r"^#[0-9A-Fa-f]{6}$", description="For reports, as #RRGGBB."
    )
    riscear: Riscear
    deliverables: tuple[Deliverable, ...] = ()
    collaboration: tuple[Collaboration, ...] = ()
    role_collaborators: Texts = Field(default=(), description="Whom it works with, in words.")
    doc_context: DocContext = DocContext()

    # Carried for FCC files that have them; nothing here reads them.
    champion_of: JsonValue = None
    data_flow: JsonValue = None
    deliverables_schema_version: JsonValue = None
    design_target_factors: JsonValue = None
    dimension_profile: JsonValue = None
    discernment_matrix: JsonValue = None
    open_science_refs: JsonValue = None
    orchestrates: JsonValue = None
    zachman_cell: JsonValue = None

    _aside: Mapping[str, Any] = PrivateAttr(default_factory=dict)

    def model_post_init(self, context: Any, /) -> None:
        """Keep what a lenient reading has set aside, which stands in the context of the validation."""
        if isinstance(context, Mapping):
            self._aside = context.get("unmapped", {})

    @property
    def constitution(self) -> Constitution:
        """The rules that this persona is held to."""
        return self.doc_context.constitution

    @property
    def unmapped(self) -> dict[str, Any]:
        """What the file says of this persona and nothing here reads, by its path; no model is shown it."""
        carried = {name: getattr(self, name) for name in CARRIED}
        return {name: value for name, value in carried.items() if value is not None} | dict(self._aside)

    @property
    def phase(self) -> str:
        """The phase in lower case, as messages name it, such as `find`."""
        return self.fcc_phase.lower()


CARRIED = (
    "champion_of",
    "data_flow",
    "deliverables_schema_version",
    "design_target_factors",
    "dimension_profile",
    "discernment_matrix",
    "open_science_refs",
    "orchestrates",
    "zachman_cell",
)
"""The keys of FCC files that are carried, and that nothing reads."""


class PersonaFile(BaseModel):
    """A persona file: a list of personas."""

    model_config = _FROZEN

    personas: tuple[Persona, ...] = Field(min_length=1)
