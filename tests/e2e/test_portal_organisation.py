"""An organisation in a real browser, on phones: registered, verified, invited to, its roles changed, and left again."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx
import orjson
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import DESK, PHONE, Open, Site
from tests.e2e.test_pages import assert_clear
from tests.e2e.test_portal import assert_fits
from tests.e2e.test_ways_in import kept_session, sign_in_by_code

pytestmark = pytest.mark.e2e
COMPANY = "西湖精密仪器公司"


def me(site: Site, token: str) -> httpx.Response:
    return httpx.get(f"{site.url}/api/v1/me", headers={"Authorization": f"Bearer {token}"})


def roles(site: Site, page: Page) -> set[str]:
    """Those that the reader's session has now."""
    return set(me(site, kept_session(page)).json()["roles"])


def registered(open_page: Open, email: str, name: str, company: str) -> Page:
    """Somebody who has just registered a company, on its page."""
    page = open_page("/sign-in?next=/organisation", device=PHONE)
    sign_in_by_code(page, email)
    register(page, name, company)
    return page


def register(page: Page, name: str, company: str) -> None:
    """Fill in the form, and come to the company's page."""
    page.get_by_label("您的姓名").fill(name)
    page.get_by_label("单位名称").fill(company)
    page.get_by_role("button", name="注册").tap()
    expect(page.get_by_role("heading", name=company, level=1)).to_be_visible()


def card_of(page: Page, name: str) -> Locator:
    return page.locator(".member", has=page.get_by_role("heading", name=name))


def joined(open_page: Open, email: str, name: str, company: str) -> Page:
    """Somebody who follows the link in an invitation's mail, signs in, comes back and joins."""
    page = open_page("/mailbox", device=PHONE)
    page.locator("article", has_text=email).filter(has_text="邀请您加入").first.get_by_role("link").tap()
    expect(page.get_by_role("heading", name=f"{company}邀请您加入")).to_be_visible()
    assert "#" not in page.url, "the credential has left the address"
    assert_fits(page)
    page.get_by_role("main").get_by_role("link", name="登录").tap()
    sign_in_by_code(page, email)
    page.wait_for_url("**/invitation")
    page.get_by_label("您的姓名").fill(name)
    page.get_by_role("button", name="接受并加入").tap()
    expect(page.get_by_role("status")).to_contain_text(f"您已加入{company}")
    return page


def test_an_organisation_from_its_registration_to_a_member_who_leaves(open_page: Open, site: Site) -> None:
    admin = registered(open_page, "admin@example.org", "张伟", COMPANY)
    expect(admin.get_by_text("待核验")).to_be_visible()
    assert_fits(admin)
    verify(open_page("/verifications", device=PHONE, token=site.operator))
    admin.reload()
    expect(admin.get_by_text("成员的角色全部有效")).to_be_visible()

    admin.get_by_label("对方的电子邮箱").fill("colleague@example.org")
    admin.locator("#invite form.panel").get_by_label("预约审批人").check()
    admin.get_by_role("button", name="发出邀请").tap()
    expect(admin.get_by_role("status")).to_contain_text("邀请已发送到 colleague@example.org")
    expect(admin.get_by_role("list", name="邀请")).to_contain_text("预约审批人")
    assert_fits(admin)

    colleague = joined(open_page, "colleague@example.org", "李娜", COMPANY)
    assert roles(site, colleague) == {"member", "approver"}
    expect(colleague.get_by_text("由单位管理员操作")).to_be_visible()
    expect(colleague.get_by_role("button", name="发出邀请")).to_have_count(0)

    admin.goto("/organisation")
    card = card_of(admin, "李娜")
    card.get_by_text("更改角色").tap()
    card.get_by_label("预约审批人").uncheck()
    card.get_by_label("数据提交者").check()
    assert_fits(admin)
    card.get_by_role("button", name="保存角色").tap()
    expect(card.locator(".card-sub").first).to_have_text("成员、数据提交者")
    assert roles(site, colleague) == {"member", "submitter"}

    colleague.reload()
    colleague.locator("summary", has_text="退出单位").tap()
    colleague.get_by_role("button", name="确定退出").tap()
    expect(colleague.get_by_role("heading", name="您还不属于任何单位")).to_be_visible()
    assert me(site, kept_session(colleague)).json()["organisation"] == ""
    admin.reload()
    expect(admin.locator(".member")).to_have_count(1)


def verify(page: Page) -> None:
    """As an operator, by what was seen, and with the code that the company had left out."""
    card = page.locator("article", has_text=COMPANY)
    card.locator("summary", has_text="核验").tap()
    card.get_by_label("核验依据").fill("营业执照副本，电话核实")
    card.get_by_label("统一社会信用代码").fill("12100000470095016Q")
    assert_fits(page)
    card.get_by_role("button", name="确认核验").tap()
    expect(page.get_by_role("status")).to_contain_text("已核验")
    page.get_by_role("link", name="已核验", exact=True).tap()
    expect(page.locator("article", has_text=COMPANY)).to_contain_text("营业执照副本，电话核实")


