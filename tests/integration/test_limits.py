"""The table of limits: every route has its row, and every row is kept to, whatever is sent."""

import asyncio
import logging
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from app.limits import ANYBODY_SIGNED_IN, LISTING, WRITING, limits_of_routes
from hub.web import limits
from hub.web.connections import CONNECTIONS, HEAD_BYTES, HEAD_FIELDS, HEAD_SECONDS, URL_BYTES, WAITING_OF_ADDRESS
from hub.web.limits import RouteLimits
from tests.integration.whole_site import HANG_UP, Answer, Site, codes, opened

pytestmark = pytest.mark.integration
UPLOAD = 300_000
TABLE = limits_of_routes(UPLOAD)
BODIES = {name: row for name, row in TABLE.items() if name.startswith("POST ")}
NEEDING_TOKENS = {
    **{name: row for name, row in BODIES.items() if row.roles or row.account},
    "POST /import": TABLE["POST /import"],
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with opened(tmp_path_factory.mktemp("site"), UPLOAD) as made:
        yield made


def routes(found: Any) -> Iterator[tuple[str, str]]:
    for route in found:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from routes(inner.routes)
        else:
            yield from ((method, route.path) for method in route.methods if method != "HEAD")


def test_every_route_has_its_row_and_every_row_its_route(site: Site) -> None:
    assert {f"{method} {path}" for method, path in routes(site.app.routes)} == set(TABLE)


READING_NONE = {
    "POST /saved/{search_id}/forget",
    "POST /account/sessions/{session_id}/end",
    "POST /account/tokens/{token_id}/revoke",
    "POST /organisations/{organisation_id}/invitations/{invitation_id}/withdraw",
}
"""Forms that have buttons alone."""


@pytest.mark.parametrize("name", NEEDING_TOKENS)
@pytest.mark.parametrize("size", [None, 300 * 2**20])
def test_who_may_not_send_is_told_before_any_of_the_body_is_read(site: Site, name: str, size: int | None) -> None:
    blanks = (b" " * 65_536 for _ in range(4_800))
    answer = site.call(name, pieces=blanks, size=size)
    assert (answer.status, answer.taken) == (401, 0)
    row = NEEDING_TOKENS[name]
    if not row.account and "member" not in row.roles:
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
    if name in READING_NONE:
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
        who = "an account" if row.account else roles.get(row.roles) or ", ".join(sorted(row.roles))
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


@pytest.mark.parametrize("name", ["POST /sign-in", "POST /bookings/{booking_id}/cancel"])
def test_words_that_are_no_token_make_no_senders(site: Site, name: str) -> None:
    most = TABLE[name].at_once

    async def held() -> list[int]:
        go, entered = asyncio.Event(), []

        async def late() -> bytes:
            entered.append(1)
            await go.wait()
            return b" "

        def begun(**fields: str) -> asyncio.Task[Answer]:
            form = "application/x-www-form-urlencoded"
            return asyncio.create_task(site.sent(name, pieces=[late], content_type=form, **fields))  # type: ignore[arg-type]

        under_way = [begun(cookie=f"hub_session=forged-{number}") for number in range(most + 3)]
        while len(entered) + sum(task.done() for task in under_way) < most + 3:
            await asyncio.sleep(0.01)
        refused = [task.result().status for task in under_way if task.done()]
        known = begun(token=site.member)
        go.set()
        await asyncio.gather(*under_way)
        return [*refused, (await known).status]

    *refused, known = asyncio.run(held())
    assert refused == [429] * 3
    assert known != 429


@pytest.mark.parametrize("name", BODIES)
def test_who_hangs_up_is_no_fault_of_the_hub(site: Site, caplog: pytest.LogCaptureFixture, name: str) -> None:
    target = name.replace("{kind}", "instrument?source=owner")
    for form in ("application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"):
        answer = site.call(target, pieces=[b"--b\r\n", HANG_UP, HANG_UP], token=site.operator, content_type=form)
        assert answer.status < 500, "nobody reads it, but it is counted"
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize("name", [name for name, row in BODIES.items() if row.json])
@pytest.mark.parametrize("body", [b'"\xff"', b"{", b"[NaN]", b"[" * 10_000])
def test_what_is_no_json_is_told_as_such(site: Site, name: str, body: bytes) -> None:
    answer = site.call(name, pieces=[body], token=site.operator)
    assert (answer.status, codes(answer)) == (400, ["not-json"])


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
