"""Managers of instruments in a table."""

from collections.abc import Collection

from sqlalchemy import bindparam, delete, insert, select

from hub.sql.statements import SqlDatabase, among, hold, storable
from services.booking.tables import managers

_LISTS = 0x6875_6212
"""The space of the advisory locks under which an organisation's lists are replaced."""
_OF = managers.c.organisation == bindparam("of")
_NAMED = select(managers.c.instrument, managers.c.account).where(_OF, among(managers.c.instrument, "instruments"))
_FORGET = delete(managers).where(_OF, managers.c.instrument == bindparam("on"))


class SqlManagers:
    """services.booking.ports.ManagerStore."""

    def __init__(self, database: SqlDatabase) -> None:
        self._database = database

    def named(self, organisation: str, instruments: Collection[str]) -> dict[str, frozenset[str]]:
        accounts: dict[str, frozenset[str]] = {}
        with self._database.reading() as sql:
            for instrument, account in sql.execute(_NAMED, {"of": organisation, "instruments": instruments}):
                accounts[instrument] = accounts.get(instrument, frozenset()) | {account}
        return accounts

    def name(self, organisation: str, instrument: str, accounts: Collection[str]) -> None:
        rows = [
            {"organisation": organisation, "instrument": instrument, "account": account}
            for account in sorted(set(accounts))
            if storable(account)
        ]
        with self._database.writing() as sql:
            hold(sql, _LISTS, organisation)
            sql.execute(_FORGET, {"of": organisation, "on": instrument})
            if rows:
                sql.execute(insert(managers), rows)

    def close(self) -> None:
        """Nothing is held; the database is closed by whoever opened it."""
