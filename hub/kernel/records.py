"""The values that move through the hub: a source's submission, and the record that curation makes of all of them."""

from dataclasses import dataclass
from typing import Any, Literal

import orjson

from hub.kernel.canonical import canonical_json, short_digest

Operation = Literal["upsert", "withdraw"]
Authority = Literal["national", "provincial", "owner", "harvested"]
AUTHORITIES: tuple[Authority, ...] = ("national", "provincial", "owner", "harvested")
Status = Literal["active", "withdrawn"]

SUBMISSIONS = "submissions"
RECORDS = "records"
SUBMITTED = "cn.research-hub.submission.v1"
RECORD_CHANGED = "cn.research-hub.record.v1"


@dataclass(frozen=True, slots=True)
class Submission:
    """What a source says of one of its records, validated; the data of a `submissions` event.

    `source_version` is `hub.kernel.versions.source_version` of the source's own version; `record_id` is None where a
    withdrawal carries no identifier; values of `secret` fields are vault tokens; `received_at` is RFC 3339, UTC;
    `organisation` is the tenancy for which the source's sender speaks, empty where the source speaks for itself. What a
    `complete` one leaves out the source says no more; otherwise it changes only what it names. A field that is None is
    stated to be empty.
    """

    kind: str
    source: str
    source_record_id: str
    source_version: int
    operation: Operation
    authority: Authority
    record_id: str | None
    fields: dict[str, Any]
    received_at: str
    organisation: str = ""
    complete: bool = True

    def event_id(self) -> str:
        """Equal for equal submissions, so that sending one again is recognised; the arrival time does not count."""
        parts = [self.kind, self.source_version, self.operation, self.record_id, self.fields]
        parts += [] if self.complete else ["partial"]
        speaker = [self.source, self.organisation] if self.organisation else [self.source]
        return short_digest(canonical_json([*speaker, self.source_record_id, *parts]))

    def subject(self) -> str:
        """The event's subject and key: the record id, or the source's own id where that is all we know."""
        return self.record_id or f"{self.source}/{self.source_record_id}"

    def to_bytes(self) -> bytes:
        return orjson.dumps({name: getattr(self, name) for name in self.__slots__})

    @classmethod
    def from_bytes(cls, data: bytes) -> "Submission":
        """Raises ValueError, TypeError or orjson.JSONDecodeError (a ValueError) where the data are no submission."""
        return cls(**orjson.loads(data))


@dataclass(frozen=True, slots=True)
class SourceRef:
    """One source's part in a record."""

    source: str
    source_record_id: str
    source_version: int
    authority: Authority
    received_at: str
    organisation: str = ""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Equal authorities that disagree on a field; `values` are (index into sources, value), the first one in use.

    Of many or long values only the beginning is kept.
    """

    field: str
    values: tuple[tuple[int, Any], ...]


@dataclass(frozen=True, slots=True)
class Record:
    """A curated record at one version; the data of a `records` event.

    `version` counts 1, 2, 3 … and is the external version of every sink. `provenance` maps each field to the index in
    `sources` whose value it has. A withdrawn record keeps id, version and dates, and has no fields; `replaced_by` names
    the record that it was joined to. `same_as` lists the ids joined to this one, `aliases` those that its identifiers
    stand for (`hub.kernel.identifiers.record_id`), now or once. `holder` is the tenancy that manages the record, None
    where no owner has spoken; it is nobody's to read outside the hub. Times are RFC 3339 in UTC.
    """

    id: str
    kind: str
    version: int
    status: Status
    created_at: str
    updated_at: str
    fields: dict[str, Any]
    provenance: dict[str, int]
    sources: tuple[SourceRef, ...]
    conflicts: tuple[Conflict, ...] = ()
    same_as: tuple[str, ...] = ()
    replaced_by: str | None = None
    holder: str | None = None
    aliases: tuple[str, ...] = ()

    @property
    def never_was(self) -> bool:
        """Whether it was withdrawn before what it says came: it is kept so that any order ends alike, and is nobody's
        to see.
        """
        return self.version == 1 and self.status == "withdrawn" and not (self.replaced_by or self.same_as)

    def to_bytes(self) -> bytes:
        return orjson.dumps(self)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Record":
        """Raises ValueError or TypeError where the data are no record."""
        raw = orjson.loads(data)
        raw["sources"] = tuple(SourceRef(**source) for source in raw["sources"])
        raw["conflicts"] = tuple(
            Conflict(conflict["field"], tuple((index, value) for index, value in conflict["values"]))
            for conflict in raw["conflicts"]
        )
        raw["same_as"] = tuple(raw["same_as"])
        raw["aliases"] = tuple(raw.get("aliases", ()))
        if "holder" not in raw and any(source.authority == "owner" for source in raw["sources"]):
            raw["holder"] = ""  # it was made before organisations were told apart
        return cls(**raw)

    def content(self) -> dict[str, Any]:
        """What the record says, without the version and times that depend on the order of arrival."""
        return {
            "id": self.id,
            "kind": self.kind,
            "status": self.status,
            "fields": self.fields,
            "same_as": self.same_as,
            "replaced_by": self.replaced_by,
        }
