"""`fcc-agents schema`."""

from __future__ import annotations

import json
from typing import Any

import click
from pydantic import BaseModel

from fcc.workspace import not_found

SCHEMAS = {
    "chain": "A chain file, in agents/.",
    "checks": "Checks of your own, in evaluations/.",
    "gate": "A gate's policy, in evaluations/.",
    "persona": "A persona file, in personas/.",
    "policy": "A readiness policy, in evaluations/.",
    "profile": "A model profile, in providers/.",
    "prompt": "The front matter of a prompt, in prompts/.",
    "rubric": "A rubric, in evaluations/.",
    "run": "A run record, run.json.",
    "waivers": "What is waived, by whom and until when, in evaluations/.",
}


@click.command("schema")
@click.argument("name", required=False)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", hidden=True)
@click.option(
    "--json", "form", flag_value="json", help="A schema is JSON either way; without NAME, the list as JSON."
)
@click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of an unexpected error.")
def command(name: str | None, form: str) -> None:
    """Print the JSON Schema (2020-12) of one kind of file; without NAME, list them.

    Editors complete and check YAML files that begin with
    `# yaml-language-server: $schema=<path of the schema>`; `fcc-agents init` writes both.
    """
    from fcc.cli.output import print_json, table

    if name is not None:
        click.echo(json.dumps(json_schema(name), indent=2))
    elif form == "json":
        print_json("fcc.schemas/1", {"schemas": SCHEMAS})
    else:
        click.echo("\n".join(table(list(SCHEMAS.items()))))


def json_schema(name: str) -> dict[str, Any]:
    """The JSON Schema of one kind of file.

    Raises:
        NotFoundError: there is no such kind.
    """
    if name not in SCHEMAS:
        raise not_found("schema", name, list(SCHEMAS))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_body(name)}


def _body(name: str) -> dict[str, Any]:
    if name == "run":
        from fcc.simulation.record import record_schema

        return record_schema()
    from fcc.agents import Chain, GatePolicy, ReadinessPolicy
    from fcc.evaluations.checks import CheckFile
    from fcc.evaluations.rubric import Rubric
    from fcc.evaluations.waivers import WaiverFile
    from fcc.personas.persona import PersonaFile
    from fcc.prompts.template import FrontMatter
    from fcc.providers.profile import Profile

    models: dict[str, type[BaseModel]] = {
        "chain": Chain,
        "checks": CheckFile,
        "gate": GatePolicy,
        "persona": PersonaFile,
        "policy": ReadinessPolicy,
        "profile": Profile,
        "prompt": FrontMatter,
        "rubric": Rubric,
        "waivers": WaiverFile,
    }
    return models[name].model_json_schema()
