"""The name that somebody whom a provider vouches for had before accounts had ids, for as long as the session lasts."""

from hub.sql.upgrade import run

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    run(_COLUMN, {"accounts": _COLUMN})


def downgrade() -> None:
    dropping = "ALTER TABLE sessions DROP COLUMN formerly;\n"
    run(dropping, {"accounts": dropping})


_COLUMN = "ALTER TABLE sessions ADD COLUMN formerly TEXT;\n"
