"""The state of an interpreted script: variables, streams, limits, and what it ran. Nothing of it reaches a real shell."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from fcc.evaluations.rehearsal.cluster.cluster import Cluster
from fcc.evaluations.rehearsal.commands.tool import EPOCH
from fcc.evaluations.rehearsal.shell.syntax import MOST_TEXT, Node, NotUnderstoodError

if TYPE_CHECKING:
    from fcc.evaluations.rehearsal.shell.calls import Query

MOST_STEPS: Final = 5_000
"""How many commands a script may run."""
MOST_CALLS: Final = 1_000
"""How often it may reach the cluster."""
MOST_OUTPUT: Final = 200_000
"""How many characters it may print."""
MOST_WORK: Final = 5_000_000
"""How many characters its expansions and tools may go through in all."""
DEEPEST: Final = 25
"""How deep functions, scripts and substitutions may call each other."""
FOLDER: Final = "/delivery"
"""Where a script is started, and the delivered files are."""
PROGRAMS: Final = "/usr/bin/"
"""Where every program is that there is."""
ENVIRONMENT: Final = {
    "HOME": "/home/rehearsal",
    "HOSTNAME": "rehearsal",
    "IFS": " \t\n",
    "LOGNAME": "rehearsal",
    "PATH": "/usr/bin:/bin",
    "PWD": FOLDER,
    "TMPDIR": "/tmp",  # noqa: S108 - a name for the script; there are no files
    "USER": "rehearsal",
}
"""What a script finds in its environment; anything else is not known here."""


def delivered(name: str) -> str:
    """A path as the delivery has it, without what leads to the folder in which the script is started."""
    return re.sub(rf"^(?:{FOLDER}/|/|\.{{1,2}}/)+", "", name)


class Ran(NamedTuple):
    """A command that reached the cluster, a service or a chart."""

    at: float
    """Seconds since the start of the simulation."""
    words: tuple[str, ...]
    file: str
    line: int
    exit_code: int
    error: str = ""
    """What it printed as an error."""


class ExitError(Exception):
    """The script, or a subshell, ends."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class ReturnError(Exception):
    """A function ends."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class LoopError(Exception):
    """`break` or `continue`, out of so many loops."""

    def __init__(self, levels: int, *, go_on: bool) -> None:
        super().__init__(levels)
        self.levels, self.go_on = levels, go_on


class StillRunningError(Exception):
    """The simulated time that the script may take is over."""


@dataclass
class Input:
    """A text that is read bit by bit."""

    text: str = ""
    at: int = 0

    def rest(self) -> str:
        """All that was not read yet."""
        found, self.at = self.text[self.at :], len(self.text)
        return found

    def read_line(self) -> str | None:
        """The next line without its end; None where there is none."""
        if self.at >= len(self.text):
            return None
        end = self.text.find("\n", self.at)
        end = len(self.text) if end < 0 else end
        found, self.at = self.text[self.at : end], end + 1
        return found


class Streams(NamedTuple):
    """Where a command reads and writes."""

    stdin: Input
    out: list[str]
    err: list[str]


Value = str | list[str]


@dataclass
class Shell:
    """An interpreted script's state."""

    cluster: Cluster
    file: str
    files: Mapping[str, str] = field(default_factory=dict)
    """What the delivery holds, by path: for `bash scripts/x.sh` and `kubectl apply -f`."""
    deadline: float = float("inf")
    """The simulated time at which it is given up."""
    query: Query | None = None
    """Answers a query of Prometheus at a time; None where there are no metrics."""
    args: list[str] = field(default_factory=list)
    variables: dict[str, Value] = field(default_factory=lambda: dict[str, Value](ENVIRONMENT))
    functions: dict[str, Node] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)
    """Files that it wrote."""
    options: set[str] = field(default_factory=set)
    traps: dict[str, str] = field(default_factory=dict)
    locals: dict[str, Value | None] | None = None
    """In a function, what its local variables were before; None outside."""
    ran: list[Ran] = field(default_factory=list)
    assigned: frozenset[str] = frozenset()
    """The names to which the script gives a value somewhere."""
    namespace: str = ""
    """The one of the current context."""
    status: int = 0
    substituted: int = 0
    """The exit code of the last command substitution of a command."""
    line: int = 0
    offset: int = 0
    """How many lines of its file stand before the script's first."""
    called_at: int = 0
    """The line that stands for a command: where it was given to a function, as in `retry kubectl …`; 0 for its own."""
    guarded: int = 0
    """Above 0 where a failure decides a condition, and does not end the script."""
    depth: int = 0
    steps: int = 0
    printed: int = 0
    worked: int = 0
    wanted_args: bool = False
    """Whether it looked for arguments that it was not given."""

    def step(self, node: Node) -> None:
        """Count a command, and note where it is."""
        self.line = node.line
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise NotUnderstoodError(f"it runs more than {MOST_STEPS:,} commands")
        if self.cluster.now > self.deadline:
            raise StillRunningError

    def spend(self, characters: int) -> None:
        """Count the characters that something goes through, before it does."""
        self.worked += characters
        if self.worked > MOST_WORK:
            raise NotUnderstoodError(f"it goes through more than {MOST_WORK:,} characters")

    def sleep(self, seconds: float) -> None:
        """Let simulated time pass; a script that takes too long is given up."""
        self.wait(lambda: False, seconds)

    def wait(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Let time pass until a condition holds, at most so many seconds."""
        left = max(0.0, self.deadline - self.cluster.now)
        held = self.cluster.until(condition, min(seconds, left))
        if not held and seconds > left:
            raise StillRunningError
        return held

    def write(self, to: list[str], text: str) -> None:
        """Print a text."""
        self.printed += len(text)
        if self.printed > MOST_OUTPUT:
            raise NotUnderstoodError(f"it prints more than {MOST_OUTPUT:,} characters")
        to.append(text)

    def get(self, name: str) -> str | None:
        """A variable's value; None where it is not set."""
        if name in {"SECONDS", "EPOCHSECONDS", "LINENO"}:
            clock = int(self.cluster.now)
            return str({"SECONDS": clock, "EPOCHSECONDS": EPOCH + clock, "LINENO": self.line}[name])
        value = self.variables.get(name)
        return (value[0] if value else None) if isinstance(value, list) else value

    def put(self, name: str, value: Value) -> None:
        """Set a variable."""
        size = len(value) if isinstance(value, str) else len(value) + sum(map(len, value))
        if size > MOST_TEXT:
            raise NotUnderstoodError(f"{name} holds more than {MOST_TEXT:,} characters")
        self.variables[name] = value

    def file_text(self, name: str) -> str | None:
        """A file that the script wrote, or that the delivery holds under this path or a longer one; None without."""
        if name in self.written:
            return self.written[name]
        path = delivered(name)
        found = [text for file, text in self.files.items() if file == path or file.endswith("/" + path)]
        return found[0] if found and path else None

    def note(self, words: list[str], code: int, error: str, at: float) -> None:
        """Note a command that reached the cluster."""
        if len(self.ran) >= MOST_CALLS:
            raise NotUnderstoodError(f"it calls the cluster more than {MOST_CALLS:,} times")
        shown = tuple(word if len(word) <= MOST_SHOWN else word[:MOST_SHOWN] + "…" for word in words)
        self.ran.append(
            Ran(at, shown, self.file, (self.called_at or self.line) + self.offset, code, error.strip()[:300])
        )


MOST_SHOWN: Final = 160
"""How many characters of a word are kept in what is told."""
Command = Callable[[Shell, list[str], Streams], int]
"""Something that runs: the words after its name, and its exit code."""
