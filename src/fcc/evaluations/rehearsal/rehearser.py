"""The rehearser: each failure played through on a simulated cluster with what a delivery holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from fcc.evaluations.contracts import Context, Source, check_contracts
from fcc.evaluations.rehearsal._delivery import Delivery, finding, read_delivery
from fcc.evaluations.rehearsal._outcome import Outcome
from fcc.evaluations.rehearsal._play import play
from fcc.evaluations.rehearsal._prepare import Prepared, prepare
from fcc.evaluations.rehearsal._report import as_data, as_markdown
from fcc.evaluations.rehearsal._secrets import concealer
from fcc.evaluations.rehearsal.scenario import Load, Scenario, scenario_of
from fcc.redaction import redact_json
from fcc.simulation import Finding
from fcc.simulation.rehearsing import RehearsalFile, RehearsalRequest, Rehearsed


class ClusterRehearser:
    """Plays failures through on a simulated cluster; nothing of what the files hold is executed.

    With `promtool`, which must be on PATH, its opinion on the alerts is asked for, too.
    """

    def __init__(self, *, promtool: bool = False) -> None:
        self._promtool = promtool

    def rehearse(self, request: RehearsalRequest) -> Rehearsed:
        """What comes of each scenario with these files; the same bytes for the same request."""
        scenarios, wrong = _scenarios(request.scenarios)
        delivery = read_delivery(_distinct(request.files))
        if delivery.target is None:
            missing = finding("no-manifests", "there is no Deployment that could be rehearsed",
                              hint="Deliver Kubernetes manifests: a Deployment and a Service.")  # fmt: skip
            return Rehearsed(as_markdown((), (missing,), wrong), as_data(()), (missing,), None, tuple(wrong))
        prepared: dict[Load, Prepared] = {}
        outcomes = []
        for scenario in scenarios:
            if scenario.load not in prepared:
                prepared[scenario.load] = prepare(delivery, scenario)
            outcomes.append(play(prepared[scenario.load], scenario, request.alert, promtool=self._promtool))
        told = _merged(outcomes, _of_scripts(delivery, request.inputs))
        findings = tuple(_placed(item, delivery) for item in told)
        unchecked = [
            *wrong,
            *(f"{item.scenario.name}: {reason}" for item in outcomes for reason in item.unchecked),
        ]
        notes = dict.fromkeys(note for item in outcomes for note in item.notes)
        done = not unchecked and bool(outcomes)
        score = sum(not item.findings for item in outcomes) / len(outcomes) if done else None
        conceal = concealer(delivery)
        return Rehearsed(
            conceal(as_markdown(outcomes, findings, unchecked)),
            redact_json(as_data(outcomes, is_whole=not wrong), conceal),
            tuple(replace(item, message=conceal(item.message)) for item in findings),
            score,
            tuple(map(conceal, (*unchecked, *notes))),
        )


def _scenarios(given: Mapping[str, Mapping[str, Any]]) -> tuple[list[Scenario], list[str]]:
    found, wrong = [], []
    for name, data in given.items():
        try:
            found.append(scenario_of(name, data))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"]))
            wrong.append(f"{name}: is no scenario: {place}: {first['msg']}")
    return found, wrong


def _distinct(files: Sequence[RehearsalFile]) -> list[RehearsalFile]:
    """The files by path; of several with one path the last, as a later step replaces what an earlier one delivered."""
    return list({file.path: file for file in files}.values())


def _merged(outcomes: Sequence[Outcome], others: Sequence[Finding]) -> tuple[Finding, ...]:
    """Every finding once, with the scenarios in which it came up."""
    names: dict[Finding, list[str]] = {}
    for outcome in outcomes:
        for item in outcome.findings:
            names.setdefault(item, []).append(outcome.scenario.name)
    told = [
        item if len(found) == len(outcomes) else replace(item, message=f"{', '.join(found)}: {item.message}")
        for item, found in names.items()
    ]
    return (*told, *others)


def _placed(item: Finding, delivery: Delivery) -> Finding:
    """A finding on a step's file, named as it lies in the folder of its run."""
    step = next((file.step for file in delivery.files if file.path == item.file), "")
    return replace(item, file=f"artifacts/{step}/{item.file}") if step else item


def _of_scripts(delivery: Delivery, inputs: Mapping[str, Any]) -> tuple[Finding, ...]:
    """What the contracts say of the scripts that are rehearsed: an error there is one here."""
    scripts = {
        file.path
        for file in (delivery.rollback, *delivery.rollouts)
        if file is not None and file.kind == "shell"
    }
    sources = [Source(file.path, file.kind, file.text) for file in delivery.files]
    found = check_contracts(sources, Context(inputs=dict(inputs)))
    return tuple(item for item in found if item.severity == "error" and item.file in scripts)
