"""PromQL: what keeps Prometheus from reading or running an expression (prometheus.io/docs/prometheus/latest/querying)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any

from fcc.evaluations.validators.check import NotCheckedError, missing

LEGACY_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""A label name as every version of Prometheus takes it."""

_MOST_OPERATORS = 800
"""In one expression: a deep enough nesting would end the process."""
_BUDGET = 4_000_000
"""What all expressions of a file may cost; the parser's time grows with the square of the operators (0.2 µs)."""
_EACH = 300
_WALK = 40
"""To visit an expression's parts takes the parser this many times longer than to parse it."""
_SUSPECT = re.compile(r"label_replace|label_join|count_values|\bor\b[^{}]*\}", re.IGNORECASE)
"""Where the parser may let pass what Prometheus refuses."""
_OPERATOR = re.compile(r"[-+*/%^(\[<>=!]|\b(?:and|or|unless|atan2)\b", re.IGNORECASE)
_DESTINATION = {"label_replace": 1, "label_join": 1}


class PromqlReader:
    """Reads the expressions of one file, as long as there are not too many to read."""

    def __init__(self) -> None:
        self._left = _BUDGET

    def problem(self, expression: str) -> str:
        """What is wrong with an expression, in one sentence; "" where nothing is.

        It must give an instant vector or a scalar, which is all that a rule or a graph can use. Raises
        `NotCheckedError` where promql-parser is not installed, or there is too much to parse.
        """
        operators = sum(1 for _ in _OPERATOR.finditer(expression))
        deep = bool(_SUSPECT.search(expression))
        self._left -= operators**2 * (_WALK if deep else 1) + len(expression) + _EACH
        if operators > _MOST_OPERATORS or self._left < 0:
            raise NotCheckedError("there is more PromQL than is parsed here; split it by recording rules")
        if not expression.strip():
            return "the expression is empty"
        parser = _parser()
        try:
            tree = parser.parse(expression)
        except UnicodeEncodeError:
            return "it has a character that UTF-8 cannot hold"
        except ValueError as refused:
            return _reworded(str(refused))
        except BaseException as broken:  # a mistake of the parser's own, which is no Exception
            if type(broken).__name__ == "PanicException":
                raise NotCheckedError("the PromQL parser failed on an expression") from None
            raise
        return _unusable(parser, tree) or (_mistake(parser, tree) if deep else "")


@cache
def _parser() -> Any:
    try:
        import promql_parser as parser
    except ImportError:
        raise missing("promql-parser") from None
    matrix, scalar = parser.ValueType.Matrix, parser.ValueType.Scalar
    renamed = parser.Function("holt_winters", [matrix, scalar, scalar], parser.ValueType.Vector)
    with suppress(ValueError):  # Prometheus 3 calls it double_exponential_smoothing, version 2 had this name
        parser.register_extra_functions([renamed])
    return parser


def _reworded(message: str) -> str:
    if message == "invalid promql query":
        return "not a PromQL expression: an operator, operand or bracket stands where it cannot"
    kinds = {"type matrix": "a range such as `x[5m]`", "type vector": "an instant vector"}
    for kind, words in kinds.items():
        message = message.replace(f"expected {kind}", f"expected {words}")
    return message.replace("got matrix", "got a range")[:300]


def _unusable(parser: Any, tree: Any) -> str:
    while isinstance(tree, parser.ParenExpr):
        tree = tree.expr
    if isinstance(tree, parser.StringLiteral):
        return "it is only a text, which is no value over time"
    if isinstance(tree, parser.MatrixSelector | parser.SubqueryExpr):
        return "it gives a range of samples; wrap it in a function such as rate() or max_over_time()"
    return ""


def _mistake(parser: Any, tree: Any) -> str:
    """What the parser lets pass and Prometheus refuses, at once or when the expression is run."""
    found: list[str] = []

    def visit(node: Any) -> bool:
        if isinstance(node, parser.VectorSelector):
            found.extend(_selector(node))
        elif isinstance(node, parser.Call):
            found.extend(_call(parser, node))
        elif isinstance(node, parser.AggregateExpr) and isinstance(node.param, parser.StringLiteral):
            found.extend(_label(node.param.val))
        return not found

    walk: Callable[[Any, Any], bool] = parser.walk
    walk(tree, visit)
    return found[0] if found else ""


def _selector(node: Any) -> list[str]:
    return ["`or` between label matchers is not PromQL"] if node.matchers.or_matchers else []


def _call(parser: Any, node: Any) -> list[str]:
    name, arguments = node.func.name, node.args
    texts = {
        index: argument.val
        for index, argument in enumerate(arguments)
        if isinstance(argument, parser.StringLiteral)
    }
    if name not in _DESTINATION:
        return []
    found = _label(texts.get(_DESTINATION[name], "x"))
    if name == "label_replace" and 4 in texts:  # noqa: PLR2004 - its last argument
        pattern = json.dumps(texts[4], ensure_ascii=False)
        try:
            parser.parse(f"x{{y=~{pattern}}}")
        except ValueError:
            found.append(f"{pattern} is not a regular expression of RE2")
    return found


def _label(name: str) -> list[str]:
    return (
        []
        if LEGACY_LABEL.fullmatch(name) or not name.isascii() or "." in name
        else [f"`{name}` is no label name"]
    )
