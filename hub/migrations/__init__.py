"""The tables on PostgreSQL, step by step (Alembic); `hub.adapters.postgresql.migrate` runs what is missing."""
