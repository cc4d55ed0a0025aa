"""What answers for each step: models by name, profiles, plugins, providers; and the order of their wrappers."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fcc import _yaml
from fcc.agents import Plan, PlannedStep
from fcc.errors import ConfigError, NotFoundError
from fcc.providers.base import Provider
from fcc.providers.wrapper import innermost
from fcc.simulation import Backend, RunOrder, RunRecord
from fcc.wiring.catalog import Catalog
from fcc.workspace import show_path

if TYPE_CHECKING:
    from fcc.providers.cassettes import Deck
    from fcc.providers.profile import Profile
    from fcc.wiring.preparing import RunRequest

DETERMINISTIC = "deterministic"

EVERY_STEP = "*"
"""In a mapping of steps to models: every step that it does not name."""

Model = str | Provider
"""What answers: a model string, the name of a profile or a plugin, or a provider itself."""


class Backends:
    """What answers for each step; one provider for each model, however many steps use it."""

    def __init__(
        self,
        asked: Mapping[str, tuple[Model, ...]],
        catalog: Callable[[], Catalog],
        profiles: Mapping[str, Any] | None = None,
    ) -> None:
        self._catalog = catalog
        self._held = {name: _profile(data) for name, data in (profiles or {}).items()}
        """Profiles of a record, which go before those of the workspace."""
        self._deck = deck_in_use()
        self._made: dict[str, Backend] = {}
        self._given: dict[int, Backend] = {}
        self.profiles: dict[str, Any] = {}
        """The profiles that were used, as a record keeps them."""
        self.asked = {step: tuple(map(_name, models)) for step, models in asked.items()}
        """The models by name; "" stands for a provider that was given."""
        self.by_step = {
            step: tuple(self._backend(model) for model in models) for step, models in asked.items()
        }

    @classmethod
    def of_run(
        cls, plan: Plan, model: Model | Mapping[str, Model] | None, catalog: Callable[[], Catalog]
    ) -> Backends:
        """What answers in a run that asks for these models.

        Raises:
            NotFoundError: a step that the chain does not have; a name that is a near miss of one that is known.
            ConfigError: what is no model.
        """
        wanted = model if isinstance(model, Mapping) else ({} if model is None else {EVERY_STEP: model})
        names = [planned.name for planned in plan.steps]
        for step in wanted:
            if step not in names and step != EVERY_STEP:
                near = _yaml.suggestion(step, names)
                raise NotFoundError(f"the chain {plan.chain.name!r} has no step {step!r}{near}")
        return cls({step.name: _choices(step, wanted, plan) for step in plan.steps}, catalog)

    @classmethod
    def of_record(
        cls,
        plan: Plan,
        record: RunRecord,
        model: Model | Mapping[str, Model] | None,
        catalog: Callable[[], Catalog],
    ) -> Backends:
        """What answers where a run goes on: the models that its record names, unless others are asked for.

        Raises:
            ConfigError: a step was answered by a provider of the caller's own, or would be by another backend now.
        """
        wanted = model if isinstance(model, Mapping) else ({} if model is None else {EVERY_STEP: model})
        asked: dict[str, tuple[Model, ...]] = {}
        for planned in plan.steps:
            given = wanted.get(planned.name, wanted.get(EVERY_STEP))
            asked[planned.name] = (given,) if given is not None else record.asked.get(planned.name, ("",))
            if "" in asked[planned.name]:
                raise ConfigError(
                    f"step {planned.name!r} was answered by {record.models.get(planned.name, 'a provider')}, "
                    "which the record can't hold",
                    hint="Give what answers: resume(…, model=…) in Python, or --model.",
                )
        made = cls(asked, catalog, record.profiles)
        for step, backends in made.by_step.items():
            given = wanted.get(step, wanted.get(EVERY_STEP))
            now, then = backends[0].provider.identity, record.models.get(step, "")
            if given is None and now != then:
                raise ConfigError(
                    f"in this run step {step!r} asks {then}, and would now ask {now}",
                    hint="Set the environment (OPENAI_BASE_URL) as it was, or choose with --model.",
                )
        return made

    @property
    def offline(self) -> bool:
        """Whether every step is answered by what never waits: the deterministic provider, or a recording."""
        if self._deck is not None:
            return not self._deck.waits
        return self.only_stands_in

    @property
    def only_stands_in(self) -> bool:
        """Whether every step is answered by the deterministic provider."""
        return all(is_stand_in(name) for names in self.asked.values() for name in names)

    @property
    def identities(self) -> dict[str, str]:
        """The identity of the provider of each step."""
        return {step: backends[0].provider.identity for step, backends in self.by_step.items()}

    def _backend(self, model: Model) -> Backend:
        if id(model) in self._given:
            return self._given[id(model)]
        if not model or not (isinstance(model, str) or hasattr(model, "complete")):
            raise ConfigError(
                f"{model!r} is no model", hint="Give a model's name, a profile's, or a provider."
            )
        if not isinstance(model, str):
            self._given[id(model)] = Backend(self._in_deck(model))
            return self._given[id(model)]
        if model not in self._made:
            profile = self._profile_of(model)
            if profile is not None:
                self.profiles[model] = profile.model_dump(mode="json", exclude_defaults=True)
            self._made[model] = self._replayed(model, profile) or self._live_backend(model, profile)
        return self._made[model]

    def _profile_of(self, model: str) -> Profile | None:
        """The profile of that name: a record's, else the workspace's, else, in a replay, the one that its cassette holds.

        Never that one for a call that is made: a file would say where a key is sent.
        """
        if is_stand_in(model):
            return None
        found = self._held.get(model) or self._catalog().profile(model)
        deck = self._deck
        if found is None and deck is not None and not deck.records and model in deck.cassette.profiles:
            return _profile(deck.cassette.profiles[model])
        return found

    def _replayed(self, model: str, profile: Profile | None) -> Backend | None:
        """What answers for a model whose backend a cassette knows, without making it: it may need what is not here."""
        deck = self._deck
        if deck is None or deck.records or deck.door != "metadata":
            return None
        held = deck.cassette.backends.get(model)
        if held is None:
            return None
        from fcc.providers.cassettes import ReplayProvider

        replay = ReplayProvider(deck, held["identity"])
        if profile is None:
            return Backend(replay, held["model"])
        return Backend(replay, profile.model, profile.to_sampling())

    def _live_backend(self, model: str, profile: Profile | None) -> Backend:
        made = make_backend(model, profile, self._catalog)
        return made._replace(provider=self._in_deck(made.provider, model))

    def _in_deck(self, provider: Provider, model: str = "") -> Provider:
        """The provider, recorded or replayed where a cassette is in use: the outermost of its wrappers."""
        deck = self._deck
        if deck is None:
            return provider
        from fcc.providers.cassettes import RecordingProvider, ReplayProvider

        if deck.records:
            return RecordingProvider(provider, deck)
        identity = deck.cassette.backends.get(model, {}).get("identity", provider.identity)
        wire = getattr(innermost(provider), "without_key", None) if deck.door == "wire" else None
        return ReplayProvider(deck, identity, wire() if wire is not None else None)

    @property
    def records(self) -> bool:
        """Whether a cassette records what answers."""
        return self._deck is not None and self._deck.records

    @property
    def holds_replies(self) -> bool:
        """Whether a cassette is in use that holds a run's replies."""
        return self._deck is not None and bool(self._deck.cassette.runs)

    @property
    def replays(self) -> str:
        """The cassette that answers; "" where models do."""
        return show_path(self._deck.path) if self._deck is not None and not self._deck.records else ""

    def announce(self, plan: Plan, order: RunOrder, request: RunRequest) -> None:
        """Tell the cassette that records a run, if any, what the run is made of: it may break off.

        Raises:
            SecretFoundError: that holds what looks like a secret, and could not be saved; nothing was asked yet.
        """
        deck = self._deck
        if deck is None or not deck.records:
            return
        from fcc.providers.cassettes.saving import check_head
        from fcc.simulation.recorded import head_of

        more: dict[str, Any] = {"backends": self.kept}
        if request.approvals is not None:
            more["decides"] = request.approvals.model_dump(mode="json", exclude_defaults=True)
        source = request.source or self._catalog().path_of(request.chain)
        if source is not None:
            more["source"] = Path(os.path.relpath(source, deck.path.parent)).as_posix()
        deck.head = head_of(plan, order) | more
        check_head(deck)

    def note(self, record: RunRecord) -> None:
        """Give a run that has ended to the cassette that records it, if any."""
        deck = self._deck
        if deck is None or not deck.records:
            return
        from fcc.simulation.recorded import kept_run

        streamed = {call.id for call in deck.new if call.streamed}
        deck.add_run({**deck.head, **kept_run(record, streamed)}, whole=is_whole(record))

    @property
    def kept(self) -> dict[str, dict[str, str]]:
        """What a cassette keeps of each backend that has a name: its identity, and the model's name."""
        return {
            name: {"identity": backend.provider.identity, "model": backend.model}
            for name, backend in self._made.items()
        }

    @property
    def idle_defects(self) -> list[str]:
        """What is to be said of seeded defects that no reply had a place for."""
        made = [innermost(backend.provider) for backend in self._made.values()]
        return [said for provider in made if (said := getattr(provider, "idle_defect", ""))]

    def check_prices(self) -> None:
        """Nothing, if no model is known to have an unknown price: a limit on cost could not be held.

        Raises:
            ConfigError: one has; nothing was spent.
        """
        for name, backend in self._made.items():
            estimate = getattr(innermost(backend.provider), "estimate_cost", None)
            if estimate is not None and estimate(1000, 1000) is None:
                raise ConfigError(
                    f"the price of {name} is not known, so that max-cost can't be held",
                    hint="Give a `price` in a profile, or limit tokens: --max-tokens.",
                )

    async def close(self) -> None:
        """Close the connections of the providers that were made here."""
        for backend in self._made.values():
            close = getattr(backend.provider, "aclose", None)
            if close is not None:
                await close()


