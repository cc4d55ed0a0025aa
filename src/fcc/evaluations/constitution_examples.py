"""Rules of constitutions tried on their examples, for whoever writes personas."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import NamedTuple

from fcc.evaluations.checks import OwnCheck
from fcc.evaluations.constitutions import broken_rules, rule_id
from fcc.evaluations.rule_ids import FAMILIES, known_rules
from fcc.evaluations.validation import KINDS
from fcc.personas import Persona
from fcc.personas.constitution import Constitution, Held, Rule, Tier
from fcc.simulation import Delivery, extract_artifacts

_STEP = "example"


class ExampleOutcome(NamedTuple):
    """What one example of a rule came to."""

    example: str
    """`pass 1`, `fail 2`: which of its examples."""
    holds: bool
    """Whether the rule is kept by one that must pass, and broken by one that must fail."""
    reason: str
    """What was found."""


class RuleResult(NamedTuple):
    """One rule of a persona: how it is held, and whether its examples show that it is."""

    persona: str
    tier: Tier
    rule: Rule
    finding: str
    """The rule of its findings, such as `hard-stop-dve-no-root`; "" where nothing can find it."""
    held: Held
    examples: tuple[ExampleOutcome, ...] = ()
    problems: tuple[str, ...] = ()
    """What is wrong with the rule itself, whatever its examples come to."""

    @property
    def holds(self) -> bool:
        """Whether every example is as it should be, and nothing is wrong with the rule."""
        return not self.problems and all(example.holds for example in self.examples)


def try_constitution(persona: Persona, checks: Sequence[OwnCheck] = ()) -> list[RuleResult]:
    """Every rule of a persona, the gravest first, tried on its examples.

    An example is judged as an answer of that persona: its text and the files in it, by validators, contracts and the
    workspace's own checks. A Markdown quote with which it begins is what was asked for, and no part of the answer.
    """
    return [_tried(persona, tier, rule, checks) for tier, rule in persona.constitution.rules()]


def _tried(persona: Persona, tier: Tier, rule: Rule, checks: Sequence[OwnCheck]) -> RuleResult:
    groups = (("pass", rule.examples.passing), ("fail", rule.examples.failing))
    outcomes = tuple(
        _outcome(persona.id, tier, rule, f"{wanted} {number}", text, checks)
        for wanted, examples in groups
        for number, text in enumerate(examples, start=1)
    )
    name = rule_id(tier, persona.id, rule) if rule.id else ""
    return RuleResult(persona.id, tier, rule, name, rule.held, outcomes, tuple(_problems(rule, checks)))


def _outcome(
    persona: str, tier: Tier, rule: Rule, example: str, text: str, checks: Sequence[OwnCheck]
) -> ExampleOutcome:
    alone = Constitution.model_validate({tier: (rule,)})
    task, answer = _parts(text)
    own = Delivery(_STEP, task, answer, extract_artifacts(answer), persona=persona)
    broken = broken_rules(alone, own, ())
    found = broken.findings
    if rule.findings and not found:
        from fcc.evaluations.assessor import EvidenceAssessor

        assessor = EvidenceAssessor(checks, constitutions={persona: alone})
        every = (*assessor.assess(own).findings, *assessor.agree([own], {}))
        found = tuple(finding for finding in every if finding.rule == rule_id(tier, persona, rule))
    if broken.failed:
        return ExampleOutcome(example, holds=False, reason=broken.failed[0])
    reason = found[0].message if found else "the rule is not broken"
    return ExampleOutcome(example, bool(found) is example.startswith("fail"), reason)


def _parts(example: str) -> tuple[str, str]:
    """What was asked for, and the answer: a quote (`> …`) with which an example begins is its task."""
    lines = example.split("\n")
    quoted = next((at for at, line in enumerate(lines) if not line.startswith(">")), len(lines))
    return "\n".join(line[1:].strip() for line in lines[:quoted]), "\n".join(lines[quoted:])


def _problems(rule: Rule, checks: Sequence[OwnCheck]) -> Iterator[str]:
    if rule.held == "not classified":
        yield "nobody has said how it is held: give `check`, `findings`, `judged` or `words`"
    if rule.is_enforced:
        if not rule.examples.passing:
            yield "no example shows an answer that keeps it: `examples: {pass: […]}`"
        if not rule.examples.failing:
            yield "no example shows an answer that breaks it: `examples: {fail: […]}`"
    known = [*known_rules(), *(check.name for check in checks)]
    for pattern in rule.findings:
        if not any(fnmatchcase(name, pattern) for name in known) and not pattern.startswith(FAMILIES):
            yield f"`findings` names {pattern!r}, and no rule is called so{_near(pattern, known)}"
    for kind in rule.check.kinds if rule.check is not None else ():
        near = _near(kind, [*KINDS, "markdown"]) if kind not in KINDS else ""
        if near:
            yield f"`kinds` names {kind!r}, which is none{near}"


def _near(word: str, known: Sequence[str]) -> str:
    near = get_close_matches(word, known, 1, cutoff=0.75)
    return f"; did you mean {near[0]!r}?" if near and near[0] != word else ""


__all__ = ["ExampleOutcome", "RuleResult", "try_constitution"]
