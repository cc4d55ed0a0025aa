"""What models say while they say it, on standard error."""

from __future__ import annotations

from collections.abc import Callable

import click

from fcc.cli.output import paint
from fcc.messaging import Event, EventType
from fcc.redaction import printable

_ENDS = (EventType.MODEL_CALL_COMPLETED, EventType.MODEL_CALL_FAILED)


class StreamedReplies:
    """A subscriber that shows each reply as it comes, one at a time: what others say meanwhile follows after it."""

    def __init__(self) -> None:
        self._shown = ""
        """The call that is being shown."""
        self._held: dict[str, list[str]] = {}
        """What the other calls have said, by call, in the order in which they began."""
        self._ended: set[str] = set()
        self._at_start = True
        self._after: list[Callable[[], None]] = []

    def __call__(self, event: Event) -> None:
        """Show what the event tells, if it is of a reply."""
        call = str(event.payload.get("call", ""))
        if event.event_type is EventType.MODEL_CALL_TEXT:
            text = str(event.payload["text"])
            if event.payload["begins_anew"]:
                text = "\n… it broke off, and begins anew …\n"
            self._take(call, text)
        elif event.event_type in _ENDS:
            self._ended.add(call)
            if call == self._shown:
                self._next()

    def when_idle(self, line: Callable[[], None]) -> None:
        """Print a line now, or as soon as no reply is in the middle of its text."""
        if self._shown:
            self._after.append(line)
        else:
            line()

    def _take(self, call: str, text: str) -> None:
        if not self._shown:
            self._begin(call)
        if call == self._shown:
            self._print(text)
        else:
            self._held.setdefault(call, []).append(text)

    def _begin(self, call: str) -> None:
        self._shown = call
        step, item, number, again, _ = [*call.split("/"), *[""] * 5][:5]
        what = f"{step}[{item}]" if item not in {"", "0"} else step
        more = [f"round {number}"] if number not in {"", "0"} else []
        more += ["asked once more for its form"] if again not in {"", "0"} else []
        click.echo(paint(f"── {what}{' · ' if more else ''}{', '.join(more)}", "dim"), err=True)

    def _print(self, text: str) -> None:
        if text:
            click.echo(printable(text), err=True, nl=False)
            self._at_start = text.endswith("\n")

    def _next(self) -> None:
        if not self._at_start:
            click.echo(err=True)
            self._at_start = True
        self._shown = ""
        for line in self._after:
            line()
        self._after.clear()
        while self._held and not self._shown:
            call = next(iter(self._held))
            self._begin(call)
            self._print("".join(self._held.pop(call)))
            if call in self._ended:
                self._next()
