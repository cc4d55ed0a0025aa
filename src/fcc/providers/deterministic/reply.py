"""A whole reply: title, facts, byline, and what each writer asked for has to say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import cast

from fcc.providers.base import Message
from fcc.providers.deterministic.brief import Brief, read_brief
from fcc.providers.deterministic.handover import facts_block
from fcc.providers.deterministic.text import clean

Writer = Callable[[Brief], str]

_MODULES = {
    "stories": "stories",
    "workflow": "pipeline",
    "stages": "pipeline",
    "artifacts": "pipeline",
    "dockerfile": "containers",
    "helm": "containers",
    "deployment": "kubernetes",
    "service": "kubernetes",
    "hpa": "kubernetes",
    "ingress": "kubernetes",
    "network": "access",
    "rbac": "access",
    "secrets": "access",
    "blue-green": "release",
    "rollback": "release",
    "probes": "release",
    "exporter": "metrics",
    "alerts": "metrics",
    "dashboard": "metrics",
    "logging": "logs",
    "document": "document",
    "inventory": "docs_plan",
    "page-plan": "docs_plan",
    "landing-page": "docs_pages",
    "quick-start-page": "docs_pages",
    "reference-page": "docs_pages",
    "runbook-page": "docs_pages",
    "docs-site": "docs_site",
    "data-contract": "training_data",
    "training-set": "training_data",
    "features": "training",
    "training-config": "training",
    "training-pipeline": "training",
    "model-card": "validation",
    "validation-report": "validation",
    "incident-report": "incident",
}
_PROSE = frozenset({"stories", "document"})
_DOCS = frozenset(kind for kind, module in _MODULES.items() if module.startswith(("docs_", "incident")))
"""Kinds about what is described and not deployed: they open with no facts of a deployment."""
_LEARNING = frozenset(
    kind for kind, module in _MODULES.items() if module.startswith(("training", "validation"))
)
"""Kinds about a model that is trained: they open with what is known of that."""
_TITLES = {
    "User stories": ("stories",),
    "CI/CD pipeline": ("workflow", "stages", "artifacts"),
    "Infrastructure": (
        "dockerfile",
        "helm",
        "deployment",
        "service",
        "ingress",
        "hpa",
        "network",
        "rbac",
        "secrets",
        "blue-green",
    ),
    "Research": ("inventory",),
    "Blueprint": ("page-plan",),
    "Pages": ("landing-page", "quick-start-page", "reference-page", "runbook-page"),
    "Documentation site": ("docs-site",),
    "Training data": ("data-contract", "training-set"),
    "Features and training": ("features", "training-config", "training-pipeline"),
    "Validation": ("model-card", "validation-report"),
    "Incident report": ("incident-report",),
    "Monitoring": ("rollback", "probes", "exporter", "alerts", "dashboard", "logging"),
}


def write_reply(messages: Sequence[Message]) -> str:
    """The reply to the messages, never empty."""
    brief = read_brief(messages)
    title = f"# {_title(brief)}"
    head = [title]
    deploys = brief.facts.known or not _PROSE.issuperset(brief.kinds)
    if not _LEARNING.isdisjoint(brief.kinds):
        from fcc.providers.deterministic.learning import facts_of

        head.append(facts_of(brief))
    elif deploys and _DOCS.isdisjoint(brief.kinds):
        head.append(facts_block(brief.facts, len(title) + 2))
    if brief.card.byline:
        head.append(brief.card.byline)
    sections = [_writer(kind)(brief) for kind in brief.kinds or ("document",)]
    return "\n\n".join([*head, *sections]) + "\n"


def _title(brief: Brief) -> str:
    families = [title for title, kinds in _TITLES.items() if not set(kinds).isdisjoint(brief.kinds)]
    if not families:
        return clean(brief.title, 60) or "Reply"
    family = families[0] if len(families) == 1 else "Delivery"
    subject = clean(brief.facts.model, 40) or (brief.facts.service if brief.facts.known else "")
    if not _DOCS.isdisjoint(brief.kinds):
        given = dict(brief.figures)
        subject = clean(given.get("Product", given.get("Service", "")), 40)
    return f"{family}: {subject}" if subject else family


def _writer(kind: str) -> Writer:
    module = import_module(f"fcc.providers.deterministic.writers.{_MODULES[kind]}")
    return cast("Mapping[str, Writer]", module.WRITERS)[kind]
