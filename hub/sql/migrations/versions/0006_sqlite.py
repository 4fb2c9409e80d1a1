"""SQLite joins the history: each store's file has the tables that were made without one, if it has any.

Only the column `traceparent` came later to a table that older files have. Where a store is read by key alone, its rows
lie in the index (WITHOUT ROWID).
"""

from alembic import op
from sqlalchemy import inspect

from hub.sql.upgrade import run

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    run("", _TABLES)
    if op.get_context().opts["store"] == "records":
        columns = {column["name"] for column in inspect(op.get_bind()).get_columns("outbox")}
        if "traceparent" not in columns:
            op.execute("ALTER TABLE outbox ADD COLUMN traceparent TEXT")


def downgrade() -> None:
    """Files without a history have these tables too."""


_ACTIVE = "status IN ('requested', 'confirmed')"
# `start < new end` alone would visit every earlier booking: as active ones are disjoint, the last one that starts
# before the new start is the only earlier one that can reach into it.
_CLASH = f"""SELECT start, "end" FROM bookings WHERE instrument = NEW.instrument AND {_ACTIVE} AND start < NEW."end"
    AND start >= (SELECT coalesce(max(start), NEW.start) FROM bookings WHERE instrument = NEW.instrument AND {_ACTIVE}
    AND start <= NEW.start) AND "end" > NEW.start"""
