"""Alembic's entry: runs the steps on the connection that hub.sql.postgresql.migrate hands over."""

from alembic import context

from hub.sql.postgresql import MIGRATIONS_TABLE

connection = context.config.attributes["connection"]
context.configure(connection=connection, version_table=MIGRATIONS_TABLE, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
