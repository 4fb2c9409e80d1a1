"""Whose a receipt is, and who manages which instrument within the organisation that holds it.

Receipts that are there have no organisation and no account: they are read by the one who was known by their sender's
name, and by operators. So are those that a process of the version before gives.
"""

from alembic import op

from hub.sql.upgrade import run

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    run(_COLUMNS + _MANAGERS.format(name='text COLLATE "C"', rest=""), _SQLITE)
    if op.get_context().dialect.name == "postgresql":
        with op.get_context().autocommit_block():
            for index in _INDEXES:
                op.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {index}")


def downgrade() -> None:
    run(_NO_COLUMNS + _NO_MANAGERS, {"receipts": _NO_COLUMNS, "managers": _NO_MANAGERS})


_COLUMNS = """
ALTER TABLE receipts ADD COLUMN organisation text COLLATE "C";
ALTER TABLE receipts ADD COLUMN account text COLLATE "C";
"""
_INDEXES = (
    "receipts_of ON receipts (organisation, created_at)",
    "receipts_before ON receipts (sender, created_at) WHERE organisation IS NULL",
)
_MANAGERS = """
CREATE TABLE managers (
    organisation {name} NOT NULL, instrument {name} NOT NULL, account {name} NOT NULL,
    PRIMARY KEY (organisation, instrument, account)){rest};
"""
_SQLITE = {
    "receipts": "ALTER TABLE receipts ADD COLUMN organisation TEXT;\n"
    "ALTER TABLE receipts ADD COLUMN account TEXT;\n" + "".join(f"CREATE INDEX {index};\n" for index in _INDEXES),
    "managers": _MANAGERS.format(name="TEXT", rest=" WITHOUT ROWID"),
}
_NO_COLUMNS = """
DROP INDEX receipts_of;
DROP INDEX receipts_before;
ALTER TABLE receipts DROP COLUMN organisation;
ALTER TABLE receipts DROP COLUMN account;
"""
_NO_MANAGERS = "DROP TABLE managers;\n"
