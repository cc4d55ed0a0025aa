"""Rules about what must not stand in an artifact: values of secrets, and words to whoever judges it."""

from __future__ import annotations

from collections.abc import Iterator

from fcc.evaluations.contracts.facts import Facts, Instruction, Literal
from fcc.evaluations.contracts.rule import Clash, rule


def _literals(facts: Facts) -> Iterator[Clash]:
    for item in facts.of(Literal):
        yield Clash(
            item.place,
            f"holds the value of a secret: {item.what}",
            "Refer to it (a secret of the workflow, a Secret from an external store) and change it where it was real.",
            None,
            "warning" if item.placeholder else None,
        )


def _instructions(facts: Facts) -> Iterator[Clash]:
    for item in facts.of(Instruction):
        yield Clash(
            item.place,
            f"speaks to whoever reads or judges it: {item.text!r}",
            "Take the words out, and look at where they came from.",
        )


RULES = (
    rule("secret-literal", "error", "Secrets are references", _literals),
    rule("injected-instruction", "error", "Artifacts hold no words to agents or judges", _instructions),
)
