"""Progress on a terminal: the step that is under way, with the seconds it has taken."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from fcc.messaging import Event, EventType


class Spinner:
    """A subscriber that shows the running step, and a line for each that ended."""

    def __init__(self, steps: int) -> None:
        from fcc.cli.run_options import step_line

        self._line = step_line
        self._steps = steps
        self._count = 0
        self._console = Console(stderr=True, highlight=False)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
        )
        self._task = self._progress.add_task("starting", total=None)
        self._progress.start()

    def __call__(self, event: Event) -> None:
        """Show what the event tells."""
        if event.event_type is EventType.STEP_STARTED:
            step, persona = event.payload["step"], event.payload["persona"]
            self._progress.reset(
                self._task, description=escape(f"[{self._count + 1}/{self._steps}] {step} ({persona})")
            )
        line = self._line(event)
        if line is not None:
            self._count += 1
            self._console.print(escape(f"[{self._count}/{self._steps}] {line}"))

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Off the terminal while it is entered."""
        self._progress.stop()
        try:
            yield
        finally:
            self._progress.start()

    def stop(self) -> None:
        """Take the spinner off the terminal."""
        self._progress.stop()
