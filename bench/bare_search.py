"""Searching with SQLite alone: an FTS5 table and indexed columns, with the terms that the hub's catalogue has."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import orjson

from bench.bare import TERMS, connected
from hub.kernel.terms import query_terms
from hub.ports.catalogue import Document, Query

SIZE = 20
KM_OF_A_DEGREE = 111.2
_TABLES = """
CREATE TABLE rows (
  row INTEGER PRIMARY KEY, id TEXT, kind TEXT, updated_at TEXT, rate REAL, lat REAL, lon REAL, body BLOB
);
CREATE TABLE facets (path TEXT, value TEXT, row INTEGER, PRIMARY KEY (path, value, row)) WITHOUT ROWID;
CREATE TABLE names (key TEXT, row INTEGER, PRIMARY KEY (key, row)) WITHOUT ROWID;
"""
_FINISH = """
CREATE INDEX by_kind ON rows (kind, updated_at);
CREATE INDEX by_rate ON rows (kind, rate);
CREATE INDEX by_update ON rows (updated_at);
CREATE INDEX by_place ON rows (lat, lon);
INSERT INTO terms (terms) VALUES ('optimize');
ANALYZE;
"""
_ORDERS = {"relevance": "rank", "-updated": "updated_at DESC", "hourly_rate.amount": "rate"}


class Asked(NamedTuple):
    """A search in SQL."""

    source: str
    where: str
    values: tuple[object, ...]
    order: str


class BareSearch:
    """One connection to a file of these tables; a new one is filled batch by batch and then finished."""

    def __init__(self, path: Path, *, new: bool) -> None:
        self._sql = connected(path)
        self._sql.execute("CREATE TEMP TABLE matching (row INTEGER PRIMARY KEY)")
        if new:
            self._sql.executescript(_TABLES)
            self._sql.execute(TERMS)
        self._last = 0

    def store(self, documents: Sequence[Document]) -> None:
        self._sql.execute("BEGIN")
        for one in documents:
            self._last += 1
            self._store(self._last, one)
        self._sql.execute("COMMIT")

    def finish(self) -> None:
        """Indexes, statistics, and one segment in the full-text index: all that its manual advises."""
        self._sql.executescript(_FINISH)

    def page(self, asked: Asked, skip: int = 0) -> list[object]:
        """(id, fields) of a page of hits."""
        # FTS5 finds the best rows fastest where its own query is all that it does; what is shown is read afterwards.
        found = f"SELECT {asked.source}.rowid AS row FROM {asked.source} WHERE {asked.where}"
        found += f" ORDER BY {asked.order} LIMIT {SIZE} OFFSET {skip}"
        hits = self._sql.execute(f"SELECT id, body FROM ({found}) AS found JOIN rows USING (row)", asked.values)
        return [(record_id, orjson.loads(body)) for record_id, body in hits]

    def the_same(self, asked: Asked, facets: Sequence[str], skip: int = 0) -> list[object]:
        """The page, the total, and the counts of the facets; what matches is found once for all counts."""
        page = self.page(asked, skip)
        self._sql.execute("DELETE FROM temp.matching")
        found = f"SELECT {asked.source}.rowid FROM {asked.source} WHERE {asked.where}"
        total = self._sql.execute(f"INSERT INTO temp.matching {found}", asked.values).rowcount
        return [page, total, [self._counts(path) for path in facets]]

    def completing(self, prefix: str) -> list[object]:
        """Names that begin so."""
        return self._sql.execute(
            "SELECT key, min(row) FROM names WHERE key >= ? AND key < ? GROUP BY key ORDER BY length(key) LIMIT 10",
            (prefix, prefix + "\U0010ffff"),
        ).fetchall()

    def close(self) -> None:
        self._sql.close()

    def _counts(self, path: str) -> list[object]:
        return self._sql.execute(
            "SELECT value, count(*) FROM facets WHERE path = ? AND row IN temp.matching "
            "GROUP BY value ORDER BY 2 DESC, 1 LIMIT 50",
            (path,),
        ).fetchall()

    def _store(self, row: int, one: Document) -> None:
        run: sqlite3.Connection = self._sql
        rate, (lat, lon) = one.numbers.get("hourly_rate.amount"), one.geo or (None, None)
        run.execute(
            "INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (row, one.id, one.kind, one.updated_at, rate, lat, lon, one.public),
        )
        run.execute(
            "INSERT INTO terms (rowid, title, body, pinyin) VALUES (?, ?, ?, ?)", (row, one.title, one.body, one.pinyin)
        )
        pairs = [("kind", one.kind), *((path, value) for path, values in one.facets.items() for value in values)]
        run.executemany("INSERT OR IGNORE INTO facets VALUES (?, ?, ?)", [(*pair, row) for pair in pairs])
        run.executemany("INSERT OR IGNORE INTO names VALUES (?, ?)", [(name.lower(), row) for name in one.suggest])


def in_sql(query: Query) -> Asked:
    """The parts of a query that the benchmark's queries have: words, a kind, a filter, a distance, an order."""
    parts: list[tuple[str, tuple[object, ...]]] = []
    source = "terms" if query.text else "rows"
    if query.text:
        words = " ".join(f'"{term}"' for term in query_terms(query.text))
        parts.append(("terms MATCH ?", (f"{words}*",)))
    parts += [("kind = ?", (kind,)) for kind in query.kinds]
    for path, values in query.filters.items():
        # By the words' matches one by one, or by the value's rows: each is the faster plan where it is taken.
        among = "EXISTS (SELECT 1 FROM facets WHERE path = ? AND value = ? AND row = terms.rowid)"
        if not query.text:
            among = "row IN (SELECT row FROM facets WHERE path = ? AND value = ?)"
        parts += [(among, (path, value)) for value in values]
    if query.near:
        # A square around the circle: what a bare query would begin with.
        lat, lon, degrees = query.near.lat, query.near.lon, query.near.km / KM_OF_A_DEGREE
        square = (lat - degrees, lat + degrees, lon - degrees / 0.86, lon + degrees / 0.86)
        parts.append(("lat BETWEEN ? AND ? AND lon BETWEEN ? AND ?", square))
    order = _ORDERS["-updated" if query.sort == "relevance" and not query.text else query.sort]
    where = " AND ".join(text for text, _ in parts)
    return Asked(source, where, tuple(value for _, values in parts for value in values), order)
