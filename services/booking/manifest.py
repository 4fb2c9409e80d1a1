"""The booking service: who has an instrument when."""

from hub.runtime.manifest import (
    ACCESS,
    AUDIT,
    DATABASE,
    EVENT_LOG,
    NOBODY,
    PERSONAL,
    RECORD_STORE,
    Key,
    Manifest,
    Resources,
    Store,
)
from hub.sql.metadata import declared
from services.booking import tables
from services.booking.adapters.sql_managers import SqlManagers
from services.booking.adapters.sqlite_bookings import SqliteBookings
from services.booking.api import router
from services.booking.managers import Managers
from services.booking.owners import OwnerUpkeep
from services.booking.ports import EVERY, BookingStore, ManagerStore
from services.booking.private import PrivateTexts
from services.booking.service import BookingDesk, BookingRelay

BOOKING_STORE = Key[BookingStore]("bookings")
MANAGERS = Key[ManagerStore]("managers")


def desk(on: Resources) -> BookingDesk:
    """The service on its stores."""
    private = PrivateTexts(on.get(PERSONAL), on.get(AUDIT), on.clock)
    return BookingDesk(on.get(BOOKING_STORE), managers(on), on.get(RECORD_STORE), private, on.clock)


def managers(on: Resources) -> Managers:
    """Who decides about which instrument."""
    return Managers(on.get(MANAGERS), on.get(RECORD_STORE), on.get(AUDIT), on.clock)


def _bookings(on: Resources) -> BookingStore:
    if on.settings.profile == "embedded":
        return SqliteBookings(on.settings.data_dir / "bookings.db", on.settings.node)
    from services.booking.adapters.postgresql_bookings import PostgresBookings

    return PostgresBookings(on.get(DATABASE), on.settings.node)


MANIFEST = Manifest(
    role="booking",
    tables=declared(tables),
    stores=(
        Store(BOOKING_STORE, _bookings, lambda bookings: bookings.get(NOBODY)),
        Store(MANAGERS, lambda on: SqlManagers(on.tables("managers")), lambda named: named.named(NOBODY, [EVERY])),
    ),
    needs=(EVENT_LOG, RECORD_STORE, BOOKING_STORE, MANAGERS, PERSONAL, AUDIT),
    uses=(ACCESS,),
    router=lambda on: router(desk(on), managers(on)),
    workers=lambda on: (
        BookingRelay(on.get(EVENT_LOG), on.get(BOOKING_STORE), on.settings.batch_rows),
        OwnerUpkeep(on.get(BOOKING_STORE), on.get(RECORD_STORE)),
    ),
)
