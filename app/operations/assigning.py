"""Gives an account what was kept under a name before accounts had ids, where the name is no token's any more."""

from dataclasses import dataclass, replace

from sqlalchemy import func, select, update

from hub.kernel.access import Principal
from hub.kernel.problems import refusal
from hub.ports.audit import Action, AuditEvent
from hub.ports.personal import opened
from hub.runtime.manifest import AUDIT, PERSONAL, Resources
from hub.sql.statements import SqlDatabase
from schemas.events.bookings import Booking
from services.accounts.core.values import Account
from services.accounts.manifest import ACCOUNTS
from services.booking.tables import bookings
from services.catalog.tables import searches
from services.ingest.tables import FROM_BEFORE, receipts

AT_ONCE = 500
ASSIGN: Action = "belonging.assign"


@dataclass(frozen=True, slots=True)
class Assigned:
    """How many of each."""

    bookings: int
    receipts: int
    searches: int


def assign(on: Resources, name: str, account_id: str, organisation: str, by: Principal) -> Assigned:
    """Give the account what is kept under the name; its receipts to the organisation.

    Refusal: 404 for an account that is not there, or does not belong to the organisation; 409 where a token has the
    name, whose holder all of it is.
    """
    accounts = on.get(ACCOUNTS).access
    account = accounts.accounts.account(account_id)
    if account is None:
        raise refusal("no-such-account", "accounts.no-such-account", account_id, "account", 404)
    if accounts.accounts.membership(account_id, organisation) is None:
        raise refusal("no-organisation", "accounts.no-organisation", organisation, "organisation", 404)
    if any(holder.formerly == name for holder in accounts.legacy.principals()):
        raise refusal("name-in-use", "accounts.name-in-use", name, "name", 409)
    given = Assigned(
        _bookings(on, name, account),
        _receipts(on.tables("receipts"), name, account_id, organisation),
        _searches(on.tables("searches"), name, account_id),
    )
    detail = f"{given.bookings} bookings, {given.receipts} receipts, {given.searches} searches"
    acting = by.account, by.organisation, by.credential
    on.get(AUDIT).note(AuditEvent(on.clock.now(), *acting, ASSIGN, account_id, detail=detail))
    return given


def _bookings(on: Resources, name: str, account: Account) -> int:
    """Those that have no name beside whose they are; an idempotency key from then is spent."""
    database, count, after = on.tables("bookings"), 0, ""
    query = select(bookings.c.id, bookings.c.body).where(bookings.c.booked_by == name).order_by(bookings.c.id)
    while True:
        with database.reading() as sql:
            rows = sql.execute(query.where(bookings.c.id > after).limit(AT_ONCE)).all()
        if not rows:
            return count
        after = rows[-1].id
        with database.writing() as sql:
            for row in rows:
                before = Booking.from_bytes(row.body)
                if before.booker_name is None:
                    body = _of_account(on, before, name, account).to_bytes()
                    given = {"booked_by": account.id, "key": None, "body": body}
                    sql.execute(update(bookings).where(bookings.c.id == row.id).values(given))
                    count += 1


def _of_account(on: Resources, booking: Booking, name: str, account: Account) -> Booking:
    """With the account's name, and what is private sealed with its key."""
    personal = on.get(PERSONAL)
    seal = personal.sealers([account.id])[account.id]
    values = opened(personal, {booking.purpose, booking.reason})
    made = replace(booking, booked_by=account.id, booker_name=account.name)
    if booking.changed_by == name:
        made = replace(made, changed_by=account.id, changer_name=account.name)
    texts = {text: seal(values[text]) if values[text] else "" for text in values}
    return replace(made, purpose=texts[booking.purpose], reason=texts[booking.reason])


def _receipts(database: SqlDatabase, name: str, account: str, organisation: str) -> int:
    theirs = FROM_BEFORE & (receipts.c.sender == name)
    with database.writing() as sql:
        count = sql.scalar(select(func.count()).select_from(receipts).where(theirs)) or 0
        sql.execute(update(receipts).where(theirs).values(account=account, organisation=organisation))
    return count


def _searches(database: SqlDatabase, name: str, account: str) -> int:
    with database.writing() as sql:
        count = sql.scalar(select(func.count()).select_from(searches).where(searches.c.owner == name)) or 0
        sql.execute(update(searches).where(searches.c.owner == name).values(owner=account))
    return count
