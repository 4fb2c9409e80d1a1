"""What every booking store must do. An adapter's test supplies `open_store`, which opens the same store each time."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from threading import Barrier

import orjson
import pytest

from hub.kernel.cloudevents import CloudEvent
from hub.kernel.entries import Delivered
from hub.ports.records import Pending
from schemas.events.bookings import BOOKING_CHANGED, Booking, Change, Interval, Price
from services.booking.ports import NOBODY, BookingStore
from tests.conformance.gaps import Conformance
from tests.waiting import PATIENCE_SECONDS

Open = Callable[[], BookingStore]
DAY = datetime(2026, 12, 1, tzinfo=UTC)
NOW = "2026-11-01T00:00:00.000000Z"
LATER = "2026-11-02T00:00:00.000000Z"


def at(hour: float) -> datetime:
    return DAY + timedelta(hours=hour)


def booking(number: int, start: float, end: float, instrument: str = "i", booker: str = "li") -> Booking:
    return Booking(
        f"b{number:04}", instrument, at(start), at(end), "Asia/Shanghai", "requested", "合金断口", booker, NOW, NOW,
        price=Price(Decimal("300.00"), "CNY"),
    )  # fmt: skip


def event(pending: Pending) -> CloudEvent:
    entry = pending.entry
    return CloudEvent.from_delivered(Delivered("bookings", 0, 0, entry.key, entry.value, entry.headers))


def ids(bookings: Sequence[Booking]) -> list[str]:
    return [one.id for one in bookings]


CANCEL = Change("cancelled", LATER, "li", "不来了")
CONFIRM = Change("confirmed", LATER, "owner")


class BookingStoreConformance(Conformance):
    suite = "booking store"

    @pytest.fixture
    def store(self, open_store: Open) -> Iterator[BookingStore]:
        store = open_store()
        yield store
        store.close()

    def test_a_booking_comes_back_as_it_was_stored(self, store: BookingStore) -> None:
        assert store.add(booking(1, 9, 10)).outcome == "added"
        assert store.get("b0001") == booking(1, 9, 10)
        assert store.get("nobody") is None

    @pytest.mark.parametrize(
        ("start", "end"), [(9, 11), (8, 9.5), (10.5, 12), (9.25, 9.5), (8, 12), (10.999, 11), (9, 9.001)]
    )
    def test_what_overlaps_is_refused_and_told_of(self, store: BookingStore, start: float, end: float) -> None:
        store.add(booking(1, 9, 11))
        refused = store.add(booking(2, start, end))
        assert (refused.outcome, refused.conflicts) == ("overlap", (Interval(at(9), at(11)),))
        assert store.get("b0002") is None
        assert len(store.pending(10)) == 1

    def test_a_long_earlier_booking_is_not_overlooked(self, store: BookingStore) -> None:
        store.add(booking(1, 0, 9))
        store.add(booking(2, 9, 10))
        assert store.add(booking(3, 8.5, 9)).conflicts == (Interval(at(0), at(9)),)
        assert store.add(booking(4, 8.5, 12)).conflicts == (Interval(at(0), at(9)), Interval(at(9), at(10)))

    def test_what_adjoins_or_is_elsewhere_is_free(self, store: BookingStore) -> None:
        taken = [booking(1, 9, 11), booking(2, 11, 12), booking(3, 8, 9), booking(4, 9, 11, "other")]
        assert [store.add(one).outcome for one in taken] == ["added"] * 4

    def test_joined_instruments_exclude_each_other(self, store: BookingStore) -> None:
        store.add(booking(1, 9, 11, "old"))
        assert store.add(booking(2, 10, 12), also=["old"]).outcome == "overlap"
        assert store.add(booking(2, 11, 12), also=["old"]).outcome == "added"
        assert list(store.between(["i", "old"], at(0), at(24))) == [Interval(at(9), at(11)), Interval(at(11), at(12))]

    @pytest.mark.parametrize("status", ["cancelled", "declined"])
    def test_a_booking_given_up_frees_its_time(self, store: BookingStore, status: str) -> None:
        store.add(booking(1, 9, 11))
        store.change("b0001", 1, Change("confirmed", LATER, "owner"))
        assert store.add(booking(2, 9, 11)).outcome == "overlap"
        gone = store.change("b0001", 2, Change(status, LATER, "li", "不来了"))  # type: ignore[arg-type]
        assert gone.booking is not None
        assert (gone.outcome, gone.booking.version, gone.booking.reason) == ("changed", 3, "不来了")
        assert store.add(booking(2, 9, 11)).outcome == "added"

    def test_a_booking_given_up_cannot_come_back_over_another(self, store: BookingStore) -> None:
        store.add(booking(1, 9, 11))
        store.change("b0001", 1, CANCEL)
        store.add(booking(2, 10, 12))
        assert store.change("b0001", 2, CONFIRM).outcome == "overlap"
        assert list(store.between(["i"], at(0), at(24))) == [Interval(at(10), at(12))]

    def test_a_change_needs_the_version_it_was_decided_on(self, store: BookingStore) -> None:
        store.add(booking(1, 9, 11))
        assert store.change("b0001", 1, CONFIRM).outcome == "changed"
        stale = store.change("b0001", 1, CANCEL)
        assert stale.outcome == "stale"
        assert stale.booking == store.get("b0001")
        assert store.change("nobody", 1, CANCEL).outcome == "unknown"

    def test_a_request_sent_again_finds_its_booking(self, store: BookingStore) -> None:
        store.add(booking(1, 9, 11), "key")
        again = store.add(booking(2, 9, 11), "key")
        assert (again.outcome, again.booking) == ("replayed", booking(1, 9, 11))
        assert store.with_key("li", "key") == booking(1, 9, 11)
        assert store.with_key("wang", "key") is None
        assert store.add(booking(3, 12, 13), "key").outcome == "mismatch"
        assert store.add(booking(4, 12, 13, booker="wang"), "key").outcome == "added"

    def test_a_refused_request_leaves_its_key_unused(self, store: BookingStore) -> None:
        store.add(booking(1, 9, 11))
        assert store.add(booking(2, 9, 11), "key").outcome == "overlap"
        store.change("b0001", 1, CANCEL)
        assert store.add(booking(2, 9, 11), "key").outcome == "added"

    def test_between_tells_active_time_in_order(self, store: BookingStore) -> None:
        for number, hour in enumerate((14, 8, 10, 12)):
            store.add(booking(number, hour, hour + 1))
        store.change("b0002", 1, CANCEL)
        assert list(store.between(["i"], at(8.5), at(14))) == [Interval(at(8), at(9)), Interval(at(12), at(13))]
        assert list(store.between(["i"], at(9), at(12))) == []

    def test_lists_go_from_the_latest_start_page_by_page(self, store: BookingStore) -> None:
        for number, hour in enumerate((8, 12, 10, 14)):
            store.add(booking(number, hour, hour + 1, booker="wang" if number == 2 else "li"))
        store.add(booking(9, 8, 9, "other"))
        assert [one.id for one in store.on(["i"], 10)] == ["b0003", "b0001", "b0002", "b0000"]
        assert [one.id for one in store.on(["i", "other"], 5)] == ["b0003", "b0001", "b0002", "b0009", "b0000"]
        assert store.on(["i", "other"], 2, (at(8), "b0009")) == [booking(0, 8, 9)]
        first = store.of(["li"], 2)
        assert [one.id for one in first] == ["b0003", "b0001"]
        assert [one.id for one in store.of(["li"], 2, (first[-1].start, first[-1].id))] == ["b0009", "b0000"]
        assert ids(store.of(["li", "wang"], 3)) == ["b0003", "b0001", "b0002"]
        assert ids(store.of([], 3)) == []

    def test_bookings_are_listed_by_status_across_instruments(self, store: BookingStore) -> None:
        for number, hour in enumerate((8, 12, 10, 14)):
            store.add(booking(number, hour, hour + 1, f"i{number}"))
        store.change("b0002", 1, CONFIRM)
        store.change("b0003", 1, CANCEL)
        assert [one.id for one in store.having(["requested"], 10)] == ["b0001", "b0000"]
        both = store.having(["requested", "confirmed"], 2)
        assert [one.id for one in both] == ["b0001", "b0002"]
        position = (both[-1].start, both[-1].id)
        assert [one.id for one in store.having(["requested", "confirmed"], 2, position)] == ["b0000"]
        assert list(store.having([], 10)) == []

    def test_those_of_a_holders_instruments_are_told_apart(self, store: BookingStore) -> None:
        holders = {"i0": "lab", "i1": "other", "i2": "lab", "i3": NOBODY, "i4": "la", "i5": ""}
        for number, (instrument, its) in enumerate(holders.items()):
            for hour in (9, 11):
                store.add(booking(number * 100 + hour, hour + number / 10, hour + 1, instrument), holder=its)
        store.change("b0009", 1, CONFIRM)
        assert ids(store.having(["requested"], 10, holder="lab")) == ["b0211", "b0011", "b0209"]
        both = store.having(["requested", "confirmed"], 3, holder="lab")
        assert ids(both) == ["b0211", "b0011", "b0209"]
        position = (both[-1].start, both[-1].id)
        assert ids(store.having(["requested", "confirmed"], 3, position, "lab")) == ["b0009"]
        assert ids(store.having(["confirmed"], 3, holder="other")) == []
        assert ids(store.having(["requested"], 1, holder="other")) == ["b0111"]
        assert ids(store.having(["requested"], 10, holder="")) == ["b0511", "b0509"]
        assert len(store.having(["requested"], 20)) == 11

    def test_the_holder_changes_for_all_bookings_of_an_instrument(self, store: BookingStore, open_store: Open) -> None:
        store.add(booking(1, 9, 10), holder="lab")
        store.add(booking(2, 10, 11, "other"), holder="lab")
        store.add(booking(3, 11, 12), holder="new")
        assert ids(store.having(["requested"], 10, holder="new")) == ["b0003", "b0001"]
        assert ids(store.having(["requested"], 10, holder="lab")) == ["b0002"]
        assert list(store.held("", 10)) == [("i", "new"), ("other", "lab")]
        assert list(store.held("i", 10)) == [("other", "lab")]
        assert list(store.held("", 1)) == [("i", "new")]
        store.set_holder("i", NOBODY)
        again = open_store()
        assert ids(again.having(["requested"], 10, holder="new")) == []
        assert again.held("", 1)[0] == ("i", NOBODY)
        again.close()

    def test_every_version_is_told_once_and_in_order(self, store: BookingStore) -> None:
        store.add(booking(1, 9, 11))
        store.add(booking(2, 11, 12, "other"))
        store.change("b0001", 1, CONFIRM)
        store.change("b0001", 1, CANCEL)
        waiting = store.pending(10)
        told = [event(one) for one in waiting]
        assert [one.id for one in told] == ["b0001@1", "b0002@1", "b0001@2"]
        assert {(one.type, one.source) for one in told} == {(BOOKING_CHANGED, "hub")}
        assert [(one.subject, waiting[n].entry.key) for n, one in enumerate(told)][1] == ("other", b"other")
        assert store.waiting() == 3
        store.published(waiting[1].number)
        assert [event(one).id for one in store.pending(10)] == ["b0001@2"]
        assert store.waiting() == 1
        assert orjson.loads(told[2].data)["status"] == "confirmed"

    def test_events_name_no_person_and_no_purpose(self, store: BookingStore) -> None:
        store.add(booking(1, 9, 11))
        store.change("b0001", 1, CANCEL)
        said = b"".join(event(one).data for one in store.pending(10)).decode()
        assert not any(private in said for private in ("li", "合金断口", "不来了"))

    def test_pending_wakes_up_for_an_event(self, store: BookingStore) -> None:
        with ThreadPoolExecutor(1) as pool:
            found = pool.submit(store.pending, 10, 2 * PATIENCE_SECONDS)
            store.add(booking(1, 9, 11))
            assert len(found.result(timeout=PATIENCE_SECONDS)) == 1

    def test_of_many_that_want_one_time_exactly_one_gets_it(self, store: BookingStore) -> None:
        threads, hours = 8, 12
        start = Barrier(threads)

        def grab(thread: int) -> list[str]:
            start.wait()
            order = [(hour * 5 + thread) % hours for hour in range(hours)]
            wanted = [booking(thread * 100 + hour, hour, hour + 1 + thread % 2) for hour in order]
            return [one.id for one in wanted if store.add(one).outcome == "added"]

        with ThreadPoolExecutor(threads) as pool:
            acknowledged = {won for wins in pool.map(grab, range(threads)) for won in wins}
        stored = list(store.scan())
        assert {one.id for one in stored} == acknowledged
        spans = sorted(one.interval for one in stored)
        assert not any(one.overlaps(two) for one, two in pairwise(spans))
        assert all(any(span.start <= at(hour) < span.end for span in spans) for hour in range(hours))
        assert {event(one).id for one in store.pending(500)} == {f"{won}@1" for won in acknowledged}

    def test_what_is_acknowledged_to_many_at_once_can_be_read_by_each(self, store: BookingStore) -> None:
        def add_and_look(thread: int) -> bool:
            mine = [booking(thread * 100 + n, n, n + 1, f"i{thread}") for n in range(25)]
            return all(store.add(one).outcome == "added" and store.get(one.id) == one for one in mine)

        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(add_and_look, range(8)))

    def test_of_many_changes_of_one_version_exactly_one_happens(self, store: BookingStore) -> None:
        store.add(booking(1, 9, 11))
        with ThreadPoolExecutor(8) as pool:
            outcomes = list(pool.map(lambda change: store.change("b0001", 1, change).outcome, [CANCEL, CONFIRM] * 8))
        assert sorted(outcomes) == ["changed", *["stale"] * 15]

    def test_an_operation_that_fails_leaves_the_others_alone(self, store: BookingStore) -> None:
        backwards = booking(99, 10, 9)
        with ThreadPoolExecutor(8) as pool:
            futures = [
                pool.submit(store.add, one) for one in [booking(n, n, n + 1) for n in range(8)] + [backwards] * 4
            ]
        assert [future.exception() is None for future in futures] == [True] * 8 + [False] * 4
        assert [one.id for one in store.scan()] == [f"b{n:04}" for n in range(8)]

    def test_it_is_there_after_opening_again(self, store: BookingStore, open_store: Open) -> None:
        store.add(booking(1, 9, 11), "key")
        store.change("b0001", 1, CONFIRM)
        again = open_store()
        assert again.digest() == store.digest()
        assert [event(one).id for one in again.pending(10)] == ["b0001@1", "b0001@2"]
        assert again.add(booking(2, 10, 12)).outcome == "overlap"
        again.close()

    def test_the_digest_tells_contents_apart(self, store: BookingStore) -> None:
        store.add(booking(1, 9, 11))
        before = store.digest()
        store.change("b0001", 1, CANCEL)
        assert store.digest() != before
