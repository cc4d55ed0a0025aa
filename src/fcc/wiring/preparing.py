"""Everything that a run needs, put together: a new one, or one that goes on from its record."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fcc._sync import run_sync
from fcc.agents import Chain, GatePolicy, Plan, unfold
from fcc.agents.flow import RunLimits
from fcc.errors import CassetteMissError, ConfigError
from fcc.messaging import EventBus, EventType
from fcc.messaging.events import Event
from fcc.redaction import redact_json, redactor, unchanged
from fcc.simulation import Approval, Approver, Gate, RunFolder, Runner, RunOrder, RunRecord
from fcc.simulation.caller import ledger_name
from fcc.simulation.resolved import differences, plan_of, resolve, without_secrets
from fcc.wiring.backends import Backends, Model, is_whole
from fcc.wiring.catalog import Catalog, open_catalog
from fcc.wiring.given import documents_of, inputs_of, limits_of
from fcc.wiring.ids import check_run_id, new_run_id
from fcc.wiring.replies import (
    Reuse,
    among_runs,
    known_replies,
    ledger_path,
    reference,
    replies_in,
    several,
    stored_replies,
)
from fcc.workspace import Workspace, show_path

if TYPE_CHECKING:
    from fcc.simulation.ledger import Ledger
    from fcc.simulation.preview import Preview
    from fcc.simulation.rehearsing import Rehearser
    from fcc.wiring.standards import Standards

Place = Workspace | Path | str | None
"""A workspace, or where one is."""


@dataclass(frozen=True)
class RunRequest:
    """What is to be run, and how; see `run` for each."""

    chain: str | Path | Chain | Plan
    inputs: Mapping[str, Any] = field(default_factory=dict)
    model: Model | Mapping[str, Model] | None = None
    out: Path | str | None = None
    run_id: str | None = None
    bus: EventBus | None = None
    workspace: Place = None
    assess: bool = True
    on: Mapping[str, Any] = field(default_factory=dict)
    reuse: Reuse = None
    limits: RunLimits | None = None
    approver: Approver | None = None
    approvals: GatePolicy | None = None
    stream: bool = False
    given: tuple[Approval, ...] = ()
    """What was said at gates before; each holds as long as its evidence does."""
    source: Path | None = None
    """The chain's file, where it is known by its path and not by its name."""
    inputs_from: str | Path | RunRecord | None = None
    """A finished run whose structured data are inputs; those that are given go over them."""


