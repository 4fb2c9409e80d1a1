"""The portal as people meet it: on a phone and on a desk, in Chinese and in English, in a real browser."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import DESK, PHONE, Open, Site

WORDS = "质谱仪"


class Thumb:
    """Taps on a phone's page, and counts them."""

    def __init__(self) -> None:
        self.taps = 0

    def tap(self, target: Locator) -> None:
        self.taps += 1
        target.tap()


def search(page: Page, words: str) -> None:
    page.get_by_role("combobox", name="检索科研资源").fill(words)
    page.get_by_role("combobox", name="检索科研资源").press("Enter")
    page.wait_for_url(re.compile(r"\?.*q="))


def total(page: Page) -> int:
    return int(re.sub(r"\D", "", page.locator("#found").inner_text()))


def assert_fits(page: Page) -> None:
    """Nothing is wider than the screen, and no button leaves its card."""
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    outside = """() => [...document.querySelectorAll('.card .button')].filter((one) =>
        one.getBoundingClientRect().right > one.closest('.card').getBoundingClientRect().right).length"""
    assert page.evaluate(outside) == 0


def test_three_taps_from_the_result_to_the_booking(open_page: Open, site: Site) -> None:
    page = open_page("/", device=PHONE, token=site.member)
    search(page, WORDS)
    thumb = Thumb()
    thumb.tap(page.locator(".cards a.book").first)
    thumb.tap(page.locator("a.slot").last)
    wanted = page.locator("#sheet-title").inner_text()
    thumb.tap(page.get_by_role("button", name=re.compile("确认预约|提交预约申请")))
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("预约成功|申请已提交"))
    assert thumb.taps == 3
    assert page.locator(".facts dd").first.inner_text().split(" 北京时间")[0] in wanted
    with page.expect_download() as calendar:
        page.get_by_role("link", name="添加到日历").tap()
    assert "BEGIN:VEVENT" in calendar.value.path().read_text()


def test_the_signed_out_come_back_to_the_very_slot(open_page: Open, site: Site) -> None:
    page = open_page(f"/?q={WORDS}&kind=instrument", device=PHONE)
    page.locator(".cards a.book").nth(1).tap()
    page.locator("a.slot").last.tap()
    start = page.locator('input[name="start"]').input_value()
    page.get_by_label("用途（选填）").fill("两个样品")
    page.locator(".sheet button").tap()
    expect(page.get_by_role("heading", name="登录")).to_be_visible()
    page.get_by_text("使用访问令牌").tap()
    page.get_by_label("访问令牌").fill(site.member)
    page.get_by_role("button", name="登录").tap()
    expect(page.locator(".sheet")).to_be_visible()
    assert page.locator('input[name="start"]').input_value() == start
    assert page.locator('input[name="purpose"]').input_value() == "两个样品"
    page.locator(".sheet button").tap()
    expect(page.locator(".done-mark")).to_be_visible()
    page.get_by_role("link", name="我的预约").tap()
    expect(page.get_by_role("heading", name="我的预约")).to_be_visible()
    assert_fits(page)
    page.locator("summary", has_text="取消预约").first.tap()
    page.get_by_role("button", name="确定取消").tap()
    expect(page.locator(".status-cancelled").first).to_be_visible()


def test_a_sign_in_link_leaves_the_address_bar(open_page: Open, site: Site) -> None:
    link = site.link()
    page = open_page(f"/sign-in?link={link}&next=/bookings")
    assert urlsplit(page.url).path == "/bookings"
    assert link not in page.url
    assert page.evaluate("document.cookie") == ""
    page.get_by_role("link", name="我的", exact=True).click()
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_role("link", name="登录")).to_be_visible()


def test_facets_narrow_and_are_taken_away(open_page: Open) -> None:
    page = open_page("/?kind=instrument")
    before = total(page)
    value = page.locator(".facet .tick").first
    counted = int(re.sub(r"\D", "", value.locator(".count").inner_text()))
    value.click()
    page.wait_for_url(re.compile(r"f\."))
    assert total(page) == counted <= before
    page.locator(".chips a").first.click()
    page.wait_for_url(lambda url: "f." not in url)
    assert total(page) == before


def test_the_map_shows_where_and_searches_there(open_page: Open) -> None:
    page = open_page(f"/?q={WORDS}&kind=instrument")
    expect(page.locator("#map path.land").first).to_be_attached()
    expect(page.locator("#map .pin").first).to_be_visible()
    page.wait_for_timeout(500)
    page.locator(".leaflet-control-zoom-in").click()
    page.locator("#search-here").click()
    page.wait_for_url(re.compile("box="))
    south, west, north, east = map(float, parse_qs(urlsplit(page.url).query)["box"][0].split(","))
    assert -90 <= south < north <= 90
    assert west < east
    expect(page.locator(".chips")).to_contain_text("地图范围内")


def test_near_me_sorts_by_distance(open_page: Open, site: Site) -> None:
    page = open_page("/?kind=instrument", device=PHONE | {"geolocation": {"latitude": 30.26, "longitude": 120.12}})
    page.context.grant_permissions(["geolocation"], origin=site.url)
    page.get_by_role("button", name="离我最近").tap()
    page.wait_for_url(re.compile("near="))
    expect(page.locator(".distance").first).to_contain_text("公里")
    assert page.locator("select[name=sort]").input_value() == "distance"


