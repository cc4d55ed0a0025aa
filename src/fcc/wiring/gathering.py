"""Evidence on a finished run, a file, or a folder of files that no agent wrote; no model is asked."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from fcc import _yaml
from fcc.errors import ConfigError, FccError, NotFoundError
from fcc.evaluations.assessor import (
    EvidenceAssessor,
    TextAssessor,
    apply_checks,
    file_of,
    unchecked,
    validate,
)
from fcc.evaluations.contracts import Context, Source, check_contracts
from fcc.evaluations.evaluation import CheckedFile, Evaluation
from fcc.evaluations.files import workspace_checks
from fcc.evaluations.validation import validate_artifact
from fcc.simulation import Delivery, Finding, RunRecord, extract_artifacts
from fcc.simulation.kinds import kind_of
from fcc.simulation.reassess import reassess
from fcc.simulation.run_folder import find_run
from fcc.simulation.verdict import AreaVerdict, Decision, said
from fcc.wiring.catalog import Catalog
from fcc.workspace import show_path

if TYPE_CHECKING:
    from fcc.evaluations.checks import OwnCheck

PASSED_OVER = frozenset(
    {
        ".git",
        ".hg",
        ".svn",
        ".venv",
        "venv",
        "node_modules",
        "__pycache__",
        ".fcc",
        ".tox",
        ".mypy_cache",
        ".ruff_cache",
    }
)
"""Folders whose files are nobody's to judge."""

_MOST_FILES = 5_000
_LARGEST = 1024 * 1024
"""A file of a folder that is larger, in bytes, is no artifact."""


@dataclass(frozen=True)
class Evidence:
    """What was gathered on a run, a file or a folder, before any rubric."""

    evaluation: Evaluation
    deliveries: tuple[Delivery, ...] = ()
    """The outputs of a run's steps, or of the one Markdown file."""
    record: RunRecord | None = None
    failed: tuple[str, ...] = field(default=())
    """Checks of the user's own that failed themselves."""


def gather(target: str, catalog: Catalog) -> Evidence:
    """The evidence on what a word names: a run (its folder, its id, `last`), a file, or a folder.

    Raises:
        NotFoundError: there is nothing of that name.
        ConfigError: it can't be read.
    """
    path = Path(target)
    is_record = path.name == "run.json" and path.is_file()
    if not is_record and not (path / "run.json").is_file():
        if path.is_dir():
            return of_folder(path, catalog)
        if path.is_file():
            return of_file(path, catalog)
        if "/" in target or path.suffix:
            raise NotFoundError(f"there is no file or folder {target}", hint="Check the path; or name a run.")
    return of_run(RunRecord.read(find_run(target, catalog.workspace.state / "runs") / "run.json"), catalog)


def of_run(record: RunRecord, catalog: Catalog) -> Evidence:
    """The evidence on a run, by its record alone: nothing is asked again.

    Raises:
        ConfigError: the run has no output, or is damaged.
    """
    judged = reassess(record, EvidenceAssessor(workspace_checks(catalog.workspace)))
    steps = [step for step in judged.steps if step.status == "completed" and step.gate is None]
    if not steps:
        raise ConfigError(
            f"the run {record.id} has no output that could be judged", hint="Go on with it first."
        )
    files = tuple(
        CheckedFile(file_of(step.name, artifact), validate(step.name, artifact))
        for step in steps
        for artifact in step.artifacts
    )
    verdict = judged.verdict
    evaluation = Evaluation(
        subject=record.id,
        source="run",
        decision=verdict.decision if verdict else "NO VERDICT",
        reasons=verdict.reasons if verdict else (f"the run is {record.status}",),
        files=files,
        findings=(*(finding for step in judged.steps for finding in step.findings), *judged.findings),
        areas=verdict.areas if verdict else (),
        overall=verdict.overall if verdict else None,
        unchecked=tuple(dict.fromkeys(reason for step in steps for reason in step.unchecked)),
        chain=str(record.chain.get("name", "")),
    )
    return Evidence(evaluation, tuple(map(Delivery.of, steps)), judged)


