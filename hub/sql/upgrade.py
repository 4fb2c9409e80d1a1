"""Brings the tables of a database or of a SQLite file to those of this release."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from threading import Lock
from typing import Any

from sqlalchemy import Connection, inspect, text

from hub.sql.migrations import BEFORE_SQLITE, NEWEST

VERSIONS_TABLE = "hub_migrations"
"""Names the last step that the tables of a database are at."""
_ONE_AT_A_TIME = Lock()
"""Alembic keeps what a step runs on for the whole process, so that two threads would take each other's."""


class NewerRelease(ValueError):
    """The tables are those of a newer release, and stay as they are."""


def is_newest(sql: Connection) -> bool:
    """Whether there is nothing to do."""
    return version_of(sql) == NEWEST


def version_of(sql: Connection) -> str:
    """The step that the tables are at; empty where there are none, or none that were made by steps."""
    if not inspect(sql).has_table(VERSIONS_TABLE):
        return ""
    return str(sql.scalar(text(f"SELECT version_num FROM {VERSIONS_TABLE}")) or "")


def upgrade(sql: Connection) -> None:
    """Run the steps that are missing on PostgreSQL, each in a transaction of its own; the caller keeps others away.

    Raises NewerRelease.
    """
    _run_steps(sql)


def upgrade_file(sql: Connection, store: str) -> None:
    """Run the steps that are missing on the SQLite file of a store, in the transaction that the caller has begun.

    Raises NewerRelease.
    """
    if not version_of(sql):
        sql.execute(text(f"CREATE TABLE {VERSIONS_TABLE} (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
        sql.execute(text(f"INSERT INTO {VERSIONS_TABLE} VALUES ('{BEFORE_SQLITE}')"))
    _run_steps(sql, store)


def _run_steps(sql: Connection, store: str = "") -> None:
    """What `alembic upgrade head` does, without reading the steps' files for each SQLite file anew."""
    from alembic.runtime.environment import EnvironmentContext

    if (version := version_of(sql)) > NEWEST:
        raise NewerRelease(f"the tables are at step {version}, this release knows {NEWEST}")
    if not store:
        sql.rollback()  # reading has begun a transaction, within which no step could commit by itself
    known = steps()
    environment = EnvironmentContext(
        alembic_config(sql, store), known, fn=lambda at, _: known._upgrade_revs("head", at)
    )
    with _ONE_AT_A_TIME, environment:
        known.run_env()


@cache
def steps() -> Any:
    """The history, as Alembic reads it."""
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(alembic_config())


def alembic_config(sql: Connection | None = None, store: str = "") -> Any:
    """Alembic's configuration for a connection; `store` is that of a SQLite file."""
    from alembic.config import Config

    config = Config(attributes={"connection": sql, "store": store})
    config.set_main_option("script_location", str(files("hub.sql") / "migrations"))
    return config


def run(postgresql: str, sqlite: Mapping[str, str]) -> None:
    """Within a step: run the statements, each ended by `;` and a new line, that this database or store has."""
    from alembic import op

    context = op.get_context()
    on_servers = context.dialect.name == "postgresql"
    statements = postgresql if on_servers else sqlite.get(context.opts["store"], "")
    for statement in statements.split(";\n"):
        if statement.strip():
            op.execute(statement)
