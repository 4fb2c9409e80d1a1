"""Records, contributions and decisions for the suite of record stores."""

from dataclasses import replace
from typing import Any

from hub.kernel.cloudevents import CloudEvent
from hub.kernel.contributions import Claim, ClaimDecided, Contribution, Older, Ownership, Preference, SameAs
from hub.kernel.entries import Delivered
from hub.kernel.records import Conflict, Record, SourceRef
from hub.ports.records import Changes, Outcome, Pending, RecordStore

AT = "2026-01-01T00:00:00.000000Z"
LARGEST = 2**63 - 1
FIELDS: dict[str, Any] = {
    "name_zh": "浙江大学 𠮷",
    "place": {"lat": 30.2635},
    "tags": ["a", "b"],
    "shared": False,
    "n": 0,
}


def name(number: int, kind: str = "organisation") -> str:
    return f"{kind}-{number:020}"


def record(number: int, version: int = 1, *, kind: str = "organisation", **changes: Any) -> Record:
    source = SourceRef("owner", str(number), version, "owner", AT)
    fields = {**FIELDS, "name_en": f"{number} at {version}"}
    made = Record(name(number, kind), kind, version, "active", AT, AT, fields, dict.fromkeys(fields, 0), (source,))
    return replace(made, **changes)


def contribution(
    number: int, version: int = 1, *, source: str = "owner", own: str = "", **changes: Any
) -> Contribution:
    claim = Claim(version, False, f"{number:032x}", "owner", name(number))
    made = Contribution("organisation", source, own or str(number), claim, AT, {**FIELDS, "n": version})
    return replace(made, **changes)


def withdrawn(of: Contribution, record_id: str | None) -> Contribution:
    claim = Claim(of.claim.source_version + 1, True, of.claim.digest, "owner", record_id)
    return replace(of, claim=claim, fields={})


def joined(left: int, right: int, version: int = 1, decision: Any = "joined") -> SameAs:
    return SameAs(name(left), name(right), decision, version, "管理员", AT)


def preferred(number: int, field: str, source: str | None, version: int = 1) -> Preference:
    return Preference(name(number), field, source, source and "7", version, "管理员", AT)


def disagreeing(number: int, **changes: Any) -> Record:
    return record(number, conflicts=(Conflict("name_zh", ((0, "甲"), (1, {"a": [1]}))),), **changes)


def save(store: RecordStore, *records: Record, **changes: Any) -> None:
    with store.batch() as unit:
        unit.save(Changes(records=list(records), **changes))


def told(pending: Pending) -> CloudEvent:
    entry = pending.entry
    return CloudEvent.from_delivered(Delivered("records", 0, 0, entry.key, entry.value, entry.headers))


def partial(number: int, organisation: str = "") -> Contribution:
    """A row that names some fields; the others are older."""
    older = Older((1, False, "a"), {"n": (1, False, "a")})
    return replace(contribution(number, 3), organisation=organisation, older=older)


def unplaced(number: int, organisation: str) -> Contribution:
    """A row that claims another's record."""
    made = contribution(number)
    return replace(made, organisation=organisation, claim=replace(made.claim, record_id=None))


def claimed(number: int, organisation: str, holder: str = "", decision: Any = None) -> Ownership:
    key = unplaced(number, organisation).key
    decided = ClaimDecided(name(1), *key, decision, 1, "管理员", AT) if decision else None
    return Ownership(key, name(1), holder, AT, decided)


def everything(number: int = 1) -> Changes:
    return Changes(
        contributions=[contribution(number)],
        aliases={name(8): (name(number),)},
        ownership=[claimed(9, "org-9")],
        same_as=[joined(number, number + 1)],
        preferences=[preferred(number, "name_zh", "owner")],
        records=[disagreeing(number)],
        weak_new=[(5, name(number)), (5, name(number + 1))],
        outcomes=[Outcome("e1", name(number), 1, "changed")],
    )
