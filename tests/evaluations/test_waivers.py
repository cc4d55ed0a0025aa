"""Waivers: whose word turns a finding into advice, until when, and what no word can waive."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from fcc.agents import read_policy
from fcc.cli.app import execute
from fcc.errors import InvalidFileError
from fcc.evaluations.files import read_evaluation, workspace_waivers
from fcc.evaluations.waivers import Waiver, WaiverFile, Waiving, read_waivers
from fcc.simulation import Finding, RunRecord
from fcc.wiring import RunRequest, prepare
from fcc.wiring.evaluating import evaluate
from fcc.workspace import KINDS, Workspace

TODAY = date(2026, 3, 31)
GIVEN = {"rule": "image-*", "owner": "Jo", "reason": "the base image is ours", "expires": "2026-03-31"}


def waiver(**more: Any) -> Waiver:
    return Waiver.model_validate({**GIVEN, **more})


def waived(finding: Finding, *waivers: Waiver, today: date = TODAY) -> Finding:
    (result,) = Waiving(waivers or (waiver(),), today).of([finding])
    return result


FOUND = Finding("image-pinned", "warning", "not pinned", "artifacts/a/k8s/web.yaml", 3)


@pytest.mark.parametrize("severity", ["error", "warning"])
def test_what_is_waived_becomes_advice(severity: Any) -> None:
    """On the last day too; it says by whom, until when and why, and stays where it is."""
    result = waived(Finding("image-pinned", severity, "not pinned", "a", 3))
    assert (result.severity, result.rule, result.file, result.line) == ("advice", "image-pinned", "a", 3)
    assert result.message == "waived by Jo until 2026-03-31, the base image is ours: not pinned"


def test_an_expired_waiver_waives_nothing() -> None:
    """The finding counts, and says whose waiver ended when; one that still holds goes before it."""
    result = waived(FOUND, today=date(2026, 4, 1))
    assert (result.severity, result.message) == (
        "warning",
        "not pinned (its waiver by Jo expired on 2026-03-31)",
    )
    renewed = waiver(owner="Kim", expires="2026-05-01")
    assert waived(FOUND, waiver(), renewed, today=date(2026, 4, 1)).severity == "advice"


@pytest.mark.parametrize(
    ("more", "holds"),
    [
        ({"files": "k8s/*.yaml"}, True),
        ({"files": "*.md"}, False),
        ({"rule": "port-*"}, False),
        ({"rule": "image-pinned"}, True),
    ],
)
def test_a_waiver_is_for_its_rule_and_files(more: dict[str, str], *, holds: bool) -> None:
    """Patterns of the rule and of the file, the latter matched from the right."""
    assert (waived(FOUND, waiver(**more)).severity == "advice") is holds


@pytest.mark.parametrize("pattern", ["*", "h*", "[h]ard-stop-*", "?ard-stop-dve-no-root"])
def test_no_pattern_reaches_a_hard_stop(pattern: str) -> None:
    """However it is written: a broken hard stop stays an error."""
    broken = Finding("hard-stop-dve-no-root", "error", "as root")
    assert waived(broken, waiver(rule=pattern)) == broken


@pytest.mark.parametrize("rule", ["hard-stop-dve-no-root", "hard-stop*", "  hard-stop-x"])
def test_a_waiver_that_names_a_hard_stop_is_invalid(rule: str) -> None:
    """The message says that nobody can waive it."""
    with pytest.raises(ValidationError, match="a hard stop can't be waived by anybody"):
        waiver(rule=rule)


@pytest.mark.parametrize("missing", list(GIVEN))
def test_a_waiver_has_rule_owner_reason_and_end(missing: str) -> None:
    """Without one of them it is none."""
    with pytest.raises(ValidationError):
        Waiver.model_validate({key: value for key, value in GIVEN.items() if key != missing})


FILE = """\
description: What we know of.
waivers:
  - rule: mandatory-dve-immutable-images
    owner: Jo
    reason: The tag is moved once a day, and we know it.
    expires: {expires}
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    for kind in KINDS:
        (tmp_path / kind).mkdir()
    write(tmp_path)
    return tmp_path


