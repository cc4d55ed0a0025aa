"""The validation of a model: its card, and the report with what it reaches and the decision."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from fcc.providers.deterministic.brief import Brief
from fcc.providers.deterministic.learning import Learning, read_learning
from fcc.providers.deterministic.text import clean, fence, joined, quote, section

DRIFT_LIMIT = "0.2"
"""A population stability index from which on a shift is called large, by a common rule of thumb (Siddiqi, Credit Risk
Scorecards, 2006)."""

_REGRESSION = re.compile(r"r2$|explained_variance$|d2_absolute|neg_(?:mean|root|median|max)_")
"""Scorers of scikit-learn that measure how far a number is off (scikit-learn.org/stable/modules/model_evaluation.html)."""


def write_card(brief: Brief) -> str:
    """The model card, with the metadata of Hugging Face's cards (huggingface.co/docs/hub/model-cards)."""
    asked = read_learning(brief)
    return section(
        "Model card",
        "What the model is for, what it was trained on, what it reaches, and where it ends.",
        fence("markdown", "MODEL_CARD.md", _card(asked)),
    )


def _card(asked: Learning) -> str:
    name = quote(asked.model, 50)
    results = [f"          - {{type: {metric}, value: {value}}}" for metric, value in asked.measured]
    kind = "regression" if _REGRESSION.match(asked.metric) else "classification"
    head = [
        "---",
        f"model_name: {name}",
        f"version: {quote(asked.version)}",
        f"library_name: {quote(asked.framework, 40)}",
        "model-index:",
        f"  - name: {name}",
        "    results:",
        f"      - task: {{type: tabular-{kind}}}",
        f"        dataset: {{name: test split of {asked.base.name}, type: tabular}}",
        *(["        metrics:", *results] if results else ["        metrics: []"]),
        "---",
    ]
    features = joined([f"`{feature.name}`" for feature in asked.features])
    worst = min(asked.groups, key=lambda group: float(group[1] or 0), default=("", ""))
    parts = [
        f"# {clean(asked.model, 50)} {clean(asked.version, 20)}",
        "## Intended use of its scores",
        f"It answers one question: {asked.question or 'what the target column will be'}",
        "An answer is a score that a person or a rule acts on; by itself it is no reason to refuse somebody something.",
        "## Training data",
        f"Rows of `{asked.base.name}` with what was known before each of them, under the contract `data/contract.yaml`; the "
        f"target is `{asked.target.path}`."
        + (
            f" Its features are {features}."
            if asked.features
            else " Its features are in `features/features.yaml`."
        ),
        "## Metrics",
        _metrics(asked),
        *(["## Groups", _groups(asked)] if asked.groups else []),
        "## Limits",
        (f"It does worst for {clean(worst[0], 60)}. " if worst[1] else "")
        + "It knows nothing that came after its training data, and nothing about cases that these do not hold. Beyond the "
        f"drift limit of {DRIFT_LIMIT} its scores are not to be acted on.",
    ]
    return "\n".join(head) + "\n" + "\n\n".join(parts)


def write_report(brief: Brief) -> str:
    """Every figure with what it has to reach, drift, and the decision."""
    asked = read_learning(brief)
    reasons = _reasons(asked)
    decision = (
        f"- **Decision**: {'approve' if asked.approved else 'reject'}. {' '.join(reasons)}\n"
        f"- **Drift**: from a population stability index of {DRIFT_LIMIT} on, against `baseline.json`, scores are not acted on.\n"
        "- **Source**: every figure is the training run's own, on data that it held out; none was measured here."
    )
    report = fence("yaml", "validation/report.yaml", _report(asked, reasons))
    return section("Validation report", decision, _metrics(asked), _groups(asked), report)


def _reasons(asked: Learning) -> list[str]:
    value = dict(asked.measured).get(asked.metric, "")
    if not value:
        return [f"{asked.metric} was not measured on data held out."]
    below = not _reaches(value, asked.minimum)
    found = [
        f"{asked.metric} is {value}, {'below' if below else 'at or above'} {asked.minimum or 'no minimum'}."
    ]
    short = [name for name, figure in asked.groups if figure and not _reaches(figure, asked.group_minimum)]
    if asked.groups:
        found.append(
            f"{joined(short)} {'is' if len(short) == 1 else 'are'} below {asked.group_minimum}."
            if short
            else f"Every group reaches {asked.group_minimum or 'what it has to'}."
        )
    return found


def _reaches(value: str, least: str) -> bool:
    return not least or float(value) >= float(least)


def _report(asked: Learning, reasons: list[str]) -> str:
    metrics = [
        f"  - {{name: {name}, value: {value}{_least(asked.minimum if name == asked.metric else '')}}}"
        for name, value in asked.measured
    ]
    slices = [
        f"  - {{group: {quote(name, 60)}, value: {value}{_least(asked.group_minimum)}}}"
        for name, value in asked.groups
        if value
    ]
    lines = [
        f"model: {{name: {quote(asked.model, 50)}, version: {quote(asked.version)}}}",
        f"decision: {'approve' if asked.approved else 'reject'}",
        "reasons:",
        *[f"  - {quote(reason)}" for reason in reasons],
        *(["metrics:", *metrics] if metrics else ["metrics: []"]),
        *(["slices:", *slices] if slices else ["slices: []"]),
        "drift:",
        "  statistic: population stability index",
        f"  limit: {DRIFT_LIMIT}",
        "  baseline: baseline.json",
    ]
    return "\n".join(lines)


def _least(value: str) -> str:
    return f", minimum: {value}" if value else ""


def _metrics(asked: Learning) -> str:
    rows = [
        f"| {name} | {value} | {(asked.minimum if name == asked.metric else '') or '-'} |"
        for name, value in asked.measured
    ]
    return (
        "\n".join(["| metric | test set | has to reach |", "|---|--:|--:|", *rows])
        if rows
        else "No metric was measured."
    )


def _groups(asked: Learning) -> str:
    rows = [
        f"| {clean(name, 60).replace('|', '/')} | {value} | {asked.group_minimum or '-'} |"
        for name, value in asked.groups
        if value
    ]
    if not rows:
        return ""
    return "\n".join([f"| group | {asked.metric} | has to reach |", "|---|--:|--:|", *rows])


WRITERS: Mapping[str, Callable[[Brief], str]] = {
    "model-card": write_card,
    "validation-report": write_report,
}
