"""Replies that are there already: of this run, and of the runs that it may use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from fcc.errors import NotFoundError
from fcc.providers.base import ModelReply
from fcc.simulation import RunRecord
from fcc.simulation.caller import Known, ledger_name
from fcc.simulation.run_folder import find_run
from fcc.wiring.catalog import Catalog

Reuse = str | Path | RunRecord | Sequence[str | Path | RunRecord] | None
"""Runs whose replies may be used again: by id, `last`, folder, or the record itself."""


def ledger_path(folder: Path) -> Path:
    """Where a run's replies are kept: with the workspace's where it is one of its runs, else, until it is over, in its folder."""
    return (folder.absolute().parent.parent if among_runs(folder) else folder) / "ledger.db"


def among_runs(folder: Path) -> bool:
    """Whether a folder is that of one of a workspace's runs."""
    parent = folder.absolute().parent
    return parent.name == "runs" and parent.parent.name == ".fcc"


def known_replies(
    wanted: Reuse, catalog: Callable[[], Catalog], *, missing_ok: bool = False
) -> tuple[tuple[RunRecord, ...], Known]:
    """The records of the runs that are reused, and their replies by key; of the first that has one."""
    names = several(wanted)
    records: list[RunRecord] = []
    replies: dict[str, tuple[str, ModelReply]] = {}
    for name in names:
        try:
            record, found = _replies_of(name, catalog)
        except NotFoundError:
            if not missing_ok:
                raise
            from fcc._log import get_logger

            get_logger("fcc.wiring").warning("a run whose replies may be reused is gone", run=str(name))
            continue
        records.append(record)
        replies = {key: (record.id, reply) for key, reply in found.items()} | replies
    return tuple(records), Known(others=replies)


def several(wanted: Reuse) -> list[str | Path | RunRecord]:
    """Each run that is named."""
    return [wanted] if isinstance(wanted, str | Path | RunRecord) else list(wanted or ())


def reference(run: str | Path | RunRecord, record: RunRecord) -> str:
    """How a record names a run that it reuses, so that it is found again: by its id, else by its folder."""
    path = Path(run) if isinstance(run, str | Path) else None
    if path is None or not path.exists():
        return record.id
    folder = (path.parent if path.name == "run.json" else path).absolute()
    return record.id if among_runs(folder) else str(folder)


def _replies_of(
    run: str | Path | RunRecord, catalog: Callable[[], Catalog]
) -> tuple[RunRecord, dict[str, ModelReply]]:
    if isinstance(run, RunRecord):
        return run, replies_in(run)
    folder = find_run(str(run), catalog().workspace.state / "runs")
    record = RunRecord.read(folder / "run.json")
    return record, stored_replies(folder, record) | replies_in(record)


def stored_replies(folder: Path, record: RunRecord) -> dict[str, ModelReply]:
    """The replies that the ledger holds of a run."""
    path = ledger_path(folder)
    if not path.is_file():
        return {}
    from fcc.simulation.ledger import Ledger as Stored

    return Stored(path).replies(ledger_name(record.id, record.started))


def replies_in(record: RunRecord, *, own: bool = False) -> dict[str, ModelReply]:
    """The replies in a record, by key; with `own`, those that it has asked for itself."""
    return {
        call.key: call.reply for call in record.calls if call.reply is not None and (call.paid or not own)
    }
