"""An evaluation as text and as JSON values."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from hypothesis import given, settings

from fcc.evaluations.evaluation import CheckedFile, Evaluation
from fcc.evaluations.validation import Validation
from fcc.reports.evaluation import evaluation_json, evaluation_report, findings_lines
from fcc.simulation import Finding
from support.evaluations import BAD, CUT, EMPTY, GOOD, OLD, SERVICE, evaluations, findings


def tagged(text: str, colour: str) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m"


def test_the_common_case_is_short() -> None:
    """Twenty valid files are one line; nothing is said of what is not there."""
    assert evaluation_report(GOOD) == (
        "devops-deployment  run 20260101-120000-abcd\n"
        "\n"
        "Files      20 valid\n"
        "\n"
        "Scores     overall 0.90\n"
        "  pipeline    0.92  READY\n"
        "  monitoring  0.88  READY\n"
        "\n"
        "APPROVED  no findings; 20 files: 20 valid\n"
        "  every area scored at least 0.50"
    )


def test_verbose_lists_valid_files_and_met_items() -> None:
    """What the short form counts stands there in full."""
    shown = evaluation_report(GOOD, verbose=True)
    assert shown.count("  valid        kubernetes  k8s/") == 20
    assert "  met      REQ-1  automated packaging (pipeline, ci.yaml:3)" in evaluation_report(
        BAD, verbose=True
    )
    assert "REQ-1" not in evaluation_report(BAD)


def test_a_finding_shows_both_sides_and_the_fix() -> None:
    """Under its file: line, severity, message, rule, the other side, the fix."""
    assert (
        "  k8s/service.yaml\n"
        "      12  error    the Service sends traffic to port 8080, where no container\n"
        "                   listens [service-port]\n"
        "                   other side: k8s/deployment.yaml:31\n"
        "                   fix: Set targetPort to 8000.\n"
    ) in evaluation_report(BAD)


def test_every_part_of_the_evidence_is_there() -> None:
    """Files, scores, rubric, coverage, what was not checked (once), the judge, and the decision last."""
    shown = evaluation_report(BAD)
    for expected in (
        "Files      3: 1 valid, 1 invalid, 1 not checked",
        "  invalid      kubernetes     k8s/deployment.yaml",
        "  not checked  helm_template  t.yaml",
        "  monitoring     –  NO VERDICT",
        "  agreement  0.50  one side is wrong (findings, weight 0.5)\n                   2 errors",
        "  clarity       –  not judged (judge, advisory, weight 0.2)",
        "Asked for  1 of 2 met\n  not met  REQ-2  rollback within 5 minutes (monitoring)",
        "Not checked\n  Helm templates need helm: see https://helm.sh",
        "Judge      model openai/gpt-4o; prompt hash aaaaaaaaaaaa…; calibrated no;",
        "agreement 0.83",
    ):
        assert expected in shown
    last = shown.split("\n\n")[-1]
    assert last.startswith("BLOCKED  2 errors, 1 warning, 8 pieces of advice; 3 files: 1 valid, 1 invalid, 1")


def test_findings_of_one_rule_are_counted_after_the_third() -> None:
    """Five of eight are told by their number, unless all are asked for; one more is told rather than counted."""
    assert "and 5 more [old-action]; all with --all" in evaluation_report(BAD)
    assert evaluation_report(BAD, verbose=True).count("is old [old-action]") == 8
    lines = findings_lines(OLD)
    assert lines[:2] == [
        "    advice: ci.yaml:1: action 1 is old [old-action]",
        "    advice: ci.yaml:2: action 2 is old [old-action]",
    ]
    assert lines[3:] == ["    and 5 more [old-action]"]
    assert len(findings_lines(OLD[:4])) == 4


def test_findings_of_a_step_come_worst_first() -> None:
    """An error stands above a warning, with its other side and fix under it."""
    assert findings_lines([CUT, SERVICE]) == [
        "    error: k8s/service.yaml:12: the Service sends traffic to port 8080, where no",
        "      container listens [service-port]",
        "      other side: k8s/deployment.yaml:31",
        "      fix: Set targetPort to 8000.",
        "    warning: outputs/monitoring.md: the text looks broken: it is cut off",
        "      [text-truncated]",
    ]
    assert findings_lines(()) == []


def test_nothing_there_is_said() -> None:
    """A folder without files says so, and why there is no verdict."""
    assert evaluation_report(EMPTY) == (
        "notes  folder\n\nFiles      none that could be checked\n\n"
        "NO VERDICT  no findings; no files\n  nothing was there that could be evaluated"
    )


def test_many_files_that_nobody_checks_are_counted() -> None:
    """Twenty are listed, and invalid ones always; the rest is a number."""
    unknown = tuple(
        CheckedFile(f"docs/{n}.md", Validation("text", None, reason="no check")) for n in range(60)
    )
    bad = tuple(CheckedFile(f"{n}.yaml", Validation("yaml", valid=False)) for n in range(30))
    assert "and 40 more that are not checked" in evaluation_report(replace(EMPTY, files=unknown))
    shown = evaluation_report(replace(EMPTY, files=unknown + bad))
    assert shown.count("  invalid      yaml") == 30
    assert "and 60 more that are not checked" in shown


def test_a_long_path_is_broken_at_a_slash() -> None:
    """Each part of it ends where a folder does."""
    path = "a-rather-long-folder/" * 8 + "file.yaml"
    shown = evaluation_report(replace(BAD, findings=(replace(SERVICE, file=path),)))
    assert "  a-rather-long-folder/a-rather-long-folder/a-rather-long-folder/\n" in shown
    assert re.sub(r"\s", "", path) in re.sub(r"\s", "", shown)


def test_colours_change_nothing_but_colours() -> None:
    """Without its escape sequences a painted report is the plain one."""
    for evaluation in (GOOD, BAD, EMPTY):
        painted = evaluation_report(evaluation, tagged)
        assert "\x1b[bold" in painted
        assert re.sub("\x1b\\[[a-z]*m|\x1b\\[0m", "", painted) == evaluation_report(evaluation)


@settings(max_examples=25, deadline=None)
@given(evaluations)
def test_any_content_fits_and_steers_nothing(evaluation: Evaluation) -> None:
    """At most 80 columns, no control characters, nothing that a CI runner hears, and encodable."""
    for verbose in (False, True):
        shown = evaluation_report(evaluation, verbose=verbose)
        _harmless(shown.split("\n"))


@settings(max_examples=25, deadline=None)
@given(findings, findings)
def test_any_findings_fit(one: Finding, other: Finding) -> None:
    """The lines for a run's report are as harmless."""
    _harmless(findings_lines((one, other, one, one, one, one)))


