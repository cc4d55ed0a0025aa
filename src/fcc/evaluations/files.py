"""What a file in `evaluations/` is, told by its keys: a policy, checks, a rubric, or waivers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fcc import _yaml
from fcc.agents import Policy, read_policy
from fcc.errors import ConfigError, NotFoundError
from fcc.workspace import Workspace, show_path

if TYPE_CHECKING:
    from fcc.evaluations.checks import CheckFile, OwnCheck
    from fcc.evaluations.rehearsal.scenario import Scenario
    from fcc.evaluations.rubric import Rubric
    from fcc.evaluations.waivers import Waiver, WaiverFile


def read_evaluation(path: Path) -> Policy | CheckFile | Rubric | WaiverFile | Scenario:
    """What a file of `evaluations/` says, by its key: `checks`, `criteria` (a rubric), `waivers`, `failure` (a scenario);
    else it is a policy.

    Raises:
        InvalidFileError: it is none of them; every problem with its place.
    """
    document = _yaml.read(path, show_path(path))
    keys = document.data if isinstance(document.data, dict) else {}
    if "checks" in keys:
        from fcc.evaluations.checks import CheckFile

        return _yaml.build(CheckFile, document)
    if "criteria" in keys:
        from fcc.evaluations.rubric import Rubric

        return _yaml.build(Rubric, document)
    if "waivers" in keys:
        from fcc.evaluations.waivers import WaiverFile

        return _yaml.build(WaiverFile, document)
    if "failure" in keys:
        from fcc.evaluations.rehearsal.scenario import read_scenario

        return read_scenario(path)
    return read_policy(path)


def workspace_checks(workspace: Workspace) -> tuple[OwnCheck, ...]:
    """Every check in the workspace's own `evaluations/`, file by file.

    Raises:
        InvalidFileError: a file there is invalid.
    """
    found: list[OwnCheck] = []
    for file in workspace.files("evaluations").values():
        if not file.builtin and "checks" in _keys(file.path):
            from fcc.evaluations.checks import read_checks

            found += read_checks(file.path)
    return tuple(found)


def workspace_waivers(workspace: Workspace) -> tuple[Waiver, ...]:
    """Every waiver in the workspace's own `evaluations/`, file by file; errors as `workspace_checks`."""
    found: list[Waiver] = []
    for file in workspace.files("evaluations").values():
        if not file.builtin and "waivers" in _keys(file.path):
            from fcc.evaluations.waivers import read_waivers

            found += read_waivers(file.path)
    return tuple(found)


def find_rubric(name: str, workspace: Workspace) -> Rubric:
    """The rubric in a file (`.yaml`, or a path), or of that name.

    Raises:
        NotFoundError: there is none.
        InvalidFileError: it is no rubric.
    """
    if name.endswith((".yaml", ".yml")) or "/" in name:
        if not Path(name).is_file():
            raise NotFoundError(f"there is no rubric file {name}", hint="Check the path; or name a rubric.")
        return _rubric_in(Path(name))
    return _rubric_in(workspace.get("evaluations", name).path)


def _rubric_in(path: Path) -> Rubric:
    from fcc.evaluations.rubric import Rubric

    if "criteria" not in _keys(path):
        raise ConfigError(
            f"{show_path(path)} is no rubric: it has no `criteria`",
            hint="See them: fcc-agents list evaluations",
        )
    return Rubric.from_file(path)


def _keys(path: Path) -> dict[str, object]:
    data = _yaml.read(path, show_path(path)).data
    return data if isinstance(data, dict) else {}
