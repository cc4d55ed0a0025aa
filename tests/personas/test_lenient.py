"""Other people's persona files, read as far as they can be."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fcc.errors import ConfigError
from fcc.personas import PersonaRegistry

PLAIN = """\
  - id: SCR
    name: Scribe
    fcc_phase: Create
    role_title: Writer of minutes
    riscear:
      role: Writes down what was decided.
      inputs: [a meeting]
      style: terse
      constraints: [names who decided]
      expected_output: [minutes]
      archetype: The one who listens
      responsibilities: [nothing decided is lost]
"""


def read(text: str, name: str = "some.yaml") -> PersonaRegistry:
    Path(name).write_text(text)
    return PersonaRegistry.from_yaml_directory(".", strict=False)


def report_of(registry: PersonaRegistry) -> Any:
    assert registry.report is not None
    return registry.report


def test_what_is_well_formed_is_read_as_strictly() -> None:
    """A file that loads strictly gives the same personas, and a report with nothing to say."""
    registry = read(f"personas:\n{PLAIN}")
    strict = PersonaRegistry.from_yaml_directory(".")
    assert list(registry) == list(strict)
    assert strict.report is None
    assert str(registry.report) == "1 persona, from 1 of 1 files"


def test_the_folder_must_be_there() -> None:
    """A folder that is none is an error, however lenient the reading."""
    with pytest.raises(ConfigError, match="does not exist"):
        PersonaRegistry.from_yaml_directory("nowhere", strict=False)


def test_other_files_are_passed_over() -> None:
    """What has no `personas:`, is no YAML, no text or can't be read is told with why, and the rest is read."""
    Path("a.yaml").write_text("version: 3\n")
    Path("b.yaml").write_text("persona:\n  - id: X\n")
    Path("c.yaml").write_text("personas: {\n")
    Path("d.yaml").write_bytes(b"\xff\xfe\x00")
    Path("e.yaml").write_text("personas: 7\n")
    Path("f.yaml").write_text("")
    Path("g.txt").write_text("personas: []\n")
    report = report_of(read(f"personas:\n{PLAIN}", "z.yml"))
    assert report.files == ("z.yml",)
    said = {problem.file: problem.message for problem in report.skipped}
    assert said["a.yaml"] == "no persona file: it has no `personas:`"
    assert "is `persona` meant?" in said["b.yaml"]
    assert "not valid YAML" in said["c.yaml"]
    assert "UTF-8" in said["d.yaml"]
    assert said["e.yaml"] == "`personas` is no list"
    assert set(said) == {"a.yaml", "b.yaml", "c.yaml", "d.yaml", "e.yaml", "f.yaml"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_passed_over() -> None:
    """Without permission it is told, and no error."""
    Path("locked.yaml").touch(mode=0)
    assert "cannot read" in report_of(read(f"personas:\n{PLAIN}")).skipped[0].message


def test_unknown_keys_are_kept_aside_and_told() -> None:
    """Their values stay on the persona by their path, no model is shown them, and each is told once with its count."""
    more = "    maturity: {level: 3}\n    zachman_cell: EXECUTIVE/WHY\n"
    second = PLAIN.replace("SCR", "SC2").replace("style: terse", "style: terse\n      tone: dry")
    registry = read(f"version: 2\npersonas:\n{PLAIN}{more}{second}{more}")
    assert registry["SCR"].unmapped == {"maturity": {"level": 3}, "zachman_cell": "EXECUTIVE/WHY"}
    assert registry["SC2"].unmapped["riscear.tone"] == "dry"
    report = report_of(registry)
    assert [(met.key, met.times, met.line) for met in report.unmapped] == [
        ("maturity", 2, 15),
        ("zachman_cell", 2, 16),
        ("riscear.tone", 1, 25),
        ("version (of the file)", 1, 1),
    ]
    assert "maturity: 2 times, first at some.yaml:15" in str(report)
    from fcc.agents.agent import system_prompt
    from fcc.wiring import open_catalog

    prompt = system_prompt(open_catalog().prompts.get("system"), registry["SC2"])
    assert "dry" not in prompt
    assert "EXECUTIVE" not in prompt


@pytest.mark.parametrize(
    "constitution",
    [
        """\
    doc_context:
      constitution:
        hard_stop_rules: [Never lie]
        mandatory_patterns: [Sign it]
        preferred_patterns: [Be brief]
""",
        """\
    constitution:
      hard_stops: [Never lie]
      mandatory_rules: [Sign it]
      preferred_rules: [Be brief]
""",
        """\
    constitution:
      tier_1: {id: T, rules: [{id: T1-001, name: n, rule: Never lie}]}
      tier_2: {default_rules: [Sign it]}
      tier_3: [{text: Be brief}]
""",
    ],
)
def test_constitutions_under_other_names_are_mapped(constitution: str) -> None:
    """FCC's names for the tiers, a constitution beside `doc_context`, tiers that are mappings: read, and told."""
    registry = read(f"personas:\n{PLAIN}{constitution}")
    rules = [(tier, rule.rule) for tier, rule in registry["SCR"].constitution.rules()]
    assert rules == [("hard_stop", "Never lie"), ("mandatory", "Sign it"), ("preferred", "Be brief")]
    assert all(met.meant for met in report_of(registry).mapped)
    assert report_of(registry).mapped


def test_a_name_given_twice_is_not_merged() -> None:
    """Where our name and theirs stand side by side, ours counts and the other is kept aside."""
    both = (
        "    doc_context:\n      constitution: {hard_stop_rules: [B], hard_stop: [A]}\n    constitution: {}\n"
    )
    registry = read(f"personas:\n{PLAIN}{both}")
    assert [str(rule) for _, rule in registry["SCR"].constitution.rules()] == ["A"]
    assert registry["SCR"].unmapped == {
        "doc_context.constitution.hard_stop_rules": ["B"],
        "constitution": {},
    }


def test_slips_are_mended_and_told() -> None:
    """A text for a list, a mapping for want of quotes, numbers, empty items, names alone: read as they were meant."""
    text = PLAIN.replace("[a meeting]", "a meeting").replace(
        "[minutes]", "\n        - Note: one page\n        - 7\n        -\n        - true"
    )
    registry = read(f"personas:\n{text}    deliverables: [Minutes]\n")
    card = registry["SCR"].riscear
    assert card.inputs == ("a meeting",)
    assert card.expected_output == ("Note: one page", "7", "true")
    assert registry["SCR"].deliverables[0].description == "Minutes"
    told = {(problem.line, problem.message) for problem in report_of(registry).repaired}
    assert (8, "one value, read as a list of one") in told
    assert (12, "no text for want of quotes; read as the one that stands there") in told
    assert len(told) == 6


def test_what_is_missing_is_filled_in_and_told() -> None:
    """An id and a role make a persona; each field that is put there is told."""
    registry = read("personas:\n- id: 42\n  riscear: {role: Counts.}\n")
    persona = registry["42"]
    assert (persona.name, persona.role_title, persona.riscear.archetype) == ("42", "42", "42")
    assert persona.fcc_phase == "unknown"
    assert persona.riscear.inputs == ()
    messages = [problem.message for problem in report_of(registry).repaired]
    assert "`riscear.style` is missing: 'As the task asks.' is put there" in messages
    assert "`riscear.inputs` is missing: nothing is put there" in messages


def test_wrong_parts_are_left_out_and_wrong_rules_kept_as_texts() -> None:
    """What a persona can do without goes; a rule that can't be held as it says keeps its text; all of it is told."""
    wrong = """\
    color: blue
    collaboration:
      - {target: A B, interaction: x, direction: peer}
      - {target: AB, interaction: x, direction: peer}
      - {target: AB, interaction: x, direction: sideways}
    deliverables: {a: 1}
    doc_context:
      constitution:
        hard_stop:
          - {rule: One, id: same, judged: Is it?}
          - {rule: Two, check: {forbids: '('}, id: two}
          - {nothing: here}
          - [4]
        mandatory: [{rule: Three, id: same, judged: Is it?}]
        preferred: 3
"""
    registry = read(f"personas:\n{PLAIN}{wrong}")
    persona = registry["SCR"]
    assert persona.color == "#607D8B"
    assert [item.target for item in persona.collaboration] == ["AB"]
    held = [(rule.rule, rule.held) for _, rule in persona.constitution.rules()]
    assert held == [
        ("One", "not classified"),
        ("Two", "not classified"),
        ("Three", "not classified"),
    ]
    said = "\n".join(map(str, report_of(registry).repaired))
    assert "some.yaml:14:5: `color` is left out" in said
    assert "some.yaml:24:13: `doc_context.constitution.hard_stop` is kept as a text only" in said
    assert "`doc_context.constitution` are kept as texts only: two rules have the id 'same'" in said


def test_entries_that_are_no_personas_are_told() -> None:
    """Without an id, without a role, or with an id that is taken; the first of two is used."""
    broken = "  - name: Nobody\n  - just words\n  - {id: NOR, riscear: {style: x}}\n  - {id: a b, riscear: {role: x}}\n"
    again = PLAIN.replace("Scribe", "Other")
    registry = read(f"personas:\n{PLAIN}{broken}{again}")
    assert registry.ids == ["SCR"]
    assert registry["SCR"].name == "Scribe"
    said = "\n".join(map(str, report_of(registry).unusable))
    assert "`id` is missing" in said
    assert "some.yaml:15:5: a persona is a mapping" in said
    assert "`riscear.role` is missing" in said
    assert "`id`: string should match pattern" in said
    assert "the id 'SCR' is taken by the persona at some.yaml:2, which is used" in said


def test_hostile_files_do_no_harm() -> None:
    """Bombs, endless nesting, tags and keys given twice cost their file, and nothing else."""
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    Path("bomb.yaml").write_text(bomb + "personas: [*i]\n")
    Path("deep.yaml").write_text("personas: " + "[" * 100_000)
    Path("tag.yaml").write_text("personas: [!!python/object/apply:os.getcwd []]\n")
    Path("twice.yaml").write_text("personas: []\npersonas: []\n")
    Path("large.yaml").write_bytes(b"#" * (4 * 1024 * 1024 + 1))
    registry = read(f"personas:\n{PLAIN}")
    assert registry.ids == ["SCR"]
    assert {problem.file for problem in report_of(registry).skipped} == {
        "bomb.yaml",
        "deep.yaml",
        "tag.yaml",
        "twice.yaml",
        "large.yaml",
    }


def test_a_long_report_is_cut() -> None:
    """Twenty lines of a part are printed, and how many more there are."""
    registry = read("personas:\n" + "  - {}\n" * 25)
    assert len(report_of(registry).unusable) >= 25
    assert "more" in str(registry.report)
    assert len(str(registry.report).splitlines()) < 30


KEYS = st.sampled_from(
    re.split(
        r"\s+",
        "id name fcc_phase role_title riscear role inputs style archetype constraints expected_output doc_context "
        "constitution hard_stop hard_stop_rules tier_1 rules rule text check forbids judged words examples pass fail "
        "deliverables description collaboration target direction interaction color version unheard_of",
    )
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 10**20),
    st.floats(),
    st.sampled_from(["", "x", "PBD", "(", "peer"]),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=25,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.dictionaries(KEYS, TREES, max_size=8) | TREES, max_size=3))
