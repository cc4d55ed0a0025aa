"""What `--plan` prints."""

from __future__ import annotations

import click

from fcc.cli.output import paint, print_json
from fcc.reports.plan import plan_report
from fcc.wiring import Prepared


def print_plan(prepared: Prepared, form: str) -> int:
    """The preview of a run on standard output, as text or JSON; gives exit code 0."""
    made = prepared.preview()
    if form == "json":
        from pydantic_core import to_jsonable_python

        totals = {name: made.total(name) for name in ("input_tokens", "output_tokens", "cost")}
        plain = to_jsonable_python(made)
        for step, shown in zip(plain["steps"], made.steps, strict=True):
            step["causes"] = [cause._asdict() for cause in shown.causes]
        print_json("fcc.plan/1", plain | {"asks": len(made.asked), "estimate": totals})
    else:
        click.echo(plan_report(made, paint))
    return 0