_SUMMED = "month, effective, external, bookings, instrument"
_TABLES = {
    "records": """
CREATE TABLE IF NOT EXISTS contributions (
    key TEXT PRIMARY KEY, record_id TEXT, source_version INTEGER NOT NULL, withdrawn INTEGER NOT NULL,
    digest TEXT NOT NULL, authority TEXT NOT NULL, received_at TEXT NOT NULL, fields BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS live_contributions ON contributions (record_id) WHERE withdrawn = 0;
CREATE TABLE IF NOT EXISTS records (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, version INTEGER NOT NULL, conflicts INTEGER NOT NULL, body BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS records_in_conflict ON records (id) WHERE conflicts > 0;
CREATE TABLE IF NOT EXISTS history (
    record_id TEXT NOT NULL, version INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (record_id, version));
CREATE TABLE IF NOT EXISTS outcomes (
    event_id TEXT PRIMARY KEY, record_id TEXT NOT NULL, version INTEGER NOT NULL, effect TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outbox (
    number INTEGER PRIMARY KEY AUTOINCREMENT, record_id TEXT NOT NULL, version INTEGER NOT NULL, at TEXT NOT NULL,
    traceparent TEXT);
CREATE TABLE IF NOT EXISTS same_as (
    "left" TEXT NOT NULL, "right" TEXT NOT NULL, decision TEXT NOT NULL, version INTEGER NOT NULL,
    decided_by TEXT NOT NULL, decided_at TEXT NOT NULL, PRIMARY KEY ("left", "right")) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS same_as_from_the_right ON same_as ("right");
CREATE TABLE IF NOT EXISTS preferences (
    record_id TEXT NOT NULL, field TEXT NOT NULL, source TEXT, source_record_id TEXT, version INTEGER NOT NULL,
    decided_by TEXT NOT NULL, decided_at TEXT NOT NULL, PRIMARY KEY (record_id, field)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS weak_keys (
    key INTEGER NOT NULL, record_id TEXT NOT NULL, PRIMARY KEY (key, record_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alike (key INTEGER PRIMARY KEY);
""",
    "receipts": """
CREATE TABLE IF NOT EXISTS receipts (
    id TEXT PRIMARY KEY, source TEXT NOT NULL, kind TEXT NOT NULL, format TEXT NOT NULL, created_at TEXT NOT NULL,
    sender TEXT NOT NULL, progress TEXT NOT NULL, accepted INTEGER NOT NULL, refused INTEGER NOT NULL,
    idempotency_key TEXT, fingerprint TEXT NOT NULL, alive_at TEXT NOT NULL) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS receipt_keys ON receipts (source, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX IF NOT EXISTS receipt_times ON receipts (created_at);
CREATE TABLE IF NOT EXISTS receipt_batches (
    receipt TEXT NOT NULL, number INTEGER NOT NULL, first_row INTEGER NOT NULL, last_row INTEGER NOT NULL,
    accepted_count INTEGER NOT NULL, refused_count INTEGER NOT NULL, accepted BLOB NOT NULL, refused BLOB NOT NULL,
    PRIMARY KEY (receipt, number));
""",
    "vault": """
CREATE TABLE IF NOT EXISTS vault (token TEXT PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS vault_key (id INTEGER PRIMARY KEY CHECK (id = 1), mark TEXT NOT NULL);
""",
    "bookings": f"""
CREATE TABLE IF NOT EXISTS bookings (
    id TEXT PRIMARY KEY, instrument TEXT NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL, status TEXT NOT NULL,
    version INTEGER NOT NULL, booked_by TEXT NOT NULL, key TEXT, body BLOB NOT NULL, CHECK (start < "end")
    ) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS active_bookings ON bookings (instrument, start, "end") WHERE {_ACTIVE};
CREATE INDEX IF NOT EXISTS bookings_on ON bookings (instrument, start, id);
CREATE INDEX IF NOT EXISTS bookings_having ON bookings (status, start, id);
CREATE INDEX IF NOT EXISTS bookings_of ON bookings (booked_by, start, id);
CREATE UNIQUE INDEX IF NOT EXISTS booking_keys ON bookings (booked_by, key) WHERE key IS NOT NULL;
CREATE TABLE IF NOT EXISTS outbox (
    number INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL, instrument TEXT NOT NULL, at TEXT NOT NULL,
    data BLOB NOT NULL);
CREATE TRIGGER IF NOT EXISTS no_overlap_when_added BEFORE INSERT ON bookings WHEN NEW.{_ACTIVE}
BEGIN SELECT RAISE(ABORT, 'overlap') WHERE EXISTS ({_CLASH}); END;
CREATE TRIGGER IF NOT EXISTS no_overlap_when_changed BEFORE UPDATE OF instrument, start, "end", status ON bookings
WHEN NEW.{_ACTIVE}
BEGIN SELECT RAISE(ABORT, 'overlap') WHERE EXISTS ({_CLASH} AND id <> NEW.id); END;
""",
    "searches": """
CREATE TABLE IF NOT EXISTS searches (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, name TEXT NOT NULL, query TEXT NOT NULL, created_at TEXT NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX IF NOT EXISTS searches_of ON searches (owner, created_at DESC, id);
""",
    "usage": f"""
CREATE TABLE IF NOT EXISTS months (
    instrument TEXT NOT NULL, month TEXT NOT NULL, record_version INTEGER NOT NULL, revision INTEGER NOT NULL,
    effective INTEGER NOT NULL, external INTEGER NOT NULL, bookings INTEGER NOT NULL,
    laboratory TEXT, organisation TEXT, county TEXT, PRIMARY KEY (instrument, month)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS months_of_laboratory ON months (laboratory, {_SUMMED}) WHERE laboratory IS NOT NULL;
CREATE INDEX IF NOT EXISTS months_of_organisation ON months (organisation, {_SUMMED}) WHERE organisation IS NOT NULL;
CREATE INDEX IF NOT EXISTS months_of_county ON months (county, {_SUMMED}) WHERE county IS NOT NULL;
CREATE TABLE IF NOT EXISTS unattended (
    instrument TEXT NOT NULL, month TEXT NOT NULL, number INTEGER NOT NULL, due TEXT NOT NULL,
    PRIMARY KEY (instrument, month, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS state (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
""",
    "log": """
CREATE TABLE IF NOT EXISTS topics (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, partitions INTEGER NOT NULL, compacted INTEGER NOT NULL,
    retention_hours REAL);
CREATE TABLE IF NOT EXISTS partitions (
    id INTEGER PRIMARY KEY, topic INTEGER NOT NULL REFERENCES topics, number INTEGER NOT NULL,
    next_offset INTEGER NOT NULL DEFAULT 0, compacted_to INTEGER NOT NULL DEFAULT 0, UNIQUE (topic, number));
CREATE TABLE IF NOT EXISTS entries (
    at INTEGER PRIMARY KEY, appended_ms INTEGER NOT NULL, key BLOB NOT NULL, headers BLOB NOT NULL, value BLOB);
CREATE INDEX IF NOT EXISTS tombstones ON entries (at) WHERE value IS NULL;
CREATE TABLE IF NOT EXISTS newest_by_key (
    partition INTEGER NOT NULL, key BLOB NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (partition, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS groups (name TEXT PRIMARY KEY, member TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS positions (
    consumer_group TEXT NOT NULL, partition INTEGER NOT NULL, next_offset INTEGER NOT NULL,
    PRIMARY KEY (consumer_group, partition)) WITHOUT ROWID;
""",
}
