"""Deciding at a gate where a run waits, from outside of it."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from fcc import _yaml
from fcc.errors import ConfigError, NotFoundError
from fcc.messaging import Event, EventType
from fcc.redaction import redact_values
from fcc.simulation import Approval, RunFolder, RunRecord
from fcc.simulation.record import timestamp
from fcc.workspace import show_path


def give_approval(
    folder: Path, gate: str, *, by: str, approved: bool, reason: str = "", replace_it: bool = False
) -> Approval:
    """Note in a waiting run's record what a person says at one of its gates; `resume` goes on with it.

    The approval holds for the evidence that the run waits with, and lapses when that changes.

    Raises:
        ConfigError: the run does not wait there, is being run just now, or somebody has decided already.
        StorageError: it could not be written.
    """
    RunRecord.read(folder / "run.json")  # or there is nothing to decide on, and nothing to open
    opened = RunFolder.reopen(folder)
    try:
        record = RunRecord.read(folder / "run.json")
        step = next((step for step in record.waiting if step.name == gate), None)
        if step is None or step.gate is None:
            raise _not_waiting(record, folder, gate)
        given = [old for old in record.approvals if old.gate == gate and old.evidence == step.gate.evidence]
        if given and not replace_it:
            said = "approved" if given[-1].approved else "rejected"
            raise ConfigError(
                f"{given[-1].by} has {said} this already, at {given[-1].at}",
                hint="To overrule it, say so: --replace.",
            )
        now = time.time()
        approval = Approval(gate, approved, by, timestamp(now), step.gate.evidence, redact_values(reason))
        payload = {"gate": gate, "approved": approved, "by": by, "evidence": approval.evidence}
        opened.log(Event(EventType.APPROVAL_GIVEN, "approve", payload, record.id, time=now))
        opened.save(replace(record, approvals=(*record.approvals, approval)))
    finally:
        opened.close()
    return approval


def _not_waiting(record: RunRecord, folder: Path, gate: str) -> ConfigError:
    names = [step.name for step in record.waiting]
    if not names:
        decided = record.verdict.decision if record.verdict else record.status
        return ConfigError(
            f"the run {record.id} waits for no approval: it is {decided}",
            hint=f"See it: fcc-agents show {show_path(folder)}",
        )
    near = _yaml.suggestion(gate, names)
    return NotFoundError(
        f"the run {record.id} does not wait at {gate!r}{near}", hint=f"It waits at: {', '.join(names)}"
    )
