"""What the record store reads outside of batches, on either database."""

import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Integer, Select, bindparam, delete, desc, distinct, exists, func, insert, or_, select

from hub.kernel.canonical import canonical_json, digest_of
from hub.kernel.cloudevents import CloudEvent, traced
from hub.kernel.contributions import Contribution, Preference, SameAs
from hub.kernel.records import RECORD_CHANGED, Record
from hub.ports.records import Claimed, Outcome, Pending
from hub.sql.statements import SqlDatabase, among, hold
from services.curation.adapters.sql_rows import joined_key, ownership_of
from services.curation.adapters.sql_unit import (
    contributions_among,
    contributions_by_key,
    leads_to_among,
    preferences_among,
    records_among,
    same_as_among,
)
from services.curation.tables import claims, contributions, due, history, merged_under, outcomes, records

SCAN_ROWS = 1_000
MERGING_AGAIN = 0x6875_6206

PENDING = """
SELECT number, outbox.record_id, outbox.version, at, CASE WHEN records.version = outbox.version THEN records.body END,
    history.body, traceparent
FROM outbox JOIN records ON records.id = outbox.record_id
LEFT JOIN history ON history.record_id = outbox.record_id AND history.version = outbox.version
    AND records.version <> outbox.version
ORDER BY number LIMIT """
"""What waits to be published, with the body of that very version; the driver's mark for the limit goes behind."""

_CONTESTED = (
    select(claims.c.record_id)
    .where(among(claims.c.record_id, "ids"), claims.c.decision.is_(None))
    .group_by(claims.c.record_id)
    .having(func.count(distinct(claims.c.claimant)) > 1)
)
_OUTCOMES = select(outcomes).where(among(outcomes.c.event_id, "ids"))
# In one statement, lest the newest version become an old one between two.
_VERSIONS = (
    select(records.c.version, records.c.body)
    .where(among(records.c.id, "ids"))
    .union_all(select(history.c.version, history.c.body).where(among(history.c.record_id, "ids")))
    .order_by(desc("version"))
    .limit(bindparam("limit", type_=Integer))
)


