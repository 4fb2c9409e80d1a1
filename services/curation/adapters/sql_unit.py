"""One batch of the record store, on either database: what it reads, and the rows that it puts into the tables."""

import zlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any, ClassVar, Literal

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Integer,
    LargeBinary,
    Table,
    Text,
    bindparam,
    delete,
    select,
    union,
    update,
)

from hub.kernel.contributions import (
    Claim,
    Contribution,
    ContributionKey,
    Ownership,
    Preference,
    SameAs,
)
from hub.kernel.records import Record
from hub.ports.records import Changes
from hub.sql.statements import among
from services.curation.adapters.sql_rows import (
    alias_rows,
    claim_of,
    contribution_of,
    contribution_row,
    joined_key,
    ownership_of,
    ownership_row,
    preference_of,
    split_key,
)
from services.curation.tables import (
    aliases,
    claims,
    contributions,
    due,
    history,
    outbox,
    outcomes,
    preferences,
    records,
    same_as,
    weak_keys,
)

Known = Literal["refused", "kept", "replaced"]
"""What becomes of a row whose key the table has."""
_ARRAYS = {Text: "text", Integer: "integer", BigInteger: "bigint", Boolean: "boolean", LargeBinary: "bytea"}

_CLAIM = [contributions.c[name] for name in ("key", "source_version", "withdrawn", "digest", "authority", "record_id")]
_WHOLE = select(*_CLAIM, contributions.c.received_at, contributions.c.fields, contributions.c.older).where(
    ~contributions.c.withdrawn
)
_LIVE = _WHOLE.where(among(contributions.c.record_id, "ids"))
_BY_KEY = _WHOLE.where(among(contributions.c.key, "keys"))
_CLAIMS = select(*_CLAIM).where(among(contributions.c.key, "keys"))
_RECORDS = select(records.c.id, records.c.body).where(among(records.c.id, "ids"))
_VERSIONS = select(records.c.id, records.c.version, records.c.body).where(among(records.c.id, "ids"))
# United, since each half has an index of its own.
_SAME_AS = union(*(select(same_as).where(among(column, "ids")) for column in (same_as.c.left, same_as.c.right)))
_ALIASES = select(aliases).where(among(aliases.c.alias, "ids"))
_OWNERSHIP = select(claims).where(among(claims.c.key, "keys"))
_WAIT_FOR = (
    update(claims)
    .where(claims.c.record_id == bindparam("record"), claims.c.decision.is_(None))
    .values(holder=bindparam("to"))
)
_DUE = select(due.c.record_id).limit(bindparam("limit", type_=Integer))
_SETTLE = delete(due).where(among(due.c.record_id, "ids"))
_PREFERENCES = select(preferences).where(among(preferences.c.record_id, "ids"))


def records_among(sql: Connection, ids: Collection[str]) -> dict[str, Record]:
    """The newest version of each id that exists."""
    return {record_id: Record.from_bytes(body) for record_id, body in sql.execute(_RECORDS, {"ids": ids})}


def same_as_among(sql: Connection, ids: Collection[str]) -> list[SameAs]:
    """The decisions that name one of the ids."""
    return [SameAs(*row) for row in sql.execute(_SAME_AS, {"ids": ids})]


def preferences_among(sql: Connection, ids: Collection[str]) -> list[Preference]:
    """The preferences about the ids."""
    return [preference_of(row) for row in sql.execute(_PREFERENCES, {"ids": ids})]


def contributions_among(sql: Connection, ids: Collection[str]) -> list[Contribution]:
    """The live contributions to these records."""
    return [contribution_of(row) for row in sql.execute(_LIVE, {"ids": ids})]


def contributions_by_key(sql: Connection, keys: Collection[str]) -> list[Contribution]:
    """Those of the live contributions that have one of these keys, each as one column."""
    return [contribution_of(row) for row in sql.execute(_BY_KEY, {"keys": keys})]


