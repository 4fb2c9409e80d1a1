"""Saved searches."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute(
        'CREATE TABLE searches (id text COLLATE "C" PRIMARY KEY, owner text COLLATE "C" NOT NULL, name text NOT NULL, '
        'query text NOT NULL, created_at text COLLATE "C" NOT NULL)'
    )
    op.execute("CREATE INDEX searches_of ON searches (owner, created_at DESC, id)")


def downgrade() -> None:
    op.execute("DROP TABLE searches")
