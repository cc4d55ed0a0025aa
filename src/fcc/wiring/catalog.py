"""The one composition root: builds the real things for Python, the command and the tests."""

from __future__ import annotations

import difflib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from fcc import _yaml
from fcc._sync import run_sync
from fcc.agents import Chain, Plan, PlannedStep, ReadinessPolicy, make_plan
from fcc.agents.plan import check_name
from fcc.errors import ConfigError, NotFoundError
from fcc.messaging import EventBus
from fcc.personas import PersonaRegistry
from fcc.prompts import PromptLibrary
from fcc.providers.base import Provider
from fcc.simulation import Assessor, Backend, RunFolder, Runner, RunRecord
from fcc.simulation.run_folder import RUN_ID
from fcc.workspace import Workspace, show_path

DETERMINISTIC = "deterministic"

EVERY_STEP = "*"
"""In a mapping of steps to models: every step that it does not name."""

Model = str | Provider
"""What answers: a model string, the name of a profile or a plugin, or a provider itself."""


@dataclass(frozen=True)
class Catalog:
    """Everything that is found in a workspace and among the built-ins, read when it is first asked for."""

    workspace: Workspace

    @cached_property
    def personas(self) -> PersonaRegistry:
        """The built-in personas, overlaid by the workspace's."""
        return PersonaRegistry.from_workspace(self.workspace)

    @cached_property
    def prompts(self) -> PromptLibrary:
        """The built-in prompts, overlaid by the workspace's."""
        return PromptLibrary(self.workspace)

    def policy(self, name: str) -> ReadinessPolicy:
        """The readiness policy of that name."""
        return ReadinessPolicy.from_file(self.workspace.get("evaluations", name).path)

    def plan(self, chain: str | Path | Chain) -> Plan:
        """The plan of a chain, given itself, by name, or as the path of its file.

        Raises:
            NotFoundError: there is no such chain.
            InvalidFileError: the chain, or something that it names, is wrong; every problem with its place.
        """
        made, document = (chain, None) if isinstance(chain, Chain) else self.chain(chain)
        return make_plan(
            made, persona=self.personas.get, prompt=self.prompts.get, policy=self.policy, document=document
        )

    def chain(self, chain: str | Path) -> tuple[Chain, _yaml.Document]:
        """A chain and the document it was read from, by name or by path (`.yaml`, or with a `/` in it)."""
        text = str(chain)
        if isinstance(chain, Path) or text.endswith((".yaml", ".yml")) or os.sep in text:
            path = Path(chain)
            if not path.is_file():
                raise NotFoundError(f"there is no chain file {text}", hint="Check the path; or name a chain.")
            document = _yaml.read(path, show_path(path))
            return _yaml.build(Chain, document), document
        file = self.workspace.get("agents", text)
        document = _yaml.read(file.path, file.shown)
        made = _yaml.build(Chain, document)
        check_name(made, document, file.name)
        return made, document

    def backend(self, model: str) -> Backend:
        """What answers for a model: `deterministic`, a profile's name, a plugin's, or a LiteLLM model string.

        Raises:
            NotFoundError: the name is a near miss of one that is known here.
        """
        if model == DETERMINISTIC:
            from fcc.providers.deterministic import DeterministicProvider

            return Backend(DeterministicProvider())
        profiles = self.workspace.files("providers")
        if model in profiles:
            return _from_profile(model, profiles[model].path)
        plugin = _plugin(model)
        if plugin is not None:
            return Backend(plugin)
        near = difflib.get_close_matches(model, [DETERMINISTIC, *profiles], n=1, cutoff=0.88)
        if near and "/" not in model and model[-1:].isalpha():
            raise NotFoundError(
                f"no model or profile is called {model!r}; did you mean {near[0]}?",
                hint="See the profiles: fcc-agents list providers. LiteLLM's models are written provider/name.",
            )
        return Backend(_live(model), model)


