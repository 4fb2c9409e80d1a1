"""Alembic's entry: runs the steps on the connection that hub.adapters.postgresql.migrate hands over."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, version_table="hub_migrations", transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
