"""A prompt template: sandboxed Jinja2 with declared variables.

What a model wrote is only ever a value that is put in, never a template.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from fcc import _yaml
from fcc.errors import Problem, TemplateError
from fcc.workspace import show_path

if TYPE_CHECKING:
    import jinja2
    from jinja2 import nodes

_FENCE = "---"


class FrontMatter(BaseModel):
    """What a prompt file says of itself between its two `---` lines."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    version: int = Field(default=1, ge=1, description="Raise it when a change to the wording should be seen.")
    description: str = ""
    variables: tuple[Annotated[str, StringConstraints(pattern=r"^[a-z_][\w]*(\.[\w-]+)*$")], ...] = Field(
        default=(),
        description="Every variable that the text uses, such as `inputs.model` or `handoff.pipeline`.",
    )


class Use(NamedTuple):
    """One variable that a template uses, such as `inputs.model`, and the line on which it does."""

    variable: str
    line: int


@dataclass(frozen=True, slots=True, eq=False)
class PromptTemplate:
    """A text with variables in it, checked when it is made.

    Raises:
        TemplateError: it doesn't parse, or uses a variable that it doesn't declare; with file and line.
    """

    name: str
    text: str
    """The template, without the front matter."""
    version: int = 1
    description: str = ""
    variables: tuple[str, ...] | None = None
    """The declared variables; None declares whatever the text uses."""
    file: str = ""
    """Where the text stands, for messages."""
    first_line: int = 1
    """The line of the file on which the text begins."""
    uses: tuple[Use, ...] = field(init=False, repr=False)
    _compiled: jinja2.Template = field(init=False, repr=False)

    def __post_init__(self) -> None:
        from jinja2 import TemplateSyntaxError, nodes

        try:
            tree = environment().parse(self.text)
            compiled = environment().from_string(tree)
        except TemplateSyntaxError as error:
            raise self._error(error.lineno, f"template error: {error.message}") from None
        except RecursionError:
            raise self._error(1, "template error: nested too deeply") from None
        parts = list(_walk(tree))
        for part in parts:
            if isinstance(part, nodes.Include | nodes.Import | nodes.FromImport | nodes.Extends):
                raise self._error(
                    part.lineno, "template error: a prompt can't include or import another file"
                )
        object.__setattr__(self, "uses", tuple(_uses(tree, parts)))
        object.__setattr__(self, "_compiled", compiled)
        self._check_declared()

    @classmethod
    def from_file(cls, path: Path, name: str) -> PromptTemplate:
        """The template in a prompt file: YAML front matter between `---` lines, then the text.

        Raises:
            TemplateError: as for the class.
            InvalidFileError: the front matter is not what it must be.
        """
        shown = show_path(path)
        raw = _yaml.read_text(path, shown).replace("\r\n", "\n")
        matter, text, first_line = _split(raw, shown)
        front = _yaml.build(FrontMatter, _yaml.parse(matter, shown)) if matter.strip() else FrontMatter()
        return cls(name, text, front.version, front.description, front.variables, shown, first_line)

    def missing(self, given: Mapping[str, Any]) -> list[Use]:
        """The variables that the text uses and `given` does not hold, in order of appearance."""
        return [use for use in self.uses if not _holds(given, use.variable)]

    def render(self, **values: Any) -> str:
        """The text with the values put in.

        Raises:
            TemplateError: a variable is missing, or the template fails; with file and line.
        """
        from jinja2 import TemplateError as JinjaError

        try:
            return self._compiled.render(values)
        except (
            JinjaError, ArithmeticError, TypeError, ValueError, LookupError, AttributeError, RecursionError, MemoryError
        ) as error:  # fmt: skip
            raise self._failure(error, values) from None

    def _failure(self, error: Exception, values: Mapping[str, Any]) -> TemplateError:
        for use in self.missing(values):
            return self._error(use.line, f"prompt {self.name!r} uses `{use.variable}`, which it is not given")
        return self._error(_line_of(error), f"prompt {self.name!r} failed: {error}")

    def _check_declared(self) -> None:
        if self.variables is None:
            return
        undeclared = [use for use in self.uses if not _declared(use.variable, self.variables)]
        if undeclared:
            problems = [
                self._problem(
                    use.line,
                    f"uses `{use.variable}`, which `variables` does not declare"
                    f"{_yaml.suggestion(use.variable, list(self.variables))}",
                )
                for use in undeclared
            ]
            raise TemplateError(
                problems, hint="Declare it under `variables` in the front matter, or mend the name."
            )

    def _problem(self, line: int, message: str) -> Problem:
        return Problem(self.file or f"<prompt {self.name}>", line + self.first_line - 1, 1, message)

    def _error(self, line: int, message: str) -> TemplateError:
        return TemplateError([self._problem(line, message)])