def open_catalog(workspace: Workspace | Path | str | None = None) -> Catalog:
    """The catalog of a workspace; by default, of the nearest one at or above the working directory."""
    if isinstance(workspace, Workspace):
        return Catalog(workspace)
    return Catalog(Workspace.find() if workspace is None else Workspace.at(Path(workspace)))


async def arun(
    chain: str | Path | Chain | Plan,
    *,
    inputs: Mapping[str, Any] | None = None,
    model: Model | Mapping[str, Model] | None = None,
    out: Path | str | None = None,
    run_id: str | None = None,
    bus: EventBus | None = None,
    workspace: Workspace | Path | str | None = None,
    assess: bool = True,
) -> RunRecord:
    """Run a chain and return its record.

    Args:
        chain: a chain, a plan, the name of a chain, or the path of a chain file.
        inputs: values for the chain's inputs; what is left out takes its default.
        model: what answers: `deterministic` (the default), a LiteLLM model string, the name of a profile or of a
            plugin, or a provider. A mapping names steps; `"*"` in it stands for those it does not name.
        out: the run's folder; without one, nothing is written.
        run_id: 1 to 64 of `A-Za-z0-9._-`; made from the time if not given.
        bus: where events are published.
        workspace: whose content is used; by default, that of the nearest workspace, over the built-ins.
        assess: whether outputs are scored; without scores the record has no verdict.

    Returns:
        The record. An outage is no exception here: the verdict is NO VERDICT, and the step says why.

    Raises:
        ConfigError: something is wrong with the chain, its inputs or the options; nothing was run.
        StorageError: a result could not be written.
    """
    return await _prepare(chain, inputs, model, out, run_id, bus, workspace, assess).go()


def run(
    chain: str | Path | Chain | Plan,
    *,
    inputs: Mapping[str, Any] | None = None,
    model: Model | Mapping[str, Model] | None = None,
    out: Path | str | None = None,
    run_id: str | None = None,
    bus: EventBus | None = None,
    workspace: Workspace | Path | str | None = None,
    assess: bool = True,
) -> RunRecord:
    """Run a chain and return its record: `arun` for code that is not async, also in a notebook."""
    prepared = _prepare(chain, inputs, model, out, run_id, bus, workspace, assess)
    return run_sync(prepared.go(), suspends=not prepared.offline)


class _Prepared(NamedTuple):
    """A run with everything that it needs; nothing has been asked yet."""

    runner: Runner
    plan: Plan
    inputs: Mapping[str, Any]
    run_id: str
    backends: _Backends
    folder: RunFolder | None

    @property
    def offline(self) -> bool:
        """Whether every step is answered by the deterministic provider, which never waits."""
        return self.backends.names == {DETERMINISTIC}

    async def go(self) -> RunRecord:
        """The record of the run."""
        try:
            return await self.runner.run(self.plan, self.inputs, self.run_id)
        finally:
            await self.backends.close()
            if self.folder is not None:
                self.folder.close()


def _prepare(
    chain: str | Path | Chain | Plan,
    inputs: Mapping[str, Any] | None,
    model: Model | Mapping[str, Model] | None,
    out: Path | str | None,
    run_id: str | None,
    bus: EventBus | None,
    workspace: Workspace | Path | str | None,
    assess: bool,
) -> _Prepared:
    plan = chain if isinstance(chain, Plan) else open_catalog(workspace).plan(chain)
    values = plan.chain.resolve_inputs(inputs or {})
    backends = _Backends(workspace, plan, model)
    identifier = check_run_id(run_id) if run_id is not None else new_run_id(time.time())
    folder = RunFolder.create(Path(out)) if out is not None else None
    runner = Runner(
        backend=backends.by_step.__getitem__,
        clock=time.time,
        assessor=_assessor() if assess else None,
        bus=bus or EventBus(),
        log=folder.log if folder else None,
        save=folder.save if folder else None,
    )
    return _Prepared(runner, plan, values, identifier, backends, folder)


def new_run_id(now: float) -> str:
    """An id that sorts by time and that two runs of one second don't share: `20260131-090000-1f3a`."""
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}-{os.urandom(2).hex()}"


