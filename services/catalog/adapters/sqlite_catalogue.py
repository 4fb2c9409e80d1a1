"""The catalogue on SQLite: documents and postings in tables; filters, counts and orders in memory."""

import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import orjson

from hub.kernel.canonical import digest_of
from hub.kernel.terms import query_terms
from hub.ports.catalogue import Document, Hit, Page, Query, Suggestion
from hub.sql.sqlite import Database
from services.catalog.adapters import sqlite_catalogue_rebuild as generations
from services.catalog.adapters.sqlite_catalogue_rebuild import Rebuilding, sole_rebuilder
from services.catalog.adapters.sqlite_catalogue_search import Answer, Search
from services.catalog.adapters.sqlite_catalogue_tables import STATE, Counters, DocumentRow, Stored, Tables
from services.catalog.adapters.sqlite_catalogue_view import View
from services.catalog.core.completions import typed_key
from services.catalog.core.highlight import Marker
from services.catalog.core.paths import KIND
from services.catalog.core.projection import digest_line

_AT_ONCE = 16
"""Documents that enter the memory while searches wait."""
_COMPLETIONS_LOOKED_AT = 400
_KINDS_LOOKED_AT = 100


class SqliteCatalogue:
    """hub.ports.catalogue.Catalogue in one SQLite file, for all threads of a process.

    Other processes may search the same file and apply to it; each notices what others changed at its next search.
    Memory grows with the documents, by some kilobytes each.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db = Database(path, STATE)
        self._lock = threading.RLock()
        self._applying = threading.Lock()
        self._own_change = False
        self._next: View | None = None
        with self._db.write() as connection:
            generations.prepare(connection)
        self._drop_unfinished()
        with self._db.snapshot() as connection:
            self._view = View(generations.serving(connection), connection, self._db.read)

    def apply(self, documents: Iterable[Document]) -> int:
        made = list(documents)
        with self._applying:
            self._own_change = True
            try:
                return self._apply(made)
            finally:
                self._own_change = False

    def search(self, query: Query) -> Page:
        with self._current() as (connection, view):
            answer = Search(view.memory, view.reader, query, view.kept).answer()
            ids = [view.memory.ids[ranked.row] for ranked in answer.ranked]
            found = view.tables.active_documents(connection, ids)
        return _page(query, answer, ids, found)

    def suggest(self, prefix: str, kinds: tuple[str, ...] = (), limit: int = 10) -> Sequence[Suggestion]:
        key = typed_key(prefix)
        if not key:
            return []
        with self._current() as (connection, view):
            memory = view.memory
            facet = memory.facets.get(KIND)
            known = facet.most_frequent(memory.live, _KINDS_LOOKED_AT) if facet else ()
            offers = sorted(
                (place, len(text), text, memory.ids[row], kind)
                for kind in kinds or [kind for kind, _ in known]
                for place, row, text in view.tables.completing(connection, kind, key, _COMPLETIONS_LOOKED_AT)
                if row in memory.live
            )
        distinct: dict[str, Suggestion] = {}
        for _, _, text, record_id, kind in offers:
            distinct.setdefault(text, Suggestion(text, record_id, kind))
        return list(distinct.values())[:limit]

    def get(self, ids: Collection[str]) -> Mapping[str, Hit]:
        with self._stored() as (connection, tables):
            return {record_id: _hit(found) for record_id, found in tables.active_documents(connection, ids).items()}

    def linked(self, record_id: str, limit: int = 100) -> Sequence[tuple[str, Hit]]:
        with self._stored() as (connection, tables):
            return [(path, _hit(found)) for path, found in tables.linked(connection, record_id, limit)]

    def versions(self, ids: Collection[str]) -> Mapping[str, int]:
        with self._stored() as (connection, tables):
            return tables.versions(connection, ids)

    def digest(self) -> str:
        with self._stored() as (connection, tables):
            return digest_of(digest_line(*content) for content in tables.contents(connection))

    def count(self) -> int:
        with self._current() as (_, view):
            return len(view.memory.live)

    def rebuild(self, documents: Iterable[Sequence[Document]]) -> int:
        """Raises Rebuilding where another rebuild of the same file is under way."""
        with sole_rebuilder(self._path):
            with self._db.write() as connection:
                tables = generations.begin(connection)
            try:
                for batch in documents:
                    with self._db.write() as connection:
                        tables.store(connection, batch)
                return self._swap(tables)
            except BaseException:
                self._next = None
                with self._db.write() as connection:
                    generations.drop_others(connection)
                raise

    def close(self) -> None:
        self._db.close()

    def _apply(self, documents: Sequence[Document]) -> int:
        with self._db.write() as connection:
            with self._lock:
                view = self._follow(connection)
                view.catch_up(connection)
            building = generations.building(connection)
            stored = view.tables.store(connection, documents, view.reader.recent)
            if building is not None:
                Tables(building).store(connection, documents)
            now = view.tables.counters(connection)
        self._take(view, stored, now)
        return stored.steps

    def _take(self, view: View, stored: Stored, now: Counters) -> None:
        """Let the memory follow what was committed, a few documents at a time, so that searches need not wait long."""
        if now.flushes != view.seen.flushes:
            with self._lock:
                view.reader.forget()
        for start in range(0, len(stored.entries), _AT_ONCE):
            with self._lock:
                view.take(stored, start, start + _AT_ONCE)
        with self._lock:
            view.taken(now)

    def _swap(self, tables: Tables) -> int:
        """Read the new generation before it serves, so that nobody waits for that."""
        with self._db.write() as connection:
            tables.flush(connection)
        with self._db.snapshot() as connection:
            prepared = View(tables.number, connection, self._db.read)
        with self._applying, self._db.write() as connection:
            prepared.catch_up(connection)
            self._next = prepared
            count = tables.count(connection)
            generations.swap(connection, tables)
        with self._current():
            self._next = None
        with self._db.write() as connection:
            generations.drop_others(connection)
        return count

    @contextmanager
    def _current(self) -> Iterator[tuple[sqlite3.Connection, View]]:
        """The last committed state, in memory and in the tables; nothing changes in memory during the block."""
        with self._lock, self._db.snapshot() as connection:
            view = self._follow(connection)
            if not self._own_change:  # what this process is applying comes with `_take`
                view.catch_up(connection)
            yield connection, view

    def _follow(self, connection: sqlite3.Connection) -> View:
        """The view of the generation that serves."""
        number = generations.serving(connection)
        if number != self._view.number:
            prepared = self._next
            if prepared is None or prepared.number != number:
                prepared = View(number, connection, self._db.read)
            self._view = prepared
        return self._view

    @contextmanager
    def _stored(self) -> Iterator[tuple[sqlite3.Connection, Tables]]:
        """The last committed state of the tables."""
        with self._db.snapshot() as connection:
            yield connection, Tables(generations.serving(connection))

    def _drop_unfinished(self) -> None:
        """Drop what a process left that died while it was rebuilding."""
        with suppress(Rebuilding), sole_rebuilder(self._path), self._db.write() as connection:
            generations.drop_others(connection)


def _page(query: Query, answer: Answer, ids: Sequence[str], documents: Mapping[str, DocumentRow]) -> Page:
    """A document that was withdrawn between the two looks is left out."""
    marker = Marker(query_terms(query.text)) if query.highlight and query.text else None
    hits = tuple(
        _hit(documents[record_id], ranked.score, ranked.distance_km, marker)
        for ranked, record_id in zip(answer.ranked, ids, strict=True)
        if record_id in documents
    )
    return Page(answer.total, hits, answer.facets, answer.next_cursor)


def _hit(found: DocumentRow, score: float = 0.0, distance_km: float | None = None, marker: Marker | None = None) -> Hit:
    record_id, kind, version, updated_at, data = found
    public: dict[str, Any] = orjson.loads(data)
    highlights = marker.highlights(public) if marker else {}
    return Hit(record_id, kind, version, updated_at, public, score, distance_km, highlights)
