"""The rehearsal of a delivery: what holds, what each kind of mistake is found as, and what is not known."""

import json
import re
from functools import cache
from pathlib import Path

import pytest

import fcc
from fcc.errors import InvalidFileError
from fcc.evaluations.rehearsal.rehearser import ClusterRehearser
from fcc.evaluations.rehearsal.scenario import read_scenario, scenario_of
from fcc.simulation.rehearsing import RehearsalFile, RehearsalRequest

SCENARIOS = ("latency-spike", "error-burst", "canary-errors", "crash-loop", "bad-image")
DATA = Path(fcc.__file__).parent / "data" / "evaluations"


@cache
def scenario(name):
    return read_scenario(DATA / f"{name}.yaml").model_dump(mode="json")


@pytest.fixture(scope="module")
def delivered(tmp_path_factory) -> list[RehearsalFile]:
    """The files of the built-in chain."""
    record = fcc.run("devops-deployment", out=tmp_path_factory.mktemp("run") / "r")
    return [
        RehearsalFile(item.path, item.kind, item.content, step.name)
        for step in record.steps
        for item in step.artifacts
    ]


MANIFESTS = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: app
          image: registry.example/web:1
          ports: [{name: http, containerPort: 8000}]
          readinessProbe: {httpGet: {path: /readyz, port: http}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}
"""
RULES = """
groups:
  - name: web
    rules:
      - alert: ErrorsHigh
        expr: sum(rate(http_requests_total{status=~"5.."}[5m])) / sum(rate(http_requests_total[5m])) > 0.05
        for: 2m
        labels: {severity: critical, action: rollback}
      - alert: Slow
        expr: histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket[5m]))) > 1
        for: 2m
        labels: {severity: critical}
