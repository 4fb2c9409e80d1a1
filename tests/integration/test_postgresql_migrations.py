"""Migrations: from nothing to the newest tables and back, by several processes at once, and only ever expanding."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import psycopg
import pytest
from alembic import command
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from hub.sql.postgresql import migrate
from hub.sql.upgrade import alembic_config, steps
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.integration
ROOT = Path(__file__).resolve().parents[2]
EXPANDS = re.compile(
    r"CREATE TABLE|CREATE (UNIQUE )?INDEX|ALTER TABLE \w+ ADD (COLUMN|CONSTRAINT .* NOT VALID)", re.DOTALL
)
TABLES = {
    *("contributions", "records", "history", "outcomes", "outbox", "same_as", "preferences", "weak_keys"),
    *("receipts", "receipt_batches", "vault", "vault_key"),
    *("accounts", "identities", "tenancies", "memberships", "tokens", "sessions", "sign_ins", "invitations"),
    *("instruments", "bookings", "booking_outbox", "managers", "searches"),
    *("audit_entries", "audit_segments", "audit_head", "consents", "person_keys"),
}


@pytest.fixture
def empty(postgresql_dsn: str) -> Iterator[str]:
    """The address of a database with nothing in it."""
    name = f"empty_{uuid4().hex[:12]}"
    with psycopg.connect(postgresql_dsn, autocommit=True) as sql:
        sql.execute(f"CREATE DATABASE {name}")
        yield f"{postgresql_dsn.rpartition('/')[0]}/{name}"
        sql.execute(f"DROP DATABASE {name} WITH (FORCE)")


def tables(dsn: str) -> set[str]:
    with psycopg.connect(dsn) as sql:
        rows = sql.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {name for (name,) in rows} - {"hub_migrations"}


def test_migrating_makes_every_table_once_and_keeps_what_is_there(empty: str) -> None:
    migrate(empty)
    assert tables(empty) >= TABLES
    with psycopg.connect(empty) as sql:
        sql.execute("INSERT INTO searches VALUES ('s', 'li', '质谱', 'q=质谱', '2026')")
    migrate(empty)
    with psycopg.connect(empty) as sql:
        assert sql.execute("SELECT count(*) FROM searches").fetchone() == (1,)
        assert sql.execute("SELECT version_num FROM hub_migrations").fetchall() == [(steps().get_current_head(),)]


def test_of_processes_that_start_at_once_one_migrates(empty: str) -> None:
    program = "import sys; from hub.sql.postgresql import migrate; migrate(sys.argv[1])"
    starting = [
        subprocess.Popen([sys.executable, "-c", program, empty], cwd=ROOT, stderr=subprocess.PIPE) for _ in range(3)
    ]
    assert [(process.wait(PATIENCE_SECONDS), process.communicate()[1]) for process in starting] == [(0, b"")] * 3
    assert tables(empty) >= TABLES


def test_every_step_can_be_undone_and_done_again(empty: str) -> None:
    migrate(empty)
    engine = create_engine(empty.replace("postgresql://", "postgresql+psycopg://", 1), poolclass=NullPool)
    with engine.connect() as connection:
        command.downgrade(alembic_config(connection), "base")
    assert tables(empty) == set()
    migrate(empty)
    assert tables(empty) >= TABLES


def test_a_step_only_expands(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    on_servers = SimpleNamespace(
        dialect=SimpleNamespace(name="postgresql"), opts={"store": ""}, autocommit_block=nullcontext
    )
    monkeypatch.setattr("alembic.op.get_context", lambda: on_servers)
    monkeypatch.setattr("alembic.op.execute", said.append)
    for step in steps().walk_revisions():
        step.module.upgrade()
    assert len(said) > len(TABLES)
    made = {match[1] for one in said if (match := re.match(r"CREATE TABLE (\w+)", one.strip()))}
    filled = tuple(f"INSERT INTO {table} " for table in made)
    assert [one for one in said if not EXPANDS.match(one.strip()) and not one.strip().startswith(filled)] == []
