"""The pages of accounts and organisations on a made-up API: what they pass on, and what they show to whom."""

import re
from typing import Any

import httpx
import orjson
import pytest

from schemas.http import accounts, organisations
from schemas.http.access import ME
from tests.contract import example
from tests.unit.portal_accounts import (
    ACTING,
    HOSTILE,
    INVITATION,
    MEMBER,
    ORGANISATION,
    OWN_ACCOUNT,
    OWN_ORGANISATION,
)
from tests.unit.portal_api import SLOTS, Asked, answering, json_answer, problem, sent, signed_in

SAME_SITE = {"origin": "http://hub.test"}


@pytest.fixture
def asked() -> Asked:
    return signed_in()


def account_with(**organisation: Any) -> dict[str, Any]:
    """The account, in an organisation that differs so."""
    own = OWN_ORGANISATION | {"organisation": ORGANISATION | organisation}
    return OWN_ACCOUNT | {"organisations": [own]}


def test_the_account_page_tells_who_one_is_and_for_whom_one_acts(asked: Asked) -> None:
    text = asked.browser.get("/account").text
    assert "a@b.cn" in text
    assert text.count("正在代表") == 1
    assert text.count("/account/organisation") == 1, "the other one alone can be chosen"
    asked.browser.post("/account/organisation", data={"organisation": "org-2"}, headers=SAME_SITE)
    assert sent(asked, accounts.ACT_FOR.path) == {"organisation": "org-2"}


def test_a_name_that_is_refused_is_told_at_its_field(asked: Asked) -> None:
    body = orjson.loads(problem(422, "请填姓名").content)
    body["errors"][0]["field"] = "name"
    headers = {"content-type": "application/problem+json"}
    refusal = httpx.Response(422, content=orjson.dumps(body), headers=headers)
    asked.answer = lambda request: refusal if request.method == "POST" else None
    answer = asked.browser.post("/account", data={"name": "李<"}, headers=SAME_SITE)
    assert answer.status_code == 422
    assert 'value="李&lt;" aria-invalid="true" aria-describedby="wrong-name"' in answer.text
    assert '<p id="wrong-name" class="field-error" role="alert">应为：请填姓名</p>' in answer.text


def test_who_acts_for_a_suspended_organisation_is_told_what_that_means() -> None:
    asked = signed_in()
    asked.me = example(ME, {"name": "a", "roles": [], "sources": []} | ACTING)
    asked.answer = answering((accounts.ACCOUNT, account_with(state="suspended")))
    assert "请联系枢纽管理员了解原因" in asked.browser.get("/account").text
    text = asked.browser.get("/organisation").text
    assert "请联系枢纽管理员了解原因" in text
    assert "发出邀请" not in text
    assert organisations.INVITATIONS.path.rpartition("/")[2] not in [
        request.url.path.rpartition("/")[2] for request in asked.requests
    ]


def test_the_holder_of_an_older_token_has_an_account_page_without_an_account(asked: Asked) -> None:
    asked.answer = answering((accounts.ACCOUNT, 403))
    assert "旧版令牌" in asked.browser.get("/account").text
    assert "旧版令牌" in asked.browser.get("/organisation").text


def test_a_member_reads_and_an_administrator_changes() -> None:
    member, administrator = signed_in(), signed_in()
    member.answer = answering((accounts.ACCOUNT, OWN_ACCOUNT | {"organisations": [plain_membership()]}))
    text = member.browser.get("/organisation").text
    assert "由单位管理员操作" in text
    assert re.findall(r'action="/organisations/org-1/([^"]*)"', text) == ["members/acc-1/remove"], "leaving alone"
    text = administrator.browser.get("/organisation").text
    assert set(re.findall(r'action="/organisations/org-1/([^"]*)"', text)) == {
        "members/acc-1",
        "members/acc-1/remove",
        "members/acc-2",
        "members/acc-2/remove",
        "invitations",
        "invitations/inv-1/withdraw",
    }


