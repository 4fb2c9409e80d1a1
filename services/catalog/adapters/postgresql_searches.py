"""Saved searches on PostgreSQL."""

from typing import Literal
from zlib import crc32

from hub.sql.postgresql import PostgresDatabase, storable
from services.catalog.ports import SEARCHES_LIMIT, SavedSearch

_OWNERS = 0x6875_6204
"""The space of the advisory locks under which an owner's searches are counted."""
_COLUMNS = "id, owner, name, query, created_at"


class PostgresSavedSearches:
    """services.catalog.ports.SavedSearches."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    def add(self, search: SavedSearch) -> Literal["added", "full"]:
        """See the port."""
        with self._database.write() as sql:
            lock = crc32(search.owner.encode()) - 2**31
            sql.execute("SELECT pg_advisory_xact_lock(%s, %s::integer)", (_OWNERS, lock))
            others = sql.execute(
                "SELECT 1 FROM searches WHERE owner = %s AND id <> %s LIMIT %s",
                (search.owner, search.id, SEARCHES_LIMIT),
            ).fetchall()
            if len(others) == SEARCHES_LIMIT:
                return "full"
            stored = sql.execute(
                f"INSERT INTO searches AS kept ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s) ON CONFLICT (id) DO UPDATE "
                "SET name = excluded.name, query = excluded.query, created_at = excluded.created_at "
                "WHERE kept.owner = excluded.owner",
                (search.id, search.owner, search.name, search.query, search.created_at),
            )
            if not stored.rowcount:
                raise ValueError("the id belongs to another owner's search")
        return "added"

    def of(self, owner: str) -> list[SavedSearch]:
        """See the port."""
        with self._database.read() as sql:
            rows = sql.execute(
                f"SELECT {_COLUMNS} FROM searches WHERE owner = %s ORDER BY created_at DESC, id LIMIT %s",
                (owner, SEARCHES_LIMIT),
            )
            return [SavedSearch(*row) for row in rows]

    def get(self, owner: str, search_id: str) -> SavedSearch | None:
        """See the port."""
        if not storable(search_id):
            return None
        query = f"SELECT {_COLUMNS} FROM searches WHERE id = %s AND owner = %s"
        with self._database.read() as sql:
            row = sql.execute(query, (search_id, owner)).fetchone()
        return SavedSearch(*row) if row else None

    def remove(self, owner: str, search_id: str) -> bool:
        """See the port."""
        if not storable(search_id):
            return False
        with self._database.write() as sql:
            gone = sql.execute("DELETE FROM searches WHERE id = %s AND owner = %s", (search_id, owner))
            return gone.rowcount > 0

    def close(self) -> None:
        """Nothing is held; the database is closed by whoever opened it."""
