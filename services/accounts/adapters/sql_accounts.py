"""Accounts, organisations and who belongs to which, in tables."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from hub.sql.statements import SqlDatabase, hold, insert_into, storable
from services.accounts.adapters.private import Identity, PrivateTexts
from services.accounts.adapters.rows import labelled, read, read_joined, row_of
from services.accounts.core.values import (
    Account,
    Invitation,
    InvitationState,
    Membership,
    Tenancy,
    TenancyState,
)
from services.accounts.tables import (
    accounts,
    identities,
    invitations,
    memberships,
    sessions,
    tenancies,
    tokens,
)

MEMBERS, CODES = 0x6875_6210, 0x6875_6211
"""Spaces of advisory locks: an organisation's members, and verified credit codes, change one at a time."""


class SqlAccounts:
    """What is known of accounts and organisations. Every method is one transaction."""

    def __init__(self, database: SqlDatabase, private: PrivateTexts) -> None:
        self._database = database
        self.private = private

    def add_account(self, account: Account, known_by: Iterable[Identity] = ()) -> Account:
        """Add the account, a person's name sealed; where one of the identities is another's, that one instead."""
        rows = [self.private.identity(identity, account.id, account.created_at) for identity in known_by]
        if account.kind == "person":
            account = replace(account, name=self.private.seal(account.id, account.name))
        try:
            with self._database.writing() as sql:
                for row in rows:
                    if not _claim(sql, row):
                        raise _Known(_account_of(sql, row["scheme"], row["value"]))
                sql.execute(accounts.insert(), row_of(account))
        except _Known as known:
            return known.account
        return account

    def claim(self, identity: Identity, account: str, at: str) -> bool:
        """Whether the account is known by the identity from now on: False where another is."""
        row = self.private.identity(identity, account, at)
        with self._database.writing() as sql:
            return _claim(sql, row)

    def account(self, account_id: str) -> Account | None:
        if not storable(account_id):
            return None
        with self._database.reading() as sql:
            row = sql.execute(select(accounts).where(accounts.c.id == account_id)).mappings().first()
        return read(Account, row) if row else None

    def account_of(self, identity: Identity) -> Account | None:
        """Whoever is known by the identity."""
        if not all(map(storable, identity)):
            return None
        scheme, value = identity
        fingerprint = self.private.fingerprint(scheme, value)
        with self._database.reading() as sql:
            return _account_of(sql, scheme, fingerprint)

    def accounts(self, most: int) -> list[tuple[Account, list[Identity]]]:
        """The newest accounts, with what they are known by."""
        newest = select(accounts).order_by(accounts.c.created_at.desc(), accounts.c.id).limit(most)
        with self._database.reading() as sql:
            listed = [read(Account, row) for row in sql.execute(newest).mappings()]
        return [(account, self.identities(account.id)) for account in listed]

    def identities(self, account_id: str) -> list[Identity]:
        """The oldest first; the value is empty where it cannot be opened."""
        chosen = select(identities.c.scheme, identities.c.sealed).where(identities.c.account == account_id)
        with self._database.reading() as sql:
            rows = sql.execute(chosen.order_by(identities.c.verified_at, identities.c.scheme)).all()
        opened = self.private.open([row.sealed for row in rows])
        return [(row.scheme, opened[row.sealed]) for row in rows]

    def names(self, kept: Collection[Account]) -> Mapping[str, str]:
        """The accounts' names as people read them, by the accounts' ids."""
        opened = self.private.open([account.name for account in kept])
        return {account.id: opened[account.name] for account in kept}

    def change_account(self, account_id: str, **changed: str | None) -> bool:
        """Set `name`, which is sealed, or `disabled_at`; False where there is no such account."""
        if name := changed.get("name"):
            changed = {**changed, "name": self.private.seal(account_id, name)}
        with self._database.writing() as sql:
            if at := changed.get("disabled_at"):
                take_back(sql, account_id, at)
            return sql.execute(update(accounts).where(accounts.c.id == account_id).values(**changed)).rowcount > 0

    def add_tenancy(self, tenancy: Tenancy, first: Membership | None = None) -> None:
        with self._database.writing() as sql:
            sql.execute(tenancies.insert(), row_of(tenancy))
            if first:
                sql.execute(memberships.insert(), row_of(first))

    def tenancy(self, tenancy_id: str) -> Tenancy | None:
        if not storable(tenancy_id):
            return None
        with self._database.reading() as sql:
            row = sql.execute(select(tenancies).where(tenancies.c.id == tenancy_id)).mappings().first()
        return read(Tenancy, row) if row else None

    def tenancies(self, state: TenancyState | None, most: int, after: tuple[str, str] = ("", "")) -> list[Tenancy]:
        """The oldest first, after that time and id."""
        chosen = select(tenancies).order_by(tenancies.c.created_at, tenancies.c.id).limit(most)
        later = (tenancies.c.created_at > after[0]) | (
            (tenancies.c.created_at == after[0]) & (tenancies.c.id > after[1])
        )
        chosen = chosen.where(later) if state is None else chosen.where(later, tenancies.c.state == state)
        with self._database.reading() as sql:
            return [read(Tenancy, row) for row in sql.execute(chosen).mappings()]

    def change_tenancy(self, tenancy_id: str, change: Callable[[Tenancy], Tenancy]) -> Tenancy | None:
        """Replace it by what `change` makes of it; None where there is none.

        Raises CodeTaken where another verified organisation has its credit code.
        """
        with self._database.writing() as sql:
            hold(sql, CODES, "")
            row = sql.execute(select(tenancies).where(tenancies.c.id == tenancy_id)).mappings().first()
            if row is None:
                return None
            changed = change(read(Tenancy, row))
            others = select(func.count()).where(
                tenancies.c.credit_code == changed.credit_code,
                tenancies.c.state == "verified",
                tenancies.c.id != tenancy_id,
            )
            if changed.state == "verified" and changed.credit_code and sql.scalar(others):
                raise CodeTaken(changed.credit_code)
            sql.execute(update(tenancies).where(tenancies.c.id == tenancy_id).values(**row_of(changed)))
        return changed

    def membership(self, account_id: str, tenancy_id: str) -> Membership | None:
        if not storable(account_id) or not storable(tenancy_id):
            return None
        chosen = select(memberships).where(memberships.c.account == account_id, memberships.c.tenancy == tenancy_id)
        with self._database.reading() as sql:
            row = sql.execute(chosen).mappings().first()
        return read(Membership, row) if row else None

    def organisations_of(self, account_id: str) -> list[tuple[Membership, Tenancy]]:
        """The oldest membership first."""
        chosen = (
            select(*labelled(memberships), *labelled(tenancies))
            .join(tenancies, tenancies.c.id == memberships.c.tenancy)
            .where(memberships.c.account == account_id)
            .order_by(memberships.c.since, memberships.c.tenancy)
        )
        with self._database.reading() as sql:
            rows = sql.execute(chosen).mappings().all()
        return [(read(Membership, row, "memberships__"), read(Tenancy, row, "tenancies__")) for row in rows]

    def members_of(
        self, tenancy_id: str, most: int, after: tuple[str, str] = ("", "")
    ) -> list[tuple[Membership, Account]]:
        """Who belongs to it, the oldest first, after that time and account id."""
        later = (memberships.c.since > after[0]) | (
            (memberships.c.since == after[0]) & (memberships.c.account > after[1])
        )
        chosen = (
            select(*labelled(memberships), *labelled(accounts))
            .join(accounts, accounts.c.id == memberships.c.account)
            .where(memberships.c.tenancy == tenancy_id, later)
            .order_by(memberships.c.since, memberships.c.account)
            .limit(most)
        )
        with self._database.reading() as sql:
            rows = sql.execute(chosen).mappings().all()
        return [(read(Membership, row, "memberships__"), read(Account, row, "accounts__")) for row in rows]

    def change_membership(
        self, tenancy_id: str, account_id: str, change: Callable[[Sequence[Membership]], Membership | None], at: str
    ) -> None:
        """Have `change` see all members, alone, and keep what it makes of this one; who is let go loses all."""
        mine = (memberships.c.tenancy == tenancy_id) & (memberships.c.account == account_id)
        with self._database.writing() as sql:
            hold(sql, MEMBERS, tenancy_id)
            rows = sql.execute(select(memberships).where(memberships.c.tenancy == tenancy_id)).mappings()
            kept = change([read(Membership, row) for row in rows])
            sql.execute(delete(memberships).where(mine))
            if kept is None or not kept.administrator:
                take_back(sql, account_id, at, tenancy_id)
            if kept:
                sql.execute(memberships.insert(), row_of(kept))
                return
            theirs = (tokens.c.tenancy == tenancy_id) & (tokens.c.account == account_id)
            sql.execute(update(tokens).where(theirs, tokens.c.revoked_at.is_(None)).values(revoked_at=at))
            acting = (sessions.c.tenancy == tenancy_id) & (sessions.c.account == account_id)
            sql.execute(update(sessions).where(acting).values(tenancy=""))

    def add_invitation(self, invitation: Invitation) -> None:
        email = invitation.email and self.private.seal(self.private.of_address(invitation.email), invitation.email)
        with self._database.writing() as sql:
            sql.execute(invitations.insert(), {**row_of(invitation), "email": email})

    def invitation(self, invitation_id: str) -> Invitation | None:
        if not storable(invitation_id):
            return None
        with self._database.reading() as sql:
            row = sql.execute(select(invitations).where(invitations.c.id == invitation_id)).mappings().first()
        return self._invitations([row])[0] if row else None

    def invitations_of(self, tenancy_id: str, most: int) -> list[Invitation]:
        """The newest first."""
        newest = select(invitations).where(invitations.c.tenancy == tenancy_id)
        newest = newest.order_by(invitations.c.created_at.desc(), invitations.c.id).limit(most)
        with self._database.reading() as sql:
            rows = sql.execute(newest).mappings().all()
        return self._invitations(rows)

    def answer_invitation(self, invitation_id: str, state: InvitationState, by: str, at: str) -> bool:
        """Whether it was open until now, and good."""
        is_open = (
            (invitations.c.id == invitation_id) & (invitations.c.state == "open") & (invitations.c.expires_at > at)
        )
        with self._database.writing() as sql:
            answered = update(invitations).where(is_open).values(state=state, answered_by=by, answered_at=at)
            return sql.execute(answered).rowcount > 0

    def close(self) -> None:
        """Nothing is held; the database is closed by whoever opened it."""

    def _invitations(self, rows: Sequence[Mapping[Any, Any]]) -> list[Invitation]:
        """For an address that cannot be opened: for none that anybody has."""
        opened = self.private.open([row["email"] for row in rows])
        return [read(Invitation, {**row, "email": opened[row["email"]] or row["email"]}) for row in rows]


