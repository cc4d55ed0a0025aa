"""The runner: walks a plan's units, each after its needs, and returns the record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fcc.agents import Plan, Schedule, Unit, unfold
from fcc.agents.flow import RunLimits
from fcc.errors import BudgetError, FccError, StorageError, TemplateError
from fcc.messaging import Event, EventBus, EventType
from fcc.providers.base import ModelReply
from fcc.redaction import redact, redactor
from fcc.simulation.budget import Budget, out_of_time
from fcc.simulation.caller import Caller, Known, ledger_name
from fcc.simulation.calls import Clock
from fcc.simulation.delivery import Assessor, disagreements
from fcc.simulation.gatekeeper import Gatekeeper
from fcc.simulation.gates import Approver, Gate
from fcc.simulation.judging import judge_run
from fcc.simulation.passing import passed_over
from fcc.simulation.prompting import Backend
from fcc.simulation.record import (
    Approval,
    ErrorRecord,
    RunRecord,
    RunStatus,
    StepRecord,
    StepStatus,
    timestamp,
)
from fcc.simulation.rehearsal_step import Rehearsals
from fcc.simulation.resolved import resolve
from fcc.simulation.turn import Turns, unfit_inputs
from fcc.simulation.verdict import Finding, Verdict
from fcc.simulation.world import InputsError, World

if TYPE_CHECKING:
    from asyncio import Task

    from fcc.simulation.ledger import Ledger  # SQLite is for runs that pay
    from fcc.simulation.rehearsing import Rehearser


@dataclass(frozen=True)
class RunOrder:
    """One run that is to be made: what the record says of it before anything is asked."""

    run_id: str
    inputs: Mapping[str, Any]
    documents: Mapping[str, Any] = field(default_factory=dict)
    """The documents of the events that came, by name."""
    limits: RunLimits = field(default_factory=RunLimits)
    asked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The models of each step, by the names that they were given."""
    profiles: Mapping[str, Any] = field(default_factory=dict)
    reuse: tuple[str, ...] = ()
    prior: RunRecord | None = None
    """The record of the same run, where it goes on."""
    known: Known = field(default_factory=Known)
    """Replies that need not be paid for."""
    approvals: tuple[Approval, ...] = ()
    """What was said at gates before, each on its evidence."""
    cassette: str = ""
    """The cassette that answers, where the run is a replay."""
    redact: Callable[[str], str] | None = None
    """Takes secrets out of what is sent and what comes back; made for this run where it is not given."""


@dataclass(frozen=True)
class Runner:
    """Runs plans in this process.

    `save` is called with the record at the start, after each step and at the end.
    """

    backends: Callable[[str], Sequence[Backend]]
    """What answers for the step of that name, and what is asked where it does not."""
    clock: Clock
    assessor: Assessor | None = None
    """Without one, nothing is scored and the run has no verdict."""
    gate: Gate | None = None
    """Decides at gates; needed for a chain that has some."""
    approver: Approver | None = None
    """Asks a person; without one, a gate that asks waits."""
    rehearser: Rehearser | None = None
    """Rehearses; needed for a chain with a step that does."""
    bus: EventBus = field(default_factory=EventBus)
    log: Callable[[Event], None] | None = None
    """Given each event of the run before the bus is, in order, in the run's own thread."""
    save: Callable[[RunRecord], None] | None = None
    ledger: Ledger | None = None
    stream: bool = False
    """Whether replies are told on the bus while they come, as `EventType.MODEL_CALL_TEXT`."""
    waits: bool = True
    """Whether anything in a run waits. Without, steps run one after the other, and no event loop is needed."""

    async def run(self, plan: Plan, order: RunOrder) -> RunRecord:
        """The record of one run.

        A step whose model does not answer is recorded as failed, what needs it as skipped, and the rest goes on. At a
        limit, or at a gate where nobody has decided, the run ends with the status `stopped` or `waiting`, and can be
        resumed.

        Raises:
            StorageError: a result could not be written.
            asyncio.CancelledError: the run was interrupted; the record up to there has been saved.
        """
        return await _Run(self, plan, order).go()


