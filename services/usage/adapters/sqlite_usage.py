"""Usage in one SQLite file: the indicators, and for the embedded hub the state that they are counted in."""

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from hub.sql.sqlite import Database
from schemas.events.usage import MonthUsage, moment_text
from schemas.http.usage import Scope
from services.usage.core.counting import MonthFull, absorb, indicators
from services.usage.core.facts import Fact
from services.usage.ports import Indicators

IDS_LIMIT = 500
CACHED_VALUES = 5_000
"""Values of the state that one batch holds in memory."""

_PUT = """
INSERT INTO months VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
    record_version = excluded.record_version, revision = excluded.revision, effective = excluded.effective,
    external = excluded.external, bookings = excluded.bookings, laboratory = excluded.laboratory,
    organisation = excluded.organisation, county = excluded.county
WHERE (excluded.record_version, excluded.revision) >= (record_version, revision)
"""
_SUMS = """
SELECT month, sum(effective), sum(external), sum(bookings) FROM months
WHERE {scope} IN ({ids}) AND month BETWEEN ? AND ? GROUP BY month ORDER BY month
"""
_NO_SHOWS = """
SELECT months.month, count(*) FROM months JOIN unattended USING (instrument, month)
WHERE {scope} IN ({ids}) AND months.month BETWEEN ? AND ? AND bookings > 0 AND due <= ? GROUP BY months.month
"""


class SqliteUsage:
    """services.usage.ports.UsageStore, and `apply` for the worker that counts on the embedded log."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, store="usage")

    def put(self, rows: Sequence[MonthUsage]) -> None:
        with self._database.write() as sql:
            _put(sql, rows)

    def apply(self, facts: Iterable[Fact]) -> list[Fact]:
        """Take the facts into the state and put the indicators that they change, all in one transaction.

        Returns the facts that their months have no room for.
        """
        refused: list[Fact] = []
        touched: set[tuple[str, str]] = set()
        with self._database.write() as sql:
            state = _TableState(sql)
            for fact in facts:
                try:
                    touched |= absorb(state, fact)
                except MonthFull:
                    refused.append(fact)
                state.keep_small()
            changed = iter(sorted(touched))
            while some := list(islice(changed, 1_000)):
                _put(sql, [indicators(state, *one) for one in some])
                state.keep_small()
            state.save()
        return refused

    def indicators(self, scope: Scope, ids: Collection[str], first: str, last: str, now: datetime) -> list[Indicators]:
        """See the port; at most IDS_LIMIT ids."""
        wanted = sorted(set(ids))[:IDS_LIMIT]
        names = {"scope": scope, "ids": ", ".join("?" * len(wanted))}
        with self._database.snapshot() as sql:
            missed = dict(sql.execute(_NO_SHOWS.format(**names), (*wanted, first, last, moment_text(now))).fetchall())
            sums = sql.execute(_SUMS.format(**names), (*wanted, first, last)).fetchall()
        return [Indicators(month, ran, others, booked, missed.get(month, 0)) for month, ran, others, booked in sums]

    def close(self) -> None:
        self._database.close()


class _TableState:
    """services.usage.core.counting.State on the table, within one transaction; each value is read and written once."""

    def __init__(self, sql: sqlite3.Connection) -> None:
        self._sql = sql
        self._values: dict[str, Any] = {}
        self._changed: set[str] = set()

    def get(self, key: str) -> Any:
        if key not in self._values:
            row = self._sql.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
            self._values[key] = orjson.loads(row[0]) if row else None
        return self._values[key]

    def put(self, key: str, value: Any) -> None:
        self._values[key] = value
        self._changed.add(key)

    def keep_small(self) -> None:
        if len(self._values) > CACHED_VALUES:
            self.save()
            self._values.clear()

    def save(self) -> None:
        changed = ((key, orjson.dumps(self._values[key])) for key in sorted(self._changed))
        self._sql.executemany("INSERT OR REPLACE INTO state VALUES (?, ?)", changed)
        self._changed.clear()


def _put(sql: sqlite3.Connection, rows: Iterable[MonthUsage]) -> None:
    for row in rows:
        name = (row.instrument_id, row.month)
        values = (row.record_version, row.revision, row.effective_seconds, row.external_seconds, row.bookings)
        if not sql.execute(_PUT, (*name, *values, row.laboratory, row.organisation, row.county)).rowcount:
            continue
        sql.execute("DELETE FROM unattended WHERE instrument = ? AND month = ?", name)
        due = [(*name, number, moment) for number, moment in enumerate(row.unattended)]
        sql.executemany("INSERT INTO unattended VALUES (?, ?, ?, ?)", due)
