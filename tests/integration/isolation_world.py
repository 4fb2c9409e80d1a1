"""Two organisations on one hub with things of each, a third that books and claims, and callers of every sort."""

from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Literal

import httpx
from fastapi.testclient import TestClient
from stdnum.cn import uscc

from app.cli.noting import OPERATOR
from app.composition import compose
from app.server import create_app
from hub.kernel.access import Role, Scope
from hub.ports.clock import rfc3339
from hub.runtime.settings import Settings
from hub.runtime.threads import drain
from services.accounts.access import new_tenancy
from services.accounts.manifest import ACCOUNTS
from services.accounts.sign_in import Whence

Whose = Literal["own", "self", "colleague", "other", "all"]
"""Of the caller's organisation, of the caller, of another account of that organisation, of another organisation; a list
of everybody's.
"""
AFAR, HERE = "192.0.2.7", "127.0.0.1"
MARKS = {"own": "markalpha", "other": "markbeta"}
"""In everything private that an organisation has."""
PHONES = {"own": "13800001111", "other": "13800002222"}
SOURCES = {"own": "zhejiang", "other": "national"}
DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
AHEAD, LAST = timedelta(days=3), timedelta(days=700)
"""From now to the first booking, and from there to those that stand at the top of every list."""


@dataclass(frozen=True)
class Caller:
    """Whoever holds a session's token; the anonymous hold none."""

    name: str
    account: str = ""
    organisation: str = ""
    token: str = ""
    roles: frozenset[Role] = frozenset()


@dataclass
class Organisation:
    """An organisation, and what it has."""

    id: str
    mark: str
    code: str
    admin: Caller
    colleague: Caller
    records: dict[str, str] = field(default_factory=dict)
    receipt: str = ""
    booking: str = ""
    claim: str = ""
    waiting: str = ""
    """An organisation that waits to be verified."""


