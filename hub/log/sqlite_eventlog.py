"""The event log in one SQLite file: for one machine, without servers."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from uuid import uuid4

from hub.kernel.entries import Delivered, Entry
from hub.log.headers import pack, unpack
from hub.log.partitioner import partition_of
from hub.ports.clock import Clock, SystemClock
from hub.ports.eventlog import Fenced, Topic, UnknownTopic, check_sizes
from hub.sql.sqlite import Database

POLL_LIMIT = 20_000
OTHER_PROCESSES_SECONDS = 0.05

OFFSET_BITS = 40
"""Of an entry's row id, below its partition's number: a partition is one range of rows in the order of offsets, and
reading it never sorts."""


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition of a topic; its entries have the row ids from `first` up to `first` + 2**OFFSET_BITS."""

    id: int
    topic: str
    number: int

    @property
    def first(self) -> int:
        return self.id << OFFSET_BITS

    @property
    def beyond(self) -> int:
        return (self.id + 1) << OFFSET_BITS


class SqliteEventLog:
    """hub.ports.eventlog.EventLog for any number of producers and one active consumer a group.

    A group's newest member takes all partitions over and the older one is fenced; sharing a group's partitions among
    members is what Kafka adds.
    """

    def __init__(self, path: Path, clock: Clock | None = None) -> None:
        self.database = Database(path, "PRAGMA wal_autocheckpoint=8000", store="log")
        self._clock = clock or SystemClock()
        self._partitions: dict[str, tuple[Partition, ...]] = {}
        self._appended = threading.Condition()
        self._appends = 0

    def create_topics(self, topics: Iterable[Topic]) -> None:
        with self.database.write() as sql:
            for topic in topics:
                created = sql.execute(
                    "INSERT INTO topics (name, partitions, compacted, retention_hours) VALUES (?, ?, ?, ?) "
                    "ON CONFLICT DO NOTHING RETURNING id",
                    (topic.name, topic.partitions, topic.compacted, topic.retention_hours),
                ).fetchone()
                if created:
                    numbers = [(created[0], number) for number in range(topic.partitions)]
                    sql.executemany("INSERT INTO partitions (topic, number) VALUES (?, ?)", numbers)

    def topics(self) -> list[Topic]:
        """Every topic that has been created, by name."""
        rows = self.database.read().execute(
            "SELECT name, partitions, compacted, retention_hours FROM topics ORDER BY name"
        )
        return [Topic(name, partitions, bool(compacted), hours) for name, partitions, compacted, hours in rows]

    def differences(self, topics: Iterable[Topic]) -> list[str]:
        real = {topic.name: topic for topic in self.topics()}
        differences = []
        for wanted in topics:
            there = real.get(wanted.name)
            if there is None:
                differences.append(f"topic {wanted.name} is missing")
                continue
            for setting in ("partitions", "compacted", "retention_hours"):
                is_now, should = getattr(there, setting), getattr(wanted, setting)
                if is_now != should:
                    differences.append(f"topic {wanted.name}: {setting} is {is_now}, wanted {should}")
        return differences

    def append(self, topic: str, entries: Sequence[Entry]) -> None:
        """See the port; at most APPEND_LIMIT entries of at most ENTRY_BYTES_LIMIT bytes each."""
        partitions = self.partitions(topic)
        placed = _placed(topic, entries, len(partitions))
        now = int(self._clock.now().timestamp() * 1_000)
        with self.database.write() as sql:
            for number, rows in placed.items():
                partition = partitions[number]
                (offset,) = sql.execute("SELECT next_offset FROM partitions WHERE id = ?", (partition.id,)).fetchone()
                start = partition.first + offset
                sql.executemany(
                    "INSERT INTO entries (at, appended_ms, key, headers, value) VALUES (?, ?, ?, ?, ?)",
                    [(at, now, key, headers, value) for at, (key, headers, value) in enumerate(rows, start)],
                )
                sql.execute("UPDATE partitions SET next_offset = ? WHERE id = ?", (offset + len(rows), partition.id))
        with self._appended:
            self._appends += 1
            self._appended.notify_all()

    def consumer(self, group: str, topics: Sequence[str]) -> "SqliteConsumer":
        """See the port. All members of a group name the same topics."""
        return SqliteConsumer(self, group, [part for topic in topics for part in self.partitions(topic)])

    def end_offsets(self, topic: str) -> Mapping[int, int]:
        rows = self.database.read().execute(
            "SELECT number, next_offset FROM partitions JOIN topics ON topics.id = topic WHERE name = ?", (topic,)
        )
        return dict(rows.fetchall())

    def close(self) -> None:
        """See the port; consumers must have been closed."""
        self.database.close()

    def partitions(self, topic: str) -> tuple[Partition, ...]:
        """The topic's partitions by number; UnknownTopic where there is no such topic."""
        known = self._partitions.get(topic)
        if known is None:
            rows = self.database.read().execute(
                "SELECT partitions.id, number FROM partitions JOIN topics ON topics.id = topic "
                "WHERE name = ? ORDER BY number",
                (topic,),
            )
            known = tuple(Partition(row, topic, number) for row, number in rows)
            if not known:
                raise UnknownTopic(topic)
            self._partitions[topic] = known
        return known

    def appends(self) -> int:
        """How often this process has appended; to be handed to `wait`."""
        return self._appends

    def wait(self, seen: int, seconds: float) -> None:
        """Wait for an append of this process after `seen`."""
        with self._appended:
            if self._appends == seen:
                self._appended.wait(seconds)


