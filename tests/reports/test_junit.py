"""An evaluation as JUnit XML."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

from hypothesis import given, settings

from fcc.evaluations.evaluation import CheckedFile, CriterionResult, Evaluation
from fcc.evaluations.validation import Validation
from fcc.reports.junit import junit
from fcc.simulation.verdict import AreaVerdict
from support.evaluations import BAD, EMPTY, GOOD, SERVICE, evaluations

OUTCOMES = {"failure": "failures", "error": "errors", "skipped": "skipped"}


def suites(evaluation: Evaluation, **more: object) -> dict[str, ET.Element]:
    return {suite.attrib["name"]: suite for suite in ET.fromstring(junit(evaluation, **more))}


def cases(suite: ET.Element) -> dict[str, str]:
    """The outcome of each case: the name of its one child, or "" for a pass."""
    return {case.attrib["name"]: case[0].tag if len(case) else "" for case in suite.iter("testcase")}


def properties(suite: ET.Element) -> dict[str, str]:
    return {item.attrib["name"]: item.attrib["value"] for item in suite.iter("property")}


def test_failures_errors_and_skips_are_kept_apart() -> None:
    """Found is a failure, no verdict an error, not checked and not needed a skip, all else a pass."""
    shown = suites(BAD, rules={"service-port": "", "probe-path": ""})
    assert cases(shown["files"]) == {
        "k8s/service.yaml": "",
        "k8s/deployment.yaml": "failure",
        "t.yaml": "skipped",
    }
    assert cases(shown["contracts"]) == {"service-port": "failure", "probe-path": "", "old-action": ""}
    assert cases(shown["text"]) == {"pipeline": "", "monitoring": "error"}
    assert cases(shown["rubric"]) == {"agreement": "", "clarity": "skipped"}
    assert cases(shown["decision"]) == {"policy": "failure"}


def test_a_failure_tells_the_place_and_the_fix() -> None:
    """Its type is the rule, its text has both sides and what to do."""
    failure = suites(BAD)["contracts"].find("testcase/failure")
    assert failure is not None
    assert failure.attrib == {"type": "service-port", "message": SERVICE.message}
    assert failure.text == (
        f"k8s/service.yaml:12: error: {SERVICE.message} [service-port]\n"
        "  other side: k8s/deployment.yaml:31\n  fix: Set targetPort to 8000."
    )


def test_several_errors_of_one_case_are_one_failure() -> None:
    """Ant's schema allows one; it counts the others and tells them all."""
    many = replace(BAD, findings=(SERVICE, replace(SERVICE, line=40)))
    (failure,) = suites(many)["contracts"].iter("failure")
    assert failure.attrib["message"].endswith("(and 1 more)")
    assert (failure.text or "").count("k8s/service.yaml:") == 2


def test_scores_are_properties_and_warnings_are_output() -> None:
    """The overall score, one for each area and criterion; a warning on a text stands with the texts."""
    assert properties(suites(GOOD)["text"]) == {
        "score": "0.90",
        "score.pipeline": "0.92",
        "score.monitoring": "0.88",
    }
    shown = suites(BAD)
    assert properties(shown["rubric"]) == {"score.agreement": "0.50"}
    assert properties(shown["decision"])["coverage"] == "1/2"
    assert "outputs/monitoring.md: warning: the text looks broken" in (
        shown["text"].findtext("system-out") or ""
    )
    assert "not met: REQ-2" in (shown["decision"].findtext("system-out") or "")


def test_what_was_needed_and_not_checked_is_an_error() -> None:
    """Without a verdict, and without an outage that explains it, it is the files that nothing checked."""
    unchecked = CheckedFile("a.yaml", Validation("kubernetes", None, reason="not installed"))
    missing = replace(EMPTY, files=(unchecked,))
    assert cases(suites(missing)["files"]) == {"a.yaml": "error"}
    outage = replace(missing, areas=(AreaVerdict("pipeline", None, "NO VERDICT"),))
    assert cases(suites(outage)["files"]) == {"a.yaml": "skipped"}
    assert cases(suites(outage)["decision"]) == {"policy": "error"}


def test_what_is_approved_has_no_failure_and_no_error() -> None:
    """A criterion without a value and a file that nothing checked are skipped then: the policy did not need them."""
    unknown = CriterionResult("clarity", 0.5, "judge", None, "", "no judge was asked")
    fine = replace(GOOD, files=(CheckedFile("a.txt", Validation("text", None)),), criteria=(unknown,))
    outcomes = [outcome for suite in suites(fine).values() for outcome in cases(suite).values()]
    assert sorted(outcomes) == ["", "", "", "skipped", "skipped"]


@settings(max_examples=25, deadline=None)
@given(evaluations)
def test_any_content_is_xml_by_both_schemas(evaluation: Evaluation) -> None:
    """It parses; order, attributes and counts are as Ant's schema asks; no error finding and no file gets lost."""
    written = junit(evaluation)
    written.encode()
    root = ET.fromstring(written)
    assert (root.tag, root.attrib) == ("testsuites", {})
    assert [suite.attrib["id"] for suite in root] == [str(number) for number in range(len(root))]
    for suite in root:
        _is_suite(suite)
    assert (
        len(suites(evaluation)["files"].findall("testcase")) == len(evaluation.files)
        if evaluation.files
        else True
    )
    told = sum((failure.text or "").count(": error: ") for failure in root.iter("failure"))
    placed = sum(bool(item.file.strip()) and item.severity == "error" for item in evaluation.findings)
    assert told >= placed


def _is_suite(suite: ET.Element) -> None:
    assert set(suite.attrib) == {
        "package",
        "id",
        "name",
        "timestamp",
        "hostname",
        "tests",
        "failures",
        "errors",
        "skipped",
        "time",
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.attrib["timestamp"])
    tags = [child.tag for child in suite]
    found = suite.findall("testcase")
    assert tags == ["properties", *["testcase"] * len(found), "system-out", "system-err"]
    assert int(suite.attrib["tests"]) == len(found) > 0
    for tag, name in OUTCOMES.items():
        assert int(suite.attrib[name]) == len(suite.findall(f"testcase/{tag}"))
    for case in found:
        assert set(case.attrib) == {"name", "classname", "time"}
        assert case.attrib["name"].strip()
        assert len(case) <= 1
        assert {child.tag for child in case} <= set(OUTCOMES)
        assert all(child.tag == "skipped" or child.attrib["type"] for child in case)
