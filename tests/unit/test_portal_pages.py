"""The pages on a made-up API: what they pass on, what they refuse, and that nothing they show is markup."""

import re
from pathlib import Path
from typing import get_args
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest
from fastapi.testclient import TestClient

from hub.kernel.access import Role
from schemas.http.access import ME
from schemas.http.accounts import ACCOUNT, BEGIN_SESSION
from schemas.http.catalog import FacetValue
from services.portal.core.facets import short_label, unfolded
from services.portal.pages.search_query import SearchQuery
from tests.contract import example
from tests.unit.portal_accounts import NEW_SESSION, OWN_ACCOUNT
from tests.unit.portal_api import HOSTILE, SLOTS, TOKEN, Asked, json_answer, problem, steward

ROOT = Path(__file__).parents[2]
SAME_SITE = {"origin": "http://hub.test"}


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.mark.parametrize("path", ["/", "/records/instrument-1", "/records/instrument-1/book"])
def test_values_are_never_markup(asked: Asked, path: str) -> None:
    answer = asked.browser.get(path)
    assert answer.status_code == 200
    assert "alert(1)" in answer.text
    assert HOSTILE not in answer.text
    assert not re.search(r"<script>|\son[a-z]+=|style=", answer.text)


def test_every_answer_has_its_security_headers(asked: Asked) -> None:
    for path in ("/", "/nowhere", "/records/unknown", "/static/0/portal.css", "/sign-in"):
        headers = asked.browser.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert "http" not in headers["content-security-policy"]
        assert headers["referrer-policy"] == "same-origin"


def test_the_api_hears_the_readers_token_and_language_and_no_more(asked: Asked) -> None:
    asked.browser.cookies.set("hub_session", TOKEN)
    asked.browser.get("/?q=电镜&utm_source=x&f.status=idle&kind=instrument", headers={"accept-language": "en"})
    search = asked.requests[-1]
    assert search.headers["authorization"] == f"Bearer {TOKEN}"
    assert search.headers["accept-language"] == "en"
    assert search.headers["x-forwarded-for"] == "127.0.0.1"
    assert "cookie" not in search.headers
    assert parse_qs(search.url.query.decode()) == {
        "q": ["电镜"],
        "f.status": ["idle"],
        "kind": ["instrument"],
        "facets": ["kind,auto"],
        "highlight": ["1"],
    }


def test_an_id_is_one_segment_of_the_apis_path(asked: Asked) -> None:
    assert asked.browser.get("/records/x%3Fa=b%23c").status_code == 404
    assert asked.requests[0].url.raw_path.startswith(b"/api/v1/records/x%3Fa%3Db%23c")


@pytest.mark.parametrize(
    "headers",
    [{}, {"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site", **SAME_SITE}],
)
def test_forged_forms_are_refused(asked: Asked, headers: dict[str, str]) -> None:
    asked.browser.cookies.set("hub_session", TOKEN)
    answer = asked.browser.post("/records/instrument-1/book", data={"start": "x"}, headers=headers)
    assert answer.status_code == 403
    assert asked.requests == []


def test_forms_have_a_limit_that_is_told_before_they_are_read() -> None:
    asked, form = steward(), {"content-type": "application/x-www-form-urlencoded"}
    for path, size in (("/records/instrument-1/book", 70_000), ("/import", 300 * 2**20)):
        answer = asked.browser.post(path, content=b"a=b", headers={**SAME_SITE, **form, "content-length": str(size)})
        assert answer.status_code == 413
        assert "文件太大" in answer.text
    assert [request.url.path for request in asked.requests] == ["/api/v1/me"]


def test_signing_in_keeps_the_token_from_scripts_and_addresses() -> None:
    asked = Asked("https")
    answer = asked.browser.get("/sign-in?link=lnk-1&next=/bookings")
    assert (answer.status_code, answer.headers["location"]) == (303, "/bookings")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"__Host-hub_session={TOKEN};")
    assert all(word in cookie.lower() for word in ("httponly", "secure", "samesite=lax", "path=/"))
    assert "domain" not in cookie.lower()


def test_a_pasted_token_is_exchanged_for_a_session_and_never_kept() -> None:
    asked = Asked()
    asked.taken = "pasted"
    answer = asked.browser.post("/sign-in", data={"token": "pasted", "next": "/bookings"}, headers=SAME_SITE)
    assert answer.headers["set-cookie"].startswith(f"hub_session={TOKEN};")
    assert "pasted" not in str(answer.headers)
    assert "set-cookie" not in asked.browser.get("/sign-in?token=pasted").headers, "not taken from an address"


def test_who_belongs_to_nobody_registers_and_then_goes_back() -> None:
    asked = Asked()
    asked.answer = lambda request: (
        json_answer(example(BEGIN_SESSION, NEW_SESSION | {"registered": False}))
        if request.url.path == BEGIN_SESSION.path
        else None
    )
    form = {"ticket": "sgn-1", "code": "1", "next": "/records/a/book?start=b"}
    answer = asked.browser.post("/sign-in/code", data=form, headers=SAME_SITE)
    assert answer.headers["location"] == "/register?next=%2Frecords%2Fa%2Fbook%3Fstart%3Db"
    form = {"person": "李", "name": "公司", "next": "/records/a/book?start=b"}
    assert asked.browser.post("/register", data=form, headers=SAME_SITE).headers["location"] == form["next"]


