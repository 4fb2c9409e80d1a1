"""Two labs and one record: the claim waits with both sides, is refused or accepted, and the right to confirm goes with
it; the audit trail tells of both, and the new holder says who manages the instrument.
"""

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from app.cli.noting import OPERATOR
from hub.kernel.access import Role
from hub.ports.clock import rfc3339
from services.accounts.access import new_tenancy
from services.accounts.sign_in import Whence
from tests.e2e.conftest import DESK, PHONE, Open, Site, searchable
from tests.e2e.test_pages import assert_clear
from tests.e2e.test_portal import assert_fits
from tests.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.e2e
OPEN = [{"days": ["MO", "TU", "WE", "TH", "FR", "SA", "SU"], "opens": "00:00", "closes": "24:00"}]
ROLES: Set[Role] = frozenset({"member", "submitter", "manager", "approver", "steward"})


@dataclass
class Lab:
    """A verified organisation with somebody in it who may do everything there, and their client of the API."""

    site: Site
    name: str
    organisation: str
    account: str
    api: httpx.Client

    def link(self) -> str:
        """Of one more sign-in."""
        return self.site.accounts.sign_ins.new_link(self.account).text

    def member(self, name: str, roles: Set[Role]) -> str:
        """One more account."""
        account = self.site.accounts.access.add_account(name, known_by=[("email", f"{name}-{self.name}@example.org")])
        add = self.site.accounts.organisations.add_member
        add(OPERATOR, self.organisation, account.id, frozenset(roles), administrator=False)
        return account.id

    def submit(self, pid: str, **fields: Any) -> str:
        """Its row of the instrument; waits until it is searchable or waits as a claim, and gives the record's id."""
        row = {"_id": pid, "pid": pid, "opening_hours": OPEN, "booking_confirmation": "owner"} | fields
        answer = self.api.post("/api/v1/submissions/instrument", params={"source": "owner"}, json=[row])
        assert answer.status_code == 202, answer.text
        assert answer.json()["refused"] == 0, answer.text
        receipt = answer.json()["links"]["self"]
        wait_until(lambda: searchable(self.api, receipt, 1) or self.waiting(pid))
        return str(self.api.get(f"{receipt}/rows").json()["rows"][0]["record_id"])

    def waiting(self, pid: str) -> bool:
        claims = self.api.get("/api/v1/claims").json()["claims"]
        return any(claim["source"]["source_record_id"] == pid for claim in claims)

    def decides(self, booking: str) -> bool:
        page = self.api.get("/api/v1/bookings", params={"scope": "owned"}).json()["bookings"]
        return any(kept["id"] == booking and "confirm" in kept["actions"] for kept in page)


def lab(site: Site, name: str) -> Lab:
    at = rfc3339(datetime.now(UTC))
    made = new_tenancy(name, name, at, verified_by="operator", evidence="test")
    site.accounts.access.add_tenancy(made)
    account = site.accounts.access.add_account(f"{name}的管理员", known_by=[("email", f"{made.id}@example.org")]).id
    site.accounts.organisations.add_member(OPERATOR, made.id, account, frozenset(ROLES), administrator=True)
    link = site.accounts.sign_ins.new_link(account)
    session = site.accounts.sign_ins.by_link(link.text, Whence("127.0.0.1", ""))[0].text
    api = httpx.Client(base_url=site.url, headers={"Authorization": f"Bearer {session}"}, timeout=PATIENCE_SECONDS)
    return Lab(site, name, made.id, account, api)


@pytest.fixture(scope="module")
def labs(site: Site) -> Iterator[tuple[Lab, Lab]]:
    made = lab(site, "甲所"), lab(site, "乙所")
    yield made
    for each in made:
        each.api.close()


def booked(site: Site, instrument: str) -> str:
    """A company asks for an hour, which the holder has to confirm."""
    start = (datetime.now(UTC) + timedelta(days=2)).replace(minute=0, second=0, microsecond=0)
    body = {"instrument": instrument, "start": rfc3339(start), "end": rfc3339(start + timedelta(hours=1))}
    headers = {"Authorization": f"Bearer {site.member}"}
    answer = httpx.post(f"{site.url}/api/v1/bookings", json=body, headers=headers)
    assert (answer.status_code, answer.json().get("status")) == (201, "requested"), answer.text
    return str(answer.json()["id"])


def claimed(labs: tuple[Lab, Lab], site: Site, pid: str, title: str) -> tuple[str, str]:
    """The first lab's record, which the second claims, and a booking that waits for who holds it."""
    first, second = labs
    record = first.submit(pid, name_zh=title, model="甲型")
    second.submit(pid, name_zh=title, model="乙型")
    return record, booked(site, record)


