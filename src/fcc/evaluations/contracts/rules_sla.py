"""Rules about service levels: what was promised is what alerts, dashboards and buckets hold."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import NamedTuple

from fcc.evaluations.contracts import _promql
from fcc.evaluations.contracts._promql import Selector, Term
from fcc.evaluations.contracts.facts import Facts, Metric, Query
from fcc.evaluations.contracts.rule import Clash, rule

_TIME = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*(milliseconds?|msecs?|ms|seconds?|secs?|s)\b", re.IGNORECASE)
_QUANTILE = re.compile(
    r"\bp(\d{2,4}(?:\.\d+)?)\b|\b(\d{2}(?:\.\d+)?)(?:st|nd|rd|th)?\s+percentile", re.IGNORECASE
)
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,8})?)\s*%")
_REQUESTS = re.compile(r"request|http|grpc|rpc|latency|response|inference|predict", re.IGNORECASE)
_FAILURES = re.compile(r"error|fail|exception", re.IGNORECASE)
_CODES = {
    "status",
    "code",
    "status_code",
    "http_status",
    "http_status_code",
    "grpc_code",
    "outcome",
    "result",
}
_PROMISE = re.compile(r"\bsl[aoi]s?\b|sl[ao](?=[A-Z_]|$)|error budget|availability", re.IGNORECASE)
_MOST_PARTS = 50
"""How much of a recorded expression counts where another asks for it."""
_BURN_RATES = (1.0, 14.4, 6.0, 3.0, 2.0, 13.44, 5.6, 2.8)
"""How much faster than evenly a budget may burn before it alerts (The Site Reliability Workbook, chapter 5)."""


class Latency(NamedTuple):
    """How long an answer may take."""

    seconds: float
    quantile: float | None
    text: str


def latency_promise(facts: Facts) -> Latency | None:
    """The latency that the inputs promise; None where they promise none."""
    for name, value in facts.context.inputs.items():
        if re.search(r"latency|response_?time", name, re.IGNORECASE):
            text = str(value)[:200]
            time, quantile = _TIME.search(text), _QUANTILE.search(text)
            if time:
                return Latency(_seconds(time), _quantile(quantile) if quantile else None, text)
    return None


def error_budget(facts: Facts) -> tuple[float, str] | None:
    """The share of requests that may fail, and the promise that it follows from."""
    for name, value in facts.context.inputs.items():
        found = _PERCENT.search(str(value)[:200])
        if found and re.search(r"availab|uptime", name, re.IGNORECASE) and 0 < float(found[1]) < 100:  # noqa: PLR2004 - percent
            return 1 - float(found[1]) / 100, str(value)[:200]
    return None


def _seconds(match: re.Match[str]) -> float:
    return float(match[1]) * (0.001 if match[2].lower().startswith("m") else 1.0)


def _quantile(match: re.Match[str]) -> float:
    digits = (match[1] or match[2]).replace(".", "")
    return float(f"0.{digits}")


class Watch(NamedTuple):
    """An alert's threshold on latency or on the share of failures."""

    query: Query
    limit: float
    """In seconds, or as a share that fails."""
    quantile: float | None
    metrics: tuple[str, ...]


def _recorded(facts: Facts) -> dict[str, Query]:
    return {item.record: item for item in facts.of(Query) if item.record}


def _terms(facts: Facts, query: Query) -> Iterator[Term]:
    """The terms of an expression; what a recording rule stands for takes its place."""
    recorded = facts.once(_recorded)
    for term in _promql.read(query.expr).terms:
        found = [recorded[item.metric] for item in term.selectors if item.metric in recorded]
        inner = [part for other in found[:2] for part in _promql.read(other.expr).terms]
        if inner:
            yield term._replace(
                selectors=tuple(item for part in inner for item in part.selectors)[:_MOST_PARTS],
                quantiles=tuple(item for part in inner for item in part.quantiles)[:_MOST_PARTS],
                divides=term.divides or any(part.divides for part in inner),
                complement=term.complement or any(part.complement for part in inner),
            )
        else:
            yield term


def _unit(metric: str) -> float | None:
    if re.search(r"_(?:milliseconds|millis|ms)(?:_|$)", metric):
        return 0.001
    return 1.0 if re.search(r"_seconds(?:_|$)", metric) else None


