"""Tokens, sessions, codes and links, in tables; only digests are kept."""

from typing import Any

from sqlalchemy import Select, Table, delete, func, select, update

from hub.sql.statements import SqlDatabase, hold, insert_into, storable
from services.accounts.adapters.rows import labelled, read, read_joined, row_of
from services.accounts.core.rights import Holding
from services.accounts.core.values import Account, Membership, Session, SignIn, Tenancy, Token
from services.accounts.tables import accounts, memberships, sessions, sign_ins, tenancies, tokens

CODES = 0x6875_6212
"""The space of the advisory locks under which the codes for an address are counted."""


def _joined(held: Table, *others: Any, parents: bool) -> Select[Any]:
    """A credential's row with whose it is and for whom; an exchanged session also with its token."""
    joined = held.outerjoin(accounts, accounts.c.id == held.c.account).outerjoin(
        tenancies, tenancies.c.id == held.c.tenancy
    )
    belongs = (memberships.c.account == held.c.account) & (memberships.c.tenancy == held.c.tenancy)
    joined = joined.outerjoin(memberships, belongs)
    if parents:
        joined = joined.outerjoin(tokens, tokens.c.id == held.c.parent)
    columns = [column for table in (held, accounts, tenancies, memberships, *others) for column in labelled(table)]
    return select(*columns).select_from(joined)


_BY_TOKEN = _joined(tokens, parents=False)
_BY_SESSION = _joined(sessions, tokens, parents=True)