class _Known(Exception):
    """Undoes what was begun for an account that is there already."""

    def __init__(self, account: Account | None) -> None:
        if account is None:
            raise LookupError("an identity without an account")
        self.account = account


class CodeTaken(Exception):
    """Another organisation with this credit code has been verified."""


def take_back(sql: Connection, account_id: str, at: str, tenancy_id: str = "") -> None:
    """Revoke the invitations that the account gave and nobody has answered: to the organisation, or to all."""
    given = (invitations.c.invited_by == account_id) & (invitations.c.state == "open")
    given &= invitations.c.tenancy == (tenancy_id or invitations.c.tenancy)
    sql.execute(update(invitations).where(given).values(state="revoked", answered_by=account_id, answered_at=at))


def _claim(sql: Connection, row: Mapping[str, str]) -> bool:
    return sql.execute(insert_into(sql.dialect.name, identities).on_conflict_do_nothing(), row).rowcount > 0


def _account_of(sql: Connection, scheme: str, fingerprint: str) -> Account | None:
    chosen = select(*labelled(accounts)).join(identities, identities.c.account == accounts.c.id)
    chosen = chosen.where(identities.c.scheme == scheme, identities.c.value == fingerprint)
    row = sql.execute(chosen).mappings().first()
    return read_joined(Account, row, accounts) if row else None
