"""Who speaks: persona cards and the registry that finds them."""

from fcc.personas.constitution import Constitution, Rule, Tier
from fcc.personas.persona import Collaboration, Deliverable, DocContext, Persona, Riscear
from fcc.personas.reading import ReadingReport
from fcc.personas.registry import PersonaRegistry

__all__ = [
    "Collaboration",
    "Constitution",
    "Deliverable",
    "DocContext",
    "Persona",
    "PersonaRegistry",
    "ReadingReport",
    "Riscear",
    "Rule",
    "Tier",
]
