"""Checks of the user's own: what they find, where, and what becomes of checks that are wrong themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from fcc.errors import ConfigError, InvalidFileError
from fcc.evaluations import plugins
from fcc.evaluations.checks import OwnCheck, read_checks
from fcc.evaluations.validation import validate_artifact
from fcc.evaluations.validators.check import NotCheckedError
from fcc.simulation import Finding

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  labels: {team: blue}
spec:
  replicas: 1
  template:
    spec:
      containers:
        - {name: a, image: "x:1"}
        - name: b
          image: "y:latest"
---
kind: Service
spec: {}
"""


def checks(text: str) -> dict[str, OwnCheck]:
    path = Path("own.yaml")
    path.write_text(text)
    return {check.name: check for check in read_checks(path)}


def found(
    check: OwnCheck, text: str, file: str = "k8s/deployment.yaml", kind: str = "kubernetes"
) -> list[int]:
    return [finding.line for finding in check.findings(file, kind, text)]


def test_a_pattern_that_is_forbidden_is_named_at_each_of_its_lines() -> None:
    """Every match is a finding with its line, the check's id, severity and fix."""
    check = checks(
        "checks: {no-todo: {forbids: TODO, message: unfinished, fix: finish it, severity: warning}}"
    )
    findings = list(check["no-todo"].findings("a.md", "", "x\nTODO\n\nTODO"))
    assert findings == [
        Finding("no-todo", "warning", "unfinished", "a.md", line, "finish it") for line in (2, 4)
    ]


def test_a_pattern_that_is_required_must_be_found() -> None:
    """Where it is nowhere, there is one finding on the whole file."""
    check = checks("checks: {us: {requires: '^US-\\d', message: no stories}}")["us"]
    assert found(check, "a\nUS-1") == []
    assert found(check, "a\n US-1") == [0]


def test_a_path_is_followed_through_lists_and_named_by_its_line() -> None:
    """Each value at the path must fit the schema; `where` picks the documents; lines are those of the file."""
    check = checks(
        """
checks:
  no-latest:
    at: spec.template.spec.containers[*].image
    where: {kind: Deployment}
    schema: {not: {pattern: ":latest$"}}
    message: the tag moves
  replicas:
    at: spec.replicas
    where: {kind: Deployment}
    schema: {minimum: 2}
    message: one is none
  labelled:
    at: metadata.labels["app.kubernetes.io/name"]
    message: needs a name
"""
    )
    assert found(check["no-latest"], DEPLOYMENT) == [12]
    assert found(check["replicas"], DEPLOYMENT) == [6]
    assert found(check["labelled"], DEPLOYMENT) == [4, 14]


def test_each_item_of_a_list_is_asked() -> None:
    """A path through `[*]` must hold for every item: one that lacks it is a finding at that item; none at all, too."""
    check = checks("checks: {limits: {at: 'spec.containers[*].resources', message: no limits}}")["limits"]
    assert found(check, "spec:\n  containers:\n    - {name: a, resources: {}}\n    - {name: b}") == [4]
    assert found(check, "spec: {containers: [{resources: {}}, {resources: {}}]}") == []
    assert found(check, "spec:\n  containers: []") == [2]
    optional = checks("checks: {x: {at: 'a[*].b', optional: true, schema: {type: integer}, message: m}}")["x"]
    assert found(optional, "a: [{}, {b: 1}]") == []
    assert found(optional, "a: [{}, {b: x}]") == [1]


def test_a_pattern_that_takes_too_long_is_given_up() -> None:
    """Nested repeats on a text that they do not fit are no finding and no pass."""
    check = checks("checks: {slow: {forbids: '(a|aa)+$', message: m}}")["slow"]
    with pytest.raises(NotCheckedError, match="slow: its pattern takes over 1 s"):
        found(check, "a" * 60 + "!")


def test_a_check_reads_only_the_files_that_it_names() -> None:
    """`kinds` and `files` both have to fit."""
    check = checks("checks: {x: {forbids: a, message: m, kinds: [shell], files: 'scripts/*.sh'}}")["x"]
    assert found(check, "a", "artifacts/step/scripts/x.sh", "shell") == [1]
    assert found(check, "a", "artifacts/step/scripts/x.sh", "python") == []
    assert found(check, "a", "x.sh", "shell") == []


def test_what_is_no_yaml_is_left_to_its_validator() -> None:
    """A path says nothing of a file that can't be read."""
    assert found(checks("checks: {x: {at: a, message: m}}")["x"], "a: [") == []


