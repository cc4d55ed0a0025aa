"""Log lines, one for each event of a run."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from typing import Literal, TextIO

from fcc._log import get_logger
from fcc.messaging import Event, EventBus, EventType
from fcc.redaction import printable, redact
from fcc.simulation.record import timestamp

LogFormat = Literal["text", "json"]


def configure(level: int | str = "INFO", form: LogFormat = "text", stream: TextIO | None = None) -> None:
    """Send the library's log lines to a stream (standard error by default), replacing what an earlier call set up.

    Args:
        level: the least level that is written, such as `"DEBUG"` or `logging.INFO`.
        form: `text` for people, `json` for one JSON object a line.
        stream: where the lines go.
    """
    logger = logging.getLogger("fcc")
    for old in [handler for handler in logger.handlers if isinstance(handler, _Handler)]:
        logger.removeHandler(old)
    handler = _Handler(stream or sys.stderr)
    handler.setFormatter(_JsonFormatter() if form == "json" else _TextFormatter("%(levelname)s %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(level)
    logger.propagate = False


def attach(bus: EventBus) -> Callable[[], None]:
    """Log each event of a bus at level INFO, but for the text of replies.

    Returns:
        A function that ends it.
    """
    return bus.subscribe(_log_event)


def _log_event(event: Event) -> None:
    if event.event_type is EventType.MODEL_CALL_TEXT:
        return  # what a model says is in no log
    get_logger("fcc.events").info(event.event_type.value, run=event.correlation_id, **_flat(event))


def _flat(event: Event) -> dict[str, object]:
    return {f"data_{key}" if key in {"event", "run"} else key: value for key, value in event.payload.items()}


class _Handler(logging.StreamHandler[TextIO]):
    """Ours, so that `configure` replaces no handler of the user's."""


class _TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record))


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": timestamp(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": getattr(record, "message_text", record.getMessage()),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return redact(json.dumps(line, ensure_ascii=False, default=str))
