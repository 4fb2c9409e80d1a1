"""The parts of the ingest service on their own: memory, states, names of files, retention."""

import io
import re
import tracemalloc
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import orjson
import pytest

from hub.ports.catalogue import Catalogue
from hub.ports.clock import ManualClock, rfc3339
from hub.ports.records import Outcome, RecordReader
from hub.sql.sqlite import StoreFiles
from services.ingest.adapters.sql_receipts import SqlReceipts
from services.ingest.api import attachment
from services.ingest.core.events import EVENT_BYTES, too_large_event
from services.ingest.core.rows import Limits
from services.ingest.outcomes import COUNTED_ROWS, Outcomes
from services.ingest.ports.receipts import Accepted, Batch, Receipt
from services.ingest.ports.vault import Vault
from services.ingest.upkeep import ReceiptUpkeep
from tests.integration.ingest_stack import OPERATOR, opened

pytestmark = pytest.mark.unit


class Asked:
    """Outcomes of events and versions in a catalogue, counting what is asked for."""

    def __init__(self) -> None:
        self.outcome: dict[str, Outcome] = {}
        self.asked = 0

    def outcomes(self, event_ids: Collection[str]) -> Mapping[str, Outcome]:
        self.asked += len(event_ids)
        return {event: self.outcome[event] for event in event_ids if event in self.outcome}

    def versions(self, ids: Collection[str]) -> Mapping[str, int]:
        return dict.fromkeys(ids, 1)


@pytest.fixture
def receipts(tmp_path: Path) -> Iterator[SqlReceipts]:
    files = StoreFiles(tmp_path)
    yield SqlReceipts(files.open("receipts"))
    files.close()


def stored(receipts: SqlReceipts, batches: int, rows: int) -> tuple[Receipt, list[str]]:
    receipts.open(Receipt("r", "owner", "organisation", "ndjson", "2026-01-01T00:00:00.000000Z"))
    for number in range(batches):
        first = number * rows
        taken = tuple(Accepted(row, f"{row:032x}", f"o-{row}") for row in range(first, first + rows))
        receipts.add("r", Batch(number, first, first + rows - 1, taken))
    return receipts.finish("r", "complete", batches), [f"{row:032x}" for row in range(batches * rows)]


def reader(receipts: SqlReceipts, asked: Asked) -> Outcomes:
    return Outcomes(receipts, cast(Vault, None), cast(RecordReader, asked), cast(Catalogue, asked))


def test_a_long_receipt_is_counted_in_bounded_steps_and_settled_rows_only_once(receipts: SqlReceipts) -> None:
    receipt, events = stored(receipts, 5, COUNTED_ROWS // 2)
    asked = Asked()
    outcomes = reader(receipts, asked)
    assert outcomes.counts(receipt).uncounted == len(events) - COUNTED_ROWS
    asked.outcome = {event: Outcome(event, "o", 1, "changed") for event in events}
    uncounted = [outcomes.counts(receipt).uncounted for _ in range(3)]
    assert uncounted == [len(events) - COUNTED_ROWS, len(events) - 2 * COUNTED_ROWS, 0]
    assert outcomes.counts(receipt).states["searchable"] == len(events)
    assert asked.asked == COUNTED_ROWS + len(events)


def test_rows_that_wait_are_looked_up_until_they_have_settled(receipts: SqlReceipts) -> None:
    receipt, events = stored(receipts, 2, 3)
    asked = Asked()
    outcomes = reader(receipts, asked)
    told = [Outcome("", "o", 2, "changed"), Outcome("", "o", 1, "changed"), Outcome("", "", 0, "unchanged")]
    told += [Outcome("", "o", 1, "stale"), Outcome("", "", 0, "dead")]
    asked.outcome = dict(zip(events, told, strict=False))
    counted = {"received": 1, "curated": 2, "searchable": 1, "stale": 1, "dead": 1, "refused": 0}
    assert outcomes.counts(receipt).states == outcomes.counts(receipt).states == counted
    asked.outcome[events[0]] = told[1]
    assert outcomes.counts(receipt).states == counted | {"curated": 1, "searchable": 2}


def taken(folder: Path, rows: int) -> int:
    """The peak of memory, in bytes, while a document of so many rows is taken."""
    lines = (orjson.dumps({"_id": str(row), "name_zh": "甲" * 20}) + b"\n" for row in range(rows))
    body = io.BytesIO(b"".join(lines))
    with opened(folder, Limits(batch_rows=50)) as stack:
        tracemalloc.start()
        try:
            receipt = stack.ingest.receive(body, "organisation", "owner", OPERATOR, key="k")
            assert receipt.accepted == rows
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


def test_memory_does_not_grow_with_the_document(tmp_path: Path) -> None:
    taken(tmp_path / "warm", 50)
    few, many = taken(tmp_path / "few", 100), taken(tmp_path / "many", 1_500)
    assert many < few + 250_000


def test_an_event_has_to_fit_into_the_log() -> None:
    problem = too_large_event(b" " * (EVENT_BYTES + 1))
    assert problem is not None
    assert str(EVENT_BYTES) in problem.message("en")
    assert too_large_event(b" " * EVENT_BYTES) is None


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("单位-导入模板.csv", "csv"),
        ("instrument.xlsx", "instrument.xlsx"),
        ('a"; x\r\n.csv', "a-x-.csv"),
        ("单位", "download"),
    ],
)
def test_file_names_are_kept_by_old_and_new_clients(name: str, plain: str) -> None:
    header = attachment(name)
    assert header.isascii()
    found = re.fullmatch(r"attachment; filename=\"([\w.-]+)\"; filename\*=UTF-8''([\w!#$&+.^`|~%-]+)", header)
    assert found is not None
    assert found[1].endswith(plain)


def test_receipts_are_forgotten_after_their_time(receipts: SqlReceipts) -> None:
    clock = ManualClock(datetime(2026, 6, 1, tzinfo=UTC))
    for days in (91, 89):
        at = rfc3339(clock.now() - timedelta(days=days))
        receipts.open(Receipt(f"r{days}", "owner", "organisation", "ndjson", at))
    upkeep = ReceiptUpkeep(receipts, clock)
    assert [upkeep.step(0.0) for _ in range(3)] == [1, 0, 0]
    assert [receipt.id for receipt in receipts.recent(None)] == ["r89"]
    upkeep.close()
    assert upkeep.step(60.0) == 0
