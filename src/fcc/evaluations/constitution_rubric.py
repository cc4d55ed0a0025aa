"""The rubric `constitution`: the judged rules of those who have answered in a run, each asked about their steps only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fcc.evaluations.rubric import Rubric, RubricCriterion
from fcc.personas.constitution import Constitution, Tier
from fcc.simulation import StepRecord

NAME = "constitution"
"""By what name it is asked for."""

_WEIGHTS: dict[Tier, float] = {"hard_stop": 4, "mandatory": 2, "preferred": 1}
_LEVELS = ("broken", "kept")


def constitution_rubric(constitutions: Mapping[str, Constitution], steps: Sequence[StepRecord]) -> Rubric:
    """A criterion for each judged rule, and one for all that code holds.

    A hard stop weighs four, a mandatory rule two, a preferred one one: a choice of ours.

    Args:
        constitutions: those of the run's personas, by id.
        steps: what has been delivered.
    """
    held = RubricCriterion(
        name="rules that code holds",
        evidence="findings",
        rules=("hard-stop-*", "mandatory-*", "preferred-*"),
        weight=_WEIGHTS["hard_stop"],
    )
    judged = [
        RubricCriterion(
            name=f"{persona} {rule.id}",
            description=rule.rule,
            evidence="judge",
            question=f"The rule is: {rule.rule}. {rule.judged}",
            areas=areas,
            levels=_LEVELS,
            weight=_WEIGHTS[tier],
        )
        for persona, constitution in constitutions.items()
        if (areas := tuple(step.name for step in steps if step.persona == persona))
        for tier, rule in constitution.rules()
        if rule.judged
    ]
    return Rubric(name=NAME, description="What personas are held to.", criteria=(held, *judged))
