"""Seals the private values that an earlier release kept in clear, or with the vault's one key, wherever they rest."""

import logging
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Table, bindparam, delete, exists, insert, select, update

from app.operations.sealing_places import booker, clear_in_record, clear_places, event, spoken_of, subject_of
from hub.kernel.canonical import canonical_json
from hub.kernel.records import SUBMISSIONS
from hub.ports.clock import rfc3339
from hub.runtime.manifest import EVENT_LOG, PERSONAL, SQLITE_LOG, Resources
from hub.sql.statements import SqlDatabase, overwrite_deleted
from schemas.views.personal import is_token, tokens_in
from services.accounts.manifest import ACCOUNTS
from services.accounts.tables import identities
from services.booking.tables import bookings
from services.curation.tables import contributions, history, outbox, records, sealed
from services.ingest.core.submissions import Place
from services.ingest.manifest import VAULT
from services.ingest.tables import vault

STEP = "private values"
AT_ONCE = 500
log = logging.getLogger("hub.sealing")
LOCK_SECONDS = 60.0


@dataclass(slots=True)
class Sealed:
    """How many values were sealed, and the records that have some."""

    values: int = 0
    records: set[str] = field(default_factory=set)


class Sealing:
    """Works through the stores of a hub on either adapters, a page a transaction; broken off, it is repeated."""

    def __init__(self, on: Resources) -> None:
        self._on = on
        self._personal = on.get(PERSONAL)
        self._vault = on.get(VAULT)
        self._store = on.tables("records")
        self.done = Sealed()

    def run(self) -> Sealed:
        """Seal all there is. Nobody else may work on the stores meanwhile."""
        store = self._store
        self.done.values += self._on.get(ACCOUNTS).people.seal_clear()
        self._table(store, contributions, "fields", self._contributions)
        self._table(store, records, "body", self._records)
        self._table(store, history, "body", self._records)
        self._table(self._on.tables("bookings"), bookings, "body", self._bookings)
        if self._on.settings.profile == "embedded":
            self._log()
        if self.done.values:
            self._leave_nothing()
        with store.writing() as sql:
            sql.execute(delete(sealed).where(sealed.c.step == STEP))
            sql.execute(insert(sealed), {"step": STEP})
        return self.done

    def _table(
        self, database: SqlDatabase, table: Table, column: str, seal: Callable[[Sequence[Any], list[Any]], None]
    ) -> None:
        """Have `seal` see each page's rows with their documents, and keep those that it changed."""
        changed = 0
        for rows in _pages(database, table, column):
            documents = [_read(row[column]) for row in rows]
            before = [orjson.dumps(document) for document in documents]
            seal(rows, documents)
            after = [orjson.dumps(document) for document in documents]
            kept = [
                {**_key(table, row), "new": _written(row[column], new)}
                for row, old, new in zip(rows, before, after, strict=True)
                if old != new
            ]
            if kept:
                with database.writing() as sql:
                    overwrite_deleted(sql)
                    sql.execute(_update(table, column), kept)
                changed += len(kept)
        if changed:
            database.purge(table.name)

    def _contributions(self, rows: Sequence[Any], documents: list[Any]) -> None:
        places = []
        for row, fields in zip(rows, documents, strict=True):
            kind, _, _ = row["key"].partition("\x1f")
            places += [(spoken_of(row["key"], fields), place) for place in clear_places(kind, fields)]
        self._seal(places)

    def _records(self, rows: Sequence[Any], documents: list[Any]) -> None:
        """By the tokens that the contributions have, so that merging these again changes nothing."""
        ids = [row["id"] if "id" in row else row["record_id"] for row in rows]
        places = [
            (record, place)
            for record, document in zip(ids, documents, strict=True)
            for place in clear_in_record(document)
        ]
        self._seal(places, self._tokens({record for record, _ in places}))
        self.done.records |= {record for record, _ in places}

    def _bookings(self, rows: Sequence[Any], documents: list[Any]) -> None:
        places = [
            (booker(booking), Place(booking, name))
            for booking in documents
            for name in ("purpose", "reason")
            if booking.get(name) and not is_token(booking[name])
        ]
        self._seal(places)

    def _log(self) -> None:
        """The entries of topics that have rows or records; the log is one file, in which nothing is told apart."""
        database = self._on.get(SQLITE_LOG).database
        after = -1
        query = "SELECT at, value FROM entries WHERE at > ? AND value IS NOT NULL ORDER BY at LIMIT ?"
        while rows := database.read().execute(query, (after, AT_ONCE)).fetchall():
            after = rows[-1][0]
            documents = {at: document for at, value in rows if (document := event(value))}
            before = {at: orjson.dumps(document) for at, document in documents.items()}
            self._events(documents.values())
            changed = [(orjson.dumps(new), at) for at, new in documents.items() if orjson.dumps(new) != before[at]]
            if changed:
                with database.write() as sql:
                    sql.execute("PRAGMA secure_delete=ON")
                    sql.executemany("UPDATE entries SET value = ? WHERE at = ?", changed)

    def _events(self, documents: Iterable[dict[str, Any]]) -> None:
        of_rows, of_records = [], []
        for document in documents:
            if "source_record_id" in document:
                names = (document["source"], document.get("organisation") or "", document["source_record_id"])
                subject = document.get("record_id") or subject_of(document["kind"], *names, document["fields"])
                of_rows += [(subject, place) for place in clear_places(document["kind"], document["fields"])]
            else:
                of_records += [(document["id"], place) for place in clear_in_record(document)]
        known = self._tokens({record for record, _ in (*of_rows, *of_records)})
        self._seal(of_rows, known)
        self._seal(of_records, known)

    def _seal(
        self, places: Sequence[tuple[str, Place]], known: Mapping[str, Mapping[bytes, str]] | None = None
    ) -> None:
        """Put tokens in the places of the subjects' values: those that are `known` of the subject, else new ones."""
        values = [place.container[place.key] for _, place in places]
        revealed = self._vault.reveal({value for value in values if is_token(value)})
        sealers = self._personal.sealers({subject for subject, _ in places})
        for (subject, place), value in zip(places, values, strict=True):
            plain = revealed.get(value, value) if isinstance(value, str) else value
            token = (known or {}).get(subject, {}).get(canonical_json(plain))
            place.container[place.key] = token or sealers[subject](plain)
        self.done.values += len(places)

    def _tokens(self, ids: set[str]) -> dict[str, dict[bytes, str]]:
        """The tokens that the records' contributions have, by the record and what they stand for."""
        with self._store.reading() as sql:
            rows = sql.execute(
                select(contributions.c.record_id, contributions.c.fields).where(contributions.c.record_id.in_(ids))
            ).all()
        tokens = [(row.record_id, token) for row in rows for token in tokens_in(orjson.loads(row.fields))]
        values = self._personal.open({token for _, token in tokens})
        known: dict[str, dict[bytes, str]] = {}
        for record, token in tokens:
            if token in values:
                known.setdefault(record, {})[canonical_json(values[token])] = token
        return known

    def _leave_nothing(self) -> None:
        """What the vault had, and what lies in the pages of the files; records are told of anew on servers."""
        database = self._on.tables("vault")
        with database.writing() as sql:
            overwrite_deleted(sql)
            sql.execute(delete(vault))
        database.purge(vault.name)
        if self._on.settings.profile == "embedded":
            for name in ("records", "bookings", "vault", "log"):
                _rewrite(self._on.settings.data_dir / f"{name}.db")
        else:
            self._tell_again()

    def _tell_again(self) -> None:
        at = rfc3339(self._on.clock.now())
        with self._store.writing() as sql:
            for some in _in_pages(sorted(self.done.records)):
                newest = sql.execute(select(records.c.id, records.c.version).where(records.c.id.in_(some))).all()
                if newest:
                    rows = [{"record_id": record, "version": version, "at": at} for record, version in newest]
                    sql.execute(insert(outbox), rows)


