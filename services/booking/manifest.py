"""The booking service: who has an instrument when."""

from hub.runtime.manifest import ACCESS, DATABASE, EVENT_LOG, NOBODY, RECORD_STORE, Key, Manifest, Resources, Store
from hub.sql.metadata import declared
from services.booking import tables
from services.booking.adapters.sqlite_bookings import SqliteBookings
from services.booking.api import router
from services.booking.owners import OwnerUpkeep
from services.booking.ports import BookingStore
from services.booking.service import BookingDesk, BookingRelay

BOOKING_STORE = Key[BookingStore]("bookings")


def desk(on: Resources) -> BookingDesk:
    """The service on its stores."""
    return BookingDesk(on.get(BOOKING_STORE), on.get(RECORD_STORE), on.clock)


def _bookings(on: Resources) -> BookingStore:
    if on.settings.profile == "embedded":
        return SqliteBookings(on.settings.data_dir / "bookings.db", on.settings.node)
    from services.booking.adapters.postgresql_bookings import PostgresBookings

    return PostgresBookings(on.get(DATABASE), on.settings.node)


MANIFEST = Manifest(
    role="booking",
    tables=declared(tables),
    stores=(Store(BOOKING_STORE, _bookings, lambda bookings: bookings.get(NOBODY)),),
    needs=(EVENT_LOG, RECORD_STORE, BOOKING_STORE),
    uses=(ACCESS,),
    router=lambda on: router(desk(on)),
    workers=lambda on: (
        BookingRelay(on.get(EVENT_LOG), on.get(BOOKING_STORE), on.settings.batch_rows),
        OwnerUpkeep(on.get(BOOKING_STORE), on.get(RECORD_STORE)),
    ),
)