@cache
def environment() -> jinja2.Environment:
    """The one Jinja2 environment: sandboxed, strict about missing variables, plain text out."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class KeysFirst(ImmutableSandboxedEnvironment):
        """`inputs.items` is the input of that name, and not a method of the mapping that holds it."""

        def getattr(self, obj: Any, attribute: str) -> Any:
            if isinstance(obj, Mapping) and attribute in obj:
                return obj[attribute]
            return super().getattr(obj, attribute)

    made = KeysFirst(
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        optimized=False,
        autoescape=False,
    )
    made.globals.clear()
    return made


def _split(raw: str, shown: str) -> tuple[str, str, int]:
    lines = raw.split("\n")
    if lines[0].rstrip() != _FENCE:
        return "", raw, 1
    for number, line in enumerate(lines[1:], start=2):
        if line.rstrip() == _FENCE:
            return "\n" + "\n".join(lines[1 : number - 1]), "\n".join(lines[number:]), number + 1
    raise TemplateError(
        [Problem(shown, 1, 1, "the front matter is not closed")],
        hint="End it with a line that is only `---`.",
    )


def _walk(node: nodes.Node) -> Iterator[nodes.Node]:
    """Every node of a template, once."""
    front = [node]
    while front:
        here = front.pop()
        yield here
        front.extend(here.iter_child_nodes())


def _uses(tree: nodes.Template, parts: list[nodes.Node]) -> Iterator[Use]:
    """The variables that a template is to be given, in order: those that it reads and does not set itself."""
    from jinja2 import nodes

    own = {part.name for part in parts if isinstance(part, nodes.Name) and part.ctx != "load"}
    own |= {part.name for part in parts if isinstance(part, nodes.Macro)}
    if any(isinstance(part, nodes.For) for part in parts):
        own.add("loop")
    found: dict[str, Use] = {}
    for name, node in _names(tree):
        if name.split(".", 1)[0] not in own:
            found.setdefault(name, Use(name, node.lineno))
    yield from sorted(found.values(), key=lambda use: use.line)


def _names(node: nodes.Node) -> Iterator[tuple[str, nodes.Node]]:
    from jinja2 import nodes

    dotted = _dotted(node)
    if dotted is not None:
        yield dotted, node
        return
    if isinstance(node, nodes.Name) and node.ctx == "load":
        yield node.name, node
    for child in node.iter_child_nodes():
        yield from _names(child)


def _dotted(node: nodes.Node) -> str | None:
    """`inputs.model` for that attribute or `inputs["model"]`; deeper parts are the value's own business."""
    from jinja2 import nodes

    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
        return f"{node.node.name}.{node.attr}"
    if (
        isinstance(node, nodes.Getitem)
        and isinstance(node.node, nodes.Name)
        and isinstance(node.arg, nodes.Const)
        and isinstance(node.arg.value, str)
    ):
        return f"{node.node.name}.{node.arg.value}"
    return None


def _declared(variable: str, declared: tuple[str, ...]) -> bool:
    root = variable.split(".", 1)[0]
    return variable in declared or root in declared


def _holds(given: Mapping[str, Any], variable: str) -> bool:
    root, _, attribute = variable.partition(".")
    if root not in given:
        return False
    value = given[root]
    if not attribute:
        return True
    return attribute in value if isinstance(value, Mapping) else hasattr(value, attribute)


def _line_of(error: Exception) -> int:
    """The template line on which rendering failed: Jinja2 rewrites its tracebacks to say so."""
    trace, line = error.__traceback__, 1
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in {"<template>", "<unknown>"}:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