class World:
    """The hub; each method makes one more thing."""

    def __init__(self, folder: Path) -> None:
        self.hub = compose(Settings(data_dir=folder))
        self.folder = folder
        self._app = create_app(self.hub)
        self.accounts = self.hub.get(ACCOUNTS)
        self._numbers = count(1)
        self._began = datetime.now(UTC)
        self._clients = {address: self._client(address) for address in (AFAR, HERE)}
        self.house = self.organisation("house")
        self.operator = self.person("operator", self.house, {"operator"})
        self.guest = self.person("guest", self.organisation("guests"), {"member", "submitter"})
        self.of = {whose: self._furnished(mark) for whose, mark in MARKS.items()}
        self._callers: dict[str, Caller] = {}
        self._claims()
        drain(self.hub.workers)
        self._note_claims()

    def caller(self, title: str) -> Caller:
        """The one of that title, made once."""
        if title not in self._callers:
            self._callers[title] = CALLERS[title](self)
        return self._callers[title]

    def organisation(self, name: str, sources: frozenset[str] = frozenset(), scope: str = "", code: str = "") -> str:
        """A verified organisation; `scope`: the division that it oversees as an agency."""
        at = rfc3339(datetime.now(UTC))
        made = new_tenancy(
            name, name, at, credit_code=code or self.code(), verified_by="operator", evidence="test", sources=sources
        )
        self.accounts.access.add_tenancy(made)
        if scope:
            self.accounts.organisations.grant(OPERATOR, made.id, sources, Scope(divisions=frozenset({scope})))
        return made.id

    def waiting(self, name: str = "waiting") -> str:
        """An organisation of Zhejiang that nobody has verified."""
        made = new_tenancy(name, name, rfc3339(datetime.now(UTC)), credit_code=self.code())
        self.accounts.access.add_tenancy(made)
        return made.id

    def code(self) -> str:
        """A credit code of Hangzhou with its check character."""
        stem = f"91330106{next(self._numbers):09d}"
        return stem + str(uscc.calc_check_digit(stem))

    def person(
        self, name: str, organisation: str = "", roles: Set[Role] = frozenset(), *, admin: bool = False
    ) -> Caller:
        """Somebody new who has signed in."""
        account = self.accounts.access.add_account(name, known_by=[("email", self.email(name))]).id
        if organisation:
            give = self.accounts.organisations.add_member
            give(OPERATOR, organisation, account, frozenset(roles), administrator=admin)
        caller = Caller(name, account, organisation, "", frozenset(roles))
        return Caller(name, account, organisation, self.session(caller)[1], frozenset(roles))

    def email(self, name: str) -> str:
        return f"{name.replace(' ', '-').replace(',', '')}-{next(self._numbers)}@example.org"

    def session(self, caller: Caller, device: str = "") -> tuple[str, str]:
        """Id and token of one more."""
        link = self.accounts.sign_ins.new_link(caller.account)
        given, session = self.accounts.sign_ins.by_link(link.text, Whence(AFAR, device))
        return session.id, given.text

    def call(self, name: str, caller: Caller | None = None, *, address: str = AFAR, **more: Any) -> httpx.Response:
        """`NAME` is `METHOD /path`; a page is asked with the session's cookie, an operation with its token."""
        method, _, path = name.partition(" ")
        headers = {"sec-fetch-site": "same-origin", "accept-language": "en"} | more.pop("headers", {})
        if caller and caller.token:
            api = path.startswith("/api/") or path == "/metrics"
            headers |= {"authorization": f"Bearer {caller.token}"} if api else {"cookie": f"hub_session={caller.token}"}
        client = self._clients[address]
        client.cookies.clear()
        return client.request(method, path, headers=headers, **more)

    def made(self, name: str, caller: Caller, body: Any = None) -> dict[str, Any]:
        """What an operation that is allowed answers."""
        answer = self.call(name, caller, json=body)
        assert answer.is_success, (name, answer.status_code, answer.text)
        made: dict[str, Any] = answer.json() if answer.content else {}
        return made

    def submit(self, caller: Caller, kind: str, *rows: dict[str, Any], source: str = "owner") -> dict[str, Any]:
        """The receipt."""
        return self.made(f"POST /api/v1/submissions/{kind}?source={source}", caller, list(rows))

    def book(self, caller: Caller, instrument: str, purpose: str = "", later: timedelta = timedelta()) -> str:
        """A booking of the next hour that nobody has taken."""
        start = self.hour(later)
        body = {"instrument": instrument, "start": start[0], "end": start[1], "purpose": purpose}
        identity: str = self.made("POST /api/v1/bookings", caller, body)["id"]
        return identity

    def hour(self, later: timedelta = timedelta()) -> tuple[str, str]:
        """One that nobody has asked for yet."""
        first = (self._began + AHEAD).replace(minute=0, second=0, microsecond=0)
        start = first + timedelta(hours=next(self._numbers)) + later
        return rfc3339(start), rfc3339(start + timedelta(hours=1))

    def close(self) -> None:
        self.hub.close()

    def _client(self, address: str) -> TestClient:
        return TestClient(self._app, base_url="http://localhost", follow_redirects=False, client=(address, 1))

    def _furnished(self, mark: str) -> Organisation:
        whose = "own" if mark == MARKS["own"] else "other"
        code = self.code()
        organisation = self.organisation(f"Institute {mark[4:]}", frozenset({SOURCES[whose]}), code=code)
        admin = self.person(f"{mark} admin", organisation, {"member", "submitter", "manager"}, admin=True)
        made = Organisation(
            organisation, mark, code, admin, self.person(f"colleague {mark[4:]}", organisation, {"member"})
        )
        self._submit_all(made, PHONES[whose])
        drain(self.hub.workers)
        rows = self.made(f"GET /api/v1/receipts/{made.receipt}/rows", admin)["rows"]
        for name, row in zip(("instrument", "claimed", "twin", "other twin"), rows, strict=False):
            made.records[name] = row["record_id"]
        made.booking = self.book(self.guest, made.records["instrument"], f"{mark} purpose", LAST)
        for path, body in (
            (f"/organisations/{organisation}/invitations", {"email": f"{mark}@example.org"}),
            ("/tokens", {"name": f"{mark} token", "scopes": ["member"]}),
            ("/saved-searches", {"name": f"{mark} search", "query": "q=x"}),
        ):
            self.made(f"POST /api/v1{path}", admin, body)
        self.session(admin, f"{mark} device")
        made.waiting = self.waiting(f"waiting {mark}")
        return made

    def _submit_all(self, made: Organisation, phone: str) -> None:
        """Instruments of the organisation, two alike, one row that is refused; a person; sources that differ."""
        owner = {"uscc": made.code, "name_en": f"Institute {made.mark[4:]}"}
        common = {
            "owner": owner,
            "place": {"division": "330106", "address": "Road 1"},
            "opening_hours": [{"days": DAYS, "opens": "00:00", "closes": "24:00"}],
            "booking_confirmation": "owner",
            "max_advance_days": 730,
            "time_zone": "UTC",
            "contact": {"name": f"contact {made.mark[4:]}", "phone": phone},
        }
        named = {
            name: common | {"_id": name, "pid": self.pid(made, name), "name_en": f"{name} {made.mark[4:]}"}
            for name in ("instrument", "claimed")
        }
        twins = [common | {"_id": name, "name_en": f"twin {made.mark[4:]}"} for name in ("twin 1", "twin 2")]
        refused = common | {"_id": "refused", "pid": made.mark, "name_en": f"{made.mark} refused"}
        made.receipt = self.submit(made.admin, "instrument", *named.values(), *twins, refused)["id"]
        for source in ("nsf", "facilities"):
            row = {"_id": made.mark[4:], "pid": self.pid(made, "instrument"), "model": f"{source} says"}
            self.submit(self.operator, "instrument", row, source=source)
        common = {"organisation": {"uscc": made.code}, "phone": phone, "email": f"mail-{made.mark[4:]}@example.org"}
        experts = [
            common | {"_id": name, "name_zh": f"某{made.mark[4:]}", "expert_number": f"{name}-{made.mark[4:]}"}
            for name in ("expert", "erased")
        ]
        receipt = self.submit(made.admin, "expert", *experts)
        drain(self.hub.workers)
        rows = self.made(f"GET /api/v1/receipts/{receipt['id']}/rows", made.admin)["rows"]
        made.records |= {name: row["record_id"] for name, row in zip(("expert", "erased"), rows, strict=True)}

    def pid(self, made: Organisation, name: str) -> str:
        return f"10.5442/{name}-{made.mark[4:]}"

    def _claims(self) -> None:
        for made in self.of.values():
            row = {"_id": made.mark, "pid": self.pid(made, "claimed"), "name_en": f"{made.mark} claimed"}
            self.submit(self.guest, "instrument", row)

    def _note_claims(self) -> None:
        claims = self.made("GET /api/v1/claims", self.operator)["claims"]
        for made in self.of.values():
            made.claim = next(claim["id"] for claim in claims if claim["holder"] == made.id)


CALLERS: Mapping[str, Callable[[World], Caller]] = {
    "anonymous": lambda world: Caller("anonymous"),
    **{
        role: lambda world, role=role: world.person(role, world.of["own"].id, {role})  # type: ignore[misc]
        for role in ("member", "submitter", "approver", "manager", "steward")
    },
    "administrator": lambda world: world.person("administrator", world.of["own"].id, {"member"}, admin=True),
    "agency, in scope": lambda world: world.person("agency in", world.organisation("in", scope="33"), {"agency"}),
    "agency, out of scope": lambda world: world.person("agency out", world.organisation("out", scope="44"), {"agency"}),
    "auditor": lambda world: world.person("auditor", world.house, {"auditor"}),
    "operator": lambda world: world.person("operator", world.house, {"operator"}),
}
"""The columns of the table: each makes somebody new."""


@contextmanager
def opened(folder: Path) -> Iterator[World]:
    """The world in the folder."""
    world = World(folder)
    try:
        yield world
    finally:
        world.close()
