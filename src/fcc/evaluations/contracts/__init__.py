"""What must agree between the artifacts of one delivery."""

from fcc.evaluations.contracts.engine import RULES, check_contracts
from fcc.evaluations.contracts.facts import Context, Source
from fcc.evaluations.contracts.rule import Rule

__all__ = ["Context", "RULES", "Rule", "Source", "check_contracts"]  # noqa: RUF022 - in plain order, as everywhere
