"""What a batch reads of the record store, on either database."""

from collections.abc import Collection, Mapping
from typing import Any

import orjson
from sqlalchemy import Connection, Row, select, union

from hub.kernel.contributions import Claim, Contribution, ContributionKey, Preference, SameAs
from hub.kernel.records import Record
from hub.sql.statements import among
from services.curation.tables import contributions, preferences, records, same_as

_SEPARATOR = "\x1f"
_CLAIM = [contributions.c[name] for name in ("key", "source_version", "withdrawn", "digest", "authority", "record_id")]


_LIVE = select(*_CLAIM, contributions.c.received_at, contributions.c.fields).where(
    ~contributions.c.withdrawn, among(contributions.c.record_id, "ids")
)
_CLAIMS = select(*_CLAIM).where(among(contributions.c.key, "keys"))
_RECORDS = select(records.c.id, records.c.body).where(among(records.c.id, "ids"))
# United, since each half has an index of its own.
_SAME_AS = union(*(select(same_as).where(among(column, "ids")) for column in (same_as.c.left, same_as.c.right)))
_PREFERENCES = select(preferences).where(among(preferences.c.record_id, "ids"))


def records_among(sql: Connection, ids: Collection[str]) -> dict[str, Record]:
    """The newest version of each id that exists."""
    return {record_id: Record.from_bytes(body) for record_id, body in sql.execute(_RECORDS, {"ids": ids})}


def same_as_among(sql: Connection, ids: Collection[str]) -> list[SameAs]:
    """The decisions that name one of the ids."""
    return [SameAs(*row) for row in sql.execute(_SAME_AS, {"ids": ids})]


def preferences_among(sql: Connection, ids: Collection[str]) -> list[Preference]:
    """The preferences about the ids."""
    return [Preference(*row) for row in sql.execute(_PREFERENCES, {"ids": ids})]


class SqlUnit:
    """The reading half of hub.ports.records.RecordUnit, inside a write transaction."""

    def __init__(self, sql: Connection) -> None:
        self._reading = sql

    def claims(self, keys: Collection[ContributionKey]) -> Mapping[ContributionKey, Claim]:
        rows = self._reading.execute(_CLAIMS, {"keys": list(map(joined_key, keys))})
        return {split_key(row.key): _claim(row) for row in rows}

    def same_as(self, ids: Collection[str]) -> list[SameAs]:
        return same_as_among(self._reading, ids)

    def preferences(self, ids: Collection[str]) -> list[Preference]:
        return preferences_among(self._reading, ids)

    def contributions(self, ids: Collection[str]) -> list[Contribution]:
        return [
            Contribution(*split_key(row.key), _claim(row), row.received_at, orjson.loads(row.fields))
            for row in self._reading.execute(_LIVE, {"ids": ids})
        ]

    def records(self, ids: Collection[str]) -> Mapping[str, Record]:
        return records_among(self._reading, ids)


def joined_key(key: ContributionKey) -> str:
    """The key as one column."""
    return _SEPARATOR.join(key)


def split_key(joined: str) -> ContributionKey:
    """The key again; only its last part may hold any character."""
    kind, source, source_record_id = joined.split(_SEPARATOR, 2)
    return (kind, source, source_record_id)


def _claim(row: Row[*tuple[Any, ...]]) -> Claim:
    return Claim(row.source_version, row.withdrawn, row.digest, row.authority, row.record_id)
