"""Who reads the audit trail, what is noted in it, and the commands of operators."""

import sqlite3
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.cli.main import main
from hub.kernel.access import Principal, Role
from hub.kernel.records import Record
from hub.ports.audit import AuditEvent
from hub.ports.clock import SystemClock
from hub.ports.names import NoNames
from hub.runtime.settings import Settings
from hub.sql.sqlite import StoreFiles
from hub.web.problems import install_problem_handlers
from services.privacy.api import router
from services.privacy.core.chain import Chain, Entry
from services.privacy.trail import Trail
from tests.contract import conforming
from tests.integration.moving_hub import Live
from tests.integration.privacy_stores import privacy
from tests.integration.test_erasure import EMAIL, PHONE, registered

pytestmark = pytest.mark.integration


def principal(role: Role, account: str = "acc-9", organisation: str = "") -> Principal:
    return Principal(role, frozenset({role}), account=account, organisation=organisation)


CALLERS = {
    "auditor": principal("auditor"),
    "operator": principal("operator"),
    "manager": principal("manager", "acc-1", "org-1"),
    "steward": principal("steward", "acc-2", "org-2"),
    "member": principal("member", "acc-1", "org-1"),
    "agency": principal("agency", "acc-5", "org-5"),
    "nobody": Principal("nobody", frozenset({"member"})),
}


class Callers:
    """hub.kernel.access.AccessList by fixed tokens, and a hub.ports.records.RecordReader without records."""

    def get(self, ids: Collection[str]) -> Mapping[str, Record]:
        return {}

    def principal(self, token: str) -> Principal | None:
        return CALLERS.get(token)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    files = StoreFiles(tmp_path)
    personal, trail = privacy(files, tmp_path, SystemClock())
    for number in range(12):
        account, organisation = f"acc-{number % 3}", f"org-{number % 4}"
        subject = "acc-1" if number == 11 else f"expert-{number}"
        trail.note(AuditEvent(SystemClock().now(), account, organisation, "", "personal.read", subject))
    app = conforming(FastAPI())
    app.state.access = Callers()
    install_problem_handlers(app)
    app.include_router(router(Trail(trail, NoNames(), Callers(), personal, SystemClock(), "Asia/Shanghai"), None))  # type: ignore[arg-type]
    yield TestClient(app)
    trail.close()
    files.close()


def asked(client: TestClient, path: str, caller: str, **query: Any) -> Any:
    headers = {"Authorization": f"Bearer {caller}"} if caller else {}
    return client.get(f"/api/v1/{path}", params=query, headers=headers)


@pytest.mark.parametrize(
    ("caller", "numbers"),
    [
        ("auditor", list(range(12, 0, -1))),
        ("operator", list(range(12, 0, -1))),
        ("manager", [10, 6, 2]),
        ("steward", [11, 7, 3]),
        ("member", [12, 11, 8, 5, 2]),
        ("agency", []),
    ],
)
def test_each_reads_what_concerns_them(client: TestClient, caller: str, numbers: list[int]) -> None:
    page = asked(client, "audit", caller).json()
    assert [entry["number"] for entry in page["entries"]] == numbers
    lines = [Entry.from_line(line) for line in asked(client, "audit/export", caller).content.splitlines()]
    assert sorted(entry.number for entry in lines) == sorted(numbers)
    first = asked(client, "audit", caller, limit=1).json()
    assert first["next"] == (numbers[0] if numbers else None)
    if numbers:
        later = asked(client, "audit", caller, before=first["next"]).json()
        assert [entry["number"] for entry in later["entries"]] == numbers[1:]


def test_who_has_no_account_reads_nothing(client: TestClient) -> None:
    for path in ("audit", "audit/export"):
        assert asked(client, path, "").status_code == 401
        assert asked(client, path, "nobody").status_code == 403
    for caller, status in {"": 401, "auditor": 403, "manager": 403, "agency": 403}.items():
        assert asked(client, "people/expert-1", caller).status_code == status


