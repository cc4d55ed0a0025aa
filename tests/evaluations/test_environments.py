"""Comparing environments: what is meant to differ, what drifts, and whose value stands where."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fcc.evaluations._differences import changes
from fcc.evaluations._meant import Meant
from fcc.evaluations.environments import variations, vary
from fcc.simulation import Artifact, Delivery, Finding

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: {namespace}}}
spec:
  replicas: {replicas}
  template:
    spec:
      containers:
        - name: app
          image: web:{tag}
          env: [{{name: LOG_LEVEL, value: {level}}}]
"""
DEV = {"namespace": "web-dev", "replicas": 1, "level": "debug"}
STAGING = {"namespace": "web-staging", "replicas": 2, "level": "info"}
PRODUCTION = {"namespace": "web", "replicas": 4, "level": "warning"}
INPUTS: dict[str, dict[str, Any]] = {"dev": DEV, "staging": STAGING, "production": PRODUCTION}


def artifact(text: str, path: str = "k8s/web.yaml", kind: str = "kubernetes") -> Artifact:
    return Artifact(path, kind, text, 1, text.count("\n") + 1)


def delivered(environment: str, *files: Artifact, step: str = "infrastructure") -> Delivery:
    return Delivery(f"{environment}.{step}", "", "", files)


def manifest(environment: str, **changed: Any) -> Delivery:
    text = DEPLOYMENT.format(**{**INPUTS[environment], "tag": "1.0", **changed})
    return delivered(environment, artifact(text))


def three(**changed: dict[str, Any]) -> dict[str, list[Delivery]]:
    """A manifest in each environment, in some of them with other values than are given."""
    return {name: [manifest(name, **changed.get(name, {}))] for name in INPUTS}


def two(
    kind: str, before: str, here: str, inputs: tuple[dict[str, Any], dict[str, Any]]
) -> tuple[Finding, ...]:
    """What is found of a file in dev and in production."""
    files = {
        "dev": [delivered("dev", artifact(before, "a", kind))],
        "production": [delivered("production", artifact(here, "a", kind))],
    }
    return vary(files, dict(zip(files, inputs, strict=True)))


def rules(findings: tuple[Finding, ...]) -> list[tuple[str, str, str]]:
    return [(finding.rule, finding.severity, finding.file.split("/")[1]) for finding in findings]


def test_what_follows_from_the_inputs_is_no_finding() -> None:
    """Each environment's own values in its own manifest are what was meant."""
    assert vary(three(), INPUTS) == ()
    (first, second) = variations(three(), INPUTS)
    assert (first.before, first.here, second.here) == ("dev", "staging", "production")
    assert {name for item in second.differences for name in item.by or ()} == {
        "namespace",
        "replicas",
        "level",
    }


@pytest.mark.parametrize(
    ("environment", "changed", "severity"),
    [
        ("production", {"replicas": 2}, "error"),
        ("production", {"namespace": "web-staging"}, "error"),
        ("staging", {"namespace": "web"}, "error"),
        ("production", {"level": "debug"}, "error"),
    ],
)
def test_a_value_of_another_environment_is_found(
    environment: str, changed: dict[str, Any], severity: str
) -> None:
    """It is told once, in the environment where it is wrong, and not as a drift as well."""
    found = vary(three(**{environment: changed}), INPUTS)
    assert rules(found) == [("environment-mixed-up", severity, f"{environment}.infrastructure")]
    ((name, value),) = changed.items()
    assert f"{value!s}" in found[0].message
    assert f"`{name}`" in found[0].message
    assert found[0].line > 1


def test_a_domain_is_found_anywhere_and_before_its_own_environment_is_reached() -> None:
    """Production's domain in a script of dev is told, though production has delivered nothing."""
    inputs = {"dev": {"domain": "shop.dev.example.com"}, "production": {"domain": "shop.example.com"}}
    script = artifact("#!/bin/sh\ncurl https://shop.example.com/healthz\n", "check.sh", "shell")
    (found,) = vary({"dev": [delivered("dev", script)]}, inputs)
    assert (found.rule, found.file, found.line) == (
        "environment-mixed-up", "artifacts/dev.infrastructure/check.sh", 2,
    )  # fmt: skip


def test_what_an_environment_may_hold_for_other_reasons_is_not_mixed_up() -> None:
    """Production's namespace is the service's name, too, which staging may write."""
    service = artifact("kind: Service\nmetadata: {name: web-shop}\n")
    inputs = {
        "staging": {"namespace": "web-shop-staging", "service": "web_shop"},
        "production": {"namespace": "web-shop", "service": "web_shop"},
    }
    assert vary({"staging": [delivered("staging", service)]}, inputs) == ()


