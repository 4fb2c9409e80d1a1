"""From a row to a submission: what it states, what is refused, where secrets stand."""

import pytest

from hub.kernel.records import Submission
from schemas.kind import kind_named
from services.ingest.core.rows import Row, batched
from services.ingest.core.submissions import Checked, Frame, Refused, checked, submission

pytestmark = pytest.mark.unit
ARRIVED = 1_700_000_000_000_000


def frame(kind: str = "organisation") -> Frame:
    return Frame(kind_named(kind), "owner", "owner", "2026-01-01T00:00:00.000000Z", ARRIVED)


def submitted(data: bytes, kind: str = "organisation", number: int = 1) -> Submission | Refused:
    row = checked(Row(number, "json", data), frame(kind))
    return submission(row, frame(kind)) if isinstance(row, Checked) else row


def test_equal_rows_make_one_event_whenever_they_arrive() -> None:
    data = '{"_id": "7", "_version": 3, "name_zh": "浙江大学", "ror": "00a2xv884"}'.encode()
    first, again = submitted(data), submitted(data, number=9)
    assert isinstance(first, Submission)
    assert isinstance(again, Submission)
    assert first.event_id() == again.event_id()
    assert (first.source_record_id, first.source_version) == ("7", 3)
    assert Submission.from_bytes(first.to_bytes()) == first


def test_of_two_rows_without_versions_the_later_one_counts() -> None:
    data = '{"_id": "7", "name_zh": "浙江大学"}'.encode()
    first, second = submitted(data, number=1), submitted(data, number=2)
    assert isinstance(first, Submission)
    assert isinstance(second, Submission)
    assert first.source_version < second.source_version


def test_a_withdrawal_needs_only_the_sources_own_id() -> None:
    found = submitted(b'{"_id": "7", "_version": 4, "_operation": "withdraw"}')
    assert isinstance(found, Submission)
    assert (found.operation, found.fields, found.record_id) == ("withdraw", {}, None)


def test_a_row_that_nothing_identifies_is_refused() -> None:
    found = submitted('{"name_zh": "某单位"}'.encode())
    assert isinstance(found, Refused)
    assert found.problems[0].code == "unidentified"


def test_secrets_are_found_where_they_stand() -> None:
    raw = '{"_id": "1", "name_zh": "质谱仪", "contact": {"phone": "0571-87951111"}}'.encode()
    row = checked(Row(1, "json", raw), frame("instrument"))
    if isinstance(row, Refused):
        pytest.fail(row.problems[0].message("en"))
    assert [place.container[place.key] for place in row.private] == ["0571-87951111"]
    row.private[0].seal(lambda value: "vault:x")
    assert "0571" not in str(row.fields)


def test_batches_are_bounded_by_rows_and_bytes() -> None:
    rows = [Row(number, "json", b"{}", size=10) for number in range(1, 8)]
    assert [len(batch) for batch in batched(rows, 3)] == [3, 3, 1]
    assert [len(batch) for batch in batched(rows, 100, 25)] == [2, 2, 2, 1]
