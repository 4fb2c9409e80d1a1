"""Receipts in SQLite: a row a request and a row a batch."""

import sqlite3
from collections.abc import Collection, Iterator
from datetime import datetime
from pathlib import Path

import orjson

from hub.ports.clock import Clock, SystemClock, rfc3339
from hub.sql.sqlite import Database
from schemas.http.ingest import Progress
from services.ingest.core.idempotency import judged
from services.ingest.core.packing import packed, unpacked
from services.ingest.ports.receipts import Batch, Opened, Receipt

_SCHEMA = """
CREATE TABLE IF NOT EXISTS receipts (
    id TEXT PRIMARY KEY, source TEXT NOT NULL, kind TEXT NOT NULL, format TEXT NOT NULL, created_at TEXT NOT NULL,
    sender TEXT NOT NULL, progress TEXT NOT NULL, accepted INTEGER NOT NULL, refused INTEGER NOT NULL,
    idempotency_key TEXT, fingerprint TEXT NOT NULL, alive_at TEXT NOT NULL) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS receipt_keys ON receipts (source, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX IF NOT EXISTS receipt_times ON receipts (created_at);
CREATE TABLE IF NOT EXISTS receipt_batches (
    receipt TEXT NOT NULL, number INTEGER NOT NULL, first_row INTEGER NOT NULL, last_row INTEGER NOT NULL,
    accepted_count INTEGER NOT NULL, refused_count INTEGER NOT NULL, accepted BLOB NOT NULL, refused BLOB NOT NULL,
    PRIMARY KEY (receipt, number));
"""
_RECEIPT = "id, source, kind, format, created_at, sender, progress, accepted, refused"
_BATCH = "number, first_row, last_row, accepted, refused, refused_count"
_RECENT_LIMIT = 500


