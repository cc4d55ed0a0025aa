"""The one composition root: builds the real things for Python, the command and the tests."""

from fcc.wiring.catalog import Catalog, open_catalog
from fcc.wiring.ids import check_run_id, new_run_id
from fcc.wiring.preparing import (
    Prepared,
    RunRequest,
    edited_since,
    prepare,
    prepare_again,
)
from fcc.wiring.runs import arun, resume, run, stream

__all__ = [
    "Catalog",
    "Prepared",
    "RunRequest",
    "arun",
    "check_run_id",
    "edited_since",
    "new_run_id",
    "open_catalog",
    "prepare",
    "prepare_again",
    "resume",
    "run",
    "stream",
]
