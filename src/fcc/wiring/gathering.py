"""Evidence on a finished run, a file, or a folder of files that no agent wrote; no model is asked."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from fcc import _yaml
from fcc.agents import ReadinessPolicy
from fcc.errors import ConfigError, FccError, InvalidFileError, NotFoundError
from fcc.evaluations.assessor import (
    Ignoring,
    TextAssessor,
    apply_checks,
    file_of,
    unchecked,
    validate,
)
from fcc.evaluations.contracts import Context, Source, check_contracts
from fcc.evaluations.evaluation import CheckedFile, Evaluation
from fcc.evaluations.files import workspace_checks
from fcc.evaluations.kustomize import patches
from fcc.evaluations.promotion import promotion_of
from fcc.evaluations.validation import KINDS, Validation, validate_artifact
from fcc.simulation import Delivery, Finding, RunRecord, extract_artifacts
from fcc.simulation.kinds import kind_of
from fcc.simulation.reassess import reassess
from fcc.simulation.resolved import plan_of
from fcc.simulation.run_folder import find_run
from fcc.simulation.verdict import Decision, decide, said
from fcc.simulation.verdict import Evidence as Known
from fcc.wiring.catalog import Catalog
from fcc.wiring.standards import Standards
from fcc.workspace import show_path

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
class Choice:
    """What is left out on purpose."""

    ignored: tuple[str, ...] = ()
    """Patterns of rules whose findings don't count."""
    excluded: tuple[str, ...] = ()
    """Patterns of paths within a folder, from the right."""


@dataclass(frozen=True)
class Evidence:
    """What was gathered on a run, a file or a folder, before any rubric."""

    evaluation: Evaluation
    deliveries: tuple[Delivery, ...] = ()
    """The outputs of a run's steps, or of the one Markdown file."""
    record: RunRecord | None = None
    failed: tuple[str, ...] = field(default=())
    """What could not be read, and checks of the user's own that failed themselves."""
    folder: str = ""
    """The folder of a run, as the user would write it; its files are named from there on."""


def gather(targets: Sequence[str], catalog: Catalog, choice: Choice) -> Evidence:
    """The evidence on what words name: one run (its folder, its id, `last`), or files and folders together.

    Raises:
        NotFoundError: there is nothing of that name.
        ConfigError: it can't be read, or runs are named together with others.
    """
    folder = _run_folder(targets[0], catalog) if len(targets) == 1 else None
    if folder is not None:
        found = of_run(RunRecord.read(folder / "run.json"), catalog, choice)
        return replace(
            found, evaluation=_placed(found.evaluation, show_path(folder)), folder=show_path(folder)
        )
    paths = [Path(target) for target in targets]
    for path in paths:
        if not path.exists():
            raise NotFoundError(f"there is no file or folder {path}", hint="Check the path; or name one run.")
    if len(paths) == 1 and paths[0].is_file() and paths[0].suffix.lower() in {".md", ".markdown"}:
        return of_reply(paths[0], catalog, choice)
    return of_files(paths, catalog, choice)


def _run_folder(target: str, catalog: Catalog) -> Path | None:
    """The folder of the run that a word names; None where it names a file or another folder."""
    path = Path(target)
    is_record = path.name == "run.json" and path.is_file()
    if (
        not is_record
        and not (path / "run.json").is_file()
        and (path.exists() or "/" in target or path.suffix)
    ):
        return None
    return find_run(target, catalog.workspace.state / "runs")


def of_run(record: RunRecord, catalog: Catalog, choice: Choice) -> Evidence:
    """The evidence on a run, by its record alone: nothing is asked again.

    Raises:
        ConfigError: the run has no output, or is damaged.
    """
    standards = Standards.of(catalog.workspace)
    assessor = standards.assessor(plan_of(record), choice.ignored, advise=True)
    judged = reassess(record, assessor)
    ended = [step for step in judged.steps if step.status == "completed" and step.gate is None]
    steps = [step for step in ended if not step.rehearsal]
    if not steps:
        raise ConfigError(
            f"the run {record.id} has no output that could be judged", hint="Go on with it first."
        )
    ignoring = Ignoring(choice.ignored)
    files = tuple(
        CheckedFile(file_of(step.name, artifact), ignoring.validation(validate(step.name, artifact)))
        for step in steps
        for artifact in step.artifacts
    )
    verdict = judged.verdict
    reasons = [reason for step in ended for reason in step.unchecked]
    evaluation = Evaluation(
        subject=record.id,
        source="run",
        decision=verdict.decision if verdict else "NO VERDICT",
        reasons=verdict.reasons if verdict else (f"the run is {record.status}",),
        files=files,
        findings=(*(finding for step in judged.steps for finding in step.findings), *judged.findings),
        areas=verdict.areas if verdict else (),
        overall=verdict.overall if verdict else None,
        unchecked=tuple(dict.fromkeys([*reasons, *assessor.passed_over])),
        chain=str(record.chain.get("name", "")),
        promotion=promotion_of(judged),
    )
    return Evidence(evaluation, tuple(map(Delivery.of, steps)), judged)


