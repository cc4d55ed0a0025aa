"""A part of jq's language (jqlang.org/manual): what scripts use to read webhooks and to change manifests.

Own code, since jq itself can't be kept from the environment, from files and from running without an end.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from fcc.evaluations.rehearsal.jq.filters import (
    Budget,
    Filter,
    Item,
    Scope,
    alternatives,
    assignment,
    bound,
    constant,
    each,
    field,
    identity,
    operation,
    or_else,
    piped,
    slice_of,
    trying,
    variable,
    weighed,
)
from fcc.evaluations.rehearsal.jq.values import JqError, truthy
from fcc.evaluations.rehearsal.shell.syntax import NotUnderstoodError

__all__ = ["JqError", "evaluate"]

_LONGEST = 10_000
_DEEPEST = 60


def evaluate(program: str, value: Any, variables: Mapping[str, Any]) -> list[Any]:
    """The results of a program on a value.

    Raises:
        JqError: jq would fail.
        NotUnderstoodError: it uses what is not known here.
    """
    if len(program) > _LONGEST:
        raise NotUnderstoodError("a jq program of such a length")
    made = _Parser(_tokens(program), program).program()
    scope = Scope({f"${name}": item for name, item in variables.items()}, Budget())
    try:
        return [copy.deepcopy(item.value) for item in made(Item((), value), scope)]
    except RecursionError:
        raise NotUnderstoodError("jq: a value that is nested too deeply") from None
    except (TypeError, ValueError, IndexError, KeyError, AttributeError, OverflowError):
        raise JqError("a value of another kind than it takes") from None
    except RuntimeError:  # a filter that gives nothing stands where one value is needed
        raise NotUnderstoodError("jq: nothing where a value is needed") from None


_TOKEN = re.compile(
    r"""\s*(?:\#[^\n]*\s*)*(?P<token>"(?:[^"\\]|\\.)*"|\d+(?:\.\d+)?|\.\.|\.[A-Za-z_]\w*|\$[A-Za-z_]\w*|@\w+|[A-Za-z_]\w*
    |\?//|//=|\|=|\+=|-=|\*=|/=|==|!=|<=|>=|//|[.\[\]{}()|,:;=<>+\-*/%?])""",
    re.VERBOSE,
)


def _tokens(program: str) -> list[str]:
    found, at = [], 0
    text = program.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            if not text[at:].strip() or text[at:].lstrip().startswith("#"):
                break
            raise NotUnderstoodError(f"jq: {text[at : at + 30].strip()!r}")
        found.append(match["token"])
        at = match.end()
    return found


_BINARY: dict[str, int] = {
    "or": 1, "and": 2, "==": 3, "!=": 3, "<": 3, "<=": 3, ">": 3, ">=": 3, "+": 4, "-": 4, "*": 5, "/": 5, "%": 5,
}  # fmt: skip
_ASSIGN = {"=", "|=", "+=", "-=", "*=", "/=", "//="}


