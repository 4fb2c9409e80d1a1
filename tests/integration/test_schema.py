"""The MetaData and what the steps make, on both databases: nothing is said differently."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Boolean, Column, Connection, Integer, create_engine, text
from sqlalchemy.pool import NullPool

import services.accounts.tables
import services.booking.tables
import services.catalog.tables
import services.curation.tables
import services.ingest.tables
import services.privacy.tables  # noqa: F401 - their tables are in the MetaData once they are imported
from hub.sql.metadata import is_on, metadata
from hub.sql.migrations import NEWEST
from hub.sql.sqlite import Database
from hub.sql.upgrade import VERSIONS_TABLE, steps, version_of

pytestmark = pytest.mark.integration
STORES = sorted({table.info["store"] for table in metadata.tables.values()})


def differences(sql: Connection, names: set[str]) -> list[Any]:
    """What the MetaData and the database say differently of these tables, and tables that only the database has."""
    dialect = sql.dialect.name

    def compared(item: Any, name: str | None, kind: str, reflected: bool, _: object) -> bool:
        if kind == "table":
            return name in names if not reflected else name != VERSIONS_TABLE
        return reflected or (is_on(item, dialect) and (kind != "foreign_key_constraint" or item.table.name in names))

    def differs(_: Any, __: Any, column: Column[Any], there: Any, wanted: Any) -> bool | None:
        return False if dialect == "sqlite" and isinstance(wanted, Boolean) and isinstance(there, Integer) else None

    context = MigrationContext.configure(sql, opts={"include_object": compared, "compare_type": differs})
    flat = [one for part in compare_metadata(context, metadata) for one in (part if isinstance(part, list) else [part])]
    return [one for one in flat if not (dialect == "sqlite" and _is_untold(one))]


def _is_untold(difference: tuple[Any, ...]) -> bool:
    """SQLite tells no constraint's name, and takes a primary key for nullable that does not say otherwise."""
    if difference[0] != "modify_nullable":
        return difference[0] in ("add_constraint", "add_fk", "remove_fk")
    _, _, table, column, *_ = difference
    return column in metadata.tables[table].primary_key.columns


@pytest.fixture
def postgresql(database: str) -> Iterator[Connection]:
    engine = create_engine(database.replace("postgresql://", "postgresql+psycopg://", 1), poolclass=NullPool)
    with engine.connect() as connection:
        yield connection


def test_postgresql_has_the_tables_of_the_metadata(postgresql: Connection) -> None:
    names = {table.name for table in metadata.tables.values() if is_on(table, "postgresql")}
    assert differences(postgresql, names) == []
    postgresql.execute(text("ALTER TABLE receipts DROP COLUMN kind"))
    postgresql.execute(text("DROP INDEX bookings_owned"))
    found = sorted(difference[0] for difference in differences(postgresql, names))
    assert found == ["add_column", "add_index"], "a difference would be missed"


@pytest.mark.parametrize("store", STORES)
def test_a_store_on_sqlite_has_its_tables_of_the_metadata(tmp_path: Path, store: str) -> None:
    tables = (table for table in metadata.tables.values() if table.info["store"] == store and is_on(table, "sqlite"))
    names = {table.name for table in tables}
    database = Database(tmp_path / f"{store}.db", store=store)
    with database.reading() as sql:
        assert differences(sql, names) == []
    name = sorted(names)[0]
    with database.write() as raw:
        raw.execute(f"ALTER TABLE {name} ADD COLUMN surplus TEXT")
        raw.execute("CREATE TABLE unknown (id TEXT)")
    with database.reading() as sql:
        assert sorted(part[0] for part in differences(sql, names)) == ["remove_column", "remove_table"], (
            "a difference would be missed"
        )
    database.close()


def test_the_newest_step_is_known_without_alembic() -> None:
    assert steps().get_current_head() == NEWEST


def test_a_file_of_a_newer_release_is_left_alone(tmp_path: Path) -> None:
    Database(tmp_path / "searches.db", store="searches").close()
    with sqlite3.connect(tmp_path / "searches.db") as raw:
        raw.execute(f"UPDATE {VERSIONS_TABLE} SET version_num = '9999'")
    with pytest.raises(Exception, match="9999"):
        Database(tmp_path / "searches.db", store="searches")
    with sqlite3.connect(tmp_path / "searches.db") as raw:
        assert raw.execute(f"SELECT version_num FROM {VERSIONS_TABLE}").fetchall() == [("9999",)]


def test_an_upgrade_that_breaks_off_has_changed_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps().get_revision("0013").module, "_KEYS", "CREATE TABLE half (a TEXT);\nBROKEN;\n")
    with pytest.raises(sqlite3.OperationalError):
        Database(tmp_path / "keys.db", store="keys")
    monkeypatch.undo()
    with sqlite3.connect(tmp_path / "keys.db") as raw:
        assert raw.execute("SELECT name FROM sqlite_master").fetchall() == []
    database = Database(tmp_path / "keys.db", store="keys")
    with database.reading() as sql:
        assert version_of(sql) == NEWEST
    database.close()
