"""What the hub keeps of whoever is signed in, gathered from every service: handed out, and erased everywhere."""

from dataclasses import dataclass
from typing import cast

from fastapi import APIRouter, Response

from app.operations.sealing_places import OF_A_NAME
from hub.kernel.access import Principal
from hub.ports.clock import rfc3339
from hub.runtime.manifest import AUDIT, PERSONAL, RECORD_STORE, Resources
from hub.text.language import Language
from hub.web.callers import Caller, ReaderLanguage
from hub.web.routes import answered, serve
from hub.web.throttle import Throttle, too_often
from schemas.events.bookings import Booking, Change
from schemas.http import audit, own_data
from services.accounts.api import account_view, session_views, token_views
from services.accounts.manifest import ACCOUNTS
from services.accounts.refusals import refused
from services.accounts.service import Accounts
from services.booking.core.views import booking_view
from services.booking.manifest import BOOKING_STORE, desk
from services.booking.ports import BookingStore
from services.booking.service import BookingDesk
from services.catalog.manifest import SAVED_SEARCHES
from services.catalog.ports import SavedSearches
from services.catalog.service import saved_view
from services.privacy.adapters.sql_personal import SqlPersonalValues
from services.privacy.linked import Linked
from services.privacy.manifest import people
from services.privacy.ports import AuditStore, Selection
from services.privacy.service import People

AN_HOUR = 10
"""Requests of an account for all that there is: each looks through every record of a person."""
OWN_WISH = "the person's own wish"


@dataclass(frozen=True, slots=True)
class OwnData:
    """The services that keep something of people."""

    accounts: Accounts
    desk: BookingDesk
    bookings: BookingStore
    searches: SavedSearches
    audit: AuditStore
    personal: SqlPersonalValues
    people: People
    linked: Linked
    asking: Throttle

    def export(self, caller: Principal, language: Language) -> own_data.OwnData:
        """All that is kept. Refusal: 401, 403 for tokens, 429."""
        self._admitted(caller)
        links = self.linked.of(self._addresses(caller))
        whole = tuple(self.people.export(link.record.id, caller) for link in links if link.whole)
        shared = [(link.record.id, tuple(self.linked.statements(link))) for link in links if not link.whole]
        self.accounts.access.note("account.export", caller.account, by=caller)
        entries = self.audit.entries(Selection(person=caller.account), own_data.ENTRIES_LIMIT)
        return own_data.OwnData(
            made_at=rfc3339(self.accounts.access.now),
            account=account_view(self.accounts, caller, caller.organisation),
            sessions=session_views(self.accounts.sign_ins, caller),
            tokens=token_views(self.accounts.tokens, caller),
            bookings=tuple(booking_view(seen, language) for seen in self.desk.all_of(caller)),
            saved_searches=tuple(map(saved_view, self.searches.of(_names(caller)))),
            records=whole,
            shared_records=tuple(own_data.LinkedStatements(id=id, statements=stated) for id, stated in shared),
            audit=tuple(audit.AuditEntry.model_validate(entry, from_attributes=True) for entry in entries),
        )

    def erase(self, caller: Principal, confirmation: str) -> own_data.OwnErased:
        """Erase it everywhere. Refusal: 401, 403 for tokens, 422 for another confirmation, 429.

        Broken off, it is repeated: the account, by which the caller is known, comes last.
        """
        self._admitted(caller)
        addresses = self._addresses(caller)
        if confirmation.strip().lower() not in (addresses or {caller.account}):
            raise refused("wrong-confirmation", 422, "confirmation")
        cancelled = sum(self._cancel(seen.booking, caller) for seen in self.desk.all_of(caller))
        for name in _names(caller):
            self.searches.forget(name)
        links = self.linked.of(addresses)
        records = tuple(link.record.id for link in links if link.whole)
        left = tuple(link.record.id for link in links if not link.whole)
        for record in records:
            self.people.erase(record, OWN_WISH, caller)
        for record in left:
            self.accounts.access.note("person.erase-asked", record, by=caller)
        self.accounts.access.note("account.erase", caller.account, by=caller)
        self._forget(caller, addresses)
        return own_data.OwnErased(account=caller.account, cancelled_bookings=cancelled, records=records, left=left)

    def _admitted(self, caller: Principal) -> None:
        self.accounts.access.only_people(caller)
        if wait := self.asking.spend(caller.account)[0]:
            raise too_often(wait)

    def _addresses(self, caller: Principal) -> set[str]:
        known_by = self.accounts.access.accounts.identities(caller.account)
        return {value for scheme, value in known_by if scheme == "email" and value}

    def _cancel(self, booking: Booking, caller: Principal) -> bool:
        """Whether the time, which is still to come, is free again."""
        now = self.accounts.access.now
        if not booking.active or booking.start <= now:
            return False
        change = Change("cancelled", rfc3339(now), caller.account, "", caller.name)
        return self.bookings.change(booking.id, booking.version, change).outcome == "changed"

    def _forget(self, caller: Principal, addresses: set[str]) -> None:
        kept = self.accounts.people
        of_addresses = kept.subjects(caller.account, addresses) - {caller.account}
        before = {OF_A_NAME + caller.formerly} if caller.formerly else set()
        self.personal.erase({caller.account, *of_addresses, *before}, OWN_WISH)
        self.personal.readmit(of_addresses)  # by a key of their own, for whoever is invited by them later
        if mailbox := self.accounts.sign_ins.mailbox:
            mailbox.forget(addresses)
        kept.erase(caller.account, addresses, rfc3339(self.accounts.access.now))


def _names(caller: Principal) -> set[str]:
    """By which something is kept of the caller: the account, and the name that it alone had before it had an id."""
    return {caller.account, caller.formerly} - {""}


def router(own: OwnData) -> APIRouter:
    """The caller's own data."""
    routes = APIRouter()

    @serve(routes, own_data.OWN_DATA)
    def export(caller: Caller, language: ReaderLanguage) -> Response:
        headers = {"Content-Disposition": 'attachment; filename="my-data.json"'}
        return answered(own.export(caller, language), headers=headers)

    @serve(routes, own_data.ERASE_OWN)
    def erase(body: own_data.OwnErasure, caller: Caller) -> Response:
        return answered(own.erase(caller, body.confirmation))

    return routes


def gathered(on: Resources) -> OwnData:
    """From the stores of every service."""
    personal = cast(SqlPersonalValues, on.get(PERSONAL))
    return OwnData(
        on.get(ACCOUNTS),
        desk(on),
        on.get(BOOKING_STORE),
        on.get(SAVED_SEARCHES),
        cast(AuditStore, on.get(AUDIT)),
        personal,
        people(on),
        Linked(personal, on.get(RECORD_STORE)),
        Throttle(AN_HOUR, 3_600),
    )