"""
ROLLBACK = """#!/usr/bin/env bash
set -euo pipefail
jq -e '.alerts[] | select(.status == "firing")' > /dev/null
kubectl rollout undo deployment/web
kubectl rollout status deployment/web --timeout=300s
"""


def files(**changed: str) -> list[RehearsalFile]:
    """A small delivery, with files replaced; an empty one is left out."""
    all_ = {"manifests": MANIFESTS, "rules": RULES, "rollback": ROLLBACK} | changed
    known = {
        "manifests": ("k8s/web.yaml", "kubernetes"),
        "rules": ("monitoring/alerts.yaml", "prometheus_rules"),
        "rollback": ("scripts/rollback.sh", "shell"),
        "rollout": ("scripts/deploy.sh", "shell"),
        "workflow": (".github/workflows/ci.yaml", "github_workflow"),
    }
    return [RehearsalFile(*known[name], text) for name, text in all_.items() if text]


def rehearse(delivery, *names, alert=None, **own):
    scenarios = {name: scenario(name) for name in names or (() if own else SCENARIOS)} | own
    return ClusterRehearser().rehearse(RehearsalRequest(delivery, scenarios, alert))


def rules(came):
    return [item.rule for item in came.findings]


def test_the_built_in_chain_holds(delivered) -> None:
    """What the deterministic chain delivers restores the service in every scenario, by its own scripts."""
    came = rehearse(delivered)
    assert came.findings == ()
    assert came.unchecked == ()
    assert came.score == 1.0
    assert came.data["restored"] is True
    assert came.data["time_to_recover"] < 700
    spike = came.data["scenarios"]["latency-spike"]
    assert spike["alert"] == "LatencySlaViolated"
    assert spike["action"] == "rollback"
    assert any("rollout undo" in command for command in spike["commands"])
    assert came.data["scenarios"]["bad-image"]["action"] == "none needed"
    assert "Restored: yes" in came.output[:500]
    json.dumps(came.data)


def test_the_same_request_comes_to_the_same_bytes(delivered) -> None:
    """Nothing of a rehearsal depends on the time or on what was rehearsed before."""
    assert rehearse(delivered) == rehearse(list(delivered))


def test_a_small_delivery_holds() -> None:
    """Without a rollout script the image is set, and the stuck rollout is undone."""
    came = rehearse(files())
    assert rules(came) == []
    assert came.score == 1.0
    assert came.data["scenarios"]["crash-loop"]["detected_after"] == 600  # when the Deployment gives up
    assert came.data["scenarios"]["crash-loop"]["action"] == "rollback"
    assert came.data["scenarios"]["error-burst"]["alert"] == "ErrorsHigh"


@pytest.mark.parametrize(
    ("changed", "name", "rule", "said"),
    [
        ({"rules": ""}, "error-burst", "no-alert", "there are no alert rules"),
        ({"rules": RULES.replace("> 0.05", "> 5")}, "error-burst", "no-alert", "no alert fires within 900 s"),
        (
            {"rules": RULES.replace("severity: critical, action: rollback", "severity: warning")},
            "error-burst", "wrong-alert", "ErrorsHigh fires within 900 s, but one that asks for action does not",
        ),
        ({"rules": RULES.replace("> 0.05", ">= 0")}, "error-burst", "wrong-alert", "while the service is well"),
        ({"rollback": ""}, "bad-image", "no-script", "no script that rolls back"),
        ({"rollback": ROLLBACK.replace("deployment/web", "deployment/api")}, "bad-image", "rollback-failed", 'deployments.apps "api" not found'),
        ({"rollback": ROLLBACK.replace("undo deployment/web", "restart deployment/web")}, "error-burst", "not-restored", "still not well"),
        (
            {"rollback": ROLLBACK.replace("jq -e", "jq -e '.alerts[] | select(.labels.team == \"x\")' >/dev/null || { echo none; exit 0; }; : #")},
            "error-burst", "not-restored", "the script changes nothing, and says `none`",
        ),
        ({"rollback": ROLLBACK + "sleep 3000\n"}, "error-burst", "", ""),
        ({"manifests": MANIFESTS.replace("app: web}, ports", "app: nobody}, ports")}, "error-burst", "not-deployed", "its selector or the port"),
        ({"manifests": MANIFESTS.replace("port: http}}", "port: grpc}}")}, "error-burst", "not-deployed", "its probes never pass"),
        ({"manifests": MANIFESTS.partition("---")[0]}, "error-burst", "not-deployed", "there is no Service"),
        ({"manifests": MANIFESTS.replace("matchLabels: {app: web}", "matchLabels: {app: x}")}, "error-burst", "refused-manifest", "would be refused"),
        ({"manifests": re.sub(r" *readinessProbe.*\n", "", MANIFESTS)}, "crash-loop", "gate-open", "takes every old pod away"),
        ({"manifests": MANIFESTS.replace("replicas: 3", "replicas: 3\n  strategy: {type: Recreate}")}, "bad-image", "gate-open", "takes every old pod away"),
        ({"manifests": "a: b"}, "bad-image", "no-manifests", "no Deployment"),
        ({"rollout": 'IMAGE="$1"\nkubectl set image deployment/shop app="$IMAGE"\nkubectl rollout status deployment/shop'}, "bad-image", "rollout-failed", "not found"),
    ],
)  # fmt: skip
def test_each_mistake_has_its_finding(changed, name, rule, said) -> None:
    """What is wrong with a delivery is found under its own name, in words that say what."""
    came = rehearse(files(**changed), name)
    assert [item for item in rules(came) if item.startswith("rehearsal-")][:1] == (
        [f"rehearsal-{rule}"] if rule else []
    )
    assert said in "".join(item.message for item in came.findings)
    if rule:
        assert came.score in {0.0, None}
        assert came.data["restored"] is (rule in {"gate-open", "rollback-failed"} and came.data["restored"])


def test_a_finding_on_a_steps_file_is_placed_in_its_folder(delivered) -> None:
    """Findings name files as they lie in a run's folder, with the line of the command."""
    broken = [
        item._replace(text=item.text.replace('DEPLOYMENT="churn', 'DEPLOYMENT="no'))
        if item.path == "scripts/rollback.sh"
        else item
        for item in delivered
    ]
    came = rehearse(broken, "latency-spike")
    assert {(item.file, item.line > 1) for item in came.findings} == {
        ("artifacts/monitoring/scripts/rollback.sh", True)
    }
    assert {"rehearsal-rollback-failed", "kubectl-target"} <= set(rules(came))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"rollback": "python3 rollback.py # kubectl rollout undo"}, "scripts/rollback.sh:1: the command `python3`"),
        ({"rollback": 'kubectl rollout undo "deployment/${1:?name}"'}, "scripts/rollback.sh:1: it needs the argument $1"),
        ({"rules": RULES.replace("sum(rate", "sum(holt_winters(rate").replace("Slow", "Slow2")}, "is not evaluated"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_no_verdict(changed, said) -> None:
    """A script or rule that is not understood is said, and there is no score: neither a pass nor a zero."""
    came = rehearse(files(**changed), "error-burst")
    assert came.score is None
    assert said in "".join(came.unchecked)
    assert not [item for item in came.findings if item.rule.startswith("rehearsal-")]


def test_a_real_webhook_reaches_the_script() -> None:
    """The document that was given is used where one of its alerts is the one that fires; else one is made up."""
    script = ROLLBACK.replace(
        "jq -e",
        'jq -r ".alerts[0].annotations.who // \\"nobody\\"" | tee /tmp/who | grep -q . ; cat /tmp/who; : #',
    )
    hook = {
        "alerts": [
            {"status": "firing", "labels": {"alertname": "ErrorsHigh"}, "annotations": {"who": "alice"}}
        ]
    }
    script = script.replace(
        "kubectl rollout undo",
        'kubectl annotate deployment/web who="$(cat /tmp/who)"\nkubectl rollout undo',
        1,
    )
    told = rehearse(files(rollback=script), "error-burst", alert=hook)
    assert "alice" in "".join(told.data["scenarios"]["error-burst"]["commands"])
    other = rehearse(
        files(rollback=script), "error-burst", alert={"alerts": [{"labels": {"alertname": "Other"}}]}
    )
    assert "nobody" in "".join(other.data["scenarios"]["error-burst"]["commands"])


def test_a_slow_rollback_is_too_slow() -> None:
    """A rollback that restores the service later than it may is an error of its own."""
    own = scenario("error-burst") | {"expect": {"recover_within": 20}}
    came = rehearse(
        files(rollback=ROLLBACK.replace("kubectl rollout undo", "sleep 120\nkubectl rollout undo")), quick=own
    )
    assert rules(came) == ["rehearsal-too-slow"]
    assert came.data["restored"] is True


def test_the_alert_that_must_fire_can_be_named() -> None:
    """Where a scenario names alerts, another one does not count."""
    own = scenario("error-burst")
    assert rehearse(files(), named=own | {"expect": {"alert": ["Error*"]}}).score == 1.0
    came = rehearse(files(), named=own | {"expect": {"alert": ["Latency*"]}})
    assert rules(came) == ["rehearsal-wrong-alert"]


def test_a_scenario_that_is_none_is_said() -> None:
    """A mapping that is no scenario is not rehearsed, and is no pass."""
    came = rehearse(files(), broken={"failure": {"kind": "earthquake"}})
    assert came.score is None
    assert "broken: is no scenario: failure.kind" in came.unchecked[0]


def test_scenarios_are_read_strictly(tmp_path: Path) -> None:
    """A scenario is named as its file; an unknown key is refused with its line."""
    path = tmp_path / "tenth.yaml"
    path.write_text("failure: {kind: error-burst, error_rate: 0.1}\n")
    assert read_scenario(path).name == "tenth"
    assert scenario_of("x", {"name": "y", "failure": {"kind": "bad-image"}}).name == "y"
    path.write_text("failure:\n  kind: error-burst\n  rate: 0.1\n")
    with pytest.raises(InvalidFileError) as refused:
        read_scenario(path)
    assert refused.value.problems[0].line == 3


def test_charts_are_rehearsed_where_there_are_no_manifests(delivered) -> None:
    """Without plain manifests the objects of a chart, as far as its templates can be filled in, are rehearsed."""
    chart = [item for item in delivered if not item.path.startswith(("k8s/", "scripts/blue"))]
    service = RehearsalFile(
        "k8s/service.yaml",
        "kubernetes",
        next(item.text for item in delivered if item.path == "k8s/service.yaml"),
    )
    came = rehearse([*chart, service], "bad-image")
    assert came.data["scenarios"]["bad-image"]["commands"]


WORKFLOW = """
on: push
env: {IMAGE: registry.example/web, NAME: web}
jobs:
  production:
    needs: [canary]
    environment: production
    steps:
      - run: kubectl set image "deployment/$NAME" "app=${IMAGE}:${GITHUB_SHA}"
      - run: kubectl rollout status deployment/web --timeout=120s
  staging:
    environment: staging
    steps:
      - run: kubectl set image deployment/web-staging app=x
  canary:
    needs: [staging]
    environment: {name: production}
    steps:
      - uses: actions/checkout@v6
      - name: Watch one pod for a while
        env:
          PROMETHEUS: ${{ vars.PROMETHEUS_URL }}
          QUERY: 'sum(rate(http_requests_total{pod=~"web-canary-.*",status=~"5.."}[5m])) / sum(rate(http_requests_total{pod=~"web-canary-.*"}[5m]))'
        run: |
          trap 'kubectl delete deployment web-canary --ignore-not-found' EXIT
          kubectl get deployment web -o json | jq --arg image "$IMAGE:${{ github.sha }}" '
            .metadata = {name: "web-canary"} | .spec.replicas = 1
            | .spec.selector.matchLabels.track = "canary" | .spec.template.metadata.labels.track = "canary"
            | .spec.template.spec.containers[0].image = $image' | kubectl apply -f -
          kubectl rollout status deployment/web-canary --timeout=60s
          sleep 300
          curl -fsS --get "$PROMETHEUS/api/v1/query" --data-urlencode "query=$QUERY" |
            jq -e '(.data.result[0].value[1] // "0" | tonumber) < 0.01'
"""


def test_a_workflow_rolls_out_through_its_canary() -> None:
    """Production jobs are played in order; a canary that asks Prometheus stops a revision that fails from its start."""
    came = rehearse(files(workflow=WORKFLOW))
    assert came.unchecked == ()
    assert rules(came) == []
    stopped = came.data["scenarios"]["canary-errors"]
    assert (stopped["action"], stopped["restored"]) == ("none needed", True)
    assert any("ends with 1 at line 32" in what for _, what in stopped["timeline"])
    assert came.data["scenarios"]["error-burst"]["alert"] == "ErrorsHigh"
    assert came.data["scenarios"]["bad-image"]["detected_after"] == 60


def test_a_canary_that_does_not_look_is_rolled_back_on_an_alert() -> None:
    """Where the canary's gate lets everything pass, the alert does its work instead."""
    came = rehearse(files(workflow=WORKFLOW.replace("< 0.01", "< 2")), "canary-errors")
    assert came.data["scenarios"]["canary-errors"]["action"] == "rollback"
    assert came.score == 1.0


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("sleep 300", "terraform apply", ".github/workflows/ci.yaml:31: the command `terraform`"),
        ('"deployment/$NAME"', '"deployment/${{ vars.NAME }}"', ".github/workflows/ci.yaml:9: "),
    ],
)
def test_a_workflow_that_is_not_understood_is_passed_over(old: str, new: str, said: str) -> None:
    """What can't be played is said with its line; the image is set at once, and the rest is rehearsed."""
    came = rehearse(files(workflow=WORKFLOW.replace(old, new)), "error-burst")
    assert said in "".join(came.unchecked)
    assert came.score == 1.0


