"""A model as a judge of texts: asked for reasons and words, never for a number, and itself to be tested.

Judges prefer what stands first, what is long, and what they wrote themselves, and a constant text has fooled them
(Zheng et al., "Judging LLM-as-a-Judge", 2023, arXiv:2306.05685; "Cheating Automatic LLM Benchmarks", 2024,
arXiv:2410.07137). So a broken text never reaches the judge, pairs are shown in both orders, scores are computed here
from the levels that the judge chose, and how often it is right is measured by :mod:`fcc.evaluations.calibration`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any, Literal, NamedTuple, TypeVar

from fcc.errors import ConfigError, ProviderError
from fcc.evaluations._judge_prompt import (
    BETTER,
    JudgeCriterion,
    Question,
    compare_question,
    prompt_hash,
    repair_messages,
    score_question,
)
from fcc.evaluations.text import explain
from fcc.messaging import EventType
from fcc.providers.base import ModelReply, ModelRequest, Origin, Provider, Sampling, Usage
from fcc.redaction import redact
from fcc.simulation.calls import ask_model
from fcc.simulation.structured import parse_output

__all__ = [
    "CriterionJudgement",
    "Judge",
    "JudgeCriterion",
    "Judgement",
    "PairJudgement",
    "Preference",
    "Spent",
    "side_by_side",
]

Preference = Literal["first", "second", "tie"]

T = TypeVar("T")

_JUDGEABLE = frozenset({"truncated", "off-topic", "placeholders"})
"""The gates of `fcc.evaluations.text` that leave something to judge: a text that trips any other is broken."""
_ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class Spent:
    """What a judgement took."""

    calls: int = 0
    """The replies that came."""
    usage: Usage = field(default_factory=lambda: Usage(0, 0, 0, 0))
    """Summed; None where one reply did not say."""
    cost: float | None = 0.0
    """US dollars; None where the price of one reply is not known."""
    models: tuple[str, ...] = ()
    """The models that answered, each once."""
    origins: tuple[Origin, ...] = field(default=(), compare=False)
    """Where the replies came from, each once. A replayed judgement equals the recorded one."""


@dataclass(frozen=True, slots=True)
class CriterionJudgement:
    """What a judge says by one criterion."""

    name: str
    value: float | None
    """From 0 to 1, by the chosen level; 0 where the text is broken; None where it could not be judged."""
    level: str
    """The chosen level's words; "" where none was chosen."""
    reasons: tuple[str, ...]
    """The judge's, of each sample that chose the level; else why there is none."""
    agreement: float | None = None
    """The share of all samples that chose the level; None where none did."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a judge says of one text."""

    criteria: tuple[CriterionJudgement, ...]
    model: str
    """The judge, as it was asked for; what a calibration is to hold for, with the hash."""
    prompt_hash: str
    gate: str = ""
    """The gate of `fcc.evaluations.text` that the text tripped, so that no judge was asked."""
    spent: Spent = field(default_factory=Spent)

    @property
    def value(self) -> float | None:
        """The mean over the criteria, unweighted, from 0 to 1; None where one could not be judged."""
        values = [item.value for item in self.criteria if item.value is not None]
        return sum(values) / len(values) if len(values) == len(self.criteria) else None


@dataclass(frozen=True, slots=True)
class PairJudgement:
    """Which of two texts a judge prefers, asked in both orders."""

    preferred: Preference | None
    """`tie` also where the two orders disagree; None where one of them could not be judged."""
    consistent: bool | None
    """Whether both orders came to the same; None where one could not be judged."""
    orders: tuple[Preference | None, Preference | None]
    """What each order came to, by the texts and not by their places."""
    reasons: tuple[tuple[str, ...], tuple[str, ...]]
    """The judge's, in each order; in the second one, its A is the second text."""
    agreement: float | None
    """The share of samples that agree with their order's outcome, over both orders; None where one has none."""
    model: str
    prompt_hash: str
    gate: str = ""
    """The gate that one text or both tripped, so that no judge was asked."""
    spent: Spent = field(default_factory=Spent)

    @property
    def place(self) -> Literal["first", "second"] | None:
        """The place that won in both orders, whichever text stood there: a sign of position bias."""
        if self.orders == ("first", "second"):
            return "first"
        return "second" if self.orders == ("second", "first") else None


