"""Curation: contributions of sources, records and their history, outcomes, decisions, the outbox."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    for statement in _TABLES.split(";"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    for table in ("weak_keys", "preferences", "same_as", "outbox", "outcomes", "history", "records", "contributions"):
        op.execute(f"DROP TABLE {table}")


# Bodies are JSON in bytes as they were made: PostgreSQL never looks into them, and parsing them twice would cost more
# than the rest of a batch.
_TABLES = """
CREATE TABLE contributions (
    key text COLLATE "C" PRIMARY KEY, record_id text COLLATE "C", source_version bigint NOT NULL,
    withdrawn boolean NOT NULL, digest text NOT NULL, authority text NOT NULL, received_at text NOT NULL,
    fields bytea NOT NULL);
CREATE INDEX live_contributions ON contributions (record_id) WHERE NOT withdrawn;
CREATE TABLE records (
    id text COLLATE "C" PRIMARY KEY, kind text NOT NULL, version bigint NOT NULL, conflicts integer NOT NULL,
    body bytea NOT NULL);
CREATE INDEX records_in_conflict ON records (id) WHERE conflicts > 0;
CREATE TABLE history (
    record_id text COLLATE "C" NOT NULL, version bigint NOT NULL, body bytea NOT NULL,
    PRIMARY KEY (record_id, version));
CREATE TABLE outcomes (
    event_id text COLLATE "C" PRIMARY KEY, record_id text NOT NULL, version bigint NOT NULL, effect text NOT NULL);
CREATE TABLE outbox (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, record_id text COLLATE "C" NOT NULL,
    version bigint NOT NULL, at text NOT NULL);
CREATE TABLE same_as (
    "left" text COLLATE "C" NOT NULL, "right" text COLLATE "C" NOT NULL, decision text NOT NULL,
    version bigint NOT NULL, decided_by text NOT NULL, decided_at text NOT NULL, PRIMARY KEY ("left", "right"));
CREATE INDEX same_as_from_the_right ON same_as ("right");
CREATE TABLE preferences (
    record_id text COLLATE "C" NOT NULL, field text NOT NULL, source text, source_record_id text,
    version bigint NOT NULL, decided_by text NOT NULL, decided_at text NOT NULL, PRIMARY KEY (record_id, field));
CREATE TABLE weak_keys (
    key bigint NOT NULL, record_id text COLLATE "C" NOT NULL, PRIMARY KEY (key, record_id))
"""
