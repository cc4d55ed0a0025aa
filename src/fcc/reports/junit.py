"""An evaluation as JUnit XML, valid by both schemas in wide use: Ant's (windyroad) and Jenkins' xUnit plugin's. Pure.

Those schemas allow one failure, error or skip in a test case, and properties and system-out in a suite only.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fcc.redaction import printable
from fcc.reports import _content as content
from fcc.reports._content import one_line
from fcc.simulation import Finding

if TYPE_CHECKING:
    from fcc.evaluations.evaluation import CheckedFile, Evaluation

NO_TIME = "1970-01-01T00:00:00"
"""Ant's schema wants a time; an evaluation is the same whenever it is made."""


@dataclass(slots=True)
class _Case:
    """One test case, and what came of it."""

    name: str
    found: list[Finding] = field(default_factory=list)
    error: str = ""
    """Why there is no verdict, where one was needed."""
    failure: str = ""
    """Why it failed, where no finding says so."""
    type: str = "invalid"
    """Of the failure that no finding says."""
    skipped: str = ""

    @property
    def outcome(self) -> str:
        """`failures`, `errors`, `skipped` or "" for a pass: a failure is evidence, whatever else is missing."""
        if self.failure or any(item.severity == "error" for item in self.found):
            return "failures"
        return "errors" if self.error else "skipped" if self.skipped else ""


@dataclass(slots=True)
class _Suite:
    name: str
    cases: list[_Case]
    properties: dict[str, str] = field(default_factory=dict)
    output: list[str] = field(default_factory=list)


def junit(evaluation: Evaluation, rules: Mapping[str, str] | None = None, timestamp: str = NO_TIME) -> str:
    """A test case for each file, rule, text and criterion, and one for the decision, as XML.

    What was found is a `failure`, what should have been checked and was not an `error`, what else was not checked
    `skipped`. Scores are properties of their suite, `score` being the overall one; warnings and advice stand in its
    `system-out`. `rules` names the rules in play, so that those that found nothing are passed cases.
    """
    root = ET.Element("testsuites")
    suites = _suites(evaluation, [one_line(rule) for rule in rules or ()])
    for number, suite in enumerate(suite for suite in suites if suite.cases):
        _write(root, suite, number, timestamp)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suites(evaluation: Evaluation, rules: list[str]) -> list[_Suite]:
    texts = _texts(evaluation)
    rubric = _rubric(evaluation)
    outage = any(case.error for suite in (texts, rubric) for case in suite.cases)
    needed = evaluation.decision == "NO VERDICT" and not outage
    cases = [_file(file, needed=needed) for file in evaluation.files]
    files = {case.name: case for case in cases}
    checks = {rule: _Case(rule) for rule in rules}
    own = {file.path: {item.rule for item in file.validation.findings} for file in evaluation.files}
    areas = {case.name: case for case in texts.cases}
    for finding in content.worst_first(evaluation.findings):
        rule = one_line(finding.rule) or "unnamed"
        area = areas.get(one_line(finding.file)) or areas.get(_stem(finding.file))
        if finding.rule in own.get(finding.file, ()):
            files[finding.file].found.append(finding)
        elif area is not None and finding.file not in files:
            area.found.append(finding)
        else:
            checks.setdefault(rule, _Case(rule)).found.append(finding)
    return [
        _Suite("files", cases),
        _Suite("contracts", list(checks.values())),
        texts,
        rubric,
        _decision(evaluation),
    ]


def _stem(file: str) -> str:
    """The step whose output a file like `outputs/pipeline.md` is."""
    return one_line(file.rpartition("/")[2].rsplit(".", 1)[0])


def _file(file: CheckedFile, *, needed: bool) -> _Case:
    validation = file.validation
    case = _Case(file.path)
    if validation.valid is None:
        why = one_line(validation.reason) or "nothing here checks it"
        case.error, case.skipped = (why, "") if needed else ("", why)
    elif not validation.valid:
        case.failure = f"is no valid {one_line(validation.kind)}"
    return case


def _texts(evaluation: Evaluation) -> _Suite:
    suite = _Suite("text", [], _overall(evaluation.overall))
    for area in evaluation.areas:
        name = one_line(area.area)
        why = "" if area.score is not None else "could not be judged"
        suite.cases.append(_unjudged(evaluation, name, why))
        suite.properties |= {f"score.{name}": content.figure(area.score)} if not why else {}
        suite.output.append(f"{name} reads {area.status}")
    return suite


