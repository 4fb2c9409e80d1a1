"""Locks on the records that a batch reads and writes, so that workers on different partitions curate side by side."""

from collections.abc import Collection
from typing import Any

from psycopg import Connection

from hub.log.partitioner import partition_of
from hub.ports.records import Interfered

BUCKETS = 960
"""Records share this many locks: few enough for a server's lock table, and a multiple of most numbers of partitions.

Where it is one, a worker's records have the locks that no other worker's records have, because ids are placed on
partitions by the same hash. Where it is none, workers wait for each other more often, and that is all.
"""
_SPACE = 0x6875_6202


class RecordLocks:
    """Advisory locks of one transaction, released when it ends.

    Locks are waited for in ascending order only, so that no two batches wait for each other. What is found to be needed
    out of order, such as the record that another one is joined to, is tried; if somebody has it, the batch is to begin
    again with all that it `needed`.
    """

    def __init__(self, sql: Connection[Any], needed_before: Collection[int] = ()) -> None:
        self._sql = sql
        self._ids: set[str] = set()
        self._held: set[int] = set()
        self.needed: set[int] = set()
        self._wait_for(set(needed_before))

    def take(self, ids: Collection[str]) -> None:
        """Hold these records until the transaction ends. Raises Interfered where another batch holds one out of order.

        What is read afterwards stays true, because everybody reads and writes records under these locks.
        """
        fresh = set(ids) - self._ids
        wanted = {partition_of(record_id.encode(), BUCKETS) for record_id in fresh} - self._held
        if wanted and (not self._held or min(wanted) > max(self._held)):
            self._wait_for(wanted)
        elif wanted:
            self._try_for(wanted)
        self._ids |= fresh

    def _wait_for(self, buckets: set[int]) -> None:
        self.needed |= buckets
        if buckets:
            self._sql.execute(
                "SELECT pg_advisory_xact_lock(%s, bucket) FROM unnest(%s::integer[]) AS bucket",
                (_SPACE, sorted(buckets)),
            )
        self._held |= buckets

    def _try_for(self, buckets: set[int]) -> None:
        self.needed |= buckets
        got = self._sql.execute(
            "SELECT bool_and(pg_try_advisory_xact_lock(%s, bucket)) FROM unnest(%s::integer[]) AS bucket",
            (_SPACE, sorted(buckets)),
        ).fetchone()
        if got != (True,):
            raise Interfered("another batch holds a record that this one needs")
        self._held |= buckets
