"""The audit trail in a table; its oldest entries are sealed into files once there are many."""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from queue import Empty, Queue
from typing import Any

from sqlalchemy import Connection, Select, and_, delete, desc, insert, or_, select

from hub.ports.audit import AuditEvent
from hub.sql.statements import SqlDatabase, hold, insert_into
from services.privacy.core.chain import START, Broken, Chain, Entry, chained
from services.privacy.ports import Selection
from services.privacy.tables import audit_entries, audit_head, audit_segments

log = logging.getLogger("hub.audit")
SEGMENT_ENTRIES = 100_000
"""So many are sealed into one file, once twice as many are in the table."""
QUEUED = 10_000
"""Events that wait to be written; who notes more waits too."""
AT_ONCE = 1_000
PAUSE_SECONDS = 0.2
"""Between writes: what was noted in it is lost by kill -9 or loss of power."""
RETRY_SECONDS = 2.0
FLUSH_SECONDS = 10.0
_WRITERS = 0x6875_6207
"""The space of the advisory lock under which entries are added."""
_END = None


class SqlAuditTrail:
    """services.privacy.ports.AuditStore.

    Several processes may note: each adds its batch under one lock. `note` returns before the event is written, and
    `close` once all are.
    """

    def __init__(self, database: SqlDatabase, folder: Path, segment: int = SEGMENT_ENTRIES) -> None:
        self._database = database
        self._folder = folder
        self._segment = segment
        self._queue: Queue[AuditEvent | None] = Queue(QUEUED)
        self._thread = threading.Thread(target=self._write_on, name="audit", daemon=True)
        self._thread.start()

    def note(self, event: AuditEvent) -> None:
        """See the port. Waits where very many events wait to be written."""
        self._queue.put(event)

    def close(self) -> None:
        """Write what waits; the database is closed by whoever opened it."""
        self._queue.put(_END)
        self._thread.join()

    def flush(self) -> None:
        """Return once all that was noted is written, or cannot be written for FLUSH_SECONDS."""
        with self._queue.all_tasks_done:
            self._queue.all_tasks_done.wait_for(lambda: not self._queue.unfinished_tasks, FLUSH_SECONDS)

    def entries(self, selection: Selection, limit: int) -> list[Entry]:
        """See the port."""
        self.flush()
        with self._database.reading() as sql:
            return [Entry(*row) for row in sql.execute(_selected(selection).limit(limit))]

    def everything(self) -> Iterator[Entry]:
        """See the port."""
        self.flush()
        number = 0
        for segment in self._segments():
            for entry in self._sealed(segment.file):
                yield entry
                number = entry.number
        while page := self._after(number):
            yield from page
            number = page[-1].number

    def verify(self) -> Broken | None:
        """See the port; a segment whose file is away is taken at its word, since the file may be kept elsewhere."""
        self.flush()
        while True:
            segments = self._segments()
            broken = self._followed(segments)
            if broken is None or segments == self._segments():  # else one was sealed meanwhile
                return broken

    def _followed(self, segments: Sequence[Any]) -> Broken | None:
        with self._database.reading() as sql:
            number, digest = _head(sql)
        chain = Chain()
        for segment in segments:
            if not (self._folder / segment.file).exists():
                chain.number, chain.hash = segment.last, segment.hash
            elif broken := chain.follow(self._sealed(segment.file)) or _differs(chain, segment.last, segment.hash):
                return broken
        while page := [entry for entry in self._after(chain.number) if entry.number <= number]:
            if broken := chain.follow(page):
                return broken
        return _differs(chain, number, digest)

    def missing_files(self) -> list[str]:
        """The names of sealed segments that are not in the folder."""
        return [segment.file for segment in self._segments() if not (self._folder / segment.file).exists()]

    def _write_on(self) -> None:
        ended = False
        while not ended:
            events, ended = self._waiting()
            while events and not self._tried(self._append, events) and not ended:
                time.sleep(RETRY_SECONDS)
            self._tried(self._seal)
            for _ in range(len(events) + ended):
                self._queue.task_done()

    def _tried(self, work: Callable[..., None], *arguments: Any) -> bool:
        """Whether it was done; nobody waits for the trail's thread, so that what goes wrong is logged."""
        try:
            work(*arguments)
        except Exception:
            log.exception("the audit trail cannot be written; about %d events wait", self._queue.unfinished_tasks)
            return False
        return True

    def _waiting(self) -> tuple[list[AuditEvent], bool]:
        """What is to be written next, and whether it is the last."""
        event = self._queue.get()
        events: list[AuditEvent] = []
        while event is not _END:
            events.append(event)
            if len(events) == AT_ONCE:
                return events, False
            try:
                event = self._queue.get(timeout=PAUSE_SECONDS if len(events) == 1 else 0.01)
            except Empty:
                return events, False
        return events, True

    def _append(self, events: Sequence[AuditEvent]) -> None:
        with self._database.writing() as sql:
            hold(sql, _WRITERS, "")
            entries = chained(events, *_head(sql))
            sql.execute(insert(audit_entries), [_row(entry) for entry in entries])
            _put_head(sql, entries[-1].number, entries[-1].hash)

    def _seal(self) -> None:
        """Move the oldest entries into a file, which is whole before they leave the table."""
        with self._database.writing() as sql:
            hold(sql, _WRITERS, "")
            last, _ = _head(sql)
            first = (sql.scalar(select(audit_entries.c.number).order_by(audit_entries.c.number).limit(1))) or last
            if last - first + 1 < 2 * self._segment:
                return
            bound = first + self._segment
            rows = sql.execute(_ordered().where(audit_entries.c.number < bound))
            file = f"audit-{first:012}.ndjson"
            digest = _write_file(self._folder / file, (Entry(*row) for row in rows))
            sql.execute(insert(audit_segments), {"first": first, "last": bound - 1, "hash": digest, "file": file})
            sql.execute(delete(audit_entries).where(audit_entries.c.number < bound))

    def _after(self, number: int) -> list[Entry]:
        with self._database.reading() as sql:
            return [
                Entry(*row) for row in sql.execute(_ordered().where(audit_entries.c.number > number).limit(AT_ONCE))
            ]

    def _segments(self) -> list[Any]:
        with self._database.reading() as sql:
            return list(sql.execute(select(audit_segments).order_by(audit_segments.c.first)))

    def _sealed(self, file: str) -> Iterator[Entry]:
        with (self._folder / file).open("rb") as lines:
            yield from map(Entry.from_line, lines)


