"""An evaluation as GitHub's workflow commands and step summary."""

from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import given, settings

from fcc.evaluations.evaluation import Evaluation
from fcc.reports.github import SUMMARY_LIMIT, github, github_summary
from support.evaluations import BAD, EMPTY, SERVICE, evaluations

COMMAND = re.compile(r"::(error|warning|notice) ([^:]*)::(.*)")


def test_each_finding_is_an_annotation_the_worst_first() -> None:
    """Errors before warnings before advice, which is a notice; then the decision and its reasons."""
    lines = github(BAD).splitlines()
    assert lines[1] == (
        "::error file=k8s/service.yaml,line=12,title=service-port::"
        "the Service sends traffic to port 8080, where no container listens"
        "%0AOther side: k8s/deployment.yaml:31%0AFix: Set targetPort to 8000."
    )
    assert [COMMAND.match(line)[1] for line in lines[:11]] == ["error"] * 2 + ["warning"] + ["notice"] * 8
    assert lines[11].startswith("BLOCKED: 2 errors, 1 warning, 8 pieces of advice; 3 files:")
    assert lines[12].startswith("- k8s/service.yaml:12:")
    assert lines[13:] == ["- Helm templates need helm: see https://helm.sh"]


def test_without_findings_the_decision_is_there() -> None:
    """No command, and why there is no verdict."""
    assert github(EMPTY) == ("NO VERDICT: no findings; no files\n- nothing was there that could be evaluated")


def test_more_than_github_shows_are_all_printed_and_it_is_said() -> None:
    """An eleventh error is not shown as an annotation, so the log says where it is."""
    many = replace(BAD, findings=(SERVICE,) * 11)
    assert github(many).count("::error ") == 11
    assert github(many).endswith("GitHub shows the first 10 of a kind for a step; all are in this log.")


def test_values_are_escaped_as_the_runner_reads_them() -> None:
    """Percent and line ends everywhere, colon and comma in properties."""
    odd = replace(SERVICE, file="a:b,c%.yaml", message="50%\n::error::x, y: z", related=(), hint="", line=0)
    assert github(replace(EMPTY, findings=(odd,))).splitlines()[0] == (
        "::error file=a%3Ab%2Cc%25.yaml,title=service-port::50%25%0A::error::x, y: z"
    )


@settings(max_examples=25, deadline=None)
@given(evaluations)
def test_as_many_commands_as_findings(evaluation: Evaluation) -> None:
    """However hostile the content: what begins like a command is one of ours, and reads back as it was meant."""
    shown = github(evaluation)
    shown.encode()
    lines = re.split("\r\n|\r|\n", shown)
    commands = [line for line in lines if line.lstrip().startswith("::")]
    assert commands == lines[: len(evaluation.findings)]
    for line in commands:
        assert COMMAND.fullmatch(line)
    assert not [line for line in lines[len(commands) :] if "##[" in line]
    for name in ("error", "warning", "notice"):
        severity = "advice" if name == "notice" else name
        expected = sum(finding.severity == severity for finding in evaluation.findings)
        assert sum(line.startswith(f"::{name} ") for line in commands) == expected


def test_a_summary_fits() -> None:
    """At most one MiB, of far more findings."""
    many = tuple(replace(SERVICE, line=n, message="é|" * 400) for n in range(1, 600))
    assert SUMMARY_LIMIT * 0.9 < len(github_summary(replace(BAD, findings=many)).encode()) <= SUMMARY_LIMIT
