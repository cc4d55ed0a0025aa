"""What `fcc-agents evaluate` does beside judging: it tests checks, gates and judges, and traces requirements."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from fcc.cli.output import paint, print_json
from fcc.redaction import printable
from fcc.wiring import Catalog
from fcc.workspace import show_path

Options = Mapping[str, Any]


def self_test(catalog: Catalog, target: str | None, form: str, options: Options) -> int:  # noqa: ARG001 - one signature
    """Try every check on its examples; 1 where one does not hold."""
    from fcc.wiring.selftest import try_checks

    found = try_checks(catalog, Path(target) if target is not None else None)
    wrong = [result for result in found.results if not result.holds]
    if form == "json":
        examples = [result._asdict() for result in found.results]
        print_json(
            "fcc.self-test/1", {"holds": not wrong, "examples": examples, "without": list(found.without)}
        )
        return 1 if wrong else 0
    for result in wrong:
        click.echo(
            f"{paint('does not hold', 'red')}  {result.check}, {result.example}: {printable(result.reason)}"
        )
    if found.without:
        click.echo(f"Without examples: {', '.join(found.without)}")
    checks = len({result.check for result in found.results})
    held = len(found.results) - len(wrong)
    click.echo(f"{held} of {len(found.results)} examples of {checks} checks hold.")
    return 1 if wrong else 0


def mutate(catalog: Catalog, target: str | None, form: str, options: Options) -> int:
    """Seed defects; 1 where one is missed for no known reason, or the clean run is not approved."""
    from fcc.reports.mutation import mutation_json, mutation_report
    from fcc.wiring.mutating import seed_defects

    found = seed_defects(
        target or "devops-deployment",
        catalog,
        _judge(options) if options["judge"] else None,
        _rubric(options, catalog),
        tell=_progress(form),
    )
    table = found.table
    if form == "json":
        judge = {"judge": found.judge.model_dump(mode="json", by_alias=True)} if found.judge else {}
        print_json("fcc.mutation/1", mutation_json(table) | judge)
    else:
        click.echo(mutation_report(table, paint))
        if found.judge is not None:
            from fcc.reports.calibration import calibration_report

            click.echo("\n" + calibration_report(found.judge, paint))
    unexplained = [result for result in table.of("missed") if not result.note]
    errors = [finding for finding in table.false_alarms if finding.severity == "error"]
    return 1 if unexplained or errors or table.clean_decision != "APPROVED" else 0


def _progress(form: str) -> Callable[[str], None]:
    def tell(defect: str) -> None:
        if form == "text":
            click.echo(f"running with {defect or 'no defect'}", err=True)

    return tell


def calibrate(catalog: Catalog, target: str | None, form: str, options: Options) -> int:
    """Test a judge on known pairs; 1 where it may not decide."""
    from fcc.reports.calibration import calibration_report
    from fcc.wiring.judging import calibrate_judge

    if target is not None:
        raise click.UsageError("--calibrate judges known pairs, and no target; see --pairs")
    if options["judge"] is None:
        raise click.UsageError("name the judge: --judge MODEL")
    found, path = calibrate_judge(_judge(options), catalog, _rubric(options, catalog), options["pairs"])
    if form == "json":
        body = found.model_dump(mode="json", by_alias=True)
        body.pop("schema")
        print_json("fcc.calibration/1", {**body, "file": str(path.absolute())})
    else:
        click.echo(calibration_report(found, paint))
        click.echo(f"Kept in {show_path(path)}")
    return 0 if found.good_enough() else 1


def requirements(catalog: Catalog, target: str | None, form: str, options: Options) -> int:  # noqa: ARG001 - one signature
    """Show which step covers what."""
    from fcc.evaluations.tracing import trace
    from fcc.reports.tracing import matrix_json, matrix_report

    matrix = trace(_record(catalog, target))
    if form == "json":
        print_json("fcc.requirements/1", matrix_json(matrix))
    else:
        click.echo(matrix_report(matrix, paint))
    return 0


def handoffs(catalog: Catalog, target: str | None, form: str, options: Options) -> int:  # noqa: ARG001 - one signature
    """Show what other cuts would have handed on."""
    from fcc.evaluations.handoffs import handoff_report
    from fcc.reports.tracing import handoffs_json, handoffs_text

    found = handoff_report(_record(catalog, target))
    if form == "json":
        print_json("fcc.handoffs/1", {"handoffs": handoffs_json(found)})
    else:
        click.echo(handoffs_text(found, paint))
    return 0


def _record(catalog: Catalog, target: str | None) -> Any:
    from fcc.simulation import RunRecord
    from fcc.simulation.run_folder import find_run

    folder = find_run(target or "last", catalog.workspace.state / "runs")
    return RunRecord.read(folder / "run.json")


def _judge(options: Options) -> Any:
    from fcc.wiring.judging import JudgeRequest

    return JudgeRequest(options["judge"], options["samples"], options["cassette"], options["record"])


def _rubric(options: Options, catalog: Catalog) -> Any:
    if options["rubric"] is None:
        return None
    from fcc.evaluations.files import find_rubric

    return find_rubric(options["rubric"], catalog.workspace)