def test_a_workflow_that_deploys_what_is_not_there_fails() -> None:
    """A rollout that can't bring a good revision in is an error at the line of its command."""
    came = rehearse(files(workflow=WORKFLOW.replace("NAME: web", "NAME: shop")), "error-burst")
    (found,) = [item for item in came.findings if item.rule == "rehearsal-rollout-failed"]
    assert (found.file, found.line) == (".github/workflows/ci.yaml", 9)


def test_secrets_of_a_delivery_are_not_told() -> None:
    """What a Secret, a variable, an option or a token's shape holds stands neither in the report nor in the data."""
    secret = 'apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {password: "s3cr3t-Pa55"}\n'
    script = ROLLBACK + (
        "API_TOKEN=zz91-abcdef-22\n"
        'curl -u bot:hook-pa55-9981 -d "$API_TOKEN s3cr3t-Pa55 ghp_abcdefghijklmnopqrstu" https://hooks.example/x\n'
    )
    came = rehearse(files(manifests=f"{MANIFESTS}---\n{secret}", rollback=script), "error-burst")
    told = f"{came.output}{came.data}{came.findings}{came.unchecked}"
    assert "[redacted]" in told
    for value in ("s3cr3t-Pa55", "zz91", "hook-pa55", "ghp_"):
        assert value not in told


