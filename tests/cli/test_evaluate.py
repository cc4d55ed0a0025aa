"""`evaluate`: runs, files and folders judged again, in every format; checks, gates and judges that are tested."""

from __future__ import annotations

import json
import os
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

import fcc
from fcc.errors import UnavailableError
from fcc.providers import FunctionProvider, ModelRequest
from fcc.simulation import RunRecord

BROKEN = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: two
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: "example/web:1.0"}]
"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: other}
  ports: [{port: 80}]
"""
WHOLE = BROKEN.replace("replicas: two", "replicas: 2")


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """The folder of a run of the built-in chain."""
    folder = tmp_path / "run"
    fcc.run("devops-deployment", out=folder, run_id="r1")
    return folder


def test_a_run_is_judged_again_without_asking(fcc_agents, run_folder: Path) -> None:
    """The decision is the run's own, every file was validated, and every item that was asked for was found."""
    done = fcc_agents("evaluate", str(run_folder), "--json")
    record = RunRecord.read(run_folder / "run.json")
    assert done.code == 0
    assert done.json["schema"] == "fcc.evaluation/1"
    assert done.json["decision"] == record.verdict.decision == "APPROVED"
    assert done.json["overall"] == pytest.approx(record.verdict.overall)
    assert done.json["counts"]["files"]["invalid"] == 0
    assert len(done.json["files"]) == sum(len(step.artifacts) for step in record.steps)
    assert done.json["counts"]["findings"]["error"] == 0
    assert all(item["met"] for item in done.json["coverage"])


def test_what_a_run_found_is_what_evaluate_finds(run_folder: Path) -> None:
    """Judging again by the same checks comes to the same findings and scores."""
    record = RunRecord.read(run_folder / "run.json")
    found = fcc.evaluate(record)
    assert list(found.findings) == [finding for step in record.steps for finding in step.findings]
    assert {area.area: area.score for area in found.areas} == {step.name: step.score for step in record.steps}


