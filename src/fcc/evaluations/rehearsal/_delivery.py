"""What a rehearsal takes from the files of a delivery: objects, alert rules, scripts, and which Deployment fails."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from fcc import _yaml
from fcc.errors import InvalidFileError
from fcc.evaluations.contracts._helm import chart_of, folder_of, render
from fcc.simulation import Finding, Place
from fcc.simulation.rehearsing import RehearsalFile

_ROLLBACK = re.compile(r"rollout\s+undo|helm\s+rollback|roll(?:ing|ed)?[ _-]?back", re.IGNORECASE)
_ROLLOUT = re.compile(r"blue[-_]?green|deploy|rollout|canary|release|promote", re.IGNORECASE)
_TAKES_IMAGE = re.compile(
    r"^\s*(?:export |readonly |local )?\w*IMAGE=[\"']?\$\{?1\b", re.MULTILINE | re.IGNORECASE
)
_KUBECTL = re.compile(r"\b(?:kubectl|helm|oc)\b")
_OBJECT_KINDS = {"kubernetes", "yaml"}
_CANARY = re.compile(r"canary", re.IGNORECASE)


class Placed(NamedTuple):
    """An object of Kubernetes, and where it stands."""

    data: dict[str, Any]
    place: Place

    @property
    def kind(self) -> str:
        """Its kind."""
        return str(self.data.get("kind", ""))

    @property
    def name(self) -> str:
        """Its name; "" without one."""
        metadata = self.data.get("metadata")
        return str(metadata.get("name", "")) if isinstance(metadata, dict) else ""


class AlertRule(NamedTuple):
    """An alert as its rule says it."""

    name: str
    labels: dict[str, str]
    annotations: dict[str, str]
    place: Place


class Delivery(NamedTuple):
    """What is rehearsed."""

    files: tuple[RehearsalFile, ...]
    objects: tuple[Placed, ...]
    rules: tuple[tuple[str, str], ...]
    """The files of alert rules, and their texts."""
    alerts: tuple[AlertRule, ...]
    rollback: RehearsalFile | None
    """The script that rolls back."""
    rollouts: tuple[RehearsalFile, ...]
    """What puts a new image in place, the best first: a workflow, a script that takes the image as its argument."""

    @property
    def texts(self) -> dict[str, str]:
        """Every file by its path."""
        return {file.path: file.text for file in self.files}

    @property
    def target(self) -> Placed | None:
        """The Deployment whose next revision fails: one whose pods a Service selects, and that the rollback names."""
        found = [item for item in self.objects if item.kind == "Deployment"]
        script = self.rollback.text if self.rollback is not None else ""
        selectors = [
            selector for item in self.objects if item.kind == "Service" and (selector := _selector(item))
        ]

        def rank(item: Placed) -> tuple[bool, bool, bool]:
            labels = _labels(item)
            served = any(selector.items() <= labels.items() for selector in selectors)
            return not served, bool(_CANARY.search(item.name)), item.name not in script

        return min(found, key=rank, default=None)


def read_delivery(files: Sequence[RehearsalFile]) -> Delivery:
    """What is rehearsed of these files; what can't be read is passed over, since the validators say so."""
    objects = [item for file in files if file.kind in _OBJECT_KINDS for item in _objects(file)]
    if not any(item.kind == "Deployment" for item in objects):
        objects += _charted(files)
    rules = [
        (file.path, file.text)
        for file in files
        if file.kind in {"prometheus_rules", *_OBJECT_KINDS}
        and re.search(r"^\s*-?\s*alert\s*:", file.text, re.MULTILINE)
    ]
    shells = [file for file in files if file.kind == "shell" and _KUBECTL.search(file.text)]
    rollback = min(
        (file for file in shells if _ROLLBACK.search(file.path) or _ROLLBACK.search(file.text)),
        key=lambda file: (not _ROLLBACK.search(file.path), not re.search(r"undo|rollback", file.text)),
        default=None,
    )
    scripts = [
        file
        for file in shells
        if file is not rollback and _ROLLOUT.search(file.path) and _TAKES_IMAGE.search(file.text)
    ]
    workflows = [file for file in files if file.kind == "github_workflow" and _KUBECTL.search(file.text)]
    rollouts = (*workflows, *scripts[:1])
    alerts = tuple(alert for file, text in rules for alert in _alerts(file, text))
    return Delivery(tuple(files), tuple(objects), tuple(rules), alerts, rollback, rollouts)


