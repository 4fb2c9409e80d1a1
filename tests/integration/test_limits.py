"""The whole hub and its table of limits: every route has its row, and every row is kept to, whatever is sent."""

import asyncio
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.datastructures import Headers

from app import server
from app.composition import Hub, compose
from app.limits import ANYBODY_SIGNED_IN, LISTING, WRITING, limits_of_routes
from app.server import create_app
from hub.auth.tokens import operator_token
from hub.observability.metrics import REGISTRY  # noqa: F401 - metrics are registered once
from hub.runtime.settings import Settings
from hub.web import limits
from hub.web.connections import CONNECTIONS, HEAD_BYTES, HEAD_FIELDS, HEAD_SECONDS, URL_BYTES, WAITING_OF_ADDRESS
from hub.web.limits import RouteLimits
from hub.web.safety import Hosts

pytestmark = pytest.mark.integration
UPLOAD = 300_000
TABLE = limits_of_routes(UPLOAD)
BODIES = {name: row for name, row in TABLE.items() if name.startswith("POST ")}
NEEDING_TOKENS = {**{name: row for name, row in BODIES.items() if row.roles}, "POST /import": TABLE["POST /import"]}
READ = [name.partition(" ")[2] for name in TABLE if name.startswith("GET ")]


class Answer(NamedTuple):
    """`taken`: how many bytes of the body were read."""

    status: int
    headers: Headers
    body: bytes
    taken: int


class Site:
    """The hub as an ASGI application, called without a server in between."""

    def __init__(self, hub: Hub, folder: Path) -> None:
        self.hub = hub
        self.app: FastAPI = create_app(hub)
        self.operator = operator_token(folder) or ""
        self.member = hub.access.issue("company", {"member"}, ())

    def call(self, name: str, *, token: str = "", pieces: Any = (), size: int | None = None, **more: str) -> Answer:
        """`NAME` is `METHOD path`, whose names are filled in; `size` is announced, else the body is sent in chunks."""
        return asyncio.run(self.sent(name, token=token, pieces=pieces, size=size, **more))

    async def sent(
        self, name: str, *, token: str = "", pieces: Any = (), size: int | None = None, **more: str
    ) -> Answer:
        method, _, target = name.partition(" ")
        path, _, query = target.replace("{form}", "csv").partition("?")
        headers = {"host": "localhost", "sec-fetch-site": "same-origin", "content-type": "application/json"}
        headers |= {"authorization": f"Bearer {token}", "cookie": f"hub_token={token}"} if token else {}
        if method == "POST":
            headers |= {"transfer-encoding": "chunked"} if size is None else {"content-length": str(size)}
        headers |= {key.replace("_", "-"): value for key, value in more.items()}
        scope = {
            "type": "http",
            "method": method,
            "path": path.replace("{", "").replace("}", "").replace(":path", ""),
            "query_string": query.encode(),
            "headers": [(key.encode(), value.encode("latin-1")) for key, value in headers.items() if value],
            "scheme": "http",
            "server": ("localhost", 80),
            "client": ("192.0.2.7", 1),
            "http_version": "1.1",
            "root_path": "",
        }
        taken, start, body, left = 0, {}, bytearray(), iter(pieces)

        async def receive() -> dict[str, Any]:
            nonlocal taken
            await asyncio.sleep(0)
            piece = next(left, None)
            if piece is None:
                return {"type": "http.request", "body": b"", "more_body": False}
            if callable(piece):
                piece = await piece()
            taken += len(piece)
            return {"type": "http.request", "body": piece, "more_body": True}

        async def send(message: dict[str, Any]) -> None:
            start.update(message) if message["type"] == "http.response.start" else body.extend(message.get("body", b""))

        await self.app(scope, receive, send)  # type: ignore[arg-type]
        return Answer(start["status"], Headers(raw=start["headers"]), bytes(body), taken)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("limits")
    hub = compose(Settings(data_dir=folder, max_body_bytes=UPLOAD))
    yield Site(hub, folder)
    hub.close()


