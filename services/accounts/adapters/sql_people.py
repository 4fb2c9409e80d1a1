"""What the accounts' tables keep of a person: erased, and sealed where an earlier release kept it in clear."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, exists, or_, select, update

from hub.ports.personal import TOKEN_PREFIX
from hub.sql.statements import SqlDatabase, overwrite_deleted
from services.accounts.adapters.private import PrivateTexts
from services.accounts.adapters.sql_accounts import take_back
from services.accounts.tables import accounts, identities, invitations, memberships, sessions, sign_ins, tokens

_SEALED = f"{TOKEN_PREFIX}%"
_CLEAR: Mapping[Table, ColumnElement[bool]] = {
    identities: identities.c.sealed.is_(None),
    accounts: (accounts.c.kind == "person") & (accounts.c.name != "") & accounts.c.name.not_like(_SEALED),
    invitations: (invitations.c.email != "") & invitations.c.email.not_like(_SEALED),
}
"""Which rows of an earlier release have private values in clear."""
_CLEAR_CODES = sign_ins.c.sealed.is_(None) & (sign_ins.c.email != "")


class SqlPeople:
    """Beside SqlAccounts, on the same tables."""

    def __init__(self, database: SqlDatabase, private: PrivateTexts) -> None:
        self._database = database
        self._private = private

    def seal_clear(self) -> int:
        """Seal what is in clear, and leave nothing of it; how many rows there were. Codes are asked for anew."""
        with self._database.reading() as sql:
            if not any(sql.scalar(select(exists().where(clear))) for clear in (*_CLEAR.values(), _CLEAR_CODES)):
                return 0
        count = 0
        with self._database.writing() as sql:
            overwrite_deleted(sql)
            sql.execute(delete(sign_ins).where(_CLEAR_CODES))
            for table, clear in _CLEAR.items():
                for row in sql.execute(select(table).where(clear)).mappings().all():
                    same = [column == row[column.name] for column in table.primary_key.columns]
                    sql.execute(update(table).where(*same).values(self._sealed(table, row)))
                    count += 1
        self._purge()
        return count

    def subjects(self, account: str, addresses: set[str]) -> set[str]:
        """Whose keys seal what is kept of the account that has these e-mail addresses."""
        return {account, *map(self._private.of_address, addresses)}

    def erase(self, account: str, addresses: set[str], at: str) -> None:
        """Leave of the account its id alone, so that it is nobody else's ever."""
        codes = [self._private.fingerprint("email", address) for address in addresses]
        invited = [self._private.seal(self._private.of_address(address), address) for address in addresses]
        with self._database.writing() as sql:
            overwrite_deleted(sql)
            take_back(sql, account, at)
            sql.execute(update(accounts).where(accounts.c.id == account).values(name="", disabled_at=at))
            for table in (identities, memberships, tokens, sessions):
                sql.execute(delete(table).where(table.c.account == account))
            sql.execute(delete(sign_ins).where(or_(sign_ins.c.account == account, sign_ins.c.email.in_(codes))))
            sql.execute(delete(invitations).where(invitations.c.email.in_(invited)))
        self._purge()

    def _sealed(self, table: Table, row: Mapping[Any, Any]) -> dict[str, str]:
        """The columns of a row in clear as they are kept now."""
        if table is identities:
            return self._private.identity((row["scheme"], row["value"]), row["account"], row["verified_at"])
        if table is accounts:
            return {"name": self._private.seal(row["id"], row["name"])}
        return {"email": self._private.seal(self._private.of_address(row["email"]), row["email"])}

    def _purge(self) -> None:
        for table in (accounts, identities, memberships, tokens, sessions, sign_ins, invitations):
            self._database.purge(table.name)
