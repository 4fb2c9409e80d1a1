"""SQLite and PostgreSQL: connections, tables and migrations."""
