"""`fcc-agents validate`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import click

from fcc import _yaml
from fcc.agents import Chain, GatePolicy, Step
from fcc.agents.policies import check_policy_file
from fcc.cli.output import common_options, print_json
from fcc.errors import ConfigError, FccError, InvalidFileError, Problem
from fcc.evaluations.checks import CheckFile
from fcc.evaluations.contracts import RULES
from fcc.evaluations.files import read_evaluation
from fcc.evaluations.plugins import called
from fcc.personas import PersonaRegistry
from fcc.prompts import PromptTemplate
from fcc.providers.profile import Profile
from fcc.redaction import printable
from fcc.wiring import Catalog, open_catalog
from fcc.workspace import KINDS, SUFFIX, Kind, Workspace, content_paths, show_path

INVALID = 2


@click.command(
    "validate",
    epilog="""\b
Examples:
  fcc-agents validate
  fcc-agents validate agents/my-chain.yaml
  fcc-agents validate devops-deployment""",
)
@click.argument("targets", nargs=-1)
@common_options
def command(targets: tuple[str, ...], form: str, workspace: Path | None) -> int:
    """Check files before anything runs: every problem at once, with file, line and column.

    TARGETS are files, folders or names of chains; without any, the whole workspace, or the built-ins where there is
    none. A chain is checked with everything that it names. Exit code 0 when all is valid, 2 when not.
    """
    catalog = open_catalog(workspace)
    checked: dict[str, tuple[str, list[Problem]]] = {}
    for target in targets or (str(catalog.workspace.root or ""),):
        for kind, shown, check in checks_of(catalog, target):
            checked[shown] = (kind, problems_of(shown, check))
    found = list(dict.fromkeys(problem for _, problems in checked.values() for problem in problems))
    if form == "json":
        files = [
            {"file": shown, "kind": kind, "problems": [_as_json(problem) for problem in problems]}
            for shown, (kind, problems) in checked.items()
        ]
        print_json("fcc.validate/1", {"valid": not found, "files": files})
    elif found:
        for problem in found:
            click.echo(printable(str(problem)))
        click.echo(f"{len(found)} problem{'' if len(found) == 1 else 's'} in {len(checked)} files.", err=True)
    else:
        click.echo(f"{len(checked)} file{'' if len(checked) == 1 else 's'} valid.")
    return INVALID if found else 0


Check = tuple[str, str, Callable[[], object]]
"""The kind of a file, the file, and what raises if it is wrong."""


def checks_of(catalog: Catalog, target: str) -> Iterator[Check]:
    """The checks of what a word of the command line names: a file, a folder, a chain, or "" for the workspace."""
    path = Path(target)
    if target and path.is_dir() and path.resolve() != catalog.workspace.root:
        if all((path / kind).is_dir() for kind in KINDS):
            yield from _workspace(Catalog(Workspace.at(path)))
        elif path.name in KINDS:
            yield from _folder(catalog, path, path.name)
        else:
            raise ConfigError(
                f"{target} is neither a workspace nor one of its folders", hint=f"Name one of {KINDS}."
            )
    elif target and not path.is_dir():
        yield _file(catalog, target)
    else:
        yield from _workspace(catalog)


def _workspace(catalog: Catalog) -> Iterator[Check]:
    for kind in KINDS:
        for folder, builtin in catalog.workspace.folders(kind):
            if not builtin or catalog.workspace.root is None:
                yield from _folder(catalog, folder, kind)


def _folder(catalog: Catalog, folder: Path, kind: Kind) -> Iterator[Check]:
    for stray in content_paths(folder, ".yml"):
        yield kind, show_path(stray), _misnamed
    paths = content_paths(folder, SUFFIX[kind])
    if kind == "personas" and paths:
        yield kind, show_path(folder), lambda: PersonaRegistry.from_yaml_directory(folder)
        return
    for path in paths:
        yield _of_kind(catalog, path, kind)


def _misnamed() -> None:
    raise ConfigError("a file that ends in .yml is passed over; name it .yaml")


def _file(catalog: Catalog, target: str) -> Check:
    path = Path(target)
    if path.is_file():
        return _of_kind(catalog, path, _kind(path))
    if path.suffix or "/" in target:
        raise ConfigError(f"there is no file {target}", hint="Check the path.")
    file = catalog.workspace.get("agents", target)
    return "agents", file.shown, lambda: _check_chain(catalog, target)


def _check_chain(catalog: Catalog, target: str | Path) -> None:
    """The chain, all that it names, and its models as far as that can be told without asking them."""
    catalog.plan(target)
    chain, document = catalog.chain(target)
    named: dict[tuple[str | int, ...], str] = {}
    parts: list[tuple[tuple[str | int, ...], Chain | Step]] = [((), chain)]
    parts += [(("steps", name), step) for name, step in chain.steps.items()]
    for at, part in parts:
        named |= {(*at, "model"): part.model} if part.model else {}
        named |= {(*at, "fallback", index): model for index, model in enumerate(part.fallback)}
    found = []
    for place, model in named.items():
        try:
            catalog.backend(model)
        except FccError as error:
            found.append(document.problem(place, error.message))
    if found:
        raise InvalidFileError(found)


def _of_kind(catalog: Catalog, path: Path, kind: Kind) -> Check:
    checks: dict[Kind, Callable[[], object]] = {
        "agents": lambda: _check_chain(catalog, _chain_of(catalog, path)),
        "personas": lambda: PersonaRegistry.from_yaml_files(path),
        "prompts": lambda: PromptTemplate.from_file(path, path.name.removesuffix(SUFFIX["prompts"])),
        "providers": lambda: Profile.from_file(path),
        "evaluations": lambda: _check_evaluation(path),
    }
    return kind, show_path(path), checks[kind]


def _check_evaluation(path: Path) -> None:
    found = read_evaluation(path)
    if isinstance(found, GatePolicy):
        check_policy_file(path)
    if isinstance(found, CheckFile):
        _check_calls(path, found)


def _check_calls(path: Path, found: CheckFile) -> None:
    """Whether what the checks call is there, and their ids are theirs alone."""
    document = _yaml.read(path, show_path(path))
    rules = {rule.id for rule in RULES}
    wrong = []
    for name, check in found.checks.items():
        if name in rules:
            said = f"`{name}` is the id of a rule that comes with fcc-agents; choose another"
            wrong.append(document.problem(("checks", name), said))
        if check.call is not None:
            try:
                called(check.call)
            except ConfigError as error:
                wrong.append(document.problem(("checks", name, "call"), f"{error.message}. {error.hint}"))
    if wrong:
        raise InvalidFileError(wrong)


def _chain_of(catalog: Catalog, path: Path) -> str | Path:
    """The chain's name where the file is one of the catalog's, so that name and file are held against each other."""
    name = path.name.removesuffix(SUFFIX["agents"])
    for folder, _ in catalog.workspace.folders("agents"):
        if folder == path.absolute().parent and path.name.endswith(SUFFIX["agents"]):
            return name
    return path


def _kind(path: Path) -> Kind:
    """What a file is meant to be: by its suffix, its folder, or its keys."""
    if path.name.endswith(SUFFIX["prompts"]):
        return "prompts"
    for kind in KINDS:
        if path.absolute().parent.name == kind:
            return kind
    try:
        data = _yaml.read(path, show_path(path)).data
    except FccError:
        return "agents"  # whatever it was meant to be: its check will say why it can't be read
    keys = set(data) if isinstance(data, dict) else set()
    if "personas" in keys:
        return "personas"
    if keys & {"ready_at", "approve_at", "rules", "checks", "criteria", "waivers", "failure"}:
        return "evaluations"
    return "providers" if "model" in keys and not keys & {"steps", "include"} else "agents"


def problems_of(shown: str, check: Callable[[], object]) -> list[Problem]:
    """What is wrong with one file."""
    try:
        check()
    except InvalidFileError as error:
        return list(error.problems)
    except FccError as error:
        return [Problem(shown, 1, 1, error.message)]
    return []


def _as_json(problem: Problem) -> dict[str, str | int]:
    return {"file": problem.file, "line": problem.line, "column": problem.column, "message": problem.message}
