"""The ids of runs."""

from __future__ import annotations

import os
import time

from fcc.errors import ConfigError
from fcc.simulation.run_folder import RUN_ID


def new_run_id(now: float) -> str:
    """An id that sorts by time and that two runs of one second don't share: `20260131-090000-1f3a`."""
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}-{os.urandom(2).hex()}"


def check_run_id(run_id: str) -> str:
    """The id, if it is one.

    Raises:
        ConfigError: it isn't.
    """
    if run_id == "last":
        raise ConfigError("'last' always names the newest run", hint="Choose another --id.")
    if not RUN_ID.fullmatch(run_id) or set(run_id) <= {"."}:
        raise ConfigError(
            f"{run_id!r} is no run id", hint="Use 1 to 64 letters, digits, dots, underscores and hyphens."
        )
    return run_id
