"""Bookings: two active ones of an instrument never overlap, which the table itself forbids; their outbox."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    for statement in _TABLES.split(";"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    for table in ("booking_outbox", "bookings", "instruments"):
        op.execute(f"DROP TABLE {table}")


# Without the extension btree_gist, which not every server has, an exclusion constraint compares ranges only. So each
# instrument has a stretch of whole numbers of its own, 2^38 long, in which its seconds since 1970 lie: enough until
# after the year 9999, and for 2^25 (33 million) instruments within a bigint.
_TABLES = """
CREATE TABLE instruments (
    id text COLLATE "C" PRIMARY KEY,
    number bigint GENERATED ALWAYS AS IDENTITY UNIQUE CHECK (number BETWEEN 0 AND 33554431));
CREATE TABLE bookings (
    id text COLLATE "C" PRIMARY KEY, instrument bigint NOT NULL REFERENCES instruments (number),
    start bigint NOT NULL CHECK (start >= 0), "end" bigint NOT NULL CHECK ("end" < 274877906944),
    status text NOT NULL, version bigint NOT NULL, booked_by text COLLATE "C" NOT NULL, key text COLLATE "C",
    body bytea NOT NULL,
    span int8range GENERATED ALWAYS AS (
        int8range(instrument * 274877906944 + start, instrument * 274877906944 + "end")) STORED,
    CONSTRAINT some_time CHECK (start < "end"),
    CONSTRAINT no_overlap EXCLUDE USING gist (span WITH &&) WHERE (status IN ('requested', 'confirmed')));
CREATE INDEX bookings_on ON bookings (instrument, start, id);
CREATE INDEX bookings_having ON bookings (status, start, id);
CREATE INDEX bookings_of ON bookings (booked_by, start, id);
CREATE UNIQUE INDEX booking_keys ON bookings (booked_by, key) WHERE key IS NOT NULL;
CREATE TABLE booking_outbox (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, event_id text NOT NULL, instrument text NOT NULL,
    at text NOT NULL, data bytea NOT NULL)
"""