@dataclass(frozen=True)
class Prepared:
    """A run with everything that it needs; nothing has been asked yet."""

    plan: Plan
    order: RunOrder
    backends: Backends
    folder: Path | None
    request: RunRequest
    before: tuple[RunRecord, ...] = ()
    """The runs whose replies may be used again."""
    finished: RunRecord | None = None
    """The record, where the run has come to its end already."""
    standards: Standards | None = None
    """By what outputs are judged; None where they are not."""

    async def go(self) -> RunRecord:
        """The record of the run."""
        if self.finished is not None:
            return self.finished
        with ExitStack() as stack:
            folder = self._open(stack)
            ledger = self._ledger(stack)
            order = self.order
            self.backends.announce(self.plan, order, self.request)
            if order.prior is not None:
                paid = (
                    ledger.replies(ledger_name(order.run_id, order.prior.started))
                    if ledger is not None
                    else {}
                )
                order = replace(
                    order, known=order.known._replace(own=paid | replies_in(order.prior, own=True))
                )
            try:
                record = await self._runner(folder, ledger).run(self.plan, order)
            except CassetteMissError as miss:
                from fcc.wiring.cassettes import explained

                raise explained(self, miss) from None
            finally:
                await self.backends.close()
        self._tidy(record)
        self.backends.note(record)
        return record

    def preview(self) -> Preview:
        """What the run would do; asks nobody and writes nothing."""
        from fcc.simulation.preview import preview, preview_finished

        if self.finished is not None:
            return preview_finished(self.finished)
        if self.backends.holds_replies:
            from fcc.wiring.cassettes import ahead_of

            return ahead_of(self)
        order = self.order
        own = (order.prior,) if order.prior is not None else ()
        if order.prior is not None and self.folder is not None:
            paid = stored_replies(self.folder, order.prior) | replies_in(order.prior, own=True)
            order = replace(order, known=order.known._replace(own=paid))
        return preview(self.plan, order, self.backends.by_step, (*own, *self.before))

    @property
    def unit_names(self) -> list[str]:
        """Every unit of work of the run, gates too."""
        return [unit.name for unit in unfold(self.plan, self.order.inputs)]

    def go_sync(self) -> RunRecord:
        """The record of the run, for code that is not async."""
        return run_sync(self.go(), suspends=not self.backends.offline)

    def _open(self, stack: ExitStack) -> RunFolder | None:
        if self.folder is None:
            return None
        prior, anew = self.order.prior, _is_stillborn(self.folder)
        reopen = prior is not None or anew
        folder = RunFolder.reopen(self.folder, anew=anew) if reopen else RunFolder.create(self.folder)
        stack.callback(folder.close)
        if prior is not None and RunRecord.read(self.folder / "run.json") != prior:
            raise ConfigError(
                f"the run {prior.id} has gone on since its record was read",
                hint="See where it is, and resume it again.",
            )
        if folder.torn:
            payload = {"bytes": folder.torn, "what": "a torn last line was taken off"}
            folder.log(Event(EventType.LOG_REPAIRED, "wiring", payload, self.order.run_id))
        return folder

    def _ledger(self, stack: ExitStack) -> Ledger | None:
        if self.folder is None or self.backends.offline:
            return None
        from fcc.simulation.ledger import open_ledger

        ledger = open_ledger(ledger_path(self.folder))
        stack.callback(ledger.release)
        return ledger

    def _tidy(self, record: RunRecord) -> None:
        """Take away the ledger of a folder of its own once the run is over: the record holds every reply."""
        if self.folder is not None and is_whole(record) and not among_runs(self.folder):
            for suffix in ("", "-wal", "-shm"):
                (self.folder / f"ledger.db{suffix}").unlink(missing_ok=True)

    def _runner(self, folder: RunFolder | None, ledger: Ledger | None) -> Runner:
        return Runner(
            backends=self.backends.by_step.__getitem__,
            clock=time.time,
            assessor=self.standards.assessor(self.plan) if self.standards is not None else None,
            gate=_gate(self.request.approvals) if self.plan.has_gates else None,
            approver=self.request.approver,
            rehearser=_rehearser() if self.plan.scenarios else None,
            bus=self.request.bus or EventBus(),
            log=folder.log if folder else None,
            save=folder.save if folder else None,
            ledger=ledger,
            stream=self.request.stream,
            waits=not self.backends.offline,
        )


def prepare(request: RunRequest) -> Prepared:
    """A new run; or one that goes on, where its folder holds it already.

    Raises:
        ConfigError: something is wrong with it; nothing was written.
    """
    catalog = _lazily(request.workspace)
    chain = request.chain
    plan = chain if isinstance(chain, Plan) else catalog().plan(chain)
    backends = Backends.of_run(plan, request.model, catalog)  # first: its profiles say what else is a secret
    redact = redactor()
    if redact is not unchanged and (clear := without_secrets(plan, redact)) is not plan:
        plan, backends = clear, Backends.of_run(clear, request.model, catalog)
    values = redact_json(inputs_of(request, plan.chain, catalog), redact)
    documents = redact_json(documents_of(plan.chain, request.on), redact)
    if request.run_id is not None:
        check_run_id(request.run_id)
    _check_approvals(request.approvals, plan.chain)
    before, known = known_replies(request.reuse, catalog)
    folder = Path(request.out) if request.out is not None else None
    names = zip(several(request.reuse), before, strict=True)
    order = RunOrder(
        request.run_id or new_run_id(time.time()),
        values,
        documents,
        limits_of(plan.chain.limits, request.limits),
        backends.asked,
        backends.profiles,
        tuple(reference(run, record) for run, record in names),
        known=known,
        approvals=request.given,
        cassette=backends.replays,
        redact=redact,
    )
    if order.limits.max_cost is not None:
        backends.check_prices()
    prior = _prior(request, folder, order, plan, backends) if folder is not None else None
    if backends.records and (prior is not None or before):
        raise ConfigError(
            "what is recorded can't go on from another run: its replies were not caught on their way",
            hint="Choose another --id, and no --reuse. What a cassette holds already is kept with --drifted.",
        )
    if prior is not None:
        order = replace(order, run_id=prior.id, prior=prior, reuse=prior.reuse or order.reuse)
    finished = prior if prior is not None and is_whole(prior) else None
    standards = _standards(request, catalog)
    return Prepared(plan, order, backends, folder, request, before, finished, standards)


