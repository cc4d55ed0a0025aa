"""The queries of a dashboard's panels: which are PromQL, and what they say once variables are filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice, product
from typing import Any

from fcc.evaluations.validators._promql import PromqlReader
from fcc.evaluations.validators.check import mapping, sequence

_PROMETHEUS = {"prometheus", "grafana-amazonprometheus-datasource"}
_VARIABLE = re.compile(r"\$(\w+)|\[\[(\w+)(?::\w+)?\]\]|\$\{(\w+)(?:\.[^:}]+)?(?::[^}]+)?\}")
"""grafana.com/docs/grafana/latest/dashboards/variables/variable-syntax"""
_OTHER_LANGUAGE = re.compile(
    r"\|[=~>]|!>|\|\s*(?:json|logfmt|pattern|regexp|unpack|line_format|label_format|unwrap)"
)
"""What LogQL has and PromQL has not."""
_MILLISECONDS = re.compile(r"__(?:interval_ms|range_ms|range_s|from|to)")
_MOST_TRIES = 32
"""Where there are more ways to fill in the variables, only what no way mends is said."""
_UNBALANCED = re.compile(r"unclosed|unterminated|unexpected (?:right|end)")
_FREE = ("x", "1", "5m", "==")
"""What a variable may stand for outside of brackets and texts: a metric, a number, a duration, an operator."""
_CALLED = ("rate", "sum", "abs", "max_over_time", "topk")
_MATCHER = ('x="y"', "x", '"x"')


class Queries:
    """What is known of a dashboard's datasources, and what is wrong with the queries that go to Prometheus."""

    def __init__(self, dashboard: dict[str, Any]) -> None:
        variables = mapping(dashboard.get("templating")).get("list")
        self._types: dict[str, str] = {}
        """The type behind each variable or input that stands for a datasource."""
        for variable in sequence(variables):
            if mapping(variable).get("type") == "datasource":
                self._types[str(variable.get("name"))] = str(variable.get("query"))
        for given in sequence(dashboard.get("__inputs")):
            if mapping(given).get("type") == "datasource":
                self._types[str(given.get("name"))] = str(given.get("pluginId"))

    def problem(self, target: dict[str, Any], panel: dict[str, Any], reader: PromqlReader) -> str:
        """What is wrong with the PromQL of a query; "" where nothing is, or it goes to no Prometheus."""
        kind = self._type(target.get("datasource") or panel.get("datasource"))
        expression = target["expr"]
        if (kind and kind not in _PROMETHEUS) or not _VARIABLE.sub("", expression).strip():
            return ""
        if not kind and _OTHER_LANGUAGE.search(expression):
            return ""
        first, tries = "", 0
        for candidate in _filled(expression):
            problem = reader.problem(candidate)
            if not problem:
                return ""
            first, tries = first or problem, tries + 1
        return first if tries < _MOST_TRIES or _UNBALANCED.search(first) else ""

    def _type(self, datasource: Any) -> str:
        """The type of a datasource; "" where it may be any."""
        given = mapping(datasource)
        if isinstance(given.get("type"), str) and not _VARIABLE.fullmatch(given["type"]):
            return str(given["type"])
        name = given.get("uid", datasource)
        found = _VARIABLE.fullmatch(name) if isinstance(name, str) else None
        if found:
            return self._types.get(found[1] or found[2] or found[3], "")
        return "loki" if isinstance(name, str) and "loki" in name.lower() else ""


def _filled(expression: str) -> Iterator[str]:
    """The expression with its variables filled in, in the ways that are likely in their places, likeliest first."""
    parts: list[str] = []
    choices: dict[str, tuple[str, ...]] = {}
    keys: list[str] = []
    position = 0
    for found, options in _variables(expression):
        name = found[1] or found[2] or found[3]
        parts.append(expression[position : found.start()])
        position = found.end()
        key = f"{name} {options}"
        choices[key] = options
        keys.append(key)
    rest = expression[position:]
    for chosen in islice(product(*choices.values()), _MOST_TRIES):
        values = dict(zip(choices, chosen, strict=True))
        yield "".join(part + values[key] for part, key in zip(parts, keys, strict=True)) + rest


def _variables(expression: str) -> Iterator[tuple[re.Match[str], tuple[str, ...]]]:
    """Each variable, with what it may stand for in its place."""
    quote, brackets, position = "", "", 0
    while position < len(expression):
        if found := _VARIABLE.match(expression, position):
            yield found, _options(expression, found, quote, brackets)
            position = found.end()
            continue
        sign = expression[position]
        if quote:
            position += sign == "\\" and quote != "`"
            quote = "" if sign == quote else quote
        elif sign in "\"'`":
            quote = sign
        elif sign in "[{(":
            brackets += sign
        elif sign in "]})":
            brackets = brackets[:-1]
        position += 1


def _options(text: str, found: re.Match[str], quote: str, brackets: str) -> tuple[str, ...]:
    before, after = text[max(0, found.start() - 20) : found.start()], text[found.end() : found.end() + 20]
    within = brackets[-1:]
    if quote:
        return ("x",)
    if _MILLISECONDS.fullmatch(found[1] or found[2] or found[3]):
        return ("300",)
    if within == "[":
        return ("5", "5m") if re.match(r"(?:ms|[smhdwy])", after) else ("5m",)
    if within == "{":
        return _MATCHER if re.match(r"\s*[,}]", after) else ("x",)
    return _outside(before, after)


def _outside(before: str, after: str) -> tuple[str, ...]:
    """What a variable may stand for that no text, range or matcher holds, by what is around it."""
    if re.search(r"[\w:]$", before) or re.match(r"[\w:]", after):
        return ("x", "1")
    if re.search(r"\boffset\s*-?\s*$", before, re.IGNORECASE):
        return ("5m",)
    return (*_CALLED, "==", "+") if re.match(r"\s*\(", after) else _FREE
