"""Everything before the failure: the first release, and one by the delivery's own rollout that nothing is wrong with."""

from __future__ import annotations

from dataclasses import dataclass, field

from fcc.evaluations.rehearsal._delivery import Delivery, finding
from fcc.evaluations.rehearsal._stage import LEAD, SETTLES, Stage
from fcc.evaluations.rehearsal._workflow import rollout_of
from fcc.evaluations.rehearsal.cluster.cluster import SimulationError
from fcc.evaluations.rehearsal.scenario import Scenario
from fcc.evaluations.rehearsal.shell.script import ScriptRun, run_in, run_script
from fcc.evaluations.rehearsal.shell.state import Shell
from fcc.simulation import Finding, Place
from fcc.simulation.rehearsing import RehearsalFile

_LONGEST_ROLLOUT = 2 * 3600.0


@dataclass
class Prepared:
    """A stage on which the service is well, ready for a failing release."""

    stage: Stage
    delivery: Delivery
    rollout: RehearsalFile | None = None
    """What the failing release is rolled out by; None where its image is set at once."""
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
    """A release that nothing is wrong with, by the first of the delivery's own rollouts that is understood."""
    for file in made.delivery.rollouts:
        ahead = made.stage.fork()
        ahead.release = 1
        run = roll_out(made.delivery, ahead, file)
        if run is None:
            continue
        if run.not_understood:
            made.notes.append(f"the rollout of {file.path} was not understood: {run.not_understood}")
            continue
        ahead.cluster.until(ahead.is_whole, SETTLES)
        behind = ahead.cluster.endpoints(ahead.service) if ahead.service is not None else []
        if run.exit_code == 0 and behind and all(pod.image == ahead.image(1) for pod in behind):
            made.stage, made.rollout = ahead, file
            return True
        if run.exit_code == 0 and not any(pod.image == ahead.image(1) for pod in ahead.cluster.pods()):
            made.notes.append(f"the rollout of {file.path} puts no image in place")
            continue
        place, why = last_error(run, file.path)
        what = why or "the Service does not reach the new image's pods afterwards"
        message = f"{file.path} does not roll a good revision out: {what}"
        hint = "Name what the manifests hold, in an order that works."
        made.findings.append(finding("rollout-failed", message, place, hint))
        return False
    return True


def roll_out(delivery: Delivery, stage: Stage, file: RehearsalFile) -> ScriptRun | None:
    """Run a rollout for the stage's release; None where it has no part that deploys."""
    tag = stage.image(stage.release).rpartition(":")[2]
    if file.kind != "github_workflow":
        return run_script(
            file.text, stage.cluster, file=file.path, args=[stage.image(stage.release)], files=delivery.texts,
            seconds=_LONGEST_ROLLOUT, query=stage.query,
        )  # fmt: skip
    _, steps = rollout_of([file], tag)
    shell = Shell(stage.cluster, file.path, delivery.texts, stage.cluster.now + _LONGEST_ROLLOUT, stage.query)
    environment = dict(shell.variables)
    done: list[ScriptRun] = []
    job = -1
    for step in steps:
        if step.job != job:
            shell.namespace, job = "", step.job
        shell.variables, shell.options, shell.offset = (
            {**environment, **step.variables},
            {"errexit"},
            step.line - 1,
        )
        shell.functions, shell.traps, shell.guarded, shell.file = {}, {}, 0, file.path
        done.append(run_in(shell, step.text))
        if done[-1].exit_code != 0:
            break
    if not done:
        return None
    commands = tuple(command for run in done for command in run.commands)
    return done[-1]._replace(commands=commands, output="".join(run.output for run in done))


def last_error(run: ScriptRun, file: str) -> tuple[Place, str]:
    """Where the last command failed that did, and what it said; one that names what is not there goes first."""
    failed = [command for command in run.commands if command.exit_code]
    if not failed:
        return Place(file, run.line or 1), ""
    told = next((command for command in reversed(failed) if "(NotFound)" in command.error), failed[-1])
    return Place(told.file, told.line), told.error or " ".join(told.words)