def test_an_exported_trail_can_be_verified_by_whoever_has_it(client: TestClient) -> None:
    lines = asked(client, "audit/export", "auditor").content.splitlines()
    assert Chain().follow(map(Entry.from_line, lines)) is None
    assert Chain().follow(Entry.from_line(line.replace(b"expert-4", b"expert-5")) for line in lines) is not None


def test_reads_changes_and_decisions_are_noted(tmp_path: Path) -> None:
    with Live(Settings(data_dir=tmp_path / "hub")) as live:
        person = registered(live)
        live.get(f"records/{person}")
        live.get(f"records/{person}/history")
        live.get("search")
        receipt = live.submit("expert", "owner", [{"_id": "x", "name_zh": "某某", "gender": "neither"}])
        live._client.get(f"/api/v1/receipts/{receipt}/refused", headers=live._headers)
        entries = live.get("audit", limit="100")["entries"]
        live.post_for_status("same-as", {"left": person, "right": person, "decision": "joined"})
        assert [entry["number"] for entry in live.get("audit", limit="100")["entries"]] == [
            entry["number"] for entry in entries
        ], "what was refused is not noted as done"
    told = [(entry["action"], entry["subject"], entry["account"]) for entry in reversed(entries)]
    assert len({account for _, _, account in told}) == 1
    assert all(account for _, _, account in told)
    changes = [subject for action, subject, _ in told if action == "personal.change"]
    assert changes.count(person) == 3
    assert [(action, subject) for action, subject, _ in told][-4:] == [
        ("personal.read", person),
        ("personal.read", person),
        ("records.submit", "expert"),
        ("refused-rows.read", receipt),
    ]
    assert not [value for value in (EMAIL, PHONE) if value in str(entries)]


def run(capfd: pytest.CaptureFixture[str], folder: Path, *words: str) -> tuple[int, str]:
    code = main([*words, "--data", str(folder), "--lang", "en"], {})
    out, err = capfd.readouterr()
    return code, out + err


def test_operators_work_from_the_command_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, keys = tmp_path / "hub", tmp_path / "hub.keys"
    monkeypatch.setenv("HUB_KEYS_PASSPHRASE", "words of a passphrase")
    assert run(capfd, folder, "audit", "list")[0] == 2
    with Live(Settings(data_dir=folder)) as live:
        person = registered(live)
        assert EMAIL in run(capfd, folder, "person", "export", person)[1]
        assert run(capfd, folder, "keys", "rotate") == (0, "Sealed 2 keys by a new master key\n")
        assert live.get(f"records/{person}")["fields"]["email"] == EMAIL
        assert run(capfd, folder, "keys", "export", str(keys))[0] == 0
        assert keys.stat().st_mode & 0o777 == 0o600
        code, told = run(capfd, folder, "person", "erase", person, "--reason", "asked for it")
        assert (code, "Destroyed" in told) == (0, True)
        assert "email" not in live.get(f"records/{person}")["fields"]
        assert run(capfd, folder, "keys", "import", str(keys)) == (0, "Read 2 keys\n")
        assert "email" not in live.get(f"records/{person}")["fields"]
        assert EMAIL not in run(capfd, folder, "person", "export", person)[1]
        assert run(capfd, folder, "person", "erase", "expert-nobody", "--reason", "x")[0] == 2
        assert run(capfd, folder, "person", "consent", person, "--purpose", "advice")[0] == 0
    listed = run(capfd, folder, "audit", "list", "--action", "person.erase")[1]
    assert len([line for line in listed.splitlines() if line[:1].isdigit()]) == 1
    assert run(capfd, folder, "audit", "verify") == (0, "Every entry is as it was noted\n")
    lines = [orjson.loads(line) for line in run(capfd, folder, "audit", "export")[1].splitlines()]
    assert [line["number"] for line in lines] == list(range(1, len(lines) + 1))
    with sqlite3.connect(folder / "audit.db") as sql:
        sql.execute("UPDATE audit_entries SET detail = 'else' WHERE number = 3")
    code, told = run(capfd, folder, "audit", "verify")
    assert (code, told) == (1, "Entry 3 is not as it was noted (changed)\n")
    code, told = run(capfd, folder, "doctor")
    assert code == 1
    assert "entry 3 of the audit trail is not as it was noted (changed)" in told
