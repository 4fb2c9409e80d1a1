"""What every record store must do. An adapter's test supplies `open_store`, which opens the same storage again."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from hub.kernel.canonical import canonical_json, digest_of
from hub.kernel.cloudevents import traceparent_of
from hub.kernel.contributions import Claim
from hub.kernel.records import RECORD_CHANGED, Record
from hub.ports.records import Changes, Outcome, RecordStore
from tests.conformance.record_identity import RecordIdentityConformance
from tests.conformance.record_samples import (
    AT,
    LARGEST,
    claimed,
    contribution,
    disagreeing,
    everything,
    joined,
    name,
    preferred,
    record,
    save,
    told,
    withdrawn,
)

OpenStore = Callable[[], RecordStore]


def seen(store: RecordStore) -> list[Any]:
    """All that the store shows of organisations 1 and 2."""
    ids = [name(1), name(2)]
    with store.batch() as unit:
        inside = [
            dict(unit.claims([contribution(1).key])),
            unit.contributions(ids),
            unit.same_as(ids),
            unit.preferences(ids),
            dict(unit.records(ids)),
            dict(unit.aliases([name(8)])),
            unit.ownership([claimed(9, "org-9").key]),
        ]
    outside = [store.get(ids), store.history(name(1)), store.outcomes(["e1"]), list(store.scan()), store.digest()]
    waiting = [(pending.number, pending.entry) for pending in store.pending(10)]
    return [*inside, *outside, waiting, store.conflicts("", 9), store.alike(None, 9, 9), store.decisions(ids)]


class RecordStoreConformance(RecordIdentityConformance):
    @pytest.fixture
    def store(self, open_store: OpenStore) -> Iterator[RecordStore]:
        store = open_store()
        yield store
        store.close()

    def test_what_a_batch_saves_is_there(self, store: RecordStore) -> None:
        changes = everything()
        with store.batch() as unit:
            unit.save(changes)
        with store.batch() as unit:
            assert unit.claims([contribution(1).key, contribution(2).key]) == {
                contribution(1).key: contribution(1).claim
            }
            assert list(unit.contributions([name(1)])) == changes.contributions
            assert list(unit.same_as([name(1)])) == list(unit.same_as([name(2)])) == changes.same_as
            assert list(unit.preferences([name(1), name(2)])) == changes.preferences
            assert unit.records([name(1), name(2)]) == {name(1): disagreeing(1)}
        assert store.get([name(1)]) == {name(1): disagreeing(1)}
        assert list(store.decisions([name(2)])) == changes.same_as
        assert list(store.settled([name(1)])) == changes.preferences

    def test_a_batch_reads_what_it_saved(self, store: RecordStore) -> None:
        with store.batch() as unit:
            unit.save(everything())
            assert unit.records([name(1)]) == {name(1): disagreeing(1)}
            assert list(unit.contributions([name(1)])) == [contribution(1)]

    def test_a_batch_that_fails_leaves_nothing(self, store: RecordStore) -> None:
        save(store, record(1))
        before = seen(store)
        failing = replace(everything(), records=[record(1, 2)])
        with pytest.raises(ConnectionError):
            self._break_off(store, failing)
        assert seen(store) == before
        with store.batch() as unit:
            unit.save(failing)
        assert store.get([name(1)])[name(1)].version == 2

    def test_nobody_sees_a_batch_before_it_ends(self, store: RecordStore) -> None:
        save(store, record(1))
        with ThreadPoolExecutor(1) as other, store.batch() as unit:
            unit.save(replace(everything(), records=[record(1, 2)]))
            assert other.submit(lambda: store.get([name(1)])[name(1)].version).result() == 1
            assert other.submit(lambda: [len(store.pending(10)), len(store.alike(None, 9, 9))]).result() == [1, 0]

    def test_batches_exclude_each_other(self, store: RecordStore, open_store: OpenStore) -> None:
        second = open_store()
        save(store, record(1))

        def grow(through: RecordStore) -> None:
            for _ in range(10):
                with through.batch() as unit:
                    version = unit.records([name(1)])[name(1)].version
                    unit.save(Changes(records=[record(1, version + 1)]))

        threads = [threading.Thread(target=grow, args=(one,)) for one in (store, second, store)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        second.close()
        assert store.get([name(1)])[name(1)] == record(1, 31)
        assert [one.version for one in store.history(name(1))] == list(range(31, 0, -1))
        assert [told(one).id for one in store.pending(99)] == [f"{name(1)}@{version}" for version in range(1, 32)]

    def test_withdrawn_records_are_read_and_unknown_ids_left_out(self, store: RecordStore) -> None:
        gone = record(1, status="withdrawn", fields={}, provenance={}, sources=(), replaced_by=name(2))
        kept = record(2, same_as=(name(1),))
        save(store, gone, kept)
        assert store.get([name(1), name(2), name(3), "", "nobody"]) == {name(1): gone, name(2): kept}
        assert store.get([]) == {}
        assert list(store.scan()) == [gone, kept]

    def test_history_is_newest_first_and_whole(self, store: RecordStore) -> None:
        versions = [record(1, version) for version in (1, 2, 3)]
        for one in versions:
            save(store, one, record(2, one.version))
        assert store.history(name(1)) == versions[::-1]
        assert store.history(name(1), limit=2) == versions[:0:-1]
        assert store.history(name(1), limit=1) == versions[2:]
        assert store.history("nobody") == []

    def test_a_refreshed_record_is_no_new_version(self, store: RecordStore) -> None:
        save(store, record(1), record(2))
        again = disagreeing(1)
        save(store, refreshed=[again])
        assert store.get([name(1)]) == {name(1): again}
        assert store.history(name(1)) == [again]
        assert len(store.pending(10)) == store.waiting() == 2
        assert [one.id for one in store.conflicts("", 10)] == [name(1)]

    def test_a_contribution_replaces_the_one_before(self, store: RecordStore) -> None:
        first, other = contribution(1), contribution(1, source="city", own="a\x1fb；'\"")
        save(store, contributions=[first, other])
        moved = replace(first, claim=Claim(LARGEST, False, "d", "national", name(2)), received_at="2027", fields={})
        save(store, contributions=[moved])
        with store.batch() as unit:
            assert unit.claims([first.key, other.key]) == {first.key: moved.claim, other.key: other.claim}
            assert list(unit.contributions([name(1)])) == [other]
            assert list(unit.contributions([name(2)])) == [moved]
            assert {one.key for one in unit.contributions([name(1), name(2)])} == {first.key, other.key}

    def test_a_withdrawal_is_remembered(self, store: RecordStore) -> None:
        gone, unnamed = withdrawn(contribution(1), name(1)), withdrawn(contribution(2), None)
        save(store, contributions=[gone, unnamed])
        with store.batch() as unit:
            assert unit.claims([gone.key, unnamed.key]) == {gone.key: gone.claim, unnamed.key: unnamed.claim}
            assert all(one.claim.withdrawn for one in unit.contributions([name(1), name(2)]))

    def test_one_number_of_two_kinds_and_sources_is_three_records(self, store: RecordStore) -> None:
        said = [contribution(1), contribution(1, source="city", own="1"), replace(contribution(1), kind="expert")]
        save(store, contributions=said)
        with store.batch() as unit:
            assert len(unit.claims([one.key for one in said])) == 3

    def test_the_first_outcome_of_an_event_stays(self, store: RecordStore) -> None:
        first = [Outcome("e1", name(1), 1, "changed"), Outcome("e2", "", 0, "dead")]
        save(store, outcomes=first)
        save(store, outcomes=[Outcome("e1", name(1), 9, "unchanged"), Outcome("e3", name(1), 1, "stale")])
        assert store.outcomes(["e1", "e2", "e4"]) == {"e1": first[0], "e2": first[1]}
        assert store.outcomes([]) == {}

    def test_a_scan_is_in_the_order_of_ids_and_of_one_kind(self, store: RecordStore) -> None:
        kinds = ["lab", "lab-x", "laboratory", "expert"]
        save(store, *(record(number, kind=kind) for number in (3, 1, 2) for kind in kinds))
        ids = [one.id for one in store.scan()]
        assert ids == sorted(name(number, kind) for number in (1, 2, 3) for kind in kinds)
        for kind in kinds:
            assert [one.id for one in store.scan(kind)] == [name(number, kind) for number in (1, 2, 3)]
        assert list(store.scan("nothing")) == []

    def test_the_digest_is_of_what_records_say(self, store: RecordStore, open_store: OpenStore) -> None:
        empty = store.digest()
        save(store, record(2), record(1))
        assert store.digest() == digest_of(canonical_json(one.content()) for one in (record(1), record(2)))
        before = store.digest()
        save(store, replace(record(1), version=2, updated_at="2027-01-01T00:00:00.000000Z"))
        save(store, refreshed=[disagreeing(2)])
        assert store.digest() == before
        save(store, record(2, 2, same_as=(name(3),)))
        assert len({store.digest(), before, empty}) == 3

    def test_versions_wait_to_be_published_in_order(self, store: RecordStore) -> None:
        save(store, record(2), record(1))
        save(store, record(1, 2))
        waiting = list(store.pending(10))
        assert [one.number for one in waiting] == sorted({one.number for one in waiting})
        events = [told(one) for one in waiting]
        assert [(event.subject, Record.from_bytes(event.data)) for event in events] == [
            (one.id, one) for one in (record(2), record(1), record(1, 2))
        ]
        assert {event.type for event in events} == {RECORD_CHANGED}
        assert [waiting[0].entry.key, events[0].time] == [name(2).encode(), AT]
        assert len({(event.source, event.id) for event in events}) == 3
        assert list(store.pending(10)) == waiting
        assert list(store.pending(2)) == waiting[:2]

    def test_an_event_carries_the_trace_of_what_caused_it(self, store: RecordStore) -> None:
        trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        save(store, record(1), record(2), traces={name(2): trace})
        save(store, record(2, 2))
        assert [traceparent_of(one.entry.headers) for one in store.pending(10)] == ["", trace, ""]

    def test_what_is_published_waits_no_more(self, store: RecordStore) -> None:
        save(store, record(1), record(2), record(3))
        first, second, third = store.pending(10)
        store.published(second.number)
        assert list(store.pending(10)) == [third]
        store.published(third.number)
        store.published(first.number)
        assert list(store.pending(10)) == []
        save(store, record(1, 2))
        assert store.pending(10)[0].number > third.number

    def test_waiting_ends_with_the_next_version_or_in_time(self, store: RecordStore) -> None:
        assert list(store.pending(10, 0.05)) == []
        with ThreadPoolExecutor(1) as other:
            waiting = other.submit(store.pending, 10, 20.0)
            save(store, record(1))
            assert len(waiting.result()) == 1

    def test_conflicts_come_in_pages(self, store: RecordStore) -> None:
        save(store, *(disagreeing(number) for number in (3, 1, 2)), record(4), disagreeing(5, kind="expert"))
        both = [name(5, "expert"), name(1), name(2), name(3)]
        assert [one.id for one in store.conflicts("", 10)] == both
        assert [one.id for one in store.conflicts("", 2)] == both[:2]
        assert [one.id for one in store.conflicts(both[1], 2)] == both[2:]
        assert [one.id for one in store.conflicts("", 10, "organisation")] == both[1:]
        assert list(store.conflicts("", 1)) == [disagreeing(5, kind="expert")]
        save(store, record(1, 2), refreshed=[record(2)])
        assert [one.id for one in store.conflicts("", 10)] == [both[0], name(3)]

    def test_alike_records_come_in_groups_and_pages(self, store: RecordStore) -> None:
        keys = [-(2**63), -1, 0, 1, LARGEST]
        pairs = [(key, name(number)) for key in keys for number in (2, 1)]
        save(store, weak_new=[*pairs, (7, name(9))])
        groups = [(key, (name(1), name(2))) for key in keys]
        assert list(store.alike(None, 10, 10)) == groups
        assert list(store.alike(None, 2, 10)) == groups[:2]
        assert list(store.alike(groups[1][0], 2, 10)) == groups[2:4]
        assert list(store.alike(LARGEST, 2, 10)) == []
        assert list(store.alike(None, 1, 1)) == [(keys[0], (name(1),))]

    def test_a_group_ends_with_its_second_last_member(self, store: RecordStore) -> None:
        save(store, weak_new=[(1, name(1)), (1, name(2)), (2, name(1)), (2, name(3))])
        save(store, weak_new=[(1, name(1))], weak_gone=[(1, name(2)), (9, name(9))])
        assert list(store.alike(None, 10, 10)) == [(2, (name(1), name(3)))]

    def test_the_newest_decision_of_a_pair_or_field_is_kept(self, store: RecordStore) -> None:
        save(store, same_as=[joined(1, 2), joined(2, 3)], preferences=[preferred(1, "a", "x"), preferred(1, "b", "x")])
        undone, gone = joined(1, 2, 2, "undone"), preferred(1, "a", None, 2)
        save(store, same_as=[undone], preferences=[gone])
        with store.batch() as unit:
            assert {one.key: one for one in unit.same_as([name(2)])} == {
                undone.key: undone,
                joined(2, 3).key: joined(2, 3),
            }
            assert {one.field: one for one in unit.preferences([name(1)])} == {
                "a": gone,
                "b": preferred(1, "b", "x"),
            }
        assert list(store.decisions([name(1), name(2)])) != []
        assert len(store.decisions([name(1), name(2), name(3)])) == 2
        assert not [*store.decisions([name(9)]), *store.settled([name(9)]), *store.settled([])]
        assert {one.field for one in store.settled([name(1)])} == {"a", "b"}

    def test_a_batch_may_be_big(self, store: RecordStore) -> None:
        numbers = range(2_500)
        save(
            store,
            *map(record, numbers),
            contributions=[contribution(number) for number in numbers],
            outcomes=[Outcome(str(number), name(number), 1, "changed") for number in numbers],
        )
        ids = [name(number) for number in numbers]
        with store.batch() as unit:
            assert len(unit.claims([contribution(number).key for number in numbers])) == 2_500
            assert len(unit.contributions(ids)) == len(unit.records(ids)) == 2_500
        assert len(store.get(ids)) == len(store.outcomes([str(number) for number in numbers])) == 2_500
        assert [one.id for one in store.scan()] == ids
        assert [told(one).subject for one in store.pending(9_999)] == ids

    def test_everything_is_there_after_reopening(self, store: RecordStore, open_store: OpenStore) -> None:
        with store.batch() as unit:
            unit.save(everything())
        save(store, record(1, 2), record(2))
        before = seen(store)
        last = store.pending(10)[-1].number
        store.close()
        again = open_store()
        assert seen(again) == before
        again.published(last)
        again.close()
        third = open_store()
        assert list(third.pending(10)) == []
        save(third, record(1, 3))
        assert third.pending(10)[0].number > last
        third.close()

    def _break_off(self, store: RecordStore, changes: Changes) -> None:
        with store.batch() as unit:
            unit.save(changes)
            raise ConnectionError
