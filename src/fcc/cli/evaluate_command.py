"""`fcc-agents evaluate`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from fcc.cli.output import common_options_with, paint, print_json
from fcc.evaluations.evaluation import Evaluation
from fcc.redaction import redact
from fcc.simulation.verdict import EXIT_CODE
from fcc.wiring import open_catalog

FORMS = ("text", "json", "junit", "sarif", "github", "markdown")

_MODES = {
    "self_test": "--self-test",
    "mutate": "--mutate",
    "calibrate": "--calibrate",
    "requirements": "--requirements",
    "handoffs": "--handoff-report",
}
"""What it can do beside judging: the function of `evaluate_modes`, and its option."""


@click.command(
    "evaluate",
    epilog="""\b
Examples:
  fcc-agents evaluate last
  fcc-agents evaluate deploy/ --format sarif > findings.sarif
  fcc-agents evaluate last --rubric delivery --judge local
  fcc-agents evaluate --mutate
  fcc-agents evaluate --self-test

\b
Exit codes: 0 the policy is met · 1 it is not: findings ·
2 usage, or what is named can't be read · 3 a required check could not run ·
4 the judge's cassette is missing or drifted""",
)
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@click.option("--rubric", metavar="NAME|FILE", help="Criteria with weights that decide, from evaluations/.")
@click.option(
    "--judge", metavar="MODEL", help="A model that answers the rubric's questions; it is fenced and tested."
)
@click.option(
    "--samples", type=click.IntRange(1, 25), default=1, help="How often the judge is asked each question."
)
@click.option(
    "--cassette", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="The judge's recorded replies: nothing is asked.",
)  # fmt: skip
@click.option("--record", is_flag=True, help="Ask the judge, and record its replies in --cassette.")
@click.option(
    "--calibrate", is_flag=True, help="Test the judge on known pairs; keep the result for this workspace."
)
@click.option(
    "--pairs", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="The known pairs; by default the built-in ones.",
)  # fmt: skip
@click.option(
    "--self-test", is_flag=True, help="Try every check on its examples that must pass and must fail."
)
@click.option(
    "--mutate", is_flag=True, help="Seed known defects; TARGET is a chain, by default devops-deployment."
)
@click.option("--requirements", is_flag=True, help="Which step of the run covers what was asked for first.")
@click.option(
    "--handoff-report", "handoffs", is_flag=True, help="What other cuts would have handed on, step by step."
)
@click.option(
    "--ignore",
    multiple=True,
    metavar="RULE",
    help="Don't count findings of this rule (a pattern); they are said.",
)
@click.option(
    "--exclude", multiple=True, metavar="PATTERN", help="Pass over these files of a folder: `tests/*`."
)
@click.option("--all", "everything", is_flag=True, help="List every file and every piece of advice.")
@common_options_with(*FORMS)
def command(
    targets: tuple[str, ...], form: str, workspace: Path | None, everything: bool, **options: Any
) -> int:
    """Judge TARGET: a run again (an id, `last`, its folder), or files and folders that no agent wrote, as one set.

    Files are validated by their kind, and the set of them is held against each other and against what was asked for.
    A run is judged by its record; its models are not asked again.
    """
    modes = [mode for mode in _MODES if options[mode]]
    if len(modes) > 1:
        raise click.UsageError(f"choose one of {' and '.join(_MODES[mode] for mode in modes)}")
    catalog = open_catalog(workspace)
    if modes:
        from fcc.cli import evaluate_modes

        if form not in {"text", "json"}:
            raise click.UsageError(f"{_MODES[modes[0]]} prints text or json")
        mode: Callable[..., int] = getattr(evaluate_modes, modes[0])
        if options["ignore"] or options["exclude"]:
            raise click.UsageError(f"--ignore and --exclude are not for {_MODES[modes[0]]}")
        if len(targets) > 1:
            raise click.UsageError(f"{_MODES[modes[0]]} takes one TARGET")
        return mode(catalog, targets[0] if targets else None, form, options)
    if not targets or not all(targets):
        raise click.UsageError("name a run, a file or a folder; or see --self-test and --mutate")
    if options["pairs"] is not None or (options["judge"] is None and options["samples"] > 1):
        raise click.UsageError("--pairs is for --calibrate, and --samples for a judge: name it with --judge")
    from fcc.wiring.evaluating import evaluate
    from fcc.wiring.judging import JudgeRequest

    judge = None
    if options["judge"] is not None:
        judge = JudgeRequest(options["judge"], options["samples"], options["cassette"], options["record"])
    elif options["record"] or options["cassette"] is not None:
        raise click.UsageError("--cassette and --record are the judge's: name it with --judge")
    evaluation = evaluate(
        targets,
        rubric=options["rubric"],
        judge=judge,
        workspace=catalog.workspace,
        ignore=options["ignore"],
        exclude=options["exclude"],
    )
    show(evaluation, form, everything=everything)
    return EXIT_CODE[evaluation.decision]


def show(evaluation: Evaluation, form: str, *, everything: bool = False) -> None:
    """The evaluation on standard output; as GitHub's, in the job's summary as well, where there is one."""
    if form == "text":
        from fcc.reports.evaluation import evaluation_report

        click.echo(evaluation_report(evaluation, paint, verbose=everything))
    elif form == "json":
        from fcc.reports.evaluation import evaluation_json

        print_json("fcc.evaluation/1", evaluation_json(evaluation))
    else:
        click.echo(redact(_written(evaluation, form)).rstrip("\n"))
        summary = os.environ.get("GITHUB_STEP_SUMMARY")
        if form == "github" and summary:
            from fcc.reports.github import github_summary

            with Path(summary).open("a", encoding="utf-8") as file:
                file.write(redact(github_summary(evaluation)))


def _written(evaluation: Evaluation, form: str) -> str:
    if form == "junit":
        from fcc.reports.junit import junit

        return junit(evaluation, _rules())
    if form == "sarif":
        from fcc.reports.sarif import sarif

        return sarif(evaluation, _rules())
    if form == "github":
        from fcc.reports.github import github

        return github(evaluation)
    from fcc.reports.evaluation_markdown import markdown

    return markdown(evaluation)


def _rules() -> dict[str, str]:
    """What each rule on the agreement of files asks for."""
    from fcc.evaluations.contracts import RULES

    return {rule.id: rule.title for rule in RULES}
