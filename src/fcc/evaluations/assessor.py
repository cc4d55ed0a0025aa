"""What a run asks of `evaluations`: the score and the findings of a step, and what does not agree between steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from fcc.evaluations.text import explain
from fcc.simulation import Artifact, Assessment, Delivery, Finding
from fcc.simulation.tiers import is_of

if TYPE_CHECKING:
    from fcc.evaluations.checks import OwnCheck
    from fcc.evaluations.validation import Validation
    from fcc.evaluations.waivers import Waiving
    from fcc.personas.constitution import Constitution


_AGAIN = {
    "truncated": "Raise max_tokens, or ask for less at once.",
    "off-topic": "Check that the task reaches the model: fcc-agents show RUN; the prompt is in the record.",
    "prompt-echo": "Use a model that follows instructions, or shorten the prompt.",
    "judge-attack": "Read the reply: it addresses whoever judges it.",
    "placeholders": "Ask again with `until: {condition: warnings == 0}`, or fill them in.",
}
"""What to do where a gate trips."""


class TextAssessor:
    """Scores an output as text, with its task; a gate that it trips is a finding."""

    def assess(self, own: Delivery) -> Assessment:
        """The output's score, from 0 to 1, and a warning for each sign that it is broken; 1 for one that fits its schema."""
        if own.fits:
            return Assessment(1.0)
        explanation = explain(own.output, own.task)
        findings = tuple(
            Finding(
                f"text-{gate.name}",
                "warning",
                f"the text looks broken: {gate.evidence}",
                f"outputs/{own.step}.md",
                hint=_AGAIN.get(gate.name, "Ask again, or change the task: see the reply in outputs/."),
            )
            for gate in explanation.gates
            if gate.tripped
        )
        return Assessment(explanation.score, findings)

    def agree(self, delivered: Sequence[Delivery], inputs: Mapping[str, Any]) -> tuple[Finding, ...]:  # noqa: ARG002 - texts only
        """Nothing: a text by itself agrees with everything."""
        return ()

    def vary(
        self,
        delivered: Mapping[str, Sequence[Delivery]],  # noqa: ARG002 - texts only
        inputs_in: Mapping[str, Mapping[str, Any]],  # noqa: ARG002
    ) -> tuple[Finding, ...]:
        """Nothing: texts may differ from environment to environment."""
        return ()