def _latencies(facts: Facts) -> list[Watch]:
    found = []
    for query in facts.of(Query):
        for term in _terms(facts, query) if query.alert else ():
            names = tuple(item.metric for item in term.selectors)
            unit = next((unit for unit in map(_unit, names) if unit), None)
            asked = [*term.quantiles, *_summary(term.selectors)]
            if not asked or unit is None or term.limit is None or term.operator not in {">", ">="}:
                continue
            if any(_REQUESTS.search(name) for name in names) and term.scale:
                found.append(Watch(query, term.limit / term.scale * unit, asked[0], names))
    return found


def _summary(selectors: tuple[Selector, ...]) -> list[float]:
    values = [value for item in selectors for label, _, value in item.labels if label == "quantile"]
    return [float(value) for value in values if re.fullmatch(r"0?\.\d{1,6}", value)]


def _failures(facts: Facts) -> list[Watch]:
    found = []
    for query in facts.of(Query):
        for term in _terms(facts, query) if query.alert else ():
            if term.limit is None or not term.divides or not term.scale or len(term.selectors) < 2:  # noqa: PLR2004 - a ratio
                continue
            limit = term.limit / term.scale
            fails = any(map(_counts_failures, term.selectors))
            if fails and term.operator in {">", ">="} and not term.complement:
                found.append(Watch(query, limit, None, ()))
            holds = term.complement or (not fails and any(map(_counts_successes, term.selectors)))
            if holds and term.operator in {"<", "<="} and 0.5 < limit < 1:  # noqa: PLR2004 - a share
                found.append(Watch(query, 1 - limit, None, ()))
    return found


def _counts_failures(selector: Selector) -> bool:
    by_code = any(
        label in _CODES
        and ((operator == "=~" and value.startswith("5")) or _FAILURES.search(value) or value.startswith("5"))
        and operator in {"=", "=~"}
        for label, operator, value in selector.labels
    )
    return by_code or bool(_FAILURES.search(selector.metric))


def _counts_successes(selector: Selector) -> bool:
    return any(
        label in _CODES and (operator in {"!~", "!="} or value.startswith("2"))
        for label, operator, value in selector.labels
    )


def _promises(query: Query) -> bool:
    return bool(_PROMISE.search(query.alert) or _PROMISE.search(query.text))


def _shown(number: float) -> str:
    return f"{number:.6g}"


def _latency(facts: Facts) -> Iterator[Clash]:
    promise = latency_promise(facts)
    if promise is None:
        return
    watches = facts.once(_latencies)
    same = [watch for watch in watches if promise.quantile in {None, watch.quantile}]
    right = {id(watch) for watch in same if math.isclose(watch.limit, promise.seconds, rel_tol=1e-6)}
    hint = f"Alert above {_shown(promise.seconds)} s, as promised."
    for watch in watches if watches and not same else ():
        message = f"alert `{watch.query.alert}` watches quantile {watch.quantile}, but {promise.text!r} was promised"
        yield Clash(watch.query.place, message, f"Watch quantile {promise.quantile}.")
    for watch in same:
        if id(watch) not in right and (not right or _promises(watch.query)):
            message = f"alert `{watch.query.alert}` fires above {_shown(watch.limit)} s, but {promise.text!r} was promised"
            yield Clash(watch.query.place, message, hint)


def _availability(facts: Facts) -> Iterator[Clash]:
    promised = error_budget(facts)
    if promised is None:
        return
    budget, text = promised
    watches = _failures(facts)
    right = {
        id(watch)
        for watch in watches
        if any(math.isclose(watch.limit, budget * rate, rel_tol=1e-3) for rate in _BURN_RATES)
    }
    for watch in watches:
        if id(watch) not in right and (not right or _promises(watch.query)):
            yield Clash(
                watch.query.place,
                f"alert `{watch.query.alert}` fires at a share of {_shown(watch.limit)} that fails, but {text!r} was "
                f"promised, which leaves {_shown(budget)}",
                "Alert at the error budget, or at a burn rate of it (14.4, 6, 3 or 1 times).",
            )


