"""Asks the person at the terminal."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import click

from fcc.cli.output import paint
from fcc.redaction import printable
from fcc.reports.gate import gate_report
from fcc.simulation import Answer, GateQuestion


class TerminalApprover:
    """Shows what a decision rests on, and asks for it; whoever is logged in is who decides."""

    def __init__(self) -> None:
        self.quiet: Callable[[], AbstractContextManager[object]] = nullcontext
        """Keeps everything else off the terminal while it is entered."""

    def ask(self, question: GateQuestion) -> Answer | None:
        """The answer; None where the person wants to decide later, or the input ends.

        Raises:
            KeyboardInterrupt: the person wants to end the run.
        """
        with self.quiet(), _interruptible():
            click.echo("\n" + gate_report(question, paint), err=True)
            try:
                return self._asked()
            except click.Abort as abort:  # Ctrl-C, or the end of the input
                if isinstance(abort.__context__, EOFError):
                    return None
                raise KeyboardInterrupt from None

    def _asked(self) -> Answer | None:
        choice = click.prompt(
            "Approve? yes, no, or later",
            type=click.Choice(["y", "n", "l", "yes", "no", "later"], case_sensitive=False),
            show_choices=False,
            default="later",
            err=True,
        )
        if choice.startswith("l"):
            return None
        approved = choice.startswith("y")
        reason = "" if approved else click.prompt("Reason", default="", show_default=False, err=True)
        return Answer(approved, _user(), printable(reason))


@contextmanager
def _interruptible() -> Iterator[None]:
    """Lets Ctrl-C end a question at once: an event loop would note it and let the question go on."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user id without a name, as in some containers
        return "unknown"
