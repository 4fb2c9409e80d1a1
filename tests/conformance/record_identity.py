"""What every record store must do about identifiers, claims, and records that are to be merged again."""

from dataclasses import replace

from hub.ports.records import RecordStore
from tests.conformance.gaps import Conformance
from tests.conformance.record_samples import claimed, contribution, name, partial, record, save, unplaced


class RecordIdentityConformance(Conformance):
    suite = "record store"

    def test_a_row_is_its_sources_and_organisations_own(self, store: RecordStore) -> None:
        said = [contribution(1), partial(1, "org-a"), partial(1, "org-b")]
        save(store, contributions=said)
        with store.batch() as unit:
            assert set(unit.claims([one.key for one in said])) == {one.key for one in said}
            assert sorted(unit.contributions([name(1)]), key=lambda one: one.organisation) == said
        assert sorted(store.contributions([name(1)]), key=lambda one: one.organisation) == said

    def test_rows_that_belong_to_no_record_are_read_by_their_keys(self, store: RecordStore) -> None:
        waiting, placed = unplaced(1, "org-a"), contribution(2)
        save(store, contributions=[waiting, placed])
        with store.batch() as unit:
            assert list(unit.unplaced([waiting.key, placed.key, contribution(3).key])) == [waiting]
            assert list(unit.unplaced([])) == []

    def test_identifiers_lead_to_records_in_their_order(self, store: RecordStore) -> None:
        save(store, aliases={"x": (name(2),), "y": (name(2),)})
        save(store, aliases={"x": (name(2), name(1))}, aliases_before={"x": (name(2),)})
        with store.batch() as unit:
            assert dict(unit.aliases(["x", "y", "z"])) == {"x": (name(2), name(1)), "y": (name(2),)}

    def test_every_id_that_was_given_leads_to_a_record(self, store: RecordStore) -> None:
        gone = record(2, status="withdrawn", fields={}, provenance={}, sources=(), replaced_by=name(1))
        save(store, record(1), gone, aliases={"x": (name(2),), "y": (name(1),), "z": (name(7),)})
        leads = store.leads_to([name(1), name(2), name(3), "x", "y", "z"])
        assert leads == {name(1): name(1), name(2): name(1), "x": name(1), "y": name(1)}

    def test_claims_come_in_pages_of_those_whom_they_concern(self, store: RecordStore) -> None:
        made = [(8, "org-a"), (9, "org-b")]
        rows = [unplaced(number, claimant) for number, claimant in made]
        save(store, contributions=rows, ownership=[claimed(number, claimant, "org-h") for number, claimant in made])
        found = store.claims("", 9, None, True)
        assert sorted(one.ownership.key for one in found) == sorted(one.key for one in rows)
        assert all(one.contribution.key == one.ownership.key and one.ownership.decided is None for one in found)
        assert [one.id for one in found] == sorted(one.id for one in found)
        assert store.claims(found[0].id, 1, None, True) == found[1:]
        assert len(store.claims("", 9, "org-h", True)) == 2
        assert [one.ownership.key[2] for one in store.claims("", 9, "org-a", True)] == ["org-a"]
        assert list(store.claims("", 9, "org-x", True)) == []
        assert store.claim(found[0].id) == found[0]
        assert store.claim("nothing") is None

    def test_pages_of_claims_are_of_rows_that_stand_and_follow_the_holder(self, store: RecordStore) -> None:
        numbers = (7, 8, 9)
        rows = [unplaced(number, "org-b") for number in numbers]
        save(store, contributions=rows, ownership=[claimed(number, "org-b", "org-h") for number in numbers])
        first, *rest = store.claims("", 9, None, True)
        said = first.contribution
        gone = replace(said, claim=replace(said.claim, withdrawn=True, source_version=9), fields={})
        save(store, contributions=[gone])
        assert store.claims("", 2, None, True) == rest
        (accepted,) = (number for number in numbers if claimed(number, "org-b").key == rest[0].ownership.key)
        save(store, ownership=[claimed(accepted, "org-b", "org-h", "accepted")])
        assert list(store.claims("", 9, "org-h", True)) == []
        assert [one.id for one in store.claims("", 9, "org-b", True)] == [rest[1].id]
        assert store.claims("", 9, "org-b", True)[0].ownership.holder == "org-b"

    def test_claims_are_chosen_by_claimant_and_by_whether_anybody_holds_the_record(self, store: RecordStore) -> None:
        made = [(7, "org-a", "org-h"), (8, "org-a", ""), (9, "org-b", "")]
        save(
            store,
            contributions=[unplaced(number, claimant) for number, claimant, _ in made],
            ownership=[claimed(*row) for row in made],
        )

        def keys(**chosen: object) -> set[str]:
            return {one.ownership.key[3] for one in store.claims("", 9, None, True, **chosen)}  # type: ignore[arg-type]

        seventh, eighth, ninth = (unplaced(number, "x").key[3] for number in (7, 8, 9))
        assert keys(claimant="org-a") == {seventh, eighth}
        assert keys(unheld=True) == {eighth, ninth}
        assert keys(claimant="org-b", unheld=True) == {ninth}
        assert store.contested([name(1), name(2)]) == {name(1)}
        decided = claimed(9, "org-b", "", "refused")
        why = replace(decided, decided=replace(decided.decided, reason="不是同一台"))  # type: ignore[type-var]
        save(store, ownership=[why])
        assert store.contested([name(1)]) == frozenset(), "those of one organisation contest nothing"
        assert [one.ownership for one in store.claims("", 9, "org-b", False)] == [why]

    def test_a_claim_that_is_known_stays_until_it_is_decided(self, store: RecordStore) -> None:
        save(store, contributions=[unplaced(9, "org-b")], ownership=[claimed(9, "org-b", "org-h")])
        save(store, ownership=[claimed(9, "org-b", "org-other")])
        with store.batch() as unit:
            assert list(unit.ownership([claimed(9, "org-b").key])) == [claimed(9, "org-b", "org-h")]
        save(store, ownership=[claimed(9, "org-b", "org-h", "refused")])
        save(store, ownership=[claimed(9, "org-b", "org-h")])
        assert list(store.claims("", 9, None, True)) == []
        (decided,) = store.claims("", 9, "org-b", False)
        assert decided.ownership == claimed(9, "org-b", "org-h", "refused")

    def test_all_records_are_merged_again_once_for_a_register(self, store: RecordStore) -> None:
        save(store, record(1), record(2), record(3))
        assert store.merge_again("a")
        assert not store.merge_again("a")
        with store.batch() as unit:
            first = unit.due(2)
            assert len(first) == 2
            unit.settle(first)
            (last,) = unit.due(9)
            assert {*first, last} == {name(1), name(2), name(3)}
            unit.settle([last])
            assert list(unit.due(9)) == []
        assert store.merge_again("b")
        with store.batch() as unit:
            assert len(unit.due(9)) == 3
