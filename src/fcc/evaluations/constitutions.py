"""Constitutions that are executed: which rules of a persona an answer and its files break. Pure.

A rule with a `check` is tried on each file that the check reads, and on the text; a rule with `findings` is broken by
each finding of another check that it names. A rule that is broken gives one finding for each file, at the first place
in it, whose `related` are the other places.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache
from typing import NamedTuple

from fcc._check import FileCheck
from fcc.evaluations.checks import Check, OwnCheck
from fcc.evaluations.validators.check import NotCheckedError
from fcc.personas.constitution import Constitution, Rule, Tier
from fcc.simulation import Delivery, Finding, Place
from fcc.simulation.tiers import HARD_STOP, MANDATORY, PREFERRED, PREFERRED_COSTS, lowered
from fcc.simulation.verdict import Severity


class Consequence(NamedTuple):
    """What it comes to that a rule of a tier is broken."""

    prefix: str
    severity: Severity
    words: str
    hint: str


CONSEQUENCES: Mapping[Tier, Consequence] = {
    "hard_stop": Consequence(
        HARD_STOP,
        "error",
        "a hard stop",
        "Nothing that rests on it is run, and nobody can waive it: mend it, or ask for something else.",
    ),
    "mandatory": Consequence(
        MANDATORY,
        "error",
        "a mandatory rule",
        "Mend it; or waive it in evaluations/, with an owner, a reason and the day on which that ends.",
    ),
    "preferred": Consequence(
        PREFERRED, "warning", "a preferred rule", f"It costs {PREFERRED_COSTS:g} of the step's score."
    ),
}
"""By tier: with what the findings begin, how severe they are, and what to do."""

_READABLE = 48
"""How many characters of a pattern are read at a glance."""

_RANK: dict[Severity, int] = {"advice": 0, "warning": 1, "error": 2}


class Broken(NamedTuple):
    """Which rules are broken, and which of them could not be tried."""

    findings: tuple[Finding, ...] = ()
    failed: tuple[str, ...] = ()
    """Why, each reason once."""


def rule_id(tier: Tier, persona: str, rule: Rule) -> str:
    """What the findings of a rule are called: `hard-stop-dve-no-root`."""
    return f"{CONSEQUENCES[tier].prefix}{persona.lower()}-{rule.id}"


def broken_rules(constitution: Constitution, delivery: Delivery, findings: Iterable[Finding]) -> Broken:
    """Which enforced rules of a persona its delivery breaks.

    The text is read as the file `outputs/<step>.md` of the kind `markdown`, without its files; only what a rule
    `requires` may stand anywhere in it.

    Args:
        constitution: the persona's.
        delivery: the answer with its files.
        findings: what other checks have found on them, before anything is waived.
    """
    known, persona = tuple(findings), delivery.persona
    found: list[Finding] = []
    failed: dict[str, None] = {}
    for tier, rule in constitution.rules():
        try:
            checked = _by_check(rule_id(tier, persona, rule), rule, delivery) if rule.check else []
        except NotCheckedError as error:
            failed[str(error)] = None
            checked = []
        broken = [*_by_findings(rule, known), *checked]
        found += _one_for_each_file(tier, persona, rule, broken)
    return Broken(tuple(found), tuple(failed))


def broken_by_findings(
    constitution: Constitution, persona: str, findings: Iterable[Finding]
) -> tuple[Finding, ...]:
    """Which rules of a persona are broken by findings on its files, those that a rule has doubts about left out."""
    known = tuple(findings)
    return tuple(
        finding
        for tier, rule in constitution.rules()
        for finding in _one_for_each_file(tier, persona, rule, _by_findings(rule, known))
    )


def _by_findings(rule: Rule, findings: Iterable[Finding]) -> Iterator[tuple[Finding, str]]:
    for finding in findings:
        if any(fnmatchcase(finding.rule, pattern) for pattern in rule.findings) and not _is_doubtful(finding):
            yield finding, f"by {finding.rule}: {finding.message}"


def _is_doubtful(finding: Finding) -> bool:
    """Whether a contract calls it less than it calls a clash that is sure, such as a placeholder where a secret stands.

    Of validators, whose rules have one severity each, it is advice: some only comes from tools that a run does not ask.
    """
    return _RANK[finding.severity] < _RANK[_severities().get(finding.rule, "warning")]


@cache
def _severities() -> dict[str, Severity]:
    from fcc.evaluations.contracts import RULES

    return {rule.id: rule.severity for rule in RULES}


def _by_check(name: str, rule: Rule, delivery: Delivery) -> list[tuple[Finding, str]]:
    check = rule.check
    if check is None:
        return []
    own = OwnCheck(name, _check(check))
    return [
        (finding, _detail(check, finding))
        for file, kind, text in _files(delivery, whole=check.requires is not None)
        for finding in own.findings(file, kind, text)
    ]


def _files(delivery: Delivery, *, whole: bool) -> Iterator[tuple[str, str, str]]:
    from fcc.evaluations.assessor import file_of, without_files

    text = delivery.output if whole else without_files(delivery)
    yield f"outputs/{delivery.step}.md", "markdown", text
    for artifact in delivery.artifacts:
        yield file_of(delivery.step, artifact), artifact.kind, artifact.content


def _check(check: FileCheck) -> Check:
    """The check with an empty message, which says what is found and no more; its fields were validated with the rule."""
    return Check.model_construct(
        message="", **{name: getattr(check, name) for name in FileCheck.model_fields}
    )


def _detail(check: FileCheck, finding: Finding) -> str:
    """What a check has found, in words."""
    if check.forbids is not None:
        return f"{_pattern(check.forbids)} is found"
    if check.requires is not None:
        return f"{_pattern(check.requires)} is not found"
    return finding.message.strip().removeprefix("(").removesuffix(")")


def _pattern(pattern: str) -> str:
    """A pattern that can be read at a glance; what it found is not quoted, for it may be a secret."""
    return f"`{pattern}`" if len(pattern) <= _READABLE else "what its pattern describes"


def _one_for_each_file(
    tier: Tier, persona: str, rule: Rule, broken: Iterable[tuple[Finding, str]]
) -> Iterator[Finding]:
    by_file: dict[str, list[tuple[Finding, str]]] = {}
    for finding, detail in broken:
        by_file.setdefault(finding.file, []).append((finding, detail))
    meaning = CONSEQUENCES[tier]
    for several in by_file.values():
        (first, detail), *others = sorted(several, key=lambda item: item[0].line)
        places = [*first.related, *(Place(other.file, other.line) for other, _ in others)]
        more = f", and {len(others)} more" if others else ""
        yield replace(
            first,
            rule=rule_id(tier, persona, rule),
            severity=meaning.severity,
            message=f"{persona} breaks {meaning.words}, {_quoted(rule)} ({detail}{more})",
            hint=meaning.hint,
            related=tuple(dict.fromkeys(places)),
        )


def _quoted(rule: Rule) -> str:
    return f'"{rule.rule}"'


__all__ = [
    "CONSEQUENCES",
    "PREFERRED_COSTS",
    "Broken",
    "Consequence",
    "broken_by_findings",
    "broken_rules",
    "lowered",
    "rule_id",
]
