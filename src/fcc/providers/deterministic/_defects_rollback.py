"""Defects of an incident's answers: decisions that nobody may take, and reports that leave out what counts."""

from __future__ import annotations

import re

from fcc.providers.deterministic._defect import Category, Defect


def _said(
    step: str, id_: str, category: Category, what: str, pattern: str, spoilt: str, note: str = ""
) -> Defect:
    """The defect that replaces the first match of a pattern in the text of a step's reply."""

    def edit(text: str, _prompt: str) -> str:
        return re.sub(pattern, spoilt, text, count=1, flags=re.MULTILINE | re.DOTALL)

    return Defect(id_, category, step, what, f"(?s){pattern}", edit, note, "rollback")


ROLLBACK: tuple[Defect, ...] = (
    _said(
        "decision",
        "decision-command",
        "practice",
        "The decision orders a command in place of the script that was reviewed.",
        r'("reason": ")',
        r"\1Run kubectl delete deployment and apply it again. ",
    ),
    _said(
        "decision",
        "decision-not-offered",
        "agreement",
        "The decision is none of the three actions that are offered.",
        r'("action": ")rollback',
        r"\1restart",
    ),
    _said(
        "decision",
        "decision-without-reason",
        "completeness",
        "The decision gives no reason.",
        r'("reason": ")[^"]+',
        r"\1because",
    ),
    _said(
        "report",
        "report-blames",
        "practice",
        "The report blames whoever was at the keyboard.",
        r"^## Decision$",
        "## Decision\n\nThe cause was human error: a careless change.",
    ),
    _said(
        "report",
        "report-cut",
        "text",
        "The report stops in the middle of a sentence.",
        r"(alone\. Whether the cluster).*",
        r"\1",
    ),
    _said(
        "report",
        "report-wrong-alert",
        "agreement",
        "The report is about another alert than the one that came.",
        r"^- Alert: \w+",
        "- Alert: CertificateExpires",
        "No rule holds the words of a report against the event.",
    ),
)
"""What the chain for rollbacks is tried with."""
