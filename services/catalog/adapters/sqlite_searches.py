"""Saved searches in one SQLite file."""

from pathlib import Path
from typing import Literal

from hub.sql.sqlite import Database
from services.catalog.ports import SEARCHES_LIMIT, SavedSearch

_SCHEMA = """
CREATE TABLE IF NOT EXISTS searches (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, name TEXT NOT NULL, query TEXT NOT NULL, created_at TEXT NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX IF NOT EXISTS searches_of ON searches (owner, created_at DESC, id);
"""
_COLUMNS = "id, owner, name, query, created_at"


class SqliteSavedSearches:
    """services.catalog.ports.SavedSearches."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, _SCHEMA)

    def add(self, search: SavedSearch) -> Literal["added", "full"]:
        """See the port."""
        with self._database.write() as sql:
            known = sql.execute("SELECT owner FROM searches WHERE id = ?", (search.id,)).fetchone()
            if known and known[0] != search.owner:
                raise ValueError("the id belongs to another owner's search")
            (kept,) = sql.execute("SELECT count(*) FROM searches WHERE owner = ?", (search.owner,)).fetchone()
            if kept >= SEARCHES_LIMIT and not known:
                return "full"
            sql.execute(
                f"INSERT OR REPLACE INTO searches ({_COLUMNS}) VALUES (?, ?, ?, ?, ?)",
                (search.id, search.owner, search.name, search.query, search.created_at),
            )
        return "added"

    def of(self, owner: str) -> list[SavedSearch]:
        """See the port."""
        rows = self._database.read().execute(
            f"SELECT {_COLUMNS} FROM searches WHERE owner = ? ORDER BY created_at DESC, id LIMIT ?",
            (owner, SEARCHES_LIMIT),
        )
        return [SavedSearch(*row) for row in rows]

    def get(self, owner: str, search_id: str) -> SavedSearch | None:
        """See the port."""
        row = (
            self._database.read()
            .execute(f"SELECT {_COLUMNS} FROM searches WHERE id = ? AND owner = ?", (search_id, owner))
            .fetchone()
        )
        return SavedSearch(*row) if row else None

    def remove(self, owner: str, search_id: str) -> bool:
        """See the port."""
        with self._database.write() as sql:
            gone = sql.execute("DELETE FROM searches WHERE id = ? AND owner = ?", (search_id, owner))
        return gone.rowcount > 0

    def close(self) -> None:
        """See the port."""
        self._database.close()
