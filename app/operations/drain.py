"""An embedded hub's unfinished work, done in this process, so that nothing waits in its log or outboxes."""

from contextlib import closing
from pathlib import Path

from app.composition import compose
from app.operations.sqlite_tables import LOG, Folder
from app.operations.tables import BY_NAME, OnProgress
from hub.kernel.records import SUBMISSIONS
from hub.log.sqlite_eventlog import SqliteEventLog
from hub.runtime.settings import Settings

ROLES = ("curation", "booking")
OUTBOXES = ("records.outbox", "bookings.outbox")


class Unfinished(RuntimeError):
    """Work is left that could not be done."""


def embedded(settings: Settings, folder: Path) -> Settings:
    """The settings of the embedded hub on this folder, whatever servers are named beside it."""
    return settings.model_copy(update={"profile": "embedded", "data_dir": folder, "partitions": 1})


def drain(settings: Settings, folder: Path, on_progress: OnProgress) -> int:
    """Curate and relay all that waits; returns how many entries were handled. Nobody else may work on the folder."""
    hub = compose(embedded(settings, folder), roles=ROLES)
    handled = 0
    try:
        while done := sum(worker.step(0.0) for worker in hub.workers):
            handled += done
            on_progress(handled, 0)
    finally:
        for worker in hub.workers:
            worker.close()
        hub.close()
    _check(folder)
    return handled


def _check(folder: Path) -> None:
    with closing(Folder(folder)) as opened:
        left = sum(opened.count(BY_NAME[name]) for name in OUTBOXES)
    with closing(SqliteEventLog(folder / LOG)) as log:
        waiting = log.consumer("curation", [SUBMISSIONS]).lag()
    if left or waiting:
        raise Unfinished(f"{waiting} submissions and {left} events wait in {folder}")
