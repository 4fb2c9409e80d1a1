"""Bookings: the sources that own each one's instrument, so that an owner's queue is one range of an index.

Bookings that are there have none yet: the booking service looks the owners up, and a queue has those without too.
"""

from alembic import op

from hub.sql.upgrade import run

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    run(_POSTGRESQL, {"bookings": _SQLITE})
    if op.get_context().dialect.name == "postgresql":
        with op.get_context().autocommit_block():
            op.execute("CREATE INDEX CONCURRENTLY IF NOT EXISTS bookings_owned ON bookings (owners, status, start, id)")


def downgrade() -> None:
    run(
        "DROP INDEX bookings_owned;\n"
        "ALTER TABLE bookings DROP COLUMN owners;\n"
        "ALTER TABLE instruments DROP COLUMN owners;\n",
        {
            "bookings": "DROP INDEX bookings_owned;\n"
            "ALTER TABLE bookings DROP COLUMN owners;\n"
            "DROP TABLE instruments;\n"
            "ALTER TABLE booking_outbox RENAME TO outbox;\n"
        },
    )


_POSTGRESQL = """
ALTER TABLE instruments ADD COLUMN owners text COLLATE "C";
ALTER TABLE bookings ADD COLUMN owners text COLLATE "C";
"""
# The outbox gets the name that it has on PostgreSQL.
_SQLITE = """
CREATE TABLE instruments (id TEXT NOT NULL PRIMARY KEY, owners TEXT) WITHOUT ROWID;
INSERT INTO instruments (id) SELECT DISTINCT instrument FROM bookings;
ALTER TABLE bookings ADD COLUMN owners TEXT;
CREATE INDEX bookings_owned ON bookings (owners, status, start, id);
ALTER TABLE outbox RENAME TO booking_outbox;
"""