def test_a_number_that_may_be_meant_is_only_warned_of() -> None:
    """A second Deployment with as many replicas as dev has is no error where the first has production's."""
    files = three()
    helper = DEPLOYMENT.format(**{**PRODUCTION, "tag": "1.0", "replicas": 1})
    text = files["production"][0].artifacts[0].content
    files["production"] = [delivered("production", artifact(f"{text}---\n{helper}"))]
    found = vary(files, INPUTS)
    assert [(item.rule, item.severity) for item in found] == [
        ("environment-mixed-up", "warning"),
        ("environment-drift", "warning"),
    ]
    assert found[1].message.startswith("only production has `Deployment#2`")


def test_inputs_may_share_a_value() -> None:
    """Where two inputs are the same in one environment and not in the other, either may stand there."""
    meant = Meant("dev", "production", ({"x": "one", "y": "one"}, {"x": "two", "y": "three"}))
    assert meant.explains("a: one, b: one", "a: two, b: three") == frozenset({"x", "y"})


def test_what_nothing_explains_is_a_drift() -> None:
    """A version that only production runs is an error, since what was tried is not what runs; told with both sides."""
    (found,) = vary(three(production={"tag": "1.1"}), INPUTS)
    assert (found.rule, found.severity) == ("environment-drift", "error")
    assert "Deployment spec.template.spec.containers[app].image" in found.message
    assert "'web:1.1'" in found.message
    assert "'web:1.0'" in found.message
    assert found.related[0].file == "artifacts/staging.infrastructure/k8s/web.yaml"
    assert found.line == found.related[0].line == 10


def test_a_part_that_only_one_has_is_told_once_and_not_told_back() -> None:
    """What staging alone lacks is told of staging, as one thing, and not of production, which has it as dev does."""
    limits = "limits: {cpu: 1, memory: 1Gi}"
    with_, without = f"resources: {{requests: {{cpu: 1}}, {limits}}}\n", "resources: {requests: {cpu: 1}}\n"
    files = {
        name: [delivered(name, artifact(text, kind="yaml"))]
        for name, text in {"dev": with_, "staging": without, "production": with_}.items()
    }
    (found,) = vary(files, {name: {} for name in files})
    assert (found.rule, found.severity) == ("environment-drift", "warning")
    assert found.message.startswith("only dev has `resources.limits`, staging has not")


def test_a_switch_explains_whole_parts() -> None:
    """Where an input is on in one environment and off in the other, a file may be there in one only."""
    extra = artifact("kind: PodDisruptionBudget\n", "k8s/pdb.yaml")
    shared = artifact("kind: Service\n")
    files = {"dev": [delivered("dev", shared)], "production": [delivered("production", shared, extra)]}
    assert rules(vary(files, {"dev": {}, "production": {}})) == [
        ("environment-drift", "warning", "production.infrastructure")
    ]
    assert vary(files, {"dev": {"guarded": False}, "production": {"guarded": True}}) == ()


def test_an_input_that_shows_nowhere_is_told() -> None:
    """Unless the environment lacks the files of a step, which may be the ones that show it."""
    inputs = {name: {**values, "owner": f"team of {name}"} for name, values in INPUTS.items()}
    found = vary(three(), inputs)
    assert [(item.rule, item.severity, item.file) for item in found] == [
        ("environment-unused-input", "warning", "")
    ] * 2
    assert "`owner`" in found[0].message
    partly = three()
    partly["production"].append(delivered("production", artifact("a: 1\n"), step="monitoring"))
    assert [item.message for item in vary(partly, inputs)] == [found[0].message]


def test_an_input_is_told_where_no_file_differs_at_all() -> None:
    """Files that are the same in both environments owe nothing to it; where there are none, nothing is said."""
    inputs = {"staging": {"replicas": 1}, "production": {"replicas": 5}}
    files = {name: [delivered(name, artifact("a: b\n"))] for name in inputs}
    assert [item.rule for item in vary(files, inputs)] == ["environment-unused-input"]
    assert vary({name: [delivered(name)] for name in inputs}, inputs) == ()


