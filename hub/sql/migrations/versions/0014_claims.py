"""Curation: why a claim was decided as it was, and claims by the record that they are on."""

from alembic import op

from hub.sql.upgrade import run

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    run(_REASON.replace("TEXT", "text"), {"records": f"{_REASON}CREATE INDEX {_INDEX};\n"})
    if op.get_context().dialect.name == "postgresql":
        with op.get_context().autocommit_block():
            op.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {_INDEX}")


def downgrade() -> None:
    run(_BACK, {"records": _BACK})


_REASON = "ALTER TABLE claims ADD COLUMN reason TEXT;\n"
_INDEX = "claims_to ON claims (record_id)"
_BACK = "DROP INDEX claims_to;\nALTER TABLE claims DROP COLUMN reason;\n"