def leads_to_among(sql: Connection, ids: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The records that these ids of identifiers lead to."""
    return {alias: tuple(found.split(" ")) for alias, found in sql.execute(_ALIASES, {"ids": ids})}


class SqlUnit:
    """hub.ports.records.RecordUnit, inside a write transaction."""

    history_level: ClassVar[int]
    """Of zlib, at which old versions are compressed."""

    def __init__(self, sql: Connection) -> None:
        self._reading = sql

    def claims(self, keys: Collection[ContributionKey]) -> Mapping[ContributionKey, Claim]:
        rows = self._reading.execute(_CLAIMS, {"keys": list(map(joined_key, keys))})
        return {split_key(row.key): claim_of(row) for row in rows}

    def same_as(self, ids: Collection[str]) -> list[SameAs]:
        return same_as_among(self._reading, ids)

    def preferences(self, ids: Collection[str]) -> list[Preference]:
        return preferences_among(self._reading, ids)

    def contributions(self, ids: Collection[str]) -> list[Contribution]:
        return contributions_among(self._reading, ids)

    def unplaced(self, keys: Collection[ContributionKey]) -> list[Contribution]:
        found = contributions_by_key(self._reading, list(map(joined_key, keys)))
        return [one for one in found if one.claim.record_id is None]

    def aliases(self, ids: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        return leads_to_among(self._reading, ids)

    def ownership(self, keys: Collection[ContributionKey]) -> list[Ownership]:
        rows = self._reading.execute(_OWNERSHIP, {"keys": list(map(joined_key, keys))})
        return [ownership_of(row) for row in rows]

    def due(self, limit: int) -> list[str]:
        return [record_id for (record_id,) in self._reading.execute(_DUE, {"limit": limit})]

    def settle(self, ids: Collection[str]) -> None:
        self._reading.execute(_SETTLE, {"ids": ids})

    def records(self, ids: Collection[str]) -> Mapping[str, Record]:
        return records_among(self._reading, ids)

    def put(self, table: Table, rows: Iterable[Sequence[object]], known: Known) -> None:
        """Put rows of all columns but those that the database numbers, in this order."""
        raise NotImplementedError

    def put_contributions(self, new: Collection[Contribution]) -> None:
        """In place of what the sources said before."""
        self.put(contributions, map(contribution_row, new), "replaced")

    def put_aliases(self, changes: Changes) -> None:
        """Have identifiers lead to other records than before."""
        self.put(aliases, alias_rows(changes.aliases), "replaced")

    def remove_weak_keys(self, gone: Sequence[tuple[int, str]]) -> None:
        """Forget these keys of these records."""
        raise NotImplementedError

    def save(self, changes: Changes) -> None:
        self.put_contributions(changes.contributions)
        self._put_records(changes)
        self.put(same_as, map(_values(same_as), changes.same_as), "replaced")
        self.put(preferences, map(_values(preferences), changes.preferences), "replaced")
        self.remove_weak_keys(changes.weak_gone)
        self.put(weak_keys, changes.weak_new, "kept")
        self.put_aliases(changes)
        rows = {
            decided: [ownership_row(one) for one in changes.ownership if bool(one.decided) is decided]
            for decided in (False, True)
        }
        self.put(claims, rows[False], "kept")
        self.put(claims, rows[True], "replaced")
        self._wait_for_holders(changes)
        self.put(outcomes, map(_values(outcomes), sorted(changes.outcomes, key=attrgetter("event_id"))), "kept")

    def _wait_for_holders(self, changes: Changes) -> None:
        """Claims on a record that moved to another holder wait for that one."""
        for claim in changes.ownership:
            if claim.decided and claim.decided.decision == "accepted":
                self._reading.execute(_WAIT_FOR, {"record": claim.record_id, "to": claim.decided.organisation})

    def _put_records(self, changes: Changes) -> None:
        if grown := [record.id for record in changes.records if record.version > 1]:
            before = self._reading.execute(_VERSIONS, {"ids": grown}).all()
            level = self.history_level
            self.put(history, [(of, version, zlib.compress(body, level)) for of, version, body in before], "refused")
        rows = (
            (record.id, record.kind, record.version, len(record.conflicts), record.to_bytes())
            for record in (*changes.records, *changes.refreshed)
        )
        self.put(records, rows, "replaced")
        traces = changes.traces
        events = ((new.id, new.version, new.updated_at, traces.get(new.id)) for new in changes.records)
        self.put(outbox, events, "refused")


@lru_cache(maxsize=64)
def insertion(dialect: str, table: Table, known: Known) -> str:
    """An INSERT in the driver's own SQL: of a row on SQLite, on PostgreSQL of an array a column, in their order."""
    columns = put_columns(table)
    names, keys = quoted(columns), quoted(table.primary_key)
    if dialect == "sqlite":
        source = f"VALUES ({', '.join('?' * len(columns))})"
    else:
        source = f"SELECT {names} FROM unnest({arrays(columns)}) WITH ORDINALITY AS new ({names}, place) ORDER BY place"
    replaced = ", ".join(f'"{one.name}" = excluded."{one.name}"' for one in columns if not one.primary_key)
    of_known = {"refused": "", "kept": "DO NOTHING", "replaced": f"DO UPDATE SET {replaced}"}[known]
    return f"INSERT INTO {table.name} ({names}) {source}" + (f" ON CONFLICT ({keys}) {of_known}" if of_known else "")


def put_columns(table: Table) -> list[Column[Any]]:
    """Those that the database does not number by itself."""
    return [column for column in table.columns if column.identity is None]


def quoted(columns: Iterable[Column[Any]]) -> str:
    """Their names as a list in SQL."""
    return ", ".join(f'"{column.name}"' for column in columns)


def arrays(columns: Iterable[Column[Any]]) -> str:
    """The marks of PostgreSQL's driver for an array a column."""
    return ", ".join(f"%s::{_ARRAYS[type(column.type)]}[]" for column in columns)


@lru_cache(maxsize=8)
def _values(table: Table) -> Callable[[Any], tuple[Any, ...]]:
    """The row of a value whose attributes are called as the table's columns."""
    return attrgetter(*table.columns.keys())