def test_a_folder_that_no_agent_wrote(fcc_agents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An invalid file and files that do not agree are findings with file, line, and both sides; exit code 1."""
    monkeypatch.chdir(tmp_path.parent)
    (tmp_path / "k8s").mkdir()
    (tmp_path / "k8s" / "web.yaml").write_text(BROKEN)
    (tmp_path / "k8s" / "service.yaml").write_text(SERVICE)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config.yaml").write_text("{")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\x00\xff")
    here = tmp_path.name
    done = fcc_agents("evaluate", here, "--json")
    assert done.code == 1
    assert done.json["decision"] == "BLOCKED"
    places = {(finding["rule"], finding["file"], finding["line"]) for finding in done.json["findings"]}
    assert ("kubernetes-schema", f"{here}/k8s/web.yaml", 5) in places
    (selector,) = [item for item in done.json["findings"] if item["file"] == f"{here}/k8s/service.yaml"]
    assert selector["severity"] == "error"
    assert selector["hint"]
    assert {file["path"] for file in done.json["files"]} == {
        f"{here}/k8s/web.yaml",
        f"{here}/k8s/service.yaml",
    }


def test_a_file_alone(fcc_agents, tmp_path: Path) -> None:
    """A valid file is 0, an invalid one is 1, and what can't be checked is 3."""
    (tmp_path / "web.yaml").write_text(WHOLE)
    (tmp_path / "bad.sh").write_text("#!/bin/bash\nif true; then\n")
    (tmp_path / "notes.xyz").write_text("nothing\n")
    assert fcc_agents("evaluate", str(tmp_path / "web.yaml")).code == 0
    done = fcc_agents("evaluate", str(tmp_path / "bad.sh"))
    assert done.code == 1
    assert "BLOCKED" in done.out
    assert fcc_agents("evaluate", str(tmp_path / "notes.xyz")).code == 3


def test_a_reply_in_markdown(fcc_agents, tmp_path: Path) -> None:
    """Its files are taken out of it and checked, and the lines are those of the Markdown."""
    reply = tmp_path / "reply.md"
    reply.write_text(
        f"# Deployment\n\nHere it is:\n\n```yaml path=k8s/web.yaml\n{BROKEN}```\n\nIt runs two copies.\n"
    )
    done = fcc_agents("evaluate", str(reply), "--json")
    assert done.code == 1
    (finding,) = [item for item in done.json["findings"] if item["rule"] == "kubernetes-schema"]
    assert finding["line"] == 10
    assert reply.read_text().splitlines()[9].strip() == "replicas: two"


def test_a_broken_reply_is_no_pass(fcc_agents, tmp_path: Path) -> None:
    """A refusal without any file is blocked by its score, as it is in a run."""
    (tmp_path / "refused.md").write_text("I'm sorry, but I can't help with that.\n")
    done = fcc_agents("evaluate", str(tmp_path / "refused.md"))
    assert done.code == 1
    assert "under the 0.50 that approval needs" in " ".join(done.out.split())


def test_what_can_not_be_read_is_no_pass(fcc_agents, tmp_path: Path) -> None:
    """A manifest that is no UTF-8, and a link that leads nowhere, are named, and there is no verdict."""
    (tmp_path / "good.json").write_text("{}")
    (tmp_path / "latin.yaml").write_bytes(b"a: caf\xe9\n")
    (tmp_path / "gone.yaml").symlink_to(tmp_path / "nowhere")
    done = fcc_agents("evaluate", str(tmp_path), "--json")
    assert (done.code, done.json["decision"]) == (3, "NO VERDICT")
    assert any("latin.yaml: not UTF-8" in reason for reason in done.json["reasons"])
    assert any("gone.yaml: a link that leads nowhere" in reason for reason in done.json["reasons"])


def test_a_folder_never_waits_or_leaves_itself(
    fcc_agents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipe is not opened, and a link out of the folder is not followed but named."""
    monkeypatch.chdir(tmp_path)
    Path("outside.yaml").write_text("a: 1")
    Path("here").mkdir()
    os.mkfifo("here/pipe.yaml")
    Path("here/link.yaml").symlink_to("pipe.yaml")
    Path("here/good.json").write_text("{}")
    assert fcc_agents("evaluate", "here").code == 0
    Path("here/out.yaml").symlink_to("../outside.yaml")
    done = fcc_agents("evaluate", "here", "--json")
    assert (done.code, done.json["reasons"]) == (3, ["here/out.yaml: a link that leads out of the folder"])


def test_a_kustomizations_patch_is_no_broken_manifest(
    fcc_agents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part of an object that a kustomization names as a patch is not checked as one."""
    monkeypatch.chdir(tmp_path)
    Path("base.yaml").write_text(WHOLE)
    Path("prod").mkdir()
    Path("prod/kustomization.yaml").write_text(
        "resources: [../base.yaml]\npatches: [{path: replicas.yaml}]\n"
    )
    Path("prod/replicas.yaml").write_text(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 3}\n"
    )
    done = fcc_agents("evaluate", ".", "--json")
    assert done.code == 0
    state = {file["path"]: file["valid"] for file in done.json["files"]}
    assert (state["base.yaml"], state["prod/replicas.yaml"]) == (True, None)
    Path("prod/kustomization.yaml").unlink()
    assert fcc_agents("evaluate", ".").code == 1


def test_several_files_are_one_set(fcc_agents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that are named together are held against each other, as a commit hook names them."""
    monkeypatch.chdir(tmp_path)
    Path("web.yaml").write_text(WHOLE)
    Path("service.yaml").write_text(SERVICE)
    assert fcc_agents("evaluate", "web.yaml").code == 0
    done = fcc_agents("evaluate", "web.yaml", "service.yaml", "--json")
    assert [
        (item["rule"], item["file"]) for item in done.json["findings"] if item["severity"] == "error"
    ] == [("service-selector", "service.yaml")]


def test_rules_and_files_can_be_left_out(fcc_agents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is ignored does not count and is said; what is excluded is not read; both also for runs."""
    monkeypatch.chdir(tmp_path)
    Path("web.yaml").write_text(BROKEN)
    Path("tests").mkdir()
    Path("tests/bad.json").write_text("{")
    assert fcc_agents("evaluate", ".").code == 1
    done = fcc_agents("evaluate", ".", "--ignore", "kubernetes-*", "--exclude", "tests/*", "--json")
    assert done.code == 0
    assert "ignored as asked: kubernetes-schema (1)" in done.json["unchecked"]
    fcc_agents("run", "devops-deployment", "-m", "infrastructure=deterministic:latest-tag", "--id", "r", "-q")
    assert fcc_agents("evaluate", "r").code == 1
    assert fcc_agents("evaluate", "r", "--ignore", "image-tag", "--ignore", "mandatory-dve-*").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ((), 2, "name a run, a file or a folder"),
        (("nowhere/at-all",), 2, "there is no file or folder nowhere/at-all"),
        (("no-such-run",), 2, "there are no runs"),
        (("--mutate", "--self-test"), 2, "choose one of"),
        (("x", "--cassette", "c.yaml"), 2, "name it with --judge"),
        (("--mutate", "--format", "sarif"), 2, "--mutate prints text or json"),
        (("--calibrate",), 2, "name the judge"),
        (("",), 2, "name a run, a file or a folder"),
        (("x", "--pairs", "nope.yaml"), 2, "--pairs is for --calibrate"),
        (("--mutate", "--ignore", "x"), 2, "are not for --mutate"),
    ],
)
def test_what_can_not_be_done_is_said(fcc_agents, arguments, code: int, says: str) -> None:
    """One message, exit code 2, and what to do."""
    done = fcc_agents("evaluate", *arguments)
    assert done.code == code
    assert says in done.err


