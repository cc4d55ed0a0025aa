"""The compound statements of a script, and its declarations. No shell is started."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from fcc.evaluations.rehearsal.shell import conditions
from fcc.evaluations.rehearsal.shell.pattern import fullmatch
from fcc.evaluations.rehearsal.shell.state import ExitError, LoopError, Streams
from fcc.evaluations.rehearsal.shell.syntax import Node, NotUnderstoodError

if TYPE_CHECKING:
    from fcc.evaluations.rehearsal.shell.machine import Machine

Statement = Callable[["Machine", Node, Streams, Sequence[Node]], int]
"""Runs a node, with redirections for its last command; its exit code."""


def _place(node: Node, token: str) -> int:
    """The number of the child that is a token."""
    found = next((at for at, item in enumerate(node.children) if item.type == token), None)
    if found is None:
        raise NotUnderstoodError(f"`{node.text[:40]}`", node.line)
    return found


def _declaration(machine: Machine, node: Node, streams: Streams, _: Sequence[Node]) -> int:
    machine.shell.step(node)
    expander = machine.expander(streams)
    keyword = node.children[0].type
    options = [item.text for item in node.named if item.type == "word"]
    if any("n" in option or "A" in option or "i" in option for option in options if option[0] in "-+"):
        raise NotUnderstoodError(f"`{node.text[:40]}`", node.line)
    for item in node.named:
        if item.type not in {"variable_assignment", "variable_name"}:
            continue
        name = item.named[0].text if item.type == "variable_assignment" else item.text
        is_local = keyword in {"local", "declare", "typeset"} and "-g" not in options
        if is_local and machine.shell.locals is not None:
            machine.shell.locals.setdefault(name, copy.copy(machine.shell.variables.get(name)))
        if item.type == "variable_assignment":
            machine.assign(item, expander)
        elif is_local:
            machine.shell.variables.pop(name, None)
    return 0


def _unset(machine: Machine, node: Node, _streams: Streams, _: Sequence[Node]) -> int:
    for item in node.named:
        machine.shell.variables.pop(item.text, None)
        machine.shell.functions.pop(item.text, None)
    return 0


def _if(machine: Machine, node: Node, streams: Streams, _: Sequence[Node]) -> int:
    branches = [node, *(item for item in node.named if item.type == "elif_clause")]
    for branch in branches:
        then = _place(branch, "then")
        with machine.guard():
            code = machine.sequence(branch.children[:then], streams)
        if code == 0:
            return machine.sequence(
                [item for item in branch.children[then:] if not item.type.endswith("_clause")], streams
            )
    other = next((item for item in node.named if item.type == "else_clause"), None)
    return machine.run_all(other, streams) if other is not None else 0


def _while(machine: Machine, node: Node, streams: Streams, _: Sequence[Node]) -> int:
    wanted = node.children[0].type == "while"
    body = node.field("body")
    conditions = [item for item in node.children[1:] if item.type != "do_group"]

    def more() -> bool:
        machine.shell.step(node)
        with machine.guard():
            return (machine.sequence(conditions, streams) == 0) is wanted

    return _looped(machine, body, streams, iter(more, False))


def _for(machine: Machine, node: Node, streams: Streams, _: Sequence[Node]) -> int:
    if node.children[0].type != "for":
        raise NotUnderstoodError(f"`{node.text[:40]}`", node.line)
    name = node.field("variable")
    values = node.fields("value")
    has_list = any(item.type == "in" for item in node.children)
    words = machine.expander(streams).fields(values) if has_list else list(machine.shell.args)

    def each() -> Iterator[bool]:
        for word in words:
            machine.shell.step(node)
            machine.shell.put(name.text if name is not None else "_", word)
            yield True

    return _looped(machine, node.field("body"), streams, each())


def _looped(machine: Machine, body: Node | None, streams: Streams, turns: Iterator[bool]) -> int:
    code = 0
    for _ in turns:
        try:
            code = machine.run_all(body, streams) if body is not None else 0
        except LoopError as stop:
            if stop.levels > 1:
                raise LoopError(stop.levels - 1, go_on=stop.go_on) from None
            if not stop.go_on:
                break
            code = 0
    return code


def _case(machine: Machine, node: Node, streams: Streams, _: Sequence[Node]) -> int:
    machine.shell.step(node)
    expander = machine.expander(streams)
    subject = expander.text(node.field("value"))
    for item in node.named:
        if item.type != "case_item":
            continue
        if any(fullmatch(expander.pattern(pattern), subject) for pattern in item.fields("value")):
            end = item.children[-1].type
            if end in {";&", ";;&"}:
                raise NotUnderstoodError(f"`{end}`", item.line)
            return machine.sequence(item.children[_place(item, ")") + 1 :], streams)
    return 0


def _group(machine: Machine, node: Node, streams: Streams, _: Sequence[Node]) -> int:
    if node.children[0].type == "((":
        machine.shell.step(node)
        return machine.leaf(int(machine.expander(streams).number(node) == 0), node, streams)
    return machine.run_all(node, streams)


def _subshell(machine: Machine, node: Node, streams: Streams, _: Sequence[Node]) -> int:
    with machine.deeper(), machine.apart():
        try:
            code = machine.run_all(node, streams)
        except ExitError as stop:
            code = stop.code
    return machine.leaf(code, node, streams)


def _test(machine: Machine, node: Node, streams: Streams, _: Sequence[Node]) -> int:
    machine.shell.step(node)
    held = conditions.holds(node, machine.expander(streams))
    return machine.leaf(int(not held), node, streams)


def _define(machine: Machine, node: Node, _streams: Streams, _: Sequence[Node]) -> int:
    name, body = node.field("name"), node.field("body")
    if name is None or body is None or node.fields("redirect"):
        raise NotUnderstoodError(f"`{node.text[:40]}`", node.line)
    machine.shell.functions[name.text] = body
    return 0


COMPOUND: dict[str, Statement] = {
    "case_statement": _case,
    "compound_statement": _group,
    "declaration_command": _declaration,
    "for_statement": _for,
    "function_definition": _define,
    "if_statement": _if,
    "subshell": _subshell,
    "test_command": _test,
    "unset_command": _unset,
    "while_statement": _while,
}
"""By the grammar's names."""
