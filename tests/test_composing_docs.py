"""The page on chains that build on others: its files are planned, run and verified."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fcc.cli.app import execute
from fcc.simulation import RunRecord
from fcc.workspace import KINDS


@pytest.fixture
def page(repository: Path) -> str:
    """The page, and a workspace with its files."""
    text = (repository / "docs" / "composing.md").read_text()
    for kind in KINDS:
        Path(kind).mkdir()
    for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL):
        path = re.match(r"# (agents/\S+\.yaml)\n", block)
        assert path is not None
        Path(path[1]).write_text(block)
    return text


def test_the_commands_of_the_page_run(page: str) -> None:
    """In order, each with exit code 0; its chains are valid, and what they leave holds."""
    assert execute(["validate"]) == 0
    lines = [
        line.partition("#")[0].split() for line in re.findall(r"^    fcc-agents (.*)$", page, re.MULTILINE)
    ]
    runs = [line for line in lines if line[0] == "run"]
    assert len(runs) == 6
    for number, line in enumerate([*runs, ["run", "audited"]]):
        words = ["shipped=r2" if word == "shipped=RUN" else word for word in line]
        assert execute([*words, "--id", f"r{number}", "-q"]) == 0, line
        assert execute(["verify", f"r{number}"]) == 0
    both, alone = (RunRecord.read(Path(f".fcc/runs/{name}/run.json")) for name in ("r0", "r2"))
    assert both.step("infrastructure").task == alone.step("infrastructure").task
    assert alone.inputs == {"service": "payments", "replicas": 3}


def test_the_rehearsal_of_the_page_is_a_step(page: str) -> None:
    """Its keys are those that a step has."""
    from fcc import _yaml
    from fcc.agents import Step

    text = re.search(r"^    rehearsal:\n(?:      .*\n)+", page, re.MULTILINE)
    assert text is not None
    document = _yaml.parse(text[0], "page")
    assert _yaml.build(Step, document, ("rehearsal",)).rehearse is not None