def test_no_content_is_fatal(entries: list[Any]) -> None:
    """Whatever a file holds, each entry is a persona, or is told why not; nothing is raised."""
    registry = read(
        json.dumps({"personas": entries}, allow_nan=True).replace("NaN", ".nan").replace("Infinity", ".inf")
    )
    report = report_of(registry)
    assert len(registry) == report.personas
    told = {problem.line for problem in report.unusable}
    assert len(registry) + len(report.unusable) >= len(entries)
    assert not entries or told or len(registry)
    str(report)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.dictionaries(KEYS, TREES, max_size=10), st.dictionaries(KEYS, TREES, max_size=8))
def test_a_role_and_an_id_make_a_persona(around: dict[str, Any], card: dict[str, Any]) -> None:
    """Whatever else a card says, an entry with both is used; what is not ours is kept aside."""
    entry = {**around, "id": "KEPT", "riscear": {**card, "role": "Is kept.", "style": "s", "archetype": "a"}}
    entry |= {"name": "n", "role_title": "t", "fcc_phase": "p"}
    text = json.dumps({"personas": [entry]}).replace("NaN", ".nan").replace("Infinity", ".inf")
    registry = read(text)
    assert registry["KEPT"].riscear.role == "Is kept."
    assert ("unheard_of" in around) == ("unheard_of" in registry["KEPT"].unmapped)
