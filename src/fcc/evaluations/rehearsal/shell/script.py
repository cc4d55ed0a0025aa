"""A script of a delivery, interpreted against a simulated cluster. No shell is started and nothing of it is executed.

What it does not know it does not guess: the script is then *not understood*, which is neither a pass nor a failure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from fcc.evaluations.rehearsal.cluster.cluster import Cluster, SimulationError
from fcc.evaluations.rehearsal.shell.machine import program
from fcc.evaluations.rehearsal.shell.state import Input, Ran, Shell, StillRunningError, Streams
from fcc.evaluations.rehearsal.shell.syntax import MissingToolError, NotUnderstoodError

if TYPE_CHECKING:
    from fcc.evaluations.rehearsal.shell.calls import Query


class ScriptRun(NamedTuple):
    """What a script did."""

    exit_code: int | None
    """None where it was not understood, or was still running when its time was over."""
    output: str
    """What it printed, errors too."""
    commands: tuple[Ran, ...]
    """The commands that reached the cluster, in order."""
    not_understood: str = ""
    """Where and why it was not understood: `rollback.sh:7: …`; "" where it was."""
    still_running: bool = False
    line: int = 0
    """The line of its file at which it ended."""


def run_script(
    text: str,
    cluster: Cluster,
    *,
    file: str,
    stdin: str = "",
    args: Sequence[str] = (),
    files: Mapping[str, str] | None = None,
    seconds: float = float("inf"),
    query: Query | None = None,
) -> ScriptRun:
    """What a script does to the cluster, whose clock goes on by as long as it takes.

    Args:
        text: bash, or what of it `sh` understands.
        cluster: what its `kubectl` acts on.
        file: its name, in what is said of it.
        stdin: what it can read.
        args: `$1` and so on.
        files: the delivery's files by path, for what it applies or calls.
        seconds: how long it may take, in simulated seconds.
        query: answers a query of Prometheus at a simulated time, for `curl`.
    """
    shell = Shell(cluster, file, files or {}, deadline=cluster.now + seconds, query=query, args=list(args))
    return run_in(shell, text, stdin)


def run_in(shell: Shell, text: str, stdin: str = "") -> ScriptRun:
    """What a script does in a shell that is prepared: with variables, options, a namespace."""
    out: list[str] = []
    code: int | None = None
    file, first = shell.file, len(shell.ran)
    try:
        code = program(shell, text, Streams(Input(stdin), out, out))
    except MissingToolError:
        return ScriptRun(None, "", (), f"{file}: not read: install fcc-agents[validators] for scripts")
    except StillRunningError:
        return ScriptRun(None, "".join(out), tuple(shell.ran[first:]), still_running=True)
    except NotUnderstoodError as error:
        place = f"{shell.file}:{(error.line or shell.line or 1) + shell.offset}"
        return ScriptRun(None, "".join(out), tuple(shell.ran[first:]), f"{place}: {error.what}")
    except (SimulationError, RecursionError) as error:
        why = str(error) if isinstance(error, SimulationError) else "it is nested too deeply"
        place = f"{shell.file}:{(shell.line or 1) + shell.offset}"
        return ScriptRun(None, "".join(out), tuple(shell.ran[first:]), f"{place}: {why}")
    if code and shell.wanted_args and len(shell.ran) == first:
        return ScriptRun(
            None, "".join(out), (), f"{file}:{shell.line}: it wants arguments that are not known here"
        )
    return ScriptRun(code, "".join(out), tuple(shell.ran[first:]), line=shell.line + shell.offset)
