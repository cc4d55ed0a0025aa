"""`fcc-agents persona`, and the page on it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fcc.cli.app import execute

BROKEN = """\
personas:
  - id: BAD
    name: Bad
    fcc_phase: Create
    role_title: Bad
    riscear: {role: r, inputs: [i], style: s, constraints: [c], expected_output: [e], archetype: a, responsibilities: [r]}
    doc_context:
      constitution:
        hard_stop:
          - {rule: Never latest, id: no-latest, check: {forbids: ':latest'}, examples: {pass: ['a:latest'], fail: ['b']}}
          - Never lie
"""


def test_every_command_explains_itself(fcc_agents) -> None:
    """Alone it prints its help; each command has some, and all of it fits 80 columns."""
    assert "Commands" in fcc_agents("persona").out
    for words in ([], ["list"], ["show"], ["new"], ["test"], ["score"]):
        result = fcc_agents("persona", *words, "--help")
        assert result.code == 0
        assert max(map(len, result.out.splitlines())) <= 80
    assert fcc_agents("persona", "lst").code == 2


def test_list_tells_the_coverage(fcc_agents) -> None:
    """Id, name, phase and what code holds by tier, in 80 columns; as JSON, by every way; `list` shows it, too."""
    listed = fcc_agents("persona", "list")
    assert listed.code == 0
    assert re.search(r"PBD  Pipeline Builder +Create +\d/\d · \d/\d · \d/\d\n", listed.out)
    assert max(map(len, listed.out.splitlines())) <= 80
    rows = fcc_agents("persona", "list", "--json").json
    assert rows["schema"] == "fcc.personas/1"
    row = next(row for row in rows["personas"] if row["id"] == "PBD")
    assert set(row["coverage"]["hard_stop"]) == {"enforced", "judged", "only words", "not classified"}
    assert sum(row["coverage"]["hard_stop"].values()) == 2
    assert "hard stops · mandatory · preferred" in fcc_agents("list", "personas").out
    listed = fcc_agents("list", "personas", "--json").json["personas"]
    assert re.fullmatch(r"\d/\d · \d/\d · \d/\d", listed[0]["held_by_code"])


def test_show_tells_how_each_rule_is_held(fcc_agents) -> None:
    """The card, each rule with its hold, the chains; the same as `show`; or what a model is shown."""
    fcc_agents("init")
    fcc_agents("persona", "new", "QAE", "--name", "Quality Engineer")
    Path("agents/own.yaml").write_text("name: own\nsteps:\n  a: {persona: QAE, task: t}\n")
    shown = fcc_agents("persona", "show", "QAE")
    for text in (
        "QAE  Quality Engineer",
        "enforced no-placeholder",
        "examples: 1 must pass, 1 must fail",
        "judged figures-with-source",
        "asked of a judge: Does every figure",
        "only words\n      why: Nothing in an answer",
        "- own: a",
    ):
        assert text in shown.out
    assert max(map(len, shown.out.splitlines())) <= 80
    assert fcc_agents("show", "QAE").out == shown.out
    assert fcc_agents("persona", "show", "QAE", "--prompt").out.startswith("You are Quality Engineer (QAE)")
    body = fcc_agents("persona", "show", "QAE", "--json").json
    assert [rule["held"] for rule in body["rules"]] == ["enforced", "judged", "only words"]
    assert body["chains"] == {"own": ["a"]}
    assert "did you mean PBD" in fcc_agents("persona", "show", "PBX").err


def test_new_says_what_to_do_next(fcc_agents) -> None:
    """The file, and three steps; valid as it is, and tested; without a workspace it says how to make one."""
    without = fcc_agents("persona", "new", "QAE")
    assert (without.code, "fcc-agents init" in without.err) == (2, True)
    fcc_agents("init")
    made = fcc_agents("persona", "new", "QAE", "--json").json
    assert made["file"].endswith("personas/qae.yaml")
    assert fcc_agents("persona", "new", "QAE").code == 2
    assert "Written: personas/two.yaml\n\nNext:\n" in fcc_agents("persona", "new", "TWO").out
    assert fcc_agents("validate").code == 0
    assert fcc_agents("persona", "test", "QAE", "TWO").code == 0


def test_the_built_in_personas_hold(fcc_agents) -> None:
    """Every example of every built-in persona is as it should be; what is not classified is no failure."""
    result = fcc_agents("persona", "test")
    assert result.code == 0, result.out
    assert "does not hold" not in result.out
    assert max(map(len, result.out.splitlines())) <= 80


def test_examples_that_fail_are_told(fcc_agents) -> None:
    """Which example, and what was found; exit code 1; an unclassified rule is only told; an unknown id is 2."""
    fcc_agents("init")
    Path("personas/bad.yaml").write_text(BROKEN)
    result = fcc_agents("persona", "test", "BAD")
    assert result.code == 1
    said = " ".join(result.out.split())
    assert "BAD does not hold 2 rules: 1 enforced, 1 not classified; 2 examples" in said
    assert "hard-stop-bad-no-latest: pass 1: BAD breaks a hard stop" in said
    assert "hard-stop-bad-no-latest: fail 1: the rule is not broken" in said
    assert "not classified: Never lie" in said
    assert "1 persona, 2 rules: 0 of 2 examples hold. Code holds 1 of 2 hard stops (50 %)." in said
    as_json = fcc_agents("persona", "test", "BAD", "--json")
    assert (as_json.code, as_json.json["holds"]) == (1, False)
    assert as_json.json["totals"]["hard_stops_enforced"] == 1
    assert [rule["holds"] for rule in as_json.json["rules"] if rule["held"] == "not classified"] == [True]
    Path("personas/bad.yaml").write_text(BROKEN.partition("    doc_context")[0])
    nothing = fcc_agents("persona", "test", "BAD")
    assert (nothing.code, nothing.out.splitlines()[0]) == (0, "BAD  nothing tried  it has no constitution")
    assert fcc_agents("persona", "test", "NO").code == 2


def test_score_tells_what_it_measured(fcc_agents) -> None:
    """By model and measure, with and without, and that few items separate nothing; all of it offline."""
    result = fcc_agents("persona", "score", "PBD", "--chain", "devops-deployment")
    assert result.code == 0
    assert result.err == "asking deterministic\n"
    assert "PBD  with its card and without it, on 1 item\n  devops-deployment/pipeline" in result.out
    assert re.search(r"  score +0\.\d\d +0\.\d\d +[+-]0\.\d\d  – +not separated \(1\)", result.out)
    assert "6 items are the fewest" in result.out
    assert max(map(len, result.out.splitlines())) <= 80
    body = fcc_agents("persona", "score", "PBD", "--chain", "devops-deployment", "--json").json
    assert body["schema"] == "fcc.persona-score/1"
    assert [line["measure"] for line in body["models"][0]["measures"]] == ["score", "errors", "broken rules"]


def test_score_plans_and_refuses(fcc_agents) -> None:
    """`--plan` says how many calls and what they cost; what can't be asked is exit code 2."""
    Path("a.md").write_text("Say which port the service uses.")
    planned = fcc_agents("persona", "score", "PBD", "--task", "a.md", "--model", "deterministic", "--plan")
    assert (
        "PBD  1 item, with the card and without it\n  a.md\n\n  deterministic: 2 calls, about" in planned.out
    )
    body = fcc_agents("persona", "score", "PBD", "--task", "a.md", "--plan", "--json").json
    assert body["models"][0]["calls"] == 2
    assert fcc_agents("persona", "score", "PBD", "--task", "nowhere.md").code == 2
    assert fcc_agents("persona", "score", "PBD", "--model", "determinstic").code == 2
    assert "--task FILE" in fcc_agents("persona", "score", "PBD", "--step", "nothing").err


def test_the_page_on_personas(repository: Path, fcc_agents, capsys: pytest.CaptureFixture[str]) -> None:
    """Its card is valid and holds, its commands and options are there, its Python runs, its report is what is printed."""
    page = (repository / "docs" / "personas.md").read_text()
    card, foreign = (
        text for _, text in re.findall(r"(`{3,})yaml\n(.*?)^\1$", page, re.DOTALL | re.MULTILINE)
    )
    fcc_agents("init")
    Path("personas/page.yaml").write_text(card)
    assert fcc_agents("validate").code == 0
    tested = fcc_agents("persona", "test", "QAE")
    assert tested.code == 0, tested.out
    for line in re.findall(r"fcc-agents (persona \w+[^\n`#]*)", page):
        words = line.split()
        printed = fcc_agents(*words[:2], "--help").out
        assert all(word in printed for word in words if word.startswith("--")), line
    Path("theirs").mkdir()
    Path("theirs/scribe.yaml").write_text(foreign)
    Path("theirs/other.yaml").write_text("dimensions: []\n")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (report,) = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    capsys.readouterr()
    exec(compile(code, "personas.md", "exec"), {})
    assert capsys.readouterr().out == report
    assert execute(["persona", "score", "QAE", "--plan"]) == 2