class _Parser:
    def __init__(self, tokens: list[str], program: str) -> None:
        self.tokens, self.text, self.at, self.depth = tokens, program, 0, 0

    def program(self) -> Filter:
        made = self.pipe() if self.tokens else identity
        if self.at < len(self.tokens):
            raise self.unknown()
        return made

    def unknown(self) -> NotUnderstoodError:
        rest = " ".join(self.tokens[self.at : self.at + 4])
        return NotUnderstoodError(f"jq: `{rest}`" if rest else "jq: the program ends too early")

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, *tokens: str) -> str:
        sign = self.peek()
        if sign and sign in tokens:
            self.at += 1
            return sign
        return ""

    def need(self, sign: str) -> None:
        if not self.take(sign):
            raise self.unknown()

    def pipe(self) -> Filter:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise NotUnderstoodError("jq: a program that is nested too deeply")
        left = self.comma()
        if self.take("as"):
            name = self.peek()
            if not name.startswith("$"):
                raise self.unknown()
            self.at += 1
            self.need("|")
            left = bound(left, name, self.pipe())
        elif self.take("|"):
            left = piped(left, self.pipe())
        self.depth -= 1
        return left

    def comma(self) -> Filter:
        parts = [self.assigned()]
        while self.take(","):
            parts.append(self.assigned())
        return parts[0] if len(parts) == 1 else alternatives(parts)

    def assigned(self) -> Filter:
        left = self.alternative()
        operator = self.take(*_ASSIGN)
        return weighed(assignment(left, operator, self.alternative())) if operator else left

    def alternative(self) -> Filter:
        left = self.binary(1)
        return or_else(left, self.alternative()) if self.take("//") else left

    def binary(self, level: int) -> Filter:
        if level > 5:  # noqa: PLR2004 - the highest level of `_BINARY`
            return self.postfix()
        left = self.binary(level + 1)
        while _BINARY.get(self.peek()) == level:
            operator = self.peek()
            self.at += 1
            left = weighed(operation(left, operator, self.binary(level + 1)))
        return left

    def postfix(self) -> Filter:
        made = self.term()
        while True:
            sign = self.peek()
            if sign == "?":
                self.at += 1
                made = trying(made, None)
            elif sign == "[":
                made = self.subscript(made)
            elif sign.startswith(".") and sign not in {".", ".."}:
                self.at += 1
                made = field(made, constant(sign[1:]), forgiving=self.peek() == "?")
            elif sign == "." and self.tokens[self.at + 1 : self.at + 2] == ["["]:
                self.at += 1
            elif (
                sign == "." and self.tokens[self.at + 1 : self.at + 2] and self.tokens[self.at + 1][0] == '"'
            ):
                self.at += 2
                made = field(made, self.string(self.tokens[self.at - 1]))
            else:
                return made

    def subscript(self, of: Filter) -> Filter:
        self.need("[")
        if self.take("]"):
            return each(of, forgiving=self.peek() == "?")
        if self.take(":"):
            end = self.pipe()
            self.need("]")
            return slice_of(of, None, end)
        index = self.pipe()
        if self.take(":"):
            last = None if self.peek() == "]" else self.pipe()
            self.need("]")
            return slice_of(of, index, last)
        self.need("]")
        return field(of, index, forgiving=self.peek() == "?")

    def term(self) -> Filter:  # noqa: PLR0911 - one for each form
        sign = self.peek()
        self.at += 1
        if sign == ".":
            following = self.peek()
            if following.startswith('"'):
                self.at += 1
                return field(identity, self.string(following))
            return identity
        if sign.startswith(".") and sign != "..":
            return field(identity, constant(sign[1:]), forgiving=self.peek() == "?")
        if sign.startswith('"'):
            return self.string(sign)
        if sign[:1].isdigit():
            return constant(_number(sign))
        if sign.startswith("$"):
            return variable(sign)
        opening = {"(": self.group, "[": self.array, "{": self.object, "-": self.negative, "if": self.condition,
                   "try": self.attempt}.get(sign)  # fmt: skip
        if opening is not None:
            return opening()
        return self.call(sign)

    def group(self) -> Filter:
        made = self.pipe()
        self.need(")")
        return made

    def array(self) -> Filter:
        if self.take("]"):
            return constant([])
        inside = self.pipe()
        self.need("]")

        def run(item: Item, scope: Scope) -> Iterator[Item]:
            yield Item(None, [found.value for found in inside(item, scope)])

        return weighed(run)

    def negative(self) -> Filter:
        return operation(constant(0), "-", self.postfix())

    def attempt(self) -> Filter:
        body = self.postfix()
        return trying(body, self.postfix() if self.take("catch") else None)

    def condition(self) -> Filter:
        test = self.pipe()
        self.need("then")
        then = self.pipe()
        if self.take("elif"):
            other = self.condition()
        else:
            other = self.pipe() if self.take("else") else identity
            self.need("end")

        def run(item: Item, scope: Scope) -> Iterator[Item]:
            for found in test(item, scope):
                yield from (then if truthy(found.value) else other)(item, scope)

        return run

    def object(self) -> Filter:
        entries: list[tuple[Filter, Filter]] = []
        while not self.take("}"):
            entries.append(self.entry())
            if not self.take(",") and self.peek() != "}":
                raise self.unknown()

        def run(item: Item, scope: Scope) -> Iterator[Item]:
            made: list[dict[Any, Any]] = [{}]
            for key, value in entries:
                pairs = [(k.value, v.value) for k in key(item, scope) for v in value(item, scope)]
                made = [{**known, k: v} for known in made for k, v in pairs]
                for _ in made:
                    scope.budget.spend()
            yield from (Item(None, known) for known in made)

        return weighed(run)

    def entry(self) -> tuple[Filter, Filter]:
        sign = self.peek()
        self.at += 1
        if sign.startswith("$"):
            return constant(sign[1:]), variable(sign)
        if sign == "(":
            key = self.group()
        elif sign.startswith('"'):
            key = self.string(sign)
        elif re.fullmatch(r"[A-Za-z_]\w*", sign):
            key = constant(sign)
        else:
            self.at -= 1
            raise self.unknown()
        if not self.take(":"):
            return key, field(identity, key)
        value = self.alternative()
        while self.take("|"):
            value = piped(value, self.alternative())
        return key, value

    def string(self, sign: str) -> Filter:
        r"""A text, with `\\(…)` in it filled in."""
        parts: list[Filter] = []
        for at, part in enumerate(re.split(r"\\\(((?:[^()]|\([^()]*\))*)\)", sign[1:-1])):
            if at % 2:
                parts.append(_Parser(_tokens(part), part).program())
            else:
                parts.append(constant(_literal(part)))
        if len(parts) == 1:
            return parts[0]

        def run(item: Item, scope: Scope) -> Iterator[Item]:
            texts = [next(part(item, scope), Item(None, "")).value for part in parts]
            yield Item(None, "".join(text if isinstance(text, str) else _shown(text) for text in texts))

        return weighed(run)

    def call(self, name: str) -> Filter:
        from fcc.evaluations.rehearsal.jq.functions import FUNCTIONS

        args: list[Filter] = []
        if re.fullmatch(r"@?[A-Za-z_]\w*", name) and self.take("("):
            args.append(self.pipe())
            while self.take(";"):
                args.append(self.pipe())
            self.need(")")
        made = FUNCTIONS.get(f"{name}/{len(args)}")
        if made is None:
            self.at -= 1
            raise NotUnderstoodError(f"jq: `{name}`" if name else "jq: the program ends too early")
        return weighed(made(*args))


def _number(sign: str) -> float:
    if len(sign) > 15:  # noqa: PLR2004 - the digits that jq's numbers hold
        raise NotUnderstoodError(f"jq: the number {sign[:30]}")
    return float(sign) if "." in sign else int(sign)


def _literal(text: str) -> str:
    try:
        return str(json.loads(f'"{text}"'))
    except ValueError:
        raise NotUnderstoodError(f"jq: the text {text[:30]!r}") from None


def _shown(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
