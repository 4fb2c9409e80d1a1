"""Pages of claims, of the audit trail and of instruments' managers: what they show, pass on and offer to whom."""

import re
from collections.abc import Mapping
from typing import Any, get_args
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import orjson
import pytest

from hub.kernel.access import Role
from hub.ports.audit import Action
from schemas.http import audit, claims
from schemas.http.claims import CLAIMS
from tests.contract import example
from tests.unit import portal_oversight as made
from tests.unit.portal_api import HOSTILE, SOURCE, SUMMARY, TOKEN, Asked, json_answer, problem, steward

pytestmark = pytest.mark.unit
SAME_SITE = {"origin": "http://hub.test"}


def as_role(*roles: Role) -> Asked:
    asked = Asked(roles=roles)
    asked.browser.cookies.set("hub_session", TOKEN)
    return asked


def with_claims(asked: Asked, *rows: Mapping[str, Any]) -> Asked:
    answer = json_answer(example(CLAIMS, {"claims": rows, "next": None}))
    asked.answer = lambda request: answer if request.url.path == CLAIMS.path else None
    return asked


def claim(**changed: Any) -> dict[str, Any]:
    return made.claim(1, SUMMARY, SOURCE, **changed)


def sent(asked: Asked, path: str) -> list[Any]:
    """The bodies that reached the operation."""
    posts = (request for request in asked.requests if request.method == "POST" and request.url.path.endswith(path))
    return [orjson.loads(request.content) for request in posts]


def actions(page: str) -> list[str]:
    return re.findall(r'name="decision" value="([a-z]+)"', page)


@pytest.mark.parametrize("path", ["/steward/claims", "/audit", "/instruments/instrument-1/managers"])
def test_values_are_never_markup(path: str) -> None:
    answer = steward().browser.get(path)
    assert answer.status_code == 200
    assert "alert(1)" in answer.text
    assert HOSTILE not in answer.text
    assert not re.search(r"<script>|\son[a-z]+=|style=", answer.text)


def test_a_claim_shows_both_sides_and_marks_where_they_differ() -> None:
    fields = [{"field": "model", "label": "型号", "recorded": "甲型", "claimed": "乙型"}]
    alike = [{"field": "pid", "label": "持久标识", "recorded": "10.1/x", "claimed": "10.1/x"}]
    row = claim(fields=fields, alike=alike, holder_name="甲所", claimant_name="乙所")
    page = with_claims(as_role("steward"), row).browser.get("/steward/claims").text
    differing = page[page.index('<tr class="differs">') :]
    assert differing.index("型号") < differing.index("甲型") < differing.index("乙型")
    same = page[page.index("相同的 1 项") :]
    assert "持久标识" in same[: same.index("</table>")]
    assert 'class="differs"' not in same[: same.index("</table>")]
    assert all(words in page for words in ("甲所", "乙所", "相同的标识", "现有记录", "认领方的行"))


@pytest.mark.parametrize(
    ("changed", "roles", "offered"),
    [
        ({}, ["steward"], ["accepted", "joined", "refused"]),
        ({"holder": "", "holder_name": ""}, ["operator"], ["accepted", "refused"]),
        ({"may_decide": False}, ["submitter"], []),
        ({"may_decide": False, "may_give_up": True}, ["manager"], ["refused"]),
        ({"decision": "accepted", "decided_by": "a", "decided_at": made.AT}, ["steward"], []),
        ({"decision": "refused", "decided_by": "a", "decided_at": made.AT}, ["steward"], ["accepted", "joined"]),
    ],
)
def test_a_claim_offers_what_the_reader_may_decide_of_it(
    changed: dict[str, Any], roles: list[Role], offered: list[str]
) -> None:
    page = with_claims(as_role(*roles), claim(**changed)).browser.get("/steward/claims").text
    assert actions(page) == offered


def test_a_claimant_sees_what_became_of_its_claim_and_why() -> None:
    row = claim(claimant="org-1", may_decide=False)
    page = with_claims(as_role("submitter"), row).browser.get("/steward/claims").text
    assert "等待决定" in page
    assert "/steward/duplicates" not in page, "tabs are of stewards"
    row |= {"decision": "refused", "decided_by": "王", "decided_at": made.AT, "reason": "不是同一台"}
    page = with_claims(as_role("submitter"), row).browser.get("/steward/claims?state=all").text
    assert "已拒绝" in page
    assert "不是同一台" in page


