"""The schedule: each node once, after its needs, whatever the timing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fcc.agents.order import Schedule, reach


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, list[str]]:
    names = [f"s{n}" for n in range(draw(st.integers(1, 60)))]
    needs = {
        name: draw(st.lists(st.sampled_from(names[:n]), max_size=4, unique=True)) if n else []
        for n, name in enumerate(names)
    }
    return {name: needs[name] for name in draw(st.permutations(names))}


@given(graphs(), st.randoms(use_true_random=False), st.integers(1, 9))
def test_every_node_runs_once_and_after_its_needs(graph: dict[str, list[str]], timing, at_once: int) -> None:
    """With up to nine running side by side and ending in any order, each of up to 60 starts once, when its needs have
    ended, and none is left.
    """
    schedule, running, started, ended = Schedule(graph), [], [], set()
    while True:
        while len(running) < at_once and (name := schedule.next()) is not None:
            assert set(graph[name]) <= ended
            started.append(name)
            running.append(name)
        if not running:
            break
        name = running.pop(timing.randrange(len(running)))
        ended.add(name)
        schedule.finish(name)
    assert sorted(started) == sorted(graph)


@given(graphs(), st.data())
def test_what_never_ends_holds_back_only_what_needs_it(
    graph: dict[str, list[str]], data: st.DataObject
) -> None:
    """A node that waits for ever keeps those from starting that need it, however far on, and no other."""
    stuck = data.draw(st.sampled_from(sorted(graph)))
    schedule, started = Schedule(graph), set()
    while (name := schedule.next()) is not None:
        started.add(name)
        if name != stuck:
            schedule.finish(name)
    assert started == {name for name in graph if stuck not in reach(graph, name)}


def test_reach_is_everything_before() -> None:
    """Needs of needs count, once each, the nearest first."""
    assert reach({"a": [], "b": ["a"], "c": ["b", "a"], "d": ["c"]}, "d") == ["c", "b", "a"]
