"""Judging text, artifacts and sets of artifacts; judges and gates that are tested themselves."""

from fcc.evaluations.assessor import EvidenceAssessor, TextAssessor
from fcc.evaluations.evaluation import Evaluation
from fcc.evaluations.plugins import validator
from fcc.evaluations.text import explain, score_text
from fcc.evaluations.validation import Validation, validate_artifact
from fcc.simulation import Finding

__all__ = [
    "Evaluation",
    "EvidenceAssessor",
    "Finding",
    "TextAssessor",
    "Validation",
    "explain",
    "score_text",
    "validate_artifact",
    "validator",
]
