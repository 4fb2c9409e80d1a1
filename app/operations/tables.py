"""What a hub keeps in tables, said once for both sets of adapters: equal rows in one order have one digest."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal

from hub.kernel.language import Bilingual

Type = Literal["text", "int4", "int8", "bool", "bytea"]
Value = str | int | bytes | None
Row = Sequence[Value]
OnProgress = Callable[[int, int], None]
"""Takes what is done and what there is to do, 0 where that is not known."""
Steps = Callable[[Bilingual], AbstractContextManager[OnProgress]]
"""Begins a step of the work, which tells how far it is."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table: `name` on SQLite, in the file `<store>.db`; `real_name` on PostgreSQL.

    Rows are read in the order of `key`, which is unique; a key that is no column (an outbox's number) is given anew
    when the rows are loaded.
    """

    store: str
    name: str
    columns: tuple[tuple[str, Type], ...]
    key: tuple[str, ...]
    real_name: str = field(default="")

    @property
    def full_name(self) -> str:
        """Unique among all tables."""
        return f"{self.store}.{self.name}"

    @property
    def on_servers(self) -> str:
        return self.real_name or self.name

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.columns)


@dataclass(frozen=True, slots=True)
class Digest:
    """How many rows or entries there are, and SHA-256 over all of them in their order."""

    count: int
    sha256: str


def _columns(text: str) -> tuple[tuple[str, Type], ...]:
    """Names with their types' first letters, such as `id:t version:i`."""
    types: dict[str, Type] = {"t": "text", "s": "int4", "i": "int8", "b": "bool", "x": "bytea"}
    pairs = (part.split(":") for part in text.split())
    return tuple((name, types[letter]) for name, letter in pairs)


_DECISION = "version:i decided_by:t decided_at:t"
TABLES: tuple[Table, ...] = (
    Table(
        "records",
        "contributions",
        _columns(
            "key:t record_id:t source_version:i withdrawn:b digest:t authority:t received_at:t fields:x",
        ),
        ("key",),
    ),
    Table("records", "records", _columns("id:t kind:t version:i conflicts:s body:x"), ("id",)),
    Table("records", "history", _columns("record_id:t version:i body:x"), ("record_id", "version")),
    Table("records", "outcomes", _columns("event_id:t record_id:t version:i effect:t"), ("event_id",)),
    Table("records", "same_as", _columns(f"left:t right:t decision:t {_DECISION}"), ("left", "right")),
    Table(
        "records",
        "preferences",
        _columns(f"record_id:t field:t source:t source_record_id:t {_DECISION}"),
        ("record_id", "field"),
    ),
    Table("records", "weak_keys", _columns("key:i record_id:t"), ("key", "record_id")),
    Table("records", "outbox", _columns("record_id:t version:i at:t"), ("number",)),
    Table(
        "receipts",
        "receipts",
        _columns(
            "id:t source:t kind:t format:t created_at:t sender:t progress:t accepted:i refused:i idempotency_key:t "
            "fingerprint:t alive_at:t"
        ),
        ("id",),
    ),
    Table(
        "receipts",
        "receipt_batches",
        _columns(
            "receipt:t number:i first_row:i last_row:i accepted_count:i refused_count:i accepted:x refused:x",
        ),
        ("receipt", "number"),
    ),
    Table("vault", "vault", _columns("token:t sealed:x"), ("token",)),
    Table("vault", "vault_key", _columns("id:s mark:t"), ("id",)),
    Table(
        "bookings",
        "bookings",
        _columns("id:t instrument:t start:i end:i status:t version:i booked_by:t key:t body:x"),
        ("id",),
    ),
    Table("bookings", "outbox", _columns("event_id:t instrument:t at:t data:x"), ("number",), "booking_outbox"),
    Table("searches", "searches", _columns("id:t owner:t name:t query:t created_at:t"), ("id",)),
)
BY_NAME = {table.full_name: table for table in TABLES}


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
