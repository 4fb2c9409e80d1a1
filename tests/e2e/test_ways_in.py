"""Coming in with a real browser: by a code on a phone, a link, a token; and being out once one has signed out."""

import re
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import PHONE, Open, Site
from tests.e2e.test_portal import WORDS, assert_fits

pytestmark = pytest.mark.e2e
CODE = re.compile(r"\d{4} \d{4}")


def kept_session(page: Page) -> str:
    """The value of the portal's cookie, which no script can read."""
    (cookie,) = (cookie for cookie in page.context.cookies() if cookie.get("name") == "hub_session")
    assert cookie["httpOnly"]
    assert page.evaluate("document.cookie") == ""
    return cookie["value"]


def sign_out(page: Page) -> None:
    page.goto("/account")
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_role("link", name="登录")).to_be_visible()


def sign_in_by_code(page: Page, email: str) -> None:
    """At the sign-in page, with the code from the mailbox of this machine."""
    page.get_by_label("电子邮箱").fill(email)
    page.get_by_role("button", name="发送验证码").tap()
    expect(page.get_by_role("status")).to_contain_text(email)
    with page.context.expect_page() as opening:
        page.get_by_role("link", name="本机邮箱").tap()
    mailbox = opening.value
    expect(mailbox.get_by_role("note")).to_contain_text("没有邮件服务器")
    code = CODE.search(mailbox.locator("article", has_text=email).first.locator("h2").inner_text())
    assert code
    mailbox.close()
    page.get_by_label("验证码").fill(code[0])
    page.get_by_role("button", name="登录").tap()


def test_a_company_registers_on_a_phone_and_ends_at_the_slot_that_it_chose(open_page: Open, site: Site) -> None:
    page = open_page(f"/?q={WORDS}&kind=instrument", device=PHONE)
    page.locator(".cards a.book").nth(2).tap()
    page.locator("a.slot").last.tap()
    start = page.locator('input[name="start"]').input_value()
    page.locator(".sheet button").tap()
    sign_in_by_code(page, "phone@example.org")
    expect(page.get_by_role("heading", name="注册")).to_be_visible()
    assert_fits(page)
    page.get_by_label("您的姓名").fill("张伟")
    page.get_by_label("单位名称").fill("杭州某公司")
    page.get_by_role("button", name="注册").tap()
    expect(page.locator(".sheet")).to_be_visible()
    assert page.locator('input[name="start"]').input_value() == start
    page.locator(".sheet button").tap()
    expect(page.locator(".done-mark")).to_be_visible()
    session = kept_session(page)
    me = httpx.get(f"{site.url}/api/v1/me", headers={"Authorization": f"Bearer {session}"}).json()
    assert (me["name"], me["roles"]) == ("张伟", ["member"])
    sign_out(page)
    assert httpx.get(f"{site.url}/api/v1/me", headers={"Authorization": f"Bearer {session}"}).status_code == 401
    page.context.add_cookies([{"name": "hub_session", "value": session, "url": site.url}])
    assert page.request.get("/account").status == 401, "the old cookie is dead"


def test_a_link_comes_in_once(open_page: Open, site: Site) -> None:
    link = site.link()
    page = open_page(f"/sign-in?link={link}&next=/saved")
    assert urlsplit(page.url).path == "/saved"
    kept_session(page)
    again = httpx.get(f"{site.url}/sign-in?link={link}", headers={"accept": "text/html"})
    assert again.status_code == 401
    assert "set-cookie" not in again.headers


def test_a_pasted_token_is_not_what_the_browser_keeps(open_page: Open, site: Site) -> None:
    page = open_page("/sign-in?next=/saved")
    page.get_by_text("使用访问令牌").click()
    page.get_by_label("访问令牌").fill(site.member)
    page.locator("details").get_by_role("button", name="登录").click()
    page.wait_for_url("**/saved")
    assert kept_session(page) != site.member
    sign_out(page)
