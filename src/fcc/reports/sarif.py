"""An evaluation as SARIF 2.1.0 (OASIS, errata 01), as GitHub's code scanning takes it. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fcc._version import __version__
from fcc.redaction import printable
from fcc.reports import _content as content
from fcc.reports._content import one_line
from fcc.simulation import Finding

if TYPE_CHECKING:
    from fcc.evaluations.evaluation import Evaluation

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVEL = {"error": "error", "warning": "warning", "advice": "note"}


def sarif(evaluation: Evaluation, rules: Mapping[str, str] | None = None) -> str:
    """The findings as one run of one tool, as JSON.

    `rules` says of rules, by id, what each asks for; the others are described by their id. A finding on no single
    file stands at the subject, since code scanning refuses the whole log for one result without a place.
    """
    found = content.worst_first(evaluation.findings)
    ids = {_rule(finding): finding.severity for finding in reversed(found)}
    index = {rule: position for position, rule in enumerate(sorted(ids))}
    asked = {one_line(rule): text for rule, text in (rules or {}).items()}
    descriptors = [_descriptor(rule, _LEVEL[ids[rule]], asked.get(rule, "")) for rule in index]
    driver = {"name": "fcc-agents", "version": __version__, "rules": descriptors}
    seen: Counter[str] = Counter()
    results = [_result(finding, index[_rule(finding)], evaluation.subject, seen) for finding in found]
    run = {
        "tool": {"driver": driver},
        "invocations": [_invocation(evaluation)],
        "results": results,
        "properties": {"decision": evaluation.decision, "reasons": [*map(printable, evaluation.reasons)]},
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def _rule(finding: Finding) -> str:
    return one_line(finding.rule) or "unnamed"


def _descriptor(rule: str, level: str, asks: str) -> dict[str, Any]:
    words = re.sub(r"[-_/.:\s]+", " ", rule).strip() or rule
    said = _message(asks) or words
    return {
        "id": rule,
        "shortDescription": {"text": said},
        "help": {"text": f"{said}. See the finding's message for the place and the fix."},
        "defaultConfiguration": {"level": level},
    }


def _result(finding: Finding, index: int, subject: str, seen: Counter[str]) -> dict[str, Any]:
    related = [place for place in dict.fromkeys(finding.related) if place.file]
    said = [_message(finding.message) or "no message"]
    said += [
        f"Other side: [{_link_text(content.where(place))}]({number})"
        for number, place in enumerate(related, 1)
    ]
    said += [f"Fix: {_message(finding.hint)}"] if finding.hint else []
    result: dict[str, Any] = {
        "ruleId": _rule(finding),
        "ruleIndex": index,
        "level": _LEVEL[finding.severity],
        "message": {"text": "\n".join(said)},
        "locations": [_location(finding.file or subject, finding.line if finding.file else 0)],
        "partialFingerprints": {"fccFinding/v1": _fingerprint(finding, seen)},
    }
    others = [{"id": number, **_location(*place)} for number, place in enumerate(related, 1)]
    return result | ({"relatedLocations": others} if others else {})


def _location(file: str, line: int) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(file)}}
    return {"physicalLocation": place | ({"region": {"startLine": line}} if line > 0 else {})}


def _uri(file: str) -> str:
    """A relative reference, percent-encoded (RFC 3986); a `file:` URI for an absolute path."""
    path = quote(file.removeprefix("./"), safe="/", errors="replace")
    if file.startswith("/"):
        return f"file:///{path.lstrip('/')}"
    if re.match(r"[A-Za-z]:[\\/]", file):
        return f"file:///{quote(file.replace(chr(92), '/'), safe='/:', errors='replace')}"
    return path or "."


def _fingerprint(finding: Finding, seen: Counter[str]) -> str:
    """The same for the same finding wherever it moves in its file; equal ones are numbered."""
    text = repr((finding.rule, finding.file, finding.message))
    made = hashlib.sha256(text.encode()).hexdigest()
    seen[made] += 1
    return f"{made}:{seen[made]}"


def _message(text: str) -> str:
    """A plain text message in which nothing is read as an embedded link (section 3.11.6)."""
    return printable(text).replace("](", "] (").strip()


def _link_text(text: str) -> str:
    return re.sub(r"([\\\[\]])", r"\\\1", text)


def _invocation(evaluation: Evaluation) -> dict[str, Any]:
    """Whether the evaluation came to a verdict, and a notification for everything that could not be checked."""
    judged = evaluation.decision != "NO VERDICT"
    unchecked = content.unchecked_once(evaluation)
    said = [("warning", line) for line in unchecked]
    if not judged:
        said = [("error", one_line(reason)) for reason in evaluation.reasons] + said
    notes = [{"level": level, "message": {"text": _message(text)}} for level, text in said]
    return {"executionSuccessful": judged, "toolExecutionNotifications": notes}
