"""The hub's curation and relay on PostgreSQL, from a topic of submissions to a topic of records."""

import gc
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from bench.real.peers.telling import asked, tell
from bench.real.stages import OwnTopics
from hub.kernel.records import RECORDS, SUBMISSIONS
from hub.ports.clock import SystemClock
from hub.runtime.threads import GARBAGE_AFTER
from hub.sql.postgresql import PostgresDatabase, migrate
from services.curation.adapters.postgresql_store import PostgresRecordStore
from services.curation.service import Curation, Relay

WANTED = asked()


def log() -> OwnTopics:
    """The benchmark's topics in the place of the hub's."""
    return OwnTopics(WANTED["bootstrap"], WANTED["group"], {SUBMISSIONS: WANTED["topic"], RECORDS: WANTED["merged"]})


def main() -> None:
    gc.set_threshold(*GARBAGE_AFTER)
    migrate(WANTED["dsn"])
    store = PostgresRecordStore(PostgresDatabase(WANTED["dsn"]), "bench")
    curation = Curation(log(), store, SystemClock(), WANTED["batch"])
    relay = Relay(log(), store, WANTED["batch"])
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