class SqliteConsumer:
    """hub.ports.eventlog.Consumer; belongs to one thread at a time."""

    def __init__(self, log: SqliteEventLog, group: str, partitions: list[Partition]) -> None:
        self._log = log
        self._group = group
        self._partitions = partitions
        self._by_name = {(partition.topic, partition.number): partition for partition in partitions}
        self._member = uuid4().hex
        self._joined = False
        self._next: dict[int, int] = {}
        self._turn = 0

    def poll(self, limit: int, timeout: float) -> list[Delivered]:
        """See the port; at most POLL_LIMIT. A fenced member is given nothing."""
        limit = min(limit, POLL_LIMIT)
        deadline = monotonic() + timeout
        changes = -1
        while True:
            seen = self._log.appends()
            now = self._changes()
            if now != changes and self._is_active():
                entries = self._read(limit)
                if entries:
                    return entries
            changes = now
            remaining = deadline - monotonic()
            if remaining <= 0:
                return []
            self._log.wait(seen, min(remaining, OTHER_PROCESSES_SECONDS))

    def commit(self, done: Iterable[Delivered]) -> None:
        """See the port; loss of power may take the newest positions back, and their entries are delivered again."""
        reached: dict[int, int] = {}
        for entry in done:
            partition = self._by_name[entry.topic, entry.partition].id
            reached[partition] = max(reached.get(partition, 0), entry.offset + 1)
        if not reached:
            return
        if not self._joined:
            self._join()
        with self._log.database.note() as sql:
            if self._owner() != self._member:
                raise Fenced(f"group {self._group} has a newer member")
            sql.executemany(
                "INSERT INTO positions (consumer_group, partition, next_offset) VALUES (?, ?, ?) "
                "ON CONFLICT DO UPDATE SET next_offset = excluded.next_offset",
                [(self._group, partition, offset) for partition, offset in reached.items()],
            )

    def rewind(self) -> None:
        if not self._joined:
            self._join()
        self._next = dict.fromkeys(self._next, 0)

    def lag(self) -> int:
        """See the port; entries that compaction or retention took from the front do not count."""
        stored = self._stored()
        total = 0
        with self._log.database.snapshot() as sql:
            for part in self._partitions:
                (end,) = sql.execute("SELECT next_offset FROM partitions WHERE id = ?", (part.id,)).fetchone()
                (unread,) = sql.execute(
                    "SELECT min(at) FROM entries WHERE at >= ? AND at < ?",
                    (part.first + stored.get(part.id, 0), part.beyond),
                ).fetchone()
                total += 0 if unread is None else end - (unread - part.first)
        return total

    def close(self) -> None:
        """Leave the group, so that another member may go on."""
        if self._joined:
            with self._log.database.write() as sql:
                sql.execute(
                    "UPDATE groups SET member = NULL WHERE name = ? AND member = ?", (self._group, self._member)
                )
            self._joined = False

    def _read(self, limit: int) -> list[Delivered]:
        entries: list[Delivered] = []
        self._turn += 1
        sql = self._log.database.read()
        for index in range(len(self._partitions)):
            part = self._partitions[(self._turn + index) % len(self._partitions)]
            first, topic, number = part.first, part.topic, part.number
            rows = sql.execute(
                "SELECT at, key, value, headers FROM entries WHERE at >= ? AND at < ? ORDER BY at LIMIT ?",
                (first + self._next.get(part.id, 0), part.beyond, limit - len(entries)),
            ).fetchall()
            if rows:
                entries += [
                    Delivered(topic, number, at - first, key, value, unpack(headers))
                    for at, key, value, headers in rows
                ]
                self._next[part.id] = entries[-1].offset + 1
            if len(entries) >= limit:
                break
        return entries

    def _is_active(self) -> bool:
        """Whether this member holds the partitions; joins where it never has or where nobody does."""
        owner = self._owner()
        if owner == self._member:
            return True
        if self._joined and owner is not None:
            return False
        self._join()
        return True

    def _join(self) -> None:
        with self._log.database.write() as sql:
            sql.execute(
                "INSERT INTO groups (name, member) VALUES (?, ?) ON CONFLICT DO UPDATE SET member = excluded.member",
                (self._group, self._member),
            )
        self._joined = True
        stored = self._stored()
        self._next = {part.id: stored.get(part.id, 0) for part in self._partitions}

    def _owner(self) -> str | None:
        row = self._log.database.read().execute("SELECT member FROM groups WHERE name = ?", (self._group,)).fetchone()
        return row[0] if row else None

    def _stored(self) -> dict[int, int]:
        rows = self._log.database.read().execute(
            "SELECT partition, next_offset FROM positions WHERE consumer_group = ?", (self._group,)
        )
        return dict(rows.fetchall())

    def _changes(self) -> int:
        """A number that changes whenever anybody, in this or another process, has changed the file."""
        (version,) = self._log.database.read().execute("PRAGMA data_version").fetchone()
        return int(version)


def _placed(
    topic: str, entries: Sequence[Entry], partitions: int
) -> dict[int, list[tuple[bytes, bytes, bytes | None]]]:
    check_sizes(topic, entries)
    placed: dict[int, list[tuple[bytes, bytes, bytes | None]]] = {}
    for entry in entries:
        key, value, headers = entry.key, entry.value, pack(entry.headers)
        placed.setdefault(partition_of(key, partitions), []).append((key, headers, value))
    return placed
