"""Judges by name: made from a model, answered from a cassette where one is given, and tested on known pairs."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from fcc._sync import run_sync
from fcc.errors import CassetteError, ConfigError, FccError
from fcc.evaluations.calibration import (
    GENERAL,
    Calibration,
    CalibrationPair,
    builtin_pairs,
    calibrate,
    may_decide,
    read_pairs,
)
from fcc.evaluations.judge import CriterionJudgement, Judge, JudgeCriterion, Judgement
from fcc.evaluations.rubric import JudgedCriterion, Rubric, RubricCriterion
from fcc.simulation import Delivery
from fcc.wiring.backends import Backends, Model
from fcc.wiring.catalog import Catalog
from fcc.workspace import show_path

T = TypeVar("T")

_LEVELS = ("not at all", "in part", "fully")
"""Where a criterion has no words of its own."""


@dataclass(frozen=True)
class JudgeRequest:
    """Which judge is asked, and how."""

    model: Model
    samples: int = 1
    cassette: Path | None = None
    """Whose replies answer; nothing is asked then."""
    record: bool = False
    """Ask the judge, and record its replies in the cassette."""


@dataclass(frozen=True)
class Judged:
    """What a judge says of several outputs, by the rubric's criteria."""

    criteria: Mapping[str, JudgedCriterion]

    facts: Mapping[str, Any]
    """The judge, its prompt hash, calibration, agreement and cost, as plain values."""

    @property
    def said_anything(self) -> bool:
        """Whether any criterion could be judged."""
        return any(item.value is not None for item in self.criteria.values())


def judge_criteria(rubric: Rubric | None) -> tuple[JudgeCriterion, ...]:
    """What a judge is asked by a rubric; general questions without one."""
    if rubric is None:
        return GENERAL
    return tuple(
        JudgeCriterion(item.name, item.question, _levels(item))
        for item in rubric.criteria
        if item.evidence == "judge"
    )


def _levels(criterion: RubricCriterion) -> tuple[tuple[float, str], ...]:
    if isinstance(criterion.levels, Mapping):
        return tuple(sorted(criterion.levels.items()))
    words = criterion.levels or _LEVELS
    return tuple((index / max(1, len(words) - 1), word) for index, word in enumerate(words))


def judge_outputs(
    request: JudgeRequest, rubric: Rubric, deliveries: Sequence[Delivery], catalog: Catalog
) -> Judged:
    """What the judge says of the outputs; one that is not calibrated for this rubric is advisory.

    Raises:
        ConfigError: the rubric asks a judge nothing, or there is no such judge.
        CassetteError: the cassette is missing, or has no reply to what is asked.
    """
    criteria = judge_criteria(rubric)
    if not criteria:
        raise ConfigError(
            "this rubric asks a judge nothing",
            hint="Give it a criterion with `evidence: judge` and a `question`.",
        )
    areas = {item.name: item.areas for item in rubric.criteria}
    judge, judgements = _ask(request, catalog, lambda judge: _score(judge, deliveries, criteria, areas))
    known = judge.prompt_hash(criteria)
    asked = {judgement.prompt_hash for judgement in judgements.values()} or {known}
    calibrations = list(_calibrations(catalog))
    decides = all(may_decide(calibrations, judge.name, questions) for questions in asked)
    by_criterion = {item.name: _over(item.name, judgements, decides) for item in criteria}
    return Judged(by_criterion, _facts(judge, known, judgements, decides=decides))


async def _score(
    judge: Judge,
    deliveries: Sequence[Delivery],
    criteria: Sequence[JudgeCriterion],
    areas: Mapping[str, Sequence[str]],
) -> dict[str, Judgement]:
    """What the judge says of each output that a criterion is about, by those criteria only."""
    found = {}
    for own in deliveries:
        asked = [item for item in criteria if not areas[item.name] or own.step in areas[item.name]]
        if asked:
            found[own.step] = await judge.score(own.task, own.output, asked)
    return found


