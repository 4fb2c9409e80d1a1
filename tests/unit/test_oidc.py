"""Access tokens of an OpenID Connect provider: one of this test's own signs them, well and in every wrong way."""

from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app import me
from hub.auth import oidc
from hub.auth.oidc import AccessLists, OidcAccess, ProviderKeys, with_oidc
from hub.auth.provider_tokens import keys_of
from hub.auth.sources import load_sources
from hub.auth.tokens import AccessFile
from hub.kernel.access import Principal
from hub.kernel.sources import Sources
from hub.ports.clock import ManualClock
from hub.runtime.settings import Settings
from hub.web.problems import install_problem_handlers
from tests.unit.oidc_provider import (
    EC,
    ISSUER,
    NOW,
    OTHER_RSA,
    RSA,
    Provider,
    claims,
    ec_jwk,
    rsa_jwk,
    segment,
    signed,
    signed_bytes,
)

pytestmark = pytest.mark.unit
SOURCES = frozenset({"owner", "zhejiang"})


class Stand:
    """A provider, the keys as the hub knows them, and the access list."""

    def __init__(self, **access: Any) -> None:
        self.provider = Provider()
        self.clock = ManualClock(NOW)
        self.keys = ProviderKeys(ISSUER, client=httpx.Client(transport=httpx.MockTransport(self.provider)))
        self.access = OidcAccess(ISSUER, "research-hub", self.keys, self.clock, **access)

    def principal(self, **changed: Any) -> Principal | None:
        return self.access.principal(signed(claims(**changed)))


