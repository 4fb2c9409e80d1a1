"""Signing in through an OpenID Connect provider that this test plays: the whole way, and every answer to refuse."""

import base64
import hashlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest

from hub.auth import oidc_login
from hub.auth.oidc import ProviderKeys
from hub.auth.oidc_login import Begun, OidcLogin, sign_in
from hub.auth.provider_tokens import keys_of
from hub.ports.clock import ManualClock
from hub.runtime.settings import Settings
from tests.unit.oidc_provider import ISSUER, NOW, OTHER_RSA, RSA, claims, rsa_jwk, signed
from tests.unit.portal_api import TOKEN, Asked

pytestmark = pytest.mark.unit
CLIENT = "hub-portal"
SITE = "https://hub.test"


class Provider:
    """Gives codes, and tokens for them to who shows the verifier. `change` alters the ID token's claims."""

    def __init__(self) -> None:
        self.codes: dict[str, dict[str, str]] = {}
        self.change: dict[str, Any] = {}
        self.key: Any = RSA
        self.access_token = signed(claims())
        self.down = False
        self.asked = 0

    def authorize(self, address: str) -> dict[str, str]:
        """What a person who agrees is sent back with."""
        asked = dict(parse_qsl(urlsplit(address).query))
        assert address.startswith(f"{ISSUER}/authorize?")
        assert (asked["response_type"], asked["client_id"], asked["scope"]) == ("code", CLIENT, "openid")
        assert (asked["redirect_uri"], asked["code_challenge_method"]) == (f"{SITE}/sign-in/callback", "S256")
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return {"code": code, "state": asked["state"], "iss": ISSUER}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.down:
            raise httpx.ConnectError("refused")
        if request.method == "GET":
            ends = {name: f"{ISSUER}/{name.split('_')[0]}" for name in ("token_endpoint", "end_session_endpoint")}
            found = {"issuer": ISSUER, "authorization_endpoint": f"{ISSUER}/authorize", **ends}
            return httpx.Response(200, json=found)
        form = dict(parse_qsl(request.content.decode()))
        asked = self.codes.pop(form["code"], None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        if (
            asked is None
            or asked["code_challenge"] != challenge.decode()
            or asked["redirect_uri"] != form["redirect_uri"]
        ):
            return httpx.Response(400, json={"error": "invalid_grant"})
        id_claims = claims(**{"aud": CLIENT, "nonce": asked["nonce"], **self.change})
        tokens = {"access_token": self.access_token, "id_token": signed(id_claims, key=self.key)}
        return httpx.Response(200, json={**tokens, "token_type": "Bearer", "expires_in": 900})


class Portal(Asked):
    """The portal with a sign-in, on an API that takes the provider's token."""

    def __init__(self, provider: Provider) -> None:
        super().__init__("https")
        self.provider = provider
        keys = keys_of(b'{"keys": [%s]}' % httpx.Request("GET", "x:", json=rsa_jwk("rsa", RSA)).content)
        client = httpx.AsyncClient(transport=httpx.MockTransport(provider))
        self.app.state.sign_in = OidcLogin(
            ISSUER, CLIENT, lambda kid, _: keys.get(kid or ""), ManualClock(NOW), client=client
        )
        self.taken = provider.access_token

    def begin(self, back: str = "/bookings") -> dict[str, str]:
        answer = self.browser.get("/sign-in/oidc", params={"next": back})
        assert answer.status_code == 303
        cookie = answer.headers["set-cookie"].lower()
        assert all(word in cookie for word in ("hub_sign_in=", "httponly", "secure", "samesite=lax", "path=/sign-in"))
        return self.provider.authorize(answer.headers["location"])

    def come_back(self, told: dict[str, str]) -> httpx.Response:
        answer: httpx.Response = self.browser.get("/sign-in/callback", params=told)
        return answer


@pytest.fixture
def portal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Portal]:
    monkeypatch.setattr(oidc_login, "KEY_PAUSE_SECONDS", 0.0)
    made = Portal(Provider())
    with made.browser:
        yield made


def test_a_person_signs_in_and_comes_back_to_where_they_were(portal: Portal) -> None:
    portal.taken = portal.provider.access_token = signed(claims(groups=["g" * 100] * 40))
    assert len(portal.taken) > 4_096, "more than a cookie holds"
    answer = portal.come_back(portal.begin())
    assert (answer.status_code, answer.headers["location"]) == (303, "/bookings")
    cookies = [line.lower() for line in answer.headers.get_list("set-cookie")]
    (kept,) = (line for line in cookies if line.startswith("__host-hub_session="))
    assert all(word in kept for word in ("httponly", "secure", "samesite=lax", "path=/;", "max-age="))
    assert any(line.startswith('hub_sign_in="";') for line in cookies)
    assert portal.browser.cookies["__Host-hub_session"] == TOKEN
    assert portal.taken not in str(answer.headers)


