"""What a new run is given: its inputs, the documents of its events, its limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fcc import _yaml
from fcc.agents import Chain
from fcc.agents.chain import is_json
from fcc.agents.flow import RunLimits
from fcc.errors import ConfigError, NotFoundError
from fcc.simulation import RunRecord
from fcc.wiring.catalog import Catalog

if TYPE_CHECKING:
    from fcc.wiring.preparing import RunRequest


def inputs_of(request: RunRequest, chain: Chain, catalog: Callable[[], Catalog]) -> dict[str, Any]:
    """The value of every input, with what comes from earlier runs.

    Raises:
        ConfigError: one is unknown, missing, or not what it must be.
    """
    given = request.inputs
    if request.inputs_from is not None:
        from fcc.wiring.earlier import inputs_from

        given = {**inputs_from(request.inputs_from, chain, catalog).inputs, **given}
    if any(spec.type == "run" for spec in chain.inputs.values()):
        from fcc.wiring.earlier import with_runs

        given = with_runs(chain, given, _held(request, chain), catalog)
    return chain.resolve_inputs(given)


def _held(request: RunRequest, chain: Chain) -> Mapping[str, Any]:
    """The inputs of the run that its folder holds already: it may be this one, going on."""
    path = Path(request.out) / "run.json" if request.out is not None and request.run_id is not None else None
    if path is None or not path.is_file():
        return {}
    record = RunRecord.read(path)
    return record.inputs if record.chain["name"] == chain.name else {}


def documents_of(chain: Chain, given: Mapping[str, Any]) -> dict[str, Any]:
    """The documents of the events that came.

    Raises:
        NotFoundError: the chain has no such event.
        ConfigError: one is no JSON mapping.
    """
    for name in given:
        if name not in chain.events:
            near = _yaml.suggestion(name, list(chain.events))
            raise NotFoundError(f"the chain {chain.name!r} has no event {name!r}{near}")
        if not isinstance(given[name], Mapping) or not is_json(given[name]):
            raise ConfigError(
                f"the document of the event {name!r} is no JSON mapping in UTF-8, nested at most 100 deep",
                hint="NaN, infinity, dates and halves of surrogate pairs are no JSON.",
            )
    return dict(given)


def limits_of(base: RunLimits, given: RunLimits | None) -> RunLimits:
    """The limits of a chain, with those that are given over them."""
    if given is None:
        return base
    return base.model_copy(update={name: getattr(given, name) for name in given.model_fields_set})
