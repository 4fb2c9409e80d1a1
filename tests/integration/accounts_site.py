"""A hub whose clock stands still, and people who sign in to it over HTTP."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

import services.privacy.manifest as privacy
from app.composition import Hub, compose
from app.server import create_app
from hub.auth.tokens import operator_token
from hub.ports.clock import ManualClock
from hub.runtime.settings import Settings
from services.accounts.manifest import ACCOUNTS
from services.accounts.service import Accounts
from tests.noted import Noted

START = datetime(2026, 12, 1, 8, tzinfo=UTC)
HERE = "127.0.0.1"
CODE = re.compile(r"\b(\d{4} \d{4})\b")


@dataclass
class Person:
    """Whoever holds a bearer token."""

    site: "Site"
    token: str
    address: str = HERE

    def call(self, name: str, body: Any = None, **headers: str) -> httpx.Response:
        """`NAME` is `METHOD /path` below /api/v1."""
        method, _, path = name.partition(" ")
        bearer = {"authorization": f"Bearer {self.token}"} if self.token else {}
        client = self.site.client(self.address)
        answer: httpx.Response = client.request(method, f"/api/v1{path}", json=body, headers=bearer | headers)
        return answer

    @property
    def me(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.call("GET /me").json()
        return answer


class Site:
    """One hub."""

    def __init__(self, hub: Hub, clock: ManualClock, trail: Noted) -> None:
        self.hub, self.clock, self.trail = hub, clock, trail
        self.app = create_app(hub)
        self.accounts: Accounts = hub.get(ACCOUNTS)
        self.operator = Person(self, operator_token(hub.settings.data_dir) or "")
        self.nobody = Person(self, "")

    def client(self, address: str = HERE) -> TestClient:
        return TestClient(self.app, base_url="http://localhost", follow_redirects=False, client=(address, 1))

    def ask_for_code(self, email: str, address: str = HERE) -> tuple[str, str]:
        """Ticket and code."""
        answer = Person(self, "", address).call("POST /sign-in/codes", {"email": email})
        assert answer.status_code == 202, answer.text
        newest = self.nobody.call("GET /mailbox").json()["mails"][0]
        assert newest["to"] == email.lower()
        match = CODE.search(newest["subject"])
        assert match
        return answer.json()["ticket"], match[1]

    def person(self, email: str, address: str = HERE) -> Person:
        """Somebody who signs in by a code."""
        ticket, code = self.ask_for_code(email, address)
        answer = Person(self, "", address).call("POST /sessions", {"ticket": ticket, "code": code})
        assert answer.status_code == 201, answer.text
        return Person(self, answer.json()["token"], address)

    def company(self, email: str, name: str = "公司", code: str = "") -> tuple[Person, str]:
        """Somebody who has registered an organisation, and its id."""
        person = self.person(email)
        body = {"person": "张伟", "name_zh": name, "credit_code": code}
        answer = person.call("POST /organisations", body)
        assert answer.status_code == 201, answer.text
        return person, answer.json()["id"]

    def member(self, of: tuple[Person, str], email: str, *roles: str, administrator: bool = False) -> Person:
        """Somebody who was invited and has accepted."""
        inviting, organisation = of
        body = {"email": email, "roles": roles or ("member",), "administrator": administrator}
        given = inviting.call(f"POST /organisations/{organisation}/invitations", body)
        assert given.status_code == 201, given.text
        person = self.person(email)
        credential = given.json()["link"].partition("#")[2]
        answer = person.call("POST /invitations/answer", {"invitation": credential, "accept": True})
        assert answer.status_code == 200, answer.text
        return person


@contextmanager
def opened(folder: Path, roles: tuple[str, ...] | None = ("accounts", "portal"), **settings: Any) -> Iterator[Site]:
    """A hub on embedded adapters in the folder, with these roles (None: all)."""
    clock, trail = ManualClock(START), Noted()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(privacy, "SqlAuditTrail", lambda *_: trail)
        hub = compose(Settings(data_dir=folder, **settings), clock, roles)
    try:
        yield Site(hub, clock, trail)
    finally:
        hub.close()
