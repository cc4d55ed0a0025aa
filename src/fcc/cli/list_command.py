"""`fcc-agents list`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fcc.cli.output import common_options, paint, print_json, table
from fcc.errors import FccError
from fcc.providers.profile import Profile
from fcc.simulation import RunRecord
from fcc.simulation.run_folder import is_under_way, list_runs
from fcc.wiring import Catalog, open_catalog
from fcc.workspace import KINDS, show_path

_TITLES = {
    "agents": "Chains (agents/)",
    "personas": "Personas (personas/): hard stops · mandatory · preferred rules held by code",
    "prompts": "Prompts (prompts/)",
    "providers": "Profiles (providers/)",
    "evaluations": "Policies, checks, rubrics and waivers (evaluations/)",
    "rules": "Rules on what must agree between files",
    "runs": "Runs, the newest first",
}

_NEWEST = 20


@click.command("list")
@click.argument("kind", required=False, type=click.Choice([*KINDS, "rules", "runs"]))
@common_options
def command(kind: str | None, form: str, workspace: Path | None) -> None:
    """List what there is: built-in content, the workspace's, and the runs. KIND names one kind.

    `rules` are listed only by their name: what must agree between files.
    """
    catalog = open_catalog(workspace)
    kinds = [kind] if kind else [*KINDS, "runs"]
    listed = {name: _rows(catalog, name) for name in kinds}
    if form == "json":
        print_json("fcc.list/1", listed)
        return
    where = (
        show_path(catalog.workspace.root) if catalog.workspace.root else "none here; these are the built-ins"
    )
    click.echo(f"Workspace: {where}")
    for name, rows in listed.items():
        click.echo("\n" + paint(_TITLES[name], "bold"))
        click.echo("\n".join(table([_cells(row) for row in rows])) if rows else "  none")


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(value) for key, value in row.items() if key not in {"file", "builtin"})


def _rows(catalog: Catalog, kind: str) -> list[dict[str, Any]]:
    if kind == "personas":
        from fcc.reports.persona import persona_row

        return [
            dict(zip(("id", "name", "phase", "held_by_code"), persona_row(persona), strict=True))
            for persona in catalog.personas
        ]
    if kind == "rules":
        from fcc.evaluations.contracts import RULES

        return [{"rule": rule.id, "severity": rule.severity, "description": rule.title} for rule in RULES]
    if kind == "runs":
        return [_run(path) for path in list_runs(catalog.workspace.state / "runs")[:_NEWEST]]
    return [
        {"name": file.name, "description": _description(catalog, kind, file.name), "builtin": file.builtin,
         "file": str(file.path)}
        for file in catalog.workspace.files(kind).values()  # type: ignore[arg-type] # click.Choice allows the kinds only
    ]  # fmt: skip


def _description(catalog: Catalog, kind: str, name: str) -> str:
    try:
        if kind == "agents":
            return catalog.chain(name)[0].description
        if kind == "prompts":
            return catalog.prompts.get(name).description
        if kind == "evaluations":
            from fcc.evaluations.files import read_evaluation

            return read_evaluation(catalog.workspace.get("evaluations", name).path).description
        profile = Profile.from_file(catalog.workspace.get("providers", name).path)
    except FccError as error:
        return f"(invalid: {error.message.splitlines()[0]})"
    return profile.description or profile.model


def _run(path: Path) -> dict[str, Any]:
    try:
        record = RunRecord.read(path / "run.json")
    except FccError as error:
        return {"id": path.name, "chain": "?", "decision": f"(unreadable: {error.message.splitlines()[0]})"}
    status = "killed" if record.status == "running" and not is_under_way(path) else record.status
    decision = record.verdict.decision if record.verdict else status
    return {"id": path.name, "chain": str(record.chain.get("name", "?")), "decision": decision}
