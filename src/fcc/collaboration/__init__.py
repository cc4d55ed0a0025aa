"""How work is judged between people and agents: the scorer of readiness checks, and gates."""

from fcc.collaboration.gates import PolicyGate
from fcc.collaboration.scoring import ScoringEngine

__all__ = ["PolicyGate", "ScoringEngine"]