def _differs(chain: Chain, number: int, digest: str) -> Broken | None:
    """Whether the trail that was followed ends elsewhere than it should."""
    if chain.number != number:
        return Broken(min(chain.number, number) + 1, "cut")
    return None if chain.hash == digest else Broken(number, "changed")


def _ordered() -> Select[Any]:
    return select(audit_entries).order_by(audit_entries.c.number)


def _selected(selection: Selection) -> Select[Any]:
    columns = audit_entries.c
    query = select(audit_entries).order_by(desc(columns.number))
    if selection.before:
        query = query.where(columns.number < selection.before)
    if selection.person:
        # A range, which an index finds; PostgreSQL takes no collation within BETWEEN.
        named = and_(columns.subject >= f"{selection.person} ", columns.subject <= f"{selection.person}!")
        query = query.where(or_(columns.account == selection.person, columns.subject == selection.person, named))
    if selection.since:
        query = query.where(columns.at >= selection.since)
    if selection.until:
        query = query.where(columns.at < selection.until)
    return query.where(*(columns[name] == value for name, value in selection.equal().items()))


def _row(entry: Entry) -> dict[str, object]:
    return {name: getattr(entry, name) for name in entry.__slots__}


def _head(sql: Connection) -> tuple[int, str]:
    row = sql.execute(select(audit_head.c.number, audit_head.c.hash)).first()
    return (row.number, row.hash) if row else (0, START)


def _put_head(sql: Connection, number: int, digest: str) -> None:
    head = insert_into(sql.dialect.name, audit_head).values(id=1, number=number, hash=digest)
    sql.execute(head.on_conflict_do_update(index_elements=["id"], set_={"number": number, "hash": digest}))


def _write_file(path: Path, entries: Iterator[Entry]) -> str:
    """Write the lines, for the owner alone; returns the last one's hash."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    beside = path.with_suffix(".new")
    digest = ""
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        for entry in entries:
            file.write(entry.to_line())
            digest = entry.hash
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    return digest
