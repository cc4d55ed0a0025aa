"""One agent's turn: asked, answered, judged, and asked again as long as its `until` does not hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from fcc.agents import Unit
from fcc.messaging import EventType
from fcc.providers.base import ModelReply
from fcc.providers.keys import call_key
from fcc.simulation.artifacts import extract_artifacts
from fcc.simulation.budget import Budget
from fcc.simulation.caller import Caller
from fcc.simulation.calls import Publish
from fcc.simulation.delivery import Assessor, Delivery, before, earlier, judged
from fcc.simulation.prompting import (
    Ask,
    Backend,
    Candidate,
    Round,
    accepted,
    first_ask,
    next_ask,
    repair_ask,
)
from fcc.simulation.record import INVALID_OUTPUT, CallRecord, ErrorRecord, HandoffRecord, StepRecord
from fcc.simulation.structured import RULE, Parsed, parse_output
from fcc.simulation.verdict import Finding
from fcc.simulation.world import InputsError, World

UNFIT = "inputs-unfit"
"""The rule of a finding that what a step takes from another can't be its inputs."""


@dataclass(frozen=True)
class Turns:
    """Takes the turns of one run."""

    world: World
    caller: Caller
    publish: Publish
    now: Callable[[], str]
    backends: Mapping[str, Sequence[Backend]]
    """What answers for each step, and what is asked where it does not."""
    assessor: Assessor | None = None
    prior: Mapping[str, StepRecord] = field(default_factory=dict)
    """The steps that an earlier part of the same run has finished, by name."""

    async def take(self, unit: Unit) -> StepRecord:
        """The record of a unit.

        Raises:
            BudgetError: a limit is reached; nothing of the unit is recorded, what was paid for is in the ledger.
            StorageError: a reply could not be kept.
        """
        started = self.now()
        ask = first_ask(self.world, unit)
        candidates = self._candidates(ask)
        kept = self.prior.get(unit.name)
        if kept is not None and _answers(kept, candidates):
            self.publish(EventType.STEP_RESTORED, step=unit.name, persona=kept.persona)
            return kept
        persona = unit.planned.persona.id if unit.planned is not None else ""
        self.publish(EventType.STEP_STARTED, step=unit.name, persona=persona)
        for handoff in ask.handoffs:
            self.publish(
                EventType.HANDOFF_MADE,
                source=handoff.source,
                target=unit.name,
                kept=len(handoff.text),
                lost=handoff.lost,
            )
        calls, answer = await self._rounds(ask, candidates)
        record = StepRecord(
            name=unit.name,
            persona=persona,
            status="failed" if answer.error is not None else "completed",
            started=started,
            finished=self.now(),
            handoffs=tuple(HandoffRecord(item.source, len(item.text), item.lost) for item in ask.handoffs),
            calls=calls,
            output=answer.output,
            artifacts=answer.artifacts,
            findings=answer.findings,
            score=answer.score,
            error=answer.error,
            step=unit.step,
            environment=unit.environment,
            data=answer.data,
            unchecked=answer.unchecked,
        )
        tell_end(self.publish, record)
        return record

    def _candidates(self, ask: Ask) -> list[Candidate]:
        return [ask.to(backend) for backend in self.backends[ask.unit.step]]

    async def _rounds(self, ask: Ask, candidates: list[Candidate]) -> tuple[tuple[CallRecord, ...], Round]:
        """Every call, and what the last answer came to."""
        planned = ask.unit.planned
        until = planned.step.until if planned is not None else None
        own = planned.step.limits if planned is not None else None
        limits = Budget(own, f"step {ask.unit.name}") if own is not None else None
        calls: tuple[CallRecord, ...] = ()
        while True:
            calls += await self.caller.call(ask, candidates, limits)
            reply = calls[-1].reply
            if reply is None:
                return calls, Round(error=calls[-1].error)
            fitted = fit(ask, reply.text)
            if fitted.problems and ask.call == 0:
                ask = repair_ask(self.world, ask, reply.text, fitted.problems)
                candidates = self._candidates(ask)
                continue
            if fitted.problems:
                return calls, misfit(ask.unit.name, fitted.problems)
            answer = judge(self.assessor, self.world, ask, reply)._replace(data=fitted.value)
            if accepted(self.world, ask, answer):
                return calls, answer
            if until is None or ask.round >= until.rounds:
                return calls, _unmet(answer, until.condition if until else "", ask)
            asked_again = replace(calls[-1], score=answer.score, findings=answer.findings)
            calls = (*calls[:-1], asked_again)
            ask = next_ask(self.world, ask, answer)
            candidates = self._candidates(ask)


