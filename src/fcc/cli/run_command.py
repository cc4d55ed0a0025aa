"""`fcc-agents run`."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import click

from fcc import _yaml
from fcc.agents import Chain
from fcc.cli.output import common_options
from fcc.cli.run_options import (
    EXIT_CODES,
    approvals_of,
    limits_of,
    make_run,
    models_of,
    person,
    running_options,
)
from fcc.errors import ConfigError, InvalidFileError, Problem
from fcc.messaging import EventBus
from fcc.wiring import RunRequest, check_run_id, new_run_id, open_catalog, prepare
from fcc.workspace import show_path


@click.command(
    "run",
    epilog=f"""\b
Examples:
  fcc-agents run devops-deployment
  fcc-agents run devops-deployment --set model=fraud_detector_v3
  fcc-agents run devops-deployment --model openai/gpt-4.1-mini --max-cost 0.50
  fcc-agents run devops-deployment -m local -m pipeline=openai/gpt-4.1
  fcc-agents run devops-deployment --reuse last --plan
  fcc-agents run rollback --on alert.json

{EXIT_CODES}""",
)
@click.argument("chain")
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="The value of one input. May be repeated."
)
@click.option(
    "--inputs",
    "inputs_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Values of inputs, as one YAML or JSON mapping; --set goes over it.",
)
@click.option(
    "--on",
    "events",
    multiple=True,
    metavar="[EVENT=]FILE",
    help="An event that came, by the document that tells of it. May be repeated.",
)
@click.option(
    "--reuse",
    multiple=True,
    metavar="RUN|last",
    help="Take replies from that run wherever a model would be sent the very same. May be repeated.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="DIR", help="The run's folder [.fcc/runs/ID]."
)
@click.option(
    "--id",
    "run_id",
    metavar="ID",
    help="The run's id; made from the time if not given. The same run under the same id goes on.",
)
@running_options
@common_options
def command(
    chain: str,
    settings: tuple[str, ...],
    inputs_file: Path | None,
    events: tuple[str, ...],
    reuse: tuple[str, ...],
    out: Path | None,
    run_id: str | None,
    models: tuple[str, ...],
    approvals: str | None,
    no_input: bool,
    plan_only: bool,
    quiet: bool,
    form: str,
    workspace: Path | None,
    **limits: Any,
) -> int:
    """Run CHAIN, a name or a file, and judge what comes out.

    The outputs, the files found in them and the record are kept in the run's folder. Standard output holds the
    result; progress goes to standard error. A run that was interrupted goes on with the same --id, or with
    fcc-agents resume; what was answered is not asked again.
    """
    catalog = open_catalog(workspace)
    plan = catalog.plan(chain)
    if run_id is None and out is None:
        run_id = new_run_id(time.time())
    folder = out or catalog.workspace.state / "runs" / check_run_id(run_id or "")
    bus = EventBus()
    request = RunRequest(
        plan,
        inputs={**_from_file(inputs_file), **_from_settings(settings, plan.chain)},
        model=models_of(models, plan.chain),
        out=folder,
        run_id=run_id,
        bus=bus,
        workspace=catalog.workspace,
        on=_documents(events, plan.chain),
        reuse=reuse,
        limits=limits_of(limits),
        approver=person(form, no_input=no_input),
        approvals=approvals_of(approvals, catalog),
    )
    prepared = prepare(request)
    if plan_only:
        from fcc.cli.plan_output import print_plan

        return print_plan(prepared, form)
    return make_run(prepared, bus, form, quiet=quiet)


def _from_file(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    document = _yaml.read(path, show_path(path))
    if not isinstance(document.data, dict):
        raise ConfigError(
            f"{document.name} must be one mapping of input names to values", hint="Write it as name: value."
        )
    return document.data


def _from_settings(settings: tuple[str, ...], chain: Chain) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise ConfigError(f"--set {setting!r} has no value", hint="Write --set name=value.")
        spec = chain.inputs.get(name)
        typed = spec is not None and spec.type != "string"
        values[name] = _yaml.parse(text, f"--set {name}").data if typed else text
    return values


def _documents(texts: tuple[str, ...], chain: Chain) -> dict[str, Any]:
    """The documents of the events that came: `FILE` alone where the chain knows just one event."""
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, path = text.partition("=")
        if not equals or Path(text).is_file():
            if len(chain.events) != 1:
                known = ", ".join(chain.events) or "none"
                raise ConfigError(
                    f"--on {text!r} does not say which event it tells of",
                    hint=f"Write --on EVENT=FILE; the events of {chain.name} are: {known}.",
                )
            name, path = next(iter(chain.events)), text
        found[name] = _document(Path(path))
    return found


def _document(path: Path) -> Any:
    shown = show_path(path)
    text = _yaml.read_text(path, shown)
    if path.suffix != ".json":
        data = _yaml.parse(text, shown).data
    else:
        try:
            data = json.loads(text)
        except json.JSONDecodeError as error:
            raise InvalidFileError(
                [Problem(shown, error.lineno, error.colno, f"not JSON: {error.msg}")]
            ) from None
        except RecursionError:
            raise InvalidFileError([Problem(shown, 1, 1, "nested too deeply")]) from None
    if not isinstance(data, dict):
        raise InvalidFileError([Problem(shown, 1, 1, "the document of an event is one mapping")])
    return data
