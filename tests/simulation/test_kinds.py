"""Kinds: what a file is, by its path, its content, and its fence's language."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcc.evaluations.validation import KINDS
from fcc.simulation.kinds import kind_of

POD = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n"
WORKFLOW = "name: CI\non: [push]\njobs:\n  test:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: make\n"
RULES = "groups:\n  - name: a\n    rules:\n      - alert: Down\n        expr: up == 0\n"
COMPOSE = "services:\n  web:\n    image: nginx:1.29\n"
GITLAB = "stages: [test]\nunit:\n  stage: test\n  script:\n    - make\n"
CHART = "apiVersion: v2\nname: app\nversion: 1.0.0\n"
DASHBOARD = '{"title": "A", "panels": [], "schemaVersion": 39}'


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("Dockerfile", "dockerfile"),
        ("docker/Dockerfile.dev", "dockerfile"),
        ("api.Dockerfile", "dockerfile"),
        ("Containerfile", "dockerfile"),
        (".github/workflows/ci.yml", "github_workflow"),
        ("x/.gitlab-ci.yml", "gitlab_ci"),
        ("docker-compose.prod.yaml", "docker_compose"),
        ("compose.yaml", "docker_compose"),
        ("charts/app/Chart.yaml", "helm_chart_yaml"),
        ("charts/app/values.yaml", "helm_values"),
        ("charts/app/values-prod.yaml", "helm_values"),
        ("main.tf", "hcl"),
        ("a/b.py", "python"),
        ("run.sh", "shell"),
        ("schema.sql", "sql"),
        ("pyproject.toml", "toml"),
        ("a.yml", "yaml"),
        ("a.json", "json"),
        ("flow.mmd", "mermaid"),
        ("README.md", "markdown"),
        ("mkdocs.yml", "mkdocs"),
        ("requirements-dev.txt", ""),
        ("Makefile", ""),
        ("Dockerfile.md", "markdown"),
        ("Dockerfile.dockerignore", ""),
        ("tsconfig.json", "jsonc"),
    ],
)
def test_a_path_says_the_kind(path: str, kind: str) -> None:
    """A file that no agent wrote is recognised by its path, even where it is empty."""
    assert kind_of(path, "", "") == kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (POD, "kubernetes"),
        ("---\n# a pod\n" + POD, "kubernetes"),
        ("kind: Pod\nmetadata: {name: a}\nspec: {}\n", "kubernetes"),
        ("apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nspec:\n  " + RULES, "kubernetes"),
        (WORKFLOW, "github_workflow"),
        (WORKFLOW.replace("on: [push]\n", ""), "github_workflow"),
        (WORKFLOW.replace("on:", '"on":'), "github_workflow"),
        (RULES, "prometheus_rules"),
        (RULES.replace("alert: Down", "record: a:b"), "prometheus_rules"),
        (COMPOSE, "docker_compose"),
        ("version: '3'\n" + COMPOSE.replace("image: nginx:1.29", "build: ."), "docker_compose"),
        (GITLAB, "gitlab_ci"),
        (CHART, "helm_chart_yaml"),
        ("replicaCount: 2\nimage:\n  repository: a\n", "helm_values"),
        (POD.replace("name: a", "name: {{ .Values.name }}"), "helm_template"),
        ('{{- define "app.name" -}}\na\n{{- end }}\n', "helm_template"),
        (RULES + "        annotations:\n          summary: '{{ $labels.job }}'\n", "prometheus_rules"),
        (WORKFLOW + "        env: {A: '${{ github.sha }}'}\n", "github_workflow"),
        ("version: 2.1\njobs:\n  a:\n    steps: [checkout]\nworkflows: {}\n", "yaml"),
        ("apiVersion: 1\ngroups:\n  - rules: [{alert: a}]\n", "yaml"),
        ("name: a\nversion: 1\n", "yaml"),
        ("on: true\n", "yaml"),
        (DASHBOARD, "grafana_dashboard"),
        ('{"apiVersion": "v1", "kind": "Pod"}', "kubernetes"),
    ],
)
def test_content_counts_more_than_yaml(text: str, kind: str) -> None:
    """What is marked as YAML is looked into; templates in strings make no Helm template."""
    assert kind_of("block-1.yaml", "yaml", text) == kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (POD, "kubernetes"),
        (WORKFLOW, "github_workflow"),
        (RULES, "prometheus_rules"),
        (COMPOSE, "docker_compose"),
        (CHART, "helm_chart_yaml"),
        (DASHBOARD, "grafana_dashboard"),
        ('{"a": 1}', "json"),
        ("# syntax=docker/dockerfile:1\nARG V=1\nFROM a:${V}\nRUN b\n", "dockerfile"),
        ("COPY . .\nRUN make\n", "dockerfile"),
        ("#!/usr/bin/env -S python3 -u\nx\n", "python"),
        ("#!/bin/sh\nx\n", "shell"),
        ("#!/usr/bin/perl\nx\n", ""),
        ("def f(x):\n    return x\n\nprint(f(1))\n", "python"),
        ("from a import b\nimport c\n\nb.d(c)\n", "python"),
        ("cd app\nnpm install\n", "shell"),
        ("set -e\nfor f in a b; do\n  echo $f\ndone\n", "shell"),
        ("CREATE TABLE a (b int);\n", "sql"),
        ('resource "a_b" "c" {\n}\n', "hcl"),
        ("sequenceDiagram\n  A->>B: hi\n", "mermaid"),
        ("---\na: 1\n", "yaml"),
        ("The service runs on port 80.\nIt is fast.\n", ""),
        ("app/\n├── main.py\n└── Dockerfile\n", ""),
        ("$ kubectl get pods\nNAME READY\n", ""),
        ("kubectl get pods\nNAME   READY   STATUS\na      1/1     Running\nb      1/1     Running\n", ""),
        ("docker login <registry>\n", ""),
        ("function f(a) {\n  let b = a;\n  return b;\n}\n", ""),
        ("", ""),
        ("\n# only a comment\n", ""),
    ],
)
def test_an_unmarked_text_is_looked_into(text: str, kind: str) -> None:
    """Without a mark, only what is sure gets a kind: prose and what a terminal showed do not."""
    assert kind_of("block-1.txt", "", text) == kind


@pytest.mark.parametrize(
    ("path", "language", "text", "kind"),
    [
        ("block-1.txt", "Go", "package a", "go"),
        ("block-1.txt", "text", "a tree", "text"),
        ("block-1.txt", "text", POD, "kubernetes"),
        ("block-1.txt", "promql", "up == 0", "promql"),
        ("block-1.sh", "bash", "$ ls\na b\n", "console"),
        ("block-1.sh", "bash", "FROM a\nRUN b\n", "dockerfile"),
        ("a.yaml", "bash", POD, "kubernetes"),
        ("a.py", "yaml", POD, "python"),
        ("chart/templates/a.yaml", "gotmpl", "a: {{ $b }}", "helm_template"),
        ("chart/templates/a.yaml", "yaml", POD, "kubernetes"),
        ("chart/templates/_helpers.tpl", "", "{{- $a }}", "helm_template"),
        ("a.json", "json", "\ufeff" + DASHBOARD, "grafana_dashboard"),
        ("a.yaml", "yaml", WORKFLOW.replace("\n", "\r\n"), "github_workflow"),
    ],
)
def test_path_language_and_content_together(path: str, language: str, text: str, kind: str) -> None:
    """The suffix counts more than the tag, and the content more than both where it is unmistakable."""
    assert kind_of(path, language, text) == kind


def test_every_kind_is_one_that_is_checked() -> None:
    """Each kind that can be validated is recognised in some file."""
    found = {
        kind_of(path, "", text)
        for path, text in [
            *[
                (f"a.{suffix}", "")
                for suffix in ("tf", "json", "md", "mmd", "py", "sh", "sql", "toml", "yaml")
            ],
            *[("a.yaml", text) for text in (POD, WORKFLOW, RULES, COMPOSE, GITLAB, CHART)],
            ("Dockerfile", ""),
            ("mkdocs.yml", ""),
            ("values.yaml", ""),
            ("templates/a.yaml", "{{ a }}"),
            ("a.json", DASHBOARD),
        ]
    }
    assert found == set(KINDS)


PIECES = st.sampled_from(
    [
        "{{",
        "apiVersion:",
        "kind: A\n",
        "on:\n",
        "jobs:",
        "FROM a\n",
        "#!",
        "/",
        "{",
        '"panels":',
        "\n",
        " ",
        "\t",
        "\r",
    ]
)


@given(
    st.text(max_size=40), st.text(max_size=10), st.lists(st.one_of(PIECES, st.text(max_size=9))).map("".join)
)
def test_any_text_has_a_kind(path: str, language: str, text: str) -> None:
    """No text is too strange, and the same text has the same kind each time."""
    kind = kind_of(path, language, text)
    assert kind == kind_of(path, language, text)
    assert kind in KINDS or kind in {language.lower(), "jsonc", "console"}


@pytest.mark.parametrize(
    "piece", ["{{ ", " ", "a: ", "services:\n", "'", "from .", "{", '{"panels":', "#!/", "- "]
)
def test_a_long_text_takes_no_time(piece: str) -> None:
    """A pattern that is repeated 200,000 characters long is looked at once, not once for each of them."""
    text = piece * (200_000 // len(piece))
    started = time.process_time()
    for path in ("a", "a.yaml", "a.json", text):
        kind_of(path, "", text)
    assert time.process_time() - started < 2
