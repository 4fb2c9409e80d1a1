"""Whether private values of earlier releases were sealed where they rest, which `app.operations.sealing` does once."""

from hub.sql.upgrade import run

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    run(_TABLE, {"records": _TABLE})


def downgrade() -> None:
    run("DROP TABLE sealed;\n", {"records": "DROP TABLE sealed;\n"})


_TABLE = """
CREATE TABLE sealed (step text PRIMARY KEY NOT NULL);
INSERT INTO sealed SELECT 'private values' WHERE NOT EXISTS (SELECT 1 FROM contributions);
"""
