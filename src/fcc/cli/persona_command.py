"""`fcc-agents persona`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fcc.cli.output import common_options, paint, print_json, table
from fcc.wiring import open_catalog
from fcc.workspace import show_path

FAILED, NO_VERDICT = 1, 3


@click.group("persona", invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """Personas: list, show, make, test on their examples, and see whether one helps.

    \b
    Examples:
      fcc-agents persona list
      fcc-agents persona new QAE --name "Quality Engineer"
      fcc-agents persona test PBD DVE
      fcc-agents persona score DVE --model local --task tasks.yaml --plan
    """  # noqa: D301 - click reads the \b as "do not wrap"
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@command.command("list", short_help="List all, with how far code holds their rules.")
@common_options
def list_(form: str, workspace: Path | None) -> None:
    """List every persona with its phase, and how many of its rules are held by code, tier by tier."""
    from fcc.reports.persona import COVERAGE_HEAD, COVERAGE_SAID, coverage, persona_row, unclassified

    personas = list(open_catalog(workspace).personas)
    if form == "json":
        rows = [
            {
                "id": persona.id,
                "name": persona.name,
                "phase": persona.fcc_phase,
                "category": persona.category,
                "coverage": coverage(persona.constitution),
            }
            for persona in personas
        ]
        print_json("fcc.personas/1", {"personas": rows})
        return
    head = ("id", "name", "phase", COVERAGE_HEAD)
    click.echo("\n".join([*table([head, *map(persona_row, personas)]), "", COVERAGE_SAID]))
    if said := unclassified(personas):
        click.echo(f"{said}\nSee them: fcc-agents persona test")


@command.command("show", short_help="Show one: its card, and how each rule is held.")
@click.argument("id_", metavar="ID")
@click.option("--prompt", is_flag=True, help="Show what a model is shown instead.")
@common_options
def show(id_: str, prompt: bool, form: str, workspace: Path | None) -> None:
    """Show the card of ID, each of its rules with how it is held and by what, and which chains use it."""
    from fcc.cli.show_command import persona_shown

    schema, body, text = persona_shown(open_catalog(workspace), id_, as_prompt=prompt)
    if form == "json":
        print_json(schema, body)
    else:
        click.echo(text().rstrip())


@command.command("new", short_help="Write a first card into the workspace.")
@click.argument("id_", metavar="ID")
@click.option("--name", default="", help="Its name; by default the id.")
@common_options
def new(id_: str, name: str, form: str, workspace: Path | None) -> None:
    """Write a card with a rule of each kind to personas/ID.yaml, to begin with; nothing is overwritten.

    It loads as it is, and passes `fcc-agents persona test`.
    """
    from fcc.wiring.personas import new_persona

    path = new_persona(open_catalog(workspace), id_, name)
    if form == "json":
        print_json("fcc.persona-new/1", {"id": id_, "file": str(path)})
        return
    click.echo(f"Written: {show_path(path)}\n\nNext:")
    steps = [
        ("edit it", f"say what {id_} does, and what it must never do"),
        (f"fcc-agents persona test {id_}", "try the examples of its rules"),
        (f"persona: {id_}", "name it in a step of a chain"),
    ]
    click.echo("\n".join(table(steps)))


@command.command(
    "test",
    short_help="Try the rules on their examples.",
    epilog="Exit codes: 0 all hold · 1 one does not · 2 no such persona.",
)
@click.argument("ids", nargs=-1, metavar="[ID]...")
@common_options
def test(ids: tuple[str, ...], form: str, workspace: Path | None) -> int:
    """Try each rule that code holds on its examples: those that must pass, and those that must fail.

    Without an ID, all personas: the built-in ones and the workspace's. A rule that nobody has classified is told, and
    no failure.
    """
    from fcc.reports.persona_examples import any_wrong, examples_json, examples_report
    from fcc.wiring.personas import try_examples

    tried = try_examples(open_catalog(workspace), ids)
    if form == "json":
        print_json("fcc.persona-test/1", examples_json(tried))
    else:
        click.echo(examples_report(tried, paint))
    return FAILED if any_wrong(tried) else 0


@command.command(
    "score",
    short_help="See whether a card helps: with and without it, paired.",
    epilog="""\b
Examples:
  fcc-agents persona score PBD --model local --plan
  fcc-agents persona score PBD --model local --model openai/gpt-4.1-mini
  fcc-agents persona score PBD --task a.md --task more.yaml --repeat 3

\b
Exit codes: 0 measured · 2 usage, no such persona or task ·
3 a model did not answer · 4 a cassette is missing or drifted""",
)
@click.argument("id_", metavar="ID")
@click.option(
    "-m", "--model", "models", multiple=True, metavar="MODEL",
    help="Who is asked: deterministic (the default, offline), a LiteLLM model string, or a profile. May be repeated.",
)  # fmt: skip
@click.option("--chain", metavar="CHAIN", help="Only the steps of this chain that ID speaks.")
@click.option("--step", metavar="STEP", help="Only this step.")
@click.option(
    "--task", "files", multiple=True, metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A task of your own: a text; of a YAML file, each text in its list. May be repeated.",
)  # fmt: skip
@click.option(
    "--repeat", type=click.IntRange(1, 100), default=1, help="Ask so often; the mean counts as one item."
)
@click.option(
    "--plan", "plan_only", is_flag=True, help="Show how many calls that is, and their cost; ask none."
)
@common_options
def score(id_: str, plan_only: bool, form: str, workspace: Path | None, **options: Any) -> int:
    """See whether the card of ID helps: models are asked the same tasks with the card and without it.

    Without --task, the tasks are the steps that ID speaks in the chains that are known, with the hand-offs of an
    offline run. Measured are the text's score, the errors found, and the rules of ID that are broken; the difference is
    paired, item by item.
    """
    from fcc.reports.persona_score import score_json, score_report
    from fcc.wiring.persona_score import ScoreRequest, score_persona

    request = ScoreRequest(
        id_,
        options["models"] or ("deterministic",),
        options["chain"],
        options["step"],
        options["files"],
        options["repeat"],
    )
    catalog = open_catalog(workspace)
    if plan_only:
        return _plan(request, catalog, form)

    def tell(model: str) -> None:
        if form == "text":
            click.echo(f"asking {model}", err=True)

    found = score_persona(request, catalog, tell)
    if form == "json":
        print_json("fcc.persona-score/1", score_json(found))
    else:
        click.echo(score_report(found, paint))
    return NO_VERDICT if any(model.failed for model in found.models) else 0


def _plan(request: Any, catalog: Any, form: str) -> int:
    from fcc.reports.persona_score import plan_lines
    from fcc.wiring.persona_score import plan_score

    plan = plan_score(request, catalog)
    if form == "json":
        body = plan._asdict() | {"models": [model._asdict() for model in plan.models]}
        print_json("fcc.persona-score-plan/1", body)
        return 0
    count = len(plan.items)
    click.echo(
        f"{paint(plan.persona, 'bold')}  {count} item{'' if count == 1 else 's'}, with the card and without it"
    )
    click.echo("\n".join(table([(item,) for item in plan.items])))
    click.echo("\n".join(["", *plan_lines(plan.models), *plan.notes]))
    return 0
