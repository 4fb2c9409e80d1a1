"""The organisations that curation asks after."""

from sqlalchemy import select

from hub.sql.statements import SqlDatabase
from services.accounts.tables import IS_VERIFIED, tenancies


class SqlTenancies:
    """hub.ports.tenancies.Tenancies."""

    def __init__(self, database: SqlDatabase) -> None:
        self._database = database

    def verified_codes(self) -> dict[str, str]:
        """See the port."""
        chosen = select(tenancies.c.id, tenancies.c.credit_code).where(IS_VERIFIED)
        with self._database.reading() as sql:
            return {row.id: row.credit_code for row in sql.execute(chosen)}

    def close(self) -> None:
        """Nothing is held; the database is closed by whoever opened it."""
