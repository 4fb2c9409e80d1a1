"""What a row states: parts of a record, that something is empty, and versions that can and cannot be taken."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.kernel.contributions import Contribution, Preference, updated, values_digest
from hub.kernel.records import Record, Submission
from hub.kernel.versions import EARLIEST_TIME, source_version
from hub.ports.eventlog import ENTRY_BYTES_LIMIT
from schemas.kind import kind_named
from services.curation.core.identity import ALIASES_LIMIT, CONTRIBUTED_BYTES, CONTRIBUTIONS_LIMIT, RECORDS_LIMIT
from services.curation.core.merge import CONFLICT_CHARS, CONFLICT_VALUES
from services.curation.core.weak import shared_key, sign_of, weak_keys
from tests.unit.curation_memory import NOW, MemoryUnit, curate, submission

pytestmark = pytest.mark.unit
A = "organisation-a"
TODAY = source_version(NOW)


def part(version: int, source: str = "city", **fields: Any) -> Submission:
    return submission(source, "1", version, A, fields, complete=False)


def record(store: MemoryUnit, record_id: str = A) -> Record:
    return store.current[record_id]


def test_a_row_of_a_table_changes_only_what_it_names_in_any_order() -> None:
    rows = part(1, name_zh="甲", acronym="J", website="https://a.example"), part(2, acronym="K"), part(3, website=None)
    for order in permutations(rows):
        store = MemoryUnit()
        for event in order:
            curate(store, [event])
        assert record(store).fields == {"name_zh": "甲", "acronym": "K"}
        assert record(store).sources[0].source_version == 3


def test_a_withdrawal_or_a_whole_record_ends_what_was_said_before() -> None:
    first, last = part(1, name_zh="甲", acronym="J"), part(3, name_en="A")
    ends = submission("city", "1", 2, None), submission("city", "1", 2, A, {"name_zh": "乙"})
    for end, fields in zip(ends, ({"name_en": "A"}, {"name_zh": "乙", "name_en": "A"}), strict=True):
        for order in permutations((first, end, last)):
            store = MemoryUnit()
            for event in order:
                curate(store, [event])
            assert record(store).fields == fields


NAMES = st.fixed_dictionaries({}, optional={name: st.sampled_from(["x", "y", None]) for name in ("a", "b", "c")})
ROWS = st.lists(
    st.builds(
        lambda version, fields, complete: submission("city", "1", version, A, fields, complete=complete),
        st.integers(1, 6),
        st.one_of(NAMES, st.none()),
        st.booleans(),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda row: row.source_version,
)


@settings(max_examples=200, deadline=None)
@given(ROWS, st.randoms(use_true_random=False))
def test_statements_of_parts_come_to_the_same_in_any_order_and_again(rows: list[Submission], chance: Any) -> None:
    def outcome(order: list[Submission]) -> Contribution:
        said: Contribution | None = None
        for row in order:
            said = updated(said, Contribution.of(row))
        assert said is not None
        return said

    in_order = outcome(sorted(rows, key=lambda row: row.source_version))
    expected: dict[str, Any] = {}
    for row in sorted(rows, key=lambda row: row.source_version):
        whole = row.operation == "withdraw" or row.complete
        expected = dict(row.fields) if whole else expected | row.fields
    assert in_order.fields == expected
    shuffled = [*rows, chance.choice(rows)]
    chance.shuffle(shuffled)
    assert outcome(shuffled) == in_order


def test_what_is_stated_to_be_empty_hides_what_lower_authorities_say_and_no_equal() -> None:
    ministry, city = part(1, "national", name_en=None, name_zh="部"), part(1, "city", name_en="City", name_zh="市")
    store = curate(MemoryUnit(), [ministry, city])
    assert record(store).fields == {"name_zh": "部"}
    campus = part(EARLIEST_TIME + 1, "campus", name_en=None)
    store = curate(MemoryUnit(), [part(1, "city", name_en="City"), campus])
    assert (record(store).fields, record(store).conflicts) == ({"name_en": "City"}, ())


@pytest.mark.parametrize("ahead", [timedelta(hours=25), timedelta(days=365_000)])
def test_a_version_of_the_days_to_come_is_put_aside(ahead: timedelta) -> None:
    future = part(source_version(NOW + ahead), name_zh="甲")
    store = curate(MemoryUnit(), [future, part(source_version(NOW + timedelta(hours=23)), name_zh="乙")])
    assert store.refused[future.event_id()].code == "future-version"
    assert store.outcomes[future.event_id()].effect == "dead"
    assert record(store).fields == {"name_zh": "乙"}


@pytest.mark.parametrize(("first", "second"), [(TODAY, 7), (TODAY, 20260102), (7, TODAY)])
def test_one_row_has_versions_of_one_form(first: int, second: int) -> None:
    store = curate(MemoryUnit(), [part(first, name_zh="甲")])
    other = part(second, name_zh="乙")
    curate(store, [other])
    assert (store.refused[other.event_id()].code, record(store).fields) == ("version-form", {"name_zh": "甲"})


def test_other_content_under_the_same_version_is_refused_and_the_same_is_not() -> None:
    for number in range(20):
        first = part(1, name_zh=f"错{number}")
        corrected = part(1, name_zh=f"对{number}")
        store = curate(MemoryUnit(), [first])
        curate(store, [corrected, first])
        assert {event: one.code for event, one in store.refused.items()} == {corrected.event_id(): "same-version"}
        assert record(store).fields == {"name_zh": f"错{number}"}


def prefers(field: str, source: str, *values: Any) -> Preference:
    return Preference(A, field, source, "1", 50, "steward", "2026-01-01T00:00:00Z", "", values_digest(values))


def test_a_preference_holds_for_the_values_that_it_was_made_on() -> None:
    said = part(1, "city", name_zh="甲说"), part(EARLIEST_TIME + 1, "campus", name_zh="乙说")
    choice = prefers("name_zh", "campus", "甲说", "乙说")
    store = curate(MemoryUnit(), [*said, choice])
    assert (record(store).fields["name_zh"], record(store).conflicts) == ("乙说", ())
    curate(store, [part(EARLIEST_TIME + 2, "campus", name_zh="乙改口")])
    assert [conflict.field for conflict in record(store).conflicts] == ["name_zh"]
    curate(store, [part(EARLIEST_TIME + 3, "campus", name_zh="乙说")])
    assert (record(store).fields["name_zh"], record(store).conflicts) == ("乙说", ())
    curate(store, [part(1, "national", name_zh="国家说")])
    assert record(store).fields["name_zh"] == "国家说"


def test_many_long_disagreements_make_a_record_that_can_be_published() -> None:
    expert = "expert-a"
    texts = [chr(0x4E00 + number) * 20_000 for number in range(8)]
    rows = [
        submission("city", str(number), 1, expert, {"orcid": "0000-0002-1825-0097", "biography": text}, kind="expert")
        for number, text in enumerate(texts)
    ]
    store = curate(MemoryUnit(), rows)
    (found,) = store.current.values()
    assert len(found.to_bytes()) < 2**20 - 4_096
    (conflict,) = found.conflicts
    assert len(conflict.values) == 8
    assert all(len(value) == CONFLICT_CHARS + 1 for _, value in conflict.values)
    more = [
        submission(
            "city", f"m{number}", 1, expert, {"orcid": "0000-0002-1825-0097", "title": str(number)}, kind="expert"
        )
        for number in range(40)
    ]
    curate(store, more)
    assert max(len(conflict.values) for conflict in store.current[found.id].conflicts) == CONFLICT_VALUES


def test_what_would_make_a_record_too_large_is_refused_and_the_others_go_on() -> None:
    text = "\U00020000" * 20_000
    rows = [
        submission(
            "city", str(number), 1, "expert-a", {"orcid": "0000-0002-1825-0097", "biography": text}, kind="expert"
        )
        for number in range(12)
    ]
    store = curate(MemoryUnit(), [*rows, part(1, name_zh="甲")])
    assert {one.code for one in store.refused.values()} == {"record-too-large"}
    assert 0 < len(store.refused) < len(rows)
    assert len(store.refused) == len(rows) - CONTRIBUTED_BYTES // len(text.encode())
    assert record(store).fields == {"name_zh": "甲"}


def test_a_record_of_long_ids_texts_and_disagreements_fits_an_entry_of_the_log() -> None:
    rows = [
        submission(
            "city",
            f"{number:03}" + "\U00020000" * 297,
            1,
            "expert-a",
            {"orcid": "0000-0002-1825-0097", "title": f"{number}", "position": f"{number}", "biography": "长" * 900},
            kind="expert",
        )
        for number in range(CONTRIBUTIONS_LIMIT)
    ]
    store = curate(MemoryUnit(), rows)
    assert {one.code for one in store.refused.values()} == {"record-too-large"}
    (found,) = store.current.values()
    assert len(found.to_bytes()) < ENTRY_BYTES_LIMIT


def test_sources_and_identifiers_of_a_record_are_bounded() -> None:
    fields = {"uscc": "12100000470095016Q"}
    rows = [submission("web", str(number), 1, A, fields) for number in range(CONTRIBUTIONS_LIMIT + 2)]
    store = curate(MemoryUnit(), rows)
    assert [one.code for one in store.refused.values()] == ["too-many-sources"] * 2
    store = MemoryUnit()
    for version in range(1, ALIASES_LIMIT + 4):
        curate(store, [submission("web", "1", version, A, {"ror": f"https://ror.org/{version}"})])
    assert {one.code for one in store.refused.values()} == {"too-many-identifiers"}
    assert len(store.current[A].aliases) == ALIASES_LIMIT


@pytest.mark.parametrize("later", [{"pid": "10.5072/all"}, {}])
def test_an_identifier_that_leads_to_many_records_makes_no_further_one(later: dict[str, Any]) -> None:
    store = MemoryUnit()
    for number in range(RECORDS_LIMIT + 6):
        fields = {"national_number": f"N{number}"}
        for version, more in enumerate(({"pid": "10.5072/all"} if not later else {}, {"pid": "10.5072/all"}), start=1):
            row = submission("web", str(number), version, f"instrument-{number}", fields | more, kind="instrument")
            curate(store, [row])
    assert {one.code for one in store.refused.values()} == {"too-many-records"}
    (ids,) = [ids for ids in store.led.values() if len(ids) > 1]
    assert len(ids) == RECORDS_LIMIT
    assert len(store.current) == RECORDS_LIMIT + (6 if later else 0)


@pytest.mark.parametrize(
    "other",
    [
        "2022-YFB-1234567",
        "2022YFB1234567号",
        "国科2022YFB1234567",
        "2022YFBl234567",
        "2022YFВ1234567",
        "2022YFBI234567",
        "2O22YFB1234567",
    ],
)
def test_numbers_that_look_alike_are_asked_about_before_names(other: str) -> None:
    kind = kind_named("project")
    key = shared_key(kind, {"number": "2022YFB1234567", "name_zh": "甲"}, {"number": other, "name_zh": "甲"})
    assert key is not None
    assert sign_of(key) == "resemblance"
    assert shared_key(kind, {"number": "2022YFB1234567"}, {"number": "2022YFB1234568"}) is None


def test_one_serial_number_of_one_model_is_asked_about_whatever_the_inventory_numbers() -> None:
    kind = kind_named("instrument")
    made = {"serial_number": "SN 1", "model": "M", "manufacturer": {"name_zh": "厂", "name_en": "Maker"}}
    left = {**made, "owner": {"uscc": "12100000470095016Q"}, "inventory_number": "INV-1"}
    right = {**made, "owner": {"uscc": "12100000470095016Q"}, "inventory_number": "2024-0001"}
    key = shared_key(kind, left, right)
    assert key is not None
    assert sign_of(key) == "resemblance"
    assert shared_key(kind, left, {**right, "model": "N"}) is None


def test_what_has_no_owner_is_alike_by_its_name_and_place() -> None:
    kind, place = kind_named("instrument"), {"division": "330106"}
    assert weak_keys(kind, {"name_zh": "仪器", "place": place}) & weak_keys(kind, {"name_zh": "仪器", "place": place})
    assert not weak_keys(kind, {"name_zh": "仪器"})
