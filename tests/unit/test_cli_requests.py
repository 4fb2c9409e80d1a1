"""What the command line asks of a hub and makes of its answers, over a transport that answers as a hub does."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.cli import session as sessions
from app.cli import transfer
from app.cli.main import main
from hub.web.client import HubClient, Unreachable
from tests.contract import held_to_contract
from tests.unit.portal_api import BOOKING, HIT, OFFER, PROBLEM, RECEIPT, problem

ID = "instrument-7k3mdp2qv5x4c6aj7k3m"
Handler = Callable[[httpx.Request], httpx.Response]


class FakeHub:
    """Keeps the requests and answers them by path."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.answers: dict[str, Any] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        answer = self.answers[request.url.path.removeprefix("/api/v1")]
        if callable(answer):
            answer = answer(request)
        response = answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)
        return held_to_contract(request.method, request.url.path, response)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> FakeHub:
    fake = FakeHub()

    def client(url: str, token: str, language: Any) -> HubClient:
        return HubClient(url, token, language, httpx.MockTransport(fake))

    monkeypatch.setattr(sessions, "HubClient", client)
    monkeypatch.setattr(transfer, "WAITS", (0.0,))
    return fake


def receipt(accepted: int, refused: int) -> dict[str, Any]:
    problems = [PROBLEM | {"message": f"row {number} is wrong"} for number in range(refused)]
    counts = {"accepted": accepted, "refused": refused, "problems": problems}
    return RECEIPT | {"id": "r1", "replayed": False} | counts


def reached(**states: int) -> dict[str, Any]:
    return receipt(sum(states.values()), 0) | {"states": states, "uncounted": 0}


def found(*hits: dict[str, Any], cursor: str | None = None, total: int = 0) -> dict[str, Any]:
    """A page of hits, each with what the test says of it."""
    told = [HIT | hit for hit in hits]
    return {"total": total or len(hits), "hits": told, "facets": [], "next_cursor": cursor, "sort": "relevance"}


def run(*words: str) -> int:
    return main([*words, "--url", "http://hub", "--lang", "en"], {})


def test_import_sends_the_unpacked_file_and_waits_until_it_can_be_found(hub: FakeHub, tmp_path: Path) -> None:
    path = tmp_path / "仪器.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n1,2\n"))
    seen = iter([{"received": 1}, {"curated": 1}, {"searchable": 1}])
    hub.answers = {
        "/submissions/instrument": receipt(1, 0),
        "/receipts/r1": lambda _: httpx.Response(200, json=reached(**next(seen))),
    }
    assert run("import", str(path), "-k", "instrument", "-s", "owner", "--token", "secret") == 0
    sent = hub.requests[0]
    assert sent.content == b"a,b\n1,2\n"
    assert dict(sent.url.params) == {"source": "owner"}
    assert sent.headers["x-filename"] == "%E4%BB%AA%E5%99%A8.csv"
    assert sent.headers["authorization"] == "Bearer secret"
    assert sent.headers["accept-language"] == "en"
    assert next(seen, None) is None