class _Answer(NamedTuple):
    """One sample: what the judge said for each criterion; None where it said nothing that could be read."""

    said: dict[str, dict[str, str]] | None
    replies: tuple[ModelReply, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Judge:
    """A model as a judge.

    Raises:
        ConfigError: there is no sample, or several at temperature 0, which would always agree.
    """

    provider: Provider
    model: str = ""
    """The model's name; "" for a provider that has only one."""
    samples: int = 1
    """How often each question is asked: the majority decides (Wang et al., "Self-Consistency", 2022, arXiv:2203.11171)."""
    sampling: Sampling = field(default_factory=Sampling)
    """A seed is raised by one for each sample."""
    redact: Callable[[str], str] = redact
    """Takes secrets out of what is sent, and of the reasons that come back."""

    def __post_init__(self) -> None:
        if self.samples < 1:
            raise ConfigError("a judge needs at least one sample", hint="Set samples to 1 or more.")
        if self.samples > 1 and self.sampling.temperature == 0:
            raise ConfigError(
                f"{self.samples} samples at temperature 0 would always agree",
                hint="Raise the judge's temperature, or ask for one sample.",
            )

    @property
    def name(self) -> str:
        """The judge as a calibration knows it: the model, or the provider's identity where it has no name."""
        return self.model or self.provider.identity

    def prompt_hash(self, criteria: Sequence[JudgeCriterion]) -> str:
        """The SHA-256 of all wording, criteria, sampling and samples: of all but the model and what is judged."""
        return prompt_hash(_checked(criteria), self.sampling, self.samples)

    async def score(self, task: str, output: str, criteria: Sequence[JudgeCriterion]) -> Judgement:
        """What the judge says of one answer; a broken text is 0 without asking, an outage is None and never 0.

        Raises:
            ConfigError: there is no criterion, or two have one name.
            FccError: what is no outage of the model: a budget that is used up, a cassette without the reply.
        """
        known = self.prompt_hash(criteria)
        gate, evidence = _broken(output, task)
        if gate:
            reasons = (f"the text is broken ({gate}): {self.redact(evidence)}",)
            zeros = tuple(CriterionJudgement(item.name, 0.0, "", reasons) for item in criteria)
            return Judgement(zeros, self.name, known, gate)
        question = score_question(self._clean(task), self._clean(output), criteria)
        answers = await side_by_side(self._answer(question, sample) for sample in range(self.samples))
        judged = tuple(_by_level(item, answers) for item in criteria)
        return Judgement(judged, self.name, known, spent=_spent(answers))

    async def compare(
        self, task: str, first: str, second: str, criteria: Sequence[JudgeCriterion]
    ) -> PairJudgement:
        """Which of two answers the judge prefers, asked in both orders; a broken one loses without asking.

        In each order the majority of the criteria decides, and then that of the samples. Errors as `score`.
        """
        known = self.prompt_hash(criteria)
        gates = _broken(first, task)[0], _broken(second, task)[0]
        if any(gates):
            won: Preference = "tie" if all(gates) else "second" if gates[0] else "first"
            reasons = (f"broken without asking: {', '.join(filter(None, gates))}",)
            return PairJudgement(
                won, True, (won, won), (reasons, reasons), None, self.name, known, gates[0] or gates[1]
            )
        texts = self._clean(first), self._clean(second)
        questions = [compare_question(self._clean(task), texts, criteria, order) for order in (0, 1)]
        answers = await side_by_side(
            self._answer(question, sample) for question, sample in product(questions, range(self.samples))
        )
        orders = answers[: self.samples], answers[self.samples :]
        (one, agreed), (other, agreed_too) = _by_order(orders[0]), _by_order(orders[1], swapped=True)
        judged = one is not None and other is not None
        return PairJudgement(
            (one if one == other else "tie") if judged else None,
            one == other if judged else None,
            (one, other),
            (_reasons(orders[0]), _reasons(orders[1])),
            (agreed + agreed_too) / 2 if judged else None,
            self.name,
            known,
            spent=_spent(answers),
        )

    async def _answer(self, question: Question, sample: int) -> _Answer:
        """One sample, asked once more where the answer does not fit."""
        seed = self.sampling.seed
        sampling = replace(self.sampling, seed=None if seed is None else seed + sample)
        messages, why = question.messages, ""
        replies: list[ModelReply] = []
        for call in range(_ATTEMPTS):
            call_id = f"{question.place}/{call}/{sample}"
            request = ModelRequest(messages, self.model, sampling, call_id, question.form)
            try:
                reply = await ask_model(self.provider, request, _unheard)
            except ProviderError as error:
                return _Answer(None, tuple(replies), self._clean(error.message))
            replies.append(reply)
            parsed = parse_output(reply.text, question.form.schema)
            if not parsed.problems:
                return _Answer(self._cleaned(parsed.value), tuple(replies))
            why = f"its answer did not fit what was asked for, {_ATTEMPTS} times: {parsed.problems[0]}"
            messages = repair_messages(question.messages, self._clean(reply.text), parsed.problems)
        return _Answer(None, tuple(replies), self._clean(why))

    def _cleaned(self, said: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        return {
            name: {**item, "reason": " ".join(self._clean(item["reason"]).split())}
            for name, item in said.items()
        }

    def _clean(self, text: str) -> str:
        """The text without secrets, and without halves of surrogate pairs, which no request can carry."""
        return self.redact(text.encode("utf-8", "surrogatepass").decode("utf-8", "replace"))


async def side_by_side(coroutines: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """The results in order; where one fails the others are stopped, and its error is raised. One alone needs no loop."""
    waiting = list(coroutines)
    if len(waiting) == 1:
        return [await waiting[0]]
    import asyncio

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(coroutine) for coroutine in waiting]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]


def _checked(criteria: Sequence[JudgeCriterion]) -> Sequence[JudgeCriterion]:
    names = Counter(item.name for item in criteria)
    if not names:
        raise ConfigError("a judge needs at least one criterion", hint="Name what is to be judged.")
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise ConfigError(f"two criteria have the name {twice[0]!r}", hint="Give each a name of its own.")
    return criteria


def _broken(text: str, task: str) -> tuple[str, str]:
    """The first gate that leaves nothing to judge, and its evidence; "" and "" where there is none."""
    found = (gate for gate in explain(text, task).gates if gate.tripped and gate.name not in _JUDGEABLE)
    return next(((gate.name, gate.evidence) for gate in found), ("", ""))


def _by_level(criterion: JudgeCriterion, answers: Sequence[_Answer]) -> CriterionJudgement:
    """The level that most samples chose; of several, the lowest."""
    said = [answer.said[criterion.name] for answer in answers if answer.said is not None]
    if not said:
        return CriterionJudgement(criterion.name, None, "", (f"could not judge: {answers[0].why}",))
    votes = Counter(item["level"] for item in said)
    value, level = min(criterion.levels, key=lambda rung: (-votes[rung[1]], rung[0]))
    reasons = tuple(item["reason"] for item in said if item["level"] == level)
    return CriterionJudgement(criterion.name, value, level, reasons, votes[level] / len(answers))


def _by_order(answers: Sequence[_Answer], *, swapped: bool = False) -> tuple[Preference | None, float]:
    """The text that most samples prefer, a tie where none has most votes; and the share of samples that say so."""
    sides = [
        sum(BETTER[item["better"]] for item in answer.said.values())
        for answer in answers
        if answer.said is not None
    ]
    if not sides:
        return None, 0.0
    names: dict[bool, Preference] = {
        True: "second" if swapped else "first",
        False: "first" if swapped else "second",
    }
    votes = Counter[Preference]("tie" if side == 0 else names[side > 0] for side in sides)
    (won, most), *rest = votes.most_common()
    if rest and rest[0][1] == most:
        won = "tie"
    return won, votes[won] / len(answers)


def _reasons(answers: Sequence[_Answer]) -> tuple[str, ...]:
    return tuple(
        reason
        for answer in answers
        for reason in (
            [f"could not judge: {answer.why}"]
            if answer.said is None
            else [f"{name}: {item['reason']}" for name, item in answer.said.items()]
        )
    )


def _spent(answers: Iterable[_Answer]) -> Spent:
    replies = [reply for answer in answers for reply in answer.replies]
    usage = (_sum(getattr(reply.usage, name) for reply in replies) for name in Usage.__slots__)
    return Spent(
        len(replies),
        Usage(*usage),  # type: ignore[arg-type]
        _sum(reply.cost for reply in replies),
        tuple(sorted({reply.model for reply in replies})),
        tuple(sorted({reply.origin for reply in replies})),
    )


def _sum(amounts: Iterable[float | None]) -> float | None:
    """The sum; None where one is not known."""
    known = list(amounts)
    return None if None in known else sum(amount for amount in known if amount is not None)


def _unheard(event_type: EventType, /, **payload: Any) -> None:
    """A judge's calls are no events of the run that is judged."""
