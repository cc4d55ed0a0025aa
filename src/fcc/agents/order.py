"""The order of steps: each after its needs, whatever the timing. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping


class Schedule:
    """Which of a graph's nodes can start: each once, when its needs have finished, in the graph's own order."""

    def __init__(self, needs: Mapping[str, Iterable[str]]) -> None:
        self._names = list(needs)
        self._position = {name: index for index, name in enumerate(self._names)}
        self._waiting = {
            name: {need for need in wanted if need in self._position} for name, wanted in needs.items()
        }
        self._followers: dict[str, list[str]] = {name: [] for name in needs}
        for name, wanted in self._waiting.items():
            for need in wanted:
                self._followers[need].append(name)
        self._ready = [self._position[name] for name, wanted in self._waiting.items() if not wanted]
        heapq.heapify(self._ready)

    def next(self) -> str | None:
        """A node that can start now and has not been given before; None where there is none."""
        return self._names[heapq.heappop(self._ready)] if self._ready else None

    @property
    def ready(self) -> bool:
        """Whether there is another node that can start now."""
        return bool(self._ready)

    def finish(self, name: str) -> None:
        """Tell that a node has finished; what waited for nothing else can start."""
        for follower in self._followers[name]:
            waiting = self._waiting[follower]
            if name in waiting:
                waiting.discard(name)
                if not waiting:
                    heapq.heappush(self._ready, self._position[follower])


def order_steps(needs: Mapping[str, Iterable[str]]) -> tuple[list[str], list[str]]:
    """The steps in an order that puts each after its needs, as near to the given order as can be.

    Returns:
        That order, and the steps that are left because they need one another in a circle.
    """
    schedule = Schedule(needs)
    order: list[str] = []
    while (name := schedule.next()) is not None:
        order.append(name)
        schedule.finish(name)
    done = set(order)
    return order, [name for name in needs if name not in done]


def reach(needs: Mapping[str, Iterable[str]], name: str) -> list[str]:
    """Every step that must have finished before `name` starts, however far back; nearest first."""
    found: dict[str, None] = {}
    front = [need for need in needs.get(name, ()) if need in needs]
    while front:
        here = front.pop(0)
        if here not in found:
            found[here] = None
            front += [need for need in needs[here] if need in needs]
    return [other for other in found if other != name]
