"""Running a coroutine from code that is not async."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run_sync(coroutine: Coroutine[Any, Any, T], *, suspends: bool = True) -> T:
    """The coroutine's result, also where an event loop is running already (a notebook).

    There the coroutine runs in a thread of its own, since a running loop can't be entered twice. One that is known
    never to wait (`suspends=False`) is run here and now, without a loop: an offline run need not import asyncio.
    """
    return _in_a_loop(coroutine) if suspends else _in_one_go(coroutine)


def _in_one_go(coroutine: Coroutine[Any, Any, T]) -> T:
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    coroutine.close()
    raise RuntimeError("a coroutine that was said never to wait did wait")


def _in_a_loop(coroutine: Coroutine[Any, Any, T]) -> T:
    import asyncio
    import threading

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    result: list[T] = []
    failure: list[BaseException] = []
    cancel: list[Callable[[], object]] = []

    async def watched() -> T:
        task = asyncio.current_task()
        if task is not None:
            loop = asyncio.get_running_loop()
            cancel.append(lambda: loop.call_soon_threadsafe(task.cancel))
        return await coroutine

    def target() -> None:
        try:
            result.append(asyncio.run(watched()))
        except BaseException as error:  # noqa: BLE001 - carried to the caller's thread and raised there
            failure.append(error)

    thread = threading.Thread(target=target, name="fcc-run-sync", daemon=True)
    thread.start()
    try:
        thread.join()
    except BaseException:  # Ctrl-C in a notebook: what it started must not go on, and be paid for, unseen
        for stop in cancel:
            stop()
        thread.join()
        raise
    if failure:
        raise failure[0]
    return result[0]
