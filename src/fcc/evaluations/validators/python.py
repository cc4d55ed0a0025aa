"""Python files: parsed and compiled, never run; where `ruff` is there, by its parser too."""

from __future__ import annotations

import ast
import json
import re
import sys
import warnings
from collections.abc import Iterator

from fcc.evaluations.validators._command import find_tool, run_tool
from fcc.evaluations.validators.check import NotCheckedError, advice, error, mapping, sequence, warning
from fcc.simulation import Finding

_OUTSIDE = re.compile(
    r"'(?:yield(?: from)?|await)' outside|'async (?:for|with)' outside async|asynchronous comprehension outside"
)
_NEWER = re.compile(r"\(syntax was added in (Python 3\.\d+)\)")
_PYTHON_2 = "Multiple exception types"
"""How ruff starts to say that `except A, B:` is new; it is what Python 2 wrote for `except A as B:`."""
_HINT = "Mend it there or on the lines before."
_MOST_FINDINGS = 50
_MOST_ASKED = 100_000
_PATIENCE = 1.5
"""How long ruff may take, in seconds; it is asked as well, and not alone."""


def check(text: str) -> Iterator[Finding]:
    """The findings on a module; `yield` and `await` outside a function are warned of, as in a part of one.

    What only a newer Python than this one reads is valid where ruff knows it.
    """
    surrogate = re.search("[\ud800-\udfff]", text)
    if surrogate:
        line = text.count("\n", 0, surrogate.start()) + 1
        yield error(
            "python-syntax", "there is half a character in it, that no file can hold", line, "Take it out."
        )
        return
    found = list(_compiled(text))
    refused = [finding for finding in found if finding.severity == "error"]
    yield from (finding for finding in found if finding.severity != "error")
    second = _ruff(text)
    newer = [finding for finding in second if finding.severity != "error"]
    if refused and newer == second != []:
        yield from newer
    else:
        yield from refused or second


def _compiled(text: str) -> Iterator[Finding]:
    """What this Python says."""
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            outside = _outside(text)
    except SyntaxError as refused:
        yield _syntax(refused, text)
        return
    except ValueError as refused:
        yield error(
            "python-syntax", f"Python can't read it: {str(refused)[:200]}", 1, "Take out what is no text."
        )
        return
    except (RecursionError, MemoryError):
        raise NotCheckedError("it is nested too deep to be parsed") from None
    if outside is not None:
        message = f"{outside.msg}: no module of its own"
        yield warning("python-outside-function", message, outside.lineno or 0, "Put it into a function.")
    for said in warned[:_MOST_FINDINGS]:
        yield advice("python-warning", str(said.message)[:300], said.lineno)


def _outside(text: str) -> SyntaxError | None:
    """That a text waits or yields outside a function, where that is all that is wrong with it."""
    try:
        compile(text, "artifact.py", "exec", dont_inherit=True)
    except SyntaxError as refused:
        if not _OUTSIDE.match(str(refused.msg)):
            raise
        tree = _Inside().visit(ast.parse(text))
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        compile(ast.fix_missing_locations(tree), "artifact.py", "exec", flags=flags, dont_inherit=True)
        return refused
    return None


class _Inside(ast.NodeTransformer):
    """Replaces what yields outside a function by what it yields."""

    def visit_Yield(self, node: ast.Yield) -> ast.AST:
        self.generic_visit(node)
        return node.value or ast.Constant(None)

    def visit_YieldFrom(self, node: ast.YieldFrom) -> ast.AST:
        self.generic_visit(node)
        return node.value

    def _as_it_is(self, node: ast.AST) -> ast.AST:
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = _as_it_is  # noqa: N815 - named by ast
    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _as_it_is  # noqa: N815 - named by ast


def _syntax(refused: SyntaxError, text: str) -> Finding:
    line = refused.lineno or 1
    lines = text.split("\n", line)
    written = lines[line - 1].strip() if line <= len(lines) else ""
    hint = _HINT
    if written.startswith(("```", "~~~")):
        hint = "Take the Markdown fences out."
    elif written.startswith((">>>", "...")):
        hint = "Take the prompts out."
    elif written.startswith(("%", "!")):
        hint = "Take out what only a notebook understands."
    elif "Missing parentheses in call to 'print'" in str(refused.msg):
        hint = "This is Python 2; write it for Python 3."
    return error("python-syntax", f"not valid Python: {str(refused.msg)[:200]}", line, hint)


def _ruff(text: str) -> list[Finding]:
    """The syntax errors that ruff finds: what only a newer Python reads as advice; none where it is not there."""
    if find_tool("ruff") is None or len(text) > _MOST_ASKED:
        return []
    version = f"py3{min(sys.version_info.minor, 14)}"
    options = ["--isolated", "--no-cache", "--ignore-noqa", "--select", "E9", "--target-version", version]
    argv = ["ruff", "check", *options, "--output-format", "json", "--stdin-filename", "artifact.py", "-"]
    try:
        found = sequence(json.loads(run_tool(argv, stdin=text, timeout=_PATIENCE).out))
    except (NotCheckedError, ValueError):
        return []
    return [_told(mapping(item)) for item in found[:_MOST_FINDINGS]]


def _told(item: dict[str, object]) -> Finding:
    line = mapping(item.get("location")).get("row")
    where = line if isinstance(line, int) else 1
    message = str(item.get("message", ""))[:300]
    newer = _NEWER.search(message)
    if newer and not message.startswith(_PYTHON_2):
        return advice("python-version", message, where, f"It runs on {newer[1]} or newer only.")
    return error("python-syntax", f"not valid Python: {message}", where, _HINT)