def tell_end(publish: Publish, record: StepRecord) -> None:
    """Publish that a step has ended."""
    if record.status == "failed":
        message = record.error.message if record.error else ""
        publish(EventType.STEP_FAILED, step=record.name, persona=record.persona, error=message)
        return
    publish(
        EventType.STEP_COMPLETED,
        step=record.name,
        persona=record.persona,
        characters=len(record.output),
        artifacts=[artifact.path for artifact in record.artifacts],
        score=record.score,
    )


def judge(assessor: Assessor | None, world: World, ask: Ask, reply: ModelReply) -> Round:
    """What is found of a reply; one that is to fit a schema, and does, has the score 1: no text score says as much."""
    findings, artifacts = _reply_findings(ask.unit.name, reply), extract_artifacts(reply.text)
    if assessor is None:
        return Round(reply.text, None, findings, artifacts)
    persona = ask.unit.planned.persona.id if ask.unit.planned is not None else ""
    own = Delivery(ask.unit.name, ask.task, reply.text, artifacts, ask.schema is not None, persona)
    inputs = world.promised_to(ask.unit)
    resting_on = before(world.units, world.done, ask.unit)
    found = judged(
        assessor, resting_on, own, inputs, earlier(world.units, world.done, ask.unit, world.inputs_in)
    )
    return Round(reply.text, found.score, (*findings, *found.findings), artifacts, unchecked=found.unchecked)


def fit(ask: Ask, text: str) -> Parsed:
    """The JSON value of an answer and why it does not fit; nothing where any text will do."""
    if ask.schema is None:
        return Parsed()
    return parse_output(text, ask.schema)


def misfit(step: str, problems: Sequence[str]) -> Round:
    """What a step comes to whose answer does not fit its schema, asked for twice: evidence enough to block."""
    what = "the answer does not fit its schema, asked for twice"
    hint = "Mend the schema or the task, or use a model that keeps to it: the answers are in the record."
    said = f"does not fit its schema: {'; '.join(problems)}"
    finding = Finding(RULE, "error", said, f"outputs/{step}.md", hint=hint)
    return Round(findings=(finding,), error=ErrorRecord(INVALID_OUTPUT, what, hint))


def unfit_inputs(error: InputsError, unit: Unit) -> StepRecord:
    """What a unit comes to whose inputs are not what they must be: evidence enough to block."""
    found = Finding(UNFIT, "error", error.message, f"outputs/{error.source}.md", hint=error.hint)
    return StepRecord(
        unit.name,
        unit.planned.persona.id if unit.planned is not None else "",
        "failed",
        findings=(found,),
        error=ErrorRecord.of(error),
        step=unit.step,
        environment=unit.environment,
        rehearsal=unit.rehearse is not None,
    )


def _answers(before: StepRecord, candidates: Sequence[Candidate]) -> bool:
    """Whether a finished step's first answer is the answer to this very question, whichever model gave it."""
    first = next((call for call in before.calls if call.reply is not None), None)
    if before.status != "completed" or first is None:
        return False
    asked = replace(candidates[0].request, model=first.request.model, sampling=first.request.sampling)
    return call_key(asked, first.backend) == first.key


def _reply_findings(step: str, reply: ModelReply) -> tuple[Finding, ...]:
    if reply.finish_reason != "length":
        return ()
    what, hint = "the reply stops at the limit of tokens", "Raise max_tokens, or ask for less at once."
    return (Finding("reply-cut", "warning", what, f"outputs/{step}.md", hint=hint),)


def _unmet(answer: Round, condition: str, ask: Ask) -> Round:
    times = f"asked again {ask.round} time{'' if ask.round == 1 else 's'}"
    what = f"`{condition}` still does not hold, {times}; the last answer is kept"
    hint = "Read what was found each time in the record; give it more rounds, or another model."
    finding = Finding("until-unmet", "warning", what, f"outputs/{ask.unit.name}.md", hint=hint)
    return answer._replace(findings=(*answer.findings, finding))
