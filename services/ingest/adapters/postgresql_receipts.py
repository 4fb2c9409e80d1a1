"""Receipts on PostgreSQL: a row a request and a row a batch."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from psycopg import Connection

from hub.ports.clock import Clock, SystemClock, rfc3339
from hub.sql.postgresql import PostgresDatabase, storable
from schemas.http.ingest import Progress
from services.ingest.core.idempotency import judged
from services.ingest.core.packing import packed, unpacked
from services.ingest.ports.receipts import Batch, Opened, Receipt

_RECEIPT = "id, source, kind, format, created_at, sender, progress, accepted, refused"
_BATCH = "number, first_row, last_row, accepted, refused, refused_count"
_RECENT_LIMIT = 500


class PostgresReceipts:
    """services.ingest.ports.receipts.ReceiptStore."""

    def __init__(self, database: PostgresDatabase, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or SystemClock()

    def open(self, receipt: Receipt, key: str = "", fingerprint: str = "") -> Opened:
        """See the port."""
        while True:
            with self._database.write() as sql:
                now = self._clock.now()
                if _insert(sql, receipt, key, fingerprint, rfc3339(now)):
                    return Opened("new", receipt)
                found = _with_key(sql, receipt.source, key)
                if found is None:
                    continue  # discarded since it was in the way
                earlier, its_fingerprint, alive_at = found
                silent = (now - datetime.fromisoformat(alive_at)).total_seconds()
                same = its_fingerprint == fingerprint and earlier.kind == receipt.kind
                verdict = judged(same_content=same, progress=earlier.progress, silent_seconds=silent)
                if verdict == "resumed":
                    sql.execute(
                        "UPDATE receipts SET progress = 'receiving', alive_at = %s WHERE id = %s",
                        (rfc3339(now), earlier.id),
                    )
                return Opened(verdict, earlier)

    def add(self, receipt_id: str, batch: Batch) -> None:
        """See the port."""
        row = (receipt_id, batch.number, batch.first_row, batch.last_row, len(batch.accepted), batch.refused_count)
        blob = packed(batch.accepted)
        with self._database.write() as sql:
            sql.execute("UPDATE receipts SET alive_at = %s WHERE id = %s", (rfc3339(self._clock.now()), receipt_id))
            sql.execute(
                "INSERT INTO receipt_batches (receipt, number, first_row, last_row, accepted_count, refused_count, "
                "accepted, refused) VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (receipt, number) DO UPDATE "
                "SET first_row = excluded.first_row, last_row = excluded.last_row, "
                "accepted_count = excluded.accepted_count, refused_count = excluded.refused_count, "
                "accepted = excluded.accepted, refused = excluded.refused",
                (*row, blob, batch.refused),
            )

    def finish(self, receipt_id: str, progress: Progress, batches: int) -> Receipt:
        """See the port."""
        with self._database.write() as sql:
            if not sql.execute("SELECT 1 FROM receipts WHERE id = %s FOR UPDATE", (receipt_id,)).fetchone():
                raise LookupError(receipt_id)
            sql.execute("DELETE FROM receipt_batches WHERE receipt = %s AND number >= %s", (receipt_id, batches))
            found = sql.execute(
                "UPDATE receipts SET progress = %(progress)s, accepted = total.accepted, refused = total.refused FROM "
                "(SELECT coalesce(sum(accepted_count), 0) AS accepted, coalesce(sum(refused_count), 0) AS refused "
                "FROM receipt_batches WHERE receipt = %(id)s) AS total WHERE id = %(id)s "
                f"RETURNING {_RECEIPT.replace('accepted, refused', 'receipts.accepted, receipts.refused')}",
                {"progress": progress, "id": receipt_id},
            ).fetchone()
        if found is None:
            raise LookupError(receipt_id)
        return Receipt(*found)

    def discard(self, receipt_id: str) -> None:
        """See the port."""
        with self._database.write() as sql:
            sql.execute(
                "DELETE FROM receipts WHERE id = %(id)s "
                "AND NOT EXISTS (SELECT FROM receipt_batches WHERE receipt = %(id)s)",
                {"id": receipt_id},
            )

    def get(self, receipt_id: str) -> Receipt | None:
        """See the port."""
        if not storable(receipt_id):
            return None
        with self._database.read() as sql:
            found = sql.execute(f"SELECT {_RECEIPT} FROM receipts WHERE id = %s", (receipt_id,)).fetchone()
        return Receipt(*found) if found else None

    def batch(self, receipt_id: str, number: int) -> Batch | None:
        """See the port."""
        query = f"SELECT {_BATCH} FROM receipt_batches WHERE receipt = %s AND number = %s"
        with self._database.read() as sql:
            found = sql.execute(query, (receipt_id, number), binary=True).fetchone()
        return _batch(found) if found else None

    def batches(self, receipt_id: str, after_row: int = -1, *, with_refused: bool = False) -> Iterator[Batch]:
        """See the port."""
        query = (
            f"SELECT {_BATCH} FROM receipt_batches WHERE receipt = %s AND number > %s AND last_row > %s "
            "AND refused_count >= %s ORDER BY number LIMIT 1"
        )
        reached = -1
        while True:
            with self._database.read() as sql:
                asked = (receipt_id, reached, after_row, int(with_refused))
                found = sql.execute(query, asked, binary=True).fetchone()
            if found is None:
                return
            batch = _batch(found)
            reached = batch.number
            yield batch

    def recent(self, sources: Collection[str] | None, limit: int = 50, before: str = "") -> list[Receipt]:
        """See the port; at most 500."""
        with self._database.read() as sql:
            rows = sql.execute(
                f"SELECT {_RECEIPT} FROM receipts WHERE (%(sources)s::text[] IS NULL OR source = ANY(%(sources)s)) "
                "AND (%(before)s::text = '' OR created_at < %(before)s) ORDER BY created_at DESC LIMIT %(limit)s",
                {
                    "sources": None if sources is None else list(sources),
                    "before": before,
                    "limit": max(0, min(limit, _RECENT_LIMIT)),
                },
            )
            return [Receipt(*row) for row in rows]

    def forget(self, before: str, limit: int = 100) -> int:
        """See the port; what another process is forgetting is left to it."""
        with self._database.write() as sql:
            rows = sql.execute(
                "SELECT id FROM receipts WHERE created_at < %s ORDER BY created_at LIMIT %s FOR UPDATE SKIP LOCKED",
                (before, limit),
            )
            old = [receipt_id for (receipt_id,) in rows]
            sql.execute("DELETE FROM receipt_batches WHERE receipt = ANY(%s)", (old,))
            sql.execute("DELETE FROM receipts WHERE id = ANY(%s)", (old,))
        return len(old)

    def close(self) -> None:
        """Nothing is held; the database is closed by whoever opened it."""


def _with_key(sql: Connection[Any], source: str, key: str) -> tuple[Receipt, str, str] | None:
    found = sql.execute(
        f"SELECT {_RECEIPT}, fingerprint, alive_at FROM receipts WHERE source = %s AND idempotency_key = %s FOR UPDATE",
        (source, key),
    ).fetchone()
    return (Receipt(*found[:-2]), found[-2], found[-1]) if found else None


def _insert(sql: Connection[Any], receipt: Receipt, key: str, fingerprint: str, now: str) -> bool:
    """Whether the key was free; another request with it that is opening just now is waited for."""
    stored = sql.execute(
        f"INSERT INTO receipts ({_RECEIPT}, idempotency_key, fingerprint, alive_at) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) "
        "ON CONFLICT (source, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING",
        (
            receipt.id,
            receipt.source,
            receipt.kind,
            receipt.format,
            receipt.created_at,
            receipt.sender,
            receipt.progress,
            receipt.accepted,
            receipt.refused,
            key or None,
            fingerprint,
            now,
        ),
    )
    return stored.rowcount == 1


def _batch(row: tuple[Any, ...]) -> Batch:
    number, first_row, last_row, accepted, refused, refused_count = row
    return Batch(number, first_row, last_row, unpacked(accepted), refused, refused_count)
