"""Facts of Python code: metrics that it declares, paths that it serves, ports that it listens on."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from typing import Any

from fcc.evaluations.contracts import facts
from fcc.evaluations.contracts.facts import Source
from fcc.simulation import Place

_WORTH_READING = re.compile(r"prometheus_client|Instrumentator|@\w+\.\w+\(|uvicorn|\.run\(|add_api_route")
_TYPES = {"Counter", "Gauge", "Histogram", "Summary", "Info", "Enum"}
_FAMILIES = {
    "CounterMetricFamily": "Counter",
    "GaugeMetricFamily": "Gauge",
    "HistogramMetricFamily": "Histogram",
    "SummaryMetricFamily": "Summary",
    "InfoMetricFamily": "Info",
}
_VERBS = {"get", "post", "put", "patch", "delete", "head", "options", "route", "api_route", "websocket"}
_PARTIAL = {
    "include_router",
    "register_blueprint",
    "mount",
    "add_url_rule",
    "add_route",
    "APIRouter",
    "Blueprint",
}
_DEFAULT_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""Those of prometheus_client.Histogram.DEFAULT_BUCKETS."""


def collect(source: Source) -> Iterator[Any]:
    """Each fact of Python code."""
    if not _WORTH_READING.search(source.text):
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source.text)
        nodes = list(ast.walk(tree))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    constants = _constants(tree)
    metrics = "prometheus_client" in source.text
    for node in nodes:
        if isinstance(node, ast.Call):
            yield from _call(node, constants, source.file, metrics=metrics)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for decorator in node.decorator_list:
                yield from _route(decorator, constants, source.file)


def _constants(tree: ast.Module) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = getattr(node, "value", None)
        if isinstance(target, ast.Name) and isinstance(value, ast.expr):
            found[target.id] = _value(value, found)
    return found


def _value(node: ast.expr | None, constants: dict[str, Any]) -> Any:
    """A constant, or a tuple of them; None where the code computes it."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return constants.get(node.id)
    if isinstance(node, ast.List | ast.Tuple):
        values = [_value(item, constants) if not _infinite(item) else float("inf") for item in node.elts]
        return tuple(values) if all(value is not None for value in values) else None
    return None


def _infinite(node: ast.expr) -> bool:
    called = isinstance(node, ast.Call) and len(node.args) == 1 and _name(node.func) == "float"
    return called or _name(node) in {"inf", "INF"}


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _call(node: ast.Call, constants: dict[str, Any], file: str, *, metrics: bool) -> Iterator[Any]:
    name, place = _name(node.func), Place(file, node.lineno)
    if name == "Instrumentator":
        yield facts.Elsewhere("metrics", place)
    elif metrics and (name in _TYPES or name in _FAMILIES):
        yield _metric(node, _FAMILIES.get(name, name), constants, place)
    elif name in _PARTIAL:
        yield facts.Elsewhere("routes", place)
    elif name == "add_api_route" and node.args:
        path = _value(node.args[0], constants)
        yield facts.Route(path, place) if isinstance(path, str) else facts.Elsewhere("routes", place)
    elif name == "run":
        port = _value(_argument(node, 99, "port"), constants)
        if isinstance(port, int) and not isinstance(port, bool):
            yield facts.Listen(port, place)


def _argument(node: ast.Call, position: int, keyword: str) -> ast.expr | None:
    found = next((item.value for item in node.keywords if item.arg == keyword), None)
    return found or (node.args[position] if len(node.args) > position else None)


def _metric(node: ast.Call, kind: str, constants: dict[str, Any], place: Place) -> Any:
    name = _value(_argument(node, 0, "name"), constants)
    named = [_argument(node, 99, key) for key in ("namespace", "subsystem")]
    before = [_value(item, constants) for item in named if item is not None]
    if not isinstance(name, str) or not all(isinstance(part, str) for part in before):
        return facts.Elsewhere("metrics", place)
    labels = _argument(node, 2, "labelnames") or _argument(node, 99, "labels")
    known = _value(labels, constants) if labels is not None else ()
    buckets = _argument(node, 99, "buckets")
    bounds = _value(buckets, constants) if buckets is not None else _DEFAULT_BUCKETS
    return facts.Metric(
        "_".join(part for part in (*before, name) if part),
        kind,
        frozenset(map(str, known)) if isinstance(known, tuple) else None,
        tuple(float(bound) for bound in bounds if isinstance(bound, int | float))
        if isinstance(bounds, tuple) and kind == "Histogram"
        else None,
        place,
    )


def _route(node: ast.expr, constants: dict[str, Any], file: str) -> Iterator[Any]:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return
    if node.func.attr not in _VERBS or not (node.args or node.keywords):
        return
    path = _value(_argument(node, 0, "path"), constants)
    if isinstance(path, str) and path.startswith("/"):
        yield facts.Route(path, Place(file, node.lineno))
