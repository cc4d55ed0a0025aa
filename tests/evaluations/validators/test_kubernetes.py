"""Kubernetes manifests: what the API server takes, and what it does not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fcc.evaluations import validation
from fcc.evaluations.validation import validate_artifact
from fcc.evaluations.validators import _kubernetes_schema as schemas

POD = """apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
    - name: web
      image: web:1.0
      ports:
        - containerPort: 8080
      env:
        - name: MODE
          value: "fast"
"""
CUSTOM = """apiVersion: example.com/v1
kind: Widget
metadata:
  name: one
spec: {size: 3}
"""


@pytest.fixture(autouse=True)
def _nothing_kept():
    """Each test has its own results, whatever was found on the same text before."""
    validation._validated.cache_clear()


def _found(text: str):
    result = validate_artifact("kubernetes", text)
    return result.valid, [(finding.rule, finding.line) for finding in result.findings]


@pytest.mark.parametrize(
    "text",
    [
        POD,
        f"---\n{POD}---\n---\n{POD}",
        "apiVersion: v1\nkind: List\nitems: []\n",
        "apiVersion: v1\nkind: Service\nmetadata: {generateName: a-}\nspec: {ports: [{port: 80, targetPort: web}]}\n",
        POD.replace("spec:", "spec:\n  hostNetwork: yes"),
        POD.replace("spec:", "spec:\n  volumes: null"),
        POD.replace('"fast"', "'yes'"),
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: 'system:node_reader'}\nrules: []\n",
        '{"apiVersion": "v1",\n\t"kind": "Namespace",\n\t"metadata": {"name": "a"}}',
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  rule: '{{ $labels.job }}'\n",
    ],
)
def test_what_the_api_takes_is_valid(text):
    """Objects, lists of them and several documents are valid where each fits its schema."""
    assert _found(text) == (True, [])


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        ("", "kubernetes-empty", 1),
        ("# nothing\n", "kubernetes-empty", 1),
        ("- a\n", "kubernetes-structure", 1),
        (POD.replace("apiVersion: v1\n", ""), "kubernetes-structure", 1),
        (POD.replace("kind: Pod\n", ""), "kubernetes-structure", 1),
        (POD.replace("v1", "1", 1), "kubernetes-structure", 1),
        (POD.replace("metadata:\n  name: web", "metadata: [web]"), "kubernetes-structure", 3),
        (POD.replace("v1", "v9", 1), "kubernetes-api", 1),
        (POD.replace("v1\nkind: Pod", "extensions/v1beta1\nkind: Ingress"), "kubernetes-api", 1),
        (POD.replace("Pod", "Pood"), "kubernetes-kind", 2),
        (POD.replace("Pod", "../Pod"), "kubernetes-kind", 2),
        (POD.replace("name: web\nspec", "labels: {}\nspec"), "kubernetes-name", 3),
        (POD.replace("name: web\nspec", "name: My_Web\nspec"), "kubernetes-name", 4),
        (POD.replace("8080", '"8080"'), "kubernetes-schema", 10),
        (POD.replace("containers:", "containrs:"), "kubernetes-schema", 6),
        (POD.replace("- name: web", "- title: web"), "kubernetes-schema", 7),
        (POD.replace('"fast"', "8"), "kubernetes-schema", 13),
        (POD.replace('"fast"', "yes"), "kubernetes-boolean", 13),
        (POD.replace("    - name: web", "   - name: web\n  - x"), "kubernetes-yaml", 8),
        (f"{POD}kind: Pod\n", "kubernetes-yaml", 14),
        (f"```yaml\n{POD}```\n", "kubernetes-yaml", 1),
        (f"{POD}---\napiVersion: v1\nkind: List\nitems: {{}}\n", "kubernetes-structure", 17),
        ("apiVersion: v1\nkind: List\nitems:\n  - kind: Pod\n", "kubernetes-structure", 4),
    ],
)
def test_what_the_api_refuses_is_invalid(text, rule, line):
    """What does not fit is told with its rule and the line that it stands on."""
    valid, found = _found(text)
    assert valid is False
    assert (rule, line) in found


def test_a_finding_says_how_to_fix_it():
    """A word that is nearly one of the schema's is named."""
    findings = validate_artifact("kubernetes", POD.replace("image:", "imgae:")).findings
    assert [finding.hint for finding in findings] == ["Did you mean `image`?"]


