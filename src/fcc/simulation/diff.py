"""Two runs side by side: the first step that diverged, why, and how far it spread. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from fcc.agents.order import reach
from fcc.simulation.causes import NEW, SAMPLING, Cause, causes, question_of
from fcc.simulation.record import CallRecord, RunRecord, StepRecord

CONTEXT = 2
"""Lines around each change of a text."""


@dataclass(frozen=True, slots=True)
class StepDiff:
    """One step of two runs."""

    name: str
    same: bool
    """Whether both gave the same output, with the same status and score."""
    causes: tuple[Cause, ...] = ()
    """Why it was asked something else; where it was not, `sampling`."""
    text: tuple[str, ...] = ()
    """The outputs as a unified diff, without line ends."""

    @property
    def followed(self) -> bool:
        """Whether nothing but what came from upstream made it differ."""
        return bool(self.causes) and all(cause.kind == "upstream" for cause in self.causes)


@dataclass(frozen=True, slots=True)
class RunDiff:
    """Two runs of one chain."""

    before: str
    after: str
    steps: tuple[StepDiff, ...]
    verdicts: tuple[str, str]
    """The decision of each, or its status where it has none."""

    @property
    def same(self) -> bool:
        """Whether the runs came to the same, step by step."""
        return all(step.same for step in self.steps) and self.verdicts[0] == self.verdicts[1]

    @property
    def first(self) -> StepDiff | None:
        """The first step that diverged."""
        return next((step for step in self.steps if not step.same), None)

    @property
    def spread(self) -> list[str]:
        """The steps whose outputs differ since one before them does."""
        return [step.name for step in self.steps if not step.same and step.followed]

    @property
    def origins(self) -> list[str]:
        """The steps that diverged on their own account, the first among them."""
        return [step.name for step in self.steps if not step.same and not step.followed]


def diff_runs(before: RunRecord, after: RunRecord) -> RunDiff:
    """What differs between two runs, in the order of the steps of the second."""
    one = {step.name: step for step in before.steps}
    other = {step.name: step for step in after.steps}
    names = list(dict.fromkeys([*other, *one]))
    steps: list[StepDiff] = []
    for name in names:
        found = _step(name, before, after, one.get(name), other.get(name))
        if not found.same and name in one and name in other and not (one[name].calls and other[name].calls):
            differing = [other.get(step.name) or one[step.name] for step in steps if not step.same]
            found = _unasked(found, before, after, one[name], other[name], differing)
        steps.append(found)
    return RunDiff(before.id, after.id, tuple(steps), (_decision(before), _decision(after)))


def _unasked(
    found: StepDiff,
    before: RunRecord,
    after: RunRecord,
    one: StepRecord,
    other: StepRecord,
    differing: Sequence[StepRecord],
) -> StepDiff:
    """A step that asked no model, a rehearsal or one that was passed over, with what made it differ."""
    needs = {name: step.get("needs", ()) for name, step in after.chain["steps"].items()}
    step = other.step or other.name
    above = reach(needs, step) if step in needs else [item.step or item.name for item in differing]
    here = [item for item in differing if item.environment in {"", other.environment} or step not in needs]
    near = next((item.name for wanted in above for item in here if (item.step or item.name) == wanted), None)
    if near is not None:
        changed = f"{_status(one)} → {_status(other)}, " if one.status != other.status else ""
        return replace(found, causes=(Cause("upstream", f"{changed}upstream {near} changed", near),))
    if one.status == other.status and one.rehearsal:
        return replace(found, causes=(_rehearsed(before, after),))
    return found


def _rehearsed(before: RunRecord, after: RunRecord) -> Cause:
    """Why a rehearsal came to something else, where nothing upstream did."""
    if before.inputs != after.inputs:
        return Cause("input", "inputs")
    if before.documents != after.documents:
        return Cause("document", "another event document")
    return Cause("rehearsal", "other scenarios, or another version of what rehearses")


def _step(
    name: str, before: RunRecord, after: RunRecord, one: StepRecord | None, other: StepRecord | None
) -> StepDiff:
    if one is None or other is None:
        missing = before if one is None else after
        over = missing.status == "completed"
        what = f"{missing.id} has no such step" if over else f"{missing.id} did not get to it"
        return StepDiff(name, False, (Cause(NEW, what),))
    same = (one.status, one.output, one.score) == (other.status, other.output, other.score)
    if same:
        return StepDiff(name, True, _causes(before, after, one, other))
    found = _causes(before, after, one, other)
    if one.status != other.status:
        found += (Cause("status", f"{_status(one)} → {_status(other)}"),)
    elif not found:
        found = (_own(one, other),)
    lines = difflib.unified_diff(
        one.output.splitlines(),
        other.output.splitlines(),
        f"{before.id}/{name}.md",
        f"{after.id}/{name}.md",
        lineterm="",
        n=CONTEXT,
    )
    return StepDiff(name, False, found, tuple(lines))


def _own(one: StepRecord, other: StepRecord) -> Cause:
    if one.output == other.output:
        return Cause("score", f"the same text scored {one.score} → {other.score}")
    return Cause(SAMPLING, "the same question got another answer: the model's own sampling")


def _causes(before: RunRecord, after: RunRecord, one: StepRecord, other: StepRecord) -> tuple[Cause, ...]:
    first, second = _answered(one), _answered(other)
    if first is None or second is None:
        return ()
    found = causes(question_of(before, one, first), question_of(after, other, second))
    return tuple(found or _refined(before, after, one, other))


def _refined(before: RunRecord, after: RunRecord, one: StepRecord, other: StepRecord) -> list[Cause]:
    """Why the same first question came to another end: its `until`, or how it was asked again."""
    untils = [
        record.chain["steps"].get(step.step or step.name, {}).get("until")
        for record, step in ((before, one), (after, other))
    ]
    if untils[0] != untils[1]:
        return [Cause("until", "`until` changed")]
    asked = [{call.round: call for call in step.calls if call.reply is not None} for step in (one, other)]
    for number in sorted(set(asked[0]) & set(asked[1])):
        prints = [calls[number].fingerprints for calls in asked]
        if prints[0].get("previous") != prints[1].get("previous"):
            return []  # an earlier round was answered otherwise
        if prints[0].get("refine") != prints[1].get("refine"):
            return [Cause("template", "asked again in other words")]
    return []


def _answered(step: StepRecord) -> CallRecord | None:
    """The call of the first round that was answered, or the last that was not."""
    first = [call for call in step.calls if call.round == 0]
    return next((call for call in first if call.reply is not None), first[-1] if first else None)


def _status(step: StepRecord) -> str:
    return f"{step.status} ({step.error.code})" if step.error is not None else step.status


def _decision(record: RunRecord) -> str:
    return record.verdict.decision if record.verdict is not None else record.status
