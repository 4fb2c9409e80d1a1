"""An import that can be killed at any moment, and what must be true however often it was.

python -m tests.simulation.importing FOLDER FIRST_SEED SEEDS     goes on with more seeds until there were as many kills

Everything is loaded once; each life of the hub is a fork of this process, so that a hundred seeds take a minute.
"""

import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import orjson

from app.composition import Hub, compose
from hub.kernel.access import Principal
from hub.kernel.records import RECORDS, Record
from hub.ports.catalogue import Query
from hub.ports.records import RecordReader
from hub.runtime.manifest import CATALOGUE, EVENT_LOG, RECORD_STORE
from hub.runtime.settings import Settings
from hub.runtime.threads import Runtime, drain
from services.catalog.sink import check as reconciled
from services.ingest.core.idempotency import LEASE_SECONDS
from services.ingest.manifest import RECEIPT_STORE, ingest
from tests.waiting import wait_until

SENDER = Principal("simulation", frozenset({"submitter"}), frozenset({"owner"}))
DOCUMENTS, ROWS, THINGS = 6, 40, 60
LIVES = 4
LONGEST_LIFE_SECONDS = 0.15
WHILE_IMPORTING = 0.85
"""How often the kill waits until the hub is open; else it may come while the stores are being opened."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a document: version `version` of the organisation `thing`."""

    thing: int
    version: int

    def as_json(self) -> bytes:
        name = f"示例单位 {self.thing} 第 {self.version} 版"
        return orjson.dumps({"_id": str(self.thing), "_version": self.version, "name_zh": name})


def documents(seed: int) -> list[list[Row]]:
    """What the sender has to send: versions of few things, out of order and with repeats."""
    chance = random.Random(seed)
    return [[Row(chance.randrange(THINGS), chance.randrange(1, 30)) for _ in range(ROWS)] for _ in range(DOCUMENTS)]


class LaterClock:
    """The machine's clock, later by the leases of the lives before, which a patient sender would have waited for."""

    def __init__(self, lives: int) -> None:
        self._later = timedelta(seconds=lives * 2 * LEASE_SECONDS)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._later


def opened(folder: Path, life: int) -> Hub:
    return compose(Settings(data_dir=folder, batch_rows=7, partitions=2), LaterClock(life))


def live(folder: Path, seed: int, journal: Path, life: int) -> None:
    """Send what has not been acknowledged, and go on until everything can be found; ends the process."""
    hub = opened(folder, life)
    (folder / f"opened-{life}").touch()
    runtime = Runtime(hub.workers)
    runtime.start()
    acknowledged = len(journal.read_text().splitlines())
    for number, rows in list(enumerate(documents(seed)))[acknowledged:]:
        body = b"\n".join(row.as_json() for row in rows)
        receipt = ingest(hub.resources).receive(
            BytesIO(body), "organisation", "owner", SENDER, format_name="ndjson", key=f"{seed}-{number}"
        )
        assert (receipt.accepted, receipt.refused) == (ROWS, 0), receipt
        with journal.open("a") as told:
            told.write(f"{receipt.id}\n")
    wait_until(lambda: not pending(hub) and reconciled(hub.get(RECORD_STORE), hub.get(CATALOGUE)).equal)
    os._exit(0)


def pending(hub: Hub) -> bool:
    """Whether an acknowledged row has not been curated yet."""
    return any(set(events) - set(hub.get(RECORD_STORE).outcomes(events)) for events in acknowledged_events(hub))


def acknowledged_events(hub: Hub) -> Iterator[list[str]]:
    for receipt in hub.get(RECEIPT_STORE).recent(None, 500):
        for batch in hub.get(RECEIPT_STORE).batches(receipt.id):
            yield [row.event_id for row in batch.accepted]


def survived(folder: Path, seed: int) -> int:
    """Kill the hub at random moments, let its last life end in peace; returns how often it was killed."""
    chance = random.Random(f"kill {seed}")
    journal = folder / "acknowledged"
    journal.touch()
    killed = 0
    for life in range(LIVES):
        child = os.fork()
        if not child:
            try:
                live(folder, seed, journal, life)
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(1)
        if life < LIVES - 1:
            if chance.random() < WHILE_IMPORTING:
                mark = folder / f"opened-{life}"
                wait_until(mark.exists)
            time.sleep(chance.uniform(0.0, LONGEST_LIFE_SECONDS))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        killed += os.WIFSIGNALED(status)
    assert os.WIFEXITED(status), "the last life was killed"
    assert os.WEXITSTATUS(status) == 0, "the last life did not come to its end"
    return killed


def check(folder: Path, seed: int) -> None:
    """Nothing that was acknowledged is lost, nothing is visible twice, and every version is accounted for."""
    hub = opened(folder, LIVES)
    drain(hub.workers)
    receipts = (folder / "acknowledged").read_text().split()
    assert len(receipts) == len(set(receipts)) == DOCUMENTS, "one receipt a document, whatever happened"
    newest: dict[int, int] = {}
    for row in (row for rows in documents(seed) for row in rows):
        newest[row.thing] = max(newest.get(row.thing, 0), row.version)
    records = list(hub.get(RECORD_STORE).scan("organisation"))
    found = {int(record.sources[0].source_record_id): record for record in records}
    assert len(found) == len(records) == len(newest), "a thing is there once, or not at all"
    for thing, version in newest.items():
        assert found[thing].fields["name_zh"] == f"示例单位 {thing} 第 {version} 版", (thing, version)
    _check_versions(hub, records)
    page = hub.get(CATALOGUE).search(Query(text="示例单位", size=100))
    ids = [hit.id for hit in page.hits]
    assert page.total == len(ids) == len(set(ids)) == len(newest), "every thing is visible once"
    assert reconciled(hub.get(RECORD_STORE), hub.get(CATALOGUE)).equal
    for worker in hub.workers:
        worker.close()
    hub.close()


def _check_versions(hub: Hub, records: list[Record]) -> None:
    """Versions run 1, 2, 3 … in the history, and in the topic every one of them came, in order."""
    published: dict[str, list[int]] = {}
    consumer = hub.get(EVENT_LOG).consumer("checker", [RECORDS])
    while entries := consumer.poll(1_000, 0.0):
        for entry in entries:
            record = Record.from_bytes(entry.value or b"")
            published.setdefault(record.id, []).append(record.version)
    consumer.close()
    for record in records:
        check_history(hub.get(RECORD_STORE), record)
        came = published[record.id]
        firsts = [version for at, version in enumerate(came) if version not in came[:at]]
        assert firsts == sorted(firsts), came
        assert came[-1] == record.version or record.version in came, came


def check_history(store: RecordReader, record: Record) -> None:
    """The record has every version from its own down to the first, once."""
    history = [version.version for version in store.history(record.id, 1_000)]
    assert history == list(range(record.version, 0, -1)), history


def main(folder: Path, first: int, count: int) -> None:
    killed, seed = 0, first
    while seed < first + count or killed < count:
        with tempfile.TemporaryDirectory(dir=folder, prefix=f"seed-{seed}-") as own:
            killed += survived(Path(own), seed)
            check(Path(own), seed)
        seed += 1
    print(f"{seed - first} seeds, {killed} kills", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