def _over(name: str, judgements: Mapping[str, Judgement], calibrated: bool) -> JudgedCriterion:
    """One criterion over the outputs that it is about: the mean; nothing where one could not be judged."""
    said: dict[str, CriterionJudgement] = {
        step: item
        for step, judgement in judgements.items()
        for item in judgement.criteria
        if item.name == name
    }
    values = [item.value for item in said.values() if item.value is not None]
    whole = bool(said) and len(values) == len(said)
    steps_by_reason: dict[str, list[str]] = {}
    for step, item in said.items():
        steps_by_reason.setdefault(item.reasons[0] if item.reasons else "", []).append(step)
    reasons = "; ".join(f"{', '.join(steps)}: {reason}" for reason, steps in steps_by_reason.items())
    return JudgedCriterion(sum(values) / len(values) if whole else None, reasons, calibrated)


def _facts(judge: Judge, known: str, judgements: Mapping[str, Judgement], *, decides: bool) -> dict[str, Any]:
    spent = [judgement.spent for judgement in judgements.values()]
    costs = [item.cost for item in spent if item.cost is not None]
    agreements = [
        item.agreement
        for judgement in judgements.values()
        for item in judgement.criteria
        if item.agreement is not None
    ]
    return {
        "model": judge.name,
        "prompt_hash": known,
        "samples": judge.samples,
        "calibrated": decides,
        "self_consistency": sum(agreements) / len(agreements) if agreements and judge.samples > 1 else None,
        "calls": sum(item.calls for item in spent),
        "cost": sum(costs) if len(costs) == len(spent) else None,
        "origins": sorted({origin for item in spent for origin in item.origins}),
        "judgements": {
            step: {
                item.name: {"value": item.value, "level": item.level, "reasons": list(item.reasons)}
                for item in judgement.criteria
            }
            for step, judgement in judgements.items()
        },
    }


def measure_judge(
    request: JudgeRequest, catalog: Catalog, rubric: Rubric | None, pairs: Sequence[CalibrationPair]
) -> Calibration:
    """The judge, measured on pairs; nothing is kept. Errors as `calibrate_judge`."""
    date = datetime.now(UTC).date().isoformat()
    criteria = judge_criteria(rubric) or GENERAL
    return _ask(request, catalog, lambda judge: calibrate(judge, pairs, criteria, date=date))[1]


def calibrate_judge(
    request: JudgeRequest,
    catalog: Catalog,
    rubric: Rubric | None = None,
    pairs: Path | None = None,
) -> tuple[Calibration, Path]:
    """The judge, measured on known pairs; and where that is kept.

    Raises:
        ConfigError: there is no such judge, or the pairs can't be read.
        StorageError: it could not be kept.
    """
    found = measure_judge(
        request, catalog, rubric, read_pairs(pairs) if pairs is not None else builtin_pairs()
    )
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", found.judge_model).strip("-.")[:80] or "judge"
    folder = catalog.workspace.state / "calibrations"
    path = folder / f"{name}-{found.prompt_hash[:12]}-{found.pairs[:8]}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    found.write(path)
    return found, path


def _calibrations(catalog: Catalog) -> Iterator[Calibration]:
    for path in sorted((catalog.workspace.state / "calibrations").glob("*.json")):
        try:
            yield Calibration.read(path)
        except FccError as error:
            from fcc._log import get_logger

            get_logger("fcc.wiring").warning("calibration passed over", file=str(path), error=error.message)


def _ask(
    request: JudgeRequest, catalog: Catalog, work: Callable[[Judge], Coroutine[Any, Any, T]]
) -> tuple[Judge, T]:
    """The judge, and what it comes to when it is asked; its connections are closed in the loop that made them."""
    with _in_use(request):
        backends = Backends({"judge": (request.model,)}, lambda: catalog)
        backend = backends.by_step["judge"][0]
        judge = Judge(backend.provider, backend.model, request.samples, backend.sampling)

        async def asked() -> T:
            try:
                return await work(judge)
            finally:
                await backends.close()

        return judge, run_sync(asked())


def _in_use(request: JudgeRequest) -> AbstractContextManager[object]:
    """The judge's cassette, if it has one."""
    if request.cassette is None:
        if request.record:
            raise ConfigError("there is nothing to record to", hint="Name the file: --cassette FILE.")
        return nullcontext()
    from fcc.providers.cassettes import Deck, use_deck
    from fcc.wiring.cassettes import recording

    if request.record:
        return recording(request.cassette, "all")
    if not request.cassette.is_file():
        raise CassetteError(
            f"there is no cassette {show_path(request.cassette)}",
            hint="Make it: the same command with --record.",
        )
    return use_deck(Deck(request.cassette, again="the same command with --record"))
