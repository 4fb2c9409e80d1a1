"""What accounts are known by is kept sealed, under a keyed fingerprint; only the code knows the keys (`seal_clear`)."""

from hub.sql.upgrade import run

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    run(_COLUMNS, {"accounts": _COLUMNS})


def downgrade() -> None:
    dropping = "".join(f"ALTER TABLE {table} DROP COLUMN sealed;\n" for table in ("identities", "sign_ins"))
    run(dropping, {"accounts": dropping})


_COLUMNS = """
ALTER TABLE identities ADD COLUMN sealed TEXT;
ALTER TABLE sign_ins ADD COLUMN sealed TEXT;
"""