def test_a_decision_goes_to_the_api_as_it_was_filled_in_and_leads_back() -> None:
    asked = steward()
    form = {
        "decision": "refused",
        "reason": "不是同一台",
        "next": "/steward/claims?unheld=true&done=old&decision=joined",
    }
    answer = asked.browser.post("/steward/claims/claim-1", data=form, headers=SAME_SITE)
    assert sent(asked, "/claims/claim-1/decision") == [{"decision": "refused", "reason": "不是同一台"}]
    told = [("unheld", "true"), ("done", "claim-1"), ("decision", "refused")]
    assert parse_qsl(urlsplit(answer.headers["location"]).query) == told
    page = asked.browser.get(answer.headers["location"]).text
    assert "已拒绝，记录不变" in page
    assert "/steward/claims/claim-1" not in page, "what was just decided waits for nobody any more"
    asked.answer = lambda request: problem(403, "由管理该记录的单位决定") if request.method == "POST" else None
    refused = asked.browser.post("/steward/claims/claim-1", data=form, headers=SAME_SITE)
    assert (refused.status_code, "由管理该记录的单位决定" in refused.text) == (403, True)


def test_claims_on_records_that_nobody_holds_are_ticked_and_accepted_together() -> None:
    free = claim(holder="", holder_name="")
    rows = [free, free | {"id": "claim-2"}, free | {"id": "claim-3", "contested": True}, claim(id="claim-4")]
    asked = with_claims(as_role("operator"), *rows)
    page = asked.browser.get("/steward/claims?unheld=true&after=x").text
    assert re.findall(r'name="claim" value="([^"]+)"', page) == ["claim-1", "claim-2"]
    assert " checked" not in page
    more = re.search(r'href="([^"]+ticked=1)"', page)
    assert more
    assert asked.browser.get(more[1].replace("&amp;", "&")).text.count(" checked") == 2
    assert 'name="claim"' not in with_claims(as_role("steward"), free).browser.get("/steward/claims").text
    asked.answer = lambda request: None
    form = {"claim": ["claim-1", "claim-2"], "next": "/steward/claims?unheld=true&ticked=1"}
    answer = asked.browser.post("/steward/claims", data=form, headers=SAME_SITE)
    assert sent(asked, "/decisions")[0] == {
        "decision": "accepted",
        "claims": ["claim-1", "claim-2"],
        "claimant": "",
        "after": "",
    }
    told = parse_qs(urlsplit(answer.headers["location"]).query)
    assert (told["unheld"], told["more"], "ticked" in told) == (["true"], ["1"], False)


def test_all_of_one_organisation_are_accepted_as_far_as_a_few_requests_reach() -> None:
    asked = with_claims(as_role("operator"), claim(holder="", holder_name="", claimant_name="乙所"))
    page = asked.browser.get("/steward/claims?unheld=true&claimant=org-2").text
    assert "接受“乙所”的全部" in page
    asked = steward()
    answer = asked.browser.post("/steward/claims", data={"claimant": "org-2", "claim": "x"}, headers=SAME_SITE)
    bodies = sent(asked, "/decisions")
    assert [body["after"] for body in bodies] == ["", "claim-2", "claim-2", "claim-2"]
    assert {(body["claimant"], len(body["claims"])) for body in bodies} == {("org-2", 0)}
    told = parse_qs(urlsplit(answer.headers["location"]).query)
    assert (told["decided"], told["left"], told["more"]) == (["4"], ["4"], ["1"])
    page = asked.browser.get(answer.headers["location"]).text
    assert all(words in page for words in ("已接受 4 项认领", "另有 4 项须逐项决定", "还有更多"))
    last = example(claims.DECIDE_CLAIMS, {"claims": [], "next": None})
    asked.answer = lambda request: json_answer(last) if request.url.path.endswith("/decisions") else None
    answer = asked.browser.post("/steward/claims", data={"claimant": "org-2"}, headers=SAME_SITE)
    assert "more" not in answer.headers["location"]


def test_filters_of_the_trail_go_to_the_api_and_stay_in_its_links() -> None:
    asked = as_role("auditor")
    query = {"from": "2026-11-01", "to": "", "action": "claim.decide", "account": "acc-2", "before": "9", "utm": "x"}
    page = asked.browser.get("/audit", params=query).text
    (call,) = (request for request in asked.requests if request.url.path == audit.AUDIT.path)
    chosen = {"from": "2026-11-01", "action": "claim.decide", "account": "acc-2"}
    assert dict(call.url.params) == chosen | {"limit": "50", "before": "9"}
    links = [
        dict(parse_qsl(urlsplit(link.replace("&amp;", "&")).query))
        for link in re.findall(r'href="(/audit[^"]+)"', page)
    ]
    assert chosen | {"before": "6"} in links
    assert chosen | {"format": "csv"} in links
    assert chosen | {"format": "ndjson"} in links
    assert 'value="claim.decide" selected' in page
    assert 'value="2026-11-01"' in page


