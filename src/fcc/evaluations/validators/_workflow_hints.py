"""What to do about what actionlint says, and its notices of old actions as one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from fcc.evaluations.validators.check import advice
from fcc.simulation import Finding

_AS_SAID = "Correct it as the message says."
_HINTS: tuple[tuple[str, str, str], ...] = (
    ("action", "", "Compare `uses` and `with` with the action's own documentation."),
    ("credentials", "", "Write a reference: `${{ secrets.NAME }}`."),
    ("events", "(?i)cron", "Write five fields: minute, hour, day, month, weekday, as in `30 5 * * 1`."),
    (
        "events",
        "unknown Webhook event",
        "Use an event of docs.github.com/actions/reference/events-that-trigger-workflows.",
    ),
    ("expression", "potentially untrusted", "Pass it through `env`, and read the variable in quotes."),
    (
        "expression",
        "not defined in object|undefined variable|not allowed here",
        "Check the context, its properties and where it may be used.",
    ),
    ("expression", "^unexpected|^got ", "Write it as in `${{ github.ref == 'refs/heads/main' }}`."),
    ("glob", "", "Write a filter pattern, which is no regular expression."),
    ("if-cond", "", "Write the whole condition as one expression, or remove `if`."),
    ("matrix", "(?i)include|exclude", "Name values that the matrix has, in `include` and `exclude` too."),
    ("needs", "", "Name jobs of this file, without a cycle."),
    ("permissions", "", "Give each scope that there is `read`, `write` or `none`."),
    ("syntax", "defined but not used", "Use it, or take it out."),
)
"""A rule, what its message says, and the hint that fits."""

STALE = re.compile(r"too old|retired|deprecated")
"""What says that an action or command is old, not that it does not work."""
_ACTION = re.compile(r'"([^"\s]{1,100})" action')
_MOST_LINES = 5


def hint_for(rule: str, message: str) -> str:
    """What to do about a message."""
    return next((hint for name, said, hint in _HINTS if name == rule and re.search(said, message)), _AS_SAID)


def old_action(item: dict[str, Any]) -> str:
    """The action that is said to be old; "" where something else is said."""
    message = str(item.get("message"))
    found = _ACTION.search(message) if item.get("kind") == "action" and STALE.search(message) else None
    return found[1] if found else ""


def old_actions(items: list[dict[str, Any]]) -> Iterator[Finding]:
    """One piece of advice on all actions that are said to be old."""
    lines: dict[str, list[int]] = {}
    for item in items:
        name, line = old_action(item), item.get("line")
        if name:
            lines.setdefault(name, []).append(line if isinstance(line, int) else 0)
    if lines:
        told = ", ".join(f"{name} ({_lines(places)})" for name, places in list(lines.items())[:20])
        message = f"releases that GitHub's runners no longer support; use newer ones: {told}"
        yield advice("workflow-action", message, min(min(places) for places in lines.values()))


def _lines(places: list[int]) -> str:
    shown = ", ".join(map(str, places[:_MOST_LINES])) + (", …" if len(places) > _MOST_LINES else "")
    return f"line{'s' * (len(places) > 1)} {shown}"