def make_backend(model: str, profile: Profile | None, catalog: Callable[[], Catalog]) -> Backend:
    """What answers for a model: `deterministic` (with a defect: `deterministic:wrong-port`), a profile's name, a
    plugin's, or a LiteLLM model string.

    Raises:
        NotFoundError: the name is a near miss of one that is known here.
    """
    if is_stand_in(model):
        from fcc.providers.deterministic import DeterministicProvider

        return Backend(DeterministicProvider(model.partition(":")[2]))
    if profile is not None:
        return _from_profile(model, profile)
    plugin = _plugin(model)
    if plugin is not None:
        return Backend(plugin)
    known = [DETERMINISTIC, *catalog().workspace.files("providers")]
    near = difflib.get_close_matches(model, known, n=1, cutoff=0.88)
    if near and "/" not in model and model[-1:].isalpha():
        raise NotFoundError(
            f"no model or profile is called {model!r}; did you mean {near[0]}?",
            hint="See the profiles: fcc-agents list providers. LiteLLM's models are written provider/name.",
        )
    return Backend(_live(model), model)


def is_stand_in(model: str) -> bool:
    """Whether a name stands for the deterministic provider, with or without a defect: `deterministic:wrong-port`."""
    return model.partition(":")[0] == DETERMINISTIC


