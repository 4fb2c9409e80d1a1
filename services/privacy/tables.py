"""The tables of privacy: the audit trail with what was sealed of it, consents, and subjects' keys.

Subjects' keys lie in a store of their own, which no backup has: a copy of them would open what was erased since.
"""

from sqlalchemy import CheckConstraint, Column, Index, Integer, LargeBinary, Table, Text

from hub.sql.metadata import INT64, NAME, in_store, metadata

audit_entries = Table(
    "audit_entries",
    metadata,
    Column("number", INT64, primary_key=True, autoincrement=False),
    Column("at", NAME, nullable=False),
    Column("account", NAME, nullable=False),
    Column("organisation", NAME, nullable=False),
    Column("credential", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", NAME, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("hash", Text, nullable=False),
    info=in_store("audit"),
)
for _name in ("account", "organisation", "subject"):
    Index(f"audit_by_{_name}", audit_entries.c[_name], audit_entries.c.number)

audit_segments = Table(
    "audit_segments",
    metadata,
    Column("first", INT64, primary_key=True, autoincrement=False),
    Column("last", INT64, nullable=False),
    Column("hash", Text, nullable=False),
    Column("file", Text, nullable=False),
    info=in_store("audit"),
)

# The last entry, so that entries that were cut off at the end are missed.
audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1"), primary_key=True, autoincrement=False),
    Column("number", INT64, nullable=False),
    Column("hash", Text, nullable=False),
    info=in_store("audit"),
)

consents = Table(
    "consents",
    metadata,
    Column("subject", NAME, primary_key=True),
    Column("purpose", NAME, primary_key=True),
    Column("given_at", NAME, primary_key=True),
    Column("withdrawn_at", Text),
    info=in_store("audit"),
)

person_keys = Table(
    "person_keys",
    metadata,
    Column("subject", NAME, primary_key=True),
    Column("ref", NAME, nullable=False),
    Column("master", Text, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("erased_at", Text),
    Column("reason", Text, nullable=False),
    info=in_store("keys"),
)
Index("person_key_refs", person_keys.c.ref, unique=True)
