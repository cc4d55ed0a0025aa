"""What a workflow's schema cannot say: how its jobs, steps and expressions refer to each other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from fcc import _yaml
from fcc.evaluations.validators._expressions import CONTEXTS, read_expressions
from fcc.evaluations.validators._reading import near, shown
from fcc.evaluations.validators.check import error, line_of, mapping, sequence
from fcc.simulation import Finding

Path = tuple[str | int, ...]

_CRON_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_CRON_NAMES = re.compile(
    r"(?i)\b(?:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC|SUN|MON|TUE|WED|THU|FRI|SAT)\b"
)
_CRON_PART = re.compile(r"(?:\*|(\d+)(?:-(\d+))?)(?:/(\d+))?")

_EARLY = frozenset({"github", "inputs", "needs", "vars"})
_JOB = _EARLY | {"matrix", "strategy"}
_STEP = CONTEXTS - {"jobs"}
_AT_TOP: Mapping[str, frozenset[str]] = {
    "concurrency": frozenset({"github", "inputs", "vars"}),
    "defaults": frozenset(),
    "env": frozenset({"github", "inputs", "secrets", "vars"}),
    "run-name": frozenset({"github", "inputs", "vars"}),
}
_IN_JOB: Mapping[str, frozenset[str]] = {
    "concurrency": _JOB,
    "continue-on-error": _JOB,
    "defaults": _JOB | {"env"},
    "env": _JOB | {"secrets"},
    "if": _EARLY,
    "name": _JOB,
    "outputs": _STEP,
    "runs-on": _JOB,
    "secrets": _JOB | {"secrets"},
    "strategy": _EARLY,
    "timeout-minutes": _JOB,
    "with": _JOB,
}
"""docs.github.com/en/actions/reference/workflows-and-actions/contexts#context-availability"""


def structure(document: _yaml.Document) -> Iterator[Finding]:
    """What is wrong between the parts of a workflow that the schema may well accept."""
    yield from _schedule(document)
    for key, allowed in _AT_TOP.items():
        yield from _Expressions(document, allowed).check(document.data.get(key), (key,))
    jobs = document.data.get("jobs")
    if not isinstance(jobs, dict) or not jobs:
        hint = "Add `jobs:` with at least one job under it."
        yield _error(document, "workflow-jobs", ("jobs",), "the workflow has no jobs", hint)
        return
    yield from _needs(document, jobs)
    for name, job in jobs.items():
        if isinstance(job, dict):
            yield from _job(document, job, ("jobs", name))


def _schedule(document: _yaml.Document) -> Iterator[Finding]:
    for index, item in enumerate(sequence(mapping(document.data.get("on")).get("schedule"))):
        cron = mapping(item).get("cron")
        if isinstance(cron, str) and not _is_cron(cron):
            hint = 'Write five fields: minute, hour, day, month, weekday, as in "30 5 * * 1".'
            path = ("on", "schedule", index, "cron")
            yield _error(document, "workflow-cron", path, f"{shown(cron)} is no cron schedule", hint)


def _is_cron(cron: str) -> bool:
    fields = _CRON_NAMES.sub("1", cron).split()
    return len(fields) == len(_CRON_RANGES) and all(
        _in_range(_CRON_PART.fullmatch(part), low, high)
        for field, (low, high) in zip(fields, _CRON_RANGES, strict=True)
        for part in field.split(",")
    )


def _in_range(found: re.Match[str] | None, low: int, high: int) -> bool:
    if found is None:
        return False
    numbers = [int(number[:9]) for number in (found[1], found[2]) if number]
    return all(low <= number <= high for number in numbers) and found[3] not in {"0", "00"}


def _needs(document: _yaml.Document, jobs: dict[str, Any]) -> Iterator[Finding]:
    known = {name.lower(): name for name in jobs}
    graph: dict[str, list[str]] = {}
    for name, job in jobs.items():
        needs = mapping(job).get("needs")
        for wanted in [needs] if isinstance(needs, str) else sequence(needs):
            if not isinstance(wanted, str):
                continue
            if wanted.lower() in known:
                graph.setdefault(name.lower(), []).append(wanted.lower())
                continue
            what = f"the job `{name}` needs {shown(wanted)}, which is no job{near(wanted, jobs)}"
            yield _error(
                document, "workflow-needs", ("jobs", name, "needs"), what, "Name a job of this file."
            )
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as cycle:
        names = [known[name] for name in cycle.args[1]]
        what = f"jobs wait for each other: {' → '.join(names[:10])}"
        path = ("jobs", names[0], "needs")
        yield _error(document, "workflow-needs", path, what, "Break the cycle in `needs`.")


