"""A cassette around a piece of code, with or without pytest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fcc.providers.cassettes import Deck, Mode
    from fcc.providers.cassettes.deck import Door


@contextmanager
def use_cassette(
    path: str | Path,
    record: Mode = "none",
    *,
    door: Door = "metadata",
    force: bool = False,
    allow_shapes: bool = False,
) -> Iterator[Deck]:
    """Runs inside are answered from a cassette, or recorded to it.

    Args:
        path: the cassette's file.
        record: `none` (the default), `once` (where there is no file yet), `drifted` (what it does not hold), `all`.
        door: `metadata`, or `wire` for the recorded HTTP through LiteLLM.
        force: record although `CI` is set in the environment.
        allow_shapes: keep texts that only look like a key.

    Raises:
        CassetteError: nothing is to be recorded, and there is no such file.
        CassetteMissError: it holds no reply to what a run asks.
        SecretFoundError: what was recorded holds a secret.
    """
    from fcc.wiring.cassettes import recording

    with recording(Path(path), record, force=force, door=door, allow_shapes=allow_shapes) as deck:
        yield deck
