"""Sets of many objects: time grows with their size and not with its square, and messages stay short."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from fcc.evaluations.contracts import Source, check_contracts


def many(make: Callable[[int], str], size: int = 100_000) -> str:
    parts, length = [], 0
    while length < size:
        parts.append(make(len(parts)))
        length += len(parts[-1])
    return "".join(parts)


def deployment(name: object, label: object, port: int = 80) -> str:
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\n"
        f"spec: {{template: {{metadata: {{labels: {{a: {label}}}}}, spec: {{containers: "
        f'[{{name: c, image: "x/w{name}:1", ports: [{{containerPort: {port}}}]}}]}}}}}}\n---\n'
    )


def service(name: object, label: object, port: object = 80) -> str:
    return (
        f"apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\n"
        f"spec: {{selector: {{a: {label}}}, ports: [{{port: 80, targetPort: {port}}}]}}\n---\n"
    )


def policy(number: int) -> str:
    return (
        f"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: n{number}}}\n"
        "spec: {podSelector: {matchLabels: {a: b}}, ingress: [{ports: [{port: 99}]}]}\n---\n"
    )


def scaler(number: int) -> str:
    return (
        f"apiVersion: autoscaling/v1\nkind: HorizontalPodAutoscaler\nmetadata: {{name: h{number}}}\n"
        f"spec: {{maxReplicas: 3, scaleTargetRef: {{kind: Deployment, name: e{number}}}}}\n---\n"
    )


WORKFLOW = "on: push\njobs:\n"
STEPS = f"{WORKFLOW}  a:\n    runs-on: u\n    steps:\n"
RULES = "groups:\n- name: a\n  rules:\n"
CLIENT = "from prometheus_client import Counter\n"
SETS: dict[str, list[tuple[str, str, str]]] = {
    "metrics": [
        (
            "r.yaml",
            "prometheus_rules",
            RULES + many(lambda n: f"  - alert: A{n}\n    expr: m{n}_total > {n}\n"),
        ),
        ("a.py", "python", CLIENT + many(lambda n: f'C{n}=Counter("c{n}","x")\n')),
    ],
    "long metrics": [
        (
            "r.yaml",
            "prometheus_rules",
            RULES + many(lambda n: f"  - alert: A{n}\n    expr: {'some_request_' * 9}{n}_total > {n}\n"),
        ),
        ("a.py", "python", CLIENT + many(lambda n: f'C{n}=Counter("{"some_answer_" * 9}{n}","x")\n')),
    ],
    "images": [
        (
            ".github/workflows/w.yaml",
            "github_workflow",
            STEPS + many(lambda n: f"  - run: docker push y/v{n}:1\n"),
        ),
        ("k.yaml", "kubernetes", many(lambda n: deployment(n, n))),
    ],
    "each its Service": [("k.yaml", "kubernetes", many(lambda n: deployment(n, n) + service(n, n), 200_000))],
    "all of all": [
        ("k.yaml", "kubernetes", many(lambda n: deployment(n, "b") + service(n, "b", "x"), 200_000))
    ],
    "none of any": [
        ("k.yaml", "kubernetes", many(lambda n: deployment(n, n) + service(n, f"x{n}"), 200_000))
    ],
    "policies": [
        ("k.yaml", "kubernetes", many(lambda n: deployment(n, "b") + service(n, "b") + policy(n), 200_000))
    ],
    "scalers": [("k.yaml", "kubernetes", many(lambda n: deployment(f"d{n}", n) + scaler(n), 200_000))],
    "commands": [
        ("k.yaml", "kubernetes", many(lambda n: deployment(f"deployment-app-{n}", n))),
        ("a.sh", "shell", many(lambda n: f"kubectl -n b{n} rollout undo deployment/zz{n}\n")),
    ],
    "jobs": [
        (
            ".github/workflows/w.yaml",
            "github_workflow",
            WORKFLOW
            + many(
                lambda n: (
                    f"  test{n}:\n    runs-on: u\n    steps: [{{run: pytest}}]\n"
                    f"  deploy{n}:\n    runs-on: u\n    steps: [{{run: kubectl apply -f x}}]\n"
                ),
                200_000,
            ),
        )
    ],
    "stages": [
        (
            "Dockerfile",
            "dockerfile",
            many(lambda n: f"FROM a:1 AS stage{n}\nCOPY --from=stape{n} a b\n", 200_000),
        )
    ],
    "a folder": [(f"{n}.yaml", "kubernetes", deployment(n, n) + service(n, n)) for n in range(1_000)],
}


@pytest.mark.parametrize("name", SETS)
def test_time_grows_with_the_number_of_objects_only(name: str) -> None:
    """Whatever has to be held against what, as much as 200 kB of it takes less than two seconds."""
    sources = [Source(*item) for item in SETS[name]]
    started = time.process_time()
    found = check_contracts(sources)
    assert time.process_time() - started < 2
    assert all(len(finding.message) < 1_000 for finding in found)


def test_of_many_names_ten_are_shown() -> None:
    """A message names the first ten of what is there, and how many more there are."""
    manifests = "".join(deployment(f"app-{n:02}", n) for n in range(14))
    sources = [
        Source("k.yaml", "kubernetes", manifests),
        Source("a.sh", "shell", "kubectl scale deploy/zz\n"),
    ]
    message = check_contracts(sources)[0].message
    assert message.endswith("`app-08`, `app-09` and 4 more")
    assert "app-10" not in message


def test_a_rule_tells_five_hundred_findings_and_the_worst() -> None:
    """A rule stops after 500, but an error is never hidden behind warnings."""
    declared = "from prometheus_client import Counter\nC = Counter('orders', 'x')\n"
    asked = many(lambda n: f"  - alert: A{n}\n    expr: zz_{n} > 1\n", 40_000)
    last = "  - alert: Last\n    expr: order_total > 1\n"
    rules = Source("r.yaml", "prometheus_rules", RULES + asked + last)
    found = [
        item
        for item in check_contracts([rules, Source("a.py", "python", declared)])
        if item.rule == "metric-declared"
    ]
    assert len(found) == 501
    assert [item.severity for item in found].count("error") == 1
