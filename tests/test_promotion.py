"""The promotion through environments: the chain, the pages about it, the gate before production, seeded defects."""

from __future__ import annotations

import re
import shlex
import shutil
from functools import cache
from pathlib import Path

import pytest

import fcc
from fcc.cli.app import execute
from fcc.evaluations.environments import RULES
from fcc.providers.deterministic.defects import defects_of
from fcc.simulation import Finding, RunRecord

COMMAND = re.compile(r"^    fcc-agents (.+?)(?:\s+# exit code (\d)\b.*)?$", re.MULTILINE)
FENCE = re.compile(r"^```yaml\n(# (evaluations/\S+)\n.*?)^```$", re.DOTALL | re.MULTILINE)
LIMITS = "mandatory-dve-requests-limits-probes"
CAUGHT = {
    "audit-asks": "",
    "audit-blocks": "",
    "audit-condition-lost": "mandatory-gov-conditions-are-named",
    "audit-past-hard-stop": "hard-stop-gov-no-approval-past-hard-stop",
    "plan-latest": "hard-stop-rm-no-floating-image",
    "plan-skips-scan": "hard-stop-rm-no-bypass",
    "production-debug-log": "environment-mixed-up",
    "production-latest-tag": "environment-drift",
    "production-other-version": "environment-drift",
    "production-probe": "probe-missing",
    "production-replicas": "environment-mixed-up",
    "production-staging-domain": "environment-mixed-up",
    "production-staging-threshold": "sla-latency",
    "staging-no-limits": LIMITS,
    "staging-production-namespace": "environment-mixed-up",
    "staging-secret": "hard-stop-dve-no-secrets",
}
"""Each seeded defect with a rule that catches it; "" where the auditor's word does."""


@pytest.fixture
def workspace(repository: Path) -> Path:
    """A copy of the repository's workspace, in the current folder."""
    for folder in ("agents", "personas", "prompts", "providers", "evaluations"):
        shutil.copytree(repository / folder, folder)
    return Path.cwd()


@cache
def promoted(repository: Path, model: str = "deterministic") -> RunRecord:
    """A run of the chain as it is committed."""
    return fcc.run("promotion", model=model, workspace=repository)


def told(record: RunRecord) -> list[Finding]:
    """The errors and warnings of a run."""
    found = [*(finding for step in record.steps for finding in step.findings), *record.findings]
    return [finding for finding in found if finding.severity != "advice"]


def gate(record: RunRecord, name: str = "production") -> tuple[str, str, str]:
    decided = record.step(name).gate
    return (decided.decision, decided.by, decided.reason) if decided else ("", "", "")


def waivers(expires: str, *rules: str) -> None:
    entries = "".join(
        f"  - {{rule: {rule}, owner: mira, reason: measured first, expires: {expires}}}\n" for rule in rules
    )
    Path("evaluations/waivers.yaml").write_text(f"waivers:\n{entries}")


def test_a_clean_promotion_is_approved_without_anybody(workspace: Path) -> None:
    """Every environment is ready, nothing is found, policies alone open both gates, and the record holds."""
    assert execute(["run", "promotion", "--id", "r", "--no-input", "-q"]) == 0
    record = RunRecord.read(workspace / ".fcc/runs/r/run.json")
    assert told(record) == []
    assert gate(record, "staging")[:2] == ("open", "readiness")
    assert gate(record)[:2] == ("open", "governance")
    assert record.step("staging.audit").data["decision"] == "approve"
    assert execute(["verify", "r"]) == 0
    assert execute(["evaluate", "r"]) == 0


def test_each_environment_has_its_own_figures(repository: Path) -> None:
    """Replicas, domain, namespace and log level of each environment stand in its manifests."""
    record = promoted(repository)
    wanted = {
        "dev": (1, "debug", "churn.dev"),
        "staging": (2, "info", "churn.staging"),
        "production": (4, "warning", "churn"),
    }
    for environment, (replicas, level, domain) in wanted.items():
        files = {item.path: item.content for item in record.step(f"{environment}.infrastructure").artifacts}
        assert f"\n  replicas: {replicas}\n" in files["k8s/deployment.yaml"]
        assert f"{{name: LOG_LEVEL, value: {level}}}" in files["k8s/deployment.yaml"]
        assert f"- host: {domain}.example.com\n" in files["k8s/ingress.yaml"]
        assert f"minReplicas: {replicas}\n" in files["k8s/hpa.yaml"]


def test_it_stops_at_the_first_environment_that_is_not_ready(repository: Path) -> None:
    """Where dev has an error, neither staging nor production is entered, and nothing is asked for them."""
    record = promoted(repository, "deterministic:latest-tag")
    assert gate(record, "staging")[:2] == ("closed", "readiness")
    later = [step for step in record.steps if step.environment in {"staging", "production"} and step.step]
    assert {step.status for step in later} == {"skipped"}
    assert record.verdict is not None
    assert record.verdict.decision == "BLOCKED"


def test_every_seeded_defect_is_in_the_table() -> None:
    """Nothing is seeded of which no test says what it comes to."""
    assert {defect.id for defect in defects_of("promotion")} == set(CAUGHT)


