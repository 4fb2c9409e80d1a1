"""Whose a record is: what an owner's row may change, what waits as a claim, and what becomes of a decision."""

from typing import Any

import pytest

from hub.kernel.access import Scope
from hub.kernel.contributions import ClaimDecided
from hub.kernel.records import Record, Submission
from hub.kernel.sources import Source, Sources
from hub.text.language import Bilingual
from schemas.kind import kind_named
from services.curation.core.plan import Rules
from tests.unit.curation_memory import AT, MemoryUnit, curate, same_as, submission

pytestmark = pytest.mark.unit
INSTRUMENT = kind_named("instrument")
ZJU, HDU = "12100000470095016Q", "12330000470009152F"
PID = {"pid": "10.5072/lab"}


def row(organisation: str, number: str, version: int, source: str = "campus", **fields: Any) -> Submission:
    proposal = INSTRUMENT.id_of(fields, source, number, organisation)
    return submission(source, number, version, proposal, fields, kind="instrument", organisation=organisation)


def withdrawal(organisation: str, number: str, version: int) -> Submission:
    return submission("campus", number, version, None, kind="instrument", organisation=organisation)


def decided(claimant: Submission, record_id: str, decision: Any, version: int = 9) -> ClaimDecided:
    names = (claimant.kind, claimant.source, claimant.organisation, claimant.source_record_id)
    return ClaimDecided(record_id, *names, decision, version, "某人", AT)


def active(store: MemoryUnit) -> list[Record]:
    return [record for record in store.current.values() if record.status == "active"]


def test_two_organisations_rows_of_one_source_and_id_are_two_things() -> None:
    store = curate(MemoryUnit(), [row("org-a", "A-1", 1, name_zh="甲"), row("org-b", "A-1", 2, name_zh="乙")])
    assert {(record.holder, record.fields["name_zh"]) for record in active(store)} == {("org-a", "甲"), ("org-b", "乙")}
    curate(store, [withdrawal("org-b", "A-1", 3)])
    assert [record.holder for record in active(store)] == ["org-a"]


@pytest.mark.parametrize(
    "identifier",
    [PID, {"national_number": "N 1"}, {"owner": {"uscc": ZJU, "name_zh": "浙江大学"}, "inventory_number": "7"}],
)
def test_a_row_that_names_anothers_record_changes_nothing_there(identifier: dict[str, Any]) -> None:
    lab = row("org-a", "1", 1, name_zh="仪器", **identifier)
    store = curate(MemoryUnit(), [lab])
    (before,) = active(store)
    thief = row("org-b", "mine", 5, status="retired", description="占用", **identifier)
    curate(store, [thief])
    assert store.current == {before.id: before}
    ((claim),) = store.claimed.values()
    assert (claim.key, claim.record_id, claim.holder, claim.decided) == (
        ("instrument", "campus", "org-b", "mine"),
        before.id,
        "org-a",
        None,
    )
    outcome = store.outcomes[thief.event_id()]
    assert (outcome.effect, outcome.record_id, outcome.version) == ("claimed", before.id, 0)
    curate(store, [thief, row("org-b", "mine", 6, status="retired", **identifier)])
    assert (store.current, len(store.claimed)) == ({before.id: before}, 1)


@pytest.mark.parametrize("source", ["national", "web"])
def test_who_oversees_or_harvests_joins_and_never_holds(source: str) -> None:
    said = submission(source, "9", 1, INSTRUMENT.identified(PID), PID | {"name_en": "x"}, kind="instrument")
    store = curate(MemoryUnit(), [said])
    assert [record.holder for record in active(store)] == [None]
    curate(store, [row("org-a", "1", 1, name_zh="仪器", **PID)])
    (record,) = active(store)
    assert (record.holder, len(record.sources)) == ("org-a", 2)


def test_an_accepted_claim_moves_the_record_to_the_claimant() -> None:
    first, claimant = row("org-a", "1", 1, name_zh="旧", **PID), row("org-b", "2", 1, name_zh="新", **PID)
    store = curate(MemoryUnit(), [first, claimant])
    (record,) = active(store)
    decision = decided(claimant, record.id, "accepted")
    curate(store, [decision, decision])
    (now,) = active(store)
    assert (now.id, now.holder, now.fields["name_zh"]) == (record.id, "org-b", "新")
    assert {(one.organisation, one.authority) for one in now.sources} == {("org-a", "harvested"), ("org-b", "owner")}
    curate(store, [row("org-b", "2", 2, name_zh="更新", **PID)])
    assert active(store)[0].fields["name_zh"] == "更新"