def codes(answer: Answer) -> list[str]:
    return [error["code"] for error in orjson.loads(answer.body)["errors"]]


def routes(found: Any) -> Iterator[tuple[str, str]]:
    for route in found:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from routes(inner.routes)
        else:
            yield from ((method, route.path) for method in route.methods if method != "HEAD")


def test_every_route_has_its_row_and_every_row_its_route(site: Site) -> None:
    assert {f"{method} {path}" for method, path in routes(site.app.routes)} == set(TABLE)


@pytest.mark.parametrize("name", NEEDING_TOKENS)
@pytest.mark.parametrize("size", [None, 300 * 2**20])
def test_who_may_not_send_is_told_before_any_of_the_body_is_read(site: Site, name: str, size: int | None) -> None:
    blanks = (b" " * 65_536 for _ in range(4_800))
    answer = site.call(name, pieces=blanks, size=size)
    assert (answer.status, answer.taken) == (401, 0)
    row = NEEDING_TOKENS[name]
    if "member" not in row.roles:
        answer = site.call(name, pieces=blanks, size=size, token=site.member)
        assert (answer.status, answer.taken) == (403, 0)


@pytest.mark.parametrize(("name", "row"), BODIES.items())
def test_a_body_ends_at_its_bound(site: Site, name: str, row: RouteLimits) -> None:
    form, head = "", b""
    if name == "POST /import":
        form, head = (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n',
        )
    elif not name.startswith("POST /api"):
        form = "application/x-www-form-urlencoded"
    wanted = {"token": site.operator, "content_type": form or "application/json"}
    address = name.replace("{kind}", "instrument?source=owner")
    announced = site.call(address, pieces=[head], size=row.body + 1, **wanted)
    pieces = chain([head], (b"a" * 4_096 for _ in range(200_000)))
    chunked = site.call(address, pieces=pieces, **wanted)
    if name in ("POST /sign-out", "POST /saved/{search_id}/forget"):  # which read none
        assert (announced.taken, chunked.taken) == (0, 0)
        return
    assert (announced.status, announced.taken) == (413, 0)
    if announced.headers["content-type"] == "application/problem+json":
        assert codes(announced) == ["body-too-large"]
    assert chunked.status == 413
    assert chunked.taken <= row.body + 4_096