@pytest.fixture
def stand() -> Stand:
    made = Stand()
    made.keys.step(0.0)
    return made


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Moves the monotonic clock of the keys: its last item is the time."""
    at = [1_000_000.0]
    monkeypatch.setattr(oidc.time, "monotonic", lambda: at[-1])
    monkeypatch.setattr(oidc.time, "sleep", lambda _: None)
    return at


@pytest.mark.parametrize("key", [RSA, EC], ids=["RS256", "ES256"])
def test_a_good_token_tells_name_roles_and_sources(stand: Stand, key: Any) -> None:
    principal = stand.access.principal(signed(claims(), key=key))
    assert principal is not None
    assert (principal.name, principal.roles) == ("f81d4fae@idp.example.org", {"submitter"})
    assert principal.sources == {"owner", "zhejiang"}
    assert principal.account == principal.organisation
    other = stand.access.principal(signed(claims(sub="another"), key=key))
    assert other is not None
    assert other.account != principal.account


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://idp.example.org/realms/other"},
        {"iss": ISSUER + "/"},
        {"aud": "account"},
        {"aud": ["account"]},
        {"aud": None},
        {"aud": {"research-hub": True}},
        {"exp": None},
        {"exp": True},
        {"exp": "2099-01-01T00:00:00Z"},
        {"exp": int(NOW.timestamp()) - 60},
        {"nbf": int(NOW.timestamp()) + 61},
        {"iat": int(NOW.timestamp()) + 61},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 300},
    ],
    ids=str,
)
def test_claims_that_do_not_fit_are_refused(stand: Stand, changed: dict[str, Any]) -> None:
    assert stand.principal(**changed) is None


def test_clocks_may_differ_by_a_minute(stand: Stand) -> None:
    now = int(NOW.timestamp())
    assert stand.principal(exp=now - 59)
    assert stand.principal(nbf=now + 60, iat=now + 60)
    stand.clock.advance(timedelta(seconds=900 + 61))
    assert stand.principal() is None


def test_signatures_that_do_not_hold_are_refused(stand: Stand) -> None:
    good = signed(claims())
    head, body, signature = good.split(".")
    forged = segment(orjson.dumps(claims(hub_roles=["operator"])))
    pem = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for wrong in (
        signed(claims(), key=OTHER_RSA),
        f"{head}.{forged}.{signature}",
        f"{head}.{body}.",
        f"{head}.{body}.{signature[:-4]}",
        f"{head}.{body}.{signature}=",
        f"{head}.{body}.{signature}.{signature}",
        f"{head}.{body}",
        f"{head}.{body}.{signature[:10]}\n{signature[10:]}",
        f"{segment(orjson.dumps({'alg': 'none'}))}.{body}.",
        f"{segment(orjson.dumps({'alg': 'none', 'kid': 'rsa'}))}.{body}.{signature}",
        signed(claims(), {"alg": "HS256"}, pem),
        signed(claims(), {"alg": "ES256"}),
        signed(claims(), {"alg": "RS256", "kid": "rsa"}, EC),
        signed(claims(), {"alg": ["RS256"]}),
        signed(claims(), {"kid": 1}),
        signed(claims(), {"crit": ["exp"]}),
        signed(claims(), {"typ": "logout+jwt"}),
        signed(claims(padding="x" * 9_000)),
        "",
        "...",
        "令牌.令牌.令牌",
        f"{segment(b'[]')}.{body}.{signature}",
        f"{segment(orjson.dumps('alg'))}.{body}.{signature}",
        f"{segment(b'{' + b'[' * 3_000)}.{body}.{signature}",
        signed(claims(), {"crit": ["b64"], "b64": False}),
        signed(claims(), {"b64": False}),
        signed_bytes(orjson.dumps(claims(sub="?")).replace(b"?", b"\\ud800")),
        signed_bytes(orjson.dumps(claims(exp=1.5)).replace(b"1.5", b"NaN")),
    ):
        assert stand.access.principal(wrong) is None, wrong[:80]
    assert stand.access.principal(good)
    assert stand.access.principal(signed(claims(), {"typ": "at+JWT"}))
    chain = {"x5c": ["M" * 1_000], "of this provider alone": 1}
    assert stand.access.principal(signed(claims(), chain)), "a head of over 512 bytes, with a member nobody knows"


def test_a_token_without_a_key_id_needs_one_fitting_key(stand: Stand, ticks: list[float]) -> None:
    bare = signed(claims(), {"kid": None})
    stand.keys.step(0.0)
    assert stand.access.principal(bare)
    stand.provider.keys.append(rsa_jwk("second", OTHER_RSA))
    ticks.append(ticks[-1] + oidc.REFRESH_SECONDS + 1)
    stand.keys.step(0.0)
    assert stand.access.principal(bare) is None


def test_keys_that_must_not_verify_are_passed_over() -> None:
    weak = rsa.generate_private_key(65_537, 1_024)
    told = [
        rsa_jwk("weak", weak),
        rsa_jwk("encrypts", RSA, use="enc"),
        rsa_jwk("other", RSA, alg="RS512"),
        {"kty": "oct", "kid": "secret", "k": "AAAA"},
        {"kty": "RSA", "kid": "broken", "n": 3, "e": "AQAB"},
        {**ec_jwk("off the curve", EC), "y": segment(bytes(32))},
        "no key",
        ec_jwk("good", EC),
    ]
    assert set(keys_of(orjson.dumps({"keys": told}))) == {"good"}
    for wrong in (b"[]", b"{}", b'{"keys": {}}', b"<html>"):
        with pytest.raises(ValueError):
            keys_of(wrong)


def test_a_new_key_is_asked_for_at_once_but_not_for_every_token(ticks: list[float]) -> None:
    stand = Stand()
    token = signed(claims(), {"kid": "new"}, OTHER_RSA)
    assert stand.access.principal(token) is None
    assert stand.keys.step(0.0) == 2
    stand.provider.keys = [rsa_jwk("new", OTHER_RSA)]
    for _ in range(50):
        assert stand.access.principal(token) is None
        stand.keys.step(0.0)
    assert stand.provider.asked == 1, "within RETRY_SECONDS of the last time"
    ticks.append(ticks[-1] + oidc.RETRY_SECONDS)
    stand.keys.step(0.0)
    assert stand.access.principal(token)
    assert stand.access.principal(signed(claims())) is None, "withdrawn by the provider"
    assert stand.provider.asked == 2


def test_keys_outlive_a_provider_that_is_down_for_a_day_and_no_longer(ticks: list[float]) -> None:
    stand = Stand()
    stand.keys.step(0.0)
    stand.provider.down = True
    ticks.append(ticks[-1] + oidc.REFRESH_SECONDS + 1)
    assert stand.keys.step(0.0) == 0
    assert stand.principal()
    ticks.append(ticks[-1] + oidc.STALE_SECONDS)
    assert stand.principal() is None
    stand.provider.down = False
    stand.keys.step(0.0)
    assert stand.principal()


def test_the_discovery_document_must_be_the_issuers_own() -> None:
    stand = Stand()
    stand.provider.issuer = "https://evil.example.org"
    assert stand.keys.step(0.0) == 0
    assert stand.principal() is None


def test_an_endless_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oidc, "DOCUMENT_BYTES", 100)
    stand = Stand()
    assert stand.keys.step(0.0) == 0


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("realm_access.roles", {"realm_access": {"roles": ["agency"]}}),
        ("https://hub.example.org/roles", {"https://hub.example.org/roles": "agency openid"}),
        ("roles", {"roles": ["agency", 7, {"a": 1}]}),
    ],
)
def test_roles_are_read_where_providers_put_them(path: str, told: dict[str, Any]) -> None:
    stand = Stand(roles_claim=path, name_claim="preferred_username")
    stand.keys.step(0.0)
    principal = stand.principal(**told, preferred_username="demo-agency")
    assert principal is not None
    assert (principal.name, principal.roles) == ("demo-agency@idp.example.org", {"agency"})
    assert principal.sources == {"owner", "zhejiang"}


@pytest.mark.parametrize("told", [None, 7, {"a": 1}, "nothing", []])
def test_a_token_without_a_role_of_the_hub_gives_none(stand: Stand, told: Any) -> None:
    principal = stand.principal(hub_roles=told, hub_sources=told)
    assert principal
    assert principal.roles == frozenset()
    assert not principal.may_submit_for("owner")


def test_an_operator_speaks_for_every_source(stand: Stand) -> None:
    principal = stand.principal(hub_roles=["operator"], hub_sources=None)
    assert principal
    assert principal.may_submit_for("national")


def test_issued_tokens_go_first_and_both_kinds_come_in_over_http(stand: Stand, tmp_path: Any) -> None:
    issued = AccessFile(tmp_path)
    token = issued.issue("宁波大学", {"submitter"}, {"owner"})
    app = FastAPI()
    app.state.access = AccessLists(issued, stand.access)
    install_problem_handlers(app)
    sources: Sources = load_sources(None)
    app.include_router(me.router(sources))
    with TestClient(app) as client:

        def asked(bearer: str) -> httpx.Response:
            return client.get("/api/v1/me", headers={"Authorization": f"Bearer {bearer}"})

        assert asked(token).json()["name"] == "宁波大学"
        assert asked(signed(claims())).json()["name"] == "f81d4fae@idp.example.org"
        assert asked(signed(claims(), key=OTHER_RSA)).status_code == 401


def test_without_an_issuer_there_are_issued_tokens_alone(tmp_path: Any) -> None:
    issued = AccessFile(tmp_path)
    assert with_oidc(issued, Settings(), ManualClock(NOW)) == (issued, ())
    access, workers = with_oidc(issued, Settings(oidc_issuer=ISSUER), ManualClock(NOW))
    assert isinstance(access, AccessLists)
    assert [worker.name for worker in workers] == ["oidc.keys"]
    for worker in workers:
        worker.close()
