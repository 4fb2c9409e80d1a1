"""A data folder that this release cannot open: it says so, with the exit code that is promised, and changes nothing."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from app.cli.main import main
from app.composition import compose
from hub.runtime.settings import Settings

pytestmark = pytest.mark.integration


def newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as sql, sql:
        sql.execute("UPDATE hub_migrations SET version_num = '0999'")


def garbage(path: Path) -> None:
    path.write_bytes(b"no database" * 1_000)


STORES = ("log", "records", "bookings", "receipts", "searches", "usage", "vault", "catalogue", "audit", "keys")
UNUSABLE = {
    **{
        f"{store} is no database": (f"{store}.db", lambda path: path.write_bytes(b"no database" * 1_000))
        for store in STORES
    },
    **{f"{store} is newer": (f"{store}.db", newer) for store in STORES if store != "catalogue"},
    "a folder": ("usage.db", lambda path: (path.unlink(), path.mkdir())),
    "no tokens": ("access.json", lambda path: path.write_bytes(b"")),
    "half of the tokens": ("access.json", lambda path: path.write_bytes(path.read_bytes()[:-2])),
    "other tokens": ("access.json", lambda path: path.write_bytes(b'[{"name": "a"}]')),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("folder")
    compose(Settings(data_dir=folder)).close()
    return folder


@pytest.mark.parametrize(("name", "spoil"), UNUSABLE.values(), ids=UNUSABLE)
def test_a_folder_that_cannot_be_opened_is_told_in_words(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, spoil: Callable[[Path], object]
) -> None:
    folder = tmp_path / "spoilt"
    shutil.copytree(made, folder)
    spoil(folder / name)
    assert main(["up", "--data", str(folder), "--port", "0", "--no-sample", "--lang", "en"], {}) == 3
    words = capsys.readouterr()
    assert "Cannot open the data" in words.out + words.err
    assert "hub doctor" in words.out + words.err


@pytest.mark.parametrize("command", ["issue somebody", "list"])
def test_tokens_that_cannot_be_read_are_told_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    (tmp_path / "access.json").write_bytes(b"{")
    assert main(["token", *command.split(), "--data", str(tmp_path), "--lang", "en"], {}) == 3
    assert "access.json" in capsys.readouterr().err
