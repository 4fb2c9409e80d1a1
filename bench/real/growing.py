"""A store that grows through the hub's stages, and bare servers' tables and indices of the same size beside it."""

import contextlib
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import NamedTuple

import psycopg
from elasticsearch import Elasticsearch

from bench.common import Took, took
from bench.data import record
from bench.real.curation import submission_entry
from bench.real.running import new_index
from bench.real.stages import Stage, Where, curation, sink, topics
from hub.kernel.entries import Entry
from hub.kernel.records import SUBMISSIONS, Record, Submission
from hub.kernel.terms import query_terms
from hub.log.kafka_eventlog import KafkaEventLog
from hub.ports.catalogue import Query
from hub.ports.eventlog import Topic
from hub.sql.postgresql import migrate
from services.catalog.adapters.elasticsearch_bulk import IN_FLIGHT
from services.catalog.adapters.elasticsearch_catalogue import ElasticsearchCatalogue
from services.catalog.adapters.elasticsearch_documents import operation
from services.catalog.adapters.elasticsearch_server import Server
from services.catalog.core.projection import document

BATCH = 2_000
"""Rows of a transaction and of a bulk request, of the hub and of the bare servers."""
APPENDED = 5_000
SLICES = "2"
"""Of a copy from index to index, side by side."""
SETTLE_SECONDS = 120.0
PATIENT_SECONDS = 3_600.0
Row = tuple[str, bytes]
"""A record's id and JSON."""