class SqlRecords:
    """hub.ports.records.RecordReader, and what stewards look at; `event_source` is the source of the events made."""

    def __init__(self, database: SqlDatabase, event_source: str) -> None:
        self._tables = database
        self._event_source = event_source

    def get(self, ids: Collection[str]) -> Mapping[str, Record]:
        with self._tables.reading() as sql:
            return records_among(sql, ids)

    def history(self, record_id: str, limit: int = 100) -> list[Record]:
        with self._tables.reading() as sql:
            bodies = [body for _, body in sql.execute(_VERSIONS, {"ids": [record_id], "limit": limit})]
        return [Record.from_bytes(body if place == 0 else zlib.decompress(body)) for place, body in enumerate(bodies)]

    def outcomes(self, event_ids: Collection[str]) -> Mapping[str, Outcome]:
        with self._tables.reading() as sql:
            rows = sql.execute(_OUTCOMES, {"ids": event_ids})
            return {row.event_id: Outcome(*row) for row in rows}

    def scan(self, kind: str | None = None) -> Iterator[Record]:
        yield from map(Record.from_bytes, self._bodies(kind))

    def digest(self) -> str:
        names = ("id", "kind", "status", "fields", "same_as", "replaced_by")
        bodies = map(orjson.loads, self._bodies(None))
        return digest_of(canonical_json({name: body[name] for name in names}) for body in bodies)

    def conflicts(self, after: str, limit: int, kind: str | None = None) -> list[Record]:
        page = _page(after.partition("\0")[0], limit, kind).where(records.c.conflicts > 0)
        with self._tables.reading() as sql:
            return [Record.from_bytes(body) for _, body in sql.execute(page)]

    def decisions(self, ids: Collection[str]) -> list[SameAs]:
        with self._tables.reading() as sql:
            return same_as_among(sql, ids)

    def settled(self, ids: Collection[str]) -> list[Preference]:
        with self._tables.reading() as sql:
            return preferences_among(sql, ids)

    def contributions(self, ids: Collection[str]) -> list[Contribution]:
        with self._tables.reading() as sql:
            return contributions_among(sql, ids)

    def leads_to(self, ids: Collection[str]) -> Mapping[str, str]:
        with self._tables.reading() as sql:
            own = records_among(sql, ids)
            others = leads_to_among(sql, [record_id for record_id in ids if record_id not in own])
            led = records_among(sql, {first for first, *_ in others.values()})
        found = {record_id: record.replaced_by or record.id for record_id, record in own.items()}
        return found | {alias: led[first].replaced_by or first for alias, (first, *_) in others.items() if first in led}

    def claims(
        self,
        after: str,
        limit: int,
        organisation: str | None,
        waiting: bool,
        *,
        claimant: str = "",
        unheld: bool = False,
    ) -> list[Claimed]:
        lives = exists().where(contributions.c.key == claims.c.key, ~contributions.c.withdrawn)
        page = select(claims).where(claims.c.id > after, lives).order_by(claims.c.id).limit(limit)
        if waiting:
            page = page.where(claims.c.decision.is_(None))
        if organisation is not None:
            page = page.where(or_(claims.c.claimant == organisation, claims.c.holder == organisation))
        if claimant:
            page = page.where(claims.c.claimant == claimant)
        if unheld:
            page = page.where(claims.c.holder == "")
        return self._claimed(page)

    def contested(self, ids: Collection[str]) -> frozenset[str]:
        with self._tables.reading() as sql:
            return frozenset(row.record_id for row in sql.execute(_CONTESTED, {"ids": list(ids)}))

    def claim(self, claim_id: str) -> Claimed | None:
        return next(iter(self._claimed(select(claims).where(claims.c.id == claim_id))), None)

    def merge_again(self, fingerprint: str) -> bool:
        with self._tables.writing() as sql:
            hold(sql, MERGING_AGAIN, "all")
            if sql.scalar(select(merged_under.c.fingerprint)) == fingerprint:
                return False
            sql.execute(delete(merged_under))
            sql.execute(insert(merged_under), {"fingerprint": fingerprint})
            sql.execute(delete(due))
            sql.execute(insert(due).from_select(["record_id"], select(records.c.id)))
        return True

    def _claimed(self, page: Select[Any]) -> list[Claimed]:
        with self._tables.reading() as sql:
            found = [(row.id, ownership_of(row)) for row in sql.execute(page)]
            keys = [joined_key(ownership.key) for _, ownership in found]
            said = {one.key: one for one in contributions_by_key(sql, keys)}
        return [Claimed(one, ownership, said[ownership.key]) for one, ownership in found if ownership.key in said]

    def _bodies(self, kind: str | None) -> Iterator[bytes]:
        after = ""
        while True:
            with self._tables.reading() as sql:
                rows = sql.execute(_page(after, SCAN_ROWS, kind)).all()
            if not rows:
                return
            yield from (body for _, body in rows)
            after = rows[-1][0]

    def _events(self, rows: Iterable[Sequence[Any]]) -> list[Pending]:
        """Of the rows of PENDING."""
        return [
            Pending(number, traced(self._event(record_id, version, at, body or zlib.decompress(old)), trace))
            for number, record_id, version, at, body, old, trace in rows
        ]

    def _event(self, record_id: str, version: int, at: str, body: bytes) -> Any:
        event_id = f"{record_id}@{version}"
        return CloudEvent(event_id, self._event_source, RECORD_CHANGED, record_id, at, body).as_entry()


def _page(after: str, limit: int, kind: str | None) -> Select[str, bytes]:
    """Ids and bodies in the order of the ids."""
    page = select(records.c.id, records.c.body).order_by(records.c.id).limit(limit)
    if kind is None:
        return page.where(records.c.id > after)
    # Ids of the kind (hub.kernel.identifiers.record_id) lie between these, perhaps with some of other kinds.
    return page.where(records.c.id > max(after, f"{kind}-"), records.c.id < f"{kind}.", records.c.kind == kind)
