"""How good a judge is, measured on pairs of answers of which one is known to be the better one.

Only what was measured holds: a judge without a calibration for exactly its model and its prompt hash, or with one
that is not good enough, is advisory. It may say what it thinks, and decides nothing.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from fcc import _yaml
from fcc._files import write_text
from fcc.errors import InvalidFileError, Problem
from fcc.evaluations._calibration_pairs import PAIRS
from fcc.evaluations.judge import Judge, JudgeCriterion, Judgement, PairJudgement, side_by_side
from fcc.providers.keys import fingerprint
from fcc.workspace import show_path

SCHEMA: Final = "fcc.calibration/1"
FLOOR: Final = 0.7
"""The accuracy that is asked for by default: a choice. Strong judges reach about 0.8 against people (arXiv:2306.05685)."""
FEWEST: Final = 20
"""The fewest judged pairs on which a judge may be trusted: a choice."""
GENERAL: Final = (
    JudgeCriterion(
        "correct",
        "Is what the answer says right, and does it agree with the figures and names of the task?",
        ((0.0, "wrong or harmful"), (0.5, "right but for a slip"), (1.0, "right throughout")),
    ),
    JudgeCriterion(
        "complete",
        "Does the answer do what the task asks for, all of it?",
        ((0.0, "does something else"), (0.5, "leaves a part out"), (1.0, "does all of it")),
    ),
)
"""Criteria that fit any task; a rubric's own are calibrated by handing them to `calibrate`."""

_FROZEN = ConfigDict(frozen=True, extra="forbid", defer_build=True)
_Z95 = 1.959963984540054


class CalibrationPair(BaseModel):
    """Two answers to one task, of which one is known to be better."""

    model_config = _FROZEN

    task: str = Field(min_length=1)
    better: str = Field(min_length=1)
    worse: str = Field(min_length=1)

    @model_validator(mode="after")
    def _differ(self) -> Self:
        if self.better == self.worse:
            raise ValueError("`better` and `worse` are the same text")
        return self


class Measure(BaseModel):
    """How often a judge was right in one way of asking it."""

    model_config = _FROZEN

    n: int = Field(ge=0)
    """The pairs that were judged."""
    right: int = Field(ge=0)
    tied: int = Field(ge=0)
    """Pairs with no preference, or with one that turned with the order. A tie is not right."""
    not_judged: int = Field(ge=0)
    """Pairs that the judge could not judge; not in `n`."""
    accuracy: float | None
    """right / n; None where n is 0."""
    interval: tuple[float, float]
    """Wilson's 95 % interval of the accuracy."""

    def good_enough(self, floor: float = FLOOR) -> bool:
        """Whether there are enough pairs, the accuracy reaches the floor, and the interval lies above a coin's 0.5."""
        return (
            self.accuracy is not None
            and self.n >= FEWEST
            and self.accuracy >= floor
            and self.interval[0] > 0.5  # noqa: PLR2004 - a coin
        )