def _objects(file: RehearsalFile) -> Iterator[Placed]:
    if not re.search(r"^\s*apiVersion\s*:|\"apiVersion\"", file.text, re.MULTILINE):
        return
    try:
        documents = _yaml.parse_all(file.text, file.path)
    except InvalidFileError:
        return
    for document in documents:
        line = document.places.get(("kind",), (1, 1))[0]
        data = document.data
        if isinstance(data, dict) and data.get("kind") == "List":
            yield from (
                Placed(item, Place(file.path, line))
                for item in data.get("items") or ()
                if isinstance(item, dict)
            )
        elif isinstance(data, dict) and data.get("apiVersion") and data.get("kind"):
            yield Placed(data, Place(file.path, line))


def _charted(files: Sequence[RehearsalFile]) -> Iterator[Placed]:
    """The objects of charts, as far as their templates can be filled in."""
    charts: dict[str, Any] = {}
    for file in files:
        if file.kind == "helm_values":
            try:
                charts[folder_of(file.path, 1)] = _yaml.parse_all(file.text, file.path)[0].data
            except (InvalidFileError, IndexError):
                continue
    for file in files:
        values = charts.get(chart_of(file.path)) if file.kind == "helm_template" else None
        text = render(file.text, values, "") if values is not None else None
        if text is not None:
            yield from _objects(file._replace(text=text))


def _alerts(file: str, text: str) -> Iterator[AlertRule]:
    try:
        documents = _yaml.parse_all(text, file)
    except InvalidFileError:
        return
    for document in documents:
        data = document.data if isinstance(document.data, dict) else {}
        spec = data.get("spec")
        base: tuple[str | int, ...] = ("spec",) if isinstance(spec, dict) and "groups" in spec else ()
        groups = spec.get("groups") if base and isinstance(spec, dict) else data.get("groups")
        for at, group in enumerate(groups if isinstance(groups, list) else []):
            rules = group.get("rules") if isinstance(group, dict) else None
            for number, rule in enumerate(rules if isinstance(rules, list) else []):
                if isinstance(rule, dict) and isinstance(rule.get("alert"), str):
                    path = (*base, "groups", at, "rules", number, "alert")
                    line = document.places.get(path, (1, 1))[0]
                    yield AlertRule(
                        rule["alert"],
                        _texts(rule.get("labels")),
                        _texts(rule.get("annotations")),
                        Place(file, line),
                    )


def _texts(value: Any) -> dict[str, str]:
    return {str(key): str(item) for key, item in value.items()} if isinstance(value, dict) else {}


def _selector(item: Placed) -> dict[str, str]:
    spec = item.data.get("spec")
    return _texts(spec.get("selector")) if isinstance(spec, dict) else {}


def _labels(item: Placed) -> dict[str, str]:
    value: Any = item.data
    for key in ("spec", "template", "metadata", "labels"):
        value = value.get(key) if isinstance(value, dict) else None
    return _texts(value)


def asks_for_action(labels: Mapping[str, str]) -> bool:
    """Whether an alert with these labels asks someone, or something, to act at once."""
    return "action" in labels or labels.get("severity", "").lower() in {
        "critical",
        "page",
        "emergency",
        "fatal",
    }


def asks_for_rollback(labels: Mapping[str, str]) -> bool:
    """Whether an alert with these labels asks for a rollback."""
    return any("rollback" in value.lower() for value in labels.values())


def with_image(manifest: Mapping[str, Any], image: str) -> dict[str, Any]:
    """A Deployment whose first container runs another image."""
    made = copy.deepcopy(dict(manifest))
    made["spec"]["template"]["spec"]["containers"][0]["image"] = image
    return made


def image_of(manifest: Mapping[str, Any]) -> str:
    """The repository of the image of a Deployment's first container, without tag or digest."""
    try:
        image = str(manifest["spec"]["template"]["spec"]["containers"][0]["image"])
    except (KeyError, TypeError, IndexError):
        return "app"
    image = image.partition("@")[0]
    head, colon, tag = image.rpartition(":")
    return head if colon and "/" not in tag else image


def finding(
    rule: str, message: str, place: Place | None = None, hint: str = "", related: Iterable[Place] = ()
) -> Finding:
    """An error of the rehearsal."""
    where = place or Place("", 0)
    return Finding(
        f"rehearsal-{rule}",
        "error",
        message,
        file=where.file,
        line=where.line,
        hint=hint,
        related=tuple(related),
    )
