"""The chain that makes a documentation site: it holds together, and notices when it does not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fcc import _yaml
from fcc.cli.app import execute
from fcc.evaluations.contracts import RULES
from fcc.evaluations.rule_ids import known_rules
from fcc.personas import PersonaRegistry
from fcc.providers.deterministic.defects import DEFECTS
from fcc.simulation import Finding, RunRecord
from fcc.wiring import RunRequest, prepare

PERSONAS = ("RC", "BC", "DE", "RB", "UG", "TW", "DBD")
MINE = {id_: defect for id_, defect in DEFECTS.items() if defect.chain == "docs-as-code"}


def run(model: str = "deterministic", **inputs: object) -> RunRecord:
    return prepare(RunRequest("docs-as-code", model=model, inputs=inputs)).go_sync()


def findings(record: RunRecord) -> list[Finding]:
    found = [finding for step in record.steps for finding in step.findings] + list(record.findings)
    return [finding for finding in found if finding.severity != "advice"]


def page(repository: Path) -> str:
    return (repository / "docs" / "docs-as-code.md").read_text()


def test_the_chain_is_approved_without_a_finding() -> None:
    """Offline, every page is there, agrees with the others, and the gate opens."""
    record = run()
    assert record.verdict is not None
    assert (record.verdict.decision, findings(record)) == ("APPROVED", [])
    assert {step.status for step in record.steps} == {"completed"}
    files = {artifact.path for step in record.steps for artifact in step.artifacts}
    pages = {f"docs/{name}.md" for name in ("index", "quick-start", "reference", "runbook")}
    assert pages | {"mkdocs.yml", ".github/workflows/docs.yaml", "requirements-docs.txt"} <= files


@pytest.mark.parametrize("defect", sorted(MINE))
def test_each_defect_blocks(defect: str) -> None:
    """What is wrong with one of the files stops the site from being published."""
    record = run(f"deterministic:{defect}")
    assert record.verdict is not None
    assert record.verdict.decision == "BLOCKED"
    assert any(finding.severity == "error" for finding in findings(record))


def test_a_rule_of_the_personas_closes_the_gate() -> None:
    """A broken hard stop of the builder keeps the review from being asked at all."""
    steps = {step.name: step for step in run("deterministic:docs-job-writes").steps}
    assert steps["review"].status == "skipped"
    assert [item.rule for item in steps["site"].findings if item.severity == "error"] == [
        "hard-stop-dbd-read-only"
    ]


def test_the_rubric_passes() -> None:
    """What the chain leaves passes its own rubric."""
    assert execute(["run", "docs-as-code", "--id", "r", "-q"]) == 0
    assert execute(["evaluate", "r", "--rubric", "docs-site"]) == 0
    assert execute(["verify", "r"]) == 0


def test_the_constitutions_hold() -> None:
    """Each rule of the seven personas says how it is held, most hard stops by code, and every example is as it should be."""
    from fcc.evaluations.constitution_examples import try_constitution
    from fcc.workspace import Workspace

    registry = PersonaRegistry.from_workspace(Workspace.find())
    for name in PERSONAS:
        results = try_constitution(registry.get(name))
        assert [(item.finding, item.problems, item.examples) for item in results if not item.holds] == []
        hard = [item.held for item in results if item.tier == "hard_stop"]
        assert hard.count("enforced") >= 0.7 * len(hard)


def test_the_inputs_of_the_page_give_a_site(repository: Path) -> None:
    """The facts that the page shows get to pages, but for the one without a source, which becomes a question."""
    (text,) = re.findall(r"```yaml\n(.*?)```", page(repository), re.DOTALL)
    record = run(**_yaml.parse(text, "page").data)
    assert record.verdict is not None
    assert (record.verdict.decision, findings(record)) == ("APPROVED", [])
    files = {artifact.path: artifact.content for step in record.steps for artifact in step.artifacts}
    assert "kubectl rollout restart" in files["docs/runbook.md"]
    assert "Sundays" in files["research/inventory.yaml"].partition("questions:")[2]
    assert not any("Sundays" in text for path, text in files.items() if path.startswith("docs/"))


@pytest.mark.parametrize(
    "facts",
    [
        ["The shop sells shoes (source: README.md)"],
        ["Only a memory"],
        [],
        ["```", ": (source: )", "a: b", "x" * 3000, "Alert: `LatencySlo` | fires \\ [now](x.md) (source: a)"],
    ],
)
def test_odd_facts_give_a_sound_site(facts: list[str]) -> None:
    """However few or strange the facts are, no file is invalid and no link leads nowhere."""
    found = {item.rule for item in findings(run(facts=facts)) if item.severity == "error"}
    assert {rule for rule in found if not rule.startswith(("hard-stop", "mandatory"))} <= set()


def test_facts_are_taken_as_they_are_written() -> None:
    """In several lines, or as a mapping, which is what a fact without quotes is to YAML; with few, each page has one."""
    facts = [
        "First request: `curl https://p.example.com`\nanswers 200 (source: a.md)\n",
        {"Errors": "a parcel that nobody knows is answered with 404 (source: a.md)"},
        "Restart: `kubectl rollout restart deployment/p` starts every pod anew (source: b.md)",
    ]
    record = run(facts=facts)
    assert record.verdict is not None
    assert (record.verdict.decision, findings(record)) == ("APPROVED", [])


def test_the_page_names_the_rules_that_there_are(repository: Path) -> None:
    """Each rule on pages and sites is in a table of the page, with its severity, and the number of defects is right."""
    text = page(repository)
    shown = {rule: row[1] for row in re.findall(r"^\| (`[a-z`, -]+`) \| (\w+) \|", text, re.MULTILINE)
             for rule in re.findall(r"`([a-z-]+)`", row[0])}  # fmt: skip
    contracts = {rule.id: rule.severity for rule in RULES if rule.id.startswith("docs-")}
    assert {rule: severity for rule, severity in shown.items() if rule.startswith("docs-")} == contracts
    assert {rule for rule in shown if rule.startswith("markdown-")} == {
        rule for rule in known_rules() if rule.startswith("markdown-")
    }
    assert re.findall(r"<!-- docs defects -->(\d+)<!--", text) == [str(len(MINE))]


def test_the_pages_of_this_project_are_sound(repository: Path) -> None:
    """The checks that this adds find nothing to mend on the project's own pages."""
    from fcc.evaluations import validate_artifact

    for file in sorted((repository / "docs").rglob("*.md")):
        found = validate_artifact("markdown", file.read_text()).findings
        assert [item for item in found if item.severity != "advice"] == [], file.name