def write(folder: Path, expires: str = "2999-12-31") -> Path:
    path = folder / "evaluations" / "waivers.yaml"
    path.write_text(FILE.format(expires=expires))
    return path


def test_a_file_of_waivers_is_told_by_its_key(workspace: Path) -> None:
    """It is read with its dates, found in the workspace, and is no policy."""
    path = workspace / "evaluations" / "waivers.yaml"
    (read,) = read_waivers(path)
    assert (read.owner, read.expires) == ("Jo", date(2999, 12, 31))
    assert isinstance(read_evaluation(path), WaiverFile)
    assert workspace_waivers(Workspace.at(workspace)) == (read,)
    with pytest.raises(InvalidFileError, match="this is a file of waivers, and no policy"):
        read_policy(path)


CHAIN = """\
name: web
steps:
  a:
    persona: DVE
    task: |
      Write for the service web:
      - Kubernetes manifests (Deployment, Service)
  b:
    persona: DVE
    needs: [a]
    task: |
      Write once more for the service web:
      - Kubernetes manifests (Deployment, Service)
"""
LATEST = """\
```yaml path=k8s/web.yaml
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
    - name: app
      image: registry.example.com/shop/web:latest
```
"""


def made(workspace: Path, out: Path) -> RunRecord:
    from fcc.providers import FunctionProvider

    chain = workspace / "agents" / "web.yaml"
    chain.write_text(CHAIN)
    model = FunctionProvider(lambda request: LATEST if request.call_id.startswith("a/") else "Nothing.")
    return prepare(RunRequest(chain, model=model, out=out, workspace=workspace)).go_sync()


def severity(found: Any, rule: str = "mandatory-dve-immutable-images") -> list[str]:
    return [item.severity for item in found if item.rule == rule]


def test_a_run_and_its_evaluation_agree_on_what_is_waived(workspace: Path) -> None:
    """Waived in both; and again an error in both when the waiver has expired."""
    record = made(workspace, workspace / "r1")
    assert severity(record.step("a").findings) == ["advice"]
    evaluation = evaluate(record, workspace=workspace)
    assert severity(evaluation.findings) == ["advice"]
    assert evaluation.reasons == record.verdict.reasons
    write(workspace, "2020-01-01")
    expired = made(workspace, workspace / "r2")
    assert severity(expired.step("a").findings) == ["error"]
    assert severity(evaluate(record, workspace=workspace).findings) == ["error"]
    said = [reason for reason in expired.verdict.reasons if "immutable" in reason]
    assert "its waiver by Jo expired on 2020-01-01" in said[0]


def test_what_a_pattern_of_a_rule_matches_is_not_waived_with_it(workspace: Path) -> None:
    """A waiver of `image-pinned` does not waive the rule of the constitution that rests on it."""
    path = workspace / "evaluations" / "waivers.yaml"
    path.write_text(
        FILE.format(expires="2999-12-31").replace("mandatory-dve-immutable-images", "image-pinned")
    )
    found = made(workspace, workspace / "r").step("a").findings
    assert severity(found, "image-pinned") == ["advice"]
    assert severity(found) == ["error"]


def test_the_command_knows_such_a_file(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`validate`, `list`, `show` and `schema` know it; one that names a hard stop is refused with its place."""
    at = ["--workspace", str(workspace)]
    assert execute(["validate", str(workspace / "evaluations"), *at]) == 0
    assert execute(["list", "evaluations", *at]) == 0
    assert "What we know of." in capsys.readouterr().out
    assert execute(["show", "evaluations/waivers", *at]) == 0
    assert "until 2999-12-31" in capsys.readouterr().out
    assert execute(["show", "evaluations/waivers", "--json", *at]) == 0
    assert '"schema": "fcc.waivers/1"' in capsys.readouterr().out
    assert execute(["schema", "waivers"]) == 0
    assert '"expires"' in capsys.readouterr().out
    path = workspace / "evaluations" / "waivers.yaml"
    path.write_text(path.read_text().replace("mandatory-dve", "hard-stop-dve"))
    assert execute(["validate", str(path), *at]) == 2
    assert "waivers.yaml:3:" in (said := capsys.readouterr().out)
    assert "a hard stop can't be waived by anybody" in said
