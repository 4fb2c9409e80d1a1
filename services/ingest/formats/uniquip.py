"""UNIQUIP version 1: equipment lists as universities publish them, as CSV with the standard's column names.

http://equipment.data.ac.uk/uniquip. The columns are the names that the fields' annotations give under `uniquip`.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import BinaryIO

from schemas.kind import Kind
from services.ingest.core.rows import Limits, Row
from services.ingest.formats.base import Format
from services.ingest.formats.csv_ import DELIMITERS, read_named
from services.ingest.formats.headings import Names, meant_by, names_in, names_of, normal

VOCABULARY = "uniquip"
_TYPICAL = frozenset(map(normal, ("Name", "Description", "Contact Email", "Contact Telephone", "Contact URL")))
_PROPER = frozenset(
    map(normal, ("Related Facility ID", "Technique", "Secondary Contact Name", "Site Location", "Service Level"))
)


def read(stream: BinaryIO, kind: Kind, limits: Limits) -> Iterator[Row]:
    """Rows of cells; see services.ingest.formats.base.Read. The standard's ID is also the source's own record id."""
    names = _names(kind)
    own_id = next(iter(meant_by("ID", names)), "")
    rows = read_named(stream, kind, limits, names)
    return (row._replace(source_record_id=_cell(row, own_id)) for row in rows)


def _cell(row: Row, path: str) -> str | None:
    return row.data.get(path) if isinstance(row.data, Mapping) else None


@lru_cache(maxsize=16)
def _names(kind: Kind) -> Names:
    """The standard's names before every other by which the fields are known."""
    return (*names_in(kind, VOCABULARY), *names_of(kind))


def _sniffed(start: bytes) -> bool:
    """Headings of the standard in the first line, among them one that no other list has."""
    first = start.decode("utf-8-sig", "replace").lstrip().partition("\n")[0]
    headings = {normal(cell.strip('" \r')) for cell in re.split(f"[{DELIMITERS}]", first)}
    return len(headings & _TYPICAL) >= 2 and bool(headings & _PROPER)


FORMAT = Format(
    name="uniquip",
    media_types=(),
    suffixes=(),
    read=read,
    sniff=_sniffed,
    tabular=True,
    dialect=True,
    applies=lambda kind: VOCABULARY in kind.crosswalk,
)
"""Known by its headings, in a CSV file."""