def test_every_role_is_named_and_who_has_left_is_told_how_to_come_back() -> None:
    everything = Asked(roles=get_args(Role))
    everything.browser.cookies.set("hub_session", TOKEN)
    assert all(name in everything.browser.get("/account").text for name in ("仪器管理员", "审批人", "数据管理员"))
    left = Asked()
    left.me = example(
        ME, {"name": "a", "roles": [], "sources": [], "account": "acc-1", "organisation": "", "credential": "s"}
    )
    nobody = json_answer(example(ACCOUNT, OWN_ACCOUNT | {"organisations": []}))
    left.answer = lambda request: nobody if request.url.path == ACCOUNT.path else None
    left.browser.cookies.set("hub_session", TOKEN)
    answer = left.browser.get("/account")
    assert "还不属于任何单位" in answer.text
    assert 'href="/register?next=/account"' in answer.text
    assert "set-cookie" not in answer.headers


def test_the_mailbox_is_shown_to_its_own_machine_alone() -> None:
    asked = steward()
    assert asked.browser.get("/mailbox").status_code == 200
    assert asked.browser.get("/mailbox", headers={"x-forwarded-for": "127.0.0.1"}).status_code == 404
    far = TestClient(asked.app, base_url="http://hub.test", client=("192.0.2.7", 1))
    assert far.get("/mailbox").status_code == 404


def test_a_wrong_token_is_told_and_not_kept(asked: Asked) -> None:
    answer = asked.browser.post("/sign-in", data={"token": "wrong", "next": "//evil.example"}, headers=SAME_SITE)
    assert answer.status_code == 401
    assert "令牌无效" in answer.text
    assert "set-cookie" not in answer.headers
    assert 'name="next" value="/"' in answer.text


