"""Accounts, their identities, tenancies and memberships; tokens, sessions, codes and links, invitations."""

from hub.sql.upgrade import run

revision = "0010"
down_revision = "0007"

TABLES = ["invitations", "sign_ins", "sessions", "tokens", "memberships", "tenancies", "identities", "accounts"]


def upgrade() -> None:
    run(_TABLES.replace("TEXT", 'text COLLATE "C"').replace("PLAIN", "text"), {"accounts": _on_sqlite()})


def downgrade() -> None:
    dropping = "".join(f"DROP TABLE {table};\n" for table in TABLES)
    run(dropping, {"accounts": dropping})


def _on_sqlite() -> str:
    return _TABLES.replace("PLAIN", "TEXT").replace("boolean", "INTEGER").replace("integer", "INTEGER")


_TABLES = """
CREATE TABLE accounts (
    id TEXT NOT NULL PRIMARY KEY, kind PLAIN NOT NULL, name PLAIN NOT NULL, created_at TEXT NOT NULL, disabled_at TEXT);
CREATE TABLE identities (
    scheme TEXT NOT NULL, value TEXT NOT NULL, account TEXT NOT NULL, verified_at TEXT NOT NULL,
    PRIMARY KEY (scheme, value));
CREATE INDEX identities_of ON identities (account);
CREATE TABLE tenancies (
    id TEXT NOT NULL PRIMARY KEY, name_zh PLAIN NOT NULL, name_en PLAIN NOT NULL, credit_code TEXT NOT NULL,
    record_id TEXT NOT NULL, state TEXT NOT NULL, verified_by TEXT NOT NULL, verified_at TEXT, evidence PLAIN NOT NULL,
    sources PLAIN NOT NULL, scope PLAIN NOT NULL, created_by TEXT NOT NULL, created_at TEXT NOT NULL);
CREATE INDEX tenancies_having ON tenancies (state, created_at, id);
CREATE UNIQUE INDEX verified_credit_codes ON tenancies (credit_code) WHERE state = 'verified' AND credit_code <> '';
CREATE TABLE memberships (
    account TEXT NOT NULL, tenancy TEXT NOT NULL, roles PLAIN NOT NULL, administrator boolean NOT NULL,
    since TEXT NOT NULL, PRIMARY KEY (account, tenancy));
CREATE INDEX members_of ON memberships (tenancy, since, account);
CREATE TABLE tokens (
    id TEXT NOT NULL PRIMARY KEY, digest TEXT NOT NULL, account TEXT NOT NULL, tenancy TEXT NOT NULL,
    name PLAIN NOT NULL, scopes PLAIN NOT NULL, sources PLAIN NOT NULL, created_at TEXT NOT NULL, expires_at TEXT,
    used_at TEXT, revoked_at TEXT);
CREATE INDEX tokens_of ON tokens (account, created_at);
CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY, digest TEXT NOT NULL, account TEXT NOT NULL, tenancy TEXT NOT NULL,
    parent TEXT NOT NULL, roles PLAIN NOT NULL, sources PLAIN NOT NULL, way PLAIN NOT NULL, device PLAIN NOT NULL,
    address TEXT NOT NULL, created_at TEXT NOT NULL, used_at TEXT NOT NULL, expires_at TEXT NOT NULL);
CREATE INDEX sessions_of ON sessions (account, created_at);
CREATE INDEX sessions_ending ON sessions (expires_at);
CREATE TABLE sign_ins (
    id TEXT NOT NULL PRIMARY KEY, digest TEXT NOT NULL, email TEXT NOT NULL, account TEXT NOT NULL,
    parent TEXT NOT NULL, address TEXT NOT NULL, tries integer NOT NULL, created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL, used_at TEXT);
CREATE INDEX sign_ins_for ON sign_ins (email, created_at);
CREATE INDEX sign_ins_made ON sign_ins (created_at);
CREATE TABLE invitations (
    id TEXT NOT NULL PRIMARY KEY, digest TEXT NOT NULL, tenancy TEXT NOT NULL, email TEXT NOT NULL,
    roles PLAIN NOT NULL, administrator boolean NOT NULL, invited_by TEXT NOT NULL, created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL, state TEXT NOT NULL, answered_by TEXT NOT NULL, answered_at TEXT);
CREATE INDEX invitations_of ON invitations (tenancy, created_at);
"""