def check_run_id(run_id: str) -> str:
    """The id, if it is one.

    Raises:
        ConfigError: it isn't.
    """
    if not RUN_ID.fullmatch(run_id) or set(run_id) <= {"."}:
        raise ConfigError(
            f"{run_id!r} is no run id", hint="Use 1 to 64 letters, digits, dots, underscores and hyphens."
        )
    return run_id


class _Backends:
    """What answers for each step; one provider for each model, however many steps use it."""

    def __init__(
        self, workspace: Workspace | Path | str | None, plan: Plan, model: Model | Mapping[str, Model] | None
    ) -> None:
        asked = model if isinstance(model, Mapping) else ({} if model is None else {EVERY_STEP: model})
        for step in asked:
            if step not in plan.chain.steps and step != EVERY_STEP:
                near = _yaml.suggestion(step, list(plan.chain.steps))
                raise NotFoundError(f"the chain {plan.chain.name!r} has no step {step!r}{near}")
        self._workspace = workspace
        self._made: dict[str, Backend] = {}
        self.names: set[str] = set()
        """The models by name; "" stands for a provider that was given."""
        self.by_step = {step.name: self._for_step(step, asked, plan.chain.model) for step in plan.steps}

    @cached_property
    def _catalog(self) -> Catalog:
        return open_catalog(self._workspace)

    def _for_step(self, planned: PlannedStep, asked: Mapping[str, Model], chain_model: str | None) -> Backend:
        """The step's own model if the caller names one, else the caller's, the step's, the chain's, the default."""
        choices = (
            asked.get(planned.name),
            asked.get(EVERY_STEP),
            planned.step.model,
            chain_model,
            DETERMINISTIC,
        )
        named = next(choice for choice in choices if choice is not None)
        if not named or not isinstance(named, str | Provider):
            raise ConfigError(
                f"{named!r} is no model", hint="Give a model's name, a profile's, or a provider."
            )
        self.names.add(named if isinstance(named, str) else "")
        if not isinstance(named, str):
            return Backend(named)
        if named not in self._made:
            self._made[named] = self._catalog.backend(named)
        return self._made[named]

    async def close(self) -> None:
        """Close the connections of the providers that were made here."""
        for backend in self._made.values():
            close = getattr(backend.provider, "aclose", None)
            if close is not None:
                await close()


def _assessor() -> Assessor:
    from fcc.evaluations.assessor import TextAssessor

    return TextAssessor()


def _live(model: str, **options: Any) -> Provider:
    from fcc.providers.litellm import LiteLLMProvider
    from fcc.providers.retry import RetryingProvider

    retry = {key: options.pop(key) for key in ("attempts", "budget") if key in options}
    return RetryingProvider(LiteLLMProvider(model, **options), **retry)


def _from_profile(name: str, path: Path) -> Backend:
    from fcc.providers.litellm import Price
    from fcc.providers.profile import Profile

    profile = Profile.from_file(path)
    provider = _live(
        profile.model,
        api_base=profile.api_base,
        api_key_env=profile.api_key_env,
        endpoint=name,
        timeout=profile.timeout,
        price=Price(**profile.price.model_dump()) if profile.price else None,
        attempts=profile.attempts,
        budget=profile.retry_for,
    )
    return Backend(provider, profile.model, profile.to_sampling())


def _plugin(name: str) -> Provider | None:
    """The provider that a plugin registers as an entry point `fcc.providers`, if there is one of that name."""
    from importlib.metadata import entry_points

    for entry in entry_points(group="fcc.providers", name=name):
        try:
            made: Provider = entry.load()()
        except Exception as error:  # somebody else's code: whatever it raises, the plugin can't be used
            what = f"the plugin {name!r} ({entry.value}) can't be loaded: {type(error).__name__}: {error}"
            raise ConfigError(what, hint="Mend or uninstall it.") from error
        return made
    return None


__all__ = ["Catalog", "arun", "check_run_id", "new_run_id", "open_catalog", "run"]
