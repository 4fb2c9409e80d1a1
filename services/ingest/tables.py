"""The tables of ingest: receipts and what they say of each batch of rows; the vault's sealed values.

A receipt from before accounts had ids has no organisation and no account. `idempotency_key` is the sender's key within
its organisation and account (services.ingest.adapters.sql_receipts).
"""

from sqlalchemy import CheckConstraint, Column, Index, Integer, LargeBinary, Table, Text

from hub.sql.metadata import ADDED, INT64, NAME, in_store, metadata

receipts = Table(
    "receipts",
    metadata,
    Column("id", NAME, primary_key=True),
    Column("source", NAME, nullable=False),
    Column("kind", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("created_at", NAME, nullable=False),
    Column("sender", Text, nullable=False),
    Column("progress", Text, nullable=False),
    Column("accepted", INT64, nullable=False),
    Column("refused", INT64, nullable=False),
    Column("idempotency_key", NAME),
    Column("fingerprint", Text, nullable=False),
    Column("alive_at", Text, nullable=False),
    Column("organisation", NAME, info=ADDED),
    Column("account", NAME, info=ADDED),
    info=in_store("receipts"),
)
HAS_KEY = receipts.c.idempotency_key.is_not(None)
Index(
    "receipt_keys",
    receipts.c.source,
    receipts.c.idempotency_key,
    unique=True,
    postgresql_where=HAS_KEY,
    sqlite_where=HAS_KEY,
)
Index("receipt_times", receipts.c.created_at)
Index("receipts_of", receipts.c.organisation, receipts.c.created_at)
FROM_BEFORE = receipts.c.organisation.is_(None)
Index(
    "receipts_before",
    receipts.c.sender,
    receipts.c.created_at,
    postgresql_where=FROM_BEFORE,
    sqlite_where=FROM_BEFORE,
)

receipt_batches = Table(
    "receipt_batches",
    metadata,
    Column("receipt", NAME, primary_key=True),
    Column("number", INT64, primary_key=True),
    Column("first_row", INT64, nullable=False),
    Column("last_row", INT64, nullable=False),
    Column("accepted_count", INT64, nullable=False),
    Column("refused_count", INT64, nullable=False),
    Column("accepted", LargeBinary, nullable=False),
    Column("refused", LargeBinary, nullable=False),
    info=in_store("receipts"),
)

vault = Table(
    "vault",
    metadata,
    Column("token", NAME, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    info=in_store("vault"),
)

vault_key = Table(
    "vault_key",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1"), primary_key=True, autoincrement=False),
    Column("mark", Text, nullable=False),
    info=in_store("vault"),
)