def is_whole(record: RunRecord) -> bool:
    """Whether a run asked all that it was to ask, and everything answered."""
    return record.status == "completed" and not any(step.unanswered for step in record.steps)


def deck_in_use() -> Deck | None:
    """The cassette that is in use; its module is not imported for that, since none can be in use before it is."""
    module: Any = sys.modules.get("fcc.providers.cassettes.deck")
    deck: Deck | None = module.deck_in_use() if module is not None else None
    return deck


def _choices(planned: PlannedStep, wanted: Mapping[str, Model], plan: Plan) -> tuple[Model, ...]:
    """The step's own model if the caller names one, else the caller's, the step's, the chain's, the default."""
    choices: Iterable[Model | None] = (
        wanted.get(planned.name),
        wanted.get(EVERY_STEP),
        planned.step.model,
        plan.chain.model,
        DETERMINISTIC,
    )
    first = next(choice for choice in choices if choice is not None)
    return (first, *(planned.step.fallback or plan.chain.fallback))


def _profile(data: Any) -> Profile:
    from fcc.providers.profile import Profile

    return Profile.model_validate(data)


def _name(model: Model) -> str:
    return model if isinstance(model, str) else ""


def _live(model: str, limits: Any = None, **options: Any) -> Provider:
    """Retry around limits around LiteLLM: each attempt counts against the limits."""
    from fcc.providers.litellm import LiteLLMProvider
    from fcc.providers.retry import RetryingProvider

    retry = {key: options.pop(key) for key in ("attempts", "budget") if key in options}
    provider: Provider = LiteLLMProvider(model, **options)
    if limits is not None:
        from fcc.providers.limits import LimitedProvider

        provider = LimitedProvider(provider, **limits)
    return RetryingProvider(provider, **retry)


def _from_profile(name: str, profile: Profile) -> Backend:
    from fcc.providers.litellm import Price

    provider = _live(
        profile.model,
        profile.limits.model_dump() if profile.limits is not None else None,
        api_base=profile.api_base,
        api_key_env=profile.api_key_env,
        endpoint=name,
        timeout=profile.timeout,
        price=Price(**profile.price.model_dump()) if profile.price else None,
        schemas=profile.schemas,
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
