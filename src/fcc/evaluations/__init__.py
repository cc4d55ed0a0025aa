"""Judging text, artifacts and sets of artifacts; judges and gates that are tested themselves."""

from fcc.evaluations.assessor import EvidenceAssessor, TextAssessor
from fcc.evaluations.plugins import validator
from fcc.evaluations.text import explain, score_text
from fcc.evaluations.validation import validate_artifact

__all__ = [
    "EvidenceAssessor",
    "TextAssessor",
    "explain",
    "score_text",
    "validate_artifact",
    "validator",
]