def plain_membership() -> dict[str, Any]:
    return OWN_ORGANISATION | {"administrator": False, "roles": ["member"]}


def test_members_of_one_name_are_told_apart_by_their_accounts(asked: Asked) -> None:
    assert "<code>acc-2</code>" in asked.browser.get("/organisation").text
    path = "/api/v1/organisations/org-1/members"
    listed = {"members": [MEMBER, MEMBER | {"account": "acc-2", "name": "李娜"}], "next": ""}
    answer = json_answer(example(organisations.MEMBERS, listed))
    asked.answer = lambda request: answer if request.url.path == path else None
    assert "<code>acc-2</code>" not in asked.browser.get("/organisation").text


def test_roles_beyond_an_organisation_are_offered_to_operators_alone() -> None:
    assert 'name="role.operator"' not in signed_in("member").browser.get("/organisation").text
    assert 'name="role.operator"' in signed_in("operator").browser.get("/organisation").text


def test_the_boxes_that_were_ticked_are_the_roles(asked: Asked) -> None:
    path = "/organisations/org-1/members/acc-2"
    form = {"role.member": "1", "role.approver": "1", "administrator": "1"}
    answer = asked.browser.post(path, data=form, headers=SAME_SITE)
    assert answer.headers["location"] == "/organisation"
    assert sent(asked, f"/api/v1{path}") == {"roles": ["member", "approver"], "administrator": True}
    asked.browser.post(path, data={}, headers=SAME_SITE)
    assert sent(asked, f"/api/v1{path}") == {"roles": [], "administrator": False}


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/organisations/org-1/members/acc-1/remove", {"leave": "1"}),
        ("/organisations/org-1/members/acc-2", {"role.member": "1"}),
    ],
)
def test_the_last_administrator_is_told_beside_the_form_why_not(asked: Asked, path: str, form: dict[str, str]) -> None:
    api = f"/api/v1{path.removesuffix('/remove')}"
    asked.answer = lambda request: problem(409, "先指定另一位管理员") if request.url.path == api else None
    answer = asked.browser.post(path, data=form, headers=SAME_SITE)
    assert answer.status_code == 409
    assert '<p class="field-error" role="alert">先指定另一位管理员</p>' in answer.text
    assert answer.text.count('<details class="sure" open>') == 1


def test_who_leaves_goes_back_to_their_account(asked: Asked) -> None:
    path = "/organisations/org-1/members/acc-1/remove"
    assert asked.browser.post(path, data={"leave": "1"}, headers=SAME_SITE).headers["location"] == "/account"
    assert asked.browser.post(path, data={}, headers=SAME_SITE).headers["location"] == "/organisation"


def test_an_invitation_without_mail_shows_its_link_once(asked: Asked) -> None:
    answer = asked.browser.post("/organisations/org-1/invitations", data={"role.member": "1"}, headers=SAME_SITE)
    assert 'value="http://hub.test/invitation#inv"' in answer.text
    assert 'data-copy="link"' in answer.text
    assert "invitation#" not in asked.browser.get("/organisation").text


def test_only_open_invitations_wait_and_those_too_late_are_told() -> None:
    asked = signed_in()
    old = INVITATION | {"expires_at": "2020-01-01T00:00:00Z", "email": "late@b.cn"}
    answered = INVITATION | {"state": "accepted", "email": "joined@b.cn"}
    path = "/api/v1/organisations/org-1/invitations"
    listed = json_answer(example(organisations.INVITATIONS, {"invitations": [old, answered]}))
    asked.answer = lambda request: listed if request.url.path == path else None
    text = asked.browser.get("/organisation").text
    assert "late@b.cn" in text
    assert "已过期" in text
    assert "joined@b.cn" not in text


