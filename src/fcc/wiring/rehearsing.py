"""What rehearses: made only where a chain does; and rehearsals of a run, a folder or files by themselves."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from fcc import _yaml
from fcc.errors import ConfigError, FccError, NotFoundError
from fcc.simulation import Finding, RunRecord
from fcc.simulation.kinds import kind_of
from fcc.simulation.rehearsing import RehearsalFile, RehearsalRequest, Rehearsed, Rehearser
from fcc.simulation.run_folder import find_run
from fcc.wiring.catalog import Catalog
from fcc.workspace import not_found, show_path

_PASSED_OVER = frozenset({".git", ".venv", "venv", "node_modules", "__pycache__", ".fcc", ".tox"})
_READ = frozenset(
    {
        "github_workflow",
        "helm_chart_yaml",
        "helm_template",
        "helm_values",
        "kubernetes",
        "prometheus_rules",
        "python",
        "shell",
        "yaml",
    }
)
"""The kinds of file that a rehearsal reads."""
_MOST_FILES = 2_000
_LARGEST = 1024 * 1024


class Rehearsal(NamedTuple):
    """A rehearsal of what words named."""

    subject: str
    came: Rehearsed
    failed: tuple[str, ...] = ()
    """What of a folder could not be read, and why."""


def make_rehearser(*, promtool: bool = False) -> Rehearser:
    """The simulated cluster; with `promtool`, Prometheus' own tool is asked for a second opinion on the alerts.

    Raises:
        ConfigError: promtool is not there.
    """
    from fcc.evaluations.rehearsal.rehearser import ClusterRehearser

    if promtool:
        from fcc.evaluations.validators._command import find_tool

        if find_tool("promtool") is None:
            raise ConfigError(
                "promtool is not installed, or not on PATH",
                hint="Install Prometheus (it brings promtool), or leave --promtool out.",
            )
    return ClusterRehearser(promtool=promtool)


def rehearse(
    targets: Sequence[str],
    catalog: Catalog,
    *,
    scenarios: Sequence[str] = (),
    alert: Path | None = None,
    promtool: bool = False,
) -> Rehearsal:
    """Play scenarios through with the files of a run (an id, `last`, its folder), or with files and folders.

    Args:
        targets: what is rehearsed.
        catalog: where scenarios and runs are found.
        scenarios: their names, or files; without any, all that there are.
        alert: a webhook document of Alertmanager for the rollback script.
        promtool: whether promtool gives a second opinion on the alerts.

    Raises:
        NotFoundError: there is nothing of a name.
        ConfigError: something can't be read, or promtool is not there.
    """
    rehearser = make_rehearser(promtool=promtool)
    chosen = find_scenarios(catalog, scenarios)
    document = _alert(alert) if alert is not None else None
    folder = _run_folder(targets, catalog)
    if folder is None:
        files, failed = _files_of(targets)
        came = rehearser.rehearse(RehearsalRequest(files, chosen, document))
        return Rehearsal(", ".join(show_path(Path(target)) for target in targets), came, failed)
    record = RunRecord.read(folder / "run.json")
    came = rehearser.rehearse(RehearsalRequest(files_of(record), chosen, document, record.inputs))
    shown = show_path(folder)
    return Rehearsal(shown, came._replace(findings=tuple(_moved(item, shown) for item in came.findings)))


def files_of(record: RunRecord) -> list[RehearsalFile]:
    """The files that a run delivered."""
    return [
        RehearsalFile(artifact.path, artifact.kind, artifact.content, step.name)
        for step in record.steps
        for artifact in step.artifacts
    ]


class RunRehearsals:
    """Rehearses runs of one chain, the first of which nothing is wrong with; and those alike once.

    Where that first one does not hold, or delivers no Deployment, the chain is not made for it, and nothing is told.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._scenarios = find_scenarios(catalog)
        self._known: dict[tuple[RehearsalFile, ...], tuple[Finding, ...]] = {}
        self._fits: bool | None = None

    def findings(self, record: RunRecord) -> tuple[Finding, ...]:
        """What the rehearsal of a run's files finds; nothing where a step was not run."""
        if self._fits is False or any(step.status != "completed" for step in record.steps):
            return ()
        files = tuple(file for file in files_of(record) if file.kind in _READ)
        if files not in self._known:
            came = make_rehearser().rehearse(RehearsalRequest(files, self._scenarios))
            self._known[files] = came.findings
        if self._fits is None:
            self._fits = not self._known[files]
        return self._known[files] if self._fits else ()


def find_scenarios(catalog: Catalog, names: Sequence[str] = ()) -> dict[str, Mapping[str, Any]]:
    """What scenarios say, by name; without names, every one of the workspace and the built-in ones.

    Raises:
        NotFoundError: there is none of a name.
        InvalidFileError: a file is none.
    """
    from fcc.evaluations.rehearsal.scenario import read_scenario

    known = {
        name: file.path
        for name, file in catalog.workspace.files("evaluations").items()
        if _is_scenario(file.path)
    }
    found: dict[str, Mapping[str, Any]] = {}
    for name in names or sorted(known):
        is_path = name.endswith((".yaml", ".yml")) or "/" in name
        if not is_path and name not in known:
            raise not_found("scenario", name, sorted(known))
        path = Path(name) if is_path else known[name]
        if not path.is_file():
            raise NotFoundError(f"there is no scenario file {name}", hint="Check the path.")
        scenario = read_scenario(path)
        found[scenario.name] = scenario.model_dump(mode="json")
    return found


def _is_scenario(path: Path) -> bool:
    data = _yaml.read(path, show_path(path)).data
    return isinstance(data, dict) and "failure" in data


def _alert(path: Path) -> Any:
    text = _yaml.read_text(path, show_path(path))
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(
            f"{show_path(path)} is no JSON: {error}", hint="Give a webhook document of Alertmanager."
        ) from None


def _run_folder(targets: Sequence[str], catalog: Catalog) -> Path | None:
    """The folder of the run that is named; None where files and folders are."""
    path = Path(targets[0])
    is_run = path.name == "run.json" or (path / "run.json").is_file()
    if len(targets) > 1 or (not is_run and (path.exists() or "/" in targets[0] or path.suffix)):
        return None
    return find_run(targets[0], catalog.workspace.state / "runs")


def _files_of(targets: Sequence[str]) -> tuple[list[RehearsalFile], tuple[str, ...]]:
    found: list[RehearsalFile] = []
    failed: list[str] = []
    for target in targets:
        path = Path(target)
        if not path.exists():
            raise NotFoundError(
                f"there is no file or folder {target}", hint="Check the path; or name one run."
            )
        for file in _walked(path) if path.is_dir() else [path]:
            shown = show_path(file)
            if path.is_dir() and (file.is_symlink() or not file.is_file() or file.stat().st_size > _LARGEST):
                continue
            try:
                text = _yaml.read_text(file, shown)
            except (FccError, OSError) as error:
                if not path.is_dir():
                    raise
                failed += [f"{shown}: {error}"] if kind_of(shown, "", "") else []
                continue
            found.append(RehearsalFile(shown, kind_of(shown, "", text), text))
            if len(found) > _MOST_FILES:
                raise ConfigError(
                    f"{target} holds more than {_MOST_FILES:,} files", hint="Name a folder within it."
                )
    return found, tuple(failed)


def _walked(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _PASSED_OVER)
        yield from (Path(place, name) for name in sorted(names))


def _moved(item: Finding, folder: str) -> Finding:
    related = tuple(place._replace(file=f"{folder}/{place.file}") for place in item.related)
    return replace(item, file=f"{folder}/{item.file}" if item.file else "", related=related)