class Calibration(BaseModel):
    """What was measured of one judge with one prompt, on one set of pairs."""

    model_config = ConfigDict(**_FROZEN, populate_by_name=True)

    form: Literal["fcc.calibration/1"] = Field(default=SCHEMA, alias="schema")
    judge_model: str
    prompt_hash: str
    """Of wording, criteria, sampling and samples; see `Judge.prompt_hash`."""
    date: str
    """As the caller gave it, ISO 8601."""
    pairs: str
    """The fingerprint of the set of pairs, in whatever order."""
    compared: Measure
    """Asked which of the two is better, in both orders."""
    scored: Measure
    """Asked for the level of each alone: right where the better one has the higher value."""
    gated: int = Field(ge=0)
    """Pairs of which a text is broken, so that no judge was asked; in neither measure."""
    position_bias: float | None
    """Share of pairs in which the first place won in both orders, less that in which the second did: -1 to 1, 0 best."""
    inconsistency: float | None
    """Share of pairs whose two orders disagree, 0 to 1."""
    self_consistency: float | None
    """Mean share of samples that agree with their outcome, over the comparisons; None where the judge has one sample."""
    length_bias: float | None
    """Of the pairs that have a preference: share in which the longer text was preferred, less that in which it is the
    better one. -1 to 1, 0 best; None where there is no such pair."""
    answered_by: tuple[str, ...] = ()
    """The models that answered."""
    cost: float | None = None
    """US dollars; None where it is not known."""

    def holds_for(self, judge_model: str, prompt_hash: str) -> bool:
        """Whether it is about exactly this judge with exactly this prompt."""
        return (self.judge_model, self.prompt_hash) == (judge_model, prompt_hash)

    def good_enough(self, floor: float = FLOOR) -> bool:
        """Whether the judge may decide: both ways of asking it are `Measure.good_enough`."""
        return self.compared.good_enough(floor) and self.scored.good_enough(floor)

    def write(self, path: Path) -> None:
        """Keep it as JSON; the file is replaced whole.

        Raises:
            StorageError: it could not be written.
        """
        write_text(path, self.model_dump_json(by_alias=True, indent=2) + "\n")

    @classmethod
    def read(cls, path: Path) -> Self:
        """The calibration in a file.

        Raises:
            InvalidFileError: it is none; with every place.
            ConfigError: it can't be read.
        """
        return _yaml.build(cls, _yaml.read(path, show_path(path)))


class _Judged(NamedTuple):
    """One pair, as it was judged."""

    pair: CalibrationPair
    compared: PairJudgement
    scored: tuple[Judgement, ...] = ()
    """The better text's, and the worse one's; none where a gate has decided."""

    @property
    def gain(self) -> float | None:
        """How much higher the better text scored; None where one could not be judged."""
        better, worse = (judgement.value for judgement in self.scored)
        return None if better is None or worse is None else better - worse


def may_decide(
    calibrations: Iterable[Calibration], judge_model: str, prompt_hash: str, floor: float = FLOOR
) -> bool:
    """Whether the judge may decide: each calibration that holds for it, on whatever pairs, is good enough, and there is one."""
    about_it = [item for item in calibrations if item.holds_for(judge_model, prompt_hash)]
    return bool(about_it) and all(item.good_enough(floor) for item in about_it)


def builtin_pairs() -> tuple[CalibrationPair, ...]:
    """Twenty-eight short pairs on requirements, pipelines, infrastructure and monitoring.

    They tell a judge that reads from one that does not. They are easy: a judge that passes may still fail on hard pairs,
    so add pairs of your own.
    """
    return tuple(CalibrationPair(task=task, better=better, worse=worse) for task, better, worse in PAIRS)


def read_pairs(path: Path) -> tuple[CalibrationPair, ...]:
    """The pairs in a file: a YAML or JSON list of `task`, `better`, `worse`, or one such object a line in a `.jsonl`.

    Raises:
        InvalidFileError: it holds none, or something else; every problem with its line.
        ConfigError: it can't be read.
    """
    name = show_path(path)
    document = _json_lines(path, name) if path.suffix.lower() == ".jsonl" else _yaml.read(path, name)
    if not isinstance(document.data, list) or not document.data:
        raise InvalidFileError(
            [document.problem((), "no list of pairs")],
            hint="Write a list; each item has `task`, `better` and `worse`.",
        )
    pairs: list[CalibrationPair] = []
    wrong: list[Problem] = []
    for index in range(len(document.data)):
        try:
            pairs.append(_yaml.build(CalibrationPair, document, (index,)))
        except InvalidFileError as error:
            wrong += error.problems
    if wrong:
        raise InvalidFileError(wrong, hint="Each pair has `task`, `better` and `worse`, all of them texts.")
    return tuple(pairs)


def wilson(k: int, n: int, z: float = _Z95) -> tuple[float, float]:
    """The interval of a share of k in n, at 95 % by default; (0, 1) where n is 0.

    Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22 (1927), 209-212.

    Raises:
        ValueError: k is not from 0 to n.
    """
    if not 0 <= k <= n:
        raise ValueError(f"{k} of {n} is no share")
    if n == 0:
        return 0.0, 1.0
    share, square = k / n, z * z
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = z / (1 + square / n) * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    return (0.0 if k == 0 else middle - half), (1.0 if k == n else middle + half)