def test_the_manual_has_the_table() -> None:
    manual = (Path(__file__).parents[2] / "docs/operations.md").read_text("utf-8")
    roles = {frozenset(): "anybody", ANYBODY_SIGNED_IN: "signed in"}
    for name, row in WRITING.items():
        who = roles.get(row.roles) or ", ".join(sorted(row.roles))
        assert f"| `{name}` | {row.body // 1024:,} KiB | {who} | {row.at_once} |" in manual
    for name, row in LISTING.items():
        assert f"| `{name}` | {row.page} |" in manual
    for bound in (HEAD_BYTES // 1024, HEAD_FIELDS, URL_BYTES // 1024, HEAD_SECONDS, CONNECTIONS, WAITING_OF_ADDRESS):
        assert f"{bound:g}" in manual.partition("## Limits")[2].partition("\n## ")[0]


def test_addresses_that_are_none_read_nothing(site: Site) -> None:
    answer = site.call("POST /api/v1/nothing", pieces=[b" " * 2**20], size=2**20)
    assert (answer.status, answer.taken) == (404, 0)


def test_a_body_that_hardly_comes_is_given_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BODY_SECONDS", 0.3)
    monkeypatch.setattr(limits, "BODY_RATE", 1_000)

    async def late(seconds: float) -> bytes:
        await asyncio.sleep(seconds)
        return b" " * 100

    def drip(seconds: float) -> Any:
        return (lambda: late(seconds) for _ in range(30))

    for name in ("POST /api/v1/bookings", "POST /api/v1/submissions/instrument?source=owner"):
        dripped = site.call(name, pieces=drip(0.12), token=site.operator)
        assert (dripped.status, codes(dripped)) == (408, ["body-too-slow"])
        steady = site.call(name, pieces=drip(0.02), token=site.operator)
        assert steady.status == 422, "read to its end"


def test_one_sender_does_not_take_the_others_places(site: Site) -> None:
    name, most = "POST /api/v1/submissions/instrument", TABLE["POST /api/v1/submissions/{kind}"].at_once
    other = site.hub.access.issue("another", {"submitter"}, {"owner"})

    async def held() -> tuple[Answer, Answer, list[Answer]]:
        go = asyncio.Event()

        async def late() -> bytes:
            await go.wait()
            return b" "

        query = "?source=owner"
        unfinished = [
            asyncio.create_task(site.sent(name + query, pieces=[late], token=site.operator)) for _ in range(most)
        ]
        await asyncio.sleep(0.1)
        further = await site.sent(name + query, token=site.operator)
        others = await site.sent(name + query, token=other)
        go.set()
        return further, others, list(await asyncio.gather(*unfinished))

    further, others, unfinished = asyncio.run(held())
    assert (further.status, codes(further)) == (429, ["too-many-requests"])
    assert int(further.headers["retry-after"]) > 0
    assert {answer.status for answer in (others, *unfinished)} == {422}
    assert site.call(name + "?source=owner", token=site.operator).status == 422, "the places are free again"


@pytest.mark.parametrize("name", [name for name, row in BODIES.items() if row.json])
@pytest.mark.parametrize("body", [b'{"a": "\\ud800"}', b'{"\\udfff": 1}', b'"\xff"', b"{", b"[NaN]", b"[" * 10_000])
def test_what_is_no_json_is_told_as_such(site: Site, name: str, body: bytes) -> None:
    answer = site.call(name, pieces=[body], token=site.operator)
    assert (answer.status, codes(answer)) == (400, ["not-json"])


HOSTILE: list[dict[str, str]] = [
    {"cookie": "hub_token=é; hub_sign_in=é; hub_language=é"},
    {"cookie": "hub_token=a b\x01c"},
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
    answer = site.call("GET /bookings", cookie="hub_token=é", accept="text/html")
    assert answer.status == 401
    assert any(line.startswith('hub_token="";') for line in answer.headers.getlist("set-cookie"))


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


PAGED = {"size": ("search", "results"), "limit": ("suggest", "bookings", "receipts", "rows", "conflicts", "duplicates")}


@pytest.mark.parametrize(
    ("name", "parameter"),
    [
        (name, parameter)
        for name, row in TABLE.items()
        for parameter, ends in PAGED.items()
        if row.page and name.endswith(ends)
    ],
)
def test_pages_are_as_large_as_the_table_says(site: Site, name: str, parameter: str) -> None:
    row = TABLE[name]
    answer = site.call(f"{name}?{parameter}={row.page}", token=site.operator)
    assert answer.status in (200, 404)
    if answer.status == 200:
        more = site.call(f"{name}?{parameter}={(row.page or 0) + 1}", token=site.operator)
        assert more.status in (400, 422)


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "[", "[::1", "::1", "a b", "", "hub", "[:::]"]
)
def test_other_hosts_are_refused(site: Site, host: str) -> None:
    answer = site.call("GET /records/x", host=host or " ")
    assert (answer.status, codes(answer)) == (421, ["unknown-host"])
    assert b"http" not in answer.body


def test_hosts_are_the_machines_and_those_that_are_listed() -> None:
    plain = Hosts()
    for host in ("localhost", "LOCALHOST:8080", "127.0.0.1", "[::1]:80", "192.168.1.7:8080", "[fe80::1]"):
        assert plain.has(host), host
    public = Hosts("https://hub.example.org:8443", ["gateway", ":80", "", "https://second.example.org"])
    assert public.has("second.example.org")
    for host in ("hub.example.org", "hub.example.org:8443", "gateway:8080", "localhost", "127.0.0.1:8080"):
        assert public.has(host), host
    assert not public.has("192.168.1.7"), "the public address is known"


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