def _placed(evaluation: Evaluation, folder: str) -> Evaluation:
    """The evaluation of a run with its files named from where the user stands."""

    def moved(finding: Finding) -> Finding:
        related = tuple(place._replace(file=f"{folder}/{place.file}") for place in finding.related)
        return replace(finding, file=f"{folder}/{finding.file}" if finding.file else "", related=related)

    def placed(file: CheckedFile) -> CheckedFile:
        held = file.validation
        validation = replace(held, findings=tuple(map(moved, held.findings)))
        return replace(file, path=f"{folder}/{file.path}", validation=validation)

    return replace(
        evaluation,
        files=tuple(map(placed, evaluation.files)),
        findings=tuple(map(moved, evaluation.findings)),
    )


def of_reply(path: Path, catalog: Catalog, choice: Choice) -> Evidence:
    """The evidence on the Markdown of one reply: its text, by the built-in policy, and the files in it.

    Raises:
        InvalidFileError: it is no text.
    """
    shown = show_path(path)
    text = _yaml.read_text(path, shown)
    own = Delivery(path.stem, "", text, extract_artifacts(text))
    assessment = TextAssessor().assess(own)
    sources = [Source(f"{shown}/{item.path}", item.kind, item.content) for item in own.artifacts]
    lines = {source.file: item.first_line - 1 for source, item in zip(sources, own.artifacts, strict=True)}
    read = _Read(sources, prose=(Source(shown, "markdown", text),))
    found = _judged(shown, "file", read, catalog, choice)
    files = tuple(_file_in_markdown(file, shown, lines) for file in found.evaluation.files)
    findings = (
        *(replace(finding, file=shown) for finding in assessment.findings),
        *(_in_markdown(finding, shown, lines) for finding in found.evaluation.findings),
    )
    policy = ReadinessPolicy.from_file(catalog.workspace.get("evaluations", "readiness").path)
    verdict = decide(policy, [Known(own.step, assessment.score, findings, "; ".join(found.failed))])
    evaluation = replace(
        found.evaluation,
        areas=verdict.areas,
        overall=verdict.overall,
        findings=findings,
        files=files,
        decision=verdict.decision,
        reasons=verdict.reasons,
    )
    if verdict.decision == "APPROVED" and found.failed:
        evaluation = replace(evaluation, decision="NO VERDICT", reasons=found.failed)
    return replace(found, evaluation=evaluation, deliveries=(own,))


def _file_in_markdown(file: CheckedFile, shown: str, lines: dict[str, int]) -> CheckedFile:
    held = file.validation
    found = tuple(_in_markdown(finding, shown, lines) for finding in held.findings)
    return replace(file, validation=replace(held, findings=found))


def _in_markdown(finding: Finding, shown: str, lines: dict[str, int]) -> Finding:
    """A finding on a block of a Markdown file, as one on the file itself."""
    if finding.file not in lines:
        return finding
    related = tuple(
        place._replace(file=shown, line=place.line + lines[place.file]) if place.file in lines else place
        for place in finding.related
    )
    return replace(finding, file=shown, line=finding.line + lines[finding.file], related=related)


def of_files(paths: Sequence[Path], catalog: Catalog, choice: Choice) -> Evidence:
    """The evidence on files, and on those of folders, all held against each other.

    Folders of tools (`.git`, `node_modules` …), and in folders binary files, are passed over.

    Raises:
        ConfigError: a folder can't be read, or holds too many files.
        InvalidFileError: a file that is named can't be read as a text.
    """
    read = _Read([])
    for path in paths:
        if path.is_dir():
            _read_folder(path, read, choice)
        else:
            shown = show_path(path)
            text = _yaml.read_text(path, shown)
            read.sources.append(Source(shown, kind_of(shown, "", text), text))
    only: Literal["file", "folder"] = "folder" if any(path.is_dir() for path in paths) else "file"
    return _judged(", ".join(map(show_path, paths)), only, read, catalog, choice)


