"""A small API that answers as the hub's own does, for the portal's unit tests, and keeps what it was asked."""

import json
from collections.abc import Callable
from typing import Any

import httpx
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.limits import limits_of_routes
from hub.web.limits import MIB, Limited
from services.portal.app import install_error_pages, portal

TOKEN = "known-token"  # not a secret of anything
HOSTILE = "<script>alert(1)</script>&\"'"
RECEIVED = {"id": "owner", "label": "单位自行登记", "received_at": "2026-11-20T02:00:00Z"}
HIT: dict[str, Any] = {
    "id": "instrument-1",
    "kind": "instrument",
    "kind_label": "仪器设备",
    "version": 2,
    "updated_at": "2026-11-20T02:00:00Z",
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
RECORD: dict[str, Any] = HIT | {
    "status": "active",
    "created_at": "2026-01-01T00:00:00Z",
    "replaced_by": None,
    "same_as": [],
    "bookable": True,
    "booking_refusal": None,
    "rows": [{"path": "model", "label": HOSTILE, "shown": HOSTILE, "values": [{"shown": HOSTILE, "url": None}]}],
    "conflicts": [],
    "hidden": [HOSTILE],
}
RECORD["rows"][0]["source"] = RECEIVED
KIND = {
    "name": "instrument",
    "label": "仪器设备",
    "count": 1,
    "facets": [],
    "sorts": [],
    "ranges": [],
    "bookable": True,
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
    "hourly_rate": {"amount": "1300.00", "currency": "CNY"},
    "days": [{"date": "2027-02-28", "slots": []}, {"date": "2027-03-01", "slots": SLOTS}],
}
ANSWERS: dict[str, Any] = {
    "/api/v1/kinds": {"kinds": [KIND]},
    "/api/v1/search": {"total": 1, "hits": [HIT], "facets": [], "next_cursor": "c+/=&", "sort": "relevance"},
    "/api/v1/records/instrument-1": RECORD,
    "/api/v1/records/instrument-1/history": {"versions": []},
    "/api/v1/records/instrument-1/related": {"refers_to": [], "referred_by": []},
    "/api/v1/instruments/instrument-1/availability": OFFER,
}
Handler = Callable[[httpx.Request], httpx.Response | None]


class Asked:
    """The portal on a made-up API. `requests` are those that reached the API; `answer` may answer one first."""

    def __init__(self, scheme: str = "http") -> None:
        self.requests: list[httpx.Request] = []
        self.answer: Handler = lambda _: None
        self.app = app = FastAPI()
        transport = httpx.MockTransport(self._reply)
        app.include_router(portal(httpx.AsyncClient(transport=transport, base_url="http://hub.internal")))
        install_error_pages(app)
        app.add_middleware(Limited, table=limits_of_routes(256 * MIB))
        self.browser = TestClient(app, base_url=f"{scheme}://hub.test", follow_redirects=False)
        self.browser.headers["accept"] = "text/html"

    def _reply(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if (answer := self.answer(request)) is not None:
            return answer
        path = request.url.path
        if path == "/api/v1/me":
            known = request.headers.get("authorization") == f"Bearer {TOKEN}"
            return (
                httpx.Response(200, json={"name": "a", "roles": ["member"], "sources": []}) if known else problem(401)
            )
        return httpx.Response(200, json=ANSWERS[path]) if path in ANSWERS else problem(404)


def problem(status: int, message: str = "说明") -> httpx.Response:
    """application/problem+json as hub.web.problems writes it."""
    body = {"type": "about:blank#x", "title": message, "status": status, "errors": [{"message": message}]}
    return httpx.Response(status, content=json.dumps(body), headers={"content-type": "application/problem+json"})
