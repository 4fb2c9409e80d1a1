"""A data folder that an earlier release made: a hub that opens it brings it up to date, and nothing is lost."""

import re
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
from fastapi.testclient import TestClient

from app.operations.drain import drain
from app.operations.restore import restore
from app.operations.sqlite_tables import Folder, digests
from app.operations.tables import only_of
from hub.log.sqlite_eventlog import SqliteEventLog
from hub.runtime.manifest import CATALOGUE, RECORD_STORE
from hub.runtime.settings import Settings
from schemas.events.bookings import BOOKINGS
from services.accounts.manifest import ACCOUNTS
from services.catalog.sink import check, rebuild
from tests.integration.moving_hub import PHONE, USAGE, Live, revealed, silent

pytestmark = pytest.mark.integration
FOLDERS = Path(__file__).parents[1] / "data" / "folders"
RENAMED = {("bookings.db", "outbox"): "booking_outbox"}
PRIVATE = re.compile(rb"vault:[A-Za-z0-9_=-]+|(?<=\"purpose\":\")[^\"]+|(?<=\"reason\":\")[^\"]+")
Rows = dict[tuple[str, str], tuple[str, list[tuple[Any, ...]]]]


@pytest.fixture(params=["b0d141d"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of the folder that the release of this commit made; `seen.json` tells what could be read in it then."""
    with tarfile.open(FOLDERS / f"{request.param}.tar.gz") as tar:
        tar.extractall(tmp_path, filter="data")
    (tmp_path / "vault.key").chmod(0o600)
    return tmp_path


def rows_of(folder: Path) -> Rows:
    """Every row of every store, with the names of its columns; the catalogue is made again from the others."""
    found: Rows = {}
    for path in folder.glob("*.db"):
        with closing(sqlite3.connect(path)) as sql:
            names = sql.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
            for (table,) in names.fetchall() if path.name != "catalogue.db" else ():
                columns = ", ".join(f'"{row[1]}"' for row in sql.execute(f"PRAGMA table_info({table})"))
                found[(path.name, table)] = (columns, sql.execute(f"SELECT {columns} FROM {table}").fetchall())
    return found


def unsealed(rows: list[tuple[Any, ...]]) -> list[str]:
    """The rows as they compare: what is private is sealed anew, which is another's to test."""
    return sorted(PRIVATE.sub(b"", repr(row).encode()).decode() for row in rows)


def test_every_row_of_every_table_is_kept(folder: Path) -> None:
    before = rows_of(folder)
    assert len(before) > 20
    assert all(rows for (_, table), (_, rows) in before.items() if table in ("records", "history", "bookings", "vault"))
    for _ in range(2):  # a second start finds nothing to do
        Live(Settings(data_dir=folder), works=False).__exit__()
        for (file, table), (columns, rows) in before.items():
            with closing(sqlite3.connect(folder / file)) as sql:
                now = sql.execute(f"SELECT {columns} FROM {RENAMED.get((file, table), table)}").fetchall()
            if table != "vault":
                assert unsealed(rows) == unsealed(now), f"{table} in {file}"


def test_all_of_it_is_read_as_before_and_what_waited_goes_on(folder: Path) -> None:
    told = orjson.loads((folder / "seen.json").read_bytes())
    known, seen = told["known"], told["seen"]
    settings = Settings(data_dir=folder)
    with Live(settings, works=False) as live:
        assert live.states(known["receipt"]) == seen["states"]
        assert live.get(f"receipts/{known['receipt']}/rows", limit="50")["rows"][-1]["state"] == "refused"
        versions = live.get(f"records/{known['first']}/history")["versions"]
        assert (
            [one["version"] for one in versions] == [one["version"] for one in seen["history"]["versions"]] == [3, 2, 1]
        )
        assert live.get(f"records/{known['first']}")["title"] == seen["record"]["title"]
        assert live.get(f"records/{known['gone']}")["status"] == "withdrawn"
        assert len(live.get(f"records/{known['first']}/decisions")["preferences"]) == 1
        for name, status in (("booking", "confirmed"), ("cancelled", "cancelled"), ("unpublished", "confirmed")):
            assert live.get(f"bookings/{known[name]}")["status"] == status
        assert live.get("bookings", scope="owned")["bookings"]
        assert [one["name"] for one in live.get("saved-searches")["searches"]] == ["光谱"]
        assert live.get("usage", **USAGE, id=known["second"])["total"]["effective_hours"] == 5.0
        assert revealed(live) == {PHONE}
        assert sorted([hit["id"], hit["version"]] for hit in live.found("光谱仪")) == seen["found"]
        records, catalogue = live.hub.get(RECORD_STORE), live.hub.get(CATALOGUE)
        assert check(records, catalogue).equal
        assert rebuild(records, catalogue) > 0
    assert drain(settings, folder, lambda _, __: None) >= 2
    with Live(settings, works=False) as live:
        assert live.states(known["waiting"]) == {"curated": 1}
    with closing(SqliteEventLog(folder / "log.db")) as log:
        assert sum(log.end_offsets(BOOKINGS).values()) == 4


def test_what_is_from_before_accounts_is_its_names_and_operators_alone(folder: Path) -> None:
    told = orjson.loads((folder / "seen.json").read_bytes())["known"]
    with Live(Settings(data_dir=folder), works=False) as live:
        mine = live.get("bookings", limit="100")["bookings"]
        assert {one["id"] for one in mine} >= {told["booking"], told["cancelled"]}
        assert {(one["booked_by"], one["booked_by_account"]) for one in mine} == {("operator", "")}
        assert told["receipt"] in {one["id"] for one in live.get("receipts", limit="100")["receipts"]}
        issued = live.hub.get(ACCOUNTS).tokens.issue_for_machine("operator", ("submitter", "manager"), {"owner"})
        stranger = TestClient(live._client.app, headers={"Authorization": f"Bearer {issued.text}"})
        for path in (
            f"receipts/{told['receipt']}",
            f"receipts/{told['receipt']}/refused",
            f"bookings/{told['booking']}",
        ):
            assert stranger.get(f"/api/v1/{path}").status_code == 404, path
        for listed in ("receipts", "bookings"):
            assert stranger.get(f"/api/v1/{listed}").json()[listed] == []
        assert stranger.get("/api/v1/bookings?scope=owned").json()["bookings"] == []
        assert stranger.get("/api/v1/saved-searches").json()["searches"] == []


def test_a_backup_of_an_earlier_release_is_restored(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "hub")
    file = FOLDERS / "b0d141d-backup.tar.gz"
    manifest = restore(settings, file, silent)
    assert manifest.version
    with closing(Folder(settings.data_dir)) as restored:
        assert only_of(manifest.tables, digests(restored)) == manifest.tables
    with Live(settings, works=False) as live:
        assert revealed(live) == {PHONE}
        assert len(live.found("光谱仪")) > 20
