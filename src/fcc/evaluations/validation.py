"""Whether one artifact is valid, by what its kind asks for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import import_module

from fcc.evaluations.validators.check import Check, NotCheckedError
from fcc.simulation import Finding

KINDS: dict[str, str] = {
    "docker_compose": "compose",
    "dockerfile": "dockerfile",
    "github_workflow": "github_workflow",
    "gitlab_ci": "gitlab_ci",
    "grafana_dashboard": "grafana",
    "hcl": "hcl",
    "helm_chart_yaml": "helm_chart",
    "helm_template": "helm_template",
    "helm_values": "helm_values",
    "json": "plain",
    "kubernetes": "kubernetes",
    "mermaid": "mermaid",
    "prometheus_rules": "prometheus",
    "python": "python",
    "shell": "shell",
    "sql": "sql",
    "toml": "plain",
    "yaml": "plain",
}
"""Every kind that can be checked, and the module of `fcc.evaluations.validators` that does it."""


@dataclass(frozen=True, slots=True)
class Validation:
    """What is known of one artifact by itself."""

    kind: str
    valid: bool | None
    """None: not checked, or not as far as its kind asks for, and nothing was found."""
    findings: tuple[Finding, ...] = ()
    reason: str = ""
    """Why it was not checked, and what to install; "" where it was."""


def validate_artifact(kind: str, text: str, file: str = "") -> Validation:
    """Whether a text is a valid artifact of its kind (`KINDS`); a kind that is not known is not checked.

    It is invalid where a check finds an error; findings of a lower severity are advice. A tool that is not installed
    never makes a text valid.
    """
    try:
        check = _check(kind)
    except NotCheckedError as unknown:
        return Validation(kind, None, reason=str(unknown))
    found: list[Finding] = []
    reason = ""
    try:
        found.extend(replace(finding, file=file) for finding in check(text))
    except NotCheckedError as stopped:
        reason = str(stopped)
    failed = any(finding.severity == "error" for finding in found)
    valid = False if failed else None if reason else True
    return Validation(kind, valid, tuple(found), "" if failed else reason)


def _check(kind: str) -> Check:
    if kind not in KINDS:
        raise NotCheckedError(f"nothing here checks the kind {kind or 'text'}")
    module = import_module(f"fcc.evaluations.validators.{KINDS[kind]}")
    check: Check = getattr(module, "check" if KINDS[kind] != "plain" else f"check_{kind}")
    return check
