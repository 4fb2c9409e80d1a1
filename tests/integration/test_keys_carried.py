"""Keys go from one hub to another in a file of their own that a passphrase opens; what lacks is told of."""

from pathlib import Path
from typing import cast

import pytest

from app.cli.main import main
from app.operations.doctor.checks import keys
from hub.runtime.manifest import PERSONAL
from hub.runtime.settings import Settings
from services.accounts.manifest import ACCOUNTS
from services.privacy.adapters.sql_personal import SqlPersonalValues
from services.privacy.core.carrying import WrongPassphrase, locked, unlocked
from tests.integration.moving_hub import Live

pytestmark = pytest.mark.integration
PASSPHRASE, EMAIL, PHONE = "一句足够长的口令 of words", "who.moves@example.org", "13911110000"
ROW = {"_id": "E-1", "name_zh": "某人", "expert_number": "N-1", "email": EMAIL, "phone": PHONE}


def hub(*words: str | Path, folder: Path) -> int:
    return main([*map(str, words), "--data", str(folder), "--lang", "en"], {})


def told(live: Live) -> list[tuple[bool, str]]:
    """What doctor says of keys."""
    on = live.hub.resources
    personal = cast(SqlPersonalValues, on.get(PERSONAL))
    found = keys(on.tables("records"), on.tables("accounts"), personal)
    return [(finding.fine, finding.what.en) for finding in found]


def begun(folder: Path) -> str:
    """A hub with somebody in it; the account's id."""
    with Live(Settings(data_dir=folder)) as live:
        live.settled(live.submit("expert", "owner", [ROW]))
        assert told(live) == [(True, "every sealed value has its key")]
        return live.hub.get(ACCOUNTS).access.add_account("某人", known_by=[("email", EMAIL)]).id


def test_keys_follow_a_backup_in_a_file_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    saved, carried = tmp_path / "hub.tar", tmp_path / "hub.keys"
    account = begun(old)
    assert hub("backup", saved, folder=old) == 0
    assert "hub keys export" in capsys.readouterr().err
    monkeypatch.setenv("HUB_KEYS_PASSPHRASE", "short")
    assert hub("keys", "export", carried, folder=old) == 2
    monkeypatch.setenv("HUB_KEYS_PASSPHRASE", PASSPHRASE)
    assert hub("keys", "export", carried, folder=old) == 0
    assert carried.stat().st_mode & 0o077 == 0
    assert b"wrapped" not in carried.read_bytes()

    assert hub("restore", saved, folder=new) == 0
    assert "before the first start" in capsys.readouterr().err
    monkeypatch.setenv("HUB_KEYS_PASSPHRASE", "another passphrase")
    assert hub("keys", "import", carried, folder=new) == 2
    monkeypatch.setenv("HUB_KEYS_PASSPHRASE", PASSPHRASE)
    assert hub("keys", "import", carried, folder=new) == 0
    with Live(Settings(data_dir=new), works=False) as live:
        owner = live.hub.get(ACCOUNTS).access.accounts.account_of(("email", EMAIL))
        assert owner
        assert owner.id == account
        assert live.found("某人")[0]["id"] in str(live.get("records/" + live.found("某人")[0]["id"]))
        assert live.get("records/" + live.found("某人")[0]["id"])["fields"]["email"] == EMAIL
        assert told(live) == [(True, "every sealed value has its key")]


def test_doctor_tells_of_values_without_a_key_and_keys_come_no_later_than_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    begun(old)
    monkeypatch.setenv("HUB_KEYS_PASSPHRASE", PASSPHRASE)
    assert hub("backup", tmp_path / "hub.tar", folder=old) == 0
    assert hub("keys", "export", tmp_path / "hub.keys", folder=old) == 0
    assert hub("restore", tmp_path / "hub.tar", folder=new) == 0
    with Live(Settings(data_dir=new), works=False) as live:
        assert told(live) == [(False, "3 sealed values have no key and cannot be read")]
        live.hub.get(ACCOUNTS).access.add_account("某人", known_by=[("email", EMAIL)])  # makes keys of its own
    assert hub("keys", "import", tmp_path / "hub.keys", folder=new) == 2


def test_whoever_was_erased_has_no_missing_key(tmp_path: Path) -> None:
    begun(tmp_path)
    with Live(Settings(data_dir=tmp_path), works=False) as live:
        person = live.found("某人")[0]["id"]
        live.post(f"people/{person}/erasure", {"reason": "asked for it"})
        assert told(live) == [(True, "every sealed value has its key")]
        live.post(f"people/{person}/consents", {"purpose": "advice"})
        assert told(live) == [(True, "every sealed value has its key")]


def test_a_file_of_keys_opens_by_its_passphrase_alone() -> None:
    file = locked(b"keys", PASSPHRASE)
    assert unlocked(file, PASSPHRASE) == b"keys"
    for other, passphrase in ((file, "x"), (file[:-1], PASSPHRASE), (b"{}", PASSPHRASE), (file[:30], PASSPHRASE)):
        with pytest.raises(WrongPassphrase):
            unlocked(other, passphrase)
    assert locked(b"keys", PASSPHRASE) != file, "a salt of its own"
