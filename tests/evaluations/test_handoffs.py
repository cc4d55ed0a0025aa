"""What other cuts of a hand-off would have kept."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

import fcc
from fcc.agents import fence
from fcc.evaluations.handoffs import HandoffComparison, handoff_report
from fcc.providers.base import Message, ModelReply, ModelRequest
from fcc.simulation import CallRecord, RunRecord, StepRecord
from fcc.simulation.record import HandoffRecord

NAMES = ["head", "head and tail", "sections", "tokens"]

OUTPUT = """# Orders

A long opening that says little and takes its time to say it, as openings do when nobody stops them from going on.

## US-1: Signed images

Text.

```yaml path=a.yaml
key: value
other: value
more: values
```

## US-2: Nightly backups

- Port: 8000
- Image: registry.example/orders:1
"""


def step(name: str, task: str, output: str, *handoffs: HandoffRecord) -> StepRecord:
    request = ModelRequest((Message("system", "s"), Message("user", task)))
    call = CallRecord(
        f"{name}/0/0/0/0", "k", "b", {}, request, ModelReply(output, "m", origin="deterministic")
    )
    return StepRecord(name, "P", "completed", handoffs=handoffs, calls=(call,), output=output)


def run(output: str, characters: int, *, handed: str | None = None) -> RunRecord:
    text = output[:characters] if handed is None else handed
    first = step("a", "Write:\n- signed images\n", output)
    second = step(
        "b",
        f"Go on from here:\n{fence(text, 'a')}\n",
        "done",
        HandoffRecord("a", len(text), len(output) - len(text)),
    )
    return RunRecord("r", {}, {}, {}, {}, {}, {}, "completed", "2026-01-01T00:00:00Z", steps=(first, second))


def compare(output: str, characters: int, *, handed: str | None = None) -> HandoffComparison:
    (found,) = handoff_report(run(output, characters, handed=handed))
    return found


def names(items: object) -> set[str]:
    return {item.name for item in items}


def test_each_strategy_keeps_to_the_budget_of_the_run() -> None:
    """All four are compared at the size that was handed on."""
    found = compare(OUTPUT, 150)
    assert [result.strategy for result in found.strategies] == NAMES
    assert (found.source, found.target, found.budget, found.total) == ("a", "b", 150, len(OUTPUT))
    assert all(result.characters <= 150 for result in found.strategies)


def test_the_one_used_is_marked() -> None:
    """It is the one whose text the step was sent; where that is none of them, none is."""
    used = compare(OUTPUT, 150).used
    assert used is not None
    assert used.strategy == "head"
    assert compare(OUTPUT, 150, handed="something else").used is None


def test_what_survives_is_named() -> None:
    """Requirements, ids and facts are counted, each as kept or lost."""
    head, tail, sections, _ = compare(OUTPUT, 150).strategies
    assert names(head.kept) == {"R1"}
    assert names(head.lost) == {"US-2", "Port", "Image"}
    assert names(tail.kept) >= {"Image"}
    assert names(sections.kept) >= {"R1", "US-2", "Port"}
    assert head.recall == 1 / 4


def test_the_best_keeps_the_most() -> None:
    """The headings tell more than the opening does here."""
    best = compare(OUTPUT, 150).best
    assert best.strategy == "sections"
    assert not best.cuts_code


def test_a_block_cut_in_the_middle_is_told() -> None:
    """A cut that ends inside a code block says so; one at its edge does not."""
    inside = OUTPUT.index("other: value")
    head = compare(OUTPUT, inside).strategies[0]
    assert head.cuts_code
    assert not compare(OUTPUT, OUTPUT.index("```yaml")).strategies[0].cuts_code


def test_nothing_is_lost_where_all_was_handed_on() -> None:
    """With room for everything, all keep everything, and the one used is the best."""
    found = compare(OUTPUT, len(OUTPUT))
    assert [result.recall for result in found.strategies] == [1.0] * 4
    assert found.best is found.used


def test_the_built_in_run_has_three_hand_offs() -> None:
    """The built-in outputs open with their facts, so that their heads keep the most."""
    found = handoff_report(fcc.run("devops-deployment", assess=False))
    assert [(item.source, item.target) for item in found] == [
        ("requirements", "pipeline"),
        ("pipeline", "infrastructure"),
        ("infrastructure", "monitoring"),
    ]
    assert all(item.used is not None and item.used.strategy == "head" for item in found)
    assert all(item.best.recall is not None and item.best.recall > 0.7 for item in found)


@given(
    st.lists(
        st.one_of(st.text(max_size=40), st.sampled_from(["# H", "```", "- Key: value", "US-1: text"])),
        max_size=20,
    ),
    st.integers(1, 200),
)
@settings(max_examples=100, deadline=None)
def test_any_output_can_be_compared(lines: list[str], characters: int) -> None:
    """Whatever the text is, no strategy goes over the budget and exactly one is the best."""
    for found in handoff_report(run("\n".join(lines), characters)):
        assert all(result.characters <= found.budget for result in found.strategies)
        assert sum(result.best for result in found.strategies) == 1