def test_custom_kinds_are_not_checked():
    """A file with custom kinds only is not checked; one with known kinds too is, with a remark."""
    assert validate_artifact("kubernetes", CUSTOM).valid is None
    assert _found(f"{POD}---\n{CUSTOM}") == (True, [("kubernetes-custom-kind", 15)])
    assert _found(CUSTOM.replace("kind: Widget\n", "")) == (False, [("kubernetes-structure", 1)])


def test_a_template_is_not_checked():
    """What is a Helm template is not YAML yet, and not an error."""
    result = validate_artifact("kubernetes", POD.replace("web:1.0", "{{ .Values.image }}"))
    assert result.valid is None
    assert "template" in result.reason


def test_privileges_are_warned_of():
    """A container that may gain privileges is valid, and a warning with its line."""
    text = f"{POD}      securityContext: {{allowPrivilegeEscalation: true}}\n"
    assert _found(text) == (True, [("kubernetes-privilege", 14)])
    assert _found(text.replace("true", "false")) == (True, [])


def test_a_secret_that_is_not_base64_is_warned_of():
    """A plain text under `data` of a Secret is a warning, one in base64 is none."""
    text = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata:\n  key: {value}\n"
    assert _found(text.replace("{value}", "c2VjcmV0")) == (True, [])
    assert _found(text.replace("{value}", "secret!")) == (True, [("kubernetes-base64", 5)])


def test_without_the_schemas_only_the_basics_are_checked(monkeypatch):
    """Without the package an error in the basics still counts, and a good manifest is not checked."""
    monkeypatch.setattr(schemas, "find_spec", lambda name: None)
    schemas.folder.cache_clear()
    try:
        result = validate_artifact("kubernetes", POD)
        assert (result.valid, result.findings) == (None, ())
        assert "pip install" in result.reason
        assert _found(f"{POD}---\nkind: Pod\n") == (False, [("kubernetes-structure", 15)])
    finally:
        schemas.folder.cache_clear()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "apiVersion": st.sampled_from(["v1", "apps/v1", "batch/v1"]) | VALUES,
            "kind": st.sampled_from(["Pod", "Deployment", "Job", "Secret", "List"]) | VALUES,
            "metadata": st.fixed_dictionaries({"name": VALUES}) | VALUES,
            "spec": st.fixed_dictionaries({"template": VALUES, "containers": st.lists(VALUES)}) | VALUES,
            "data": VALUES,
            "items": VALUES,
        },
    )
)
def test_any_types_anywhere(manifest):
    """Values of the wrong type, wherever they stand, make findings and never a crash."""
    import json

    validate_artifact("kubernetes", json.dumps(manifest))


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200) | st.sampled_from(["\ud800", "\0", "[" * 5000, "{{ .Values.x", "a: &a [*a]"]))
def test_any_text(text):
    """Any text gives a result."""
    validate_artifact("kubernetes", text)
    validate_artifact("kubernetes", POD + text)


RULES = """apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: web
spec:
  groups:
    - name: web
      rules:
        - alert: Down
          expr: up == 0
          for: 5m
"""
KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [web.yaml]\n"


def test_a_prometheus_rule_is_checked():
    """The groups of a PrometheusRule are read as Prometheus would, alone, after others and in a list."""
    assert _found(RULES) == (True, [])
    broken = RULES.replace("up == 0", "rate(up[5m)").replace("5m\n", "5 minutes\n")
    found = {("prometheus-duration", 11), ("prometheus-expr", 10)}
    assert set(_found(broken)[1]) == found
    assert set(_found(f"{POD}---\n{broken}")[1]) == {(rule, line + 14) for rule, line in found}
    listed = "apiVersion: v1\nkind: List\nitems:\n  - " + broken.replace("\n", "\n    ")
    assert set(_found(listed)[1]) == {(rule, line + 3) for rule, line in found}
    assert _found(RULES.partition("spec:")[0]) == (False, [("prometheus-structure", 1)])


def test_a_kustomization_is_named_for_what_it_is():
    """Files of kustomize are not checked, and are not called custom kinds."""
    result = validate_artifact("kubernetes", KUSTOMIZATION)
    assert (result.valid, result.reason) == (None, "kustomize files")
    both = validate_artifact("kubernetes", f"{POD}---\n{KUSTOMIZATION}")
    assert [finding.message for finding in both.findings] == ["not checked: kustomize files"]