def test_import_tells_refused_rows_and_saves_them(
    hub: FakeHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, saved = tmp_path / "a.csv", tmp_path / "mend.xlsx"
    path.write_text("a\n1\n")
    hub.answers = {
        "/submissions/expert": receipt(0, 2),
        "/receipts/r1/refused": httpx.Response(200, content=b"the rows"),
    }
    assert run("import", str(path), "-k", "expert", "-s", "owner", "--refused", str(saved)) == 1
    assert "row 1 is wrong" in capsys.readouterr().err
    assert saved.read_bytes() == b"the rows"
    assert hub.requests[-1].url.params["format"] == "xlsx"


def test_import_of_rows_that_become_dead_letters_is_no_success(hub: FakeHub, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n")
    hub.answers = {
        "/submissions/expert": receipt(2, 0),
        "/receipts/r1": reached(searchable=1, dead=1),
    }
    assert run("import", str(tmp_path / "a.csv"), "-k", "expert", "-s", "owner") == 1


@pytest.mark.parametrize(
    ("status", "code", "exit_code"),
    [
        (401, "bad-token", 3),
        (404, "unknown-kind", 2),
        (422, "unknown-source", 2),
        (422, "unknown-heading", 3),
        (415, "unknown-format", 3),
    ],
)
def test_a_file_that_is_refused_entirely_does_not_hold_up_the_next(
    *, status: int, code: str, exit_code: int, hub: FakeHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for file in files:
        file.write_text(file.name)
    taken = httpx.Response(202, json=receipt(1, 0))
    hub.answers = {
        "/submissions/expert": lambda said: problem(status, "no", code) if said.content == b"a.csv" else taken,
        "/receipts/r1": reached(searchable=1),
    }
    assert run("import", *map(str, files), "-k", "expert", "-s", "owner") == exit_code
    told = capsys.readouterr()
    assert "no" in told.err.splitlines()
    assert "b.csv: 1 rows taken" in told.out


def test_an_answer_that_is_no_hubs_is_told_with_its_status(hub: FakeHub, capsys: pytest.CaptureFixture[str]) -> None:
    hub.answers = {"/search": httpx.Response(502, text="<h1>Bad gateway</h1>")}
    assert run("search", "x") == 3
    assert "HTTP 502" in capsys.readouterr().err


def test_import_goes_on_after_a_broken_connection_under_the_same_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys: list[str] = []

    def broken(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["idempotency-key"])
        if len(keys) < transfer.ATTEMPTS:
            raise httpx.ReadError("reset")
        return httpx.Response(200, json=receipt(1, 0))

    (tmp_path / "a.csv").write_text("a\n1\n")
    document = transfer.Document.of(tmp_path / "a.csv", "expert", "owner", "")
    monkeypatch.setattr(transfer, "WAITS", (0.0,))
    with HubClient("http://hub", "", "en", httpx.MockTransport(broken)) as client:
        assert transfer.send(client, document, lambda done, total: None).accepted == 1
    assert len(keys) == transfer.ATTEMPTS
    assert len(set(keys)) == 1
    with (
        HubClient("http://hub", "", "en", httpx.MockTransport(_unreachable)) as client,
        pytest.raises(Unreachable, match="http://hub"),
    ):
        transfer.send(client, document, lambda done, total: None)


def _unreachable(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


def test_search_passes_filters_on_and_tells_whether_there_is_anything(
    hub: FakeHub, capsys: pytest.CaptureFixture[str]
) -> None:
    hit = {"id": ID, "kind_label": "Instrument", "title": "[x] Orbitrap", "subtitle": "ZJU", "distance_km": 1.23}
    hub.answers = {"/search": found(hit)}
    words = ["search", "质谱", "仪", "-k", "instrument", "-f", "status=in_service", "--near", "30.2,120.1,5"]
    assert run(*words, "--size", "5") == 0
    asked = dict(hub.requests[0].url.params)
    assert asked == {
        "q": "质谱 仪",
        "size": "5",
        "kind": "instrument",
        "f.status": "in_service",
        "near": "30.2,120.1",
        "within_km": "5",
    }
    told = capsys.readouterr().out
    assert "[x] Orbitrap" in told
    assert ID in told
    assert "1.2 km" in told
    hub.answers = {"/search": found()}
    assert run("search", "nothing", "--json") == 1
    assert json.loads(capsys.readouterr().out)["total"] == 0
    hub.answers = {"/search": problem(400, "no such filter")}
    assert run("search", "x", "-f", "colour=red") == 2


def availability(**others: Any) -> dict[str, Any]:
    slots = [
        {"start": "2026-12-01T09:00:00+08:00", "end": "2026-12-01T10:00:00+08:00", "state": "free"},
        {"start": "2026-12-01T10:00:00+08:00", "end": "2026-12-01T11:00:00+08:00", "state": "taken"},
    ]
    own = {"instrument": {"id": ID, "title": "Orbitrap", "kind": "instrument"}}
    return OFFER | own | {"days": [{"date": "2026-12-01", "slots": slots}]} | others


def test_book_lists_what_is_free(hub: FakeHub, capsys: pytest.CaptureFixture[str]) -> None:
    hub.answers = {f"/instruments/{ID}/availability": availability()}
    assert run("book", ID) == 0
    told = capsys.readouterr().out
    assert "[1] 09:00" in told
    assert "10:00" not in told
    hub.answers = {f"/instruments/{ID}/availability": availability(days=[])}
    assert run("book", ID) == 1
    hub.answers = {f"/instruments/{ID}/availability": availability(bookable=False, reason="not shared")}
    assert run("book", ID) == 1
    assert "not shared" in capsys.readouterr().err


def test_book_reads_times_in_the_instruments_zone(hub: FakeHub, capsys: pytest.CaptureFixture[str]) -> None:
    booked = BOOKING | {
        "id": "b1",
        "status": "confirmed",
        "instrument": {"id": ID, "title": "Orbitrap"},
        "start": "2026-12-01T09:00:00+08:00",
        "end": "2026-12-01T10:00:00+08:00",
        "price": {"amount": "420.00", "currency": "CNY"},
    }
    hub.answers = {f"/instruments/{ID}/availability": availability(), "/bookings": httpx.Response(201, json=booked)}
    assert run("book", ID, "--start", "2026-12-01 09:00", "--purpose", "proteins") == 0
    assert json.loads(hub.requests[-1].content) == {
        "instrument": ID,
        "start": "2026-12-01T09:00:00+08:00",
        "end": "2026-12-01T10:00:00+08:00",
        "purpose": "proteins",
    }
    assert "b1" in capsys.readouterr().out
    assert run("book", ID, "--start", "tomorrow") == 2
    hub.answers["/bookings"] = problem(409, "taken; the nearest are 11:00")
    assert run("book", ID, "--start", "2026-12-01 10:00") == 1
    assert "nearest" in capsys.readouterr().err


def test_book_finds_the_instrument_by_words_or_names_the_candidates(
    hub: FakeHub, capsys: pytest.CaptureFixture[str]
) -> None:
    hits = [{"id": ID, "title": "Orbitrap"}, {"id": "other", "title": "Orbitrap 2"}]
    hub.answers = {f"/instruments/{ID}/availability": availability(), "/search": found(hits[0])}
    assert run("book", "orbitrap") == 0
    hub.answers["/search"] = found(*hits)
    assert run("book", "orbitrap") == 2
    assert "other" in capsys.readouterr().out


def test_export_pages_to_the_end(hub: FakeHub, tmp_path: Path) -> None:
    def page(request: httpx.Request) -> httpx.Response:
        first = "cursor" not in request.url.params
        hit = {"id": "a" if first else "b", "version": 2, "fields": {"name_zh": "仪器"}}
        return httpx.Response(200, json=found(hit, cursor="more" if first else None, total=2))

    hub.answers = {"/search": page}
    assert run("export", "instrument", "-o", str(tmp_path / "out.ndjson")) == 0
    rows = [json.loads(line) for line in (tmp_path / "out.ndjson").read_text("utf-8").splitlines()]
    assert [row["_id"] for row in rows] == ["a", "b"]
    assert rows[0] == {"_id": "a", "_version": 2, "name_zh": "仪器"}


def test_template_is_saved_in_the_format_of_its_name(hub: FakeHub, tmp_path: Path) -> None:
    hub.answers = {"/templates/expert": httpx.Response(200, content=b"table")}
    assert run("template", "expert", "-o", str(tmp_path / "t.csv")) == 0
    assert hub.requests[0].url.params["format"] == "csv"
    assert (tmp_path / "t.csv").read_bytes() == b"table"
    assert run("template", "expert", "-o", str(tmp_path / "t.pdf")) == 2


def test_an_answer_of_another_release_is_told_with_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = httpx.MockTransport(lambda request: httpx.Response(200, json={"total": 1}))
    monkeypatch.setattr(sessions, "HubClient", lambda url, token, language: HubClient(url, token, language, other))
    assert run("search", "x") == 3
    assert "search_records: not the answer of its contract, at hits" in capsys.readouterr().err
