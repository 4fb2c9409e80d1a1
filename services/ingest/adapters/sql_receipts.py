"""Receipts in tables: a row a request and a row a batch; a table row a row would cost more than its event."""

import zlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Insert, Row, bindparam, delete, exists, func, select, true, update

from hub.ports.clock import Clock, SystemClock, rfc3339
from hub.sql.statements import SqlDatabase, among, insert_into, storable
from schemas.http.ingest import Progress
from services.ingest.core.idempotency import judged
from services.ingest.ports.receipts import Accepted, Batch, Belonging, Opened, Receipt
from services.ingest.tables import FROM_BEFORE, HAS_KEY, receipt_batches, receipts

_EVENT_BYTES = 16  # hub.kernel.canonical.short_digest
_LARGEST = 64 * 2**20


def packed(rows: Sequence[Accepted]) -> bytes:
    """Row numbers and record ids as compressed JSON after the event ids, which are 128-bit digests and do not compress.

    ValueError where an event id is no such digest.
    """
    events = bytes.fromhex("".join([row.event_id for row in rows]))
    if len(events) != _EVENT_BYTES * len(rows):
        raise ValueError("an event id is a digest of 128 bits in hexadecimal")
    rest = orjson.dumps([[row.row for row in rows], [row.record_id for row in rows]])
    return len(rows).to_bytes(4) + events + zlib.compress(rest, 1)


def unpacked(blob: bytes) -> tuple[Accepted, ...]:
    """The rows again; ValueError or zlib.error where the blob was not made by `packed`."""
    count = int.from_bytes(blob[:4])
    end = 4 + count * _EVENT_BYTES
    events = blob[4:end].hex()
    width = 2 * _EVENT_BYTES
    numbers, record_ids = orjson.loads(zlib.decompressobj().decompress(blob[end:], _LARGEST))
    return tuple(
        Accepted(number, events[at * width : (at + 1) * width], record_id)
        for at, (number, record_id) in enumerate(zip(numbers, record_ids, strict=True))
    )


RECENT_LIMIT = 500
_RECEIPT = [
    receipts.c[name]
    for name in (
        "id", "source", "kind", "format", "created_at", "sender", "progress", "accepted", "refused", "organisation",
        "account",
    )
]  # fmt: skip
_THIS = receipts.c.id == bindparam("receipt")
_ITS = receipt_batches.c.receipt == bindparam("receipt")
_NUMBER = receipt_batches.c.number
_ALIVE = update(receipts).where(_THIS).values(alive_at=bindparam("now"))
_RESUMED = _ALIVE.values(progress="receiving")
_GET = select(*_RECEIPT).where(_THIS)
_WITH_KEY = (
    select(*_RECEIPT, receipts.c.fingerprint, receipts.c.alive_at)
    .where(receipts.c.source == bindparam("source"), receipts.c.idempotency_key == bindparam("key"))
    .with_for_update()
)
"""The receipt that the key opened, held until the transaction ends, lest two go on with it."""
_BATCH = select(
    *(receipt_batches.c[name] for name in ("number", "first_row", "last_row", "accepted", "refused", "refused_count"))
).where(_ITS)
_NUMBERED = _BATCH.where(bindparam("batch") == _NUMBER)
_NEXT = (
    _BATCH.where(
        bindparam("reached") < _NUMBER,
        receipt_batches.c.last_row > bindparam("after"),
        receipt_batches.c.refused_count >= bindparam("refused"),
    )
    .order_by(_NUMBER)
    .limit(1)
)
_TOTAL = {
    name: select(func.coalesce(func.sum(receipt_batches.c[f"{name}_count"]), 0)).where(_ITS).scalar_subquery()
    for name in ("accepted", "refused")
}
_SETTLE = update(receipts).where(_THIS).values(progress=bindparam("settled"), **_TOTAL).returning(*_RECEIPT)
_DROP_LATER = delete(receipt_batches).where(_ITS, bindparam("batches") <= _NUMBER)
_DISCARD = delete(receipts).where(_THIS, ~exists().where(_ITS))