class SqliteReceipts:
    """services.ingest.ports.receipts.ReceiptStore."""

    def __init__(self, path: Path, clock: Clock | None = None) -> None:
        self._database = Database(path, _SCHEMA)
        self._clock = clock or SystemClock()

    def open(self, receipt: Receipt, key: str = "", fingerprint: str = "") -> Opened:
        """See the port."""
        now = self._clock.now()
        with self._database.write() as sql:
            found = _with_key(sql, receipt.source, key) if key else None
            if found is None:
                _insert(sql, receipt, key, fingerprint, rfc3339(now))
                return Opened("new", receipt)
            earlier, its_fingerprint, alive_at = found
            silent = (now - datetime.fromisoformat(alive_at)).total_seconds()
            same = its_fingerprint == fingerprint and earlier.kind == receipt.kind
            verdict = judged(same_content=same, progress=earlier.progress, silent_seconds=silent)
            if verdict == "resumed":
                sql.execute(
                    "UPDATE receipts SET progress = 'receiving', alive_at = ? WHERE id = ?", (rfc3339(now), earlier.id)
                )
            return Opened(verdict, earlier)

    def add(self, receipt_id: str, batch: Batch) -> None:
        """See the port."""
        row = (receipt_id, batch.number, batch.first_row, batch.last_row, len(batch.accepted), batch.refused_count)
        blob = packed(batch.accepted)
        with self._database.write() as sql:
            sql.execute(
                "INSERT OR REPLACE INTO receipt_batches (receipt, number, first_row, last_row, accepted_count, "
                "refused_count, accepted, refused) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (*row, blob, batch.refused),
            )
            sql.execute("UPDATE receipts SET alive_at = ? WHERE id = ?", (rfc3339(self._clock.now()), receipt_id))

    def finish(self, receipt_id: str, progress: Progress, batches: int) -> Receipt:
        """See the port."""
        with self._database.write() as sql:
            sql.execute("DELETE FROM receipt_batches WHERE receipt = ? AND number >= ?", (receipt_id, batches))
            accepted, refused = sql.execute(
                "SELECT coalesce(sum(accepted_count), 0), coalesce(sum(refused_count), 0) FROM receipt_batches "
                "WHERE receipt = ?",
                (receipt_id,),
            ).fetchone()
            found = sql.execute(
                f"UPDATE receipts SET progress = ?, accepted = ?, refused = ? WHERE id = ? RETURNING {_RECEIPT}",
                (progress, accepted, refused, receipt_id),
            ).fetchone()
        if found is None:
            raise LookupError(receipt_id)
        return Receipt(*found)

    def discard(self, receipt_id: str) -> None:
        """See the port."""
        with self._database.write() as sql:
            sql.execute(
                "DELETE FROM receipts WHERE id = ? AND id NOT IN (SELECT receipt FROM receipt_batches)", (receipt_id,)
            )

    def get(self, receipt_id: str) -> Receipt | None:
        """See the port."""
        found = self._database.read().execute(f"SELECT {_RECEIPT} FROM receipts WHERE id = ?", (receipt_id,)).fetchone()
        return Receipt(*found) if found else None

    def batch(self, receipt_id: str, number: int) -> Batch | None:
        """See the port."""
        found = (
            self._database.read()
            .execute(f"SELECT {_BATCH} FROM receipt_batches WHERE receipt = ? AND number = ?", (receipt_id, number))
            .fetchone()
        )
        return _batch(found) if found else None

    def batches(self, receipt_id: str, after_row: int = -1, *, with_refused: bool = False) -> Iterator[Batch]:
        """See the port."""
        reached, least_refused = -1, int(with_refused)
        while True:
            found = (
                self._database.read()
                .execute(
                    f"SELECT {_BATCH} FROM receipt_batches WHERE receipt = ? AND number > ? AND last_row > ? "
                    "AND refused_count >= ? ORDER BY number LIMIT 1",
                    (receipt_id, reached, after_row, least_refused),
                )
                .fetchone()
            )
            if found is None:
                return
            batch = _batch(found)
            reached = batch.number
            yield batch

    def recent(self, sources: Collection[str] | None, limit: int = 50, before: str = "") -> list[Receipt]:
        """See the port; at most 500."""
        rows = self._database.read().execute(
            f"SELECT {_RECEIPT} FROM receipts WHERE (:all OR source IN (SELECT value FROM json_each(:sources))) "
            "AND (:before = '' OR created_at < :before) ORDER BY created_at DESC LIMIT :limit",
            {
                "all": sources is None,
                "sources": _json_list(sources or ()),
                "before": before,
                "limit": max(0, min(limit, _RECENT_LIMIT)),
            },
        )
        return [Receipt(*row) for row in rows.fetchall()]

    def forget(self, before: str, limit: int = 100) -> int:
        """See the port."""
        with self._database.write() as sql:
            old = sql.execute(
                "SELECT id FROM receipts WHERE created_at < ? ORDER BY created_at LIMIT ?", (before, limit)
            ).fetchall()
            sql.executemany("DELETE FROM receipt_batches WHERE receipt = ?", old)
            sql.executemany("DELETE FROM receipts WHERE id = ?", old)
        return len(old)

    def close(self) -> None:
        """See the port."""
        self._database.close()


def _with_key(sql: sqlite3.Connection, source: str, key: str) -> tuple[Receipt, str, str] | None:
    found = sql.execute(
        f"SELECT {_RECEIPT}, fingerprint, alive_at FROM receipts WHERE source = ? AND idempotency_key = ?",
        (source, key),
    ).fetchone()
    return (Receipt(*found[:-2]), found[-2], found[-1]) if found else None


def _insert(sql: sqlite3.Connection, receipt: Receipt, key: str, fingerprint: str, now: str) -> None:
    sql.execute(
        f"INSERT INTO receipts ({_RECEIPT}, idempotency_key, fingerprint, alive_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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


def _batch(row: tuple[int, int, int, bytes, bytes, int]) -> Batch:
    number, first_row, last_row, accepted, refused, refused_count = row
    return Batch(number, first_row, last_row, unpacked(accepted), refused, refused_count)


def _json_list(values: Collection[str]) -> str:
    return orjson.dumps(list(values)).decode()
