"""Everything before the failure: the first release, and one by the delivery's own rollout that nothing is wrong with."""

from __future__ import annotations

from dataclasses import dataclass, field

from fcc.evaluations.rehearsal._delivery import Delivery, finding
from fcc.evaluations.rehearsal._stage import LEAD, SETTLES, Stage
from fcc.evaluations.rehearsal.cluster import SimulationError
from fcc.evaluations.rehearsal.scenario import Scenario
from fcc.evaluations.rehearsal.script import ScriptRun, run_script
from fcc.simulation import Finding, Place

_LONGEST_ROLLOUT = 3600


@dataclass
class Prepared:
    """A stage on which the service is well, ready for a failing release."""

    stage: Stage
    delivery: Delivery
    """Without its rollout, where that was not understood."""
    origin: float = 0.0
    """From when on the service's metrics are looked at."""
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    up: bool = False
    """Whether the service is well; False where nothing more can be rehearsed."""


def prepare(delivery: Delivery, scenario: Scenario) -> Prepared:
    """Deploy the first release, let it come up, release once more, and let it be well for a while."""
    made = Prepared(Stage(delivery, scenario), delivery)
    try:
        made.up = _deployed(made) and _released(made)
    except SimulationError as error:
        made.unchecked.append(str(error))
    made.origin = made.stage.cluster.now
    if made.up:
        made.stage.cluster.advance(LEAD)
    return made


def _deployed(made: Prepared) -> bool:
    stage, target = made.stage, made.delivery.target
    stage.deploy()
    for message, place in stage.refused:
        made.findings.append(finding("refused-manifest", message, place, "Fix the manifest."))
    if stage.service is None:
        hint = "Deliver a Service that selects the Deployment's pods."
        made.findings.append(
            finding("not-deployed", "there is no Service, so nothing reaches the pods", hint=hint)
        )
        return False
    if stage.is_whole():
        return True
    ready = any(pod.is_ready(stage.cluster.now) for pod in stage.cluster.pods())
    why = (
        f"no ready pod is behind the Service `{stage.service[2]}`: its selector or the port that it names fits none"
        if ready and not stage.cluster.endpoints(stage.service)
        else f"the first revision does not come up within {SETTLES:.0f} s: its probes never pass"
    )
    where = target.place if target is not None else None
    hint = "Make selector, labels, ports and probes fit together."
    made.findings.append(finding("not-deployed", why, where, hint))
    return False


def _released(made: Prepared) -> bool:
    """A release that nothing is wrong with, by the delivery's own rollout."""
    stage, script = made.stage, made.delivery.rollout
    if script is None:
        return True
    stage.release = 1
    run = roll_out(made.delivery, stage)
    if run is None or run.not_understood:
        made.notes.append(
            f"the rollout was not understood, and each image set at once: {run.not_understood if run else ''}"
        )
        made.delivery = made.delivery._replace(rollout=None)
        return stage.cluster.until(stage.is_whole, SETTLES)
    stage.cluster.until(stage.is_whole, SETTLES)
    behind = stage.cluster.endpoints(stage.service) if stage.service is not None else []
    if run.exit_code == 0 and behind and all(pod.image == stage.image(1) for pod in behind):
        return True
    if run.exit_code == 0 and not any(pod.image == stage.image(1) for pod in stage.cluster.pods()):
        made.notes.append(f"{script.path} puts no image in place, and each is set at once")
        made.delivery = made.delivery._replace(rollout=None)
        return stage.cluster.until(stage.is_whole, SETTLES)
    place, why = last_error(run, script.path)
    what = why or "the Service does not reach the new image's pods afterwards"
    made.findings.append(
        finding("rollout-failed", f"{script.path} does not roll a good revision out: {what}", place,
                "Name what the manifests hold, in an order that works.")
    )  # fmt: skip
    return False


def roll_out(delivery: Delivery, stage: Stage) -> ScriptRun | None:
    """Run the delivery's rollout for the stage's release; None where it has none."""
    script = delivery.rollout
    if script is None:
        return None
    return run_script(
        script.text,
        stage.cluster,
        file=script.path,
        args=[stage.image(stage.release)],
        files=delivery.texts,
        seconds=_LONGEST_ROLLOUT,
    )


def last_error(run: ScriptRun, file: str) -> tuple[Place, str]:
    """Where the last command failed that did, and what it said."""
    failed = next((command for command in reversed(run.commands) if command.exit_code), None)
    if failed is None:
        return Place(file, 1), ""
    return Place(failed.file, failed.line), failed.error or " ".join(failed.words)