def test_what_is_not_known_is_neither_restored_nor_not() -> None:
    """A scenario that could not be rehearsed leaves `restored` open, for itself and in all, unless another one failed."""
    unread = ROLLBACK + "frobnicate\n"
    came = rehearse(files(rollback=unread), "error-burst")
    assert (came.data["restored"], came.data["scenarios"]["error-burst"]["restored"]) == (None, None)
    assert "Restored: not known" in came.output
    wrong = rehearse(files(), "error-burst", other={"failure": {"kind": "none"}})
    assert (wrong.data["restored"], wrong.data["scenarios"]["error-burst"]["restored"]) == (None, True)


def test_a_script_that_fails_has_one_message_whatever_the_time() -> None:
    """The last line of what a failing script prints, with its time, makes no finding of its own for each scenario."""
    script = "set -e\ntrap 'date +%s' EXIT\n" + ROLLBACK.replace("deployment/web", "deployment/shop")
    came = rehearse(files(rollback=script), "error-burst", "latency-spike")
    assert sorted(item for item in rules(came) if item.startswith("rehearsal-")) == [
        "rehearsal-not-restored",
        "rehearsal-rollback-failed",
    ]


@pytest.mark.parametrize(
    ("differences", "found"), [((), []), (("Slow at 1m: no", "Slow at 2m: no"), ["rehearsal-promtool"])]
)
def test_promtools_opinion_is_a_finding_where_it_differs(monkeypatch, differences, found) -> None:
    """Asked for, promtool's view of each scenario is told, and an error where it sees other alerts."""
    from fcc.evaluations.rehearsal.alerts import promtool

    opinion = promtool.SecondOpinion("promtool 3.1", 2, 90, differences)
    monkeypatch.setattr(promtool, "check_with_promtool", lambda *_, **__: opinion)
    request = RehearsalRequest(files(), {"error-burst": scenario("error-burst")})
    came = ClusterRehearser(promtool=True).rehearse(request)
    assert rules(came) == found
    assert "promtool 3.1 sees" in came.output
    assert came.data["scenarios"]["error-burst"]["engine"].endswith(", promtool 3.1")


def test_promtool_that_gives_no_answer_leaves_it_open(monkeypatch) -> None:
    """Where promtool can't tell, that is said, and there is no score."""
    from fcc.evaluations.rehearsal.alerts import promtool

    def none(*_, **__):
        raise promtool.NotCheckedError("promtool takes too long")

    monkeypatch.setattr(promtool, "check_with_promtool", none)
    request = RehearsalRequest(files(), {"error-burst": scenario("error-burst")})
    came = ClusterRehearser(promtool=True).rehearse(request)
    assert (came.score, came.unchecked) == (None, ("error-burst: promtool takes too long",))


def test_too_many_deployments_are_no_verdict() -> None:
    """More than is simulated is said, and is neither a pass nor a fail."""
    many = "---\n".join(MANIFESTS.replace("name: web", f"name: web{number}") for number in range(51))
    came = rehearse(files(manifests=many), "error-burst")
    assert came.score is None
    assert "more than 50 Deployments" in came.unchecked[0]
    assert came.data["restored"] is None
