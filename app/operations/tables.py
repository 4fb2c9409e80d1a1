"""The rows of the tables that are moved (hub.sql.metadata): equal ones in one order have one digest anywhere."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import Table

from app.composition import MANIFESTS
from hub.sql.metadata import moved_columns, moved_name
from hub.text.language import Bilingual


class Refused(RuntimeError):
    """It would spoil something; nothing has been changed. `why` is for people."""

    def __init__(self, why: Bilingual) -> None:
        super().__init__(why.en)
        self.why = why


class Differs(RuntimeError):
    """What arrived is not what was sent."""


Value = str | int | bytes | None
Row = Sequence[Value]
OnProgress = Callable[[int, int], None]
"""Takes what is done and what there is to do, 0 where that is not known."""
Steps = Callable[[Bilingual], AbstractContextManager[OnProgress]]
"""Begins a step of the work, which tells how far it is."""

TABLES = [table for manifest in MANIFESTS for table in manifest.tables if table.info["moved"]]
BY_NAME = {moved_name(table): table for table in TABLES}


@dataclass(frozen=True, slots=True)
class Digest:
    """How many rows or entries there are, and SHA-256 over all of them in their order."""

    count: int
    sha256: str


def columns_of(table: Table) -> str:
    """The columns that are moved, quoted and listed."""
    return quoted(column.name for column in moved_columns(table))


def quoted(names: Iterable[str]) -> str:
    """The names as a list in SQL."""
    return ", ".join(f'"{name}"' for name in names)


def as_before(table: Table, rows: Iterable[Row]) -> Iterator[Row]:
    """The rows without the columns that were added to the table, where these hold nothing."""
    kept = sum(not column.info.get("added") for column in moved_columns(table))
    return (row[:kept] if all(value is None for value in row[kept:]) else row for row in rows)


def only_of(names: Collection[str], digests: Mapping[str, Digest]) -> dict[str, Digest]:
    """The digests of these tables, and of others that hold something."""
    return {name: digest for name, digest in digests.items() if name in names or digest.count}


def digest_rows(rows: Iterable[Row]) -> Digest:
    """The digest of rows in their order; equal values have equal digests, wherever the rows are kept."""
    count, digest = 0, sha256()
    for count, row in enumerate(rows, 1):  # noqa: B007 - the last number is the count
        digest.update(b"".join(map(_encoded, row)) + b".")
    return Digest(count, digest.hexdigest())


def counted(rows: Iterable[Row], on_progress: OnProgress, total: int, every: int = 1_000) -> Iterator[Row]:
    """The rows again, telling how many have passed."""
    done = 0
    for done, row in enumerate(rows, 1):
        yield row
        if done % every == 0:
            on_progress(done, total)
    on_progress(done, total)


def _encoded(value: Value) -> bytes:
    """With its type and length, so that no two rows look alike; truth is a number on SQLite."""
    if value is None:
        return b"n"
    if isinstance(value, int):
        return b"i%d;" % value
    data = value.encode() if isinstance(value, str) else bytes(value)
    return (b"t%d:" if isinstance(value, str) else b"b%d:") % len(data) + data
