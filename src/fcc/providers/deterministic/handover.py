"""The facts as a reply opens with them, so that they survive a cut to its first characters."""

from __future__ import annotations

from fcc.providers.deterministic.facts import SAME, Facts

HANDED_ON = 500
"""How much of a reply the next step is sure to see."""

_ESSENTIAL = (
    SAME,
    "Service",
    "Deployment",
    "Namespace",
    "Image",
    "Port",
    "Liveness",
    "Readiness",
    "Metrics",
    "SLAs",
)
_DESCRIPTIVE = ("Replicas", "Domain", "Model", "Strategy", "Target", "Serving", "Framework")


def facts_block(facts: Facts, used: int) -> str:
    """The facts as a list that fits, after `used` characters, in what the next step sees.

    What a later artifact can't do without always stands; the descriptive lines stand while there is room.
    """
    sla = facts.sla.line
    lines = {
        "Model": facts.model,
        "Framework": facts.framework,
        "Serving": facts.serving,
        "Target": facts.target,
        "SLAs": sla,
        "Service": facts.service,
        "Deployment": facts.deployment,
        "Namespace": facts.namespace,
        "Image": facts.image,
        "Replicas": str(facts.asked_replicas or ""),
        "Domain": facts.domain,
        "Port": str(facts.port),
        "Liveness": facts.live,
        "Readiness": facts.ready,
        "Metrics": facts.metrics,
        "Strategy": facts.strategy,
    }
    heading = "## Facts\n\n"
    room = HANDED_ON - used - len(heading)
    if sum(map(_cost, lines.items())) > room and facts.service == facts.deployment == facts.namespace:
        lines = {SAME: facts.service} | {
            key: value for key, value in lines.items() if key not in SAME.split(", ")
        }
    kept: set[str] = set()
    for key in (*_ESSENTIAL, *_DESCRIPTIVE):
        cost = _cost((key, lines.get(key, "")))
        if cost and (key in _ESSENTIAL or cost <= room):
            kept.add(key)
            room -= cost
    return heading + "\n".join(f"- {key}: {value}" for key, value in lines.items() if key in kept)


def _cost(line: tuple[str, str]) -> int:
    """The characters that a line takes, with its end; 0 for a fact that is not known."""
    key, value = line
    return len(f"- {key}: {value}\n") if value else 0
