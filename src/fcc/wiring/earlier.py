"""Earlier runs as inputs of a new one: whole, as an input of `type: run`, or by their structured data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from fcc.agents import Chain, ChainInput
from fcc.errors import ConfigError, FccError, NotFoundError
from fcc.simulation import RunRecord
from fcc.simulation.run_folder import find_run, list_runs
from fcc.simulation.world import taken
from fcc.wiring.catalog import Catalog

Run = str | Path | RunRecord
"""A run: its id, `last`, its folder, or the record itself."""

LAST = "last"


def run_value(record: RunRecord) -> dict[str, Any]:
    """A finished run as an input: what it was given, what it decided, its outputs and its files."""
    specs: Mapping[str, Any] = record.chain.get("inputs", {})
    steps = [step for step in record.steps if step.status == "completed" and step.gate is None]
    return {
        "id": record.id,
        "chain": str(record.chain["name"]),
        "decision": record.verdict.decision if record.verdict is not None else "NO VERDICT",
        "started": record.started,
        "inputs": {
            name: value["id"] if specs.get(name, {}).get("type") == "run" else value
            for name, value in record.inputs.items()
        },
        "outputs": {step.name: step.output for step in steps},
        "files": [
            {"step": step.name, "path": artifact.path, "kind": artifact.kind, "text": artifact.content}
            for step in steps
            for artifact in step.artifacts
        ],
    }


def with_runs(
    chain: Chain, given: Mapping[str, Any], held: Mapping[str, Any], catalog: Callable[[], Catalog]
) -> dict[str, Any]:
    """The inputs that are given, with each run in full; one that is not given is the newest of its chain.

    Args:
        chain: whose inputs they are.
        given: the inputs by name; a run by its id, `last`, its folder, as a record, or in full.
        held: the inputs of the same run, where it goes on: it keeps the runs that it has begun with.
        catalog: where runs are looked for.

    Raises:
        ConfigError: a run is of another chain, is not completed, or there is none.
        NotFoundError: there is no run of that name.
    """
    found = dict(given)
    for name, spec in chain.inputs.items():
        if spec.type != "run":
            continue
        value = given.get(name)
        if value is None and name in held:
            found[name] = held[name]
        elif value is None and spec.chain is None:
            raise ConfigError(
                f"the input {name!r} is an earlier run, and none was given",
                hint=f"Give one: --set {name}=RUN, with its id, `last`, or its folder.",
            )
        elif value is None or isinstance(value, str | Path | RunRecord):
            found[name] = run_value(_run_of(name, value or LAST, spec, catalog))
    return found


def _run_of(name: str, run: Run, spec: ChainInput, catalog: Callable[[], Catalog]) -> RunRecord:
    record = finished_run(run, catalog, spec.chain, name)
    if spec.chain is not None and record.chain["name"] != spec.chain:
        raise ConfigError(
            f"the input {name!r} is a run of {spec.chain!r}, and {record.id} is one of {record.chain['name']!r}",
            hint=f"Name another: --set {name}=RUN; see fcc-agents list runs.",
        )
    return record


def finished_run(
    run: Run, catalog: Callable[[], Catalog], chain: str | None = None, name: str = ""
) -> RunRecord:
    """The record of a completed run; `last` is the newest one, of that chain where one is named.

    Raises:
        NotFoundError: there is none.
        ConfigError: it was not completed.
    """
    if run == LAST:
        return _newest(catalog(), chain, name)
    if isinstance(run, RunRecord):
        record = run
    else:
        record = RunRecord.read(find_run(str(run), catalog().workspace.state / "runs") / "run.json")
    if record.status != "completed":
        raise ConfigError(
            f"the run {record.id} is {record.status}, and what comes of it is not known yet",
            hint=f"Go on with it first: fcc-agents resume {record.id}",
        )
    return record


def _newest(catalog: Catalog, chain: str | None, name: str) -> RunRecord:
    for folder in list_runs(catalog.workspace.state / "runs"):
        try:
            record = RunRecord.read(folder / "run.json")
        except FccError:
            continue  # one that is damaged is none that could be meant
        if record.status == "completed" and (chain is None or record.chain["name"] == chain):
            return record
    instead = f"; or name a run: --set {name}=RUN" if name else ""
    of = f" of {chain}" if chain is not None else ""
    raise NotFoundError(
        f"{f'the input {name!r} is an earlier run, and ' if name else ''}there is no completed run{of} here",
        hint=f"Make one: fcc-agents run {chain or 'CHAIN'}{instead}",
    )


class Taken(NamedTuple):
    """Inputs that come from the data of an earlier run."""

    inputs: dict[str, Any]
    run: str
    steps: Mapping[str, str]
    """The step that each comes from."""

    def __str__(self) -> str:
        parts = (f"{name} (of {step})" for name, step in self.steps.items())
        return f"Inputs from run {self.run}: {', '.join(parts)}"


def inputs_from(run: Run, chain: Chain, catalog: Callable[[], Catalog]) -> Taken:
    """What the structured data of a finished run say of a chain's inputs; of several steps, the last.

    Raises:
        ConfigError: they say nothing of them, or the run was not completed.
        NotFoundError: there is no such run.
    """
    record = finished_run(run, catalog)
    plain = {name: spec for name, spec in chain.inputs.items() if spec.type != "run"}
    found: dict[str, Any] = {}
    steps: dict[str, str] = {}
    for step in record.steps:
        values = taken(step.data, plain) if not step.rehearsal else {}
        found |= values
        steps |= dict.fromkeys(values, step.name)
    if not found:
        raise ConfigError(
            f"the run {record.id} of {record.chain['name']} has no data that are inputs of {chain.name}",
            hint="Name the run of a chain with an `output` schema: --inputs-from RUN. "
            f"The inputs are: {', '.join(plain) or 'none'}.",
        )
    return Taken(found, record.id, steps)
