"""One scenario played through: releases, the failure, the alert, the rollback, and whether the service is well again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from fcc.evaluations.rehearsal._delivery import (
    AlertRule,
    Delivery,
    asks_for_action,
    asks_for_rollback,
    finding,
    with_image,
)
from fcc.evaluations.rehearsal._outcome import Outcome
from fcc.evaluations.rehearsal._prepare import Prepared, last_error, roll_out
from fcc.evaluations.rehearsal._stage import SETTLES, Stage
from fcc.evaluations.rehearsal._webhook import webhook
from fcc.evaluations.rehearsal.alerts.alerts import (
    AlertTimeline,
    FiredAlert,
    evaluate_alerts,
    missing_metrics,
)
from fcc.evaluations.rehearsal.alerts.metrics import Series, metric_stream, service_shape
from fcc.evaluations.rehearsal.cluster.cluster import SimulationError
from fcc.evaluations.rehearsal.scenario import Scenario
from fcc.evaluations.rehearsal.shell.script import ScriptRun, run_script
from fcc.evaluations.validators.check import NotCheckedError
from fcc.simulation import Place

GROUP_WAIT: Final = 30.0
"""From an alert to its webhook, in seconds: Alertmanager's default `group_wait`."""
_GRACE = 1800.0
"""How much longer than it may, in seconds, a rollback is followed."""


def play(prepared: Prepared, scenario: Scenario, alert: Any, *, promtool: bool = False) -> Outcome:
    """Play a scenario through on a copy of a prepared stage; `alert` is a webhook document, or None.

    With `promtool`, Prometheus' own tool is asked for a second opinion on which alerts fire.
    """
    outcome = Outcome(scenario, list(prepared.findings), list(prepared.unchecked), list(prepared.notes))
    if prepared.up:
        try:
            _Play(prepared, outcome, alert, promtool=promtool).run()
        except SimulationError as error:
            outcome.unchecked.append(str(error))
    return outcome


