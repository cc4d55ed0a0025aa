"""Asks the person at the terminal."""

from __future__ import annotations

import getpass
import sys
import threading

import click

from fcc.cli.output import paint
from fcc.redaction import printable
from fcc.reports import gate_report
from fcc.simulation import Answer, GateQuestion


def approver() -> TerminalApprover | None:
    """Asks at the terminal, where there is one."""
    return TerminalApprover() if sys.stdin.isatty() and sys.stderr.isatty() else None


class TerminalApprover:
    """Shows what a decision rests on, and asks for it; whoever is logged in is who decides."""

    def ask(self, question: GateQuestion) -> Answer | None:
        """The answer; None where the person wants to decide later."""
        click.echo("\n" + gate_report(question, paint), err=True)
        try:
            return self._asked()
        except click.Abort:  # Ctrl-C, or the end of the input
            if threading.current_thread() is threading.main_thread():
                raise KeyboardInterrupt from None
            return None

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


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user id without a name, as in some containers
        return "unknown"