class HubStore:
    """Kafka to PostgreSQL to Kafka to Elasticsearch; `count` are the records there, numbered from 0 on."""

    def __init__(self, where: Where) -> None:
        self._where = where
        self._log = KafkaEventLog(where.bootstrap)
        self._log.create_topics([Topic(name) for name in topics(where.name).values()])
        migrate(where.dsn)
        self.catalogue = ElasticsearchCatalogue(where.url, where.name)
        self._curation, self._sink = Stage(curation, where), Stage(sink, where)
        self._rng = Random(0)
        self._revision = 0
        self.count = 0

    def load(self, to: int) -> float:
        """Add records until there are so many, both stages side by side; the seconds that it took."""
        began = time.monotonic()
        added = max(0, to - self.count)
        self._curation.begin(added)
        self._sink.begin(added)
        self._append([(number, 0) for number in range(self.count, self.count + added)])
        self._curation.ended()
        self._sink.ended()
        self.count += added
        return time.monotonic() - began

    def sample(self, rows: int) -> tuple[Took, Took, list[Row]]:
        """Half new records and half changes of old ones: what curation with its relay took for a record, what the sink
        took, one after the other, and the records that came of it."""
        self._revision += 1
        new = [(number, 0) for number in range(self.count, self.count + rows // 2)]
        old = [(number, self._revision) for number in self._rng.sample(range(self.count), min(self.count, rows // 2))]
        ids = self._append(new + old)
        published, curated = self._curation.handled(len(ids))
        stored, sunk = self._sink.handled(published)
        self.count += len(new)
        return each(curated, len(ids)), each(sunk, stored), self._rows(ids)

    def table_bytes(self) -> int:
        """All tables with their indices."""
        return _asked(
            self._where.dsn,
            "SELECT sum(pg_total_relation_size(c.oid))::bigint FROM pg_class c JOIN pg_namespace n "
            "ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind = 'r'",
        )

    def close(self) -> None:
        for stage in (self._curation, self._sink):
            stage.close()
        self.catalogue.close()
        self._log.close()

    def _append(self, wanted: Sequence[tuple[int, int]]) -> list[str]:
        """In bounded memory but for the ids."""
        ids: list[str] = []
        for start in range(0, len(wanted), APPENDED):
            made = [record(number, revision) for number, revision in wanted[start : start + APPENDED]]
            self._log.append(topics(self._where.name)[SUBMISSIONS], [submitted(one) for one in made])
            ids += [one.id for one in made]
        return ids

    def _rows(self, ids: Sequence[str]) -> list[Row]:
        with psycopg.connect(self._where.dsn) as sql:
            rows = sql.execute("SELECT id, body FROM records WHERE id = ANY(%s)", (list(ids),), binary=True)
            return [(record_id, bytes(body)) for record_id, body in rows]


class BareStore:
    """The same JSON in one table (id, body) of PostgreSQL, the same documents in an index of Elasticsearch.

    It is loaded by the servers themselves, from what the hub has stored there.
    """

    def __init__(self, where: Where) -> None:
        self._where = where
        self.index = f"bare-{where.name}"
        self._server = Server(where.url, request_seconds=PATIENT_SECONDS)
        self._sql = psycopg.connect(where.dsn, autocommit=True)
        self._sql.execute("CREATE SCHEMA bare")
        self._sql.execute("CREATE TABLE bare.rows (id text PRIMARY KEY, body bytea NOT NULL)")
        with contextlib.closing(Elasticsearch(where.url)) as client:
            new_index(client, self.index)

    def load(self) -> None:
        """Come up to what the hub has."""
        self._sql.execute("INSERT INTO bare.rows SELECT id, body FROM records ON CONFLICT DO NOTHING")
        target = {"index": self.index, "version_type": "external"}
        body = {"conflicts": "proceed", "source": {"index": self._where.name, "size": BATCH}, "dest": target}
        answer = self._server.once("POST", "/_reindex", body, refresh="true", slices=SLICES)
        if answer["failures"]:
            raise RuntimeError(f"documents are not copied, such as {answer['failures'][0]}")

    def settle(self) -> None:
        """Wait until no merge goes on and what is written is on the disk, so that none of it falls into a sample."""
        self._server.once("POST", "/_flush")
        until = time.monotonic() + SETTLE_SECONDS
        while self._statistics("*", "merge")["merges"]["current"] and time.monotonic() < until:
            time.sleep(0.2)
        with contextlib.suppress(psycopg.errors.InsufficientPrivilege):
            self._sql.execute("CHECKPOINT")

    def sample(self, rows: Sequence[Row]) -> tuple[Took, Took]:
        """What an upsert took for a row, and a bulk request for a document; both were made ready before."""
        lines = [operation(document(Record.from_bytes(body))) for _, body in rows]
        bodies = [b"".join(lines[start : start + BATCH]) for start in range(0, len(lines), BATCH)]
        upserted = took(lambda: self._upsert(rows))
        stored = took(lambda: self._bulk(bodies))
        return each(upserted, len(rows)), each(stored, len(rows))

    def search(self, query: Query) -> None:
        """The page alone: no total, no facets, no ranking of whole words before others, no names shown."""
        asked = [{"terms": {f"facets.{path}": values}} for path, values in query.filters.items()]
        words = {"match": {"body": {"query": " ".join(query_terms(query.text)), "operator": "and"}}}
        found = {"bool": {"filter": asked, **({"must": [words]} if query.text else {})}}
        order = [{"updated_at": "desc"}] if query.sort == "-updated" else ["_score"]
        body = {"size": query.size, "track_total_hits": False, "query": found, "sort": order}
        self._server.once("POST", f"/{self.index}/_search", body)

    def table_bytes(self) -> int:
        return _asked(self._where.dsn, "SELECT pg_total_relation_size('bare.rows')")

    def index_bytes(self, index: str) -> int:
        """Of an index or alias, replicas left out."""
        return int(self._statistics(index, "store")["store"]["size_in_bytes"])

    def close(self) -> None:
        for index in (self.index, f"{self._where.name}-*"):
            self._server.once("DELETE", f"/{','.join(self._server.once('GET', f'/{index}'))}")
        self._server.close()
        self._sql.close()

    def _statistics(self, index: str, metric: str) -> dict[str, dict[str, int]]:
        told: dict[str, dict[str, int]] = self._server.once("GET", f"/{index}/_stats/{metric}")["_all"]["primaries"]
        return told

    def _upsert(self, rows: Sequence[Row]) -> None:
        for start in range(0, len(rows), BATCH):
            ids, bodies = zip(*rows[start : start + BATCH], strict=True)
            self._sql.execute(
                "INSERT INTO bare.rows SELECT * FROM unnest(%s::text[], %s::bytea[]) "
                "ON CONFLICT (id) DO UPDATE SET body = excluded.body",
                (list(ids), list(bodies)),
                binary=True,
            )

    def _bulk(self, bodies: Sequence[bytes]) -> None:
        """Two under way, and each made visible, as the hub does it."""

        def send(body: bytes) -> None:
            if self._server.once("POST", f"/{self.index}/_bulk", body, filter_path="errors")["errors"]:
                raise RuntimeError("documents are refused")
            self._server.once("POST", f"/{self.index}/_refresh")

        with ThreadPoolExecutor(IN_FLIGHT) as pool:
            list(pool.map(send, bodies))


class Costs(NamedTuple):
    """Of one round, a record: seconds."""

    curation: Took
    insert: Took
    sink: Took
    bulk: Took


def sampled(hub: HubStore, bare: BareStore, rows: int) -> Costs:
    """One round: the hub's stages, then the same rows and documents for the bare servers."""
    curated, sunk, made = hub.sample(rows)
    inserted, stored = bare.sample(made)
    return Costs(curated, inserted, sunk, stored)


def submitted(one: Record) -> Entry:
    """Its owner's submission; a later revision has a later version."""
    version = int(one.updated_at[-7:-1]) + 1
    return submission_entry(
        Submission(one.kind, "owner", one.id, version, "upsert", "owner", one.id, one.fields, one.updated_at)
    )


def each(spent: Took, rows: int) -> Took:
    return Took(spent.wall / rows, spent.cpu / rows)


def _asked(dsn: str, query: str) -> int:
    with psycopg.connect(dsn) as sql:
        row = sql.execute(query.encode()).fetchone()
    return int(row[0]) if row else 0
