"""Ways in over HTTP: codes, links, tokens, providers; sessions and how they end; what strangers cannot do."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from starlette.requests import Request

from app.composition import compose
from app.server import create_app
from hub.auth.oidc import OidcAccess, ProviderKeys
from hub.auth.tokens import operator_token
from hub.kernel.access import ProviderPerson
from hub.kernel.credentials import credential_id
from hub.kernel.problems import Refusal
from hub.runtime.settings import Settings
from hub.web.callers import principal_of
from services.accounts.manifest import ACCOUNTS
from services.accounts.sign_in import CODES_ANYWHERE, CODES_HERE, Whence
from tests.integration.accounts_site import Person, Site, opened

pytestmark = pytest.mark.integration
FAR = "192.0.2.7"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with opened(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Person]]:
    """A hub with all services, and somebody who has signed in."""
    with opened(tmp_path_factory.mktemp("whole"), None) as made:
        yield made, made.company("li@example.org")[0]


def test_a_code_signs_in_once_and_an_account_is_there_from_then_on(site: Site) -> None:
    ticket, code = site.ask_for_code("Li@Example.org")
    answer = site.nobody.call("POST /sessions", {"ticket": ticket, "code": code})
    assert answer.json()["registered"] is False
    again = site.nobody.call("POST /sessions", {"ticket": ticket, "code": code})
    assert (again.status_code, again.json()["errors"][0]["code"]) == (401, "wrong-code")
    account = Person(site, answer.json()["token"]).call("GET /account").json()
    assert (account["emails"], account["organisations"]) == (["li@example.org"], [])
    assert site.person("li@example.org").call("GET /account").json()["id"] == account["id"]


def test_a_code_is_good_for_ten_minutes_and_five_tries_of_who_asked_for_it(site: Site) -> None:
    ticket, code = site.ask_for_code("li@example.org")
    site.clock.advance(timedelta(minutes=10))
    assert site.nobody.call("POST /sessions", {"ticket": ticket, "code": code}).status_code == 401
    strangers, _ = site.ask_for_code("li@example.org")
    ticket, code = site.ask_for_code("li@example.org")
    for _ in range(5):
        assert site.nobody.call("POST /sessions", {"ticket": strangers, "code": "0"}).status_code == 401
    assert site.nobody.call("POST /sessions", {"ticket": strangers, "code": code}).status_code == 401
    assert site.nobody.call("POST /sessions", {"ticket": ticket, "code": code}).status_code == 201


def test_who_asks_for_a_code_learns_nothing_about_the_address(site: Site) -> None:
    site.person("known@example.org")
    bodies = [
        site.nobody.call("POST /sign-in/codes", {"email": f"{name}@example.org"}).json() for name in ("known", "new")
    ]
    assert bodies[0].keys() == bodies[1].keys()
    for wrong in ("nobody", "a@b", "a@b.cn\nBcc: c@d.cn", ""):
        assert site.nobody.call("POST /sign-in/codes", {"email": wrong}).status_code == 422


def test_ten_thousand_wrong_codes_are_throttled_and_noted_and_lock_nobody_out(site: Site) -> None:
    site.person("owner@example.org")
    ticket, _ = site.ask_for_code("owner@example.org", FAR)
    statuses = []
    for number in range(10_000):
        with pytest.raises(Refusal) as refused:
            site.accounts.sign_ins.by_code(ticket, f"{number:08}", Whence(FAR))
        statuses.append(refused.value.status)
    assert statuses.count(401) < 200, "of those that came within the minute"
    assert statuses[-1] == 429
    over_http = Person(site, "", FAR).call("POST /sessions", {"ticket": ticket, "code": "1"})
    assert (over_http.status_code, int(over_http.headers["retry-after"]) > 0) == (429, True)
    noted = [event for event in site.trail.events if event.action == "session.begin" and event.outcome != "done"]
    assert {event.outcome for event in noted} == {"refused", "throttled"}
    assert len(noted) < 300, "no line for each"
    for address in ("127.0.0.1", FAR, "198.51.100.9"):
        assert site.person("owner@example.org", address).me["account"], "the owner comes in, from there too"


def test_codes_that_strangers_ask_for_keep_no_owner_from_a_code(site: Site) -> None:
    owner = site.person("owner@example.org")
    asked = [
        Person(site, "", f"192.0.2.{number}").call("POST /sign-in/codes", {"email": "owner@example.org"}).status_code
        for number in range(CODES_ANYWHERE + 5)
    ]
    assert asked.count(429) >= 5
    assert any(event.action == "code.ask" and event.outcome == "throttled" for event in site.trail.events)
    assert site.person("owner@example.org").me["account"] == owner.me["account"], "where they signed in before"
    for number in range(CODES_HERE + 1):
        answer = Person(site, "", FAR).call("POST /sign-in/codes", {"email": "other@example.org"})
        assert answer.status_code == (202 if number < CODES_HERE else 429)


def test_wrong_tokens_are_throttled_and_noted_and_right_ones_pass(site: Site) -> None:
    good = site.hub.access.issue("lab", {"member"}, set())
    wrong = good[:-4] + ("aaaa" if not good.endswith("aaaa") else "bbbb")
    answers = [Person(site, token, FAR).call("GET /me") for token in [wrong, "nonsense"] * 20]
    assert [answer.status_code for answer in answers[:20]] == [401] * 20
    assert {answer.status_code for answer in answers[21:]} <= {401, 429}
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) > 0
    noted = [event for event in site.trail.events if event.action == "token.use"]
    assert {event.subject for event in noted} >= {good.split("_")[1]}
    assert noted[-1].outcome == "throttled"
    assert Person(site, good, FAR).me["name"] == "lab"
    assert Person(site, wrong, "198.51.100.1").call("GET /me").status_code == 401, "elsewhere"


def test_ten_thousand_wrong_tokens_are_throttled_and_noted_in_the_trail_and_lock_nobody_out(tmp_path: Path) -> None:
    hub = compose(Settings(data_dir=tmp_path))
    app = create_app(hub)
    owner = hub.get(ACCOUNTS).tokens.issue_for_machine("lab", {"submitter"}, {"owner"})
    session, _ = hub.get(ACCOUNTS).sign_ins.exchange(hub.access.principal(owner.text), Whence(FAR))  # type: ignore[arg-type]

    def status(token: str, address: str = FAR) -> int:
        scope = {"type": "http", "app": app, "headers": [(b"authorization", f"Bearer {token}".encode())]}
        try:
            return 200 if principal_of(Request(scope | {"client": (address, 1)})).account else 401
        except Refusal as refusal:
            return refusal.status

    wrong = [*(text[:-6] + "{:06}" for text in (owner.text, session.text)), "hub_tok-{:020}_x", "{:043}", "ключ{}"]
    began = time.monotonic()
    statuses = [status(wrong[number % len(wrong)].format(number)) for number in range(10_000)]
    assert time.monotonic() - began < 300, "no wrong one takes long, or longer than the one before"
    assert statuses[:20] == [401] * 20
    assert statuses.count(401) < 1_000
    assert set(statuses[20:]) <= {401, 429}
    assert [status(text, address) for text in (owner.text, session.text) for address in (FAR, "198.51.100.9")] == [
        200
    ] * 4
    asking = TestClient(
        app, base_url="http://localhost", headers={"Authorization": f"Bearer {operator_token(tmp_path)}"}
    )
    noted = asking.get("/api/v1/audit", params={"action": "token.use", "limit": "100"}).json()["entries"]
    assert {entry["outcome"] for entry in noted} == {"refused", "throttled"}
    assert {entry["subject"] for entry in noted} >= {credential_id(owner.text), credential_id(session.text)}
    assert FAR in noted[0]["detail"]
    hub.close()


def test_signing_out_ends_the_session_everywhere(site: Site) -> None:
    person, _ = site.company("li@example.org")
    other = site.person("li@example.org")
    assert person.call("DELETE /sessions/current").status_code == 204
    assert person.call("GET /me").status_code == 401
    assert other.me["account"]


def test_ones_other_sessions_are_listed_and_ended_and_nobody_elses(site: Site) -> None:
    first, second, stranger = (site.person(email) for email in ("a@b.cn", "a@b.cn", "c@d.cn"))
    listed = first.call("GET /sessions").json()["sessions"]
    assert [view["current"] for view in listed].count(True) == 1
    assert len(listed) == 2
    theirs = stranger.call("GET /sessions").json()["sessions"][0]["id"]
    assert first.call(f"DELETE /sessions/{theirs}").status_code == 404
    assert first.call("DELETE /sessions").json() == {"ended": 1}
    assert second.call("GET /me").status_code == 401
    assert stranger.me["account"]
    assert first.me["account"]


def test_sessions_end_without_use_and_in_the_end(tmp_path: Path) -> None:
    with opened(tmp_path, session_hours=100, session_idle_hours=10) as site:
        idle, used = site.person("a@b.cn"), site.person("a@b.cn")
        for _ in range(11):
            site.clock.advance(timedelta(hours=9))
            assert used.me["account"]
        assert idle.call("GET /me").status_code == 401
        site.clock.advance(timedelta(hours=2))
        assert used.call("GET /me").status_code == 401, "used all the time, and over all the same"


def test_a_link_is_good_once_and_for_fifteen_minutes(site: Site) -> None:
    first, late = (site.accounts.link_for(site.operator.token) for _ in range(2))
    begun = site.nobody.call("POST /sessions", {"link": first})
    operator = Person(site, begun.json()["token"])
    assert operator.me["roles"] == ["operator"]
    assert site.nobody.call("POST /sessions", {"link": first}).status_code == 401, "used"
    assert site.nobody.call("POST /sessions", {"link": f"{late}x"}).status_code == 401
    site.clock.advance(timedelta(minutes=15))
    assert site.nobody.call("POST /sessions", {"link": late}).status_code == 401, "too late"
    assert operator.me["roles"] == ["operator"]


@pytest.mark.parametrize("path", ["/bookings", "/saved-searches", "/same-as", "/organisations"])
@pytest.mark.parametrize("media", ["text/plain", "application/json"])
def test_a_cookie_alone_is_nobody_to_the_api(whole: tuple[Site, Person], path: str, media: str) -> None:
    site, person = whole
    for name in ("hub_session", "__Host-hub_session", "hub_token"):
        headers = {"cookie": f"{name}={person.token}", "origin": "https://evil.example", "content-type": media}
        answer = site.client().post(f"/api/v1{path}", content=b"{}", headers=headers)
        assert answer.status_code == 401, (name, answer.text)
        assert site.client().get("/api/v1/me", headers=headers).json()["account"] == ""


def test_a_token_is_exchanged_for_a_session_that_ends_with_it(site: Site) -> None:
    token = site.hub.access.issue("lab", {"submitter"}, {"owner"})
    begun = Person(site, token).call("POST /sessions", {})
    session = Person(site, begun.json()["token"])
    assert (session.me["roles"], session.me["organisation"]) == (["submitter"], Person(site, token).me["organisation"])
    assert session.call("POST /sessions", {}).status_code == 401, "a session is not made into another"
    site.accounts.tokens.revoke(token.split("_")[1])
    assert session.call("GET /me").status_code == 401
    operators = Person(site, site.operator.call("POST /sessions", {}).json()["token"])
    assert operators.me["roles"] == ["operator"]
    site.accounts.tokens.revoke(site.operator.me["credential"])
    assert operators.call("GET /me").status_code == 401, "that of an older release too"


def test_a_disabled_account_lets_nobody_in(site: Site) -> None:
    person, _ = site.company("li@example.org")
    token = person.call("POST /tokens", {"name": "sync", "scopes": ["member"]}).json()["token"]
    account = person.me["account"]
    link = site.accounts.sign_ins.new_link(account).text
    site.accounts.access.accounts.change_account(account, disabled_at="2026-12-01T00:00:00Z")
    assert person.call("GET /me").status_code == 401
    assert Person(site, token).call("GET /me").status_code == 401
    assert site.nobody.call("POST /sessions", {"link": link}).status_code == 403
    ticket, code = site.ask_for_code("li@example.org")
    assert site.nobody.call("POST /sessions", {"ticket": ticket, "code": code}).status_code == 403


def test_a_provider_is_linked_by_verified_address_and_then_by_subject(site: Site) -> None:
    mine = site.person("li@example.org").me["account"]
    linked = site.accounts.admit(ProviderPerson("https://idp.example.org", "s-1", "li@idp", "li@example.org"))
    assert linked is not None
    assert linked.account == mine
    moved = site.accounts.admit(ProviderPerson("https://idp.example.org", "s-1", "li@idp", "other@example.org"))
    assert moved is not None
    assert moved.account == mine, "by the subject, whatever the address is by now"
    unverified = site.accounts.admit(ProviderPerson("https://idp.example.org", "s-2", "wang@idp"))
    same_subject = site.accounts.admit(ProviderPerson("https://other.example.org", "s-1", "li@other"))
    assert unverified is not None
    assert same_subject is not None
    assert len({mine, unverified.account, same_subject.account}) == 3


@pytest.mark.parametrize(("verified", "same"), [(" KATE@Example.ORG ", True), ("\u212aate@example.org", False)])
def test_a_provider_links_nobody_by_an_address_that_only_looks_like_theirs(
    site: Site, verified: str, same: bool
) -> None:
    mine = site.person("kate@example.org").me["account"]
    claimed = {"sub": "s-9", "email": verified, "email_verified": True}
    keys = ProviderKeys("https://idp.example.org")
    access = OidcAccess("https://idp.example.org", "hub", keys, site.clock, admit=site.accounts.admit)
    admitted = site.accounts.admit(access.person(claimed))
    assert admitted is not None
    assert (admitted.account == mine) == same


def test_whom_a_provider_vouches_for_registers_and_joins_by_its_token(site: Site) -> None:
    person = ProviderPerson("https://idp.example.org", "s", "li@idp")
    first, organisations = site.accounts.admit(person), site.accounts.organisations
    assert first is not None
    other, theirs = site.company("wang@example.org")
    given = other.call(f"POST /organisations/{theirs}/invitations", {}).json()["link"].partition("#")[2]
    assert organisations.answer(first, given, True).id == theirs
    own = organisations.register(first, "", "某公司", "", "").id
    assert {tenancy.id for _, tenancy in organisations.of(first)} == {theirs, own}


def test_roles_that_a_provider_grants_are_for_an_organisation_of_ones_own(site: Site) -> None:
    granting = ProviderPerson("https://idp.example.org", "s", "li@idp", "li@example.org", frozenset({"steward"}))
    _, company = site.company("li@example.org")
    first, again = site.accounts.admit(granting), site.accounts.admit(granting)
    assert first is not None
    assert first == again
    assert (first.roles, first.organisation != company) == ({"steward"}, True)
    given, session = site.accounts.sign_ins.exchange(first, Whence("127.0.0.1"))
    person = Person(site, given.text)
    assert (person.me["roles"], session.way) == (["steward"], "provider")
    acting = person.call("POST /sessions/current/organisation", {"organisation": company}).json()
    assert [own["acting"] for own in acting["organisations"] if own["organisation"]["id"] == company] == [True]
    assert person.me["roles"] == ["member"], "not carried along"


def test_an_account_without_a_role_is_told_so_and_not_to_sign_in(whole: tuple[Site, Person]) -> None:
    site, _ = whole
    newcomer = site.person("new@example.org")
    assert newcomer.me["roles"] == []
    assert newcomer.call("POST /saved-searches", {"name": "a", "query": "q=a"}).status_code == 403
    assert site.nobody.call("POST /saved-searches", {"name": "a", "query": "q=a"}).status_code == 401
