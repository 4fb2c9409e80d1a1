"""The tables of usage, on SQLite in either profile: the indicators by month, and the state that they are counted in."""

from sqlalchemy import Column, Index, Integer, LargeBinary, Table, Text

from hub.sql.metadata import in_store, metadata, only_on

_PLACE = in_store("usage", moved=False) | only_on("sqlite")

months = Table(
    "months",
    metadata,
    Column("instrument", Text, primary_key=True),
    Column("month", Text, primary_key=True),
    *(
        Column(name, Integer, nullable=False)
        for name in ("record_version", "revision", "effective", "external", "bookings")
    ),
    *(Column(name, Text) for name in ("laboratory", "organisation", "county")),
    info=_PLACE,
)
# The indexes carry what a sum needs, so that a county's year is read without visiting a row.
for _scope in ("laboratory", "organisation", "county"):
    Index(
        f"months_of_{_scope}",
        months.c[_scope],
        *(months.c[name] for name in ("month", "effective", "external", "bookings", "instrument")),
        sqlite_where=months.c[_scope].is_not(None),
    )

unattended = Table(
    "unattended",
    metadata,
    Column("instrument", Text, primary_key=True),
    Column("month", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("due", Text, nullable=False),
    info=_PLACE,
)

state = Table(
    "state",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
    info=_PLACE,
)
