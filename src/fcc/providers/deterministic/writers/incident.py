"""The report of an incident, from what the request hands on of the decision and the rehearsal."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from fcc.providers.deterministic.brief import Brief
from fcc.providers.deterministic.text import clean, section

_PAIR = re.compile(r'\s*"(action|reason|reconsider_if)":\s*"(.{1,400})",?\s*')
_FACT = re.compile(r"(Restored|Time to recover): (.{1,60})")
_SCENARIO = re.compile(r"- ([a-z0-9-]{1,64}): (.{1,200})")
_EVENT = re.compile(r"\| (\d{1,6}) \| (.{1,300}) \|")
_MOST = 60


def write_report(brief: Brief) -> str:
    """What fired, what was decided, what was done and how long it took; what the request does not say is left open."""
    decided = {m[1]: clean(m[2], 300) for line in brief.material if (m := _PAIR.fullmatch(line))}
    facts = {m[1]: clean(m[2]) for line in brief.material if (m := _FACT.fullmatch(line.strip()))}
    given = dict(brief.figures)
    opening = [
        f"- Service: {given.get('Service', 'not said')}",
        f"- Alert: {given.get('Alert', 'not said')}",
        f"- Decision: {decided.get('action', 'not said')}",
        f"- Time to recover: {facts.get('Time to recover', 'nothing was rehearsed')}",
    ]
    return "\n\n".join(
        [
            "\n".join(opening),
            section(
                "Alert", f"The alert {given.get('Alert', '')} fired for {given.get('Service', 'a service')}."
            ),
            section(
                "Decision",
                f"Decided: {decided.get('action', 'not said')}.",
                decided.get("reason", ""),
                f"It would change if: {decided['reconsider_if']}" if "reconsider_if" in decided else "",
            ),
            section("Action", _events(brief.material)),
            section(
                "Time to detect and time to recover",
                _scenarios(brief.material),
                f"Restored: {facts.get('Restored', 'not known')}. Time to recover: "
                f"{facts.get('Time to recover', 'not known')}.",
            ),
            section(
                "What went well, and what was luck",
                "What the rehearsal restored was restored by the script alone. Whether the cluster that users reach "
                "behaves as the simulated one does is not known from here.",
            ),
        ]
    )


def _events(material: Sequence[str]) -> str:
    """What happened, scenario by scenario."""
    rows: list[str] = []
    for line in map(str.strip, material):
        if line.startswith("## "):
            heading = f"### {clean(line[3:], 64)}"
            rows += [*([""] if rows else []), heading, "", "| seconds | what happened |", "|--:|---|"]
        elif event := _EVENT.fullmatch(line):
            rows.append(f"| {event[1]} | {clean(event[2], 300)} |")
    return "\n".join(rows[:_MOST]) or "Nothing was done, or nothing was handed on of it."


def _scenarios(material: Sequence[str]) -> str:
    found = [m for line in material if (m := _SCENARIO.fullmatch(line.strip()))]
    return "\n".join(f"- {m[1]}: {clean(m[2])}" for m in found[:_MOST])


WRITERS: Mapping[str, Callable[[Brief], str]] = {"incident-report": write_report}
