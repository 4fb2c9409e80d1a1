"""What the signed-in do beside booking: owners decide, stewards settle, readers keep their searches."""

import re
from functools import partial
from urllib.parse import parse_qs, urlsplit

import httpx
from playwright.sync_api import expect

from tests.e2e.conftest import DESK, PHONE, Open, Site, searchable
from tests.e2e.test_portal import assert_fits
from tests.waiting import PATIENCE_SECONDS, wait_until


def submit(site: Site, kind: str, source: str, rows: list[dict[str, object]]) -> None:
    """Submit rows as one source, and wait until each can be found."""
    headers = {"Authorization": f"Bearer {site.operator}"}
    with httpx.Client(base_url=site.url, headers=headers, timeout=PATIENCE_SECONDS) as api:
        answer = api.post(f"/api/v1/submissions/{kind}", params={"source": source}, json=rows)
        assert answer.status_code == 202, answer.text
        assert answer.json()["refused"] == 0, answer.text
        wait_until(partial(searchable, api, answer.json()["links"]["self"], len(rows)))


def test_what_waits_for_an_owner_is_in_front_of_everything(open_page: Open, site: Site) -> None:
    asked = {"kind": "instrument", "size": "100"}
    found = httpx.get(f"{site.url}/api/v1/search", params=asked).json()["hits"]
    record = next(hit for hit in found if hit["bookable"] and hit["fields"].get("booking_confirmation") == "owner")
    page = open_page(f"{record['url']}/book", device=PHONE, token=site.member)
    page.locator("a.slot").first.tap()
    page.get_by_role("button", name="提交预约申请").tap()
    owner = open_page("/account", device=PHONE, token=site.operator)
    owner.get_by_role("link", name="我的预约").tap()
    owner.wait_for_url("**/bookings")
    assert_fits(owner)
    waiting = owner.get_by_role("list", name=re.compile("待您确认"))
    expect(waiting).to_contain_text(record["title"])
    before = waiting.locator(".booking").count()
    waiting.locator("summary", has_text="谢绝").first.tap()
    waiting.locator('input[name="reason"]').first.fill("当天检修")
    waiting.get_by_role("button", name="谢绝").first.tap()
    expect(owner.get_by_role("list", name=re.compile("待您确认")).locator(".booking")).to_have_count(before - 1)
    owner.get_by_role("link", name="我管理的仪器").tap()
    expect(owner.get_by_text("当天检修").first).to_be_visible()


def test_a_search_is_saved_opened_and_forgotten(open_page: Open, site: Site) -> None:
    page = open_page("/?q=质谱仪&kind=instrument&f.status=idle", device=PHONE)
    page.get_by_role("link", name="保存此检索").tap()
    page.get_by_text("使用访问令牌").tap()
    page.get_by_label("访问令牌").fill(site.member)
    page.get_by_role("button", name="登录").tap()
    name = page.get_by_label("名称")
    expect(name).to_have_value("质谱仪 · 仪器设备 · 闲置")
    name.fill("闲置的质谱仪")
    page.get_by_role("button", name="保存").tap()
    page.get_by_role("link", name="闲置的质谱仪").tap()
    page.wait_for_url("**/?*")
    asked = parse_qs(urlsplit(page.url).query)
    assert (asked["q"], asked["f.status"]) == (["质谱仪"], ["idle"])
    page.goto("/saved")
    page.get_by_role("button", name="删除：闲置的质谱仪").tap()
    expect(page.get_by_text("还没有保存的检索")).to_be_visible()


def test_a_range_narrows_and_is_told(open_page: Open) -> None:
    page = open_page("/?kind=instrument", device=DESK)
    page.locator("summary", has_text="日期与数值").click()
    price = page.get_by_role("group", name="机时单价（每小时）")
    price.get_by_label("不小于").fill("200")
    price.get_by_label("不大于").fill("300")
    page.get_by_role("button", name="应用", exact=True).click()
    page.wait_for_url(re.compile("from"))
    assert set(parse_qs(urlsplit(page.url).query)) == {"kind", "from.hourly_rate.amount", "to.hourly_rate.amount"}
    prices = [int(re.sub(r"\D", "", text)) for text in page.locator(".card-terms span:first-child").all_inner_texts()]
    assert prices
    assert all(200 <= one <= 300 for one in prices)
    expect(page.locator(".chips")).to_contain_text("机时单价（每小时） ≥ 200")


def test_a_steward_settles_a_conflict_and_takes_it_back(open_page: Open, site: Site) -> None:
    owner = {"uscc": "12100000470095016Q", "name_zh": "浙江大学"}
    row = {"_id": "E2E-C", "name_zh": "说法不一的电镜", "inventory_number": "E2E-C", "owner": owner}
    submit(site, "instrument", "sample", [{**row, "model": "甲型"}])
    submit(site, "instrument", "owner", [{**row, "model": "乙型"}])
    page = open_page("/steward?kind=instrument", device=PHONE, token=site.operator)
    assert_fits(page)
    entry = page.locator("article", has_text="说法不一的电镜")
    other = entry.locator("form", has_not_text="当前采用")
    value = other.locator(".versus-value").inner_text()
    other.get_by_role("button", name=re.compile("以此为准")).tap()
    expect(page.get_by_text("已按您的选择处理")).to_be_visible()
    page.get_by_role("link", name="查看记录").tap()
    page.wait_for_url("**/records/**")
    record = f"{site.url}{urlsplit(page.url).path}"
    wait_until(lambda: "来源不一致" not in httpx.get(record).text)
    page.reload()
    expect(page.locator(".card-sub").first).to_contain_text(value)
    decision = page.locator(".decisions li", has_text="型号规格")
    expect(decision).to_be_visible()
    decision.get_by_role("button", name="撤销").tap()
    wait_until(lambda: "来源不一致" in httpx.get(record).text)


def test_a_steward_joins_two_records_and_parts_them_again(open_page: Open, site: Site) -> None:
    submit(site, "organisation", "owner", [{"_id": f"E2E-{side}", "name_zh": "重名的研究所"} for side in "AB"])
    page = open_page("/steward/duplicates", device=PHONE, token=site.operator)
    assert_fits(page)
    pair = page.locator("article", has_text="重名的研究所")
    records = [link.get_attribute("href") for link in pair.locator("h3 a").all()]
    pair.get_by_role("button", name="是同一资源，合并").tap()
    expect(page.get_by_text("已合并")).to_be_visible()
    expect(pair).to_have_count(0)
    joined = partial(statuses, site, records)
    wait_until(lambda: joined() == {200, 410})
    page.get_by_role("button", name="撤销").tap()
    wait_until(lambda: joined() == {200})


def statuses(site: Site, records: list[str | None]) -> set[int]:
    return {httpx.get(f"{site.url}{record}").status_code for record in records}