def seal_once(on: Resources) -> Sealed | None:
    """Seal what an earlier release kept in clear, where that was not done; None where it was."""
    if is_sealed(on.tables("records")):
        return None
    done = Sealing(on).run()
    if done.values:
        log.warning("private values of an earlier release were sealed: %d", done.values)
    return done


def is_sealed(database: SqlDatabase) -> bool:
    """Whether what earlier releases kept in clear was sealed."""
    with database.reading() as sql:
        return bool(sql.scalar(select(exists().where(sealed.c.step == STEP))))


def sealed_of_people(records_store: SqlDatabase, accounts_store: SqlDatabase) -> Iterator[list[tuple[str, str]]]:
    """Tokens of what sources say now and of what accounts are known by, with whom each is about, a page at a time."""
    for rows in _pages(records_store, contributions, "fields"):
        page = []
        for row in rows:
            fields = orjson.loads(row["fields"])
            if tokens := set(tokens_in(fields)):
                page += [(spoken_of(row["key"], fields), token) for token in tokens]
        yield page
    with accounts_store.reading() as sql:
        known = sql.execute(select(identities.c.account, identities.c.sealed).where(identities.c.sealed.is_not(None)))
        yield [(row.account, row.sealed) for row in known]


def seal_on_servers(on: Resources) -> Sealed | None:
    """As `seal_once`, and forget the rows that were read; those that wait are sent again by nobody, and stay.

    No service may run. Kafka keeps superseded records until it compacts their topic.
    """
    from app.operations.kafka_topics import Topics

    done = seal_once(on)
    if done and done.values:
        Topics(on.get(EVENT_LOG), on.settings.kafka_bootstrap).forget_read("curation", SUBMISSIONS)
    return done


def _pages(database: SqlDatabase, table: Table, column: str) -> Iterator[Sequence[Any]]:
    keys = list(table.primary_key.columns)
    after: tuple[Any, ...] | None = None
    while True:
        query = select(*keys, table.c[column]).order_by(*keys).limit(AT_ONCE)
        if after is not None:
            query = query.where(_beyond(keys, after))
        with database.reading() as sql:
            rows = sql.execute(query).mappings().all()
        if not rows:
            return
        yield rows
        after = tuple(rows[-1][key.name] for key in keys)


def _beyond(keys: Sequence[Any], after: Sequence[Any]) -> Any:
    first, value = keys[0], after[0]
    if len(keys) == 1:
        return first > value
    return (first > value) | ((first == value) & _beyond(keys[1:], after[1:]))


def _read(data: bytes) -> Any:
    """A body's JSON, which history keeps compressed."""
    return orjson.loads(zlib.decompress(data) if data[:1] == b"x" else data)


def _written(before: bytes, data: bytes) -> bytes:
    return zlib.compress(data) if before[:1] == b"x" else data


def _key(table: Table, row: Mapping[Any, Any]) -> dict[str, Any]:
    return {f"of_{key.name}": row[key.name] for key in table.primary_key.columns}


def _update(table: Table, column: str) -> Any:
    same = [key == bindparam(f"of_{key.name}") for key in table.primary_key.columns]
    return update(table).where(*same).values({column: bindparam("new")})


def _rewrite(file: Path) -> None:
    """Make the file anew, without what earlier rows have left in it."""
    with closing(sqlite3.connect(file, timeout=LOCK_SECONDS)) as sql:
        sql.execute("VACUUM")
        sql.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _in_pages(names: Sequence[str]) -> Iterator[list[str]]:
    remaining = iter(names)
    while some := list(islice(remaining, AT_ONCE)):
        yield some
