"""Every page and every form: how often it asks the API, and that it reads answers by their models."""

import re
from pathlib import Path

import pytest
from starlette.routing import Match, Route

from tests.unit.portal_api import HOSTILE, SLOTS, TOKEN, Asked, problem, steward

pytestmark = pytest.mark.unit
ROOT = Path(__file__).parents[2]
SAME_SITE = {"origin": "http://hub.test"}
MOST_CALLS = 5
PAGES = (
    "/",
    "/?q=a",
    "/suggest?q=a",
    "/records/instrument-1",
    "/records/instrument-1/book",
    "/bookings",
    "/bookings?scope=owned",
    "/bookings?instrument=instrument-1",
    "/bookings/booking-1",
    "/bookings/booking-1/calendar.ics",
    "/saved",
    "/saved/new?q=a",
    "/import",
    "/import/receipts/receipt-1",
    "/import/receipts/receipt-1/refused.csv",
    "/import/templates/instrument.csv",
    "/steward",
    "/steward/duplicates",
    "/steward/claims",
    "/instruments/instrument-1/managers",
    "/audit",
    "/audit/export",
    "/account",
    "/sign-in",
    "/signed-out",
    "/register",
    "/mailbox",
    "/account/data",
    "/account/data/export",
    "/account/sessions",
    "/account/tokens",
    "/organisation",
    "/organisation?joined=1&after=a",
    "/invitation",
    "/verifications?state=unverified&done=verified",
    "/language",
    "/manifest.webmanifest",
)
FORMS = {
    "/records/instrument-1/book": {"start": SLOTS[1]["start"], "end": SLOTS[1]["end"]},
    **{f"/bookings/booking-1/{action}": {"reason": "r"} for action in ("confirm", "decline", "cancel")},
    "/saved": {"name": "a", "query": "q=a"},
    "/saved/search-1/forget": {},
    "/import": {"kind": "instrument", "source": "owner"},
    "/steward/records/instrument-1/preference": {"field": "model", "source": "owner", "source_record_id": "1"},
    "/steward/same-as": {"left": "a-1", "right": "a-2", "decision": "joined"},
    "/steward/claims": {"claimant": "org-2"},
    "/steward/claims/claim-1": {"decision": "refused", "reason": "r"},
    "/instruments/instrument-1/managers": {"add": "acc-2"},
    "/sign-in": {"token": TOKEN},
    "/sign-in/code": {"email": "a@b.cn"},
    "/register": {"person": "李", "name": "公司"},
    "/sign-out": {},
    "/account": {"name": "李"},
    "/account/organisation": {"organisation": "org-2"},
    "/account/data/erase": {"confirmation": "a@b.cn"},
    "/account/sessions/end": {"here": "1"},
    "/account/sessions/ses-2/end": {},
    "/account/tokens": {"name": "a", "scope.member": "1", "source.owner": "1", "days": "30"},
    "/account/tokens/tok-1/revoke": {},
    "/organisations/org-1/members/acc-2": {"role.member": "1", "administrator": "1"},
    "/organisations/org-1/members/acc-2/remove": {},
    "/organisations/org-1/invitations": {"email": "b@c.cn", "role.member": "1"},
    "/organisations/org-1/invitations/inv-1/withdraw": {},
    "/invitation": {"invitation": "http://hub.test/invitation#inv-1"},
    "/invitation/answer": {"invitation": "inv-1", "answer": "accept", "name": "李"},
    "/verifications/org-1/verify": {"evidence": "licence", "credit_code": "", "state": "unverified", "after": "a"},
    "/verifications/org-1/suspend": {"reason": "fraud", "state": "verified"},
}
ELSEWHERE = {"/sign-in/oidc", "/sign-in/callback", "/sign-out/oidc", "/static/{digest}/{name:path}"}
"""Pages that need a provider, and files: they are tested with what they need."""


@pytest.mark.parametrize("path", PAGES)
def test_a_page_makes_few_calls_and_shows_no_markup_of_others(path: str) -> None:
    asked = steward()
    answer = asked.browser.get(path)
    assert answer.status_code in (200, 303, 307)
    assert len(asked.requests) <= MOST_CALLS, [request.url.path for request in asked.requests]
    assert HOSTILE not in answer.text or "json" in answer.headers["content-type"]


@pytest.mark.parametrize("path", FORMS)
def test_a_form_makes_few_calls_whether_it_is_taken_or_not(path: str) -> None:
    for status in (0, 409, 422):
        asked = steward()
        asked.answer = lambda request, status=status: problem(status) if status and request.method != "GET" else None  # type: ignore[misc]
        files = {"file": ("a.csv", b"a", "text/csv")} if path == "/import" else None
        answer = asked.browser.post(path, data=FORMS[path], files=files, headers=SAME_SITE)
        assert answer.status_code in (200, 303, status)
        assert len(asked.requests) <= MOST_CALLS, [request.url.path for request in asked.requests]


def test_every_page_is_counted() -> None:
    routes = [route for route in Asked().router.routes if isinstance(route, Route)]
    named = [*((path.partition("?")[0], "GET") for path in PAGES), *((path, "POST") for path in FORMS)]
    scopes = [{"type": "http", "method": method, "path": path} for path, method in named]
    left = {route.path for route in routes if not any(route.matches(scope)[0] is Match.FULL for scope in scopes)}
    assert left == ELSEWHERE


@pytest.mark.parametrize("folder", ["services/portal", "app/cli"])
def test_no_answer_is_read_as_a_dictionary_of_anything(folder: str) -> None:
    untyped = re.compile(r"(dict|Mapping)\[str, Any\]")
    assert [path.name for path in (ROOT / folder).rglob("*.py") if untyped.search(path.read_text())] == []
