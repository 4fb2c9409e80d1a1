"""Accepted rows as one small blob a batch; a row a table row would cost more than the record's own event."""

import zlib
from collections.abc import Sequence

import orjson

from services.ingest.ports.receipts import Accepted

_EVENT_BYTES = 16  # hub.kernel.canonical.short_digest
_LARGEST = 64 * 2**20


def packed(rows: Sequence[Accepted]) -> bytes:
    """Row numbers and record ids as compressed JSON after the event ids, which are 128-bit digests and do not compress.

    ValueError where an event id is no such digest.
    """
    events = bytes.fromhex("".join([row.event_id for row in rows]))
    if len(events) != _EVENT_BYTES * len(rows):
        raise ValueError("an event id is a digest of 128 bits in hexadecimal")
    rest = orjson.dumps([[row.row for row in rows], [row.record_id for row in rows]])
    return len(rows).to_bytes(4) + events + zlib.compress(rest, 1)


def unpacked(blob: bytes) -> tuple[Accepted, ...]:
    """The rows again; ValueError or zlib.error where the blob was not made by `packed`."""
    count = int.from_bytes(blob[:4])
    end = 4 + count * _EVENT_BYTES
    events = blob[4:end].hex()
    width = 2 * _EVENT_BYTES
    numbers, record_ids = orjson.loads(zlib.decompressobj().decompress(blob[end:], _LARGEST))
    return tuple(
        Accepted(number, events[at * width : (at + 1) * width], record_id)
        for at, (number, record_id) in enumerate(zip(numbers, record_ids, strict=True))
    )