@pytest.mark.parametrize("defect", sorted(CAUGHT))
def test_a_seeded_defect_is_caught(repository: Path, defect: str) -> None:
    """It is found by a rule, or stopped by the auditor's word; no run with a defect is approved."""
    record = promoted(repository, f"deterministic:{defect}")
    decision = record.verdict.decision if record.verdict is not None else record.status
    assert decision == ("waiting" if defect == "audit-asks" else "BLOCKED")
    if CAUGHT[defect]:
        assert CAUGHT[defect] in {finding.rule for finding in told(record)}
    if defect.startswith(("audit", "plan", "staging")):
        assert gate(record)[0] == ("waiting" if defect == "audit-asks" else "closed")


def test_what_is_mixed_up_is_counted_below_the_table(repository: Path) -> None:
    """Staging's domain in production is no difference between the two, and yet not meant."""
    from fcc.evaluations.promotion import promotion_of

    promotion = promotion_of(promoted(repository, "deterministic:production-staging-domain"))
    assert promotion is not None
    assert (promotion.not_meant, promotion.mixed_up) == (0, 2)


def test_a_hard_stop_halts_and_nobody_opens_the_gate(workspace: Path) -> None:
    """What rests on it is not run; a waiver that names it is invalid, and an approvals policy is not asked."""
    Path("yes.yaml").write_text("rules: [{allow: 'true'}]\n")
    command = ["run", "promotion", "--model", "deterministic:staging-secret", "--id", "r", "-q", "--no-input"]
    assert execute([*command, "--approvals", "yes.yaml"]) == 1
    record = RunRecord.read(workspace / ".fcc/runs/r/run.json")
    assert record.step("staging.monitoring").status == "skipped"
    assert gate(record)[:2] == ("closed", "constitution")
    waivers("2999-12-31", "hard-stop-dve-no-secrets")
    assert execute(["validate"]) == 2


def test_a_mandatory_rule_blocks_unless_it_is_waived(workspace: Path) -> None:
    """With an expired waiver the run is blocked, which is said; with one in force a person weighs what is left."""
    defect = "deterministic:staging-no-limits"
    waivers("2020-01-31", LIMITS)
    expired = fcc.run("promotion", model=defect)
    assert gate(expired)[0] == "closed"
    assert any("its waiver by mira expired on 2020-01-31" in finding.message for finding in told(expired))
    waivers("2999-12-31", LIMITS)
    waived = fcc.run("promotion", model=defect)
    assert gate(waived) == ("waiting", "", "the checks have warned of something")
    assert {finding.rule for finding in told(waived)} == {"environment-drift"}


def test_a_person_is_asked_where_there_is_doubt(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The run waits and says why; a refusal closes the gate, and what a policy denies no approvals policy opens."""
    Path("yes.yaml").write_text("rules: [{allow: 'true'}]\n")
    command = ["run", "promotion", "--no-input", "-q", "--model"]
    assert execute([*command, "deterministic:audit-asks", "--id", "a"]) == 6
    assert "(the audit has conditions)" in " ".join(capsys.readouterr().out.split())
    assert execute(["approve", "a", "production", "--as", "mira", "--reject", "--reason", "not yet"]) == 0
    assert execute(["resume", "a", "-q"]) == 1
    assert execute([*command, "deterministic:audit-blocks", "--id", "b", "--approvals", "yes.yaml"]) == 1


def test_the_page_on_governance_runs(workspace: Path, repository: Path) -> None:
    """Its files are written and its commands run in the order of the page, each with the exit code that it names."""
    page = (repository / "docs/governance.md").read_text()
    policy = (repository / "evaluations/governance.yaml").read_text()
    parts = sorted([*COMMAND.finditer(page), *FENCE.finditer(page)], key=lambda match: match.start())
    codes = 0
    for part in parts:
        if part.re is FENCE:
            text = part[1].replace("2027-03-31", "2999-12-31").replace("2026-03-31", "2020-03-31")
            if part[2].endswith("governance.yaml"):
                assert policy.endswith(text.partition("\n")[2])
            Path(part[2]).write_text(text)
            continue
        codes += 1
        quiet = [] if part[1].startswith("approve") else ["-q"]
        assert execute([*shlex.split(part[1]), *quiet]) == int(part[2]), part[0]
    assert codes == 8


def test_the_page_on_environments_runs(
    workspace: Path, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The table is the one that is printed, its YAML is a chain's, its rules are all there are, its commands run."""
    page = (repository / "docs/environments.md").read_text()
    shown = re.search(r"<!-- promotion -->\n```text\n(.*?)```", page, re.DOTALL)
    for part in COMMAND.finditer(page):
        if "--mutate" in part[1]:
            continue
        quiet = ["-q"] if part[1].startswith("run") else []
        code = execute([*shlex.split(part[1].partition(" #")[0]), *quiet])
        assert code == int(part[2] or 0), part[0]
        if part[1] == "run promotion":
            assert shown is not None
            assert shown[1] in capsys.readouterr().out
    assert re.findall(r"^\| `(environment-[a-z-]+)` \|", page, re.MULTILINE) == sorted(
        RULES, key=lambda rule: page.index(f"| `{rule}`")
    )
    (text,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    chain = (repository / "agents/promotion.yaml").read_text()
    head, _, tail = chain.partition("environments:\n")
    Path("agents/promotion.yaml").write_text(head + text + "\nsteps:\n" + tail.partition("\nsteps:\n")[2])
    assert execute(["validate", "agents/promotion.yaml"]) == 0
