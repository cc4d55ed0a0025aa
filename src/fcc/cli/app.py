"""The command group, and what becomes of errors."""

from __future__ import annotations

import os
import sys
import traceback
from importlib import import_module

import click

from fcc._version import __version__
from fcc.cli.main import INTERNAL, INTERRUPTED
from fcc.cli.output import print_error, wants_json
from fcc.errors import FccError
from fcc.redaction import redact

INVALID = 2

_COMPLETE = "_FCC_AGENTS_COMPLETE"
"""The variable by which a shell asks for completions; click documents it."""

_COMMANDS = {
    "approve": "Decide at a gate where a run waits for a person.",
    "cassette": "Look into cassettes: show, check, scrub.",
    "diff": "Compare two runs: where they diverged, why, and how far it spread.",
    "doctor": "Check the installation, and models end to end.",
    "evaluate": "Judge a run, a file or a folder again: findings and scores.",
    "init": "Make a workspace: the five folders, each with a first example.",
    "list": "List chains, personas, prompts, profiles, policies and runs.",
    "persona": "Personas: list, show, make, test, and see whether one helps.",
    "record": "Run a chain and record every reply in a cassette.",
    "rehearse": "Play failures through on a simulated cluster, with a run's files.",
    "replay": "Run a chain again from its cassette: offline, without a key.",
    "resume": "Go on with a run that was interrupted, stopped or waits.",
    "run": "Run a chain and judge what comes out.",
    "schema": "Print the JSON Schema of a file that you write or read.",
    "show": "Show one chain, persona, prompt, profile, policy or run.",
    "validate": "Check files before anything runs.",
    "verify": "Check that a run's folder is what its record says.",
}
"""Every command, with the sentence that `--help` shows; its code is imported when it is called."""


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"fcc.cli.{cmd_name}_command").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in _COMMANDS and not name.startswith("-"):
            from fcc._yaml import suggestion

            ctx.fail(f"there is no command {name!r}{suggestion(name, list(_COMMANDS))}")
        return super().resolve_command(ctx, args)


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with: fcc-agents run devops-deployment (offline, no key needed).",
)
@click.version_option(__version__, prog_name="fcc-agents", message="%(prog)s %(version)s")
def app() -> None:
    """The agent framework that can prove its agents' work.

    Chains of persona agents run offline or with any model; every run leaves a record that can be read, judged and
    compared.

    \b
    Exit codes: 0 yes · 1 the gate says no · 2 usage or invalid file ·
    3 no verdict · 4 cassette missing or drifted · 5 a limit is reached ·
    6 waiting for approval · 70 our own error or a failed write ·
    130 interrupted
    """  # noqa: D301 - click reads the \b as "do not wrap"


def execute(arguments: list[str]) -> int:  # noqa: PLR0911 - one for each way in which a command can end
    """Run one command line.

    Returns:
        The exit code.
    """
    as_json = wants_json(arguments)
    try:
        if instruction := os.environ.get(_COMPLETE):
            from click.shell_completion import shell_complete

            return shell_complete(app, {}, "fcc-agents", _COMPLETE, instruction)
        # Not `app.main`: that exits with 1 when the reader of a pipe has gone.
        with app.make_context("fcc-agents", arguments or ["--help"]) as context:
            result = app.invoke(context)
    except click.exceptions.Exit as stop:
        result = stop.exit_code
    except click.ClickException as error:
        hint = (
            f"See: {error.ctx.command_path} --help"
            if isinstance(error, click.UsageError) and error.ctx
            else ""
        )
        print_error("usage", error.format_message(), hint, 2, as_json=as_json)
        return 2
    except (click.Abort, KeyboardInterrupt):
        print_error("interrupted", "interrupted", "", INTERRUPTED, as_json=as_json)
        return INTERRUPTED
    except FccError as error:
        problems, details = getattr(error, "problems", ()), getattr(error, "details", None)
        print_error(
            error.code,
            error.message,
            error.hint,
            error.exit_code,
            problems=problems,
            details=details,
            as_json=as_json,
        )
        return error.exit_code
    except OSError as error:
        if error.filename is None:
            raise  # standard output can't be written: nothing can be said there
        what = f"{error.filename}: {error.strerror or error}"
        print_error(
            "file", f"cannot use {what}", "Check the path and its permissions.", INVALID, as_json=as_json
        )
        return INVALID
    except Exception as error:  # noqa: BLE001 - the last door: an uncaught error would exit with 1, "the gate says no"
        if "--debug" in arguments:
            sys.stderr.write(redact(traceback.format_exc()))
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        hint = "This is a fault in fcc-agents. Run again with --debug and report what it prints."
        print_error("internal", f"unexpected {what}", hint, INTERNAL, as_json=as_json)
        return INTERNAL
    return result if isinstance(result, int) else 0