class SqlReceipts:
    """services.ingest.ports.receipts.ReceiptStore."""

    def __init__(self, database: SqlDatabase, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or SystemClock()

    def open(self, receipt: Receipt, key: str = "", fingerprint: str = "") -> Opened:
        while True:
            with self._database.writing() as sql:
                now = self._clock.now()
                if _insert(sql, receipt, key, fingerprint, rfc3339(now)):
                    return Opened("new", receipt)
                found = sql.execute(_WITH_KEY, {"source": receipt.source, "key": _scoped(receipt, key)}).first()
                if found is None:
                    continue  # discarded since it was in the way
                earlier = Receipt(*found[:-2])
                silent = (now - datetime.fromisoformat(found.alive_at)).total_seconds()
                same = found.fingerprint == fingerprint and earlier.kind == receipt.kind
                verdict = judged(same_content=same, progress=earlier.progress, silent_seconds=silent)
                if verdict == "resumed":
                    sql.execute(_RESUMED, {"receipt": earlier.id, "now": rfc3339(now)})
                return Opened(verdict, earlier)

    def add(self, receipt_id: str, batch: Batch) -> None:
        row = {
            "receipt": receipt_id,
            "number": batch.number,
            "first_row": batch.first_row,
            "last_row": batch.last_row,
            "accepted_count": len(batch.accepted),
            "refused_count": batch.refused_count,
            "accepted": packed(batch.accepted),
            "refused": batch.refused,
        }
        with self._database.writing() as sql:
            sql.execute(_ALIVE, {"receipt": receipt_id, "now": rfc3339(self._clock.now())})
            sql.execute(_put(sql.dialect.name), row)

    def finish(self, receipt_id: str, progress: Progress, batches: int) -> Receipt:
        its = {"receipt": receipt_id}
        with self._database.writing() as sql:
            if sql.execute(_GET.with_for_update(), its).first() is None:
                raise LookupError(receipt_id)
            sql.execute(_DROP_LATER, its | {"batches": batches})
            return Receipt(*sql.execute(_SETTLE, its | {"settled": progress}).one())

    def discard(self, receipt_id: str) -> None:
        with self._database.writing() as sql:
            sql.execute(_DISCARD, {"receipt": receipt_id})

    def get(self, receipt_id: str) -> Receipt | None:
        if not storable(receipt_id):
            return None
        with self._database.reading() as sql:
            found = sql.execute(_GET, {"receipt": receipt_id}).first()
        return Receipt(*found) if found else None

    def batch(self, receipt_id: str, number: int) -> Batch | None:
        with self._database.reading() as sql:
            found = sql.execute(_NUMBERED, {"receipt": receipt_id, "batch": number}).first()
        return _batch(found) if found else None

    def batches(self, receipt_id: str, after_row: int = -1, *, with_refused: bool = False) -> Iterator[Batch]:
        wanted = {"receipt": receipt_id, "after": after_row, "refused": int(with_refused), "reached": -1}
        while True:
            with self._database.reading() as sql:
                found = sql.execute(_NEXT, wanted).first()
            if found is None:
                return
            batch = _batch(found)
            wanted["reached"] = batch.number
            yield batch

    def recent(self, whose: Belonging | None, limit: int = 50, before: str = "") -> list[Receipt]:
        """See the port; at most RECENT_LIMIT."""
        most = max(0, min(limit, RECENT_LIMIT))
        newest = select(*_RECEIPT).order_by(receipts.c.created_at.desc()).limit(most)
        if before:
            newest = newest.where(receipts.c.created_at < before)
        found: list[Receipt] = []
        with self._database.reading() as sql:
            for condition, values in _ranges(whose):
                found += [Receipt(*row) for row in sql.execute(newest.where(condition), values)]
        return sorted(found, key=attrgetter("created_at"), reverse=True)[:most]

    def forget(self, before: str, limit: int = 100) -> int:
        """See the port; what another process is forgetting is left to it."""
        oldest = select(receipts.c.id).where(receipts.c.created_at < before).order_by(receipts.c.created_at)
        with self._database.writing() as sql:
            old = {"old": sql.scalars(oldest.limit(limit).with_for_update(skip_locked=True)).all()}
            sql.execute(delete(receipt_batches).where(among(receipt_batches.c.receipt, "old")), old)
            sql.execute(delete(receipts).where(among(receipts.c.id, "old")), old)
        return len(old["old"])

    def close(self) -> None:
        """Nothing is held; the database is closed by whoever opened it."""


def _insert(sql: Connection, receipt: Receipt, key: str, fingerprint: str, now: str) -> bool:
    """Whether the key was free; another request with it that is opening just now is waited for."""
    row = {column.name: getattr(receipt, column.name) for column in _RECEIPT}
    row |= {"idempotency_key": _scoped(receipt, key) if key else None, "fingerprint": fingerprint, "alive_at": now}
    return sql.execute(_open(sql.dialect.name), row).rowcount == 1


def _scoped(receipt: Receipt, key: str) -> str:
    """The key with whose it is: a process of the version before, whose keys have no such beginning, finds it as well.

    Of columns of their own a new unique index would have to take the place of the one that such a process relies on.
    """
    return "\x1f".join((receipt.organisation or "", receipt.account or "", key))


def _ranges(whose: Belonging | None) -> Iterator[tuple[ColumnElement[bool], dict[str, Any]]]:
    """Of an index that ends in the time: a condition, with what its names stand for."""
    if whose is None:
        yield true(), {}
        return
    its = receipts.c.organisation == bindparam("organisation")
    if whose.organisation or "*" in whose.sources:
        yield its, {"organisation": whose.organisation}
    else:
        yield its & among(receipts.c.source, "sources"), {"organisation": "", "sources": whose.sources}
    if whose.formerly:
        yield FROM_BEFORE & (receipts.c.sender == bindparam("sender")), {"sender": whose.formerly}


@cache
def _open(dialect: str) -> Insert:
    return insert_into(dialect, receipts).on_conflict_do_nothing(
        index_elements=[receipts.c.source, receipts.c.idempotency_key], index_where=HAS_KEY
    )


@cache
def _put(dialect: str) -> Insert:
    """A batch, in place of one with the same number."""
    inserted = insert_into(dialect, receipt_batches)
    replaced = {column.name: inserted.excluded[column.name] for column in receipt_batches.c if not column.primary_key}
    return inserted.on_conflict_do_update(index_elements=[*receipt_batches.primary_key], set_=replaced)


def _batch(row: Row[*tuple[Any, ...]]) -> Batch:
    return Batch(row.number, row.first_row, row.last_row, unpacked(row.accepted), row.refused, row.refused_count)
