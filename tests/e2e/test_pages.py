"""Every page: landmarks, names for what can be operated, one heading at the top, contrast, and little to load."""

from collections.abc import Mapping

import pytest
from playwright.sync_api import Page

from tests.e2e.conftest import DESK, PHONE, Open, Site

PATHS = (
    "/",
    "/?q=质谱仪&kind=instrument&f.status=idle",
    "/?q=qqqzzz",
    "/sign-in",
    "/account",
    "/bookings",
    "/bookings?scope=owned",
    "/saved",
    "/saved/new?q=质谱仪",
    "/import",
    "/steward",
    "/steward/duplicates",
)
FAULTS = """() => {
  const found = [];
  for (const selector of ['h1', 'main', 'body > header', 'body > footer']) {
    const n = document.querySelectorAll(selector).length;
    if (n !== 1) found.push(`${selector}: ${n}`);
  }
  const ids = [...document.querySelectorAll('[id]')].map((one) => one.id);
  for (const id of ids.filter((one, place) => ids.indexOf(one) !== place)) found.push(`two have the id ${id}`);
  for (const of of document.querySelectorAll('[aria-labelledby], [aria-describedby]'))
    for (const id of (of.getAttribute('aria-labelledby') || of.getAttribute('aria-describedby')).split(' '))
      if (!document.getElementById(id)) found.push(`nothing has the id ${id}`);
  for (const nav of document.querySelectorAll('nav'))
    if (!nav.getAttribute('aria-label')) found.push('a nav has no name');
  for (const one of document.querySelectorAll('input:not([type=hidden]), select, textarea'))
    if (!one.labels?.length && !one.getAttribute('aria-label')) found.push(`no label: ${one.outerHTML}`);
  for (const one of document.querySelectorAll('a[href], button, summary'))
    if (!(one.getAttribute('aria-label') || one.textContent).trim()) found.push(`no name: ${one.outerHTML}`);
  let level = 0;
  for (const heading of document.querySelectorAll('main :is(h1, h2, h3, h4)')) {
    const own = Number(heading.tagName[1]);
    if (own > level + 1) found.push(`h${own} after h${level}: ${heading.textContent}`);
    level = own;
  }
  return found;
}"""
# WCAG 2.2, 1.4.3: 4.5 to 1, large text 3 to 1. Colours of translucent grounds are not mixed: there are none.
FAINT = """() => {
  const part = (value) => { const c = value / 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const parsed = (colour) => (colour.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  const ground = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const colour = parsed(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0.5) return colour;
    }
    return [255, 255, 255];
  };
  const faint = [];
  for (const one of document.querySelectorAll('body *')) {
    const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || one.closest('.unseen, .map, svg, .note-code')) continue;
    if (!one.checkVisibility({ visibilityProperty: true })) continue;
    const style = getComputedStyle(one);
    const [a, b] = [light(parsed(style.color)), light(ground(one))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) faint.push(`${ratio.toFixed(2)} ${one.textContent.trim().slice(0, 30)}`);
  }
  return faint;
}"""


def assert_clear(page: Page, path: str) -> None:
    assert page.evaluate(FAULTS) == [], path
    assert page.evaluate(FAINT) == [], path


@pytest.mark.parametrize(
    ("device", "language", "scheme"), [(PHONE, "zh-CN", "light"), (DESK, "en", "dark")], ids=["phone", "desk"]
)
def test_pages_can_be_understood_without_being_seen_and_seen_without_effort(
    open_page: Open, site: Site, device: Mapping[str, object], language: str, scheme: str
) -> None:
    page = open_page("/", device=dict(device) | {"color_scheme": scheme}, token=site.operator, language=language)
    for path in PATHS:
        page.goto(path)
        assert_clear(page, path)
    page.goto(PATHS[1])
    page.locator(".card-title a").first.click()
    page.wait_for_url("**/records/*")
    assert_clear(page, "a record")
    page.locator(".record-book a").click()
    page.wait_for_url("**/book")
    page.locator("a.slot").first.click()
    page.locator(".sheet").wait_for()
    assert_clear(page, "a slot")


@pytest.mark.parametrize(("device", "most"), [(PHONE, 40_000), (DESK, 400_000)], ids=["phone", "desk"])
def test_a_page_of_results_is_light(open_page: Open, device: Mapping[str, object], most: int) -> None:
    """In bytes as sent. On a phone the map and its library come when it is unfolded."""
    page = open_page("/sign-in", device=device)
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    sizes: list[float] = []
    session.on("Network.loadingFinished", lambda done: sizes.append(done["encodedDataLength"]))
    page.goto("/?q=质谱仪&kind=instrument", wait_until="networkidle")
    assert 5_000 < sum(sizes) < most
