"""The booking desk over HTTP on the embedded store, with a client for each person."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.limits import limits_of_routes
from hub.kernel.access import Principal, Role
from hub.kernel.records import Record, SourceRef
from hub.ports.clock import ManualClock
from hub.sql.sqlite import StoreFiles
from hub.web.limits import Limited
from hub.web.problems import install_problem_handlers
from services.booking.adapters.sql_managers import SqlManagers
from services.booking.adapters.sqlite_bookings import SqliteBookings
from services.booking.api import router
from services.booking.managers import Managers
from services.booking.private import PrivateTexts
from services.booking.service import BookingDesk
from services.privacy.adapters.sql_personal import SqlPersonalValues
from tests.contract import conforming
from tests.noted import Noted

NOW = datetime(2026, 11, 30, 0, tzinfo=UTC)  # Monday, 08:00 in Shanghai


def person(account: str, *roles: Role, name: str = "", organisation: str = "") -> Principal:
    sources = frozenset({"owner"} if "submitter" in roles else ())
    return Principal(name or account, frozenset(roles), sources, f"acc-{account}", organisation)


PEOPLE = {
    "li": person("li", "member"),
    "wang": person("wang", "member"),
    "li2": person("li2", "member", name="li"),
    "lab": person("lab", "approver", organisation="org-lab"),
    "chief": person("chief", "manager", organisation="org-lab"),
    "sender": person("sender", "submitter", "steward", organisation="org-lab"),
    "foreign": person("foreign", "manager", "approver", "submitter", name="lab", organisation="org-foreign"),
    "op": person("op", "operator"),
}
MICROSCOPE = Record(
    "instrument-1",
    "instrument",
    1,
    "active",
    "",
    "",
    {
        "name_zh": "透射电镜",
        "name_en": "TEM",
        "opening_hours": [{"days": ["MO", "TU", "WE", "TH", "FR"], "opens": "08:00", "closes": "12:00"}],
        "hourly_rate": {"amount": "300.00", "currency": "CNY"},
    },
    {},
    (SourceRef("owner", "1", 1, "owner", "", "org-lab"),),
)
RECORDS = [
    MICROSCOPE,
    replace(MICROSCOPE, id="instrument-auto", fields=MICROSCOPE.fields | {"booking_confirmation": "automatic"}),
    replace(MICROSCOPE, id="instrument-broken", fields=MICROSCOPE.fields | {"status": "maintenance"}),
    replace(MICROSCOPE, id="instrument-gone", status="withdrawn", fields={}, replaced_by="instrument-1"),
    replace(MICROSCOPE, id="instrument-ended", status="withdrawn", fields={}),
    replace(MICROSCOPE, id="instrument-new", same_as=("instrument-1",)),
    replace(MICROSCOPE, id="instrument-foreign", holder="org-foreign"),
    replace(MICROSCOPE, id="project-1", kind="project"),
]


class Tokens:
    def principal(self, token: str) -> Principal | None:
        return PEOPLE.get(token)


class Records:
    """The part of the record store that the desk reads."""

    def __init__(self) -> None:
        self._records = {record.id: record for record in RECORDS}

    def put(self, record: Record) -> None:
        self._records[record.id] = record

    def get(self, ids: Collection[str]) -> Mapping[str, Record]:
        return {one: self._records[one] for one in ids if one in self._records}


class Desk:
    """A client for each person."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock(NOW)
        self.store = SqliteBookings(folder / "bookings.db", "hub")
        self.records = Records()
        self.trail = Noted()
        app = conforming(FastAPI())
        app.state.access = Tokens()
        install_problem_handlers(app)
        app.add_middleware(Limited, table=limits_of_routes(2**20))
        self.files = StoreFiles(folder)
        self.personal = SqlPersonalValues(self.files.open("keys"), folder, self.clock)
        managers = Managers(SqlManagers(self.files.open("managers")), self.records, self.trail, self.clock)  # type: ignore[arg-type]
        private = PrivateTexts(self.personal, self.trail, self.clock)
        desk = BookingDesk(self.store, managers, self.records, private, self.clock)  # type: ignore[arg-type]
        app.include_router(router(desk, managers))
        self._client = TestClient(app)

    def get(self, path: str, who: str = "li", **query: str) -> Any:
        return self._client.get(f"/api/v1{path}", params=query, headers=self._headers(who))

    def post(self, path: str, body: Any = None, who: str = "li", **headers: str) -> Any:
        return self._client.post(f"/api/v1{path}", json=body or {}, headers=self._headers(who) | headers)

    def book(self, start: str, end: str, who: str = "li", instrument: str = "instrument-1", **headers: str) -> Any:
        wanted = {"start": f"2026-12-{start}:00+08:00", "end": f"2026-12-{end}:00+08:00", "purpose": "合金断口"}
        return self.post("/bookings", {"instrument": instrument} | wanted, who, **headers)

    def close(self) -> None:
        self.store.close()
        self.files.close()

    def inbox(self, who: str) -> Any:
        return self.get("/bookings", who, scope="owned").json()["bookings"]

    def states(self, day: str, instrument: str = "instrument-1") -> list[str]:
        answer = self.get(f"/instruments/{instrument}/availability", "", **{"from": day, "days": "1"}).json()
        return [slot["state"] for slot in answer["days"][0]["slots"]]

    @staticmethod
    def _headers(who: str) -> dict[str, str]:
        return {"Accept-Language": "en"} | ({"Authorization": f"Bearer {who}"} if who else {})
