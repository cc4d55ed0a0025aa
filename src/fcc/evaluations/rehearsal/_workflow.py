"""The rollout that a GitHub workflow describes: what its jobs run on the cluster, job by job (docs.github.com, workflow syntax)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from fcc.evaluations.contracts._nodes import Node, documents
from fcc.simulation.rehearsing import RehearsalFile

_CLUSTER = re.compile(r"\b(?:kubectl|helm)\b")
_ELSEWHERE = re.compile(r"staging|\bstage\b|\bdev|\btest|preview|\bqa\b|rollback|review", re.IGNORECASE)
"""Jobs of other environments than the one that is rehearsed, and those that roll back."""
_EXPRESSION = re.compile(r"\$\{\{\s*([^{}]{1,200}?)\s*\}\}")
_ADDRESS = re.compile(r"URL|HOST|ENDPOINT|PROMETHEUS|WEBHOOK", re.IGNORECASE)
_SHA = {"github.sha", "github.ref_name", "github.run_number", "github.run_id"}


class RunStep(NamedTuple):
    """One `run` of a workflow."""

    name: str
    """The job's, for what is said of it."""
    text: str
    line: int
    """The line of the file on which the text starts."""
    variables: Mapping[str, str]
    """Its `env`, as far as it is known."""
    job: int
    """The number of its job: each starts with a context of its own."""


def rollout_of(files: Sequence[RehearsalFile], tag: str) -> tuple[str, tuple[RunStep, ...]]:
    """The first workflow that deploys, and what its production jobs run, with a tag in place of the commit."""
    for file in files:
        if file.kind != "github_workflow" or not _CLUSTER.search(file.text):
            continue
        for node in documents(file.text, file.path) or ():
            steps = tuple(_steps(node, file.text.split("\n"), tag))
            if steps:
                return file.path, steps
    return "", ()


def _steps(workflow: Node, lines: list[str], tag: str) -> Iterator[RunStep]:
    known = _environment(workflow.get("env"), {"GITHUB_SHA": tag, "GITHUB_REF_NAME": tag}, tag)
    for number, (name, job) in enumerate(_in_order(workflow.get("jobs"))):
        steps = job.get("steps").items
        if not any(_CLUSTER.search(step.get("run").text) for step in steps) or _is_elsewhere(name, job):
            continue
        own = _environment(job.get("env"), known, tag)
        for step in steps:
            run = step.get("run")
            if run and "failure()" not in step.get("if").text:
                text = _filled(run.text, own, tag)
                yield RunStep(
                    name, text, run.first_line(lines), _environment(step.get("env"), own, tag), number
                )


def _is_elsewhere(name: str, job: Node) -> bool:
    environment = job.get("environment")
    words = f"{name} {job.get('name').text} {environment.text} {environment.get('name').text}"
    return bool(_ELSEWHERE.search(words)) or "failure()" in job.get("if").text


def _in_order(jobs: Node) -> list[tuple[str, Node]]:
    """The jobs, each after those that it needs."""
    left = dict(jobs.entries)
    found: list[tuple[str, Node]] = []
    while left:
        ready = [name for name, job in left.items() if not set(job.get("needs").texts) & left.keys()]
        found += [(name, left.pop(name)) for name in ready or list(left)]
    return found


def _environment(node: Node, known: Mapping[str, str], tag: str) -> dict[str, str]:
    """Variables with those of an `env` over them; one whose value is not known here is left out."""
    made = dict(known)
    for name, item in node.entries:
        text = _filled(item.text, made, tag)
        if not _EXPRESSION.search(text):
            made[name] = text
        elif _ADDRESS.search(name):
            made[name] = f"http://{name.lower().replace('_', '-')}.example"
        else:
            made.pop(name, None)
    return made


def _filled(text: str, known: Mapping[str, str], tag: str) -> str:
    """A text with the expressions filled in whose values are known."""

    def fill(match: re.Match[str]) -> str:
        found = _value(match[1], known, tag)
        return match[0] if found is None else found

    return _EXPRESSION.sub(fill, text)


def _value(expression: str, known: Mapping[str, str], tag: str) -> str | None:
    if expression in _SHA:
        return tag
    return known.get(expression.removeprefix("env.")) if expression.startswith("env.") else None