def test_the_language_changes_in_place_and_stays(open_page: Open) -> None:
    page = open_page(f"/?q={WORDS}", device=PHONE)
    page.get_by_role("link", name="English").tap()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert parse_qs(urlsplit(page.url).query)["q"] == [WORDS]
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Find instruments, experts and laboratories")


def test_a_record_tells_its_facts_and_sources(open_page: Open) -> None:
    page = open_page(f"/?q={WORDS}&kind=instrument")
    title = page.locator(".card-title a").first.inner_text()
    page.locator(".card-title a").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    expect(page.locator(".rows .from span").first).to_have_attribute("title", re.compile("来源"))
    expect(page.locator(".facts dt").first).to_be_visible()
    assert '"@type":"Product"' in (page.locator('script[type="application/ld+json"]').text_content() or "")
    expect(page.locator("#map .pin")).to_be_visible()


def test_names_complete_by_keyboard(open_page: Open) -> None:
    page = open_page("/")
    field = page.get_by_role("combobox", name="检索科研资源")
    field.press_sequentially("液相")
    option = page.get_by_role("option").first
    expect(option).to_be_visible()
    expect(field).to_have_attribute("aria-expanded", "true")
    field.press("ArrowDown")
    expect(option).to_have_attribute("aria-selected", "true")
    field.press("Enter")
    page.wait_for_url(re.compile("/records/"))


def test_owners_decide_about_requests(open_page: Open, site: Site) -> None:
    found = httpx.get(f"{site.url}/api/v1/search", params={"kind": "instrument", "size": "100"}).json()["hits"]
    asks = (hit for hit in found if hit["bookable"] and hit["fields"].get("booking_confirmation") == "owner")
    record = next(asks)["url"]
    page = open_page(f"{record}/book", device=PHONE, token=site.member)
    page.locator("a.slot").last.tap()
    page.get_by_role("button", name="提交预约申请").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("申请已提交")
    owner = open_page(record, device=PHONE, token=site.operator)
    owner.get_by_role("link", name="查看本仪器的预约").tap()
    expect(owner.get_by_role("heading", name="仪器的预约")).to_be_visible()
    assert_fits(owner)
    owner.get_by_role("button", name="确认", exact=True).first.tap()
    expect(owner.locator(".status-confirmed").first).to_be_visible()
    page.reload()
    expect(page.locator(".status-confirmed")).to_be_visible()


def test_refused_rows_are_told_and_given_back(open_page: Open, site: Site) -> None:
    page = open_page("/import", token=site.operator)
    page.get_by_label("资源类型").select_option("instrument")
    page.get_by_label("数据来源").select_option("owner")
    table = "_id,中文名,启用日期\nE2E-1,导入的显微镜,2020-01-01\nE2E-2,坏行,昨天\n"
    file = {"name": "仪器.csv", "mimeType": "text/csv", "buffer": table.encode()}
    page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
    page.get_by_role("button", name="上传并检查").click()
    expect(page.locator(".tally dd").first).to_have_text("1")
    expect(page.locator(".problems")).to_contain_text("启用日期")
    expect(page.locator(".row-refused")).to_have_count(1)
    with page.expect_download() as refused:
        page.get_by_role("link", name=re.compile("CSV")).click()
    text = refused.value.path().read_text("utf-8-sig")
    assert "坏行" in text
    assert "导入的显微镜" not in text
    page.goto("/import")
    with page.expect_download() as template:
        page.locator(".templates a").first.click()
    assert template.value.suggested_filename.endswith(".xlsx")


@pytest.mark.parametrize("device", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize(
    "path",
    ["/?q=质谱仪&kind=instrument", "/sign-in", "/import", "/bookings"],
    ids=["search", "sign-in", "import", "bookings"],
)
def test_what_is_touched_is_large_and_nothing_sticks_out(
    open_page: Open, site: Site, device: Mapping[str, object], path: str
) -> None:
    page = open_page(path, device=device, token=site.operator, language="en")
    assert_fits(page)
    small = page.evaluate(
        """() => [...document.querySelectorAll(
                'button, .button, .tabs a, .tick, .top-nav a, select, input:not([type=hidden])')]
            .filter((one) => one.checkVisibility({ visibilityProperty: true }))
            .map((one) => [one.outerHTML.slice(0, 80), one.getBoundingClientRect().height,
                parseFloat(getComputedStyle(one, '::after').height) || 0])
            .filter(([, height, reach]) => Math.max(height, reach) < 43.5)"""
    )
    assert small == []


def test_search_and_booking_work_without_scripts(open_page: Open, site: Site) -> None:
    page = open_page("/", device=PHONE | {"java_script_enabled": False}, token=site.member)
    page.get_by_label("检索科研资源").fill(WORDS)
    page.get_by_role("button", name="检索").tap()
    page.locator(".cards a.book").first.tap()
    page.locator("a.slot").first.tap()
    page.locator(".sheet button").tap()
    expect(page.locator(".done-mark")).to_be_visible()