def test_a_refused_claim_leaves_the_record_and_its_bookings_to_its_holder(
    open_page: Open, site: Site, labs: tuple[Lab, Lab]
) -> None:
    first, second = labs
    _, booking = claimed(labs, site, "10.5442/e2e-refused", "被认领的显微镜")
    theirs = open_page(f"/sign-in?link={second.link()}&next=/steward/claims", device=PHONE)
    expect(theirs.locator(".claim", has_text="被认领的显微镜")).to_contain_text("等待决定")
    page = open_page(f"/sign-in?link={first.link()}&next=/account", device=PHONE)
    page.get_by_role("link", name="认领").tap()
    page.wait_for_url("**/steward/claims")
    assert_fits(page)
    assert_clear(page, "claims")
    claim = page.locator(".claim", has_text="被认领的显微镜")
    differing = claim.locator(".differs", has_text="型号")
    assert [cell.inner_text() for cell in differing.locator("td").all()] == ["甲型", "乙型"]
    expect(claim.locator(".claim-facts")).to_contain_text("甲所")
    expect(claim.locator(".claim-facts")).to_contain_text("10.5442/e2e-refused")
    claim.locator("summary", has_text="拒绝").tap()
    claim.get_by_label("理由", exact=True).fill("不是同一台")
    assert_fits(page)
    claim.get_by_role("button", name="拒绝认领").tap()
    expect(page.get_by_role("status")).to_contain_text("已拒绝")
    expect(claim).to_have_count(0)
    wait_until(lambda: not second.waiting("10.5442/e2e-refused"))
    theirs.goto("/steward/claims?state=all")
    settled = theirs.locator(".claim", has_text="被认领的显微镜")
    expect(settled).to_contain_text("已拒绝")
    expect(settled).to_contain_text("不是同一台")
    assert_fits(theirs)
    assert first.decides(booking)
    assert not second.decides(booking)


def test_an_accepted_claim_moves_the_record_and_the_right_to_confirm_its_bookings(
    open_page: Open, site: Site, labs: tuple[Lab, Lab]
) -> None:
    first, second = labs
    record, booking = claimed(labs, site, "10.5442/e2e-accepted", "易主的质谱仪")
    assert first.decides(booking)
    assert not second.decides(booking)
    page = open_page(f"/sign-in?link={first.link()}&next=/steward/claims")
    claim = page.locator(".claim", has_text="易主的质谱仪")
    claim.locator("summary", has_text="认领成立").click()
    claim.get_by_role("button", name="改由认领方管理").click()
    expect(page.get_by_role("status")).to_contain_text("认领成立")
    wait_until(partial(second.decides, booking))
    assert not first.decides(booking)
    theirs = open_page(f"/sign-in?link={second.link()}&next=/bookings?scope=owned", device=PHONE)
    waiting = theirs.locator(".booking", has_text="易主的质谱仪")
    waiting.get_by_role("button", name="确认").tap()
    expect(waiting).to_contain_text("已确认")
    name_managers(theirs, second, record)
    shown_in_the_trail(page, first)


def name_managers(page: Page, holder: Lab, record: str) -> None:
    """The new holder finds who manages the instrument on its record's page, and changes it."""
    holder.member("小赵", {"member", "approver"})
    holder.member("小钱", {"member"})
    page.goto(f"/records/{record}")
    page.get_by_role("link", name="谁管这台仪器").tap()
    expect(page.get_by_text("还没有为这台仪器指定")).to_be_visible()
    assert_fits(page)
    assert_clear(page, "managers")
    choice = page.get_by_label("指定成员")
    assert not [text for text in choice.locator("option").all_inner_texts() if "小钱" in text], "has no role to decide"
    choice.select_option(label=next(text for text in choice.locator("option").all_inner_texts() if "小赵" in text))
    page.get_by_role("button", name="指定", exact=True).tap()
    named = page.get_by_role("region", name="已指定")
    expect(named).to_contain_text("小赵")
    assert_fits(page)
    page.get_by_role("button", name=re.compile("取消指定：小赵")).tap()
    expect(page.get_by_text("还没有为这台仪器指定")).to_be_visible()


def shown_in_the_trail(page: Page, first: Lab) -> None:
    """Both decisions, in words, to whom they concern."""
    page.goto("/audit?action=claim.decide")
    entries = page.locator(".trail li")
    expect(entries).to_have_count(2)
    expect(entries.nth(0)).to_contain_text("认领成立：乙所")
    expect(entries.nth(1)).to_contain_text("拒绝：乙所: 不是同一台")
    expect(entries.nth(0)).to_contain_text("甲所的管理员")
    expect(page.get_by_text("与写入时一致")).to_be_visible()
    with page.expect_download() as table:
        page.get_by_role("link", name="导出表格").click()
    rows = table.value.path().read_text("utf-8-sig").splitlines()
    assert [("裁定认领" in row) for row in rows] == [False, True, True]


@pytest.mark.parametrize("path", ["/steward/claims", "/steward/claims?state=all", "/audit"])
@pytest.mark.parametrize(("device", "language"), [(PHONE, "zh-CN"), (DESK, "en")], ids=["phone", "desk"])
def test_pages_fit_and_are_clear_to_an_operator(
    open_page: Open, site: Site, device: dict[str, object], language: str, path: str
) -> None:
    page = open_page(path, device=device, language=language, token=site.operator)
    assert_fits(page)
    assert_clear(page, path)