def test_a_sign_in_link_on_another_site_asks_first(asked: Asked) -> None:
    for headers in ({"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"sec-purpose": "prefetch"}):
        answer = asked.browser.get("/sign-in?link=lnk-1", headers=headers)
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
        assert [request.url.path for request in asked.requests] == ["/api/v1/sign-in"], "the link is not used up"
        asked.requests.clear()


def test_an_expired_token_is_dropped(asked: Asked) -> None:
    asked.answer = lambda request: problem(401)
    asked.browser.cookies.set("hub_session", "expired")
    answer = asked.browser.get("/bookings")
    assert answer.status_code == 401
    assert 'href="/sign-in?next=/bookings"' in answer.text
    assert 'hub_session="";' in answer.headers["set-cookie"]


def test_the_language_is_remembered_and_leads_back(asked: Asked) -> None:
    answer = asked.browser.get("/language", params={"to": "en", "next": "/?q=a&lang=zh"})
    assert answer.headers["location"] == "/?q=a"
    assert "Search" in asked.browser.get("/").text
    assert asked.browser.get("/language?to=en&next=https://evil.example").headers["location"] == "/"


def test_a_slot_is_confirmed_with_its_ends_and_asked_for_again_after_signing_in(asked: Asked) -> None:
    start = SLOTS[1]["start"]
    answer = asked.browser.get("/records/instrument-1/book", params={"start": start})
    assert re.findall(r'<option value="([^"]+)"', answer.text) == [SLOTS[1]["end"], SLOTS[2]["end"]]
    asked.answer = lambda request: problem(401) if request.method == "POST" else None
    form = {"start": start, "end": SLOTS[2]["end"], "purpose": "测 3 个样品", "key": "k1"}
    sent = asked.browser.post("/records/instrument-1/book", data=form, headers=SAME_SITE)
    assert asked.requests[-1].headers["idempotency-key"] == "k1"
    back = parse_qs(urlsplit(sent.headers["location"]).query)["next"][0]
    again = asked.browser.get(back).text
    assert f'name="start" value="{start}"' in again
    assert f'value="{SLOTS[2]["end"]}" selected' in again
    assert 'value="测 3 个样品"' in again


def test_a_taken_slot_is_told_beside_the_free_ones(asked: Asked) -> None:
    asked.answer = lambda request: problem(409, "最近的空闲时段") if request.method == "POST" else None
    form = {"start": SLOTS[1]["start"], "end": SLOTS[1]["end"]}
    answer = asked.browser.post("/records/instrument-1/book", data=form, headers=SAME_SITE)
    assert answer.status_code == 409
    assert "最近的空闲时段" in answer.text
    assert 'class="slot"' in answer.text
    assert 'id="sheet"' not in answer.text


@pytest.mark.parametrize(("status", "shown"), [(404, 404), (429, 429), (500, 500), (502, 500), (503, 503)])
def test_refusals_become_pages(asked: Asked, status: int, shown: int) -> None:
    asked.answer = lambda request: problem(status, "API 的说明")
    answer = asked.browser.get("/records/instrument-1")
    assert answer.status_code == status
    assert f">{shown}<" in answer.text
    assert ("API 的说明" in answer.text) == (status != 404)


def test_a_silent_api_is_told_as_unavailable(asked: Asked) -> None:
    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    asked.answer = silent
    answer = asked.browser.get("/", headers={"accept-language": "en"})
    assert answer.status_code == 503
    assert "Temporarily unavailable" in answer.text


def test_an_answer_of_another_release_is_no_page_but_an_error(asked: Asked) -> None:
    asked.answer = lambda request: httpx.Response(200, json={"kinds": [{"name": "instrument"}]})
    assert asked.browser.get("/").status_code == 502


def test_a_search_that_is_wrong_keeps_the_words(asked: Asked) -> None:
    asked.answer = lambda request: problem(400, "应为：已知的排序") if request.url.path.endswith("search") else None
    answer = asked.browser.get("/?q=电镜&sort=bad")
    assert answer.status_code == 400
    assert "应为：已知的排序" in answer.text
    assert 'value="电镜"' in answer.text


def test_static_files_are_kept_for_ever_under_their_digest(asked: Asked) -> None:
    address = re.search(r"/static/[0-9a-f]{16}/portal\.css", asked.browser.get("/").text)
    assert address is not None
    answer = asked.browser.get(address[0])
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/css")
    stale = asked.browser.get("/static/0000000000000000/portal.css")
    assert stale.headers["cache-control"] == "no-cache"
    assert asked.browser.get("/static/0/%2e%2e/app.py").status_code == 404


def test_pages_are_compressed_unless_they_are_of_the_signed_in(asked: Asked) -> None:
    assert asked.browser.get("/").headers["content-encoding"] == "gzip"
    assert "content-encoding" not in asked.browser.get("/", headers={"accept-encoding": "br"}).headers
    asked.browser.cookies.set("hub_session", TOKEN)
    assert "content-encoding" not in asked.browser.get("/").headers


def test_choosing_and_taking_away_are_opposite() -> None:
    query = SearchQuery.of([("q", "电镜"), ("f.status", "idle"), ("cursor", "x"), ("near", "30,120"), ("x", "y")])
    there = SearchQuery.of(parsed(query.toggled("f.status", "retired")))
    assert there.pairs == (("q", "电镜"), ("f.status", "idle"), ("near", "30,120"), ("f.status", "retired"))
    assert parsed(there.toggled("f.status", "retired")) == list(query._without("cursor"))
    assert query.toggled("near", "30,120") == "/?q=%E7%94%B5%E9%95%9C&f.status=idle"
    assert query.box_template.endswith("&box={box}")
    assert SearchQuery(()).box_template == "/?box={box}"


def test_a_choice_replaces_those_around_and_within_it() -> None:
    query = SearchQuery.of([("kind", "instrument"), ("f.place.division", "330000"), ("f.status", "330000")])
    there = parsed(query.toggled("f.place.division", "330100", ["330000"]))
    assert there == [("kind", "instrument"), ("f.status", "330000"), ("f.place.division", "330100")]


def division(code: str, label: str, selected: bool = False) -> FacetValue:
    return FacetValue(value=code, label=label, count=1, selected=selected)


def test_divisions_open_where_the_reader_goes() -> None:
    province, city = division("330000", "浙江省"), division("330100", "浙江省杭州市")
    places = [province, city, division("330106", "浙江省杭州市西湖区")]
    told = unfolded(places)
    assert [(one.label, one.depth) for one in told] == [("浙江省", 0), ("杭州市", 1)]
    assert told[1].kin == ("330000", "330106")
    several = [*places, division("110000", "北京市"), division("110108", "北京市海淀区")]
    assert [one.label for one in unfolded(several)] == ["浙江省", "北京市"]
    several[2] = division("330106", "浙江省杭州市西湖区", selected=True)
    assert [(one.label, one.depth) for one in unfolded(several)] == [
        ("浙江省", 0), ("杭州市", 1), ("西湖区", 2), ("北京市", 0),
    ]  # fmt: skip
    english = [division("330000", "Zhejiang", selected=True), division("330100", "Hangzhou City, Zhejiang")]
    assert [one.label for one in unfolded(english)] == ["Zhejiang", "Hangzhou City"]


@pytest.mark.parametrize(
    ("path", "label", "short"),
    [
        ("status", "状态", "状态"),
        ("place.division", "安放地点·行政区划代码", "安放地点"),
        ("place.country", "安放地点·国家或地区", "国家或地区"),
        ("laboratory.host.name_zh", "实验室·依托单位·单位名称", "实验室·依托单位"),
        ("original_value.amount", "original value: amount", "original value"),
    ],
)
def test_headings_are_short(path: str, label: str, short: str) -> None:
    assert short_label(path, label) == short


def parsed(address: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(address).query)
