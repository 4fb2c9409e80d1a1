"""A small API that answers as the hub's own does, for the portal's unit tests, and keeps what it was asked.

What it answers is held to the contract, so that no page can rest on what the hub does not give.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
import orjson
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.limits import limits_of_routes
from hub.kernel.access import Role
from hub.kernel.operation import Operation
from hub.kernel.problems import ProblemDetails, ProblemItem
from hub.web.limits import MIB, Limited
from hub.web.routes import address
from schemas.http import access, accounts, audit, booking, catalog, curation, ingest, records
from services.portal.manifest import install_error_pages, portal
from tests.contract import example
from tests.unit import portal_accounts
from tests.unit import portal_oversight as oversight

TOKEN, HOSTILE, AT = portal_accounts.TOKEN, portal_accounts.HOSTILE, portal_accounts.AT
RECEIVED = {"id": "owner", "label": "单位自行登记", "received_at": AT}
HIT: dict[str, Any] = {
    "id": "instrument-1",
    "kind": "instrument",
    "kind_label": "仪器设备",
    "version": 2,
    "updated_at": AT,
    "title": f"电镜 {HOSTILE}",
    "second_title": None,
    "subtitle": HOSTILE,
    "fields": {"name_zh": f"电镜 {HOSTILE}", "opening_hours": [{}]},
    "geo": [30.26, 120.12],
    "score": 1.0,
    "distance_km": None,
    "highlights": {"description": f"<mark>电镜</mark>{HOSTILE}"},
    "url": "/records/instrument-1",
    "bookable": True,
}
OF_HITS_ALONE = ("score", "distance_km", "highlights")
RECORD: dict[str, Any] = {name: value for name, value in HIT.items() if name not in OF_HITS_ALONE} | {
    "status": "active",
    "created_at": "2026-01-01T00:00:00Z",
    "replaced_by": None,
    "same_as": [],
    "bookable": True,
    "booking_refusal": None,
    "rows": [
        {
            "path": "model",
            "label": HOSTILE,
            "shown": HOSTILE,
            "values": [{"shown": HOSTILE, "url": None}],
            "source": RECEIVED,
        }
    ],
    "conflicts": [],
    "hidden": [HOSTILE],
}
KIND = {
    "name": "instrument",
    "label": "仪器设备",
    "count": 1,
    "facets": [],
    "sorts": [],
    "ranges": [],
    "bookable": True,
    "samples": [HIT],
}
SLOTS = [
    {"start": f"2027-03-01T{hour:02}:00:00+08:00", "end": f"2027-03-01T{hour + 1:02}:00:00+08:00", "state": state}
    for hour, state in ((9, "taken"), (10, "free"), (11, "free"), (13, "free"))
]
OFFER = {
    "instrument": {"id": "instrument-1", "title": HOSTILE, "kind": "instrument"},
    "bookable": True,
    "reason": None,
    "time_zone": "Asia/Shanghai",
    "slot_minutes": 60,
    "confirmation": "owner",
    "min_notice_hours": 0,
    "max_advance_days": 90,
    "hourly_rate": {"amount": "1300.00", "currency": "CNY"},
    "days": [{"date": "2027-02-28", "slots": []}, {"date": "2027-03-01", "slots": SLOTS}],
}
BOOKING = {
    "id": "booking-1",
    "instrument": {"id": "instrument-1", "title": HOSTILE},
    "start": SLOTS[1]["start"],
    "end": SLOTS[1]["end"],
    "time_zone": "Asia/Shanghai",
    "status": "requested",
    "purpose": HOSTILE,
    "booked_by": HOSTILE,
    "created_at": AT,
    "updated_at": AT,
    "version": 1,
    "price": {"amount": "1300.00", "currency": "CNY"},
    "reason": "",
    "changed_by": "",
    "actions": ["confirm", "decline", "cancel"],
}
RECEIPT: dict[str, Any] = {
    "id": "receipt-1",
    "source": "owner",
    "kind": "instrument",
    "format": "csv",
    "created_at": AT,
    "progress": "complete",
    "accepted": 1,
    "refused": 1,
    "links": {"self": "/", "rows": "/", "refused": "/"},
}
PROBLEM = {
    "row": 2,
    "field": "name_zh",
    "label": HOSTILE,
    "code": "missing",
    "found": HOSTILE,
    "expected": HOSTILE,
    "message": HOSTILE,
}
ROWS = [
    {"row": 1, "state": "searchable", "record_id": "instrument-1", "version": 1},
    {"row": 2, "state": "refused", "record_id": None, "version": None, "problems": [PROBLEM]},
]
SOURCE = {
    "source": "owner",
    "source_label": HOSTILE,
    "source_record_id": HOSTILE,
    "authority": "owner",
    "received_at": AT,
}
HEAD = {name: HIT[name] for name in ("id", "kind", "kind_label", "title", "version", "updated_at", "url")}
DISPUTED = HEAD | {
    "fields": [
        {
            "field": "model",
            "label": HOSTILE,
            "values": [SOURCE | {"value": HOSTILE, "shown": HOSTILE, "in_use": used} for used in (True, False)],
        }
    ]
}
SUMMARY = HEAD | {
    "subtitle": HOSTILE,
    "identifiers": [{"field": "model", "label": HOSTILE, "value": HOSTILE}],
    "sources": [SOURCE],
}
LEFT, RIGHT = SUMMARY | {"id": "instrument-1"}, SUMMARY | {"id": "instrument-2"}
PAIRS = [{"left": LEFT, "right": RIGHT}] * 10
PREFERENCE = {
    "record_id": "instrument-1",
    "field": "model",
    "source": "owner",
    "source_record_id": "1",
    "decided_by": HOSTILE,
    "decided_at": AT,
}
SAME_AS = {"left": "instrument-1", "right": "instrument-2", "decision": "joined", "decided_by": "a", "decided_at": AT}
SAVED = {"id": "search-1", "name": HOSTILE, "query": "q=a", "created_at": AT}
SUGGESTION = {"text": HOSTILE, "id": "instrument-1", "kind": "instrument", "kind_label": "仪器设备"}
RELATED = {"path": "owner", "label": HOSTILE, "hit": HIT}
CHANGE = {"path": "model", "label": HOSTILE, "before": None, "after": HOSTILE}
VERSION = {"version": 2, "status": "active", "updated_at": AT, "changes": [CHANGE]}


def _answers() -> dict[tuple[str, str], bytes]:
    """By method and path."""
    record, receipt, own = {"record_id": "instrument-1"}, {"receipt_id": "receipt-1"}, {"booking_id": "booking-1"}
    search = {"total": 1, "hits": [HIT], "facets": [], "next_cursor": "c+/=&", "sort": "relevance"}
    totals = {"refers_to": [], "referred_by": []}
    states = dict.fromkeys(("searchable", "refused"), 1)
    summary = RECEIPT | {"replayed": False, "problems": [PROBLEM]}
    told: list[tuple[Operation[Any], dict[str, str], object]] = [
        (catalog.KINDS, {}, {"kinds": [KIND | {"name": f"instrument{at or ''}"} for at in range(5)]}),
        (catalog.SEARCH, {}, search),
        (catalog.SUGGEST, {}, {"suggestions": [SUGGESTION]}),
        (records.RECORD, record, RECORD),
        (records.HISTORY, record, {"versions": [VERSION]}),
        (records.RELATED, record, {"refers_to": [RELATED], "referred_by": [], "totals": totals}),
        (catalog.SAVED_SEARCHES, {}, {"searches": [SAVED]}),
        (catalog.SAVE_SEARCH, {}, SAVED),
        (booking.AVAILABILITY, {"instrument_id": "instrument-1"}, OFFER),
        (booking.BOOKINGS, {}, {"bookings": [BOOKING], "next": None}),
        (booking.BOOKING, own, BOOKING),
        (booking.BOOK, {}, BOOKING),
        *((action, own, BOOKING) for action in booking.ACTIONS.values()),
        (curation.CONFLICTS, {}, {"conflicts": [DISPUTED], "next": None}),
        (curation.DUPLICATES, {}, {"duplicates": PAIRS, "next": "7"}),
        (curation.DECISIONS, record, {"same_as": [SAME_AS], "preferences": [PREFERENCE]}),
        (curation.PREFER, record, {"preference": PREFERENCE}),
        (curation.SAME_AS, {}, {"same_as": SAME_AS}),
        (ingest.RECEIPTS, {}, {"receipts": [RECEIPT]}),
        (ingest.RECEIPT, receipt, summary | {"states": states, "uncounted": 0}),
        (ingest.ROWS, receipt, {"rows": ROWS, "next": None}),
        (ingest.SUBMIT, {"kind": "instrument"}, summary),
        *portal_accounts.answers(),
    ]
    told += oversight.answers(SUMMARY, SOURCE)
    return {(one.method, address(one, **names)): example(one, answer) for one, names, answer in told}


ANSWERS = _answers()
DOCUMENTS = {
    address(booking.CALENDAR, booking_id="booking-1"): "text/calendar",
    address(ingest.TEMPLATE, kind="instrument"): "text/csv",
    address(ingest.REFUSED, receipt_id="receipt-1"): "text/csv",
    address(audit.AUDIT_LINES): "text/csv",
}
Handler = Callable[[httpx.Request], httpx.Response | None]


class Nobody:
    """The tokens that a portal knows by itself where it stands apart from the APIs."""

    def principal(self, token: str) -> None:
        return None


class Asked:
    """The portal on a made-up API, which takes one token.

    `requests` are those that reached the API; `answer` may answer one first.
    """

    def __init__(self, scheme: str = "http", roles: tuple[Role, ...] = ("member",)) -> None:
        self.requests: list[httpx.Request] = []
        self.answer: Handler = lambda _: None
        self.taken = TOKEN
        own = {"id": "owner", "label": HOSTILE, "authority": "owner"}
        self.me = example(
            access.ME,
            {"name": "a", "roles": roles, "sources": [own] if len(roles) > 1 else []} | portal_accounts.ACTING,
        )
        self.app = app = FastAPI()
        app.state.access = Nobody()
        transport = httpx.MockTransport(self._reply)
        self.router = portal(httpx.AsyncClient(transport=transport, base_url="http://hub.internal"))
        app.include_router(self.router)
        install_error_pages(app)
        app.add_middleware(Limited, table=limits_of_routes(256 * MIB))
        self.browser = TestClient(app, base_url=f"{scheme}://hub.test", follow_redirects=False, client=("127.0.0.1", 1))
        self.browser.headers["accept"] = "text/html"

    def _reply(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if (answer := self.answer(request)) is not None:
            return answer
        path = request.url.path
        if path == access.ME.path:
            known = request.headers.get("authorization") == f"Bearer {TOKEN}"
            return json_answer(self.me) if known else problem(401)
        if path == accounts.BEGIN_SESSION.path and request.method == "POST":
            known = request.headers.get("authorization") == f"Bearer {self.taken}" or b"-1" in request.content
            return json_answer(ANSWERS["POST", path]) if known else problem(401)
        if path in DOCUMENTS:
            return httpx.Response(200, content=b"content", headers={"content-type": DOCUMENTS[path]})
        if (request.method == "DELETE" and path != accounts.END_OTHERS.path) or path in portal_accounts.NOTHING:
            return httpx.Response(204)
        body = ANSWERS.get((request.method, quote(path)))
        return problem(404) if body is None else json_answer(body)


def steward() -> Asked:
    """The portal of one who may do everything."""
    asked = Asked(roles=("agency", "member", "operator", "submitter"))
    asked.browser.cookies.set("hub_session", TOKEN)
    return asked


def signed_in(*roles: Any) -> Asked:
    asked = Asked(roles=roles or ("member",))
    asked.browser.cookies.set("hub_session", TOKEN)
    return asked


def answering(*answers: tuple[Operation[Any], object]) -> Callable[[httpx.Request], httpx.Response | None]:
    """Other answers to operations whose paths name nothing; a number is the status of a refusal."""
    kept = {
        (one.method, one.path): problem(answer) if isinstance(answer, int) else json_answer(example(one, answer))
        for one, answer in answers
    }
    return lambda request: kept.get((request.method, request.url.path))


def sent(asked: Asked, path: str) -> Any:
    """The body of the last request to the path."""
    request = next(one for one in reversed(asked.requests) if one.url.path == path and one.method == "POST")
    return orjson.loads(request.content)


def json_answer(body: bytes) -> httpx.Response:
    return httpx.Response(200, content=body, headers={"content-type": "application/json"})


def problem(status: int, message: str = "说明", code: str = "x") -> httpx.Response:
    """application/problem+json as hub.web.problems writes it."""
    item = ProblemItem(code=code, message=message, expected=message, found="", field=None, label=None, row=None)
    body = ProblemDetails(type=f"about:blank#{code}", title=message, status=status, errors=(item,)).model_dump_json()
    return httpx.Response(status, content=body, headers={"content-type": "application/problem+json"})
