"""What a task asks for, and where an answer meets it."""

from __future__ import annotations

import re
import time
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fcc
from fcc.agents import fence
from fcc.evaluations.requirements import MOST_ITEMS, coverage, met, requirements
from fcc.simulation import Artifact, StepRecord

TASK = """Implement the deployment of the orders service:
Target: Kubernetes

Create:
- Dockerfile (multi-stage, minimal image)
- Grafana dashboard JSON
- Alert rules (error rate, latency)
- Horizontal scaling (HPA)
- Automated rollback script

Produce: a runbook, a release checklist, and network policies and RBAC.
"""


def items(task: str) -> list[str]:
    return [item.text for item in requirements(task)]


def is_met(task: str, output: str) -> dict[str, bool]:
    return {item.item: item.met for item in coverage(task, output)}


@cache
def steps() -> tuple[StepRecord, ...]:
    """The steps of the built-in chain, answered by the built-in provider."""
    return fcc.run("devops-deployment", assess=False).steps


def task_of(step: StepRecord) -> str:
    return step.calls[0].request.messages[1].content


STEPS = ("requirements", "pipeline", "infrastructure", "monitoring")


def test_lists_brackets_and_deliveries_are_items() -> None:
    """List items, what they list in brackets, and the parts of `Produce:` get ids in order."""
    found = requirements(TASK)
    assert [(item.id, item.text) for item in found] == [
        ("R1", "Dockerfile (multi-stage, minimal image)"),
        ("R1.1", "multi-stage"),
        ("R1.2", "minimal image"),
        ("R2", "Grafana dashboard JSON"),
        ("R3", "Alert rules (error rate, latency)"),
        ("R3.1", "error rate"),
        ("R3.2", "latency"),
        ("R4", "Horizontal scaling (HPA)"),
        ("R5", "Automated rollback script"),
        ("R6", "runbook"),
        ("R7", "release checklist"),
        ("R8", "network policies and RBAC"),
    ]
    assert found[1].parent == "R1"
    assert found[0].line == 5


def test_nested_items_have_a_parent() -> None:
    """An indented item is a part of the one above it."""
    found = requirements("Write:\n1. Backend\n   - login page\n   - search page\n2. Frontend\n")
    assert [(item.id, item.parent) for item in found] == [
        ("R1", ""),
        ("R1.1", "R1"),
        ("R1.2", "R1"),
        ("R2", ""),
    ]


def test_given_ids_are_kept() -> None:
    """An item that the task itself gives an id has that one."""
    assert [item.id for item in requirements("Cover:\n- US-1: log in\n- US-2: log out\n- help page\n")] == [
        "US-1",
        "US-2",
        "R1",
    ]


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        ("Please create a Helm chart, a pipeline and an alert.", ["Helm chart", "pipeline", "alert"]),
        ("Include acceptance criteria for each story.", ["acceptance criteria for each story"]),
        ("Deliver: threat model; data flow diagram", ["threat model", "data flow diagram"]),
    ],
)
def test_sentences_that_order_are_items(task: str, expected: list[str]) -> None:
    """An order in a sentence is an item, or several where it lists them."""
    assert items(task) == expected


@pytest.mark.parametrize(
    "task",
    [
        "Model: churn\nFramework: scikit-learn\n",
        "- Model: churn\n- Port: 8000\n",
        "Constraints:\n- no downtime\n- under one hour\n",
        "Build it from this:\n```\n- Dockerfile\n- Helm chart\n```\n",
        "What is a canary?",
        "",
    ],
)
def test_facts_background_code_and_questions_ask_for_nothing(task: str) -> None:
    """Only what is to be made is an item."""
    assert items(task) == []


def test_material_of_earlier_steps_asks_for_nothing() -> None:
    """What stands inside a hand-off's marks is no part of the request, and lines are counted over it."""
    material = fence("Create:\n- a pony\n", "before")
    found = requirements(f"Build on this:\n\n{material}\n\nCreate:\n- release notes\n")
    assert [(item.text, item.line) for item in found] == [("release notes", 10)]