class _Play:
    def __init__(self, prepared: Prepared, outcome: Outcome, alert: Any, *, promtool: bool) -> None:
        self.delivery, self.outcome, self.given = prepared.delivery, outcome, alert
        self.promtool = promtool
        self.scenario = outcome.scenario
        self.stage = prepared.stage.fork(outcome.scenario)
        self.rollout = prepared.rollout
        self.origin = prepared.origin
        self.began = self.stage.cluster.now

    def say(self, text: str, at: float | None = None) -> None:
        """Note an event on the timeline."""
        self.outcome.timeline.append(((self.stage.cluster.now if at is None else at) - self.began, text))

    def fault(self, rule: str, message: str, place: Place | None = None, hint: str = "") -> None:
        """Note an error."""
        self.outcome.findings.append(finding(rule, message, place, hint))

    def run(self) -> None:
        """Bring the bad release in, and see what comes of it."""
        stage = self.stage
        stage.release += 1
        stage.fail(stage.release)
        self.say(f"the new revision is rolled out, with {self.scenario.failure.kind} in it", self.began)
        failure = self.scenario.failure
        is_early = failure.serves and failure.begins == "start"
        if is_early or not failure.serves:
            stage.failing_from, self.outcome.failed_at = self.began, 0.0
        code = self._roll_out()
        if is_early:
            self._early(code)
        elif failure.serves:
            self._serving(code)
        else:
            self._stuck(code)

    def _roll_out(self) -> int | None:
        """Bring the current release in; the exit code of the rollout, or 1 where it gave up."""
        stage = self.stage
        run = roll_out(self.delivery, stage, self.rollout) if self.rollout is not None else None
        if run is not None and self.rollout is not None:
            if run.not_understood:
                raise SimulationError(f"the rollout was not understood: {run.not_understood}")
            place, why = last_error(run, self.rollout.path)
            failed = f" at line {place.line}{f': {why}' if why else ''}" if run.exit_code else ""
            self.say(f"the rollout of {self.rollout.path} ends with {run.exit_code}{failed}")
            return run.exit_code
        cluster = stage.cluster
        image = stage.image(stage.release)
        changed = [
            key
            for key in cluster.deployments
            if any(pod.image.startswith(f"{stage.repository}:") for pod in cluster.deployments[key].pods)
        ]
        for key in changed:
            cluster.apply(with_image(cluster.objects[key], image), key[1])
        held = cluster.until(
            lambda: (
                all(
                    cluster.deployments[key].is_complete(cluster.objects[key]["spec"], cluster.now)
                    for key in changed
                )
                or any(
                    cluster.deployments[key].gave_up(cluster.objects[key]["spec"], cluster.now)
                    for key in changed
                )
            ),
            2 * SETTLES,
        )
        complete = all(
            cluster.deployments[key].is_complete(cluster.objects[key]["spec"], cluster.now) for key in changed
        )
        self.say(
            "the rollout is complete" if complete else "the rollout gives up: its new pods do not get ready"
        )
        return 0 if held and complete else 1

    def _serving(self, code: int | None) -> None:
        """A failure that shows when the new revision serves."""
        stage, failure = self.stage, self.scenario.failure
        behind = stage.cluster.endpoints(stage.service) if stage.service is not None else []
        if code or not any(pod.image == stage.bad_image for pod in behind):
            self.fault("rollout-failed", "the new revision, whose probes pass, does not come to serve", self._place(),
                       "Look at the rollout's commands.")  # fmt: skip
            return
        stage.cluster.advance(failure.after_seconds)
        stage.failing_from = stage.cluster.now
        self.outcome.failed_at = stage.failing_from - self.began
        what = (
            f"99 % of its answers take up to {failure.p99_seconds:g} s"
            if failure.kind == "latency-spike"
            else f"{failure.error_rate:.0%} of its answers are errors"
        )
        self.say(f"it fails: {what}")
        fired = self._detect()
        if fired is not None:
            self.say(f"alert {fired.name} fires", fired.fired_at + self.origin)
            self._go_to(fired.fired_at + self.origin)
            self._roll_back(fired.name, dict(fired.labels), dict(fired.annotations))

    def _early(self, code: int | None) -> None:
        """A failure that shows from the first answer on: a canary's gate stops it, or an alert does."""
        if code and self._is_contained():
            return
        fired = self._detect(since=self.began)
        if fired is not None:
            time = fired.fired_at + self.origin
            self.say(f"alert {fired.name} fires", time)
            self._go_to(max(self.stage.cluster.now, time))
            self._roll_back(fired.name, dict(fired.labels), dict(fired.annotations))

    def _is_contained(self) -> bool:
        """Whether the rollout has failed by itself and left the service well; then nothing is rolled back."""
        if not self.stage.is_well():
            return False
        self.outcome.action, self.outcome.restored = "none needed", True
        self.outcome.detected_after = self.outcome.recovered_after = self.stage.cluster.now - self.began
        self.say("the rollout has failed by itself and left the service well: there is nothing to roll back")
        return True

    def _stuck(self, code: int | None) -> None:
        """A failure with which no new pod gets ready: the old ones must go on serving."""
        stage = self.stage
        least = stage.least_good(self.began)
        if least == 0:
            self.fault("gate-open", "the rollout takes every old pod away, though no new one answers", self._place(),
                       "Give the container a readinessProbe, and keep `maxUnavailable` under the number of replicas.")  # fmt: skip
            self.say("no pod of the old revision is left to answer")
        else:
            self.say(f"the gate holds: never fewer than {least} old {'pod' if least == 1 else 'pods'} answer")
        if code and least and self._is_contained():
            return
        gave_up = stage.cluster.now
        wanted = bool(self.scenario.expect.alert)
        fired = self._detect(needed=wanted or least == 0, since=self.began)
        if fired is not None and (fired.fired_at + self.origin < gave_up or not code):
            self.say(f"alert {fired.name} fires", fired.fired_at + self.origin)
            self._go_to(max(gave_up, fired.fired_at + self.origin))
            self._roll_back(fired.name, dict(fired.labels), dict(fired.annotations))
        elif not wanted or fired is not None:
            self.outcome.detected_after = gave_up - self.began
            rule = _rollback_rule(self.delivery)
            if rule is None:
                labels = {"alertname": "RolloutFailed", "severity": "critical", "action": "rollback"}
                self._roll_back("", labels, {})
            else:
                self._roll_back("", {**rule.labels, "alertname": rule.name}, rule.annotations)

    def _go_to(self, time: float) -> None:
        """Go on to where the webhook of an alert that is acted on then arrives."""
        self.outcome.detected_after = time - self.began - (self.outcome.failed_at or 0.0)
        cluster = self.stage.cluster
        cluster.advance(time + GROUP_WAIT - cluster.now)

    def _detect(self, *, needed: bool = True, since: float | None = None) -> FiredAlert | None:
        """The alert that starts the rollback, with times since the stream's start; None where there is none."""
        start = self.stage.cluster.now if since is None else since
        ahead = self.stage.fork()
        end = start + self.scenario.expect.alert_within
        ahead.cluster.advance(end - ahead.cluster.now)
        series, timeline = self._alerts(ahead, end)
        self.outcome.engine = timeline.engine
        if self.promtool:
            self._ask_promtool(series, end - self.origin)
        failed = start - self.origin
        early = [
            item for item in timeline.alerts if item.fired_at < failed and (item.resolved_at or end) > failed
        ]
        fired = [item for item in timeline.alerts if item.fired_at >= failed]
        chosen = self._chosen(fired)
        if chosen is not None:
            self.outcome.alert = chosen.name
            return chosen
        if needed and timeline.unchecked:
            self.outcome.unchecked += timeline.unchecked
        elif needed:
            self._undetected(fired, early, series)
        return None

    def _alerts(self, stage: Stage, end: float) -> tuple[tuple[Series, ...], AlertTimeline]:
        files = [(file.path, file.kind, file.text) for file in self.delivery.files]
        series = metric_stream(service_shape(files), stage.states(self.origin, end), end=end - self.origin)
        return series, evaluate_alerts(self.delivery.rules, series, end=end - self.origin)

    def _ask_promtool(self, series: tuple[Series, ...], end: float) -> None:
        """Note where Prometheus' own tool sees other alerts fire, of the same rules and series."""
        from fcc.evaluations.rehearsal.alerts.promtool import check_with_promtool

        try:
            opinion = check_with_promtool(self.delivery.rules, series, end=end)
        except NotCheckedError as error:
            self.outcome.unchecked.append(str(error))
            return
        self.outcome.engine = f"{self.outcome.engine}, {opinion.engine}"
        told = "other alerts" if opinion.differences else "the same alerts"
        self.say(f"{opinion.engine} sees {told} at {opinion.instants} instants")
        if opinion.differences:
            more = len(opinion.differences) - 1
            rest = f", and at {more} more instants" if more else ""
            place = next((rule.place for rule in self.delivery.alerts), None)
            self.fault("promtool", f"{opinion.engine} sees it otherwise: {opinion.differences[0]}{rest}", place,
                       "Trust promtool, and look at this scenario's alerts with it.")  # fmt: skip

    def _chosen(self, fired: list[FiredAlert]) -> FiredAlert | None:
        patterns = self.scenario.expect.alert
        if patterns:
            fitting = [item for item in fired if any(fnmatchcase(item.name, pattern) for pattern in patterns)]
        else:
            fitting = [
                item for item in fired if asks_for_action(item.labels) or asks_for_rollback(item.labels)
            ]
        rolling = [item for item in fitting if asks_for_rollback(item.labels)]
        return next(iter(rolling or fitting), None)

    def _undetected(
        self, fired: list[FiredAlert], early: list[FiredAlert], series: tuple[Series, ...]
    ) -> None:
        within = f"within {self.scenario.expect.alert_within:.0f} s"
        wanted = " or ".join(self.scenario.expect.alert) or "one that asks for action"
        place = next((rule.place for rule in self.delivery.alerts), None)
        early_asking = [item.name for item in early if asks_for_action(item.labels)]
        if early_asking:
            self.fault("wrong-alert", f"{early_asking[0]} fires while the service is well, so it can't tell a failure",
                       self._rule_place(early_asking[0]), "Let its expression hold only when something is wrong.")  # fmt: skip
        elif fired:
            names = ", ".join(dict.fromkeys(item.name for item in fired))
            self.fault("wrong-alert", f"{names} fires {within}, but {wanted} does not", self._rule_place(fired[0].name),
                       "Label the alert on which a rollback is to start `action: rollback`.")  # fmt: skip
        else:
            lost = missing_metrics(self.delivery.rules, series)
            hint = "Alert on the service's latency and on its error rate."
            if lost:
                hint = f"{lost[0][0]} reads {lost[0][1]}, which nothing provides."
            what = f"no alert fires {within} of the {self.scenario.failure.kind}"
            self.fault(
                "no-alert", what if self.delivery.rules else f"{what}: there are no alert rules", place, hint
            )
        self.say(f"no alert that asks for action {within}")

    def _rule_place(self, name: str) -> Place | None:
        return next((rule.place for rule in self.delivery.alerts if rule.name == name), None)

    def _place(self) -> Place | None:
        target = self.delivery.target
        return target.place if target is not None else None

    def _roll_back(self, name: str, labels: Mapping[str, str], annotations: Mapping[str, str]) -> None:
        script, outcome = self.delivery.rollback, self.outcome
        if script is None:
            self.fault("no-script", "there is no script that rolls back", None,
                       "Deliver a shell script that undoes the rollout, such as scripts/rollback.sh.")  # fmt: skip
            return
        began = self.stage.cluster.now
        document = webhook(self.given, name, labels, annotations, at=began)
        limit = self.scenario.expect.recover_within
        self.say(f"{script.path} is run with the webhook")
        run = run_script(
            script.text, self.stage.cluster, file=script.path, stdin=json.dumps(document), files=self.delivery.texts,
            seconds=limit + _GRACE,
        )  # fmt: skip
        outcome.commands = [" ".join(command.words) for command in run.commands]
        outcome.exit_code = run.exit_code
        for command in run.commands:
            if not _is_question(command.words):
                failed = f": {command.error}" if command.error else ""
                self.say(f"`{' '.join(command.words)}`{failed}", command.at)
        if run.not_understood:
            outcome.unchecked.append(f"the rollback was not understood: {run.not_understood}")
            return
        outcome.action = "rollback"
        self._judge_run(run, script.path)
        stage = self.stage
        stage.cluster.until(stage.is_well, max(0.0, began + limit + _GRACE - stage.cluster.now))
        self._judge_service(began, limit, run, script.path)

    def _judge_run(self, run: ScriptRun, file: str) -> None:
        place, why = last_error(run, file)
        missing = [
            command for command in run.commands if "(NotFound)" in command.error and not _is_question(command.words)
            and "delete" not in command.words
        ]  # fmt: skip
        if run.still_running:
            self.say("the script is still running when it is given up")
        elif run.exit_code:
            self.say(f"the script ends with {run.exit_code}")
            said = why or run.output.strip().rpartition("\n")[2][:200]
            self.fault("rollback-failed", f"the rollback ends with {run.exit_code}: {said}", place,
                       "Name what the manifests hold, and try it: fcc-agents rehearse.")  # fmt: skip
        elif missing:
            self.fault("rollback-failed", f"the rollback names what is not there: {missing[0].error}",
                       Place(missing[0].file, missing[0].line), "Name what the manifests hold.")  # fmt: skip

    def _judge_service(self, began: float, limit: float, run: ScriptRun, file: str) -> None:
        stage, outcome = self.stage, self.outcome
        if not stage.is_well():
            idle = not any(not _is_question(command.words) for command in run.commands)
            said = run.output.strip().rpartition("\n")[2][:120]
            why = f": the script changes nothing, and says `{said}`" if idle and not run.exit_code else ""
            self.say("the service is not well again")
            self.fault("not-restored", f"after the rollback the service is still not well{why}", Place(file, 1),
                       "Let the script bring the revision back that served before.")  # fmt: skip
            return
        since = next(
            (
                sight.at
                for sight, later in zip(stage.seen, [*stage.seen[1:], None], strict=True)
                if sight.at >= began and sight.bad == 0 and sight.good and (later is None or later.bad == 0)
            ),
            stage.cluster.now,
        )
        recovered = since if self.scenario.failure.serves else stage.cluster.now
        outcome.restored = True
        outcome.recovered_after = recovered - self.began - (outcome.failed_at or 0.0)
        self.say("the service is well again", recovered)
        if recovered - began > limit:
            self.fault("too-slow", f"the rollback takes {recovered - began:.0f} s, more than {limit:.0f} s", Place(file, 1),
                       "Let pods get ready sooner, or let more of them come at once.")  # fmt: skip


def _rollback_rule(delivery: Delivery) -> AlertRule | None:
    """The rule whose alert asks for a rollback; else one that asks for action."""
    asking = [rule for rule in delivery.alerts if asks_for_action(rule.labels)]
    return next((rule for rule in asking if asks_for_rollback(rule.labels)), next(iter(asking), None))


_QUESTIONS = {"get", "describe", "logs", "history", "status", "wait", "version", "top", "events", "config"}


def _is_question(words: tuple[str, ...]) -> bool:
    """Whether a command only looks."""
    return words[0] == "curl" or bool(_QUESTIONS & set(words))
