"""Backups of either set of adapters in one form, from which a hub on either can be restored."""

from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from app.operations.archive import Manifest, file_digests, pack, written
from app.operations.failure import Refused
from app.operations.log_streams import topic_digests
from app.operations.snapshot import copy_stores
from app.operations.sqlite_tables import KEY, KEYS, LOG, PRIVATE, STORES, Folder, bring_up_to_date, digests
from app.operations.tables import Digest, Steps
from hub import __version__
from hub.auth.tokens import write_private
from hub.log.sqlite_eventlog import SqliteEventLog
from hub.ports.clock import SystemClock, rfc3339
from hub.runtime.settings import Settings
from hub.text.messages import bilingual


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
    log = SqliteEventLog(folder / LOG)
    try:
        with Folder(folder) as opened:
            return digests(opened), topic_digests(log)
    finally:
        log.close()


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
