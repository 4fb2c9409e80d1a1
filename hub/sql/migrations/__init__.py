"""The tables on PostgreSQL and SQLite, step by step (Alembic); `hub.sql.upgrade` runs what is missing.

PostgreSQL has every service's tables in one database, SQLite a file a store; each of them names the step that it is at.
A SQLite file begins at BEFORE_SQLITE, since files were made without a history up to then: the step after it makes what
a file does not have yet.

On PostgreSQL every process migrates when it starts, one at a time, so during a rolling upgrade processes of the version
before go on working on tables that are already new. A step therefore only expands:

- new tables, new indexes, and new columns that may be empty or have a default; nothing else;
- what becomes needless is dropped one release after the last code that reads or writes it; a rename is a new column,
  code that writes both, a copy, code that reads the new one, and the drop of the old one, a release each;
- a step that was released is never edited: a database that has it would not get the edit;
- a step locks no big table for long: a constraint is added NOT VALID and validated by a later step, and an index on a
  table that may be big is created CONCURRENTLY (in `op.get_context().autocommit_block()`).

A SQLite file is one hub's alone, so there a step may do more. One file a service and step, numbered in one row:
Alembic refuses two heads.
"""

NEWEST = "0017"
"""The last step, known without Alembic, which takes longer to import than a hub to start."""
BEFORE_SQLITE = "0005"
