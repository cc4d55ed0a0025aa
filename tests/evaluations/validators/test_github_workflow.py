"""Workflows: with actionlint, and by the schema and rules of our own."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from fcc.evaluations.validation import Validation
from fcc.evaluations.validators import _schema, github_workflow
from fcc.evaluations.validators.check import NotCheckedError
from support.mutated import cut, mutated

WORKFLOW = """\
name: CI
on:
  push:
    branches: [main]
  schedule:
    - cron: '30 5 * * 1'
permissions:
  contents: read
jobs:
  build:
    runs-on: ubuntu-latest
    outputs:
      tag: ${{ steps.meta.outputs.tag }}
    steps:
      - uses: actions/checkout@v5
      - id: meta
        run: |
          if [ "${{ github.ref }}" = refs/heads/main ]; then
            echo "tag=${GITHUB_SHA}" >> "$GITHUB_OUTPUT"
          fi
  deploy:
    needs: build
    if: github.ref == 'refs/heads/main' && !cancelled()
    runs-on: ubuntu-latest
    steps:
      - run: echo "$TAG"
        env:
          TAG: ${{ needs.build.outputs.tag }}
"""
MISTAKES = [
    ("    branches: [main]", "    branch: [main]"),
    ("  push:", "  on_push:"),
    ("30 5 * * 1", "30 25 * * 1"),
    ("contents: read", "contents: rad"),
    ("jobs:", "job:"),
    ("    runs-on: ubuntu-latest\n    outputs", "    outputs"),
    ("needs: build", "needs: bild"),
    ("needs: build", "needs: deploy"),
    ("steps.meta", "step.meta"),
    ("needs.build.outputs.tag }}", "needs.test.outputs.tag }}"),
    ("tag }}\n    steps", "tag }\n    steps"),
    ("github.ref ==", "env.REF =="),
    ("!cancelled()", "!canceled()"),
    ("uses: actions/checkout@v5", "uses: actions/checkout@v5\n        run: x"),
    ("uses: actions/checkout@v5", "name: nothing"),
    ("uses: actions/checkout@v5", "uses: actions/checkout@v5\n        id: meta"),
    ("          fi\n", "          done\n"),
    ("runs-on: ubuntu-latest\n    outputs", "runs-on: macos-10.15\n    outputs"),
    ("name: CI", "name: CI\nname: CI"),
]


@pytest.fixture(params=["actionlint", "own rules"])
def linter(request, monkeypatch):
    """Both ways to check, the second as where actionlint is not installed."""
    if request.param == "own rules":
        monkeypatch.setattr(github_workflow, "find_spec", lambda _: None)
        monkeypatch.setattr(github_workflow, "find_tool", lambda _: None)
    return request.param


def _result(text: str) -> Validation:
    found, reason = [], ""
    try:
        found.extend(github_workflow.check(text))
    except NotCheckedError as stopped:
        reason = str(stopped)
    failed = any(item.severity == "error" for item in found)
    return Validation("github_workflow", False if failed else None if reason else True, tuple(found), reason)


@pytest.mark.usefixtures("linter")
def test_a_workflow_is_valid():
    """Jobs, needs, outputs, expressions, a schedule and scripts give no finding."""
    assert _result(WORKFLOW) == Validation("github_workflow", True)


@pytest.mark.usefixtures("linter")
@pytest.mark.parametrize(("old", "new"), MISTAKES)
def test_mistakes_are_found(old, new):
    """What GitHub would refuse, or what would never do what it says, is an error, with or without actionlint."""
    broken = WORKFLOW.replace(old, new, 1)
    assert broken != WORKFLOW
    assert _result(broken).valid is False


@pytest.mark.parametrize(
    ("old", "new", "rule", "line"),
    [
        ("needs: build", "needs: bild", "workflow-needs", 21),
        ("steps.meta", "step.meta", "workflow-expression", 13),
        ("          fi\n", "          done\n", "workflow-shell", 20),
        ("runs-on: ubuntu-latest\n    outputs", "runs-on: windows-2016\n    outputs", "workflow-runner", 11),
        ("contents: read", "contents: rad", "workflow-permissions", 8),
    ],
)
def test_a_finding_has_rule_line_and_hint(old, new, rule, line):
    """A finding says where it is, within a job or a step or a script, and what to do."""
    found = next(item for item in _result(WORKFLOW.replace(old, new, 1)).findings if item.rule == rule)
    assert abs(found.line - line) <= 1
    assert found.hint


def test_what_is_old_or_unknown_is_no_error():
    """An action's old release is advice, and a label that GitHub does not offer may be of a runner of one's own."""
    old = WORKFLOW.replace("checkout@v5", "checkout@v2").replace("ubuntu-latest", "[self-hosted, gpu]")
    result = _result(old)
    assert result.valid is True
    assert {(item.rule, item.severity) for item in result.findings} <= {("workflow-action", "advice")}


@pytest.mark.usefixtures("linter")
def test_scripts_of_other_shells_are_left_alone():
    """A script for PowerShell or Python is not read by bash."""
    for shell in ("pwsh", "python"):
        step = f'      - run: "if ("\n        shell: {shell}\n'
        assert _result(WORKFLOW + step).valid is True
    assert _result(WORKFLOW + '      - run: "if ("\n').valid is False


def test_actionlint_that_fails_is_stood_in_for(monkeypatch, tmp_path):
    """Where actionlint breaks or hangs, the schema and the rules of our own decide."""
    tool = tmp_path / "actionlint"
    tool.write_text("#!/bin/sh\nexit 3\n")
    tool.chmod(0o755)
    monkeypatch.setattr(github_workflow, "_actionlint", lambda: str(tool))
    assert _result(WORKFLOW).valid is True
    assert [item.rule for item in _result(WORKFLOW.replace("needs: build", "needs: x")).findings] == [
        "workflow-needs",
        "workflow-expression",
    ]


def test_own_rules_alone_make_nothing_valid(monkeypatch):
    """Without actionlint and without the schema a workflow reads as not checked."""
    _schema._validator.cache_clear()
    monkeypatch.setattr(_schema, "find_spec", lambda _: None)
    monkeypatch.setattr(github_workflow, "_actionlint", lambda: None)
    try:
        assert _result(WORKFLOW).valid is None
        assert _result(WORKFLOW.replace("needs: build", "needs: x")).valid is False
    finally:
        _schema._validator.cache_clear()


@pytest.mark.parametrize(
    "expression", ["(" * 5000, "a." * 5000, "'" * 5001, "!" * 20_000 + "github", "x" * 30_000]
)
def test_monstrous_expressions_are_refused(monkeypatch, expression):
    """Endless expressions end in a finding, neither in a crash nor in a long wait."""
    monkeypatch.setattr(github_workflow, "_actionlint", lambda: None)
    text = WORKFLOW.replace("${{ steps.meta.outputs.tag }}", '"${{ ' + expression + ' }}"')
    assert _result(text).findings or expression.startswith("!")


@pytest.mark.usefixtures("linter")
@pytest.mark.parametrize(
    ("label", "meant"),
    [("ubunut-latest", "ubuntu-latest"), ("ubuntu_latest", "ubuntu-latest"), ("windws-2022", "windows-2022")],
)
def test_a_mistyped_runner_is_warned_of(label, meant):
    """A label that is nearly one of GitHub's may be one's own, and is a warning with the one that is meant."""
    result = _result(WORKFLOW.replace("ubuntu-latest", label, 1))
    assert result.valid is True
    found = [item for item in result.findings if item.rule == "workflow-runner"]
    assert [(item.severity, item.line) for item in found] == [("warning", 11)]
    assert f"did you mean `{meant}`?" in found[0].message


@pytest.mark.parametrize(
    "label", ["ubuntu-latest-8-cores", "ubuntu-24.04-arm", "macos-15-large", "gpu", "self-hosted"]
)
def test_other_labels_are_left_alone(label):
    """A label of GitHub's larger runners, or of one's own, is not taken for a mistyped one."""
    assert not _result(WORKFLOW.replace("ubuntu-latest", label, 1)).findings


def _needs_actionlint():
    return pytest.mark.skipif(github_workflow._actionlint() is None, reason="there is no actionlint")


@_needs_actionlint()
def test_old_actions_are_one_piece_of_advice():
    """All actions that are too old are told at once, with their lines and without a hint on `with`."""
    uses = "      - uses: actions/checkout@v5\n"
    old = uses.replace("v5", "v2") + "      - uses: actions/setup-node@v1\n" + uses.replace("v5", "v2")
    (found,) = _result(WORKFLOW.replace(uses, old)).findings
    assert (found.rule, found.severity, found.line, found.hint) == ("workflow-action", "advice", 15, "")
    assert "actions/checkout@v2 (lines 15, 17), actions/setup-node@v1 (line 16)" in found.message


@_needs_actionlint()
@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        ("30 5 * * 1", "30 25 * * 1", "five fields"),
        ("  push:", "  on_push:", "events-that-trigger"),
        ("steps.meta", "steps.mta", "context"),
        ("!cancelled()", "!cancelled(", "Write it as in"),
        ("github.ref }}", "github.head_ref }}", "`env`"),
    ],
)
def test_the_hint_fits_the_message(old, new, hint):
    """A schedule, an event, a context, a syntax error and untrusted text each have a hint of their own."""
    found = _result(WORKFLOW.replace(old, new, 1)).findings
    assert any(hint in item.hint for item in found), found


@_needs_actionlint()
def test_a_long_message_ends_with_an_ellipsis():
    """What is cut says so."""
    event = "x" * 500
    found = _result(WORKFLOW.replace("  push:", f"  {event}:", 1)).findings
    assert found
    assert all(len(item.message) <= 400 for item in found)
    assert any(item.message.endswith("…") for item in found)


AS_DATA = {
    "on": {"push": {"branches": ["main"]}, "workflow_dispatch": {"inputs": {"a": {"type": "string"}}}},
    "jobs": {
        "a": {
            "runs-on": "${{ matrix.os }}",
            "strategy": {"matrix": {"os": ["ubuntu-latest"]}},
            "steps": [{"id": "x", "run": "echo ${{ github.sha }}\n"}, {"uses": "a/b@v1", "with": {"c": "d"}}],
        },
        "b": {"needs": ["a"], "uses": "./.github/workflows/x.yml", "if": "always()"},
    },
}


@settings(max_examples=60, deadline=None)
@given(mutated(AS_DATA) | cut(WORKFLOW))
def test_any_text_gives_findings_and_no_crash(text):
    """Wrong types, cut texts and strange characters end in findings that name a line of the text."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(github_workflow, "_actionlint", lambda: None)
        for found in _result(text).findings:
            assert found.message
            assert 0 <= found.line <= len(text.splitlines()) + 1
