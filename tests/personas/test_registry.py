"""Personas and their registry."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from fcc.errors import ConfigError, InvalidFileError, NotFoundError
from fcc.personas import Persona, PersonaRegistry
from fcc.workspace import BUILTIN_ROOT, KINDS, Workspace

CARD = """\
  - id: {id}
    name: Tester
    fcc_phase: Critique
    role_title: Test Engineer
    category: quality
    riscear:
      role: Finds faults.
      inputs: [code]
      style: dry
      constraints: [none]
      expected_output: [faults]
      archetype: The sceptic
      responsibilities: [say no]
"""


def write(folder: Path, name: str, *ids: str, extra: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("personas:\n" + "".join(CARD.format(id=id_) for id_ in ids) + extra)
    return path


def test_the_built_in_team_is_complete() -> None:
    """JUS, PBD, DVE and ASC are there, with category, phase, rules and deliverables."""
    registry = PersonaRegistry.from_yaml_directory(BUILTIN_ROOT / "personas")
    team = {"JUS": "app_development", "PBD": "devops", "DVE": "devops", "ASC": "devops"}
    assert team.items() <= {p.id: p.category for p in registry}.items()
    assert [p.id for p in registry.by_category("devops")] == ["PBD", "DVE", "ASC"]
    assert "JUS" in [p.id for p in registry.by_phase("FIND")]
    for persona in registry:
        tiers = [tier for tier, _ in persona.constitution.rules()]
        assert tiers == sorted(tiers, key=["hard_stop", "mandatory", "preferred"].index)
        assert set(tiers) == {"hard_stop", "mandatory", "preferred"}
        assert persona.deliverables
        assert persona.collaboration


def test_cards_differ() -> None:
    """No two built-in personas share a constraint, a responsibility or a rule: each card changes what is written."""
    cards = list(PersonaRegistry.from_yaml_directory(BUILTIN_ROOT / "personas"))
    texts = [
        t
        for p in cards
        for t in (
            *p.riscear.constraints,
            *p.riscear.responsibilities,
            *(str(r) for _, r in p.constitution.rules()),
        )
    ]
    assert len(texts) - len(set(texts)) <= 1  # two of them keep names and ports as handed over


def test_a_registry_is_a_collection(tmp_path: Path) -> None:
    """It has a length, can be walked and asked, in the order of file names and then of the files."""
    write(tmp_path, "b.yaml", "B1", "B2")
    write(tmp_path, "a.yaml", "A1")
    (tmp_path / "sub").mkdir()
    write(tmp_path / "sub", "c.yaml", "C1")
    registry = PersonaRegistry.from_yaml_directory(tmp_path)
    assert registry.ids == ["A1", "B1", "B2"]
    assert len(registry) == 3
    assert "B1" in registry
    assert "C1" not in registry
    assert registry["A1"] is registry.get("A1")
    assert "A1, B1, B2" in repr(registry)


def test_a_near_miss_is_suggested(tmp_path: Path) -> None:
    """An unknown id names the ids that are near it, in whatever case it was typed."""
    registry = PersonaRegistry.from_yaml_files(write(tmp_path, "a.yaml", "PBD"))
    with pytest.raises(NotFoundError, match="did you mean PBD"):
        registry.get("pbd")


def test_all_mistakes_are_reported_at_once(tmp_path: Path) -> None:
    """An unknown key, a wrong type and an id given twice in two files come in one error, each with its place."""
    write(tmp_path, "a.yaml", "AAA", extra="    colour: red\n    version: soon\n")
    write(tmp_path, "b.yaml", "BBB", "BBB")
    with pytest.raises(InvalidFileError) as caught:
        PersonaRegistry.from_yaml_directory(tmp_path)
    text = caught.value.message
    assert "a.yaml:15:5: unknown key `colour`; did you mean `color`?" in text
    assert "a.yaml:16:5: `version`: input should be a valid integer" in text
    assert "b.yaml:15:5: the id 'BBB' is taken by the persona at" in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "the file is empty"),
        ("- a", "a persona file is a mapping"),
        ("persona: []", "did you mean `personas`?"),
        ("personas: []", "a list of at least one"),
        ("personas: 3", "a list of at least one"),
        ("personas: [3]", "input should be a valid dictionary"),
        ("personas:\n  - id: a b\n", "`id`: string should match pattern"),
        ("personas: [{id: X}]\nmore: 1", "unknown key `more`"),
    ],
)
def test_files_that_are_no_persona_files(tmp_path: Path, text: str, expected: str) -> None:
    """What is wrong with the shape of a file is said in one line."""
    (tmp_path / "f.yaml").write_text(text)
    with pytest.raises(InvalidFileError) as caught:
        PersonaRegistry.from_yaml_directory(tmp_path)
    assert expected in caught.value.message


def test_other_yaml_is_passed_over_aloud(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A mapping without `personas` is no persona file; that is logged."""
    (tmp_path / "taxonomy.yaml").write_text("archetypes: [a]")
    write(tmp_path, "a.yaml", "A1")
    assert PersonaRegistry.from_yaml_directory(tmp_path).ids == ["A1"]
    assert "taxonomy.yaml" in caplog.text


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    """Neither a missing folder nor a file is an empty registry."""
    with pytest.raises(ConfigError, match="does not exist"):
        PersonaRegistry.from_yaml_directory(tmp_path / "none")
    path = write(tmp_path, "a.yaml", "A1")
    with pytest.raises(ConfigError, match="not a folder"):
        PersonaRegistry.from_yaml_directory(path)


def test_the_workspace_goes_over_the_built_ins(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A persona of the workspace hides the built-in one of its id, and that is logged."""
    for kind in KINDS:
        (tmp_path / kind).mkdir()
    write(tmp_path / "personas", "mine.yaml", "PBD", "NEW")
    with caplog.at_level("INFO", logger="fcc"):
        registry = PersonaRegistry.from_workspace(Workspace.at(tmp_path))
    assert registry["PBD"].category == "quality"
    assert registry["NEW"].name == "Tester"
    assert registry["JUS"].category == "app_development"
    assert "persona overlaid name=PBD" in caplog.text


def test_a_persona_is_frozen() -> None:
    """A card can't be changed once it is made."""
    persona = PersonaRegistry.from_yaml_directory(BUILTIN_ROOT / "personas")["PBD"]
    with pytest.raises(ValidationError):
        persona.name = "x"


def test_two_personas_of_one_id_are_refused() -> None:
    """A registry made by hand holds each id once."""
    persona = PersonaRegistry.from_yaml_directory(BUILTIN_ROOT / "personas")["PBD"]
    with pytest.raises(ConfigError, match="two personas"):
        PersonaRegistry([persona, persona])


def test_fields_of_fcc_files_are_taken(tmp_path: Path) -> None:
    """A file written for FCC, with its ratings and references, loads unchanged."""
    extra = "    discernment_matrix: [{name: Humility, ratings: {self_rating: 7.5}}]\n    zachman_cell: what-scope\n"
    registry = PersonaRegistry.from_yaml_files(write(tmp_path, "a.yaml", "A1", extra=extra))
    assert isinstance(registry["A1"], Persona)
