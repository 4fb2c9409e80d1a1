"""The audit trail as people read it: filtered, in words, as a table, and with the state of its chain."""

import csv
import io
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import update

from hub.kernel.access import Principal, Role
from hub.kernel.records import Record
from hub.ports.audit import AuditEvent
from hub.ports.clock import ManualClock
from hub.ports.names import NoNames
from hub.ports.personal import GONE, PersonalValues
from hub.sql.sqlite import StoreFiles
from hub.text.language import Bilingual
from hub.web.problems import install_problem_handlers
from services.privacy.adapters.sql_audit import SqlAuditTrail
from services.privacy.adapters.sql_personal import SqlPersonalValues
from services.privacy.api import router
from services.privacy.tables import audit_entries
from services.privacy.trail import CHECK_AGE, Trail
from tests.contract import conforming

pytestmark = pytest.mark.integration
START = datetime(2026, 3, 1, 15, tzinfo=UTC)
"""23:00 in Shanghai."""


AT = "2026-01-01T00:00:00Z"
NAMED = {"name_zh": "显微镜", "name_en": "Microscope", "contact": {"name": "李"}}
RECORD = Record("instrument-1", "instrument", 1, "active", AT, AT, NAMED, {}, ())


class Names(NoNames):
    """One account's name is sealed, and another's cannot be opened any more."""

    def __init__(self, personal: PersonalValues) -> None:
        seal = personal.sealers(["acc-3"])["acc-3"]
        self._sealed = {"acc-3": seal("赵"), "acc-4": GONE}

    def of(self, ids: object) -> Mapping[str, Bilingual]:
        named = {"acc-1": Bilingual("王", "Wang"), "org-1": Bilingual("=材料所", "Materials")}
        return named | {known: Bilingual(token, token) for known, token in self._sealed.items()}


class Reading:
    """An API whose token is the role of who asks; an event an hour from START on."""

    def __init__(self, folder: Path) -> None:
        self.files = StoreFiles(folder)
        self.trail = SqlAuditTrail(self.files.open("audit"), folder / "audit", 4)
        self.clock = ManualClock(START)
        personal = SqlPersonalValues(self.files.open("keys"), folder, self.clock)
        for number, action in enumerate(("session.begin", "token.issue", "claim.decide", "access"), 1):
            for account, organisation in (("acc-1", "org-1"), ("acc-2", "org-2")):
                outcome: Any = "refused" if action == "access" else "done"
                event = AuditEvent(self.clock.now(), account, organisation, "ses-1", action, f"s-{number}", outcome)  # type: ignore[arg-type]
                self.trail.note(event)
            self.clock.advance(timedelta(hours=1))
            self.trail.flush()
        app = conforming(FastAPI())
        app.state.access = self
        install_problem_handlers(app)
        reading = Trail(self.trail, Names(personal), self, personal, self.clock, "Asia/Shanghai")  # type: ignore[arg-type]
        app.include_router(router(reading, None))  # type: ignore[arg-type]
        self._client = TestClient(app)

    def get(self, ids: Collection[str]) -> Mapping[str, Record]:
        """hub.ports.records.RecordReader."""
        return {one: RECORD for one in ids if one == RECORD.id}

    def principal(self, token: str) -> Principal:
        role: Role = token  # type: ignore[assignment]
        return Principal(role, frozenset({role}), account="acc-1", organisation="org-1")

    def read(self, path: str = "", role: str = "auditor", language: str = "zh", **query: str) -> Any:
        headers = {"Authorization": f"Bearer {role}"} if role else {}
        return self._client.get(f"/api/v1/audit{path}", params={"lang": language, **query}, headers=headers)

    def actions(self, role: str = "auditor", **query: str) -> list[tuple[str, str]]:
        answer = self.read(role=role, **query)
        assert answer.status_code == 200, answer.text
        return [(entry["account"], entry["action"]) for entry in answer.json()["entries"]]


@pytest.fixture
def reading(tmp_path: Path) -> Iterator[Reading]:
    made = Reading(tmp_path)
    yield made
    made.trail.close()
    made.files.close()


