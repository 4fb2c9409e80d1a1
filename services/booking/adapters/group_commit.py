"""Several threads' writes in one commit: waiting for the disk once keeps as many promises as wait for it."""

import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from hub.sql.sqlite import Database

BATCH = 256
"""Writes in one transaction at most, so that the first of them does not wait for all the others."""

T = TypeVar("T")
Operation = Callable[[sqlite3.Connection], T]


class _Ticket(Generic[T]):
    """One thread's write and what became of it; `turn` is released when it is done or its thread is to lead."""

    __slots__ = ("done", "error", "operation", "result", "turn")

    def __init__(self, operation: Operation[T]) -> None:
        self.operation = operation
        self.turn = threading.Lock()
        self.turn.acquire()
        self.done = False
        self.error: BaseException | None = None
        self.result: T | None = None

    def outcome(self) -> T:
        if self.error is not None:
            raise self.error
        return self.result  # type: ignore[return-value]


class GroupCommit:
    """Runs writes of many threads, each all or nothing, and returns to each after the commit that made it durable.

    One thread at a time leads: it runs all that waits, each write in a savepoint of its own, in one transaction, and
    then hands the lead to a thread that came meanwhile. A thread alone leads at once and waits for nobody.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._waiting: deque[_Ticket[Any]] = deque()
        self._led = False

    def run(self, operation: Operation[T]) -> T:
        """The operation's result once it is durable. What the operation raises undoes its own write alone.

        A commit that fails, fails for all that shared it.
        """
        ticket = _Ticket(operation)
        with self._lock:
            self._waiting.append(ticket)
            leads, self._led = not self._led, True
        if not leads:
            ticket.turn.acquire()
        if not ticket.done:
            self._lead()
        return ticket.outcome()

    def _lead(self) -> None:
        with self._lock:
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), BATCH))]
        try:
            self._commit(batch)
        finally:
            for ticket in batch:
                ticket.done = True
                ticket.turn.release()
            self._hand_over()

    def _hand_over(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting[0].turn.release()
            else:
                self._led = False

    def _commit(self, batch: list[_Ticket[Any]]) -> None:
        try:
            with self._database.write() as sql:
                for ticket in batch:
                    _attempt(sql, ticket)
        except BaseException as error:
            for ticket in batch:
                ticket.error = error


def _attempt(sql: sqlite3.Connection, ticket: _Ticket[Any]) -> None:
    sql.execute("SAVEPOINT one")
    try:
        ticket.result = ticket.operation(sql)
    except Exception as error:
        sql.execute("ROLLBACK TO one")
        ticket.error = error
    sql.execute("RELEASE one")
