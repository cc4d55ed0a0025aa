"""The vocabulary of a run: `EventType`, and the `Event` that carries one."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class EventType(Enum):
    """What can happen. The value is the name that stands in `events.jsonl`."""

    RUN_STARTED = "run.started"
    RUN_RESUMED = "run.resumed"
    RUN_COMPLETED = "run.completed"
    RUN_FAILED = "run.failed"
    RUN_INTERRUPTED = "run.interrupted"
    RUN_STOPPED = "run.stopped"
    RUN_WAITING = "run.waiting"

    STEP_STARTED = "step.started"
    STEP_COMPLETED = "step.completed"
    STEP_FAILED = "step.failed"
    STEP_SKIPPED = "step.skipped"
    STEP_RESTORED = "step.restored"

    HANDOFF_MADE = "handoff.made"

    MODEL_CALL_STARTED = "model_call.started"
    MODEL_CALL_TEXT = "model_call.text"
    """A piece of a reply that is still coming; only on the bus, and only where a run streams."""
    MODEL_CALL_COMPLETED = "model_call.completed"
    MODEL_CALL_FAILED = "model_call.failed"
    MODEL_CALL_REUSED = "model_call.reused"

    COLLABORATION_GATE_DECIDED = "collaboration.gate.decided"
    APPROVAL_REQUESTED = "approval.requested"
    APPROVAL_GIVEN = "approval.given"
    APPROVAL_LAPSED = "approval.lapsed"
    LOG_REPAIRED = "log.repaired"


_PROCESS = os.urandom(6).hex()
_COUNTER = itertools.count(1)


def _next_id() -> str:
    return f"{_PROCESS}-{next(_COUNTER)}"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened."""

    event_type: EventType
    source: str
    """Who says so: `engine`, `runner`, or a name of your own."""
    payload: Mapping[str, Any] = field(default_factory=dict)
    """Facts about it, all of them JSON values."""
    correlation_id: str = ""
    """The run that it belongs to; "" outside a run."""
    id: str = field(default_factory=_next_id)
    """Unique in this process and, by a random part, between processes."""
    time: float = field(default_factory=time.time)
    """Seconds since 1970-01-01 UTC."""