@plugins.validator
def shouting(text: str) -> list[str]:
    if text == "crash":
        raise RuntimeError("oh")
    if text == "exit":
        raise SystemExit(0)
    if text == "one":
        return "it is one"  # type: ignore[return-value]
    return ["it shouts"] if text.isupper() else []


def unmarked(text: str) -> list[str]:
    return [text]


def test_a_marked_function_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it says becomes findings; that it fails is no finding, and no pass either."""
    monkeypatch.setattr(plugins, "import_module", lambda name: __import__(__name__, fromlist=["x"]))
    plugins.called.cache_clear()
    check = checks("checks: {loud: {call: 'house:shouting', message: m}}")["loud"]
    assert [finding.message for finding in check.findings("a", "", "HELLO")] == ["it shouts"]
    assert found(check, "hello") == []
    with pytest.raises(NotCheckedError, match="loud: house:shouting failed: RuntimeError: oh"):
        found(check, "crash")
    with pytest.raises(NotCheckedError, match="SystemExit"):
        found(check, "exit")
    assert [finding.message for finding in check.findings("a", "", "one")] == ["it is one"]
    plugins.called.cache_clear()


@pytest.mark.parametrize(
    ("reference", "why"),
    [("os:system", "is not marked"), ("nowhere.at.all:x", "can't be imported"), ("no-plugin", "no plugin")],
)
def test_nothing_else_is_called(reference: str, why: str) -> None:
    """A file of checks can't hand a text to whatever can be imported."""
    check = checks(f"checks: {{x: {{call: '{reference}', message: m}}}}")["x"]
    with pytest.raises(NotCheckedError, match=why):
        found(check, "touch /tmp/should-not-be")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("{message: m}", "give one of"),
        ("{message: m, forbids: a, requires: b}", "give one of"),
        ("{message: m, forbids: '('}", "no regular expression"),
        ("{message: m, schema: {type: wrong}}", "no JSON Schema"),
        ("{message: m, at: 'a['}", "is no path, from character 2 on"),
        ("{message: m, at: $.spec}", "starts with `\\$`"),
        ("{message: m, forbids: a, kinds: [kubernets]}", "did you mean `kubernetes`"),
        ('{message: m, forbids: "\\bTODO"}', "holds a backspace"),
        ("{forbids: a}", "`checks.x.message` is missing"),
    ],
)
def test_a_wrong_check_is_named_with_its_place(body: str, why: str) -> None:
    """Nothing runs on a file of checks that does not say what it must."""
    with pytest.raises(InvalidFileError, match=why) as refused:
        checks(f"checks:\n  x: {body}")
    assert refused.value.problems[0].line == 2


def test_examples_are_tried() -> None:
    """An example that must fail and does not is told, with which one it is."""
    check = checks("checks: {x: {forbids: a, message: m, examples: {pass: [b, a], fail: [a, b]}}}")["x"]
    assert [(result.example, result.holds) for result in check.self_test()] == [
        ("pass 1", True),
        ("pass 2", False),
        ("fail 1", True),
        ("fail 2", False),
    ]


class Entry:
    """An entry point as `importlib.metadata` gives it."""

    value = "house:it"

    def __init__(self, function) -> None:
        self._function = function

    def load(self):
        return self._function


def test_a_plugin_validates_a_kind_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it says makes a file invalid; that it fails leaves the file unchecked; a loading error is the user's to mend."""

    def check(text: str) -> list[str]:
        return ["no header"] if text == "bad" else [] if text == "good" else 1 / 0  # type: ignore[return-value]

    monkeypatch.setattr(
        "importlib.metadata.entry_points", lambda group, name: [Entry(check)] if name == "house" else []
    )
    plugins.named.cache_clear()
    assert validate_artifact("house", "good").valid is True
    bad = validate_artifact("house", "bad", "a.house")
    assert (bad.valid, bad.findings[0].message, bad.findings[0].file) == (False, "no header", "a.house")
    assert validate_artifact("house", "crash").valid is None
    assert validate_artifact("unheard-of", "x").valid is None
    plugins.named.cache_clear()


def test_a_scorer_scores_in_a_rubric(monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry point in `fcc.scorers` is asked; a failure or a score out of range is none; an unknown one is named."""
    monkeypatch.setattr(
        "importlib.metadata.entry_points",
        lambda group, name: [Entry(lambda output, task: float(output))] if name == "short" else [],
    )
    plugins.named.cache_clear()
    assert plugins.score_with("short", "0.5", "t") == 0.5
    assert plugins.score_with("short", "7", "t") is None
    assert plugins.score_with("short", "words", "t") is None
    with pytest.raises(ConfigError, match="no plugin registers a scorer 'long'"):
        plugins.score_with("long", "", "")
    plugins.named.cache_clear()
