"""Organisations as their registry tells them, in any number, as NDJSON rows for ingest."""

import gzip
from collections.abc import Iterator
from functools import lru_cache
from itertools import count as counting
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

import orjson

from schemas.kind import kind_named
from services.ingest.core.rows import Limits
from services.ingest.formats.ror import read

STREAM = Path(__file__).resolve().parents[1] / "tests" / "data" / "ror" / "ror_v2_release_stream.jsonl.gz"


def lines(count: int) -> list[bytes]:
    """`count` distinct active organisations, one JSON object each, in the hub's own field names."""
    return list(islice(_endless(), count))


def _endless() -> Iterator[bytes]:
    """The registry's organisations; then its organisations again as branches, with identifiers of their own."""
    known = _known()
    for time in counting():
        for source_id, fields in known:
            yield orjson.dumps({"_id": source_id, **fields} if time == 0 else _branch(source_id, fields, time))


def _branch(source_id: str, fields: dict[str, Any], number: int) -> dict[str, Any]:
    kept = {name: value for name, value in fields.items() if name not in ("ror", "isni")}
    names = {name: f"{value} {number}" for name, value in kept.items() if name.startswith("name_")}
    return {"_id": f"{source_id}#{number}", **kept, **names}


@lru_cache(maxsize=1)
def _known() -> list[tuple[str, dict[str, Any]]]:
    newest: dict[str, dict[str, Any]] = {}
    with gzip.open(STREAM) as file:
        for row in read(cast(BinaryIO, file), kind_named("organisation"), Limits()):
            if row.operation == "upsert" and row.source_record_id and isinstance(row.data, dict) and not row.problems:
                newest[row.source_record_id] = row.data
    return list(newest.items())
