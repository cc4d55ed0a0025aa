"""Facts of a GitHub workflow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from fcc.evaluations.contracts import _scripts, facts
from fcc.evaluations.contracts._commands import Script, Value, fill
from fcc.evaluations.contracts._nodes import Node
from fcc.simulation import Place

_WORDS = re.compile(r"[a-z]{2,}")
_DEPLOY = re.compile(
    r"\bkubectl\b[^\n|;&]*\s(?:apply|set\s+image|rollout\s+(?:restart|undo)|create)\b"
    r"|\bhelm\b[^\n|;&]*\s(?:upgrade|install)\b|\bargocd\s+app\s+(?:sync|set)\b"
)
_DEPLOY_ACTIONS = ("azure/k8s-deploy", "azure/webapps-deploy", "google-github-actions/deploy-cloudrun")
_RELEASES = re.compile(r"deploy|roll-?_?out|release|promot|canary|production")
_MOST_STEPS = 500

Scope = dict[str, tuple[Value, ...]]


def is_workflow(node: Node) -> bool:
    """Whether a document is a workflow."""
    return bool(node.get("jobs").entries and node.get("on"))


def collect(node: Node, file: str, lines: list[str]) -> Iterator[Any]:
    """Each fact of a workflow."""
    scope = _environment(node, {})
    for name, job in node.get("jobs").entries:
        inner = _environment(job, scope)
        steps = job.get("steps").items[:_MOST_STEPS]
        yield _job(name, job, steps)
        for step in steps:
            yield from _step(step, _environment(step, inner), file, lines)


def _environment(node: Node, outer: Scope) -> Scope:
    scope = dict(outer)
    for name, item in node.get("env").entries:
        values = fill(item.text, scope, item.place.line) if item.text else ()
        scope[name] = tuple(value._replace(line=item.place.line) for value in values)
    return scope


def _job(name: str, job: Node, steps: list[Node]) -> facts.Job:
    needs = job.get("needs")
    runs = [step.get("run").text for step in steps]
    uses = [step.get("uses").text for step in steps]
    spoken = " ".join([name, job.get("name").text, *(step.get("name").text for step in steps), *runs, *uses])
    deploys = any(_DEPLOY.search(run) for run in runs) or any(
        action.lower().startswith(_DEPLOY_ACTIONS) for action in uses
    )
    environment = job.get("environment").text or job.get("environment", "name").text
    called = bool(environment) and bool(_RELEASES.search(f"{name} {job.get('name').text}".lower()))
    return facts.Job(
        id=name,
        name=job.get("name").text,
        needs=needs.texts,
        words=frozenset(_WORDS.findall(spoken.lower())),
        deploys=deploys or called,
        place=job.place,
        needs_place=needs.place,
    )


def _step(step: Node, scope: Scope, file: str, lines: list[str]) -> Iterator[Any]:
    run, uses, given = step.get("run"), step.get("uses").text.lower(), step.get("with")
    if run.text:
        yield from _scripts.collect(Script(file, run.text, run.first_line(lines), "workflow", scope))
    if uses.startswith("docker/build-push-action"):
        tags = given.get("tags")
        line = tags.first_line(lines)
        for at, tag in enumerate(re.split(r"[\n,]", tags.text)):
            for value in fill(tag.strip(), scope, line + at) if tag.strip() else ():
                place = Place(file, line + at if "\n" in tags.text else line)
                yield facts.Image(value.text, "built", place)
    for key in ("image-ref", "image"):
        image = given.get(key)
        if image.text and re.search(r"trivy|scan|grype|snyk", uses):
            for value in fill(image.text, scope, image.place.line):
                yield facts.Image(value.text, "scanned", image.place)
