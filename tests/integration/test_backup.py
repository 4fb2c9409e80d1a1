"""Backups: made while a hub works, restored after its loss, on SQLite, on real servers, and from one to the other."""

import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app.cli.main import main
from app.operations.archive import NoBackup, read_manifest
from app.operations.backup import backup
from app.operations.log_streams import entries
from app.operations.move import move, opened
from app.operations.restore import restore
from app.operations.sqlite_tables import LOG, Folder, digests
from app.operations.tables import TABLES, Refused
from hub.kernel.records import RECORDS
from hub.log.sqlite_eventlog import SqliteEventLog
from hub.runtime.manifest import CATALOGUE, PERSONAL, RECORD_STORE
from hub.runtime.settings import Settings
from hub.sql.metadata import moved_name
from schemas.events.bookings import BOOKINGS
from services.catalog.sink import check
from tests.integration.moving_hub import (
    PHONE,
    Live,
    Servers,
    fill,
    instrument,
    looked_at,
    revealed,
    silent,
    tomorrow,
)
from tests.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.integration


@pytest.fixture
def servers(kafka_bootstrap: str, elasticsearch_url: str, database: str) -> Iterator[Servers]:
    """Servers as if they were new, which they are afterwards too."""
    there = Servers(kafka_bootstrap, elasticsearch_url, database)
    there.wipe()
    yield there
    there.wipe()


class Writer(threading.Thread):
    """Submits new versions of instruments and books, one after the other, and remembers what was acknowledged."""

    def __init__(self, live: Live, booked: str) -> None:
        super().__init__()
        self.live = live
        self.booked = booked
        self.receipts: list[str] = []
        self.bookings: list[str] = []
        self.enough = threading.Event()

    def run(self) -> None:
        version = 1
        while not self.enough.is_set():
            version += 1
            rows = [instrument(number, version, name_zh=f"光谱仪{number}第{version}版") for number in range(20)]
            self.receipts.append(self.live.submit("instrument", "owner", rows))
            ask = {"instrument": self.booked, "start": tomorrow(13), "end": tomorrow(14), "purpose": "备份"}
            booking = self.live.post("bookings", ask)["id"]
            self.live.post(f"bookings/{booking}/cancel", {"reason": "改期"})
            self.bookings.append(booking)


def test_a_backup_of_a_hub_at_work_is_one_moment_of_it(tmp_path: Path) -> None:
    settings, again = Settings(data_dir=tmp_path / "hub"), Settings(data_dir=tmp_path / "again")
    file = tmp_path / "hub.tar"
    with Live(settings) as live:
        known = fill(live)
        writer = Writer(live, known["second"])
        writer.start()
        wait_until(lambda: len(writer.bookings) > 3)
        receipts, bookings = list(writer.receipts), list(writer.bookings)
        manifest = backup(settings, file, silent)
        keys = live.hub.get(PERSONAL).dump()
        wait_until(lambda: len(writer.bookings) > len(bookings))
        writer.enough.set()
        writer.join()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert restore(again, file, silent) == manifest
    with closing(Folder(again.data_dir)) as folder:
        assert digests(folder) == manifest.tables

    with Live(again) as live:
        there = [receipt["id"] for receipt in live.get("receipts", limit="200")["receipts"]]
        assert set(receipts) <= set(there)
        for receipt in there:
            live.settled(receipt)
        assert [live.get(f"bookings/{booking}")["status"] for booking in bookings] == ["cancelled"] * len(bookings)
        assert revealed(live) == set(), "keys are in no backup"
        live.hub.get(PERSONAL).load(keys)
        assert revealed(live) == {PHONE}
        newest = live.get(f"records/{known['second']}")
        assert [hit["version"] for hit in live.found(newest["title"])[:1]] == [newest["version"]]
    with Live(again, works=False) as still:
        assert check(still.hub.get(RECORD_STORE), still.hub.get(CATALOGUE)).equal
        log = SqliteEventLog(again.data_dir / LOG)
        told = [dict(entry.headers)["ce_id"].decode().rpartition("@") for entry in entries(log, RECORDS)]
        log.close()
        newest_told = {record_id: int(version) for record_id, _, version in told}
        assert newest_told == {record.id: record.version for record in still.hub.get(RECORD_STORE).scan()}


