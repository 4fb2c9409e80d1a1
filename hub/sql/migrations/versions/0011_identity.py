"""Curation: the identifiers that lead to each record, claims on records that others hold, statements of parts of a row.

What is stored is looked through once the new release runs (`merged_under` names no register of sources yet, so that all
records are merged again): only the code knows the identifiers of a kind.
"""

from hub.sql.upgrade import run

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    run(_POSTGRESQL, {"records": _SQLITE})


def downgrade() -> None:
    names = ("aliases", "claims", "due", "merged_under")
    columns = (("contributions", "older"), ("preferences", "organisation"), ("preferences", "decided_on"))
    statements = [f"DROP TABLE {name};\n" for name in names]
    statements += [f"ALTER TABLE {table} DROP COLUMN {column};\n" for table, column in columns]
    run("".join(statements), {"records": "".join(statements)})


_CLAIMED = "CREATE INDEX claims_of ON claims (key);\nCREATE INDEX claims_by ON claims (claimant, id);\n"
_CLAIMED += "CREATE INDEX claims_on ON claims (holder, id);\n"
_POSTGRESQL = f"""
ALTER TABLE contributions ADD COLUMN older bytea;
ALTER TABLE preferences ADD COLUMN organisation text;
ALTER TABLE preferences ADD COLUMN decided_on text;
CREATE TABLE aliases (alias text COLLATE "C" PRIMARY KEY, record_ids text NOT NULL);
CREATE TABLE claims (
    id text COLLATE "C" PRIMARY KEY, key text COLLATE "C" NOT NULL, record_id text COLLATE "C" NOT NULL,
    claimant text COLLATE "C" NOT NULL, holder text COLLATE "C" NOT NULL, claimed_at text NOT NULL, decision text,
    version bigint, decided_by text, decided_at text);
{_CLAIMED}
CREATE TABLE due (record_id text COLLATE "C" PRIMARY KEY);
CREATE TABLE merged_under (fingerprint text PRIMARY KEY);
"""
_SQLITE = f"""
ALTER TABLE contributions ADD COLUMN older BLOB;
ALTER TABLE preferences ADD COLUMN organisation TEXT;
ALTER TABLE preferences ADD COLUMN decided_on TEXT;
CREATE TABLE aliases (alias TEXT NOT NULL PRIMARY KEY, record_ids TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE claims (
    id TEXT NOT NULL PRIMARY KEY, key TEXT NOT NULL, record_id TEXT NOT NULL, claimant TEXT NOT NULL,
    holder TEXT NOT NULL, claimed_at TEXT NOT NULL, decision TEXT, version INTEGER, decided_by TEXT, decided_at TEXT
) WITHOUT ROWID;
{_CLAIMED}
CREATE TABLE due (record_id TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE merged_under (fingerprint TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID;
"""
