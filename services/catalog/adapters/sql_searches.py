"""Saved searches in a table."""

from collections.abc import Collection
from dataclasses import asdict
from typing import Literal

from sqlalchemy import delete, select

from hub.sql.statements import SqlDatabase, hold, insert_into, overwrite_deleted, storable
from services.catalog.ports import SEARCHES_LIMIT, SavedSearch
from services.catalog.tables import searches

_OWNERS = 0x6875_6204
"""The space of the advisory locks under which an owner's searches are counted."""


class SqlSavedSearches:
    """services.catalog.ports.SavedSearches."""

    def __init__(self, database: SqlDatabase) -> None:
        self._database = database

    def add(self, search: SavedSearch) -> Literal["added", "full"]:
        others = select(searches.c.id).where(searches.c.owner == search.owner, searches.c.id != search.id)
        with self._database.writing() as sql:
            hold(sql, _OWNERS, search.owner)
            if len(sql.execute(others.limit(SEARCHES_LIMIT)).all()) == SEARCHES_LIMIT:
                return "full"
            inserted = insert_into(sql.dialect.name, searches)
            stored = sql.execute(
                inserted.on_conflict_do_update(
                    index_elements=[searches.c.id],
                    set_={name: inserted.excluded[name] for name in ("name", "query", "created_at")},
                    where=searches.c.owner == inserted.excluded.owner,
                ),
                asdict(search),
            )
            if not stored.rowcount:
                raise ValueError("the id belongs to another owner's search")
        return "added"

    def of(self, owners: Collection[str]) -> list[SavedSearch]:
        newest = select(searches).where(searches.c.owner.in_(owners))
        newest = newest.order_by(searches.c.created_at.desc(), searches.c.id).limit(SEARCHES_LIMIT)
        with self._database.reading() as sql:
            return [SavedSearch(*row) for row in sql.execute(newest)]

    def get(self, owners: Collection[str], search_id: str) -> SavedSearch | None:
        if not storable(search_id):
            return None
        with self._database.reading() as sql:
            row = sql.execute(select(searches).where(searches.c.id == search_id, searches.c.owner.in_(owners))).first()
        return SavedSearch(*row) if row else None

    def remove(self, owners: Collection[str], search_id: str) -> bool:
        if not storable(search_id):
            return False
        with self._database.writing() as sql:
            gone = sql.execute(delete(searches).where(searches.c.id == search_id, searches.c.owner.in_(owners)))
            return gone.rowcount > 0

    def forget(self, owner: str) -> None:
        with self._database.writing() as sql:
            overwrite_deleted(sql)
            sql.execute(delete(searches).where(searches.c.owner == owner))
        self._database.purge(searches.name)

    def close(self) -> None:
        """Nothing is held; the database is closed by whoever opened it."""
