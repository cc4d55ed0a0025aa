"""The simulated cluster: what a rolling update, probes, Services and HPAs come to over simulated time."""

import copy

import pytest

from fcc.evaluations.rehearsal.cluster.cluster import Cluster, RefusedError, SimulationError
from fcc.evaluations.rehearsal.cluster.pods import Fate, life_of

READY = {"httpGet": {"path": "/readyz", "port": "http"}, "periodSeconds": 5}


def deployment(image="app:1", replicas=3, name="web", probe=READY, labels=None, **spec):
    labels = labels or {"app": "web"}
    container = {"name": "app", "image": image, "ports": [{"name": "http", "containerPort": 8000}]}
    if probe is not None:
        container["readinessProbe"] = probe
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template, **spec},
    }


def service(selector=None, port="http"):
    spec = {"selector": selector or {"app": "web"}, "ports": [{"port": 80, "targetPort": port}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec}


def cluster(*manifests, fates=None):
    made = Cluster(dict(fates or {}))
    for manifest in manifests or (deployment(), service()):
        made.apply(manifest)
    made.advance(60)
    return made


def good(made):
    return [pod.image for pod in made.endpoints(made.find("Service", "web")) if pod.image == "app:1"]


def least_good(made, seconds=900):
    """The fewest pods of the old image that were ready at any moment."""
    counts = []
    made.watch = lambda now: counts.append(len(good(now)))
    made.apply(made.pending)
    made.advance(seconds)
    return min(counts)


def test_pods_get_ready_by_their_probes() -> None:
    """A pod is ready at the first probe after it has started and booted."""
    made = Cluster()
    made.apply(deployment())
    made.apply(service())
    key = made.find("Service", "web")
    assert made.until(lambda: len(made.endpoints(key)) == 3, 60)
    assert made.now == 10  # started after 5 s, answers after 5 s more, when the second probe comes
    assert not made.endpoints(key)[0].is_ready(9)


@pytest.mark.parametrize(
    ("fate", "probe", "least"),
    [
        (Fate(pulls=False), READY, 3),
        (Fate(pulls=False), None, 3),
        (Fate(runs_seconds=20), READY, 3),
        (Fate(runs_seconds=20), None, 0),
    ],
)
def test_old_pods_stay_until_new_ones_are_ready(fate: Fate, probe: dict, least: int) -> None:
    """A rolling update takes no old pod away for one that never gets ready; without a probe a crash looks ready."""
    made = cluster(deployment(probe=probe), service(), fates={"app:2": fate})
    made.pending = deployment("app:2", probe=probe)
    assert least_good(made) == least


def test_recreate_takes_every_old_pod_away() -> None:
    """With the strategy Recreate nothing answers while a revision fails."""
    made = cluster(deployment(strategy={"type": "Recreate"}), service(), fates={"app:2": Fate(pulls=False)})
    made.pending = deployment("app:2", strategy={"type": "Recreate"})
    assert least_good(made) == 0


@pytest.mark.parametrize(
    ("surge", "unavailable", "most", "fewest"), [(1, 0, 4, 3), ("50%", "34%", 5, 2), (0, 1, 3, 2)]
)
def test_a_rolling_update_keeps_its_bounds(surge, unavailable, most, fewest) -> None:
    """There are never more pods than `maxSurge` allows, nor fewer available than `maxUnavailable` does."""
    rolling = {"rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}
    made = cluster(deployment(strategy=rolling), service())
    seen = []
    key = made.find("Service", "web")
    made.watch = lambda now: seen.append((len(list(now.pods())), len(now.endpoints(key))))
    made.apply(deployment("app:2", strategy=rolling))
    made.advance(300)
    assert max(pods for pods, _ in seen) <= most
    assert min(ready for _, ready in seen) >= fewest
    assert not good(made)
    assert len(made.endpoints(key)) == 3


def test_a_rollout_gives_up_at_its_deadline() -> None:
    """A rollout that comes no further is given up after `progressDeadlineSeconds`."""
    made = cluster(fates={"app:2": Fate(pulls=False)})
    key = made.find("Deployment", "web")
    made.apply(deployment("app:2", progressDeadlineSeconds=120))
    spec = made.objects[key]["spec"]
    start = made.now
    assert made.until(lambda: made.deployments[key].gave_up(spec, made.now), 600)
    assert made.now - start == 120


def test_revisions_are_kept_and_numbered() -> None:
    """Each new template is a revision; one that was there before gets the next number, and only so many are kept."""
    made = cluster()
    key = made.find("Deployment", "web")
    for image in ("app:2", "app:3", "app:1"):
        made.apply(deployment(image, revisionHistoryLimit=1))
        made.advance(120)
    found = made.deployments[key].revisions
    assert [(item.number, item.template["spec"]["containers"][0]["image"]) for item in found] == [
        (3, "app:3"),
        (4, "app:1"),
    ]


def test_an_hpa_keeps_the_replicas_within_its_bounds() -> None:
    """Fewer replicas than the HPA's least are made as many; none at all is left alone."""
    hpa = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "minReplicas": 2, "maxReplicas": 4},
    }
    made = cluster(deployment(replicas=1), service(), hpa)
    assert len(list(made.pods())) == 2
    made.apply(deployment(replicas=0))
    made.advance(60)
    assert not list(made.pods())