def _watched(facts: Facts) -> Iterator[Clash]:
    alerts = [query for query in facts.of(Query) if query.alert]
    said = " ".join(f"{query.alert} {query.text} {query.expr}" for query in alerts)
    promise = latency_promise(facts)
    if alerts and promise and not re.search(r"latency|duration|quantile|slow|response", said, re.IGNORECASE):
        yield Clash(alerts[0].place, f"no alert watches the latency that was promised ({promise.text})")
    budget = error_budget(facts)
    if (
        alerts
        and budget
        and not re.search(r"error|fail|5\.\.|5xx|availab|success|\bup\b", said, re.IGNORECASE)
    ):
        yield Clash(alerts[0].place, f"no alert watches the availability that was promised ({budget[1]})")


def _panels(facts: Facts) -> Iterator[Clash]:
    promise = latency_promise(facts)
    for query in facts.of(Query) if promise else ():
        limits = [limit for limit in query.limits if limit > 0]
        for term in _promql.read(query.expr).terms:
            unit = next((unit for unit in (_unit(item.metric) for item in term.selectors) if unit), None)
            if promise is None or not limits or unit is None or promise.quantile not in term.quantiles:
                continue
            seconds = [limit / (term.scale or 1.0) * unit for limit in limits]
            if not any(math.isclose(limit, promise.seconds, rel_tol=1e-6) for limit in seconds):
                lines = ", ".join(map(_shown, seconds))
                message = f"the panel's lines for latency are at {lines} s, but {promise.text!r} was promised"
                yield Clash(query.place, message, f"Draw one at {_shown(promise.seconds)} s.")


def _texts(facts: Facts) -> Iterator[Clash]:
    for watch in facts.once(_latencies):
        said = [
            _seconds(match) for match in _TIME.finditer(watch.query.text) if match[2].lower().startswith("m")
        ]
        if len(said) == 1 and not math.isclose(said[0], watch.limit, rel_tol=1e-3):
            message = (
                f"alert `{watch.query.alert}` fires above {_shown(watch.limit)} s, but its text says "
                f"{_shown(said[0])} s"
            )
            yield Clash(watch.query.place, message, "Say what the expression holds.")


def _buckets(facts: Facts) -> Iterator[Clash]:
    promise = latency_promise(facts)
    for metric in facts.of(Metric) if promise else ():
        unit = _unit(metric.name)
        if promise is None or unit is None or not metric.buckets or not _REQUESTS.search(metric.name):
            continue
        if not any(math.isclose(bound * unit, promise.seconds, rel_tol=1e-6) for bound in metric.buckets):
            message = f"no bucket of `{metric.name}` ends at {_shown(promise.seconds)} s, where {promise.text!r} is held"
            yield Clash(metric.place, message, f"Add the bucket {_shown(promise.seconds / unit)}.")


def _reach(facts: Facts) -> Iterator[Clash]:
    highest: dict[str, tuple[float, Metric]] = {}
    for metric in facts.of(Metric):
        finite = [bound for bound in metric.buckets or () if math.isfinite(bound)]
        if finite:
            highest[f"{metric.name}_bucket"] = max(finite) * (_unit(metric.name) or 1.0), metric
    for watch in facts.once(_latencies):
        for name in watch.metrics:
            ends, declared = highest.get(name, (math.inf, None))
            if declared is not None and watch.limit >= ends:
                message = (
                    f"alert `{watch.query.alert}` can never fire: it waits for more than {_shown(watch.limit)} s, but "
                    f"the highest bucket ends at {_shown(ends)} s"
                )
                yield Clash(watch.query.place, message, "Add higher buckets.", declared.place)


RULES = (
    rule("sla-latency", "error", "Alerts on latency hold what was promised", _latency),
    rule("sla-availability", "error", "Alerts on failures hold what was promised", _availability),
    rule("sla-watched", "warning", "What was promised is watched", _watched),
    rule("sla-dashboard", "warning", "Dashboards draw the latency that was promised", _panels),
    rule("sla-buckets", "warning", "A histogram has a bucket at the latency that was promised", _buckets),
    rule("alert-text", "warning", "An alert says the limit that it holds", _texts),
    rule("alert-reach", "error", "An alert's limit is within the histogram's buckets", _reach),
)
