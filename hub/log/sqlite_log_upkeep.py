"""Retention and compaction of the SQLite event log, in bounded steps between which producers get their turn."""

import sqlite3
from datetime import timedelta
from time import monotonic

from hub.log.sqlite_eventlog import Partition, SqliteEventLog
from hub.ports.clock import Clock, SystemClock

STEP_ENTRIES = 5_000
TOMBSTONE_HOURS = 24.0
EVERY_SECONDS = 60.0

# Nobody's backlog is dropped: where a group has a position in the partition, retention stops at it.
_RETAIN = """
DELETE FROM entries WHERE appended_ms < :cutoff AND at IN (
    SELECT at FROM entries WHERE at >= :first AND at < min(:beyond, :first + coalesce(
        (SELECT min(next_offset) FROM positions WHERE partition = :partition), :beyond - :first))
    ORDER BY at LIMIT :limit)
"""
# `newest_by_key` remembers where each key's newest compacted entry is, so that every entry is looked at once only.
_WINDOW_END = (
    "SELECT max(at) + 1 FROM (SELECT at FROM entries WHERE at >= :low AND at < :beyond ORDER BY at LIMIT :limit)"
)
_SUPERSEDED_BEFORE = """
DELETE FROM entries WHERE at IN (
    SELECT old.at FROM entries AS new JOIN newest_by_key AS old ON old.partition = :partition AND old.key = new.key
    WHERE new.at >= :low AND new.at < :high AND old.at < :low)
"""
_REMEMBER = """
INSERT OR REPLACE INTO newest_by_key (partition, key, at)
SELECT :partition, key, max(at) FROM entries WHERE at >= :low AND at < :high GROUP BY key
"""
_SUPERSEDED_WITHIN = """
DELETE FROM entries WHERE at >= :low AND at < :high AND at <> (
    SELECT at FROM newest_by_key AS kept WHERE kept.partition = :partition AND kept.key = entries.key)
"""
_OLD_TOMBSTONES = """
DELETE FROM entries WHERE at IN (
    SELECT at FROM entries WHERE value IS NULL AND at >= :first AND at < :high AND appended_ms < :cutoff LIMIT :limit)
RETURNING key
"""


class LogUpkeep:
    """A hub.ports.worker.Worker that drops what a topic's settings say need not be kept.

    `retention_hours`: entries older than that are dropped from the front, once every group has read them.
    `compacted`: of each key the newest entry is kept, a tombstone for TOMBSTONE_HOURS. Offsets never change, so that
    positions stay valid.
    """

    name = "log.upkeep"

    def __init__(self, log: SqliteEventLog, clock: Clock | None = None, step_entries: int = STEP_ENTRIES) -> None:
        self._log = log
        self._clock = clock or SystemClock()
        self._step_entries = step_entries
        self._rests_until = 0.0

    def step(self, timeout: float) -> int:
        """One round over the topics; returns how many entries were looked at or dropped, 0 while it rests."""
        if monotonic() < self._rests_until:
            self._log.wait(self._log.appends(), timeout)
            return 0
        handled = self.round()
        if not handled:
            self._rests_until = monotonic() + EVERY_SECONDS
        return handled

    def round(self) -> int:
        """At most `step_entries` entries of each partition; 0 when nothing is left to do."""
        handled = 0
        for topic in self._log.topics():
            for partition in self._log.partitions(topic.name):
                if topic.compacted:
                    handled += self._compact(partition)
                if topic.retention_hours is not None:
                    handled += self._retain(partition, topic.retention_hours)
        return handled

    def close(self) -> None:
        """Nothing is held between steps."""

    def _retain(self, partition: Partition, hours: float) -> int:
        values = self._values(partition, hours)
        oldest = (
            self._log.database.read()
            .execute("SELECT appended_ms FROM entries WHERE at >= :first AND at < :beyond ORDER BY at LIMIT 1", values)
            .fetchone()
        )
        if oldest is None or oldest[0] >= values["cutoff"]:
            return 0
        with self._log.database.write() as sql:
            return sql.execute(_RETAIN, values).rowcount

    def _compact(self, partition: Partition) -> int:
        values = self._values(partition, TOMBSTONE_HOURS)
        with self._log.database.write() as sql:
            (done,) = sql.execute("SELECT compacted_to FROM partitions WHERE id = :partition", values).fetchone()
            values["low"] = values["high"] = partition.first + done
            (end,) = sql.execute(_WINDOW_END, values).fetchone()
            if end is not None:
                values["high"] = end
                for statement in (_SUPERSEDED_BEFORE, _REMEMBER, _SUPERSEDED_WITHIN):
                    sql.execute(statement, values)
                sql.execute("UPDATE partitions SET compacted_to = :high - :first WHERE id = :partition", values)
            return values["high"] - values["low"] + _drop_tombstones(sql, values)

    def _values(self, partition: Partition, hours: float) -> dict[str, int]:
        cutoff = self._clock.now() - timedelta(hours=hours)
        return {
            "partition": partition.id,
            "first": partition.first,
            "beyond": partition.beyond,
            "cutoff": int(cutoff.timestamp() * 1_000),
            "limit": self._step_entries,
        }


def _drop_tombstones(sql: sqlite3.Connection, values: dict[str, int]) -> int:
    dropped = sql.execute(_OLD_TOMBSTONES, values).fetchall()
    sql.executemany(
        "DELETE FROM newest_by_key WHERE partition = ? AND key = ?", [(values["partition"], key) for (key,) in dropped]
    )
    return len(dropped)