_PATCH = Validation("kubernetes", None, reason="a patch: what kustomize makes of it can be checked")


@dataclass(frozen=True)
class _Read:
    """The texts of files, and what could not be read."""

    sources: list[Source]
    failed: list[str] = field(default_factory=list)
    """What should have been read, and why it was not."""
    prose: tuple[Source, ...] = ()
    """Replies, which only the user's own checks read whole."""


def _read_folder(folder: Path, read: _Read, choice: Choice) -> None:
    for file in _files(folder):
        relative = file.relative_to(folder)
        if any(relative.match(pattern) for pattern in choice.excluded):
            continue
        shown = show_path(file)
        if file.is_symlink() and (astray := _astray(file, folder)):
            read.failed.append(f"{shown}: {astray}")
            continue
        if not file.is_file():
            continue
        is_known = kind_of(relative.as_posix(), "", "") in KINDS
        try:
            if file.stat().st_size > _LARGEST:
                read.failed.extend([f"{shown}: larger than 1 MiB"] if is_known else [])
                continue
            text = _yaml.read_text(file, shown)
        except InvalidFileError as refused:
            read.failed.extend([f"{shown}: {refused.problems[0].message}"] if is_known else [])
            continue
        except (FccError, OSError) as refused:
            why = getattr(refused, "strerror", None) or getattr(refused, "message", str(refused))
            read.failed.append(f"{shown}: {why}")
            continue
        read.sources.append(Source(shown, kind_of(relative.as_posix(), "", text), text))
        if len(read.sources) > _MOST_FILES:
            raise ConfigError(
                f"{show_path(folder)} holds more than {_MOST_FILES:,} files", hint="Name a folder within it."
            )


def _files(folder: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise ConfigError(
            f"cannot read {error.filename}: {error.strerror}", hint="Check its permissions."
        ) from error

    for place, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if name not in PASSED_OVER)
        for name in sorted(names):
            file = Path(place, name)
            yield file


def _astray(link: Path, folder: Path) -> str:
    """Why a link is not followed; "" where it is."""
    target = link.resolve()
    if not target.exists():
        return "a link that leads nowhere"
    return "" if target.is_relative_to(folder.resolve()) else "a link that leads out of the folder"


def _judged(
    subject: str, source: Literal["file", "folder"], read: _Read, catalog: Catalog, choice: Choice
) -> Evidence:
    parts = patches(read.sources)
    files = tuple(
        CheckedFile(
            item.file, _PATCH if item.file in parts else validate_artifact(item.kind, item.text, item.file)
        )
        for item in read.sources
    )
    whole = [item for item in read.sources if item.file not in parts]
    known = tuple(file for file in files if file.validation.valid is not None or file.validation.checkable)
    checks = workspace_checks(catalog.workspace)
    read_by_checks = [(item.file, item.kind, item.text) for item in (*read.sources, *read.prose)]
    own, broken = apply_checks(checks, read_by_checks)
    passing = Ignoring(choice.ignored)
    findings = passing.kept(
        [
            *(finding for file in files for finding in file.validation.findings),
            *check_contracts(whole, Context()),
            *own,
        ]
    )
    files = tuple(replace(file, validation=passing.validation(file.validation)) for file in known)
    failed = (*read.failed, *broken)
    others = len(read.sources) - len(known)
    more = [f"{others} file{'' if others == 1 else 's'} of no kind that is known here"] if others else []
    missing = (*failed, *unchecked([file.validation for file in files]), *more, *passing.passed_over)
    anything = any(file.validation.valid is not None for file in files) or bool(checks)
    decision, reasons = _decide(findings, missing, failed, anything=anything)
    evaluation = Evaluation(subject, source, decision, reasons, files, findings, unchecked=missing)
    return Evidence(evaluation, failed=failed)


def _decide(
    findings: Sequence[Finding], missing: Sequence[str], failed: Sequence[str], *, anything: bool
) -> tuple[Decision, tuple[str, ...]]:
    """What findings alone come to: one error blocks; else what could not be read or has failed is no verdict."""
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        return "BLOCKED", tuple(said(finding) for finding in errors)
    if failed:
        return "NO VERDICT", tuple(failed)
    if not anything:
        return "NO VERDICT", tuple(missing) or ("there is no file of a kind that can be checked",)
    return "APPROVED", ("no check found an error",)
