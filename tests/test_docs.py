"""Documents that can't lie: their examples run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fcc.cli.app import _COMMANDS, execute
from fcc.evaluations.contracts import RULES
from fcc.providers.deterministic.defects import defects_of
from fcc.simulation import RunRecord
from fcc.workspace import KINDS

RUN_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{4}")


def test_the_readmes_python_runs(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The Python block of the README prints what its comments say."""
    code = re.search(r"```python\n(.*?)```", (repository / "README.md").read_text(), re.DOTALL)
    assert code is not None
    exec(compile(code[1], "README.md", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "APPROVED"
    assert lines[-1].endswith(".yaml")


def blocks(repository: Path) -> list[str]:
    """The chains of docs/flow.md."""
    return re.findall(r"```yaml\n(.*?)```", (repository / "docs" / "flow.md").read_text(), re.DOTALL)


@pytest.mark.parametrize("number", range(5))
def test_the_chains_of_the_docs_run(repository: Path, number: int) -> None:
    """Each chain that the page on flow shows is planned, run offline with everybody saying yes, and verified."""
    (text,) = blocks(repository)[number : number + 1]
    Path("chain.yaml").write_text(text)
    Path("yes.yaml").write_text("rules: [{allow: 'true'}]\n")
    assert execute(["validate", "chain.yaml"]) == 0
    Path("alert.json").write_text('{"status": "firing"}')
    event = ["--on", "alert.json"] if "events:" in text.split("steps:", maxsplit=1)[0] else []
    code = execute(
        ["run", "./chain.yaml", "--id", "r", "--approvals", "yes.yaml", "--no-input", "-q", *event]
    )
    assert code == 0
    assert {step.status for step in RunRecord.read(Path(".fcc/runs/r/run.json")).steps} == {"completed"}
    assert len(blocks(repository)) == 5
    assert execute(["verify", "r"]) == 0


def test_the_structured_chain_of_the_docs_runs(repository: Path) -> None:
    """The stand-in answers by the schema, and what hangs on the answer runs."""
    (text,) = re.findall(r"```yaml\n(.*?)```", (repository / "docs" / "models.md").read_text(), re.DOTALL)
    Path("triage.yaml").write_text(text)
    assert execute(["run", "./triage.yaml", "--id", "r", "-q"]) == 0
    record = RunRecord.read(Path(".fcc/runs/r/run.json"))
    assert record.step("triage").data["severity"] == "high"
    assert record.step("rollback").status == "completed"


def test_the_test_of_the_docs_passes(repository: Path, pytester: pytest.Pytester) -> None:
    """The test that the page on cassettes shows is recorded and replayed, with the stand-in as its model."""
    page = (repository / "docs" / "cassettes.md").read_text()
    code = re.search(r"```python\n(import pytest.*?)```", page, re.DOTALL)
    assert code is not None
    pytester.makepyfile(code[1].replace("openai/gpt-4.1-mini", "deterministic"))
    for option in ("--fcc-record=once", "--fcc-record=none"):
        pytester.runpytest_subprocess("-p", "no:cacheprovider", option).assert_outcomes(passed=1)


def test_the_drift_of_the_docs_is_what_is_printed(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message that the page on cassettes shows is the one that a reader gets."""
    page = (repository / "docs" / "cassettes.md").read_text()
    shown = re.search(r"```text\n(Error: .*?)```", page, re.DOTALL)
    assert shown is not None
    line = ["--cassette", "cassettes/devops.yaml"]
    assert execute(["record", "devops-deployment", *line, "-q"]) == 0
    capsys.readouterr()
    assert execute(["replay", line[1], "--set", "model=fraud_detector_v3", "-q"]) == 4
    assert capsys.readouterr().err == shown[1]


def test_the_readmes_output_is_what_is_printed(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The run that the README shows is the run that a reader gets."""
    shown = re.search(r"<!-- demo -->\n```text\n(.*?)```", (repository / "README.md").read_text(), re.DOTALL)
    assert shown is not None
    execute(["run", "devops-deployment", "--quiet"])
    assert RUN_ID.sub("ID", shown[1]) == RUN_ID.sub("ID", capsys.readouterr().out)


def test_the_guides_python_compiles_and_its_chain_is_valid(repository: Path) -> None:
    """Code and YAML of the guide stand for what the library takes."""
    from fcc import _yaml
    from fcc.agents import Chain

    blocks = re.findall(r"(?:^    .*\n|^\n)+", (repository / "docs" / "guide.md").read_text(), re.MULTILINE)
    texts = ["\n".join(line[4:] for line in block.strip("\n").split("\n")) for block in blocks]
    chains = [text for text in texts if text.startswith("name:")]
    python = [text for text in texts if text.startswith(("import fcc", "def answer", "from fcc"))]
    assert len(chains) == 1
    assert len(python) == 4
    assert list(_yaml.build(Chain, _yaml.parse(chains[0], "guide")).steps) == ["draft", "review"]
    for text in python:
        compile(text, "guide", "exec")


def test_commands_of_the_documents_exist(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every `fcc-agents <command> --option` that a document names is there."""
    pages = ["guide", "flow", "models", "cassettes"]
    for name in ("README.md", "src/fcc/data/workspace/README.md", *(f"docs/{page}.md" for page in pages)):
        for line in re.findall(r"fcc-agents ([^\n`]+)", (repository / name).read_text()):
            words = line.split()
            command = words[0]
            if command not in _COMMANDS or command == "cassette":
                continue
            execute([command, "--help"])
            text = capsys.readouterr().out
            for option in (word for word in words if re.fullmatch(r"--[a-z-]+", word)):
                assert option in text, f"{name}: {line}"


@pytest.mark.parametrize("kind", KINDS)
def test_the_readme_names_every_folder(repository: Path, kind: str) -> None:
    """The five folders are in the README's first table."""
    assert f"| `{kind}/` |" in (repository / "README.md").read_text()


def evidence(repository: Path) -> list[str]:
    """The YAML of docs/evidence.md: checks, then a rubric."""
    return re.findall(r"```yaml\n(.*?)```", (repository / "docs" / "evidence.md").read_text(), re.DOTALL)


def test_the_checks_of_the_docs_hold_their_examples(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each check of the page on evidence has examples that pass and fail, and finds what it is for in a run."""
    checks, rubric = evidence(repository)
    assert execute(["init", "."]) == 0
    Path("evaluations/house.yaml").write_text(checks)
    Path("evaluations/ours.yaml").write_text(rubric)
    assert execute(["validate"]) == 0
    capsys.readouterr()
    assert execute(["evaluate", "--self-test", "evaluations/house.yaml"]) == 0
    assert capsys.readouterr().out == "6 of 6 examples of 3 checks hold.\n"
    assert execute(["run", "devops-deployment", "--id", "r", "-q"]) == 1
    assert "nobody owns this Deployment (nothing stands at metadata.labels.owner) [owner]" in " ".join(
        capsys.readouterr().out.split()
    )
    Path("evaluations/house.yaml").unlink()
    assert execute(["evaluate", "r", "--rubric", "ours"]) == 0


def test_the_number_of_defects_in_the_docs_is_right(repository: Path) -> None:
    """The page on evidence counts the seeded defects that there are."""
    text = (repository / "docs" / "evidence.md").read_text()
    assert re.findall(r"<!-- defects -->(\d+)<!-- /defects -->", text) == [
        str(len(defects_of("devops-deployment")))
    ]
    rules = re.search(r"by (\d+) rules", (repository / "CHANGELOG.md").read_text())
    assert rules is not None
    assert int(rules[1]) == len(RULES)
