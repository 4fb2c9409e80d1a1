"""Reading curated records; the record store is the truth about them."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from hub.kernel.records import Record

Effect = Literal["changed", "unchanged", "stale", "dead"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one submission event.

    `changed`: it made version `version`; `unchanged`: it said nothing new; `stale`: the source had already said
    something newer; `dead`: it went to the dead-letter topic (`record_id` may be empty).
    """

    event_id: str
    record_id: str
    version: int
    effect: Effect


class RecordReader(Protocol):
    """The read side of the record store."""

    def get(self, ids: Collection[str]) -> Mapping[str, Record]:
        """The newest version of each id that exists, withdrawn ones included."""
        ...

    def history(self, record_id: str, limit: int = 100) -> list[Record]:
        """Versions of one record, newest first."""
        ...

    def outcomes(self, event_ids: Collection[str]) -> Mapping[str, Outcome]:
        """What became of each event that has been curated."""
        ...

    def scan(self, kind: str | None = None) -> Iterator[Record]:
        """Every record in the order of its id, withdrawn ones included; bounded memory."""
        ...

    def digest(self) -> str:
        """`hub.kernel.canonical.digest_of` the canonical JSON of every record's content()."""
        ...