def test_a_joined_claim_adds_to_the_record_and_a_refused_one_stays_out() -> None:
    first, claimant = row("org-a", "1", 1, name_zh="旧", **PID), row("org-b", "2", 1, name_zh="新", model="M", **PID)
    store = curate(MemoryUnit(), [first, claimant])
    (record,) = active(store)
    curate(store, [decided(claimant, record.id, "refused", 8)])
    curate(store, [row("org-b", "2", 2, name_zh="又", model="M", **PID)])
    assert active(store) == [record]
    curate(store, [decided(claimant, record.id, "joined", 9), decided(claimant, record.id, "refused", 7)])
    (now,) = active(store)
    assert (now.holder, now.fields["name_zh"], now.fields["model"]) == ("org-a", "旧", "M")


def test_a_claimed_row_that_no_longer_names_the_record_makes_its_own() -> None:
    store = curate(MemoryUnit(), [row("org-a", "1", 1, **PID), row("org-b", "2", 1, name_zh="乙", **PID)])
    curate(store, [row("org-b", "2", 2, name_zh="乙", pid="10.5072/other")])
    assert {record.holder for record in active(store)} == {"org-a", "org-b"}


@pytest.mark.parametrize("number", ["2", str(INSTRUMENT.identified(PID))])
def test_a_row_that_waits_is_withdrawn_by_its_sender(number: str) -> None:
    store = curate(MemoryUnit(), [row("org-a", "1", 1, name_zh="甲", **PID), row("org-b", number, 1, **PID)])
    named = None if number == "2" else number
    gone = submission("campus", number, 2, named, kind="instrument", organisation="org-b")
    curate(store, [gone])
    assert store.refused == {}
    assert store.said["instrument", "campus", "org-b", number].claim.withdrawn
    assert [record.holder for record in active(store)] == ["org-a"]


@pytest.mark.parametrize("now", [{"pid": None}, {"pid": "10.5072/right"}, {"national_number": "N 2", "pid": None}])
def test_an_identifier_that_its_holder_gave_up_is_the_next_ones(now: dict[str, Any]) -> None:
    store = curate(MemoryUnit(), [row("org-a", "1", 1, name_zh="甲", **PID)])
    waiting = row("org-b", "2", 1, name_zh="乙", **PID)
    curate(store, [waiting])
    assert len(active(store)) == 1
    curate(store, [row("org-a", "1", 2, name_zh="甲", **now)])
    curate(store, [row("org-b", "2", 2, name_zh="乙", **PID), row("org-c", "3", 1, name_zh="丙", **PID)])
    assert {record.holder: record.fields["name_zh"] for record in active(store)} == {"org-a": "甲", "org-b": "乙"}
    assert [claim.key[2] for claim in store.claimed.values() if claim.holder == "org-b"] == ["org-c"]


def test_an_organisation_that_has_a_record_claims_another_by_an_identifier_and_keeps_its_own() -> None:
    store = curate(MemoryUnit(), [row("org-a", "1", 1, **PID), row("org-b", "2", 1, name_zh="乙")])
    before = {record.holder: record for record in active(store)}
    change = row("org-b", "2", 2, name_zh="乙", **PID)
    curate(store, [change])
    now = {record.holder: record for record in active(store)}
    assert now["org-a"] == before["org-a"]
    assert (now["org-b"].id, now["org-b"].fields["pid"]) == (before["org-b"].id, PID["pid"])
    assert [claim.record_id for claim in store.claimed.values()] == [before["org-a"].id]
    curate(store, [decided(change, before["org-a"].id, "accepted")])
    (only,) = active(store)
    assert only.holder == "org-b"


def test_whoever_is_verified_as_the_stated_owner_takes_over_and_who_is_verified_as_another_does_not() -> None:
    rules = Rules(codes={"org-zju": ZJU, "org-hdu": HDU})
    owner = {"uscc": ZJU, "name_zh": "浙江大学"}
    agent = row("org-x", "1", 1, name_zh="仪器", owner=owner, **PID)
    store = curate(MemoryUnit(), [agent], rules)
    assert active(store)[0].holder is None  # a verified organisation is the stated owner, and it has not spoken
    other = row("org-hdu", "3", 1, name_zh="抢", owner={"uscc": HDU}, **PID)
    curate(store, [row("org-zju", "2", 1, name_zh="本校", owner=owner, **PID), other], rules)
    (record,) = active(store)
    assert (record.holder, record.fields["name_zh"]) == ("org-zju", "本校")
    assert {claim.key[2] for claim in store.claimed.values()} == {"org-hdu"}


