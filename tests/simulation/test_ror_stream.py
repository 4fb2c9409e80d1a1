"""The release stream of ROR, as it came and in every disorder, ends in one catalogue."""

import gzip
import random
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import pytest

from hub.kernel.cloudevents import CloudEvent
from hub.kernel.entries import Entry
from hub.kernel.records import SUBMISSIONS, SUBMITTED
from hub.log.sqlite_eventlog import SqliteEventLog
from hub.ports.clock import SystemClock
from hub.runtime.threads import drain
from schemas.kind import kind_named
from schemas.topics import topics
from services.catalog.adapters.sqlite_catalogue import SqliteCatalogue
from services.catalog.service import CatalogueSink
from services.curation.adapters.sqlite_store import SqliteRecordStore
from services.curation.service import Curation, Relay
from services.ingest.core.rows import Limits
from services.ingest.core.submissions import Checked, Frame, checked, submission
from services.ingest.formats.ror import read

STREAM = Path(__file__).resolve().parents[1] / "data" / "ror" / "ror_v2_release_stream.jsonl.gz"
ARRIVED = "2026-06-23T00:00:00.000000Z"
DOCUMENTS, ORGANISATIONS, WITHDRAWN = 45_974, 35_990, 190
APPEND_ROWS = 5_000

Disorder = Callable[[list[Entry], random.Random], Sequence[Entry]]


@lru_cache(maxsize=1)
def stream() -> tuple[Entry, ...]:
    """Every document of the stream as the submission event that ingest makes of it, in order."""
    kind = kind_named("organisation")
    frame = Frame(kind, "ror", "harvested", ARRIVED, 0)
    entries = []
    with gzip.open(STREAM) as file:
        for row in read(file, kind, Limits()):
            found = checked(row, frame)
            assert isinstance(found, Checked), [problem.message("en") for problem in found.problems]
            said = submission(found, frame)
            assert not isinstance(said, tuple)
            event = CloudEvent(said.event_id(), "hub", SUBMITTED, said.subject(), ARRIVED, said.to_bytes())
            entries.append(event.as_entry())
    return tuple(entries)


def catalogued(folder: Path, entries: Sequence[Entry], partitions: int, batch: int) -> dict[str, object]:
    """What the record store and the catalogue hold after the whole path."""
    event_log = SqliteEventLog(folder / "log.db")
    event_log.create_topics(topics(partitions))
    for start in range(0, len(entries), APPEND_ROWS):
        event_log.append(SUBMISSIONS, entries[start : start + APPEND_ROWS])
    store = SqliteRecordStore(folder / "records.db", "hub")
    catalogue = SqliteCatalogue(folder / "catalogue.db")
    workers = (
        Curation(event_log, store, SystemClock(), batch),
        Relay(event_log, store, batch),
        CatalogueSink(event_log, catalogue, batch),
    )
    drain(workers)
    records = list(store.scan("organisation"))
    ids = [record.id for record in records]
    found = {
        "digest": catalogue.digest(),
        "records": store.digest(),
        "versions agree": dict(catalogue.versions(ids)) == {record.id: record.version for record in records},
        "organisations": len(records),
        "withdrawn": sum(record.status == "withdrawn" for record in records),
        "visible": catalogue.count(),
    }
    for closing in (*workers, catalogue, store, event_log):
        closing.close()
    return found


@pytest.fixture(scope="module")
def in_order(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    return catalogued(tmp_path_factory.mktemp("in-order"), stream(), partitions=1, batch=2_000)


def test_every_organisation_is_there_and_the_withdrawn_ones_are_withdrawn(in_order: dict[str, object]) -> None:
    assert len(stream()) == DOCUMENTS
    told = {name: value for name, value in in_order.items() if name not in ("digest", "records")}
    assert told == {
        "versions agree": True,
        "organisations": ORGANISATIONS,
        "withdrawn": WITHDRAWN,
        "visible": ORGANISATIONS - WITHDRAWN,
    }


def shuffled(entries: list[Entry], chance: random.Random) -> list[Entry]:
    chance.shuffle(entries)
    return entries


def reversed_and_repeated(entries: list[Entry], chance: random.Random) -> list[Entry]:
    return [*reversed(entries), *chance.choices(entries, k=len(entries) // 4)]


@pytest.mark.parametrize(
    ("disorder", "partitions", "batch"),
    [(shuffled, 1, 5_000), (shuffled, 7, 997), (reversed_and_repeated, 3, 2_000)],
    ids=["shuffled", "shuffled-over-7-partitions", "reversed-repeated-over-3-partitions"],
)
def test_disorder_changes_nothing(
    tmp_path: Path, in_order: dict[str, object], disorder: Disorder, partitions: int, batch: int
) -> None:
    entries = disorder(list(stream()), random.Random(batch))
    assert catalogued(tmp_path, entries, partitions, batch) == in_order
