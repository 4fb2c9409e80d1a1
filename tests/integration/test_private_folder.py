"""Whatever the umask: nobody but its owner gets into a data folder, or reads what is in it."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli.main import main
from app.operations.backup import backup
from hub.auth.tokens import AccessFile
from hub.runtime.private import SERVERS, keep_private, servers_folder
from hub.runtime.settings import Settings
from tests.integration.moving_hub import Live, instrument, silent

pytestmark = [pytest.mark.integration, pytest.mark.skipif(os.name == "nt", reason="modes mean nothing")]


@pytest.fixture(params=[0o000, 0o022])
def open_umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def open_to_others(folder: Path) -> list[str]:
    return [str(path) for path in (folder, *folder.rglob("*")) if mode(path) & 0o077]


def test_a_hub_at_work_keeps_everything_to_its_owner(open_umask: int, tmp_path: Path) -> None:
    folder = tmp_path / "hub"
    with Live(Settings(data_dir=folder)) as live:
        live.settled(live.submit("instrument", "owner", [instrument(1)]))
        assert main(["token", "issue", "somebody", "--data", str(folder)], {}) == 0
        assert list(folder.glob("*-wal"))
        assert open_to_others(folder) == []
        backup(live.settings, tmp_path / "hub.tar", silent)
    assert mode(folder) == 0o700
    assert mode(tmp_path / "hub.tar") == 0o600
    assert open_to_others(folder) == []


def test_a_folder_of_an_earlier_release_is_closed_when_it_is_opened(open_umask: int, tmp_path: Path) -> None:
    folder = tmp_path / "hub"
    Live(Settings(data_dir=folder), works=False).__exit__()
    for path in (*folder.iterdir(), folder):
        if path.name not in ("vault.key", "persons.key"):
            path.chmod(0o755 if path.is_dir() else 0o644)
    assert open_to_others(folder)
    Live(Settings(data_dir=folder), works=False).__exit__()
    assert open_to_others(folder) == []


def test_tokens_issued_before_the_first_start_are_private(open_umask: int, tmp_path: Path) -> None:
    AccessFile(tmp_path / "hub").issue("somebody", {"member"}, ())
    assert [path for path in (tmp_path / "hub").iterdir() if mode(path) & 0o077] == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="root alone starts servers as another user")
def test_servers_of_another_user_get_to_their_folder_and_no_further(open_umask: int, tmp_path: Path) -> None:
    keep_private(tmp_path / "hub")
    (tmp_path / "hub" / "records.db").write_text("x")
    assert servers_folder(tmp_path / "hub") == tmp_path / "hub" / SERVERS
    assert mode(tmp_path / "hub") == 0o711
    assert mode(tmp_path / "hub" / "records.db") == 0o600
