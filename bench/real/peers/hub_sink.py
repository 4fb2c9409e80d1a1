"""The hub's own paths into Elasticsearch, and the bare bulk requests beside them: `how` says which.

`sink`: the catalogue's worker, from records, with the projection to documents. `through`: the hub's consumer and bulk
requests, from documents, as the other peers have them. `memory`: ready bulk requests without Kafka, two at a time.
"""

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from bench.real.peers.telling import asked, tell
from bench.real.stages import OwnTopics
from hub.kernel.entries import Delivered
from hub.kernel.records import RECORDS
from hub.log.batch_worker import BatchWorker
from hub.log.kafka_eventlog import KafkaEventLog
from hub.runtime.threads import GARBAGE_AFTER
from services.catalog.adapters.elasticsearch_bulk import DOCUMENTS, IN_FLIGHT, Bulk, Chunk
from services.catalog.adapters.elasticsearch_catalogue import ElasticsearchCatalogue
from services.catalog.adapters.elasticsearch_server import Server
from services.catalog.manifest import SINK_BATCHES
from services.catalog.sink import CatalogueSink

WANTED = asked()
LINES = b'{"index":{"_id":%b,"version":%d,"version_type":"external"}}\n%b\n'


def sink(log: KafkaEventLog) -> None:
    catalogue = ElasticsearchCatalogue(WANTED["url"], WANTED["index"])
    run(CatalogueSink(log, catalogue, WANTED["batch"], SINK_BATCHES))


class Through(BatchWorker):
    """What the catalogue's worker does, without the making of documents."""

    def __init__(self, log: KafkaEventLog) -> None:
        super().__init__(log, WANTED["group"], [WANTED["topic"]], WANTED["batch"], SINK_BATCHES)
        self._bulk = Bulk(Server(WANTED["url"]))

    def handle(self, batch: Sequence[Delivered]) -> None:
        sent = []
        while batch:
            for start in range(0, len(batch), DOCUMENTS):
                sent.append(self._bulk.submit(WANTED["index"], chunk(batch[start : start + DOCUMENTS])))
            batch = self.more()
        if any(future.result().refused for future in sent):
            raise RuntimeError("documents are refused")


def through(log: KafkaEventLog) -> None:
    run(Through(log))


def run(worker: BatchWorker) -> None:
    while True:
        if done := worker.step(0.5):
            tell(done)


def memory(log: KafkaEventLog) -> None:
    consumer = log.consumer(WANTED["group"], [WANTED["topic"]])
    read: list[Delivered] = []
    while len(read) < WANTED["rows"]:
        read += consumer.poll(WANTED["batch"], 0.5)
    server = Server(WANTED["url"])
    rest = iter(read)
    bodies = []
    while part := list(islice(rest, WANTED["batch"])):
        bodies.append((len(part), b"".join(chunk(part).lines)))

    def send(body: tuple[int, bytes]) -> None:
        answer: Any = server.once("POST", f"/{WANTED['index']}/_bulk", body[1], filter_path="errors")
        if answer["errors"]:
            raise RuntimeError("documents are refused")
        tell(body[0])

    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        list(pool.map(send, bodies))


def chunk(entries: Sequence[Delivered]) -> Chunk:
    """The entries' bytes as they are; only the version is read out of them."""
    lines = [LINES % (orjson.dumps(e.key.decode()), orjson.loads(e.value or b"")["version"], e.value) for e in entries]
    return Chunk(tuple(entry.key.decode() for entry in entries), tuple(lines))


def main() -> None:
    import gc

    gc.set_threshold(*GARBAGE_AFTER)
    {"sink": sink, "through": through, "memory": memory}[WANTED["how"]](
        OwnTopics(WANTED["bootstrap"], WANTED["group"], {RECORDS: WANTED["topic"]})
    )


if __name__ == "__main__":
    main()
