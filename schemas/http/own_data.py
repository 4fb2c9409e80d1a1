"""What the hub keeps of whoever is signed in: handed out as one document, and erased."""

from typing import Annotated

from pydantic import Field

from schemas.http.accounts import AccountView, SessionView, TokenView
from schemas.http.audit import AuditEntry, PersonData, PersonStatement
from schemas.http.booking import Booking
from schemas.http.catalog import SavedSearch
from schemas.http.parts import Body, Model, Moment, Operations

ENTRIES_LIMIT = 10_000
"""Of the audit trail; GET /api/v1/audit/export has all."""


class LinkedStatements(Model):
    """A record that has one of the person's addresses, of which others say private values under another or none.

    `statements` are those that name the address. The rest is handed out and erased by operators, once they know who
    asks.
    """

    id: str
    statements: tuple[PersonStatement, ...]


class OwnData(Model):
    """All that is kept of the person. `records` are about the person alone, see `LinkedStatements`."""

    made_at: Moment
    account: AccountView
    sessions: tuple[SessionView, ...]
    tokens: tuple[TokenView, ...]
    bookings: tuple[Booking, ...]
    saved_searches: tuple[SavedSearch, ...]
    records: tuple[PersonData, ...]
    shared_records: tuple[LinkedStatements, ...]
    audit: tuple[AuditEntry, ...]


class OwnErasure(Body):
    """`confirmation`: one of the account's e-mail addresses, typed anew; the account's id where it has none."""

    confirmation: Annotated[str, Field(min_length=1, max_length=254)]


class OwnErased(Model):
    """What was erased: private values of `records`; `left` are records that operators have to look at first."""

    account: str
    cancelled_bookings: int
    records: tuple[str, ...]
    left: tuple[str, ...]


OPERATIONS = Operations("accounts")
OWN_DATA = OPERATIONS.add(
    "export_own_data",
    "GET /account/data",
    "All that is kept of the caller",
    OwnData,
    problems=(401, 403, 429),
    token=True,
)
ERASE_OWN = OPERATIONS.add(
    "erase_own_account",
    "POST /account/erasure",
    "Erase the caller's account and private values everywhere, and sign out",
    OwnErased,
    body=OwnErasure,
    problems=(400, 401, 403, 422, 429),
    token=True,
)
