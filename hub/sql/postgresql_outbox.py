"""The order of an outbox on PostgreSQL that many transactions fill at once and one relay empties."""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic
from typing import Any

import psycopg
from psycopg import Connection

from hub.ports.records import WAITING_LIMIT, Pending
from hub.sql.postgresql import PostgresDatabase, alive

LOOK_SECONDS = 0.05
"""How often a relay that waits looks for events that another process stored; of its own process it is told."""


class PostgresOutbox:
    """Hands out the rows of one outbox, and forgets those that were published.

    Rows are numbered when they are inserted and seen when their transaction commits, so a lower number may show up
    after a higher one. What must stay in order does: the versions of one thing are stored under its lock, so that the
    later one gets its number after the earlier one was committed. Therefore `published` deletes the very rows that
    `pending` handed out, never all up to a number.

    One relay at a time is handed rows, the holder of a session's advisory lock; others stand by. A relay that loses its
    session while it publishes may finish one batch beside its successor: consumers drop an older version, and a
    compacted topic may keep it as its last until the record's next one.
    """

    def __init__(
        self,
        database: PostgresDatabase,
        table: str,
        relay_lock: int,
        read: Callable[[Connection[Any], int], list[Pending]],
    ) -> None:
        self._database = database
        self._delete = f"DELETE FROM {table} WHERE number = ANY(%s)"
        self._count = f"SELECT count(*) FROM (SELECT 1 FROM {table} LIMIT {WAITING_LIMIT + 1}) AS waiting"
        self._relay_lock = relay_lock
        self._read = read
        self._guard = threading.Lock()
        self._saved = threading.Condition()
        self._session: Connection[Any] | None = None
        self._leads = False
        self._handed_out: list[int] = []

    def wake(self) -> None:
        """Tell a relay that waits that there is something to publish."""
        with self._saved:
            self._saved.notify_all()

    def pending(self, limit: int, timeout: float) -> Sequence[Pending]:
        """The oldest events; none where another relay is at work."""
        deadline = monotonic() + timeout
        while not (events := self._look(limit)) and (remaining := deadline - monotonic()) > 0:
            with self._saved:
                self._saved.wait(min(remaining, LOOK_SECONDS))
        return events

    def waiting(self) -> int:
        """How many events wait, whoever publishes them, up to WAITING_LIMIT and one."""
        with self._database.read() as sql:
            row = sql.execute(self._count).fetchone()
        return int(row[0]) if row else 0

    def published(self, up_to: int) -> None:
        """Forget the events up to this number that were handed out last."""
        with self._guard:
            done = [number for number in self._handed_out if number <= up_to]
            if done and self._session is not None:
                self._session.execute(self._delete, (done,))
                self._handed_out = self._handed_out[len(done) :]

    def close(self) -> None:
        """Let another relay take over."""
        with self._guard:
            self._part()

    def _look(self, limit: int) -> list[Pending]:
        with self._guard:
            session = self._leading()
            events = self._read(session, limit) if session else []
            self._handed_out = [event.number for event in events]
            return events

    def _leading(self) -> Connection[Any] | None:
        """The session that holds the relay's lock; the lock lives and dies with it."""
        if self._session is not None and not alive(self._session):
            self._part()
        if self._session is None:
            self._session = self._database.session()
        if not self._leads:
            held = self._session.execute("SELECT pg_try_advisory_lock(%s)", (self._relay_lock,)).fetchone()
            self._leads = held == (True,)
        return self._session if self._leads else None

    def _part(self) -> None:
        if self._session is not None:
            with suppress(psycopg.Error):
                self._session.close()
        self._session, self._leads, self._handed_out = None, False, []
