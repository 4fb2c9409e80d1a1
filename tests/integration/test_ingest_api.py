"""Ingest as its senders meet it, on the embedded stores, through to records that can be found."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import orjson
import pytest

from hub.kernel.cloudevents import CloudEvent
from hub.kernel.records import Submission
from schemas.http.ingest import SUBMIT
from services.ingest.formats.registry import FORMATS
from tests.integration.ingest_stack import TOKENS, Stack, opened

pytestmark = pytest.mark.integration
PHONE = "0571-87951111"
LINES = "application/x-ndjson"


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    with opened(tmp_path) as stack:
        yield stack


def lab(number: int, **more: Any) -> dict[str, Any]:
    return {"_id": f"{number}", "name_zh": f"第 {number} 研究所", **more}


def lines(*rows: dict[str, Any]) -> bytes:
    return b"\n".join(orjson.dumps(row) for row in rows)


def states(stack: Stack, receipt: dict[str, Any]) -> dict[str, int]:
    told = stack.get(receipt["links"]["self"]).json()
    assert told["uncounted"] == 0
    return {state: count for state, count in told["states"].items() if count}


def test_one_record_goes_all_the_way(stack: Stack) -> None:
    answer = stack.post("organisation", orjson.dumps(lab(1)), content_type="application/json")
    receipt = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (202, receipt["links"]["self"])
    assert (receipt["accepted"], receipt["refused"], receipt["progress"]) == (1, 0, "complete")
    assert (receipt["kind"], receipt["source"], receipt["problems"]) == ("organisation", "owner", [])
    assert states(stack, receipt) == {"received": 1}
    stack.curation.step(0)
    assert states(stack, receipt) == {"curated": 1}
    stack.settle()
    assert states(stack, receipt) == {"searchable": 1}
    (row,) = stack.get(receipt["links"]["rows"]).json()["rows"]
    assert (row["row"], row["state"], row["version"]) == (1, "searchable", 1)
    assert stack.records.get([row["record_id"]])[row["record_id"]].fields == {"name_zh": "第 1 研究所"}
    assert stack.get("receipts").json()["receipts"][0]["id"] == receipt["id"]


def test_an_older_version_is_stale_and_a_withdrawal_of_nothing_is_no_version(stack: Stack) -> None:
    stack.post("organisation", lines(lab(1, _version=5)), content_type=LINES)
    body = lines(lab(1, _version=4), {"_id": "77", "_operation": "withdraw"})
    receipt = stack.post("organisation", body, content_type=LINES).json()
    stack.settle()
    assert states(stack, receipt) == {"stale": 1, "curated": 1}


def test_a_stream_of_lines_is_taken_in_batches_and_read_in_pages(stack: Stack) -> None:
    rows = [lab(number) if number % 10 else lab(number, uscc="1") for number in range(1, 36)]
    chunks = (lines(row) + b"\n" for row in rows)
    receipt = stack.post("organisation", chunks, content_type=LINES).json()
    assert (receipt["accepted"], receipt["refused"]) == (32, 3)
    assert [problem["row"] for problem in receipt["problems"]] == [10, 20, 30]
    stack.settle()
    assert states(stack, receipt) == {"searchable": 32, "refused": 3}
    pages, after = [], -1
    while after is not None:
        page = stack.get(f"{receipt['links']['rows']}?after={after}&limit=13").json()
        pages.append([row["row"] for row in page["rows"]])
        after = page["next"]
    assert [len(page) for page in pages] == [13, 13, 9]
    assert [row for page in pages for row in page] == list(range(1, 36))


def test_refused_rows_can_be_downloaded_mended_and_sent_again(stack: Stack) -> None:
    body = lines(lab(1), lab(2, uscc="123", contact={"phone": PHONE}), lab(3))
    receipt = stack.post("organisation", body, content_type=LINES).json()
    assert (receipt["accepted"], receipt["refused"]) == (2, 1)
    answer = stack.get(receipt["links"]["refused"] + "?lang=zh")
    name = answer.headers["content-disposition"].partition("filename*=UTF-8''")[2]
    assert unquote(name) == f"单位-未接收的行-{receipt['id'][:8]}.ndjson"
    (given_back,) = [orjson.loads(line) for line in answer.content.splitlines()]
    assert given_back["contact"] == {"phone": PHONE}
    assert "GB 32100" in answer.text
    mended = answer.content.replace(b'"123"', b'"12100000470095016Q"')
    again = stack.post("organisation", mended, content_type=LINES).json()
    assert (again["accepted"], again["refused"]) == (1, 0)
    stack.settle()
    assert len(list(stack.records.scan())) == 3


def test_a_table_comes_back_as_the_same_table(stack: Stack) -> None:
    table = "单位名称,统一社会信用代码\n甲研究所,12100000470095016Q\n乙研究所,123\n".encode()
    files = {"file": ("单位名单.csv", table, "text/csv")}
    address = "/api/v1/submissions/organisation?source=owner"
    receipt = stack.client.post(address, files=files, headers={"Authorization": "Bearer owner"}).json()
    assert (receipt["format"], receipt["accepted"], receipt["refused"]) == ("csv", 1, 1)
    assert receipt["problems"][0]["row"] == 3
    sheet = stack.get(receipt["links"]["refused"] + "?lang=zh")
    assert sheet.headers["content-type"].startswith("text/csv")
    assert "乙研究所" in sheet.text
    assert "甲研究所" not in sheet.text
    assert stack.get(receipt["links"]["refused"] + "?format=xlsx").content[:2] == b"PK"
    assert stack.get(receipt["links"]["refused"] + "?format=pdf").status_code == 400
    mended = sheet.content.replace(b"123", b"91330000142919654P")
    again = stack.post("organisation", mended, content_type="text/csv").json()
    assert (again["accepted"], again["refused"]) == (1, 0), again["problems"]


def test_a_key_makes_a_request_repeatable(stack: Stack) -> None:
    def send(body: bytes, query: str = "source=owner") -> Any:
        return stack.post("organisation", body, query=query, content_type=LINES, idempotency_key='"k-1"')

    first, again = send(lines(lab(1))), send(lines(lab(1)))
    assert (first.status_code, again.status_code) == (202, 200)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.json() | {"replayed": True}
    assert len(stack.submitted()) == 1
    other = send(lines(lab(2)))
    assert (other.status_code, other.json()["errors"][0]["code"]) == (422, "idempotency-key-reused")
    assert send(lines(lab(1)), "source=owner&operation=withdraw").status_code == 422
    assert stack.post("organisation", lines(lab(1)), idempotency_key="").status_code == 400


def test_a_key_that_is_at_work_is_busy(stack: Stack) -> None:
    codes: list[tuple[int, str, str]] = []

    class Meanwhile(type(stack.personal)):  # type: ignore[misc]
        """Sends the same request again while the first one is being handled."""

        def sealers(self, subjects: Any) -> Any:
            busy = stack.post("organisation", body, content_type=LINES, idempotency_key="k")
            codes.append((busy.status_code, busy.headers["retry-after"], busy.json()["errors"][0]["code"]))
            return super().sealers(subjects)

    body = lines(lab(1, contact={"phone": PHONE}))
    stack.personal.__class__ = Meanwhile
    assert stack.post("organisation", body, content_type=LINES, idempotency_key="k").status_code == 202
    assert codes == [(409, "5", "request-in-progress")]


@pytest.mark.parametrize("late", [False, True])
def test_a_request_that_broke_off_goes_on_and_doubles_nothing(stack: Stack, late: bool) -> None:
    body = lines(*(lab(number) for number in range(25)), lab(25, uscc="1"))
    stack.log.breaks_at, stack.log.late = 2, late
    broken = stack.post("organisation", body, content_type=LINES, idempotency_key="k")
    assert (broken.status_code, broken.headers["retry-after"]) == (503, "5")
    (interrupted,) = stack.get("receipts").json()["receipts"]
    assert (interrupted["progress"], interrupted["accepted"]) == ("interrupted", 10)
    stack.settle()
    done = stack.post("organisation", body, content_type=LINES, idempotency_key="k")
    receipt = done.json()
    assert (done.status_code, receipt["id"], receipt["created_at"]) == (
        202,
        *(interrupted[n] for n in ("id", "created_at")),
    )
    assert (receipt["progress"], receipt["accepted"], receipt["refused"]) == ("complete", 25, 1)
    stack.settle()
    events = {dict(entry.headers)["ce_id"] for entry in stack.submitted()}
    assert (len(events), len(stack.submitted())) == (25, 35 if late else 25)
    assert [record.version for record in stack.records.scan()] == [1] * 25
    assert states(stack, receipt) == {"searchable": 25, "refused": 1}


def test_a_body_beyond_the_limit_is_refused_however_it_is_sent(stack: Stack) -> None:
    large = b" " * 200_001
    told = stack.post("organisation", large, content_type=LINES)
    streamed = stack.post("organisation", (large[:50_000] for _ in range(5)), content_type=LINES)
    form = {"file": ("a.ndjson", large, LINES)}
    address = "/api/v1/submissions/organisation?source=owner&lang=en"
    in_form = stack.client.post(address, files=form, headers={"Authorization": "Bearer owner"})
    assert [answer.status_code for answer in (told, streamed, in_form)] == [413] * 3
    assert "200000" in in_form.json()["title"]
    assert stack.get("receipts").json()["receipts"] == []


def test_a_row_beyond_the_limits_does_not_stop_the_others(stack: Stack) -> None:
    body = lines(lab(1), lab(2, description="长" * 1_500), lab(3, description="字" * 1_001), lab(4))
    receipt = stack.post("organisation", body, content_type=LINES).json()
    assert [(problem["row"], problem["code"]) for problem in receipt["problems"]] == [
        (2, "row-too-long"),
        (3, "text-too-long"),
    ]
    assert receipt["accepted"] == 2


def test_a_document_that_cannot_be_read_leaves_no_receipt(stack: Stack) -> None:
    for body in (b"", b" ", b"not json"):
        answer = stack.post("organisation", body, content_type="application/json", idempotency_key="k")
        assert answer.status_code == 422
    assert stack.post("organisation", b"x", query="source=owner&format=word").status_code == 415
    assert stack.post("organisation", b"{}", content_encoding="gzip").status_code == 415
    assert stack.get("receipts").json()["receipts"] == []
    assert stack.post("organisation", lines(lab(1)), content_type=LINES, idempotency_key="k").status_code == 202


def test_private_values_are_sealed_wherever_they_rest(stack: Stack) -> None:
    contact = {"name": "李四", "phone": PHONE}
    body = lines(lab(1, contact=contact), lab(2, contact=contact, uscc="1"))
    receipt = stack.post("organisation", body, content_type=LINES).json()
    stack.settle()
    (event,) = stack.submitted()
    token = Submission.from_bytes(event.value or b"").fields["contact"]["phone"]
    assert stack.personal.open([token]) == {token: PHONE}
    for store in ("log", "receipts", "records", "vault", "keys"):
        assert PHONE.encode() not in stack.bytes_of(store)
    assert "李四".encode() in stack.bytes_of("log")
    assert PHONE in stack.get(receipt["links"]["refused"]).text


def test_people_are_told_in_their_language(stack: Stack) -> None:
    answer = stack.post("organisation", lines(lab(1, type="club")), content_type=LINES, accept_language="en")
    zh = stack.get(answer.json()["links"]["self"]).json()["problems"][0]
    assert answer.json()["problems"][0]["message"].startswith(
        "row 1, field “type (type)”; found “club”; expected one of"
    )
    assert zh["message"].startswith("第 1 行，字段“单位类型 (type)”；填写的是“club”；应为")
    unknown = stack.post("telescope", b"{}", accept_language="en")
    assert unknown.status_code == 404
    assert "instrument, organisation" in unknown.json()["title"]


@pytest.mark.parametrize(
    ("token", "sends", "reads", "lists"),
    [
        ("", 401, 401, 401),
        ("forged", 401, 401, 401),
        ("member", 403, 403, 403),
        ("approver", 403, 403, 403),
        ("zhejiang", 403, 404, 200),
        ("rival", 202, 404, 200),
        ("owner", 202, 200, 200),
        ("colleague", 202, 200, 200),
        ("manager", 403, 200, 200),
        ("steward", 403, 200, 200),
        ("operator", 202, 200, 200),
    ],
)
def test_who_may_send_and_who_may_read(stack: Stack, token: str, sends: int, reads: int, lists: int) -> None:
    receipt = stack.post("organisation", lines(lab(1)), content_type=LINES).json()
    assert stack.post("organisation", lines(lab(2)), token, content_type=LINES).status_code == sends
    for link in receipt["links"].values():
        assert stack.get(link, token).status_code == reads
    listed = stack.get("receipts", token)
    assert listed.status_code == lists
    if listed.status_code == 200:
        assert (receipt["id"] in [one["id"] for one in listed.json()["receipts"]]) is (reads == 200)


def test_refused_rows_are_shown_to_the_senders_organisation_alone(stack: Stack) -> None:
    body = lines(lab(1, uscc="1", contact={"name": "李四", "phone": PHONE}))
    sent = stack.post("organisation", body, content_type=LINES).json()
    path = sent["links"]["refused"]
    answers = {token: stack.get(path, token) for token in ("owner", "steward", "operator", "rival", "zhejiang")}
    assert [answer.status_code for answer in answers.values()] == [200, 200, 200, 404, 404]
    assert [PHONE in answer.text for answer in answers.values()] == [True, True, True, False, False]
    unknown = stack.get(path.replace(sent["id"], "nobody"), "rival")
    assert answers["rival"].json() == {**unknown.json(), **answers["rival"].json()}, "it might as well not exist"


def test_one_key_of_two_senders_of_a_source_never_meets(stack: Stack) -> None:
    def send(token: str, number: int) -> Any:
        return stack.post("organisation", lines(lab(number)), token, content_type=LINES, idempotency_key="k")

    mine = send("owner", 1)
    for token in ("colleague", "rival"):
        other = send(token, 2)
        assert (other.status_code, other.json()["accepted"]) == (202, 1)
        assert other.json()["id"] != mine.json()["id"]
        assert "idempotency-replayed" not in other.headers
    assert send("owner", 1).json()["id"] == mine.json()["id"]
    assert send("owner", 2).status_code == 422


def test_a_receipt_from_before_accounts_is_read_by_the_one_that_had_the_name(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipt = stack.post("organisation", lines(lab(1)), content_type=LINES).json()
    with sqlite3.connect(stack.folder / "receipts.db") as sql:
        sql.execute("UPDATE receipts SET organisation = NULL, account = NULL")
    seen = ("owner", "colleague", "rival", "operator")
    assert [stack.get(receipt["links"]["self"], token).status_code for token in seen] == [404, 404, 404, 200]
    monkeypatch.setitem(TOKENS, "owner", replace(TOKENS["owner"], formerly="lab"))
    for link in receipt["links"].values():
        assert [stack.get(link, token).status_code for token in seen] == [200, 404, 404, 200]
    listed = [stack.get("receipts", token).json()["receipts"] for token in seen]
    assert [[one["id"] for one in receipts] for receipts in listed] == [[receipt["id"]], [], [], [receipt["id"]]]


def test_an_owners_rows_are_spoken_for_by_its_organisation_and_a_systems_by_itself(stack: Stack) -> None:
    same = lines(lab(1))
    for token, source in (("owner", "owner"), ("rival", "owner"), ("zhejiang", "zhejiang"), ("office", "zhejiang")):
        assert stack.post("organisation", same, token, f"source={source}", content_type=LINES).status_code == 202
    events = [CloudEvent.from_delivered(entry) for entry in stack.submitted()]
    spoken = [(one.source, one.organisation) for one in (Submission.from_bytes(event.data) for event in events)]
    assert sorted(spoken) == [("owner", "org-lab"), ("owner", "org-rival"), ("zhejiang", ""), ("zhejiang", "")]
    assert len({event.id for event in events}) >= 3, "what two owners say alike is two statements"


def test_a_source_may_be_left_out_where_there_is_only_one(stack: Stack) -> None:
    assert stack.post("organisation", lines(lab(1)), query="").json()["source"] == "owner"
    assert stack.post("organisation", lines(lab(1)), "operator", query="").status_code == 422
    assert stack.post("organisation", lines(lab(1)), "operator", query="source=nobody").status_code == 422


def test_templates_and_schemas_are_public(stack: Stack) -> None:
    sheet = stack.get("templates/instrument?format=csv&lang=zh", "")
    assert "中文名" in sheet.text
    assert quote("仪器设备-导入模板.csv") in sheet.headers["content-disposition"]
    assert stack.get("templates/instrument", "").content[:2] == b"PK"
    assert stack.get("templates/instrument?format=pdf", "").status_code == 400
    assert stack.get("schemas/expert", "").json()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert stack.get("schemas/telescope", "").status_code == 404
    assert {media_type for item in FORMATS for media_type in item.media_types[:1]} <= set(SUBMIT.sends)