class SqlCredentials:
    """What people and programs come in by. Every method is one transaction."""

    def __init__(self, database: SqlDatabase) -> None:
        self._database = database

    def holding(self, credential_id: str) -> Holding | None:
        """All that is kept about the holder of a token or a session of this id."""
        by_session = credential_id.startswith("ses-")
        chosen = (
            _BY_SESSION.where(sessions.c.id == credential_id)
            if by_session
            else _BY_TOKEN.where(tokens.c.id == credential_id)
        )
        with self._database.reading() as sql:
            row = sql.execute(chosen).mappings().first()
        if row is None:
            return None
        return Holding(
            read_joined(Account, row, accounts),
            read_joined(Tenancy, row, tenancies),
            read_joined(Membership, row, memberships),
            read_joined(Token, row, tokens),
            read(Session, row, "sessions__") if by_session else None,
        )

    def add_token(self, token: Token) -> None:
        with self._database.writing() as sql:
            sql.execute(tokens.insert(), row_of(token))

    def token(self, token_id: str) -> Token | None:
        if not storable(token_id):
            return None
        with self._database.reading() as sql:
            row = sql.execute(select(tokens).where(tokens.c.id == token_id)).mappings().first()
        return read(Token, row) if row else None

    def tokens(self, account: str | None, most: int) -> list[Token]:
        """The account's, or everybody's, newest first; those that were revoked are left out."""
        chosen = select(tokens).where(tokens.c.revoked_at.is_(None))
        chosen = chosen if account is None else chosen.where(tokens.c.account == account)
        with self._database.reading() as sql:
            rows = sql.execute(chosen.order_by(tokens.c.created_at.desc(), tokens.c.id).limit(most)).mappings()
            return [read(Token, row) for row in rows]

    def revoke_token(self, token_id: str, at: str) -> bool:
        """Whether it was good until now. The sessions that it was exchanged for end too."""
        if not storable(token_id):
            return False
        good = (tokens.c.id == token_id) & tokens.c.revoked_at.is_(None)
        with self._database.writing() as sql:
            sql.execute(delete(sessions).where(sessions.c.parent == token_id))
            return sql.execute(update(tokens).where(good).values(revoked_at=at)).rowcount > 0

    def add_session(self, session: Session) -> None:
        """Begin it; those that are over by now are forgotten."""
        with self._database.writing() as sql:
            sql.execute(delete(sessions).where(sessions.c.expires_at <= session.created_at))
            sql.execute(sessions.insert(), row_of(session))

    def session(self, session_id: str) -> Session | None:
        """Also one without an account of the store's."""
        with self._database.reading() as sql:
            row = sql.execute(select(sessions).where(sessions.c.id == session_id)).mappings().first()
        return read(Session, row) if row else None

    def sessions(self, account: str | None, now: str, idle_since: str, most: int) -> list[Session]:
        """Those of the account, or of everybody, that are not over; the newest first."""
        chosen = select(sessions).where(sessions.c.expires_at > now, sessions.c.used_at > idle_since)
        chosen = chosen if account is None else chosen.where(sessions.c.account == account)
        with self._database.reading() as sql:
            rows = sql.execute(chosen.order_by(sessions.c.created_at.desc(), sessions.c.id).limit(most)).mappings()
            return [read(Session, row) for row in rows]

    def end_sessions(
        self, account: str | None = None, session_id: str | None = None, but: str = "", parent: str | None = None
    ) -> int:
        """End the account's, but for one, or one of them, or those in the place of a token; how many there were."""
        if not storable(session_id or ""):
            return 0
        ending = delete(sessions).where(sessions.c.id != but)
        ending = ending if account is None else ending.where(sessions.c.account == account)
        ending = ending if session_id is None else ending.where(sessions.c.id == session_id)
        ending = ending if parent is None else ending.where(sessions.c.parent == parent)
        with self._database.writing() as sql:
            return sql.execute(ending).rowcount

    def act_for(self, session_id: str, tenancy: str) -> None:
        """Which organisation the session acts for from now on; what a provider granted was for another."""
        acting = {"tenancy": tenancy, "roles": "", "sources": ""}
        with self._database.writing() as sql:
            sql.execute(update(sessions).where(sessions.c.id == session_id).values(acting))

    def note_use(self, credential_id: str, at: str) -> None:
        """When a token or session was last used."""
        table = sessions if credential_id.startswith("ses-") else tokens
        with self._database.writing() as sql:
            sql.execute(update(table).where(table.c.id == credential_id).values(used_at=at))

    def was_here(self, account: str, address: str) -> bool:
        """Whether the account has a session that was begun at this address."""
        chosen = select(sessions.c.id).where(sessions.c.account == account, sessions.c.address == address)
        with self._database.reading() as sql:
            return sql.execute(chosen.limit(1)).first() is not None

    def add_sign_in(self, sign_in: SignIn, since: str, most_here: int = 0, most: int = 0) -> bool:
        """Keep it, and forget those made before `since`.

        A code is kept unless so many were made since then for its e-mail address, from this address or (`most`, 0: no
        matter) from anywhere: False.
        """
        for_it = select(func.count()).where(sign_ins.c.email == sign_in.email, sign_ins.c.created_at > since)
        here = for_it.where(sign_ins.c.address == sign_in.address)
        with self._database.writing() as sql:
            if sign_in.email:
                hold(sql, CODES, sign_in.email)
                if (sql.scalar(here) or 0) >= most_here or (most and (sql.scalar(for_it) or 0) >= most):
                    return False
            sql.execute(
                delete(sign_ins).where(sign_ins.c.created_at <= since, sign_ins.c.expires_at <= sign_in.created_at)
            )
            sql.execute(insert_into(sql.dialect.name, sign_ins), row_of(sign_in))
        return True

    def use_sign_in(self, sign_in_id: str, digest: str, now: str, tries: int) -> SignIn | None:
        """The code or link, where it is good and the digest is its own: it is used from now on; failures count."""
        if not storable(sign_in_id):
            return None
        good = (sign_ins.c.id == sign_in_id) & sign_ins.c.used_at.is_(None) & (sign_ins.c.expires_at > now)
        good &= sign_ins.c.tries < tries
        right = good & (sign_ins.c.digest == digest)
        with self._database.reading() as sql:
            if sql.execute(select(sign_ins.c.id).where(good)).first() is None:
                return None  # however often somebody tries, nothing is written
        with self._database.writing() as sql:
            if sql.execute(update(sign_ins).where(right).values(used_at=now)).rowcount:
                row = sql.execute(select(sign_ins).where(sign_ins.c.id == sign_in_id)).mappings().one()
                return read(SignIn, row)
            sql.execute(update(sign_ins).where(good).values(tries=sign_ins.c.tries + 1))
        return None

    def close(self) -> None:
        """Nothing is held; the database is closed by whoever opened it."""