@pytest.mark.parametrize("codes", [{"org-hdu": HDU}, {"org-zju": ZJU, "org-hdu": HDU}])
@pytest.mark.parametrize("size", [1, 3])
def test_nobody_comes_to_hold_a_harvested_record_by_calling_itself_the_owner(size: int, codes: dict[str, str]) -> None:
    rules = Rules(codes=codes)
    fields = PID | {"name_zh": "仪器", "owner": {"uscc": ZJU, "name_zh": "浙江大学"}}
    harvested = submission("web", "9", 1, INSTRUMENT.identified(PID), fields, kind="instrument")
    thief = row("org-hdu", "3", 1, name_zh="抢", owner={"uscc": HDU}, **PID)
    again = row("org-hdu", "3", 2, name_zh="还抢", owner={"uscc": HDU}, **PID)
    store = MemoryUnit()
    for start in range(0, 3, size):
        curate(store, [harvested, thief, again][start : start + size], rules)
    assert [(record.holder, record.fields["owner"]["uscc"]) for record in active(store)] == [(None, ZJU)]
    assert {(claim.key[2], claim.holder) for claim in store.claimed.values()} == {("org-hdu", "")}
    rules = Rules(codes={"org-zju": ZJU, "org-hdu": HDU})
    curate(store, [row("org-zju", "2", 1, name_zh="本校", owner={"uscc": ZJU}, **PID)], rules)
    (record,) = active(store)
    assert (record.holder, record.fields["name_zh"]) == ("org-zju", "本校")


def test_nobody_comes_to_hold_a_harvested_record_by_joining_it_to_one_of_its_own() -> None:
    rules = Rules(codes={"org-zju": ZJU, "org-hdu": HDU})
    fields = PID | {"name_zh": "仪器", "owner": {"uscc": ZJU, "name_zh": "浙江大学"}}
    harvested = submission("web", "9", 1, INSTRUMENT.identified(PID), fields, kind="instrument")
    store = curate(MemoryUnit(), [harvested, row("org-hdu", "3", 1, name_zh="自己的")], rules)
    curate(store, [row("org-hdu", "3", 2, name_zh="自己的", **PID)], rules)
    holders = {record.id: record.holder for record in active(store)}
    assert holders[INSTRUMENT.identified(PID)] is None
    assert sorted(map(str, holders.values())) == ["None", "org-hdu"]


def test_a_squatter_gives_way_to_whoever_is_verified_as_the_stated_owner() -> None:
    owner = {"uscc": ZJU, "name_zh": "浙江大学"}
    store = curate(MemoryUnit(), [row("org-x", "1", 1, name_zh="占", owner=owner, **PID)])
    assert active(store)[0].holder == "org-x"
    real = row("org-zju", "2", 1, name_zh="本校", owner=owner, **PID)
    curate(store, [real], Rules(codes={"org-zju": ZJU}))
    (record,) = active(store)
    assert (record.holder, record.fields["name_zh"]) == ("org-zju", "本校")


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (1, 0, 2, 3), (0, 1, 3, 2), (3, 2, 1, 0)])
@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_what_was_joined_and_is_told_apart_again_is_each_its_own_holders(order: tuple[int, ...], size: int) -> None:
    first, second = row("org-a", "1", 1, name_zh="甲"), row("org-b", "2", 1, name_zh="乙")
    ids = str(first.record_id), str(second.record_id)
    events = first, second, same_as(*ids, 5), same_as(*ids, 6, "separate")
    store = MemoryUnit()
    for start in range(0, 4, size):
        curate(store, [events[place] for place in order[start : start + size]])
    assert {(record.holder, record.fields["name_zh"]) for record in active(store)} == {("org-a", "甲"), ("org-b", "乙")}
    assert {source.authority for record in active(store) for source in record.sources} == {"owner"}


def register(*sources: Source) -> Rules:
    return Rules(Sources({source.id: source for source in sources}))


def source(name: str, authority: Any, **more: Any) -> Source:
    return Source(name, Bilingual(name, name), authority, **more)


