"""GitLab CI/CD pipelines (docs.gitlab.com/ci/yaml)."""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from itertools import islice
from typing import Any

from fcc import _yaml
from fcc.evaluations.validators._reading import MOST_FINDINGS, near, one_mapping, shown
from fcc.evaluations.validators._schema import schema_findings
from fcc.evaluations.validators.check import documents, error, line_of, mapping, sequence
from fcc.simulation import Finding

Path = tuple[str | int, ...]

_GLOBAL = frozenset(
    [
        "default",
        "include",
        "stages",
        "variables",
        "workflow",
        "spec",
        "image",
        "services",
        "before_script",
        "after_script",
        "cache",
        "types",
    ]
)
"""Top-level keys that are no jobs."""
_STAGES = ("build", "test", "deploy")
_ALWAYS = (".pre", ".post")
_WORK = {"script", "run", "trigger", "extends", "inherit"}


def check(text: str) -> Iterator[Finding]:
    """What is wrong with a pipeline: its stages, what its jobs refer to, then its schema.

    What another file may bring by `include` is not missed. Raises `NotCheckedError` after the rest where the schema
    is not installed.
    """
    document, findings = one_mapping(_without_header(text), "gitlab-yaml", "a pipeline")
    yield from findings
    if document is None:
        return
    yield from islice(_Pipeline(document).check(), MOST_FINDINGS)
    yield from schema_findings("gitlab-ci", document, "gitlab-schema")


def _without_header(text: str) -> str:
    """The text without the `spec:` document that may stand before a pipeline; its lines are kept, empty."""
    lines = text.splitlines(keepends=True)
    for index, line in enumerate(lines):
        if index and line.rstrip() == "---":
            try:
                read, findings = documents("".join(lines[:index]), "gitlab-yaml")
            except UnicodeEncodeError:
                return text
            is_header = not findings and len(read) == 1 and list(mapping(read[0].data)) == ["spec"]
            return "\n" * index + "".join(lines[index:]) if is_header else text
    return text


class _Pipeline:
    def __init__(self, document: _yaml.Document) -> None:
        self._document = document
        data: dict[str, Any] = document.data
        self._jobs = {
            name: job for name, job in data.items() if name not in _GLOBAL and isinstance(job, dict)
        }
        self._open = "include" in data
        self._stages = sequence(data.get("stages")) or _STAGES

    def check(self) -> Iterator[Finding]:
        shown_jobs = [name for name in self._jobs if not name.startswith(".")]
        if not shown_jobs and not self._open:
            hint = "Add a job with `script:`; names that start with a dot are templates."
            yield self._error("gitlab-jobs", (), "the pipeline has no job that runs", hint)
        for name in shown_jobs:
            yield from self._work(name)
            yield from self._stage(name)
        for name in self._jobs:
            yield from self._references(name)
        yield from self._cycles("needs", shown_jobs)
        yield from self._cycles("extends", list(self._jobs))

    def _work(self, name: str) -> Iterator[Finding]:
        if not _WORK & self._jobs[name].keys() and not self._open:
            hint = "Add `script:` with the commands, or `trigger:`."
            yield self._error("gitlab-script", (name,), f"the job `{name}` has no `script`", hint)

    def _stage(self, name: str) -> Iterator[Finding]:
        job = self._jobs[name]
        stage = job.get("stage", "" if "extends" in job else "test")
        known = [item for item in (*self._stages, *_ALWAYS) if isinstance(item, str)]
        if not isinstance(stage, str) or not stage or stage in known or self._open or "$" in stage:
            return
        what = f"the job `{name}` is in the stage {shown(stage)}, which is not listed"
        hint = "Add it to `stages:`, or give the job a stage that is there."
        yield self._error("gitlab-stage", (name, "stage"), f"{what}{near(stage, known)}", hint)

    def _references(self, name: str) -> Iterator[Finding]:
        for key in ("needs", "dependencies", "extends"):
            for wanted in self._wanted(name, key):
                if wanted in self._jobs or self._open or "$" in wanted:
                    continue
                what = f"the job `{name}` {key} {shown(wanted)}, which is no job of this file"
                what += near(wanted, self._jobs)
                yield self._error(
                    f"gitlab-{key}", (name, key), what, "Name a job of this file, or include it."
                )

    def _wanted(self, name: str, key: str) -> list[str]:
        """The jobs of this pipeline that a job names under a key and cannot do without."""
        value = self._jobs[name].get(key)
        found: list[str] = [value] if isinstance(value, str) and key == "extends" else []
        for item in sequence(value):
            if isinstance(item, str):
                found.append(item)
            elif isinstance(item, dict) and not {"pipeline", "project", "optional"} & item.keys():
                found += [item["job"]] if isinstance(item.get("job"), str) else []
        return found

    def _cycles(self, key: str, names: list[str]) -> Iterator[Finding]:
        graph = {name: [other for other in self._wanted(name, key) if other in self._jobs] for name in names}
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as cycle:
            found = cycle.args[1]
            what = f"jobs refer to each other in a circle by `{key}`: {' → '.join(found[:10])}"
            yield self._error(f"gitlab-{key}", (found[0], key), what, f"Break the circle in `{key}`.")

    def _error(self, rule: str, path: Path, message: str, hint: str) -> Finding:
        return error(rule, message, line_of(self._document, path), hint)
