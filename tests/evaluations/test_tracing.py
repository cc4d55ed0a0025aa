"""Requirements followed from the first step through the later ones."""

from __future__ import annotations

from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

import fcc
from fcc.agents import hand_off
from fcc.evaluations.tracing import Matrix, trace
from fcc.providers.base import Message, ModelReply, ModelRequest
from fcc.simulation import CallRecord, Place, RunRecord, StepRecord, extract_artifacts
from fcc.simulation.record import HandoffRecord

STORIES = """# Stories

### US-1: Signed images

Every image is signed with the key of the release team before it is pushed.

### US-2: Nightly backups

The database is copied to another region each night, and a restore is tried each week.

- AC-1: the copy is no older than a day
"""
ASK = "Write user stories covering:\n- As an auditor, I want signed images\n- As an owner, I want nightly backups\n"


def step(name: str, task: str, output: str, *handoffs: HandoffRecord) -> StepRecord:
    request = ModelRequest((Message("system", "s"), Message("user", task)))
    call = CallRecord(
        f"{name}/0/0/0/0", "k", "b", {}, request, ModelReply(output, "m", origin="deterministic")
    )
    return StepRecord(
        name,
        "P",
        "completed" if output else "failed",
        handoffs=handoffs,
        calls=(call,),
        output=output,
        artifacts=extract_artifacts(output),
    )


def after(before: StepRecord, name: str, output: str, characters: int, ask: str = "Build it.") -> StepRecord:
    """A step that is handed another one's output."""
    cut = hand_off(before.name, before.output, characters)
    return step(
        name,
        f"{ask}\n\n{cut.fenced}\n",
        output,
        HandoffRecord(before.name, len(cut.text), cut.lost),
    )


def run(*steps: StepRecord) -> RunRecord:
    return RunRecord("r", {}, {}, {}, {}, {}, {}, "completed", "2026-01-01T00:00:00Z", steps=steps)


SIGNING = """## Signed images

```yaml path=release.yaml
sign:
  key: release-team
  command: cosign sign --key env://KEY registry.example/orders
```
"""


def row(matrix: Matrix, identifier: str, step_name: str):
    index = [item.id for item in matrix.rows].index(identifier)
    return matrix.cells[index][matrix.steps.index(step_name)]


def test_items_and_ids_become_rows() -> None:
    """What the task lists is a row; what the output gives an id is the same one, or a row of its own."""
    matrix = trace(run(step("stories", ASK, STORIES)))
    assert [(item.id, item.aliases, item.origin) for item in matrix.rows] == [
        ("R1", ("US-1",), "task"),
        ("R2", ("US-2",), "task"),
        ("AC-1", (), "output"),
    ]
    assert matrix.source == "stories"
    assert matrix.steps == ()
    assert matrix.rows[2].line == 11


def test_covered_cells_say_where() -> None:
    """A cell that is covered names the file in the run's folder and the line."""
    first = step("stories", ASK, STORIES)
    matrix = trace(run(first, after(first, "build", SIGNING, 5_000)))
    cell = row(matrix, "R1", "build")
    assert (cell.status, cell.place, cell.seen, cell.lost_at) == (
        "covered",
        Place("outputs/build.md", 1),
        True,
        None,
    )


def test_what_was_handed_on_and_not_taken_up_is_not_covered() -> None:
    """Something that the step saw cannot have been lost on the way."""
    first = step("stories", ASK, STORIES)
    cell = row(trace(run(first, after(first, "build", SIGNING, 5_000))), "R2", "build")
    assert (cell.status, cell.seen) == ("not covered", True)


def test_what_a_cut_dropped_is_lost() -> None:
    """What stands in the output before, and not in what was handed on, is lost at that hand-off."""
    first = step("stories", ASK, STORIES)
    cut = STORIES.index("### US-2")
    cell = row(trace(run(first, after(first, "build", SIGNING, cut))), "R2", "build")
    assert (cell.status, cell.seen, cell.lost_at) == ("lost", False, ("stories", "build"))


def test_what_was_lost_stays_lost() -> None:
    """A step further on, the first hand-off that dropped it is named still."""
    first = step("stories", ASK, STORIES)
    second = after(first, "build", SIGNING, STORIES.index("### US-2"))
    third = after(second, "watch", "Nothing of note is written here today, sadly.", 5_000)
    matrix = trace(run(first, second, third))
    assert row(matrix, "R2", "watch").lost_at == ("stories", "build")
    assert {cell.requirement for cell in matrix.lost} == {"R2", "AC-1"}
    assert "R2" in {item.id for item in matrix.uncovered}


def test_naming_the_id_covers() -> None:
    """An output that says by its id what it does about a requirement covers it."""
    first = step("stories", ASK, STORIES)
    output = "The restore job runs each week and reports to the owner (US-2, AC-1).\n"
    matrix = trace(run(first, after(first, "build", output, 5_000)))
    assert row(matrix, "R2", "build").place == Place("outputs/build.md", 1)
    assert row(matrix, "AC-1", "build").status == "covered"


def test_steps_without_an_answer_are_told_apart() -> None:
    """A step that failed covers nothing, and is not blamed for it."""
    first = step("stories", ASK, STORIES)
    assert row(trace(run(first, after(first, "build", "", 5_000))), "R1", "build").status == "not run"
    assert trace(run()).rows == ()


@cache
def built_in() -> Matrix:
    return trace(fcc.run("devops-deployment", assess=False))


def test_the_built_in_run_loses_its_stories_at_the_first_hand_off() -> None:
    """500 characters hold no story: what later steps cover all the same, they were asked for anew."""
    matrix = built_in()
    assert [item.aliases for item in matrix.rows[:4]] == [("US-1",), ("US-2",), ("US-3",), ("US-4",)]
    assert row(matrix, "R1", "pipeline").lost_at == ("requirements", "pipeline")
    assert row(matrix, "R2", "infrastructure").status == "covered"
    assert row(matrix, "R3", "monitoring").status == "covered"
    assert row(matrix, "R4", "monitoring").status == "covered"


@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=200), st.integers(1, 100))
@settings(max_examples=60, deadline=None)
def test_any_run_can_be_traced(task: str, output: str, later: str, characters: int) -> None:
    """Whatever the texts are, every row has a cell for every step."""
    first = step("stories", task, output)
    matrix = trace(run(first, after(first, "build", later, characters, task)))
    assert all(len(cells) == len(matrix.steps) == 1 for cells in matrix.cells)
    assert len(matrix.cells) == len(matrix.rows)
