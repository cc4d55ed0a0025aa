"""What `run`, `record` and `replay` share: the options that say what is run, and the request that they make."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from fcc import _yaml
from fcc.agents import Chain, Plan
from fcc.cli.run_options import approvals_of, limits_of, models_of, person
from fcc.errors import ConfigError, InvalidFileError, Problem
from fcc.messaging import EventBus
from fcc.redaction import printable
from fcc.wiring import Catalog, RunRequest, check_run_id, new_run_id
from fcc.workspace import show_path

F = TypeVar("F", bound=Callable[..., Any])


def starting_options(function: F) -> F:
    """The options that say what a new run is given, and where it goes."""
    options = [
        click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="The value of one input. May be repeated."),
        click.option(
            "--inputs", "inputs_file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
            help="Values of inputs, as one YAML or JSON mapping; --set goes over it.",
        ),
        click.option(
            "--inputs-from", metavar="RUN|last",
            help="Take inputs from the structured data of a finished run; --inputs and --set go over them.",
        ),
        click.option(
            "--on", "events", multiple=True, metavar="[EVENT=]FILE",
            help="An event that came, by the document that tells of it. May be repeated.",
        ),
        click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="The run's folder [.fcc/runs/ID]."),
        click.option(
            "--id", "run_id", metavar="ID",
            help="The run's id; made from the time if not given. The same run under the same id goes on.",
        ),
    ]  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


def repeated(options: dict[str, Any]) -> str:
    """What a command line gave that its repetition needs, too: inputs, events, models, approvals; with a space in front."""
    words = [word for text in options["settings"] for word in ("--set", text)]
    words += ["--inputs", str(options["inputs_file"])] if options["inputs_file"] else []
    words += ["--inputs-from", options["inputs_from"]] if options["inputs_from"] else []
    words += [word for text in options["events"] for word in ("--on", text)]
    words += [word for text in options["models"] for word in ("--model", text)]
    words += ["--approvals", options["approvals"]] if options["approvals"] else []
    return f" {shlex.join(words)}" if words else ""


def new_request(catalog: Catalog, plan: Plan, bus: EventBus, options: dict[str, Any]) -> RunRequest:
    """The run that the options of a command line ask for."""
    run_id, out = options["run_id"], options["out"]
    if run_id is None and out is None:
        run_id = new_run_id(time.time())
    folder = out or catalog.workspace.state / "runs" / check_run_id(run_id or "")
    return RunRequest(
        plan,
        inputs={
            **_from_run(catalog, plan.chain, options),
            **_from_file(options["inputs_file"]),
            **_from_settings(options["settings"], plan.chain),
        },
        model=models_of(options["models"], plan.chain),
        out=folder,
        run_id=run_id,
        bus=bus,
        workspace=catalog.workspace,
        on=_documents(options["events"], plan.chain),
        reuse=options.get("reuse", ()),
        limits=limits_of(options),
        approver=person(options["form"], no_input=options["no_input"]),
        approvals=approvals_of(options["approvals"], catalog),
        stream=options["stream"],
    )


def _from_run(catalog: Catalog, chain: Chain, options: dict[str, Any]) -> dict[str, Any]:
    """The inputs that come from an earlier run; said on standard error."""
    if options["inputs_from"] is None:
        return {}
    from fcc.wiring.earlier import inputs_from

    found = inputs_from(options["inputs_from"], chain, lambda: catalog)
    if not options["quiet"]:
        click.echo(printable(str(found)), err=True)
    return found.inputs


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
        typed = spec is not None and spec.type not in {"string", "run"}
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