ANSWER = """# Orders

## Container image

```dockerfile path=Dockerfile
FROM python:3.12 AS build
RUN pip install --target /deps fastapi

FROM gcr.io/distroless/python3
COPY --from=build /deps /deps
```

## Scaling

```yaml path=k8s/hpa.yaml
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: orders}
spec: {minReplicas: 2, maxReplicas: 9, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: orders}}
```

## Monitoring

```json path=grafana/orders.json
{"title": "Orders", "schemaVersion": 39, "panels": [{"id": 1, "type": "timeseries", "title": "Requests"}]}
```

```yaml path=alerts.yaml
groups:
  - name: orders
    rules:
      - alert: ErrorRateHigh
        expr: rate(http_errors_total[5m]) > 0.01
      - alert: LatencyHigh
        expr: histogram_quantile(0.99, rate(seconds_bucket[5m])) > 0.1
```

## Going back

```bash path=scripts/rollback.sh
kubectl rollout undo deployment/orders
```

## Runbook

When the pager rings, look at the dashboard first and compare the last three releases.

## Release checklist

1. The error budget of this month is not used up.
2. Somebody who knows the service is awake.

## Security

```yaml path=k8s/policy.yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: orders}
spec: {podSelector: {}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: orders}
rules: []
```
"""


def test_each_item_is_found_where_it_is() -> None:
    """Artifacts are known by what they are, the rest by headings, names and words; each with its file and line."""
    found = {item.item: item for item in coverage(TASK, ANSWER)}
    assert [name for name, item in found.items() if not item.met] == []
    assert (found["Dockerfile (multi-stage, minimal image)"].file, found["minimal image"].line) == (
        "Dockerfile",
        4,
    )
    assert found["Grafana dashboard JSON"].file == "grafana/orders.json"
    assert (found["error rate"].file, found["error rate"].line) == ("alerts.yaml", 4)
    assert found["Automated rollback script"].file == "scripts/rollback.sh"
    runbook = found["runbook"]
    assert ANSWER.splitlines()[runbook.line - 1] == "## Runbook"


def test_areas_name_the_files_of_the_run() -> None:
    """With an area, places are those of the run's folder."""
    found = {item.item: item.file for item in coverage(TASK, ANSWER, area="infra")}
    assert found["runbook"] == "outputs/infra.md"
    assert found["Grafana dashboard JSON"] == "artifacts/infra/grafana/orders.json"


@pytest.mark.parametrize(
    "echo",
    [
        TASK,
        "\n".join(f"- {item}" for item in items(TASK)),
        "\n".join(f"## {item}\n" for item in items(TASK)),
        f"I will create these: {', '.join(items(TASK))}.",
        "```\n" + TASK + "```",
    ],
)
def test_repeating_the_request_meets_nothing(echo: str) -> None:
    """Items that are only listed again, however, are not met."""
    assert not any(is_met(TASK, echo).values())


def test_half_of_a_pair_is_not_enough() -> None:
    """An item that says `X and Y` needs both."""
    without = ANSWER[: ANSWER.index("---\napiVersion: rbac")] + "```\n"
    assert not is_met(TASK, without)["network policies and RBAC"]


def test_a_file_is_needed_where_one_was_asked_for() -> None:
    """Talking about a Dockerfile is none."""
    output = (
        "## Dockerfile\n\nIt has two stages, installs what is locked, and runs without root on a slim base."
    )
    assert not is_met("Create:\n- Dockerfile\n", output)["Dockerfile"]


def test_given_artifacts_are_used() -> None:
    """Artifacts that were taken out of a reply before are read as they are given."""
    artifact = Artifact("Containerfile", "dockerfile", "FROM scratch\nCOPY app /app\n", 3, 4)
    found = coverage("Create:\n- Dockerfile\n", "Here it is, as it was agreed.", [artifact])
    assert (found[0].met, found[0].file, found[0].line) == (True, "Containerfile", 1)


def test_one_item_by_itself() -> None:
    """A single item can be looked for without its task."""
    runbook = next(item for item in requirements(TASK) if item.text == "runbook")
    place = met(runbook, ANSWER)
    assert place is not None
    assert place.file == ""
    assert met(runbook, "## Scaling\n\nTwo replicas at least, and nine at most, by load.") is None


