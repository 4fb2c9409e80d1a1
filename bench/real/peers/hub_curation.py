"""The hub's curation and relay on PostgreSQL, from a topic of submissions to a topic of records."""

import gc
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from bench.real.peers.telling import asked, tell
from hub.adapters.kafka_consumer import KafkaLogConsumer
from hub.adapters.kafka_eventlog import KafkaEventLog
from hub.adapters.postgresql import PostgresDatabase, migrate
from hub.kernel.records import RECORDS, SUBMISSIONS
from hub.ports.clock import SystemClock
from hub.ports.eventlog import Entry
from hub.runtime import GARBAGE_AFTER
from services.curation.adapters.postgresql_store import PostgresRecordStore
from services.curation.service import Curation, Relay

WANTED = asked()


class Topics(KafkaEventLog):
    """The benchmark's topics in the place of the hub's."""

    def consumer(self, group: str, topics: Sequence[str]) -> KafkaLogConsumer:
        return super().consumer(WANTED["group"], [WANTED["topic"] if one == SUBMISSIONS else one for one in topics])

    def append(self, topic: str, entries: Sequence[Entry]) -> None:
        super().append(WANTED["merged"] if topic == RECORDS else topic, entries)


def main() -> None:
    gc.set_threshold(*GARBAGE_AFTER)
    migrate(WANTED["dsn"])
    store = PostgresRecordStore(PostgresDatabase(WANTED["dsn"]), "bench")
    curation = Curation(Topics(WANTED["bootstrap"]), store, SystemClock(), WANTED["batch"])
    relay = Relay(Topics(WANTED["bootstrap"]), store, WANTED["batch"])
    stopping = threading.Event()

    def publish() -> None:
        while not (relay.step(0.2) == 0 and stopping.is_set()):
            pass

    publishing = threading.Thread(target=publish)
    publishing.start()
    left = WANTED["rows"]
    while left > 0:
        done = curation.step(0.5)
        left -= done
        if left <= 0:
            stopping.set()
            publishing.join()
        if done:
            tell(done)


if __name__ == "__main__":
    main()