def test_the_invitation_that_was_followed_last_is_shown(open_page: Open, site: Site) -> None:
    page = registered(open_page, "two@example.org", "周涛", "先邀请的公司")
    links = [invitation_link(site, page)]
    page.goto("/register?next=/organisation")
    register(page, "周涛", "后邀请的公司")
    links.append(invitation_link(site, page))
    invited = open_page("/sign-in", device=PHONE)
    for link, company in zip(links, ("先邀请的公司", "后邀请的公司"), strict=True):
        invited.goto(link)
        expect(invited.get_by_role("heading", name=f"{company}邀请您加入")).to_be_visible()


def invitation_link(site: Site, page: Page) -> str:
    """A link of the organisation that the page's reader acts for, good for whoever has it."""
    headers = {"Authorization": f"Bearer {kept_session(page)}"}
    organisation = httpx.get(f"{site.url}/api/v1/me", headers=headers).json()["organisation"]
    answer = httpx.post(f"{site.url}/api/v1/organisations/{organisation}/invitations", json={}, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["link"])


def test_a_token_is_shown_once_works_and_is_dead_once_revoked(open_page: Open, site: Site) -> None:
    page = registered(open_page, "token@example.org", "王芳", "令牌公司")
    page.goto("/account")
    page.get_by_role("link", name="访问令牌").tap()
    page.get_by_label("名称").fill("检索脚本")
    page.get_by_role("checkbox", name=re.compile("^成员")).check()
    page.get_by_label("有效期").select_option("7")
    assert_fits(page)
    page.get_by_role("button", name="建立令牌").tap()
    token = page.get_by_label("新的令牌").input_value()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="复制").tap()
    expect(page.get_by_role("button", name="已复制")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == token
    assert_fits(page)
    answer = me(site, token)
    assert (answer.status_code, answer.json()["roles"], answer.json()["name"]) == (200, ["member"], "王芳")
    page.goto("/account/tokens")
    assert token not in page.content()
    expect(page.locator(".card", has_text="检索脚本")).to_contain_text("最近使用")
    page.get_by_label("吊销检索脚本").tap()
    page.get_by_role("button", name="确定吊销").tap()
    expect(page.get_by_text("还没有令牌")).to_be_visible()
    assert me(site, token).status_code == 401


def test_signing_out_elsewhere_ends_the_other_devices_alone(open_page: Open, site: Site) -> None:
    page = registered(open_page, "devices@example.org", "赵敏", "设备公司")
    other = open_page("/sign-in?next=/account", device=PHONE)
    sign_in_by_code(other, "devices@example.org")
    other.wait_for_url("**/account")
    session = kept_session(other)
    page.goto("/account/sessions")
    expect(page.locator(".card")).to_have_count(2)
    assert_fits(page)
    page.get_by_role("button", name="退出其他所有设备").tap()
    expect(page.locator(".card")).to_have_count(1)
    expect(page.locator(".card")).to_contain_text("这台设备")
    assert me(site, session).status_code == 401
    assert me(site, kept_session(page)).status_code == 200


@pytest.mark.parametrize(
    ("device", "language", "scheme"), [(PHONE, "zh-CN", "light"), (DESK, "en", "dark")], ids=["phone", "desk"]
)
def test_pages_of_an_organisation_are_clear_and_fit(
    open_page: Open, site: Site, device: Mapping[str, object], language: str, scheme: str
) -> None:
    admin = registered(open_page, f"{language}@example.org", "吴霞", f"清楚的公司 {language}")
    link = urlsplit(invitation_link(site, admin))
    look = {"device": dict(device) | {"color_scheme": scheme}, "language": language}
    page = open_page("/sign-in", **look)
    page.context.add_cookies([{"name": "hub_session", "value": kept_session(admin), "url": site.url}])
    operator = open_page("/verifications", token=site.operator, **look)
    for path in (
        "/account",
        "/account/sessions",
        "/account/tokens",
        "/account/data",
        "/organisation",
        "/register",
        link.path,
    ):
        page.goto(path)
        unfolded(page, path)
    page.goto(f"{link.path}#{link.fragment}")
    page.locator("form[action='/invitation/answer']").wait_for()
    unfolded(page, "an invitation")
    unfolded(operator, "/verifications")


def unfolded(page: Page, path: str) -> None:
    """Clear and no wider than the screen, also with every form open."""
    for fold in page.locator("main summary").all():
        fold.click()
    assert_clear(page, path)
    assert_fits(page)


def test_ones_own_data_is_taken_along_and_then_erased(open_page: Open, site: Site) -> None:
    page = registered(open_page, "leaver@example.org", "钱进", "告别公司")
    session = kept_session(page)
    page.goto("/account")
    page.get_by_role("link", name="我的数据").tap()
    expect(page.get_by_role("heading", name="我的数据")).to_be_visible()
    assert_fits(page)
    with page.expect_download() as downloading:
        page.get_by_role("link", name="下载我的数据").tap()
    assert downloading.value.suggested_filename == "my-data.json"
    kept = orjson.loads(downloading.value.path().read_bytes())
    assert (kept["account"]["name"], kept["account"]["emails"]) == ("钱进", ["leaver@example.org"])
    page.locator("summary", has_text="注销账号").tap()
    page.get_by_label("请输入 leaver@example.org 以确认").fill("leaver@example.org")
    assert_fits(page)
    page.get_by_role("button", name="永久清除").tap()
    expect(page.get_by_role("status")).to_contain_text("您已退出登录")
    assert me(site, session).status_code == 401
