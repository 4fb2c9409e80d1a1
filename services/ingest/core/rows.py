"""What a format hands to ingest: one row of a sender's document, still as it was sent."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from hub.kernel.problems import Problem

Form = Literal["json", "values", "text"]
"""How the data of a row are written: `json` bytes of one JSON object; `values` a mapping of JSON values;
`text` a mapping of field path to the text of a cell."""

# Names under which a row may state what it is, beside the record's own fields.
ID_NAMES = ("_id", "source_record_id")
VERSION_NAMES = ("_version", "source_version")
OPERATION_NAMES = ("_operation",)
ERROR_NAME = "_problems"
RAW_NAME = "_raw"

BATCH_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True)
class Limits:
    """What ingest takes at most; see hub.runtime.settings.Settings for the numbers that an operator may change."""

    row_bytes: int = 256 * 2**10
    field_chars: int = 20_000
    batch_rows: int = 2_000
    columns: int = 512


class Row(NamedTuple):
    """One row. `number` counts from 1 as the sender's file does, a heading included.

    `sent` is the row as it came, for the refused rows that the sender takes back: bytes, or a table's cells by their
    original headings; None where `data` is just that.
    `problems` say why the row could not even be read. `size` is its length in bytes, roughly.
    """

    number: int
    form: Form
    data: bytes | Mapping[str, Any]
    size: int = 0
    source_record_id: str | None = None
    version: str | int | None = None
    operation: str | None = None
    sent: bytes | Mapping[str, Any] | None = None
    problems: tuple[Problem, ...] = ()


def batched(rows: Iterable[Row], limit: int, limit_bytes: int = BATCH_BYTES) -> Iterator[list[Row]]:
    """Lists of at most `limit` rows and, but for a single row, `limit_bytes` bytes."""
    batch: list[Row] = []
    size = 0
    for row in rows:
        if batch and (len(batch) >= limit or size + row.size > limit_bytes):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += row.size
    if batch:
        yield batch