def test_a_service_reaches_ready_pods_that_have_its_port() -> None:
    """Labels, readiness and the name of the port decide who answers."""
    made = cluster(deployment(), service(), deployment(name="other", labels={"app": "other"}))
    key = made.find("Service", "web")
    assert {pod.name.rsplit("-", 2)[0] for pod in made.endpoints(key)} == {"web"}
    made.apply(service(port="grpc"))
    assert made.endpoints(key) == []
    made.apply(service(selector={"app": "nobody"}))
    assert made.endpoints(key) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda item: item["metadata"].pop("name"), "metadata.name"),
        (lambda item: item["spec"].update(replicas="3"), "spec.replicas: is not a whole number"),
        (lambda item: item["spec"].update(selector={"matchLabels": {"app": "x"}}), "does not match template"),
        (lambda item: item["spec"]["template"]["spec"].update(containers=[]), "containers: Required value"),
        (lambda item: item["spec"].update(strategy="x"), "spec.strategy: is not a mapping"),
        (
            lambda item: item["spec"].update(
                strategy={"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}
            ),
            "may not be 0",
        ),
    ],
)
def test_what_the_api_server_refuses_is_refused(change, said: str) -> None:
    """An object that would not be taken is refused with a reason."""
    item = copy.deepcopy(deployment())
    change(item)
    with pytest.raises(RefusedError, match=said):
        Cluster().apply(item)


def test_a_selector_cannot_change() -> None:
    """The selector of a Deployment that is there is immutable."""
    made = cluster()
    with pytest.raises(RefusedError, match="immutable"):
        made.apply(deployment(labels={"app": "web", "slot": "blue"}))


def test_too_large_a_deployment_is_not_simulated() -> None:
    """More pods than are simulated is said, and does not take all memory."""
    with pytest.raises(SimulationError, match="at most 200"):
        Cluster().apply(deployment(replicas=10_000))


@pytest.mark.parametrize(
    ("probes", "ready"),
    [
        ({}, 5),
        ({"readinessProbe": {"initialDelaySeconds": 30, "httpGet": {"port": 8000}}}, 35),
        ({"readinessProbe": {"periodSeconds": 3, "successThreshold": 2, "httpGet": {"port": 8000}}}, 14),
        ({"startupProbe": {"periodSeconds": 2, "failureThreshold": 2, "httpGet": {"port": 8000}}}, None),
        ({"startupProbe": {"periodSeconds": 2, "failureThreshold": 30, "httpGet": {"port": 8000}}}, 11),
        ({"livenessProbe": {"periodSeconds": 1, "failureThreshold": 2, "httpGet": {"port": 8000}}}, None),
        ({"readinessProbe": {"httpGet": {"port": "nope"}}}, None),
    ],
)
def test_the_life_of_a_pod_follows_its_probes(probes: dict, ready: float | None) -> None:
    """When a pod gets ready, or that a probe kills it before it ever does."""
    container = {
        "name": "app",
        "image": "app:1",
        "ports": [{"name": "http", "containerPort": 8000}],
        **probes,
    }
    life = life_of({"spec": {"containers": [container]}}, {})
    assert (life.ready[0][0] if life.ready else None) == ready


def test_restarts_back_off() -> None:
    """A container that crashes is started again after 10 s, then after twice as long, and so on."""
    life = life_of({"spec": {"containers": [{"name": "a", "image": "x"}]}}, {"x": Fate(runs_seconds=5)})
    assert life.restarts[:4] == (20, 45, 90, 175)
    assert life.ready[:2] == ((5, 10), (20, 25))


def test_a_copy_goes_its_own_way() -> None:
    """What happens to a copy does not happen to the original."""
    made = cluster()
    other = made.copy()
    other.apply(deployment("app:2"))
    other.advance(300)
    assert len(good(made)) == 3
    assert not good(other)
    assert made.now == 60
