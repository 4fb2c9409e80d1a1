"""From a backup to a hub on either set of adapters.

All is made ready and checked in a folder of its own, `restoring-<id>` in the data folder, and only then takes its
place; broken off at any moment, the same command does it again or goes on.
"""

import shutil
from contextlib import closing
from itertools import islice
from pathlib import Path

from app.composition import compose
from app.operations.archive import Manifest, read_manifest, unpack
from app.operations.backup import contents
from app.operations.drain import embedded
from app.operations.log_streams import READ_ENTRIES, entries, publish_missing
from app.operations.marker import MARKER_FILE
from app.operations.sqlite_tables import KEY, LOG, PRIVATE, STORES, Folder
from app.operations.tables import Differs, Refused, Steps, only_of
from hub.auth.tokens import write_private
from hub.log.sqlite_eventlog import SqliteEventLog
from hub.runtime.manifest import CATALOGUE, RECORD_STORE
from hub.runtime.settings import Settings
from hub.text.messages import bilingual
from schemas.events.usage import USAGE, MonthUsage
from schemas.topics import topics
from services.catalog.sink import check, rebuild
from services.ingest.manifest import VAULT
from services.usage.manifest import USAGE_STORE
from services.usage.ports import UsageStore

CATALOGUE_FILE = "catalogue.db"


def restore(settings: Settings, file: Path, steps: Steps) -> Manifest:
    """Restore a backup into the data folder, or onto the servers that the settings name; the hub must not run.

    The caller holds the folder's lock. Raises Refused where there is data already, NoBackup for a damaged file.
    """
    manifest = read_manifest(file)
    folder = settings.data_dir
    _check(settings, manifest)
    work = folder / f"restoring-{manifest.id}"
    if not (work / MARKER_FILE).exists():
        _unpacked(file, manifest, work, folder, steps)
    if settings.profile == "real":
        from app.operations.move import move

        move(work, settings, steps, to=folder, resume=True)
    else:
        _complete(settings, work, manifest, steps)
        _take_place(work, folder)
    shutil.rmtree(work)
    return manifest


def _check(settings: Settings, manifest: Manifest) -> None:
    folder = settings.data_dir
    if settings.profile == "embedded" and (folder / "records.db").exists():
        raise Refused(bilingual("operations.data-restore-into-empty", folder=folder))
    key, packed = folder / KEY, manifest.files.get(KEY)
    if packed is None and not key.exists():
        raise Refused(bilingual("operations.backup-no-key-put", KEY=KEY, folder=folder))


def _unpacked(file: Path, manifest: Manifest, work: Path, folder: Path, steps: Steps) -> None:
    """Unpack, and see that every table and topic is what it was."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True, mode=0o700)
    with steps(bilingual("operations.reading-backup")) as progress:
        unpack(file, work, progress)
    key = folder / KEY
    if key.exists() and (work / KEY).exists() and key.read_bytes() != (work / KEY).read_bytes():
        shutil.rmtree(work)
        raise Refused(bilingual("operations.another", folder=folder, KEY=KEY))
    if not (work / KEY).exists():
        write_private(work / KEY, key.read_bytes())
    with steps(bilingual("operations.comparing-digests")):
        tables, topics = contents(work)
        if (only_of(manifest.tables, tables), topics) != (manifest.tables, manifest.topics):
            raise Differs("what was unpacked is not what was backed up")


def _complete(settings: Settings, work: Path, manifest: Manifest, steps: Steps) -> None:
    """What an embedded hub has beyond the backup: the catalogue; and of a backup of servers, what those keep apart."""
    if manifest.profile == "real":
        log = SqliteEventLog(work / LOG)
        log.create_topics(topics(1))
        with closing(Folder(work)) as opened:
            publish_missing(log, opened, settings.node)
        log.close()
    with closing(compose(embedded(settings, work), roles=())) as hub:
        hub.get(VAULT)  # which opens with none but its own key
        records, catalogue = hub.get(RECORD_STORE), hub.get(CATALOGUE)
        if manifest.profile == "real":
            _put_months(work, hub.get(USAGE_STORE))
        with steps(bilingual("operations.rebuilding-catalogue")) as progress:
            rebuild(records, catalogue, lambda done: progress(done, 0))
        if not check(records, catalogue).equal:
            raise Differs("the catalogue does not say what the record store says")


def _put_months(work: Path, usage: UsageStore) -> None:
    with closing(SqliteEventLog(work / LOG)) as log:
        months = (MonthUsage.from_bytes(entry.value or b"") for entry in entries(log, USAGE))
        while some := list(islice(months, READ_ENTRIES)):
            usage.put(some)


def _take_place(work: Path, folder: Path) -> None:
    """The record store comes last: until it is there, the restore can be done again."""
    for name in (*PRIVATE, CATALOGUE_FILE, *STORES):
        for left in (f"{name}-wal", f"{name}-shm"):
            (folder / left).unlink(missing_ok=True)  # another database's journal would be played into this one
        if (work / name).exists():
            (work / name).replace(folder / name)
