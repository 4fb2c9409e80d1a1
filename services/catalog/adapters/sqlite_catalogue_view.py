"""What one process sees of the catalogue: a generation's tables, and its memory in step with them."""

import gc
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from services.catalog.adapters.sqlite_catalogue_memory import Memory
from services.catalog.adapters.sqlite_catalogue_search import Kept
from services.catalog.adapters.sqlite_catalogue_tables import Counters, Stored, Tables
from services.catalog.adapters.sqlite_catalogue_terms import Connect, Reader

PRUNED_FROM = 50_000
"""Replaced documents that stay in memory at least before they are forgotten."""


@contextmanager
def _long_lived() -> Iterator[None]:
    """Keep the garbage collector from walking millions of objects again and again that have no cycles and stay.

    One full collection over a hundred thousand documents stops every thread for a third of a second.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was:
            gc.enable()


class View:
    """Generation `number`; the caller keeps readers away while it changes."""

    def __init__(self, number: int, connection: sqlite3.Connection, connect: Connect) -> None:
        """Read all of the generation in one state, that of the connection's transaction."""
        self.tables = Tables(number)
        self.seen = self.tables.counters(connection)
        self.reader = Reader(connect, self.tables.postings)
        self.kept = Kept()
        with _long_lived():
            self.memory = Memory(self.tables.entries(connection, after=0))
            self._read_pending(connection, after=0)

    @property
    def number(self) -> int:
        return self.tables.number

    def catch_up(self, connection: sqlite3.Connection) -> None:
        """Take in what others have committed since."""
        now = self.tables.counters(connection)
        if (now.changes, now.flushes) == (self.seen.changes, self.seen.flushes):
            return
        self.kept.clear()
        after = self.memory.last_row
        if now.flushes != self.seen.flushes:
            self.reader.forget()
            self._read_pending(connection, after=0)
        else:
            self._read_pending(connection, after)
        for entry in self.tables.entries(connection, after):
            self.memory.add(entry)
        self.memory.prune_when_due(PRUNED_FROM)
        self.seen = now

    def take(self, stored: Stored, start: int, end: int) -> None:
        """Take in some of the documents that this process has committed itself."""
        self.kept.clear()
        for entry in stored.entries[start:end]:
            if terms := stored.terms.get(entry.row):
                self.reader.recent.add(entry.row, terms)
            self.memory.add(entry)

    def taken(self, now: Counters) -> None:
        """All is taken in that was committed when the counters stood so."""
        self.memory.prune_when_due(PRUNED_FROM)
        self.seen = now

    def _read_pending(self, connection: sqlite3.Connection, after: int) -> None:
        for row, terms in self.tables.pending(connection, after):
            self.reader.recent.add(row, terms)
