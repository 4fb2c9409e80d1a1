"""Privacy: the audit trail and its sealed segments, consents, and the keys of those whom values are about."""

from hub.sql.upgrade import run

revision = "0013"
down_revision = "0012"

TABLES = {"audit": ["consents", "audit_head", "audit_segments", "audit_entries"], "keys": ["person_keys"]}


def upgrade() -> None:
    everything = _AUDIT + _KEYS
    for ours, theirs in (("NAME", 'text COLLATE "C"'), ("TEXT", "text"), ("INT64", "bigint"), ("BLOB", "bytea")):
        everything = everything.replace(ours, theirs)
    run(everything, {"audit": _on_sqlite(_AUDIT), "keys": _on_sqlite(_KEYS)})


def downgrade() -> None:
    dropping = {store: "".join(f"DROP TABLE {table};\n" for table in tables) for store, tables in TABLES.items()}
    run("".join(dropping.values()), dropping)


def _on_sqlite(tables: str) -> str:
    return tables.replace("NAME", "TEXT").replace("INT64", "INTEGER")


_AUDIT = """
CREATE TABLE audit_entries (
    number INT64 NOT NULL PRIMARY KEY, at NAME NOT NULL, account NAME NOT NULL, organisation NAME NOT NULL,
    credential TEXT NOT NULL, action TEXT NOT NULL, subject NAME NOT NULL, outcome TEXT NOT NULL, detail TEXT NOT NULL,
    hash TEXT NOT NULL);
CREATE INDEX audit_by_account ON audit_entries (account, number);
CREATE INDEX audit_by_organisation ON audit_entries (organisation, number);
CREATE INDEX audit_by_subject ON audit_entries (subject, number);
CREATE TABLE audit_segments (
    first INT64 NOT NULL PRIMARY KEY, last INT64 NOT NULL, hash TEXT NOT NULL, file TEXT NOT NULL);
CREATE TABLE audit_head (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1), number INT64 NOT NULL, hash TEXT NOT NULL);
CREATE TABLE consents (
    subject NAME NOT NULL, purpose NAME NOT NULL, given_at NAME NOT NULL, withdrawn_at TEXT,
    PRIMARY KEY (subject, purpose, given_at));
"""
_KEYS = """
CREATE TABLE person_keys (
    subject NAME NOT NULL PRIMARY KEY, ref NAME NOT NULL, master TEXT NOT NULL, wrapped BLOB NOT NULL,
    erased_at TEXT, reason TEXT NOT NULL);
CREATE UNIQUE INDEX person_key_refs ON person_keys (ref);
"""
