"""Helm's Chart.yaml."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fcc.evaluations.validation import validate_artifact

GOOD = """apiVersion: v2
name: web
version: 1.2.3-rc.1+build.5
kubeVersion: ">=1.25.0-0 <2.0.0"
description: The web
type: application
appVersion: "1.16"
keywords: [web]
sources:
  - https://example.com/web
maintainers:
  - {name: Ann, email: ann@example.com, url: https://example.com}
dependencies:
  - name: redis
    version: ~17.0.0
    repository: oci://example.com/charts
    condition: redis.enabled
    tags: [cache]
    import-values: [data]
  - {name: redis, version: "17", alias: second}
annotations: {a: b}
"""


def _found(text: str):
    result = validate_artifact("helm_chart_yaml", text)
    return result.valid, [(finding.rule, finding.line) for finding in result.findings]


@pytest.mark.parametrize(
    "text", [GOOD, "apiVersion: v1\nname: a\nversion: v0.1.0\n", GOOD.replace("v2", "'v2'")]
)
def test_a_chart_by_the_documentation_is_valid(text):
    """Every field that Helm documents is taken."""
    assert _found(text) == (True, [])


@pytest.mark.parametrize(
    ("old", "new", "rule", "line"),
    [
        ("apiVersion: v2\n", "", "helm-chart-field", 1),
        ("name: web", "name: ''", "helm-chart-field", 2),
        ("version: 1.2.3-rc.1+build.5\n", "", "helm-chart-field", 1),
        ("apiVersion: v2", "apiVersion: v9", "helm-chart-value", 1),
        ("name: web", "name: ../web", "helm-chart-value", 2),
        ("1.2.3-rc.1+build.5", "latest", "helm-chart-value", 3),
        ("1.2.3-rc.1+build.5", "1.2.3.4", "helm-chart-value", 3),
        ("1.2.3-rc.1+build.5", "1.0", "helm-chart-type", 3),
        ('"1.16"', "1.16", "helm-chart-type", 7),
        ("type: application", "type: service", "helm-chart-value", 6),
        ("keywords: [web]", "keywords: web", "helm-chart-type", 8),
        ("annotations: {a: b}", "annotations: [a]", "helm-chart-type", 21),
        ("https://example.com/web", "example", "helm-chart-value", 10),
        ("name: Ann, ", "", "helm-maintainer", 12),
        ("ann@example.com", "ann", "helm-maintainer", 12),
        ("  - name: redis\n", "  - title: redis\n", "helm-dependency", 14),
        ("tags: [cache]", "tags: cache", "helm-dependency", 18),
        (", alias: second", "", "helm-dependency", 20),
        ("alias: second", "alias: a/b", "helm-dependency", 20),
        ("version: ~17.0.0", "version: 17", "helm-dependency", 15),
        ("annotations", "name: web\nannotations", "helm-yaml", 21),
        ("description", "\tdescription", "helm-yaml", 5),
    ],
)
def test_what_helm_refuses_is_invalid(old, new, rule, line):
    """What Helm would not load, or not lint, is told with its line."""
    assert old in GOOD
    valid, found = _found(GOOD.replace(old, new, 1))
    assert valid is False
    assert (rule, line) in found


@pytest.mark.parametrize("text", ["", "- a\n", "a", f"{GOOD}---\n{GOOD}", "dependencies: redis\n"])
def test_another_form_is_invalid(text):
    """A Chart.yaml is one mapping, and a list of dependencies is a list."""
    assert _found(text)[0] is False


def test_what_helm_reads_over_is_warned_of():
    """Unknown fields, and those of a newer apiVersion, are warnings."""
    assert _found(f"{GOOD}verson: 1\n") == (True, [("helm-chart-unknown", 22)])
    assert _found("apiVersion: v1\nname: a\nversion: 0.1.0\ntype: library\n") == (
        True,
        [("helm-chart-v1", 4)],
    )


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
KEYS = [
    "apiVersion",
    "name",
    "version",
    "type",
    "dependencies",
    "maintainers",
    "sources",
    "annotations",
    "icon",
    "x",
]


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.sampled_from(KEYS), VALUES | st.lists(st.dictionaries(st.sampled_from(KEYS), VALUES)))
)
def test_any_types_anywhere(chart):
    """Values of the wrong type make findings and never a crash."""
    import json

    validate_artifact("helm_chart_yaml", json.dumps(chart))