def test_the_formats_hold_the_same_findings(
    fcc_agents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JUnit parses and counts a failure, SARIF names the rule and both files, GitHub gets its annotation."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "web.yaml").write_text(WHOLE)
    (tmp_path / "service.yaml").write_text(SERVICE)
    junit = ET.fromstring(fcc_agents("evaluate", str(tmp_path), "--format", "junit").out)
    assert sum(int(suite.get("failures", 0)) for suite in junit.iter("testsuite")) > 0
    sarif = json.loads(fcc_agents("evaluate", str(tmp_path), "--format", "sarif").out)
    (result,) = [item for item in sarif["runs"][0]["results"] if item["level"] == "error"]
    assert result["ruleId"] in {rule["id"] for rule in sarif["runs"][0]["tool"]["driver"]["rules"]}
    github = fcc_agents("evaluate", str(tmp_path), "--format", "github").out
    assert any(line.startswith("::error file=service.yaml,line=") for line in github.splitlines())
    assert "service.yaml" in fcc_agents("evaluate", str(tmp_path), "--format", "markdown").out


def test_githubs_summary_is_written(fcc_agents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a job has a summary, the Markdown is added to it."""
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    (tmp_path / "web.yaml").write_text(WHOLE)
    fcc_agents("evaluate", str(tmp_path / "web.yaml"), "--format", "github")
    assert "APPROVED" in summary.read_text()


def test_a_secret_in_a_file_is_not_printed(
    fcc_agents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a finding quotes has the values of the environment's keys taken out, in every format."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-planted-0123456789abcdef")
    (tmp_path / "web.yaml").write_text(WHOLE.replace("replicas: 2", "replicas: sk-planted-0123456789abcdef"))
    for form in ("text", "json", "junit", "sarif", "github", "markdown"):
        assert "sk-planted" not in fcc_agents("evaluate", str(tmp_path), "--format", form).out


@pytest.fixture
def workspace(fcc_agents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with a check and a rubric of its own."""
    monkeypatch.chdir(tmp_path)
    assert fcc_agents("init", "ws").code == 0
    home = tmp_path / "ws"
    (home / "evaluations" / "house.yaml").write_text(
        """\
checks:
  owner:
    kinds: [kubernetes]
    where: {kind: Deployment}
    at: metadata.labels.owner
    message: nobody owns it
    examples:
      pass: ["kind: Deployment\\nmetadata: {labels: {owner: me}}"]
      fail: ["kind: Deployment"]
"""
    )
    (home / "evaluations" / "ours.yaml").write_text(
        """\
criteria:
  - {name: whole, evidence: text}
  - {name: asked, evidence: coverage, weight: 2}
  - {name: clear, evidence: judge, question: Is it clear?, levels: [muddled, clear]}
policy: {pass_at: 0.5}
"""
    )
    monkeypatch.chdir(home)
    return home


def test_checks_of_ones_own_count_in_runs_and_in_evaluate(fcc_agents, workspace: Path) -> None:
    """A check in the workspace blocks the run whose files fail it, and is tried by --self-test."""
    done = fcc_agents("run", "devops-deployment", "--id", "r", "-q", "--json")
    assert done.code == 1
    assert any("nobody owns it" in reason for reason in done.json["verdict"]["reasons"])
    assert fcc_agents("evaluate", "r").code == 1
    assert fcc_agents("validate").code == 0
    tested = fcc_agents("evaluate", "--self-test", "--json")
    assert tested.code == 0
    assert {item["example"] for item in tested.json["examples"] if item["check"] == "owner"} == {
        "pass 1",
        "fail 1",
    }
    assert len({item["check"] for item in tested.json["examples"]}) > 25


def test_a_check_whose_example_does_not_hold(fcc_agents, workspace: Path) -> None:
    """The self-test says which, and why, with exit code 1."""
    file = workspace / "evaluations" / "house.yaml"
    file.write_text(file.read_text().replace("owner: me", "other: me"))
    done = fcc_agents("evaluate", "--self-test", "evaluations/house.yaml")
    assert done.code == 1
    assert "owner, pass 1: nobody owns it (nothing stands at metadata.labels.owner)" in done.out


def test_a_rubric_decides(fcc_agents, workspace: Path) -> None:
    """Criteria are weighed by the rubric; what nobody judged is said, and not counted as a zero."""
    (workspace / "evaluations" / "house.yaml").unlink()
    fcc_agents("run", "devops-deployment", "--id", "r", "-q")
    done = fcc_agents("evaluate", "r", "--rubric", "ours", "--json")
    assert done.code == 0
    by_name = {item["name"]: item for item in done.json["criteria"]}
    assert by_name["asked"]["value"] == 1.0
    assert by_name["clear"]["value"] is None
    assert done.json["overall"] == pytest.approx((by_name["whole"]["value"] + 2) / 3)
    for name in ("show", "list"):
        assert fcc_agents(name, "ours" if name == "show" else "evaluations").code == 0
    assert fcc_agents("evaluate", "r", "--rubric", "readiness").code == 2
    assert fcc_agents("evaluate", "r", "--rubric", "ours", "--judge", "deterministic").code == 0


def judge(request: ModelRequest) -> str:
    """Always the best level."""
    return json.dumps({"clear": {"reason": "it reads well", "level": "clear"}})


def test_a_judge_that_is_not_calibrated_only_informs(workspace: Path, fcc_agents) -> None:
    """Its criterion is shown as advice, and the mean does not count it."""
    (workspace / "evaluations" / "house.yaml").unlink()
    record = fcc.run("devops-deployment")
    found = fcc.evaluate(record, rubric="ours", judge=FunctionProvider(judge))
    (clear,) = [item for item in found.criteria if item.name == "clear"]
    assert (clear.value, clear.level, clear.advisory) == (1.0, "clear", True)
    assert found.judge["calibrated"] is False
    without = fcc.evaluate(record, rubric="ours")
    assert found.overall == without.overall


def test_a_judge_that_knows_nothing_fails_its_calibration(fcc_agents, workspace: Path) -> None:
    """The stand-in answers by the schema alone: it may not decide, and the figures say why."""
    done = fcc_agents("evaluate", "--calibrate", "--judge", "deterministic", "--json")
    assert done.code == 1
    assert done.json["scored"]["right"] == 0
    assert Path(done.json["file"]).is_file()
    assert "ADVISORY" in fcc_agents("evaluate", "--calibrate", "--judge", "deterministic").out


def test_a_judge_works_offline_from_its_cassette(fcc_agents, workspace: Path) -> None:
    """What was recorded is replayed to the same evaluation; a question that was not recorded is exit code 4."""
    (workspace / "evaluations" / "house.yaml").unlink()
    fcc_agents("run", "devops-deployment", "--id", "r", "-q")
    asked = (
        "evaluate",
        "r",
        "--rubric",
        "ours",
        "--judge",
        "deterministic",
        "--cassette",
        "judge.yaml",
        "--json",
    )
    recorded = fcc_agents(*asked, "--record")
    assert Path("judge.yaml").is_file()
    replayed = fcc_agents(*asked)
    assert replayed.json["criteria"] == recorded.json["criteria"]
    assert replayed.json["judge"]["origins"] == ["recorded"]
    file = workspace / "evaluations" / "ours.yaml"
    file.write_text(file.read_text().replace("Is it clear?", "Is it short?"))
    assert fcc_agents(*asked).code == 4


def test_a_judge_that_does_not_answer_is_no_pass(workspace: Path) -> None:
    """Asked for, and silent: there is no verdict, whatever the other criteria say."""
    (workspace / "evaluations" / "house.yaml").unlink()

    def silent(request: ModelRequest) -> str:
        raise UnavailableError("it is down")

    found = fcc.evaluate(fcc.run("devops-deployment"), rubric="ours", judge=FunctionProvider(silent))
    assert (found.decision, found.reasons[0]) == ("NO VERDICT", "the judge that was asked for judged nothing")


STRUCTURED = """\
name: triage
steps:
  triage:
    persona: JUS
    task: "Judge this:\\n- how severe\\n- which team"
    output: {schema: {type: object, required: [severity], properties: {severity: {enum: [high]}}}}
"""


def test_a_structured_answer_is_read_by_checks_too(fcc_agents, workspace: Path) -> None:
    """An answer that fits its schema scores 1 and owes no prose; a check of one's own still reads it."""
    Path("triage.yaml").write_text(STRUCTURED)
    assert fcc_agents("run", "./triage.yaml", "--id", "r1", "-q").code == 0
    done = fcc_agents("evaluate", "r1", "--json")
    assert (done.json["coverage"], done.json["overall"], done.json["findings"]) == ([], 1.0, [])
    (workspace / "evaluations" / "house.yaml").write_text(
        "checks: {no-high: {forbids: high, message: too high}}\n"
    )
    assert fcc_agents("run", "./triage.yaml", "--id", "r2", "-q").code == 1
    assert fcc_agents("evaluate", "r1").code == 1


def test_requirements_and_handoffs_of_a_run(fcc_agents, run_folder: Path) -> None:
    """The matrix names where an item was lost; hand-offs are compared with what the run used."""
    text = fcc_agents("evaluate", str(run_folder), "--requirements")
    assert text.code == 0
    assert "lost from requirements to pipeline" in text.out
    matrix = fcc_agents("evaluate", str(run_folder), "--requirements", "--json").json
    assert matrix["steps"] == ["pipeline", "infrastructure", "monitoring"]
    handed = fcc_agents("evaluate", str(run_folder), "--handoff-report", "--json").json["handoffs"]
    assert [item["target"] for item in handed] == ["pipeline", "infrastructure", "monitoring"]
    assert all(sum(way["used"] for way in item["strategies"]) == 1 for item in handed)
    assert all(len(line) <= 80 for line in text.out.splitlines())
    assert "best" in fcc_agents("evaluate", str(run_folder), "--handoff-report").out


def test_seeded_defects_are_caught_or_explained(fcc_agents) -> None:
    """The clean run raises no error; every defect is caught, or the table says why it is not."""
    done = fcc_agents("evaluate", "--mutate", "--json")
    assert done.json["clean_decision"] == "APPROVED"
    assert [item for item in done.json["false_alarms"] if item["severity"] == "error"] == []
    assert len(done.json["defects"]) >= 30
    missed = [
        item["defect"] for item in done.json["defects"] if item["outcome"] == "missed" and not item["note"]
    ]
    assert missed == []
    assert done.code == 0


def test_a_defect_can_be_seen_in_a_run(fcc_agents) -> None:
    """`--model deterministic:<defect>` answers with it; an unknown one is named with what was meant."""
    done = fcc_agents("run", "devops-deployment", "-m", "infrastructure=deterministic:latest-tag", "--json")
    assert done.code == 1
    unknown = fcc_agents("run", "devops-deployment", "-m", "deterministic:latest-tog")
    assert unknown.code == 2
    assert "latest-tag" in unknown.err