@pytest.mark.parametrize("step", STEPS)
def test_the_built_in_run_meets_every_item(step: str) -> None:
    """Each item that a step of the built-in chain is asked for is found in its output."""
    record = next(record for record in steps() if record.name == step)
    found = coverage(task_of(record), record.output, record.artifacts)
    assert [item.item for item in found if not item.met] == []
    assert len(found) >= 5


def sections(output: str) -> list[tuple[str, str]]:
    """Each section's heading, and the output without it."""
    starts = [match.start() for match in re.finditer(r"^#{2,3} ", output, re.MULTILINE)] + [len(output)]
    return [
        (output[start:end].partition("\n")[0].lstrip("# "), output[:start] + output[end:])
        for start, end in pairwise(starts)
    ]


GONE = {
    "Container image": {"R1", "R1.1", "R1.2"},
    "Deployment": {"R2.1"},
    "Service": {"R2.2"},
    "Autoscaling": {"R2.3"},
    "Helm chart": {"R3"},
    "Blue-green strategy": {"R4"},
    "Secrets": {"R5"},
    "Network policy": {"R6"},
    "RBAC": {"R6"},
    "Health checks": {"R1", "R1.1", "R1.2"},
    "Metrics exporter": {"R2"},
    "Grafana dashboard": {"R3", "R3.1", "R3.2", "R3.3"},
    "Alert rules": {"R4", "R4.1", "R4.2", "R4.3"},
    "Automated rollback": {"R5"},
    "Logs": {"R6"},
    "Stage definitions": {"R10"},
    "Artifact specifications": {"R11"},
    "US-1: Automated model packaging": {"R1"},
    "US-2: Blue-green deployments": {"R2"},
    "US-3: Automated health checks": {"R3"},
    "US-4: Deployment rollback capability": {"R4"},
    "Facts": set(),
}


@pytest.mark.parametrize("step", STEPS)
def test_without_a_section_exactly_its_items_are_unmet(step: str) -> None:
    """What stood in the section that was taken out is missing, and nothing else."""
    record = next(record for record in steps() if record.name == step)
    tried = 0
    for heading, output in sections(record.output):
        if heading in GONE:
            found = coverage(task_of(record), output)
            assert {item.id for item in found if not item.met} == GONE[heading], heading
            tried += 1
    assert tried >= 3


LINES = st.lists(
    st.one_of(
        st.text(max_size=60),
        st.sampled_from(
            [
                "- item (a, b, c)",
                "  - deeper: x, y",
                "# Heading",
                "**Bold**",
                "```",
                "~~~ yaml path=x",
                "| a | b |",
                "Produce: a, b, and c",
                '<material-ab12 from="x">',
                "</material-ab12>",
                "1. As an x, I want y",
                "kind: Deployment",
                "FROM a AS b",
            ]
        ),
    ),
    max_size=30,
).map("\n".join)


@given(LINES, LINES)
@settings(max_examples=150, deadline=None)
def test_any_text_is_read_the_same_way_twice(task: str, output: str) -> None:
    """No text makes it fail; ids are unique, parents are there, places are in the text."""
    wanted = requirements(task)
    ids = [item.id for item in wanted]
    assert len(set(ids)) == len(ids) <= MOST_ITEMS
    assert all(not item.parent or item.parent in ids for item in wanted)
    found = coverage(task, output)
    assert found == coverage(task, output)
    assert [item.id for item in found] == ids
    assert all(1 <= item.line <= len(output.split("\n")) for item in found if item.met and not item.file)


@pytest.mark.parametrize(
    "unit",
    [
        "- item (a, b, c), d: e\n",
        "a, " * 400 + "\n",
        "the " * 400 + "\n",
        '<material-ab from="x">',
        "(" * 500 + "\n",
        "```\n",
        "FROM a\n",
        "# Dockerfile\n",
        " " * 300 + "- x\n",
        "**" * 400 + "\n",
        "Produce: x and y\n",
        "US-1 " * 80 + "\n",
    ],
)
def test_time_grows_with_the_text_only(unit: str) -> None:
    """A large text is no trap, as an answer, as a task, or as both."""
    text = unit * (100_000 // len(unit))
    started = time.perf_counter()
    coverage(text, text)
    coverage(TASK, text)
    assert time.perf_counter() - started < 4
