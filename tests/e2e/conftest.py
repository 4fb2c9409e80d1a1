"""The whole hub behind a real browser: one server and one browser for the run, a new context for each test."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, Request, expect, sync_playwright

from app.composition import compose
from app.server import create_app
from hub.auth.tokens import operator_token
from hub.runtime.settings import Settings
from hub.web.connections import server_config
from sample import FILES
from services.accounts.manifest import ACCOUNTS
from services.accounts.service import Accounts
from tests.summary import RAN_ON
from tests.waiting import PATIENCE_SECONDS, wait_until

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
DESK = {"viewport": {"width": 1360, "height": 860}}
CHROMIUM_ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
LOADED_KINDS = ("laboratory", "instrument")
SHOTS = Path("/tmp")
Open = Callable[..., Page]
expect.set_options(timeout=PATIENCE_SECONDS * 1_000)


@dataclass(frozen=True)
class Site:
    """A running hub with sample data: its address, and tokens of an operator and of a company's member.

    `link` gives the credential of a one-time link for the member; `accounts` knows everybody.
    """

    url: str
    operator: str
    member: str
    link: Callable[[], str]
    accounts: Accounts


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The hub on embedded adapters in a temporary folder, filled through its own API."""
    folder = tmp_path_factory.mktemp("hub")
    hub = compose(Settings(data_dir=folder))
    config = server_config(create_app(hub), 5)
    config.host, config.port = "127.0.0.1", 0
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        wait_until(lambda: server.started)
        address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        operator = operator_token(folder) or ""
        load_sample(address, operator)
        member = hub.access.issue("company", {"member"}, set())
        yield Site(address, operator, member, lambda: hub.get(ACCOUNTS).link_for(member) or "", hub.get(ACCOUNTS))
    finally:
        server.should_exit = True
        thread.join(PATIENCE_SECONDS)
        hub.close()


def session_for(address: str, token: str) -> str:
    """The token of a session in place of another, as the portal begins one for a token that is pasted."""
    answer = httpx.post(f"{address}/api/v1/sessions", json={}, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


def load_sample(address: str, token: str) -> None:
    """Submit sample files and wait until every accepted row can be found."""
    with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE_SECONDS) as api:
        for file in FILES:
            if file.kind not in LOADED_KINDS or file.source != "sample":
                continue
            asked = {"source": file.source, "format": file.format}
            answer = api.post(f"/api/v1/submissions/{file.kind}", params=asked, content=file.read())
            assert answer.status_code == 202, answer.text
            receipt = answer.json()
            assert receipt["refused"] == 0, receipt["problems"]
            path = receipt["links"]["self"]
            wait_until(partial(searchable, api, path, receipt["accepted"]))


def searchable(api: httpx.Client, receipt: str, rows: int) -> bool:
    return bool(api.get(receipt).json()["states"]["searchable"] == rows)


@pytest.fixture(scope="session")
def playwright_driver() -> Iterator[Playwright]:
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def browser(playwright_driver: Playwright) -> Iterator[Browser]:
    """The system's Chromium; HUB_CHROMIUM names another one."""
    path = os.environ.get("HUB_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
    browser = playwright_driver.chromium.launch(executable_path=path, args=list(CHROMIUM_ARGUMENTS))
    RAN_ON["Chromium"] = browser.version
    yield browser
    browser.close()


@pytest.fixture
def open_page(browser: Browser, site: Site, request: pytest.FixtureRequest) -> Iterator[Open]:
    """Opens pages of the hub; fails the test for a script error, a console error or a request to another host.

    The page is kept as a picture where the test fails.
    """
    complaints: list[str] = []
    contexts: list[BrowserContext] = []

    def watch(page: Page) -> None:
        page.on("pageerror", lambda error: complaints.append(f"script error: {error}"))
        page.on("console", lambda said: complaints.append(f"console: {said.text}") if said.type == "error" else None)
        page.on(
            "request", lambda sent: complaints.append(f"left the host: {sent.url}") if _leaves(sent, site) else None
        )

    def opened(
        path: str = "/", *, device: Mapping[str, object] = DESK, language: str = "zh-CN", token: str = ""
    ) -> Page:
        context = browser.new_context(base_url=site.url, locale=language, **device)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE_SECONDS * 1_000)
        contexts.append(context)
        if token:
            context.add_cookies([{"name": "hub_session", "value": session_for(site.url, token), "url": site.url}])
        page = context.new_page()
        watch(page)
        page.goto(path)
        return page

    failures = request.session.testsfailed
    yield opened
    if request.session.testsfailed > failures or complaints:
        for number, page in enumerate(page for context in contexts for page in context.pages):
            page.screenshot(path=SHOTS / f"{request.node.name}-{number}.png", full_page=True)
    for context in contexts:
        context.close()
    assert complaints == []


def _leaves(request: Request, site: Site) -> bool:
    return not request.url.startswith((f"{site.url}/", "data:", "blob:"))
