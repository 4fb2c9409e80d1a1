"""Private values that an earlier release kept in clear are sealed once this one runs, and erased like any others."""

import sqlite3
import tarfile
from collections.abc import Collection
from contextlib import closing
from itertools import chain
from pathlib import Path

import pytest

from app.operations.backup import backup
from app.operations.drain import drain
from app.operations.sealing import Sealing, seal_once
from hub.runtime.manifest import PERSONAL, RECORD_STORE
from hub.runtime.settings import Settings
from services.ingest.manifest import VAULT
from tests.integration import searching
from tests.integration.moving_hub import Live, silent

pytestmark = pytest.mark.integration
FOLDER = Path(__file__).parents[1] / "data" / "folders" / "b0d141d-people.tar.gz"
"""Made by the release of that commit: of E-1 two sources speak, the one twice and with a row that waits; of E-2 one."""
CLEAR = ["erase.me.old@example.org", "erase.me@example.org", "1963-07-19"]
VAULTED = ["13912345678", "110101196307190035"]
HERS = [*CLEAR, *VAULTED]
OTHERS = {"other@example.org", "13800138000"}
PURPOSE = "欧阳的样品"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    with tarfile.open(FOLDER) as tar:
        tar.extractall(tmp_path / "hub", filter="data")
    return Settings(data_dir=tmp_path / "hub")


def everything(folder: Path) -> list[searching.Place]:
    return list(chain(searching.files(folder), searching.tables(folder), searching.topics(folder)))


def opened(live: Live, places: Collection[searching.Place]) -> set[str]:
    """The values that can be read by the tokens in these places."""
    return {str(value) for value in live.hub.get(PERSONAL).open(searching.tokens(places)).values()}


def test_a_folder_of_before_is_sealed_and_a_person_in_it_erased_from_every_file_and_backup(
    settings: Settings, tmp_path: Path
) -> None:
    folder, file = settings.data_dir, tmp_path / "after.tar"
    in_clear = searching.readable(everything(folder), [*CLEAR, PURPOSE])
    assert {value for _, value in in_clear} == {*CLEAR, PURPOSE}
    assert {Path(name.split()[0]).name for name, _ in in_clear} >= {"records.db", "log.db", "bookings.db"}
    with Live(settings, works=False) as live:
        sealed = everything(folder)
        assert searching.readable(sealed, [*HERS, PURPOSE]) == set()
        assert opened(live, sealed) == {*HERS, *OTHERS, PURPOSE}
    with closing(sqlite3.connect(folder / "vault.db")) as sql:
        assert sql.execute("SELECT count(*) FROM vault").fetchone() == (0,)
    drain(settings, folder, lambda _, __: None)  # the row that waited
    with Live(settings, works=False) as live:
        (person,) = [one for one in live.hub.get(RECORD_STORE).scan("expert") if one.fields["name_zh"] == "欧阳试擦除"]
        assert live.get(f"records/{person.id}")["fields"]["email"] == CLEAR[1]
        kept = live.get(f"people/{person.id}")
        assert {value for one in kept["statements"] for value in one["fields"].values()} >= {*VAULTED, CLEAR[2]}
        assert [one["purpose"] for one in live.get("bookings", scope="owned")["bookings"]] == [PURPOSE]
        erased = live.post(f"people/{person.id}/erasure", {"reason": "asked for it"})
        assert person.id in erased["subjects"]
        backup(settings, file, silent)
        left = [*everything(folder), *searching.backup(file, tmp_path / "unpacked")]
        assert searching.readable(left, HERS) == set()
        assert opened(live, left) - {PURPOSE} == OTHERS | {VAULTED[0]}, "the phone of an instrument's contact"
        assert live.hub.get(VAULT).reveal(["vault:ffpmjj6btqfjtwvcc62og3buhpvdcoyx"]) == {}


def test_merging_again_what_was_sealed_changes_no_record(settings: Settings) -> None:
    """Records and the rows that they were made of have the same tokens."""
    with Live(settings, works=False) as live:
        before = {one.id: one.version for one in live.hub.get(RECORD_STORE).scan("expert")}
    drain(settings, settings.data_dir, lambda _, __: None)
    with Live(settings, works=False) as live:
        versions = {one.id: one.version for one in live.hub.get(RECORD_STORE).scan("expert")}
    (changed,) = [version - before[record] for record, version in versions.items() if version != before[record]]
    assert changed == 1, "the row that waited"


def test_it_is_done_once_and_again_where_it_broke_off(settings: Settings) -> None:
    with Live(settings, works=False) as live:
        assert seal_once(live.hub.resources) is None
        tokens = searching.tokens(everything(settings.data_dir))
        assert Sealing(live.hub.resources).run().values == 0, "all is sealed"
        assert searching.tokens(everything(settings.data_dir)) == tokens