def _rubric(evaluation: Evaluation) -> _Suite:
    suite = _Suite("rubric", [])
    for item in evaluation.criteria:
        name, said = one_line(item.name), one_line(item.reason)
        why = "" if item.value is not None else said or "could not be judged"
        suite.cases.append(_unjudged(evaluation, name, why, advisory=item.advisory))
        suite.properties |= {f"score.{name}": content.figure(item.value)} if not why else {}
        level = f" {one_line(item.level)}" if item.level else ""
        suite.output.append(f"{name}: {content.figure(item.value)}{level} ({item.source}): {said}")
    return suite


def _unjudged(evaluation: Evaluation, name: str, why: str, *, advisory: bool = False) -> _Case:
    """An error only where a verdict needed it: what is approved was not short of anything."""
    if advisory or evaluation.decision == "APPROVED":
        return _Case(name, skipped=why)
    return _Case(name, error=why)


def _decision(evaluation: Evaluation) -> _Suite:
    said = "; ".join(one_line(reason) for reason in evaluation.reasons) or content.tally(evaluation)
    case = _Case("policy", type="policy")
    if evaluation.decision == "BLOCKED":
        case.failure = said
    elif evaluation.decision == "NO VERDICT":
        case.error = said
    met, total = content.met_of(evaluation.coverage)
    suite = _Suite("decision", [case], {"decision": evaluation.decision})
    suite.properties |= {"subject": one_line(evaluation.subject)}
    suite.properties |= {"coverage": f"{met}/{total}"} if total else {}
    suite.output = [content.tally(evaluation), *map(one_line, evaluation.reasons)]
    suite.output += [
        f"not met: {one_line(item.id)} {one_line(item.item)}" for item in evaluation.coverage if not item.met
    ]
    suite.output += [f"not checked: {line}" for line in content.unchecked_once(evaluation)]
    return suite


def _overall(overall: float | None) -> dict[str, str]:
    return {"score": content.figure(overall)} if overall is not None else {}


def _write(root: ET.Element, suite: _Suite, number: int, timestamp: str) -> None:
    outcomes = [case.outcome for case in suite.cases]
    counts = {name: str(outcomes.count(name)) for name in ("failures", "errors", "skipped")}
    made = ET.SubElement(
        root,
        "testsuite",
        {"package": "fcc-agents", "id": str(number), "name": suite.name, "timestamp": timestamp}
        | {"hostname": "localhost", "tests": str(len(suite.cases)), **counts, "time": "0"},
    )
    properties = ET.SubElement(made, "properties")
    for name, value in suite.properties.items():
        ET.SubElement(properties, "property", {"name": name, "value": value})
    for case in suite.cases:
        _write_case(made, suite.name, case)
    remarks = [item for case in suite.cases for item in case.found if item.severity != "error"]
    ET.SubElement(made, "system-out").text = "\n".join([*suite.output, *map(_told, remarks)])
    ET.SubElement(made, "system-err").text = ""


def _write_case(parent: ET.Element, suite: str, case: _Case) -> None:
    names = {"name": one_line(case.name) or "unnamed", "classname": f"fcc-agents.{suite}", "time": "0"}
    element = ET.SubElement(parent, "testcase", names)
    if case.outcome == "failures":
        errors = [item for item in case.found if item.severity == "error"]
        more = f" (and {len(errors) - 1:,} more)" if len(errors) > 1 else ""
        message = f"{one_line(errors[0].message)}{more}" if errors else case.failure
        kind = one_line(errors[0].rule) or "unnamed" if errors else case.type
        made = ET.SubElement(element, "failure", {"message": message, "type": kind})
        made.text = "\n".join(map(_told, errors)) or case.failure
    elif case.outcome == "errors":
        ET.SubElement(element, "error", {"message": case.error, "type": "not-judged"}).text = case.error
    elif case.outcome:
        ET.SubElement(element, "skipped", {"message": case.skipped})


def _told(finding: Finding) -> str:
    """A finding in a few lines: where, what, the rule, the other side and the fix."""
    place = content.where(finding)
    lines = [
        f"{f'{place}: ' if place else ''}{finding.severity}: {printable(finding.message)} [{one_line(finding.rule)}]"
    ]
    lines += [f"  other side: {content.where(other)}" for other in finding.related if other.file]
    lines += [f"  fix: {printable(finding.hint)}"] if finding.hint else []
    return "\n".join(lines)