async def calibrate(
    judge: Judge,
    pairs: Sequence[CalibrationPair],
    criteria: Sequence[JudgeCriterion] = GENERAL,
    *,
    date: str,
) -> Calibration:
    """What a judge makes of pairs whose better side is known: two comparisons and two scores for each pair and sample.

    All pairs are asked side by side, as far as the provider's limits let them. The intervals take pairs for independent,
    which those that share a task are not. Errors as `Judge.score`.
    """
    judged = await side_by_side(_judge_pair(judge, pair, criteria) for pair in pairs)
    asked = [item for item in judged if not item.compared.gate]
    compared = [item for item in asked if item.compared.preferred is not None]
    preferred = [item.compared.preferred for item in compared]
    gains = [item.gain for item in asked]
    known = [gain for gain in gains if gain is not None]
    places = [item.compared.place for item in compared]
    agreements = [item.compared.agreement or 0.0 for item in compared] if judge.samples > 1 else []
    spent = [item.compared.spent for item in judged] + [one.spent for item in judged for one in item.scored]
    costs = [item.cost for item in spent if item.cost is not None]
    return Calibration(
        judge_model=judge.name,
        prompt_hash=judge.prompt_hash(criteria),
        date=date,
        pairs=fingerprint(sorted([pair.task, pair.better, pair.worse] for pair in pairs)),
        compared=_measure(
            preferred.count("first"), preferred.count("tie"), len(preferred), len(asked) - len(preferred)
        ),
        scored=_measure(
            sum(gain > 0 for gain in known), known.count(0.0), len(known), len(asked) - len(known)
        ),
        gated=len(judged) - len(asked),
        position_bias=_mean((place == "first") - (place == "second") for place in places),
        inconsistency=_mean(item.compared.consistent is False for item in compared),
        self_consistency=_mean(agreements),
        length_bias=_length_bias(compared),
        answered_by=tuple(sorted({model for item in spent for model in item.models})),
        cost=sum(costs) if len(costs) == len(spent) else None,
    )


async def _judge_pair(judge: Judge, pair: CalibrationPair, criteria: Sequence[JudgeCriterion]) -> _Judged:
    compared = await judge.compare(pair.task, pair.better, pair.worse, criteria)
    if compared.gate:
        return _Judged(pair, compared)
    texts = pair.better, pair.worse
    return _Judged(pair, compared, tuple([await judge.score(pair.task, text, criteria) for text in texts]))


def _measure(right: int, tied: int, n: int, not_judged: int) -> Measure:
    accuracy = right / n if n else None
    return Measure(
        n=n, right=right, tied=tied, not_judged=not_judged, accuracy=accuracy, interval=wilson(right, n)
    )


def _mean(values: Iterable[float]) -> float | None:
    known = list(values)
    return sum(known) / len(known) if known else None


def _length_bias(compared: Sequence[_Judged]) -> float | None:
    """The mean of (longer preferred) - (longer better): +1 where the longer one won wrongly, -1 where the shorter did."""
    wrongly = []
    for item in compared:
        longer = len(item.pair.worse) - len(item.pair.better)
        if longer and item.compared.preferred in {"first", "second"}:
            missed = item.compared.preferred == "second"
            wrongly.append(0 if not missed else 1 if longer > 0 else -1)
    return _mean(wrongly)


def _json_lines(path: Path, name: str) -> _yaml.Document:
    """The values of a JSON Lines file, each at its line."""
    values: list[Any] = []
    document = _yaml.Document(name, values)
    for number, line in enumerate(_yaml.read_text(path, name).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            values.append(json.loads(line))
        except json.JSONDecodeError as error:
            raise InvalidFileError(
                [Problem(name, number, error.colno, f"not valid JSON: {error.msg}")]
            ) from None
        except RecursionError:
            raise InvalidFileError([Problem(name, number, 1, "nested too deeply")]) from None
        document.places[len(values) - 1,] = (number, 1)
    return document
