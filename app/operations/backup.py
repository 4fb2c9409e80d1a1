"""Backups of either set of adapters in one form, from which a hub on either can be restored."""

import sqlite3
from collections.abc import Iterable
from contextlib import ExitStack, closing
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from app.operations.archive import Manifest, file_digests, pack, written
from app.operations.log_streams import topic_digests
from app.operations.sqlite_tables import KEY, KEYS, LOG, PRIVATE, STORES, Folder, bring_up_to_date, digests
from app.operations.tables import Digest, OnProgress, Refused, Steps
from hub import __version__
from hub.auth.tokens import write_private
from hub.log.sqlite_eventlog import SqliteEventLog
from hub.ports.clock import SystemClock, rfc3339
from hub.runtime.settings import Settings
from hub.text.messages import bilingual

LOCK_SECONDS = 60.0
"""For a writer to finish; the longest write of a hub takes about a second."""
STEP_PAGES = 2_048


def copy_stores(folder: Path, names: Iterable[str], target: Path, on_progress: OnProgress) -> None:
    """Copy the files that are there into the folder `target`, as they were at one moment, while the hub works.

    The stores are files of their own and what is in one follows from another: a record from a submission in the log, an
    entry of the log from an outbox, a position in the log from a record. Copied one after the other, in whatever order,
    the log would be behind an outbox that was emptied meanwhile, or ahead of a record that was not yet made. So for an
    instant nobody may write: every store's write lock is taken, then a read transaction is begun in each, then the
    locks are let go, and the copies are made of what those transactions see. The copy is what a loss of power at that
    moment would have left on the disk, from which the hub goes on by repeating unfinished steps.

    `on_progress` is told of pages of 4 KiB. TimeoutError where a writer does not let go.
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


def backup(settings: Settings, file: Path, steps: Steps, *, with_key: bool = True) -> Manifest:
    """Write a backup of the hub that the settings name, while it works or while it does not.

    The copy is made beside the file, which takes as much room again. `with_key`: the file opens the vault and signs
    in whoever the folder's token files sign in; keep it as safe as them. Raises Refused.
    """
    _check(settings, file, with_key)
    with (
        TemporaryDirectory(dir=file.absolute().parent, prefix=".hub-backup-") as place,
        written(file) as out,
    ):
        folder = Path(place)
        made_at = rfc3339(SystemClock().now())
        _copy(settings, folder, steps)
        for name in PRIVATE:
            if (settings.data_dir / name).exists() and (with_key or name not in KEYS):
                write_private(folder / name, (settings.data_dir / name).read_bytes())
        with steps(bilingual("operations.computing-digests")):
            manifest = _described(folder, settings.profile, made_at)
        with steps(bilingual("operations.writing-backup")) as progress:
            pack(out, folder, manifest, file.suffix == ".gz", progress)
    return manifest


def contents(folder: Path) -> tuple[dict[str, Digest], dict[str, Digest]]:
    """The digests of the tables and of the topics that a folder has, which may be one of an earlier release."""
    bring_up_to_date(folder)
    with closing(SqliteEventLog(folder / LOG)) as log, closing(Folder(folder)) as opened:
        return digests(opened), topic_digests(log)


def _check(settings: Settings, file: Path, with_key: bool) -> None:
    if file.exists():
        raise Refused(bilingual("operations.already-will-not-replaced", file=file))
    if settings.profile == "embedded" and not (settings.data_dir / "records.db").exists():
        raise Refused(bilingual("operations.no-record-store", data_dir=settings.data_dir))
    if with_key and not (settings.data_dir / KEY).exists():
        raise Refused(bilingual("operations.no-add-without-key", data_dir=settings.data_dir, KEY=KEY))


def _copy(settings: Settings, folder: Path, steps: Steps) -> None:
    if settings.profile == "real":
        from app.operations.export import export
        from app.operations.move import opened

        with opened(settings) as target:
            export(target, folder, steps)
        return
    with steps(bilingual("operations.copying-stores")) as progress:
        copy_stores(settings.data_dir, STORES, folder, progress)


def _described(folder: Path, profile: str, made_at: str) -> Manifest:
    tables, topics = contents(folder)  # before the files: opening a store may change its file's header
    return Manifest(uuid4().hex, made_at, profile, __version__, tables, topics, file_digests(folder))
