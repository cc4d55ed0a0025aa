"""What the API server refuses of an object, as far as the simulation would trip over it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

_CONTAINERS = "spec.template.spec.containers"
_FORMS: Final[dict[str, tuple[tuple[str, type], ...]]] = {
    "": (
        ("metadata", dict),
        ("metadata.name", str),
        ("metadata.namespace", str),
        ("metadata.labels", dict),
        ("metadata.annotations", dict),
        ("spec", dict),
    ),
    "Deployment": (
        ("spec.replicas", int),
        ("spec.selector", dict),
        ("spec.selector.matchLabels", dict),
        ("spec.strategy", dict),
        ("spec.strategy.rollingUpdate", dict),
        ("spec.template", dict),
        ("spec.template.metadata", dict),
        ("spec.template.metadata.labels", dict),
        ("spec.template.metadata.annotations", dict),
        ("spec.template.spec", dict),
        (_CONTAINERS, list),
        (f"{_CONTAINERS}[]", dict),
        (f"{_CONTAINERS}[].name", str),
        (f"{_CONTAINERS}[].image", str),
        (f"{_CONTAINERS}[].ports", list),
        (f"{_CONTAINERS}[].ports[]", dict),
        (f"{_CONTAINERS}[].env", list),
        (f"{_CONTAINERS}[].env[]", dict),
        (f"{_CONTAINERS}[].startupProbe", dict),
        (f"{_CONTAINERS}[].livenessProbe", dict),
        (f"{_CONTAINERS}[].readinessProbe", dict),
    ),
    "Service": (("spec.selector", dict), ("spec.ports", list), ("spec.ports[]", dict)),
    "HorizontalPodAutoscaler": (
        ("spec.scaleTargetRef", dict),
        ("spec.minReplicas", int),
        ("spec.maxReplicas", int),
    ),
}
"""The types of what is read of each kind; "" for any. From Kubernetes' API reference."""
_WORDS: Final = {dict: "a mapping", list: "a list", str: "a text", int: "a whole number"}


def refusal(manifest: Mapping[str, Any]) -> str:
    """Why the API server would not take an object; "" where it would, as far as that is looked at here."""
    kind = manifest.get("kind")
    if not manifest.get("apiVersion") or not isinstance(kind, str):
        return "it has no apiVersion or no kind"
    for path, type_ in (*_FORMS[""], *_FORMS.get(kind, ())):
        for value in _values(manifest, path.replace("[]", ".[]").split(".")):
            if value is not None and (not isinstance(value, type_) or isinstance(value, bool)):
                return f"{path}: is not {_WORDS[type_]}"
    if not (manifest.get("metadata") or {}).get("name"):
        return "metadata.name: Required value"
    return _deployment(manifest.get("spec") or {}) if kind == "Deployment" else ""


def _values(value: Any, path: list[str]) -> Iterator[Any]:
    """What stands at a path, whose types were found right up to there."""
    if not path:
        yield value
    elif path[0] == "[]":
        for item in value or ():
            yield from _values(item, path[1:])
    elif value is not None:
        yield from _values(value.get(path[0]), path[1:])


def _deployment(spec: Mapping[str, Any]) -> str:
    template = spec.get("template") or {}
    containers = (template.get("spec") or {}).get("containers")
    if not containers:
        return f"{_CONTAINERS}: Required value"
    if not spec.get("selector"):
        return "spec.selector: Required value"
    labels = (template.get("metadata") or {}).get("labels") or {}
    wanted = spec["selector"].get("matchLabels") or {}
    if any(labels.get(name) != value for name, value in wanted.items()):
        return "spec.template.metadata.labels: `selector` does not match template `labels`"
    rolling = (spec.get("strategy") or {}).get("rollingUpdate") or {}
    none = [str(rolling.get(name, "25%")).rstrip("%") == "0" for name in ("maxSurge", "maxUnavailable")]
    if all(none):
        return "spec.strategy.rollingUpdate: maxUnavailable may not be 0 when maxSurge is 0"
    return "spec.replicas: must be greater than or equal to 0" if (spec.get("replicas") or 0) < 0 else ""