def _job(document: _yaml.Document, job: dict[str, Any], path: Path) -> Iterator[Finding]:
    if ("runs-on" in job) == ("uses" in job):
        hint = "A job has `runs-on` and `steps`, or it calls a workflow by `uses`."
        yield _error(document, "workflow-job", path, "a job needs either `runs-on` or `uses`", hint)
    elif "runs-on" in job and not job.get("steps"):
        yield _error(document, "workflow-job", path, "the job has no `steps`", "List at least one step.")
    needed = {name for name in [job.get("needs"), *sequence(job.get("needs"))] if isinstance(name, str)}
    known = {"needs": needed}
    for key, allowed in _IN_JOB.items():
        reader = _Expressions(document, allowed, known if key != "outputs" else {})
        yield from reader.check(job.get(key), (*path, key), bare=key == "if")
    yield from _steps(document, sequence(job.get("steps")), (*path, "steps"), known)


def _steps(
    document: _yaml.Document, steps: list[Any], base: Path, known: dict[str, set[str]]
) -> Iterator[Finding]:
    ids: set[str] = set()
    for index, step in enumerate(steps):
        path = (*base, index)
        if not isinstance(step, dict):
            continue
        if ("uses" in step) == ("run" in step):
            hint = "A step either runs a script or uses an action."
            yield _error(
                document, "workflow-step", path, "a step needs exactly one of `uses` and `run`", hint
            )
        for key, value in step.items():
            allowed = _STEP if key not in {"id", "uses", "shell"} else frozenset()
            allowed = allowed - {"secrets"} if key == "if" else allowed
            reader = _Expressions(document, allowed, {**known, "steps": ids})
            yield from reader.check(value, (*path, key), bare=key == "if")
        name = step.get("id")
        if isinstance(name, str):
            if name.lower() in ids:
                hint = "Give each step of a job an id of its own."
                yield _error(
                    document, "workflow-id", (*path, "id"), f"a second step has the id `{name}`", hint
                )
            ids.add(name.lower())


class _Expressions:
    """Checks the expressions of one place of the file."""

    def __init__(
        self, document: _yaml.Document, allowed: frozenset[str], known: Mapping[str, set[str]] | None = None
    ) -> None:
        self._document = document
        self._allowed = allowed
        self._known = {context: {name.lower() for name in names} for context, names in (known or {}).items()}

    def check(self, value: Any, path: Path, *, bare: bool = False) -> Iterator[Finding]:
        if isinstance(value, dict):
            for key, item in value.items():
                yield from self.check(item, (*path, key))
        elif isinstance(value, list):
            for index, item in enumerate(value):
                yield from self.check(item, (*path, index))
        elif isinstance(value, str) and (bare or "${{" in value):
            yield from self._text(value, path, bare=bare)

    def _text(self, text: str, path: Path, *, bare: bool) -> Iterator[Finding]:
        found = read_expressions(text, bare=bare)
        hint = "Write it as in ${{ github.ref == 'refs/heads/main' }}."
        for problem in found.problems:
            yield _error(self._document, "workflow-expression", path, f"expression {problem}", hint)
        for context, name in dict.fromkeys(found.uses):
            if context not in self._allowed:
                able = ", ".join(sorted(self._allowed)) or "none"
                what = f"the context `{context}` cannot be used here"
                yield _error(self._document, "workflow-expression", path, what, f"What can be used: {able}.")
            elif name and name != "*" and name.lower() not in self._known.get(context, {name.lower()}):
                what = f"`{context}.{name}` is not known here"
                hint = "Name a step above it in this job, or a job of its `needs`."
                yield _error(self._document, "workflow-expression", path, what, hint)


def _error(document: _yaml.Document, rule: str, path: Path, message: str, hint: str) -> Finding:
    return error(rule, message, line_of(document, path), hint)