def test_a_backup_is_never_taken_for_what_it_is_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, fresh, file = tmp_path / "hub", tmp_path / "fresh", tmp_path / "hub.tar.gz"
    with Live(Settings(data_dir=folder), works=False):
        words = ["backup", str(file), "--lang", "en", "--data"]
        assert main([*words, str(folder), "--without-key"], {}) == 0
    assert main([*words, str(folder)], {}) == 2
    assert "will not be replaced" in capsys.readouterr().err
    assert main([*words[:1], str(tmp_path / "none.tar"), *words[2:], str(fresh)], {}) == 2
    assert not {"vault.key", "operator.token"} & set(read_manifest(file).files)

    with pytest.raises(Refused, match=r"put the vault\.key"):
        restore(Settings(data_dir=fresh), file, silent)
    damaged = tmp_path / "damaged.tar"
    whole = backup(Settings(data_dir=folder), damaged, silent)
    data = bytearray(damaged.read_bytes())
    data[-20_000] ^= 1
    damaged.write_bytes(data)
    with pytest.raises(NoBackup, match="damaged"):
        restore(Settings(data_dir=fresh), damaged, silent)
    assert not (fresh / "records.db").exists()
    damaged.write_bytes(data[:-30_000])
    with pytest.raises(NoBackup):
        restore(Settings(data_dir=fresh), damaged, silent)
    with pytest.raises(Refused, match="There is data"):
        restore(Settings(data_dir=folder), file, silent)
    assert whole.files["vault.key"].count == 32


def test_a_hub_on_servers_is_restored_on_new_ones_and_on_sqlite(tmp_path: Path, servers: Servers) -> None:
    file, embedded = tmp_path / "real.tar", Settings(data_dir=tmp_path / "embedded")
    with Live(Settings(data_dir=tmp_path / "hub")) as live:
        known = fill(live)
    settings = servers.settings(tmp_path / "hub")
    move(settings.data_dir, settings, silent)
    with Live(settings) as live:
        live.settled(live.submit("instrument", "owner", [instrument(7, 2, name_zh="在真的服务器上")]))
        before = looked_at(live, known)
    with Live(settings, works=False) as idle:
        waiting = idle.submit("instrument", "owner", [instrument(60, name_zh="还没有整理")])
        ask = {"instrument": known["second"], "start": tomorrow(15), "end": tomorrow(16), "purpose": "备份"}
        unpublished = idle.post("bookings", ask)["id"]
        keys = idle.hub.get(PERSONAL).dump()
    manifest = backup(settings, file, silent)

    servers.wipe()
    lost = settings.model_copy(update={"data_dir": tmp_path / "new"})
    restore(lost, file, silent)
    restore(embedded, file, silent)

    with opened(lost) as target:
        unchanged = [
            table for table in TABLES if table.name in ("history", "receipts", "vault", "searches", "bookings")
        ]
        assert {moved_name(one): target.servers.digest(one) for one in unchanged} == {
            moved_name(one): manifest.tables[moved_name(one)] for one in unchanged
        }
        assert sum(target.topics.end_offsets(BOOKINGS).values()) == 4
    for restored in (lost, embedded):
        _is_whole(restored, keys, known, before, waiting=waiting, unpublished=unpublished)


def _is_whole(
    settings: Settings, keys: bytes, known: dict[str, str], before: dict[str, Any], *, waiting: str, unpublished: str
) -> None:
    with Live(settings) as live:
        live.hub.get(PERSONAL).load(keys)
        wait_until(lambda: live.states(waiting) == {"searchable": 1})
        wait_until(lambda: looked_at(live, known) == before)
        assert live.get(f"bookings/{unpublished}")["status"] == "confirmed"
        taken = {"instrument": known["second"], "start": tomorrow(15), "end": tomorrow(16), "purpose": "again"}
        assert live.post_for_status("bookings", taken) == 409
        assert revealed(live) == {PHONE}
        assert check(live.hub.get(RECORD_STORE), live.hub.get(CATALOGUE)).equal
        assert live.post_for_status("bookings", taken | {"start": tomorrow(17), "end": tomorrow(18)}) == 201


KILLED = """
import os, signal, sys
from pathlib import Path
from app.operations.restore import restore
from hub.runtime.settings import Settings
from tests.integration.moving_hub import silent
left = int(sys.argv[3])
def counted(call):
    def counting(*given):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*given)
    return counting
Path.replace = counted(Path.replace)
restore(Settings(data_dir=Path(sys.argv[1])), Path(sys.argv[2]), counted(silent))
"""


def test_a_restore_that_is_killed_is_done_again_from_the_start(tmp_path: Path) -> None:
    """Killed at each of its steps, and between any two files that take their places."""
    file, again = tmp_path / "hub.tar", tmp_path / "again"
    with Live(Settings(data_dir=tmp_path / "hub")) as live:
        fill(live)
        manifest = backup(Settings(data_dir=tmp_path / "hub"), file, silent)
    killed, ended = 0, signal.SIGKILL.value
    while ended == signal.SIGKILL.value:
        command = [sys.executable, "-c", KILLED, str(again), str(file), str(killed)]
        ended = -subprocess.run(command, check=False, timeout=PATIENCE_SECONDS).returncode
        if ended:
            assert not (again / "records.db").exists(), "a restore that did not end looks like one that did"
            killed += 1
    assert ended == 0
    assert killed >= 8, "hardly killed, no test"
    with closing(Folder(again)) as folder:
        assert digests(folder) == manifest.tables
    assert not list(again.glob("restoring-*"))
    with Live(Settings(data_dir=again), works=False) as still:
        assert check(still.hub.get(RECORD_STORE), still.hub.get(CATALOGUE)).equal
