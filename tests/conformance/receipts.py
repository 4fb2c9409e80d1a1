"""What every receipt store must do. An adapter's test supplies `store`."""

import pytest

from services.ingest.ports.receipts import Accepted, Batch, Receipt, ReceiptStore
from tests.conformance.gaps import Conformance


def receipt(number: int, source: str = "owner") -> Receipt:
    return Receipt(f"r{number}", source, "instrument", "ndjson", f"2026-01-01T00:00:{number:02}.000000Z")


def batch(number: int, rows: int = 3, refused: int = 0) -> Batch:
    first = number * rows + 1
    taken = tuple(Accepted(row, f"{row:032x}", f"instrument-{row}") for row in range(first, first + rows - refused))
    return Batch(number, first, first + rows - 1, taken, b"sealed" if refused else b"", refused)


class ReceiptStoreConformance(Conformance):
    suite = "receipt store"

    def test_batches_come_back_in_order(self, store: ReceiptStore) -> None:
        store.open(receipt(1))
        for number in (0, 1, 2):
            store.add("r1", batch(number, refused=number))
        settled = store.finish("r1", "complete", 3)
        assert (settled.accepted, settled.refused, settled.progress) == (6, 3, "complete")
        assert store.get("r1") == settled
        assert list(store.batches("r1")) == [batch(number, refused=number) for number in (0, 1, 2)]
        assert [found.number for found in store.batches("r1", after_row=4)] == [1, 2]
        assert [found.number for found in store.batches("r1", with_refused=True)] == [1, 2]
        assert store.batch("r1", 1) == batch(1, refused=1)

    def test_a_batch_sent_again_replaces_the_first(self, store: ReceiptStore) -> None:
        store.open(receipt(1))
        store.add("r1", batch(0))
        store.add("r1", batch(0, refused=1))
        assert store.finish("r1", "complete", 1).refused == 1

    def test_batches_of_a_longer_earlier_attempt_are_dropped(self, store: ReceiptStore) -> None:
        store.open(receipt(1))
        store.add("r1", batch(0))
        store.add("r1", batch(1))
        assert store.finish("r1", "complete", 1).accepted == 3
        assert len(list(store.batches("r1"))) == 1

    def test_a_key_finds_the_receipt_it_opened(self, store: ReceiptStore) -> None:
        assert store.open(receipt(1), "key", "print").outcome == "new"
        assert store.open(receipt(2), "key", "print").outcome == "busy"
        assert store.open(receipt(2), "key", "other").outcome == "mismatch"
        store.finish("r1", "complete", 0)
        again = store.open(receipt(2), "key", "print")
        assert (again.outcome, again.receipt.id) == ("replayed", "r1")
        assert store.open(receipt(3, "zhejiang"), "key", "print").outcome == "new"

    def test_an_interrupted_request_goes_on_with_its_receipt(self, store: ReceiptStore) -> None:
        store.open(receipt(1), "key", "print")
        store.finish("r1", "interrupted", 0)
        again = store.open(receipt(2), "key", "print")
        assert (again.outcome, again.receipt.id) == ("resumed", "r1")

    def test_a_discarded_receipt_frees_its_key(self, store: ReceiptStore) -> None:
        store.open(receipt(1), "key", "print")
        store.discard("r1")
        assert store.get("r1") is None
        assert store.open(receipt(2), "key", "other").outcome == "new"

    def test_recent_ones_of_a_sender_come_newest_first(self, store: ReceiptStore) -> None:
        for number in (1, 2, 3):
            store.open(receipt(number, "zhejiang" if number == 2 else "owner"))
        assert [found.id for found in store.recent(None)] == ["r3", "r2", "r1"]
        assert [found.id for found in store.recent({"owner"}, limit=1)] == ["r3"]
        assert [found.id for found in store.recent({"owner"}, before=receipt(3).created_at)] == ["r1"]

    def test_old_receipts_can_be_forgotten(self, store: ReceiptStore) -> None:
        for number in (1, 2, 3):
            store.open(receipt(number))
        assert store.forget(receipt(3).created_at) == 2
        assert [found.id for found in store.recent(None)] == ["r3"]

    def test_settling_an_unknown_receipt_is_an_error(self, store: ReceiptStore) -> None:
        with pytest.raises(LookupError):
            store.finish("nobody", "complete", 0)
