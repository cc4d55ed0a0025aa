"""Judging without asking again, by a policy or by a rubric."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from fcc.evaluations.constitution_rubric import NAME as CONSTITUTION
from fcc.evaluations.constitution_rubric import constitution_rubric
from fcc.evaluations.evaluation import CheckedFile, Evaluation
from fcc.evaluations.files import find_rubric
from fcc.evaluations.plugins import score_with
from fcc.evaluations.requirements import coverage
from fcc.evaluations.rubric import Rubric, RubricEvidence, apply_rubric, decide_rubric, rubric_score
from fcc.redaction import redact_json, redactor, unchanged
from fcc.simulation import Finding, RunRecord, gates
from fcc.simulation.resolved import plan_of
from fcc.wiring.backends import Model
from fcc.wiring.catalog import Catalog, open_catalog
from fcc.wiring.gathering import Choice, Evidence, gather, of_run
from fcc.wiring.judging import JudgeRequest, judge_outputs
from fcc.wiring.preparing import Place

if TYPE_CHECKING:
    from fcc.wiring.judging import Judged

DELIVERY = "delivery"
"""The rubric where a judge is asked and none is named."""


def evaluate(
    target: str | Path | RunRecord | Sequence[str | Path],
    *,
    rubric: Rubric | Path | str | None = None,
    judge: JudgeRequest | Model | None = None,
    workspace: Place = None,
    ignore: Sequence[str] = (),
    exclude: Sequence[str] = (),
) -> Evaluation:
    """All evidence on a run, a file or a folder, and what follows from it; no model of a run is asked again.

    Args:
        target: a record, a run's id, `last`, or a path to a run's folder, a file, or a folder of files; or several of the
            last two, judged as one set.
        rubric: criteria that decide; a rubric, its name, or its file; `constitution` for the rules of a run's personas.
            Without one, a run is decided by its own policy, and files by whether anything is wrong with them.
        judge: answers the rubric's questions; by default those of the rubric `delivery`. One that is not calibrated
            only informs.
        workspace: whose checks, rubrics and calibrations are used; by default, the nearest one's.
        ignore: patterns of rules whose findings don't count; they are counted in `unchecked`.
        exclude: patterns of paths in folders, matched from the right, that are passed over.

    Raises:
        ConfigError: something that is named can't be found or read.
        CassetteError: the judge's cassette is missing, or has no reply to what is asked.
    """
    catalog = open_catalog(workspace)
    choice = Choice(tuple(ignore), tuple(exclude))
    if isinstance(target, RunRecord):
        evidence = of_run(target, catalog, choice)
    else:
        names = [target] if isinstance(target, str | Path) else target
        evidence = gather([str(name) for name in names], catalog, choice)
    asked = tuple(
        replace(item, file=f"{evidence.folder}/{item.file}") if evidence.folder and item.file else item
        for delivery in evidence.deliveries
        if not delivery.fits
        for item in coverage(delivery.task, delivery.output, delivery.artifacts, delivery.step)
    )
    evidence = replace(evidence, evaluation=replace(evidence.evaluation, coverage=asked))
    if rubric is None and judge is None:
        return without_secrets(evidence.evaluation)
    criteria = rubric if isinstance(rubric, Rubric) else _rubric(str(rubric or DELIVERY), evidence, catalog)
    if judge is None or isinstance(judge, JudgeRequest):
        return without_secrets(_by_rubric(evidence, criteria, judge, catalog))
    return without_secrets(_by_rubric(evidence, criteria, JudgeRequest(judge), catalog))


def _rubric(name: str, evidence: Evidence, catalog: Catalog) -> Rubric:
    """The rubric of that name; `constitution` is made from a run's personas, unless the workspace has its own."""
    record = evidence.record
    if name != CONSTITUTION or record is None or name in catalog.workspace.files("evaluations"):
        return find_rubric(name, catalog.workspace)
    constitutions = {planned.persona.id: planned.persona.constitution for planned in plan_of(record).steps}
    delivered = {delivery.step for delivery in evidence.deliveries}
    return constitution_rubric(constitutions, [step for step in record.steps if step.name in delivered])


def without_secrets(evaluation: Evaluation) -> Evaluation:
    """The evaluation with every known secret taken out of what it quotes."""
    clear = redactor()
    if clear is unchanged:
        return evaluation

    def plain(finding: Finding) -> Finding:
        related = tuple(place._replace(file=clear(place.file)) for place in finding.related)
        message, hint, file = clear(finding.message), clear(finding.hint), clear(finding.file)
        return replace(finding, message=message, hint=hint, file=file, related=related)

    def plain_file(file: CheckedFile) -> CheckedFile:
        held = file.validation
        found = tuple(map(plain, held.findings))
        validation = replace(held, findings=found, reason=clear(held.reason))
        return replace(file, path=clear(file.path), validation=validation)

    return replace(
        evaluation,
        subject=clear(evaluation.subject),
        reasons=tuple(map(clear, evaluation.reasons)),
        unchecked=tuple(map(clear, evaluation.unchecked)),
        findings=tuple(map(plain, evaluation.findings)),
        files=tuple(map(plain_file, evaluation.files)),
        criteria=tuple(replace(item, reason=clear(item.reason)) for item in evaluation.criteria),
        coverage=tuple(replace(item, item=clear(item.item)) for item in evaluation.coverage),
        judge=redact_json(evaluation.judge, clear),
        promotion=evaluation.promotion.cleared(clear) if evaluation.promotion is not None else None,
    )


def _by_rubric(
    evidence: Evidence, rubric: Rubric, request: JudgeRequest | None, catalog: Catalog
) -> Evaluation:
    evaluation = evidence.evaluation
    judged = None
    if request is not None:
        judged = judge_outputs(request, rubric, evidence.deliveries, catalog)
    results = apply_rubric(rubric, _rubric_evidence(evidence, rubric, judged))
    decision, reasons = decide_rubric(rubric, results, evaluation.findings, _checked_kinds(evaluation))
    closed = gates.refusals(evidence.record.steps) if evidence.record is not None else ()
    if closed:
        decision, reasons = "BLOCKED", (*closed, *reasons)
    elif decision == "APPROVED" and evaluation.decision == "NO VERDICT":
        decision, reasons = "NO VERDICT", evaluation.reasons
    elif decision == "APPROVED" and judged is not None and not judged.said_anything:
        decision, reasons = "NO VERDICT", ("the judge that was asked for judged nothing", *reasons)
    return replace(
        evaluation,
        decision=decision,
        reasons=tuple(reasons),
        overall=rubric_score(results),
        criteria=results,
        judge=judged.facts if judged is not None else {},
    )


def _rubric_evidence(evidence: Evidence, rubric: Rubric, judged: Judged | None) -> RubricEvidence:
    record, evaluation = evidence.record, evidence.evaluation
    findings: dict[str, Sequence[Finding]] = {"": evaluation.findings}
    if record is not None:
        findings = {step.name: step.findings for step in record.steps if step.status == "completed"}
        findings[""] = record.findings
    scores = {area.area: area.score for area in evaluation.areas}
    scored = {
        name: {item.step: score_with(name, item.output, item.task) for item in evidence.deliveries}
        for name in {criterion.scorer for criterion in rubric.criteria if criterion.scorer}
    }
    said = judged.criteria if judged is not None else {}
    return RubricEvidence(findings, scores, scored, evaluation.coverage, said)


def _checked_kinds(evaluation: Evaluation) -> set[str]:
    """The kinds of which there was a file, and of which every one was checked."""
    every = {file.validation.kind for file in evaluation.files}
    return every - {file.validation.kind for file in evaluation.files if file.validation.valid is None}
