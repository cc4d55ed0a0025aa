"""Whether a run's folder is what its record says, and its record follows from itself. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from fcc.agents import Unit, unfold
from fcc.errors import ConfigError, FccError
from fcc.providers.keys import call_key
from fcc.simulation import gates
from fcc.simulation.artifacts import extract_artifacts
from fcc.simulation.event_log import read_log
from fcc.simulation.judging import judge_run
from fcc.simulation.prompting import Ask, Round, accepted, first_ask, next_ask, repair_ask
from fcc.simulation.record import INVALID_INPUTS, CallRecord, RunRecord, StepRecord
from fcc.simulation.rehearsing import Rehearser
from fcc.simulation.resolved import differences, plan_of, resolve
from fcc.simulation.run_folder import step_files
from fcc.simulation.seal import Seal, read_seal
from fcc.simulation.structured import Parsed
from fcc.simulation.tiers import halts, was_halted
from fcc.simulation.turn import fit, misfit, unfit_inputs
from fcc.simulation.world import InputsError, World

RECORD, LOG = "run.json", "events.jsonl"


class Flaw(NamedTuple):
    """One place at which a run does not hold."""

    file: str
    line: int
    """From 1; 0 where it is about the whole file."""
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}" if self.line else f"{self.file}: {self.message}"


@dataclass(frozen=True, slots=True)
class Verification:
    """What was checked, and what does not hold."""

    run: str
    flaws: tuple[Flaw, ...]
    events: int
    steps: int
    calls: int
    files: int

    @property
    def holds(self) -> bool:
        """Whether everything is as it should be."""
        return not self.flaws


def verify(
    record_file: bytes,
    log_file: bytes,
    files: Mapping[str, bytes],
    rehearser: Callable[[], Rehearser] | None = None,
) -> Verification:
    """Everything that can be checked of a run, from its files alone.

    The record is as it was written; each prompt renders again to the recorded bytes, and each key and fingerprint
    follows; each output is its reply, and its artifacts are found in it; the verdict follows from scores and findings;
    the chain of the event log is unbroken and ends where the record says; each file holds what the record holds.

    Args:
        record_file: `run.json`.
        log_file: `events.jsonl`.
        files: what lies below `outputs/` and `artifacts/`, by its path in the run's folder.
        rehearser: makes what rehearses again, where something was; without one, nothing is said of it.
    """
    seal = read_seal(record_file)
    flaws = list(_check_seal(seal))
    try:
        record = RunRecord.from_json(record_file.decode(), "it")
    except (ConfigError, UnicodeDecodeError) as error:
        message = error.message if isinstance(error, ConfigError) else str(error)
        return Verification("?", (*flaws, Flaw(RECORD, 0, message)), 0, 0, 0, 0)
    hashes, faults = read_log(log_file, record.id)
    flaws += [Flaw(LOG, fault.line, fault.message) for fault in faults]
    flaws += _check_end(record, seal, hashes, log_file)
    flaws += _check_steps(record, rehearser)
    flaws += _check_files(record, files)
    return Verification(
        record.id, tuple(flaws), len(hashes), len(record.steps), len(record.calls), len(files)
    )


def _check_seal(seal: Seal | None) -> Iterator[Flaw]:
    if seal is None:
        yield Flaw(
            RECORD, 0, "its seal is missing or damaged, so that not every byte of it can be vouched for"
        )
    elif not seal.whole:
        yield Flaw(RECORD, 0, "is not as it was written: its bytes do not give the hash in its seal")


def _goes_on(log_file: bytes, lines: int) -> bool:
    """Whether what follows those lines is a run that went on and was killed before it had saved anything."""
    return (
        b'"type": "run.resumed"' in log_file.split(b"\n")[lines]
        or b'"type": "log.repaired"' in log_file.split(b"\n")[lines]
    )


def _check_end(record: RunRecord, seal: Seal | None, hashes: list[str], log_file: bytes) -> Iterator[Flaw]:
    if seal is None:
        return
    lines, sha256 = seal.head
    if lines > len(hashes):
        yield Flaw(LOG, len(hashes) + 1, f"lines are missing: the record was written after line {lines}")
    elif lines and hashes[lines - 1] != sha256:
        yield Flaw(LOG, lines, "is not the line after which the record was written")
    elif lines < len(hashes) and record.status != "running" and not _goes_on(log_file, lines):
        yield Flaw(LOG, lines + 1, "lines were added after the end of the run")


def _check_steps(record: RunRecord, rehearser: Callable[[], Rehearser] | None) -> Iterator[Flaw]:
    try:
        plan = plan_of(record)
        units = {unit.name: unit for unit in unfold(plan, record.inputs)}
    except Exception as error:  # noqa: BLE001 - damaged data can fail in any way, and each is a flaw of the record
        message = error.message if isinstance(error, FccError) else f"{type(error).__name__}: {error}"
        yield Flaw(RECORD, 0, f"its chain can't be planned: {message}")
        return
    for part in differences(record, resolve(plan)):
        yield Flaw(RECORD, 0, f"its {part} are not what its chain is planned with")
    steps = {step.name: step for step in record.steps}
    world = World(plan, units, record.inputs, record.documents)
    for name, unit in units.items():
        step = steps.pop(name, None)
        if step is None:
            if record.status == "completed":
                yield Flaw(RECORD, 0, f"step {name}: is missing in a run that was completed")
            continue
        if any(need not in world.done for need in unit.needs):
            yield Flaw(RECORD, 0, f"step {name}: has run before what it needs")
            continue
        yield from _check_halt(world, unit, step)
        yield from _check_step(record, world, unit, step)
        if unit.rehearse is not None and step.status == "completed" and rehearser is not None:
            yield from _check_rehearsal(world, unit, step, rehearser())
        world.done[name] = step
    for name in steps:
        yield Flaw(RECORD, 0, f"step {name}: is none of the chain's")
    if record.verdict is not None and judge_run(plan, record.steps, record.findings) != record.verdict:
        yield Flaw(RECORD, 0, "the verdict does not follow from scores and findings")


def _check_step(record: RunRecord, world: World, unit: Unit, step: StepRecord) -> Iterator[Flaw]:
    try:
        if step.error is not None and step.error.code == INVALID_INPUTS:
            yield from _check_unfit(world, unit, step)
        elif step.gate is not None:
            yield from _check_gate(record, world, unit, step)
        elif unit.planned is not None and (
            step.status == "completed" or (step.status == "failed" and step.calls)
        ):
            yield from _check_turn(world, unit, step)
    except Exception as error:  # noqa: BLE001 - as above
        yield Flaw(RECORD, 0, f"step {step.name}: can't be followed: {error}")


def _check_gate(record: RunRecord, world: World, unit: Unit, step: StepRecord) -> Iterator[Flaw]:
    question, decided = gates.question_at(world, unit), step.gate
    if decided is None:
        return
    if question.evidence != decided.evidence:
        yield Flaw(RECORD, 0, f"gate {step.name}: was decided on other evidence than the record holds")
    if question.halt is not None and decided.decision != "closed":
        yield Flaw(RECORD, 0, f"gate {step.name}: is {decided.decision}, although {question.halt}")
    if decided.decision != "waiting" and decided.via != "policy":
        approval, _ = gates.standing(record.approvals, question)
        if approval is None or gates.by_person(question, approval) != decided:
            yield Flaw(RECORD, 0, f"gate {step.name}: the record holds no approval by which it was decided")


def _check_halt(world: World, unit: Unit, step: StepRecord) -> Iterator[Flaw]:
    halt = None if unit.is_gate else halts(world.units, world.done, unit)
    told = step.error.message if step.error is not None and was_halted(step) else None
    if halt is not None and told is None:
        yield Flaw(RECORD, 0, f"step {step.name}: was not halted, although {halt}")
    elif told is not None and told != str(halt):
        yield Flaw(RECORD, 0, f"step {step.name}: why it was halted is not as recorded")


def _check_unfit(world: World, unit: Unit, step: StepRecord) -> Iterator[Flaw]:
    try:
        world.inputs_of(unit)
    except InputsError as error:
        if unfit_inputs(error, unit) == step:
            return
    yield Flaw(RECORD, 0, f"step {step.name}: why its inputs do not fit is not as recorded")


def _check_rehearsal(world: World, unit: Unit, step: StepRecord, rehearser: Rehearser) -> Iterator[Flaw]:
    from fcc.simulation.rehearsal_step import differing_parts, request_of

    try:
        parts = differing_parts(step, rehearser.rehearse(request_of(world, unit)))
    except Exception as error:  # noqa: BLE001 - as above
        yield Flaw(RECORD, 0, f"step {step.name}: can't be rehearsed again: {error}")
        return
    if parts:
        yield Flaw(RECORD, 0, f"step {step.name}: rehearsed again, it gives other {' and '.join(parts)}")


def _check_turn(world: World, unit: Unit, step: StepRecord) -> Iterator[Flaw]:
    ask = first_ask(world, unit)
    for call in step.calls:
        if call.round != ask.round:
            ask = next_ask(world, ask, _answer_before(step, call))
        elif call.id != ask.call_id:
            ask = _repaired(world, ask, step, call)
        yield from _check_call(ask, step, call)
    replies = [call.reply for call in step.calls if call.reply is not None]
    fitted = fit(ask, replies[-1].text) if replies else Parsed()
    if (
        step.status == "failed"
        and not step.unanswered
        and misfit(step.name, fitted.problems).error != step.error
    ):
        yield Flaw(RECORD, 0, f"step {step.name}: why its answer does not fit is not as recorded")
    if step.status != "completed":
        return
    if fitted.problems or fitted.value != step.data:
        yield Flaw(RECORD, 0, f"step {step.name}: its data are not what its output holds")
    if not replies or replies[-1].text != step.output:
        yield Flaw(RECORD, 0, f"step {step.name}: the output is not the recorded reply")
    if extract_artifacts(step.output) != step.artifacts:
        yield Flaw(RECORD, 0, f"step {step.name}: the artifacts are not those in its output")
    last = Round(step.output, step.score, tuple(f for f in step.findings if f.rule != "until-unmet"))
    unmet = any(finding.rule == "until-unmet" for finding in step.findings)
    if accepted(world, ask, last) is unmet:
        yield Flaw(RECORD, 0, f"step {step.name}: whether its `until` holds is not as recorded")


def _repaired(world: World, ask: Ask, step: StepRecord, call: CallRecord) -> Ask:
    """The question after an answer that did not fit its schema."""
    before = [other.reply for other in step.calls if other.id == ask.call_id and other.reply is not None]
    if ask.call or not before:
        raise ValueError(f"the call {call.id} follows no answer")
    text = before[-1].text
    return repair_ask(world, ask, text, fit(ask, text).problems)


def _answer_before(step: StepRecord, call: CallRecord) -> Round:
    before = [other for other in step.calls if other.round == call.round - 1 and other.reply is not None]
    if not before or before[-1].reply is None:
        raise ValueError(f"round {call.round} follows no answer")
    return Round(before[-1].reply.text, before[-1].score, before[-1].findings)


def _check_call(ask: Ask, step: StepRecord, call: CallRecord) -> Iterator[Flaw]:
    where = f"step {step.name}, call {call.id}"
    for index, message in enumerate(ask.messages):
        recorded = call.request.messages[index] if index < len(call.request.messages) else None
        if recorded != message:
            place = _first_difference(message.content, recorded.content if recorded else "")
            yield Flaw(
                RECORD, 0, f"{where}: the {message.role} prompt renders otherwise, from line {place} on"
            )
    if call.id != ask.call_id or len(call.request.messages) != len(ask.messages):
        yield Flaw(RECORD, 0, f"{where}: is not the call that stands here")
    if call_key(call.request, call.backend) != call.key:
        yield Flaw(RECORD, 0, f"{where}: its key is not the hash of what was sent")
    if dict(call.fingerprints) != ask.fingerprints:
        wrong = [key for key, value in ask.fingerprints.items() if call.fingerprints.get(key) != value]
        yield Flaw(
            RECORD, 0, f"{where}: fingerprints do not follow: {', '.join(wrong) or 'some are too many'}"
        )


def _first_difference(one: str, other: str) -> int:
    pairs = zip(one.split("\n"), other.split("\n"), strict=False)
    return next(
        (number for number, (a, b) in enumerate(pairs, start=1) if a != b),
        min(one.count("\n"), other.count("\n")) + 1,
    )


def _check_files(record: RunRecord, files: Mapping[str, bytes]) -> Iterator[Flaw]:
    left = dict(files)
    for step in record.steps:
        if step.status != "completed" or step.gate is not None:
            continue
        for path, text in step_files(step):
            held = left.pop(path, None)
            if held is None:
                yield Flaw(path, 0, "is missing")
            elif held != text.encode():
                place = _first_difference(text, held.decode("utf-8", "replace"))
                yield Flaw(path, place, "is not what the record holds")
    if record.status != "running":
        for path in left:
            yield Flaw(path, 0, "is none of the run's files")