def test_every_action_can_be_chosen_by_its_words_and_none_by_its_code() -> None:
    for language in ("zh", "en"):
        page = as_role("auditor").browser.get(f"/audit?lang={language}").text
        options = dict(re.findall(r'<option value="([a-z.-]+)"[^>]*>([^<]+)</option>', page))
        assert set(options) >= set(get_args(Action))
        assert not [code for code, words in options.items() if code in words and "." in code]
        assert "claim.decide" not in re.sub(r'value="[^"]*"', "", page)


def test_times_are_of_the_hubs_zone_and_the_state_of_the_chain_is_told() -> None:
    asked = as_role("member")
    page = asked.browser.get("/audit").text
    assert "2026年11月20日 10:00:00" in page
    assert "截至 2026年11月20日 10:00:00 的 7 条记录与写入时一致" in page
    assert 'name="account"' not in page, "one's own entries are not looked for by account"
    for state, words in (("changed", "不一致"), ("missing", "缺少第 7 条"), ("cut", "被删去")):
        chain = example(audit.AUDIT_CHAIN, made.CHAIN | {"state": state})
        asked.answer = lambda request, chain=chain: json_answer(chain) if request.url.path.endswith("/chain") else None  # type: ignore[misc]
        page = asked.browser.get("/audit").text
        assert words in page
        assert "审计记录被改动" in page


def test_an_export_is_handed_on_with_its_filters() -> None:
    asked = as_role("auditor")
    answer = asked.browser.get("/audit/export?format=csv&outcome=refused&before=4")
    assert (answer.content, answer.headers["content-type"]) == (b"content", "text/csv")
    assert dict(asked.requests[-1].url.params) == {"outcome": "refused", "format": "csv"}


def test_managers_are_named_among_those_who_can_decide_and_removed() -> None:
    asked = as_role("manager")
    page = asked.browser.get("/instruments/instrument-1/managers").text
    assert re.findall(r'<option value="([^"]+)"', page) == ["acc-1", "acc-3", "acc-1", "acc-3"]
    assert re.findall(r'name="remove" value="([^"]+)"', page) == ["acc-2", "acc-gone"]
    assert "不在本页列出的成员中" in page
    assert 'href="?after=a~b"' in page
    path = "/instruments/instrument-1/managers"
    answer = asked.browser.post(path, data={"add": "acc-1"}, headers=SAME_SITE)
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    asked.browser.post(path, data={"remove": "acc-gone"}, headers=SAME_SITE)
    assert [body["accounts"] for body in sent(asked, "/managers")] == [["acc-1", "acc-2", "acc-gone"], ["acc-2"]]


def test_who_may_not_name_managers_is_told_so_and_whose_organisation_has_no_members_too() -> None:
    asked = as_role("manager")
    asked.answer = lambda request: problem(403) if request.url.path.endswith("/managers") else None
    assert asked.browser.get("/instruments/instrument-1/managers").status_code == 403
    asked.answer = lambda request: problem(404) if request.url.path.endswith("/members") else None
    page = asked.browser.get("/instruments/*/managers")
    assert page.status_code == 200
    assert "没有可列出的成员" in page.text
    assert "acc-3" in page.text


@pytest.mark.parametrize(
    ("roles", "shown"),
    [
        (("member",), {"/audit"}),
        (("submitter",), {"/audit", "/steward/claims"}),
        (("approver",), {"/audit", "/steward/claims"}),
        (("manager",), {"/audit", "/steward/claims", "/instruments/*/managers"}),
        (("steward",), {"/audit", "/steward/claims"}),
        (("auditor",), {"/audit"}),
        (("operator",), {"/audit", "/steward/claims"}),
    ],
)
def test_the_account_page_leads_to_what_the_reader_has_use_for(roles: tuple[Role, ...], shown: set[str]) -> None:
    page = as_role(*roles).browser.get("/account").text
    links = set(re.findall(r'href="([^"?]+)"', page))
    assert links & {"/audit", "/steward/claims", "/instruments/*/managers"} == shown


def test_a_record_leads_to_its_managers_where_the_reader_may_name_them() -> None:
    def records(may: bool) -> Any:
        def answer(request: httpx.Request) -> httpx.Response | None:
            return json_answer(record(may)) if request.url.path.endswith("/records/instrument-1") else None

        return answer

    asked = as_role("manager")
    for may in (True, False):
        asked.answer = records(may)
        assert ("/instruments/instrument-1/managers" in asked.browser.get("/records/instrument-1").text) is may


def record(names_managers: bool) -> bytes:
    from schemas.http.records import RECORD as READ
    from tests.unit.portal_api import RECORD

    return example(READ, RECORD | {"names_managers": names_managers})
