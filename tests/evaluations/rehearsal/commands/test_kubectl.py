"""kubectl, jq, curl and helm as scripts use them, on a simulated cluster."""

import json

import pytest

from fcc.evaluations.rehearsal.cluster.cluster import Cluster
from fcc.evaluations.rehearsal.cluster.pods import Fate
from fcc.evaluations.rehearsal.commands.jsonpath import render
from fcc.evaluations.rehearsal.shell.script import run_script

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web, slot: blue}}
    spec: {containers: [{name: app, image: "app:1", ports: [{name: http, containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web, slot: blue}, ports: [{port: 80, targetPort: http}]}
"""


@pytest.fixture
def cluster() -> Cluster:
    """Two pods of `app:1` behind a Service."""
    made = Cluster({"bad:1": Fate(pulls=False)})
    assert run_script("kubectl apply -f web.yaml", made, file="x", files={"web.yaml": WEB}).exit_code == 0
    made.advance(60)
    return made


def ran(cluster: Cluster, text: str, **more):
    """What a script prints; it must be understood."""
    found = run_script(text, cluster, file="x.sh", **more)
    assert found.not_understood == ""
    return found


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("kubectl get svc web -n shop -o jsonpath='{.spec.selector.slot}'", "blue"),
        ("kubectl get deploy web -o jsonpath='{.status.readyReplicas}/{.spec.replicas}'", "2/2"),
        ("kubectl get deploy/web -o json | jq -r '.spec.template.spec.containers[0].image'", "app:1\n"),
        ("kubectl get deployments -n shop -o name", "deployment.apps/web\n"),
        ("kubectl get pods -l app=web,slot!=green --no-headers | wc -l", "2\n"),
        ("kubectl get pods -l app=nobody -o name | wc -l", "0\n"),
        ("kubectl get pods -o jsonpath='{range .items[*]}{.status.phase}{\"\\n\"}{end}' | sort -u", "Running\n"),
        ("kubectl get pods --field-selector=status.phase!=Running -o name", ""),
        ("kubectl get endpoints web -o jsonpath='{.subsets[*].addresses[*].ip}'", "10.0.0.1 10.0.0.2"),
        ("kubectl get rs -o jsonpath='{.items[*].metadata.annotations.deployment\\.kubernetes\\.io/revision}'", "1"),
        ("kubectl get deployment web | awk 'NR==2 {print $2}'", "2/2\n"),
        ("kubectl get deployment web-canary --ignore-not-found", ""),
        ("kubectl rollout status deploy/web", 'deployment "web" successfully rolled out\n'),
        ("kubectl config set-context --current --namespace shop; kubectl get svc web -o name", "Context modified.\nservice/web\n"),
        ("kubectl wait --for=condition=available deployment/web --timeout=5s", "deployment/web condition met\n"),
        ("kubectl logs deploy/web; kubectl describe pod x", ""),
        ("curl -fsS http://web.shop.svc.cluster.local/healthz && echo up", "up\n"),
        ("curl -s -o /dev/null -w '%{http_code}' http://web/", "200"),
        ("curl -fsS -X POST -d @- https://hooks.example/T1 <<< '{}' && echo told", "told\n"),
    ],
)  # fmt: skip
def test_what_is_asked_is_answered(cluster: Cluster, text: str, printed: str) -> None:
    """What commands print is what the real ones would, as far as scripts read it."""
    assert ran(cluster, text).output == printed


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kubectl get deployment nope", 'deployments.apps "nope" not found'),
        ("kubectl -n other get deployment web", "not found"),
        ("kubectl rollout undo deployment/web", "no rollout history found"),
        ("kubectl rollout undo deployment/web --to-revision=7", "unable to find specified revision 7"),
        ("kubectl set image deployment/web wrong=app:2", 'unable to find container named "wrong"'),
        ("kubectl rollout pause deploy/web; kubectl rollout undo deploy/web", "paused deployment"),
        ("kubectl scale deployment/web", "--replicas"),
        ("kubectl patch svc web -p '{'", "unable to parse"),
        ('kubectl patch deploy web --type json -p \'[{"op": "remove", "path": "/spec/nope"}]\'', "rejected"),
        (
            'kubectl patch deploy web -p \'{"spec": {"replicas": "two"}}\'',
            "spec.replicas: is not a whole number",
        ),
        ("kubectl create -f - <<< '{apiVersion: v1, kind: Service, metadata: {name: web}}'", "AlreadyExists"),
        ("kubectl apply -f - <<< 'a: [b'", "error parsing"),
        ("kubectl delete deployment", "no name was specified"),
    ],
)
def test_what_the_server_would_refuse_fails(cluster: Cluster, text: str, said: str) -> None:
    """A command that fails prints why, exits with 1, and is noted with its line."""
    found = ran(cluster, f"set -e\n{text}")
    assert found.exit_code == 1
    assert said in found.commands[-1].error
    assert found.commands[-1].line == 2


def test_a_release_and_its_undoing(cluster: Cluster) -> None:
    """`set image`, `rollout status`, `history` and `undo` go through the revisions of a Deployment."""
    text = """
    set -euo pipefail
    kubectl -n shop set image deployment/web app=app:2
    kubectl -n shop rollout status deployment/web --timeout=120s
    kubectl -n shop get deploy web -o jsonpath='{.metadata.annotations.deployment\\.kubernetes\\.io/revision}'; echo
    kubectl -n shop rollout history deployment/web | tail -n +3 | grep -c none
    kubectl -n shop rollout undo deployment/web
    kubectl -n shop rollout status deployment/web --timeout=120s
    """
    found = ran(cluster, text)
    assert found.exit_code == 0
    assert "\n2\n2\n" in found.output
    assert {pod.image for pod in cluster.pods()} == {"app:1"}


def test_a_rollout_that_hangs_times_out(cluster: Cluster) -> None:
    """`rollout status` fails at its own limit, or when the Deployment gives up, whichever comes first."""
    text = "kubectl set image deploy/web app=bad:1; kubectl rollout status deploy/web --timeout=300s"
    assert "timed out" in ran(cluster, text).commands[-1].error
    assert cluster.now == 360
    assert (
        "exceeded its progress deadline"
        in ran(cluster, "kubectl rollout status deploy/web").commands[-1].error
    )
    assert cluster.now == 660


@pytest.mark.parametrize(
    ("kind", "patch"),
    [
        ("strategic", '{"spec":{"template":{"spec":{"containers":[{"name":"app","image":"app:9"}]}}}}'),
        ("json", '[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"app:9"}]'),
    ],
)
def test_patches_change_what_they_name(cluster: Cluster, kind: str, patch: str) -> None:
    """A strategic patch merges containers by name, a JSON patch goes by path; ports stay."""
    ran(cluster, f"kubectl patch deployment web --type {kind} --patch '{patch}'")
    cluster.advance(60)
    assert {pod.image for pod in cluster.pods()} == {"app:9"}
    assert len(cluster.endpoints(cluster.find("Service", "web"))) == 2


def test_a_merge_patch_moves_a_service(cluster: Cluster) -> None:
    """A merge patch replaces values, and null takes them away."""
    ran(cluster, """kubectl patch service web --type merge -p '{"spec":{"selector":{"slot":"green"}}}'""")
    service = cluster.find("Service", "web")
    assert cluster.endpoints(service) == []
    assert ran(cluster, "curl -fsS http://web/ || echo down").output == "down\n"
    ran(cluster, """kubectl patch service web --type merge -p '{"spec":{"selector":{"slot":null}}}'""")
    assert len(cluster.endpoints(service)) == 2


def test_manifests_can_be_made_by_jq_and_applied(cluster: Cluster) -> None:
    """What `get -o json` prints, changed by jq, can be applied: a second slot comes up beside the first."""
    text = """
    kubectl get deployment web -o json | jq --arg name web-green '
      {apiVersion, kind, metadata: {name: $name, namespace: .metadata.namespace}, spec}
      | .spec.selector.matchLabels += {slot: "green"}
      | .spec.template.metadata.labels.slot = "green"
      | .spec.template.spec.containers |= map(.image = "app:2")' | kubectl apply -f -
    kubectl rollout status deployment/web-green
    """
    assert ran(cluster, text).exit_code == 0
    assert sorted(pod.image for pod in cluster.pods()) == ["app:1", "app:1", "app:2", "app:2"]


def test_scaling_restarting_and_deleting(cluster: Cluster) -> None:
    """The number of pods follows `scale`; `restart` makes new ones; what is deleted takes its pods with it."""
    ran(
        cluster,
        "kubectl scale deploy web --replicas=4; kubectl rollout restart deploy/web; kubectl rollout status deploy/web",
    )
    assert len(list(cluster.pods())) == 4
    assert {pod.revision for pod in cluster.pods()} == {
        cluster.deployments[cluster.find("Deployment", "web")].current.hash
    }
    ran(
        cluster,
        "kubectl annotate deploy web kubernetes.io/change-cause=why; kubectl delete pod -l app=web; kubectl delete deploy web",
    )
    assert not list(cluster.pods())


def test_helm_goes_back_where_there_is_a_chart(cluster: Cluster) -> None:
    """A release is every Deployment; `helm rollback` brings their last revision back."""
    files = {"charts/web/Chart.yaml": "name: web\n"}
    ran(cluster, "kubectl set image deploy/web app=app:2; kubectl rollout status deploy/web")
    assert ran(cluster, "helm rollback web --wait", files=files).exit_code == 0
    assert {pod.image for pod in cluster.pods()} == {"app:1"}


HOOK = {
    "status": "firing",
    "alerts": [
        {"status": "firing", "labels": {"alertname": "Slow", "severity": "critical", "n": "3"}},
        {"status": "resolved", "labels": {"alertname": "Down"}},
    ],
}


@pytest.mark.parametrize(
    ("program", "found"),
    [
        (".status", ["firing"]),
        (".alerts[].labels.alertname", ["Slow", "Down"]),
        (".alerts | length", [2]),
        ('[.alerts[] | select(.status == "firing" and .labels.severity == "critical")] | length', [1]),
        ('any(.alerts[]; .labels.alertname == "Down")', [True]),
        ('.alerts | map(.labels.severity // "none") | join(",")', ["critical,none"]),
        ('.alerts[0].labels | to_entries | map("\\(.key)=\\(.value)") | sort | first', ["alertname=Slow"]),
        ("[.alerts[].labels | keys | length] | add", [4]),
        ('.alerts[0].labels.n | tonumber | if . > 2 then "many" else "few" end', ["many"]),
        ('.alerts[1:] | .[0].labels.alertname | test("^d"; "i")', [True]),
        ("del(.alerts) | .status |= ascii_upcase | .x.y[1] = 5", [{"status": "FIRING", "x": {"y": [None, 5]}}]),
        ('.alerts[0].labels as $l | {name: $l.alertname, ("k" + "1"): 1, severity: $l["severity"]}', [{"name": "Slow", "k1": 1, "severity": "critical"}]),
        (".missing.deep, (.alerts[2]?), (.status.x? // 1)", [None, None, 1]),
        ('try error("x") catch .', ["x"]),
        ('[.alerts[] | has("status"), (.labels | has("n"))]', [[True, True, True, False]]),
        ("[3, 1, 2] | sort, min, max, (map(. * 2) | add), unique, (.[1:] | length)", [[1, 2, 3], 1, 3, 12, [1, 2, 3], 2]),
    ],
)  # fmt: skip
def test_jq_reads_webhooks(program: str, found: list) -> None:
    """The part of jq that scripts use gives what jq gives."""
    from fcc.evaluations.rehearsal.jq.jq import evaluate

    assert evaluate(program, HOOK, {}) == found


@pytest.mark.parametrize(
    ("flags", "code"), [("-e .no", 1), ("-e .status", 0), (".status.x", 5), ("-e empty", 4)]
)
def test_jq_exits_as_jq_does(flags: str, code: int) -> None:
    """With `-e` the last value decides; a program that fails exits with 5."""
    assert run_script(f"jq {flags}", Cluster(), file="x", stdin=json.dumps(HOOK)).exit_code == code


def test_jq_counts_with_its_own_numbers() -> None:
    """A remainder has the sign of what is divided, a quotient its fraction; input of another kind is jq's error."""
    from fcc.evaluations.rehearsal.jq.jq import JqError, evaluate

    assert evaluate("(-7 % 3), (7 / 2), (1.5 + 1.5)", None, {}) == [-1, 3.5, 3]
    with pytest.raises(JqError, match="another kind"):
        evaluate("ascii_downcase", None, {})


def test_a_folder_is_named_whole(cluster: Cluster) -> None:
    """`apply -f k8s/` takes the folder's files, and not those of one whose name ends so."""
    files = {"old-k8s/a.yaml": "x: [", "k8s/b.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}"}
    assert ran(cluster, "kubectl apply -f ./k8s/", files=files).output == "configmap/c created\n"


def test_jsonpath_filters() -> None:
    """A filter picks the items whose field has a value."""
    data = {"items": [{"type": "a", "v": 1}, {"type": "b", "v": [2]}]}
    assert render('{.items[?(@.type=="b")].v[0]}', data) == "2"
    assert render("{.items[*].type}", data) == "a b"
    assert render("{.items[-1].type}{'-'}{.nothing}", data) == "b-"