def test_the_name_of_an_environment_is_taken_out_of_paths() -> None:
    """`overlays/dev/web.yaml` and `overlays/production/web.yaml` are the same file."""
    files = {
        name: [delivered(name, artifact(f"stage: {name}\n", f"overlays/{name}/web.yaml", "yaml"))]
        for name in ("dev", "production")
    }
    assert vary(files, {"dev": {}, "production": {}}) == ()


@pytest.mark.parametrize(
    ("old", "new", "before", "here"),
    [
        ("< 150ms p99", "< 100ms p99", "> 0.15", "> 0.1"),
        ("< 150ms p99", "< 100ms p99", "buckets=(0.0375, 0.075)", "buckets=(0.025, 0.05)"),
        ("< 1s", "< 200ms", "timeout: 2s", "timeout: 400ms"),
        ("99.5%", "99.9%", "> 0.072", "> 0.0144"),
        ("99.5%", "99.9%", "below 99.5%", "below 99.9%"),
        (2, 4, "max: 8", "max: 16"),
        (2, 4, "minAvailable: 1", "minAvailable: 3"),
        ("web_a", "web_b", "name: web-a-canary", "name: web-b-canary"),
        (True, False, "debug: true", "debug: true"),
        ({"db": ["a1"]}, {"db": ["b1"]}, "host a1", "host b1"),
    ],
)
def test_what_follows_from_an_input_is_explained_by_it(old: Any, new: Any, before: str, here: str) -> None:
    """Another unit, a proportion, one less, what a percentage leaves, and names that are made of it."""
    meant = Meant("dev", "production", ({"x": old}, {"x": new}))
    assert meant.explains(before, here) == (frozenset() if before == here else frozenset({"x"}))


@pytest.mark.parametrize(
    ("old", "new", "before", "here"),
    [
        ("99.5%", "99.9%", "port: 8000", "port: 8032"),
        (2, 4, "port: 8000", "port: 8002"),
        ("a1", "b1", "host a1", "host c1"),
        ("< 150ms", "< 100ms", "> 0.15 for 5m", "> 0.1 for 6m"),
        (2, 4, "replicas: 2", "replicas: 4, surge: 1"),
    ],
)
def test_what_does_not_follow_is_not_explained(old: Any, new: Any, before: str, here: str) -> None:
    """A number that is near by chance, another value, a second change beside one that is meant."""
    assert Meant("dev", "production", ({"x": old}, {"x": new})).explains(before, here) is None


def test_the_explained_text_is_matched_in_bounded_time() -> None:
    """A text of numbers and points that nearly fits is refused at once."""
    text = "1." * 5_000
    assert Meant("dev", "production", ({"x": 1}, {"x": 2})).explains(f"{text}a", f"{text}b") is None


def test_texts_are_compared_line_by_line() -> None:
    """A line that was put in is told, and those after it are not; empty lines and indents say nothing."""
    found = two("shell", "set -e\nrun\nstop\n", "set -e\n\nlog\nrun\n  stop\n", ({}, {}))
    assert [(item.line, item.message) for item in found] == [
        (3, "only production has the line 'log', dev has not, and no input explains it")
    ]


def test_a_file_that_can_not_be_read_is_compared_as_text() -> None:
    """Broken YAML in one environment is no reason to say nothing."""
    assert [item.rule for item in two("yaml", "a: 1\n", "a: [1\n", ({}, {}))] == ["environment-drift"]


def test_an_empty_document_is_no_difference() -> None:
    """Dashes alone say nothing."""
    assert changes("yaml", "", "---") == changes("yaml", "a: 1\n", "a: 1\n---\n") == []


def test_a_file_with_many_differences_tells_some() -> None:
    """Twenty of a file are told."""
    many = ["".join(f"k{number}: {side}\n" for number in range(50)) for side in ("a", "b")]
    assert len(two("yaml", *many, ({}, {}))) == 20


TEXTS = st.text("ab1.:-[]{}\n &*'\"", max_size=40)


@settings(max_examples=60, deadline=None)
@given(before=TEXTS, here=TEXTS, value=TEXTS, other=TEXTS)
def test_whatever_stands_there_it_compares(before: str, here: str, value: str, other: str) -> None:
    """Hostile files and inputs raise nothing, equal files differ in nothing, and places are lines of the file."""
    inputs = {"dev": {"x": value}, "production": {"x": other}}
    for kind in ("yaml", "shell"):
        found = two(kind, before, here, (inputs["dev"], inputs["production"]))
        assert all(0 <= item.line <= here.count("\n") + before.count("\n") + 1 for item in found)
        assert changes(kind, before, before) == []
