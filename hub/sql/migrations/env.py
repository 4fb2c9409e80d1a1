"""Alembic's entry: runs the steps on the connection that hub.sql.upgrade hands over."""

from alembic import context

from hub.sql.upgrade import VERSIONS_TABLE

attributes = context.config.attributes
context.configure(
    connection=attributes["connection"],
    version_table=VERSIONS_TABLE,
    transaction_per_migration=True,
    store=attributes.get("store", ""),
)
with context.begin_transaction():
    context.run_migrations()
