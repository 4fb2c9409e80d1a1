"""The tables of one generation of the catalogue, and what is written to and read from them."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from pyroaring import BitMap

from hub.kernel.records import Status
from hub.kernel.terms import name_key, sort_key
from hub.ports.catalogue import Document
from services.catalog.adapters.sqlite_catalogue_facets import rows_after
from services.catalog.adapters.sqlite_catalogue_terms import Postings, Terms, inverted
from services.catalog.core.completions import completions

FLUSH_DOCUMENTS = 8_192
"""Documents whose terms wait to be written out as postings; until then every process holds them in memory."""
GARBAGE_FROM = 50_000
"""Replaced documents that are left in the postings at least before they are cleaned out."""

STATE = """
CREATE TABLE IF NOT EXISTS state (
  only INTEGER PRIMARY KEY CHECK (only = 1), generation INTEGER NOT NULL, building INTEGER
);
CREATE TABLE IF NOT EXISTS generations (
  number INTEGER PRIMARY KEY,
  changes INTEGER NOT NULL DEFAULT 0,
  flushes INTEGER NOT NULL DEFAULT 0,
  pending INTEGER NOT NULL DEFAULT 0,
  garbage INTEGER NOT NULL DEFAULT 0
);
"""

_TABLES = """
CREATE TABLE documents_{n} (
  row INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  version INTEGER NOT NULL,
  status TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  public BLOB NOT NULL,
  meta BLOB NOT NULL
);
CREATE TABLE pending_{n} (
  row INTEGER PRIMARY KEY, title TEXT NOT NULL, body TEXT NOT NULL, pinyin TEXT NOT NULL, names TEXT NOT NULL
);
CREATE TABLE postings_{n} (
  field INTEGER NOT NULL, term TEXT NOT NULL, segment INTEGER NOT NULL, rows BLOB NOT NULL,
  PRIMARY KEY (field, term, segment)
) WITHOUT ROWID;
CREATE TABLE links_{n} (
  target TEXT NOT NULL, path TEXT NOT NULL, row INTEGER NOT NULL, PRIMARY KEY (target, path, row)
) WITHOUT ROWID;
CREATE TABLE completions_{n} (
  kind TEXT NOT NULL, key TEXT NOT NULL, place INTEGER NOT NULL, row INTEGER NOT NULL, text TEXT NOT NULL,
  PRIMARY KEY (kind, key, place, row, text)
) WITHOUT ROWID;
"""
_NAMES = ("documents", "pending", "postings", "links", "completions")

DocumentRow = tuple[str, str, int, str, bytes]
"""Id, kind, version, updated_at and public JSON of an active document."""


class Meta(NamedTuple):
    """What is held in memory of a document, besides its terms."""

    title_key: str
    length: int
    facets: Mapping[str, Sequence[str]]
    numbers: Mapping[str, float]
    geo: Sequence[float] | None


class Entry(NamedTuple):
    """One document as the index in memory takes it."""

    row: int
    id: str
    kind: str
    status: Status
    updated_at: str
    meta: Meta


class Stored(NamedTuple):
    """The newer documents of a batch: how many steps forward, their entries, and by row the terms of active ones."""

    steps: int
    entries: Sequence[Entry]
    terms: Mapping[int, Terms]


class Counters(NamedTuple):
    """How far a generation is: what a process compares with what it has seen."""

    number: int
    changes: int
    flushes: int
    pending: int
    garbage: int


class Tables:
    """Generation `number`; every method works on the connection that it is given."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._documents, self._pending, self.postings, self._links, self._completions = (
            f"{name}_{number}" for name in _NAMES
        )

    def create(self, connection: sqlite3.Connection) -> None:
        for statement in _TABLES.format(n=self.number).split(";"):
            connection.execute(statement)
        connection.execute("INSERT INTO generations (number) VALUES (?)", (self.number,))

    def drop(self, connection: sqlite3.Connection) -> None:
        for name in _NAMES:
            connection.execute(f"DROP TABLE IF EXISTS {name}_{self.number}")
        connection.execute("DELETE FROM generations WHERE number = ?", (self.number,))

    def counters(self, connection: sqlite3.Connection) -> Counters:
        return Counters(*connection.execute("SELECT * FROM generations WHERE number = ?", (self.number,)).fetchone())

    def store(
        self, connection: sqlite3.Connection, documents: Sequence[Document], recent: Postings | None = None
    ) -> Stored:
        """Store the newer ones; before them, write out or clean up what waits for it.

        `recent` are the postings of what is pending, where the caller has them already.
        """
        chosen, steps = self._newer(connection, documents)
        if not chosen:
            return Stored(0, [], {})
        before = self.counters(connection)
        due = before.garbage >= max(GARBAGE_FROM, self.last_row(connection) - before.garbage)
        if due or before.pending >= FLUSH_DOCUMENTS:
            self.flush(connection, recent)
        if due:
            self._clean(connection)
        return Stored(steps, *self._insert(connection, chosen))

    def _newer(self, connection: sqlite3.Connection, documents: Sequence[Document]) -> tuple[list[Document], int]:
        """Of each id the newest document, where it is newer than the stored one; and how many steps forward that is."""
        known = self.versions(connection, {document.id for document in documents})
        chosen: dict[str, Document] = {}
        steps = 0
        for document in documents:
            if document.version > known.get(document.id, 0):
                known[document.id] = document.version
                chosen.pop(document.id, None)
                chosen[document.id] = document
                steps += 1
        return list(chosen.values()), steps

    def _insert(
        self, connection: sqlite3.Connection, documents: Sequence[Document]
    ) -> tuple[list[Entry], dict[int, Terms]]:
        """Store these in place of the ones with their ids."""
        entries = list(map(_entry, rows_after(self.last_row(connection)), documents))
        active = [pair for pair in zip(entries, documents, strict=True) if pair[1].status == "active"]
        replaced = connection.executemany(
            f"DELETE FROM {self._documents} WHERE id = ?", [(document.id,) for document in documents]
        ).rowcount
        self._insert_documents(connection, entries, documents)
        terms = {at.row: terms_of(one) for at, one in active}
        self._insert_terms(connection, active, terms)
        connection.execute(
            "UPDATE generations SET changes = changes + 1, pending = pending + ?, garbage = garbage + ?"
            " WHERE number = ?",
            (len(active), replaced, self.number),
        )
        return entries, terms

    def _insert_documents(
        self, connection: sqlite3.Connection, entries: Sequence[Entry], documents: Sequence[Document]
    ) -> None:
        connection.executemany(
            f"INSERT INTO {self._documents} VALUES (?,?,?,?,?,?,?,?)",
            [
                (
                    at.row,
                    document.id,
                    document.kind,
                    document.version,
                    document.status,
                    document.updated_at,
                    document.public,
                    orjson.dumps(tuple(at.meta)),
                )
                for at, document in zip(entries, documents, strict=True)
            ],
        )

    def _insert_terms(
        self, connection: sqlite3.Connection, active: Sequence[tuple[Entry, Document]], terms: Mapping[int, Terms]
    ) -> None:
        connection.executemany(
            f"INSERT INTO {self._pending} VALUES (?,?,?,?,?)", [(row, *texts) for row, texts in terms.items()]
        )
        connection.executemany(
            f"INSERT OR IGNORE INTO {self._links} VALUES (?,?,?)",
            [
                (target, path, at.row)
                for at, document in active
                for path, ids in document.links.items()
                for target in ids
            ],
        )
        connection.executemany(
            f"INSERT OR IGNORE INTO {self._completions} VALUES (?,?,?,?,?)",
            sorted(
                (document.kind, key, place, at.row, name)
                for at, document in active
                for name in document.suggest
                for place, key in completions(name)
            ),
        )

    def pending(self, connection: sqlite3.Connection, after: int = 0) -> Iterator[tuple[int, Terms]]:
        """The documents of rows behind this one whose terms are not among the postings yet."""
        for row, *terms in connection.execute(f"SELECT * FROM {self._pending} WHERE row > ? ORDER BY row", (after,)):
            yield row, Terms(*terms)

    def flush(self, connection: sqlite3.Connection, recent: Postings | None = None) -> None:
        """Write the pending terms out as one more segment of postings."""
        segment = self.last_row(connection)
        postings = recent or inverted(self.pending(connection))
        connection.executemany(
            f"INSERT INTO {self.postings} VALUES (?,?,?,?)",
            ((field, term, segment, rows) for field, term, rows in postings.written()),
        )
        connection.execute(f"DELETE FROM {self._pending}")
        connection.execute("UPDATE generations SET flushes = flushes + 1, pending = 0 WHERE number = ?", (self.number,))

    def entries(self, connection: sqlite3.Connection, after: int) -> Iterator[Entry]:
        """The documents of rows behind this one, in the order of rows."""
        found = connection.execute(
            f"SELECT row, id, kind, status, updated_at, meta FROM {self._documents} WHERE row > ? ORDER BY row",
            (after,),
        )
        for row, record_id, kind, status, updated_at, meta in found:
            yield Entry(row, record_id, kind, status, updated_at, Meta(*orjson.loads(meta)))

    def last_row(self, connection: sqlite3.Connection) -> int:
        (last,) = connection.execute(f"SELECT max(row) FROM {self._documents}").fetchone()
        return last or 0

    def count(self, connection: sqlite3.Connection) -> int:
        """Stored documents, withdrawn ones too."""
        (count,) = connection.execute(f"SELECT count(*) FROM {self._documents}").fetchone()
        return int(count)

    def versions(self, connection: sqlite3.Connection, ids: Iterable[str]) -> dict[str, int]:
        statement = f"SELECT id, version FROM {self._documents} WHERE id IN (SELECT value FROM json_each(?))"
        return dict(connection.execute(statement, (orjson.dumps(list(ids)),)).fetchall())

    def active_documents(self, connection: sqlite3.Connection, ids: Iterable[str]) -> dict[str, DocumentRow]:
        """The active documents among these ids."""
        statement = (
            f"SELECT id, kind, version, updated_at, public FROM {self._documents}"
            " WHERE id IN (SELECT value FROM json_each(?)) AND status = 'active'"
        )
        return {row[0]: row for row in connection.execute(statement, (orjson.dumps(list(ids)),))}

    def linked(self, connection: sqlite3.Connection, target: str, limit: int) -> list[tuple[str, DocumentRow]]:
        statement = (
            f"SELECT path, id, kind, version, updated_at, public FROM {self._links} JOIN {self._documents} USING (row)"
            " WHERE target = ? ORDER BY path, id LIMIT ?"
        )
        return [(path, tuple(found)) for path, *found in connection.execute(statement, (target, limit))]

    def completing(self, connection: sqlite3.Connection, kind: str, key: str, limit: int) -> list[tuple[int, int, str]]:
        """(place, row, text) of names with a completion that begins so, replaced documents among them."""
        statement = f"SELECT place, row, text FROM {self._completions} WHERE kind = ? AND key >= ? AND key < ? LIMIT ?"
        return connection.execute(statement, (kind, key, key + "\U0010ffff", limit)).fetchall()

    def contents(self, connection: sqlite3.Connection) -> Iterator[tuple[str, str, Status, bytes]]:
        """(id, kind, status, public) of every stored document."""
        return connection.execute(f"SELECT id, kind, status, public FROM {self._documents}")

    def _clean(self, connection: sqlite3.Connection) -> None:
        """Leave out of postings, links and completions what replaced documents had there."""
        kept = BitMap([row for (row,) in connection.execute(f"SELECT row FROM {self._documents}")])
        for table in (self._links, self._completions):
            connection.execute(f"DELETE FROM {table} WHERE row NOT IN (SELECT row FROM {self._documents})")
        connection.create_aggregate("merged", 1, lambda: _Merged(kept))
        connection.execute(
            f"CREATE TEMP TABLE cleaned AS SELECT field, term, max(segment) AS segment, merged(rows) AS rows"
            f" FROM {self.postings} GROUP BY field, term"
        )
        connection.execute(f"DELETE FROM {self.postings}")
        connection.execute(f"INSERT INTO {self.postings} SELECT * FROM cleaned WHERE rows IS NOT NULL")
        connection.execute("DROP TABLE cleaned")
        connection.execute("UPDATE generations SET flushes = flushes + 1, garbage = 0 WHERE number = ?", (self.number,))


class _Merged:
    """The SQL aggregate of several segments' rows as one, without those that are not kept; NULL where none is left."""

    def __init__(self, kept: BitMap) -> None:
        self._kept = kept
        self._rows = BitMap()

    def step(self, rows: Any) -> None:
        self._rows |= BitMap.deserialize(rows)

    def finalize(self) -> Any:
        self._rows &= self._kept
        return self._rows.serialize() if self._rows else None


def terms_of(document: Document) -> Terms:
    return Terms(document.title, document.body, document.pinyin, " ".join(map(name_key, document.suggest)))


def _entry(row: int, document: Document) -> Entry:
    names: Sequence[str] = document.suggest or (document.title,)
    meta: dict[str, Any] = {
        "title_key": sort_key(names[0]),
        "length": min(map(len, names)),
        "facets": document.facets,
        "numbers": document.numbers,
        "geo": document.geo,
    }
    return Entry(row, document.id, document.kind, document.status, document.updated_at, Meta(**meta))