def prepare_again(folder: Path, request: RunRequest) -> Prepared:
    """A run that goes on, from its record alone.

    Raises:
        ConfigError: it can't; nothing was written.
    """
    record = RunRecord.read(folder / "run.json")
    catalog = _lazily(request.workspace)
    plan = plan_of(record)
    if is_whole(record):
        order = RunOrder(record.id, record.inputs)
        return Prepared(plan, order, Backends({}, catalog), folder, request, finished=record)
    _check_approvals(request.approvals, plan.chain)
    if record.cassette:
        raise ConfigError(
            f"the run {record.id} is a replay of {record.cassette}, which is made anew instead of gone on with",
            hint=f"Replay it: fcc-agents replay {record.cassette}",
        )
    backends = Backends.of_record(plan, record, request.model, catalog)
    limits = RunLimits.model_validate(record.limits)
    before_it, known = known_replies(record.reuse, catalog, missing_ok=True)
    order = RunOrder(
        record.id,
        record.inputs,
        record.documents,
        limits_of(limits, request.limits),
        backends.asked,
        backends.profiles,
        record.reuse,
        record,
        known,
    )
    if order.limits.max_cost is not None:
        backends.check_prices()
    unscored = any(
        step.status == "completed" and step.gate is None and step.score is None and not step.rehearsal
        for step in record.steps
    )
    request = replace(request, assess=request.assess and not unscored)
    return Prepared(plan, order, backends, folder, request, before_it, standards=_standards(request, catalog))


def _check_approvals(policy: GatePolicy | None, chain: Chain) -> None:
    if policy is not None:
        from fcc.agents.policies import check_for_chain

        check_for_chain(policy, chain)


def edited_since(record: RunRecord, catalog: Catalog) -> list[str]:
    """What has been edited since a run began, of all that its chain names: `persona PBD`, `prompt system`."""
    try:
        now = resolve(catalog.plan(str(record.chain["name"])))
    except (ConfigError, OSError):
        return []
    found = ["the chain"] if now["chain"] != record.chain else []
    nouns = {"personas": "persona", "prompts": "prompt", "policies": "policy", "scenarios": "scenario"}
    for part, noun in nouns.items():
        held: Mapping[str, Any] = getattr(record, part)
        found += [f"{noun} {name}" for name, value in held.items() if now[part].get(name, value) != value]
    return found + (["the readiness policy"] if now["policy"] != record.policy else [])


def _prior(
    request: RunRequest, folder: Path, order: RunOrder, plan: Plan, backends: Backends
) -> RunRecord | None:
    """The record of the very run that is asked for, where its folder holds it."""
    if not (folder / "run.json").is_file():
        return None
    record = RunRecord.read(folder / "run.json")
    named = request.run_id is not None
    if (named and record.id != request.run_id) or (not named and is_whole(record)):
        return None  # the folder is taken, and will say so
    changed = differences(
        record,
        resolve(plan),
        inputs=order.inputs,
        documents=order.documents,
        models=backends.identities,
        asked=backends.asked,
        profiles=backends.profiles,
    )
    if changed:
        raise ConfigError(
            f"the run {record.id} in {show_path(folder)} is another one: its {_listed(changed)} differ",
            hint=f"Go on with it as it was: fcc-agents resume {record.id}; or choose another --id, with --reuse {record.id}.",
        )
    return record


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _is_stillborn(folder: Path) -> bool:
    """Whether a run was killed before it had written its record: nothing had been asked."""
    if not folder.is_dir() or (folder / "run.json").exists():
        return False
    left = {path.name for path in folder.iterdir() if not path.name.endswith(".tmp")}
    return left == {"events.jsonl"}


def _lazily(workspace: Place) -> Callable[[], Catalog]:
    return cache(lambda: open_catalog(workspace))


def _gate(approvals: GatePolicy | None) -> Gate:
    from fcc.collaboration.gates import PolicyGate

    return PolicyGate(approvals)


def _rehearser() -> Rehearser:
    from fcc.wiring.rehearsing import make_rehearser

    return make_rehearser()


def _standards(request: RunRequest, catalog: Callable[[], Catalog]) -> Standards | None:
    if not request.assess:
        return None
    from fcc.wiring.standards import Standards

    return Standards.of(catalog().workspace)
