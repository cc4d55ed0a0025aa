"""Defects seeded in the stand-in's replies, to see what notices them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from fcc.evaluations.calibration import Calibration, CalibrationPair
from fcc.evaluations.mutation import MutationTable, mutate
from fcc.evaluations.rubric import Rubric
from fcc.providers.deterministic.defects import defects_of
from fcc.simulation import Delivery, Finding, RunRecord
from fcc.wiring.backends import DETERMINISTIC
from fcc.wiring.catalog import Catalog
from fcc.wiring.judging import JudgeRequest, measure_judge
from fcc.wiring.preparing import RunRequest, prepare
from fcc.wiring.rehearsing import RunRehearsals


class Mutations(NamedTuple):
    """What notices seeded defects: the gates, and the judge where one is asked."""

    table: MutationTable
    judge: Calibration | None = None
    """The judge on pairs of a clean output and the same with a defect; it is not kept: such pairs are easy."""


def seed_defects(
    chain: str | Path,
    catalog: Catalog,
    judge: JudgeRequest | None = None,
    rubric: Rubric | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Mutations:
    """Run a chain with each defect that is made for it, and hold what is found against a clean run.

    Args:
        chain: its name or file; it is answered by the stand-in, whatever it asks for.
        catalog: where it is found, with the checks that are tried.
        judge: asked for each defect which of the two outputs is better, and measured by that.
        rubric: whose questions the judge is asked; general ones without.
        tell: told the id of each defect before it is tried.
    """
    records: dict[str, RunRecord] = {}

    def run_cell(defect: str) -> RunRecord:
        tell(defect)
        model = f"{DETERMINISTIC}:{defect}" if defect else DETERMINISTIC
        made = prepare(RunRequest(chain, model=model, workspace=catalog.workspace)).go_sync()
        records[defect] = made
        return made

    rehearsals = RunRehearsals(catalog)

    def evaluate(record: RunRecord) -> tuple[Finding, ...]:
        return (*findings_of(record), *rehearsals.findings(record))

    table = mutate(defects_of(Path(chain).stem), run_cell, evaluate)
    if judge is None:
        return Mutations(table)
    pairs = tuple(
        pair for defect, record in records.items() if defect for pair in _pairs(records[""], record)
    )
    return Mutations(table, measure_judge(judge, catalog, rubric, pairs))


def findings_of(record: RunRecord) -> tuple[Finding, ...]:
    """Every finding on a run."""
    return (*(finding for step in record.steps for finding in step.findings), *record.findings)


def _pairs(clean: RunRecord, spoilt: RunRecord) -> list[CalibrationPair]:
    """The first step whose output differs, with both outputs: what follows it only passes the defect on."""
    for step in clean.steps:
        other = next((item for item in spoilt.steps if item.name == step.name), None)
        if other is None or other.output != step.output:
            if other is None or not other.output:
                return []
            asked = Delivery.of(step)
            return [CalibrationPair(task=asked.task, better=step.output, worse=other.output)]
    return []
