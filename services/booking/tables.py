"""The tables of the booking store: instruments that ever had a booking, bookings, their outbox.

Two active bookings of an instrument never overlap, which the table itself forbids: by an exclusion constraint on
PostgreSQL, by triggers on SQLite. `owners` is the organisation that holds the instrument's record, NOBODY (`-`) where
there is none; NULL where nobody has looked since the booking was stored. `booked_by` is the booker's account, in
bookings from before accounts had ids its name. `managers` are the accounts that an organisation names for an instrument
that it holds, or for all of them (`*`).
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Computed,
    ForeignKeyConstraint,
    Identity,
    Index,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import INT8RANGE

from hub.sql.metadata import INT64, NAME, NOT_MOVED, in_store, metadata, only_on

instruments = Table(
    "instruments",
    metadata,
    Column("id", NAME, primary_key=True),
    Column("number", INT64, Identity(always=True), nullable=False, info=only_on("postgresql")),
    Column("owners", NAME),
    UniqueConstraint("number", info=only_on("postgresql")),
    info=in_store("bookings", moved=False),
)

bookings = Table(
    "bookings",
    metadata,
    Column("id", NAME, primary_key=True),
    Column("instrument", Text().with_variant(BigInteger(), "postgresql"), nullable=False),
    Column("start", INT64, nullable=False),
    Column("end", INT64, nullable=False),
    Column("status", Text, nullable=False),
    Column("version", INT64, nullable=False),
    Column("booked_by", NAME, nullable=False),
    Column("key", NAME),
    Column("body", LargeBinary, nullable=False),
    Column(
        "span",
        INT8RANGE,
        Computed('int8range(instrument * 274877906944 + start, instrument * 274877906944 + "end")', persisted=True),
        info=only_on("postgresql"),
    ),
    Column("owners", NAME, info=NOT_MOVED),
    ForeignKeyConstraint(["instrument"], ["instruments.number"], info=only_on("postgresql")),
    info=in_store("bookings"),
)
_ACTIVE = bookings.c.status.in_(("requested", "confirmed"))
_KEYED = bookings.c.key.is_not(None)
Index(
    "active_bookings",
    bookings.c.instrument,
    bookings.c.start,
    bookings.c.end,
    sqlite_where=_ACTIVE,
    info=only_on("sqlite"),
)
Index("bookings_on", bookings.c.instrument, bookings.c.start, bookings.c.id)
Index("bookings_having", bookings.c.status, bookings.c.start, bookings.c.id)
Index("bookings_of", bookings.c.booked_by, bookings.c.start, bookings.c.id)
Index("bookings_owned", bookings.c.owners, bookings.c.status, bookings.c.start, bookings.c.id)
Index(
    "booking_keys",
    bookings.c.booked_by,
    bookings.c.key,
    unique=True,
    postgresql_where=_KEYED,
    sqlite_where=_KEYED,
)

booking_outbox = Table(
    "booking_outbox",
    metadata,
    Column("number", INT64, Identity(always=True), primary_key=True),
    Column("event_id", Text, nullable=False),
    Column("instrument", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("data", LargeBinary, nullable=False),
    info=in_store("bookings", name="outbox"),
)

managers = Table(
    "managers",
    metadata,
    Column("organisation", NAME, primary_key=True),
    Column("instrument", NAME, primary_key=True),
    Column("account", NAME, primary_key=True),
    info=in_store("managers"),
)