def _harmless(lines: list[str]) -> None:
    for line in lines:
        assert len(line) <= 80
        assert line.isprintable()
        assert not re.match(r"\s*::[A-Za-z]", line)
        assert "##[" not in line
        line.encode()


def test_json_holds_everything() -> None:
    """Counts, files, findings with the other side as file and line."""
    body = evaluation_json(BAD)
    assert body["counts"] == {
        "findings": {"error": 2, "warning": 1, "advice": 8},
        "files": {"valid": 1, "invalid": 1, "not_checked": 1},
    }
    assert body["files"][2] == {
        "path": "t.yaml",
        "kind": "helm_template",
        "valid": None,
        "reason": "helm is not installed",
    }
    assert body["findings"][9]["related"] == [{"file": "k8s/deployment.yaml", "line": 31}]
    assert body["coverage"][1]["met"] is False
    assert body["judge"]["agreement"] == 0.8333


@settings(max_examples=25, deadline=None)
@given(evaluations)
def test_json_is_json(evaluation: Evaluation) -> None:
    """Any evaluation can be written as strict JSON in UTF-8, and reads back the same."""
    body = evaluation_json(evaluation)
    written = json.dumps(body, ensure_ascii=False, allow_nan=False)
    written.encode()
    assert json.loads(written) == body
