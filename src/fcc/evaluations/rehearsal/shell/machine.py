"""The statements of a script's tree, interpreted. No shell is started."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from fcc.evaluations.rehearsal.shell import syntax
from fcc.evaluations.rehearsal.shell.compound import COMPOUND, Statement
from fcc.evaluations.rehearsal.shell.redirects import redirected
from fcc.evaluations.rehearsal.shell.state import (
    DEEPEST,
    ExitError,
    Input,
    LoopError,
    ReturnError,
    Shell,
    Streams,
)
from fcc.evaluations.rehearsal.shell.syntax import Node, NotUnderstoodError
from fcc.evaluations.rehearsal.shell.words import Expander


def program(shell: Shell, text: str, streams: Streams) -> int:
    """Interpret a whole script in this shell, with its traps; its exit code."""
    root = syntax.parse(text)
    shell.assigned |= assigned_names(root)
    machine = Machine(shell)
    try:
        code = machine.run_all(root, streams)
    except ExitError as stop:
        code = stop.code
    except ReturnError as stop:
        code = stop.code
    except LoopError:
        code = 0
    trap, line = shell.traps.pop("EXIT", ""), shell.line
    if trap:
        try:
            shell.status = code
            machine.run_text(trap, streams)
        except ExitError as stop:
            code = stop.code
        shell.line = line
    return code


def assigned_names(root: Node) -> frozenset[str]:
    """Every name that a script gives a value to."""
    found, stack = set(), [root]
    while stack:
        node = stack.pop()
        stack += node.children
        if node.type in {"variable_assignment", "for_statement", "declaration_command", "unset_command"}:
            found |= {
                item.text.partition("[")[0]
                for item in node.named
                if item.type in {"variable_name", "subscript"}
            }
        elif node.type == "command":
            words = [item.text for item in node.named]
            if words[:1] in (["read"], ["mapfile"], ["readarray"], ["printf"], ["getopts"]):
                found |= set(words[1:])
    return frozenset(found)


class Machine:
    """Runs the statements of a tree in a shell."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell

    def run_text(self, text: str, streams: Streams) -> int:
        """Interpret a text as `eval` does."""
        with self.deeper():
            self.shell.spend(_PARSING * len(text))
            root = syntax.parse(text)
            self.shell.assigned |= assigned_names(root)
            return self.run_all(root, streams)

    def run_file(self, text: str, file: str, args: list[str], streams: Streams, *, here: bool) -> int:
        """Run another script: in this shell as `source` does, or in one of its own."""
        shell = self.shell
        with self.deeper():
            outer = shell.file, shell.offset
            shell.file, shell.offset = file, 0 if file != shell.file else shell.offset
            try:
                if here:
                    return self.run_text(text, streams)
                with self.apart():
                    shell.args, shell.options, shell.functions, shell.traps = args, set(), {}, {}
                    return program(shell, text, streams)
            finally:
                shell.file, shell.offset = outer

    @contextmanager
    def deeper(self) -> Iterator[None]:
        self.shell.depth += 1
        if self.shell.depth > DEEPEST:
            raise NotUnderstoodError("functions, scripts or substitutions that call each other too deeply")
        try:
            yield
        finally:
            self.shell.depth -= 1

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Where a failure is looked at, and ends nothing."""
        self.shell.guarded += 1
        try:
            yield
        finally:
            self.shell.guarded -= 1

    @contextmanager
    def apart(self) -> Iterator[None]:
        """A subshell: what it sets is gone afterwards."""
        shell = self.shell
        kept = (
            dict(shell.variables),
            dict(shell.functions),
            set(shell.options),
            dict(shell.traps),
            list(shell.args),
        )
        try:
            yield
        finally:
            shell.variables, shell.functions, shell.options, shell.traps, shell.args = kept

    def run_all(self, node: Node, streams: Streams) -> int:
        """Run every statement within a node, one after the other; the last one's exit code."""
        return self.sequence(node.children, streams)

    def sequence(self, nodes: Sequence[Node], streams: Streams) -> int:
        code = 0
        for node in nodes:
            if node.type == "&":
                raise NotUnderstoodError("a command in the background", node.line)
            if self.statement(node.type) is not None:
                code = self.run(node, streams)
        return code

    def statement(self, kind: str) -> Statement | None:
        """What runs nodes of a kind; None where they are no statements."""
        own: dict[str, Statement] = {
            "command": Machine._command,
            "list": Machine._list,
            "negated_command": Machine._negated,
            "pipeline": Machine._pipeline,
            "redirected_statement": Machine._redirected,
            "variable_assignment": Machine._assignment,
            "variable_assignments": Machine._assignment,
        }
        return own.get(kind) or COMPOUND.get(kind)

    def run(self, node: Node, streams: Streams, redirects: Sequence[Node] = ()) -> int:
        """Run one statement; its exit code."""
        statement = self.statement(node.type)
        if statement is None:
            raise NotUnderstoodError(f"`{node.text[:40]}`", node.line)
        if redirects and node.type in {"list", "pipeline", "negated_command"}:
            code = statement(self, node, streams, redirects)
        elif redirects:
            code = self._redirected_to(node, streams, redirects)
        else:
            code = statement(self, node, streams, ())
        self.shell.status = code
        return code

    def leaf(self, code: int, node: Node, streams: Streams) -> int:
        """End the script where a command failed under `set -e` and nothing looks at it."""
        shell = self.shell
        shell.status = code
        if code and not shell.guarded:
            trap = shell.traps.get("ERR", "")
            if trap:
                shell.traps.pop("ERR")
                self.run_text(trap, streams)
                shell.traps["ERR"] = trap
                shell.status = code
            if "errexit" in shell.options:
                shell.line = node.line
                raise ExitError(code)
        return code

    def expander(self, streams: Streams) -> Expander:
        """What expands words here."""
        return Expander(self.shell, streams, self.substitute)

    def substitute(self, shell: Shell, node: Node, streams: Streams) -> str:
        """What a command substitution prints."""
        out: list[str] = []
        before = shell.status
        with self.deeper(), self.guard(), self.apart():
            shell.traps = {}
            try:
                shell.substituted = self.run_all(node, Streams(streams.stdin, out, streams.err))
            except ExitError as stop:
                shell.substituted = stop.code
        shell.status = before
        return "".join(out)

    # Statements: each takes the node, the streams, and redirections of its last command.

    def _list(self, node: Node, streams: Streams, redirects: Sequence[Node]) -> int:
        left, operator, right = node.children
        with self.guard():
            code = self.run(left, streams)
        if (code == 0) == (operator.type == "&&"):
            return self.run(right, streams, redirects)
        return code

    def _negated(self, node: Node, streams: Streams, redirects: Sequence[Node]) -> int:
        with self.guard():
            return int(self.run(node.named[0], streams, redirects) == 0)

    def _pipeline(self, node: Node, streams: Streams, redirects: Sequence[Node]) -> int:
        parts = node.named
        if any(item.type == "|&" for item in node.children):
            raise NotUnderstoodError("`|&`", node.line)
        inverted, text, codes = False, streams.stdin, []
        for at, part in enumerate(parts):
            is_last = at == len(parts) - 1
            out: list[str] = streams.out if is_last else []
            if at == 0 and (bare := _negation(part)) is not None:
                inverted, part = True, bare  # noqa: PLW2901 - what is negated is the pipeline
            codes.append(self._piped(part, Streams(text, out, streams.err), redirects if is_last else ()))
            text = Input("".join(out))
        code = codes[-1]
        if "pipefail" in self.shell.options:
            code = next((item for item in reversed(codes) if item), 0)
        return int(code == 0) if inverted else self.leaf(code, node, streams)

    def _piped(self, node: Node, streams: Streams, redirects: Sequence[Node]) -> int:
        with self.guard(), self.apart():
            try:
                return self.run(node, streams, redirects)
            except ExitError as stop:
                return stop.code

    def _redirected(self, node: Node, streams: Streams, redirects: Sequence[Node]) -> int:
        body = node.field("body")
        own = [*node.fields("redirect"), *redirects]
        if body is None:
            raise NotUnderstoodError(f"`{node.text[:40]}`", node.line)
        dash = [piece for piece in node.pieces() if isinstance(piece, str) and piece.strip() == "-"]
        if dash and body.type != "command":
            raise NotUnderstoodError("`-`", node.line)
        if dash:
            return self._redirected_to(body, streams, own, ("-",))
        return self.run(body, streams, own)

    def _redirected_to(
        self, node: Node, streams: Streams, redirects: Sequence[Node], more: Sequence[str] = ()
    ) -> int:
        with redirected(self, streams, redirects) as (inner, follow):
            is_command = node.type == "command"
            code = self._command(node, inner, (), more) if is_command else self.run(node, inner)
        return follow(code)

    def _command(
        self, node: Node, streams: Streams, redirects: Sequence[Node], more: Sequence[str] = ()
    ) -> int:
        self.shell.step(node)
        own = [*node.fields("redirect"), *redirects]
        if not own:
            return self._called(node, streams, more)
        with redirected(self, streams, own) as (inner, follow):
            code = self._called(node, inner, more)
        return follow(code)

    def _called(self, node: Node, streams: Streams, more: Sequence[str]) -> int:
        from fcc.evaluations.rehearsal.shell.calls import call

        expander = self.expander(streams)
        self.shell.substituted = 0
        words = [item for item in node.named if item.type not in {"variable_assignment", *_REDIRECTIONS}]
        fields = [*expander.fields(words), *more]
        assignments = [item for item in node.named if item.type == "variable_assignment"]
        if not fields:
            for item in assignments:
                self.assign(item, expander)
            return self.leaf(self.shell.substituted, node, streams)
        kept = dict(self.shell.variables) if assignments else None
        for item in assignments:
            self.assign(item, expander)
        line = self.shell.line
        code = (
            self._function(fields, streams)
            if fields[0] in self.shell.functions
            else call(self, fields, streams)
        )
        if kept is not None:
            self._restore(kept, assignments)
        self.shell.line = line
        return self.leaf(code, node, streams)

    def _restore(self, kept: dict[str, str | list[str]], assignments: list[Node]) -> None:
        """Undo the assignments that held for one command."""
        for item in assignments:
            name = item.named[0].text
            if name in kept:
                self.shell.variables[name] = kept[name]
            else:
                self.shell.variables.pop(name, None)

    def _function(self, words: list[str], streams: Streams) -> int:
        shell = self.shell
        outer, shell.args = shell.args, words[1:]
        locals_ = shell.locals
        shell.locals = {}
        called_at = shell.called_at
        if not called_at and shell.args and "$@" in shell.functions[words[0]].text:
            shell.called_at = shell.line
        with self.deeper():
            try:
                return self.run(shell.functions[words[0]], streams)
            except ReturnError as back:
                return back.code
            finally:
                for name, value in (shell.locals or {}).items():
                    if value is None:
                        shell.variables.pop(name, None)
                    else:
                        shell.variables[name] = value
                shell.locals, shell.args, shell.called_at = locals_, outer, called_at

    def assign(self, node: Node, expander: Expander) -> str:
        """Carry an assignment out; the name."""
        target, value = node.named[0], node.named[1:]
        name = target.text
        if target.type == "subscript":
            raise NotUnderstoodError(f"`{node.text[:40]}`", node.line)
        append = any(item.type == "+=" for item in node.children)
        before = self.shell.variables.get(name)
        if value and value[0].type == "array":
            items = expander.fields(value[0].named)
            self.shell.put(name, [*_items(before), *items] if append else items)
            return name
        text = "".join(expander.text(item) for item in value)
        self.shell.put(name, f"{self.shell.get(name) or ''}{text}" if append else text)
        return name

    def _assignment(self, node: Node, streams: Streams, _: Sequence[Node]) -> int:
        self.shell.step(node)
        self.shell.substituted = 0
        expander = self.expander(streams)
        for item in [node] if node.type == "variable_assignment" else node.named:
            self.assign(item, expander)
        return self.leaf(self.shell.substituted, node, streams)


def _negation(node: Node) -> Node | None:
    """What a `!` at the head of a pipeline negates, which is all of it; None where there is none."""
    return node.named[0] if node.type == "negated_command" else None


def _items(value: str | list[str] | None) -> list[str]:
    return value if isinstance(value, list) else [value] if value is not None else []


_PARSING = 10
"""How much more it costs to parse a text than to copy it."""
_REDIRECTIONS = {"file_redirect", "heredoc_redirect", "herestring_redirect"}
