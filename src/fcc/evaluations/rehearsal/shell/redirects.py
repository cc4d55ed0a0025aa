"""Redirections of a script: here-documents, discarded output, files that exist in the simulation only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fcc.evaluations.rehearsal.shell.state import Input, Streams
from fcc.evaluations.rehearsal.shell.syntax import Node, NotUnderstoodError

if TYPE_CHECKING:
    from fcc.evaluations.rehearsal.shell.machine import Machine

_NOWHERE = {"/dev/null", "/dev/tty"}
Follow = Callable[[int], int]


@contextmanager
def redirected(
    machine: Machine, streams: Streams, redirects: Sequence[Node]
) -> Iterator[tuple[Streams, Follow]]:
    """The streams of a command with redirections, and what runs after it where a here-document's line goes on."""
    files: list[tuple[str, list[str], bool]] = []
    follow: list[Callable[[Streams, int], int]] = []
    inner = streams
    for node in redirects:
        if node.type == "heredoc_redirect":
            inner = _heredoc(machine, node, inner, files, follow)
        elif node.type == "herestring_redirect":
            text = machine.expander(streams).text(node.named[-1])
            inner = inner._replace(stdin=Input(text + "\n"))
        else:
            inner = _file(machine, node, inner, files)
    piped: list[str] | None = None
    if any(getattr(item, "pipes", False) for item in follow):
        piped = []
        inner = inner._replace(out=piped)

    def then(code: int) -> int:
        for name, text, append in files:
            before = machine.shell.written.get(name, "") if append else ""
            machine.shell.written[name] = before + "".join(text)
        files.clear()
        for action in follow:
            given = streams._replace(stdin=Input("".join(piped))) if piped is not None else streams
            code = action(given, code)
        return code

    yield inner, then


def _heredoc(
    machine: Machine,
    node: Node,
    streams: Streams,
    files: list[tuple[str, list[str], bool]],
    follow: list[Callable[[Streams, int], int]],
) -> Streams:
    start = next(item for item in node.named if item.type == "heredoc_start").text
    body = next((item for item in node.named if item.type == "heredoc_body"), None)
    raw = any(char in start for char in "'\"\\")
    text = machine.expander(streams).heredoc(body, raw=raw) if body is not None else ""
    if node.text.startswith("<<-"):
        text = "\n".join(line.lstrip("\t") for line in text.split("\n"))
    inner = streams._replace(stdin=Input(text))
    for redirect in node.fields("redirect") or [item for item in node.named if item.type == "file_redirect"]:
        inner = _file(machine, redirect, inner, files)
    if node.fields("argument"):
        raise NotUnderstoodError("words after a here-document's start", node.line)
    pipeline = next((item for item in node.named if item.type == "pipeline"), None)
    operator, right = node.field("operator"), node.field("right")
    if pipeline is not None:
        follow.append(_Piped(machine, pipeline))
    elif operator is not None and right is not None:

        def go_on(given: Streams, code: int) -> int:
            return machine.run(right, given) if (code == 0) == (operator.type == "&&") else code

        follow.append(go_on)
    return inner


class _Piped:
    """What reads the output of a command whose here-document's line ends in a pipe."""

    pipes = True

    def __init__(self, machine: Machine, node: Node) -> None:
        self.machine, self.node = machine, node

    def __call__(self, streams: Streams, _: int) -> int:
        return self.machine.run(self.node, streams)


def _file(
    machine: Machine, node: Node, streams: Streams, files: list[tuple[str, list[str], bool]]
) -> Streams:
    descriptor = next((item.text for item in node.named if item.type == "file_descriptor"), "")
    operator = next(item.type for item in node.children if item.type != "file_descriptor")
    target = node.named[-1]
    if operator == "<":
        return streams._replace(stdin=Input(_read(machine, target, streams)))
    if operator in {">&", "&>", "&>>"} or descriptor in {"", "1", "2"}:
        name = machine.expander(streams).text(target)
        if operator == ">&" and name in {"1", "2"}:
            to = streams.out if name == "1" else streams.err
            return streams._replace(err=to) if descriptor == "2" else streams._replace(out=to)
        if operator in {">", ">>", ">|", "&>", "&>>"}:
            return _to_file(streams, name, operator, descriptor, files)
    raise NotUnderstoodError(f"the redirection {node.text[:40]}", node.line)


def _to_file(
    streams: Streams, name: str, operator: str, descriptor: str, files: list[tuple[str, list[str], bool]]
) -> Streams:
    to: list[str] = []
    if name in {"/dev/stderr", "/dev/stdout"}:
        to = streams.err if name == "/dev/stderr" else streams.out
    elif name not in _NOWHERE:
        files.append((name, to, operator.endswith(">>")))
    if operator.startswith("&"):
        return streams._replace(out=to, err=to)
    return streams._replace(err=to) if descriptor == "2" else streams._replace(out=to)


def _read(machine: Machine, target: Node, streams: Streams) -> str:
    if target.type == "process_substitution" and target.text.startswith("<("):
        return machine.substitute(machine.shell, target, streams)
    name = machine.expander(streams).text(target)
    if name in {"/dev/stdin", "-"}:
        return streams.stdin.rest()
    found = machine.shell.file_text(name)
    if found is None and name not in _NOWHERE:
        raise NotUnderstoodError(f"it reads the file {name[:60]}, which is not known here", target.line)
    return found or ""