def test_entries_are_chosen_by_who_what_when_and_how_it_went(reading: Reading) -> None:
    table = [("acc-2", "access"), ("acc-1", "access"), ("acc-2", "claim.decide"), ("acc-1", "claim.decide")]
    assert reading.actions() == table, "older ones are sealed into a file"
    assert reading.actions(account="acc-1", action="claim.decide") == [("acc-1", "claim.decide")]
    assert reading.actions(organisation="org-2") == [("acc-2", "access"), ("acc-2", "claim.decide")]
    assert reading.actions(outcome="refused", subject="s-4") == table[:2]
    assert reading.actions(**{"from": "2026-03-02"}) == table
    assert reading.actions(**{"from": "2026-03-03"}) == []
    assert reading.actions(to="2026-03-01") == []
    assert reading.actions("manager", organisation="org-2") == [], "a filter never shows more than without it"
    assert reading.actions("member", account="acc-2") == []
    for wrong in ({"from": "yesterday"}, {"outcome": "fine"}):
        assert reading.read(**wrong).status_code == 422


def test_entries_are_told_in_the_readers_language_with_names(reading: Reading) -> None:
    entry = reading.read(action="claim.decide", account="acc-1").json()["entries"][0]
    assert [entry[name] for name in ("who", "of", "what", "how")] == ["王", "=材料所", "裁定认领", "完成"]
    entry = reading.read(action="access", account="acc-1", language="en").json()["entries"][0]
    assert [entry[name] for name in ("who", "what", "how")] == ["Wang", "tried what they may not do", "refused"]


def test_sealed_names_are_opened_and_whoever_was_erased_is_told_by_id(reading: Reading) -> None:
    for account in ("acc-3", "acc-4"):
        reading.trail.note(AuditEvent(reading.clock.now(), account, "", "", "session.begin", "s"))
    entries = reading.read(limit="2").json()["entries"]
    assert [entry["who"] for entry in entries] == ["acc-4", "赵"]


def test_records_are_told_by_what_is_public_of_their_names(reading: Reading) -> None:
    for subject in (RECORD.id, "instrument-2"):
        reading.trail.note(AuditEvent(reading.clock.now(), "acc-1", "org-1", "", "claim.decide", subject))
    entries = reading.read(language="en", limit="2").json()["entries"]
    assert [entry["to"] for entry in entries] == ["instrument-2", "Microscope"]


def test_an_export_has_what_was_chosen_of_what_was_sealed_too(reading: Reading) -> None:
    everything = reading.read("/export").content.splitlines()
    assert len(everything) == 8
    assert len(reading.read("/export", account="acc-1").content.splitlines()) == 4
    chosen = reading.read("/export", format="csv", account="acc-1", to="2026-03-01")
    assert chosen.headers["content-type"] == "text/csv; charset=utf-8"
    assert "audit.csv" in chosen.headers["content-disposition"]
    rows = list(csv.reader(io.StringIO(chosen.content.decode("utf-8-sig"))))
    assert rows[0][:5] == ["序号", "时间（UTC）", "操作人", "代表单位", "操作"]
    assert [row[0:5] for row in rows[1:]] == [["1", "2026-03-01T15:00:00.000000Z", "王", "'=材料所", "登录"]]
    assert len(reading.read("/export", "member", format="csv").text.splitlines()) == 3


def test_the_chain_is_followed_now_and_then_and_its_state_told_to_everybody(reading: Reading) -> None:
    whole = reading.read("/chain", "member").json()
    assert (whole["state"], whole["number"], whole["at"]) == ("whole", 8, "2026-03-01T18:00:00.000000Z")
    assert whole["checked_at"] == "2026-03-01T19:00:00.000000Z"
    with reading.files.open("audit").writing() as sql:
        sql.execute(update(audit_entries).where(audit_entries.c.number == 7).values(account="acc-9"))
    assert reading.read("/chain").json() == whole, "it was looked at a moment ago"
    reading.clock.advance(CHECK_AGE + timedelta(seconds=1))
    broken = reading.read("/chain").json()
    assert (broken["state"], broken["number"]) == ("changed", 7)
    assert reading.read("/chain", "").status_code == 401
