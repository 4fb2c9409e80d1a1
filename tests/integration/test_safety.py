"""The whole hub: hosts that are none of its own, what is not its fault, and what may be kept of its answers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app import server
from app.composition import compose
from app.limits import limits_of_routes
from app.server import create_app
from hub.runtime.settings import Settings
from hub.web.safety import Hosts
from tests.integration.whole_site import Site, codes, opened

pytestmark = pytest.mark.integration
UPLOAD = 300_000
TABLE = limits_of_routes(UPLOAD)
READ = [name.partition(" ")[2] for name in TABLE if name.startswith("GET ")]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with opened(tmp_path_factory.mktemp("site"), UPLOAD) as made:
        yield made


HOSTILE: list[dict[str, str]] = [
    {"cookie": "hub_session=é; hub_sign_in=é; hub_language=é"},
    {"cookie": "hub_session=a b\x01c"},
    {"origin": "http://[", "referer": "http://[", "sec_fetch_site": ""},
    {"authorization": "Bearer é", "accept_language": "é;q=é", "if_none_match": "é"},
    {"host": "[", "referer": "//["},
    {"content_type": "multipart/form-data; boundary=é", "content_encoding": "é", "x_filename": "%ff\xff"},
    {"idempotency_key": "é" * 300, "traceparent": "é"},
]
FORGED = ["x", "é", "%ff", "a" * 2_000, "0" * 32 + "W10", "1e999", "9" * 40, "-1", "2027-01-01T00:00:00Z~%00"]


@pytest.mark.parametrize("name", sorted(set(TABLE) - {"GET /readyz"}))
def test_nothing_that_is_sent_is_the_hubs_fault(site: Site, name: str) -> None:
    for headers in HOSTILE:
        for token in ("", site.operator):
            sent = {key: value for key, value in headers.items() if not (token and key in ("cookie", "authorization"))}
            answer = site.call(name, token=token, pieces=[b"{}"], **sent)
            assert answer.status < 500, (headers, answer)
    if name.startswith("GET "):
        for wrong in FORGED:
            for parameter in ("cursor", "after", "limit", "size", "next", "page", "from", "scope"):
                answer = site.call(f"{name}?{parameter}={wrong}&q=a", token=site.operator)
                assert answer.status < 500, (parameter, wrong, answer)


def test_a_cookie_that_cannot_be_a_token_is_cleared(site: Site) -> None:
    answer = site.call("GET /bookings", cookie="hub_session=é", accept="text/html")
    assert answer.status == 401
    assert any(line.startswith('hub_session="";') for line in answer.headers.getlist("set-cookie"))


def test_cursors_are_the_hubs_own(site: Site) -> None:
    from services.catalog.core.cursor import Position, encoded, opened, sealed
    from services.catalog.core.queries import parsed

    forged = encoded(parsed([("q", "a")], "zh"), Position(99, "x", "y"))
    answer = site.call(f"GET /api/v1/search?q=a&cursor={forged}")
    assert (answer.status, codes(answer)) == (400, ["bad-cursor"])
    assert opened(sealed(forged, b"k"), b"k") == forged


@pytest.mark.parametrize("path", READ)
def test_every_answer_says_how_it_may_be_kept(site: Site, path: str) -> None:
    for token in ("", site.member, site.operator):
        answer = site.call(f"GET {path}", token=token)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "strict-transport-security" not in answer.headers
        if token and "public" not in answer.headers["cache-control"]:
            assert answer.headers["cache-control"] == "no-store"
    secure = site.call(f"GET {path}", x_forwarded_proto="https")
    assert secure.headers["cache-control"]


@pytest.mark.parametrize("path", ["/me", "/receipts", "/conflicts", "/bookings", "/saved-searches", "/duplicates"])
def test_private_answers_are_kept_nowhere(site: Site, path: str) -> None:
    assert site.call(f"GET /api/v1{path}", token=site.operator).headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "[", "[::1", "::1", "a b", "", "hub", "[:::]"]
)
def test_other_hosts_are_refused(site: Site, host: str) -> None:
    answer = site.call("GET /records/x", host=host or " ")
    assert (answer.status, codes(answer)) == (421, ["unknown-host"])
    assert b"http" not in answer.body


def test_a_public_address_is_the_one_that_is_handed_out(tmp_path: Path) -> None:
    hub = compose(Settings(data_dir=tmp_path, public_url="https://hub.example.org", hosts="testserver"))
    with TestClient(create_app(hub)) as client:
        answer = client.get("/healthz")
        assert answer.headers["strict-transport-security"].startswith("max-age=")
        cookie = client.get("/language?to=en", follow_redirects=False).headers["set-cookie"]
        assert "secure" in cookie.lower()
    hub.close()


def test_the_portals_own_way_to_the_apis_is_a_host_of_the_hub() -> None:
    assert Hosts("https://hub.example.org").has(server.OWN_ADDRESS.removeprefix("http://"))
