"""The tables of the embedded event log, on SQLite alone.

An entry's row id is its partition's number in the file and its offset, so that a partition is one range of rows in the
order of offsets, and reading it never sorts.
"""

from sqlalchemy import REAL, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, UniqueConstraint

from hub.sql.metadata import in_store, metadata, only_on

_PLACE = in_store("log", moved=False) | only_on("sqlite")

topics = Table(
    "topics",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("partitions", Integer, nullable=False),
    Column("compacted", Integer, nullable=False),
    Column("retention_hours", REAL),
    info=_PLACE,
)

partitions = Table(
    "partitions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("topic", Integer, ForeignKey("topics.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("next_offset", Integer, nullable=False, server_default="0"),
    Column("compacted_to", Integer, nullable=False, server_default="0"),
    UniqueConstraint("topic", "number"),
    info=_PLACE,
)

entries = Table(
    "entries",
    metadata,
    Column("at", Integer, primary_key=True),
    Column("appended_ms", Integer, nullable=False),
    Column("key", LargeBinary, nullable=False),
    Column("headers", LargeBinary, nullable=False),
    Column("value", LargeBinary),
    info=_PLACE,
)
Index("tombstones", entries.c.at, sqlite_where=entries.c.value.is_(None))

newest_by_key = Table(
    "newest_by_key",
    metadata,
    Column("partition", Integer, primary_key=True),
    Column("key", LargeBinary, primary_key=True),
    Column("at", Integer, nullable=False),
    info=_PLACE,
)

groups = Table(
    "groups",
    metadata,
    Column("name", Text, primary_key=True),
    Column("member", Text),
    info=_PLACE,
)

positions = Table(
    "positions",
    metadata,
    Column("consumer_group", Text, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("next_offset", Integer, nullable=False),
    info=_PLACE,
)