class _Run:
    """One run under way."""

    def __init__(self, runner: Runner, plan: Plan, order: RunOrder) -> None:
        self._runner = runner
        self._order = order
        self._prior = order.prior
        self._started = order.prior.started if order.prior else timestamp(runner.clock())
        self._began = runner.clock()
        self._units = {unit.name: unit for unit in unfold(plan, order.inputs)}
        self._world = World(plan, self._units, order.inputs, order.documents, order.redact or redactor())
        given = order.prior.approvals if order.prior else order.approvals
        finished = order.prior.steps if order.prior else ()
        decided = {step.name: step for step in finished if step.gate is not None}
        self._gatekeeper = Gatekeeper(runner.gate, runner.approver, given, decided, self._publish, self._now)
        self._questions: list[Unit] = []
        """The gates at which a person is to be asked, as soon as nothing else is left to do."""
        self._stop: BudgetError | None = None
        """Why no further step is started."""
        names = {planned.name: runner.backends(planned.name) for planned in plan.steps}
        self._models = {name: backends[0].provider.identity for name, backends in names.items()}
        prior = {step.name: step for step in finished if step.status == "completed" and step.gate is None}
        budget = Budget(order.limits)
        budget.take_over(_replies(order).values())
        name = ledger_name(order.run_id, self._started)
        scope = frozenset({name, *order.reuse})
        caller = Caller(
            name, self._world, self._publish, budget, order.known, runner.ledger, scope, runner.stream
        )
        self._turns = Turns(self._world, caller, self._publish, self._now, names, runner.assessor, prior)
        self._rehearsals = Rehearsals(self._world, runner.rehearser, self._publish, self._now, runner.waits)

    async def go(self) -> RunRecord:
        try:
            kind = EventType.RUN_RESUMED if self._prior else EventType.RUN_STARTED
            self._publish(kind, chain=self._world.plan.chain.name, steps=list(self._units))
            if self._runner.save is not None:
                self._save("running")
            await self._walk()
        except BaseException as error:  # however a run ends, its record says so
            self._note_end(error)
            raise
        return self._finish()

    async def _walk(self) -> None:
        schedule = Schedule({unit.name: unit.needs for unit in self._units.values()})
        if self._runner.waits:
            await self._side_by_side(schedule)
            return
        while not self._is_over():
            if (name := schedule.next()) is not None:
                self._settle(schedule, await self._unit(self._units[name]))
            elif not self._ask_person(schedule):
                return

    async def _side_by_side(self, schedule: Schedule) -> None:
        import asyncio

        running: set[Task[StepRecord | None]] = set()
        limits = self._order.limits
        try:
            async with asyncio.timeout(limits.timeout):
                while True:
                    await self._start(schedule, running, asyncio.create_task)
                    if running:
                        ended, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                        failures = [error for task in ended if (error := task.exception()) is not None]
                        if failures:
                            raise failures[0]
                        for task in ended:
                            self._settle(schedule, task.result())
                    elif self._is_over() or not self._ask_person(schedule):
                        return
        except TimeoutError:
            self._stop = out_of_time(limits.timeout or 0)
        finally:
            for task in running:
                task.cancel()
            if running:
                await asyncio.gather(*running, return_exceptions=True)

    async def _start(
        self,
        schedule: Schedule,
        running: set[Task[StepRecord | None]],
        spawn: Callable[..., Task[StepRecord | None]],
    ) -> None:
        """Start what can be started; what would run alone is run here and now, without a task."""
        while len(running) < self._order.limits.concurrency and not self._is_over():
            if (name := schedule.next()) is None:
                return
            if running or schedule.ready:
                running.add(spawn(self._unit(self._units[name])))
            else:
                self._settle(schedule, await self._unit(self._units[name]))

    def _ask_person(self, schedule: Schedule) -> bool:
        """Ask at the next gate that needs a person; whether there was one. Nothing else goes on meanwhile."""
        if not self._questions:
            return False
        self._settle(schedule, self._gatekeeper.ask(self._world, self._questions.pop(0)))
        return True

    def _settle(self, schedule: Schedule, record: StepRecord | None) -> None:
        """Note a unit that has ended. What has not, or waits, keeps what needs it from starting."""
        if record is None:
            return
        self._world.done[record.name] = record
        if record.status != "waiting":
            schedule.finish(record.name)
        if self._runner.save is not None:
            self._save("running")

    def _is_over(self) -> bool:
        timeout = self._order.limits.timeout
        if self._stop is None and timeout is not None and self._runner.clock() - self._began >= timeout:
            self._stop = out_of_time(timeout)
        return self._stop is not None

    async def _unit(self, unit: Unit) -> StepRecord | None:
        """The record of a unit; None where a limit kept it from ending, or a person is to be asked."""
        try:
            return self._passed_over(unit) or await self._ended(unit)
        except BudgetError as error:
            self._stop = error
            return None
        except TemplateError as error:
            return self._failed(unit, error)
        except InputsError as error:
            self._publish(EventType.STEP_FAILED, step=unit.name, persona=_persona(unit), error=error.message)
            return unfit_inputs(error, unit)

    async def _ended(self, unit: Unit) -> StepRecord | None:
        if unit.is_gate:
            return self._at_gate(unit)
        if unit.planned is None:
            return await self._rehearsals.take(unit)
        limits = unit.planned.step.limits
        if limits is not None and limits.timeout is not None and self._runner.waits:
            return await self._within(limits.timeout, unit)
        return await self._turns.take(unit)

    def _at_gate(self, unit: Unit) -> StepRecord | None:
        record = self._gatekeeper.decide(self._world, unit)
        if record is None:
            self._questions.append(unit)
        return record

    async def _within(self, seconds: float, unit: Unit) -> StepRecord:
        import asyncio

        try:
            async with asyncio.timeout(seconds):
                return await self._turns.take(unit)
        except TimeoutError:
            raise out_of_time(seconds, unit.name) from None

    def _passed_over(self, unit: Unit) -> StepRecord | None:
        """The record of a unit that does not run: what it needs is missing, or it is not asked for."""
        passed = passed_over(self._world, unit)
        if passed is None:
            return None
        self._publish(EventType.STEP_SKIPPED, step=unit.name, persona=_persona(unit), reason=passed.reason)
        return self._without_answer(unit, "skipped", ErrorRecord(*passed))

    def _failed(self, unit: Unit, error: FccError) -> StepRecord:
        """The record of a unit that could not even be asked for, which must not sink its siblings."""
        failure = ErrorRecord.of(error)
        self._publish(EventType.STEP_FAILED, step=unit.name, persona=_persona(unit), error=failure.message)
        return self._without_answer(unit, "failed", failure)

    def _without_answer(self, unit: Unit, status: StepStatus, error: ErrorRecord) -> StepRecord:
        return StepRecord(
            unit.name,
            _persona(unit),
            status,
            error=error,
            step=unit.step,
            environment=unit.environment,
            rehearsal=unit.rehearse is not None,
        )

    def _note_end(self, error: BaseException) -> None:
        """Record what ended the run: a failure, or (Ctrl-C, a cancelled task) an interruption."""
        if isinstance(error, Exception):
            message = error.message if isinstance(error, FccError) else f"{type(error).__name__}: {error}"
            self._publish(EventType.RUN_FAILED, error=redact(message))
        else:
            self._publish(EventType.RUN_INTERRUPTED, finished_steps=list(self._world.done))
        if isinstance(error, StorageError):
            return
        if isinstance(error, Exception):
            known = error if isinstance(error, FccError) else FccError(f"{type(error).__name__}: {error}")
            self._save("failed", known)
        else:
            self._save("interrupted")

    def _finish(self) -> RunRecord:
        if self._stop is not None:
            self._publish(EventType.RUN_STOPPED, error=self._stop.message)
            return self._save("stopped", self._stop)
        if any(step.status == "waiting" for step in self._world.done.values()):
            waiting = [step.name for step in self._world.done.values() if step.status == "waiting"]
            self._publish(EventType.RUN_WAITING, gates=waiting)
            return self._save("waiting")
        if self._runner.assessor is None:
            self._publish(EventType.RUN_COMPLETED, decision=None)
            return self._save("completed")
        findings = self._disagreements(self._runner.assessor)
        verdict = self._verdict(findings)
        self._publish(EventType.RUN_COMPLETED, decision=verdict.decision)
        return self._save("completed", verdict=verdict, findings=findings)

    def _disagreements(self, assessor: Assessor) -> tuple[Finding, ...]:
        names = tuple(self._world.plan.chain.environments) or ("",)
        inputs = {name: self._world.promised_in(name) for name in names}
        return disagreements(assessor, self._units, self._in_order(), inputs)

    def _verdict(self, findings: tuple[Finding, ...]) -> Verdict:
        verdict = judge_run(self._world.plan, self._in_order(), findings)
        self._publish(
            EventType.COLLABORATION_GATE_DECIDED,
            gate="readiness",
            decision=verdict.decision,
            ready=verdict.decision == "APPROVED",
            scores={area.area: area.score for area in verdict.areas},
            reasons=list(verdict.reasons),
        )
        return verdict

    def _in_order(self) -> tuple[StepRecord, ...]:
        """The steps that have ended, those of an earlier part of the run that were not looked at again yet among them."""
        known = {**self._turns.prior, **self._world.done}
        return tuple(known[name] for name in self._units if name in known)

    def _save(
        self,
        status: RunStatus,
        error: FccError | None = None,
        *,
        verdict: Verdict | None = None,
        findings: tuple[Finding, ...] = (),
    ) -> RunRecord:
        order = self._order
        record = RunRecord(
            id=order.run_id,
            **resolve(self._world.plan),
            inputs=order.inputs,
            models=self._models,
            status=status,
            started=self._started,
            finished="" if status == "running" else self._now(),
            steps=self._in_order(),
            findings=findings,
            verdict=verdict,
            asked=order.asked,
            profiles=order.profiles,
            documents=order.documents,
            limits=order.limits.model_dump(mode="json", exclude_defaults=True),
            reuse=order.reuse,
            approvals=tuple(self._gatekeeper.approvals),
            cassette=order.cassette,
            error=ErrorRecord.of(error) if error is not None else None,
        )
        if self._runner.save is not None:
            self._runner.save(record)
        return record

    def _publish(self, event_type: EventType, /, **payload: Any) -> None:
        event = Event(event_type, "runner", payload, self._order.run_id, time=self._runner.clock())
        if self._runner.log is not None and event_type is not EventType.MODEL_CALL_TEXT:
            self._runner.log(event)
        self._runner.bus.publish(event)

    def _now(self) -> str:
        return timestamp(self._runner.clock())


def _persona(unit: Unit) -> str:
    return unit.planned.persona.id if unit.planned is not None else ""


def _replies(order: RunOrder) -> dict[str, ModelReply]:
    """What the run was answered before it was interrupted, by key."""
    calls = order.prior.calls if order.prior else []
    own = {call.key: call.reply for call in calls if call.reply is not None and call.paid}
    return {**order.known.own, **own}
