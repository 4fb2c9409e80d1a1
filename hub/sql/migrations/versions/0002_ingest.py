"""Ingest: receipts and what they say of each batch of rows; the vault's sealed values."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    for statement in _TABLES.split(";"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    for table in ("vault_key", "vault", "receipt_batches", "receipts"):
        op.execute(f"DROP TABLE {table}")


_TABLES = """
CREATE TABLE receipts (
    id text COLLATE "C" PRIMARY KEY, source text COLLATE "C" NOT NULL, kind text NOT NULL, format text NOT NULL,
    created_at text COLLATE "C" NOT NULL, sender text NOT NULL, progress text NOT NULL, accepted bigint NOT NULL,
    refused bigint NOT NULL, idempotency_key text COLLATE "C", fingerprint text NOT NULL, alive_at text NOT NULL);
CREATE UNIQUE INDEX receipt_keys ON receipts (source, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX receipt_times ON receipts (created_at);
CREATE TABLE receipt_batches (
    receipt text COLLATE "C" NOT NULL, number bigint NOT NULL, first_row bigint NOT NULL, last_row bigint NOT NULL,
    accepted_count bigint NOT NULL, refused_count bigint NOT NULL, accepted bytea NOT NULL, refused bytea NOT NULL,
    PRIMARY KEY (receipt, number));
CREATE TABLE vault (token text COLLATE "C" PRIMARY KEY, sealed bytea NOT NULL);
CREATE TABLE vault_key (id integer PRIMARY KEY CHECK (id = 1), mark text NOT NULL)
"""
