"""Whether one artifact is valid, by what its kind asks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
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
    "markdown": "markdown",
    "mermaid": "mermaid",
    "mkdocs": "mkdocs",
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

    @property
    def checkable(self) -> bool:
        """Whether there is anything that checks files of this kind."""
        return self.kind in KINDS


def validate_artifact(kind: str, text: str, file: str = "", *, advise: bool = True) -> Validation:
    """Whether a text is a valid artifact of its kind (`KINDS`); a kind that is not known is not checked.

    It is invalid where a check finds an error; findings of a lower severity are advice. A tool that is not installed
    never makes a text valid. Without `advise`, tools that only advise are not asked.
    """
    try:
        found = _validated(kind, text, advise)
    except _UncheckedError as unchecked:
        found = unchecked.validation
    if not (file and found.findings):
        return found
    return replace(found, findings=tuple(replace(finding, file=file) for finding in found.findings))


class _UncheckedError(Exception):
    """What was not checked: as an error it is in no cache, and a tool that is there next time is asked."""

    def __init__(self, validation: Validation) -> None:
        super().__init__(validation.reason)
        self.validation = validation


@lru_cache(maxsize=1024)
def _validated(kind: str, text: str, advise: bool) -> Validation:
    """The same for a text in no file: steps that are asked again, and runs in one process, repeat their files."""
    try:
        check = _check(kind)
    except NotCheckedError as unknown:
        raise _UncheckedError(Validation(kind, None, reason=str(unknown))) from None
    found: list[Finding] = []
    reason = ""
    try:
        found.extend(check(text))
        if advise and not any(finding.severity == "error" for finding in found):
            found.extend(_advice(kind, text))
    except NotCheckedError as stopped:
        reason = str(stopped)
    failed = any(finding.severity == "error" for finding in found)
    if reason and not failed:
        raise _UncheckedError(Validation(kind, None, tuple(found), reason))
    return Validation(kind, not failed, tuple(found))


def _check(kind: str) -> Check:
    if kind not in KINDS:
        return _of_plugin(kind)
    module = import_module(f"fcc.evaluations.validators.{KINDS[kind]}")
    check: Check = getattr(module, "check" if KINDS[kind] != "plain" else f"check_{kind}")
    return check


def _advice(kind: str, text: str) -> Iterable[Finding]:
    """What a tool that only advises says of a valid text of a kind that has one."""
    module = import_module(f"fcc.evaluations.validators.{KINDS[kind]}") if kind in KINDS else None
    advise: Check | None = getattr(module, "advise", None)
    return advise(text) if advise is not None else ()


def _of_plugin(kind: str) -> Check:
    from fcc.evaluations.plugins import validating

    check = validating(kind) if kind else None
    if check is None:
        raise NotCheckedError(f"nothing here checks the kind {kind or 'text'}")
    return check
