"""The tables of the record store: contributions of sources, records and their history, decisions, the outbox.

Bodies are JSON in bytes as they were made: no database looks into them, and parsing them twice would cost more than
the rest of a batch. Old versions in `history` are compressed (zlib).
"""

from sqlalchemy import Boolean, Column, Identity, Index, Integer, LargeBinary, Table, Text

from hub.sql.metadata import ADDED, INT64, NAME, NOT_MOVED, in_store, metadata, only_on

_DECIDED = ("version", INT64), ("decided_by", Text), ("decided_at", Text)

contributions = Table(
    "contributions",
    metadata,
    Column("key", NAME, primary_key=True),
    Column("record_id", NAME),
    Column("source_version", INT64, nullable=False),
    Column("withdrawn", Boolean, nullable=False),
    Column("digest", Text, nullable=False),
    Column("authority", Text, nullable=False),
    Column("received_at", Text, nullable=False),
    Column("fields", LargeBinary, nullable=False),
    Column("older", LargeBinary, info=ADDED),
    info=in_store("records"),
)
Index(
    "live_contributions",
    contributions.c.record_id,
    postgresql_where=~contributions.c.withdrawn,
    sqlite_where=~contributions.c.withdrawn,
)

records = Table(
    "records",
    metadata,
    Column("id", NAME, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("version", INT64, nullable=False),
    Column("conflicts", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    info=in_store("records"),
)
Index(
    "records_in_conflict",
    records.c.id,
    postgresql_where=records.c.conflicts > 0,
    sqlite_where=records.c.conflicts > 0,
)

history = Table(
    "history",
    metadata,
    Column("record_id", NAME, primary_key=True),
    Column("version", INT64, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    info=in_store("records"),
)

outcomes = Table(
    "outcomes",
    metadata,
    Column("event_id", NAME, primary_key=True),
    Column("record_id", Text, nullable=False),
    Column("version", INT64, nullable=False),
    Column("effect", Text, nullable=False),
    info=in_store("records"),
)

same_as = Table(
    "same_as",
    metadata,
    Column("left", NAME, primary_key=True),
    Column("right", NAME, primary_key=True),
    Column("decision", Text, nullable=False),
    *(Column(name, kind, nullable=False) for name, kind in _DECIDED),
    info=in_store("records"),
)
Index("same_as_from_the_right", same_as.c.right)

preferences = Table(
    "preferences",
    metadata,
    Column("record_id", NAME, primary_key=True),
    Column("field", Text, primary_key=True),
    Column("source", Text),
    Column("source_record_id", Text),
    *(Column(name, kind, nullable=False) for name, kind in _DECIDED),
    Column("organisation", Text, info=ADDED),
    Column("decided_on", Text, info=ADDED),
    info=in_store("records"),
)

# The records that each id of an identifier leads to, divided by blanks.
aliases = Table(
    "aliases",
    metadata,
    Column("alias", NAME, primary_key=True),
    Column("record_ids", Text, nullable=False),
    info=in_store("records"),
)

claims = Table(
    "claims",
    metadata,
    Column("id", NAME, primary_key=True),
    Column("key", NAME, nullable=False),
    Column("record_id", NAME, nullable=False),
    Column("claimant", NAME, nullable=False),
    Column("holder", NAME, nullable=False),
    Column("claimed_at", Text, nullable=False),
    Column("decision", Text),
    *(Column(name, kind) for name, kind in _DECIDED),
    Column("reason", Text, info=ADDED),
    info=in_store("records"),
)
Index("claims_of", claims.c.key)
Index("claims_to", claims.c.record_id)
Index("claims_by", claims.c.claimant, claims.c.id)
Index("claims_on", claims.c.holder, claims.c.id)

# Records that are to be merged again, because what holds for them beside what was said has changed.
due = Table(
    "due",
    metadata,
    Column("record_id", NAME, primary_key=True),
    info=in_store("records", moved=False),
)

# The register of sources that the records were last merged under, or are to be (due).
merged_under = Table(
    "merged_under",
    metadata,
    Column("fingerprint", Text, primary_key=True),
    info=in_store("records", moved=False),
)

# The steps of sealing private values where they rest that were done; values of an earlier release wait for one.
sealed = Table("sealed", metadata, Column("step", Text, primary_key=True), info=in_store("records"))

weak_keys = Table(
    "weak_keys",
    metadata,
    Column("key", INT64, primary_key=True, autoincrement=False),
    Column("record_id", NAME, primary_key=True),
    info=in_store("records"),
)

alike = Table(
    "alike",
    metadata,
    Column("key", INT64, primary_key=True, autoincrement=False),
    comment="The weak keys that several records share, which SQLite would read the whole of weak_keys for.",
    info=in_store("records", moved=False) | only_on("sqlite"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("number", INT64, Identity(always=True), primary_key=True),
    Column("record_id", NAME, nullable=False),
    Column("version", INT64, nullable=False),
    Column("at", Text, nullable=False),
    Column("traceparent", Text, info=NOT_MOVED),
    info=in_store("records"),
)