class Ignoring:
    """Leaves findings out by their rules, and counts them."""

    def __init__(self, rules: Sequence[str] = ()) -> None:
        self._rules = tuple(rules)
        self._left_out: set[Finding] = set()

    def kept(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """The findings that count."""
        if not self._rules:
            return tuple(findings)
        kept = []
        for finding in findings:
            if any(fnmatchcase(finding.rule, rule) for rule in self._rules):
                self._left_out.add(finding)
            else:
                kept.append(finding)
        return tuple(kept)

    def validation(self, found: Validation) -> Validation:
        """The same of one file; one that is left without an error, and was looked at, is valid."""
        kept = tuple(
            item for item in found.findings if not any(fnmatchcase(item.rule, rule) for rule in self._rules)
        )
        if len(kept) == len(found.findings):
            return found
        valid = found.valid if found.valid is None else not any(item.severity == "error" for item in kept)
        return replace(found, findings=kept, valid=valid)

    @property
    def passed_over(self) -> tuple[str, ...]:
        """What was left out, by rule, each with how often."""
        counts = Counter(finding.rule for finding in self._left_out)
        return tuple(f"ignored as asked: {rule} ({count})" for rule, count in sorted(counts.items()))


class EvidenceAssessor:
    """Scores an output as text, validates its files, and holds the files of all steps against each other.

    The score is the text's; files count by their findings, of which one error is enough to block.
    """

    def __init__(
        self,
        checks: Sequence[OwnCheck] = (),
        ignored: Sequence[str] = (),
        *,
        constitutions: Mapping[str, Constitution] | None = None,
        waiving: Waiving | None = None,
        advise: bool = False,
    ) -> None:
        self._checks = tuple(checks)
        """Checks of the user's own."""
        self._ignoring = Ignoring(ignored)
        self._constitutions = constitutions or {}
        """By which the answers of personas are judged, by the persona's id."""
        self._waiving = waiving
        """What is waived on the day on which is judged."""
        self._advise = advise
        """Whether tools are asked that only advise."""

    @property
    def passed_over(self) -> tuple[str, ...]:
        """What was left out since its rule is ignored."""
        return self._ignoring.passed_over

    def assess(self, own: Delivery) -> Assessment:
        """The text's score; the findings on the text and on each of its files; which could not be checked."""
        text = TextAssessor().assess(own)
        validated = [validate(own.step, artifact, advise=self._advise) for artifact in own.artifacts]
        found = [finding for validation in validated for finding in validation.findings]
        found += [] if own.fits else unmet(own)
        own_found, failed = self._own_findings(own)
        found = [*text.findings, *found, *own_found]
        if (constitution := self._constitutions.get(own.persona)) is not None:
            from fcc.evaluations.constitutions import broken_rules

            broken = broken_rules(constitution, own, found)
            found, failed = [*found, *broken.findings], [*failed, *broken.failed]
        return Assessment(
            None if failed else text.score, self._counting(found), (*failed, *unchecked(validated))
        )

    def _counting(self, findings: Sequence[Finding]) -> tuple[Finding, ...]:
        """The findings, those that are waived as advice, without those that are ignored."""
        waived = self._waiving.of(findings) if self._waiving is not None else findings
        return self._ignoring.kept(waived)

    def _own_findings(self, own: Delivery) -> tuple[list[Finding], list[str]]:
        """What the user's checks find, and which of them failed themselves."""
        if not self._checks:
            return [], []
        files = [(f"outputs/{own.step}.md", "markdown", own.output)]
        files += [
            (file_of(own.step, artifact), artifact.kind, artifact.content) for artifact in own.artifacts
        ]
        return apply_checks(self._checks, files)

    def agree(self, delivered: Sequence[Delivery], inputs: Mapping[str, Any]) -> tuple[Finding, ...]:
        """What does not agree between the files, or with the inputs and what was asked for."""
        from fcc.evaluations.contracts import Context, Source, check_contracts

        sources = [
            Source(file_of(delivery.step, artifact), artifact.kind, artifact.content)
            for delivery in delivered
            for artifact in delivery.artifacts
        ]
        prose = [Source(f"outputs/{item.step}.md", "markdown", without_files(item)) for item in delivered]
        tasks = {delivery.step: delivery.task for delivery in delivered}
        found = check_contracts([*sources, *prose], Context(inputs, tasks))
        told = {f"outputs/{item.step}.md" for item in delivered if not item.fits}
        softened = [
            # a sentence may be quoted as an example, where a comment in a manifest is not
            replace(finding, severity="warning")
            if finding.file in told and finding.severity == "error"
            else finding
            for finding in found
        ]
        return self._counting([*softened, *self._broken(delivered, found)])

    def vary(
        self, delivered: Mapping[str, Sequence[Delivery]], inputs_in: Mapping[str, Mapping[str, Any]]
    ) -> tuple[Finding, ...]:
        """What differs between the files of environments and was not meant to, or was meant to and does not."""
        from fcc.evaluations.environments import vary

        return self._counting(vary(delivered, inputs_in))

    def _broken(self, delivered: Sequence[Delivery], found: Sequence[Finding]) -> list[Finding]:
        """The rules of the personas in whose files the contracts have found something."""
        broken: list[Finding] = []
        for item in delivered:
            constitution = self._constitutions.get(item.persona)
            own = [finding for finding in found if is_of(item.step, finding.file)]
            if constitution is not None and own:
                from fcc.evaluations.constitutions import broken_by_findings

                broken += broken_by_findings(constitution, item.persona, own)
        return broken


def unmet(own: Delivery) -> list[Finding]:
    """A warning for each item that was asked for and is not found; of one that is, for its parts as well."""
    from fcc.evaluations.requirements import coverage

    missing = {item.id: item for item in coverage(own.task, own.output, own.artifacts) if not item.met}
    return [
        Finding(
            "requirement-unmet",
            "warning",
            f"asked for, and not found: {item.item}",
            f"outputs/{own.step}.md",
            hint="Say it under a heading of its own, or in a file; a mention of the request is not enough.",
        )
        for item in missing.values()
        if item.id.rpartition(".")[0] not in missing
    ]


def apply_checks(
    checks: Sequence[OwnCheck], files: Sequence[tuple[str, str, str]]
) -> tuple[list[Finding], list[str]]:
    """What checks find in files, each with its kind and text; and why which of the checks could not look."""
    from fcc.evaluations.validators.check import NotCheckedError

    found: list[Finding] = []
    failed: dict[str, None] = {}
    for check in checks:
        for file, kind, text in files:
            try:
                found += check.findings(file, kind, text)
            except NotCheckedError as error:
                failed[str(error)] = None
    return found, list(failed)


def without_files(delivery: Delivery) -> str:
    """The output with an empty line for each line that belongs to one of its files."""
    lines = delivery.output.split("\n")
    for artifact in delivery.artifacts:
        for number in range(artifact.first_line - 1, min(artifact.last_line, len(lines))):
            lines[number] = ""
    return "\n".join(lines)


def file_of(step: str, artifact: Artifact) -> str:
    """Where an artifact lies in the folder of its run."""
    return f"artifacts/{step}/{artifact.path}"


def validate(step: str, artifact: Artifact, *, advise: bool = True) -> Validation:
    """What is known of one artifact of a run by itself."""
    from fcc.evaluations.validation import validate_artifact

    return validate_artifact(artifact.kind, artifact.content, file_of(step, artifact), advise=advise)


def unchecked(validated: Sequence[Validation]) -> tuple[str, ...]:
    """Why some were not checked, each reason once with its kinds; those that nothing can check are passed over."""
    reasons: dict[str, dict[str, None]] = {}
    for validation in validated:
        if validation.reason and validation.checkable:
            reasons.setdefault(validation.reason, {})[validation.kind] = None
    return tuple(f"{', '.join(kinds)}: {reason}" for reason, kinds in reasons.items())
