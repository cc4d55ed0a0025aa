"""Pipelines of GitLab: stages, what jobs refer to, and the schema."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from fcc.evaluations.validation import validate_artifact
from fcc.evaluations.validators import gitlab_ci
from support.mutated import cut, mutated

BUILD = "build:\n  script: make\n"
WHOLE = {
    "stages": ["build", "deploy"],
    "variables": {"A": "1"},
    ".base": {"image": "python:3.12", "before_script": ["echo"]},
    "build": {"stage": "build", "extends": ".base", "script": ["make"], "artifacts": {"paths": ["dist"]}},
    "ship": {"stage": "deploy", "needs": [{"job": "build"}], "script": "x", "rules": [{"if": "$A"}]},
}


@pytest.mark.parametrize(
    "text",
    [
        BUILD,
        f"{BUILD}check:\n  needs: [build]\n  script: [a, b]\n",
        "include: {local: a.yml}\nx:\n  stage: other\n  extends: .z\n  needs: [k]\n",
        ".t:\n  image: x\nx:\n  extends: .t\n  script: x\n  artifacts: {paths: [x], expire_in: 1 day}\n",
        "x:\n  script:\n    - !reference [.s, script]\n    - echo\n.s:\n  script: [x]\n",
        "spec:\n  inputs:\n    a: {default: x}\n---\nx:\n  script: echo $[[ inputs.a ]]\n",
        "x:\n  trigger: {include: a.yml}\n",
        "x:\n  stage: .post\n  script: y\n  needs: [{job: z, optional: true}, {pipeline: $P, job: u}]\n",
    ],
)
def test_pipelines_are_valid(text):
    """Jobs, templates, included parts, references and a header of inputs give no error."""
    assert validate_artifact("gitlab_ci", text).valid is True


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        ("", "gitlab-yaml", 1),
        (".x:\n  script: y\n", "gitlab-jobs", 1),
        ("x:\n  stage: test\n", "gitlab-script", 1),
        ("x:\n  script: y\n  stage: ship\n", "gitlab-stage", 3),
        ("stages: [build]\nx:\n  script: y\n", "gitlab-stage", 2),
        (f"{BUILD}x:\n  script: y\n  needs: [bild]\n", "gitlab-needs", 5),
        (f"{BUILD}x:\n  script: y\n  dependencies: [bild]\n", "gitlab-dependencies", 5),
        (f"{BUILD}x:\n  script: y\n  extends: .base\n", "gitlab-extends", 5),
        ("a: {needs: [b], script: x}\nb: {needs: [a], script: x}\n", "gitlab-needs", 1),
        (f"{BUILD}  scrip: x\n", "gitlab-schema", 3),
        (f"{BUILD}  when: sometimes\n", "gitlab-schema", 3),
        (f"{BUILD}  retry: 9\n", "gitlab-schema", 3),
        (f"{BUILD}{BUILD}", "gitlab-yaml", 3),
    ],
)
def test_what_is_wrong_is_found_on_its_line(text, rule, line):
    """Each mistake gives its own rule, with the line that it stands on."""
    found = {(item.rule, item.line) for item in gitlab_ci.check(text)}
    assert (rule, line) in found
    assert validate_artifact("gitlab_ci", text).valid is False


@settings(max_examples=60, deadline=None)
@given(mutated(WHOLE) | cut(BUILD))
def test_any_text_gives_findings_and_no_crash(text):
    """Wrong types, cut texts and strange characters end in findings that name a line of the text."""
    for found in gitlab_ci.check(text):
        assert found.message
        assert 0 <= found.line <= len(text.splitlines()) + 1