def test_what_a_renamed_source_said_is_its_own_under_the_new_name() -> None:
    fields = {"number": "MB-1", "name_zh": "旧"}
    project = kind_named("project").identified(fields)
    said = submission("city", "MB", 8, project, fields, kind="project")
    store = curate(MemoryUnit(), [said], register(source("city", "owner")))
    renamed = register(source("zj", "owner", was=("city",)))
    newer = Submission("project", "zj", "MB", 9, "upsert", "owner", project, fields | {"name_zh": "新"}, AT)
    curate(store, [newer], renamed)
    (record,) = active(store)
    assert [(one.source, one.source_version) for one in record.sources] == [("zj", 9)]
    assert (record.fields["name_zh"], record.conflicts) == ("新", ())
    curate(store, [Submission("project", "zj", "MB", 10, "withdraw", "owner", None, {}, AT)], renamed)
    assert active(store) == []


@pytest.mark.parametrize("sent_again", [True, False])
def test_a_promotion_counts_for_what_was_said_before_it(sent_again: bool) -> None:
    fields = {"number": "AU-1", "name_zh": "部"}
    project = kind_named("project").identified(fields)
    said = submission("web", "1", 1, project, fields, kind="project")
    other = submission("city", "1", 1, project, fields | {"name_zh": "校"}, kind="project")
    before = register(source("web", "harvested"), source("city", "owner"))
    store = curate(MemoryUnit(), [said, other], before)
    assert active(store)[0].fields["name_zh"] == "校"
    promoted = register(source("web", "national"), source("city", "owner"))
    assert before.sources.fingerprint() != promoted.sources.fingerprint()
    store.waiting = [record.id for record in active(store)]
    curate(store, [said] if sent_again else [], promoted, again=store.waiting)
    (record,) = active(store)
    assert (record.fields["name_zh"], record.sources[record.provenance["name_zh"]].authority) == ("部", "national")


HERE = Source("web", Bilingual("省", "province"), "provincial", jurisdiction=Scope(divisions=frozenset({"33"})))
JILIN, LISHUI, BY_THE_STATE = "122200004127532004", "12331100471660085J", ZJU


@pytest.mark.parametrize(
    ("kind", "of_owner", "of_province", "within"),
    [
        ("organisation", {"uscc": JILIN, "place": {"division": "220104"}}, {"uscc": JILIN}, False),
        ("organisation", {"uscc": JILIN, "place": {"division": "220104"}},
         {"uscc": JILIN, "place": {"division": "330106"}}, False),
        ("project", {"number": "P", "lead": {"uscc": JILIN}}, {"number": "P"}, False),
        ("instrument", {"pid": "10.5072/j", "place": {"division": "220104"}, "owner": {"uscc": LISHUI}},
         {"pid": "10.5072/j", "place": {"division": "331102"}}, False),
        ("organisation", {"uscc": LISHUI}, {"uscc": LISHUI}, True),
        ("project", {"number": "P", "lead": {"uscc": BY_THE_STATE}}, {"number": "P"}, True),
        ("project", {"number": "P"}, {"number": "P", "lead": {"uscc": JILIN}}, False),
        ("instrument", {"pid": "10.5072/j", "place": {"division": "331102"}}, {"pid": "10.5072/j"}, True),
    ],
)  # fmt: skip
def test_a_province_speaks_with_authority_of_what_is_in_it_by_others_word(
    kind: str, of_owner: dict[str, Any], of_province: dict[str, Any], within: bool
) -> None:
    record_id = kind_named(kind).identified(of_owner)
    said = [
        submission("campus", "1", 1, record_id, of_owner | {"acronym": "单位"}, kind=kind),
        submission("web", "1", 1, record_id, of_province | {"acronym": "省"}, kind=kind),
    ]
    (record,) = active(curate(MemoryUnit(), said, register(HERE, source("campus", "owner"))))
    assert record.fields["acronym"] == ("省" if within else "单位")
    assert {one.authority for one in record.sources} == {"owner", "provincial" if within else "harvested"}


def test_a_source_has_its_authority_over_its_kinds_and_levels_alone() -> None:
    fields = {"number": "L-1", "level": "national"}
    project = kind_named("project").identified(fields)
    said = [
        submission("national", "1", 1, project, fields, kind="project"),
        submission("web", "1", 1, project, fields | {"level": "provincial"}, kind="project"),
    ]
    for scope, authority in (
        (Scope(levels=frozenset({"provincial"})), "harvested"),
        (Scope(levels=frozenset({"national"})), "provincial"),
        (Scope(kinds=frozenset({"instrument"})), "harvested"),
        (Scope(kinds=frozenset({"project"})), "provincial"),
    ):
        rules = register(source("web", "provincial", jurisdiction=scope))
        (record,) = active(curate(MemoryUnit(), said, rules))
        assert {one.source: one.authority for one in record.sources} == {"national": "national", "web": authority}
