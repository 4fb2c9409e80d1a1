"""A copy of an embedded hub's stores as they were at one moment, made while the hub works.

The stores are files of their own and what is in one follows from another: a record from a submission in the log, an
entry of the log from an outbox, a position in the log from a record. Copied one after the other, in whatever order, the
log would be behind an outbox that was emptied meanwhile, or ahead of a record that was not yet made. So for an instant
nobody may write: every store's write lock is taken, then a read transaction is begun in each, then the locks are let
go, and the copies are made of what those transactions see. The copy is what a loss of power at that moment would have
left on the disk, from which the hub goes on by repeating unfinished steps.
"""

import sqlite3
from collections.abc import Iterable
from contextlib import ExitStack, closing
from pathlib import Path

from app.operations.tables import OnProgress

LOCK_SECONDS = 60.0
"""For a writer to finish; the longest write of a hub takes about a second."""
STEP_PAGES = 2_048


def copy_stores(folder: Path, names: Iterable[str], target: Path, on_progress: OnProgress) -> None:
    """Copy the files that are there into the folder `target`; TimeoutError where a writer does not let go.

    `on_progress` is told of pages of 4 KiB.
    """
    there = [name for name in names if (folder / name).exists()]
    with ExitStack() as held:
        with ExitStack() as locks:
            for name in there:
                locks.enter_context(closing(_locked(folder / name)))
            readers = [(name, held.enter_context(closing(_reading(folder / name)))) for name in there]
        _copy_all(readers, target, on_progress)


def _copy_all(readers: list[tuple[str, sqlite3.Connection]], target: Path, on_progress: OnProgress) -> None:
    pages = [int(reader.execute("PRAGMA page_count").fetchone()[0]) for _, reader in readers]
    done, total = 0, sum(pages)

    def on_pages(_: int, left: int, __: int) -> None:
        on_progress(done - left, total)

    for (name, reader), count in zip(readers, pages, strict=True):
        done += count
        with closing(sqlite3.connect(target / name)) as copy:
            reader.backup(copy, pages=STEP_PAGES, progress=on_pages, sleep=0)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, complete in itself


def _locked(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=LOCK_SECONDS, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        connection.close()
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
            raise TimeoutError(f"{path.name} is being written to for longer than {LOCK_SECONDS:.0f} s") from None
        raise
    return connection


def _reading(path: Path) -> sqlite3.Connection:
    """A connection that sees the file as it is now, until it is closed."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN")
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return connection