def of_file(path: Path, catalog: Catalog) -> Evidence:
    """The evidence on one file: an artifact, or the Markdown of a reply, whose own files are taken out of it.

    Raises:
        InvalidFileError: it is no text.
    """
    text = _yaml.read_text(path, show_path(path))
    shown = show_path(path)
    if path.suffix.lower() not in {".md", ".markdown"}:
        return _of_files(shown, "file", [Source(shown, kind_of(shown, "", text), text)], catalog)
    own = Delivery(path.stem, "", text, extract_artifacts(text))
    assessment = TextAssessor().assess(own)
    sources = [Source(f"{shown}/{item.path}", item.kind, item.content) for item in own.artifacts]
    lines = {source.file: item.first_line - 1 for source, item in zip(sources, own.artifacts, strict=True)}
    found = _of_files(shown, "file", sources, catalog)
    score = assessment.score
    area = AreaVerdict(own.step, score, "READY" if score is not None and score >= _READY_AT else "NEEDS WORK")
    findings = (
        *(replace(finding, file=shown) for finding in assessment.findings),
        *(_in_markdown(finding, shown, lines) for finding in found.evaluation.findings),
    )
    files = tuple(
        replace(
            file,
            validation=replace(
                file.validation,
                findings=tuple(_in_markdown(f, shown, lines) for f in file.validation.findings),
            ),
        )
        for file in found.evaluation.files
    )
    evaluation = replace(found.evaluation, areas=(area,), overall=score, findings=findings, files=files)
    decision, reasons = decide_findings(findings, evaluation.unchecked, found.failed, anything=True)
    return replace(
        found, evaluation=replace(evaluation, decision=decision, reasons=reasons), deliveries=(own,)
    )


_READY_AT = 0.6
"""As in the built-in policy."""


def _in_markdown(finding: Finding, shown: str, lines: dict[str, int]) -> Finding:
    """A finding on a block of a Markdown file, as one on the file itself."""
    if finding.file not in lines:
        return finding
    related = tuple(
        place._replace(file=shown, line=place.line + lines[place.file]) if place.file in lines else place
        for place in finding.related
    )
    return replace(finding, file=shown, line=finding.line + lines[finding.file], related=related)


def of_folder(path: Path, catalog: Catalog) -> Evidence:
    """The evidence on the files of a folder, held against each other.

    Binary files, files over 1 MiB, and folders of tools (`.git`, `node_modules` …) are passed over.

    Raises:
        ConfigError: it can't be read, or holds too many files.
    """
    return _of_files(show_path(path), "folder", list(_sources(path)), catalog)


def _sources(folder: Path) -> Iterator[Source]:
    count = 0
    for file in _files(folder):
        try:
            if file.stat().st_size > _LARGEST:
                continue
            text = _yaml.read_text(file)
        except (FccError, OSError):
            continue  # binary, or not to be read: no artifact
        count += 1
        if count > _MOST_FILES:
            raise ConfigError(
                f"{show_path(folder)} holds more than {_MOST_FILES:,} files", hint="Name a folder within it."
            )
        relative = file.relative_to(folder).as_posix()
        yield Source(relative, kind_of(relative, "", text), text)


def _files(folder: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise ConfigError(
            f"cannot read {error.filename}: {error.strerror}", hint="Check its permissions."
        ) from error

    for place, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if name not in PASSED_OVER)
        for name in sorted(names):
            file = Path(place, name)
            if file.is_file():
                yield file


def _of_files(
    subject: str, source: Literal["file", "folder"], sources: Sequence[Source], catalog: Catalog
) -> Evidence:
    files = tuple(
        CheckedFile(item.file, validate_artifact(item.kind, item.text, item.file)) for item in sources
    )
    checks = workspace_checks(catalog.workspace)
    own, failed = _own(checks, sources)
    findings = (
        *(finding for file in files for finding in file.validation.findings),
        *check_contracts(sources, Context()),
        *own,
    )
    missing = (*failed, *unchecked([file.validation for file in files]))
    known = any(file.validation.valid is not None for file in files) or bool(checks)
    decision, reasons = decide_findings(findings, missing, failed, anything=known)
    evaluation = Evaluation(subject, source, decision, reasons, files, findings, unchecked=missing)
    return Evidence(evaluation, failed=tuple(failed))


def _own(checks: Sequence[OwnCheck], sources: Sequence[Source]) -> tuple[list[Finding], list[str]]:
    return apply_checks(checks, [(item.file, item.kind, item.text) for item in sources])


def decide_findings(
    findings: Sequence[Finding], missing: Sequence[str], failed: Sequence[str], *, anything: bool
) -> tuple[Decision, tuple[str, ...]]:
    """What findings alone come to: one error blocks; without any, what failed itself, or nothing to check, is no verdict."""
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        return "BLOCKED", tuple(said(finding) for finding in errors)
    if failed:
        return "NO VERDICT", tuple(failed)
    if not anything:
        return "NO VERDICT", tuple(missing) or ("there is no file of a kind that can be checked",)
    return "APPROVED", ("no check found an error",)
