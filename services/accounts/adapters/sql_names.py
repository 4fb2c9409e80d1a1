"""The names of accounts and organisations, for services that keep their ids."""

from collections.abc import Collection

from sqlalchemy import select

from hub.sql.statements import SqlDatabase, among, storable_among
from hub.text.language import Bilingual
from services.accounts.adapters.private import PrivateTexts
from services.accounts.tables import accounts, tenancies

_ORGANISATIONS = select(tenancies.c.id, tenancies.c.name_zh, tenancies.c.name_en).where(among(tenancies.c.id, "ids"))
_ACCOUNTS = select(accounts.c.id, accounts.c.name, accounts.c.name.label("same")).where(among(accounts.c.id, "ids"))


class SqlNames:
    """hub.ports.names.Names."""

    def __init__(self, database: SqlDatabase, private: PrivateTexts) -> None:
        self._database = database
        self._private = private

    def of(self, ids: Collection[str]) -> dict[str, Bilingual]:
        known = {"ids": storable_among(ids)}
        with self._database.reading() as sql:
            rows = [row for query in (_ORGANISATIONS, _ACCOUNTS) for row in sql.execute(query, known)]
        texts = self._private.open({text for _, zh, en in rows for text in (zh, en)})
        return {known_by: Bilingual(texts[zh], texts[en]) for known_by, zh, en in rows if texts[zh]}

    def close(self) -> None:
        """Nothing is held; the database is closed by whoever opened it."""