def test_every_sign_in_is_another_and_leads_only_to_this_site(portal: Portal) -> None:
    first, second = portal.begin("https://evil.example"), portal.begin("//evil.example")
    told = list(portal.provider.codes.values())
    assert all(told[0][name] != told[1][name] for name in ("state", "nonce", "code_challenge"))
    assert portal.come_back(first).status_code == 401, "begun before the second, which the browser knows"
    assert portal.come_back(second).status_code == 400, "what was begun is used once"
    third = portal.come_back(portal.begin("//evil.example"))
    assert third.headers["location"] == "/"


@pytest.mark.parametrize(
    "change",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"iss": "https://evil.example"},
        {"aud": "another-client"},
        {"azp": "another-client"},
        {"exp": int(NOW.timestamp()) - 61},
        {"exp": None},
    ],
    ids=str,
)
def test_an_id_token_that_is_not_for_this_sign_in_is_refused(portal: Portal, change: dict[str, Any]) -> None:
    told = portal.begin()
    portal.provider.change = change
    answer = portal.come_back(told)
    assert answer.status_code == 401
    assert "登录没有完成" in answer.text
    assert "__Host-hub_session" not in portal.browser.cookies


@pytest.mark.parametrize(
    "told",
    [
        {"state": "x" * 43},
        {"state": "é"},
        {"iss": "https://evil.example"},
        {"code": ""},
        {"code": "code-9"},
        {"code": "c" * 5_000},
    ],
    ids=lambda told: next(iter(told)) + str(len(str(told))),
)
def test_an_answer_that_is_not_to_this_sign_in_is_refused(portal: Portal, told: dict[str, str]) -> None:
    assert portal.come_back({**portal.begin(), **told}).status_code == 401
    assert "__Host-hub_session" not in portal.browser.cookies


def test_a_signature_of_another_key_is_refused(portal: Portal) -> None:
    told = portal.begin()
    portal.provider.key = OTHER_RSA
    assert portal.come_back(told).status_code == 401


def test_a_token_that_the_api_does_not_take_is_told(portal: Portal) -> None:
    portal.taken = "another"
    answer = portal.come_back(portal.begin())
    assert (answer.status_code, "不认可" in answer.text) == (401, True)
    assert "__Host-hub_session" not in portal.browser.cookies
    assert 'href="/sign-in/oidc?next=%2Fbookings"' in answer.text


def test_a_provider_that_is_away_is_told_and_known_endpoints_go_on(portal: Portal) -> None:
    portal.provider.down = True
    answer = portal.browser.get("/sign-in/oidc")
    assert (answer.status_code, "没有应答" in answer.text) == (503, True)
    portal.provider.down = False
    told, asked = portal.begin(), portal.provider.asked
    portal.begin()
    assert portal.provider.asked == asked, "the discovery document is fresh"
    portal.provider.down = True
    assert portal.come_back(told).status_code in (401, 503)


def test_signing_out_offers_to_end_the_session_there_too(portal: Portal) -> None:
    portal.come_back(portal.begin())
    answer = portal.browser.post("/sign-out", headers={"origin": SITE})
    assert answer.headers["location"] == "/signed-out"
    assert "__Host-hub_session" not in portal.browser.cookies
    assert 'href="/sign-out/oidc"' in portal.browser.get("/signed-out").text
    address = urlsplit(portal.browser.get("/sign-out/oidc").headers["location"])
    assert parse_qs(address.query) == {"client_id": [CLIENT], "post_logout_redirect_uri": [f"{SITE}/"]}


def test_people_are_sent_back_to_the_public_address_whatever_host_was_asked_for(portal: Portal) -> None:
    portal.app.state.settings = Settings(public_url="https://public.example.org")
    answer = portal.browser.get("/sign-in/oidc", headers={"host": "evil.example"})
    asked = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
    assert asked["redirect_uri"] == "https://public.example.org/sign-in/callback"


def test_without_a_provider_there_is_no_button_and_no_way_to_it() -> None:
    asked = Asked()
    assert "/sign-in/oidc" not in asked.browser.get("/sign-in").text
    for path in ("/sign-in/oidc", "/sign-in/callback", "/sign-out/oidc"):
        assert asked.browser.get(path).status_code == 404


def test_what_a_cookie_holds_is_read_back_or_not_at_all() -> None:
    begun = Begun("s", "n", "v", "/找")
    assert Begun.read(begun.text()) == begun
    for wrong in ("", "x", "é", "W10", base64.urlsafe_b64encode(b'["a","b","c",1]').decode(), begun.text()[:-3]):
        assert Begun.read(wrong) is None


def test_the_settings_decide_whether_there_is_a_sign_in() -> None:
    clock, keys = ManualClock(NOW), ProviderKeys(ISSUER)
    named = Settings(oidc_issuer=ISSUER, oidc_client_id=CLIENT)
    assert sign_in(named, clock, [keys]) is not None
    assert sign_in(named, clock, []) is None
    assert sign_in(Settings(oidc_issuer=ISSUER), clock, [keys]) is None
    keys.close()