def test_a_token_is_asked_for_as_ticked_and_shown_once(asked: Asked) -> None:
    form = {"name": "机时上报", "scope.member": "1", "scope.administer": "1", "days": "30"}
    answer = asked.browser.post("/account/tokens", data=form, headers=SAME_SITE)
    body = {"name": "机时上报", "scopes": ["member", "administer"], "sources": [], "days": 30}
    assert sent(asked, accounts.ISSUE_TOKEN.path) == body
    assert 'value="hub_tok-1_secret"' in answer.text
    assert "hub_tok-1_secret" not in asked.browser.get("/account/tokens").text


def test_a_token_that_is_refused_keeps_what_was_filled_in(asked: Asked) -> None:
    asked.answer = answering((accounts.ISSUE_TOKEN, 403))
    form = {"name": "a<", "scope.member": "1", "days": "366"}
    answer = asked.browser.post("/account/tokens", data=form, headers=SAME_SITE)
    assert answer.status_code == 403
    assert 'value="a&lt;"' in answer.text
    assert 'name="scope.member" value="1" checked' in answer.text
    assert '<option value="366" selected>' in answer.text


def test_signing_out_everywhere_ends_the_session_here_too(asked: Asked) -> None:
    answer = asked.browser.post("/account/sessions/end", data={"here": "1"}, headers=SAME_SITE)
    assert answer.headers["location"] == "/"
    assert 'hub_session=""' in answer.headers["set-cookie"]
    ended = [(request.method, request.url.path) for request in asked.requests]
    assert ended == [("DELETE", "/api/v1/sessions"), ("DELETE", "/api/v1/sessions/current")]


def test_a_verifier_sees_evidence_and_a_refusal_leaves_the_form_open() -> None:
    asked = signed_in("operator")
    assert "核验依据" in asked.browser.get("/verifications").text
    path = "/verifications/org-1/verify"
    form = {"evidence": "执照<", "credit_code": "x", "state": "unverified", "after": ""}
    answer = asked.browser.post(path, data=form, headers=SAME_SITE)
    assert answer.headers["location"] == "/verifications?state=unverified&done=verified"
    body = {"evidence": "执照<", "credit_code": "x", "record_id": ""}
    assert sent(asked, "/api/v1/organisations/org-1/verify") == body
    asked.answer = lambda request: problem(409, "信用代码已被使用") if request.method == "POST" else None
    answer = asked.browser.post(path, data=form, headers=SAME_SITE)
    assert answer.status_code == 409
    assert "信用代码已被使用" in answer.text
    assert ">执照&lt;</textarea>" in answer.text
    assert answer.text.count('<details class="sure" open>') == 1


def test_who_belongs_to_nobody_registers_and_returns_to_the_slot() -> None:
    asked = signed_in()
    asked.me = example(ME, {"name": "a", "roles": [], "sources": []} | ACTING | {"organisation": ""})
    asked.answer = lambda request: problem(403) if request.method == "POST" else None
    form = {"start": SLOTS[1]["start"], "end": SLOTS[1]["end"]}
    location = asked.browser.post("/records/instrument-1/book", data=form, headers=SAME_SITE).headers["location"]
    assert location.startswith("/register?next=%2Frecords%2Finstrument-1%2Fbook%3Fstart")
    asked.me = example(ME, {"name": "a", "roles": [], "sources": []} | ACTING)
    answer = asked.browser.post("/records/instrument-1/book", data=form, headers=SAME_SITE)
    assert answer.status_code == 403, "of a suspended organisation"


def test_an_organisation_of_one_own_leads_to_registering_or_an_invitation(asked: Asked) -> None:
    asked.answer = answering((accounts.ACCOUNT, OWN_ACCOUNT | {"organisations": []}))
    text = asked.browser.get("/organisation").text
    assert 'href="/register?next=/organisation"' in text
    assert 'href="/invitation"' in text


def test_no_text_of_others_is_markup(asked: Asked) -> None:
    for path in ("/account", "/account/sessions", "/account/tokens", "/organisation", "/verifications"):
        text = asked.browser.get(path).text
        assert "alert(1)" in text
        assert HOSTILE not in text
